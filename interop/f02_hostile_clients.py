"""F2 under attack: garbage, slow handshakes, broken records and headers harm nobody else and leave nothing behind."""
import random
import socket
import struct
import threading
import time

from f06_proxy_headers_in import v1, v2
from f07_ghosts import client_hello
from lib.backend import Backend, echo, sink
from lib.checks import check, equal, eventually
from lib.client import Client, echoed
from lib.load import throw
from lib.marks import alone, slow
from lib.ravelin import Ravelin

HELLOS = 100_000
HEADERS = 20_000


class Witness:
    """A connection that must not notice anything, used all the time in a thread."""

    def __init__(self, port, prefix=b""):
        self.client, self.latencies, self.failure, self.over = Client(port, prefix=prefix), [], None, False
        self.thread = threading.Thread(target=self._talk, daemon=True)
        self.thread.start()

    def _talk(self):
        try:
            while not self.over:
                began = time.monotonic()
                self.client.send(b"still there?")
                self.client.read_exactly(12)
                self.latencies.append(time.monotonic() - began)
                time.sleep(0.02)
        except Exception as error:
            self.failure = repr(error)

    def judge(self, most=1.0):
        """Fails if it was disturbed; returns its worst latency in milliseconds."""
        self.over = True
        self.thread.join(15)
        equal(self.failure, None, "the other connection")
        check(self.latencies and max(self.latencies) < most, f"the other connection waited {max(self.latencies or [99]):.2f} s")
        self.client.sock.close()
        return max(self.latencies) * 1000


def test_garbage():
    """HTTP, SSH, SSLv2, zero bytes, random bytes, alerts, huge length fields: dropped, reason handshake_failed, no backend connection"""
    dice = random.Random(7)
    pieces = [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"SSH-2.0-OpenSSH_9.2\r\n", b"\x80\x2e\x01\x00\x02" + bytes(43), bytes(600), dice.randbytes(5000),
              b"\x15\x03\x01\x00\x02\x02\x28", b"\x16\x03\x01\xff\xff" + dice.randbytes(3000), b"\x17\x03\x03\x00\x10" + bytes(16),
              b"\x16\x03\x01\x00\x04\x01\xff\xff\xff", b"\x14\x03\x03\x00\x01\x01", b"\x16\x03\x01\x00\x00"]
    with Backend(echo) as backend, Ravelin(backend.port, handshake_timeout="3s") as tunnel:
        witness = Witness(tunnel.port)
        for piece in pieces:
            with socket.create_connection(("127.0.0.1", tunnel.port), timeout=10) as raw:
                raw.sendall(piece)
                try:
                    while raw.recv(65536):
                        pass
                except ConnectionResetError:
                    pass
                reason = tunnel.closed_from(raw.getsockname())["reason"]
                check(reason in ("handshake_failed", "handshake_timeout", "handshake_aborted"), f"{piece[:20]!r}: {reason}")
                if piece[:1] in (b"G", b"S", b"\0", b"\x17"):
                    equal(reason, "handshake_failed", f"reason for {piece[:20]!r}")
        witness.judge()
        equal(len(backend.connections), 1, "backend connections")


def test_broken_records():
    """After the handshake: oversized record, unknown type, wrong tag, plain bytes: tls_error; the backend is reset, never given an end"""
    def oversized(client):
        return b"\x17\x03\x03" + struct.pack(">H", 16384 + 257) + bytes(16384 + 257)

    def wrong_tag(client):
        client.tls.write(b"never to be seen")
        record = bytearray(client.outgoing.read())
        record[-1] ^= 1
        return bytes(record)
    faults = {"oversized": oversized, "unknown type": lambda c: b"\x63\x03\x03\x00\x05hello", "wrong tag": wrong_tag, "plain bytes": lambda c: b"GET / HTTP/1.0\r\n\r\n"}
    with Backend(sink) as backend, Ravelin(backend.port) as tunnel:
        number = 0
        for version in ("1.2", "1.3"):
            for name, fault in faults.items():
                with Client(tunnel.port, version) as client:
                    client.send(b"good")
                    served = backend.connection(number)
                    served.wait_received(4)
                    client.sock.sendall(fault(client))
                    served.wait_end(5, "reset")
                    equal(bytes(served.received), b"good", f"data at the backend, {name} {version}")
                    equal(tunnel.closed_from(client.address)["reason"], "tls_error", f"reason for {name} {version}")
                number += 1


def test_half_a_record_is_kept_waiting():
    """Half a record is no fault: the rest may come a second later, in single bytes"""
    with Backend(echo) as backend, Ravelin(backend.port) as tunnel:
        for version in ("1.2", "1.3"):
            with Client(tunnel.port, version) as client:
                client.tls.write(b"in small pieces")
                record = client.outgoing.read()
                for byte in record:
                    client.sock.sendall(bytes([byte]))
                    time.sleep(0.02)
                equal(client.read_exactly(15), b"in small pieces", "echo")


@alone
def test_slow_handshakes():
    """800 clients that send a ClientHello byte by byte, beside a working one and new ones: all dropped at the limit"""
    hello = client_hello()
    with Backend(echo) as backend, Ravelin(backend.port, handshake_timeout="5s") as tunnel:
        witness = Witness(tunnel.port)
        before = tunnel.descriptors()
        slow_ones = []
        for _ in range(800):
            raw = socket.create_connection(("127.0.0.1", tunnel.port))
            raw.setblocking(False)
            raw.send(hello[:1])
            slow_ones.append(raw)
        began, at = time.monotonic(), 1
        while time.monotonic() - began < 4:
            for raw in slow_ones:
                try:
                    raw.send(hello[at : at + 1])
                except OSError:
                    pass
            at += 1
            echoed(tunnel.port)
            time.sleep(0.1)
        eventually(lambda: sum(l["reason"] == "handshake_timeout" for l in tunnel.closed()) >= 800 or tunnel.descriptors() <= before + 2, 12, "the slow ones are dropped")
        reasons = {l["reason"] for l in tunnel.closed()} - {"client_closed"}
        equal(reasons, {"handshake_timeout"}, "reasons")
        witness.judge()
        for raw in slow_ones:
            raw.close()


