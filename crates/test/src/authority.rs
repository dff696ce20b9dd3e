//! Certificates for tests: fresh keys every time, nothing kept on disk.

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, SignatureAlgorithm,
    date_time_ymd,
};
use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The kind of a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Key {
    /// ECDSA over P-256, signing with SHA-256.
    #[default]
    EcdsaP256,
    /// ECDSA over P-384, signing with SHA-384.
    EcdsaP384,
    /// RSA of 2,048 bits, signing certificates with PKCS#1 v1.5 and SHA-256. Takes a moment to make.
    Rsa2048,
    /// Ed25519.
    Ed25519,
}

impl Key {
    /// Every kind.
    pub const ALL: [Key; 4] = [Key::EcdsaP256, Key::EcdsaP384, Key::Rsa2048, Key::Ed25519];

    fn algorithm(self) -> &'static SignatureAlgorithm {
        match self {
            Key::EcdsaP256 => &rcgen::PKCS_ECDSA_P256_SHA256,
            Key::EcdsaP384 => &rcgen::PKCS_ECDSA_P384_SHA384,
            Key::Rsa2048 => &rcgen::PKCS_RSA_SHA256,
            Key::Ed25519 => &rcgen::PKCS_ED25519,
        }
    }

    fn generate(self) -> KeyPair {
        KeyPair::generate_for(self.algorithm()).expect("a key of a supported kind can be made")
    }
}

/// When a certificate is valid (RFC 5280, section 4.1.2.5). Whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// The first moment.
    pub not_before: SystemTime,
    /// The last moment.
    pub not_after: SystemTime,
}

impl Validity {
    /// Valid now: from a day ago until in 30 days.
    pub fn current() -> Validity {
        let now = SystemTime::now();
        Validity { not_before: now - DAY, not_after: now + 30 * DAY }
    }

    /// No longer valid: ended yesterday, after 29 days.
    pub fn expired() -> Validity {
        let now = SystemTime::now();
        Validity { not_before: now - 30 * DAY, not_after: now - DAY }
    }

    /// Not valid yet: begins tomorrow, for 29 days.
    pub fn not_yet() -> Validity {
        let now = SystemTime::now();
        Validity { not_before: now + DAY, not_after: now + 30 * DAY }
    }
}

/// What an end certificate's key may be used for (RFC 5280, section 4.2.1.12).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// A TLS server.
    #[default]
    Server,
    /// A TLS client.
    Client,
    /// A TLS server or client.
    Both,
    /// Signing code, hence no TLS.
    CodeSigning,
}

impl Purpose {
    fn extended_key_usages(self) -> Vec<ExtendedKeyUsagePurpose> {
        match self {
            Purpose::Server => vec![ExtendedKeyUsagePurpose::ServerAuth],
            Purpose::Client => vec![ExtendedKeyUsagePurpose::ClientAuth],
            Purpose::Both => {
                vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth]
            }
            Purpose::CodeSigning => vec![ExtendedKeyUsagePurpose::CodeSigning],
        }
    }
}

/// What an end certificate shall say. Change the fields that matter to the test.
///
/// ```
/// use ravelin_test::{Key, Request, Validity};
///
/// let mut request = Request::new(["a.example", "*.b.example", "127.0.0.1"]);
/// request.key = Key::Ed25519;
/// request.validity = Validity::expired();
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Subject alternative names: IP addresses where they parse as such, DNS names otherwise.
    pub names: Vec<String>,
    /// The subject's common name.
    pub common_name: String,
    /// The kind of its key.
    pub key: Key,
    /// When it is valid.
    pub validity: Validity,
    /// What it is for.
    pub purpose: Purpose,
}

impl Request {
    /// A server certificate for `names`, the first being the common name too, with a P-256 key, valid now.
    pub fn new<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Request {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        Request {
            common_name: names.first().cloned().unwrap_or_default(),
            names,
            key: Key::default(),
            validity: Validity::current(),
            purpose: Purpose::default(),
        }
    }
}

/// A certificate authority: a root, or an intermediate below one.
///
/// ```
/// use ravelin_test::{Authority, Request};
///
/// let root = Authority::root("Test Root");
/// let server = root.intermediate("Test Intermediate").issue(&Request::new(["localhost"]));
/// assert_eq!(server.chain_der().len(), 2);
/// assert!(server.chain_pem().starts_with("-----BEGIN CERTIFICATE-----"));
/// ```
pub struct Authority {
    name: String,
    kind: Key,
    params: CertificateParams,
    key: KeyPair,
    /// Its own certificate first, then those above it; a root's own is the last.
    path: Vec<Encoded>,
}

impl Authority {
    /// A root with a P-256 key, valid now.
    pub fn root(name: &str) -> Authority {
        Authority::root_with(name, Key::default(), Validity::current())
    }

    /// A root of the given kind and validity.
    pub fn root_with(name: &str, kind: Key, validity: Validity) -> Authority {
        let key = kind.generate();
        let params = authority_params(name, validity);
        let certificate = params.self_signed(&key).expect("a root can sign itself");
        Authority { name: name.into(), kind, params, key, path: vec![Encoded::of(&certificate)] }
    }

    /// An authority certified by this one, with a P-256 key, valid now.
    #[must_use]
    pub fn intermediate(&self, name: &str) -> Authority {
        self.intermediate_with(name, Key::default(), Validity::current())
    }

