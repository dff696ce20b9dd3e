//! How connections end, and what is told of it.

use super::peers::{
    Records, Served, connected, filled, http, localhost, next, node, ocsp_at, openssl, rest,
    trusting,
};
use ravelin_net::{
    TlsAcceptor,
    data::DataError,
    socket::{
        CertificateStatus, Dial, Dialed, Dialing, EventKind, Sandbox, SecureSocket, Socket,
        SocketError,
    },
};
use ravelin_test::{Authority, Issued, Request, has_program};
use ravelin_tls::{Identity, ServerConfig, ServerContext};
use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{
        AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream, ReadBuf, duplex,
    },
    net::TcpListener,
};

pub fn acceptor(issued: &Issued) -> TlsAcceptor {
    let identity = Identity::from_bytes(issued.chain_pem().as_bytes(), issued.key_pem().as_bytes());
    let config = ServerConfig::new(vec![Arc::new(identity.unwrap())]);
    TlsAcceptor::new(ServerContext::new(&config).unwrap())
}

/// Leads to the other end of streams in memory.
#[derive(Clone, Debug, Default)]
pub struct InMemory {
    pub far: Arc<Mutex<Vec<DuplexStream>>>,
    pub size: usize,
}

impl Dial for InMemory {
    fn dial<'a>(&'a self, _: &'a str, _: u16) -> Dialing<'a> {
        Box::pin(async {
            let (near, far) = duplex(self.size);
            self.far.lock().unwrap().push(far);
            Ok(Dialed { stream: Box::new(near), local: None, remote: None })
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s35_s37_the_servers_end_is_told_as_what_it_was() {
    if !has_program("node", &["--version"]) {
        return;
    }
    let (root, issued) = localhost();
    for version in ["1.2", "1.3"] {
        let server = node(&[Served { version, ..Served::new(&issued) }]);
        for (command, expected) in [
            ("close\n", Ok(EventKind::Close { truncated: false })),
            ("fin\n", Ok(EventKind::Close { truncated: true })),
            ("reset\n", Err(2031)),
        ] {
            let mut socket = trusting(&root);
            let events = connected(&mut socket, "localhost", server.port()).await;
            assert_eq!(events, [EventKind::Connect]);
            socket.write_utf_bytes("hello\n").unwrap();
            socket.flush().unwrap();
            filled(&mut socket, 6).await;
            assert_eq!(socket.read_utf_bytes(6).unwrap(), "hello\n");
            socket.write_utf_bytes(command).unwrap();
            socket.flush().unwrap();
            let end = loop {
                let event = next(&mut socket).await.unwrap();
                if !matches!(event.kind, EventKind::OutputProgress { .. }) {
                    break event;
                }
            };
            match expected {
                Ok(kind) => assert_eq!(end.kind, kind, "{version} {command}"),
                Err(number) => {
                    assert!(matches!(end.kind, EventKind::IoError { .. }), "{end}");
                    assert_eq!(end.error_id(), Some(number));
                    assert!(!end.text().unwrap().is_empty());
                }
            }
            assert_eq!(next(&mut socket).await, None, "the end is the last that is told");
            assert!(!socket.connected());
            assert_eq!(socket.server_certificate_status(), CertificateStatus::Trusted);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s20_s35_s62_the_own_close_says_goodbye_and_raises_nothing() {
    if !has_program("openssl", &["version"]) {
        return;
    }
    let (root, issued) = localhost();
    for version in ["-tls1_2", "-tls1_3"] {
        // It shows each message of the protocol, so also close_notify.
        let mut server = openssl(&issued, None, &format!("{version} -msg -naccept 2"));
        let mut socket = trusting(&root);
        connected(&mut socket, "localhost", server.port()).await;
        socket.write_utf_bytes("last words\n").unwrap();
        socket.close().unwrap();
        assert!(!socket.connected());
        assert_eq!(rest(&mut socket).await, [""; 0]);
        assert_eq!(socket.server_certificate_status(), CertificateStatus::Trusted);
        assert!(socket.server_certificate().is_none() && socket.handshake().is_none());
        server.said("last words");
        server.said("<<< ");
        loop {
            let line = server.said("<<< ");
            if line.contains("Alert") {
                assert!(line.contains("warning close_notify"), "{line}");
                break;
            }
        }
        assert_eq!(socket.close(), Err(SocketError::Closed), "there is nothing to close any more");
    }
}

#[tokio::test]
async fn s62_what_was_written_arrives_although_the_socket_is_closed_and_dropped() {
    let (root, issued) = localhost();
    let dialer = InMemory { size: 1000, ..InMemory::default() };
    let far = Arc::clone(&dialer.far);
    let mut socket = trusting(&root).with_dialer(dialer);
    socket.connect("localhost", 443).unwrap();
    let serve = async {
        let far = loop {
            if let Some(far) = far.lock().unwrap().pop() {
                break far;
            }
            tokio::task::yield_now().await;
        };
        acceptor(&issued).accept(far).await.unwrap()
    };
    let (event, mut far) = tokio::join!(next(&mut socket), serve);
    assert_eq!(event.unwrap().kind, EventKind::Connect);
    // Far more than the link takes at once.
    socket.write_bytes(&vec![7; 100_000]).unwrap();
    socket.close().unwrap();
    drop(socket);
    let mut received = Vec::new();
    far.read_to_end(&mut received).await.unwrap();
    assert_eq!(received.len(), 100_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn s28_connecting_again_closes_the_old_connection_first_and_tells_nothing_of_it() {
    if !has_program("node", &["--version"]) {
        return;
    }
    let (root, issued) = localhost();
    let mut server = node(&[Served::new(&issued), Served::new(&issued)]);
    let mut socket = trusting(&root);
    connected(&mut socket, "localhost", server.ports[0].into()).await;
    socket.write_utf_bytes("hello\n").unwrap();
    socket.flush().unwrap();
    filled(&mut socket, 6).await;
    let events = connected(&mut socket, "localhost", server.ports[1].into()).await;
    assert_eq!(events, [EventKind::Connect]);
    // Node saw close_notify on the first one.
    server.said("END");
    assert_eq!(socket.remote_port(), Some(server.ports[1]));
    assert_eq!(socket.bytes_available(), 0, "nothing of the old one is left");
    // A port that is none changes nothing.
    assert_eq!(socket.connect("localhost", -1), Err(SocketError::Port(-1)));
    assert!(socket.connected());
    assert_eq!(socket.server_certificate_status(), CertificateStatus::Trusted);
}

#[tokio::test]
async fn s63_closed_sockets_neither_read_nor_write() {
    let mut socket = Socket::new(Sandbox::Application).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let serve = tokio::spawn(async move {
        let (mut tcp, _) = listener.accept().await.unwrap();
        tcp.write_all(b"abcdef").await.unwrap();
    });
    let all_fail = |socket: &mut Socket| {
        let results = [
            socket.read_bool().map(drop),
            socket.read_i8().map(drop),
            socket.read_u8().map(drop),
            socket.read_i16().map(drop),
            socket.read_u16().map(drop),
            socket.read_i32().map(drop),
            socket.read_u32().map(drop),
            socket.read_f32().map(drop),
            socket.read_f64().map(drop),
            socket.read_bytes(0).map(drop),
            socket.read_bytes_into(&mut Vec::new(), 0, 0).map(drop),
            socket.read_utf().map(drop),
            socket.read_utf_bytes(0).map(drop),
            socket.read_multi_byte(0, "utf-8").map(drop),
            socket.read_object().map(drop),
            socket.write_bool(true),
            socket.write_byte(1),
            socket.write_short(1),
            socket.write_i32(1),
            socket.write_u32(1),
            socket.write_f32(1.0),
            socket.write_f64(1.0),
            socket.write_bytes(b""),
            socket.write_bytes_from(b"", 0, 0),
            socket.write_utf(""),
            socket.write_utf_bytes(""),
            socket.write_multi_byte("", "utf-8"),
            socket.write_object(&ravelin_net::data::amf::Graph::default()),
            socket.flush(),
            socket.close(),
        ];
        for (index, result) in results.into_iter().enumerate() {
            assert_eq!(result, Err(SocketError::Closed), "{index}");
        }
    };
    all_fail(&mut socket);
    assert_eq!(connected(&mut socket, "127.0.0.1", port.into()).await, [EventKind::Connect]);
    filled(&mut socket, 6).await;
    assert_eq!(socket.read_u16(), Ok(0x6162));
    let short = SocketError::Data(DataError::EndOfInput { needed: 8, available: 4 });
    assert_eq!((short.class(), short.error_id()), ("EOFError", 2030));
    assert_eq!(socket.read_f64(), Err(short));
    assert_eq!(socket.bytes_available(), 4, "nothing was consumed");
    assert_eq!(socket.read_utf_bytes(4).unwrap(), "cdef");
    serve.await.unwrap();
    assert_eq!(rest(&mut socket).await, ["close"]);
    all_fail(&mut socket);
}

#[tokio::test(flavor = "multi_thread")]
async fn s27_nothing_is_told_before_the_network_was_asked() {
    if !has_program("openssl", &["version"]) {
        return;
    }
    let root = Authority::root("Root");
    let (url, body) = http();
    let issued = root.issue_with(&Request::new(["localhost"]), &[ocsp_at(&url)]);
    let records = Records::new(&root, &issued, true);
    let server = openssl(&issued, None, "");
    let mut socket = trusting(&root);
    socket.connect("localhost", server.port()).unwrap();
    // The handshake is done long before; the responder is silent still.
    let early = tokio::time::timeout(Duration::from_millis(300), socket.next_event()).await;
    assert!(early.is_err(), "{early:?}");
    assert!(!socket.connected());
    assert_eq!(socket.server_certificate_status(), CertificateStatus::Unknown);
    body.send(records.ocsp()).unwrap();
    assert_eq!(rest(&mut socket).await, ["ioError"]);
    assert_eq!(socket.server_certificate_status(), CertificateStatus::Revoked);
}

#[tokio::test(flavor = "multi_thread")]
async fn s15_s26_a_server_without_tls_is_no_success() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut tcp, _) = listener.accept().await.unwrap();
        let mut first = [0; 3];
        tcp.read_exact(&mut first).await.unwrap();
        // TLS from the first byte: a handshake record (RFC 8446, section 5.1).
        assert_eq!(first, [22, 3, 1]);
        tcp.write_all(b"220 mail.example ready\r\n").await.unwrap();
        let _ = tcp.read_to_end(&mut Vec::new()).await;
    });
    let mut socket = SecureSocket::new(Sandbox::Application).unwrap();
    socket.add_trust_anchor(Authority::root("Root").root_der()).unwrap();
    socket.connect("127.0.0.1", port.into()).unwrap();
    assert_eq!(rest(&mut socket).await, ["ioError"]);
    assert_eq!(socket.server_certificate_status(), CertificateStatus::Unknown);
}

#[tokio::test]
async fn s37_that_sending_fails_is_told_too() {
    /// Takes a little, then nothing; says nothing.
    #[derive(Debug)]
    struct Broken(usize);

    impl AsyncRead for Broken {
        fn poll_read(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            _: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            Poll::Pending
        }
    }

    impl AsyncWrite for Broken {
        fn poll_write(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            let count = self.0.min(bytes.len());
            self.0 -= count;
            Poll::Ready(if count > 0 { Ok(count) } else { Err(io::ErrorKind::BrokenPipe.into()) })
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    impl Dial for Broken {
        fn dial<'a>(&'a self, _: &'a str, _: u16) -> Dialing<'a> {
            let stream = Box::new(Broken(self.0));
            Box::pin(async { Ok(Dialed { stream, local: None, remote: None }) })
        }
    }

    let mut socket = Socket::new(Sandbox::Application).unwrap().with_dialer(Broken(4));
    assert_eq!(connected(&mut socket, "server.example", 7).await, [EventKind::Connect]);
    socket.write_utf_bytes("abcdef").unwrap();
    assert_eq!(socket.flush(), Ok(()), "it is an event");
    let event = next(&mut socket).await.unwrap();
    assert_eq!(event.kind, EventKind::OutputProgress { bytes_pending: 2, bytes_total: 6 });
    let event = next(&mut socket).await.unwrap();
    assert_eq!((event.error_id(), event.text()), (Some(2031), Some("broken pipe")));
    assert!(!socket.connected());
    assert_eq!(next(&mut socket).await, None);
}
