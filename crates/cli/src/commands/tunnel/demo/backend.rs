//! The demo's backend: a page for HTTP, an echo for everything else.

use std::{
    io::{self, ErrorKind, Read as _, Write as _},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

/// Connections served at once; others are closed.
const MAX_CONNECTIONS: usize = 256;

/// How large a request's head may be, in bytes.
const MAX_HEAD: usize = 16 * 1024;

/// How long a request's head may take.
const HEAD_LIMIT: Duration = Duration::from_secs(10);

/// How long to rest when no connection can be accepted.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

const PAGE: &str = "<!doctype html>\n<html lang=\"en\"><title>Ravelin</title>\n<h1>It works</h1>\n\
                    <p>This page came through a Ravelin tunnel: TLS to the tunnel, plain TCP from there.</p>\n</html>\n";

/// A backend on a loopback port, served by threads of its own as long as the process lives.
#[derive(Debug)]
pub struct Backend {
    address: SocketAddr,
}

impl Backend {
    /// Listens on a free port.
    ///
    /// # Errors
    /// When there is none, or no thread.
    pub fn start() -> io::Result<Backend> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        thread::Builder::new().name("demo-backend".into()).spawn(move || accept(&listener))?;
        Ok(Backend { address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

fn accept(listener: &TcpListener) {
    let open = Arc::new(AtomicUsize::new(0));
    loop {
        let Ok((stream, _)) = listener.accept() else {
            thread::sleep(ACCEPT_RETRY);
            continue;
        };
        if open.fetch_add(1, Ordering::Relaxed) >= MAX_CONNECTIONS {
            open.fetch_sub(1, Ordering::Relaxed);
            continue;
        }
        let count = Arc::clone(&open);
        let thread = thread::Builder::new().name("demo-connection".into()).spawn(move || {
            // Whatever went wrong, the other side sees the connection end.
            let _ = serve(stream);
            count.fetch_sub(1, Ordering::Relaxed);
        });
        if thread.is_err() {
            open.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

fn serve(mut stream: TcpStream) -> io::Result<()> {
    let mut head = Vec::new();
    let mut buffer = [0; 16 * 1024];
    // What begins like a request is one as soon as its head is complete; everything else is echoed from its first byte.
    while may_be_request(&head) {
        if head.windows(4).any(|end| end == b"\r\n\r\n") {
            return answer(stream, head.starts_with(b"GET "));
        }
        if !head.is_empty() {
            stream.set_read_timeout(Some(HEAD_LIMIT))?;
        }
        let count = read(&mut stream, &mut buffer)?;
        if count == 0 {
            break;
        }
        head.extend_from_slice(&buffer[..count]);
    }
    stream.set_read_timeout(None)?;
    stream.write_all(&head)?;
    loop {
        match read(&mut stream, &mut buffer)? {
            0 => return stream.shutdown(Shutdown::Write),
            count => stream.write_all(&buffer[..count])?,
        }
    }
}

fn may_be_request(head: &[u8]) -> bool {
    let fits = |method: &[u8]| head.iter().zip(method).all(|(a, b)| a == b);
    head.len() <= MAX_HEAD && (fits(b"GET ") || fits(b"HEAD "))
}

fn answer(mut stream: TcpStream, with_page: bool) -> io::Result<()> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        PAGE.len()
    );
    stream.write_all(head.as_bytes())?;
    if with_page {
        stream.write_all(PAGE.as_bytes())?;
    }
    stream.shutdown(Shutdown::Write)?;
    // What still comes must be read: closing over it would reset the connection and take the answer along.
    stream.set_read_timeout(Some(HEAD_LIMIT))?;
    let mut rest = [0; 4096];
    while read(&mut stream, &mut rest)? > 0 {}
    Ok(())
}

fn read(stream: &mut TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match stream.read(buffer) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends all pieces, ends its direction, and gives what comes back.
    fn converse(pieces: &[&[u8]]) -> String {
        let backend = Backend::start().unwrap();
        let mut stream = TcpStream::connect(backend.address()).unwrap();
        stream.set_nodelay(true).unwrap();
        for piece in pieces {
            stream.write_all(piece).unwrap();
            thread::sleep(Duration::from_millis(5));
        }
        stream.shutdown(Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8(answer).unwrap()
    }

    #[test]
    fn a_request_gets_the_page() {
        let answer = converse(&[b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"]);
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.ends_with(PAGE));
        let answer = converse(&[b"G", b"ET / HTTP/1.1\r", b"\n\r\n"]);
        assert!(answer.ends_with(PAGE));
    }

    #[test]
    fn head_gets_the_head() {
        let answer = converse(&[b"HEAD / HTTP/1.1\r\n\r\n"]);
        assert!(answer.contains(&format!("Content-Length: {}\r\n", PAGE.len())));
        assert!(answer.ends_with("\r\n\r\n"));
    }

    #[test]
    fn anything_else_is_echoed() {
        for pieces in [
            &[&b"hello"[..], b" there"] as &[&[u8]],
            &[b"GE", b"T-like"],
            &[b"GET / HTTP/1.1\r\n"],
            &[],
        ] {
            assert_eq!(converse(pieces).as_bytes(), pieces.concat());
        }
        let large = vec![b'x'; 60_000];
        assert_eq!(converse(&[&large]).len(), large.len());
        let long_head = [b"GET /".as_slice(), &vec![b'x'; MAX_HEAD]].concat();
        assert_eq!(converse(&[&long_head]).len(), long_head.len());
    }

    #[test]
    fn an_echo_comes_at_once() {
        let backend = Backend::start().unwrap();
        let mut stream = TcpStream::connect(backend.address()).unwrap();
        for round in 0..3u8 {
            stream.write_all(&[round]).unwrap();
            let mut back = [0];
            stream.read_exact(&mut back).unwrap();
            assert_eq!(back, [round]);
        }
    }
}
