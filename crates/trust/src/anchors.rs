//! Trust anchors, and the certificates that help to reach them.

use crate::{
    Certificate, CertificateError, Purpose, Time,
    der::{DerError, Reader, tag},
    name::DistinguishedName,
};
use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::Arc,
};

/// Where trust begins: a name and a key that are trusted by decision (RFC 5280, section 6.1.1 (d)), with the limits that
/// the decision has.
#[derive(Clone)]
pub struct Anchor {
    name: Box<[u8]>,
    key_info: Box<[u8]>,
    certificate: Option<Arc<Certificate<'static>>>,
    limits: AnchorLimits,
}

/// How far an anchor is trusted (RFC 5914, section 2; Mozilla's and Apple's root programs).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AnchorLimits {
    /// The purposes it is trusted for; all where empty.
    pub purposes: Vec<Purpose>,
    /// The name space it is trusted for: the value of a name constraints extension (RFC 5280, section 4.2.1.10).
    pub name_constraints: Option<Box<[u8]>>,
    /// End certificates whose validity begins after this moment are not trusted.
    pub distrust_after: Option<Time>,
    /// How many intermediates may follow, besides what its certificate says.
    pub path_length: Option<u32>,
}

impl Anchor {
    /// A certificate as an anchor. Its own restrictions count.
    ///
    /// # Errors
    /// When the bytes are no certificate.
    pub fn certificate(der: &[u8]) -> Result<Anchor, CertificateError> {
        let certificate = Certificate::parse(der)?.into_owned();
        Ok(Anchor {
            name: certificate.subject().der().into(),
            key_info: certificate.public_key_info().into(),
            certificate: Some(Arc::new(certificate)),
            limits: AnchorLimits::default(),
        })
    }

    /// A name and a SubjectPublicKeyInfo, both encoded, as an anchor.
    ///
    /// # Errors
    /// When they are not.
    pub fn key(name: &[u8], key_info: &[u8]) -> Result<Anchor, DerError> {
        DistinguishedName::parse(name)?;
        let mut reader = Reader::new(key_info);
        reader.read(tag::SEQUENCE)?;
        reader.end()?;
        Ok(Anchor {
            name: name.into(),
            key_info: key_info.into(),
            certificate: None,
            limits: AnchorLimits::default(),
        })
    }

    /// The same anchor with limits.
    #[must_use]
    pub fn with_limits(mut self, limits: AnchorLimits) -> Anchor {
        self.limits = limits;
        self
    }

    /// Its name.
    pub fn name(&self) -> DistinguishedName<'_> {
        DistinguishedName::new(&self.name, 0)
    }

    /// Its SubjectPublicKeyInfo.
    pub fn key_info(&self) -> &[u8] {
        &self.key_info
    }

    /// Its certificate, if it was given as one.
    pub fn as_certificate(&self) -> Option<&Certificate<'static>> {
        self.certificate.as_deref()
    }

    pub(crate) fn shared_certificate(&self) -> Option<Arc<Certificate<'static>>> {
        self.certificate.clone()
    }

    /// How far it is trusted.
    pub fn limits(&self) -> &AnchorLimits {
        &self.limits
    }
}

impl fmt::Debug for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Anchor")
            .field("name", &self.name())
            .field("certificate", &self.certificate.is_some())
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// Trust anchors, intermediates that only help to build paths, and what is trusted in no case.
///
/// Whether a certificate is trusted or merely known is told by the method it is added with, never by what it says.
///
/// ```
/// use ravelin_trust::{Anchor, Anchors};
/// # let key = rcgen::KeyPair::generate()?;
/// # let der = rcgen::CertificateParams::new(["a.example".to_owned()])?.self_signed(&key)?.der().to_vec();
///
/// let mut anchors = Anchors::new();
/// anchors.add_anchor(Anchor::certificate(&der)?);
/// assert_eq!(anchors.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Anchors {
    all: Vec<Arc<Anchor>>,
    by_name: HashMap<Box<[u8]>, Vec<usize>>,
    intermediates: Vec<Arc<Certificate<'static>>>,
    distrusted: HashSet<Box<[u8]>>,
}

