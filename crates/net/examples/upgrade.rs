//! TLS from the middle of another protocol, as STARTTLS does it, over TCP and over a unix socket.
//!
//! What matters: whatever was read before the handshake and is not part of it must not be used behind it. A client that reads
//! its answers to the end of the line, and a server that refuses what was sent along with the command, are safe from commands
//! that somebody between them slips in (RFC 3207, section 6).
//!
//!     cargo run -p ravelin-net --example upgrade

use ravelin_net::{TlsAcceptor, TlsConnector};
use ravelin_test::{Authority, Request};
use ravelin_tls::{ClientConfig, Identity, ServerConfig, ServerContext, Trust};
use std::{error::Error, io, sync::Arc};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

type Fallible<T> = Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Fallible<()> {
    let authority = Authority::root("Example root");
    let issued = authority.issue(&Request::new(["mail.example"]));
    let identity =
        Identity::from_bytes(issued.chain_pem().as_bytes(), issued.key_pem().as_bytes())?;
    let context = ServerContext::new(&ServerConfig::new(vec![Arc::new(identity)]))?;
    let acceptor = TlsAcceptor::new(context);
    let trust = Trust::of_certificates([authority.root_der()])?;
    let connector = TlsConnector::new(&ClientConfig::new(trust))?;

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let near = TcpStream::connect(listener.local_addr()?).await?;
    let (far, _) = listener.accept().await?;
    talk(near, far, &connector, &acceptor).await?;
    slipped_in(&acceptor).await?;
    #[cfg(unix)]
    unix(&connector, &acceptor).await?;
    Ok(())
}

/// The same over a unix socket: the name to verify is told, not taken from an address.
#[cfg(unix)]
async fn unix(connector: &TlsConnector, acceptor: &TlsAcceptor) -> Fallible<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("mail.sock");
    let listener = tokio::net::UnixListener::bind(&path)?;
    let near = tokio::net::UnixStream::connect(&path).await?;
    let (far, _) = listener.accept().await?;
    talk(near, far, connector, acceptor).await
}

async fn talk<S>(near: S, far: S, connector: &TlsConnector, acceptor: &TlsAcceptor) -> Fallible<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (client, server) = tokio::join!(client(near, connector), server(far, acceptor));
    assert_eq!(client?, "250 at your service, me.example");
    server
}

async fn client<S>(stream: S, connector: &TlsConnector) -> Fallible<String>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut plain = BufReader::new(stream);
    assert_eq!(line(&mut plain).await?, "220 mail.example");
    plain.write_all(b"STARTTLS\r\n").await?;
    assert_eq!(line(&mut plain).await?, "220 go ahead");
    let mut stream = connector.connect("mail.example", whole(plain)?).await?;
    stream.write_all(b"EHLO me.example\r\n").await?;
    stream.flush().await?;
    let mut stream = BufReader::new(stream);
    let answer = line(&mut stream).await?;
    let mut stream = stream.into_inner();
    stream.close().await?;
    assert_eq!(stream.read(&mut [0]).await?, 0);
    Ok(answer)
}

async fn server<S>(mut stream: S, acceptor: &TlsAcceptor) -> Fallible<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    stream.write_all(b"220 mail.example\r\n").await?;
    let mut plain = BufReader::new(stream);
    assert_eq!(line(&mut plain).await?, "STARTTLS");
    let mut stream = whole(plain)?;
    stream.write_all(b"220 go ahead\r\n").await?;
    let mut stream = BufReader::new(acceptor.accept(stream).await?);
    let hello = line(&mut stream).await?;
    let name = hello.strip_prefix("EHLO ").ok_or("a greeting")?;
    stream.write_all(format!("250 at your service, {name}\r\n").as_bytes()).await?;
    stream.flush().await?;
    assert_eq!(stream.read(&mut [0]).await?, 0);
    stream.into_inner().close().await?;
    Ok(())
}

/// A command behind STARTTLS in the same segment is refused: it was not protected.
async fn slipped_in(acceptor: &TlsAcceptor) -> Fallible<()> {
    let (mut near, far) = tokio::io::duplex(1000);
    near.write_all(b"STARTTLS\r\nRSET\r\n").await?;
    let error = server(far, acceptor).await.unwrap_err();
    assert!(error.to_string().contains("6 bytes"), "{error}");
    Ok(())
}

async fn line<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> Fallible<String> {
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    Ok(line.strip_suffix("\r\n").ok_or("a whole line")?.to_owned())
}

/// The stream below a reader that holds nothing of it.
fn whole<S: AsyncRead>(reader: BufReader<S>) -> io::Result<S> {
    match reader.buffer().len() {
        0 => Ok(reader.into_inner()),
        count => Err(io::Error::other(format!("{count} bytes before the handshake"))),
    }
}
