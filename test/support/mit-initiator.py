"""MIT's initiator. Reads JSON lines, answers each with a JSON line.

{"new": id, "service", "mechanism": "spnego" or "krb5", "binding": base64 or null, "delegate": bool, "mutual": bool}
{"step": id, "token": base64}
{"mic": id, "message": base64} and {"verify": id, "message": base64, "signature": base64}
"""

import base64
import json
import sys

import gssapi
from gssapi.raw import ChannelBindings

SPNEGO = gssapi.OID.from_int_seq("1.3.6.1.5.5.2")
KRB5 = gssapi.OID.from_int_seq("1.2.840.113554.1.2.2")
CONTEXTS = {}


def octets(text):
    return base64.b64decode(text) if text else None


def answer(context, token):
    reply = context.step(token)
    complete = context.complete
    return {"token": base64.b64encode(reply or b"").decode(), "complete": complete}


def flags_of(request):
    flags = gssapi.RequirementFlag.out_of_sequence_detection
    if request.get("mutual", True):
        flags |= gssapi.RequirementFlag.mutual_authentication
    if request.get("delegate", False):
        flags |= gssapi.RequirementFlag.delegate_to_peer
    return flags


def begin(request):
    binding = octets(request.get("binding"))
    context = gssapi.SecurityContext(
        name=gssapi.Name(request["service"], gssapi.NameType.kerberos_principal),
        usage="initiate",
        mech=SPNEGO if request["mechanism"] == "spnego" else KRB5,
        flags=flags_of(request),
        channel_bindings=ChannelBindings(application_data=binding) if binding else None,
    )
    CONTEXTS[request["new"]] = context
    return answer(context, None)


def handle(request):
    if "new" in request:
        return begin(request)
    if "step" in request:
        return answer(CONTEXTS[request["step"]], octets(request["token"]))
    if "mic" in request:
        mic = CONTEXTS[request["mic"]].get_signature(octets(request["message"]))
        return {"mic": base64.b64encode(mic).decode()}
    context = CONTEXTS[request["verify"]]
    context.verify_signature(octets(request["message"]), octets(request["signature"]))
    return {"verified": True}


for line in sys.stdin:
    try:
        result = handle(json.loads(line))
    except gssapi.exceptions.GSSError as error:
        result = {"error": type(error).__name__, "text": str(error)}
    print(json.dumps(result), flush=True)
