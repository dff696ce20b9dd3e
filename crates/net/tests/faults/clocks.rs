//! Clocks that jump between handshake, resumption and the use of what was kept.

use crate::{
    evidence::{self, Word, ocsp},
    household::alone,
    responders::{House, attempt, fetcher, limits},
    web::{Reply, Web},
};
use ravelin_net::{
    ConnectError, TlsAcceptor, TlsConnector, TlsStream,
    fetch::{FetchConfig, FetchRequest, Fetcher, MAX_FRESH, Origin, REMEMBER_FAILURE},
};
use ravelin_test::pki::{NOT_AFTER, NOT_BEFORE, NOW};
use ravelin_tls::{
    Alert, ClientConfig, HandshakeKind, ServerContext, TicketKeys, TlsError, Version, VersionRange,
};
use ravelin_trust::{Status, revocation::RevocationPolicy::AlwaysRequired};
use std::{sync::Arc, time::Duration};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(86_400);
const YEAR: Duration = Duration::from_secs(365 * 86_400);

fn before(now: Duration, ago: Duration) -> Duration {
    now.checked_sub(ago).unwrap()
}

/// A connection with a clock on each side; some data passes, and tickets with it.
async fn converse(
    connector: &TlsConnector,
    server: &ServerContext,
    client_now: Duration,
    server_now: Duration,
) -> Result<TlsStream<DuplexStream>, ConnectError> {
    let (near, far) = duplex(1 << 16);
    let serve = async {
        let mut far = TlsAcceptor::hello(far).await?.answer_at(server, server_now).await?;
        far.write_all(b"data").await?;
        far.flush().await?;
        Ok::<_, ConnectError>(far)
    };
    let (near, far) = tokio::join!(connector.connect_at("localhost", client_now, near), serve);
    let mut near = near?;
    near.read_exact(&mut [0; 4]).await.unwrap();
    far.unwrap();
    Ok(near)
}

#[test]
fn a_session_is_judged_by_the_clock_of_the_moment_at_which_it_is_resumed() {
    alone(|| async {
        for version in [Version::Tls12, Version::Tls13] {
            let house = House::new();
            let der = evidence::server(&house.key, &[], &[], &[]).signed_by(&house.root);
            let mut server = house.server(&[&der]);
            let keys = TicketKeys::new(Duration::from_secs(3600), 2).unwrap();
            server.tickets = Some(Arc::new(keys));
            let server = ServerContext::new(&server).unwrap();
            let mut config = ClientConfig::new(house.trust());
            config.versions = VersionRange { min: version, max: version };
            let connector = TlsConnector::new(&config).unwrap();
            let now = evidence::now();
            converse(&connector, &server, now, now).await.unwrap();
            let (mut resumed, mut refused) = (0, 0);
            for (client_now, server_now, status) in [
                (now, now, Status::Trusted),
                (before(now, SECOND), now + SECOND, Status::Trusted),
                (now + 6 * DAY, now, Status::Trusted),
                (now, now + YEAR, Status::Trusted),
                (before(now, DAY), before(now, YEAR), Status::Trusted),
                (Duration::from_secs(NOT_AFTER.unsigned_abs() + 1), now, Status::Expired),
                (now, now, Status::Trusted),
                (Duration::from_secs(NOT_BEFORE.unsigned_abs() - 1), now, Status::NotYetValid),
                (now, now, Status::Trusted),
                (Duration::ZERO, Duration::ZERO, Status::NotYetValid),
                (Duration::MAX, Duration::MAX, Status::Expired),
                (now, Duration::ZERO, Status::Trusted),
            ] {
                match converse(&connector, &server, client_now, server_now).await {
                    Ok(near) => {
                        assert_eq!(status, Status::Trusted, "{version:?} {client_now:?}");
                        assert_eq!(near.verdict().unwrap().status(), status);
                        let kind = near.agreed().unwrap().kind;
                        resumed += usize::from(kind == HandshakeKind::Resumed);
                    }
                    Err(error) => {
                        assert_eq!(error.verdict().unwrap().status(), status, "{error}");
                        let expected = match status {
                            Status::Expired => Alert::CERTIFICATE_EXPIRED,
                            _ => Alert::BAD_CERTIFICATE,
                        };
                        assert_eq!(error.tls().and_then(TlsError::alert_sent), Some(expected));
                        refused += 1;
                    }
                }
            }
            assert_eq!(refused, 4);
            assert!(resumed >= 3, "{version:?}: {resumed} resumed");
        }
    });
}

