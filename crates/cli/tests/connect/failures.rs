//! Where there is no TLS connection to be had.

use super::folder::{Folder, listen, text};
use serde_json::{Value, json};
use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    time::{Duration, Instant},
};

/// The detail of an error of this kind, which also stands in the one line on standard error.
fn fails(folder: &Folder, words: &str, kind: &str) -> String {
    let output = folder.run(&format!("connect {words} --anchor root.pem --check --json"));
    let answer: Value = serde_json::from_slice(&output.stdout).expect(words);
    let line = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{words}: {answer}");
    assert_eq!(answer["error"]["kind"], kind, "{words}: {answer}");
    for key in ["status", "code", "handshake", "certificate"] {
        assert_eq!(answer.get(key), Some(&Value::Null), "{words}: {answer}");
    }
    assert_eq!(line.matches('\n').count(), 1, "{words}: {line}");
    let detail = answer["error"]["detail"].as_str().unwrap().to_owned();
    assert!(line.contains(&detail), "{words}: {line}");
    detail
}

#[test]
fn a_server_without_tls_is_told_by_its_words() {
    let folder = Folder::new();
    let (port, thread) = listen(|mut tcp| {
        let _ = tcp.read(&mut [0; 4096]).unwrap();
        tcp.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
    });
    let detail = fails(&folder, &format!("127.0.0.1:{port}"), "protocol");
    thread.join().unwrap();
    assert!(detail.contains("answers `HTTP/1.1 400 Bad Request`"), "{detail}");

    // Whoever greets first, and then waits.
    let (port, thread) = listen(|mut tcp| {
        tcp.write_all(b"220 a.example ESMTP\r\n").unwrap();
        let _ = tcp.read_to_end(&mut Vec::new());
    });
    let detail = fails(&folder, &format!("127.0.0.1:{port}"), "protocol");
    thread.join().unwrap();
    assert!(detail.contains("`220 a.example ESMTP`"), "{detail}");
}

#[test]
fn a_handshake_that_fails_is_told_with_the_alert() {
    let folder = Folder::new();
    // A fatal alert, protocol_version.
    let (port, thread) = listen(|mut tcp| {
        let _ = tcp.read(&mut [0; 4096]).unwrap();
        tcp.write_all(&[21, 3, 3, 0, 2, 2, 70]).unwrap();
    });
    let detail = fails(&folder, &format!("127.0.0.1:{port}"), "tls");
    thread.join().unwrap();
    assert!(detail.contains("protocol_version"), "{detail}");

    let (port, thread) = listen(|mut tcp| {
        let _ = tcp.read(&mut [0; 4096]).unwrap();
    });
    let detail = fails(&folder, &format!("127.0.0.1:{port}"), "tls");
    thread.join().unwrap();
    assert!(detail.contains("during the handshake"), "{detail}");

    // A record that breaks the protocol: application data in the place of a ServerHello.
    let (port, thread) = listen(|mut tcp| {
        let _ = tcp.read(&mut [0; 4096]).unwrap();
        tcp.write_all(&[23, 3, 3, 0, 1, 0]).unwrap();
        let _ = tcp.read_to_end(&mut Vec::new());
    });
    let words = format!("connect 127.0.0.1:{port} --anchor root.pem --check --json");
    let answer: Value = serde_json::from_slice(&folder.run(&words).stdout).unwrap();
    thread.join().unwrap();
    assert_eq!(answer["error"]["kind"], "protocol", "{answer}");
    assert_eq!(answer["alert_sent"], "unexpected_message", "{answer}");
}

#[test]
fn a_closed_port_is_told_with_its_address() {
    let folder = Folder::new();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let detail = fails(&folder, &format!("127.0.0.1:{port}"), "connect");
    assert!(detail.contains(&format!("127.0.0.1:{port}: ")), "{detail}");
}

#[test]
fn a_silent_server_is_not_waited_for_any_longer_than_was_said() {
    let folder = Folder::new();
    let begin = Instant::now();
    for options in ["", "--starttls smtp"] {
        let (port, thread) = listen(|mut tcp| {
            let _ = tcp.read_to_end(&mut Vec::new());
        });
        let words = format!("127.0.0.1:{port} --timeout 300ms {options}");
        let detail = fails(&folder, &words, "timeout");
        thread.join().unwrap();
        assert!(detail.contains("within 300ms"), "{detail}");
    }
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
}

#[test]
fn a_host_that_is_nowhere_is_told() {
    // RFC 6761, section 6.4: such names do not exist.
    let detail = fails(&Folder::new(), "nowhere.invalid:443 --timeout 60s", "dns");
    assert!(detail.contains("the host is not found"), "{detail}");
}

#[test]
fn without_check_the_answer_is_the_line_on_standard_error() {
    let folder = Folder::new();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let output = folder.run(&format!("connect 127.0.0.1:{port} --anchor root.pem --json"));
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), String::new()));
    let answer: Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!(answer["error"]["kind"], json!("connect"));
}

#[test]
fn usage_that_cannot_be_is_one_line() {
    let folder = Folder::new();
    folder.make("cert new-key --out other.key");
    for (words, expected) in [
        ("connect", "HOST:PORT"),
        ("connect --crl root.pem", "which server?"),
        ("connect --crl root.pem root.pem", "has no port"),
        ("connect a.example", "has no port"),
        ("connect a.example:0", "1 to 65535"),
        ("connect ::1:443", "is no host"),
        ("connect a.example:443 --engine openssl", "does not have the openssl engine"),
        ("connect a.example:443 --min-version 1.0", "TLS 1.0 needs the openssl engine"),
        ("connect a.example:443 --max-version 1.1", "TLS 1.1 needs the openssl engine"),
        ("connect a.example:443 --min-version 1.3 --max-version 1.2", "no version is left"),
        ("connect a.example:443 --ciphers TLS_NONE", "TLS_NONE"),
        ("connect a.example:443 --groups x25519:none", "none"),
        ("connect a.example:443 --anchor missing.pem", "missing.pem: cannot be read"),
        ("connect a.example:443 --anchor root.pem --crl root.pem", "root.pem"),
        ("connect a.example:443 --anchor root.pem --cert leaf.pem", "--key"),
        (
            "connect a.example:443 --anchor root.pem --cert leaf.pem --key other.key",
            "does not belong",
        ),
        ("connect a.example:443 --anchor root.pem --servername a..example", "a..example"),
        ("connect a.example:443 --starttls gopher", "gopher"),
    ] {
        let output = folder.run(words);
        let line = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{words}: {line}");
        assert_eq!(line.matches('\n').count(), 1, "{words}: {line}");
        assert!(line.contains(expected), "{words}: {line}");
    }
}
