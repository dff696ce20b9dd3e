//! E9: what a connection can tell of itself: version, shared signature schemes, whether it was resumed, who the peer is.

use crate::peers::{House, accepted, listener, now, s_client, s_server};
use ravelin_net::{TlsAcceptor, TlsConnector};
use ravelin_test::has_program;
use ravelin_tls::{
    HandshakeKind, ServerContext, SignatureScheme, TicketKeys, Version, VersionRange,
};
use ravelin_trust::Certificate;
use std::{sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

#[tokio::test]
async fn e09_a_client_tells_version_and_resumption_and_whose_certificate_it_is() {
    if !has_program("openssl", &["version"]) {
        return;
    }
    for (version, option) in [(Version::Tls12, "-tls1_2"), (Version::Tls13, "-tls1_3")] {
        let house = House::new();
        let (_server, address) = s_server(&house, &[option, "-www"]);
        let connector = TlsConnector::new(&house.client()).unwrap();
        for kind in [HandshakeKind::Full, HandshakeKind::Resumed] {
            let tcp = TcpStream::connect(address).await.unwrap();
            let mut stream = connector.connect("localhost", tcp).await.unwrap();
            let agreed = stream.agreed().unwrap().clone();
            assert_eq!(agreed.version.name(), format!("TLSv{}", &option[4..].replace('_', ".")));
            assert_eq!((agreed.version, agreed.kind), (version, kind));
            // The same after resumption, where nobody sent it.
            let peer = Certificate::parse(&*agreed.peer_certificates[0]).unwrap();
            assert_eq!(peer.der(), house.issued.certificate_der());
            assert_eq!(peer.subject().to_string(), "CN=localhost");
            let judged = stream.verdict().unwrap().trusted().unwrap();
            assert_eq!(judged.certificate().der(), peer.der());
            // The server says the same, and its tickets come with it.
            stream.write_all(b"GET / HTTP/1.0\r\n\r\n").await.unwrap();
            stream.flush().await.unwrap();
            let mut page = Vec::new();
            let _ = stream.read_to_end(&mut page).await;
            let page = String::from_utf8_lossy(&page);
            let word = if kind == HandshakeKind::Full { "New, " } else { "Reused, " };
            assert!(page.contains(word), "{page}");
        }
    }
}

#[tokio::test]
async fn e09_a_server_tells_shared_schemes_in_the_clients_order_and_resumption() {
    if !has_program("openssl", &["version"]) {
        return;
    }
    for (version, option) in [(Version::Tls12, "-tls1_2"), (Version::Tls13, "-tls1_3")] {
        let house = House::new();
        let mut config = house.server();
        config.versions = VersionRange { min: version, max: version };
        config.tickets = Some(Arc::new(TicketKeys::new(Duration::from_secs(60), 2).unwrap()));
        let context = ServerContext::new(&config).unwrap();
        let (listener, address) = listener().await;
        let wanted = "ed25519:ECDSA+SHA256:RSA-PSS+SHA384:ECDSA+SHA224:RSA+SHA256";
        let session = house.path("session");
        let session = session.to_str().unwrap();
        for (files, kind) in
            [("-sess_out", HandshakeKind::Full), ("-sess_in", HandshakeKind::Resumed)]
        {
            let client = s_client(&house, address, &[option, "-sigalgs", wanted, files, session]);
            let accepting = TlsAcceptor::hello(accepted(&listener).await).await.unwrap();
            // A hash of 224 bits is none that we know.
            assert_eq!(
                context.shared_signature_schemes(accepting.client_hello()),
                [
                    SignatureScheme::ED25519,
                    SignatureScheme::ECDSA_SECP256R1_SHA256,
                    SignatureScheme::RSA_PSS_RSAE_SHA384,
                    SignatureScheme::RSA_PKCS1_SHA256,
                ]
            );
            let mut stream = accepting.answer_at(&context, now()).await.unwrap();
            assert_eq!(stream.agreed().unwrap().version, version);
            assert_eq!(stream.agreed().unwrap().kind, kind);
            stream.write_all(b"tickets go along\n").await.unwrap();
            stream.flush().await.unwrap();
            client.line(|line| line.contains("tickets go along"));
            let ending = tokio::task::spawn_blocking(move || client.end());
            let _ = stream.read_to_end(&mut Vec::new()).await;
            drop(stream);
            ending.await.unwrap();
        }
    }
}
