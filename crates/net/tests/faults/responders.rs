//! Responders, CRLs and issuers' addresses that hang, lie, lead elsewhere or send without end: a connector ends each in its
//! time, says what was wrong with each, and tells the server.

use crate::{
    evidence::{self, Word, crl, ocsp, ocsp_of_another, told},
    household::{again_and_again, alone},
    web::{Reply, Web},
};
use ravelin_net::{
    ConnectError, StreamError, TlsAcceptor, TlsConnector, TlsStream,
    fetch::{FetchConfig, FetchLimits, Fetcher, Origin, REMEMBER_FAILURE},
};
use ravelin_test::pki::{Entity, NOW, Template, pem, to_pem};
use ravelin_tls::{Alert, ClientConfig, Identity, ServerConfig, ServerContext, TlsError, Trust};
use ravelin_trust::{
    MAX_FETCHES, Status,
    revocation::RevocationPolicy::{self, AlwaysRequired, BestEffort},
};
use std::{
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, DuplexStream, duplex},
    time::Instant,
};

/// What a fetch has here.
const TIME: Duration = Duration::from_millis(300);

/// A root, and an authority below it that issues.
pub struct House {
    pub root: Entity,
    root_der: Vec<u8>,
    pub key: Entity,
}

type Connected = Result<TlsStream<DuplexStream>, ConnectError>;

impl House {
    pub fn new() -> House {
        let root = Entity::new("Root");
        let root_der = Template::authority(&root).signed_by(&root);
        House { root, root_der, key: Entity::new("Server") }
    }

    pub fn trust(&self) -> Trust {
        Trust::of_certificates([&self.root_der]).unwrap()
    }

    pub fn server(&self, chain: &[&[u8]]) -> ServerConfig {
        let chain: String = chain.iter().map(|der| pem(der)).collect();
        let key = to_pem("PRIVATE KEY", self.key.key.pkcs8());
        let identity = Identity::from_bytes(chain.as_bytes(), key.as_bytes()).unwrap();
        ServerConfig::new(vec![Arc::new(identity)])
    }

    pub fn acceptor(&self, chain: &[&[u8]]) -> ServerContext {
        ServerContext::new(&self.server(chain)).unwrap()
    }

    pub fn connector(&self, policy: RevocationPolicy, fetcher: Fetcher) -> TlsConnector {
        let mut config = ClientConfig::new(self.trust());
        Arc::make_mut(&mut config.trust).revocation = policy;
        config.sessions = 0;
        TlsConnector::online(&config, fetcher).unwrap()
    }
}

pub fn limits() -> FetchLimits {
    let mut limits = FetchLimits::default();
    limits.allowed = vec![Ipv4Addr::LOCALHOST.into()];
    limits.time = TIME;
    limits
}

pub fn fetcher() -> Fetcher {
    Fetcher::new(FetchConfig::new(limits())).unwrap()
}

/// Both ends of an attempt, at `now`.
pub async fn attempt(
    connector: &TlsConnector,
    server: &ServerContext,
    now: Duration,
) -> (Connected, Connected) {
    let (near, far) = duplex(1 << 16);
    tokio::join!(connector.connect_at("localhost", now, near), async {
        TlsAcceptor::hello(far).await?.answer_at(server, now).await
    })
}

/// A refusal behind the handshake, which the server was told of.
async fn refused(ends: (Connected, Connected), status: Status, alert: Alert) -> ConnectError {
    let error = ends.0.unwrap_err();
    assert_eq!(error.verdict().unwrap().status(), status, "{error}");
    assert!(
        matches!(error.tls(), Some(TlsError::Certificate { alert: sent, .. }) if *sent == alert)
    );
    let mut far = ends.1.unwrap();
    let told = far.read_to_end(&mut Vec::new()).await.unwrap_err();
    let told = told.get_ref().and_then(|inner| inner.downcast_ref());
    assert_eq!(told, Some(&StreamError::Tls(TlsError::AlertReceived(alert))));
    error
}

type Serve = fn(&House, &Template, &[u8]) -> Reply;

