//! `ravelin cert inspect`, `lint` and `expiry` as people and scripts call them.

mod support;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Output, Stdio},
};
use support::{Folder, text};

impl Folder {
    /// With a root, and what it issued.
    fn new() -> Folder {
        let folder = Folder::empty();
        folder.done("self-sign --ca --new-key root.key --subject CN=Root --out root.pem");
        folder.done("new-key --out leaf.key");
        folder.done(
            "issue --ca root.pem --ca-key root.key --key leaf.key --name dns:localhost --name ip:127.0.0.1 --out leaf.pem \
             --not-before 2026-06-01T00:00:00Z --not-after 2026-12-04T00:00:00Z --time 2026-06-01T00:00:00Z --serial 0a \
             --issuer-url http://ca.example/root.cer --ocsp-url http://ca.example/ocsp",
        );
        folder
    }

    fn run(&self, words: &str) -> Output {
        let mut command = self.command(&format!("cert {words}"));
        command.env("RAVELIN_TEST_PASSWORD", "swordfish").output().unwrap()
    }

    /// What it says on standard output, and its exit code.
    fn said(&self, words: &str) -> (String, i32) {
        let output = self.run(words);
        assert_eq!(text(&output.stderr), "", "{words}");
        (text(&output.stdout), output.status.code().unwrap())
    }

    fn done(&self, words: &str) -> String {
        let output = self.run(words);
        assert_eq!(output.status.code(), Some(0), "{words}: {}", text(&output.stderr));
        text(&output.stdout)
    }

    fn json(&self, words: &str) -> Value {
        serde_json::from_str(&self.done(&format!("{words} --json"))).unwrap()
    }

    /// The one line on standard error.
    fn refused(&self, exit: i32, words: &str) -> String {
        let output = self.run(words);
        let line = text(&output.stderr);
        assert_eq!(output.status.code(), Some(exit), "{words}: {line}");
        assert_eq!(line.matches('\n').count(), 1, "{words}: {line}");
        line.strip_prefix("ravelin: ").unwrap().trim_end().to_owned()
    }
}

/// A TLS server with `leaf.pem`; killed when it is dropped.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(folder: &Folder, options: &[&str]) -> Server {
        let mut child = Command::new(env!("CARGO_BIN_EXE_ravelin"))
            .args([
                "tunnel",
                "--listen",
                "127.0.0.1:0",
                "--to",
                "127.0.0.1:9",
                "--cert",
                "leaf.pem",
            ])
            .args(["--key", "leaf.key", "--workers", "1"])
            .args(options)
            .current_dir(folder.path(""))
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let line = lines.find(|line| line.as_ref().unwrap().contains("event=listening")).unwrap();
        let address = line.unwrap().split("address=").nth(1).unwrap().trim().to_owned();
        // Whatever else it says must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Server { child, address }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn der(pem: &str) -> Vec<u8> {
    let base64: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    STANDARD.decode(base64).unwrap()
}

#[test]
fn every_field_of_a_certificate_is_shown() {
    let folder = Folder::new();
    let shown = folder.done("inspect leaf.pem");
    for line in [
        "leaf.pem 1: certificate\n",
        "  subject              CN=localhost\n",
        "  names                dns:localhost, ip:127.0.0.1\n",
        "  not after            2026-12-04T00:00:00Z\n",
        "  key usage            digitalSignature\n",
        "  purposes             server-auth\n",
        "  serial               0a\n",
        "  signature algorithm  ECDSA with SHA-256\n",
        "    algorithm   ECDSA P-256\n",
        "    - name      basic constraints\n      oid       2.5.29.19\n      critical  yes\n",
        "        - method    OCSP\n          location  uri:http://ca.example/ocsp\n",
    ] {
        assert!(shown.contains(line), "{line}{shown}");
    }
    let value = folder.json("inspect leaf.pem");
    assert_eq!((&value["schema"], &value["handshake"]), (&json!(1), &Value::Null));
    let item = &value["items"][0];
    let bytes = der(&folder.read("leaf.pem"));
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &bytes);
    let digits = u128::from_be_bytes(hash.as_ref()[..16].try_into().unwrap());
    let rest = u128::from_be_bytes(hash.as_ref()[16..].try_into().unwrap());
    let hex = format!("{digits:032x}{rest:032x}");
    assert_eq!((&item["kind"], &item["sha256"]), (&json!("certificate"), &json!(hex)));
    assert_eq!(item["sha1"].as_str().map(str::len), Some(40));
    assert_eq!(item["public_key"]["pin_sha256"].as_str().map(str::len), Some(44));
    assert_eq!(item["extensions"].as_array().map(Vec::len), Some(7));
}

