//! XML signatures whose signers are judged with what a responder on loopback says.

use ravelin_net::{
    fetch::{FetchConfig, FetchLimits, Fetcher, Origin},
    xml::{self, CertificateStatus, Event, RevocationCheck, XmlSignatureValidator},
};
use ravelin_test::{
    der,
    pki::{Entity, KeyKind, Template, extension},
};
use ravelin_trust::{Anchor, Anchors, Time, revocation::RevocationPolicy};
use ravelin_xmldsig::{
    algorithm::SigningKey,
    sign::{Reference, Signing},
    verify::{
        Body, Dereference, DereferenceError, KeySource, SameDocument, Settings, SignatureStatus,
        Trust,
    },
};
use std::{
    io::Cursor,
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

const VALID: SignatureStatus = SignatureStatus::Valid;
const INVALID: SignatureStatus = SignatureStatus::Invalid;
const UNKNOWN: SignatureStatus = SignatureStatus::Unknown;
const HOUR: i64 = 3600;

struct House {
    root: Entity,
    intermediate: Entity,
    signer: Entity,
}

impl House {
    fn new() -> House {
        House {
            root: Entity::new("Root"),
            intermediate: Entity::new("Intermediate"),
            signer: Entity::of_kind("Signer", KeyKind::Rsa2048),
        }
    }

    fn root(&self) -> Vec<u8> {
        Template::authority(&self.root).signed_by(&self.root)
    }

    fn intermediate(&self) -> Vec<u8> {
        Template::authority(&self.intermediate).signed_by(&self.root)
    }

    fn template(&self) -> Template {
        Template::new(&self.signer).with(extension::key_usage(&[extension::DIGITAL_SIGNATURE]))
    }

    fn signed(&self, certificate: &[u8]) -> String {
        let mut signed = Vec::new();
        Signing::new(SigningKey::from_der(self.signer.key.pkcs8()).unwrap())
            .certificates([certificate.to_vec()])
            .reference(Reference::document().enveloped())
            .sign_enveloped(Cursor::new("<order>unchanged</order>"), &mut signed)
            .unwrap();
        String::from_utf8(signed).unwrap()
    }

    /// The root's list, which is signed by `by`.
    fn crl(&self, revoked: Option<&Template>, by: &Entity) -> Vec<u8> {
        let now = i64::try_from(now().as_secs()).unwrap();
        let entry = |one: &Template| der::sequence([one.serial.clone(), der::time(now - HOUR)]);
        let key = extension::authority_key_id(&self.root.key.identifier());
        let tbs = der::sequence([
            der::integer(1),
            by.key.signing().algorithm(),
            self.root.name.clone(),
            der::time(now - HOUR),
            der::time(now + HOUR),
            revoked.map(|one| der::sequence([entry(one)])).unwrap_or_default(),
            der::constructed(
                0,
                der::sequence([key, der::extension("2.5.29.20", false, &der::integer(1))]),
            ),
        ]);
        let signature = by.key.sign(by.key.signing(), &tbs).unwrap();
        der::sequence([&tbs[..], &by.key.signing().algorithm(), &der::bit_string(signature)])
    }
}

/// With a place where its revocation list is said to be.
fn with_list(template: Template, url: &str) -> Template {
    let name = der::constructed(0, der::constructed(0, der::primitive(6, url.as_bytes())));
    let points = der::sequence([der::sequence([name])]);
    template.with(extension::extension("2.5.29.31", false, &points))
}

fn now() -> Duration {
    SystemTime::UNIX_EPOCH.elapsed().unwrap()
}

fn fetcher() -> Fetcher {
    let mut limits = FetchLimits::default();
    limits.allowed = vec![Ipv4Addr::LOCALHOST.into()];
    limits.time = Duration::from_secs(5);
    Fetcher::new(FetchConfig::new(limits)).unwrap()
}

/// Listens; what it answers comes later, as it needs the address first.
async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    (listener, url)
}

/// Answers every request with this, and counts them.
fn serve(listener: TcpListener, content: Vec<u8>) -> Arc<AtomicUsize> {
    let requests = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&requests);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            let _ = stream.read(&mut [0; 4096]).await;
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nCache-Control: max-age=600\r\nConnection: close\r\n\r\n",
                content.len()
            );
            let _ = stream.write_all(head.as_bytes()).await;
            let _ = stream.write_all(&content).await;
        }
    });
    requests
}

