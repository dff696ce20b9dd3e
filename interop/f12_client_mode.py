"""F12: the reverse direction: plain in, TLS out, the server verified."""
from f02_rtmps_ffmpeg_nginx import nginx_ready
from lib import pki, scratch
from lib.backend import Backend, answer_after_end, echo
from lib.checks import check, equal, eventually, need
from lib.ravelin import Ravelin
from lib.rtmp import NginxRtmp, publish, rtmp_need
import socket


def test_client_mode_against_server_mode():
    """Two tunnels back to back, plain at both ends: bytes and half-close pass; an untrusted server is refused"""
    data = bytes(range(256)) * 4000
    with Backend(answer_after_end(data)) as backend, Ravelin(backend.port) as server:
        with Ravelin(f"localhost:{server.port}", client=True, flags=["--anchor", pki.root()]) as tunnel:
            with socket.create_connection(("127.0.0.1", tunnel.port), timeout=10) as plain:
                plain.sendall(b"question")
                plain.shutdown(socket.SHUT_WR)
                got = b""
                while part := plain.recv(65536):
                    got += part
                equal(got == data, True, f"the answer ({len(got)} bytes)")
        with Ravelin(f"localhost:{server.port}", client=True, flags=["--anchor", pki.authority("Stranger").root]) as tunnel:
            with socket.create_connection(("127.0.0.1", tunnel.port), timeout=10) as plain:
                try:
                    equal(plain.recv(100), b"", "data from an untrusted server")
                    check(False, "an untrusted server looked like an orderly end")
                except ConnectionResetError:
                    pass
        equal(len(backend.connections), 1, "backend connections")
