"""Certificates for the tests: root -> intermediate -> leaf, made by the OpenSSL command."""
import fcntl
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import scratch

KEYS = {
    "p256": ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "rsa": ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
    "ed25519": ["ED25519"],
}
NAMES = ("DNS:localhost", "DNS:rtmps.test", "IP:127.0.0.1")


@dataclass(frozen=True)
class Leaf:
    """An end certificate with its intermediate in one PEM file, and its key."""

    cert: Path
    key: Path
    serial: str
    pem: Path


class Authority:
    """A root and an intermediate below it."""

    def __init__(self, where, name):
        self.where, self.name = Path(where), name
        self.where.mkdir(parents=True, exist_ok=True)
        self.root = self.where / "root.pem"
        self._root_key, self._mid, self._mid_key = (self.where / f for f in ("root.key", "mid.pem", "mid.key"))
        if not self.root.exists():
            self._make()

    def leaf(self, label, key="p256", names=NAMES, days=30):
        """A certificate for `names` (in OpenSSL's `DNS:` and `IP:` form); made once per label."""
        cert, key_file, pem = (self.where / f"{label}.{e}" for e in ("crt", "key", "pem"))
        if not pem.exists():
            _new_key(key, key_file)
            extensions = f"subjectAltName={','.join(names)}\nextendedKeyUsage=serverAuth\nkeyUsage=digitalSignature\nbasicConstraints=critical,CA:false\n"
            one = self._issue(label, key_file, f"/CN={names[0].split(':', 1)[1]}", extensions, self._mid, self._mid_key, days)
            cert.write_text(one + self._mid.read_text())
            pem.write_text(key_file.read_text() + cert.read_text())
            pem.chmod(0o600)
        return Leaf(cert, key_file, _serial(cert), pem)

    def _make(self):
        _new_key("p256", self._root_key)
        _openssl("req", "-x509", "-new", "-key", self._root_key, "-out", self.root, "-days", "30", "-subj", f"/CN={self.name} root",
                 "-addext", "keyUsage=critical,keyCertSign,cRLSign")
        _new_key("p256", self._mid_key)
        extensions = "basicConstraints=critical,CA:true,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\n"
        self._mid.write_text(self._issue("mid", self._mid_key, f"/CN={self.name} intermediate", extensions, self.root, self._root_key, 30))

    def _issue(self, label, key_file, subject, extensions, issuer, issuer_key, days):
        request, ext = self.where / f"{label}.csr", self.where / f"{label}.ext"
        ext.write_text(extensions + "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n")
        _openssl("req", "-new", "-key", key_file, "-out", request, "-subj", subject)
        return _openssl("x509", "-req", "-in", request, "-CA", issuer, "-CAkey", issuer_key, "-set_serial",
                        "0x" + _random_serial(), "-days", str(days), "-extfile", ext)


def authority(name="Interop"):
    """The authority of that name, one per run."""
    where = scratch.run_folder() / "pki" / name.replace(" ", "-")
    where.mkdir(parents=True, exist_ok=True)
    with open(where / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return Authority(where, name)


def leaf(key="p256"):
    """The usual certificate (localhost, rtmps.test, 127.0.0.1) with a key of that kind."""
    return labelled("usual-" + key, key)


def labelled(label, key="p256", names=NAMES):
    """A certificate of the usual authority under a label of its own."""
    ca = authority()
    with open(ca.where / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return ca.leaf(label, key, names)


def root():
    """The file of the usual authority's root."""
    return authority().root


def _new_key(kind, path):
    _openssl("genpkey", "-algorithm", *KEYS[kind], "-out", path)
    path.chmod(0o600)


def _random_serial():
    return _openssl("rand", "-hex", "12").strip().replace("0", "1", 1)


def _serial(cert):
    return _openssl("x509", "-in", cert, "-noout", "-serial").strip().split("=")[1]


def _openssl(*arguments):
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise RuntimeError(f"openssl {arguments[0]}: {done.stderr}")
    return done.stdout