fn trusting(house: &House, fetcher: Fetcher) -> XmlSignatureValidator {
    let mut validator = XmlSignatureValidator::online(fetcher);
    validator.set_uri_dereferencer(SameDocument).unwrap();
    validator.add_certificate(&house.root(), true).unwrap();
    validator.set_revocation_check_setting(RevocationCheck::AlwaysRequired).unwrap();
    validator
}

fn statuses(validator: &XmlSignatureValidator) -> [SignatureStatus; 4] {
    [
        validator.digest_status().unwrap(),
        validator.identity_status().unwrap(),
        validator.references_status().unwrap(),
        validator.validity_status().unwrap(),
    ]
}

#[tokio::test]
async fn x10_x22_what_the_fetched_list_says_decides() {
    let house = House::new();
    let stranger = Entity::new("Root");
    for (revoked, signed_by, expected, status) in [
        (false, &house.root, VALID, CertificateStatus::Trusted),
        (true, &house.root, INVALID, CertificateStatus::Revoked),
        (false, &stranger, INVALID, CertificateStatus::Invalid),
    ] {
        let (listener, url) = listen().await;
        let template = with_list(house.template(), &url);
        let requests = serve(listener, house.crl(revoked.then_some(&template), signed_by));
        let document = house.signed(&template.signed_by(&house.root));
        let mut validator = trusting(&house, fetcher());
        assert_eq!(validator.signer_certificate_status(), Ok(CertificateStatus::Unknown));
        validator.verify(Cursor::new(document)).await.unwrap();
        assert!(validator.is_running());
        assert_eq!(
            validator.digest_status().unwrap_err().class(),
            "IllegalOperationError",
            "it runs until its event is told"
        );
        assert_eq!(validator.signer_cn().as_deref(), Some("Signer"));
        assert_eq!(validator.next_event().await, Some(Event::Complete));
        assert_eq!(validator.next_event().await, None);
        let references = if expected == VALID { VALID } else { UNKNOWN };
        assert_eq!(statuses(&validator), [VALID, expected, references, expected]);
        assert_eq!(validator.signer_certificate_status(), Ok(status));
        assert_eq!(requests.load(Ordering::SeqCst), 1);
        assert_eq!(validator.fetches()[0].url, url);
    }
}

#[tokio::test]
async fn x10_a_server_that_is_gone_leaves_it_undetermined() {
    let house = House::new();
    let (listener, url) = listen().await;
    drop(listener);
    let document = house.signed(&with_list(house.template(), &url).signed_by(&house.root));
    for (setting, expected) in [("bestEffort", VALID), ("requiredIfInfoAvailable", INVALID)] {
        let mut validator = trusting(&house, fetcher());
        validator.set_revocation_check_setting(setting).unwrap();
        validator.verify(Cursor::new(document.clone())).await.unwrap();
        assert_eq!(validator.next_event().await, Some(Event::Complete));
        assert_eq!(validator.identity_status(), Ok(expected), "{setting}");
        assert!(validator.fetches()[0].outcome.is_err());
    }
}

#[tokio::test]
async fn x06_issuers_are_fetched_if_asked_for() {
    let house = House::new();
    let (listener, url) = listen().await;
    let requests = serve(listener, house.intermediate());
    let place = der::sequence([der::oid("1.3.6.1.5.5.7.48.2"), der::primitive(6, url.as_bytes())]);
    let access = extension::extension("1.3.6.1.5.5.7.1.1", false, &der::sequence([place]));
    let document = house.signed(&house.template().with(access).signed_by(&house.intermediate));
    let mut validator = trusting(&house, fetcher());
    validator.set_revocation_check_setting("bestEffort").unwrap();
    for (asked, expected) in [(false, UNKNOWN), (true, VALID)] {
        validator.set_fetch_issuers(asked).unwrap();
        validator.verify(Cursor::new(document.clone())).await.unwrap();
        assert_eq!(validator.next_event().await, Some(Event::Complete));
        assert_eq!(validator.identity_status(), Ok(expected));
        assert_eq!(requests.load(Ordering::SeqCst), usize::from(asked));
    }
}

#[tokio::test]
async fn x11_giving_up_waiting_loses_nothing() {
    let house = House::new();
    let (listener, url) = listen().await;
    let template = with_list(house.template(), &url);
    let document = house.signed(&template.signed_by(&house.root));
    let mut validator = trusting(&house, fetcher());
    validator.verify(Cursor::new(document)).await.unwrap();
    // Nobody answers yet.
    let early = tokio::time::timeout(Duration::from_millis(100), validator.next_event()).await;
    assert!(early.is_err() && validator.is_running());
    serve(listener, house.crl(None, &house.root));
    assert_eq!(validator.next_event().await, Some(Event::Complete));
    assert_eq!(statuses(&validator), [VALID; 4]);
}

