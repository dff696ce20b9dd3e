"""Many connections from one process, for tests of load and of hostile clients."""
import select
import socket
import ssl
import struct
import time

from .client import context

_LINGER = struct.pack("ii", 1, 0)


def throw(port, messages, at_once=300, patience=0.3, limit=120):
    """Opens a connection per message, sends it, waits for what the other side does, and resets.

    Returns how many were ended by the other side, how many were answered with a ServerHello, and how many got
    nothing within `patience` seconds. Connections are closed with RST, so that none lingers in TIME_WAIT.
    """
    poll, open_now, messages = select.epoll(), {}, iter(messages)
    ended = answered = ignored = 0
    more, deadline = True, time.monotonic() + limit
    while more or open_now:
        while more and len(open_now) < at_once:
            message = next(messages, None)
            if message is None:
                more = False
                break
            sock = socket.socket()
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
            sock.connect(("127.0.0.1", port))
            sock.setblocking(False)
            try:
                sock.send(message)
            except (ConnectionError, BlockingIOError):
                pass
            open_now[sock.fileno()] = (sock, time.monotonic())
            poll.register(sock, select.EPOLLIN | select.EPOLLRDHUP)
        now = time.monotonic()
        for descriptor, _ in poll.poll(0.05):
            sock, _began = open_now[descriptor]
            try:
                data = sock.recv(65536)
            except BlockingIOError:
                continue
            except OSError:
                data = b""
            if data[:1] == b"\x15":
                continue  # an alert; the end follows
            answered, ended = answered + bool(data), ended + (not data)
            poll.unregister(descriptor)
            del open_now[descriptor]
            sock.close()
        if len(open_now) >= at_once or not more:
            for descriptor, (sock, began) in list(open_now.items()):
                if now - began > patience or now > deadline:
                    ignored += 1
                    poll.unregister(descriptor)
                    del open_now[descriptor]
                    sock.close()
        if now > deadline:
            break
    poll.close()
    return ended, answered, ignored


class Crowd:
    """TLS connections that are opened many at a time and then do nothing."""

    def __init__(self, port, ctx=None):
        self.port, self.ctx = port, ctx or context("1.3")
        self.members = []

    def grow(self, size, at_once=64, timeout=90):
        """Opens connections until there are `size`; returns how many failed on the way."""
        poll, pending, failed = select.epoll(), {}, 0
        deadline = time.monotonic() + timeout
        while len(self.members) < size and time.monotonic() < deadline and failed < 100:
            while len(pending) < at_once and len(self.members) + len(pending) < size:
                sock = socket.socket()
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
                sock.connect(("127.0.0.1", self.port))
                sock.setblocking(False)
                member = [sock, ssl.MemoryBIO(), ssl.MemoryBIO(), None]
                member[3] = self.ctx.wrap_bio(member[1], member[2], server_hostname="localhost")
                pending[sock.fileno()] = member
                poll.register(sock, select.EPOLLIN)
                _shake(member)
            for descriptor, _ in poll.poll(1):
                member = pending[descriptor]
                try:
                    data = member[0].recv(65536)
                    member[1].write(data)
                    done = data and _shake(member)
                except OSError:
                    data, done = b"", False
                if done or not data:
                    poll.unregister(descriptor)
                    del pending[descriptor]
                    if done:
                        self.members.append(member)
                    else:
                        failed += 1
                        member[0].close()
        poll.close()
        for member in pending.values():
            member[0].close()
        return failed

    def echo(self, member, data=b"ping"):
        """Sends through one connection and returns what comes back, with the seconds it took."""
        sock, incoming, outgoing, tls = member
        sock.setblocking(True)
        sock.settimeout(10)
        began = time.monotonic()
        tls.write(data)
        sock.sendall(outgoing.read())
        got = b""
        while len(got) < len(data):
            try:
                part = tls.read(65536)
                if not part:
                    break
                got += part
            except ssl.SSLWantReadError:
                more = sock.recv(65536)
                if not more:
                    break
                incoming.write(more)
        return got, time.monotonic() - began

    def leave(self):
        """Resets every connection."""
        for member in self.members:
            member[0].close()
        self.members = []


def _shake(member):
    sock, _, outgoing, tls = member
    try:
        tls.do_handshake()
        done = True
    except ssl.SSLWantReadError:
        done = False
    if data := outgoing.read():
        sock.send(data)
    return done
