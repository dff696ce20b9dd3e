//! What one side does, the other side sees: the table of ends, with real sockets.

use crate::common::{self, Bench, pattern, read_to_end, reset};
use ravelin_tls::End;
use socket2::{Domain, SockAddr, Socket, Type};
use std::{
    io::{ErrorKind, Read, Write},
    net::Shutdown,
    os::unix::net::{UnixListener, UnixStream},
    path::Path,
    thread,
    time::{Duration, Instant},
};

#[test]
fn f02_bytes_pass_both_ways() {
    let bench = Bench::new("");
    let (mut client, mut backend) = bench.connect();
    client.send(b"question").unwrap();
    let mut question = [0; 8];
    backend.read_exact(&mut question).unwrap();
    assert_eq!(&question, b"question");
    backend.write_all(b"answer").unwrap();
    assert_eq!(client.read(6).unwrap(), b"answer");
}

#[test]
fn f04_the_backend_may_be_a_unix_socket() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backend.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let bench = Bench::new(&format!("target = \"unix:{}\"", path.display()));
    let context = bench.context();
    let mut client = common::Client::connect(bench.address, &context, "localhost").unwrap();
    let (mut backend, _) = listener.accept().unwrap();
    client.send(b"question").unwrap();
    let mut question = [0; 8];
    backend.read_exact(&mut question).unwrap();
    backend.write_all(b"answer").unwrap();
    backend.shutdown(Shutdown::Write).unwrap();
    assert_eq!(client.read_to_end(), (b"answer".to_vec(), Ok(End::Closed)));
}

/// A unix socket that queues one connection and no more, and that connection.
fn full_queue(path: &Path) -> (UnixListener, UnixStream) {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
    socket.bind(&SockAddr::unix(path).unwrap()).unwrap();
    socket.listen(0).unwrap();
    (socket.into(), UnixStream::connect(path).unwrap())
}

#[test]
fn f04_a_unix_backend_with_a_full_queue_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backend.sock");
    let (listener, first) = full_queue(&path);
    let bench = Bench::new(&format!("target = \"unix:{}\"", path.display()));
    let context = bench.context();
    let mut client = common::Client::connect(bench.address, &context, "localhost").unwrap();
    client.send(b"question").unwrap();
    thread::sleep(Duration::from_millis(100));
    let (_held, _) = listener.accept().unwrap();
    let (mut backend, _) = listener.accept().unwrap();
    let mut question = [0; 8];
    backend.read_exact(&mut question).unwrap();
    assert_eq!(&question, b"question");
    drop(first);
}

#[test]
fn f07_a_unix_backend_with_a_full_queue_is_given_up_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backend.sock");
    let (_listener, _first) = full_queue(&path);
    let target = format!("target = \"unix:{}\"\nconnect-timeout = \"200ms\"", path.display());
    let bench = Bench::new(&target);
    let context = bench.context();
    let mut client = common::Client::connect(bench.address, &context, "localhost").unwrap();
    let began = Instant::now();
    assert!(client.read_to_end().1.is_err());
    assert!(began.elapsed() >= Duration::from_millis(150));
}

#[test]
fn f05_half_close_is_carried_both_ways() {
    let bench = Bench::new("");
    let data = pattern(300_000);
    let (mut client, mut backend) = bench.connect();
    client.send(&data).unwrap();
    client.close().unwrap();
    let (received, end) = read_to_end(&mut backend);
    assert!(received == data && end.is_ok());
    // The answer still flows.
    backend.write_all(&data).unwrap();
    drop(backend);
    let (received, end) = client.read_to_end();
    assert!(received == data);
    assert_eq!(end, Ok(End::Closed));

    let (mut client, mut backend) = bench.connect();
    backend.write_all(&data).unwrap();
    backend.shutdown(Shutdown::Write).unwrap();
    let (received, end) = client.read_to_end();
    assert!(received == data);
    assert_eq!(end, Ok(End::Closed));
    // Uploads still flow.
    client.send(&data).unwrap();
    client.close().unwrap();
    let (received, end) = read_to_end(&mut backend);
    assert!(received == data && end.is_ok());
}

#[test]
fn f05_a_slow_reader_gets_every_byte() {
    let bench = Bench::new("");
    let data = pattern(20_000_000);
    let (mut client, mut backend) = bench.connect();
    thread::scope(|scope| {
        scope.spawn(|| {
            backend.write_all(&data).unwrap();
            backend.shutdown(Shutdown::Write).unwrap();
        });
        thread::sleep(Duration::from_millis(300));
        let (received, end) = client.read_to_end();
        assert!(received == data);
        assert_eq!(end, Ok(End::Closed));
    });
    let (mut client, mut backend) = bench.connect();
    thread::scope(|scope| {
        let sender = scope.spawn(|| {
            client.send(&data).unwrap();
            client.close().unwrap();
            client
        });
        thread::sleep(Duration::from_millis(300));
        let (received, end) = read_to_end(&mut backend);
        assert!(received == data && end.is_ok());
        sender.join().unwrap();
    });
}

