"""A program for `app.command` that speaks plain HTTP on the unix socket $SOCKET, or on $HOST:$PORT without one.

It tells the digest of its secret, never the secret.
"""

import hashlib
import http.server
import json
import os
import socketserver


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        told = {
            "instance": os.environ["EVENLY_INSTANCE_ID"],
            "secret": hashlib.sha256(os.environ.get("STRIPE_KEY", "").encode()).hexdigest(),
            "names": sorted(os.environ),
            "client": self.headers.get("X-Forwarded-For"),
        }
        body = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass

    def address_string(self):
        return "balancer"


class OnSocket(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


if "SOCKET" in os.environ:
    server = OnSocket(os.environ["SOCKET"], Handler)
else:
    server = http.server.ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler)
server.serve_forever()