@alone
def test_handshakes_beyond_the_limit():
    """More unfinished handshakes than may be in progress: the oldest are dropped (handshake_shed), nobody established, new ones served"""
    hello = client_hello()
    with Backend(echo) as backend, Ravelin(backend.port, max_handshakes=100) as tunnel:
        witness = Witness(tunnel.port)
        held = []
        for _ in range(400):
            raw = socket.create_connection(("127.0.0.1", tunnel.port))
            raw.sendall(hello[:20])
            held.append(raw)
        for _ in range(20):
            echoed(tunnel.port)
        shed = eventually(lambda: [l for l in tunnel.closed() if l["reason"] == "handshake_shed"], 5, "closed lines with handshake_shed")
        check(all(l["reason"] in ("handshake_shed", "client_closed") for l in tunnel.closed()), "nothing but the shed is closed")
        print(f"{len(shed)} lines of shed handshakes")
        witness.judge()
        for raw in held:
            raw.close()


def mutated_hellos(count, seed=1):
    """ClientHellos with bytes changed, cut, doubled, and lengths set wrong."""
    dice, hello = random.Random(seed), client_hello()
    for _ in range(count):
        made = bytearray(hello)
        kind = dice.randrange(5)
        if kind == 0:
            for _ in range(dice.randrange(1, 20)):
                made[dice.randrange(5, len(made))] = dice.randrange(256)
        elif kind == 1:
            at = dice.randrange(9, len(made) - 2)
            made[at : at + 2] = b"\xff\xff"
        elif kind == 2:
            at = dice.randrange(44, len(made))
            made = made[:at] + made[at - dice.randrange(1, 40) :]
            made[3:5] = struct.pack(">H", len(made) - 5)
        elif kind == 3:
            del made[dice.randrange(44, len(made) - 1) : ]
            made[3:5] = struct.pack(">H", len(made) - 5)
            made[5:9] = b"\x01" + struct.pack(">I", len(made) - 9)[1:]
        else:
            made[:] = b"\x16\x03\x01" + struct.pack(">H", 200) + dice.randbytes(200)
        yield bytes(made)


def settled(tunnel, before):
    """Waits until the process is as small as before, in descriptors."""
    eventually(lambda: tunnel.descriptors() <= before + 3, 15, f"descriptors are back to {before}: {tunnel.descriptors()}")


@alone
@slow
def test_malformed_hellos():
    """100,000 malformed ClientHellos: another connection untouched, memory and descriptors as before, no backend connection"""
    with Backend(echo) as backend, Ravelin(backend.port, handshake_timeout="2s") as tunnel:
        throw(tunnel.port, mutated_hellos(5000, 2))  # what is allocated once, is allocated now
        witness = Witness(tunnel.port)
        time.sleep(2.5)
        descriptors, memory = tunnel.descriptors(), tunnel.memory()
        began = time.monotonic()
        ended, answered, ignored = throw(tunnel.port, mutated_hellos(HELLOS))
        took = time.monotonic() - began
        equal(ended + answered + ignored, HELLOS, "ClientHellos within the time")
        worst = witness.judge()
        settled(tunnel, descriptors)
        grown = (tunnel.memory() - memory) / 1e6
        check(grown < 20, f"memory grew by {grown:.1f} MB")
        equal(len(backend.connections), 1, "backend connections")
        echoed(tunnel.port)
        print(f"{HELLOS / took:.0f} a second, {ended} refused, {answered} answered, {ignored} left waiting; other connection at worst {worst:.0f} ms; memory {grown:+.1f} MB")


@alone
@slow
def test_malformed_proxy_headers():
    """20,000 malformed PROXY headers of both versions: the same"""
    def headers():
        dice = random.Random(3)
        for _ in range(HEADERS):
            header = bytearray(dice.choice((v1(), v2(), v2(tlvs=b"\x20\0\x08\x01\0\0\0\0abc"))))
            kind = dice.randrange(3)
            if kind == 0:
                header[dice.randrange(len(header))] ^= 1 << dice.randrange(8)
            elif kind == 1:
                header = header[: dice.randrange(1, len(header))] + dice.randbytes(300)
            else:
                header = header[:14] + dice.randbytes(200)
            yield bytes(header) + b"\x99" * 20
    with Backend(echo) as backend, Ravelin(backend.port, accept_proxy=True, handshake_timeout="2s") as tunnel:
        witness = Witness(tunnel.port, prefix=v1())
        throw(tunnel.port, [b"\0" * 50] * 2000)
        descriptors, memory = tunnel.descriptors(), tunnel.memory()
        ended, answered, ignored = throw(tunnel.port, headers())
        equal(ended + answered + ignored, HEADERS, "headers within the time")
        check(ended > HEADERS * 0.7, f"only {ended} of {HEADERS} were refused at once")
        worst = witness.judge()
        settled(tunnel, descriptors)
        grown = (tunnel.memory() - memory) / 1e6
        check(grown < 20, f"memory grew by {grown:.1f} MB")
        equal(len(backend.connections), 1, "backend connections")
        print(f"{ended} refused, {answered} answered, {ignored} left waiting; other connection at worst {worst:.0f} ms; memory {grown:+.1f} MB")