#[test]
fn f05_tiny_writes_arrive_in_order_on_many_connections() {
    let bench = Bench::new("");
    thread::scope(|scope| {
        for number in 0..20u8 {
            let (mut client, mut backend) = bench.connect();
            scope.spawn(move || {
                for byte in 0..200u8 {
                    client.send(&[number, byte]).unwrap();
                    let mut seen = [0; 2];
                    backend.read_exact(&mut seen).unwrap();
                    assert_eq!(seen, [number, byte]);
                    backend.write_all(&seen).unwrap();
                    assert_eq!(client.read(2).unwrap(), [number, byte]);
                }
            });
        }
    });
}

#[test]
fn f08_a_truncated_upload_is_delivered_and_then_reset() {
    let bench = Bench::new("");
    let data = pattern(100_000);
    let (mut client, mut backend) = bench.connect();
    client.send(&data).unwrap();
    client.truncate().unwrap();
    // Give it time to read late: the reset must not overtake the data.
    thread::sleep(Duration::from_millis(200));
    let (received, end) = read_to_end(&mut backend);
    assert!(received == data);
    assert_eq!(end, Err(ErrorKind::ConnectionReset));
}

#[test]
fn f08_a_sloppy_client_may_be_forgiven() {
    let bench = Bench::new("on-truncation = \"fin\"");
    let (mut client, mut backend) = bench.connect();
    client.send(b"all of it").unwrap();
    client.truncate().unwrap();
    assert_eq!(read_to_end(&mut backend), (b"all of it".to_vec(), Ok(())));
    backend.write_all(b"answer").unwrap();
    drop(backend);
    assert_eq!(client.read_to_end(), (b"answer".to_vec(), Ok(End::Closed)));
}

#[test]
fn f08_a_clients_reset_reaches_the_backend() {
    let bench = Bench::new("");
    let (mut client, mut backend) = bench.connect();
    client.send(b"some").unwrap();
    let mut some = [0; 4];
    backend.read_exact(&mut some).unwrap();
    client.reset();
    assert_eq!(read_to_end(&mut backend).1, Err(ErrorKind::ConnectionReset));
}

#[test]
fn f08_a_backends_reset_is_no_clean_end() {
    let bench = Bench::new("");
    let (mut client, mut backend) = bench.connect();
    backend.write_all(b"some").unwrap();
    assert_eq!(client.read(4).unwrap(), b"some");
    reset(backend);
    let (_, end) = client.read_to_end();
    assert!(matches!(end, Err(ErrorKind::ConnectionReset) | Ok(End::Truncated)), "{end:?}");
}

#[test]
fn f08_an_unreachable_backend_is_no_clean_end() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let bench = Bench::new(&format!("target = \"{free}\""));
    let context = bench.context();
    if let Ok(mut client) = common::Client::connect(bench.address, &context, "localhost") {
        let (data, end) = client.read_to_end();
        assert!(data.is_empty());
        assert!(matches!(end, Err(ErrorKind::ConnectionReset) | Ok(End::Truncated)), "{end:?}");
    }
}

#[test]
fn f08_a_backend_that_stops_taking_data_is_no_clean_end() {
    let bench = Bench::new("");
    let (mut client, mut backend) = bench.connect();
    backend.write_all(b"early answer").unwrap();
    // Closing with unread data is a reset.
    client.send(&pattern(10_000)).unwrap();
    thread::sleep(Duration::from_millis(100));
    drop(backend);
    let started = Instant::now();
    let mut failed = false;
    while started.elapsed() < common::PATIENCE && !failed {
        failed = client.send(&pattern(10_000)).is_err();
    }
    assert!(failed, "the upload has to fail");
    let (_, end) = client.read_to_end();
    assert!(end != Ok(End::Closed), "{end:?}");
}

#[test]
fn f08_a_broken_record_ends_both_sides_visibly() {
    let bench = Bench::new("");
    let (mut client, mut backend) = bench.connect();
    client.send(b"good").unwrap();
    let mut below = client.stream();
    below
        .write_all(&[
            23, 3, 3, 0, 20, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20,
        ])
        .unwrap();
    let (received, end) = read_to_end(&mut backend);
    assert!(received == b"good" || received.is_empty());
    assert_eq!(end, Err(ErrorKind::ConnectionReset));
}
