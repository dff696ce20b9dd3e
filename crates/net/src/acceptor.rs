//! Serving clients.

use crate::{connector::ConnectError, stream::TlsStream};
use ravelin_tls::{Alert, Overrides, ServerContext, hello::ClientHello};
use std::{
    fmt, io,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::io::{AsyncRead, AsyncWrite};

/// Speaks TLS with clients over any stream. Cheap to clone.
///
/// ```no_run
/// use ravelin_net::TlsAcceptor;
/// use ravelin_tls::{Identity, ServerConfig, ServerContext};
/// use std::sync::Arc;
/// use tokio::net::TcpListener;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let identity = Identity::from_bytes(&std::fs::read("chain.pem")?, &std::fs::read("key.pem")?)?;
/// let context = ServerContext::new(&ServerConfig::new(vec![Arc::new(identity)]))?;
/// let acceptor = TlsAcceptor::new(context);
/// let listener = TcpListener::bind("[::]:443").await?;
/// loop {
///     let (tcp, _) = listener.accept().await?;
///     let acceptor = acceptor.clone();
///     tokio::spawn(async move {
///         let stream = acceptor.accept(tcp).await?;
///         println!("{:?}", stream.agreed());
///         Ok::<(), ravelin_net::ConnectError>(())
///     });
/// }
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct TlsAcceptor {
    context: ServerContext,
}

impl TlsAcceptor {
    /// Answers every client alike.
    pub fn new(context: ServerContext) -> TlsAcceptor {
        TlsAcceptor { context }
    }

    /// Speaks TLS with a client over `io`. Done when the handshake is, and the client is trusted if it had to prove
    /// itself. Dropping the future gives up; set a time limit around it.
    ///
    /// # Errors
    /// When the stream fails, or the handshake does; the client was then told why as far as it could be.
    pub async fn accept<S>(&self, io: S) -> Result<TlsStream<S>, ConnectError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        TlsAcceptor::hello(io).await?.answer(&self.context).await
    }

    /// Reads what a client asks for, and lets the caller choose how to answer, for as long as it likes.
    ///
    /// # Errors
    /// When the stream fails, or what comes is no ClientHello.
    pub async fn hello<S>(io: S) -> Result<Accepting<S>, ConnectError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut stream = TlsStream::server(io);
        stream.handshake_done().await?;
        Ok(Accepting { stream })
    }
}

/// A client that waits for an answer to its ClientHello.
pub struct Accepting<S> {
    stream: TlsStream<S>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Accepting<S> {
    /// What the client asks for.
    pub fn client_hello(&self) -> &ClientHello {
        self.stream.hello().expect("the hello is there until it is answered")
    }

    /// Goes on with the handshake under `context`.
    ///
    /// # Errors
    /// When the stream fails, or the handshake does; the client was then told why as far as it could be.
    pub async fn answer(self, context: &ServerContext) -> Result<TlsStream<S>, ConnectError> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.answer_at(context, now).await
    }

    /// As [`answer`](Self::answer), at `now` (since 1970-01-01T00:00:00Z).
    ///
    /// # Errors
    /// As for [`answer`](Self::answer).
    pub async fn answer_at(
        self,
        context: &ServerContext,
        now: Duration,
    ) -> Result<TlsStream<S>, ConnectError> {
        self.answer_with(context, now, &Overrides::default()).await
    }

    /// As [`answer_at`](Self::answer_at), with something that is decided for this connection only, as the protocol for
    /// ALPN or a key log of its own.
    ///
    /// # Errors
    /// As for [`answer`](Self::answer).
    pub async fn answer_with(
        self,
        context: &ServerContext,
        now: Duration,
        overrides: &Overrides,
    ) -> Result<TlsStream<S>, ConnectError> {
        let mut stream = self.stream;
        let answered = match stream.answer_hello(context, now, overrides) {
            Ok(()) => stream.handshake_done().await,
            Err(error) => {
                stream.send_rest().await;
                Err(error)
            }
        };
        let verdict = stream.verdict().cloned();
        answered.map_err(|error| ConnectError { error, verdict, fetches: Vec::new() })?;
        Ok(stream)
    }

    /// Tells the client with a fatal alert that it gets no answer, as [`Alert::UNRECOGNIZED_NAME`] where nobody here has
    /// the name it asks for (RFC 6066, section 3), and ends the stream's direction.
    ///
    /// # Errors
    /// When the stream fails before the alert is handed to it.
    pub async fn refuse(self, alert: Alert) -> io::Result<()> {
        let mut stream = self.stream;
        stream.abort(alert).await;
        stream.close().await
    }
}

impl<S> fmt::Debug for Accepting<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accepting").finish_non_exhaustive()
    }
}
