//! XML signatures: verified in one pass over files of any size, with the signer judged, and made.
//!
//! - [`xml`]: a strict streaming reader of XML 1.0 with namespaces, with positions and named limits.

#![forbid(unsafe_code)]

pub mod xml;
