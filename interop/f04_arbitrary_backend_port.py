"""F4: from 443 to whatever port the backend has."""
from lib import pki
from lib.backend import Backend, source
from lib.checks import equal
from lib.client import Client
from lib.namespaces import Hosts
from lib.ravelin import Ravelin


def test_443_to_80():
    """The usual figure: TLS on 443, plain on 80 of the same host, both privileged ports"""
    with Hosts("server", "client") as hosts:
        with hosts.inside("server"):
            backend = Backend(source(b"from port 80"), port=80)
        leaf = pki.labelled("ghosts", "p256", ("DNS:localhost",))
        with backend, Ravelin(80, [leaf], listen="10.77.1.1:443", netns=hosts["server"]), hosts.inside("client"):
            with Client(443, host="10.77.1.1") as client:
                equal(client.read_to_end(5), b"from port 80", "data")
                equal(client.end, "clean", "the end")


def test_arbitrary_backend_ports():
    """Any backend port and address: two tunnels to two ports, an IPv6 backend, a name instead of an address"""
    with Backend(source(b"one")) as one, Backend(source(b"two")) as two, Backend(source(b"six"), host="::1") as six:
        targets = {one.port: b"one", f"127.0.0.1:{two.port}": b"two", f"[::1]:{six.port}": b"six", f"localhost:{two.port}": b"two"}
        for to, expected in targets.items():
            with Ravelin(to) as tunnel, Client(tunnel.port) as client:
                equal(client.read_to_end(5), expected, f"data from {to}")
