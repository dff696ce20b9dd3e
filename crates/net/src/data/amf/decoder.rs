//! Reading a value that arrives in pieces.

use super::{
    DecodeError, Externalizables, Graph, Limits, ObjectEncoding, amf0, amf3,
    source::{Progress, Source},
};
use std::{fmt, mem};

/// Reads a value that arrives in pieces, and never the same piece twice: however small the pieces are, the work stays in
/// proportion to their sum.
///
/// ```
/// use ravelin_net::data::amf::{Decoder, DecodeError, Externalizables, Graph, Limits, ObjectEncoding};
///
/// let (limits, classes) = (Limits::default(), Externalizables::default());
/// let mut decoder = Decoder::new(ObjectEncoding::Amf3);
/// let bytes = b"\x06\x07abc...";
/// assert!(matches!(
///     decoder.decode(&bytes[..3], &limits, &classes),
///     Err(DecodeError::NotEnough { needed: 5, available: 3 })
/// ));
/// assert_eq!(decoder.decode(bytes, &limits, &classes)?, (Graph::from("abc"), 5));
/// # Ok::<(), DecodeError>(())
/// ```
#[derive(Clone)]
pub struct Decoder {
    state: State,
    graph: Graph,
    progress: Progress,
}

#[derive(Clone)]
enum State {
    Amf0(amf0::Decoder),
    Amf3(amf3::Decoder),
}

impl Decoder {
    /// A decoder that has read nothing.
    pub fn new(encoding: ObjectEncoding) -> Decoder {
        let state = match encoding {
            ObjectEncoding::Amf0 => State::Amf0(amf0::Decoder::default()),
            ObjectEncoding::Amf3 => State::Amf3(amf3::Decoder::default()),
        };
        Decoder { state, graph: Graph::default(), progress: Progress::default() }
    }

    /// The version that it reads.
    pub fn encoding(&self) -> ObjectEncoding {
        match self.state {
            State::Amf0(_) => ObjectEncoding::Amf0,
            State::Amf3(_) => ObjectEncoding::Amf3,
        }
    }

    /// Reads the value at the beginning of `bytes`, and tells its length. `bytes` has to begin with those of the last time if
    /// they were not enough; after any other result, it is about a new value.
    ///
    /// # Errors
    /// [`DecodeError::NotEnough`] if the value does not end within `bytes`: nothing is known against it yet.
    pub fn decode(
        &mut self,
        bytes: &[u8],
        limits: &Limits,
        externalizables: &Externalizables,
    ) -> Result<(Graph, usize), DecodeError> {
        let mut source = Source::new(bytes, limits, self.progress);
        let graph = &mut self.graph;
        let result = match &mut self.state {
            State::Amf0(decoder) => decoder.value(&mut source, graph, externalizables),
            State::Amf3(decoder) => decoder.value(&mut source, graph, externalizables, 0),
        };
        if let Err(error @ DecodeError::NotEnough { .. }) = result {
            self.progress = source.progress();
            return Err(error);
        }
        let read = mem::replace(self, Decoder::new(self.encoding()));
        result.map(|root| {
            let mut graph = read.graph;
            graph.root = root;
            (graph, source.position())
        })
    }
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder").field("encoding", &self.encoding()).finish_non_exhaustive()
    }
}
