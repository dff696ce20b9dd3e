//! Action Message Format, versions 0 and 3: ActionScript's values as bytes.
//!
//! [`decode`] and [`encode`] go between bytes and a [`Graph`]: one value with all objects that it leads to. References are
//! part of it: an object that was shared, or was its own member, is so again. A [`Decoder`] reads what arrives in pieces.
//!
//! - Both versions are whole, with the switch from AMF 0 to AMF 3 in the middle of a value. Only the markers that the
//!   specification reserves, movie clip and record set, are refused.
//! - Input is hostile: [`Limits`] bound depth, number, memory and text, and nesting takes no stack.
//! - A value that is cut off is told apart from one that is broken: [`DecodeError::NotEnough`].
//! - AMF 0 has no markers for byte arrays, vectors, dictionaries, E4X and externalizable objects. These, and what they
//!   lead to, are written in AMF 3 at their place. Dates and XML documents cannot be referred to in AMF 0: if they are
//!   shared, each place gets its own.
//!
//! Sections are those of Adobe's *Action Message Format – AMF 0* (2007) and *Action Message Format – AMF 3* (2013).
//!
//! ```
//! use ravelin_net::data::amf::{self, Externalizables, Graph, Instance, Limits, Object, ObjectEncoding, Value};
//!
//! let mut graph = Graph::default();
//! let members = vec![("title".into(), "Dune".into()), ("pages".into(), 412.into())];
//! graph.root = graph.insert(Object::Instance(Instance::anonymous(members))).into();
//!
//! let mut bytes = Vec::new();
//! amf::encode(&graph, ObjectEncoding::Amf3, &mut bytes)?;
//! let (again, length) =
//!     amf::decode(&bytes, ObjectEncoding::Amf3, &Limits::default(), &Externalizables::default())?;
//! assert_eq!(length, bytes.len());
//! assert_eq!(again, graph);
//! let Some(Object::Instance(book)) = again.root_object() else { unreachable!() };
//! assert!(matches!(book.member("pages"), Some(Value::Integer(412))));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod amf0;
mod amf3;
mod decoder;
mod error;
mod external;
mod graph;
mod limits;
mod source;
#[cfg(test)]
mod tests;
mod value;

pub use decoder::Decoder;
pub use error::{DecodeError, EncodeError, Fault, LimitKind};
pub use external::{Externalizable, Externalizables, Field, FieldKind};
pub use graph::Graph;
pub use limits::Limits;
pub use value::{
    Array, Date, Dictionary, External, Id, Instance, Members, Object, Traits, Value, Vector,
    VectorObject,
};

/// A version of the format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ObjectEncoding {
    /// AMF 0, of ActionScript 1 and 2. RTMP's commands are written so.
    Amf0,
    /// AMF 3, of ActionScript 3.
    #[default]
    Amf3,
}

/// Reads the value at the beginning of `bytes`, and tells its length.
///
/// # Errors
/// [`DecodeError::NotEnough`] if the value does not end within `bytes`: nothing is known against it yet. All others are
/// final.
pub fn decode(
    bytes: &[u8],
    encoding: ObjectEncoding,
    limits: &Limits,
    externalizables: &Externalizables,
) -> Result<(Graph, usize), DecodeError> {
    Decoder::new(encoding).decode(bytes, limits, externalizables)
}

/// Writes the root of `graph`, and all it leads to, behind what is in `out` already.
///
/// # Errors
/// When the format cannot express the value; `out` is as it was before.
pub fn encode(
    graph: &Graph,
    encoding: ObjectEncoding,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    let before = out.len();
    let result = match encoding {
        ObjectEncoding::Amf0 => amf0::encode(graph, out),
        ObjectEncoding::Amf3 => amf3::Encoder::new(graph).value(&graph.root, out),
    };
    if result.is_err() {
        out.truncate(before);
    }
    result
}
