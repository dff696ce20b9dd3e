//! Streams without tokio whose system calls are interrupted, time out, or end.

use crate::{household::alone_without_runtime, peers::Party};
use ravelin_net::{StreamError, blocking::TlsStream};
use ravelin_tls::Version;
use std::{
    io::{self, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    thread,
    time::{Duration, SystemTime},
};

/// A stream of which every other call is interrupted by a signal.
struct Interrupted<S> {
    below: S,
    is_time: bool,
}

impl<S> Interrupted<S> {
    fn new(below: S) -> Interrupted<S> {
        Interrupted { below, is_time: false }
    }

    fn maybe(&mut self) -> io::Result<&mut S> {
        self.is_time = !self.is_time;
        if self.is_time { Err(io::ErrorKind::Interrupted.into()) } else { Ok(&mut self.below) }
    }
}

impl<S: Read> Read for Interrupted<S> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        self.maybe()?.read(to)
    }
}

impl<S: Write> Write for Interrupted<S> {
    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        self.maybe()?.write(from)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.below.flush()
    }
}

fn now() -> Duration {
    SystemTime::UNIX_EPOCH.elapsed().unwrap()
}

fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (near, listener.accept().unwrap().0)
}

#[test]
fn signals_interrupt_neither_handshakes_nor_data() {
    alone_without_runtime(|| {
        for version in [Version::Tls12, Version::Tls13] {
            let party = Party::new(version);
            let (near, far) = pair();
            let data: Vec<u8> = (0..251).cycle().take(100_000).collect();
            let (server, sent) = (party.server, data.clone());
            let serving = thread::spawn(move || {
                let mut far = TlsStream::accept(&server, now(), Interrupted::new(far)).unwrap();
                let mut received = vec![0; sent.len()];
                far.read_exact(&mut received).unwrap();
                far.write_all(&received).unwrap();
                far.close().unwrap();
            });
            let near = Interrupted::new(near);
            let mut near = TlsStream::connect(&party.client, "localhost", now(), near).unwrap();
            near.write_all(&data).unwrap();
            let mut back = Vec::new();
            near.read_to_end(&mut back).unwrap();
            assert!(back == data);
            serving.join().unwrap();
        }
    });
}

#[test]
fn a_read_that_times_out_may_be_repeated() {
    alone_without_runtime(|| {
        let party = Party::new(Version::Tls13);
        let (near, far) = pair();
        near.set_read_timeout(Some(Duration::from_millis(40))).unwrap();
        let server = party.server;
        let serving = thread::spawn(move || {
            let mut far = TlsStream::accept(&server, now(), far).unwrap();
            thread::sleep(Duration::from_millis(150));
            far.write_all(b"late").unwrap();
            far.close().unwrap();
        });
        let mut near = TlsStream::connect(&party.client, "localhost", now(), near).unwrap();
        let (mut received, mut timeouts) = (Vec::new(), 0);
        loop {
            let mut buffer = [0; 64];
            match near.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => received.extend_from_slice(&buffer[..count]),
                Err(error) => {
                    let kind = error.kind();
                    assert!(matches!(kind, io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut));
                    timeouts += 1;
                }
            }
        }
        assert_eq!(received, b"late");
        assert!(timeouts >= 2, "{timeouts} timeouts");
        serving.join().unwrap();
    });
}

#[test]
fn ends_are_told_apart_as_over_tokio() {
    alone_without_runtime(|| {
        let party = Party::new(Version::Tls13);
        let (near, far) = pair();
        far.shutdown(Shutdown::Write).unwrap();
        let error = TlsStream::connect(&party.client, "localhost", now(), near).unwrap_err();
        assert_eq!(error.to_string(), "connection ended during the handshake");

        let (near, far) = pair();
        let server = party.server;
        let serving = thread::spawn(move || {
            let mut far = TlsStream::accept(&server, now(), far).unwrap();
            far.write_all(b"some of it").unwrap();
        });
        let mut near = TlsStream::connect(&party.client, "localhost", now(), near).unwrap();
        let mut received = Vec::new();
        let error = near.read_to_end(&mut received).unwrap_err();
        assert_eq!(received, b"some of it");
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
        assert_eq!(inner, Some(&StreamError::Truncated));
        serving.join().unwrap();
    });
}