    /// An authority of the given kind and validity, certified by this one.
    #[must_use]
    pub fn intermediate_with(&self, name: &str, kind: Key, validity: Validity) -> Authority {
        let key = kind.generate();
        let params = authority_params(name, validity);
        let certificate =
            params.signed_by(&key, &self.issuer()).expect("an authority can certify another");
        let path = [vec![Encoded::of(&certificate)], self.path.clone()].concat();
        Authority { name: name.into(), kind, params, key, path }
    }

    /// A root with the same name and another key: whatever it issues names the right issuer and must not be trusted
    /// where only the original is.
    #[must_use]
    pub fn impostor(&self) -> Authority {
        Authority::root_with(&self.name, self.kind, Validity::current())
    }

    /// An end certificate with a new key.
    ///
    /// # Panics
    /// When a name is neither an IP address nor ASCII.
    pub fn issue(&self, request: &Request) -> Issued {
        self.issue_with(request, &[])
    }

    /// An end certificate with a new key and more extensions: the numbers of each one's object identifier, and its value.
    ///
    /// # Panics
    /// When a name is neither an IP address nor ASCII.
    pub fn issue_with(&self, request: &Request, extensions: &[(Vec<u64>, Vec<u8>)]) -> Issued {
        let key = request.key.generate();
        let mut params = end_params(request);
        params.custom_extensions = extensions
            .iter()
            .map(|(oid, value)| CustomExtension::from_oid_content(oid, value.clone()))
            .collect();
        let certificate =
            params.signed_by(&key, &self.issuer()).expect("an authority can certify an end");
        Issued::new(&key, [vec![Encoded::of(&certificate)], self.path.clone()].concat())
    }

    /// The authority's own certificate in DER.
    pub fn certificate_der(&self) -> &[u8] {
        &self.path[0].der
    }

    /// The authority's own certificate in PEM.
    pub fn certificate_pem(&self) -> &str {
        &self.path[0].pem
    }

    /// The authority's private key in PEM, as PKCS#8.
    pub fn key_pem(&self) -> String {
        self.key.serialize_pem()
    }

    /// The root above this authority (itself, if it is one) in DER.
    pub fn root_der(&self) -> &[u8] {
        &self.path[self.path.len() - 1].der
    }

    fn issuer(&self) -> Issuer<'_, &KeyPair> {
        Issuer::from_params(&self.params, &self.key)
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority")
            .field("name", &self.name)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// An end certificate with its key and the path above it.
#[derive(Clone)]
pub struct Issued {
    key_pem: String,
    key_der: Vec<u8>,
    /// The end certificate first, the root last.
    path: Vec<Encoded>,
}

impl Issued {
    /// A certificate that nobody but itself vouches for.
    pub fn self_signed(request: &Request) -> Issued {
        let key = request.key.generate();
        let certificate = end_params(request).self_signed(&key).expect("an end can sign itself");
        Issued::new(&key, vec![Encoded::of(&certificate)])
    }

    fn new(key: &KeyPair, path: Vec<Encoded>) -> Issued {
        Issued { key_pem: key.serialize_pem(), key_der: key.serialize_der(), path }
    }

    /// The end certificate in DER.
    pub fn certificate_der(&self) -> &[u8] {
        &self.path[0].der
    }

    /// The end certificate alone in PEM.
    pub fn certificate_pem(&self) -> &str {
        &self.path[0].pem
    }

    /// What a server sends: the end certificate and every intermediate, without the root, in DER.
    pub fn chain_der(&self) -> Vec<Vec<u8>> {
        self.sent().iter().map(|certificate| certificate.der.clone()).collect()
    }

    /// What a server sends, as a PEM file.
    pub fn chain_pem(&self) -> String {
        self.sent().iter().map(|certificate| certificate.pem.as_str()).collect()
    }

    /// The private key in PEM (PKCS#8).
    pub fn key_pem(&self) -> &str {
        &self.key_pem
    }

    /// The private key in DER (PKCS#8).
    pub fn key_der(&self) -> &[u8] {
        &self.key_der
    }

    fn sent(&self) -> &[Encoded] {
        match self.path.len() {
            1 => &self.path,
            length => &self.path[..length - 1],
        }
    }
}

impl fmt::Debug for Issued {
    /// Leaves the key out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issued").field("path", &self.path.len()).finish_non_exhaustive()
    }
}

#[derive(Clone)]
struct Encoded {
    der: Vec<u8>,
    pem: String,
}

impl Encoded {
    fn of(certificate: &rcgen::Certificate) -> Encoded {
        Encoded { der: certificate.der().to_vec(), pem: certificate.pem() }
    }
}

fn authority_params(name: &str, validity: Validity) -> CertificateParams {
    let mut params = params(name, &[], validity);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn end_params(request: &Request) -> CertificateParams {
    let mut params = params(&request.common_name, &request.names, request.validity);
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = request.purpose.extended_key_usages();
    params
}

fn params(common_name: &str, names: &[String], validity: Validity) -> CertificateParams {
    let mut params = CertificateParams::new(names).expect("names of a test certificate are ASCII");
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.use_authority_key_identifier_extension = true;
    let seconds = |moment: SystemTime| {
        let since = moment.duration_since(UNIX_EPOCH).expect("test certificates begin after 1970");
        Duration::from_secs(since.as_secs())
    };
    let epoch = date_time_ymd(1970, 1, 1);
    params.not_before = epoch + seconds(validity.not_before);
    params.not_after = epoch + seconds(validity.not_after);
    params
}
