//! XML signatures: verified in one pass over files of any size, with the signer judged, and made.
//!
//! - [`xml`]: a strict streaming reader of XML 1.0 with namespaces, with positions and named limits.
//! - [`c14n`]: canonical XML 1.0, 1.1 and exclusive, written while a document is read.

#![forbid(unsafe_code)]

pub mod c14n;
pub mod xml;
