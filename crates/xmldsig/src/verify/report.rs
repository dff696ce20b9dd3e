use super::{signed::SignedDocument, signer::Signer};
use crate::{
    algorithm::{DigestValue, SignatureAlgorithm},
    document::Node,
    signature::Reference,
    xml::QName,
};
use std::{fmt, ops::Range, sync::Arc};

/// What a verification found.
#[derive(Clone, Debug)]
pub struct Report {
    pub(super) digest_status: SignatureStatus,
    pub(super) identity_status: SignatureStatus,
    pub(super) references_status: SignatureStatus,
    pub(super) signer: Option<Signer>,
    pub(super) references: Vec<ReferenceReport>,
    pub(super) algorithm: SignatureAlgorithm,
    pub(super) signature_id: Option<String>,
    pub(super) signed: Option<Arc<SignedDocument>>,
}

impl Report {
    /// Valid only if all three are; invalid if one is; else unknown.
    pub fn validity_status(&self) -> SignatureStatus {
        overall([self.digest_status, self.identity_status, self.references_status])
    }

    /// Whether SignatureValue is a signature over SignedInfo.
    pub fn digest_status(&self) -> SignatureStatus {
        self.digest_status
    }

    /// Whether the signer is trusted.
    pub fn identity_status(&self) -> SignatureStatus {
        self.identity_status
    }

    /// Whether what is signed is unchanged.
    pub fn references_status(&self) -> SignatureStatus {
        self.references_status
    }

    /// Who signed. `None` if the signature does not hold, or holds under a key whose owner was not asked for.
    pub fn signer(&self) -> Option<&Signer> {
        self.signer.as_ref()
    }

    /// What was found of each Reference, in the order of SignedInfo.
    pub fn references(&self) -> &[ReferenceReport] {
        &self.references
    }

    /// How SignedInfo was signed.
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// What of the document is signed: with [`keep_document`](super::Settings::keep_document), when the signature holds and
    /// all references are good. Who signed it is another question, which [`identity_status`](Report::identity_status)
    /// answers.
    pub fn signed(&self) -> Option<&SignedDocument> {
        self.signed.as_deref()
    }

    /// The identifier of the Signature, if it has one.
    pub fn signature_id(&self) -> Option<&str> {
        self.signature_id.as_deref()
    }
}

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

impl Coverage {
    /// An element.
    pub(super) fn of(element: Node<'_>) -> Option<Coverage> {
        Some(Coverage { element: expanded(element.name()?), range: element.byte_range()? })
    }
}

/// `{namespace}name`, or the name alone if it has no namespace.
pub(super) fn expanded(name: QName<'_>) -> String {
    if name.namespace.is_empty() {
        name.local.to_owned()
    } else {
        format!("{{{}}}{}", name.namespace, name.local)
    }
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
    /// What its digest is, if it was made.
    pub digest: Option<DigestValue>,
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

impl ReferenceReport {
    /// Nothing was found yet.
    pub(super) fn unknown(reference: &Reference) -> ReferenceReport {
        ReferenceReport {
            uri: reference.uri.clone(),
            kind: reference.kind.clone(),
            status: SignatureStatus::Unknown,
            digest: None,
            detail: None,
            covers: None,
            whole: false,
            octets: None,
            manifest: Vec::new(),
        }
    }
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
