//! Names that lead nowhere, to many addresses of which most are dead, or inside; a look-up that hangs.

use crate::{
    evidence::{self, Word, ocsp},
    household::alone,
    responders::{House, attempt, limits},
    web::{Reply, Web},
};
use ravelin_net::{
    dial,
    fetch::{FetchConfig, FetchFault, FetchRequest, Fetcher, Phase, Resolve, Resolving},
};
use ravelin_test::pki::NOW;
use ravelin_trust::{Status, revocation::RevocationPolicy::AlwaysRequired};
use std::{
    future::pending,
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    time::{Instant, timeout},
};

/// Answers every name with the same.
#[derive(Debug)]
enum Answer {
    Nothing,
    Fault,
    Hang,
    /// With these ports, whatever port was asked for.
    Addresses(Vec<SocketAddr>),
}

impl Resolve for Answer {
    fn resolve<'a>(&'a self, _host: &'a str, port: u16) -> Resolving<'a> {
        Box::pin(async move {
            match self {
                Answer::Nothing => Ok(Vec::new()),
                Answer::Fault => Err(io::Error::other("no such host is known")),
                Answer::Hang => pending().await,
                Answer::Addresses(all) => {
                    let all = all.iter().copied();
                    Ok(all
                        .map(|one| if one.port() == 0 { (one.ip(), port).into() } else { one })
                        .collect())
                }
            }
        })
    }
}

fn fetcher(answer: Answer) -> Fetcher {
    let mut config = FetchConfig::new(limits());
    config.resolver = Arc::new(answer);
    Fetcher::new(config).unwrap()
}

/// An address whose queue is full: the kernel lets attempts wait. It accepts again when the connections are dropped.
async fn silent() -> (SocketAddr, TcpListener, Vec<TcpStream>) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut queued = Vec::new();
    while let Ok(stream) = timeout(Duration::from_millis(50), TcpStream::connect(address)).await {
        queued.push(stream.unwrap());
    }
    (address, listener, queued)
}

/// An address at which nobody listens.
async fn closed() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

async fn open() -> (SocketAddr, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    (listener.local_addr().unwrap(), listener)
}

#[test]
fn a_name_that_leads_nowhere_is_told_in_the_verdict() {
    alone(|| async {
        let house = House::new();
        let url = "http://ocsp.example/";
        let der = evidence::server(&house.key, &[url], &[], &[]).signed_by(&house.root);
        let server = house.acceptor(&[&der]);
        let inside: IpAddr = "10.0.0.7".parse().unwrap();
        for (answer, expected) in [
            (Answer::Nothing, "host not found: the name has no address"),
            (Answer::Fault, "host not found: no such host is known"),
            (Answer::Hang, "time was up while looking up the host"),
            (
                Answer::Addresses(vec![(inside, 0).into()]),
                "10.0.0.7 is not asked, it is no public address (private)",
            ),
        ] {
            let connector = house.connector(AlwaysRequired, fetcher(answer));
            let begin = Instant::now();
            let (near, _far) = attempt(&connector, &server, evidence::now()).await;
            assert!(begin.elapsed() < Duration::from_secs(3), "{expected}");
            let error = near.unwrap_err();
            assert_eq!(error.verdict().unwrap().status(), Status::Unknown);
            let why = error.fetches()[0].outcome.clone().unwrap_err();
            assert_eq!(why, format!("{url}: {expected}"));
        }
    });
}

#[test]
fn a_look_up_that_hangs_ends_with_the_time_of_the_fetch_to_the_millisecond() {
    alone(|| async {
        tokio::time::pause();
        let mut config = FetchConfig::new(limits());
        config.limits.time = Duration::from_secs(10);
        config.resolver = Arc::new(Answer::Hang);
        let fetcher = Fetcher::new(config).unwrap();
        let begin = Instant::now();
        let request = FetchRequest::crl("http://slow.example/");
        let error = fetcher.fetch(&request, evidence::now()).await.unwrap_err();
        assert_eq!(error.fault(), &FetchFault::Timeout(Phase::Resolve));
        let passed = begin.elapsed();
        assert!((10_000..10_005).contains(&passed.as_millis()), "{passed:?}");
    });
}

