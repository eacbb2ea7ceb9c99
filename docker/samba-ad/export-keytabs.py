"""Writes a keytab for every connector and service account; one process, as samba-tool takes a second for each.

usage: export-keytabs.py SMB_CONF DIRECTORY
"""

import os
import struct
import sys

import samba.dckeytab  # noqa: F401, gives Net its export_keytab
from samba.credentials import Credentials
from samba.net import Net
from samba.param import LoadParm
from samba.samdb import SamDB
from samba.auth import system_session

AES128, AES256 = 17, 18


def etype_of(entry):
    """The encryption type of one keytab entry: counted strings, name type, time stamp, version, then the key."""
    (components,) = struct.unpack_from(">H", entry)
    offset = 2
    for _ in range(components + 1):
        offset += 2 + struct.unpack_from(">H", entry, offset)[0]
    return struct.unpack_from(">H", entry, offset + 4 + 4 + 1)[0]


def keep_aes(path):
    """Takes the RC4 keys out: Samba exports them for computers whatever msDS-SupportedEncryptionTypes says."""
    with open(path, "rb") as file:
        octets = file.read()
    kept, offset = octets[:2], 2
    while offset < len(octets):
        (size,) = struct.unpack_from(">i", octets, offset)
        entry = octets[offset + 4 : offset + 4 + abs(size)]
        if size > 0 and etype_of(entry) in (AES128, AES256):
            kept += octets[offset : offset + 4] + entry
        offset += 4 + abs(size)
    with open(path, "wb") as file:
        file.write(kept)


lp = LoadParm()
lp.load(sys.argv[1])
directory = sys.argv[2]
sam = SamDB(url=lp.private_path("sam.ldb"), session_info=system_session(), lp=lp)
net = Net(Credentials(), lp)

accounts = sam.search(
    expression="(&(msDS-SupportedEncryptionTypes=24)(servicePrincipalName=*)"
    "(!(primaryGroupID=516))(!(objectClass=msDS-GroupManagedServiceAccount)))",
    attrs=["sAMAccountName", "servicePrincipalName"],
)
for account in accounts:
    name = str(account["sAMAccountName"])
    principal = name if name.endswith("$") else str(account["servicePrincipalName"][0])
    path = os.path.join(directory, name.rstrip("$").lower() + ".keytab")
    net.export_keytab(keytab=path, principal=principal)
    keep_aes(path)
    os.chmod(path, 0o640)
