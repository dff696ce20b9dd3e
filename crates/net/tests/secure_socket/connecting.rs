//! Connecting: to whom, over which versions, for how long.

use super::{
    ends::{InMemory, acceptor},
    peers::{Served, connected, line, localhost, next, node, openssl, rest, trusting},
};
use ravelin_net::socket::{
    CertificateStatus, DEFAULT_TIMEOUT, Dial, Dialing, EventKind, Origin, Sandbox, SecureSocket,
    Socket, SocketError, Tcp,
};
use ravelin_test::{Authority, Request, has_program, skip};
use ravelin_tls::{HandshakeKind, Version};
use std::{net::IpAddr, sync::Arc, time::Duration};
use tokio::{io::AsyncReadExt as _, net::TcpListener, time::Instant};

#[test]
fn s01_secure_sockets_are_supported_and_that_can_be_asked_before_one_is_made() {
    assert!(SecureSocket::is_supported());
}

#[test]
fn s16_s25_a_new_socket_knows_nothing() {
    let socket = SecureSocket::new(Sandbox::Application).unwrap();
    assert_eq!(socket.server_certificate_status(), CertificateStatus::Unknown);
    assert!(socket.server_certificate().is_none());
    assert!(socket.report().is_none() && socket.handshake().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn s04_tls_1_2_and_1_3_and_nothing_older() {
    if !has_program("openssl", &["version"]) {
        return;
    }
    let (root, issued) = localhost();
    for (version, agreed) in [("-tls1_2", Version::Tls12), ("-tls1_3", Version::Tls13)] {
        let server = openssl(&issued, None, version);
        let mut socket = trusting(&root);
        assert_eq!(connected(&mut socket, "localhost", server.port()).await, [EventKind::Connect]);
        assert_eq!(socket.handshake().unwrap().version, agreed);
    }
    for version in ["-tls1", "-tls1_1"] {
        let server = openssl(&issued, None, &format!("{version} -cipher ALL:@SECLEVEL=0"));
        let mut socket = trusting(&root);
        socket.connect("localhost", server.port()).unwrap();
        assert_eq!(rest(&mut socket).await, ["ioError"], "{version}");
        assert_eq!(socket.server_certificate_status(), CertificateStatus::Unknown);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s26_the_host_is_a_name_or_an_address_and_only_a_name_is_sent() {
    let root = Authority::root("Root");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, mut asked) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            let Ok(accepting) = ravelin_net::TlsAcceptor::hello(tcp).await else { continue };
            sender.send(accepting.client_hello().server_name.clone()).unwrap();
        }
    });
    for (host, name) in [("localhost", Some("localhost")), ("127.0.0.1", None)] {
        let mut socket = trusting(&root);
        socket.connect(host, port.into()).unwrap();
        assert_eq!(rest(&mut socket).await, ["ioError"], "the server only looks");
        assert_eq!(asked.recv().await.unwrap().as_deref(), name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s22_s26_s48_s49_an_address_is_a_host_too_and_both_ends_are_known() {
    if !has_program("node", &["--version"]) {
        return;
    }
    let root = Authority::root("Root");
    let by_address = root.issue(&Request::new(["127.0.0.1"]));
    let by_name = root.issue(&Request::new(["localhost"]));
    let server = node(&[Served::new(&by_address), Served::new(&by_name)]);
    let mut socket = trusting(&root);
    assert_eq!(socket.remote_address(), None);
    assert_eq!(connected(&mut socket, "127.0.0.1", server.port()).await, [EventKind::Connect]);
    let loopback: IpAddr = "127.0.0.1".parse().unwrap();
    assert_eq!(socket.remote_address(), Some(loopback));
    assert_eq!(socket.remote_port(), Some(server.ports[0]));
    assert_eq!(socket.local_address(), Some(loopback));
    assert!(socket.local_port().is_some_and(|port| port > 0 && port != server.ports[0]));
    socket.write_utf_bytes("name\n").unwrap();
    socket.flush().unwrap();
    // What Node calls a client that named nobody.
    assert_eq!(line(&mut socket).await, "false false\n");
    socket.close().unwrap();
    assert_eq!((socket.local_address(), socket.local_port()), (None, None));
    assert_eq!((socket.remote_address(), socket.remote_port()), (None, None));

    let events = connected(&mut socket, "127.0.0.1", server.ports[1].into()).await;
    assert!(matches!(events[..], [EventKind::IoError { .. }]));
    assert_eq!(socket.server_certificate_status(), CertificateStatus::PrincipalMismatch);
    assert_eq!(connected(&mut socket, "localhost", server.ports[1].into()).await.len(), 1);
    socket.write_utf_bytes("name\n").unwrap();
    socket.flush().unwrap();
    assert!(line(&mut socket).await.starts_with("localhost "));
}

#[tokio::test(flavor = "multi_thread")]
async fn s26_names_with_a_final_dot_and_addresses_of_ipv6_are_hosts() {
    /// A resolver that knows what the final dot means.
    #[derive(Debug)]
    struct Resolving;

    impl Dial for Resolving {
        fn dial<'a>(&'a self, host: &'a str, port: u16) -> Dialing<'a> {
            Tcp.dial(if host == "localhost." { "127.0.0.1" } else { host }, port)
        }
    }

    let root = Authority::root("Root");
    let issued = root.issue(&Request::new(["localhost", "::1"]));
    for (bind, hosts) in [("127.0.0.1:0", vec!["localhost."]), ("[::1]:0", vec!["::1", "[::1]"])] {
        let listener = match TcpListener::bind(bind).await {
            Ok(listener) => listener,
            Err(error) => {
                skip(&format!("{bind}: {error}"));
                continue;
            }
        };
        let port = listener.local_addr().unwrap().port();
        let acceptor = acceptor(&issued);
        tokio::spawn(async move {
            loop {
                let (tcp, _) = listener.accept().await.unwrap();
                let mut stream = acceptor.accept(tcp).await.unwrap();
                stream.close().await.unwrap();
            }
        });
        for host in hosts {
            let mut socket = trusting(&root).with_dialer(Resolving);
            socket.connect(host, port.into()).unwrap();
            assert_eq!(rest(&mut socket).await, ["connect", "close"], "{host}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s18_a_resumed_session_is_judged_again() {
    if !has_program("node", &["--version"]) {
        return;
    }
    let (root, issued) = localhost();
    for version in ["1.2", "1.3"] {
        let server = node(&[Served { version, ..Served::new(&issued) }]);
        let mut socket = trusting(&root);
        for resumed in [false, true] {
            let events = connected(&mut socket, "localhost", server.port()).await;
            assert_eq!(events, [EventKind::Connect]);
            assert_eq!(socket.server_certificate_status(), CertificateStatus::Trusted);
            let kind = socket.handshake().unwrap().kind;
            assert_eq!(kind == HandshakeKind::Resumed, resumed, "{version}");
            assert_eq!(socket.server_certificate().unwrap().der(), issued.certificate_der());
            assert!(socket.report().unwrap().verdict().trusted().is_some());
            // The session comes with the first data.
            socket.write_utf_bytes("name\n").unwrap();
            socket.flush().unwrap();
            let said = line(&mut socket).await;
            assert!(said.ends_with(&format!(" {resumed}\n")), "{version} {said}");
        }
        // No session stands against a decision that was made since.
        socket.distrust(issued.certificate_der()).unwrap();
        let events = connected(&mut socket, "localhost", server.port()).await;
        assert!(matches!(events[..], [EventKind::IoError { .. }]), "{events:?}");
        assert_eq!(socket.server_certificate_status(), CertificateStatus::Revoked);
    }
}

#[test]
fn s29_impossible_ports_fail_at_once() {
    let mut socket = SecureSocket::new(Sandbox::Application).unwrap();
    for port in [-1, 65_536, i32::MIN, i32::MAX] {
        let error = socket.connect("localhost", port).unwrap_err();
        assert_eq!(error, SocketError::Port(port));
        assert_eq!((error.class(), error.error_id()), ("SecurityError", 2003));
    }
    assert!(!socket.connected());
}

#[tokio::test]
async fn s29_every_other_port_is_tried() {
    for port in [0, 65_535] {
        let mut socket = Socket::new(Sandbox::Application).unwrap();
        socket.connect("127.0.0.1", port).unwrap();
        assert_eq!(rest(&mut socket).await, ["ioError"]);
    }
}

/// A port of this machine where nobody listens.
async fn closed_port() -> i32 {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port().into()
}

#[tokio::test]
async fn s30_with_a_host_failing_is_an_event_and_without_one_it_is_an_error() {
    let port = closed_port().await;
    let mut socket = SecureSocket::new(Sandbox::Application).unwrap();
    let events = connected(&mut socket, "127.0.0.1", port).await;
    assert!(matches!(&events[..], [EventKind::IoError { error_id: 2031, .. }]), "{events:?}");

    let error = socket.connect_without_host(port).await.unwrap_err();
    assert_eq!((error.class(), error.error_id()), ("IOError", 2011));
    assert!(error.to_string().contains(&format!("localhost:{port}")), "{error}");
    assert_eq!(rest(&mut socket).await, [""; 0], "it is told once");
    let error = socket.connect_without_host(65_536).await.unwrap_err();
    assert_eq!(error, SocketError::Port(65_536));
}

#[tokio::test]
async fn s30_without_a_host_it_is_the_one_that_the_code_came_from() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    for sandbox in [Sandbox::Application, Sandbox::Remote(Origin::new("127.0.0.1", false))] {
        let mut socket = Socket::new(sandbox).unwrap();
        socket.connect_without_host(port.into()).await.unwrap();
        assert_eq!(next(&mut socket).await.unwrap().kind, EventKind::Connect);
        assert!(socket.connected());
        listener.accept().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn s33_time_to_connect_is_limited_to_the_millisecond() {
    let root = Authority::root("Root");
    for limit in [None, Some(Duration::from_millis(1234))] {
        // Somebody answers, and says nothing.
        let dialer = InMemory { size: 10_000, ..InMemory::default() };
        let mut socket = trusting(&root).with_dialer(dialer.clone());
        if let Some(limit) = limit {
            socket.set_timeout(limit);
        }
        let limit = limit.unwrap_or(DEFAULT_TIMEOUT);
        assert_eq!(socket.timeout(), limit);
        let begin = Instant::now();
        socket.connect("localhost", 443).unwrap();
        let event = socket.next_event().await.unwrap();
        let passed = begin.elapsed();
        assert!(passed >= limit && passed < limit + Duration::from_millis(2), "{passed:?}");
        assert_eq!(event.error_id(), Some(2031));
        assert!(event.text().unwrap().contains(&format!("{} ms", limit.as_millis())), "{event}");
        assert_eq!(socket.server_certificate_status(), CertificateStatus::Unknown);
        assert_eq!(socket.next_event().await, None);
        // The other end sees that the attempt was given up.
        let mut far = dialer.far.lock().unwrap().pop().unwrap();
        far.read_to_end(&mut Vec::new()).await.unwrap();
    }
    assert_eq!(DEFAULT_TIMEOUT, Duration::from_secs(20));
}

#[tokio::test]
async fn s33_s34_who_is_connected_in_time_stays_connected() {
    let (root, issued) = localhost();
    let dialer = InMemory { size: 20_000, ..InMemory::default() };
    let far = Arc::clone(&dialer.far);
    let mut socket = trusting(&root).with_dialer(dialer);
    socket.set_timeout(Duration::from_secs(5));
    assert!(!socket.connected());
    socket.connect("localhost", 443).unwrap();
    assert!(!socket.connected(), "not before the event");
    let serve = async {
        let far = loop {
            if let Some(far) = far.lock().unwrap().pop() {
                break far;
            }
            tokio::task::yield_now().await;
        };
        acceptor(&issued).accept(far).await.unwrap()
    };
    let (event, far) = tokio::join!(next(&mut socket), serve);
    assert_eq!(event.unwrap().kind, EventKind::Connect);
    assert!(socket.connected());
    tokio::time::pause();
    let quiet = tokio::time::timeout(Duration::from_secs(3600), socket.next_event()).await;
    assert!(quiet.is_err(), "the limit is for connecting only: {quiet:?}");
    assert!(socket.connected());
    drop(far);
}
