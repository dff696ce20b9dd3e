//! Peers that vanish in the middle of a handshake, wherever the middle is.

use crate::{
    cut::{Budget, How, line, pipe},
    household::{again_and_again, alone},
};
use ravelin_net::{ConnectError, StreamError, TlsAcceptor, TlsConnector};
use ravelin_test::{Authority, Key, Request};
use ravelin_tls::{
    ClientConfig, ClientContext, Identity, ServerConfig, ServerContext, Trust, Version,
    VersionRange,
};
use std::{error::Error, io, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::{Instant, timeout},
};

/// More bytes than any handshake here has.
const PLENTY: usize = 1 << 20;

pub struct Party {
    pub connector: TlsConnector,
    pub acceptor: TlsAcceptor,
    pub client: ClientContext,
    pub server: ServerContext,
}

impl Party {
    pub fn new(version: Version) -> Party {
        let root = Authority::root("Root");
        // Its signatures all have the same length, so every handshake has.
        let issued = root.issue(&Request { key: Key::Ed25519, ..Request::new(["localhost"]) });
        let identity =
            Identity::from_bytes(issued.chain_pem().as_bytes(), issued.key_pem().as_bytes());
        let versions = VersionRange { min: version, max: version };
        let mut server = ServerConfig::new(vec![Arc::new(identity.unwrap())]);
        server.versions = versions;
        let mut client = ClientConfig::new(Trust::of_certificates([root.root_der()]).unwrap());
        client.versions = versions;
        let server = ServerContext::new(&server).unwrap();
        Party {
            connector: TlsConnector::new(&client).unwrap(),
            acceptor: TlsAcceptor::new(server.clone()),
            client: ClientContext::new(&client).unwrap(),
            server,
        }
    }

    /// How the handshake fails for the side that vanishes from the line's other end; `None` where it does not.
    async fn shake(
        &self,
        victim: Victim,
        near: impl AsyncRead + AsyncWrite + Unpin,
        far: impl AsyncRead + AsyncWrite + Unpin,
    ) -> Option<ConnectError> {
        // Who talks to the victim is still there, only the line is not.
        match victim {
            Victim::Client => tokio::select! {
                shaken = self.connector.connect("localhost", near) => shaken.err(),
                () = stay(self.acceptor.accept(far)) => unreachable!(),
            },
            Victim::Server => tokio::select! {
                shaken = self.acceptor.accept(near) => shaken.err(),
                () = stay(self.connector.connect("localhost", far)) => unreachable!(),
            },
        }
    }
}

async fn stay<T>(work: impl Future<Output = T>) {
    let _held = work.await;
    std::future::pending::<()>().await;
}

#[derive(Clone, Copy, Debug)]
enum Victim {
    Client,
    Server,
}

const VERSIONS: [Version; 2] = [Version::Tls12, Version::Tls13];

/// How many bytes the victim is sent until its handshake is done.
async fn length(party: &Party, victim: Victim) -> usize {
    // The last cut that does any harm, and every one before it does.
    let (mut harmful, mut harmless) = (0, PLENTY);
    while harmless - harmful > 1 {
        let middle = harmful.midpoint(harmless);
        let (near, far, task) = line(&Budget::new(middle), How::Fin).await;
        match party.shake(victim, near, far).await {
            Some(_) => harmful = middle,
            None => harmless = middle,
        }
        task.abort();
    }
    harmless
}

/// One of a few bytes, and all at both ends.
fn cuts(length: usize) -> impl Iterator<Item = usize> {
    (0..length).filter(move |at| at % 23 == 0 || *at < 8 || length - at < 8)
}

fn is_unfinished(error: &ConnectError) {
    let source = error.source().and_then(|source| source.downcast_ref::<io::Error>()).unwrap();
    assert_eq!(source.kind(), io::ErrorKind::UnexpectedEof);
    let inner = source.get_ref().and_then(|inner| inner.downcast_ref());
    assert_eq!(inner, Some(&StreamError::Unfinished));
    assert_eq!(error.to_string(), "connection ended during the handshake");
    assert!(error.tls().is_none() && error.fetches().is_empty());
}

fn is_reset(error: &ConnectError) {
    let source = error.source().and_then(|source| source.downcast_ref::<io::Error>()).unwrap();
    // Whoever was just about to write is told of a broken pipe.
    let kind = source.kind();
    assert!(matches!(kind, io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe), "{source}");
    assert!(error.tls().is_none() && error.fetches().is_empty());
}

#[test]
fn a_peer_that_ends_the_connection_anywhere_in_the_handshake_is_told_from_a_reset() {
    alone(|| async {
        for version in VERSIONS {
            let party = Party::new(version);
            for victim in [Victim::Client, Victim::Server] {
                let length = length(&party, victim).await;
                assert!(length > 100, "{victim:?} is sent {length} bytes");
                for (how, is_right) in
                    [(How::Fin, is_unfinished as fn(&ConnectError)), (How::Reset, is_reset)]
                {
                    for at in cuts(length) {
                        let (near, far, task) = line(&Budget::new(at), how).await;
                        let error = party.shake(victim, near, far).await;
                        let error =
                            error.unwrap_or_else(|| panic!("{victim:?} is content at {at}"));
                        is_right(&error);
                        task.abort();
                    }
                }
            }
        }
    });
}

#[test]
fn handshakes_that_break_off_leave_no_memory_behind() {
    alone(|| async {
        let party = Party::new(Version::Tls13);
        for victim in [Victim::Client, Victim::Server] {
            let length = length(&party, victim).await;
            again_and_again(4, || async {
                for at in (0..length).step_by(length / 40) {
                    for how in [How::Fin, How::Reset] {
                        let (near, far, task) = line(&Budget::new(at), how).await;
                        assert!(party.shake(victim, near, far).await.is_some());
                        task.abort();
                    }
                }
            })
            .await;
        }
    });
}

#[test]
fn a_peer_that_falls_silent_is_waited_for_until_the_callers_time_is_up_and_no_longer() {
    alone(|| async {
        let limit = Duration::from_secs(1);
        for version in VERSIONS {
            let party = Party::new(version);
            for victim in [Victim::Client, Victim::Server] {
                let length = length(&party, victim).await;
                tokio::time::pause();
                for at in (0..length).step_by(length / 15) {
                    let (near, far, task) = pipe(&Budget::new(at));
                    let begin = Instant::now();
                    let shaken = timeout(limit, party.shake(victim, near, far)).await;
                    assert!(shaken.is_err(), "{victim:?} at {at}: {shaken:?}");
                    let passed = begin.elapsed();
                    assert!((limit..limit + Duration::from_millis(5)).contains(&passed));
                    task.abort();
                }
                tokio::time::resume();
            }
        }
    });
}
