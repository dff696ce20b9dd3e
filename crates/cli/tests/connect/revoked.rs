//! A revoked certificate, however that is known: a CRL in a file or fetched, an OCSP response fetched or stapled.

use super::{
    folder::{Folder, listen, text},
    node::{Node, code},
    openssl::Server,
    statuses::KEYS,
};
use ravelin_test::has_program;
use serde_json::{Value, json};
use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpListener,
    process::{Child, ChildStderr, Command, Stdio},
};

/// OpenSSL's responses are of the moment at which they are made, so these certificates are good for years.
const DATES: &str = "--not-before 2026-06-01T00:00:00Z --not-after 2035-12-01T00:00:00Z";
const VERSIONS: [&str; 2] = ["1.2", "1.3"];

/// What `openssl ocsp` says of certificate number 0c.
const GOOD: &str = "V\t351201000000Z\t\t0C\tunknown\t/CN=a.example\n";
const REVOKED: &str = "R\t351201000000Z\t260701000000Z,keyCompromise\t0C\tunknown\t/CN=a.example\n";

fn check(folder: &Folder, port: u16, version: &str, options: &str) -> (Value, i32) {
    let output = folder.run(&format!(
        "connect 127.0.0.1:{port} --servername a.example --anchor root.pem --check --json --min-version {version} \
         --max-version {version} {options}"
    ));
    let line = text(&output.stdout);
    let answer = serde_json::from_str(&line);
    (
        answer.unwrap_or_else(|_| panic!("{line}{}", text(&output.stderr))),
        output.status.code().unwrap(),
    )
}

/// Refused within the handshake: there is no other place where the server hears of it.
fn refused((answer, exit): (Value, i32), source: &str) {
    assert_eq!((&answer["status"], exit), (&json!("revoked"), 1), "{answer}");
    assert_eq!(answer["code"], "CERT_REVOKED", "{answer}");
    assert_eq!(answer["alert_sent"], "certificate_revoked", "{answer}");
    assert_eq!(answer["handshake"], Value::Null, "{answer}");
    told(&answer, source);
}

fn told(answer: &Value, source: &str) {
    let revocation = &answer["certificate"]["revocation"][0];
    assert_eq!((&revocation["status"], &revocation["source"]), (&json!("revoked"), &json!(source)));
    let detail = revocation["detail"].as_str().unwrap();
    assert!(detail.contains("keyCompromise"), "{answer}");
}

#[test]
fn f09_revoked_by_a_list_in_a_file() {
    if !has_program("openssl", &["version"]) {
        return;
    }
    for algorithm in KEYS {
        let folder = Folder::with_keys(algorithm);
        folder.write("good.crl", folder.crl("root", &[]));
        folder.write("revoked.crl", folder.crl("root", &[10]));
        for version in VERSIONS {
            let server = Server::start(&folder, "leaf", "-naccept 2");
            let time = "--time 2026-11-22T00:00:00Z --revocation always";
            let good = check(&folder, server.port, version, &format!("{time} --crl good.crl"));
            assert_eq!((&good.0["status"], good.1), (&json!("trusted"), 0), "{}", good.0);
            let bad = check(&folder, server.port, version, &format!("{time} --crl revoked.crl"));
            refused(bad, "crl");
            let complaints = server.end();
            assert!(complaints.contains("SSL alert number 44"), "{complaints}");
        }
    }
}

/// Answers one request for a list.
fn serve_list(list: Vec<u8>) -> (u16, std::thread::JoinHandle<()>) {
    listen(move |mut tcp| {
        let _ = tcp.read(&mut [0; 4096]).unwrap();
        let length = list.len();
        let head =
            format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
        tcp.write_all(head.as_bytes()).unwrap();
        tcp.write_all(&list).unwrap();
    })
}

#[test]
fn f09_revoked_by_a_list_that_was_fetched() {
    if !has_program("openssl", &["version"]) {
        return;
    }
    for algorithm in KEYS {
        let folder = Folder::with_keys(algorithm);
        for version in VERSIONS {
            for (revoked, status, exit) in [(&[][..], "trusted", 0), (&[12][..], "revoked", 1)] {
                let (port, web) = serve_list(folder.crl("root", revoked));
                let url = format!("http://127.0.0.1:{port}/root.crl");
                folder.issue(
                    "told",
                    "root",
                    &format!("--force --serial 0c {DATES} --crl-url {url}"),
                );
                let server = Server::start(&folder, "told", "-naccept 1");
                let options = "--online --allow-private --no-cache --revocation always";
                let (answer, found) = check(&folder, server.port, version, options);
                web.join().unwrap();
                assert_eq!((&answer["status"], found), (&json!(status), exit), "{answer}");
                // The handshake was over before anybody was asked: the server hears an end in order.
                assert_eq!(answer["alert_sent"], Value::Null, "{answer}");
                assert_eq!(answer["handshake"]["version"], format!("TLSv{version}"), "{answer}");
                assert_eq!(answer["certificate"]["fetches"][0]["url"], url, "{answer}");
                if exit == 1 {
                    assert_eq!(answer["code"], "CERT_REVOKED");
                    told(&answer, "crl");
                }
                let complaints = server.end();
                assert!(!complaints.contains("alert number"), "{complaints}");
            }
        }
    }
}

