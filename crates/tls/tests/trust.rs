//! What `ravelin-trust` decides ends the handshake with the right alert, on both sides and in both versions.

mod common;

use common::{NOW, Pair};
use ravelin_test::{Authority, Issued, Key, Purpose, Request, Validity};
use ravelin_tls::{
    Alert, ClientAuth, ClientConfig, ClientContext, Connection, End, HandshakeKind, Identity,
    ServerConfig, ServerContext, SessionStore, TlsError, Trust, Version, VersionRange,
};
use ravelin_trust::{Anchor, Anchors, Certificate, Status, revocation::RevocationPolicy};
use std::{
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

const DAY: i64 = 86_400;

/// From and until that many seconds after now.
fn validity(from: i64, until: i64) -> Validity {
    let moment = |offset| {
        UNIX_EPOCH + Duration::from_secs(NOW.as_secs().checked_add_signed(offset).unwrap())
    };
    Validity { not_before: moment(from), not_after: moment(until) }
}

fn current() -> Validity {
    validity(-30 * DAY, 30 * DAY)
}

fn root(name: &str) -> Authority {
    Authority::root_with(name, Key::EcdsaP256, validity(-900 * DAY, 900 * DAY))
}

fn request(names: &[&str]) -> Request {
    Request { validity: current(), ..Request::new(names.iter().copied()) }
}

fn identity(issued: &Issued) -> Arc<Identity> {
    let identity = Identity::from_bytes(issued.chain_pem().as_bytes(), issued.key_pem().as_bytes());
    Arc::new(identity.unwrap())
}

fn trust(authority: &Authority) -> Trust {
    Trust::of_certificates([authority.root_der()]).unwrap()
}

fn server(issued: &Issued) -> ServerContext {
    ServerContext::new(&ServerConfig::new(vec![identity(issued)])).unwrap()
}

fn client(trust: Trust, version: Version) -> ClientContext {
    let mut config = ClientConfig::new(trust);
    config.versions = VersionRange { min: version, max: version };
    ClientContext::new(&config).unwrap()
}

fn status(connection: &Connection) -> Option<(Status, Option<&'static str>)> {
    connection.verdict().map(|verdict| (verdict.status(), verdict.code()))
}

/// Both versions, every kind of key: the client's verdict, and the alert that the server sees.
fn server_is_refused(
    issued: &Issued,
    trust: &Trust,
    name: &str,
    expected: (Status, &'static str),
    alert: Alert,
) {
    for version in [Version::Tls12, Version::Tls13] {
        let mut pair = Pair::at(&client(trust.clone(), version), &server(issued), name, NOW);
        pair.exchange(65_536);
        let found = status(&pair.client.connection);
        assert_eq!(found, Some((expected.0, Some(expected.1))), "{version:?}");
        match &pair.client.end {
            Some(End::Failed(TlsError::Certificate { detail, alert: sent })) => {
                assert_eq!(*sent, alert, "{version:?}");
                assert!(detail.contains(expected.1), "{detail}");
            }
            other => panic!("{version:?}: {other:?}"),
        }
        assert_eq!(pair.server.end, Some(End::Failed(TlsError::AlertReceived(alert))));
    }
}

#[test]
fn every_status_of_a_server_has_its_code_and_its_alert() {
    for key in [Key::EcdsaP256, Key::Rsa2048, Key::Ed25519] {
        let root = root("Root");
        let issue = |request: Request| root.issue(&Request { key, ..request });
        let sound = issue(request(&["localhost"]));
        let trusting = trust(&root);

        for version in [Version::Tls12, Version::Tls13] {
            let context = client(trusting.clone(), version);
            let mut pair = Pair::new(&context, &server(&sound)).handshake();
            assert_eq!(status(&pair.client.connection), Some((Status::Trusted, None)));
            pair.check_data(65_536);
            assert_eq!(status(&pair.server.connection), None);
        }
        let expired = Request { validity: validity(-9 * DAY, -DAY), ..request(&["localhost"]) };
        server_is_refused(
            &issue(expired),
            &trusting,
            "localhost",
            (Status::Expired, "CERT_HAS_EXPIRED"),
            Alert::CERTIFICATE_EXPIRED,
        );
        let early = Request { validity: validity(DAY, 9 * DAY), ..request(&["localhost"]) };
        server_is_refused(
            &issue(early),
            &trusting,
            "localhost",
            (Status::NotYetValid, "CERT_NOT_YET_VALID"),
            Alert::BAD_CERTIFICATE,
        );
        server_is_refused(
            &sound,
            &trusting,
            "other.example",
            (Status::PrincipalMismatch, "ERR_TLS_CERT_ALTNAME_INVALID"),
            Alert::BAD_CERTIFICATE,
        );
        let signing = Request { purpose: Purpose::CodeSigning, ..request(&["localhost"]) };
        server_is_refused(
            &issue(signing),
            &trusting,
            "localhost",
            (Status::Invalid, "INVALID_PURPOSE"),
            Alert::UNSUPPORTED_CERTIFICATE,
        );
        let stranger = trust(&self::root("Stranger"));
        server_is_refused(
            &sound,
            &stranger,
            "localhost",
            (Status::UntrustedSigners, "UNABLE_TO_VERIFY_LEAF_SIGNATURE"),
            Alert::UNKNOWN_CA,
        );
        let alone = Issued::self_signed(&Request { key, ..request(&["localhost"]) });
        server_is_refused(
            &alone,
            &trusting,
            "localhost",
            (Status::UntrustedSigners, "DEPTH_ZERO_SELF_SIGNED_CERT"),
            Alert::UNKNOWN_CA,
        );
        server_is_refused(
            &root.impostor().issue(&Request { key, ..request(&["localhost"]) }),
            &trusting,
            "localhost",
            (Status::UntrustedSigners, "UNABLE_TO_VERIFY_LEAF_SIGNATURE"),
            Alert::UNKNOWN_CA,
        );

        let old = root.intermediate_with("Old", Key::EcdsaP256, validity(-9 * DAY, -DAY));
        let below = old.issue(&Request { key, ..request(&["localhost"]) });
        server_is_refused(
            &below,
            &trusting,
            "localhost",
            (Status::InvalidChain, "CERT_HAS_EXPIRED"),
            Alert::UNKNOWN_CA,
        );

        let mut distrusting = trusting.clone();
        let anchors = Arc::make_mut(&mut distrusting.anchors);
        anchors.distrust_certificate(&Certificate::parse(sound.certificate_der()).unwrap());
        server_is_refused(
            &sound,
            &distrusting,
            "localhost",
            (Status::Revoked, "CERT_REVOKED"),
            Alert::CERTIFICATE_REVOKED,
        );

        let mut strict = trusting.clone();
        strict.revocation = RevocationPolicy::AlwaysRequired;
        server_is_refused(
            &sound,
            &strict,
            "localhost",
            (Status::Unknown, "UNABLE_TO_GET_CRL"),
            Alert::UNKNOWN_CA,
        );
    }
}

#[test]
fn what_is_decided_later_or_dangerously_does_not_end_the_handshake() {
    let root = root("Root");
    let issued = root.issue(&request(&["localhost"]));
    let mut deferring = trust(&root);
    deferring.revocation = RevocationPolicy::AlwaysRequired;
    deferring.defer_to_network = true;
    let pair = Pair::new(&client(deferring.clone(), Version::Tls13), &server(&issued)).handshake();
    assert_eq!(status(&pair.client.connection).unwrap().0, Status::Unknown);
    server_is_refused(
        &issued,
        &deferring,
        "b.example",
        (Status::PrincipalMismatch, "ERR_TLS_CERT_ALTNAME_INVALID"),
        Alert::BAD_CERTIFICATE,
    );

    let mut looking = Trust::new(Anchors::new());
    looking.dangerous_accept_untrusted = true;
    let pair = Pair::new(&client(looking, Version::Tls12), &server(&issued)).handshake();
    assert_eq!(status(&pair.client.connection).unwrap().0, Status::UntrustedSigners);
}

#[test]
fn names_may_be_others_than_the_one_connected_to() {
    let root = root("Root");
    let issued = root.issue(&request(&["a.example"]));
    let mut trusting = trust(&root);
    trusting.names = Some(vec![ravelin_trust::Name::dns("a.example").unwrap()]);
    let pair = Pair::new(&client(trusting, Version::Tls13), &server(&issued)).handshake();
    assert_eq!(status(&pair.client.connection), Some((Status::Trusted, None)));
}

#[test]
fn a_resumed_session_is_judged_again() {
    let root = root("Root");
    let short = Request { validity: validity(-DAY, 60), ..request(&["localhost"]) };
    let issued = root.issue(&short);
    for version in [Version::Tls12, Version::Tls13] {
        let context = client(trust(&root), version);
        let mut config = ServerConfig::new(vec![identity(&issued)]);
        config.sessions = Some(Arc::new(SessionStore::new(16, Duration::from_secs(86_400))));
        let server = ServerContext::new(&config).unwrap();
        Pair::new(&context, &server).handshake();
        let resumed = Pair::new(&context, &server).handshake();
        let kind = resumed.client.connection.handshake().unwrap().kind;
        assert_eq!(kind, HandshakeKind::Resumed);
        assert_eq!(status(&resumed.client.connection), Some((Status::Trusted, None)));

        let mut late = Pair::at(&context, &server, "localhost", NOW + Duration::from_secs(120));
        late.exchange(65_536);
        assert_eq!(
            late.client.end,
            Some(End::Failed(TlsError::Certificate {
                detail:
                    "expired: it expired on 2027-01-15T08:01:00Z, 60 seconds ago (CERT_HAS_EXPIRED)"
                        .into(),
                alert: Alert::CERTIFICATE_EXPIRED,
            }))
        );
        assert_eq!(
            late.server.end,
            Some(End::Failed(TlsError::AlertReceived(Alert::CERTIFICATE_EXPIRED)))
        );
        assert_eq!(status(&late.client.connection).unwrap().0, Status::Expired);
    }
}

fn asking(issued: &Issued, client_auth: ClientAuth) -> ServerContext {
    let mut config = ServerConfig::new(vec![identity(issued)]);
    config.client_auth = client_auth;
    ServerContext::new(&config).unwrap()
}

fn proving(trust: Trust, version: Version, own: Option<&Issued>) -> ClientContext {
    let mut config = ClientConfig::new(trust);
    config.versions = VersionRange { min: version, max: version };
    config.identity = own.map(identity);
    ClientContext::new(&config).unwrap()
}

#[test]
fn clients_are_judged_as_clients() {
    let root = root("Root");
    let issued = root.issue(&request(&["localhost"]));
    let mine = Request { purpose: Purpose::Client, ..request(&["me.example"]) };
    let mine = root.issue(&mine);
    let old = Request {
        validity: validity(-9 * DAY, -DAY),
        purpose: Purpose::Client,
        ..request(&["me.example"])
    };
    let old = root.issue(&old);
    let trusting = Arc::new(trust(&root));
    for version in [Version::Tls12, Version::Tls13] {
        let required = asking(&issued, ClientAuth::Required(Arc::clone(&trusting)));
        let optional = asking(&issued, ClientAuth::Optional(Arc::clone(&trusting)));
        for server in [&required, &optional] {
            let pair = Pair::new(&proving(trust(&root), version, Some(&mine)), server).handshake();
            assert_eq!(status(&pair.server.connection), Some((Status::Trusted, None)));
            let verdict = pair.server.connection.verdict().unwrap();
            let end = verdict.trusted().unwrap().certificate().der().to_vec();
            assert_eq!(end, mine.certificate_der());
        }
        let pair = Pair::new(&proving(trust(&root), version, None), &optional).handshake();
        assert_eq!(status(&pair.server.connection), None);
        let mut pair = Pair::new(&proving(trust(&root), version, None), &required);
        pair.exchange(65_536);
        assert!(matches!(pair.server.end, Some(End::Failed(TlsError::Certificate { .. }))));
        for (wrong, alert) in
            [(&old, Alert::CERTIFICATE_EXPIRED), (&issued, Alert::UNSUPPORTED_CERTIFICATE)]
        {
            let mut pair = Pair::new(&proving(trust(&root), version, Some(wrong)), &optional);
            pair.exchange(65_536);
            assert!(
                matches!(&pair.server.end, Some(End::Failed(TlsError::Certificate { alert: sent, .. })) if *sent == alert),
                "{:?}",
                pair.server.end
            );
            assert_eq!(pair.client.end, Some(End::Failed(TlsError::AlertReceived(alert))));
        }
    }
}

#[test]
fn nobody_to_trust_is_no_configuration() {
    let root = root("Root");
    let issued = root.issue(&request(&["localhost"]));
    let nobody = || Trust::new(Anchors::new());
    assert!(ClientContext::new(&ClientConfig::new(nobody())).is_err());
    let mut config = ServerConfig::new(vec![identity(&issued)]);
    config.client_auth = ClientAuth::Optional(Arc::new(nobody()));
    assert!(ServerContext::new(&config).is_err());
    let mut anchors = Anchors::new();
    anchors.add_anchor(Anchor::certificate(root.root_der()).unwrap());
    config.client_auth = ClientAuth::Required(Arc::new(Trust::new(anchors)));
    assert!(ServerContext::new(&config).is_ok());
}
