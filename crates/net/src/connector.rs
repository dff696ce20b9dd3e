//! Connecting to servers that can be trusted.

use crate::{Fetched, evaluate, fetch::Fetcher, stream::TlsStream};
use ravelin_tls::{
    Alert, ClientConfig, ClientContext, ConfigError, Overrides, Peer, TlsError, Trust,
};
use ravelin_trust::{Name, Status, Verdict};
use std::{
    fmt, io,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::io::{AsyncRead, AsyncWrite};

/// Connects to servers over any stream, and hands a connection out only when its server can be trusted.
///
/// With a [`Fetcher`] it asks the network for issuers that the server did not send, for CRLs and for OCSP responses, behind
/// the handshake and before anybody hears of the connection. Cheap to clone.
///
/// ```no_run
/// use ravelin_net::TlsConnector;
/// use ravelin_tls::{ClientConfig, Trust};
/// use tokio::{io::AsyncWriteExt, net::TcpStream};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let trust = Trust::of_certificates(ravelin_net::roots::platform().certificates)?;
/// let connector = TlsConnector::new(&ClientConfig::new(trust))?;
/// let tcp = TcpStream::connect(("www.example", 443)).await?;
/// let mut stream = connector.connect("www.example", tcp).await?;
/// stream.write_all(b"GET / HTTP/1.1\r\nHost: www.example\r\nConnection: close\r\n\r\n").await?;
/// stream.flush().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct TlsConnector {
    context: ClientContext,
    trust: Arc<Trust>,
    fetcher: Option<Fetcher>,
}

impl TlsConnector {
    /// Judges servers by what they send and what the configuration holds.
    ///
    /// # Errors
    /// When nobody is trusted, or the options leave nothing to agree on.
    pub fn new(config: &ClientConfig) -> Result<TlsConnector, ConfigError> {
        let context = ClientContext::new(config)?;
        Ok(TlsConnector { context, trust: Arc::clone(&config.trust), fetcher: None })
    }

    /// Judges servers also by what the network knows.
    ///
    /// # Errors
    /// When nobody is trusted, or the options leave nothing to agree on.
    pub fn online(config: &ClientConfig, fetcher: Fetcher) -> Result<TlsConnector, ConfigError> {
        let mut config = config.clone();
        Arc::make_mut(&mut config.trust).defer_to_network = true;
        let connector = TlsConnector::new(&config)?;
        Ok(TlsConnector { fetcher: Some(fetcher), ..connector })
    }

    /// Speaks TLS over `io` with the server of this name, a DNS name or an IP address as text. Done when the handshake is,
    /// and the server is trusted. Dropping the future gives up; set a time limit around it.
    ///
    /// # Errors
    /// When the stream fails, the handshake does, or the server is not to be trusted.
    pub async fn connect<S>(&self, name: &str, io: S) -> Result<TlsStream<S>, ConnectError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.connect_at(name, now, io).await
    }

    /// As [`connect`](Self::connect), at `now` (since 1970-01-01T00:00:00Z).
    ///
    /// # Errors
    /// As for [`connect`](Self::connect).
    pub async fn connect_at<S>(
        &self,
        name: &str,
        now: Duration,
        io: S,
    ) -> Result<TlsStream<S>, ConnectError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        self.connect_with(name, now, &Overrides::default(), io).await
    }

    /// As [`connect_at`](Self::connect_at), with something that is decided for this connection only, as protocols for ALPN
    /// or a key log of its own.
    ///
    /// # Errors
    /// As for [`connect`](Self::connect).
    pub async fn connect_with<S>(
        &self,
        name: &str,
        now: Duration,
        overrides: &Overrides,
        io: S,
    ) -> Result<TlsStream<S>, ConnectError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut stream = TlsStream::client(&self.context, name, now, overrides, io)?;
        let shaken = stream.handshake_done().await;
        let verdict = stream.verdict().cloned();
        shaken.map_err(|error| ConnectError { fetches: Vec::new(), verdict, error })?;
        if let Some(fetcher) = &self.fetcher {
            self.ask_the_network(&mut stream, name, now, fetcher).await?;
        }
        Ok(stream)
    }

    /// The second look at the server's certificates, where the first left something open.
    async fn ask_the_network<S>(
        &self,
        stream: &mut TlsStream<S>,
        name: &str,
        now: Duration,
        fetcher: &Fetcher,
    ) -> Result<(), ConnectError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let open = stream.verdict().is_some_and(|verdict| leaves_something_open(verdict));
        let Some(handshake) = stream.agreed().filter(|_| open).cloned() else { return Ok(()) };
        let failed = |error: String| ConnectError {
            error: io::Error::new(io::ErrorKind::InvalidData, error),
            fetches: Vec::new(),
            verdict: None,
        };
        let name = Name::host(name).map_err(|error| failed(error.to_string()))?;
        let certificates = handshake.peer_certificates.iter().map(|der| &**der).collect();
        let mut peer = Peer::server(certificates, name);
        peer.stapled = handshake.stapled_ocsp.as_deref();
        peer.resumed = handshake.kind == ravelin_tls::HandshakeKind::Resumed;
        let request = self.trust.request(&peer, now).map_err(failed)?;
        let evaluated = evaluate(request, fetcher, now).await;
        let verdict: Arc<Verdict> = evaluated.verdict.into();
        stream.judged(Arc::clone(&verdict), evaluated.fetches.clone());
        let Some(alert) = verdict.alert().filter(|_| !self.trust.dangerous_accept_untrusted) else {
            return Ok(());
        };
        let alert = Alert::from_code(alert);
        stream.abort(alert).await;
        let detail = verdict.explanation();
        let error = TlsError::Certificate { detail, alert };
        Err(ConnectError {
            error: crate::stream::StreamError::Tls(error).into(),
            fetches: evaluated.fetches,
            verdict: Some(verdict),
        })
    }
}

impl fmt::Debug for TlsConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsConnector").field("trust", &self.trust).finish_non_exhaustive()
    }
}

/// Whether the network could change a verdict.
fn leaves_something_open(verdict: &Verdict) -> bool {
    use ravelin_trust::revocation::RevocationStatus::Undetermined;
    let undetermined = verdict.deciding().revocation.iter();
    verdict.status() != Status::Trusted
        || undetermined.into_iter().any(|one| one.status == Undetermined)
}

/// Why there is no connection.
#[derive(Debug)]
pub struct ConnectError {
    pub(crate) error: io::Error,
    pub(crate) verdict: Option<Arc<Verdict>>,
    pub(crate) fetches: Vec<Fetched>,
}

impl ConnectError {
    /// The verdict on the server's certificates, if it came to one: when that is why there is no connection, and when
    /// something went wrong later.
    pub fn verdict(&self) -> Option<&Arc<Verdict>> {
        self.verdict.as_ref()
    }

    /// What was asked of the network.
    pub fn fetches(&self) -> &[Fetched] {
        &self.fetches
    }

    /// What TLS has to say about it; none where the stream below failed.
    pub fn tls(&self) -> Option<&TlsError> {
        match self.error.get_ref()?.downcast_ref()? {
            crate::stream::StreamError::Tls(error) => Some(error),
            _ => None,
        }
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.error, f)
    }
}

impl std::error::Error for ConnectError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

impl From<io::Error> for ConnectError {
    fn from(error: io::Error) -> ConnectError {
        ConnectError { error, verdict: None, fetches: Vec::new() }
    }
}

impl From<ConnectError> for io::Error {
    fn from(error: ConnectError) -> io::Error {
        error.error
    }
}
