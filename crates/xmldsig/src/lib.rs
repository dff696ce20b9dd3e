//! XML signatures: verified in one pass over files of any size, with the signer judged, and made.
//!
//! - [`xml`]: a strict streaming reader of XML 1.0 with namespaces, with positions and named limits.
//! - [`c14n`]: canonical XML 1.0, 1.1 and exclusive, written while a document is read.
//! - [`document`], [`xpath`] and [`nodeset`]: whole documents in memory, XPath 1.0, and the transforms that need them.
//! - [`verify`]: whether a signature holds, whose it is, and what it covers.
//! - [`air`]: the same in the manner of Adobe AIR's `XMLSignatureValidator`.
//! - [`sign`]: signatures into documents, around content and beside files.
//! - [`algorithm`]: digests, signatures and keys.
//! - [`base64`]: binary data in XML.

#![forbid(unsafe_code)]

pub mod air;
pub mod algorithm;
pub mod base64;
pub mod c14n;
pub mod document;
mod error;
mod held;
pub mod nodeset;
pub mod sign;
mod signature;
pub mod verify;
pub mod xml;
pub mod xpath;

pub use error::{Error, ErrorKind};
