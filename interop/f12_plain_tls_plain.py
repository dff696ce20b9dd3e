"""F12: plain in, TLS out: two tunnels back to back carry every byte and every end between plain sides."""
import socket
import threading

from lib import pki
from lib.backend import Backend, echo, pattern
from lib.checks import check, equal, eventually
from lib.integrity import Storm
from lib.marks import alone, slow
from lib.ravelin import Ravelin


def outward(to, **more):
    """A tunnel whose clients are plain and whose backend speaks TLS."""
    return Ravelin(to, client=True, flags=("--anchor", pki.root()), **more)


def test_bytes_and_half_closes():
    """Twenty plain connections at once through plain -> TLS -> plain: contents of every size, half-closed, echoed, ended in order"""
    failures = []

    def one(port, seed):
        try:
            data = pattern(1 + seed * seed * 9001, seed)
            with socket.create_connection(("127.0.0.1", port), timeout=60) as sock:
                def send():
                    sock.sendall(data)
                    sock.shutdown(socket.SHUT_WR)
                sender = threading.Thread(target=send)
                sender.start()
                got = bytearray()
                while chunk := sock.recv(65536):
                    got += chunk
                sender.join()
            equal(bytes(got) == data, True, f"the echo of {len(data)} bytes ({len(got)} came)")
        except Exception as error:
            failures.append((seed, repr(error)[:300]))

    with Backend(echo) as backend, Ravelin(backend.port) as inner, outward(inner.port) as outer:
        threads = [threading.Thread(target=one, args=(outer.port, seed)) for seed in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        equal(failures, [], "failures")


@alone
@slow
def test_integrity_back_to_back():
    """TLS -> plain -> TLS -> plain: hundreds of connections with half-closes, resets, restarts and reloads: nothing lost, nothing dressed up"""
    storm = Storm(seconds=20, at_once=100)
    with Ravelin(storm.port) as last, outward(last.port) as middle, Ravelin(middle.port) as first:
        tunnels = (first, middle, last)

        def reload():
            for tunnel in tunnels:
                tunnel.reload()

        storm.run(first.port, each_second=reload)
        check(all(tunnel.running() for tunnel in tunnels), "a tunnel is gone")
        storm.judge(drained=False)
        for tunnel in tunnels:
            eventually(lambda: tunnel.descriptors() < 100, 5, "all connections are closed")
