//! Making signatures: into documents, around content, beside files, or all of it at once.
//!
//! [`Signing`] says how: the key, what is signed ([`Reference`]), what the Signature carries ([`Object`], [`Manifest`],
//! certificates). Then
//!
//! - [`sign_enveloped`](Signing::sign_enveloped) puts the Signature into a document. All other bytes of the document stay
//!   as they are. The document is read several times and never held, so its length does not matter.
//! - [`sign`](Signing::sign) makes a Signature that is a document by itself: around its content (*enveloping*), or for
//!   what lies elsewhere (*detached*).
//!
//! What is signed is what a verifier will see: digests are made by the code that verifies, over the document with the
//! Signature in it, and nothing is handed out that was not verified. The Signature has no white space in it. The same input
//! gives the same bytes; but RSA-PSS and ECDSA signatures differ every time.
//!
//! ```
//! use ravelin_xmldsig::{algorithm::SigningKey, sign::{Reference, Signing}};
//! use std::io::Cursor;
//!
//! let signing = Signing::new(SigningKey::from_secret(b"between us")?)
//!     .reference(Reference::document().enveloped());
//! let mut signed = Vec::new();
//! signing.sign_enveloped(Cursor::new("<order><item n='1'/></order>"), &mut signed)?;
//! let text = String::from_utf8(signed)?;
//! assert!(text.starts_with("<order><item n='1'/><Signature xmlns="));
//! assert!(text.ends_with("</Signature></order>"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod key_info;
mod making;
mod object;
mod place;
mod reference;
mod signing;
mod spliced;
mod template;

pub use error::SignError;
pub use object::{Manifest, Object};
pub use place::{Element, Place};
pub use reference::Reference;
pub use signing::{Signed, Signing};
