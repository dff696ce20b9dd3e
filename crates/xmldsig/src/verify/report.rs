use std::{fmt, ops::Range};

/// What was found of one part of a signature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SignatureStatus {
    /// It holds.
    Valid,
    /// It does not.
    Invalid,
    /// It was not looked at, or there was too little to tell.
    #[default]
    Unknown,
}

impl SignatureStatus {
    /// The word of AIR's `SignatureStatus`.
    pub fn word(self) -> &'static str {
        match self {
            SignatureStatus::Valid => "valid",
            SignatureStatus::Invalid => "invalid",
            SignatureStatus::Unknown => "unknown",
        }
    }
}

impl fmt::Display for SignatureStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A part of a document, found again by the place where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// The element, as `{namespace}name`; for a whole document its document element.
    pub element: String,
    /// The bytes of the document from the element's start tag to its end tag.
    pub range: Range<u64>,
}

/// What was found of one Reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferenceReport {
    /// As it is written. None if the Reference has no URI.
    pub uri: Option<String>,
    /// Its attribute `Type`.
    pub kind: Option<String>,
    /// Whether its digest is what it is to be.
    pub status: SignatureStatus,
    /// Why not, if it is not.
    pub detail: Option<String>,
    /// The part of the document it covers, if it is one. With transforms that choose nodes it may cover less of it.
    pub covers: Option<Coverage>,
    /// Whether all of `covers` is covered, but for the Signature itself and for comments.
    pub whole: bool,
    /// The octets whose digest was made, if they were kept.
    pub octets: Option<Vec<u8>>,
    /// What was found of the references of the Manifest that it covers.
    pub manifest: Vec<ReferenceReport>,
}

/// Valid only if all are, invalid if one is, else unknown.
pub(crate) fn overall(statuses: impl IntoIterator<Item = SignatureStatus>) -> SignatureStatus {
    let mut overall = SignatureStatus::Valid;
    for status in statuses {
        match status {
            SignatureStatus::Invalid => return SignatureStatus::Invalid,
            SignatureStatus::Unknown => overall = SignatureStatus::Unknown,
            SignatureStatus::Valid => {}
        }
    }
    overall
}