/// OpenSSL's responder; it ends with the test.
struct Responder(Child, BufReader<ChildStderr>);

impl Responder {
    fn start(folder: &Folder, port: u16) -> Responder {
        let mut child = Command::new("openssl")
            .args(["ocsp", "-index", "index", "-CA", "root.pem", "-rsigner", "root.pem"])
            .args(["-rkey", "root.key", "-port", &port.to_string(), "-nmin", "5"])
            .current_dir(folder.path(""))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("waiting for") {
            line.clear();
            assert!(said.read_line(&mut line).unwrap() > 0, "the responder does not listen");
        }
        Responder(child, said)
    }
}

impl Drop for Responder {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
        let mut rest = String::new();
        let _ = self.1.read_to_string(&mut rest);
    }
}

#[test]
fn f09_revoked_by_a_response_that_was_fetched() {
    if !has_program("openssl", &["version"]) {
        return;
    }
    for algorithm in KEYS {
        let folder = Folder::with_keys(algorithm);
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let url = format!("http://127.0.0.1:{port}/");
        folder.issue("told", "root", &format!("--serial 0c {DATES} --ocsp-url {url}"));
        for (index, status, exit) in [(GOOD, "trusted", 0), (REVOKED, "revoked", 1)] {
            folder.write("index", index);
            let responder = Responder::start(&folder, port);
            for version in VERSIONS {
                let server = Server::start(&folder, "told", "-naccept 1");
                let options = "--online --allow-private --no-cache --revocation always";
                let (answer, found) = check(&folder, server.port, version, options);
                assert_eq!((&answer["status"], found), (&json!(status), exit), "{answer}");
                assert_eq!(answer["certificate"]["fetches"][0]["url"], url, "{answer}");
                if exit == 1 {
                    assert_eq!(answer["code"], "CERT_REVOKED");
                    told(&answer, "ocsp");
                }
                let complaints = server.end();
                assert!(!complaints.contains("alert number"), "{complaints}");
            }
            drop(responder);
        }
    }
}

/// What a server may staple about staple.pem.
fn response(folder: &Folder, name: &str, index: &str) {
    folder.write("index", index);
    let made = Command::new("openssl")
        .args([
            "ocsp", "-index", "index", "-rsigner", "root.pem", "-rkey", "root.key", "-CA",
            "root.pem",
        ])
        .args([
            "-issuer",
            "root.pem",
            "-cert",
            "staple.pem",
            "-ndays",
            "30",
            "-respout",
            name,
            "-noverify",
        ])
        .current_dir(folder.path(""))
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", text(&made.stderr));
}

#[test]
fn f09_revoked_by_the_staple_of_openssl_and_of_node() {
    if !has_program("openssl", &["version"]) {
        return;
    }
    for algorithm in KEYS {
        let folder = Folder::with_keys(algorithm);
        folder.issue("staple", "root", &format!("--serial 0c {DATES}"));
        response(&folder, "good", GOOD);
        response(&folder, "revoked", REVOKED);
        for version in VERSIONS {
            let server = Server::start(&folder, "staple", "-naccept 1 -status_file good");
            let (answer, exit) = check(&folder, server.port, version, "--revocation always");
            assert_eq!((&answer["status"], exit), (&json!("trusted"), 0), "{answer}");
            assert_eq!(answer["handshake"]["ocsp_stapled"], true);
            let server = Server::start(&folder, "staple", "-naccept 1 -status_file revoked");
            refused(check(&folder, server.port, version, ""), "ocsp");
            let complaints = server.end();
            assert!(complaints.contains("SSL alert number 44"), "{complaints}");
        }
        for (name, is_good) in [("good", true), ("revoked", false)] {
            let Some(node) = Node::start(&folder, name, &["staple"]) else { return };
            for version in VERSIONS {
                let port = node.port("staple", version);
                let answer = check(&folder, port, version, "--revocation always");
                let [word, _, _, what] = node.line();
                if is_good {
                    assert_eq!((&answer.0["status"], answer.1), (&json!("trusted"), 0));
                    assert_eq!(word, "secure");
                } else {
                    refused(answer, "ocsp");
                    assert_eq!((&*word, &*what), ("refused", code(44)));
                }
            }
        }
    }
}
