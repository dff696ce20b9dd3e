use super::SignError;
use crate::{
    algorithm::DigestAlgorithm,
    c14n::Method,
    signature::{self, MANIFEST, Transform},
    xml::{Position, is_ncname},
};

/// The type of references to Object elements (W3C XML Signature 1.1, section 4.4.3.1).
const OBJECT: &str = "http://www.w3.org/2000/09/xmldsig#Object";

/// Something that is signed (W3C XML Signature 1.1, section 4.4.3).
///
/// ```
/// use ravelin_xmldsig::{algorithm::DigestAlgorithm, c14n::Method, sign::Reference};
///
/// // The document that the signature is put into.
/// let document = Reference::document().enveloped().canonicalized(Method::exclusive());
/// // The element with this identifier.
/// let element = Reference::element("body").digest(DigestAlgorithm::Sha512);
/// // A file beside it.
/// let file = Reference::uri("pictures/1.png");
/// ```
#[derive(Clone, Debug)]
pub struct Reference {
    uri: String,
    id: Option<String>,
    kind: Option<String>,
    transforms: Vec<Transform>,
    digest: Option<DigestAlgorithm>,
}

impl Reference {
    /// The whole document, comments left out. It needs [`enveloped`](Reference::enveloped), as the signature is in it.
    pub fn document() -> Reference {
        Reference::uri("")
    }

    /// The element with this identifier, comments left out.
    pub fn element(id: &str) -> Reference {
        Reference::uri(format!("#{id}"))
    }

    /// The [`Object`](super::Object) with this identifier.
    pub fn object(id: &str) -> Reference {
        Reference::element(id).kind(OBJECT)
    }

    /// The [`Manifest`](super::Manifest) with this identifier.
    pub fn manifest(id: &str) -> Reference {
        Reference::element(id).kind(MANIFEST)
    }

    /// Whatever the [`Dereference`](crate::verify::Dereference) that is given says this URI stands for.
    pub fn uri(uri: impl Into<String>) -> Reference {
        Reference { uri: uri.into(), id: None, kind: None, transforms: Vec::new(), digest: None }
    }

    /// Leaves the Signature itself out: the enveloped-signature transform.
    #[must_use]
    pub fn enveloped(self) -> Reference {
        self.transform(Transform::Enveloped)
    }

    /// Canonicalizes it. Parts of a document are canonicalized by Canonical XML 1.0 if nothing is said.
    #[must_use]
    pub fn canonicalized(self, method: Method) -> Reference {
        self.transform(Transform::Canonicalize(method))
    }

    /// Takes the octets that its text is the base64 of.
    #[must_use]
    pub fn base64(self) -> Reference {
        self.transform(Transform::Base64)
    }

    /// Makes the digest by this algorithm. Else it is made by that of [`Signing::digest`](super::Signing::digest).
    #[must_use]
    pub fn digest(mut self, digest: DigestAlgorithm) -> Reference {
        self.digest = Some(digest);
        self
    }

    /// Gives the Reference an `Id`.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Reference {
        self.id = Some(id.into());
        self
    }

    /// Gives the Reference a `Type`, a URI.
    #[must_use]
    pub fn kind(mut self, kind: impl Into<String>) -> Reference {
        self.kind = Some(kind.into());
        self
    }

    fn transform(mut self, transform: Transform) -> Reference {
        self.transforms.push(transform);
        self
    }

    pub(super) fn uri_text(&self) -> &str {
        &self.uri
    }

    pub(super) fn id_text(&self) -> Option<&str> {
        self.id.as_deref()
    }

    pub(super) fn kind_text(&self) -> Option<&str> {
        self.kind.as_deref()
    }

    pub(super) fn transforms(&self) -> &[Transform] {
        &self.transforms
    }

    pub(super) fn digest_or(&self, default: DigestAlgorithm) -> DigestAlgorithm {
        self.digest.unwrap_or(default)
    }

    pub(super) fn is_enveloped(&self) -> bool {
        self.transforms.contains(&Transform::Enveloped)
    }

    /// Whether it can be written and followed.
    pub(super) fn check(&self) -> Result<(), SignError> {
        check_id(self.id.as_deref())?;
        check_text("URI", &self.uri)?;
        check_text("Type", self.kind.as_deref().unwrap_or_default())?;
        if let Some(id) = self.uri.strip_prefix('#')
            && !id.starts_with("xpointer(")
        {
            check_id(Some(id))?;
        }
        Ok(())
    }

    /// As the verifier has it, before its digest is known.
    pub(super) fn as_read(
        &self,
        default: DigestAlgorithm,
        position: Position,
    ) -> signature::Reference {
        signature::Reference {
            position,
            uri: Some(self.uri.clone()),
            kind: self.kind.clone(),
            transforms: self.transforms.clone(),
            digest: self.digest_or(default),
            value: Ok(Vec::new()),
        }
    }
}

/// Identifiers are names without colons (Namespaces in XML 1.0, section 7).
pub(super) fn check_id(id: Option<&str>) -> Result<(), SignError> {
    match id {
        Some(id) if !is_ncname(id) => Err(SignError::setup(format!(
            "`{}` is no identifier: it must be a name without colons, such as `id-1`",
            id.escape_debug()
        ))),
        _ => Ok(()),
    }
}

pub(super) fn check_text(what: &str, text: &str) -> Result<(), SignError> {
    if text.chars().any(|c| c < ' ' || matches!(c, '\u{fffe}' | '\u{ffff}')) {
        let shown = text.escape_debug();
        return Err(SignError::setup(format!("the {what} `{shown}` has control characters in it")));
    }
    Ok(())
}
