//! Time limits, limits of number, PROXY headers, reload and drain, with real sockets.

use crate::common::{self, Bench, Client, certificate, context, is_refused, read_to_end};
use ravelin_tls::{End, HandshakeKind};
use ravelin_tunnel::proxy_protocol;
use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

/// Waits for the end of a stream; says how long that took.
fn ends_within(stream: &mut TcpStream, limit: Duration) -> Duration {
    let started = Instant::now();
    stream.set_read_timeout(Some(limit)).unwrap();
    let mut waste = Vec::new();
    match stream.read_to_end(&mut waste) {
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            panic!("still open after {limit:?}")
        }
        _ => started.elapsed(),
    }
}

#[test]
fn f07_a_handshake_that_stalls_is_ended() {
    let bench = Bench::new("handshake-timeout = \"1s\"");
    let mut silent = TcpStream::connect(bench.address).unwrap();
    let mut slow = TcpStream::connect(bench.address).unwrap();
    slow.write_all(&[22, 3, 1, 2]).unwrap();
    ends_within(&mut slow, Duration::from_secs(3));
    // The kernel holds a silent one back for a while; that counts.
    ends_within(&mut silent, Duration::from_secs(5));
}

#[test]
fn f07_idle_connections_are_ended_on_both_sides_and_busy_ones_kept() {
    let bench = Bench::new("idle-client-timeout = \"1s\"");
    let (client, mut backend) = bench.connect();
    let (mut busy, mut busy_backend) = bench.connect();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for _ in 0..10 {
                std::thread::sleep(Duration::from_millis(250));
                busy.send(b"x").unwrap();
                busy_backend.read_exact(&mut [0]).unwrap();
            }
        });
        assert!(ends_within(&mut backend, Duration::from_secs(5)) >= Duration::from_millis(900));
        let mut stream = client.stream().try_clone().unwrap();
        ends_within(&mut stream, Duration::from_secs(1));
    });
}

#[test]
fn f07_a_lifetime_ends_even_a_busy_connection() {
    let bench = Bench::new("max-lifetime = \"1s\"");
    let (mut client, mut backend) = bench.connect();
    let started = Instant::now();
    while client.send(b"x").is_ok() && backend.read_exact(&mut [0]).is_ok() {
        assert!(started.elapsed() < Duration::from_secs(10));
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(started.elapsed() >= Duration::from_millis(900));
}

#[test]
fn f07_a_half_closed_connection_is_ended_when_nothing_moves() {
    let bench = Bench::new("half-close-timeout = \"1s\"");
    let (mut client, mut backend) = bench.connect();
    client.close().unwrap();
    assert_eq!(read_to_end(&mut backend), (Vec::new(), Ok(())));
    for _ in 0..6 {
        // Moving data extends it.
        std::thread::sleep(Duration::from_millis(300));
        backend.write_all(b"x").unwrap();
        assert_eq!(client.read(1).unwrap(), b"x");
    }
    let (_, end) = client.read_to_end();
    assert!(end != Ok(End::Closed), "{end:?}");
}

#[test]
fn f07_every_end_in_the_handshake_leaves_nothing_behind() {
    let bench = Bench::new("");
    for bytes in [&b""[..], &[22], &[22, 3, 1, 0, 100, 1, 0, 0]] {
        let mut stream = TcpStream::connect(bench.address).unwrap();
        stream.write_all(bytes).unwrap();
        drop(stream);
        let mut stream = TcpStream::connect(bench.address).unwrap();
        stream.write_all(bytes).unwrap();
        common::reset(stream);
    }
    // The next one is served.
    let (mut client, mut backend) = bench.connect();
    client.send(b"x").unwrap();
    backend.read_exact(&mut [0]).unwrap();
}

#[test]
fn plain_http_is_told_so() {
    let bench = Bench::new("");
    let mut stream = TcpStream::connect(bench.address).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let (answer, end) = read_to_end(&mut stream);
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("TLS only"), "{answer}");
    assert_eq!(end, Ok(()));
}