/// Asks what `serve` answers about a server's certificate, under a policy that needs an answer: the words for it.
async fn undetermined(is_crl: bool, serve: Serve) -> (String, usize) {
    let house = Arc::new(House::new());
    let answering = Arc::clone(&house);
    let known: Arc<std::sync::OnceLock<Template>> = Arc::default();
    let template = Arc::clone(&known);
    let web = Web::start(move |_, body| serve(&answering, template.get().unwrap(), body)).await;
    let url = web.url("/status");
    let (crls, ocsps) = if is_crl { (vec![&*url], vec![]) } else { (vec![], vec![&*url]) };
    let template = evidence::server(&house.key, &ocsps, &crls, &[]);
    let der = template.signed_by(&house.root);
    known.set(template).unwrap();
    let server = house.acceptor(&[&der]);

    let begin = Instant::now();
    let strict = house.connector(AlwaysRequired, fetcher());
    let ends = attempt(&strict, &server, evidence::now()).await;
    let error = refused(ends, Status::Unknown, Alert::UNKNOWN_CA).await;
    assert!(begin.elapsed() < TIME + Duration::from_secs(3), "{:?}", begin.elapsed());
    assert_eq!(error.verdict().unwrap().code(), Some("UNABLE_TO_GET_CRL"));
    let [fetch] = error.fetches() else { panic!("{:?}", error.fetches()) };
    assert_eq!(fetch.url, url);

    // Whoever only wants to know what can be known goes on, and can see the same.
    let sent = web.sent();
    let easy = house.connector(BestEffort, fetcher());
    let (near, far) = attempt(&easy, &server, evidence::now()).await;
    let near = near.unwrap();
    far.unwrap();
    assert_eq!(near.verdict().unwrap().status(), Status::Trusted);
    assert_eq!(near.fetches().len(), 1);

    let words = if let Err(why) = &fetch.outcome {
        why.clone()
    } else {
        // It came and could be read: what is wrong with it is a finding.
        let verdict = error.verdict().unwrap();
        let details = verdict.deciding().revocation.iter().map(|one| &*one.detail);
        details.collect::<Vec<_>>().join("; ")
    };
    (words, sent)
}

async fn says(is_crl: bool, serve: Serve, expected: &str) {
    let (words, _) = undetermined(is_crl, serve).await;
    assert!(words.contains(expected), "`{expected}` is not in `{words}`");
}

const BOTH: [bool; 2] = [false, true];

#[test]
fn who_hangs_drips_or_breaks_off_is_left_in_time() {
    alone(|| async {
        let waiting = "time was up while waiting for the server's answer";
        for is_crl in BOTH {
            says(is_crl, |_, _, _| Reply::Silence, waiting).await;
            says(is_crl, |_, _, _| Reply::Drip, waiting).await;
            says(is_crl, |_, _, _| Reply::Reset, "connection broke: ").await;
        }
    });
}

#[test]
fn who_sends_without_end_is_cut_off_at_the_limit() {
    alone(|| async {
        for (is_crl, limit) in [(false, 256 << 10), (true, 16 << 20)] {
            let (words, sent) = undetermined(is_crl, |_, _, _| Reply::Flood).await;
            assert!(words.ends_with(&format!("answer is larger than {limit} bytes")), "{words}");
            // It said beforehand how much it is: nothing of it was read but what was under way.
            assert!(sent < 8 << 20, "{sent} bytes were taken");
        }
    });
}

#[test]
fn who_leads_in_circles_or_to_us_is_not_followed() {
    alone(|| async {
        for is_crl in BOTH {
            let circle: Serve = |_, _, _| Reply::Redirect("/status".into());
            says(is_crl, circle, "redirects go in a circle").await;
            let inside: Serve = |_, _, _| Reply::Redirect("http://169.254.169.254/latest".into());
            let expected = "169.254.169.254 is not asked, it is no public address (link-local)";
            says(is_crl, inside, expected).await;
            let other: Serve = |_, _, _| Reply::Redirect("http://127.0.0.2/".into());
            says(is_crl, other, "127.0.0.2 is not asked, it is no public address (loopback)").await;
            let file: Serve = |_, _, _| Reply::Redirect("file:///etc/passwd".into());
            says(is_crl, file, "`file` URLs are not fetched").await;
        }
    });
}

