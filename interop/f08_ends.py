"""F8: an end is carried as what it was, each cell of the table, TLS 1.2 and 1.3."""
import socket
import time

from lib.backend import Backend, answer_after_end, echo, pattern, reset, sink, source, source_then_reset
from lib.checks import check, equal, eventually
from lib.client import Client
from lib.namespaces import Hosts
from lib.ravelin import Ravelin
from lib.scratch import free_port

VERSIONS = ("1.2", "1.3")
BULK = 3_000_000


def slow_sink(served):
    """Takes everything, slowly at first, so that data are still on their way when the end comes."""
    time.sleep(1)
    served.drain()


def both_versions(role, **options):
    """For each TLS version a fresh client and its backend connection."""
    with Backend(role) as backend, Ravelin(backend.port, **options) as tunnel:
        for number, version in enumerate(VERSIONS):
            with Client(tunnel.port, version) as client:
                yield tunnel, client, lambda n=number: backend.connection(n)


def test_client_close_notify():
    """Client close_notify, TCP left open: backend gets all data, then FIN; its answer still flows back; clean end"""
    answer = pattern(500000, 1)
    for tunnel, client, served in both_versions(answer_after_end(answer)):
        client.send(pattern(BULK))
        client.close_notify()
        served().wait_end(10, "fin")
        equal(bytes(served().received) == pattern(BULK), True, "all data at the backend")
        equal(client.read_to_end(10) == answer, True, "the whole answer")
        equal(client.end, "clean", "the end at the client")
        equal(client.wait_fin(), "fin", "after close_notify")
        equal(tunnel.closed_from(client.address)["reason"], "client_closed", "reason")


def test_client_close_notify_and_fin():
    """Client close_notify and FIN at once: the same, the answer still flows back"""
    answer = pattern(500000, 1)
    for tunnel, client, served in both_versions(answer_after_end(answer)):
        client.send(pattern(BULK))
        client.close_notify()
        client.send_fin()
        served().wait_end(10, "fin")
        equal(bytes(served().received) == pattern(BULK), True, "all data at the backend")
        equal(client.read_to_end(10) == answer, True, "the whole answer")
        equal(client.end, "clean", "the end at the client")
        equal(tunnel.closed_from(client.address)["reason"], "client_closed", "reason")


def test_client_fin_alone():
    """Client FIN without close_notify: all data delivered and drained at a slow backend, then a reset"""
    for tunnel, client, served in both_versions(slow_sink):
        client.send(pattern(BULK))
        client.send_fin()
        served().wait_end(15, "reset")
        equal(bytes(served().received) == pattern(BULK), True, f"all data at the backend ({len(served().received)} bytes)")
        equal(tunnel.closed_from(client.address)["reason"], "client_truncated", "reason")
        client.read_to_end(5)
        check(client.end != "clean", "the client was given a clean end after its truncation")


def test_client_fin_alone_sloppy():
    """The same with on-truncation = fin: all data, then FIN, and the answer flows back"""
    for tunnel, client, served in both_versions(answer_after_end(b"answer"), on_truncation="fin"):
        client.send(pattern(BULK))
        client.send_fin()
        served().wait_end(10, "fin")
        equal(bytes(served().received) == pattern(BULK), True, "all data at the backend")
        equal(client.read_to_end(5), b"answer", "the answer")
        check(tunnel.closed_from(client.address)["reason"] in ("client_truncated", "client_closed"), f"log: {tunnel.closed()}")


def test_client_fin_inside_a_record():
    """A FIN in the middle of a record is a truncation too: the whole records are delivered, then a reset"""
    for tunnel, client, served in both_versions(sink):
        client.send(b"whole record")
        client.tls.write(b"broken record")
        client.sock.sendall(client.outgoing.read()[:-5])
        client.send_fin()
        served().wait_end(5, "reset")
        equal(bytes(served().received), b"whole record", "data at the backend")


def test_client_reset():
    """Client reset: backend reset, never a FIN"""
    for tunnel, client, served in both_versions(echo):
        client.send(b"hello")
        client.read_exactly(5)
        client.reset()
        served().wait_end(5, "reset")
        equal(tunnel.closed_from(client.address)["reason"], "client_reset", "reason")


def test_client_reset_during_download():
    """Client reset while the backend sends without end: backend reset"""
    def endless(served):
        while served.send(bytes(65536)):
            pass
        served.drain()
    for tunnel, client, served in both_versions(endless):
        client.read_exactly(300000)
        client.reset()
        served().wait_end(5, "reset")
        equal(tunnel.closed_from(client.address)["reason"], "client_reset", "reason")


