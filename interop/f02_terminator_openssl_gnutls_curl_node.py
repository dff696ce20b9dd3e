"""F2: TLS in front, plain TCP behind, for the clients people have."""
import os
import re
import subprocess
import threading
import time

from lib import pki, scratch
from lib.backend import Backend, answer_after_end, echo, source
from lib.checks import check, contains, equal, eventually, need
from lib.client import Client, echoed
from lib.process import Process, run
from lib.ravelin import Ravelin

KINDS = ("p256", "rsa", "ed25519")
VERSIONS = {"1.2": ("-tls1_2", "TLSv1.2"), "1.3": ("-tls1_3", "TLSv1.3")}


def s_client(port, *options, input="", name="localhost", timeout=20):
    """`openssl s_client`, strict, with `input` typed."""
    return run("openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-servername", name, "-CAfile", pki.root(),
               "-verify_return_error", "-verify_hostname", name, *options, input=input, timeout=timeout)


def ask(command, port_says, text, expected, timeout=15, env=None):
    """Runs an interactive client, types `text`, waits for `expected` and closes its input."""
    with Process("client", command, stdin=subprocess.PIPE, env=env) as client:
        client.wait_output(port_says, timeout)
        client.child.stdin.write(text)
        client.child.stdin.flush()
        eventually(lambda: client.output().count(expected) >= 1, timeout, f"{expected!r} comes back; output: {client.output()[-1200:]}")
        client.child.stdin.close()
        code = client.wait(timeout)
        return code, client.output()


def test_openssl_versions_and_keys():
    """openssl s_client, TLS 1.2 and 1.3, P-256, RSA and Ed25519: verified, data echoed"""
    need("openssl")
    with Backend(echo) as backend:
        for kind in KINDS:
            with Ravelin(backend.port, [pki.leaf(kind)]) as tunnel:
                for option, version in VERSIONS.values():
                    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{tunnel.port}", "-servername", "localhost", "-CAfile", pki.root(),
                               "-verify_return_error", "-verify_hostname", "localhost", option]
                    _, output = ask(command, "Verify return code", b"through openssl\n", "through openssl")
                    contains(output, "Verify return code: 0 (ok)", f"{kind} {version}")
                    check(re.search(rf"New, {re.escape(version)}, Cipher is (TLS_AES|TLS_CHACHA|ECDHE)", output), f"{kind}: no {version} in {output[-800:]}")


def test_openssl_old_versions_refused():
    """TLS 1.0 and 1.1 are refused with a protocol_version alert"""
    need("openssl")
    with Backend(echo) as backend, Ravelin(backend.port) as tunnel:
        for option in ("-tls1", "-tls1_1"):
            done = s_client(tunnel.port, option, "-cipher", "DEFAULT@SECLEVEL=0")
            check(done.returncode != 0, f"{option} was accepted")
            contains(done.output, "alert protocol version", option)
        eventually(lambda: len(tunnel.closed()) >= 2, 5, "both refusals are logged")
        equal({l["reason"] for l in tunnel.closed()}, {"handshake_failed"}, "reasons")
        equal(len(backend.connections), 0, "backend connections")


def test_gnutls_versions_and_keys():
    """gnutls-cli, TLS 1.2 and 1.3, P-256, RSA and Ed25519: verified, data echoed"""
    need("gnutls-cli")
    with Backend(echo) as backend:
        for kind in KINDS:
            with Ravelin(backend.port, [pki.leaf(kind)]) as tunnel:
                for version in VERSIONS:
                    priority = f"NORMAL:-VERS-ALL:+VERS-TLS{version}"
                    command = ["gnutls-cli", "--x509cafile", pki.root(), "--priority", priority, "-p", tunnel.port, "localhost"]
                    code, output = ask(command, "Simple Client Mode", b"through gnutls\n", "through gnutls")
                    contains(output, "The certificate is trusted", f"{kind} {version}")
                    contains(output, f"TLS{version}", f"{kind} {version}")
                    equal(code, 0, f"gnutls-cli exit code {kind} {version}")


