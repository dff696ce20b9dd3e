"""Plain TCP services behind the tunnel: each connection has a thread that plays one role."""
import socket
import struct
import threading
import time

from . import scratch
from .checks import Failed, eventually


def pattern(size, seed=0):
    """Bytes that tell by themselves when one is lost, doubled or moved."""
    block = bytes((i * 7 + (i >> 8) * 13 + seed * 31) & 0xFF for i in range(65521))
    return (block * (size // len(block) + 1))[:size]


def reset(sock):
    """Closes with RST."""
    if sock.fileno() < 0:
        return
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


class Served:
    """One connection at the backend, with what came over it and how it ended."""

    def __init__(self, sock, address):
        self.sock, self.address = sock, address
        self.received = bytearray()
        self.end = None
        self.ended_at = None
        self.error = None
        self.began_at = time.monotonic()

    def read(self, most=65536):
        """The next bytes; empty at the end, which `end` then names (`fin` or `reset`)."""
        if self.end:
            return b""
        try:
            data = self.sock.recv(most)
        except (ConnectionResetError, BrokenPipeError, TimeoutError) as error:
            self._ended("reset", error)
            return b""
        if not data:
            # A socket reports its reset once; what arrived before it can still be read.
            self._ended("reset" if self.error else "fin", self.error)
        self.received += data
        return data

    def drain(self):
        """Reads to the end."""
        while self.read():
            pass

    def send(self, data):
        """Sends all of it; a reset is remembered. Returns whether it went well."""
        try:
            self.sock.sendall(data)
            return True
        except (ConnectionResetError, BrokenPipeError, TimeoutError) as error:
            self.error = error
            return False

    def wait_end(self, timeout, expected=None):
        """How it ended; fails after `timeout`, or unless it ended as `expected`."""
        end = eventually(lambda: self.end, timeout, "the backend's connection ends")
        if expected and end != expected:
            raise Failed(f"the backend saw {end} after {len(self.received)} bytes, expected {expected}")
        return end

    def wait_received(self, size, timeout=5):
        """Waits until `size` bytes have come."""
        eventually(lambda: len(self.received) >= size, timeout, f"{size} bytes at the backend")

    def _ended(self, how, error):
        if self.end is None:
            self.end, self.error, self.ended_at = how, error, time.monotonic()


def echo(served):
    """Sends back what comes, and the end after it."""
    while data := served.read():
        if not served.send(data):
            served.drain()


def sink(served):
    """Takes everything."""
    served.drain()


def source(data, then_read=True):
    """Sends `data`, then FIN, and takes what still comes."""
    def role(served):
        served.send(data)
        served.sock.shutdown(socket.SHUT_WR)
        if then_read:
            served.drain()
    return role


def source_then_reset(data, pause=0.5):
    """Sends `data`, waits for it to be taken, then resets."""
    def role(served):
        served.send(data)
        time.sleep(pause)
        reset(served.sock)
    return role


def answer_after_end(answer):
    """Takes everything, and answers when the client has ended its direction."""
    def role(served):
        served.drain()
        if served.end == "fin":
            served.send(answer)
    return role


class Backend:
    """A listening service. `connections` holds every connection it ever had, in order."""

    def __init__(self, role=echo, host="127.0.0.1", port=None, receive_buffer=None):
        self.role, self.connections = role, []
        self.listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if receive_buffer:
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.listener.bind((host, port or scratch.free_port()))
        self.listener.listen(1024)
        self.host, self.port = host, self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def _accept(self):
        while True:
            try:
                sock, address = self.listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            served = Served(sock, address)
            self.connections.append(served)
            threading.Thread(target=self._serve, args=(served,), daemon=True).start()

    def _serve(self, served):
        try:
            self.role(served)
        except Exception as error:
            served.error = error
        finally:
            served.sock.close()

    def connection(self, number=0, timeout=5):
        """The connection of that number, awaited."""
        eventually(lambda: len(self.connections) > number, timeout, f"connection {number} at the backend")
        return self.connections[number]

    def stop(self):
        """Stops listening and cuts what is left."""
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        for served in self.connections:
            try:
                served.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
