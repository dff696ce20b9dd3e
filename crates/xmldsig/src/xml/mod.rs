//! A strict streaming reader of XML 1.0 (fifth edition) with Namespaces in XML 1.0 (third edition).
//!
//! [`Reader`] gives one [`Event`] after the other. It holds what stands open at one place and a window of the text, never
//! the document; it takes nothing that is not well-formed, and never fetches anything. Documents in UTF-8, UTF-16,
//! US-ASCII and ISO-8859-1 are read. Document type declarations are refused unless [`Options::doctype`] allows their
//! internal subset.
//!
//! ```
//! use ravelin_xmldsig::xml::{Event, Reader};
//!
//! let mut reader = Reader::new(&b"<p:a xmlns:p='urn:x' n='1'>text &amp; more</p:a>"[..])?;
//! let mut text = String::new();
//! loop {
//!     match reader.next()? {
//!         Event::Start(start) => {
//!             assert!(start.name().is("urn:x", "a"));
//!             assert_eq!(start.attribute("", "n"), Some("1"));
//!         }
//!         Event::Text(piece) => text.push_str(piece),
//!         Event::Finish => break,
//!         _ => {}
//!     }
//! }
//! assert_eq!(text, "text & more");
//! # Ok::<(), ravelin_xmldsig::xml::XmlError>(())
//! ```

mod chars;
mod declaration;
mod dtd;
mod encoding;
mod error;
mod event;
mod input;
mod instruction;
mod limits;
mod names;
mod namespaces;
mod reader;
mod reference;
mod resume;
mod tag;

pub(crate) use chars::{continues_name, is_ncname, is_space, starts_name};
pub(crate) use encoding::Encoding;
pub use error::{Position, XmlError, XmlFault};
pub use event::{Attribute, AttributeKind, End, Event, Instruction, QName, Start};
pub use limits::Limits;
pub(crate) use names::{NameId, Names, PrefixId, UriId, XML_NAMESPACE};
pub use reader::{Doctype, Options, Reader};
pub(crate) use resume::{Legacy, Snapshot};
