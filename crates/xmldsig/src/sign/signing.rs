use super::{
    Manifest, Object, Place, Reference, SignError,
    key_info::KeyPart,
    making::{self, Making},
};
use crate::{
    algorithm::{DigestAlgorithm, SignatureAlgorithm, SigningKey},
    c14n::Method,
    verify::{Dereference, Report, SameDocument, Settings},
};
use std::{
    io::{Cursor, Read, Seek, Write},
    ops::Range,
};

/// How something is signed. See the [module](super).
///
/// ```
/// use ravelin_xmldsig::{algorithm::SigningKey, sign::{Manifest, Reference, Signing}};
/// use ravelin_xmldsig::verify::{Body, Dereference, DereferenceError};
///
/// struct Files;
/// impl Dereference for Files {
///     fn dereference(&mut self, uri: Option<&str>) -> Result<Body<'_>, DereferenceError> {
///         match uri.unwrap_or_default() {
///             uri if uri.starts_with('#') => Ok(Body::SameDocument),
///             "readme.txt" => Ok(Body::from_bytes(b"Read me.")),
///             other => Err(DereferenceError::not_found(other)),
///         }
///     }
/// }
///
/// let key = rcgen::KeyPair::generate()?;
/// let certificate = rcgen::CertificateParams::default().self_signed(&key)?;
/// let signed = Signing::new(SigningKey::from_der(&key.serialize_der())?)
///     .certificates([certificate.der().to_vec()])
///     .manifest(Manifest::new("files").reference(Reference::uri("readme.txt")))
///     .sign_with(&mut Files)?;
/// # assert!(String::from_utf8(signed)?.contains("URI=\"readme.txt\""));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Signing {
    pub(super) key: SigningKey,
    pub(super) algorithm: SignatureAlgorithm,
    pub(super) digest: DigestAlgorithm,
    pub(super) canonicalization: Method,
    pub(super) references: Vec<Reference>,
    pub(super) key_info: Vec<KeyPart>,
    pub(super) objects: Vec<Object>,
    pub(super) id: Option<String>,
    pub(super) value_id: Option<String>,
    pub(super) key_info_id: Option<String>,
    pub(super) prefix: String,
    pub(super) place: Place,
    pub(super) settings: Settings,
}

/// What was signed.
#[derive(Clone, Debug)]
pub struct Signed {
    pub(super) range: Range<u64>,
    pub(super) length: u64,
    pub(super) report: Report,
}

impl Signed {
    /// The bytes of the Signature in what was written.
    pub fn range(&self) -> Range<u64> {
        self.range.clone()
    }

    /// Bytes that were written.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// What the verification of the new signature found. Nobody's identity was looked at.
    pub fn report(&self) -> &Report {
        &self.report
    }
}

impl Signing {
    /// With this key and its usual algorithm, digests by SHA-256 and Canonical XML 1.0. It needs a reference.
    pub fn new(key: SigningKey) -> Signing {
        Signing {
            algorithm: key.default_algorithm(),
            key,
            digest: DigestAlgorithm::Sha256,
            canonicalization: Method::inclusive(),
            references: Vec::new(),
            key_info: Vec::new(),
            objects: Vec::new(),
            id: None,
            value_id: None,
            key_info_id: None,
            prefix: String::new(),
            place: Place::default(),
            settings: Settings::default(),
        }
    }

    /// Signs by another algorithm.
    #[must_use]
    pub fn algorithm(mut self, algorithm: SignatureAlgorithm) -> Signing {
        self.algorithm = algorithm;
        self
    }

    /// Makes the digests of references by another algorithm, where they do not say so themselves.
    #[must_use]
    pub fn digest(mut self, digest: DigestAlgorithm) -> Signing {
        self.digest = digest;
        self
    }

    /// Canonicalizes SignedInfo otherwise. Exclusive canonicalization lets the Signature be moved into other documents.
    #[must_use]
    pub fn canonicalization(mut self, method: Method) -> Signing {
        self.canonicalization = method;
        self
    }

    /// Adds something that is signed.
    #[must_use]
    pub fn reference(mut self, reference: Reference) -> Signing {
        self.references.push(reference);
        self
    }

    /// Adds content that the Signature carries. It needs a reference to be signed.
    #[must_use]
    pub fn object(mut self, object: Object) -> Signing {
        self.objects.push(object);
        self
    }

    /// Adds a Manifest in an Object, and a reference to it.
    #[must_use]
    pub fn manifest(self, manifest: Manifest) -> Signing {
        let reference = Reference::manifest(&manifest.id);
        self.object(Object::manifest(manifest)).reference(reference)
    }

