//! TLS for applications on tokio, with servers that can be trusted.
//!
//! - [`guide`]: how to do what.
//! - [`TlsConnector`] and [`TlsAcceptor`] make a [`TlsStream`] of any stream, once the other side is trusted.
//! - [`socket`]: AIR's `SecureSocket` and `Socket`, with events, typed data and servers that are trusted.
//! - [`data`]: typed reads and writes as in AIR: numbers, text, character sets, objects in AMF; without sockets.
//! - [`fetch`]: issuer certificates, certificate revocation lists and OCSP responses over HTTP, within limits of size,
//!   time, redirects and address ranges, cached in memory and on disk. URLs come out of certificates, so whoever issued
//!   the certificate chose them: they are hostile input, and so is everything that comes back.
//! - [`dial`](fn@dial): connects to whichever address of a host answers first.
//! - [`evaluate`](fn@evaluate): drives `ravelin-trust`'s evaluation, fetching what it asks for.
//! - `xml` (feature `xml`): XML signatures verified with what is fetched about the signer; AIR's `XMLSignatureValidator`.
//! - [`roots`]: trust anchors from the platform, from Mozilla's list or from files, as DER.
//!
//! What it is not: nothing here reads a certificate, a CRL or an OCSP response, or decides anything about one: that is
//! `ravelin-trust`'s. TLS, for `https` URLs, is `ravelin-tls`'s. There is no general HTTP
//! client either: no proxies, no cookies, no passwords, no kept-alive connections.
//!
//! ```no_run
//! use ravelin_net::{fetch::{FetchConfig, FetchLimits, FetchRequest, Fetcher}, roots};
//! use std::time::{SystemTime, UNIX_EPOCH};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let mut config = FetchConfig::new(FetchLimits::default());
//! config.roots = roots::platform().certificates;
//! let fetcher = Fetcher::new(config)?;
//!
//! let request = FetchRequest::crl("http://crl.example/root.crl");
//! let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
//! match fetcher.fetch(&request, now).await {
//!     Ok(evidence) => println!("{} bytes", evidence.bytes().len()),
//!     Err(error) => eprintln!("undetermined: {error}"),
//! }
//! # Ok(())
//! # }
//! ```

#![forbid(unsafe_code)]

mod acceptor;
pub mod blocking;
mod connector;
pub mod data;
mod dial;
mod evaluate;
pub mod fetch;
pub mod guide;
pub mod roots;
pub mod socket;
mod stream;
#[cfg(feature = "xml")]
pub mod xml;

pub use acceptor::{Accepting, TlsAcceptor};
pub use connector::{ConnectError, TlsConnector};
pub use dial::dial;
pub use evaluate::{Evaluated, Fetched, evaluate};
pub use stream::{StreamError, TlsStream};
