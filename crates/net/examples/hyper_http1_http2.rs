//! hyper over our streams: one server that speaks HTTP/1.1 and HTTP/2, as agreed by ALPN (RFC 7301), and clients of both.
//!
//!     cargo run -p ravelin-net --example hyper_http1_http2

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, Version, body::Incoming, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use ravelin_net::{TlsAcceptor, TlsConnector, TlsStream};
use ravelin_test::Authority;
use ravelin_tls::{ClientConfig, Identity, ServerConfig, ServerContext, Trust};
use std::{convert::Infallible, error::Error, net::SocketAddr, sync::Arc};
use tokio::net::{TcpListener, TcpStream};

type Fallible<T> = Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Fallible<()> {
    let authority = Authority::root("Example root");
    let issued = authority.issue(&ravelin_test::Request::new(["localhost"]));
    let identity =
        Identity::from_bytes(issued.chain_pem().as_bytes(), issued.key_pem().as_bytes())?;
    let mut config = ServerConfig::new(vec![Arc::new(identity)]);
    config.alpn = vec![b"h2"[..].into(), b"http/1.1"[..].into()];
    let acceptor = TlsAcceptor::new(ServerContext::new(&config)?);

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(serve(listener, acceptor));

    let mut config = ClientConfig::new(Trust::of_certificates([authority.root_der()])?);
    for (offered, expected) in [
        (vec!["h2", "http/1.1"], Version::HTTP_2),
        (vec!["http/1.1"], Version::HTTP_11),
        (vec![], Version::HTTP_11),
    ] {
        config.alpn = offered.into_iter().map(|name| name.as_bytes().into()).collect();
        let (version, body) = ask(&TlsConnector::new(&config)?, address).await?;
        assert_eq!(version, expected);
        assert_eq!(body.len(), PAGE.len() * 1000);
        assert!(body.starts_with(PAGE.as_bytes()));
    }
    Ok(())
}

const PAGE: &str = "Hello from behind the ravelin. ";

/// A handshake takes a client's time: each has a task of its own, so that a slow one holds up nobody.
async fn serve(listener: TcpListener, acceptor: TlsAcceptor) -> Fallible<()> {
    loop {
        let (tcp, _) = listener.accept().await?;
        tcp.set_nodelay(true)?;
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            let stream = acceptor.accept(tcp).await?;
            if speaks_http2(&stream) {
                hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                    .serve_connection(TokioIo::new(stream), service_fn(answer))
                    .await?;
            } else {
                hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service_fn(answer))
                    .await?;
            }
            Fallible::Ok(())
        });
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    assert_eq!(request.uri().path(), "/page");
    Ok(Response::new(Full::new(Bytes::from(PAGE.repeat(1000)))))
}

async fn ask(connector: &TlsConnector, address: SocketAddr) -> Fallible<(Version, Bytes)> {
    let tcp = TcpStream::connect(address).await?;
    let stream = connector.connect("localhost", tcp).await?;
    let request = Request::get("https://localhost/page");
    let response = if speaks_http2(&stream) {
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
                .await?;
        tokio::spawn(connection);
        sender.send_request(request.body(Full::<Bytes>::default())?).await?
    } else {
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let request = request.header("host", "localhost").body(Full::<Bytes>::default())?;
        sender.send_request(request).await?
    };
    let version = response.version();
    Ok((version, response.into_body().collect().await?.to_bytes()))
}

fn speaks_http2<S>(stream: &TlsStream<S>) -> bool {
    stream.agreed().and_then(|agreed| agreed.alpn.as_deref()) == Some(b"h2")
}
