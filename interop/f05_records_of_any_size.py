"""F5: 200,000 records of random sizes from OpenSSL, and as many writes towards it, arrive in order and unchanged."""
import hashlib
import random
import socket
import ssl

from lib.backend import Backend, pattern
from lib.checks import equal
from lib.client import context
from lib.marks import slow
from lib.ravelin import Ravelin

RECORDS = 100_000


def sizes(seed):
    """Mostly small, some of every size up to a full record."""
    chance = random.Random(seed)
    for _ in range(RECORDS):
        yield chance.randint(1, 16_384) if chance.random() < 0.05 else chance.randint(1, 200)


def expected(seed):
    """The digest of what `write_all` sends."""
    source, digest = pattern(16_384 + 251, seed), hashlib.sha256()
    for number, size in enumerate(sizes(seed)):
        digest.update(source[number % 251 : number % 251 + size])
    return digest.hexdigest()


def write_all(send, seed):
    source = memoryview(pattern(16_384 + 251, seed))
    for number, size in enumerate(sizes(seed)):
        send(source[number % 251 : number % 251 + size])


def digest_of(read):
    digest = hashlib.sha256()
    while data := read(65_536):
        digest.update(data)
    return digest.hexdigest()


def one(version):
    seen = []

    def take_then_give(served):
        # One write, one record: OpenSSL does not gather them.
        seen.append(digest_of(served.sock.recv))
        write_all(served.sock.sendall, 2)
        served.sock.shutdown(socket.SHUT_WR)

    with Backend(take_then_give) as backend, Ravelin(backend.port) as tunnel:
        with socket.create_connection(("127.0.0.1", tunnel.port), timeout=60) as plain:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with context(version).wrap_socket(plain, server_hostname="localhost", suppress_ragged_eofs=False) as client:
                write_all(client.sendall, 1)
                # Only the sending half ends; the other direction still flows.
                incoming, outgoing = close_half(client)
                equal(digest_of(incoming), expected(2), f"{version}: what the backend sent")
                equal(outgoing, True, f"{version}: close_notify was sent")
    equal(seen, [expected(1)], f"{version}: what the client sent")


def close_half(client):
    """Sends close_notify without waiting for the answer; returns how to read on."""
    client.settimeout(0)
    try:
        client._sslobj.shutdown()
        sent = True
    except (ssl.SSLWantReadError, ssl.SSLError) as error:
        sent = isinstance(error, ssl.SSLWantReadError)
    client.settimeout(60)

    def read(most):
        try:
            return client.recv(most)
        except ssl.SSLZeroReturnError:
            return b""

    return read, sent


@slow
def test_tls13():
    """TLS 1.3, both directions"""
    one("1.3")


@slow
def test_tls12():
    """TLS 1.2, both directions"""
    one("1.2")
