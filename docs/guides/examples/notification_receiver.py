"""A receiver of a VEN's notifications: it checks the signature, drops repeats, and prints the rest.

python notification_receiver.py secret 8000
"""

import hmac
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

SECRET, SEEN = Path(sys.argv[1]).read_bytes().strip(), set[str]()


class Receiver(BaseHTTPRequestHandler):
    """Takes what is signed, each once."""

    timeout = 10  # seconds without a word, after which a caller is left

    def do_POST(self) -> None:
        """Check a notification and print it."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        sent, _, mac = self.headers.get("Ven-Twin-Signature", "t=0,v1=").removeprefix("t=").partition(",v1=")
        wanted = hmac.new(SECRET, f"{sent}.".encode() + body, "sha256").hexdigest()
        genuine = hmac.compare_digest(mac, wanted) and abs(time.time() - int(sent)) < 300
        if genuine and self.headers["Ven-Twin-Id"] not in SEEN:
            SEEN.add(self.headers["Ven-Twin-Id"])
            print(body.decode(), flush=True)
        self.send_response(204 if genuine else 401)
        self.end_headers()


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Receiver).serve_forever()
