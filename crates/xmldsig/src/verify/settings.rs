use crate::{algorithm::Allowed, signature::Bounds, xml};

/// How a document is verified.
///
/// ```
/// use ravelin_xmldsig::verify::{Choice, Settings};
/// let settings = Settings { signature: Choice::First, ..Settings::default() };
/// assert_eq!(settings.id_attributes, ["Id", "ID", "id"]);
/// ```
#[derive(Clone, Debug)]
pub struct Settings {
    /// What a signature may consist of.
    pub profile: Profile,
    /// Which weak algorithms and keys are taken.
    pub allowed: Allowed,
    /// Whether the document may declare a document type.
    pub doctype: xml::Doctype,
    /// Local names of attributes that identify elements. Those that the document type declares as identifiers do so too.
    pub id_attributes: Vec<String>,
    /// Which Signature of the document is verified.
    pub signature: Choice,
    /// When the references are looked at.
    pub references: ReferencesValidation,
    /// Whether the references of Manifest elements that are signed are verified as well, and told apart. Profile `air`
    /// never does.
    pub manifests: bool,
    /// Octets of the canonical forms that are kept in the report, together. Beyond it nothing more is kept.
    pub keep_octets: usize,
    /// Whether the document is kept in the report, so that its signed nodes can be handed out.
    pub keep_document: bool,
    /// How much of anything there may be.
    pub limits: Limits,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            profile: Profile::Extended,
            allowed: Allowed::default(),
            doctype: xml::Doctype::Refuse,
            id_attributes: ["Id", "ID", "id"].map(str::to_owned).to_vec(),
            signature: Choice::Last,
            references: ReferencesValidation::ValidIdentity,
            manifests: true,
            keep_octets: 0,
            keep_document: false,
            limits: Limits::default(),
        }
    }
}

/// What a signature may consist of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// The subset of Adobe AIR's `XMLSignatureValidator`: RSA with PKCS #1, SHA-256 digests, Canonical XML 1.0 without
    /// comments, the enveloped-signature transform, and certificates in X509Data. All else is unsupported.
    Air,
    /// XML Signature 1.1 without XSLT.
    #[default]
    Extended,
}

impl Profile {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Profile::Air => "air",
            Profile::Extended => "extended",
        }
    }
}

/// When the references are looked at (AIR's `ReferencesValidationSetting`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReferencesValidation {
    /// Only when the signer is trusted: for commercial certificates, or an anchor of one's own.
    #[default]
    ValidIdentity,
    /// Also when it is not known whether the signer is to be trusted: for self-signed certificates. Good data shows then
    /// that it is unchanged, not who signed it.
    ValidOrUnknownIdentity,
    /// Never: where it does not matter whether the data is unchanged.
    Never,
}

impl ReferencesValidation {
    /// Every setting.
    pub const ALL: [ReferencesValidation; 3] = [
        ReferencesValidation::ValidIdentity,
        ReferencesValidation::ValidOrUnknownIdentity,
        ReferencesValidation::Never,
    ];

    /// AIR's word.
    pub fn word(self) -> &'static str {
        match self {
            ReferencesValidation::ValidIdentity => "validIdentity",
            ReferencesValidation::ValidOrUnknownIdentity => "validOrUnknownIdentity",
            ReferencesValidation::Never => "never",
        }
    }
}

/// One of the Signatures of a document, counted in the order of their start tags.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// The first.
    First,
    /// The last; or the document element if that is a Signature.
    #[default]
    Last,
    /// The one with this value of the attribute `Id`.
    Id(String),
    /// The one whose start tag begins after so many bytes of the document.
    At(u64),
}

/// How much there may be. Going beyond is an error that names the limit, never an invalid signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Of documents as such.
    pub xml: xml::Limits,
    /// References of one signature; and of all its Manifest elements, together.
    pub references: usize,
    /// Transforms of one reference, and steps of one filter.
    pub transforms: usize,
    /// Characters of one value: SignatureValue, a certificate, an expression.
    pub value: usize,
    /// Certificates, keys and revocation lists in KeyInfo, each.
    pub certificates: usize,
    /// Octets that the references to the document cover, together, as a multiple of the document's length. As many pieces
    /// of the document (tags, texts, comments) may they be told of, those included that they leave out.
    pub octets: u64,
    /// Octets that are held in memory for one transform that works on the result of another, and of SignedInfo.
    pub held: usize,
    /// Nodes of a document that XPath works on.
    pub nodes: usize,
    /// Steps of the evaluation of all XPath expressions together, with what the sets of nodes cost that they choose from.
    pub steps: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            xml: xml::Limits::default(),
            references: 100_000,
            transforms: 16,
            value: 8 << 20,
            certificates: 64,
            octets: 16,
            held: 256 << 20,
            nodes: 50_000_000,
            steps: 500_000_000,
        }
    }
}

impl Limits {
    pub(crate) fn bounds(&self) -> Bounds {
        Bounds {
            references: self.references,
            transforms: self.transforms,
            value: self.value,
            certificates: self.certificates,
            held: self.held,
        }
    }
}

impl Settings {
    pub(crate) fn xml(&self) -> xml::Options {
        xml::Options { doctype: self.doctype, limits: self.limits.xml }
    }
}
