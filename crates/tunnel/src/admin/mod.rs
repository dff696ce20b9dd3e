//! Metrics, status and reload over HTTP, for the administrator and for scrapers.
//!
//! | request | answer |
//! |---|---|
//! | `GET /metrics` | the metrics, as [`crate::metrics::CONTENT_TYPE`] |
//! | `GET /status` | [`crate::metrics::Status`] as JSON |
//! | `GET /health` | 200, or 503 while the tunnel drains |
//! | `POST /reload` | 200 when the new configuration is in force, 409 when it was refused and that of before stays |
//!
//! All but `/metrics` answer JSON, errors too: `{"schema":1,"ok":false,"error":"…"}`.
//!
//! There is no password and no TLS: who may connect may read. So listen on a unix socket (its file is for the owner
//! only) or on a loopback address. On any other address everybody who reaches it reads the metrics and the names of the
//! certificates, see [`AdminHandle::is_exposed`]; a reload is refused there unless it comes from a loopback address.
//!
//! Web pages that the administrator visits must not reach it through the browser. Over TCP, a request with an `Origin`
//! header is refused, as browsers send it with every `POST` from a page; and where the listener has a loopback address,
//! so is one whose `Host` is neither an IP address nor `localhost`, as a page whose name was made to point here would
//! send it (DNS rebinding).

mod listener;
mod routes;

use crate::{
    metrics::Metrics,
    service::{AdminAddress, Settings},
};
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use listener::{Listener, Peer, Stream};
use std::{fmt, io, pin::pin, sync::Arc, thread, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::{Mutex, Semaphore, oneshot},
    time::{sleep, timeout},
};

/// Connections served at once; others wait in the listener's queue.
const MAX_CONNECTIONS: usize = 64;

/// How long a request's head may take, and how long a connection may rest between two requests.
const HEAD_LIMIT: Duration = Duration::from_secs(5);

/// How large a request's head may be, in bytes.
const HEAD_SIZE: usize = 8 * 1024;

/// How many header fields a request may have.
const MAX_FIELDS: usize = 64;

/// How long a connection may last, however busy or slow the client is.
const CONNECTION_LIMIT: Duration = Duration::from_secs(60);

/// How long the last answer may take after that.
const LAST_ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// How long to rest when no connection can be accepted, for want of descriptors.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// The admin listener.
///
/// ```
/// use ravelin_tunnel::{admin::{Admin, AdminState}, metrics::Metrics, service::*};
/// use std::{io::{Read, Write}, net::TcpStream, sync::Arc, time::{Duration, SystemTime}};
///
/// let settings = Arc::new(Settings {
///     services: Vec::new(),
///     workers: 1,
///     limits: Limits::default(),
///     drain: Duration::from_secs(30),
///     admin: None,
///     log: LogFormat::Text,
///     resumption: Resumption::new().expect("random numbers"),
/// });
/// let state = AdminState {
///     metrics: Metrics::new(SystemTime::now()),
///     reload: Arc::new(|| Err("line 3: unknown key".into())),
///     settings: Arc::new(move || Arc::clone(&settings)),
/// };
/// let handle = Admin::start(&AdminAddress::Tcp("127.0.0.1:0".parse().unwrap()), state)?;
/// let AdminAddress::Tcp(address) = handle.address() else { unreachable!() };
///
/// let mut stream = TcpStream::connect(address)?;
/// stream.write_all(b"GET /health HTTP/1.0\r\n\r\n")?;
/// let mut answer = String::new();
/// stream.read_to_string(&mut answer)?;
/// assert!(answer.starts_with("HTTP/1.0 200 OK\r\n"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Admin;

/// What the admin listener shows and does.
#[derive(Clone)]
pub struct AdminState {
    /// What the tunnel counts.
    pub metrics: Metrics,
    /// Loads the configuration anew; what it cannot do it says in words. Called on a thread that may block, by one
    /// request at a time. It tells log and metrics of the outcome itself, as for a reload by signal.
    pub reload: Arc<dyn Fn() -> Result<(), String> + Send + Sync>,
    /// The settings in force.
    pub settings: Arc<dyn Fn() -> Arc<Settings> + Send + Sync>,
}

/// A running admin listener. It stops when this is dropped; a unix socket's file is removed then.
#[derive(Debug)]
pub struct AdminHandle {
    address: AdminAddress,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Admin {
    /// Listens on `address` and serves it on a thread of its own. A unix socket that nobody answers on is replaced.
    ///
    /// # Errors
    /// When the address is in use, may not be used, or is the path of a file that is no socket; and when the system
    /// gives no thread or descriptor. The message names the address.
    pub fn start(address: &AdminAddress, state: AdminState) -> io::Result<AdminHandle> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (listener, address, file) = {
            let _runtime = runtime.enter();
            Listener::bind(address)?
        };
        let (stop, stopped) = oneshot::channel();
        let thread = thread::Builder::new().name("ravelin-admin".into()).spawn(move || {
            runtime.block_on(async {
                tokio::spawn(accept(
                    listener,
                    Arc::new(Shared { state, reloading: Arc::default() }),
                ));
                // An error means that the handle is gone: the same.
                let _ = stopped.await;
            });
            // While the socket is open: as long as it is, no other file can be taken for its own.
            drop(file);
            // A reload that still runs must not hold up the end.
            runtime.shutdown_background();
        })?;
        Ok(AdminHandle { address, stop: Some(stop), thread: Some(thread) })
    }
}

impl AdminHandle {
    /// Where it listens, with the port the system chose if none was asked for.
    pub fn address(&self) -> &AdminAddress {
        &self.address
    }

    /// Whether other machines may reach it: worth a warning.
    pub fn is_exposed(&self) -> bool {
        match &self.address {
            AdminAddress::Tcp(address) => !address.ip().to_canonical().is_loopback(),
            AdminAddress::Unix(_) => false,
        }
    }
}

impl Drop for AdminHandle {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic there was printed already and must not become one here.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for AdminState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdminState").field("metrics", &self.metrics).finish_non_exhaustive()
    }
}

/// What all connections share.
struct Shared {
    state: AdminState,
    /// Held while a reload runs.
    reloading: Arc<Mutex<()>>,
}

async fn accept(listener: Listener, shared: Arc<Shared>) {
    let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let slot = Arc::clone(&slots).acquire_owned().await;
        match listener.accept().await {
            Ok((stream, peer)) => {
                let shared = Arc::clone(&shared);
                tokio::spawn(async move {
                    match stream {
                        Stream::Tcp(stream) => converse(stream, peer, shared).await,
                        Stream::Unix(stream) => converse(stream, peer, shared).await,
                    }
                    drop(slot);
                });
            }
            Err(_) => sleep(ACCEPT_RETRY).await,
        }
    }
}

async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: Peer,
    shared: Arc<Shared>,
) {
    let service = service_fn(|request| {
        let shared = Arc::clone(&shared);
        async move { Ok::<_, std::convert::Infallible>(routes::answer(request, peer, &shared).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_LIMIT)
        .max_header_size(HEAD_SIZE)
        .max_buf_size(2 * HEAD_SIZE)
        .max_headers(MAX_FIELDS)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    // Errors are the client's: there is nobody to tell.
    if timeout(CONNECTION_LIMIT, connection.as_mut()).await.is_err() {
        connection.as_mut().graceful_shutdown();
        let _ = timeout(LAST_ANSWER_LIMIT, connection).await;
    }
}

#[cfg(test)]
mod tests;
