"""A TLS client that tells exactly how the other side ended.

The TLS library works on memory here and the socket is read by hand, so a close_notify, a FIN and a reset
are three different things: Python's own sockets hide an end without close_notify, and report a reset once.
"""
import socket
import ssl
import time

from . import pki
from .backend import reset as reset_socket
from .checks import Failed

VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


def context(version=None, ca=None, verify=True):
    """A strict client: verified against the tests' root, one version if given."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.load_verify_locations(str(ca or pki.root()))
    made.options &= ~getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)
    if not verify:
        made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
    if version:
        made.minimum_version = made.maximum_version = VERSIONS[version]
    return made


class Client:
    """One connection. `end` is `clean` (close_notify), `truncated` (FIN without it), `reset`, or None while open."""

    def __init__(self, port, version=None, name="localhost", host="127.0.0.1", ctx=None, timeout=10, connect=True, source=None, prefix=b"", receive_buffer=None):
        self.sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        if receive_buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if source:
            self.sock.bind((source, 0))
        self.sock.settimeout(timeout)
        self.sock.connect((host, port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.address = self.sock.getsockname()
        self.end = None
        self.fin = False
        self.early = b""
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = (ctx or context(version)).wrap_bio(self.incoming, self.outgoing, server_hostname=name)
        if prefix:
            self.sock.sendall(prefix)
        if connect:
            self.handshake()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def handshake(self, flush_last=True):
        """Shakes hands to the end; the last flight can be left for the next `flush`."""
        while True:
            try:
                self.tls.do_handshake()
                if flush_last:
                    self.flush()
                return
            except ssl.SSLWantReadError:
                self.flush()
                if not self._fill():
                    raise Failed(f"the tunnel ended the handshake: {self.end}") from None

    def flush(self):
        """Sends what the TLS library has ready."""
        if data := self.outgoing.read():
            self.sock.sendall(data)

    def send(self, data):
        """Sends application data, in records of at most 16 KiB."""
        for at in range(0, len(data), 16384):
            self.tls.write(data[at : at + 16384])
            self.flush()

    def read(self, most=65536, timeout=None):
        """The next bytes; empty once `end` is known."""
        if timeout is not None:
            self.sock.settimeout(timeout)
        if self.early:
            data, self.early = self.early[:most], self.early[most:]
            return data
        while self.end is None:
            try:
                data = self.tls.read(most)
                if data:
                    return data
                self.end = "clean"
            except ssl.SSLZeroReturnError:
                self.end = "clean"
            except ssl.SSLWantReadError:
                self._fill()
            self.flush()
        return b""

    def read_exactly(self, size):
        """So many bytes; fails at an earlier end."""
        got = bytearray()
        while len(got) < size:
            data = self.read(min(65536, size - len(got)))
            if not data:
                raise Failed(f"{self.end} after {len(got)} of {size} bytes")
            got += data
        return bytes(got)

    def read_to_end(self, timeout=None):
        """Everything that still comes."""
        got = bytearray()
        while data := self.read(timeout=timeout):
            got += data
        return bytes(got)

    def wait_fin(self, timeout=5):
        """After a clean end: whether the TCP connection's end follows (`fin`, `reset`), and nothing else."""
        self.sock.settimeout(timeout)
        try:
            data = self.sock.recv(4096)
        except ConnectionResetError:
            return "reset"
        return "fin" if not data else f"{len(data)} bytes after close_notify"

    def close_notify(self):
        """Ends our direction in order; the other one stays open."""
        self.queue_close_notify()
        self.flush()

    def queue_close_notify(self):
        """Makes the close_notify without sending it."""
        # OpenSSL refuses to make one while data wait to be read.
        try:
            while self.end is None and (data := self.tls.read(65536)):
                self.early += data
        except (ssl.SSLWantReadError, ssl.SSLZeroReturnError):
            pass
        try:
            self.tls.unwrap()
        except ssl.SSLWantReadError:
            pass

    def send_fin(self):
        """Ends the TCP direction, with or without a close_notify before."""
        self.sock.shutdown(socket.SHUT_WR)

    def reset(self):
        """Closes with RST."""
        reset_socket(self.sock)

    def open(self, seconds):
        """Fails if the other side ends within that time; data is not expected either."""
        self.sock.settimeout(seconds)
        began = time.monotonic()
        try:
            data = self.read()
        except TimeoutError:
            return
        raise Failed(f"expected silence for {seconds} s, saw {data[:40]!r} end={self.end} after {time.monotonic() - began:.1f} s")

    def _fill(self):
        try:
            data = self.sock.recv(65536)
        except ConnectionResetError:
            self.end = "reset"
            return False
        if not data:
            self.fin, self.end = True, "truncated"
            return False
        self.incoming.write(data)
        return True


def echoed(port, data=b"a few words", **options):
    """Sends data through a fresh connection and fails unless the same comes back."""
    with Client(port, **options) as client:
        client.send(data)
        got = client.read_exactly(len(data))
        if got != data:
            raise Failed("the echo differs")
        client.close_notify()
        client.read_to_end()