#[test]
fn a_refused_handshake_gets_its_alert() {
    let bench = Bench::new("min-version = \"1.3\"\nmax-version = \"1.3\"");
    let mut config = ravelin_tls::ClientConfig::new(common::trust(&bench.certificate));
    config.versions.max = ravelin_tls::Version::Tls12;
    let context = ravelin_tls::ClientContext::new(&config).unwrap();
    is_refused(Client::connect(bench.address, &context, "localhost"), "protocol_version");
}

#[test]
fn f03_the_name_chooses_the_certificate() {
    let bench = Bench::new("");
    let other = certificate(&bench.folder, "other", &["exact.example", "*.wild.example"]);
    let text = std::fs::read_to_string(bench.folder.path().join("ravelin.toml")).unwrap();
    let text = text.replace(
        "identity = {",
        "identities = [{ cert = \"other.pem\", key = \"other.key\" }, { default = true, ",
    );
    let text = text.replace("key = \"main.key\" }", "key = \"main.key\" }]");
    std::fs::write(bench.folder.path().join("ravelin.toml"), text).unwrap();
    let context = context(&other);
    is_refused(Client::connect(bench.address, &context, "exact.example"), "no trust anchor");
    bench.tunnel.handle().reload();
    let started = Instant::now();
    while Client::connect(bench.address, &context, "exact.example").is_err() {
        assert!(started.elapsed() < common::PATIENCE, "the reload did not take");
        std::thread::sleep(Duration::from_millis(20));
    }
    Client::connect(bench.address, &context, "a.wild.example").unwrap();
    Client::connect(bench.address, &bench.context(), "localhost").unwrap();
    let unknown = Client::connect(bench.address, &context, "b.a.wild.example");
    assert!(unknown.is_err(), "a wildcard stands for one label");
}

#[test]
fn f06_the_backend_learns_the_clients_address() {
    for (version, word) in [("v1", "proxy-v1"), ("v2", "proxy-v2")] {
        let bench = Bench::new(&format!("client-address = \"{word}\""));
        let (mut client, mut backend) = bench.connect();
        client.send(b"data").unwrap();
        let mut bytes = Vec::new();
        let (header, length) = loop {
            let mut more = [0; 512];
            let count = backend.read(&mut more).unwrap();
            bytes.extend_from_slice(&more[..count]);
            if let Some(read) = proxy_protocol::read(&bytes).unwrap() {
                break read;
            }
        };
        assert_eq!(header.source, Some(client.stream().local_addr().unwrap()), "{version}");
        assert_eq!(header.destination, Some(bench.address));
        if version == "v2" {
            let tls = header.tlvs.tls.unwrap();
            assert_eq!(tls.version.as_deref(), Some("TLSv1.3"));
            assert_eq!(header.tlvs.authority.as_deref(), Some("localhost"));
            assert!(header.tlvs.checksummed);
        }
        while bytes.len() < length + 4 {
            let mut more = [0; 4];
            let count = backend.read(&mut more).unwrap();
            bytes.extend_from_slice(&more[..count]);
        }
        assert_eq!(&bytes[length..], b"data");
    }
}

#[test]
fn f06_an_address_from_in_front_is_passed_on() {
    let bench = Bench::new("client-address = \"proxy-v1\"\naccept-proxy = { timeout = \"1s\" }");
    let mut stream = TcpStream::connect(bench.address).unwrap();
    stream.write_all(b"PROXY TCP4 192.0.2.7 192.0.2.8 4711 443\r\n").unwrap();
    let mut client = Client::over(stream, &bench.context(), "localhost").unwrap();
    let mut backend = bench.accept();
    client.send(b"x").unwrap();
    let expected = b"PROXY TCP4 192.0.2.7 192.0.2.8 4711 443\r\nx";
    let mut line = vec![0; expected.len()];
    backend.read_exact(&mut line).unwrap();
    assert_eq!(line, expected);
    // A header that does not come, and one that is none.
    let mut silent = TcpStream::connect(bench.address).unwrap();
    silent.write_all(b"PROXY TCP4 ").unwrap();
    ends_within(&mut silent, Duration::from_secs(4));
    let mut wrong = TcpStream::connect(bench.address).unwrap();
    wrong.write_all(&[22, 3, 1, 0, 5, 1, 0, 0, 1, 0]).unwrap();
    ends_within(&mut wrong, Duration::from_secs(1));
}