#[test]
fn a_responder_that_lies_is_not_believed() {
    alone(|| async {
        for (serve, expected) in [
            ((|_, _, _| Reply::Content(b"<html>".to_vec())) as Serve, "not an OCSP response"),
            (|_, _, _| Reply::Content(Vec::new()), "OCSP response"),
            (
                |house, _, body| Reply::Content(ocsp_of_another(body, &house.root, NOW)),
                "it does not speak of the certificate",
            ),
            (
                |house, _, body| Reply::Content(ocsp(body, &house.root.rekeyed(), Word::Good, NOW)),
                "no certificate of its signer was found: the key with the hash ",
            ),
            (
                |house, _, body| {
                    let mut response = ocsp(body, &house.root, Word::Good, NOW);
                    let last = response.len() - 1;
                    response[last] ^= 1;
                    Reply::Content(response)
                },
                "its signature is not good",
            ),
            (
                |house, _, body| Reply::Content(ocsp(body, &house.root, Word::Good, NOW - 90_000)),
                "it should have been replaced at 2027-01-14T08:00:00Z: get a newer one",
            ),
            (
                |house, _, body| Reply::Content(ocsp(body, &house.root, Word::Good, NOW + 90_000)),
                "it begins only at 2027-01-16T08:59:00Z",
            ),
            (
                |house, _, body| Reply::Content(ocsp(body, &house.root, Word::Unknown, NOW)),
                "the responder does not know the certificate",
            ),
        ] {
            says(false, serve, expected).await;
        }
    });
}

#[test]
fn a_list_that_lies_is_not_believed() {
    alone(|| async {
        for (serve, expected) in [
            ((|_, _, _| Reply::Content(b"<html>".to_vec())) as Serve, "not a CRL"),
            (
                |house, one, _| {
                    Reply::Content(crl(&house.root, &house.root.rekeyed(), Some(one), NOW))
                },
                "signature",
            ),
            (
                |_, one, _| {
                    let other = Entity::new("Other");
                    Reply::Content(crl(&other, &other, Some(one), NOW))
                },
                "it is by CN=Other, not by the certificate's issuer CN=Root",
            ),
            (
                |house, _, _| Reply::Content(crl(&house.root, &house.root, None, NOW - 90_000)),
                "it should have been replaced at 2027-01-14T08:00:00Z: get a newer one",
            ),
            (
                |house, _, _| Reply::Content(crl(&house.root, &house.root, None, NOW + 90_000)),
                "it begins only at 2027-01-16T08:00:00Z",
            ),
        ] {
            says(true, serve, expected).await;
        }
    });
}

#[test]
fn the_truth_behind_a_liar_is_still_asked_for() {
    alone(|| async {
        let house = Arc::new(House::new());
        let answering = Arc::clone(&house);
        let revoked: Arc<std::sync::OnceLock<Template>> = Arc::default();
        let template = Arc::clone(&revoked);
        let web = Web::start(move |path, body| match path {
            "/garbage" => Reply::Content(vec![0x30; 40]),
            "/stale" => Reply::Content(ocsp(body, &answering.root, Word::Good, NOW - 90_000)),
            "/stranger" => Reply::Content(ocsp(body, &answering.root.rekeyed(), Word::Good, NOW)),
            _ => Reply::Content(crl(&answering.root, &answering.root, template.get(), NOW)),
        })
        .await;
        let urls = ["/garbage", "/stale", "/stranger", "/crl"].map(|path| web.url(path));
        let liars: Vec<&str> = urls[..3].iter().map(|url| &**url).collect();
        let certificate = evidence::server(&house.key, &liars, &[&urls[3]], &[]);
        let der = certificate.signed_by(&house.root);
        revoked.set(certificate).unwrap();
        for policy in [BestEffort, AlwaysRequired] {
            let connector = house.connector(policy, fetcher());
            let server = house.acceptor(&[&der]);
            let ends = attempt(&connector, &server, evidence::now()).await;
            let error = refused(ends, Status::Revoked, Alert::CERTIFICATE_REVOKED).await;
            assert_eq!(error.fetches().len(), 4, "{:?}", error.fetches());
        }
    });
}

