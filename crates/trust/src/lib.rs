//! Decides whether a certificate may be trusted, and says exactly why or why not.
//!
//! One engine for TLS clients and servers, signatures and tools: it finds paths from a certificate to a trust anchor,
//! judges them by RFC 5280 and what has grown around it, and reports **every finding on every path that was tried**. It
//! does no I/O and reads no clock: evidence and time are arguments.
//!
//! - [`Request`] holds the question and what is known; [`evaluate`] answers it with a [`Verdict`].
//! - [`Evaluation`] does the same in steps, asking for issuers, CRLs and OCSP responses that would help.
//! - [`Anchors`] is what is trusted; [`Profile`] is a set of [`Rule`]s with what each means when broken.
//! - [`Certificate`], [`revocation`], [`der`], [`name`] and [`signature`] are the parts.
//!
//! A path that was judged good is proven by a [`Trusted`], which nobody else can make.
#![forbid(unsafe_code)]

mod anchors;
pub mod certificate;
pub mod checks;
pub mod der;
mod evaluation;
pub mod name;
mod oid;
mod path;
mod policy;
mod profile;
mod purpose;
mod request;
pub mod revocation;
mod rule;
pub mod signature;
mod time;
mod verdict;

pub use anchors::{Anchor, AnchorLimits, Anchors};
pub use certificate::{Certificate, CertificateError};
pub use evaluation::{Evaluation, MAX_FETCHES, Step, Wanted, WantedKind, evaluate};
pub use name::{DistinguishedName, Name, NameError};
pub use policy::PolicyInput;
pub use profile::{Profile, UnknownProfile};
pub use purpose::{Purpose, UnknownPurpose};
pub use request::{Limits, Request};
pub use rule::{Level, Rule, UnknownRule};
pub use time::Time;
pub use verdict::{CandidatePath, CertificateRevocation, Finding, Status, Trusted, Verdict};
