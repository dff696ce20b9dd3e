//! Data both ways, and what waits for it.

use super::{
    ends::{InMemory, acceptor},
    peers::{Served, Server, connected, filled, line, localhost, next, node, rest, trusting},
};
use ravelin_net::{
    data::{
        Endian,
        amf::{Array, Graph, Object, ObjectEncoding},
    },
    socket::{EventKind, Protocol, Sandbox, SecureSocket, Socket, TypedSocket},
};
use ravelin_test::{Authority, has_program};
use std::{sync::Arc, time::Duration};
use tokio::{io::AsyncReadExt as _, time::timeout};

/// One program for both kinds of sockets: everything that a socket has, against a server that sends back what it gets.
async fn exercise<P: Protocol>(socket: &mut TypedSocket<P>, port: i32) {
    assert_eq!(connected(socket, "localhost", port).await, [EventKind::Connect]);
    socket.write_utf_bytes("pipe\n").unwrap();
    socket.flush().unwrap();
    assert_eq!(line(socket).await, "\n");
    for endian in [Endian::Big, Endian::Little] {
        for encoding in [ObjectEncoding::Amf0, ObjectEncoding::Amf3] {
            socket.set_endian(endian);
            socket.set_object_encoding(encoding);
            assert_eq!((socket.endian(), socket.object_encoding()), (endian, encoding));
            let mut graph = Graph::default();
            let dense = vec!["a".into(), 1.5.into()];
            graph.root =
                graph.insert(Object::Array(Array { dense, associative: Vec::new() })).into();
            socket.write_bool(true).unwrap();
            socket.write_byte(-2).unwrap();
            socket.write_i8(-3).unwrap();
            socket.write_u8(254).unwrap();
            socket.write_short(-4).unwrap();
            socket.write_i16(-5).unwrap();
            socket.write_u16(0x1234).unwrap();
            socket.write_i32(-6).unwrap();
            socket.write_u32(0x1234_5678).unwrap();
            socket.write_f32(0.1).unwrap();
            socket.write_f64(0.2).unwrap();
            socket.write_bytes(b"bytes").unwrap();
            socket.write_bytes_from(b"0123456", 2, 3).unwrap();
            socket.write_utf("naïve").unwrap();
            socket.write_utf_bytes("plain").unwrap();
            socket.write_multi_byte("日本", "shift_jis").unwrap();
            socket.write_object(&graph).unwrap();
            let pending = socket.bytes_pending();
            socket.flush().unwrap();
            filled(socket, pending).await;
            assert!(socket.read_bool().unwrap());
            assert_eq!(socket.read_u8().unwrap(), 254);
            assert_eq!(socket.read_i8().unwrap(), -3);
            assert_eq!(socket.read_u8().unwrap(), 254);
            assert_eq!(socket.read_i16().unwrap(), -4);
            assert_eq!(socket.read_i16().unwrap(), -5);
            assert_eq!(socket.read_u16().unwrap(), 0x1234);
            assert_eq!(socket.read_i32().unwrap(), -6);
            assert_eq!(socket.read_u32().unwrap(), 0x1234_5678);
            assert_eq!(socket.read_f32().unwrap().to_bits(), 0.1_f32.to_bits());
            assert_eq!(socket.read_f64().unwrap().to_bits(), 0.2_f64.to_bits());
            assert_eq!(socket.read_bytes(5).unwrap(), b"bytes");
            let mut target = Vec::new();
            assert_eq!(socket.read_bytes_into(&mut target, 1, 3).unwrap(), 3);
            assert_eq!(target, b"\x00234");
            assert_eq!(socket.read_utf().unwrap(), "naïve");
            assert_eq!(socket.read_utf_bytes(5).unwrap(), "plain");
            assert_eq!(socket.read_multi_byte(4, "shift_jis").unwrap(), "日本");
            assert_eq!(socket.read_object().unwrap(), graph);
            assert_eq!(socket.bytes_available(), 0);
            assert!(socket.read_bytes(0).unwrap().is_empty(), "nothing is all there is");
        }
    }
    assert!(socket.local_port().is_some() && socket.remote_port() == u16::try_from(port).ok());
    socket.close().unwrap();
    assert_eq!(next(socket).await, None);
}

