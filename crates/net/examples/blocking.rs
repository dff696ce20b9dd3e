//! TLS without a runtime: threads and the standard library's sockets.
//!
//!     cargo run -p ravelin-net --example blocking

use ravelin_net::blocking::TlsStream;
use ravelin_test::{Authority, Request};
use ravelin_tls::{
    ClientConfig, ClientContext, Identity, ServerConfig, ServerContext, Trust, Version,
};
use ravelin_trust::Status;
use std::{
    error::Error,
    io::{self, Read, Write},
    net::{TcpListener, TcpStream},
    sync::Arc,
    thread,
    time::{Duration, SystemTime},
};

type Fallible<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Fallible<()> {
    let authority = Authority::root("Example root");
    let issued = authority.issue(&Request::new(["localhost"]));
    let identity =
        Identity::from_bytes(issued.chain_pem().as_bytes(), issued.key_pem().as_bytes())?;
    let server = ServerContext::new(&ServerConfig::new(vec![Arc::new(identity)]))?;
    let trust = Trust::of_certificates([authority.root_der()])?;
    let client = ClientContext::new(&ClientConfig::new(trust))?;

    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let serving = thread::spawn(move || {
        echo(&listener, &server)?;
        let refused = echo(&listener, &server);
        assert!(refused.is_err(), "a client that refused us cannot be served");
        Fallible::Ok(())
    });

    let mut stream = TlsStream::connect(&client, "localhost", now()?, dial(address)?)?;
    let agreed = stream.agreed().ok_or("a handshake")?;
    assert_eq!(agreed.version, Version::Tls13);
    assert_eq!(stream.verdict().ok_or("a verdict")?.status(), Status::Trusted);
    let words = b"half a league onward".repeat(10_000);
    stream.write_all(&words)?;
    stream.close()?;
    let mut back = Vec::new();
    stream.read_to_end(&mut back)?;
    assert!(back == words);

    // Another name than the certificate's: no connection, and the verdict says why.
    let error = TlsStream::connect(&client, "other.example", now()?, dial(address)?).unwrap_err();
    let verdict = error.verdict().ok_or("a verdict")?;
    assert_eq!(verdict.status(), Status::PrincipalMismatch);
    serving.join().expect("the server does not panic")
}

/// Time limits are the socket's.
fn dial(address: std::net::SocketAddr) -> io::Result<TcpStream> {
    let tcp = TcpStream::connect_timeout(&address, Duration::from_secs(5))?;
    tcp.set_read_timeout(Some(Duration::from_secs(20)))?;
    tcp.set_write_timeout(Some(Duration::from_secs(20)))?;
    Ok(tcp)
}

fn echo(listener: &TcpListener, context: &ServerContext) -> Fallible<()> {
    let (tcp, _) = listener.accept()?;
    let mut stream = TlsStream::accept(context, now()?, tcp)?;
    let mut data = Vec::new();
    stream.read_to_end(&mut data)?;
    stream.write_all(&data)?;
    stream.close()?;
    Ok(())
}

fn now() -> Fallible<Duration> {
    Ok(SystemTime::UNIX_EPOCH.elapsed()?)
}
