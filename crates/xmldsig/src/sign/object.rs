use super::{
    Reference, SignError,
    reference::{check_id, check_text},
};
use crate::{
    Error,
    c14n::{Flavour, Method, canonicalize},
    xml::{Encoding, Event, Options, Reader},
};

/// An Object element: content that the Signature carries (W3C XML Signature 1.1, section 4.6). Only what a [`Reference`]
/// refers to is signed.
///
/// ```
/// use ravelin_xmldsig::{algorithm::SigningKey, sign::{Object, Reference, Signing}};
///
/// let signed = Signing::new(SigningKey::from_secret(b"between us")?)
///     .object(Object::xml(b"<?xml version='1.0'?><order n='1'/>")?.id("order"))
///     .reference(Reference::object("order"))
///     .sign()?;
/// assert!(String::from_utf8(signed)?.ends_with("<Object Id=\"order\"><order xmlns=\"\" n='1'/></Object></Signature>"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Object {
    pub(super) id: Option<String>,
    pub(super) mime_type: Option<String>,
    pub(super) encoding: Option<String>,
    pub(super) content: Content,
}

/// What an Object holds.
#[derive(Clone, Debug)]
pub(super) enum Content {
    /// An element, as text.
    Xml(String),
    Text(String),
    Base64(Vec<u8>),
    Manifest(Manifest),
}

impl Object {
    /// The document element of an XML document, as it is written there. What stands beside it is left out. If it does
    /// not say what its default namespace is, it gets `xmlns=""`, as it would be in another namespace inside the Signature.
    /// A document in another encoding than UTF-8 is written anew, in its canonical form with comments.
    ///
    /// # Errors
    /// When the document is not well-formed, or has a document type declaration.
    pub fn xml(document: &[u8]) -> Result<Object, Error> {
        Ok(Object::with(Content::Xml(element(document)?)))
    }

    /// Text.
    pub fn text(text: impl Into<String>) -> Object {
        Object::with(Content::Text(text.into()))
    }

    /// Octets, as base64. A reference with [`base64`](Reference::base64) signs the octets, one without it the Object.
    pub fn base64(octets: impl Into<Vec<u8>>) -> Object {
        let encoding = Some("http://www.w3.org/2000/09/xmldsig#base64".to_owned());
        Object { encoding, ..Object::with(Content::Base64(octets.into())) }
    }

    /// Gives it an `Id`, by which references find it.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Object {
        self.id = Some(id.into());
        self
    }

    /// Says of which type its content is, as `text/plain`.
    #[must_use]
    pub fn mime_type(mut self, mime_type: impl Into<String>) -> Object {
        self.mime_type = Some(mime_type.into());
        self
    }

    pub(super) fn manifest(manifest: Manifest) -> Object {
        Object::with(Content::Manifest(manifest))
    }

    pub(super) fn check(&self) -> Result<(), SignError> {
        check_id(self.id.as_deref())?;
        check_text("MimeType", self.mime_type.as_deref().unwrap_or_default())?;
        let is_text =
            |c: char| c >= ' ' && !matches!(c, '\u{fffe}' | '\u{ffff}') || "\t\n\r".contains(c);
        match &self.content {
            Content::Text(text) if !text.chars().all(is_text) => Err(SignError::setup(
                "the text of an Object has characters that no XML document may have; give it as base64",
            )),
            Content::Manifest(manifest) => manifest.check(),
            _ => Ok(()),
        }
    }

    fn with(content: Content) -> Object {
        Object { id: None, mime_type: None, encoding: None, content }
    }
}

/// A list of references that is signed as such: whether what they refer to is unchanged is for each application to
/// look at (W3C XML Signature 1.1, section 5.1).
///
/// ```
/// use ravelin_xmldsig::sign::{Manifest, Reference};
/// let files = ["mimetype", "main.swf"];
/// let manifest = Manifest::new("files").references(files.map(Reference::uri));
/// ```
#[derive(Clone, Debug)]
pub struct Manifest {
    pub(super) id: String,
    pub(super) references: Vec<Reference>,
}

impl Manifest {
    /// An empty one with an `Id`. It needs a reference at least.
    pub fn new(id: impl Into<String>) -> Manifest {
        Manifest { id: id.into(), references: Vec::new() }
    }

    /// Adds a reference.
    #[must_use]
    pub fn reference(mut self, reference: Reference) -> Manifest {
        self.references.push(reference);
        self
    }

    /// Adds references.
    #[must_use]
    pub fn references(mut self, references: impl IntoIterator<Item = Reference>) -> Manifest {
        self.references.extend(references);
        self
    }

    fn check(&self) -> Result<(), SignError> {
        check_id(Some(&self.id))?;
        if self.references.is_empty() {
            return Err(SignError::setup(format!(
                "the Manifest `{}` is empty: it needs a reference",
                self.id
            )));
        }
        self.references.iter().try_for_each(Reference::check)
    }
}

/// The document element as text, fit to stand anywhere.
fn element(document: &[u8]) -> Result<String, Error> {
    let mut reader = Reader::with(document, &Options::default())?;
    if !matches!(reader.encoding(), Encoding::Utf8 | Encoding::Ascii) {
        let method = Method { flavour: Flavour::Inclusive, comments: true };
        let mut octets = Vec::new();
        canonicalize(&mut reader, &method, &mut octets)?;
        return element(&octets);
    }
    let (mut start, mut end, mut name, mut is_declared) = (0, 0, 0, false);
    loop {
        match reader.next()? {
            Event::Start(tag) if tag.depth() == 1 => {
                start = tag.offset();
                name = tag.name().to_string().len();
                is_declared = tag.declarations().any(|(prefix, _)| prefix.is_empty());
            }
            Event::End(tag) => end = tag.end(),
            Event::Finish => break,
            _ => {}
        }
    }
    let octets = usize::try_from(start).ok().zip(usize::try_from(end).ok());
    let octets = octets.and_then(|(start, end)| document.get(start..end)).unwrap_or_default();
    let mut text = String::from_utf8_lossy(octets).into_owned();
    if !is_declared {
        text.insert_str(1 + name, " xmlns=\"\"");
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_element_is_taken_as_it_is() {
        let cases: [(&[u8], &str); 5] = [
            (b"<?xml version='1.0'?><!--c-->\n<a  b='1'>x</a>\n", "<a xmlns=\"\"  b='1'>x</a>"),
            (b"<a xmlns='urn:x'/>", "<a xmlns='urn:x'/>"),
            (b"<p:a xmlns:p='urn:x'/>", "<p:a xmlns=\"\" xmlns:p='urn:x'/>"),
            ("\u{feff}<\u{e9}><b/></\u{e9}>".as_bytes(), "<\u{e9} xmlns=\"\"><b/></\u{e9}>"),
            (
                b"<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe9<!--c--></a>",
                "<a xmlns=\"\">\u{e9}<!--c--></a>",
            ),
        ];
        for (document, expected) in cases {
            assert_eq!(element(document).unwrap(), expected);
        }
        assert!(Object::xml(b"<a>").is_err());
        assert!(Object::xml(b"<!DOCTYPE a><a/>").is_err());
    }
}