#[test]
fn f06_a_header_from_a_stranger_is_not_believed() {
    let bench = Bench::new("accept-proxy = { trusted = [\"192.0.2.0/24\"] }");
    let mut stream = TcpStream::connect(bench.address).unwrap();
    stream.write_all(b"PROXY TCP4 192.0.2.7 192.0.2.8 4711 443\r\n").unwrap();
    ends_within(&mut stream, Duration::from_secs(3));
    Client::connect(bench.address, &bench.context(), "localhost").unwrap();
}

#[test]
fn connections_beyond_the_limit_are_refused_and_room_is_made_again() {
    let bench = Bench::new("max-per-source = 2");
    let (first, _first) = bench.connect();
    let (_second, _backend) = bench.connect();
    let third = Client::connect(bench.address, &bench.context(), "localhost");
    assert!(third.is_err());
    first.reset();
    let started = Instant::now();
    while Client::connect(bench.address, &bench.context(), "localhost").is_err() {
        assert!(started.elapsed() < common::PATIENCE);
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn the_oldest_handshake_makes_room_and_nothing_established_does() {
    let bench = Bench::with("", "[tunnel]\nworkers = 1\nmax-handshakes = 4");
    let (mut client, mut backend) = bench.connect();
    let mut stalled: Vec<TcpStream> = (0..6)
        .map(|_| {
            let mut stream = TcpStream::connect(bench.address).unwrap();
            stream.write_all(&[22, 3, 1, 2, 0, 1]).unwrap();
            std::thread::sleep(Duration::from_millis(20));
            stream
        })
        .collect();
    for stream in &mut stalled[..2] {
        ends_within(stream, Duration::from_secs(2));
    }
    client.send(b"x").unwrap();
    backend.read_exact(&mut [0]).unwrap();
}

#[test]
fn a_broken_reload_keeps_everything_and_sessions_survive_a_good_one() {
    let bench = Bench::new("");
    let context = bench.context();
    let (mut old, mut old_backend) = {
        let client = Client::connect(bench.address, &context, "localhost").unwrap();
        (client, bench.accept())
    };
    let file = bench.folder.path().join("ravelin.toml");
    let good = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, "[service.test]\nlisten = 7\n").unwrap();
    bench.tunnel.handle().reload();
    std::thread::sleep(Duration::from_millis(200));
    Client::connect(bench.address, &context, "localhost").unwrap();
    bench.accept();
    std::fs::write(&file, good).unwrap();
    bench.tunnel.handle().reload();
    std::thread::sleep(Duration::from_millis(200));
    // Tickets travel with the first data or a little later.
    old_backend.write_all(b"x").unwrap();
    assert_eq!(old.read(1).unwrap(), b"x");
    let again = Client::connect(bench.address, &context, "localhost").unwrap();
    assert_eq!(again.handshake().kind, HandshakeKind::Resumed);
}

#[test]
fn a_drain_lets_connections_finish_and_cuts_the_rest() {
    let bench = Bench::with("", "[tunnel]\ndrain-timeout = \"2s\"");
    let (mut finishing, mut finishing_backend) = bench.connect();
    let (mut lasting, mut lasting_backend) = bench.connect();
    let started = Instant::now();
    bench.tunnel.handle().drain();
    std::thread::sleep(Duration::from_millis(300));
    assert!(Client::connect(bench.address, &bench.context(), "localhost").is_err());
    finishing.send(b"last words").unwrap();
    finishing.close().unwrap();
    assert_eq!(read_to_end(&mut finishing_backend), (b"last words".to_vec(), Ok(())));
    finishing_backend.write_all(b"answer").unwrap();
    drop(finishing_backend);
    assert_eq!(finishing.read_to_end(), (b"answer".to_vec(), Ok(End::Closed)));
    bench.tunnel.wait();
    assert!(started.elapsed() >= Duration::from_millis(1900));
    assert_eq!(read_to_end(&mut lasting_backend).1, Err(ErrorKind::ConnectionReset));
    let (_, end) = lasting.read_to_end();
    assert!(end != Ok(End::Closed), "{end:?}");
}
