//! gRPC with tonic over our streams, both sides with certificates: the service learns who calls from the verdict.
//!
//!     cargo run -p ravelin-net --example tonic

use bytes::{Buf, BufMut};
use hyper::http;
use hyper_util::rt::TokioIo;
use ravelin_net::{TlsAcceptor, TlsConnector, TlsStream};
use ravelin_test::{Authority, Issued, Purpose};
use ravelin_tls::{ClientAuth, ClientConfig, Identity, ServerConfig, ServerContext, Trust};
use ravelin_trust::Verdict;
use std::{
    convert::Infallible,
    error::Error,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};
use tonic::{
    Request, Response, Status,
    body::Body,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    transport::{Endpoint, Server, server::Connected},
};
use tower::service_fn;

type Fallible<T> = Result<T, Box<dyn Error + Send + Sync>>;

const PATH: &str = "/example.Greeter/Greet";

#[tokio::main]
async fn main() -> Fallible<()> {
    let authority = Authority::root("Example root");
    let server = authority.issue(&ravelin_test::Request::new(["localhost"]));
    let client = authority.issue(&ravelin_test::Request {
        purpose: Purpose::Client,
        ..ravelin_test::Request::new(["caller.example"])
    });
    let trust = Trust::of_certificates([authority.root_der()])?;

    let mut config = ServerConfig::new(vec![identity(&server)?]);
    config.alpn = vec![b"h2"[..].into()];
    config.client_auth = ClientAuth::Required(Arc::new(trust.clone()));
    let acceptor = TlsAcceptor::new(ServerContext::new(&config)?);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(serve(listener, acceptor));

    let mut config = ClientConfig::new(trust);
    config.alpn = vec![b"h2"[..].into()];
    config.identity = Some(identity(&client)?);
    let connector = TlsConnector::new(&config)?;
    // tonic counts `https` as its own business; the name and the trust are the connector's.
    let channel = Endpoint::from_static("http://localhost")
        .connect_with_connector(service_fn(move |_| connect(connector.clone(), address)))
        .await?;
    let mut client = tonic::client::Grpc::new(channel);
    for name in ["one", "two"] {
        client.ready().await?;
        let request = Request::new(name.to_owned());
        let path = http::uri::PathAndQuery::from_static(PATH);
        let answer = client.unary(request, path, Text).await?.into_inner();
        assert_eq!(answer, format!("{name}, you are CN=caller.example"));
    }
    Ok(())
}

fn identity(issued: &Issued) -> Fallible<Arc<Identity>> {
    let (chain, key) = (issued.chain_pem(), issued.key_pem());
    Ok(Arc::new(Identity::from_bytes(chain.as_bytes(), key.as_bytes())?))
}

async fn connect(
    connector: TlsConnector,
    address: SocketAddr,
) -> io::Result<TokioIo<TlsStream<TcpStream>>> {
    let tcp = TcpStream::connect(address).await?;
    Ok(TokioIo::new(connector.connect("localhost", tcp).await?))
}

/// Handshakes have tasks of their own; the server gets connections whose handshake is done.
async fn serve(listener: TcpListener, acceptor: TlsAcceptor) -> Fallible<()> {
    let (done, ready) = mpsc::channel(16);
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            let (acceptor, done) = (acceptor.clone(), done.clone());
            tokio::spawn(async move {
                // Whoever is refused was told why in an alert.
                if let Ok(stream) = acceptor.accept(tcp).await {
                    drop(done.send(Caller(stream)).await);
                }
            });
        }
    });
    let incoming = futures_util::stream::unfold(ready, async |mut ready| {
        ready.recv().await.map(|stream| (Ok::<_, Infallible>(stream), ready))
    });
    Server::builder().serve_with_incoming(service_fn(route), incoming).await?;
    Ok(())
}

/// What generated code would do: from the path of a call to the function that answers it.
async fn route(request: http::Request<Body>) -> Result<http::Response<Body>, Infallible> {
    if request.uri().path() != PATH {
        return Ok(Status::unimplemented("no such method").into_http());
    }
    Ok(tonic::server::Grpc::new(Text).unary(service_fn(greet), request).await)
}

async fn greet(request: Request<String>) -> Result<Response<String>, Status> {
    let verdict = request.extensions().get::<Option<Arc<Verdict>>>().cloned().flatten();
    let verdict = verdict.ok_or_else(|| Status::unauthenticated("no certificate"))?;
    let path = verdict.trusted().ok_or_else(|| Status::unauthenticated("not trusted"))?;
    let subject = path.certificate().subject().to_string();
    Ok(Response::new(format!("{}, you are {subject}", request.into_inner())))
}

/// A connection that tells tonic, and so every request, about its client.
struct Caller(TlsStream<TcpStream>);

impl Connected for Caller {
    type ConnectInfo = Option<Arc<Verdict>>;

    fn connect_info(&self) -> Self::ConnectInfo {
        self.0.verdict().cloned()
    }
}

impl AsyncRead for Caller {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, to)
    }
}

impl AsyncWrite for Caller {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// Messages that are text and nothing else, where others have protobuf.
#[derive(Clone, Copy, Default)]
struct Text;

impl Codec for Text {
    type Encode = String;
    type Decode = String;
    type Encoder = Text;
    type Decoder = Text;

    fn encoder(&mut self) -> Text {
        Text
    }

    fn decoder(&mut self) -> Text {
        Text
    }
}

impl Encoder for Text {
    type Item = String;
    type Error = Status;

    fn encode(&mut self, text: String, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        to.put_slice(text.as_bytes());
        Ok(())
    }
}

impl Decoder for Text {
    type Item = String;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<String>, Status> {
        let bytes = from.copy_to_bytes(from.remaining());
        let text = String::from_utf8(bytes.into());
        text.map(Some).map_err(|error| Status::invalid_argument(error.to_string()))
    }
}
