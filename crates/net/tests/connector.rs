//! Connectors and acceptors with each other: over tokio's in-memory stream and, blocking, over TCP.

use ravelin_net::{
    ConnectError, StreamError, TlsAcceptor, TlsConnector, TlsStream, blocking,
    fetch::{FetchConfig, FetchLimits, Fetcher},
};
use ravelin_test::{Authority, Issued, Purpose, Request, der};
use ravelin_tls::{
    Alert, ClientAuth, ClientConfig, ClientContext, Identity, ServerConfig, ServerContext,
    TlsError, Trust,
};
use ravelin_trust::{Status, revocation::RevocationPolicy};
use std::{
    io::{self, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::Arc,
    thread,
    time::SystemTime,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

fn server_config(issued: &Issued) -> ServerConfig {
    let identity = Identity::from_bytes(issued.chain_pem().as_bytes(), issued.key_pem().as_bytes());
    ServerConfig::new(vec![Arc::new(identity.unwrap())])
}

fn acceptor(config: &ServerConfig) -> TlsAcceptor {
    TlsAcceptor::new(ServerContext::new(config).unwrap())
}

fn client_config(authority: &Authority) -> ClientConfig {
    ClientConfig::new(Trust::of_certificates([authority.root_der()]).unwrap())
}

type Both =
    (Result<TlsStream<DuplexStream>, ConnectError>, Result<TlsStream<DuplexStream>, ConnectError>);

async fn join(connector: &TlsConnector, acceptor: &TlsAcceptor, name: &str) -> Both {
    let (near, far) = duplex(20_000);
    tokio::join!(connector.connect(name, near), acceptor.accept(far))
}

fn pattern(count: usize) -> Vec<u8> {
    (0..251).cycle().take(count).collect()
}

#[tokio::test]
async fn bytes_pass_both_ways_at_once_and_ends_are_carried() {
    let root = Authority::root("Root");
    let issued = root.issue(&Request::new(["localhost"]));
    let connector = TlsConnector::new(&client_config(&root)).unwrap();
    let (near, far) = join(&connector, &acceptor(&server_config(&issued)), "localhost").await;
    let (mut near, mut far) = (near.unwrap(), far.unwrap());
    assert_eq!(near.verdict().unwrap().status(), Status::Trusted);
    assert!(far.verdict().is_none() && near.fetches().is_empty());
    let data = pattern(300_000);
    let sent = data.clone();
    let client = tokio::spawn(async move {
        let mut received = vec![0; sent.len()];
        let (mut from, mut to) = tokio::io::split(&mut near);
        let (read, wrote) = tokio::join!(from.read_exact(&mut received), async {
            to.write_all(&sent).await?;
            to.flush().await
        });
        read.unwrap();
        wrote.unwrap();
        near.close().await.unwrap();
        let mut rest = Vec::new();
        near.read_to_end(&mut rest).await.unwrap();
        (received, rest)
    });
    far.write_all(&data).await.unwrap();
    far.flush().await.unwrap();
    let mut received = Vec::new();
    far.read_to_end(&mut received).await.unwrap();
    assert!(received == data);
    far.write_all(b"last words").await.unwrap();
    far.close().await.unwrap();
    let (received, rest) = client.await.unwrap();
    assert!(received == data);
    assert_eq!(rest, b"last words");
}

#[tokio::test]
async fn a_truncation_is_no_end() {
    let root = Authority::root("Root");
    let issued = root.issue(&Request::new(["localhost"]));
    let connector = TlsConnector::new(&client_config(&root)).unwrap();
    let (near, far) = join(&connector, &acceptor(&server_config(&issued)), "localhost").await;
    let (near, mut far) = (near.unwrap(), far.unwrap());
    drop(near);
    let error = far.read_to_end(&mut Vec::new()).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    assert_eq!(inner, Some(&StreamError::Truncated));
}

#[tokio::test]
async fn a_server_that_is_not_trusted_is_refused_with_its_verdict() {
    let root = Authority::root("Root");
    let issued = root.issue(&Request::new(["localhost"]));
    let connector = TlsConnector::new(&client_config(&root)).unwrap();
    let (near, far) = join(&connector, &acceptor(&server_config(&issued)), "other.example").await;
    let error = near.unwrap_err();
    assert_eq!(error.verdict().unwrap().status(), Status::PrincipalMismatch);
    assert!(error.to_string().contains("valid for localhost"), "{error}");
    assert!(matches!(error.tls(), Some(TlsError::Certificate { .. })));
    let far = far.unwrap_err();
    assert_eq!(far.tls(), Some(&TlsError::AlertReceived(Alert::BAD_CERTIFICATE)));
}

#[tokio::test]
async fn the_answer_may_be_chosen_by_the_hello() {
    let root = Authority::root("Root");
    let contexts = ["a.example", "b.example"].map(|name| {
        ServerContext::new(&server_config(&root.issue(&Request::new([name])))).unwrap()
    });
    let connector = TlsConnector::new(&client_config(&root)).unwrap();
    for (index, name) in ["a.example", "b.example"].into_iter().enumerate() {
        let (near, far) = duplex(20_000);
        let serve = async {
            let accepting = TlsAcceptor::hello(far).await?;
            assert_eq!(accepting.client_hello().server_name.as_deref(), Some(name));
            tokio::task::yield_now().await;
            accepting.answer(&contexts[index]).await
        };
        let (near, far) = tokio::join!(connector.connect(name, near), serve);
        near.unwrap();
        far.unwrap();
    }
    let (mut near, far) = duplex(20_000);
    near.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let error = TlsAcceptor::hello(far).await.unwrap_err();
    assert!(error.to_string().contains("plain HTTP request"), "{error}");
}

#[tokio::test]
async fn clients_prove_themselves() {
    let root = Authority::root("Root");
    let issued = root.issue(&Request::new(["localhost"]));
    let mine = root.issue(&Request { purpose: Purpose::Client, ..Request::new(["me.example"]) });
    let mut server = server_config(&issued);
    let trust = Trust::of_certificates([root.root_der()]).unwrap();
    server.client_auth = ClientAuth::Required(Arc::new(trust));
    let mut client = client_config(&root);
    client.identity = server_config(&mine).identities.pop();
    let connector = TlsConnector::new(&client).unwrap();
    let (near, far) = join(&connector, &acceptor(&server), "localhost").await;
    near.unwrap();
    let far = far.unwrap();
    let proven = far.verdict().unwrap().trusted().unwrap().certificate().der().to_vec();
    assert_eq!(proven, mine.certificate_der());
}

/// Serves the same bytes to whoever asks, over plain HTTP.
fn serve(body: Vec<u8>) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut stream: TcpStream = stream;
            let mut request = [0; 4096];
            let _ = stream.read(&mut request);
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
        }
    });
    address
}

