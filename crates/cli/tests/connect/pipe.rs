//! What goes through the pipe, and how it ends.

use super::{
    folder::{Folder, TIME, text},
    openssl::Server,
};
use ravelin_test::has_program;
use std::{
    io::{Read as _, Write as _},
    process::{Child, Stdio},
    thread,
    time::Duration,
};

/// `connect` to a.example, as a pipe.
fn start(folder: &Folder, port: u16, options: &str) -> Child {
    let name = if options.contains("--servername") { "" } else { "--servername a.example" };
    folder
        .command(&format!(
            "connect 127.0.0.1:{port} --anchor root.pem --time {TIME} {name} {options}"
        ))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Bytes that are nowhere alike.
fn body(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_u32;
    let next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_be_bytes()[0]
    };
    std::iter::repeat_with(next).take(length).collect()
}

#[test]
fn a_large_body_goes_both_ways_and_the_end_of_input_ends_one_direction_only() {
    let folder = Folder::new();
    for version in ["1.2", "1.3"] {
        let (port, thread) = folder.serve(
            |_| {},
            |mut stream| {
                let mut buffer = vec![0; 20_000];
                loop {
                    let count = stream.read(&mut buffer).unwrap();
                    if count == 0 {
                        break;
                    }
                    stream.write_all(&buffer[..count]).unwrap();
                }
                // Heard the end, and still speaks.
                stream.write_all(b"the last word").unwrap();
                stream.flush().unwrap();
                stream.close().unwrap();
            },
        );
        let mut child = start(&folder, port, &format!("--max-version {version}"));
        let sent = body(8 << 20);
        let mut input = child.stdin.take().unwrap();
        let copy = sent.clone();
        let typing = thread::spawn(move || input.write_all(&copy).unwrap());
        let output = child.wait_with_output().unwrap();
        typing.join().unwrap();
        thread.join().unwrap();
        let report = text(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{report}");
        assert!(report.contains(&format!("TLSv{version}")), "{report}");
        assert!(report.contains("trusted: the certificate may be trusted"), "{report}");
        assert!(output.stdout == [&sent[..], b"the last word"].concat(), "{}", output.stdout.len());
    }
}

#[test]
fn openssl_reads_what_is_typed_and_is_read() {
    if !has_program("openssl", &["version"]) {
        return;
    }
    let folder = Folder::new();
    let mut server = Server::start(&folder, "leaf", "-naccept 1");
    let mut child = start(&folder, server.port, "--json");
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"from the client\n").unwrap();
    input.flush().unwrap();
    server.line(|line| line == "from the client");
    server.type_in("from the server\n");
    let mut output = child.stdout.take().unwrap();
    let mut line = [0; 16];
    output.read_exact(&mut line).unwrap();
    assert_eq!(&line, b"from the server\n");
    // Whoever hears close_notify from us answers with its own.
    drop(input);
    let output = child.wait_with_output().unwrap();
    let answer = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{answer}");
    assert!(answer.starts_with("{\"schema\":1,\"status\":\"trusted\""), "{answer}");
    assert_eq!(answer.matches('\n').count(), 1, "{answer}");
}

#[test]
fn an_end_without_close_notify_is_told_and_is_no_success() {
    let folder = Folder::new();
    let (port, thread) = folder.serve(
        |_| {},
        |mut stream| {
            stream.write_all(b"half of").unwrap();
            stream.flush().unwrap();
        },
    );
    let output = start(&folder, port, "").wait_with_output().unwrap();
    thread.join().unwrap();
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert_eq!(text(&output.stdout), "half of");
    assert!(told.contains("ended without close_notify, data may be missing"), "{told}");
}

#[test]
fn input_that_the_server_did_not_wait_for_is_told() {
    let folder = Folder::new();
    let (port, thread) = folder.serve(
        |_| {},
        |mut stream| {
            stream.read_exact(&mut [0; 10]).unwrap();
            // Until there is no room left on the way.
            thread::sleep(Duration::from_millis(700));
            stream.close().unwrap();
            // Until the client has gone: nothing of what it sends is read.
            thread::sleep(Duration::from_millis(500));
        },
    );
    let mut child = start(&folder, port, "");
    let mut input = child.stdin.take().unwrap();
    let sent = body(32 << 20);
    let typing = thread::spawn(move || {
        let _ = input.write_all(&sent);
    });
    let output = child.wait_with_output().unwrap();
    typing.join().unwrap();
    thread.join().unwrap();
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("everything of standard input was sent"), "{told}");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let folder = Folder::new();
    let (port, thread) = folder.serve(
        |_| {},
        |mut stream| {
            while stream.write_all(&[b'x'; 10_000]).and_then(|()| stream.flush()).is_ok() {}
        },
    );
    let mut child = start(&folder, port, "");
    let mut some = [0; 100];
    child.stdout.take().unwrap().read_exact(&mut some).unwrap();
    let output = child.wait_with_output().unwrap();
    thread.join().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(!text(&output.stderr).contains("ravelin: "), "{}", text(&output.stderr));
}

#[test]
fn a_server_that_must_do_is_talked_to() {
    let folder = Folder::new();
    let (port, thread) = folder.serve(
        |_| {},
        |mut stream| {
            let mut heard = Vec::new();
            stream.read_to_end(&mut heard).unwrap();
            assert_eq!(heard, b"hello");
            stream.write_all(b"hello yourself").unwrap();
            stream.flush().unwrap();
            stream.close().unwrap();
        },
    );
    let mut child = start(&folder, port, "--servername c.example --dangerous-accept-untrusted");
    child.stdin.take().unwrap().write_all(b"hello").unwrap();
    let output = child.wait_with_output().unwrap();
    thread.join().unwrap();
    let told = text(&output.stderr);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(0), "hello yourself".into()));
    assert!(told.starts_with("ravelin: WARNING"), "{told}");
    assert!(told.contains("principalMismatch: "), "{told}");
}

#[test]
fn a_refused_server_hears_nothing_of_the_input() {
    let folder = Folder::new();
    let (port, thread) = super::folder::listen({
        let (chain, key) = (folder.read("leaf.pem"), folder.read("leaf.key"));
        move |tcp| {
            use ravelin_tls::{Identity, ServerConfig, ServerContext};
            let identity = Identity::from_bytes(chain.as_bytes(), key.as_bytes()).unwrap();
            let context = ServerContext::new(&ServerConfig::new(vec![identity.into()])).unwrap();
            let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
            let error = ravelin_net::blocking::TlsStream::accept(&context, now, tcp).err().unwrap();
            assert!(error.to_string().contains("bad_certificate"), "{error}");
        }
    });
    let mut child = start(&folder, port, "--servername c.example");
    let _ = child.stdin.take().unwrap().write_all(b"secret");
    let output = child.wait_with_output().unwrap();
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert_eq!(text(&output.stdout), "");
    assert!(
        told.contains("refused for its certificate: it was sent the alert bad_certificate"),
        "{told}"
    );
    assert!(told.contains("principalMismatch: "), "{told}");
    thread.join().unwrap();
}
