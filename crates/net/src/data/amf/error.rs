//! Why a value could not be read or written.

use std::{fmt, sync::Arc};

/// Why bytes are not a value. Positions count from the first byte of the value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The object implements `IExternalizable`, and who read it said that its data cannot be so.
    #[error("externalizable `{class}` at byte {position}: {reason}")]
    External {
        /// Where its next field would begin.
        position: usize,
        /// Its class.
        class: Arc<str>,
        /// What was said.
        reason: String,
    },
    /// A limit is exceeded.
    #[error("AMF value exceeds the limit of {limit} at byte {position}")]
    Limit {
        /// Where that became clear.
        position: usize,
        /// Which of the [`Limits`](super::Limits).
        limit: LimitKind,
    },
    /// The sender broke the format.
    #[error("malformed AMF at byte {position}: {fault}")]
    Malformed {
        /// Where the offending part begins.
        position: usize,
        /// What is wrong with it.
        fault: Fault,
    },
    /// The value does not end within these bytes; everything so far is well-formed. Try again with more of them.
    #[error("AMF value is incomplete: {available} bytes are there, it has at least {needed}")]
    NotEnough {
        /// How long the value is at least, in bytes.
        needed: usize,
        /// How many bytes there are.
        available: usize,
    },
    /// The object implements `IExternalizable`, and nobody is registered to read its class.
    #[error("no reader is registered for the externalizable class `{class}` at byte {position}")]
    UnknownExternal {
        /// Where its data begins.
        position: usize,
        /// Its class.
        class: Arc<str>,
    },
}

/// One of the [`Limits`](super::Limits).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LimitKind {
    /// [`Limits::depth`](super::Limits::depth)
    Depth,
    /// [`Limits::elements`](super::Limits::elements)
    Elements,
    /// [`Limits::memory`](super::Limits::memory)
    Memory,
    /// [`Limits::string`](super::Limits::string)
    String,
}

impl fmt::Display for LimitKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            LimitKind::Depth => "depth",
            LimitKind::Elements => "elements",
            LimitKind::Memory => "memory",
            LimitKind::String => "string length",
        })
    }
}

/// How bytes break the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The traits of an externalizable class claim to have members as well (AMF 3, section 3.12).
    #[error("an externalizable class with members")]
    ExternalMembers,
    /// The end of an object where none is open, or after the name of a member (AMF 0, section 2.11).
    #[error("an end of object in the wrong place")]
    ObjectEnd,
    /// A reference to an object that was not there before.
    #[error("reference to object {0}, which was not sent")]
    ObjectReference(usize),
    /// A reference to an object of another kind than the marker says.
    #[error("reference to object {0}, which is of another kind")]
    ReferenceKind(usize),
    /// A marker that is reserved: a movie clip (4) or a record set (14) in AMF 0 (sections 2.6 and 2.16).
    #[error("marker {0:#04x} is reserved")]
    ReservedMarker(u8),
    /// A reference to a string that was not there before.
    #[error("reference to string {0}, which was not sent")]
    StringReference(usize),
    /// A reference to traits that were not there before.
    #[error("reference to traits {0}, which were not sent")]
    TraitsReference(usize),
    /// A marker that does not exist.
    #[error("unknown marker {0:#04x}")]
    UnknownMarker(u8),
    /// Text that is not UTF-8.
    #[error("text is not UTF-8")]
    Utf8,
}

/// Why a value cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// An [`Id`](super::Id) that is not of this graph.
    #[error("the graph has no object of this id")]
    ForeignId,
    /// More objects than references can count: in AMF 0 only the first 65,536 can be referred to.
    #[error("an object is shared, but AMF 0 can refer to the first 65536 objects only")]
    ManyObjects,
    /// A member without a name, where AMF 3 says by the empty name that there are no more.
    #[error("AMF 3 has no members with an empty name")]
    NamelessMember,
    /// Text, bytes or a list that are too long for their length to be written.
    #[error("{0} bytes or elements are more than the format can count here")]
    TooLong(usize),
    /// An instance whose members do not match its traits.
    #[error("an instance of `{class}` does not have the members that its traits say")]
    Traits {
        /// The class.
        class: Arc<str>,
    },
    /// [`Value::Unsupported`](super::Value::Unsupported) where AMF 3 has to be written.
    #[error("AMF 3 has no marker for an unsupported value")]
    Unsupported,
}