#[test]
fn every_kind_of_file_is_known_by_itself() {
    let folder = Folder::new();
    folder.write(
        "chain.pem",
        folder.read("leaf.pem") + &folder.read("root.pem") + &folder.read("leaf.key"),
    );
    folder.write("leaf.der", der(&folder.read("leaf.pem")));
    folder.done("request --key leaf.key --name dns:a.example --out asked.pem");
    folder.write("asked.der", der(&folder.read("asked.pem")));
    folder.done("pkcs12 --export --cert leaf.pem --key leaf.key --out id.p12 --password-env RAVELIN_TEST_PASSWORD");
    let key = rcgen::KeyPair::from_pem(&folder.read("root.key")).unwrap();
    folder.write("public.der", der(&key.public_key_pem()));
    let issuer = rcgen::Issuer::from_ca_cert_pem(&folder.read("root.pem"), key).unwrap();
    let list = rcgen::CertificateRevocationListParams {
        this_update: rcgen::date_time_ymd(2026, 11, 1),
        next_update: rcgen::date_time_ymd(2026, 12, 1),
        crl_number: rcgen::SerialNumber::from(7),
        issuing_distribution_point: None,
        revoked_certs: vec![rcgen::RevokedCertParams {
            serial_number: rcgen::SerialNumber::from(10),
            revocation_time: rcgen::date_time_ymd(2026, 11, 2),
            reason_code: Some(rcgen::RevocationReason::Superseded),
            invalidity_date: None,
        }],
        key_identifier_method: rcgen::KeyIdMethod::Sha256,
    };
    let crl = list.signed_by(&issuer).unwrap();
    folder.write("list.pem", crl.pem().unwrap());
    folder.write("list.der", crl.der());
    // The whole of an answer that says only "try again later" (RFC 6960, section 4.2.1).
    folder.write("later.der", [0x30, 3, 0x0a, 1, 3]);
    for (words, kinds) in [
        ("chain.pem", &["certificate", "certificate", "private-key"] as &[&str]),
        ("leaf.der", &["certificate"]),
        ("asked.pem", &["request"]),
        ("asked.der", &["request"]),
        ("list.pem", &["crl"]),
        ("list.der", &["crl"]),
        ("later.der", &["ocsp-response"]),
        ("public.der", &["public-key"]),
        ("leaf.key", &["private-key"]),
        ("id.p12 --password-env RAVELIN_TEST_PASSWORD", &["certificate", "private-key"]),
    ] {
        let value = folder.json(&format!("inspect {words}"));
        let found: Vec<&str> = value["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["kind"].as_str().unwrap())
            .collect();
        assert_eq!(found, kinds, "{words}");
    }
    let shown = folder.json("inspect list.der");
    assert_eq!(
        shown["items"][0]["entries"],
        json!([{ "serial": "0a", "time": "2026-11-02T00:00:00Z", "reason": "superseded", "invalid_since": null,
            "certificate_issuer": null }])
    );
    let shown = folder.json("inspect asked.pem");
    assert_eq!(shown["items"][0]["signed_by_its_key"], true);
    let secret: String = folder.read("leaf.key").lines().nth(1).unwrap()[10..40].into();
    assert!(!folder.done("inspect leaf.key").contains(&secret));

    folder.write("text", "hello");
    assert_eq!(folder.refused(2, "inspect text"), "text: is neither PEM nor DER");
    folder.write("other.der", [0x30, 3, 2, 1, 5]);
    let line = folder.refused(2, "inspect other.der");
    assert!(line.starts_with("other.der: part 1: is DER, but no certificate"), "{line}");
    let line = folder.refused(2, "inspect nope.pem");
    assert!(line.starts_with("nope.pem: cannot be read"), "{line}");
    let line = folder.refused(2, "inspect id.p12 --password-file leaf.pem");
    assert_eq!(line, "id.p12: cannot be opened: is the password right?");
}

#[test]
fn a_server_shows_its_certificates_whatever_they_are_worth() {
    let folder = Folder::new();
    folder.write("leaf.pem", folder.read("leaf.pem") + &folder.read("root.pem"));
    for version in ["1.2", "1.3"] {
        let server = Server::start(&folder, &["--max-version", version]);
        let value = folder.json(&format!("inspect {}", server.address));
        assert_eq!(value["handshake"]["version"], format!("TLSv{version}"));
        let subjects: Vec<&Value> =
            value["items"].as_array().unwrap().iter().map(|one| &one["subject"]).collect();
        assert_eq!(subjects, ["CN=localhost", "CN=Root"]);
        let shown = folder.done(&format!("inspect {} --servername other.example", server.address));
        assert!(
            shown.starts_with(&format!("{}\n  version  TLSv{version}\n", server.address)),
            "{shown}"
        );
        let (lines, exit) =
            folder.said(&format!("expiry --time 2026-11-22T00:00:00Z {}", server.address));
        let line = format!("RENEW 12 2026-12-04 {}\n", server.address);
        assert!(exit == 1 && lines.starts_with(&line), "{lines}");
    }
}

#[test]
fn a_server_that_does_not_answer_is_undecided() {
    let folder = Folder::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let answering = std::thread::spawn(move || {
        use std::io::{Read as _, Write as _};
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]);
        stream.write_all(b"220 mail.example ESMTP\r\n").unwrap();
    });
    let line = folder.refused(3, &format!("inspect {address}"));
    assert_eq!(line, format!("{address}: the server answers with something that is no TLS"));
    answering.join().unwrap();
    let line = folder.refused(3, &format!("inspect {address}"));
    assert!(line.starts_with(&format!("{address}: no connection to {address}: ")), "{line}");
    let line = folder.refused(3, &format!("expiry {address} leaf.pem"));
    assert!(line.starts_with(&format!("{address}: ")), "{line}");
    let line = folder.refused(3, "inspect host.invalid:443");
    assert!(line.starts_with("host.invalid:443: the host is not found: "), "{line}");
}

