"""F6: the backend learns the client's address, by PROXY header or by a transparent source."""
import json
import socket
import struct

from f02_rtmps_ffmpeg_nginx import nginx_ready
from lib import pki, scratch
from lib.backend import Backend, echo
from lib.checks import check, contains, equal, eventually, need
from lib.client import Client
from lib.namespaces import Hosts
from lib.process import run
from lib.ravelin import Ravelin, ravelin
from lib.rtmp import NginxRtmp, publish, rtmp_need

V2_SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
AUTHORITY, SSL, SSL_VERSION, SSL_CIPHER, CRC32C = 0x02, 0x20, 0x21, 0x23, 0x03


def read_v1(served):
    """Takes a version 1 header off the connection, keeps it in `served.header`, then echoes."""
    while b"\r\n" not in served.received:
        if not served.read():
            return
    line, rest = bytes(served.received).split(b"\r\n", 1)
    served.header = line.decode().split(" ")
    if rest:
        served.send(rest)
    echo(served)


def read_v2(served):
    """Takes a version 2 header off the connection, keeps its parts in `served.header`, then echoes."""
    while len(served.received) < 16 or len(served.received) < 16 + int.from_bytes(served.received[14:16], "big"):
        if not served.read():
            return
    raw = bytes(served.received)
    end = 16 + int.from_bytes(raw[14:16], "big")
    served.header = parse_v2(raw[:end])
    if raw[end:]:
        served.send(raw[end:])
    echo(served)


def parse_v2(raw):
    """The parts of a version 2 header."""
    found = {"signature": raw[:12], "command": raw[12], "family": raw[13]}
    if raw[13] == 0x11:
        source, target, sport, dport = struct.unpack(">4s4sHH", raw[16:28])
        rest, family = raw[28:], socket.AF_INET
    else:
        source, target, sport, dport = struct.unpack(">16s16sHH", raw[16:52])
        rest, family = raw[52:], socket.AF_INET6
    found.update(source=(socket.inet_ntop(family, source), sport), target=(socket.inet_ntop(family, target), dport), tlvs=_tlvs(rest))
    return found


def _tlvs(raw):
    found = {}
    while raw:
        kind, size = struct.unpack(">BH", raw[:3])
        check(len(raw) >= 3 + size, f"a TLV of type {kind:#x} reaches over the end")
        found[kind], raw = raw[3 : 3 + size], raw[3 + size :]
    return found


def crc32c(data):
    """CRC-32C (Castagnoli)."""
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
    return value ^ 0xFFFFFFFF


def test_send_proxy_v1():
    """--send-proxy v1: the backend reads the client's and the tunnel's address and port, then the bytes unchanged"""
    with Backend(read_v1) as backend, Ravelin(backend.port, flags=["--send-proxy", "v1"]) as tunnel:
        for number, source in enumerate(("127.0.0.1", "127.0.0.9")):
            with Client(tunnel.port, source=source) as client:
                client.send(b"bytes")
                equal(client.read_exactly(5), b"bytes", "echo")
                equal(backend.connection(number).header, ["PROXY", "TCP4", source, "127.0.0.1", str(client.address[1]), str(tunnel.port)], "header")
    with Backend(read_v1) as backend, Ravelin(backend.port, flags=["--send-proxy", "v1"], listen=f"[::1]:{scratch.free_port()}") as tunnel:
        with Client(tunnel.port, host="::1") as client:
            client.send(b"bytes")
            equal(client.read_exactly(5), b"bytes", "echo")
            equal(backend.connection().header, ["PROXY", "TCP6", "::1", "::1", str(client.address[1]), str(tunnel.port)], "header over IPv6")


def test_send_proxy_v2():
    """--send-proxy v2: addresses, authority and TLS version in TLVs; a CRC32C, if sent, is right"""
    with Backend(read_v2) as backend, Ravelin(backend.port, flags=["--send-proxy", "v2"]) as tunnel:
        for number, version in enumerate(("1.2", "1.3")):
            with Client(tunnel.port, version, name="rtmps.test", source="127.0.0.9") as client:
                client.send(b"bytes")
                equal(client.read_exactly(5), b"bytes", "echo")
                served = backend.connection(number)
                header = served.header
                equal((header["signature"], header["command"], header["family"]), (V2_SIGNATURE, 0x21, 0x11), "beginning")
                equal((header["source"], header["target"]), (client.address, ("127.0.0.1", tunnel.port)), "addresses")
                equal(header["tlvs"].get(AUTHORITY), b"rtmps.test", "authority TLV")
                check(SSL in header["tlvs"], "no SSL TLV")
                check(header["tlvs"][SSL][0] & 1, "the SSL TLV does not say that the client came over TLS")
                equal(_tlvs(header["tlvs"][SSL][5:]).get(SSL_VERSION), f"TLSv{version}".encode(), "TLS version TLV")
                if CRC32C in header["tlvs"]:
                    raw = bytes(served.received)
                    raw = raw[: 16 + int.from_bytes(raw[14:16], "big")]
                    sent = header["tlvs"][CRC32C]
                    equal(crc32c(raw.replace(b"\x03\0\x04" + sent, b"\x03\0\x04\0\0\0\0")), int.from_bytes(sent, "big"), "CRC32C")


