"""An HTTPS backend that insists on channel bindings (Extended Protection), as IIS does with "Required".

It answers 200 and the user's name when the Kerberos token is bound to this server's certificate (RFC 5929,
tls-server-end-point), else 401; a request to switch to a WebSocket gets 101 or that same 401. Settings: LAB_EPA_ADDRESS, LAB_EPA_PORT, LAB_TLS (epa.pem, epa.key), LAB_KEYTABS,
LAB_DNS_DOMAIN. mod_auth_gssapi cannot do this: it never looks at bindings.
"""

import base64
import hashlib
import http.server
import json
import os
import socketserver
import ssl

import gssapi
from gssapi.raw import ChannelBindings

import websocket

CHANNEL_BOUND = 2048  # GSS_C_CHANNEL_BOUND_FLAG: set only when both sides gave bindings and they matched
TLS = os.environ.get("LAB_TLS", "/var/lib/sallyport-lab/tls")
KEYTABS = os.environ.get("LAB_KEYTABS", "/var/lib/sallyport-lab/keytabs")
ADDRESS = (os.environ.get("LAB_EPA_ADDRESS", "127.88.0.11"), int(os.environ.get("LAB_EPA_PORT", "443")))

with open(f"{TLS}/epa.pem", encoding="ascii") as file:
    # The lab's certificates are signed with ecdsa-with-SHA256, so the hash of the binding is SHA-256.
    CERTIFICATE_HASH = hashlib.sha256(ssl.PEM_cert_to_DER_cert(file.read())).digest()
BINDINGS = ChannelBindings(application_data=b"tls-server-end-point:" + CERTIFICATE_HASH)
CREDENTIALS = gssapi.Credentials(
    usage="accept", store={"keytab": f"{KEYTABS}/svc-epa.keytab", "rcache": "none:"}
)


def accept(header):
    """The user, the token to send back and no reason; or None, None and the reason."""
    if not header.lower().startswith("negotiate "):
        return None, None, "no token"
    try:
        context = gssapi.SecurityContext(creds=CREDENTIALS, usage="accept", channel_bindings=BINDINGS)
        answer = context.step(base64.b64decode(header[10:], validate=True))
        if not context.complete:
            return None, None, "not complete"
        if not int(context.actual_flags) & CHANNEL_BOUND:
            return None, None, "not bound to this channel"
        return str(context.initiator_name), answer, None
    except (gssapi.exceptions.GSSError, ValueError) as error:
        return None, None, type(error).__name__


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        user, token, reason = accept(self.headers.get("Authorization", ""))
        challenge = "Negotiate" + (" " + base64.b64encode(token).decode() if token else "")
        if user and self.headers.get("Upgrade", "").lower() == "websocket":
            self.switch(user, challenge)
            return
        body = json.dumps({"user": user, "bound": user is not None, "reason": reason}).encode()
        self.send_response(200 if user else 401)
        self.send_header("WWW-Authenticate", challenge)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Lab-Connection", str(self.client_address[1]))
        self.end_headers()
        self.wfile.write(body)

    def switch(self, user, challenge):
        self.send_response(101)
        self.send_header("Connection", "Upgrade")
        self.send_header("Upgrade", "websocket")
        self.send_header("Sec-WebSocket-Accept", websocket.accept_value(self.headers.get("Sec-WebSocket-Key", "")))
        self.send_header("WWW-Authenticate", challenge)
        self.end_headers()
        websocket.serve(self.rfile, self.wfile, user)
        self.close_connection = True

    def log_message(self, *args):
        pass


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def finish_request(self, request, client_address):
        # The handshake happens here, in the connection's own thread: a silent client holds up nobody else.
        request.settimeout(60)
        with CONTEXT.wrap_socket(request, server_side=True) as secured:
            super().finish_request(secured, client_address)

    def handle_error(self, request, client_address):
        pass  # a client that broke off; tests do so on purpose


CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
CONTEXT.load_cert_chain(f"{TLS}/epa.pem", f"{TLS}/epa.key")
Server(ADDRESS, Handler).serve_forever()
