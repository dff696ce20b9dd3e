//! What decoding one value may cost.

/// What decoding one value may cost.
///
/// A peer chooses how deep and how large a value is, and a few bytes can stand for much memory. Whatever exceeds a limit
/// ends in [`DecodeError::Limit`](super::DecodeError::Limit), before the memory is taken.
///
/// ```
/// use ravelin_net::data::amf::Limits;
///
/// let mut limits = Limits::default();
/// limits.depth = 32;
/// assert_eq!(limits.elements, Limits::ELEMENTS);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// How deep values nest: an array of numbers has a depth of one. [`Limits::DEPTH`] by default.
    pub depth: usize,
    /// Values altogether, with names and keys. [`Limits::ELEMENTS`] by default.
    pub elements: usize,
    /// Bytes of memory that the value takes, within a factor of two. [`Limits::MEMORY`] by default.
    pub memory: usize,
    /// Bytes of one string, a name or an XML text. [`Limits::STRING`] by default.
    pub string: usize,
}

impl Limits {
    /// The default of [`depth`](Limits::depth). Decoding needs no stack for it, but those who walk the value might.
    pub const DEPTH: usize = 256;
    /// The default of [`elements`](Limits::elements).
    pub const ELEMENTS: usize = 1 << 20;
    /// The default of [`memory`](Limits::memory).
    pub const MEMORY: usize = 64 << 20;
    /// The default of [`string`](Limits::string).
    pub const STRING: usize = 16 << 20;
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            depth: Limits::DEPTH,
            elements: Limits::ELEMENTS,
            memory: Limits::MEMORY,
            string: Limits::STRING,
        }
    }
}
