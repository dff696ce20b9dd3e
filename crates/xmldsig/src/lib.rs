//! XML signatures: verified in one pass over files of any size, with the signer judged, and made.
//!
//! - [`algorithm`]: digests, signatures and keys, as the standards' URIs name them, and what is taken on demand only.
//! - [`base64`]: XML's base64, read strictly and in pieces.
//! - [`xml`]: a strict streaming reader of XML 1.0 with namespaces, with positions and named limits.

#![forbid(unsafe_code)]

pub mod algorithm;
pub mod base64;
pub mod xml;
