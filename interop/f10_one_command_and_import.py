"""F10: one command is enough, and a stunnel.conf can be taken over."""
from lib import pki, scratch
from lib.backend import Backend, echo
from lib.checks import check, contains, equal
from lib.client import Client, echoed
from lib.ravelin import Ravelin, ravelin

CONF = """\
; an ordinary file, as the articles show it
pid = /run/stunnel4.pid
setuid = stunnel4
debug = 5
socket = l:TCP_NODELAY=1
cert = {pem}
sslVersionMin = TLSv1.2

[rtmps]
accept = 127.0.0.1:{first}
connect = 127.0.0.1:{one}
TIMEOUTclose = 5

[second]
accept = 127.0.0.1:{second}
connect = {two}
cert = {cert}
key = {key}
protocol = proxy
"""


def test_one_command():
    """One command with four words serves; without certificate it says in one line what is missing, exit 2"""
    with Backend(echo) as backend, Ravelin(backend.port) as tunnel:
        echoed(tunnel.port)
    done = ravelin("tunnel", "--listen", f"127.0.0.1:{scratch.free_port()}", "--to", "127.0.0.1:1935")
    equal(done.returncode, 2, "exit code without a certificate")
    contains(done.stderr, "cert", "what is missing")


def test_faults_are_named():
    """A wrong key file, a missing file, a taken port: exit 2 or 1 with the file or address named"""
    leaf, other = pki.leaf("p256"), pki.leaf("rsa")
    for cert, key, word in ((leaf.cert, other.key, other.key.name), (leaf.cert, "/nowhere/key.pem", "/nowhere/key.pem"), (leaf.key, leaf.key, leaf.key.name)):
        done = ravelin("tunnel", "--listen", f"127.0.0.1:{scratch.free_port()}", "--to", "127.0.0.1:1935", "--cert", cert, "--key", key)
        equal(done.returncode, 2, f"exit code for {cert.name} with {key}: {done.stderr}")
        contains(done.stderr, word, "the fault")
    with Backend(echo) as taken:
        done = ravelin("tunnel", "--listen", f"127.0.0.1:{taken.port}", "--to", "127.0.0.1:1935", "--cert", leaf.cert, "--key", leaf.key)
        check(done.returncode != 0, "it started on a taken port")
        contains(done.stderr, str(taken.port), "the fault")


def test_import_of_stunnel_conf():
    """`ravelin tunnel import stunnel.conf` gives a ravelin.toml that runs, services, certificates and PROXY header kept"""
    where = scratch.folder("import")
    one_leaf, two_leaf = pki.leaf("p256"), pki.labelled("second", "rsa", ("DNS:second.test",))
    with Backend(echo) as one, Backend(echo) as two:
        first, second = scratch.free_port(), scratch.free_port()
        conf = where / "stunnel.conf"
        conf.write_text(CONF.format(pem=one_leaf.pem, cert=two_leaf.cert, key=two_leaf.key, first=first, second=second, one=one.port, two=two.port))
        done = ravelin("tunnel", "import", conf)
        equal(done.returncode, 0, f"exit code: {done.stderr}")
        contains(done.stdout, "[service.", "the translated file")
        contains(done.stdout + done.stderr, "setuid", "what was not carried over is said")
        made = where / "ravelin.toml"
        made.write_text(done.stdout)
        with Ravelin(config=made):
            echoed(first)
            with Client(second, name="second.test") as client:
                client.send(b"hello")
                client.read_exactly(5)
                served = two.connection()
                contains(bytes(served.received), b"PROXY TCP4 127.0.0.1 127.0.0.1 %d %d\r\n" % (client.address[1], second), "PROXY header at the second backend")
