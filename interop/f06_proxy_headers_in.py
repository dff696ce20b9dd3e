"""F6, inwards: behind another proxy the tunnel takes the client's address from its PROXY header."""
import shutil
import socket
import struct
import time

from f06_client_address import V2_SIGNATURE, read_v2
from lib import scratch
from lib.backend import Backend, echo
from lib.checks import check, equal, need
from lib.client import Client
from lib.process import Process, wait_listening
from lib.ravelin import Ravelin

HAPROXY = """
global
    maxconn 200
defaults
    mode tcp
    timeout connect 5s
    timeout client 30s
    timeout server 30s
listen front
    bind 127.0.0.1:{front}
    server tunnel 127.0.0.1:{tunnel} {send}
"""


def v1(source="192.0.2.7", sport=4711, target="198.51.100.1", dport=443):
    """A version 1 header."""
    return f"PROXY TCP4 {source} {target} {sport} {dport}\r\n".encode()


def v2(source="192.0.2.7", sport=4711, tlvs=b"", command=0x21):
    """A version 2 header."""
    body = struct.pack(">4s4sHH", socket.inet_aton(source), socket.inet_aton("198.51.100.1"), sport, 443) + tlvs
    return V2_SIGNATURE + struct.pack(">BBH", command, 0x11, len(body)) + body


def test_behind_haproxy():
    """haproxy in front with send-proxy and send-proxy-v2: the client's address is in the log and goes on to the backend"""
    need("haproxy")
    for send in ("send-proxy", "send-proxy-v2"):
        with Backend(read_v2) as backend, Ravelin(backend.port, flags=["--accept-proxy", "--send-proxy", "v2"]) as tunnel:
            where, front = scratch.folder("haproxy"), scratch.free_port()
            (where / "haproxy.cfg").write_text(HAPROXY.format(front=front, tunnel=tunnel.port, send=send))
            with Process("haproxy", [shutil.which("haproxy"), "-db", "-f", where / "haproxy.cfg"]):
                wait_listening(front)
                with Client(front, source="127.0.0.77") as client:
                    client.send(b"through two")
                    equal(client.read_exactly(11), b"through two", f"echo with {send}")
                    header = backend.connections[-1].header
                    equal(header["source"], client.address, f"the client's address at the backend with {send}")
                    client.close_notify()
                    client.read_to_end(5)
                    equal(client.end, "clean", "the end through both")
                    tunnel.closed_from(client.address)


def test_headers_of_both_versions():
    """Headers of both versions, in one piece with the ClientHello and byte by byte; LOCAL and UNKNOWN keep the real address"""
    with Backend(read_v2) as backend, Ravelin(backend.port, flags=["--accept-proxy", "--send-proxy", "v2"]) as tunnel:
        for header, told in ((v1(), True), (v2(), True), (v2(tlvs=b"\x04\0\x03abc"), True), (v2(command=0x20), False), (b"PROXY UNKNOWN\r\n", False)):
            with Client(tunnel.port, prefix=header) as client:
                client.send(b"x")
                client.read_exactly(1)
                equal(backend.connections[-1].header["source"], ("192.0.2.7", 4711) if told else client.address, f"source for {header[:30]!r}")
        raw = Client(tunnel.port, connect=False)
        for byte in v1():
            raw.sock.sendall(bytes([byte]))
            time.sleep(0.005)
        raw.handshake()
        raw.send(b"x")
        raw.read_exactly(1)
        equal(backend.connections[-1].header["source"], ("192.0.2.7", 4711), "source of a header byte by byte")
        raw.sock.close()


def test_missing_or_broken_header():
    """A client without a header, and one with a broken one, is dropped with its reason; no backend connection"""
    broken = (b"PROXY TCP4 999.0.0.1 1.1.1.1 1 1\r\n", b"PROXY TCP4 192.0.2.1 192.0.2.2 1 99999\r\n", b"PROXY " + b"x" * 200, v2(command=0x31),
              V2_SIGNATURE + b"\x21\x11\x00\x04abcd", b"\x16\x03\x01\x02\x00\x01", b"GET / HTTP/1.1\r\n\r\n")
    with Backend(echo) as backend, Ravelin(backend.port, flags=["--accept-proxy"]) as tunnel:
        for header in broken:
            with socket.create_connection(("127.0.0.1", tunnel.port), timeout=6) as raw:
                raw.sendall(header)
                _until_end(raw)
                equal(tunnel.closed_from(raw.getsockname())["reason"], "proxy_header_invalid", f"reason for {header[:40]!r}")
        equal(len(backend.connections), 0, "backend connections")


def test_header_deadline():
    """A header that does not arrive, or not whole, within the limit: dropped, reason proxy_header_timeout"""
    with Backend(echo) as backend, Ravelin(backend.port, accept_proxy={"timeout": "1s"}) as tunnel:
        for part in (b"P", b"PROXY TCP4 192.0.2.1 ", V2_SIGNATURE + b"\x21\x11\x00\x20"):
            with socket.create_connection(("127.0.0.1", tunnel.port), timeout=10) as raw:
                raw.sendall(part)
                began = time.monotonic()
                _until_end(raw)
                check(0.5 < time.monotonic() - began < 5, f"dropped after {time.monotonic() - began:.1f} s instead of 1")
                equal(tunnel.closed_from(raw.getsockname())["reason"], "proxy_header_timeout", f"reason for {part!r}")
        equal(len(backend.connections), 0, "backend connections")


def test_trusted_sources():
    """Only a trusted source may send a header, and must; any other is a client itself, and its header is refused"""
    with Backend(read_v2) as backend, Ravelin(backend.port, accept_proxy={"trusted": ["127.0.0.50/31"]}, client_address="proxy-v2") as tunnel:
        for source, taken in (("127.0.0.50", True), ("127.0.0.51", True), ("127.0.0.52", False), ("127.0.0.1", False)):
            if taken:
                with Client(tunnel.port, source=source, prefix=v1()) as client:
                    client.send(b"x")
                    client.read_exactly(1)
                    equal(backend.connections[-1].header["source"], ("192.0.2.7", 4711), f"source told by {source}")
            else:
                with socket.socket() as raw:
                    raw.settimeout(6)
                    raw.bind((source, 0))
                    raw.connect(("127.0.0.1", tunnel.port))
                    try:
                        raw.sendall(v1())
                    except ConnectionResetError:
                        pass
                    _until_end(raw)
                    reason = tunnel.closed_from(raw.getsockname())["reason"]
                    check(reason in ("proxy_header_invalid", "handshake_failed"), f"reason for {source}: {reason}")
        equal(len(backend.connections), 2, "backend connections")
        with Client(tunnel.port, source="127.0.0.52") as client:
            client.send(b"x")
            client.read_exactly(1)
            equal(backend.connections[-1].header["source"], client.address, "source of a client that comes directly")


def _until_end(raw):
    try:
        while raw.recv(65536):
            pass
    except ConnectionResetError:
        pass
