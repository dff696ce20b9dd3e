use std::fmt;

/// A place in a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Bytes before it, as they were read.
    pub offset: u64,
    /// From 1.
    pub line: u64,
    /// In characters, from 1.
    pub column: u64,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// Why a document cannot be read, and where.
#[derive(Debug, thiserror::Error)]
#[error("{position}: {fault}")]
pub struct XmlError {
    /// Where. Inside what an entity stands for: where it is referred to.
    pub position: Position,
    /// Why.
    #[source]
    pub fault: XmlFault,
}

/// What is wrong with a document.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum XmlFault {
    /// The source of the bytes failed.
    #[error("cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// The bytes do not form characters in the encoding of the document.
    #[error("these bytes are not {0}")]
    Encoding(&'static str),
    /// An encoding that is not read here.
    #[error("the encoding {0:?} is not supported: UTF-8, UTF-16, US-ASCII and ISO-8859-1 are")]
    UnsupportedEncoding(String),
    /// The encoding that is declared is not the one in use.
    #[error("the document declares the encoding {declared:?} but is in {used}")]
    EncodingMismatch {
        /// As the declaration names it.
        declared: String,
        /// As the bytes show.
        used: &'static str,
    },
    /// A version that is not read here.
    #[error("XML {0} is not supported: 1.0 is")]
    UnsupportedVersion(String),
    /// A character that no document may contain (XML 1.0, section 2.2).
    #[error("the character U+{0:04X} is not allowed in XML")]
    Character(u32),
    /// The document ends inside something.
    #[error("the document ends inside {0}")]
    UnexpectedEnd(&'static str),
    /// Something else was to stand here.
    #[error("expected {0}")]
    Expected(&'static str),
    /// No name (XML 1.0, section 2.3; Namespaces, section 7).
    #[error("{0:?} is not a name")]
    Name(String),
    /// An end tag that is not the one of the element that is open.
    #[error("</{found}> closes <{open}>")]
    EndTag {
        /// The element that is open.
        open: String,
        /// What the tag says.
        found: String,
    },
    /// An end tag, and no element is open.
    #[error("</{0}> closes nothing")]
    EndTagAlone(String),
    /// Elements are still open where the document, or the entity, ends.
    #[error("<{0}> is not closed")]
    NotClosed(String),
    /// An attribute stands twice, perhaps with two prefixes.
    #[error("the attribute {0} stands twice")]
    AttributeTwice(String),
    /// A prefix stands twice in one start tag, or has no declaration.
    #[error("the prefix {0:?} has no declaration")]
    PrefixUnknown(String),
    /// A declaration of a namespace that Namespaces in XML, section 3, forbids.
    #[error("the namespace declaration of {0:?} is not allowed: {1}")]
    Declaration(String, &'static str),
    /// Something that must not stand here.
    #[error("{0} is not allowed here")]
    Misplaced(&'static str),
    /// `]]>` in character data, `--` in a comment, `<` in an attribute.
    #[error("{0:?} is not allowed in {1}")]
    Sequence(&'static str, &'static str),
    /// A reference to a character that no document may contain, or that is no number.
    #[error("the character reference &#{0}; is not valid")]
    CharacterReference(String),
    /// An entity that is not declared.
    #[error("the entity &{0}; is not declared")]
    EntityUnknown(String),
    /// An entity that may not be used here: external, unparsed, or itself part of what it stands for.
    #[error("the entity &{0}; may not be used here: {1}")]
    Entity(String, &'static str),
    /// A parameter entity that may not be used here.
    #[error("the parameter entity %{0}; may not be used here: {1}")]
    ParameterEntity(String, &'static str),
    /// A document type declaration, which is refused unless it is allowed.
    #[error(
        "document type declarations are refused; allow the internal subset if this document needs it"
    )]
    DoctypeRefused,
    /// A fault in the document type declaration.
    #[error("in the document type declaration: expected {0}")]
    Doctype(&'static str),
    /// One of the [`Limits`](super::Limits).
    #[error("more than the limit `{0}` allows")]
    Limit(&'static str),
}