/// Servers without TLS, with TLS 1.2 and with TLS 1.3.
fn with_and_without_tls() -> (Authority, Server) {
    let (root, issued) = localhost();
    let server = node(&[
        Served { issued: None, staple: None, version: "" },
        Served { version: "1.2", ..Served::new(&issued) },
        Served { version: "1.3", ..Served::new(&issued) },
    ]);
    (root, server)
}

#[tokio::test(flavor = "multi_thread")]
async fn s05_s44_s46_s47_a_secure_socket_has_everything_that_a_plain_one_has() {
    if !has_program("node", &["--version"]) {
        return;
    }
    let (root, server) = with_and_without_tls();
    exercise(&mut Socket::new(Sandbox::Application).unwrap(), server.ports[0].into()).await;
    exercise(&mut trusting(&root), server.ports[1].into()).await;
    exercise(&mut trusting(&root), server.ports[2].into()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s44_s55_what_has_arrived_is_counted_however_it_comes() {
    if !has_program("node", &["--version"]) {
        return;
    }
    let (root, issued) = localhost();
    let server = node(&[Served::new(&issued)]);
    let mut socket = trusting(&root);
    connected(&mut socket, "localhost", server.port()).await;
    socket.write_utf_bytes("send 1000000\n").unwrap();
    socket.flush().unwrap();
    let mut read = 0;
    while read < 1_000_000 {
        let before = socket.bytes_available();
        let event = next(&mut socket).await.unwrap();
        if let EventKind::SocketData { bytes_loaded } = event.kind {
            assert!(bytes_loaded > before, "{before} {bytes_loaded}");
            assert_eq!(bytes_loaded, socket.bytes_available());
            // Sometimes it is left for the next time.
            if bytes_loaded > 30_000 || read + bytes_loaded == 1_000_000 {
                read += socket.read_bytes(0).unwrap().len();
            }
        }
    }
    assert_eq!((read, socket.bytes_available()), (1_000_000, 0));
}

async fn deaf<P: Protocol>(mut socket: TypedSocket<P>, port: u16) {
    connected(&mut socket, "localhost", port.into()).await;
    socket.write_utf_bytes("deaf\n").unwrap();
    socket.flush().unwrap();
    socket.write_bytes(&vec![0; 32 << 20]).unwrap();
    socket.flush().unwrap();
    let mut pending = socket.bytes_pending();
    assert!(pending > 0 && socket.connected());
    // As much as the system buffers goes; then it stays.
    while let Ok(event) = timeout(Duration::from_millis(700), socket.next_event()).await {
        let EventKind::OutputProgress { bytes_pending, .. } = event.unwrap().kind else {
            panic!("nothing else happens");
        };
        assert!(bytes_pending <= pending, "{bytes_pending} {pending}");
        pending = bytes_pending;
    }
    assert!(pending > 1 << 20, "{pending}");
    assert_eq!(socket.bytes_pending(), pending);
    socket.close().unwrap();
    assert_eq!(socket.bytes_pending(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn s45_what_a_deaf_server_does_not_take_stays_pending() {
    if !has_program("node", &["--version"]) {
        return;
    }
    let (root, server) = with_and_without_tls();
    deaf(Socket::new(Sandbox::Application).unwrap(), server.ports[0]).await;
    deaf(trusting(&root), server.ports[1]).await;
    deaf(trusting(&root), server.ports[2]).await;
}

/// A secure socket and the server at its other end, over a link that holds so many bytes.
async fn linked(size: usize) -> (SecureSocket, ravelin_net::TlsStream<tokio::io::DuplexStream>) {
    let (root, issued) = localhost();
    let dialer = InMemory { size, ..InMemory::default() };
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
    let (event, far) = tokio::join!(next(&mut socket), serve);
    assert_eq!(event.unwrap().kind, EventKind::Connect);
    (socket, far)
}

#[tokio::test]
async fn s40_s45_progress_is_told_as_often_as_pending_bytes_become_less() {
    let (mut socket, mut far) = linked(5000).await;
    let sent: Vec<u8> = (0..251).cycle().take(100_000).collect();
    socket.write_bytes(&sent).unwrap();
    assert_eq!(socket.bytes_pending(), 100_000);
    socket.flush().unwrap();
    // The link holds less than one record: what is encrypted and waits is counted.
    assert!((90_000..101_000).contains(&socket.bytes_pending()), "{}", socket.bytes_pending());
    let mut last = socket.bytes_pending() + 5000;
    let mut received = Vec::new();
    let mut count = 0;
    while received.len() < sent.len() {
        tokio::select! {
            event = next(&mut socket) => {
                let EventKind::OutputProgress { bytes_pending, bytes_total } = event.unwrap().kind else {
                    panic!("nothing else happens");
                };
                assert!(bytes_pending < last, "{bytes_pending} {last}");
                assert_eq!((bytes_pending, bytes_total), (socket.bytes_pending(), 100_000));
                last = bytes_pending;
                count += 1;
            }
            result = far.read_buf(&mut received) => assert!(result.unwrap() > 0),
        }
    }
    assert!(received == sent);
    while last > 0 {
        let EventKind::OutputProgress { bytes_pending, .. } = next(&mut socket).await.unwrap().kind
        else {
            panic!("nothing else happens");
        };
        last = bytes_pending;
    }
    assert!(count > 5, "{count}");
}

#[tokio::test]
async fn s61_only_what_was_flushed_is_sent() {
    let (mut socket, mut far) = linked(20_000).await;
    socket.write_utf_bytes("first").unwrap();
    socket.flush().unwrap();
    socket.write_utf_bytes("second").unwrap();
    assert_eq!(next(&mut socket).await.unwrap().bytes_pending(), Some(6));
    let mut received = [0; 100];
    assert_eq!(far.read(&mut received).await.unwrap(), 5);
    assert_eq!(&received[..5], b"first");
    let idle = timeout(Duration::from_millis(100), async {
        tokio::select! {
            event = next(&mut socket) => panic!("{event:?}"),
            count = far.read(&mut received) => panic!("{count:?}"),
        }
    });
    assert!(idle.await.is_err());
    assert_eq!(socket.bytes_pending(), 6);
    socket.flush().unwrap();
    assert_eq!(socket.bytes_pending(), 0, "there is room, so it goes at once");
    assert_eq!(far.read(&mut received).await.unwrap(), 6);
    assert_eq!(&received[..6], b"second");
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_is_allowed_to_wait_unread_ends_the_connection() {
    if !has_program("node", &["--version"]) {
        return;
    }
    let (root, issued) = localhost();
    let server = node(&[Served::new(&issued)]);
    let mut socket = trusting(&root);
    socket.set_input_limit(50_000);
    assert_eq!(socket.input_limit(), 50_000);
    connected(&mut socket, "localhost", server.port()).await;
    socket.write_utf_bytes("send 1000000\n").unwrap();
    socket.flush().unwrap();
    let mut most = 0;
    let text = loop {
        let event = next(&mut socket).await.unwrap();
        most = most.max(socket.bytes_available());
        if let Some(text) = event.text() {
            break text.to_owned();
        }
    };
    assert!(text.contains("50000 bytes have arrived and were not read"), "{text}");
    assert!((50_000..70_000).contains(&most), "{most}");
    assert_eq!(rest(&mut socket).await, [""; 0]);
}

#[tokio::test]
async fn s64_a_socket_is_shown_as_in_air_and_told_apart_when_debugged() {
    let mut secure = SecureSocket::new(Sandbox::Application).unwrap();
    let plain = Socket::new(Sandbox::Application).unwrap();
    assert_eq!(secure.to_string(), "[object SecureSocket]");
    assert_eq!(plain.to_string(), "[object Socket]");
    let shown = format!("{secure:?}");
    assert!(shown.starts_with("SecureSocket {") && shown.contains("phase: Closed"), "{shown}");
    secure.connect("127.0.0.1", 0).unwrap();
    assert!(format!("{secure:?}").contains("phase: Connecting"));
    assert!(format!("{plain:?}").starts_with("Socket {"));
}
