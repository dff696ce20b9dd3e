//! Both sides of a connection joined in memory: every version, suite, key kind and data path.

mod common;

use common::{NOW, Pair};
use ravelin_test::{Key, Request, Validity};
use ravelin_tls::{
    Alert, CipherSuite, ClientConfig, ClientContext, Connection, DataPath, End, Group,
    HandshakeKind, Identity, ServerConfig, ServerContext, SessionStore, TicketKeys, TlsError,
    Trust, Version, VersionRange,
};
use std::{
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

struct Authority {
    identity: Arc<Identity>,
    anchor: Box<[u8]>,
}

/// A root with the name of its kind of key, and what it issued for localhost.
fn authority(key: Key) -> Authority {
    named(&format!("{key:?}"), key)
}

fn p256() -> Authority {
    authority(Key::EcdsaP256)
}

fn named(name: &str, key: Key) -> Authority {
    let year = Duration::from_secs(365 * 24 * 60 * 60);
    let validity =
        Validity { not_before: UNIX_EPOCH + NOW - year, not_after: UNIX_EPOCH + NOW + year };
    let root = ravelin_test::Authority::root_with(name, key, validity);
    let issued = root.issue(&Request { key, validity, ..Request::new(["localhost"]) });
    let identity =
        Identity::from_bytes(issued.chain_pem().as_bytes(), issued.key_pem().as_bytes()).unwrap();
    Authority { identity: Arc::new(identity), anchor: root.root_der().into() }
}

fn contexts(
    authority: &Authority,
    change: impl FnOnce(&mut ClientConfig, &mut ServerConfig),
) -> (ClientContext, ServerContext) {
    let mut client = ClientConfig::new(Trust::of_certificates([&authority.anchor]).unwrap());
    let mut server = ServerConfig::new(vec![Arc::clone(&authority.identity)]);
    change(&mut client, &mut server);
    (ClientContext::new(&client).unwrap(), ServerContext::new(&server).unwrap())
}

#[test]
fn every_suite_and_data_path() {
    let ecdsa = p256();
    let rsa = authority(Key::Rsa2048);
    for &suite in CipherSuite::ALL {
        let name = suite.name();
        let authority = if name.contains("RSA") && !name.contains("ECDSA") { &rsa } else { &ecdsa };
        for paths in [
            (DataPath::Own, DataPath::Own),
            (DataPath::Own, DataPath::Engine),
            (DataPath::Engine, DataPath::Own),
            (DataPath::Engine, DataPath::Engine),
        ] {
            let (client, server) = contexts(authority, |client, server| {
                client.suites = vec![suite];
                (client.data_path, server.data_path) = paths;
            });
            let mut pair = Pair::new(&client, &server).handshake();
            let agreed = pair.client.connection.handshake().unwrap().clone();
            assert_eq!(agreed.suite, suite);
            let tls13 = suite.code() >> 8 == 0x13;
            assert_eq!(agreed.version == Version::Tls13, tls13);
            for piece in [3, 1460, 65_536] {
                pair.check_data(piece);
            }
        }
    }
}

#[test]
fn every_key_kind_and_version_in_any_pieces() {
    for key in Key::ALL {
        let authority = authority(key);
        for version in [Version::Tls12, Version::Tls13] {
            for piece in [1, 2, 5, 100, 65_536] {
                let (client, server) = contexts(&authority, |client, _| {
                    client.versions = VersionRange { min: version, max: version };
                });
                let mut pair = Pair::new(&client, &server);
                pair.exchange(piece);
                assert_eq!((&pair.client.end, &pair.server.end), (&None, &None));
                assert_eq!(pair.server.connection.handshake().unwrap().version, version);
                pair.check_data(piece.max(100));
            }
        }
    }
}

#[test]
fn every_group_and_a_retry() {
    let authority = p256();
    for &group in Group::ALL {
        let (client, server) = contexts(&authority, |_, server| server.groups = vec![group]);
        let mut pair = Pair::new(&client, &server);
        pair.exchange(65_536);
        match pair.server.connection.handshake() {
            Some(done) => assert_eq!(done.group, Some(group)),
            // Groups that clients do not offer by default.
            None => {
                assert!(matches!(
                    pair.server.end,
                    Some(End::Failed(TlsError::Incompatible { .. }))
                ));
            }
        }
    }
    let (client, server) = contexts(&authority, |client, server| {
        client.groups = vec![Group::X25519, Group::SECP384R1];
        server.groups = vec![Group::SECP384R1];
    });
    let pair = Pair::new(&client, &server).handshake();
    assert_eq!(pair.server.connection.handshake().unwrap().kind, HandshakeKind::FullWithRetry);
}

#[test]
fn sessions_are_resumed_by_ticket_and_by_id() {
    let authority = p256();
    for version in [Version::Tls12, Version::Tls13] {
        for tickets in [true, false] {
            for data_path in [DataPath::Own, DataPath::Engine] {
                let (client, server) = contexts(&authority, |client, server| {
                    client.versions = VersionRange { min: version, max: version };
                    client.data_path = data_path;
                    if tickets {
                        let keys = TicketKeys::new(Duration::from_secs(3600), 2).unwrap();
                        server.tickets = Some(Arc::new(keys));
                    } else {
                        let store = SessionStore::new(100, Duration::from_secs(300));
                        server.sessions = Some(Arc::new(store));
                    }
                });
                for round in 0..4 {
                    let mut pair = Pair::new(&client, &server).handshake();
                    let kind = pair.server.connection.handshake().unwrap().kind;
                    let resumed = kind == HandshakeKind::Resumed;
                    assert_eq!(resumed, round > 0, "{version} tickets {tickets} round {round}");
                    pair.check_data(65_536);
                }
            }
        }
    }
}

#[test]
fn without_keys_or_store_nothing_is_resumed() {
    let (client, server) = contexts(&p256(), |_, _| {});
    for _ in 0..2 {
        let pair = Pair::new(&client, &server).handshake();
        assert_eq!(pair.server.connection.handshake().unwrap().kind, HandshakeKind::Full);
        assert!(!pair.server.connection.may_hold());
    }
}

#[test]
fn tickets_wait_for_data_and_go_in_front_of_it() {
    let (client, server) = contexts(&p256(), |_, server| {
        server.tickets = Some(Arc::new(TicketKeys::new(Duration::from_secs(3600), 2).unwrap()));
    });
    let mut pair = Pair::new(&client, &server);
    let hello = pair.client.take_outgoing();
    pair.server.receive(&hello, 65_536);
    let flight = pair.server.take_outgoing();
    pair.client.receive(&flight, 65_536);
    let finished = pair.client.take_outgoing();
    pair.server.receive(&finished, 65_536);
    assert!(pair.server.connection.may_hold() && !pair.server.connection.outgoing().is_empty());
    let wire = pair.server.seal(b"first");
    assert!(pair.server.connection.outgoing().is_empty() && !pair.server.connection.may_hold());
    pair.client.receive(&wire, 65_536);
    assert_eq!(pair.client.received, b"first");
    let again = Pair::new(&client, &server).handshake();
    assert_eq!(again.server.connection.handshake().unwrap().kind, HandshakeKind::Resumed);
}

#[test]
fn ends_are_told_apart() {
    let authority = p256();
    for version in [Version::Tls12, Version::Tls13] {
        for data_path in [DataPath::Own, DataPath::Engine] {
            let (client, server) = contexts(&authority, |client, server| {
                client.versions = VersionRange { min: version, max: version };
                server.data_path = data_path;
            });
            let mut pair = Pair::new(&client, &server).handshake();
            let mut wire = pair.client.seal(b"last words");
            pair.client.connection.close_notify();
            wire.extend(pair.client.take_outgoing());
            pair.server.receive(&wire, 65_536);
            assert_eq!(
                (&pair.server.received[..], &pair.server.end),
                (&b"last words"[..], &Some(End::Closed))
            );
            // The other direction still flows.
            let wire = pair.server.seal(b"answer");
            pair.client.receive(&wire, 65_536);
            assert_eq!(pair.client.received, b"answer");
            assert_eq!(pair.server.connection.receive_fin(), End::Closed);
            assert_eq!(pair.client.connection.receive_fin(), End::Truncated);
            pair.client.connection.lend(&mut pair.client.seal);
            assert!(pair.client.connection.seal(&mut pair.client.seal, 0).is_err());
        }
    }
}

#[test]
fn keys_are_renewed_by_both_sides() {
    for data_path in [DataPath::Own, DataPath::Engine] {
        let (client, server) = contexts(&p256(), |client, _| client.data_path = data_path);
        let mut pair = Pair::new(&client, &server).handshake();
        for _ in 0..10 {
            pair.client.connection.refresh_keys().unwrap();
            pair.exchange(65_536);
            pair.check_data(65_536);
            pair.server.connection.refresh_keys().unwrap();
            pair.exchange(1);
            pair.check_data(65_536);
        }
    }
}

#[test]
fn application_protocols_are_agreed_or_refused() {
    let authority = p256();
    let (client, server) = contexts(&authority, |client, server| {
        client.alpn = vec![b"h2"[..].into(), b"http/1.1"[..].into()];
        server.alpn = vec![b"http/1.1"[..].into()];
    });
    let pair = Pair::new(&client, &server).handshake();
    assert_eq!(pair.server.connection.handshake().unwrap().alpn.as_deref(), Some(&b"http/1.1"[..]));
    let (client, server) = contexts(&authority, |client, server| {
        client.alpn = vec![b"h2"[..].into()];
        server.alpn = vec![b"http/1.1"[..].into()];
    });
    let mut pair = Pair::new(&client, &server);
    pair.exchange(65_536);
    let alert = Alert::NO_APPLICATION_PROTOCOL;
    assert!(
        matches!(&pair.server.end, Some(End::Failed(error)) if error.alert_sent() == Some(alert))
    );
    assert_eq!(pair.client.end, Some(End::Failed(TlsError::AlertReceived(alert))));
}

#[test]
fn refusals_carry_the_right_alert() {
    let (authority, stranger) = (p256(), named("Stranger", Key::EcdsaP256));
    let check = |client: &ClientContext, server: &ServerContext, name: &str, alert: Alert| {
        let mut pair = Pair::at(client, server, name, NOW);
        pair.exchange(65_536);
        match &pair.client.end {
            Some(End::Failed(TlsError::Certificate { alert: sent, .. })) => {
                assert_eq!(*sent, alert);
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(pair.server.end, Some(End::Failed(TlsError::AlertReceived(alert))));
    };
    let (client, _) = contexts(&stranger, |_, _| {});
    let (friend, server) = contexts(&authority, |_, _| {});
    check(&client, &server, "localhost", Alert::UNKNOWN_CA);
    check(&friend, &server, "other.example", Alert::BAD_CERTIFICATE);
    let (client, server) = contexts(&authority, |client, server| {
        client.versions = VersionRange { min: Version::Tls12, max: Version::Tls12 };
        server.versions = VersionRange { min: Version::Tls13, max: Version::Tls13 };
    });
    let mut pair = Pair::new(&client, &server);
    pair.exchange(65_536);
    assert!(matches!(pair.server.end, Some(End::Failed(TlsError::Incompatible { .. }))));
    let end = End::Failed(TlsError::AlertReceived(Alert::PROTOCOL_VERSION));
    assert_eq!(pair.client.end, Some(end));
}

#[test]
fn the_identity_is_chosen_by_what_the_client_can_verify() {
    let (ecdsa, rsa) = (p256(), authority(Key::Rsa2048));
    let identities = vec![Arc::clone(&ecdsa.identity), Arc::clone(&rsa.identity)];
    let server = ServerContext::new(&ServerConfig::new(identities)).unwrap();
    for (suite, chosen) in [
        (CipherSuite::TLS_AES_128_GCM_SHA256, &ecdsa),
        (CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, &ecdsa),
        (CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, &rsa),
    ] {
        let mut config =
            ClientConfig::new(Trust::of_certificates([&ecdsa.anchor, &rsa.anchor]).unwrap());
        config.suites = vec![suite];
        let client = ClientContext::new(&config).unwrap();
        let pair = Pair::new(&client, &server).handshake();
        let seen = &pair.client.connection.handshake().unwrap().peer_certificates;
        assert_eq!(seen[0], chosen.identity.certificates()[0], "{suite}");
    }
}

#[test]
fn a_handshake_leaves_the_data_behind_it_alone() {
    for version in [Version::Tls12, Version::Tls13] {
        let (client, server) = contexts(&p256(), |client, _| {
            client.versions = VersionRange { min: version, max: version };
        });
        let mut pair = Pair::new(&client, &server);
        // In TLS 1.2 with a full handshake the client speaks last but one, so the server's data follows its Finished.
        loop {
            let mut up = pair.client.take_outgoing();
            if !pair.client.connection.is_handshaking() {
                up.extend(pair.client.seal(&vec![7; 50_000]));
            }
            pair.server.receive(&up, 65_536);
            let mut down = pair.server.take_outgoing();
            if !pair.server.connection.is_handshaking() {
                down.extend(pair.server.seal(&vec![9; 50_000]));
            }
            pair.client.receive(&down, 65_536);
            if pair.server.received.len() == 50_000 {
                break;
            }
            assert_eq!((&pair.client.end, &pair.server.end), (&None, &None));
        }
        assert!(pair.client.received.iter().all(|byte| *byte == 9));
        assert!(pair.client.received.len() >= 50_000);
    }
}

#[test]
fn an_aborted_connection_tells_why() {
    let (client, server) = contexts(&p256(), |_, _| {});
    let mut pair = Pair::new(&client, &server).handshake();
    pair.server.connection.abort(Alert::ACCESS_DENIED);
    pair.exchange(65_536);
    assert_eq!(pair.client.end, Some(End::Failed(TlsError::AlertReceived(Alert::ACCESS_DENIED))));
}

#[test]
fn configurations_that_leave_nothing_are_refused() {
    let authority = p256();
    let mut server = ServerConfig::new(vec![Arc::clone(&authority.identity)]);
    server.suites = vec![CipherSuite::TLS_AES_128_GCM_SHA256];
    server.versions = VersionRange { min: Version::Tls12, max: Version::Tls12 };
    assert!(ServerContext::new(&server).is_err());
    server.suites = vec![CipherSuite::from_code(0x0005)];
    let error = ServerContext::new(&server).unwrap_err().to_string();
    assert!(error.contains("0x0005"), "{error}");
    assert!(ServerContext::new(&ServerConfig::new(Vec::new())).is_err());
    assert!(Trust::of_certificates([b"no certificate"]).is_err());
    let client = ClientContext::new(&ClientConfig::new(
        Trust::of_certificates([&authority.anchor]).unwrap(),
    ))
    .unwrap();
    assert!(Connection::client(&client, "no name!", NOW).is_err());
    assert!(
        ClientContext::new(&ClientConfig::new(Trust::new(ravelin_trust::Anchors::new()))).is_err(),
        "nobody to trust"
    );
}

#[test]
fn only_who_asks_for_it_takes_any_certificate() {
    let (server, stranger) = (p256(), named("stranger", Key::EcdsaP256));
    for version in [Version::Tls12, Version::Tls13] {
        for accepts in [false, true] {
            let (client, server) = contexts(&server, |client, _| {
                let mut trust = Trust::of_certificates([&stranger.anchor]).unwrap();
                trust.dangerous_accept_untrusted = accepts;
                client.trust = Arc::new(trust);
                client.versions = VersionRange { min: version, max: version };
            });
            let mut pair = Pair::at(&client, &server, "other.example", NOW);
            pair.exchange(65_536);
            if accepts {
                let handshake = pair.client.connection.handshake().unwrap();
                assert_eq!((handshake.version, handshake.peer_certificates.len()), (version, 1));
            } else {
                assert!(
                    matches!(&pair.client.end, Some(End::Failed(TlsError::Certificate { .. }))),
                    "{:?}",
                    pair.client.end
                );
            }
        }
    }
}

#[test]
fn a_server_that_does_not_speak_tls_is_told_at_once() {
    let authority = p256();
    let trust = || Trust::of_certificates([&authority.anchor]).unwrap();
    let context = ClientContext::new(&ClientConfig::new(trust())).unwrap();
    let config = ServerConfig::new(vec![Arc::clone(&authority.identity)]);
    let server = ServerContext::new(&config).unwrap();
    for answer in [
        &b"220 mail.example ESMTP\r\n"[..],
        b"HTTP/1.1 400 Bad Request\r\n",
        &[22, 3, 3, 0xff, 0xff],
    ] {
        let mut pair = Pair::new(&context, &server);
        pair.client.receive(answer, 65_536);
        assert!(
            matches!(pair.client.end, Some(End::Failed(TlsError::Misbehaved { .. }))),
            "{:?}: {:?}",
            String::from_utf8_lossy(answer),
            pair.client.end
        );
    }
}