def test_header_goes_before_a_silent_client():
    """The header reaches the backend at once, though the client says nothing (server-first protocols need it)"""
    def greet(served):
        while b"\r\n" not in served.received:
            if not served.read():
                return
        served.send(b"220 welcome\r\n")
        echo(served)
    with Backend(greet) as backend, Ravelin(backend.port, flags=["--send-proxy", "v1"]) as tunnel, Client(tunnel.port, timeout=5) as client:
        equal(client.read_exactly(13), b"220 welcome\r\n", "greeting")


def test_nginx_rtmp_logs_the_publisher_with_proxy_v1():
    """ffmpeg on another host: nginx-rtmp logs its real address with --send-proxy v1, the tunnel's without"""
    rtmp_need()
    leaf = pki.labelled("ports", "p256", ("DNS:rtmps.test", "IP:10.77.1.1"))
    with Hosts("server", "client") as hosts, NginxRtmp(netns=hosts["server"]) as nginx:
        nginx_ready(nginx)
        for to, options, expected in ((nginx.plain, {}, "127.0.0.1"), (nginx.proxy, {"flags": ["--send-proxy", "v1"]}, "10.77.1.2")):
            with Ravelin(to, [leaf], listen="10.77.1.1:443", netns=hosts["server"], **options):
                stream = "proxied" if options else "plain"
                done = publish(f"rtmps://10.77.1.1/live/{stream}", netns=hosts["client"], ca=pki.root(), seconds=1)
                equal(done.returncode, 0, f"ffmpeg: {done.output[-600:]}")
                eventually(lambda: stream in [s for _, s in nginx.published()], 5, "nginx-rtmp logs the publication")
                contains(nginx.published(), (expected, stream), "address in nginx-rtmp's log")


def apply_printed_rules(hosts, *arguments):
    """Runs, as it stands, the script that `ravelin tunnel check` prints for these arguments."""
    printed = ravelin("tunnel", "check", "--json", *arguments, netns=hosts["server"])
    equal(printed.returncode, 0, f"exit code of `tunnel check`: {printed.stdout} {printed.stderr}")
    script = json.loads(printed.stdout)["rules"]
    check(script and "nft" in script, f"no rules in {printed.stdout}")
    contains(ravelin("tunnel", "check", *arguments, netns=hosts["server"]).stdout, script.strip(), "the rules in the text for people")
    done = run("sh", input=script, netns=hosts["server"])
    equal(done.returncode, 0, f"the printed script fails:\n{done.output}\n--- printed:\n{script}")


def test_transparent():
    """--transparent: with the rules `tunnel check` prints, the backend sees the client's own address and port, IPv4 and IPv6"""
    need("nft", "ip")
    leaf = pki.labelled("transparent", "p256", ("DNS:localhost",))
    for address, there, back in (("10.77.1.1", "10.77.1.2", "10.77.1.1"), ("fd77:1::1", "fd77:1::2", "fd77:1::1")):
        bracketed = f"[{address}]" if ":" in address else address
        with Hosts("server", "client") as hosts:
            with hosts.inside("server"):
                backend = Backend(echo, host=back, port=1935)
            options = ["--listen", f"{bracketed}:443", "--to", f"{bracketed}:1935", "--cert", leaf.cert, "--key", leaf.key, "--transparent"]
            with backend:
                apply_printed_rules(hosts, *options)
                with Ravelin(f"{bracketed}:1935", [leaf], listen=f"{bracketed}:443", netns=hosts["server"], flags=["--transparent"]), hosts.inside("client"):
                    for number in range(3):
                        with Client(443, host=address) as client:
                            client.send(b"transparent")
                            equal(client.read_exactly(11), b"transparent", "echo")
                            seen = backend.connection(number).address
                            equal(seen[0], there, "the address the backend sees")
                            client.close_notify()
                            client.read_to_end(5)
                            equal(client.end, "clean", "the end")


def test_transparent_rtmp():
    """--transparent: nginx-rtmp logs the publisher's real address without any PROXY header"""
    rtmp_need()
    need("nft", "ip")
    leaf = pki.labelled("ports", "p256", ("DNS:rtmps.test", "IP:10.77.1.1"))
    with Hosts("server", "client") as hosts, NginxRtmp(netns=hosts["server"], host="10.77.1.1", port=1935) as nginx:
        nginx_ready(nginx)
        apply_printed_rules(hosts, "--listen", "10.77.1.1:443", "--to", "10.77.1.1:1935", "--cert", leaf.cert, "--key", leaf.key, "--transparent")
        with Ravelin("10.77.1.1:1935", [leaf], listen="10.77.1.1:443", netns=hosts["server"], flags=["--transparent"]):
            done = publish("rtmps://10.77.1.1/live/own", netns=hosts["client"], ca=pki.root(), seconds=1)
            equal(done.returncode, 0, f"ffmpeg: {done.output[-600:]}")
            eventually(lambda: nginx.published(), 5, "nginx-rtmp logs the publication")
            contains(nginx.published(), ("10.77.1.2", "own"), "address in nginx-rtmp's log")
