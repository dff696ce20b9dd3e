//! From a plan to a connection and a verdict.

use super::{
    greeting::{Greeting, NotTls},
    plan::Plan,
    starttls::{Dialogue, Protocol},
};
use crate::commands::{cert::moment, judgement::Judged};
use ravelin_net::{ConnectError, StreamError, TlsStream};
use ravelin_tls::{Alert, Handshake, HandshakeKind, Peer, TlsError};
use ravelin_trust::{Status, Time, Verdict};
use std::{error::Error, io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpStream, lookup_host},
    time::{Instant, timeout, timeout_at},
};

/// How long the last words of a connection may take.
const FAREWELL: Duration = Duration::from_secs(1);

/// A connection over TCP.
pub type Stream = TlsStream<Greeting<TcpStream>>;

/// What came of a plan.
pub enum Outcome {
    /// A connection to a server that is trusted, or must do.
    Connected(Box<Connected>),
    /// A server that is not to be trusted.
    Refused(Box<Refused>),
    /// No TLS connection.
    Failed(Failed),
}

/// A connection.
pub struct Connected {
    /// The connection itself.
    pub stream: Stream,
    /// The other side's address.
    pub address: SocketAddr,
    /// What was agreed on.
    pub handshake: Handshake,
    /// What is thought of the server; none where its certificate cannot be read and that must do.
    pub judged: Option<Judged>,
}

/// A server that is not to be trusted.
#[derive(Debug)]
pub struct Refused {
    /// Why.
    pub judged: Judged,
    /// What was agreed on, where the refusal came after the handshake.
    pub handshake: Option<Handshake>,
    /// The alert that told the server.
    pub alert: Option<Alert>,
}

/// No TLS connection.
#[derive(Debug)]
pub struct Failed {
    /// Why.
    pub fault: Fault,
    /// The alert that told the server.
    pub alert: Option<Alert>,
}

/// Why there is no TLS connection.
#[derive(Debug, serde::Serialize)]
pub struct Fault {
    /// `dns`, `connect`, `timeout`, `tls` or `protocol`.
    pub kind: &'static str,
    /// In words.
    pub detail: String,
}

impl Connected {
    /// Says goodbye. Whoever does not listen is not waited for.
    pub async fn end(&mut self) {
        farewell(&mut self.stream).await;
    }
}

/// Does what was planned.
pub async fn dial(plan: &Plan) -> Outcome {
    let deadline = Instant::now() + plan.timeout;
    let late = |what: &str| {
        let detail = format!("{what} within {:?}", plan.timeout);
        Outcome::from(Fault { kind: "timeout", detail })
    };
    let addresses = match timeout_at(deadline, look_up(plan)).await {
        Ok(Ok(addresses)) => addresses,
        Ok(Err(fault)) => return fault.into(),
        Err(_) => return late("the host is not found"),
    };
    let mut tcp = match timeout_at(deadline, ravelin_net::dial(addresses)).await {
        Ok(Ok(tcp)) => tcp,
        Ok(Err(error)) => {
            return Fault { kind: "connect", detail: format!("no connection: {error}") }.into();
        }
        Err(_) => return late("no address answers"),
    };
    // Keystrokes are not to wait for each other. Where that cannot be had, they do.
    let _ = tcp.set_nodelay(true);
    let address = match tcp.peer_addr() {
        Ok(address) => address,
        Err(error) => {
            return Fault { kind: "connect", detail: format!("no connection: {error}") }.into();
        }
    };
    if let Some(protocol) = plan.starttls {
        match timeout_at(deadline, talk(protocol, &plan.name, &mut tcp)).await {
            Ok(Ok(())) => {}
            Ok(Err(detail)) => return Fault { kind: "protocol", detail }.into(),
            Err(_) => return late("the server does not begin TLS"),
        }
    }
    match timeout_at(deadline, plan.connector.connect(&plan.name, Greeting::new(tcp))).await {
        Ok(Ok(stream)) => accepted(plan, stream, address).await,
        Ok(Err(error)) => refused(plan, error),
        Err(_) => late("the handshake is not done"),
    }
}

async fn look_up(plan: &Plan) -> Result<Vec<SocketAddr>, Fault> {
    let fault = |detail| Fault { kind: "dns", detail };
    let found = lookup_host((&plan.server.host[..], plan.server.port)).await;
    let found = found.map_err(|error| fault(format!("the host is not found: {error}")))?;
    let addresses: Vec<SocketAddr> = found.collect();
    if addresses.is_empty() { Err(fault("the host has no address".into())) } else { Ok(addresses) }
}

