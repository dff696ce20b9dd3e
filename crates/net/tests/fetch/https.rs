//! Over https.

use crate::server::{Names, Server, limits};
use ravelin_net::fetch::{
    Evidence, FetchConfig, FetchError, FetchFault, FetchRequest, Fetcher, Phase,
};
use ravelin_test::{Authority, Request, Validity};
use ravelin_tls::{
    Alert, Connection, End, Identity, OpenBuffer, SealBuffer, ServerConfig, ServerContext,
    TlsError, Version, VersionRange,
};
use std::{
    future::pending,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// How a server ends its connection.
#[derive(Clone, Copy, Debug)]
enum Ending {
    /// With close_notify.
    Closed,
    /// Without.
    Cut,
    /// With an alert that tells of a failure.
    Failed,
}

struct Secure {
    root: Authority,
    names: Arc<Names>,
}

impl Secure {
    fn new() -> Secure {
        let names =
            Names::new([("localhost", &["127.0.0.1"][..]), ("other.example", &["127.0.0.1"])]);
        Secure { root: Authority::root("One"), names }
    }

    async fn serve(&self, request: &Request, text: &'static str, ending: Ending) -> Server {
        self.serve_versions(request, text, ending, VersionRange::default()).await
    }

    async fn serve_versions(
        &self,
        request: &Request,
        text: &'static str,
        ending: Ending,
        versions: VersionRange,
    ) -> Server {
        let issued = self.root.issue(request);
        let (chain, key) = (issued.chain_pem(), issued.key_pem());
        let identity = Identity::from_bytes(chain.as_bytes(), key.as_bytes()).unwrap();
        let mut config = ServerConfig::new(vec![Arc::new(identity)]);
        config.versions = versions;
        let context = ServerContext::new(&config).unwrap();
        Server::raw(move |stream| {
            let context = context.clone();
            async move {
                // A client that refuses us leaves.
                let _ = converse(stream, context, text, ending).await;
            }
        })
        .await
    }

    fn fetcher(&self) -> Fetcher {
        self.fetcher_trusting(vec![self.root.root_der().into()])
    }

    fn fetcher_trusting(&self, roots: Vec<Box<[u8]>>) -> Fetcher {
        let mut config = FetchConfig::new(limits());
        config.resolver = self.names.clone();
        config.roots = roots;
        Fetcher::new(config).unwrap()
    }
}

/// Accepts, reads a request, says `text`, ends.
async fn converse(
    mut stream: TcpStream,
    context: ServerContext,
    text: &str,
    ending: Ending,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let mut connection = Connection::server();
    let (mut open, mut seal) = (OpenBuffer::new(2), SealBuffer::new(4));
    let mut request = Vec::new();
    while !request.windows(4).any(|window| window == b"\r\n\r\n") {
        let count = stream.read(open.space()).await?;
        if count == 0 {
            return Err("gone".into());
        }
        open.filled(count);
        loop {
            let opened = connection.open(&mut open);
            request.extend_from_slice(opened.plain);
            let (asking, again, end) = (opened.asking, opened.established, opened.end);
            if asking {
                connection.answer(&context, now())?;
            }
            flush(&mut connection, &mut stream).await?;
            if let Some(End::Failed(error)) = end {
                return Err(error.into());
            }
            if !asking && !again {
                break;
            }
        }
    }
    assert!(request.starts_with(b"GET /crl HTTP/1.1\r\nhost: "));
    let mut rest = text.as_bytes();
    while !rest.is_empty() {
        connection.lend(&mut seal);
        let count = seal.fill(rest);
        connection.seal(&mut seal, count)?;
        stream.write_all(seal.sealed()).await?;
        rest = &rest[count..];
    }
    match ending {
        Ending::Closed => connection.close_notify(),
        Ending::Failed => connection.abort(Alert::INTERNAL_ERROR),
        Ending::Cut => {}
    }
    flush(&mut connection, &mut stream).await?;
    stream.shutdown().await?;
    while stream.read(&mut [0; 1024]).await? > 0 {}
    Ok(())
}

async fn flush(connection: &mut Connection, stream: &mut TcpStream) -> std::io::Result<()> {
    let bytes = connection.outgoing().to_vec();
    stream.write_all(&bytes).await?;
    connection.sent(bytes.len());
    Ok(())
}

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap()
}

fn url(server: &Server, host: &str) -> String {
    format!("https://{host}:{}/crl", server.address.port())
}

async fn fetch(fetcher: &Fetcher, server: &Server) -> Result<Evidence, FetchError> {
    fetcher.fetch(&FetchRequest::crl(url(server, "localhost")), now()).await
}

const WHOLE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde";
const UNTIL_THE_END: &str = "HTTP/1.1 200 OK\r\n\r\nabcde";

#[tokio::test]
async fn both_versions_bring_the_body() {
    let secure = Secure::new();
    for version in [Version::Tls12, Version::Tls13] {
        let versions = VersionRange { min: version, max: version };
        for text in [WHOLE, UNTIL_THE_END] {
            let request = Request::new(["localhost"]);
            let server = secure.serve_versions(&request, text, Ending::Closed, versions).await;
            let evidence = fetch(&secure.fetcher(), &server).await.unwrap();
            assert_eq!(&evidence.bytes()[..], b"abcde", "{version} {text}");
        }
    }
}

#[tokio::test]
async fn a_large_body_comes_whole() {
    let secure = Secure::new();
    let body = "0123456789abcde".repeat(70_000);
    let text = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let server = secure.serve(&Request::new(["localhost"]), text.leak(), Ending::Cut).await;
    let evidence = fetch(&secure.fetcher(), &server).await.unwrap();
    assert!(&evidence.bytes()[..] == body.as_bytes());
}

