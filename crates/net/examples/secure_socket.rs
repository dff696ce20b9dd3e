//! AIR's `SecureSocket`, as in an application: a client of a small service over loopback, with both ends in this program.
//!
//! It connects once with a server that it trusts, by listeners and by events, and once with one that it does not. Each thing
//! it shows is asserted.
//!
//! ```sh
//! cargo run -p ravelin-net --example secure_socket
//! ```

use ravelin_net::{
    TlsAcceptor,
    data::amf::{Graph, Instance, Object, Value},
    socket::{
        CertificateStatus, Event, EventKind, EventType, Listener, Registration, Sandbox,
        SecureSocket, SocketError,
    },
};
use ravelin_test::{Authority, Request};
use ravelin_tls::{Identity, ServerConfig, ServerContext};
use std::{error::Error, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

#[expect(clippy::print_stdout, reason = "an example shows what it does")]
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    assert!(SecureSocket::is_supported());
    let authority = Authority::root("Example root");
    let port = serve(&authority).await?;

    // Who is trusted: the platform's roots, and for this socket our own as well.
    let mut socket = SecureSocket::new(Sandbox::Application)?;
    socket.add_trust_anchor(authority.certificate_der())?;
    socket.set_timeout(Duration::from_secs(5));

    // A listener, as in ActionScript: it says hello as soon as the server is known to be the right one.
    let greeting = Listener::new(|_: &mut Event, socket: &mut SecureSocket| {
        let sent = socket.write_object(&greeting()).and_then(|()| socket.flush());
        sent.expect("who is connected can write");
    });
    socket.add_event_listener(EventType::Connect, &greeting, Registration::priority(10));

    // And events, as in Rust.
    socket.connect("localhost", port)?;
    let mut told = Vec::new();
    let mut answer = None;
    while let Some(event) = socket.next_event().await {
        println!("{event}");
        match &event.kind {
            EventKind::Connect => {
                let certificate = socket.server_certificate().expect("one that is trusted");
                println!("  {} by {}", certificate.subject(), certificate.issuer());
            }
            EventKind::SocketData { bytes_loaded } => {
                println!("  {bytes_loaded} bytes can be read");
                // As long as it has not arrived whole, this takes nothing and says so.
                match socket.read_object() {
                    Ok(object) => answer = Some(object),
                    Err(error) => assert_eq!(error.class(), "EOFError"),
                }
            }
            EventKind::OutputProgress { bytes_pending, .. } => println!("  {bytes_pending} wait"),
            _ => {}
        }
        told.push(event.event_type().to_string());
    }
    assert_eq!((&*told[0], &*told[told.len() - 1]), ("connect", "close"));
    assert_eq!(answer.as_ref().map(word), Some("hello".to_owned()), "it came back");
    assert_eq!(socket.server_certificate_status(), CertificateStatus::Trusted);
    assert_eq!(socket.write_u8(1), Err(SocketError::Closed));

    // Somebody who does not trust that authority does not talk to its servers, and there is no way to.
    let mut stranger = SecureSocket::new(Sandbox::Application)?;
    stranger.add_trust_anchor(Authority::root("Another root").certificate_der())?;
    stranger.connect("localhost", port)?;
    let event = stranger.next_event().await.expect("an event");
    println!("{event}");
    assert_eq!(event.event_type(), EventType::IoError);
    assert_eq!(stranger.server_certificate_status(), CertificateStatus::UntrustedSigners);
    println!("  {}", stranger.server_certificate_status());
    Ok(())
}

/// `{ word: "hello" }`.
fn greeting() -> Graph {
    let mut graph = Graph::default();
    let members = vec![("word".into(), "hello".into())];
    graph.root = graph.insert(Object::Instance(Instance::anonymous(members))).into();
    graph
}

/// The member `word` of the object that came.
fn word(graph: &Graph) -> String {
    if let Value::Object(root) = graph.root
        && let Object::Instance(instance) = &graph[root]
        && let Some((_, Value::String(word))) = instance.dynamic.first()
    {
        return word.to_string();
    }
    panic!("no such object: {graph:?}")
}

/// Serves whoever connects: sends back what comes first, and closes. Returns the port.
async fn serve(authority: &Authority) -> Result<i32, Box<dyn Error>> {
    let issued = authority.issue(&Request::new(["localhost"]));
    let identity =
        Identity::from_bytes(issued.chain_pem().as_bytes(), issued.key_pem().as_bytes())?;
    let context = ServerContext::new(&ServerConfig::new(vec![Arc::new(identity)]))?;
    let acceptor = TlsAcceptor::new(context);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            // Who refuses our certificate is gone again.
            let Ok(mut stream) = acceptor.accept(tcp).await else { continue };
            let mut data = [0; 1000];
            if let Ok(count) = stream.read(&mut data).await {
                let _ = stream.write_all(&data[..count]).await;
                let _ = stream.close().await;
            }
        }
    });
    Ok(port.into())
}