/// What is said in front of TLS.
async fn talk(protocol: Protocol, name: &str, tcp: &mut TcpStream) -> Result<(), String> {
    let broken = |error: io::Error| format!("the connection broke before TLS: {error}");
    let (mut dialogue, opening) = Dialogue::new(protocol, name);
    tcp.write_all(&opening).await.map_err(broken)?;
    let mut buffer = [0; 4096];
    loop {
        let count = tcp.read(&mut buffer).await.map_err(broken)?;
        if count == 0 {
            return Err("the server ended the connection before TLS".into());
        }
        let step = dialogue.receive(&buffer[..count])?;
        tcp.write_all(&step.send).await.map_err(broken)?;
        if step.begins {
            return Ok(());
        }
    }
}

/// The second look at a server that the handshake let through: with what can be fetched, if it may be.
async fn accepted(plan: &Plan, mut stream: Stream, address: SocketAddr) -> Outcome {
    let handshake = stream.agreed().cloned().expect("the handshake is done");
    let mut judged = stream.verdict().map(|verdict| judged(plan, Arc::clone(verdict)));
    if let (Some(fetching), Some(judged)) = (&plan.fetching, &mut judged) {
        let certificates = handshake.peer_certificates.iter().map(|der| &**der).collect();
        let mut peer = Peer::server(certificates, plan.terms.names[0].clone());
        peer.stapled = handshake.stapled_ocsp.as_deref();
        peer.resumed = handshake.kind == HandshakeKind::Resumed;
        // The handshake has read the same certificate.
        if let Ok(request) = plan.trust.request(&peer, moment::since_epoch()) {
            let (verdict, fetches) = fetching.decide(request).await;
            judged.verdict = verdict.into();
            judged.fetches = fetches;
        }
    }
    let is_good = judged.as_ref().is_some_and(|judged| judged.status() == Status::Trusted);
    match judged {
        Some(judged) if !is_good && !plan.trust.dangerous_accept_untrusted => {
            farewell(&mut stream).await;
            Outcome::Refused(Box::new(Refused { judged, handshake: Some(handshake), alert: None }))
        }
        judged => Outcome::Connected(Box::new(Connected { stream, address, handshake, judged })),
    }
}

/// A handshake that ended before it was done.
fn refused(plan: &Plan, error: ConnectError) -> Outcome {
    let alert = error.tls().and_then(TlsError::alert_sent);
    let is_for_certificate = matches!(error.tls(), Some(TlsError::Certificate { .. }));
    let verdict = error.verdict().filter(|verdict| verdict.alert().is_some());
    if let Some(verdict) = verdict.filter(|_| is_for_certificate) {
        let judged = judged(plan, Arc::clone(verdict));
        return Outcome::Refused(Box::new(Refused { judged, handshake: None, alert }));
    }
    let kind = match error.tls() {
        Some(TlsError::Misbehaved { .. } | TlsError::Hello(_)) => "protocol",
        _ => "tls",
    };
    let error = io::Error::from(error);
    let inner = error.get_ref();
    let kind =
        if inner.is_some_and(<dyn Error + Send + Sync>::is::<NotTls>) { "protocol" } else { kind };
    let detail = match inner {
        Some(inner) if inner.is::<StreamError>() => format!("no TLS handshake: {error}"),
        Some(_) => error.to_string(),
        None => format!("the connection broke during the handshake: {error}"),
    };
    Outcome::Failed(Failed { fault: Fault { kind, detail }, alert })
}

fn judged(plan: &Plan, verdict: Arc<Verdict>) -> Judged {
    Judged {
        terms: plan.terms.clone(),
        time: plan.trust.time.unwrap_or_else(|| Time::since_epoch(moment::since_epoch())),
        verdict,
        anchors: plan.trust.anchors.len(),
        fetches: Vec::new(),
    }
}

/// close_notify, which is not waited for long.
pub async fn farewell(stream: &mut Stream) {
    let _ = timeout(FAREWELL, stream.close()).await;
}

impl From<Fault> for Outcome {
    fn from(fault: Fault) -> Outcome {
        Outcome::Failed(Failed { fault, alert: None })
    }
}
