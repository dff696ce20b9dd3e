"""F2 seen by scanners: testssl.sh and sslyze find nothing above LOW, certificates apart."""
import json
import os
import shutil
from pathlib import Path

from lib import pki, scratch
from lib.backend import Backend
from lib.checks import Skipped, check, equal
from lib.marks import slow
from lib.process import run
from lib.ravelin import Ravelin

GRAVE = {"MEDIUM", "HIGH", "CRITICAL"}
# What a scanner says about the test's own certificate, its root and its name.
OF_CERTIFICATE = ("cert", "OCSP", "CRL", "DNS_CAA", "chain", "cn", "SAN", "CAA", "security_headers", "HSTS")


def http(served):
    """Enough of a web server for scanners that ask one question after the handshake."""
    while b"\r\n\r\n" not in served.received:
        if not served.read():
            return
    served.send(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n")


def sslyze():
    """The sslyze command: on the path, or in target/sslyze (see README.md)."""
    own = Path(__file__).resolve().parents[1] / "target" / "sslyze" / "bin" / "sslyze"
    found = os.environ.get("RAVELIN_SSLYZE") or shutil.which("sslyze") or (str(own) if own.exists() else None)
    if not found:
        raise Skipped("not installed: sslyze")
    return found


@slow
def test_testssl():
    """testssl.sh: protocols, ciphers, forward secrecy, server defaults, cipher order, vulnerabilities: nothing above LOW"""
    program = shutil.which("testssl") or shutil.which("testssl.sh")
    if not program:
        raise Skipped("not installed: testssl.sh")
    with Backend(http) as backend, Ravelin(backend.port, [pki.leaf("p256")]) as tunnel:
        out = scratch.folder("testssl") / "out.json"
        done = run(program, "--quiet", "--color", "0", "--warnings", "off", "--add-ca", pki.root(), "--jsonfile", out,
                   "-p", "-s", "-f", "-S", "-P", "-U", f"localhost:{tunnel.port}", timeout=170)
        check(out.exists(), f"no report: {done.output[-1500:]}")
        findings = json.loads(out.read_text())
        by_id = {f["id"]: f for f in findings}
        grave = [f"{f['id']}: {f['severity']} {f['finding']}" for f in findings if f["severity"] in GRAVE and not f["id"].startswith(OF_CERTIFICATE)]
        equal(grave, [], "findings above LOW")
        for protocol, offered in (("SSLv2", False), ("SSLv3", False), ("TLS1", False), ("TLS1_1", False), ("TLS1_2", True), ("TLS1_3", True)):
            equal("not offered" not in by_id[protocol]["finding"], offered, f"{protocol}: {by_id[protocol]['finding']}")
        order = by_id.get("cipher_order") or by_id.get("cipher_order-tls1_2")
        check(order and order["severity"] == "OK", f"cipher order: {order}")
        curves = by_id.get("FS_ECDHE_curves") or by_id.get("PFS_ECDHE_curves")
        check(curves and "X25519" in curves["finding"], f"curves: {curves}")
        print(f"{len(findings)} findings, {sum(f['severity'] == 'LOW' for f in findings)} of them LOW: "
              + ", ".join(f["id"] for f in findings if f["severity"] == "LOW"))


def test_sslyze():
    """sslyze: versions, suites, curves, resumption, renegotiation, compression, ROBOT, Heartbleed, CCS, early data: clean"""
    program = sslyze()
    for kind in ("p256", "rsa"):
        with Backend(http) as backend, Ravelin(backend.port, [pki.leaf(kind)]) as tunnel:
            out = scratch.folder("sslyze") / "out.json"
            done = run(program, "--json_out", out, "--sslv2", "--sslv3", "--tlsv1", "--tlsv1_1", "--tlsv1_2", "--tlsv1_3", "--elliptic_curves", "--resum",
                       "--reneg", "--compression", "--robot", "--heartbleed", "--openssl_ccs", "--early_data", "--fallback", "--ems",
                       "--mozilla_config", "disable", f"localhost:{tunnel.port}", timeout=100)
            check(out.exists(), f"no report: {done.output[-1500:]}")
            report = json.loads(out.read_text())["server_scan_results"][0]
            equal(report["scan_status"], "COMPLETED", f"scan: {done.output[-800:]}")
            found = {}
            for name, part in report["scan_result"].items():
                if part and part["status"] == "COMPLETED":
                    found[name] = part["result"]
                elif part and part["status"] == "ERROR":
                    check(False, f"sslyze {name} failed: {part['error_reason']} {str(part['error_trace'])[-600:]}")
            for old in ("ssl_2_0", "ssl_3_0", "tls_1_0", "tls_1_1"):
                equal(found[old + "_cipher_suites"]["accepted_cipher_suites"], [], f"{old} suites")
            for now in ("tls_1_2", "tls_1_3"):
                suites = [s["cipher_suite"]["name"] for s in found[now + "_cipher_suites"]["accepted_cipher_suites"]]
                check(suites and all("GCM" in s or "CHACHA20" in s for s in suites), f"{now} suites: {suites}")
                check(now == "tls_1_3" or all("ECDHE" in s for s in suites), f"{now} suites without forward secrecy: {suites}")
            curves = {c["name"] for c in found["elliptic_curves"]["supported_curves"]}
            check({"X25519", "secp256r1"} <= curves, f"curves: {curves}")
            for name, key, wanted in (("heartbleed", "is_vulnerable_to_heartbleed", False), ("openssl_ccs_injection", "is_vulnerable_to_ccs_injection", False),
                                      ("tls_compression", "supports_compression", False), ("tls_1_3_early_data", "supports_early_data", False),
                                      ("session_renegotiation", "is_vulnerable_to_client_renegotiation_dos", False),
                                      ("session_renegotiation", "supports_secure_renegotiation", True),
                                      ("tls_extended_master_secret", "supports_ems_extension", True)):
                equal(found[name][key], wanted, f"{name}.{key}")
            check("NOT_VULNERABLE" in found["robot"]["robot_result"], f"ROBOT: {found['robot']}")
            resumption = found["session_resumption"]
            equal(resumption["session_id_resumption_result"], "FULLY_SUPPORTED", "resumption by session id")
            # For tickets sslyze asks that a resumed session gets no new one, which RFC 5077 (section 3.3) allows;
            # resumption by ticket is proved with openssl and Node.
