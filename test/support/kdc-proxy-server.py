"""Serves the real kdcproxy (KDCPROXY_CONFIG) over HTTPS on 127.0.0.1, prints its port, then what it is asked; ends when its input does.

Arguments: certificate, key and, where clients are to show a certificate, the authority that vouches for it. KDCPROXY_DIES=before or after: the
process dies before it passes a change of a password on, or after it has got the answer and before it hands it back. Standing in for the web server of a real installation, as mod_wsgi under Apache.
"""

import os
import ssl
import sys
import threading
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import kdcproxy


class Threads(ThreadingMixIn, WSGIServer):
    """One thread a connection: a client that is slow, or opens one and says nothing, stops nobody else."""

    daemon_threads = True

    def get_request(self):
        socket, peer = super().get_request()
        return context.wrap_socket(socket, server_side=True, do_handshake_on_connect=False), peer

    def handle_error(self, request, client_address):
        pass


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


decode = kdcproxy.codec.decode
answer = kdcproxy.Application()
dies = os.environ.get("KDCPROXY_DIES")
asked = threading.local()


def told(data):
    asked.what = str(decode(data))
    print(asked.what, flush=True)
    if dies == "before" and "KPASSWD" in asked.what:
        os._exit(1)
    return decode(data)


def application(environ, start_response):
    asked.what = ""
    reply = answer(environ, start_response)
    if dies == "after" and "KPASSWD" in asked.what:
        os._exit(1)
    return reply


def end_with_input():
    sys.stdin.read()
    os._exit(0)


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
if len(sys.argv) > 3:
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(sys.argv[3])
kdcproxy.codec.decode = told
server = make_server("127.0.0.1", 0, application, server_class=Threads, handler_class=Quiet)
threading.Thread(target=end_with_input, daemon=True).start()
print(server.server_port, flush=True)
server.serve_forever()
