//! XML signatures, with what certificates say of where to look: issuers, CRLs and OCSP responses are fetched.
//!
//! - [`verify`]: a document and its settings in, a [`Verified`] out.
//! - [`XmlSignatureValidator`]: AIR's, with its events.
//!
//! Documents and whatever a dereferencer gives are read, and signatures verified, on tokio's threads for blocking work. So
//! a dereferencer may block, and may wait for something asynchronous with [`Handle::block_on`](tokio::runtime::Handle).
//! Whoever gives up waiting leaves a part of the work that has begun to its own end.
//!
//! ```
//! use ravelin_net::{fetch::{FetchConfig, FetchLimits, Fetcher}, xml};
//! use ravelin_xmldsig::verify::{KeySource, SameDocument, Settings};
//! use std::{io::Cursor, time::SystemTime};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let fetcher = Fetcher::new(FetchConfig::new(FetchLimits::default()))?;
//! let now = SystemTime::UNIX_EPOCH.elapsed()?;
//! let document = Cursor::new("<order>not signed</order>");
//! let error = xml::verify(document, Settings::default(), KeySource::Embedded, SameDocument, &fetcher, now)
//!     .await
//!     .unwrap_err();
//! assert_eq!(error.to_string(), "there is no Signature in the document");
//! # Ok(())
//! # }
//! ```

mod evidence;
mod validator;
mod verify;

pub use crate::socket::CertificateStatus;
pub use ravelin_xmldsig::air::{Event, RevocationCheck, ValidatorError};
pub use validator::XmlSignatureValidator;
pub use verify::{Verified, VerifyError, verify};
