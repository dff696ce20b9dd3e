//! Every status against OpenSSL's server, in both versions of TLS: code, exit code, and the alert that it really got.

use super::{
    folder::{Folder, TIME, listen, text},
    openssl::Server,
};
use ravelin_test::has_program;
use ravelin_tls::hello::HelloReader;
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};

/// A server's certificate, how it is asked for, and what comes of it.
pub struct Case {
    pub served: &'static str,
    options: &'static str,
    status: &'static str,
    code: Option<&'static str>,
    exit: i32,
    pub alert: Option<(&'static str, u8)>,
}

/// Kinds of keys that servers have.
pub const KEYS: [&str; 3] = ["rsa-2048", "ecdsa-p256", "ed25519"];

/// served, options, status, code, exit, alert.
fn case(
    served: &'static str,
    options: &'static str,
    status: &'static str,
    code: impl Into<Option<&'static str>>,
    exit: i32,
    alert: impl Into<Option<(&'static str, u8)>>,
) -> Case {
    Case { served, options, status, code: code.into(), exit, alert: alert.into() }
}

/// What the cases serve.
pub fn folder(algorithm: &str) -> Folder {
    let folder = Folder::with_keys(algorithm);
    folder.issue(
        "expired",
        "root",
        "--not-before 2026-06-01T00:00:00Z --not-after 2026-07-01T00:00:00Z",
    );
    folder.issue("client", "root", "--purpose client-auth");
    folder.issue("other-name", "root", "--name dns:b.example");
    folder.make(
        "cert self-sign --key leaf.key --name dns:a.example --out self.pem --not-before 2026-06-01T00:00:00Z \
         --not-after 2026-12-04T00:00:00Z",
    );
    folder.make(
        "cert self-sign --ca --new-key stranger.key --subject CN=Stranger --out stranger.pem \
         --not-before 2026-01-01T00:00:00Z --not-after 2036-01-01T00:00:00Z",
    );
    folder.issue("strange", "stranger", "");
    folder.make("cert new-key --out old.key");
    folder.make(
        "cert issue --ca root.pem --ca-key root.key --key old.key --is-ca --subject CN=Old --out old.pem \
         --not-before 2026-01-01T00:00:00Z --not-after 2026-09-01T00:00:00Z",
    );
    folder.issue("below", "old", "");
    folder.write("chain.pem", folder.read("below.pem") + &folder.read("old.pem"));
    folder.write("revoked.crl", folder.crl("root", &[10]));
    folder.write("other.crl", folder.crl("stranger", &[99]));
    folder
}

/// Every status there is.
pub fn cases() -> [Case; 10] {
    [
        case("leaf", "", "trusted", None, 0, None),
        case("expired", "", "expired", "CERT_HAS_EXPIRED", 1, ("certificate_expired", 45)),
        case(
            "leaf",
            "--time 2026-05-01T00:00:00Z",
            "notYetValid",
            "CERT_NOT_YET_VALID",
            1,
            ("bad_certificate", 42),
        ),
        case("self", "", "untrustedSigners", "DEPTH_ZERO_SELF_SIGNED_CERT", 1, ("unknown_ca", 48)),
        case(
            "strange",
            "",
            "untrustedSigners",
            "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
            1,
            ("unknown_ca", 48),
        ),
        case(
            "leaf",
            "--servername c.example",
            "principalMismatch",
            "ERR_TLS_CERT_ALTNAME_INVALID",
            1,
            ("bad_certificate", 42),
        ),
        case("chain", "", "invalidChain", "CERT_HAS_EXPIRED", 1, ("unknown_ca", 48)),
        case("client", "", "invalid", "INVALID_PURPOSE", 1, ("unsupported_certificate", 43)),
        case(
            "leaf",
            "--crl other.crl revoked.crl",
            "revoked",
            "CERT_REVOKED",
            1,
            ("certificate_revoked", 44),
        ),
        case("leaf", "--revocation always", "unknown", "UNABLE_TO_GET_CRL", 3, ("unknown_ca", 48)),
    ]
}

impl Case {
    /// Asks the server at this port, and looks at the answer, the exit and the alert that was told.
    pub fn ask(&self, folder: &Folder, port: u16, version: &str) {
        let Case { served, options, status, code, exit, alert } = self;
        let time =
            if options.contains("--time") { String::new() } else { format!("--time {TIME}") };
        let name = if options.contains("--servername") { "" } else { "--servername a.example" };
        let output = folder.run(&format!(
            "connect 127.0.0.1:{port} --anchor root.pem --check --json --min-version {version} --max-version {version} \
             {time} {name} {options}"
        ));
        let context = format!("{version} {served} {options}: {}", text(&output.stdout));
        let answer: Value = serde_json::from_slice(&output.stdout).expect(&context);
        assert_eq!(text(&output.stderr), "", "{context}");
        assert_eq!(answer["status"], *status, "{context}");
        assert_eq!(answer["code"], json!(code), "{context}");
        assert_eq!(output.status.code(), Some(*exit), "{context}");
        assert_eq!(answer["error"], Value::Null, "{context}");
        assert_eq!(answer["certificate"]["status"], *status, "{context}");
        assert_eq!(answer["certificate"]["schema"], 1, "{context}");
        assert_eq!(answer["alert_sent"], json!(alert.map(|alert| alert.0)), "{context}");
        assert_eq!(answer["handshake"].is_null(), alert.is_some(), "{context}");
        if alert.is_none() {
            let version = format!("TLSv{version}");
            assert_eq!(answer["handshake"]["version"], version, "{context}");
        }
    }
}

#[test]
fn f09_every_status_has_its_code_its_exit_and_its_alert_whatever_the_kind_of_key() {
    if !has_program("openssl", &["version"]) {
        return;
    }
    for algorithm in KEYS {
        let folder = folder(algorithm);
        for version in ["1.2", "1.3"] {
            for case in cases() {
                let server = Server::start(&folder, case.served, "-naccept 1");
                case.ask(&folder, server.port, version);
                if let Some((_, number)) = case.alert {
                    let complaints = server.end();
                    let expected = format!("SSL alert number {number}");
                    let context = format!("{algorithm} {version} {}: {complaints}", case.served);
                    assert!(complaints.contains(&expected), "{context}");
                }
            }
        }
    }
}

#[test]
fn the_answer_has_exactly_the_keys_of_the_contract() {
    let folder = Folder::new();
    let (port, thread) = folder.serve(
        |_| {},
        |mut stream| {
            let _ = stream.read(&mut [0]);
        },
    );
    let output = folder.check(port, "--json --alpn h2");
    thread.join().unwrap();
    let line = text(&output.stdout);
    let start = "{\"schema\":1,\"status\":\"trusted\",\"code\":null,\"handshake\":{\"version\":\"TLSv1.3\",\
        \"cipher\":\"TLS_AES_256_GCM_SHA384\",\"group\":\"X25519MLKEM768\",\"alpn\":null,\"resumed\":false,\
        \"ocsp_stapled\":false},\"alert_sent\":null,\"certificate\":{\"schema\":1,\"status\":\"trusted\",";
    assert!(line.starts_with(start), "{line}");
    assert!(line.ends_with("},\"error\":null}\n"), "{line}");
}

#[test]
fn what_is_asked_for_is_what_is_agreed_on() {
    if !has_program("openssl", &["version"]) {
        return;
    }
    let folder = Folder::new();
    let server = Server::start(&folder, "leaf", "-naccept 2 -alpn h2,http/1.1");
    let (answer, exit) = folder.answer(
        server.port,
        "--alpn spdy/1 --alpn http/1.1 --groups secp384r1,x25519 --ciphers TLS_CHACHA20_POLY1305_SHA256",
    );
    let expected = json!({"version": "TLSv1.3", "cipher": "TLS_CHACHA20_POLY1305_SHA256", "group": "secp384r1",
        "alpn": "http/1.1", "resumed": false, "ocsp_stapled": false});
    assert_eq!((&answer["handshake"], exit), (&expected, 0), "{answer}");

    let ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256:TLS_AES_128_GCM_SHA256";
    let (answer, exit) = folder
        .answer(server.port, &format!("--max-version 1.2 --ciphers {ciphers} --groups P-256"));
    let expected = json!({"version": "TLSv1.2", "cipher": "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        "group": "secp256r1", "alpn": null, "resumed": false, "ocsp_stapled": false});
    assert_eq!((&answer["handshake"], exit), (&expected, 0), "{answer}");
}

#[test]
fn a_staple_is_seen_good_or_bad() {
    if !has_program("openssl", &["version"]) {
        return;
    }
    let folder = Folder::new();
    folder.issue(
        "staple",
        "root",
        "--serial 0c --not-before 2026-06-01T00:00:00Z --not-after 2035-12-01T00:00:00Z",
    );
    folder.write("index", "V\t351201000000Z\t\t0C\tunknown\t/CN=a.example\n");
    let made = std::process::Command::new("openssl")
        .args(
            "ocsp -index index -rsigner root.pem -rkey root.key -CA root.pem -issuer root.pem"
                .split(' '),
        )
        .args("-cert staple.pem -ndays 30 -respout response -noverify".split(' '))
        .current_dir(folder.path(""))
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", text(&made.stderr));
    let server = Server::start(&folder, "staple", "-naccept 2 -status_file response");
    // OpenSSL's response is of the moment it is made: now it is good, and earlier it is of the future.
    for (time, exit, status) in
        [("", 0, "good"), ("--time 2026-06-02T00:00:00Z", 3, "undetermined")]
    {
        let output = folder.run(&format!(
            "connect 127.0.0.1:{} --servername a.example --anchor root.pem --revocation always --check --json {time} \
             --dangerous-accept-untrusted",
            server.port
        ));
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(answer["handshake"]["ocsp_stapled"], true, "{answer}");
        assert_eq!(answer["certificate"]["revocation"][0]["status"], status, "{answer}");
        assert_eq!(output.status.code(), Some(exit), "{answer}");
    }
}

#[test]
fn who_must_do_is_talked_to_with_a_warning_and_no_more_trusted() {
    if !has_program("openssl", &["version"]) {
        return;
    }
    let folder = folder("ecdsa-p256");
    let server = Server::start(&folder, "self", "-naccept 2");
    let output = folder.check(server.port, "--dangerous-accept-untrusted");
    let report = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{report}");
    assert!(report.contains("untrustedSigners: ") && report.contains("TLSv1.3"), "{report}");
    let warning = text(&output.stderr);
    assert!(warning.contains("WARNING") && warning.matches('\n').count() == 1, "{warning}");

    let (answer, exit) = folder.answer(server.port, "--dangerous-accept-untrusted");
    assert_eq!((&answer["status"], exit), (&json!("untrustedSigners"), 1));
    assert_eq!((&answer["alert_sent"], &answer["error"]), (&Value::Null, &Value::Null));
    assert_eq!(answer["handshake"]["version"], "TLSv1.3");
}

#[test]
fn a_name_is_asked_for_and_an_address_is_not() {
    let folder = Folder::new();
    for (options, expected) in [("", None), ("--servername a.example.", Some("a.example"))] {
        let (port, thread) = listen(move |mut tcp| {
            let (mut reader, mut received) = (HelloReader::default(), Vec::new());
            let hello = loop {
                let mut bytes = [0; 4096];
                let count = tcp.read(&mut bytes).unwrap();
                received.extend_from_slice(&bytes[..count]);
                if let Some(hello) = reader.read(&received).unwrap() {
                    break hello;
                }
            };
            assert_eq!(hello.server_name.as_deref(), expected);
        });
        // The address stands where an option could have taken it.
        folder.write("none.crl", folder.crl("root", &[]));
        let words = format!("connect {options} --anchor root.pem --crl none.crl 127.0.0.1:{port}");
        assert_eq!(folder.run(&words).status.code(), Some(2));
        thread.join().unwrap();
    }

    folder.issue("leaf", "root", "--name ip:127.0.0.1 --force");
    let (port, thread) = folder.serve(
        |_| {},
        |mut stream| {
            let _ = stream.read(&mut [0]);
        },
    );
    let output =
        folder.run(&format!("connect 127.0.0.1:{port} --anchor root.pem --time {TIME} --check"));
    thread.join().unwrap();
    let report = text(&output.stdout);
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()), "{report}");
    assert!(report.contains("judged for server-auth, ip:127.0.0.1, at"), "{report}");
}

#[test]
fn a_server_that_asks_is_shown_our_certificate() {
    if !has_program("openssl", &["version"]) {
        return;
    }
    let folder = folder("ecdsa-p256");
    let options = "-naccept 2 -Verify 1 -verify_return_error -CAfile root.pem -attime 1795305600";
    let server = Server::start(&folder, "leaf", options);
    let (answer, exit) = folder.answer(server.port, "--max-version 1.2");
    assert_eq!((&answer["error"]["kind"], exit), (&json!("tls"), 2), "{answer}");
    assert!(answer["error"]["detail"].as_str().unwrap().contains("alert"), "{answer}");
    let (answer, exit) =
        folder.answer(server.port, "--max-version 1.2 --cert client.pem --key leaf.key");
    assert_eq!((&answer["status"], exit), (&json!("trusted"), 0), "{answer}");
}

#[test]
fn what_the_network_knows_is_heard_behind_the_handshake() {
    for (revoked, status, exit) in [(&[][..], "trusted", 0), (&[11][..], "revoked", 1)] {
        let folder = Folder::new();
        let crl = folder.crl("root", revoked);
        let (crl_port, web) = listen(move |mut tcp| {
            let mut request = [0; 4096];
            let _ = tcp.read(&mut request).unwrap();
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                crl.len()
            );
            tcp.write_all(head.as_bytes()).unwrap();
            tcp.write_all(&crl).unwrap();
        });
        let url = format!("http://127.0.0.1:{crl_port}/root.crl");
        folder.make(
            &format!(
                "cert issue --ca root.pem --ca-key root.key --key leaf.key --out leaf.pem --force --serial 0b --name dns:a.example \
                 --not-before 2026-06-01T00:00:00Z --not-after 2026-12-04T00:00:00Z --time 2026-06-01T00:00:00Z --crl-url {url}"
            ),
        );
        let (port, thread) = folder.serve(
            |_| {},
            |mut stream| {
                // The end is in order whatever the verdict: the handshake was done.
                assert_eq!(stream.read(&mut [0]).unwrap(), 0);
            },
        );
        let (answer, found) = folder.answer(port, "--online --allow-private --revocation always");
        thread.join().unwrap();
        web.join().unwrap();
        assert_eq!((&answer["status"], found), (&json!(status), exit), "{answer}");
        assert_eq!(answer["alert_sent"], Value::Null, "{answer}");
        assert_eq!(answer["handshake"]["version"], "TLSv1.3", "{answer}");
        assert_eq!(answer["certificate"]["fetches"][0]["url"], url, "{answer}");
    }
}