def test_backend_fin():
    """Backend FIN: client gets all data, close_notify, FIN; uploads still flow, then a clean end at the backend"""
    for tunnel, client, served in both_versions(source(pattern(BULK, 2))):
        equal(client.read_to_end(10) == pattern(BULK, 2), True, "all data at the client")
        equal(client.end, "clean", "the end at the client")
        equal(client.wait_fin(), "fin", "after close_notify")
        for _ in range(3):
            client.send(pattern(100000, 3))
            time.sleep(0.2)
        client.close_notify()
        client.send_fin()
        served().wait_end(5, "fin")
        equal(bytes(served().received) == pattern(100000, 3) * 3, True, "the upload after the backend's end")
        equal(tunnel.closed_from(client.address)["reason"], "backend_closed", "reason")


def test_backend_fin_without_data():
    """Backend FIN before any byte: a clean end at the client, at once"""
    for tunnel, client, served in both_versions(source(b"")):
        began = time.monotonic()
        equal(client.read_to_end(8), b"", "data")
        equal(client.end, "clean", "the end at the client")
        check(time.monotonic() - began < 3, f"only after {time.monotonic() - began:.1f} s")


def test_client_close_notify_in_the_last_flight():
    """TLS 1.3: Finished and close_notify (with and without data before it) in one write: served to the end, at once"""
    for sent in (b"", b"question"):
        with Backend(answer_after_end(b"" if not sent else b"answer")) as backend, Ravelin(backend.port) as tunnel, \
                Client(tunnel.port, "1.3", connect=False) as client:
            client.handshake(flush_last=False)
            if sent:
                client.tls.write(sent)
            client.close_notify()
            began = time.monotonic()
            equal(client.read_to_end(8), b"answer" if sent else b"", "data")
            equal(client.end, "clean", "the end at the client")
            check(time.monotonic() - began < 3, f"only after {time.monotonic() - began:.1f} s")
            equal(bytes(backend.connection().received), sent, "data at the backend")


def test_backend_fin_slow_client():
    """Backend FIN while a slow client is behind by megabytes: nothing is lost, clean end"""
    with Backend(source(pattern(BULK, 2))) as backend, Ravelin(backend.port) as tunnel:
        for version in VERSIONS:
            with Client(tunnel.port, version, receive_buffer=8192) as client:
                time.sleep(1)
                got = bytearray()
                while data := client.read(4096):
                    got += data
                equal(bytes(got) == pattern(BULK, 2), True, f"all data at the client ({len(got)})")
                equal(client.end, "clean", "the end")


def test_half_close_deadline():
    """A half-closed connection that rests is reset on both sides after the deadline; moving data extend it"""
    for tunnel, client, served in both_versions(source(b"bye"), half_close_timeout="2s"):
        equal(client.read_to_end(5), b"bye", "data")
        for _ in range(8):
            time.sleep(0.5)
            client.send(b"still here ")
        served().wait_received(88)
        check(served().end is None, "cut although data were moving")
        began = time.monotonic()
        served().wait_end(6, "reset")
        check(1 < time.monotonic() - began < 5, f"after {time.monotonic() - began:.1f} s instead of 2")
        equal(tunnel.closed_from(client.address)["reason"], "half_close_timeout", "reason")


def test_half_close_deadline_for_an_answer():
    """The same the other way: the client has ended, the backend never answers"""
    def silent(served):
        served.drain()
        try:
            served.sock.settimeout(15)
            time.sleep(0.5)
            while True:
                served.sock.send(b"")
                error = served.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if error:
                    served.cut = error
                    return
                time.sleep(0.05)
        except OSError as error:
            served.cut = error.errno
    for tunnel, client, served in both_versions(silent, half_close_timeout="2s"):
        client.close_notify()
        began = time.monotonic()
        client.read_to_end(8)
        equal(client.end in ("reset", "truncated"), True, f"the client's end was {client.end}")
        check(1 < time.monotonic() - began < 5, f"after {time.monotonic() - began:.1f} s instead of 2")
        eventually(lambda: getattr(served(), "cut", None), 5, "the backend is reset")
        equal(tunnel.closed_from(client.address)["reason"], "half_close_timeout", "reason")


def test_backend_reset():
    """Backend reset in the middle of an answer: what came is delivered, then an end without close_notify"""
    for tunnel, client, served in both_versions(source_then_reset(pattern(100000, 4))):
        got = client.read_to_end(5)
        equal(got == pattern(100000, 4)[: len(got)], True, "what was delivered is a prefix")
        check(client.end in ("reset", "truncated"), f"the client's end was {client.end}")
        equal(tunnel.closed_from(client.address)["reason"], "backend_lost", "reason")


