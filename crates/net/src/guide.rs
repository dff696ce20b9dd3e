//! How to do what, from the first connection on.
//!
//! # Connecting
//!
//! Two things are needed: whom to trust, and a stream. [`roots::platform`](crate::roots::platform) is what the machine trusts,
//! [`dial`](fn@crate::dial) connects to whichever address answers first, and the connector does the rest: the
//! connection exists only if the server can be trusted, for the name that was asked for.
//!
//! ```no_run
//! use ravelin_net::{TlsConnector, dial, roots};
//! use ravelin_tls::{ClientConfig, Trust};
//! use std::time::Duration;
//! use tokio::{io::{AsyncReadExt, AsyncWriteExt}, net::lookup_host, time::timeout};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let trust = Trust::of_certificates(roots::platform().certificates)?;
//! let connector = TlsConnector::new(&ClientConfig::new(trust))?;
//!
//! let mut stream = timeout(Duration::from_secs(10), async {
//!     let tcp = dial(lookup_host(("www.example", 443)).await?.collect()).await?;
//!     tcp.set_nodelay(true)?;
//!     Ok::<_, std::io::Error>(connector.connect("www.example", tcp).await?)
//! })
//! .await??;
//! stream.write_all(b"GET / HTTP/1.1\r\nHost: www.example\r\nConnection: close\r\n\r\n").await?;
//! stream.flush().await?;
//! let mut answer = Vec::new();
//! stream.read_to_end(&mut answer).await?;
//! # Ok(())
//! # }
//! ```
//!
//! Neither connector nor stream has a time limit of its own: dropping the future ends the attempt. Make one connector
//! and clone it: clones share the sessions that the next handshake resumes.
//!
//! # Serving
//!
//! A handshake takes as long as the client takes: give each a task of its own, and a time limit.
//!
//! ```no_run
//! use ravelin_net::TlsAcceptor;
//! use ravelin_tls::{Identity, ServerConfig, ServerContext, TicketKeys};
//! use std::{sync::Arc, time::{Duration, Instant}};
//! use tokio::{io::{AsyncWriteExt, copy}, net::TcpListener, time::timeout};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let identity = Identity::from_bytes(&std::fs::read("chain.pem")?, &std::fs::read("key.pem")?)?;
//! let mut config = ServerConfig::new(vec![Arc::new(identity)]);
//! let tickets = Arc::new(TicketKeys::new(Duration::from_secs(12 * 3600), 3)?);
//! config.tickets = Some(Arc::clone(&tickets));
//! let acceptor = TlsAcceptor::new(ServerContext::new(&config)?);
//! let listener = TcpListener::bind("[::]:7").await?;
//! let began = Instant::now();
//! loop {
//!     let (tcp, _) = listener.accept().await?;
//!     // The keys have no clock of their own.
//!     tickets.rotate(began.elapsed());
//!     let acceptor = acceptor.clone();
//!     tokio::spawn(async move {
//!         let stream = timeout(Duration::from_secs(10), acceptor.accept(tcp)).await??;
//!         let (mut from, mut to) = tokio::io::split(stream);
//!         copy(&mut from, &mut to).await?;
//!         to.shutdown().await
//!     });
//! }
//! # }
//! ```
//!
//! # Choosing by ClientHello
//!
//! [`TlsAcceptor::hello`](crate::TlsAcceptor::hello) reads what a client asks for, before any part of the handshake is decided:
//! the name, ALPN, versions, ciphers. What follows may take its time, and be asynchronous: a certificate looked up in a
//! database, or fetched.
//!
//! ```no_run
//! # use ravelin_net::{ConnectError, TlsAcceptor, TlsStream};
//! # use ravelin_tls::ServerContext;
//! # use tokio::net::TcpStream;
//! # async fn look_up(_: Option<&str>) -> ServerContext { unreachable!() }
//! async fn accept(tcp: TcpStream) -> Result<TlsStream<TcpStream>, ConnectError> {
//!     let accepting = TlsAcceptor::hello(tcp).await?;
//!     let context = look_up(accepting.client_hello().server_name.as_deref()).await;
//!     accepting.answer(&context).await
//! }
//! ```
//!
//! # Client certificates
//!
//! [`ClientAuth`](ravelin_tls::ClientAuth) says whether clients are asked for a certificate and how it is judged. Who it was stands
//! in the verdict; a client that showed none has none.
//!
//! ```
//! # use ravelin_test::{Authority, Purpose, Request};
//! use ravelin_net::{TlsAcceptor, TlsConnector};
//! use ravelin_tls::{ClientAuth, ClientConfig, Identity, ServerConfig, ServerContext, Trust};
//! use std::sync::Arc;
//!
//! # fn identity(issued: &ravelin_test::Issued) -> Arc<Identity> {
//! #     Identity::from_bytes(issued.chain_pem().as_bytes(), issued.key_pem().as_bytes()).unwrap().into()
//! # }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let authority = Authority::root("Root");
//! # let server = identity(&authority.issue(&Request::new(["localhost"])));
//! # let asked = Request { purpose: Purpose::Client, ..Request::new(["me.example"]) };
//! # let client = identity(&authority.issue(&asked));
//! # let trust = Trust::of_certificates([authority.root_der()])?;
//! let mut config = ServerConfig::new(vec![server]);
//! config.client_auth = ClientAuth::Required(Arc::new(trust.clone()));
//! let acceptor = TlsAcceptor::new(ServerContext::new(&config)?);
//!
//! let mut config = ClientConfig::new(trust);
//! config.identity = Some(client);
//! let connector = TlsConnector::new(&config)?;
//!
//! let (near, far) = tokio::io::duplex(20_000);
//! let (near, far) = tokio::join!(connector.connect("localhost", near), acceptor.accept(far));
//! let (_near, far) = (near?, far?);
//! let who = far.verdict().and_then(|verdict| verdict.trusted()).ok_or("no certificate")?;
//! assert_eq!(who.certificate().subject().to_string(), "CN=me.example");
//! # Ok(())
//! # }
//! ```
//!
//! With TLS 1.3 a client is done before the server has seen its certificate: that it was refused it learns from its first read.
//!
//! # What a verdict tells
//!
//! There is one for every peer that showed a certificate, whether the connection stands
//! ([`TlsStream::verdict`](crate::TlsStream::verdict)) or not ([`ConnectError::verdict`](crate::ConnectError::verdict)): a status in
//! one word, and every path that was tried with everything that was found on it, errors and warnings.
//!
//! ```
//! # use ravelin_test::{Authority, Request};
//! # use ravelin_net::{TlsAcceptor, TlsConnector};
//! # use ravelin_tls::{ClientConfig, Identity, ServerConfig, ServerContext, Trust};
//! use ravelin_trust::Status;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let authority = Authority::root("Root");
//! # let issued = authority.issue(&Request::new(["www.example"]));
//! # let identity = Identity::from_bytes(issued.chain_pem().as_bytes(), issued.key_pem().as_bytes())?;
//! # let acceptor = TlsAcceptor::new(ServerContext::new(&ServerConfig::new(vec![identity.into()]))?);
//! # let connector = TlsConnector::new(&ClientConfig::new(Trust::of_certificates([authority.root_der()])?))?;
//! # let (near, far) = tokio::io::duplex(20_000);
//! # let (near, _) = tokio::join!(connector.connect("mail.example", near), acceptor.accept(far));
//! let error = near.unwrap_err();
//! let verdict = error.verdict().ok_or("no certificate came")?;
//! assert_eq!(verdict.status(), Status::PrincipalMismatch);
//! assert_eq!(verdict.status().word(), "principalMismatch");
//! // For people: what is wrong, and for which names the certificate is.
//! assert!(error.to_string().contains("www.example"), "{error}");
//! for path in verdict.paths() {
//!     for finding in &path.findings {
//!         println!("certificate {}: {}", finding.certificate, finding.detail);
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # How a stream ends
//!
//! | what happens | reading gives |
//! |---|---|
//! | the peer sent close_notify | the end: zero bytes |
//! | the stream below ended without one | [`UnexpectedEof`](std::io::ErrorKind::UnexpectedEof) around [`StreamError::Truncated`](crate::StreamError::Truncated) |
//! | the peer sent an alert, or a record was forged | [`InvalidData`](std::io::ErrorKind::InvalidData) around [`StreamError::Tls`](crate::StreamError::Tls) |
//! | the stream below failed | its error |
//!
//! What was read before is good in every case. [`close`](crate::TlsStream::close) (or `shutdown`) sends close_notify and ends one
//! direction: reading goes on until the peer has ended the other. Dropping a stream sends nothing, so the peer sees a
//! truncation: that is how to say that not everything was sent. HTTP has its own ends, and some servers omit
//! close_notify: whoever reads a body of a known length has all of it before that error comes.
//!
//! # Roots: besides, or instead
//!
//! Anchors are values: put together what shall be trusted.
//!
//! ```no_run
//! use ravelin_net::roots;
//! use ravelin_tls::Trust;
//!
//! # fn example() -> Result<(), Box<dyn std::error::Error>> {
//! // The platform's and our own.
//! let own = roots::file("our-root.pem".as_ref());
//! let both = Trust::of_certificates(roots::platform().certificates.iter().chain(&own.certificates))?;
//! // Our own only.
//! let only = Trust::of_certificates(&own.certificates)?;
//! // Mozilla's list, as it was when the program was built: for containers without certificates.
//! let mozilla = Trust::of_certificates(roots::bundled().certificates)?;
//! # Ok(())
//! # }
//! ```
//!
//! What could not be loaded stands in [`faults`](crate::roots::Roots::faults): look at them, since one broken file is no reason
//! to trust nobody, and an empty list is.
//!
//! # Revocation
//!
//! By default what is at hand counts: stapled OCSP responses and [`Trust::crls`](ravelin_tls::Trust). A connector made with
//! [`TlsConnector::online`](crate::TlsConnector::online) also asks the network, behind the handshake and before anybody hears of
//! the connection; the policy says what happens where nothing is known.
//!
//! ```no_run
//! use ravelin_net::{TlsConnector, fetch::{FetchConfig, FetchLimits, Fetcher}, roots};
//! use ravelin_tls::{ClientConfig, Trust};
//! use ravelin_trust::revocation::RevocationPolicy;
//!
//! # fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let mut trust = Trust::of_certificates(roots::platform().certificates)?;
//! trust.revocation = RevocationPolicy::RequiredIfInfoAvailable;
//! let fetcher = Fetcher::new(FetchConfig::new(FetchLimits::default()))?;
//! let connector = TlsConnector::online(&ClientConfig::new(trust), fetcher)?;
//! # Ok(())
//! # }
//! ```
//!
//! [`TlsStream::fetches`](crate::TlsStream::fetches) tells what was asked of whom. The fetcher also finds issuers that a server
//! forgot to send. It goes to public addresses only, within limits of size and time ([`fetch`](mod@crate::fetch)).
//!
//! # Without tokio
//!
//! [`blocking::TlsStream`](crate::blocking::TlsStream) is the same for threads: over anything that is [`Read`](std::io::Read) and
//! [`Write`](std::io::Write), with the contexts of `ravelin-tls` and the time as an argument. Time limits are the socket's.
//!
//! # Unix sockets, and streams of other protocols
//!
//! Connector and acceptor take any stream, so a `UnixStream` does as well, and so does a connection that has spoken something
//! else before, as STARTTLS does. The name to verify is an argument, never taken from an address. See that no byte that came
//! before the handshake is used behind it: `examples/upgrade.rs` shows how.
//!
//! # Under hyper, tonic and codecs
//!
//! [`TlsStream`](crate::TlsStream) reads and writes as tokio's streams do, several parts at once too. Under hyper it stands in
//! hyper-util's `TokioIo` (`examples/hyper_http1_http2.rs`: what ALPN agreed on is in
//! [`agreed`](crate::TlsStream::agreed)), under tonic in a type that tells it who calls (`examples/tonic.rs`), under tokio-util's
//! `Framed` as it is (`examples/codec.rs`).
//!
//! # Coming from somewhere else
//!
//! The repository has tables of names, and programs before and after, for users of
//! [rustls and tokio-rustls](https://github.com/ravelin-tls/ravelin/blob/main/docs/from-rustls.md),
//! [native-tls](https://github.com/ravelin-tls/ravelin/blob/main/docs/from-native-tls.md) and
//! [Adobe AIR](https://github.com/ravelin-tls/ravelin/blob/main/docs/from-air.md).

// Compiled as tests only: a published crate does not have these files.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/from-rustls.md")]
struct FromRustls;
#[cfg(doctest)]
#[doc = include_str!("../../../docs/from-native-tls.md")]
struct FromNativeTls;
#[cfg(doctest)]
#[doc = include_str!("../../../docs/from-air.md")]
struct FromAir;