def http(body):
    """A backend that answers one HTTP request and ends."""
    def role(served):
        while b"\r\n\r\n" not in served.received:
            if not served.read():
                return
        served.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body)
    return role


def test_curl():
    """curl fetches through the tunnel, TLS 1.2 and 1.3, and refuses a wrong name and a wrong root"""
    need("curl")
    body = os.urandom(300000).hex().encode()
    with Backend(http(body)) as backend, Ravelin(backend.port) as tunnel:
        url = f"https://localhost:{tunnel.port}/page"
        resolve = ("--resolve", f"localhost:{tunnel.port}:127.0.0.1", "--resolve", f"other.test:{tunnel.port}:127.0.0.1")
        for version in VERSIONS:
            done = run("curl", "-sS", "--cacert", pki.root(), f"--tlsv{version}", "--tls-max", version, *resolve, url)
            check(done.returncode == 0 and done.stdout == body, f"curl {version}: {done.stderr}")
        wrong = run("curl", "-sS", "--cacert", pki.root(), *resolve, f"https://other.test:{tunnel.port}/")
        equal(wrong.returncode, 60, "curl's exit code for a wrong name")
        strange = run("curl", "-sS", "--cacert", pki.authority("Stranger").root, *resolve, url)
        equal(strange.returncode, 60, "curl's exit code for a wrong root")


NODE = r"""
const tls = require('tls'), fs = require('fs'), crypto = require('crypto');
const [port, version, ca] = process.argv.slice(2);
const options = { port: +port, host: '127.0.0.1', servername: 'localhost', ca: fs.readFileSync(ca),
                  minVersion: version, maxVersion: version };
const data = crypto.randomBytes(700000);
function once(session, done) {
  let kept, got = Buffer.alloc(0);
  const socket = tls.connect({ ...options, session }, () => {
    if (!socket.authorized) throw new Error('not authorized: ' + socket.authorizationError);
    socket.end(data);
  });
  socket.on('session', s => { kept = s; });
  socket.on('data', d => { got = Buffer.concat([got, d]); });
  socket.on('end', () => { socket.cleanEnd = true; });
  socket.on('close', failed => {
    if (failed || !socket.cleanEnd) throw new Error('not a clean end');
    if (!got.equals(data)) throw new Error('data differ: ' + got.length);
    done(kept, socket.wasReused, socket.wasProtocol);
  });
  socket.on('secureConnect', () => { socket.wasReused = socket.isSessionReused(); socket.wasProtocol = socket.getProtocol(); });
}
once(undefined, (session, reused, protocol) => {
  if (reused) throw new Error('reused out of nothing');
  if (!session) throw new Error('no session');
  once(session, (_, again) => console.log(JSON.stringify({ protocol, reused: again })));
});
"""


def test_node():
    """Node 20's tls: 700 kB echoed over a half-closed connection, then resumption, TLS 1.2 and 1.3"""
    need("node")
    script = scratch.folder("node") / "client.js"
    script.write_text(NODE)

    def whole(served):
        served.drain()
        served.send(bytes(served.received))

    with Backend(whole) as backend, Ravelin(backend.port) as tunnel:
        for _, version in VERSIONS.values():
            done = run("node", script, tunnel.port, version, pki.root())
            equal(done.stdout.decode().strip(), f'{{"protocol":"{version}","reused":true}}', f"node {version}: {done.output[-600:]}")


def test_openssl_resumption():
    """Resumption: by ticket in 1.2 and 1.3, by session id in 1.2 with tickets off"""
    need("openssl")
    with Backend(echo) as backend, Ravelin(backend.port) as tunnel:
        for label, options in (("1.2 ticket", ["-tls1_2"]), ("1.2 session id", ["-tls1_2", "-no_ticket"]), ("1.3 ticket", ["-tls1_3"])):
            session = scratch.folder("session") / "session.pem"
            command = ["openssl", "s_client", "-connect", f"127.0.0.1:{tunnel.port}", "-servername", "localhost", "-CAfile", pki.root(), *options]
            _, first = ask([*command, "-sess_out", session], "Verify return code", b"first words\n", "first words")
            contains(first, "New, TLSv1", label)
            check(session.exists(), f"{label}: no session was given")
            for number in range(2):
                _, again = ask([*command, "-sess_in", session], "---\n", b"later words\n", "later words")
                contains(again, "Reused, TLSv1", f"{label}, {number}")
                if "1.3" in label:
                    break