def test_backend_reset_without_data():
    """Backend reset at once: an end without close_notify"""
    for tunnel, client, served in both_versions(lambda s: reset(s.sock)):
        client.read_to_end(5)
        check(client.end in ("reset", "truncated"), f"the client's end was {client.end}")
        equal(tunnel.closed_from(client.address)["reason"], "backend_lost", "reason")


def test_backend_reset_while_uploading():
    """Backend reset during an upload: the client is reset, soon"""
    def taste(served):
        served.read()
        reset(served.sock)
    for tunnel, client, served in both_versions(taste):
        try:
            for _ in range(400):
                client.send(bytes(65536))
        except (ConnectionResetError, BrokenPipeError):
            client.end = "reset"
        client.read_to_end(5)
        check(client.end in ("reset", "truncated"), f"the client's end was {client.end}")
        equal(tunnel.closed_from(client.address)["reason"], "backend_lost", "reason")


def test_backend_unreachable():
    """Backend refuses the connection: a TLS end without close_notify, reason backend_unreachable"""
    with Ravelin(free_port()) as tunnel:
        for version in VERSIONS:
            with Client(tunnel.port, version) as client:
                equal(client.read_to_end(5), b"", "data")
                check(client.end in ("reset", "truncated"), f"the client's end was {client.end}")
                equal(tunnel.closed_from(client.address)["reason"], "backend_unreachable", "reason")


def test_backend_silent_and_lost():
    """Backend behind a pulled cable: connect times out; an established one is lost; never a clean end"""
    with Hosts("server", "backend") as hosts:
        with hosts.inside("backend"):
            backend = Backend(echo, host="10.77.1.2", port=1935)
        with backend, Ravelin("10.77.1.2:1935", listen="127.0.0.1:443", netns=hosts["server"], connect_timeout="2s", user_timeout="4s") as tunnel, hosts.inside("server"):
            with Client(443) as client, Client(443) as second:
                client.send(b"hello")
                client.read_exactly(5)
                hosts.pull("backend")
                client.send(b"into the void")
                began = time.monotonic()
                with Client(443) as late:
                    late.read_to_end(10)
                    check(late.end in ("reset", "truncated"), f"end after a connect timeout: {late.end}")
                    check(1 < time.monotonic() - began < 5, f"connect timed out after {time.monotonic() - began:.1f} s")
                    equal(tunnel.closed_from(late.address)["reason"], "backend_timeout", "reason")
                client.read_to_end(15)
                check(client.end in ("reset", "truncated"), f"end after the backend was lost: {client.end}")
                equal(tunnel.closed_from(client.address)["reason"], "backend_lost", "reason")


def test_drain_and_reload():
    """Reload: nothing. SIGTERM: nothing until the drain limit, new clients refused, then reset on both sides, reason drain"""
    for version in VERSIONS:
        with Backend(echo) as backend, Ravelin(backend.port, drain_timeout="3s") as tunnel, Client(tunnel.port, version) as client:
            client.send(b"before")
            client.read_exactly(6)
            tunnel.reload()
            client.open(1)
            client.send(b"reload")
            equal(client.read_exactly(6), b"reload", "echo after the reload")
            tunnel.terminate()
            began = time.monotonic()
            client.open(1)
            client.send(b"drains")
            equal(client.read_exactly(6), b"drains", "echo during the drain")
            try:
                Client(tunnel.port, version).sock.close()
            except (ConnectionRefusedError, ConnectionResetError):
                pass
            else:
                check(False, "a new client was taken during the drain")
            client.read_to_end(8)
            check(client.end in ("reset", "truncated"), f"the client's end was {client.end}")
            check(1.5 < time.monotonic() - began < 6, f"drained after {time.monotonic() - began:.1f} s instead of 3")
            backend.connection().wait_end(2, "reset")
            equal(tunnel.closed_from(client.address)["reason"], "drain", "reason")
            equal(tunnel.wait(5), 0, "exit code after a drain")


def test_drain_ends_early():
    """SIGTERM with the last connection closing in order: the program ends at once, exit code 0"""
    with Backend(echo) as backend, Ravelin(backend.port, drain_timeout="20s") as tunnel:
        with Client(tunnel.port) as client:
            client.send(b"x")
            client.read_exactly(1)
            tunnel.terminate()
            time.sleep(0.5)
            client.close_notify()
            equal(client.read_to_end(5), b"", "data")
            equal(client.end, "clean", "the end")
        equal(tunnel.wait(5), 0, "exit code")
