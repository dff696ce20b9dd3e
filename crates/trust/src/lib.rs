//! Decides whether a certificate may be trusted, and says exactly why or why not.
#![forbid(unsafe_code)]

pub mod certificate;
pub mod der;
pub mod name;
mod oid;
pub mod revocation;
pub mod signature;
mod time;

pub use certificate::{Certificate, CertificateError};
pub use name::{DistinguishedName, Name, NameError};
pub use time::Time;