impl Anchors {
    /// No anchor: nothing is trusted.
    pub fn new() -> Anchors {
        Anchors::default()
    }

    /// Trusts an anchor. One that is there already with the same certificate, or name and key, is replaced.
    pub fn add_anchor(&mut self, anchor: Anchor) {
        let same = |other: &Anchor| match (&anchor.certificate, &other.certificate) {
            (Some(one), Some(other)) => one == other,
            (None, None) => anchor.name == other.name && anchor.key_info == other.key_info,
            _ => false,
        };
        let named = self.by_name.entry(anchor.name().canonical().into()).or_default();
        if let Some(index) = named.iter().copied().find(|index| same(&self.all[*index])) {
            self.all[index] = Arc::new(anchor);
        } else {
            named.push(self.all.len());
            self.all.push(Arc::new(anchor));
        }
    }

    /// Trusts only where paths end in a root: an anchor whose certificate somebody else issued becomes a certificate that
    /// paths may lead through. Call it after the anchors are added. Without it any anchor ends a path, as with OpenSSL's
    /// `-partial_chain` and Node's `allowPartialTrustChain`; with it, as without these.
    ///
    /// ```
    /// use ravelin_trust::{Anchor, Anchors};
    /// # let root = rcgen::KeyPair::generate()?;
    /// # let key = rcgen::KeyPair::generate()?;
    /// # let mut params = rcgen::CertificateParams::new(Vec::new())?;
    /// # params.distinguished_name.push(rcgen::DnType::CommonName, "Root");
    /// # let issuer = rcgen::Issuer::from_params(&params, &root);
    /// # let intermediate = rcgen::CertificateParams::default().signed_by(&key, &issuer)?.der().to_vec();
    ///
    /// let mut anchors = Anchors::new();
    /// anchors.add_anchor(Anchor::certificate(&intermediate)?);
    /// anchors.require_whole_chains();
    /// assert!(anchors.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn require_whole_chains(&mut self) {
        self.by_name.clear();
        for anchor in std::mem::take(&mut self.all) {
            match &anchor.certificate {
                Some(certificate) if !certificate.is_self_issued() => {
                    self.add_intermediate(Certificate::clone(certificate));
                }
                _ => self.add_anchor(Anchor::clone(&anchor)),
            }
        }
    }

    /// Takes a certificate that paths may lead through. It is trusted no more than if the peer had sent it.
    pub fn add_intermediate(&mut self, certificate: Certificate<'static>) {
        if !self.intermediates.iter().any(|one| **one == certificate) {
            self.intermediates.push(Arc::new(certificate));
        }
    }

    /// Never trusts this certificate again, nor any path through it.
    pub fn distrust_certificate(&mut self, certificate: &Certificate<'_>) {
        self.distrusted.insert(certificate.der().into());
    }

    /// Never trusts a certificate with this SubjectPublicKeyInfo again, nor any path through one.
    pub fn distrust_key(&mut self, key_info: &[u8]) {
        self.distrusted.insert(key_info.into());
    }

    /// How many anchors there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether nothing is trusted.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The anchors, in the order they were added.
    pub fn iter(&self) -> impl Iterator<Item = &Anchor> {
        self.all.iter().map(|anchor| &**anchor)
    }

    pub(crate) fn anchor(&self, index: usize) -> &Anchor {
        &self.all[index]
    }

    pub(crate) fn shared(&self, index: usize) -> &Arc<Anchor> {
        &self.all[index]
    }

    /// Anchors of this name, in its canonical form.
    pub(crate) fn named(&self, canonical: &[u8]) -> &[usize] {
        self.by_name.get(canonical).map_or(&[], |named| named)
    }

    pub(crate) fn intermediates(&self) -> impl Iterator<Item = &Certificate<'static>> {
        self.intermediates.iter().map(|one| &**one)
    }

    pub(crate) fn is_distrusted(&self, certificate: &[u8], key_info: &[u8]) -> bool {
        !self.distrusted.is_empty()
            && (self.distrusted.contains(certificate) || self.distrusted.contains(key_info))
    }
}
