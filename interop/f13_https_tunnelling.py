"""F13: RTMP tunnelled in HTTPS passes unchanged: POSTs over a kept connection, opaque bodies."""
import http.client
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from lib import pki, scratch
from lib.checks import equal, need
from lib.client import context
from lib.process import run
from lib.ravelin import Ravelin


class Rtmpt(BaseHTTPRequestHandler):
    """Answers as an RTMPT server does: /open/1 gives a session, /send/ID/N takes bytes and gives others, /idle, /close."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        command = self.path.split("/")[1]
        self.server.requests.append((self.client_address, self.path, body))
        answer = {"open": b"session17\n", "send": b"\x01" + body[::-1], "idle": b"\x09", "close": b"\0"}[command]
        self.send_response(200)
        self.send_header("Content-Type", "application/x-fcs")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    """A client that leaves without close_notify is a reset here, and no news."""

    def handle_error(self, request, client_address):
        pass


def serve():
    """The server, running."""
    server = Server(("127.0.0.1", scratch.free_port()), Rtmpt)
    server.requests = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def test_rtmpt_session():
    """open, 200 sends of 1 byte to 64 kB, idle, close over one kept HTTPS connection: bodies and connection unchanged"""
    server = serve()
    with Ravelin(server.server_port) as tunnel:
        client = http.client.HTTPSConnection("localhost", tunnel.port, context=context(), timeout=10)

        def post(path, body):
            client.request("POST", path, body, {"Content-Type": "application/x-fcs", "User-Agent": "Shockwave Flash"})
            answer = client.getresponse()
            equal(answer.status, 200, path)
            return answer.read()
        equal(post("/open/1", b"\0"), b"session17\n", "open")
        for number in range(200):
            body = os.urandom(1 + number * 331 % 65536)
            equal(post(f"/send/session17/{number}", body) == b"\x01" + body[::-1], True, f"send {number}")
        equal(post("/idle/session17/200", b"\0"), b"\x09", "idle")
        equal(post("/close/session17/201", b"\0"), b"\0", "close")
        client.close()
        equal(len({address for address, _, _ in server.requests}), 1, "plain connections behind the one HTTPS connection")
    server.shutdown()


def test_curl_posts():
    """curl posts 2 MB of binary over HTTPS and gets it back reversed; two requests over one connection"""
    need("curl")
    server = serve()
    with Ravelin(server.server_port) as tunnel:
        body = scratch.folder("curl") / "body"
        body.write_bytes(os.urandom(2_000_000))
        url = f"https://localhost:{tunnel.port}/send/session17/1"
        done = run("curl", "-sS", "--ipv4", "--cacert", pki.root(), "-H", "Expect:", "-H", "Content-Type: application/x-fcs", "--data-binary", f"@{body}", url, url)
        equal(done.stdout == (b"\x01" + body.read_bytes()[::-1]) * 2, True, f"both answers: {done.stderr[:300]}")
        equal(len({address for address, _, _ in server.requests}), 1, "connections")
    server.shutdown()
