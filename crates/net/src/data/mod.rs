//! Typed data as AIR's sockets read and write it: numbers, text, character sets, objects. Without sockets.
//!
//! - [`Reader`] takes things out of what has arrived: each read takes all of its bytes, or none and says
//!   [`DataError::EndOfInput`].
//! - [`Writer`] puts things into a [`Buffer`] of what is to be sent.
//! - [`Charset`] is text in other character sets than UTF-8.
//! - [`amf`] is objects.
//!
//! Who has a socket pushes what arrives into the reader and sends what the writer holds.
//!
//! ```
//! use ravelin_net::data::{DataError, Endian, Reader, Writer};
//!
//! let mut writer = Writer::default();
//! writer.write_u16(443);
//! writer.endian = Endian::Little;
//! writer.write_utf("ravelin")?;
//!
//! let mut reader = Reader::default();
//! reader.push(writer.output.as_slice());
//! assert_eq!(reader.read_u16()?, 443);
//! reader.endian = Endian::Little;
//! assert_eq!(reader.read_utf()?, "ravelin");
//! assert_eq!(reader.read_bool(), Err(DataError::EndOfInput { needed: 1, available: 0 }));
//! # Ok::<(), DataError>(())
//! ```

pub mod amf;
mod buffer;
mod charset;
mod error;
mod reader;
mod writer;

pub use buffer::Buffer;
pub use charset::{Charset, Unencodable, UnknownCharset};
pub use error::DataError;
pub use reader::Reader;
pub use writer::Writer;

/// Which byte of a number comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Endian {
    /// The most significant one; the order of networks.
    #[default]
    Big,
    /// The least significant one.
    Little,
}