def test_openssl_key_update():
    """KeyUpdate: s_client's `K` (both keys) and `k` (its own), many times, with data echoed after each"""
    need("openssl")
    with Backend(echo) as backend, Ravelin(backend.port) as tunnel:
        command = ["openssl", "s_client", "-connect", f"127.0.0.1:{tunnel.port}", "-servername", "localhost", "-CAfile", pki.root(), "-tls1_3"]
        with Process("client", command, stdin=subprocess.PIPE) as client:
            client.wait_output("Verify return code", 10)
            for number, key in enumerate("KkKKkkK"):
                client.child.stdin.write(key.encode() + b"\n")
                client.child.stdin.flush()
                client.wait_output("KEYUPDATE", 5)
                time.sleep(0.15)  # s_client takes a command only at the beginning of what it reads
                client.child.stdin.write(f"after update {number}\n".encode())
                client.child.stdin.flush()
                client.wait_output(f"after update {number}", 5)
            equal(client.output().count("KEYUPDATE"), 7, "key updates sent")


def test_half_close():
    """Half-close in both directions, TLS 1.2 and 1.3: the answer after the end arrives whole"""
    answer = os.urandom(400000)
    with Backend(answer_after_end(answer)) as backend, Ravelin(backend.port) as tunnel:
        for number, version in enumerate(VERSIONS):
            with Client(tunnel.port, version) as client:
                client.send(b"question")
                client.close_notify()
                backend.connection(number).wait_end(5, "fin")
                equal(client.read_to_end(5), answer, f"answer after the half-close, {version}")
                equal(client.end, "clean", "the end")
    with Backend(source(b"all of it")) as backend, Ravelin(backend.port) as tunnel:
        for number, version in enumerate(VERSIONS):
            with Client(tunnel.port, version) as client:
                equal(client.read_to_end(5), b"all of it", "data before the backend's end")
                equal(client.end, "clean", "the end")
                client.send(b"still uploading")
                backend.connection(number).wait_received(15)


def test_listens_on_ipv6():
    """A tunnel listening on IPv6"""
    with Backend(echo) as backend, Ravelin(backend.port, listen=f"[::1]:{scratch.free_port()}") as tunnel:
        echoed(tunnel.port, host="::1")


def test_closed_lines():
    """One log line per closed connection: reason, client, name, version, suite and bytes are right"""
    with Backend(echo) as backend, Ravelin(backend.port) as tunnel:
        for version in VERSIONS:
            with Client(tunnel.port, version, name="rtmps.test") as client:
                client.send(b"x" * 1234)
                client.read_exactly(1234)
                client.close_notify()
                client.read_to_end(5)
                line = tunnel.closed_from(client.address)
                for key, value in (("reason", "client_closed"), ("sni", "rtmps.test"), ("bytes_to_backend", 1234), ("bytes_to_client", 1234)):
                    equal(line.get(key), value, f"{key} in {line}")
                contains(str(line.get("version")), version, "version")
                check(line.get("suite"), f"no suite in {line}")


def test_many_sequential_and_parallel_short_connections():
    """300 short connections, 10 at a time, each echoed; nothing stays open"""
    with Backend(echo) as backend, Ravelin(backend.port) as tunnel:
        errors = []

        def some():
            for _ in range(30):
                try:
                    echoed(tunnel.port)
                except Exception as error:
                    errors.append(error)
        threads = [threading.Thread(target=some) for _ in range(10)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        equal(errors, [], "errors")
        eventually(lambda: all(c.end for c in backend.connections), 5, "all backend connections are gone")
        eventually(lambda: len(tunnel.closed()) == 300, 5, "300 closed lines")
