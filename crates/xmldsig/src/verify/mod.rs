//! Verifying signatures: three statuses, in their order, and what is covered.
//!
//! [`verify`] does all of it; [`Verification`] does it step by step, so that evidence about the signer can be fetched on
//! the way. The document is read twice, whatever its length and however many references there are, and never held.
//!
//! 1. *digest*: whether SignatureValue is a signature over SignedInfo. If not, nothing else is looked at.
//! 2. *identity*: whether the certificate of the key is trusted, as `ravelin-trust` says. `Invalid` is a certificate that
//!    is expired, revoked or altered; `Unknown` is one that leads to no trust anchor.
//! 3. *references*: whether what is signed is unchanged.
//!
//! ```
//! use ravelin_xmldsig::verify::{verify, KeySource, SameDocument, Settings};
//! use ravelin_xmldsig::ErrorKind;
//! use std::io::Cursor;
//!
//! let document = Cursor::new("<order>not signed</order>");
//! let error = verify(document, &Settings::default(), &KeySource::Embedded, &mut SameDocument).unwrap_err();
//! assert_eq!(error.kind, ErrorKind::Malformed);
//! assert_eq!(error.to_string(), "line 1, column 26: there is no Signature in the document");
//! ```

mod choose;
mod dereference;
mod digests;
mod keys;
mod locate;
mod manifests;
mod octets;
mod out;
mod pass;
mod plan;
mod profile;
mod references;
mod report;
mod same;
mod settings;
mod signed;
mod signer;
mod sink;
mod tree;
mod verification;
mod wanted;

pub use dereference::{Body, Dereference, DereferenceError, SameDocument};
pub(crate) use digests::{digests, signed};
pub use report::{Coverage, ReferenceReport, Report, SignatureStatus};
pub use settings::{Choice, Limits, Profile, ReferencesValidation, Settings};
pub use signed::{SignedDocument, SignedElement};
pub use signer::{Signer, Trust, TrustSetting};
pub use verification::{KeySource, Next, Verification};

pub(crate) use report::overall;

use crate::Error;
use std::io::{Read, Seek};

/// The name of the limit of the octets that references cover.
pub(crate) const OCTETS: &str = "octets";

/// Verifies a signature of `document`, with what is at hand: nothing is fetched.
///
/// # Errors
/// When it cannot be told whether the signature is good: see [`Verification::open`] and [`Verification::next`].
pub fn verify<D: Read + Seek>(
    document: D,
    settings: &Settings,
    keys: &KeySource,
    dereference: &mut dyn Dereference,
) -> Result<Report, Error> {
    let mut verification = Verification::open(document, settings, keys, dereference)?;
    loop {
        match verification.next(dereference)? {
            Next::Fetch(wanted) => verification.missing(wanted, "nothing is fetched"),
            Next::Done(report) => return Ok(*report),
        }
    }
}
