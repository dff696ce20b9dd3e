//! What is asked, and what is given to answer it with.

use crate::{
    Anchors, Certificate, Name, PolicyInput, Profile, Purpose, Time,
    revocation::{Crl, OcspResponse, RevocationPolicy},
};

/// A question: may this certificate be trusted for a purpose at a time?
///
/// Make one with [`new`](Self::new) and change what is not to be as it stands there.
///
/// ```
/// use ravelin_trust::{Anchor, Anchors, Certificate, Name, Request, Status, Time, evaluate};
/// # let key = rcgen::KeyPair::generate()?;
/// # let mut params = rcgen::CertificateParams::new(["a.example".to_owned()])?;
/// # params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
/// # let der = params.self_signed(&key)?.der().to_vec();
///
/// let mut anchors = Anchors::new();
/// anchors.add_anchor(Anchor::certificate(&der)?);
/// let mut request = Request::new(Certificate::parse(&der[..])?, &anchors, Time::from_unix(1_800_000_000));
/// request.names = vec![Name::dns("b.example")?];
/// let verdict = evaluate(&request);
/// assert_eq!(verdict.status(), Status::PrincipalMismatch);
/// assert!(verdict.findings()[0].detail.contains("a.example"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The certificate that is judged.
    pub certificate: Certificate<'a>,
    /// Certificates that paths may lead through, as the peer sent them or anybody found them.
    pub intermediates: Vec<Certificate<'a>>,
    /// What is trusted.
    pub anchors: &'a Anchors,
    /// Names that the certificate must be for, all of them; none are checked where empty.
    pub names: Vec<Name>,
    /// What the certificate is to be used for. TLS servers where not said otherwise.
    pub purpose: Purpose,
    /// When.
    pub time: Time,
    /// The rules. [`Profile::INTEROP`] where not said otherwise.
    pub profile: Profile,
    /// What is wanted of policies (RFC 5280, section 6.1.1).
    pub policies: PolicyInput,
    /// The most intermediates that a path may have; self-issued ones are not counted.
    pub max_depth: Option<usize>,
    /// How much must be known about revocation. As much as there is where not said otherwise.
    pub revocation: RevocationPolicy,
    /// Whether CRLs count.
    pub use_crls: bool,
    /// Whether OCSP responses count.
    pub use_ocsp: bool,
    /// CRLs to look into.
    pub crls: Vec<Crl<'a>>,
    /// OCSP responses.
    pub ocsp: Vec<OcspResponse<'a>>,
    /// The OCSP responses that a TLS server sent along with its certificates.
    pub stapled: Vec<OcspResponse<'a>>,
    /// Whether the certificate comes from a TLS handshake: if it promises a stapled response, `stapled` must hold one.
    pub in_handshake: bool,
    /// How much work may be done.
    pub limits: Limits,
}

impl<'a> Request<'a> {
    /// Whether `certificate` may be trusted for a TLS server at `time`, by `anchors`.
    pub fn new(certificate: Certificate<'a>, anchors: &'a Anchors, time: Time) -> Request<'a> {
        Request {
            certificate,
            intermediates: Vec::new(),
            anchors,
            names: Vec::new(),
            purpose: Purpose::ServerAuth,
            time,
            profile: Profile::INTEROP,
            policies: PolicyInput::default(),
            max_depth: None,
            revocation: RevocationPolicy::BestEffort,
            use_crls: true,
            use_ocsp: true,
            crls: Vec::new(),
            ocsp: Vec::new(),
            stapled: Vec::new(),
            in_handshake: false,
            limits: Limits::default(),
        }
    }
}

/// How much work an evaluation may do. When one is used up, that is a finding of the rule `budget`, and what was not
/// looked at does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Signatures to verify. One over more than 64 KiB counts for several.
    pub signatures: u32,
    /// Certificates to put on paths.
    pub nodes: u32,
    /// Comparisons of names with name spaces, and of policies with each other.
    pub comparisons: u64,
    /// Paths to remember.
    pub paths: usize,
    /// Certificates on one path.
    pub length: usize,
}

impl Default for Limits {
    /// Far beyond what sound certificates need, and little enough to be done within 0.1 s.
    fn default() -> Limits {
        Limits { signatures: 256, nodes: 2048, comparisons: 250_000, paths: 64, length: 128 }
    }
}