#[test]
fn who_says_revoked_is_believed_wherever_the_word_comes_from() {
    alone(|| async {
        let house = Arc::new(House::new());
        let answering = Arc::clone(&house);
        let web = Web::start(move |path, body| match path {
            "/on" => Reply::Redirect("/ocsp".into()),
            _ => Reply::Content(ocsp(body, &answering.root, Word::Revoked, NOW)),
        })
        .await;
        for path in ["/ocsp", "/on"] {
            let url = web.url(path);
            let der = evidence::server(&house.key, &[&url], &[], &[]).signed_by(&house.root);
            let (connector, server) =
                (house.connector(BestEffort, fetcher()), house.acceptor(&[&der]));
            let ends = attempt(&connector, &server, evidence::now()).await;
            let error = refused(ends, Status::Revoked, Alert::CERTIFICATE_REVOKED).await;
            assert_eq!(error.verdict().unwrap().code(), Some("CERT_REVOKED"));
        }
    });
}

#[test]
fn a_lie_is_not_kept_for_the_next_who_asks() {
    alone(|| async {
        let house = Arc::new(House::new());
        let (answering, count) = (Arc::clone(&house), Arc::new(AtomicUsize::new(0)));
        let counter = Arc::clone(&count);
        let web = Web::start(move |_, body| {
            let (signer, at) = match counter.fetch_add(1, Ordering::SeqCst) {
                0 => (answering.root.rekeyed(), NOW),
                1 => (answering.root.clone(), NOW - 90_000),
                _ => (answering.root.clone(), NOW),
            };
            Reply::Kept(ocsp(body, &signer, Word::Good, at), "Cache-Control: max-age=86400")
        })
        .await;
        let url = web.url("/ocsp");
        let der = evidence::server(&house.key, &[&url], &[], &[]).signed_by(&house.root);
        let (connector, server) =
            (house.connector(AlwaysRequired, fetcher()), house.acceptor(&[&der]));
        let mut now = evidence::now();
        for asked in [1, 2] {
            // Kept as long as a failure is remembered, and no longer, however often it is used.
            for moment in [Duration::ZERO, REMEMBER_FAILURE / 2, REMEMBER_FAILURE * 9 / 10] {
                let ends = attempt(&connector, &server, now + moment).await;
                refused(ends, Status::Unknown, Alert::UNKNOWN_CA).await;
                assert_eq!(web.requests(), asked);
            }
            now += REMEMBER_FAILURE;
        }
        for origin in [Origin::Network, Origin::Memory] {
            let (near, _far) = attempt(&connector, &server, now).await;
            assert_eq!(near.unwrap().fetches()[0].outcome, Ok(origin));
            now += REMEMBER_FAILURE * 2;
        }
        assert_eq!(web.requests(), 3);
    });
}

