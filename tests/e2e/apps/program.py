"""A program for `app.command`, on the standard library alone: HTTPS with mutual TLS on $HOST:$PORT.

Its ways to be wrong are chosen by $MODE. While the file $DOOM is there it dies soon after it was found healthy.
"""

import http.server
import os
import ssl
import sys
import threading
from pathlib import Path

MODE = os.environ.get("MODE", "well")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if "DOOM" in os.environ and Path(os.environ["DOOM"]).exists():
            threading.Timer(0.3, lambda: os._exit(9)).start()
        body = f"program {os.environ['EVENLY_INSTANCE_ID']} {' '.join(sys.argv[1:])}".encode()
        self.send_response(500 if MODE == "sick" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass


def secured(server):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.environ["TLS_CERTIFICATE"], os.environ["TLS_KEY"])
    context.load_verify_locations(os.environ["TLS_CLIENT_CA"])
    context.verify_mode = ssl.CERT_REQUIRED
    server.socket = context.wrap_socket(server.socket, server_side=True)
    return server


print("program: starting", flush=True)
if MODE == "exits":
    print("program: no licence was found", flush=True)
    sys.exit(7)
port = 0 if MODE == "elsewhere" else int(os.environ["PORT"])
server = secured(http.server.ThreadingHTTPServer((os.environ["HOST"], port), Handler))
server.serve_forever()
