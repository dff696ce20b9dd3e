"""F3: the terminator's own name decides; several certificates on one listener, chosen by server name."""
import ssl


from lib import pki
from lib.backend import Backend, echo
from lib.checks import check, contains, equal, need
from lib.client import Client, context
from lib.namespaces import Hosts
from lib.process import run
from lib.ravelin import Ravelin


def certificates():
    """default.test first, then exact names and a wildcard, with different kinds of keys."""
    return {
        "default": pki.labelled("default", "p256", ("DNS:default.test",)),
        "exact": pki.labelled("exact", "rsa", ("DNS:exact.test", "DNS:second.exact.test")),
        "wild": pki.labelled("wild", "ed25519", ("DNS:*.wild.test",)),
        "inside": pki.labelled("inside", "p256", ("DNS:inside.wild.test",)),
    }


def served(port, name):
    """The certificate a client gets that asks for `name` (None: says no name), as DER."""
    ctx = context(verify=False)
    with Client(port, name=name, ctx=ctx) as client:
        return client.tls.getpeercert(True)


def test_chosen_by_name():
    """Exact name, wildcard (one label), exact before wildcard, upper case, default for unknown and for no name"""
    leaves = certificates()
    der = {n: ssl.PEM_cert_to_DER_cert(l.cert.read_text().split("-----END CERTIFICATE-----")[0] + "-----END CERTIFICATE-----\n") for n, l in leaves.items()}
    by_der = {d: n for n, d in der.items()}
    with Backend(echo) as backend, Ravelin(backend.port, list(leaves.values())) as tunnel:
        for name, expected in (("exact.test", "exact"), ("second.exact.test", "exact"), ("EXACT.Test", "exact"), ("any.wild.test", "wild"),
                               ("inside.wild.test", "inside"), ("two.labels.wild.test", "default"), ("wild.test", "default"),
                               ("unknown.test", "default"), (None, "default"), ("default.test", "default")):
            equal(by_der.get(served(tunnel.port, name)), expected, f"certificate for {name}")


def test_verifies_by_chosen_name():
    """A strict openssl client verifies each name against the certificate it is given, and the name is logged"""
    need("openssl")
    with Backend(echo) as backend, Ravelin(backend.port, list(certificates().values())) as tunnel:
        for name in ("default.test", "exact.test", "any.wild.test", "inside.wild.test"):
            for version in ("-tls1_2", "-tls1_3"):
                done = run("openssl", "s_client", "-connect", f"127.0.0.1:{tunnel.port}", "-servername", name, "-CAfile", pki.root(),
                           "-verify_return_error", "-verify_hostname", name, version, input="")
                contains(done.output, "Verify return code: 0 (ok)", name)
        names = [l.get("sni") for l in tunnel.closed()]
        check({"exact.test", "any.wild.test"} <= set(names), f"names in the log: {names}")


def test_second_host():
    """The tunnel on a host of its own, the backend on another: clients use the tunnel's name"""
    need("openssl", "curl")
    front = pki.labelled("front", "p256", ("DNS:front.test", "IP:10.77.1.1"))
    with Hosts("front", "client", "back") as hosts:
        with hosts.inside("back"):
            backend = Backend(echo, host="10.77.2.2", port=1935)
        with backend, Ravelin("10.77.2.2:1935", [front], listen="10.77.1.1:443", netns=hosts["front"]), hosts.inside("client"):
            for name in ("front.test", "10.77.1.1"):
                with Client(443, host="10.77.1.1", name=name) as client:
                    client.send(b"over two hosts")
                    equal(client.read_exactly(14), b"over two hosts", "echo")
                    equal(backend.connections[-1].address[0], "10.77.2.1", "the backend sees the tunnel's host")
            done = run("openssl", "s_client", "-connect", "10.77.1.1:443", "-servername", "back.test", "-CAfile", pki.root(),
                       "-verify_return_error", "-verify_hostname", "back.test", input="", netns=hosts["client"])
            contains(done.output, "ostname mismatch", "a client that uses the backend's name is not served under it")
