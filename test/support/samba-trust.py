"""Makes Samba trust another realm both ways, by writing the trusted domain straight into its directory.

usage: samba-trust.py SMB_CONF REALM FLATNAME PASSWORD

samba-tool makes trusts with domains that answer over LSA and NETLOGON alone, which an MIT KDC does not. Samba's KDC wants
the kind of a domain (UPLEVEL) and a SID; it takes the keys from the password.
"""

import sys
import time

import ldb
from samba.auth import system_session
from samba.dcerpc import drsblobs, lsa, security
from samba.ndr import ndr_pack
from samba.param import LoadParm
from samba.samdb import SamDB

BOTH_WAYS = lsa.LSA_TRUST_DIRECTION_INBOUND | lsa.LSA_TRUST_DIRECTION_OUTBOUND
SID = "S-1-5-21-7101-7102-7103"
AES_ONLY = 24


def secret(password):
    octets = list(password.encode("utf-16-le"))
    clear = drsblobs.AuthInfoClear()
    clear.size = len(octets)  # before the octets: they are cut to it
    clear.password = octets
    info = drsblobs.AuthenticationInformation()
    info.LastUpdateTime = int((time.time() + 11644473600) * 10_000_000)
    info.AuthType = lsa.TRUST_AUTH_TYPE_CLEAR
    info.AuthInfo = clear
    array = drsblobs.AuthenticationInformationArray()
    array.count = 1
    array.array = [info]
    blob = drsblobs.trustAuthInOutBlob()
    blob.count = 1
    blob.current = array
    return ndr_pack(blob)


smb_conf, realm, flat_name, password = sys.argv[1:]
lp = LoadParm()
lp.load(smb_conf)
sam = SamDB(url=lp.private_path("sam.ldb"), session_info=system_session(), lp=lp)
message = ldb.Message(ldb.Dn(sam, f"CN={realm.lower()},CN=System,{sam.domain_dn()}"))
attributes = {
    "objectClass": "trustedDomain",
    "trustType": str(lsa.LSA_TRUST_TYPE_UPLEVEL),
    "trustAttributes": str(lsa.LSA_TRUST_ATTRIBUTE_QUARANTINED_DOMAIN),
    "trustDirection": str(BOTH_WAYS),
    "flatName": flat_name,
    "trustPartner": realm,
    "securityIdentifier": ndr_pack(security.dom_sid(SID)),
    "msDS-SupportedEncryptionTypes": str(AES_ONLY),
    "trustAuthIncoming": secret(password),
    "trustAuthOutgoing": secret(password),
}
for name, value in attributes.items():
    message[name] = ldb.MessageElement(value, ldb.FLAG_MOD_ADD, name)
sam.add(message, controls=["relax:0"])