#[test]
fn a_responder_of_many_addresses_is_found_behind_those_that_are_dead_and_those_that_are_inside() {
    alone(|| async {
        let house = Arc::new(House::new());
        let answering = Arc::clone(&house);
        let web =
            Web::start(move |_, body| Reply::Content(ocsp(body, &answering.root, Word::Good, NOW)))
                .await;
        let (dead, _listener, _queued) = silent().await;
        let addresses = vec!["10.0.0.7:80".parse().unwrap(), closed().await, dead, web.address];
        let mut config = FetchConfig::new(limits());
        config.limits.time = Duration::from_secs(5);
        config.resolver = Arc::new(Answer::Addresses(addresses));
        let fetcher = Fetcher::new(config).unwrap();
        let url = "http://ocsp.example/";
        let der = evidence::server(&house.key, &[url], &[], &[]).signed_by(&house.root);
        let connector = house.connector(AlwaysRequired, fetcher);
        let begin = Instant::now();
        let (near, _far) = attempt(&connector, &house.acceptor(&[&der]), evidence::now()).await;
        assert_eq!(near.unwrap().verdict().unwrap().status(), Status::Trusted);
        // The silent one had its quarter of a second.
        let passed = begin.elapsed();
        assert!((250..2000).contains(&passed.as_millis()), "{passed:?}");
    });
}

#[test]
fn a_dead_first_address_costs_a_quarter_of_a_second_and_a_refusing_one_nothing() {
    alone(|| async {
        let (dead, _listener, _queued) = silent().await;
        let (live, _accepting) = open().await;
        let begin = Instant::now();
        assert_eq!(dial(vec![dead, live]).await.unwrap().peer_addr().unwrap(), live);
        let passed = begin.elapsed();
        assert!((250..1000).contains(&passed.as_millis()), "{passed:?}");

        let begin = Instant::now();
        let refusing = closed().await;
        let all = vec![refusing, refusing, refusing, live];
        assert_eq!(dial(all).await.unwrap().peer_addr().unwrap(), live);
        assert!(begin.elapsed() < Duration::from_millis(250), "{:?}", begin.elapsed());
    });
}

#[test]
fn a_slow_first_address_is_taken_when_the_others_refuse() {
    alone(|| async {
        let (slow, listener, queued) = silent().await;
        let refusing = closed().await;
        let accept = async {
            tokio::time::sleep(Duration::from_millis(400)).await;
            drop(queued);
            // The kernel asks again a second behind the first time.
            loop {
                listener.accept().await.unwrap();
            }
        };
        let found = tokio::select! {
            found = dial(vec![slow, refusing, refusing]) => found,
            () = accept => unreachable!(),
        };
        assert_eq!(found.unwrap().peer_addr().unwrap(), slow);
    });
}

#[test]
fn addresses_beyond_the_eighth_are_not_tried_and_the_error_names_the_last_that_was() {
    alone(|| async {
        let mut all = Vec::new();
        for _ in 0..8 {
            all.push(closed().await);
        }
        let last = all[7];
        let (live, _accepting) = open().await;
        all.push(live);
        let error = dial(all).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        assert!(error.to_string().starts_with(&format!("{last}: ")), "{error}");
        let none = dial(Vec::new()).await.unwrap_err();
        assert_eq!(none.kind(), io::ErrorKind::AddrNotAvailable);
    });
}

#[test]
fn many_silent_addresses_end_with_the_time_to_connect() {
    alone(|| async {
        let (dead, _listener, _queued) = silent().await;
        let fetcher = fetcher(Answer::Addresses(vec![dead; 8]));
        let begin = Instant::now();
        let request = FetchRequest::crl("http://dead.example/");
        let error = fetcher.fetch(&request, evidence::now()).await.unwrap_err();
        assert_eq!(error.fault(), &FetchFault::Timeout(Phase::Connect));
        assert!(begin.elapsed() < Duration::from_secs(3), "{:?}", begin.elapsed());
    });
}