#[test]
fn lint_tells_rules_with_their_sections() {
    let folder = Folder::new();
    assert_eq!(
        folder.said("lint leaf.pem root.pem"),
        (
            "leaf.pem: certificate 1, CN=localhost: clean\nroot.pem: certificate 1, CN=Root: clean\n".into(),
            0
        )
    );
    let mut params = rcgen::CertificateParams::new(Vec::<String>::new()).unwrap();
    params.distinguished_name.push(rcgen::DnType::CommonName, "odd.example");
    params.serial_number = Some(rcgen::SerialNumber::from_slice(&[1; 21]));
    let key = rcgen::KeyPair::generate().unwrap();
    folder.write("odd.pem", params.self_signed(&key).unwrap().pem());
    let (lines, exit) = folder.said("lint odd.pem leaf.pem");
    assert_eq!(exit, 1);
    assert!(lines.contains("    serial-too-long (RFC 5280, section 4.1.2.2)\n"), "{lines}");
    assert!(lines.contains("    subject-alt-name-missing (BR, section 7.1.2.7.12)\n"), "{lines}");
    assert!(lines.ends_with("leaf.pem: certificate 1, CN=localhost: clean\n"), "{lines}");
    let (lines, exit) = folder.said("lint odd.pem --profile rfc5280");
    assert!(exit == 1 && !lines.contains("(BR, "), "{lines}");
    let (lines, exit) = folder.said("lint odd.pem --profile interop");
    assert!(exit == 0 && lines.contains("no errors, "), "a warning is no error: {lines}");

    let (lines, exit) = folder.said("lint odd.pem --json");
    let value: Value = serde_json::from_str(&lines).unwrap();
    assert_eq!((exit, &value["clean"]), (1, &json!(false)));
    assert_eq!(value["profiles"], json!(["rfc5280", "webpki"]));
    let found = value["certificates"][0]["findings"].as_array().unwrap();
    let serial = found.iter().find(|one| one["rule"] == "serial-too-long").unwrap();
    assert_eq!(serial["severity"], "error");
    assert!(serial["offset"].is_u64(), "{serial}");

    let line = folder.refused(2, "lint leaf.key");
    assert_eq!(line, "leaf.key: holds no certificate; its first block is PRIVATE KEY");
    assert!(folder.refused(2, "lint").contains("required arguments were not provided"));
}

