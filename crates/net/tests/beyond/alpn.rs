//! E1: protocols by a list or by a choice of one's own; nothing in common ends the handshake.

use crate::peers::{House, Program, accepted, listener, now, s_client, s_server};
use ravelin_net::{ConnectError, TlsAcceptor, TlsConnector, TlsStream};
use ravelin_test::has_program;
use ravelin_tls::{Alert, Overrides, ServerContext, TlsError};
use tokio::net::{TcpListener, TcpStream};

/// Takes the highest version of a protocol that is offered, whatever that is; says no where there is none.
async fn choose(
    listener: &TcpListener,
    context: &ServerContext,
) -> Result<Option<TlsStream<TcpStream>>, ConnectError> {
    let accepting = TlsAcceptor::hello(accepted(listener).await).await?;
    let offered = accepting.client_hello().alpn.iter();
    let Some(chosen) = offered.filter(|name| name.starts_with(b"game/")).max().cloned() else {
        accepting.refuse(Alert::NO_APPLICATION_PROTOCOL).await?;
        return Ok(None);
    };
    let mut overrides = Overrides::default();
    overrides.alpn = Some(vec![chosen]);
    accepting.answer_with(context, now(), &overrides).await.map(Some)
}

#[tokio::test]
async fn e01_a_server_chooses_by_its_list_and_ends_the_handshake_where_nothing_fits() {
    if !has_program("openssl", &["version"]) {
        return;
    }
    let house = House::new();
    let mut config = house.server();
    config.alpn = vec![Box::from(*b"h2"), Box::from(*b"http/1.1")];
    let acceptor = TlsAcceptor::new(ServerContext::new(&config).unwrap());
    let (listener, address) = listener().await;
    for version in ["-tls1_2", "-tls1_3"] {
        // The server's order counts.
        let client = s_client(&house, address, &[version, "-alpn", "http/1.1,h2"]);
        let stream = acceptor.accept(accepted(&listener).await).await.unwrap();
        assert_eq!(stream.agreed().unwrap().alpn.as_deref(), Some(&b"h2"[..]));
        drop(stream);
        assert!(client.end().contains("ALPN protocol: h2"));

        let client = s_client(&house, address, &[version, "-alpn", "spdy/3,irc"]);
        let error = acceptor.accept(accepted(&listener).await).await.unwrap_err();
        let alert = error.tls().and_then(TlsError::alert_sent);
        assert_eq!(alert, Some(Alert::NO_APPLICATION_PROTOCOL), "{error}");
        let said = client.end();
        assert!(said.contains("alert no application protocol"), "{said}");
        assert!(said.contains("SSL alert number 120"), "{said}");

        // Who offers nothing gets nothing, and the handshake goes on.
        let client = s_client(&house, address, &[version]);
        let stream = acceptor.accept(accepted(&listener).await).await.unwrap();
        assert_eq!(stream.agreed().unwrap().alpn, None);
        drop(stream);
        assert!(client.end().contains("No ALPN negotiated"));
    }
}

#[tokio::test]
async fn e01_a_server_chooses_as_it_likes_and_may_say_no() {
    if !has_program("openssl", &["version"]) {
        return;
    }
    let house = House::new();
    let context = ServerContext::new(&house.server()).unwrap();
    let (listener, address) = listener().await;
    for version in ["-tls1_2", "-tls1_3"] {
        let client = s_client(&house, address, &[version, "-alpn", "h2,game/1,game/3,game/2"]);
        let stream = choose(&listener, &context).await.unwrap().unwrap();
        assert_eq!(stream.agreed().unwrap().alpn.as_deref(), Some(&b"game/3"[..]));
        drop(stream);
        assert!(client.end().contains("ALPN protocol: game/3"));

        let client = s_client(&house, address, &[version, "-alpn", "h2"]);
        assert!(choose(&listener, &context).await.unwrap().is_none());
        let said = client.end();
        assert!(said.contains("SSL alert number 120"), "{said}");
    }
}

#[tokio::test]
async fn e01_node_hears_that_no_protocol_fits() {
    if !has_program("node", &["--version"]) {
        return;
    }
    let house = House::new();
    let context = ServerContext::new(&house.server()).unwrap();
    let (listener, address) = listener().await;
    let script = format!(
        "const options = {{ port: {}, host: '127.0.0.1', servername: 'localhost', \
         ca: require('fs').readFileSync('root.pem'), ALPNProtocols: process.argv.slice(1) }}; \
         const socket = require('tls').connect(options, () => \
         {{ console.log('chosen', socket.alpnProtocol); socket.destroy(); }}); \
         socket.on('error', (error) => console.log('failed', error.code));",
        address.port()
    );
    let node = |protocol: &str| {
        Program::start(house.folder.path(), "node", &["-e", &script, "--", protocol])
    };
    let client = node("game/2");
    let chosen = choose(&listener, &context).await;
    assert_eq!(client.line(|_| true), "chosen game/2", "{chosen:?}");
    let client = node("h2");
    assert!(choose(&listener, &context).await.unwrap().is_none());
    let line = client.line(|_| true);
    assert_eq!(line, "failed ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL");
}

#[tokio::test]
async fn e01_a_client_offers_its_list_or_another_for_one_connection() {
    if !has_program("openssl", &["version"]) {
        return;
    }
    let house = House::new();
    let mut config = house.client();
    config.alpn = vec![Box::from(*b"irc"), Box::from(*b"h2")];
    let connector = TlsConnector::new(&config).unwrap();
    let (_server, address) = s_server(&house, &["-alpn", "h2,http/1.1"]);
    let mut other = Overrides::default();
    other.alpn = Some(vec![Box::from(*b"http/1.1")]);
    let mut none = Overrides::default();
    none.alpn = Some(Vec::new());
    for (overrides, expected) in [
        (Overrides::default(), Some(&b"h2"[..])),
        (other, Some(&b"http/1.1"[..])),
        (none, None),
        (Overrides::default(), Some(&b"h2"[..])),
    ] {
        let tcp = TcpStream::connect(address).await.unwrap();
        let stream = connector.connect_with("localhost", now(), &overrides, tcp).await.unwrap();
        assert_eq!(stream.agreed().unwrap().alpn.as_deref(), expected);
    }
}
