"""MIT's acceptor with channel bindings. Reads JSON lines {token, binding or null}, answers each with a JSON line."""

import base64
import json
import sys

import gssapi
from gssapi.raw import ChannelBindings

CREDENTIALS = gssapi.Credentials(usage="accept")
CHANNEL_BOUND = 2048  # GSS_C_CHANNEL_BOUND_FLAG


def accept(token, binding):
    bindings = ChannelBindings(application_data=binding) if binding else None
    context = gssapi.SecurityContext(creds=CREDENTIALS, usage="accept", channel_bindings=bindings)
    answer = context.step(token)
    try:
        complete = context.complete  # Raises what step() deferred because there was an error token to send.
    except gssapi.exceptions.GSSError as error:
        return {**refused(error), "reply": base64.b64encode(answer or b"").decode()}
    return {
        "client": str(context.initiator_name),
        "complete": complete,
        "bound": bool(int(context.actual_flags) & CHANNEL_BOUND),
        "reply": base64.b64encode(answer or b"").decode(),
    }


def refused(error):
    return {"error": type(error).__name__, "text": str(error)}


for line in sys.stdin:
    request = json.loads(line)
    binding = request["binding"]
    try:
        result = accept(base64.b64decode(request["token"]), binding and base64.b64decode(binding))
    except gssapi.exceptions.GSSError as error:
        result = refused(error)
    print(json.dumps(result), flush=True)