#[tokio::test]
async fn an_end_without_close_notify_is_no_end() {
    let secure = Secure::new();
    let cut = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabcde";
    for (text, ending) in [
        (UNTIL_THE_END, Ending::Cut),
        (cut, Ending::Cut),
        (cut, Ending::Closed),
        ("", Ending::Cut),
        ("", Ending::Closed),
    ] {
        let server = secure.serve(&Request::new(["localhost"]), text, ending).await;
        let error = fetch(&secure.fetcher(), &server).await.unwrap_err();
        assert_eq!(error.fault(), &FetchFault::Truncated, "{text:?} {ending:?}");
    }
    let server = secure.serve(&Request::new(["localhost"]), UNTIL_THE_END, Ending::Failed).await;
    let error = fetch(&secure.fetcher(), &server).await.unwrap_err();
    let expected = FetchFault::Tls(TlsError::AlertReceived(Alert::INTERNAL_ERROR));
    assert_eq!(error.fault(), &expected);
}

#[tokio::test]
async fn a_server_that_cannot_prove_its_name_is_refused() {
    let secure = Secure::new();
    let good = Request::new(["localhost"]);
    let expired = Request { validity: Validity::expired(), ..good.clone() };
    let fetcher = secure.fetcher();
    for request in [Request::new(["other.example"]), expired] {
        let server = secure.serve(&request, WHOLE, Ending::Closed).await;
        let error = fetch(&fetcher, &server).await.unwrap_err();
        assert!(matches!(error.fault(), FetchFault::Tls(TlsError::Certificate { .. })), "{error}");
        assert!(error.to_string().contains("TLS failed: certificate refused"), "{error}");
    }
    let server = secure.serve(&good, WHOLE, Ending::Closed).await;
    let stranger = Authority::root("Two").root_der().into();
    let error = fetch(&secure.fetcher_trusting(vec![stranger]), &server).await.unwrap_err();
    assert!(matches!(error.fault(), FetchFault::Tls(TlsError::Certificate { .. })), "{error}");
    let none = fetch(&secure.fetcher_trusting(Vec::new()), &server).await.unwrap_err();
    assert_eq!(none.fault(), &FetchFault::NoRoots);
    assert!(fetch(&fetcher, &server).await.is_ok());
}

#[tokio::test]
async fn an_address_is_verified_as_one() {
    let secure = Secure::new();
    for (name, fits) in [("127.0.0.1", true), ("localhost", false)] {
        let server = secure.serve(&Request::new([name]), WHOLE, Ending::Closed).await;
        let request = FetchRequest::crl(url(&server, "127.0.0.1"));
        match secure.fetcher().fetch(&request, now()).await {
            Ok(_) => assert!(fits),
            Err(error) => {
                let refused =
                    matches!(error.fault(), FetchFault::Tls(TlsError::Certificate { .. }));
                assert!(!fits && refused, "{error}");
            }
        }
    }
    assert!(secure.names.asked().is_empty());
}

#[tokio::test]
async fn one_root_that_cannot_be_used_does_not_spoil_the_others() {
    let secure = Secure::new();
    let server = secure.serve(&Request::new(["localhost"]), WHOLE, Ending::Closed).await;
    let roots = vec![Box::from(*b"nonsense"), secure.root.root_der().into()];
    let fetcher = secure.fetcher_trusting(roots);
    assert!(matches!(fetcher.unusable_roots(), [(0, _)]), "{:?}", fetcher.unusable_roots());
    assert!(fetch(&fetcher, &server).await.is_ok());
}

#[tokio::test]
async fn a_redirect_leads_from_http_to_https_but_not_back() {
    let secure = Secure::new();
    let plain_text =
        "HTTP/1.1 302 Found\r\nLocation: http://localhost/\r\nContent-Length: 0\r\n\r\n";
    let back = secure.serve(&Request::new(["localhost"]), plain_text, Ending::Closed).await;
    let asked = secure.names.asked().len();
    let error = fetch(&secure.fetcher(), &back).await.unwrap_err();
    assert_eq!(error.fault(), &FetchFault::Downgrade);
    assert_eq!(error.url(), "http://localhost/");
    assert_eq!(secure.names.asked().len(), asked + 1, "only the https server was looked up");

    let server = secure.serve(&Request::new(["localhost"]), WHOLE, Ending::Closed).await;
    let location = format!("Location: {}\r\n", url(&server, "localhost"));
    let plain = Server::start(move |_| crate::server::answer("302 Found", &location, b"")).await;
    let request = FetchRequest::crl(plain.url("/"));
    let evidence = secure.fetcher().fetch(&request, now()).await.unwrap();
    assert_eq!(&evidence.bytes()[..], b"abcde");
}

#[tokio::test]
async fn a_handshake_that_does_not_go_on_is_left() {
    let secure = Secure::new();
    let held = Arc::new(Mutex::new(Vec::new()));
    let server = Server::raw(move |stream| {
        held.lock().unwrap().push(stream);
        pending::<()>()
    })
    .await;
    let mut config = FetchConfig::new(limits());
    config.limits.connect = Duration::from_millis(200);
    config.resolver = secure.names.clone();
    config.roots = vec![secure.root.root_der().into()];
    let error = fetch(&Fetcher::new(config).unwrap(), &server).await.unwrap_err();
    assert_eq!(error.fault(), &FetchFault::Timeout(Phase::Handshake));

    let server = Server::raw(|mut stream| async move {
        // A server of plain HTTP.
        let _ = stream.read(&mut [0; 4096]).await;
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    })
    .await;
    let error = fetch(&secure.fetcher(), &server).await.unwrap_err();
    assert!(matches!(error.fault(), FetchFault::Tls(_)), "{error}");
}
