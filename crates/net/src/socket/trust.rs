//! How a secure socket judges servers: what an application may decide, and no more.

use super::SocketError;
use crate::{
    TlsConnector,
    fetch::{FetchConfig, FetchLimits, Fetcher},
    roots,
};
use ravelin_tls::{ClientConfig, ClientContext, Trust};
use ravelin_trust::{Anchor, Anchors, Certificate, Profile, revocation::RevocationPolicy};
use std::fmt;
use tokio::task::spawn_blocking;

/// By which rules certificates are judged: a choice among `ravelin-trust`'s profiles, as they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CertificateProfile {
    /// What OpenSSL and browsers accept in practice.
    #[default]
    Interop,
    /// For servers of former years: their name may stand in the common name where there are no alternative names, and keys and
    /// signatures may be weaker than is wise today.
    Legacy,
    /// RFC 5280, whole.
    Rfc5280,
    /// The CA/Browser Forum's baseline requirements on top.
    WebPki,
}

impl CertificateProfile {
    fn profile(self) -> Profile {
        match self {
            CertificateProfile::Interop => Profile::INTEROP,
            CertificateProfile::Legacy => Profile::LEGACY,
            CertificateProfile::Rfc5280 => Profile::RFC5280,
            CertificateProfile::WebPki => Profile::WEBPKI,
        }
    }
}

impl fmt::Display for CertificateProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.profile().name())
    }
}

/// How much must be known about revocation. What is known counts always.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RevocationCheck {
    /// What cannot be found out is accepted, and the report says so.
    #[default]
    BestEffort,
    /// It must be known where the certificate tells how it can be.
    RequiredIfAvailable,
    /// It must be known.
    Required,
}

impl RevocationCheck {
    fn policy(self) -> RevocationPolicy {
        match self {
            RevocationCheck::BestEffort => RevocationPolicy::BestEffort,
            RevocationCheck::RequiredIfAvailable => RevocationPolicy::RequiredIfInfoAvailable,
            RevocationCheck::Required => RevocationPolicy::AlwaysRequired,
        }
    }
}

impl fmt::Display for RevocationCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.policy(), f)
    }
}

/// What an application decided.
#[derive(Clone, Debug)]
pub(super) struct TrustSettings {
    pub(super) anchors: Vec<Certificate<'static>>,
    pub(super) intermediates: Vec<Certificate<'static>>,
    pub(super) distrusted: Vec<Certificate<'static>>,
    pub(super) profile: CertificateProfile,
    pub(super) revocation: RevocationCheck,
    pub(super) ocsp: bool,
    pub(super) fetcher: Option<Fetcher>,
}

impl Default for TrustSettings {
    fn default() -> TrustSettings {
        TrustSettings {
            anchors: Vec::new(),
            intermediates: Vec::new(),
            distrusted: Vec::new(),
            profile: CertificateProfile::default(),
            revocation: RevocationCheck::default(),
            ocsp: true,
            fetcher: None,
        }
    }
}

impl TrustSettings {
    /// What judges servers so, with the platform's store as it is now.
    pub(super) async fn connector(&self) -> Result<TlsConnector, String> {
        let settings = self.clone();
        let made = spawn_blocking(move || settings.make(roots::platform().certificates));
        made.await.map_err(|error| error.to_string())?
    }

    fn make(&self, platform: Vec<Box<[u8]>>) -> Result<TlsConnector, String> {
        let mut trust = Trust::new(self.trusted(&platform)?);
        trust.profile = self.profile.profile();
        trust.revocation = self.revocation.policy();
        trust.use_ocsp = self.ocsp;
        let fetcher = if let Some(fetcher) = &self.fetcher {
            fetcher.clone()
        } else {
            let mut config = FetchConfig::new(FetchLimits::default());
            config.roots = platform;
            Fetcher::new(config).map_err(|error| error.to_string())?
        };
        TlsConnector::online(&ClientConfig::new(trust), fetcher).map_err(|error| error.to_string())
    }

    fn trusted(&self, platform: &[Box<[u8]>]) -> Result<Anchors, String> {
        let mut anchors = Anchors::new();
        let anchor = |der: &[u8]| Anchor::certificate(der).map_err(|error| error.to_string());
        // One that cannot be read may be one that is not needed.
        for certificate in platform.iter().filter_map(|der| Certificate::parse(&**der).ok()) {
            if certificate.is_self_issued() {
                anchors.add_anchor(anchor(certificate.der())?);
            } else {
                anchors.add_intermediate(certificate.into_owned());
            }
        }
        for certificate in &self.anchors {
            anchors.add_anchor(anchor(certificate.der())?);
        }
        for certificate in &self.intermediates {
            anchors.add_intermediate(certificate.clone());
        }
        for certificate in &self.distrusted {
            anchors.distrust_certificate(certificate);
        }
        Ok(anchors)
    }
}

/// A certificate that an application gives: DER, from the first byte to the last.
pub(super) fn certificate(der: &[u8]) -> Result<Certificate<'static>, SocketError> {
    let refused = |why: String| Err(SocketError::Certificate(why));
    if der.starts_with(b"-----BEGIN") {
        return refused("it is PEM; DER is wanted".into());
    }
    match Certificate::parse(der) {
        Ok(certificate) if certificate.der().len() == der.len() && certificate.trailing() == 0 => {
            Ok(certificate.into_owned())
        }
        Ok(certificate) => {
            let end = certificate.der().len();
            refused(format!("there is something behind the certificate, from byte {end} on"))
        }
        Err(error) => refused(error.to_string()),
    }
}

/// Whether TLS works here, and random numbers.
pub(super) fn self_test() -> bool {
    let roots = roots::bundled().certificates.into_iter().take(1);
    let context =
        Trust::of_certificates(roots).map(|trust| ClientContext::new(&ClientConfig::new(trust)));
    matches!(context, Ok(Ok(_))) && aws_lc_rs::rand::fill(&mut [0; 16]).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ravelin_test::{Authority, Request};

    #[test]
    fn s10_only_one_whole_certificate_in_der_is_taken() {
        let root = Authority::root("Root");
        let der = root.certificate_der();
        assert_eq!(certificate(der).unwrap().der(), der);
        let mut broken = der.to_vec();
        broken[1] ^= 1;
        let spki = root.issue(&Request::new(["a.example"])).key_der().to_vec();
        let twice = [der, der].concat();
        let trailing = [der, b"\0"].concat();
        let pem = root.certificate_pem().as_bytes();
        for bytes in
            [&b""[..], b"garbage", pem, &der[..der.len() - 1], &trailing, &twice, &broken, &spki]
        {
            let error = certificate(bytes).unwrap_err();
            assert_eq!((error.class(), error.error_id()), ("ArgumentError", 2004), "{error}");
        }
    }

    #[test]
    fn s11_what_the_platform_has_and_is_no_root_helps_and_is_not_trusted() {
        let root = Authority::root("Root");
        let sub = root.intermediate("Sub");
        let store = |authorities: &[&Authority]| -> Vec<Box<[u8]>> {
            authorities.iter().map(|one| Box::from(one.certificate_der())).collect()
        };
        let settings = TrustSettings::default();
        assert_eq!(settings.trusted(&store(&[&root, &sub])).unwrap().len(), 1);
        assert_eq!(settings.trusted(&store(&[&sub])).unwrap().len(), 0);
    }
}