#[test]
fn every_rule_is_listed() {
    let folder = Folder::new();
    let (lines, exit) = folder.said("lint --list");
    assert_eq!(exit, 0);
    let rule = "sha1-signature                 warning  error    error    warning\n    SHA-1 does not bind";
    assert!(lines.contains(rule), "{lines}");
    let rules = folder.json("lint --list")["rules"].take();
    let rules = rules.as_array().unwrap();
    assert_eq!(rules.len(), ravelin_trust::Rule::all().count());
    assert_eq!(lines.lines().count(), 2 * rules.len() + 1);
    assert!(rules.iter().all(|rule| rule["section"].as_str().is_some_and(|one| !one.is_empty())));
}

#[test]
fn expiry_has_a_line_for_each_certificate_and_an_exit_code_for_all() {
    let folder = Folder::new();
    let at = |time: &str, more: &str| folder.said(&format!("expiry --time {time} leaf.pem {more}"));
    assert_eq!(at("2026-11-01T00:00:00Z", ""), ("OK 33 2026-12-04 leaf.pem\n".into(), 0));
    assert_eq!(at("2026-11-22T00:00:00Z", ""), ("RENEW 12 2026-12-04 leaf.pem\n".into(), 1));
    assert_eq!(at("2026-11-22T00:00:00Z", "--within 1w").1, 0);
    assert_eq!(at("2026-12-04T00:00:01Z", ""), ("EXPIRED -1 2026-12-04 leaf.pem\n".into(), 1));
    let (lines, exit) = at("2026-11-22T00:00:00Z", "root.pem --within 24h");
    assert!(exit == 0 && lines.lines().count() == 2 && lines.contains(" root.pem\n"), "{lines}");
    let (line, exit) = at("2026-11-22T00:00:00Z", "--json");
    let value: Value = serde_json::from_str(&line).unwrap();
    assert_eq!((exit, &value["time"]), (1, &json!("2026-11-22T00:00:00Z")));
    let row = &value["certificates"][0];
    assert_eq!(
        (&row["state"], &row["days"], &row["number"]),
        (&json!("RENEW"), &json!(12), &json!(1))
    );

    // What cannot be read hides nothing else.
    let output = folder.run("expiry nope.pem leaf.pem --time 2026-11-01T00:00:00Z");
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(text(&output.stdout), "OK 33 2026-12-04 leaf.pem\n");
    assert_eq!(text(&output.stderr).matches('\n').count(), 1);
    assert!(
        folder.refused(2, "expiry leaf.pem --within soon").contains("`soon` is no span of time")
    );
    assert!(folder.refused(2, "expiry").contains("required arguments were not provided"));
}