#[test]
fn issuers_that_lie_or_hang_leave_the_server_untrusted() {
    alone(|| async {
        let house = House::new();
        let authority = Entity::new("Authority");
        let authority_der = Template::authority(&authority).signed_by(&house.root);
        let impostor = authority.rekeyed();
        let impostor_der = Template::authority(&impostor).signed_by(&house.root);
        let web = Web::start(move |path, _| match path {
            "/right" => Reply::Content(authority_der.clone()),
            "/garbage" => Reply::Content(vec![0x30; 4000]),
            "/empty" => Reply::Content(Vec::new()),
            "/impostor" => Reply::Content(impostor_der.clone()),
            "/drip" => Reply::Drip,
            "/flood" => Reply::Flood,
            "/circle" => Reply::Redirect("/circle".into()),
            _ => Reply::Silence,
        })
        .await;
        for (path, expected) in [
            ("/garbage", "it holds no certificate"),
            ("/empty", "it holds no certificate"),
            ("/drip", "time was up while waiting for the server's answer"),
            ("/flood", "answer is larger than 1048576 bytes"),
            ("/circle", "redirects go in a circle"),
            ("/silence", "time was up while waiting for the server's answer"),
            ("/impostor", ""),
        ] {
            let url = web.url(path);
            let der = evidence::server(&house.key, &[], &[], &[&url]).signed_by(&authority);
            let (connector, server) =
                (house.connector(BestEffort, fetcher()), house.acceptor(&[&der]));
            let begin = Instant::now();
            let ends = attempt(&connector, &server, evidence::now()).await;
            let error = refused(ends, Status::UntrustedSigners, Alert::UNKNOWN_CA).await;
            assert!(begin.elapsed() < TIME + Duration::from_secs(3), "{path}");
            let outcome = &error.fetches()[0].outcome;
            assert_eq!(outcome.is_ok(), expected.is_empty(), "{path}: {outcome:?}");
            if let Err(why) = outcome {
                assert!(why.ends_with(expected), "{path}: {why}");
            }
            // With the right one beside it, the wrong one is only a detour.
            let both = [&*url, &*web.url("/right")];
            let der = evidence::server(&house.key, &[], &[], &both).signed_by(&authority);
            let server = house.acceptor(&[&der]);
            let (near, far) = attempt(&connector, &server, evidence::now()).await;
            assert_eq!(near.unwrap().verdict().unwrap().status(), Status::Trusted, "{path}");
            far.unwrap();
        }
    });
}

#[test]
fn issuers_without_end_are_not_climbed_for_ever() {
    alone(|| async {
        let house = House::new();
        // Each is issued by the next, and tells where that one is.
        let entities: Vec<Entity> =
            (0..=MAX_FETCHES + 9).map(|number| Entity::new(&format!("CA {number}"))).collect();
        let listed: Arc<std::sync::OnceLock<Vec<Vec<u8>>>> = Arc::default();
        let known = Arc::clone(&listed);
        let web = Web::start(move |path, _| {
            let number: usize = path[1..].parse().unwrap();
            Reply::Content(known.get().unwrap()[number].clone())
        })
        .await;
        let ders = entities.windows(2).enumerate().map(|(number, two)| {
            let url = web.url(&format!("/{}", number + 1));
            told(Template::authority(&two[0]), &[], &[], &[&url]).signed_by(&two[1])
        });
        listed.set(ders.collect()).unwrap();
        let url = web.url("/0");
        let der = evidence::server(&house.key, &[], &[], &[&url]).signed_by(&entities[0]);
        let (connector, server) = (house.connector(BestEffort, fetcher()), house.acceptor(&[&der]));
        let ends = attempt(&connector, &server, evidence::now()).await;
        let error = refused(ends, Status::UntrustedSigners, Alert::UNKNOWN_CA).await;
        let fetches = error.fetches().len();
        assert!((2..=MAX_FETCHES).contains(&fetches), "{fetches} fetches");
        assert_eq!(web.requests(), fetches);
    });
}

#[test]
fn responders_that_misbehave_leave_no_memory_behind() {
    alone(|| async {
        let house = Arc::new(House::new());
        let answering = Arc::clone(&house);
        let web = Web::start(move |path, body| match path {
            "/flood" => Reply::Flood,
            "/reset" => Reply::Reset,
            "/circle" => Reply::Redirect("/circle".into()),
            _ => Reply::Content(ocsp(body, &answering.root.rekeyed(), Word::Good, NOW)),
        })
        .await;
        let urls = ["/flood", "/reset", "/circle", "/liar"].map(|path| web.url(path));
        let liars: Vec<&str> = urls.iter().map(|url| &**url).collect();
        let der = evidence::server(&house.key, &liars, &[], &[]).signed_by(&house.root);
        let server = house.acceptor(&[&der]);
        again_and_again(4, || async {
            for _ in 0..20 {
                let connector = house.connector(AlwaysRequired, fetcher());
                let ends = attempt(&connector, &server, evidence::now()).await;
                assert_eq!(
                    refused(ends, Status::Unknown, Alert::UNKNOWN_CA).await.fetches().len(),
                    4
                );
            }
        })
        .await;
    });
}
