//! TLS that begins in the middle of another protocol, against servers that say their lines.

use super::folder::Folder;
use serde_json::{Value, json};
use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

/// What a server says, and what it then has to hear.
type Line = (&'static [u8], &'static [u8]);

fn play(tcp: &mut TcpStream, lines: &[Line]) {
    for (says, hears) in lines {
        tcp.write_all(says).unwrap();
        let mut heard = vec![0; hears.len()];
        tcp.read_exact(&mut heard).unwrap();
        assert_eq!(heard.escape_ascii().to_string(), hears.escape_ascii().to_string());
    }
}

const LDAP: &[u8] = b"0\x1d\x02\x01\x01w\x18\x80\x161.3.6.1.4.1.1466.20037";
const MYSQL: &[u8] = b"\x2b\0\0\0\x0a5.7.1\0\x01\0\0\0abcdefgh\0\xff\xff\x2d\x02\0\xff\xc1\x15\0\0\0\0\0\0\0\0\0\0ijklm";
const MYSQL_REQUEST: &[u8] =
    b"\x20\0\0\x01\0\x8a\0\0\0\0\0\x01\x2d\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
const XMPP: &[u8] = b"<?xml version='1.0'?><stream:stream to='a.example' xmlns='jabber:client' \
    xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>";
const FEATURES: &[u8] =
    b"<?xml version='1.0'?><stream:stream from='a.example' id='x' xmlns='jabber:client' \
    xmlns:stream='http://etherx.jabber.org/streams' version='1.0'><stream:features>\
    <starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>";

#[test]
fn tls_begins_in_the_middle_of_every_protocol() {
    let scripts: [(&str, &[Line]); 8] = [
        (
            "smtp",
            &[
                (b"220 a.example ESMTP\r\n", b"EHLO localhost\r\n"),
                (b"250-a.example\r\n250 STARTTLS\r\n", b"STARTTLS\r\n"),
                (b"220 go\r\n", b""),
            ],
        ),
        ("imap", &[(b"* OK hello\r\n", b"a STARTTLS\r\n"), (b"a OK go\r\n", b"")]),
        ("pop3", &[(b"+OK hello\r\n", b"STLS\r\n"), (b"+OK go\r\n", b"")]),
        ("ftp", &[(b"220 hello\r\n", b"AUTH TLS\r\n"), (b"234 go\r\n", b"")]),
        ("ldap", &[(b"", LDAP), (b"0\x0c\x02\x01\x01x\x07\x0a\x01\0\x04\0\x04\0", b"")]),
        ("pgsql", &[(b"", b"\0\0\0\x08\x04\xd2\x16\x2f"), (b"S", b"")]),
        ("mysql", &[(MYSQL, MYSQL_REQUEST)]),
        (
            "xmpp",
            &[
                (b"", XMPP),
                (FEATURES, b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
                (b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", b""),
            ],
        ),
    ];
    let folder = Folder::new();
    for (protocol, lines) in scripts {
        let (port, thread) = folder.serve(
            |tcp| play(tcp, lines),
            |mut stream| assert_eq!(stream.read(&mut [0]).unwrap(), 0),
        );
        let (answer, exit) = folder.answer(port, &format!("--starttls {protocol}"));
        assert_eq!((&answer["status"], exit), (&json!("trusted"), 0), "{protocol}: {answer}");
        thread.join().unwrap();
    }
}

#[test]
fn a_server_that_does_not_begin_is_told_in_its_words() {
    let folder = Folder::new();
    let scripts: [(&str, &'static [Line], &str); 4] = [
        ("smtp", &[(b"554 no\r\n", b"")], "`554 no`"),
        (
            "smtp",
            &[(b"220 hi\r\n", b"EHLO localhost\r\n"), (b"250 a.example\r\n", b"")],
            "does not offer STARTTLS",
        ),
        (
            "pop3",
            &[(b"+OK hi\r\n", b"STLS\r\n"), (b"+OK go\r\n+OK injected\r\n", b"")],
            "clear text",
        ),
        ("pgsql", &[(b"", b"\0\0\0\x08\x04\xd2\x16\x2f"), (b"N", b"")], "without TLS"),
    ];
    for (protocol, lines, expected) in scripts {
        let (port, thread) = super::folder::listen(move |mut tcp| {
            play(&mut tcp, lines);
            let _ = tcp.read_to_end(&mut Vec::new());
        });
        let (answer, exit) = folder.answer(port, &format!("--starttls {protocol}"));
        thread.join().unwrap();
        assert_eq!((&answer["error"]["kind"], exit), (&json!("protocol"), 2), "{answer}");
        assert_eq!(answer["handshake"], Value::Null, "{answer}");
        let detail = answer["error"]["detail"].as_str().unwrap();
        assert!(detail.contains(expected), "{detail}");
    }
}