fn fetcher() -> Fetcher {
    let mut limits = FetchLimits::default();
    limits.allow_private = true;
    Fetcher::new(FetchConfig::new(limits)).unwrap()
}

#[tokio::test]
async fn an_issuer_that_was_not_sent_is_fetched() {
    let root = Authority::root("Root");
    let sub = root.intermediate("Sub");
    let address = serve(sub.certificate_der().to_vec());
    let url = format!("http://{address}/sub.cer");
    let description =
        der::sequence([der::oid("1.3.6.1.5.5.7.48.2"), der::primitive(6, url.as_bytes())]);
    let access = (vec![1, 3, 6, 1, 5, 5, 7, 1, 1], der::sequence([description]));
    let issued = sub.issue_with(&Request::new(["localhost"]), &[access]);
    // The chain without its intermediate.
    let alone =
        Identity::from_bytes(issued.certificate_pem().as_bytes(), issued.key_pem().as_bytes());
    let server = ServerConfig::new(vec![Arc::new(alone.unwrap())]);

    let offline = TlsConnector::new(&client_config(&root)).unwrap();
    let (near, _) = join(&offline, &acceptor(&server), "localhost").await;
    assert_eq!(near.unwrap_err().verdict().unwrap().status(), Status::UntrustedSigners);

    let online = TlsConnector::online(&client_config(&root), fetcher()).unwrap();
    let (near, far) = join(&online, &acceptor(&server), "localhost").await;
    let near = near.unwrap();
    assert_eq!(near.verdict().unwrap().status(), Status::Trusted);
    assert_eq!(near.fetches().len(), 1);
    assert_eq!(near.fetches()[0].url, url);
    far.unwrap();
}

#[tokio::test]
async fn what_the_network_does_not_know_decides_by_the_policy_and_the_server_is_told() {
    let root = Authority::root("Root");
    let issued = root.issue(&Request::new(["localhost"]));
    let mut config = client_config(&root);
    Arc::make_mut(&mut config.trust).revocation = RevocationPolicy::AlwaysRequired;
    let online = TlsConnector::online(&config, fetcher()).unwrap();
    let (near, far) = join(&online, &acceptor(&server_config(&issued)), "localhost").await;
    let error = near.unwrap_err();
    assert_eq!(error.verdict().unwrap().status(), Status::Unknown);
    // The handshake was over before the second look; the alert follows it.
    let mut far = far.unwrap();
    let error = far.read_to_end(&mut Vec::new()).await.unwrap_err();
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    assert_eq!(inner, Some(&StreamError::Tls(TlsError::AlertReceived(Alert::UNKNOWN_CA))));
}

#[test]
fn blocking_streams_do_the_same_without_tokio() {
    let root = Authority::root("Root");
    let issued = root.issue(&Request::new(["localhost"]));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let context = ServerContext::new(&server_config(&issued)).unwrap();
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap();
    let server = thread::spawn(move || {
        let (tcp, _) = listener.accept().unwrap();
        let mut stream = blocking::TlsStream::accept(&context, now, tcp).unwrap();
        let mut data = Vec::new();
        stream.read_to_end(&mut data).unwrap();
        stream.write_all(&data).unwrap();
        stream.close().unwrap();
        let (tcp, _) = listener.accept().unwrap();
        blocking::TlsStream::accept(&context, now, tcp).unwrap_err()
    });
    let context = ClientContext::new(&client_config(&root)).unwrap();
    let tcp = TcpStream::connect(address).unwrap();
    let mut stream = blocking::TlsStream::connect(&context, "localhost", now, tcp).unwrap();
    assert_eq!(stream.verdict().unwrap().status(), Status::Trusted);
    let data = pattern(200_000);
    stream.write_all(&data).unwrap();
    stream.close().unwrap();
    let mut back = Vec::new();
    stream.read_to_end(&mut back).unwrap();
    assert!(back == data);
    let tcp = TcpStream::connect(address).unwrap();
    let error = blocking::TlsStream::connect(&context, "other.example", now, tcp).unwrap_err();
    assert_eq!(error.verdict().unwrap().status(), Status::PrincipalMismatch);
    let seen = server.join().unwrap();
    assert_eq!(seen.tls(), Some(&TlsError::AlertReceived(Alert::BAD_CERTIFICATE)));
}