#[test]
fn evidence_that_was_kept_is_judged_by_the_clock_of_the_moment() {
    alone(|| async {
        let house = Arc::new(House::new());
        let answering = Arc::clone(&house);
        let web = Web::start(move |_, body| {
            let response = ocsp(body, &answering.root, Word::Good, NOW);
            Reply::Kept(response, "Cache-Control: max-age=604800")
        })
        .await;
        let url = web.url("/ocsp");
        let der = evidence::server(&house.key, &[&url], &[], &[]).signed_by(&house.root);
        let (connector, server) =
            (house.connector(AlwaysRequired, fetcher()), house.acceptor(&[&der]));
        let now = evidence::now();
        for (moment, status, origin) in [
            (now, Status::Trusted, Origin::Network),
            (now + 60 * SECOND, Status::Trusted, Origin::Memory),
            (now + 3 * DAY, Status::Unknown, Origin::Memory),
            // What was true is true again, and nobody had to be asked for that.
            (now, Status::Trusted, Origin::Memory),
            (before(now, 2 * DAY), Status::Unknown, Origin::Memory),
            (now, Status::Trusted, Origin::Network),
            // Further than anything is kept: one of the two clocks is wrong, so the server is asked.
            (now + MAX_FRESH + DAY, Status::Unknown, Origin::Network),
            (now, Status::Trusted, Origin::Network),
        ] {
            let (near, _far) = attempt(&connector, &server, moment).await;
            let (found, fetches) = match &near {
                Ok(near) => (near.verdict().unwrap().status(), near.fetches()),
                Err(error) => (error.verdict().unwrap().status(), error.fetches()),
            };
            assert_eq!(found, status, "{moment:?}");
            assert_eq!(fetches[0].outcome, Ok(origin), "{moment:?}");
        }
    });
}

#[test]
fn a_failure_under_a_wrong_clock_is_not_remembered_under_the_right_one() {
    alone(|| async {
        let web = Web::start(|_, _| Reply::Reset).await;
        let fetcher = fetcher();
        let request = FetchRequest::crl(web.url("/"));
        let now = evidence::now();
        for (number, jump) in [10 * YEAR, YEAR, 3 * DAY, SECOND].into_iter().enumerate() {
            for (moment, remembered) in [(now + jump, false), (now + jump + SECOND, true)] {
                let error = fetcher.fetch(&request, moment).await.unwrap_err();
                assert_eq!(error.is_remembered(), remembered, "{jump:?}");
            }
            assert_eq!(web.requests(), number + 1);
        }
        let earlier =
            fetcher.fetch(&request, before(now, REMEMBER_FAILURE + SECOND)).await.unwrap_err();
        assert!(!earlier.is_remembered());
    });
}

#[test]
fn a_clock_at_the_end_of_time_breaks_nothing() {
    alone(|| async {
        let web = Web::start(|path, _| match path {
            "/reset" => Reply::Reset,
            _ => Reply::Kept(b"a list".to_vec(), "Cache-Control: max-age=60"),
        })
        .await;
        let folder = tempfile::tempdir().unwrap();
        let mut config = FetchConfig::new(limits());
        config.cache.folder = Some(folder.path().into());
        let fetcher = Fetcher::new(config).unwrap();
        for now in [Duration::MAX, Duration::ZERO, Duration::MAX] {
            let list = FetchRequest::crl(web.url("/list"));
            assert_eq!(fetcher.fetch(&list, now).await.unwrap().bytes()[..], *b"a list");
            fetcher.keep_until(&list, Duration::MAX, now).await;
            assert_eq!(fetcher.fetch(&list, now).await.unwrap().bytes()[..], *b"a list");
            let broken = FetchRequest::crl(web.url("/reset"));
            assert!(fetcher.fetch(&broken, now).await.is_err());
        }
    });
}
