"""F2 in operation: reload changes certificates without cutting, a broken file changes nothing, SIGTERM drains."""
import shutil
import time

from lib import pki, scratch
from lib.backend import Backend, echo
from lib.checks import check, contains, equal, eventually
from lib.client import Client, context, echoed
from lib.ravelin import Ravelin, configuration


def serial_of(client):
    """The serial number of the certificate a client was given."""
    return client.tls.getpeercert()["serialNumber"].lstrip("0")


def copied(leaf, where):
    """Puts a certificate and its key where the tunnel reads them."""
    for source, name in ((leaf.cert, "tls.crt"), (leaf.key, "tls.key")):
        shutil.copy(source, where / (name + ".new"))
        (where / (name + ".new")).rename(where / name)
    return pki.Leaf(where / "tls.crt", where / "tls.key", leaf.serial, leaf.pem)


def logged(tunnel, event, count=1):
    """Waits for log lines about an event."""
    return eventually(lambda: (found := [l for l in tunnel.lines() if l.get("event") == event])[count - 1 :] and found, 5,
                      f"{count} lines `{event}`; log: {tunnel.output()[-1500:]}")


def test_new_certificate():
    """SIGHUP with a new certificate: new connections see it, old ones live on, none is dropped meanwhile"""
    first, second = pki.leaf("p256"), pki.labelled("renewed", "rsa")
    where = scratch.folder("live")
    with Backend(echo) as backend, Ravelin(backend.port, [copied(first, where)]) as tunnel:
        with Client(tunnel.port) as old:
            equal(serial_of(old), first.serial.lstrip("0"), "certificate before")
            copied(second, where)
            with Client(tunnel.port) as still:
                equal(serial_of(still), first.serial.lstrip("0"), "certificate before the reload")
            tunnel.reload()
            logged(tunnel, "reloaded")
            with Client(tunnel.port) as new:
                equal(serial_of(new), second.serial.lstrip("0"), "certificate after")
            old.send(b"old connection")
            equal(old.read_exactly(14), b"old connection", "echo on the old connection")


def test_sessions_survive_a_reload():
    """A session from before a reload is still resumed after it, TLS 1.2 and 1.3"""
    with Backend(echo) as backend, Ravelin(backend.port) as tunnel:
        for number, version in enumerate(("1.2", "1.3"), 1):
            ctx = context(version)
            with Client(tunnel.port, ctx=ctx) as client:
                client.send(b"x")
                client.read_exactly(1)
                session = client.tls.session
                client.close_notify()
            tunnel.reload()
            logged(tunnel, "reloaded", number)
            with Client(tunnel.port, ctx=ctx, connect=False) as client:
                client.tls.session = session
                client.handshake()
                check(client.tls.session_reused, f"not resumed after a reload, {version}")


def test_broken_file():
    """A broken certificate file keeps the old one and is named in the log; a broken ravelin.toml too, with line and column"""
    where = scratch.folder("live")
    leaf = copied(pki.leaf("p256"), where)
    with Backend(echo) as backend:
        config = where / "ravelin.toml"
        port = scratch.free_port()
        good = configuration(f"127.0.0.1:{port}", f"127.0.0.1:{backend.port}", [leaf], {})
        config.write_text(good)
        with Ravelin(config=config) as tunnel:
            (where / "tls.crt").write_text("-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n")
            tunnel.reload()
            contains(str(logged(tunnel, "reload_failed")[0]), "tls.crt", "the fault")
            echoed(port)
            copied(pki.leaf("p256"), where)
            config.write_text(good.replace('target = ', 'handshake-timeout = "soon"\ntarget = '))
            line = config.read_text().split('"soon"')[0].count("\n") + 1
            tunnel.reload()
            contains(str(logged(tunnel, "reload_failed", 2)[1]), f"ravelin.toml:{line}:", "the place of the fault")
            echoed(port)
            config.write_text(good)
            tunnel.reload()
            logged(tunnel, "reloaded")
            echoed(port)


def test_reload_changes_the_backend():
    """A reload with another backend: new connections go there, old ones stay"""
    with Backend(echo) as one, Backend(echo) as two:
        where, port = scratch.folder("live"), scratch.free_port()
        config = where / "ravelin.toml"
        config.write_text(configuration(f"127.0.0.1:{port}", f"127.0.0.1:{one.port}", [pki.leaf()], {}))
        with Ravelin(config=config) as tunnel, Client(port) as old:
            old.send(b"x")
            old.read_exactly(1)
            config.write_text(configuration(f"127.0.0.1:{port}", f"127.0.0.1:{two.port}", [pki.leaf()], {}))
            tunnel.reload()
            logged(tunnel, "reloaded")
            echoed(port)
            old.send(b"y")
            equal(old.read_exactly(1), b"y", "echo on the old connection")
            equal((len(one.connections), len(two.connections)), (1, 1), "connections per backend")


def test_reload_during_drain_and_second_term():
    """SIGHUP during a drain does not bring listeners back; a second SIGTERM ends at once"""
    with Backend(echo) as backend, Ravelin(backend.port) as tunnel, Client(tunnel.port) as client:
        client.send(b"x")
        client.read_exactly(1)
        tunnel.terminate()
        eventually(lambda: any(l.get("event") == "draining" for l in tunnel.lines()), 5, "it says that it drains")
        tunnel.reload()
        time.sleep(0.5)
        try:
            Client(tunnel.port).sock.close()
            check(False, "a new client was taken during the drain")
        except (ConnectionRefusedError, ConnectionResetError):
            pass
        client.send(b"y")
        equal(client.read_exactly(1), b"y", "echo during the drain")
        tunnel.terminate()
        tunnel.wait(5)
