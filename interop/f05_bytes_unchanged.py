"""F5: bytes pass unchanged both ways, half-close is kept, connections are independent."""
import threading
import time

from lib.backend import Backend, echo, pattern
from lib.checks import check, equal, eventually
from lib.client import Client
from lib.integrity import Storm
from lib.marks import alone, slow
from lib.ravelin import Ravelin


def test_several_at_once():
    """Eight connections at once, TLS 1.2 and 1.3, 16 MB each in both directions at the same time, own contents, half-closed"""
    size = 16_000_000

    def both_ways(served):
        seed = served.read(1)[0]
        sender = threading.Thread(target=served.send, args=(pattern(size, seed + 100),))
        sender.start()
        served.drain()
        sender.join()
        served.sock.shutdown(1)

    failures = []

    def one(tunnel, seed):
        try:
            with Client(tunnel.port, "1.2" if seed % 2 else "1.3", timeout=60) as client:
                data, got = bytes([seed]) + pattern(size, seed), bytearray()
                # One thread reads and writes in turn, so that neither direction waits for the other.
                client.sock.setblocking(False)
                at, ended, unsent = 0, False, b""
                deadline = time.monotonic() + 90
                while client.end is None:
                    check(time.monotonic() < deadline, f"stuck at {at} sent, {len(got)} received")
                    moved = False
                    if not unsent and at < len(data):
                        client.tls.write(data[at : at + 16384])
                        at += 16384
                    elif not unsent and not ended:
                        ended = True
                        client.queue_close_notify()
                    unsent += client.outgoing.read()
                    try:
                        sent = client.sock.send(unsent) if unsent else 0
                        unsent, moved = unsent[sent:], bool(sent)
                    except BlockingIOError:
                        pass
                    try:
                        while data_in := client.read():
                            got += data_in
                            moved = True
                    except BlockingIOError:
                        pass
                    if not moved:
                        time.sleep(0.001)
                equal(client.end, "clean", "the end")
                equal(bytes(got) == pattern(size, seed + 100), True, f"download of {seed} ({len(got)} bytes)")
        except Exception as error:
            failures.append((seed, repr(error)[:300]))

    with Backend(both_ways) as backend, Ravelin(backend.port) as tunnel:
        threads = [threading.Thread(target=one, args=(tunnel, seed)) for seed in range(8)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        equal(failures, [], "failures")
        for served in backend.connections:
            seed = served.received[0]
            served.wait_end(5, "fin")
            equal(bytes(served.received[1:]) == pattern(size, seed), True, f"upload of {seed}")


def test_record_sizes_and_every_byte():
    """Records of 1 byte, of 16384 bytes, and of every size between at steps, all byte values, echoed in order"""
    with Backend(echo) as backend, Ravelin(backend.port) as tunnel:
        for version in ("1.2", "1.3"):
            with Client(tunnel.port, version) as client:
                for size in (1, 2, 255, 256, 257, 1369, 4096, 8191, 16383, 16384, 16385, 50000):
                    data = pattern(size, size)
                    client.send(data)
                    equal(client.read_exactly(size) == data, True, f"{size} bytes")


def test_one_stalled_connection_does_not_hold_others():
    """A client that reads nothing, and a backend that reads nothing, leave others at full speed"""
    def role(served):
        if (first := served.read(1)) == b"d":
            served.send(bytes(50_000_000))
        elif first == b"u":
            time.sleep(20)
        else:
            served.send(first)
            echo(served)
    with Backend(role) as backend, Ravelin(backend.port, workers=1) as tunnel:
        lazy, blocked = Client(tunnel.port), Client(tunnel.port, timeout=1)
        lazy.send(b"d")
        try:
            blocked.send(b"u" + bytes(50_000_000))
        except TimeoutError:
            pass
        before = tunnel.memory()
        slowest = 0
        for _ in range(50):
            began = time.monotonic()
            with Client(tunnel.port) as client:
                client.send(b"e")
                client.read_exactly(1)
            slowest = max(slowest, time.monotonic() - began)
        check(slowest < 1, f"a connection took {slowest:.2f} s beside stalled ones")
        check(tunnel.memory() - before < 8_000_000, "stalled connections make memory grow")
        lazy.sock.close()
        blocked.sock.close()


@alone
@slow
def test_integrity():
    """Hundreds of connections with half-closes, resets, slow readers, tiny writes, backend restarts, a reload each second: nothing lost, nothing dressed up"""
    storm = Storm(seconds=30, at_once=250)
    with Ravelin(storm.port) as tunnel:
        storm.run(tunnel.port, each_second=tunnel.reload)
        check(tunnel.running(), "the tunnel is gone")
        storm.judge()
        print(storm.summary())
        eventually(lambda: tunnel.descriptors() < 100, 5, "all connections are closed")
