//! Canonical XML: one octet sequence for all the ways of writing the same document.
//!
//! [`Method`] names one of the six: [Canonical XML 1.0](https://www.w3.org/TR/2001/REC-xml-c14n-20010315),
//! [1.1](https://www.w3.org/TR/xml-c14n11/) and [Exclusive](https://www.w3.org/TR/xml-exc-c14n/), each with and without
//! comments. [`canonicalize`] writes a whole document while it is being read, in memory that follows its depth.
//!
//! ```
//! use ravelin_xmldsig::{c14n::{canonicalize, Method}, xml::{Options, Reader}};
//!
//! let mut reader = Reader::new(&b"<a  z='1' b=\"2\"><!-- left out --><c/></a>"[..])?;
//! let mut octets = Vec::new();
//! canonicalize(&mut reader, &Method::default(), &mut octets)?;
//! assert_eq!(octets, b"<a b=\"2\" z=\"1\"><c></c></a>");
//! # Ok::<(), ravelin_xmldsig::c14n::C14nError>(())
//! ```

pub(crate) mod escape;
mod inherited;
mod method;
mod stream;
mod subset;
mod tag;

pub(crate) use inherited::Inherited;
pub use method::{Flavour, Method};
pub(crate) use stream::{Place, Stream};
pub use subset::canonicalize_nodes;

use crate::xml::{Event, Reader, XmlError};
use std::io::{self, Read, Write};

/// Why a document has no canonical form, or it cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum C14nError {
    /// The document cannot be read.
    #[error(transparent)]
    Document(#[from] XmlError),
    /// A namespace name that is no absolute URI: such a document has no canonical form (Canonical XML 1.0, section 1.3).
    #[error("the namespace name {0:?} is relative, so the document has no canonical form")]
    RelativeNamespace(String),
    /// One of the [`Limits`](crate::xpath::Limits) of what may be done with sets of nodes; or `xml:base`, when more of these
    /// attributes would have to be joined than any document needs (Canonical XML 1.1, section 2.4).
    #[error("more than the limit `{0}` allows")]
    Limit(&'static str),
    /// The octets cannot be written.
    #[error("cannot write: {0}")]
    Write(#[from] io::Error),
}

/// Writes the canonical form of what `reader` has still to give, which is a whole document. The answer is its length.
///
/// # Errors
/// When the document cannot be read, has no canonical form, or `into` fails. What was written by then is worth nothing.
pub fn canonicalize<R: Read, W: Write>(
    reader: &mut Reader<R>,
    method: &Method,
    into: W,
) -> Result<u64, C14nError> {
    let mut stream = Stream::new(method.clone(), into);
    let mut inherited = Inherited::default();
    let mut place = Place::Before;
    let mut depth = 0_usize;
    loop {
        match reader.next()? {
            Event::Start(start) => {
                stream.start(&start, (depth == 0).then_some(&mut inherited))?;
                depth += 1;
                place = Place::Inside;
            }
            Event::End(end) => {
                stream.end(&end)?;
                depth -= 1;
                if depth == 0 {
                    place = Place::After;
                }
            }
            Event::Text(text) => stream.text(text)?,
            Event::Comment(text) => stream.comment(text, place)?,
            Event::Instruction(instruction) => stream.instruction(&instruction, place)?,
            Event::Finish => return Ok(stream.finish()?.1),
        }
    }
}
