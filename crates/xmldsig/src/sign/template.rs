//! The Signature as text, before everything in it is known.

use super::{
    Reference, SignError,
    object::{Content, Object},
};
use crate::{
    algorithm::{DigestAlgorithm, DigestValue},
    base64,
    c14n::{Flavour, Method, escape},
    signature::{DSIG, Transform},
    xml::Encoding,
};

/// Text with gaps for what is known only later. Digests have their length from the beginning on.
#[derive(Debug)]
pub(super) struct Template(Vec<Piece>);

#[derive(Debug)]
enum Piece {
    /// Characters that the document's encoding has not may become references.
    Text(String),
    /// Characters that the document's encoding has not are an error.
    Raw(String),
    /// The digest of the reference of this number.
    Digest(usize),
    /// The value of the signature.
    Value,
}

/// What is known.
#[derive(Debug)]
pub(super) struct Known {
    /// By the number of the reference.
    pub(super) digests: Vec<(DigestAlgorithm, Option<DigestValue>)>,
    pub(super) value: Vec<u8>,
}

/// A template as bytes.
#[derive(Debug, Default)]
pub(super) struct Filled {
    pub(super) bytes: Vec<u8>,
    /// Where the digests stand.
    pub(super) digests: Vec<usize>,
    /// Where the value of the signature stands.
    pub(super) value: usize,
}

impl Template {
    /// In the encoding of the document.
    pub(super) fn fill(&self, known: &Known, encoding: Encoding) -> Result<Filled, SignError> {
        let mut filled = Filled { digests: vec![0; known.digests.len()], ..Filled::default() };
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => encode(text, encoding, true, &mut filled.bytes)?,
                Piece::Raw(text) => encode(text, encoding, false, &mut filled.bytes)?,
                Piece::Digest(number) => {
                    filled.digests[*number] = filled.bytes.len();
                    let (algorithm, digest) = &known.digests[*number];
                    let zeros = [0; 64];
                    let octets =
                        digest.as_ref().map_or(&zeros[..algorithm.length()], AsRef::as_ref);
                    encode(&base64::encode(octets), encoding, false, &mut filled.bytes)?;
                }
                Piece::Value => {
                    filled.value = filled.bytes.len();
                    encode(&base64::encode(&known.value), encoding, false, &mut filled.bytes)?;
                }
            }
        }
        Ok(filled)
    }
}

/// Appends text in an encoding.
fn encode(
    text: &str,
    encoding: Encoding,
    may_refer: bool,
    into: &mut Vec<u8>,
) -> Result<(), SignError> {
    let last =
        match encoding {
            Encoding::Utf8 => {
                into.extend_from_slice(text.as_bytes());
                return Ok(());
            }
            Encoding::Utf16 { big_endian } => {
                into.extend(text.encode_utf16().flat_map(|unit| {
                    if big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() }
                }));
                return Ok(());
            }
            Encoding::Ascii => '\x7f',
            Encoding::Latin1 => '\u{ff}',
        };
    for c in text.chars() {
        match u8::try_from(u32::from(c)) {
            Ok(byte) if c <= last => into.push(byte),
            _ if may_refer => into.extend_from_slice(format!("&#x{:X};", u32::from(c)).as_bytes()),
            _ => {
                return Err(SignError::setup(format!(
                    "the document is in {}, which has no `{c}`, and the content of an Object has one: write the document in UTF-8",
                    encoding.name()
                )));
            }
        }
    }
    Ok(())
}

/// Writes a template, with no white space between elements.
#[derive(Debug)]
pub(super) struct Writer {
    pieces: Vec<Piece>,
    /// With its colon, if there is one.
    prefix: String,
}