#[tokio::test]
async fn x11_x12_errors_at_once_and_later() {
    struct Panics;
    impl Dereference for Panics {
        fn dereference(&mut self, _: Option<&str>) -> Result<Body<'_>, DereferenceError> {
            panic!("as it was told to")
        }
    }
    struct Gone;
    impl Dereference for Gone {
        fn dereference(&mut self, uri: Option<&str>) -> Result<Body<'_>, DereferenceError> {
            Err(DereferenceError::not_found(uri.unwrap_or_default()))
        }
    }
    let house = House::new();
    let document = house.signed(&house.template().signed_by(&house.root));
    let mut validator = trusting(&house, fetcher());
    validator.set_revocation_check_setting("never").unwrap();
    assert!(validator.verify(Cursor::new("<a>")).await.is_err());
    assert_eq!(validator.next_event().await, None);
    validator.set_uri_dereferencer(Gone).unwrap();
    validator.verify(Cursor::new(document.clone())).await.unwrap();
    let again = validator.verify(Cursor::new(document.clone())).await.unwrap_err();
    assert_eq!(again.class(), "IllegalOperationError");
    assert!(matches!(validator.next_event().await, Some(Event::Error { .. })));
    assert_eq!(statuses(&validator), [VALID, VALID, UNKNOWN, UNKNOWN]);
    validator.set_uri_dereferencer(Panics).unwrap();
    validator.verify(Cursor::new(document.clone())).await.unwrap();
    assert!(matches!(validator.next_event().await, Some(Event::Error { .. })));
    assert_eq!(statuses(&validator), [UNKNOWN; 4]);
    validator.set_uri_dereferencer(SameDocument).unwrap();
    validator.verify(Cursor::new(document)).await.unwrap();
    assert_eq!(validator.next_event().await, Some(Event::Complete));
    assert_eq!(statuses(&validator), [VALID; 4]);
}

#[tokio::test]
async fn x07_the_platforms_store_does_not_know_our_root() {
    let house = House::new();
    let document = house.signed(&house.template().signed_by(&house.root));
    let mut validator = XmlSignatureValidator::new();
    validator.set_uri_dereferencer(SameDocument).unwrap();
    validator.set_use_system_trust_store(true).unwrap();
    validator.verify(Cursor::new(document.clone())).await.unwrap();
    assert_eq!(validator.next_event().await, Some(Event::Complete));
    assert_eq!(validator.identity_status(), Ok(UNKNOWN));
    assert_eq!(validator.signer_certificate_status(), Ok(CertificateStatus::UntrustedSigners));
    validator.add_certificate(&house.root(), true).unwrap();
    validator.verify(Cursor::new(document)).await.unwrap();
    assert_eq!(validator.next_event().await, Some(Event::Complete));
    assert_eq!(statuses(&validator), [VALID; 4]);
}

#[tokio::test]
async fn a_verification_in_one_call_fetches_too_and_uses_the_cache() {
    let house = House::new();
    let (listener, url) = listen().await;
    let template = with_list(house.template(), &url);
    let requests = serve(listener, house.crl(None, &house.root));
    let document = house.signed(&template.signed_by(&house.root));
    let mut anchors = Anchors::new();
    anchors.add_anchor(Anchor::certificate(&house.root()).unwrap());
    let mut trust = Trust::new(Arc::new(anchors), Time::since_epoch(now()));
    trust.revocation = RevocationPolicy::AlwaysRequired;
    let fetcher = fetcher();
    for origin in [Origin::Network, Origin::Memory] {
        let document = Cursor::new(document.clone());
        let keys = KeySource::Certificate(trust.clone());
        let verified =
            xml::verify(document, Settings::default(), keys, SameDocument, &fetcher, now())
                .await
                .unwrap();
        assert_eq!(verified.report.validity_status(), VALID);
        assert_eq!(verified.fetches[0].outcome, Ok(origin));
    }
    assert_eq!(requests.load(Ordering::SeqCst), 1);
    let nothing = Cursor::new("<a/>");
    let embedded = KeySource::Embedded;
    let error = xml::verify(nothing, Settings::default(), embedded, SameDocument, &fetcher, now())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("no Signature"), "{error}");
}