    /// Tells the certificates, encoded as DER: that of the key first, then each one's issuer.
    #[must_use]
    pub fn certificates(mut self, chain: impl IntoIterator<Item = Vec<u8>>) -> Signing {
        self.key_info.push(KeyPart::Certificates(chain.into_iter().collect()));
        self
    }

    /// Tells the public key as a `KeyValue`: RSA and ECDSA.
    #[must_use]
    pub fn key_value(mut self) -> Signing {
        self.key_info.push(KeyPart::Value);
        self
    }

    /// Tells the public key as a `DEREncodedKeyValue` (W3C XML Signature 1.1, section 4.5.9).
    #[must_use]
    pub fn encoded_key_value(mut self) -> Signing {
        self.key_info.push(KeyPart::EncodedValue);
        self
    }

    /// Tells a name of the key, by which a verifier who has it finds it.
    #[must_use]
    pub fn key_name(mut self, name: impl Into<String>) -> Signing {
        self.key_info.push(KeyPart::Name(name.into()));
        self
    }

    /// Gives the Signature an `Id`.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Signing {
        self.id = Some(id.into());
        self
    }

    /// Gives SignatureValue an `Id`, which time stamps refer to.
    #[must_use]
    pub fn value_id(mut self, id: impl Into<String>) -> Signing {
        self.value_id = Some(id.into());
        self
    }

    /// Gives KeyInfo an `Id`, so that a [`Reference::element`] can sign it too: the signature then holds for this
    /// certificate only, and for no other with the same key.
    #[must_use]
    pub fn key_info_id(mut self, id: impl Into<String>) -> Signing {
        self.key_info_id = Some(id.into());
        self
    }

    /// Gives the elements of the Signature a prefix, such as `ds`. Without it they have none.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Signing {
        self.prefix = prefix.into();
        self
    }

    /// Puts the Signature elsewhere in the document.
    #[must_use]
    pub fn place(mut self, place: Place) -> Signing {
        self.place = place;
        self
    }

    /// Reads documents otherwise: which attributes are identifiers, which document type declarations, weak algorithms and
    /// sizes are taken, and which profile the signature must keep to. Which Signature is meant does not matter here.
    #[must_use]
    pub fn settings(mut self, settings: Settings) -> Signing {
        self.settings = settings;
        self
    }

    /// Puts a Signature into `document` and writes it. The references are to the document and to the Signature alone.
    ///
    /// # Errors
    /// When something is asked for that cannot be, the document cannot be read, a reference leads nowhere, or `into` fails.
    /// Only then something was written.
    pub fn sign_enveloped<D: Read + Seek, W: Write>(
        &self,
        document: D,
        into: W,
    ) -> Result<Signed, SignError> {
        self.sign_enveloped_with(document, into, &mut SameDocument)
    }

    /// The same with references to whatever `sources` knows. They are asked twice, to sign and to verify.
    ///
    /// # Errors
    /// As [`sign_enveloped`](Signing::sign_enveloped).
    pub fn sign_enveloped_with<D: Read + Seek, W: Write>(
        &self,
        document: D,
        into: W,
        sources: &mut dyn Dereference,
    ) -> Result<Signed, SignError> {
        Making::into_document(self, document)?.make(sources)?.write(into)
    }

    /// A Signature that stands alone: around its objects. The references are to the Signature alone.
    ///
    /// # Errors
    /// When something is asked for that cannot be, or a reference leads nowhere.
    pub fn sign(&self) -> Result<Vec<u8>, SignError> {
        self.sign_with(&mut SameDocument)
    }

    /// The same with references to whatever `sources` knows. They are asked twice, to sign and to verify.
    ///
    /// # Errors
    /// As [`sign`](Signing::sign).
    pub fn sign_with(&self, sources: &mut dyn Dereference) -> Result<Vec<u8>, SignError> {
        let mut signature = Vec::new();
        self.sign_alone(&mut signature, sources)?;
        Ok(signature)
    }

    /// The same, written, with a report.
    ///
    /// # Errors
    /// As [`sign`](Signing::sign), and when `into` fails.
    pub fn sign_alone<W: Write>(
        &self,
        into: W,
        sources: &mut dyn Dereference,
    ) -> Result<Signed, SignError> {
        Making::<Cursor<&[u8]>>::alone(self)?.make(sources)?.write(into)
    }

    /// All references with the algorithms of their digests: first those of manifests, by manifest, then those that are
    /// signed directly.
    pub(super) fn lists(&self) -> Vec<&[Reference]> {
        let manifests = self.objects.iter().filter_map(making::manifest);
        manifests.map(|manifest| &manifest.references[..]).chain([&self.references[..]]).collect()
    }
}