impl Writer {
    /// Elements of XML signatures get this prefix; none if it is empty.
    pub(super) fn new(prefix: &str) -> Writer {
        let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}:") };
        Writer { pieces: Vec::new(), prefix }
    }

    pub(super) fn finish(self) -> Template {
        Template(self.pieces)
    }

    /// The declaration of the namespace of XML signatures.
    pub(super) fn declaration(&self) -> (String, &'static str) {
        match self.prefix.strip_suffix(':') {
            Some(prefix) => (format!("xmlns:{prefix}"), DSIG),
            None => ("xmlns".to_owned(), DSIG),
        }
    }

    /// An element of XML signatures. Attributes without value are left out.
    pub(super) fn element(
        &mut self,
        local: &str,
        attributes: &[(&str, Option<&str>)],
        content: impl FnOnce(&mut Writer),
    ) {
        self.open(local, attributes);
        content(self);
        let end = format!("</{}{local}>", self.prefix);
        self.raw(&end);
    }

    /// An element whose algorithm says everything.
    pub(super) fn algorithm(&mut self, local: &str, uri: &str) {
        self.element(local, &[("Algorithm", Some(uri))], |_| {});
    }

    pub(super) fn base64(&mut self, local: &str, octets: &[u8]) {
        self.element(local, &[], |out| out.raw(&base64::encode(octets)));
    }

    pub(super) fn text(&mut self, text: &str) {
        let mut escaped = Vec::new();
        escape::text(text, &mut escaped);
        self.push(&String::from_utf8_lossy(&escaped));
    }

    pub(super) fn raw(&mut self, text: &str) {
        match self.pieces.last_mut() {
            Some(Piece::Raw(last)) => last.push_str(text),
            _ => self.pieces.push(Piece::Raw(text.to_owned())),
        }
    }

    pub(super) fn value(&mut self) {
        self.pieces.push(Piece::Value);
    }

    /// A Reference and the gap for its digest.
    pub(super) fn reference(
        &mut self,
        number: usize,
        reference: &Reference,
        digest: DigestAlgorithm,
    ) {
        let attributes = [
            ("Id", reference.id_text()),
            ("Type", reference.kind_text()),
            ("URI", Some(reference.uri_text())),
        ];
        self.element("Reference", &attributes, |out| {
            if !reference.transforms().is_empty() {
                out.element("Transforms", &[], |out| {
                    for transform in reference.transforms() {
                        out.transform(transform);
                    }
                });
            }
            out.algorithm("DigestMethod", digest.uri());
            out.element("DigestValue", &[], |out| out.pieces.push(Piece::Digest(number)));
        });
    }

    /// `CanonicalizationMethod` or `Transform`.
    pub(super) fn canonicalization(&mut self, local: &str, method: &Method) {
        let prefixes = match &method.flavour {
            Flavour::Exclusive { prefixes } => &prefixes[..],
            _ => &[],
        };
        self.element(local, &[("Algorithm", Some(method.uri()))], |out| {
            if prefixes.is_empty() {
                return;
            }
            let list = prefixes.iter().map(|prefix| match &prefix[..] {
                "" => "#default",
                prefix => prefix,
            });
            let mut value = Vec::new();
            escape::attribute(&list.collect::<Vec<_>>().join(" "), &mut value);
            out.push(&format!(
                "<InclusiveNamespaces xmlns=\"http://www.w3.org/2001/10/xml-exc-c14n#\" PrefixList=\"{}\"></InclusiveNamespaces>",
                String::from_utf8_lossy(&value)
            ));
        });
    }

    /// An Object; the references of a Manifest in it have numbers from `first` on.
    pub(super) fn object(&mut self, object: &Object, first: usize, default: DigestAlgorithm) {
        let attributes = [
            ("Id", object.id.as_deref()),
            ("MimeType", object.mime_type.as_deref()),
            ("Encoding", object.encoding.as_deref()),
        ];
        self.element("Object", &attributes, |out| match &object.content {
            Content::Xml(element) => out.raw(element),
            Content::Text(text) => out.text(text),
            Content::Base64(octets) => out.raw(&base64::encode(octets)),
            Content::Manifest(manifest) => {
                out.element("Manifest", &[("Id", Some(&manifest.id))], |out| {
                    for (i, reference) in manifest.references.iter().enumerate() {
                        out.reference(first + i, reference, reference.digest_or(default));
                    }
                });
            }
        });
    }

    fn transform(&mut self, transform: &Transform) {
        match transform {
            Transform::Canonicalize(method) => self.canonicalization("Transform", method),
            Transform::Base64 => {
                self.algorithm("Transform", "http://www.w3.org/2000/09/xmldsig#base64");
            }
            Transform::Enveloped => {
                self.algorithm(
                    "Transform",
                    "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
                );
            }
            // References that are made here have none.
            Transform::XPath(_) | Transform::Filter(_) => {}
        }
    }

    fn open(&mut self, local: &str, attributes: &[(&str, Option<&str>)]) {
        let mut tag = format!("<{}{local}", self.prefix).into_bytes();
        for (name, value) in attributes {
            let Some(value) = value else { continue };
            tag.extend_from_slice(format!(" {name}=\"").as_bytes());
            escape::attribute(value, &mut tag);
            tag.push(b'"');
        }
        tag.push(b'>');
        self.push(&String::from_utf8_lossy(&tag));
    }

    fn push(&mut self, text: &str) {
        match self.pieces.last_mut() {
            Some(Piece::Text(last)) => last.push_str(text),
            _ => self.pieces.push(Piece::Text(text.to_owned())),
        }
    }
}
