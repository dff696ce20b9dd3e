//! Making one connection: consent, TCP, TLS, trust.

use super::{
    CertificateStatus, Dial, Dialed, Sandbox, Stream, machine::Failure, policy_file,
    transport::Transport,
};
use crate::{ConnectError, Fetched, TlsConnector};
use ravelin_tls::{Handshake, TlsError};
use ravelin_trust::{Certificate, Status, Verdict};
use std::{fmt, future::Future, net::SocketAddr, pin::Pin, sync::Arc, time::Duration};
use tokio::time::timeout;

/// An attempt that is going on.
pub type Attempt = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// Where to, and how.
#[derive(Debug)]
pub struct Plan {
    pub(super) sandbox: Sandbox,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) dialer: Arc<dyn Dial>,
    /// For everything together.
    pub(super) time: Duration,
}

/// How it ended.
pub struct Outcome {
    pub(super) result: Result<Established, Failure>,
    pub(super) judged: Judged,
    /// For the next attempt, which may resume its sessions.
    pub(super) connector: Option<TlsConnector>,
}

pub(super) struct Established {
    pub(super) transport: Transport,
    pub(super) local: Option<SocketAddr>,
    pub(super) remote: Option<SocketAddr>,
    pub(super) handshake: Option<Handshake>,
    pub(super) certificate: Option<Arc<Certificate<'static>>>,
}

/// What was found out about the server's certificate.
#[derive(Debug, Default)]
pub struct Judged {
    pub(super) status: CertificateStatus,
    pub(super) verdict: Option<Arc<Verdict>>,
    pub(super) fetches: Vec<Fetched>,
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failure = self.result.as_ref().err();
        f.debug_struct("Outcome").field("failure", &failure).finish_non_exhaustive()
    }
}

impl Outcome {
    fn failed(failure: Failure) -> Outcome {
        Outcome { result: Err(failure), judged: Judged::default(), connector: None }
    }
}

/// Makes the connection, within its time. `securing` makes the connector of a secure socket, which may take a moment.
pub(super) async fn attempt(
    plan: Plan,
    securing: Option<impl Future<Output = Result<TlsConnector, String>>>,
) -> Outcome {
    let limit = plan.time;
    let (host, port) = (plan.host.clone(), plan.port);
    timeout(limit, connected(plan, securing)).await.unwrap_or_else(|_| {
        let limit = limit.as_millis();
        Outcome::failed(Failure::Io(format!("{host}:{port}: no connection within {limit} ms")))
    })
}

async fn connected(
    plan: Plan,
    securing: Option<impl Future<Output = Result<TlsConnector, String>>>,
) -> Outcome {
    let Plan { sandbox, host, port, dialer, .. } = plan;
    let who = sandbox.clone();
    if let Err(why) = policy_file::inquire(sandbox, &host, port, &*dialer).await {
        let who = match who.origin() {
            Some(origin) => format!("code from {}", origin.host()),
            None => format!("code in the sandbox `{who}`"),
        };
        let text = format!("{who} may not connect to {host}:{port}: {why}");
        return Outcome::failed(Failure::Security(text));
    }
    let failed = |why: &dyn fmt::Display| Failure::Io(format!("{host}:{port}: {why}"));
    let Some(securing) = securing else {
        return match dialer.dial(&host, port).await {
            Ok(dialed) => plain(dialed),
            Err(error) => Outcome::failed(failed(&error)),
        };
    };
    let connector = match securing.await {
        Ok(connector) => connector,
        Err(why) => return Outcome::failed(failed(&why)),
    };
    let outcome = match dialer.dial(&host, port).await {
        Ok(dialed) => secure(dialed, &connector, &host, failed).await,
        Err(error) => Outcome::failed(failed(&error)),
    };
    Outcome { connector: Some(connector), ..outcome }
}

fn plain(dialed: Dialed) -> Outcome {
    let Dialed { stream, local, remote } = dialed;
    let transport = Transport::Plain(stream);
    let established = Established { transport, local, remote, handshake: None, certificate: None };
    Outcome { result: Ok(established), judged: Judged::default(), connector: None }
}

async fn secure(
    dialed: Dialed,
    connector: &TlsConnector,
    host: &str,
    failed: impl Fn(&dyn fmt::Display) -> Failure,
) -> Outcome {
    let Dialed { stream, local, remote } = dialed;
    // A final dot is for resolvers only (RFC 6066, section 3).
    let name = host.strip_suffix('.').unwrap_or(host);
    let stream = match connector.connect::<Box<dyn Stream>>(name, stream).await {
        Ok(stream) => stream,
        Err(error) => {
            let judged = judged_in_vain(&error);
            return Outcome { judged, ..Outcome::failed(failed(&error)) };
        }
    };
    let verdict = stream.verdict().cloned();
    let proof = verdict.as_ref().and_then(|verdict| verdict.trusted());
    // The connector hands nothing else out. Nothing else may be called connected.
    let Some(certificate) = proof.map(|proof| Arc::clone(&proof.certificates()[0])) else {
        return Outcome::failed(failed(&"the server was not judged"));
    };
    let judged =
        Judged { status: CertificateStatus::Trusted, fetches: stream.fetches().to_vec(), verdict };
    let established = Established {
        handshake: stream.agreed().cloned(),
        certificate: Some(certificate),
        transport: Transport::Secure(Box::new(stream)),
        local,
        remote,
    };
    Outcome { result: Ok(established), judged, connector: None }
}

/// What is known about the certificate of a server that there is no connection to.
fn judged_in_vain(error: &ConnectError) -> Judged {
    let refused = matches!(error.tls(), Some(TlsError::Certificate { .. }));
    let status = match error.verdict().map(|verdict| verdict.status()) {
        // It could not even be read; or it is good, but its key did not sign the handshake.
        None | Some(Status::Trusted) if refused => CertificateStatus::Invalid,
        Some(status) => status.into(),
        None => CertificateStatus::Unknown,
    };
    Judged { status, verdict: error.verdict().cloned(), fetches: error.fetches().to_vec() }
}
