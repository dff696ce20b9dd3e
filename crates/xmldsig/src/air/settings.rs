use super::{RevocationCheck, ValidatorError, XmlSignatureValidator, work::Dereferencer};
use crate::verify::{Dereference, Limits, ReferencesValidation};
use ravelin_trust::{
    Anchor, Anchors, Certificate, Profile as TrustProfile,
    revocation::{Crl, OcspResponse},
};
use std::sync::Arc;

/// Settings. Each can be read and set while no verification runs.
impl XmlSignatureValidator {
    /// Names who finds what references refer to (`uriDereferencer`). It stays for later verifications.
    ///
    /// # Errors
    /// [`ValidatorError::Running`].
    pub fn set_uri_dereferencer(
        &mut self,
        dereferencer: impl Dereference + Send + 'static,
    ) -> Result<(), ValidatorError> {
        self.idle("uriDereferencer")?;
        self.dereferencer = Some(Box::new(dereferencer));
        Ok(())
    }

    /// Who finds what references refer to.
    ///
    /// # Errors
    /// [`ValidatorError::Running`].
    pub fn uri_dereferencer(&self) -> Result<Option<&(dyn Dereference + Send)>, ValidatorError> {
        self.idle("uriDereferencer")?;
        Ok(self.dereferencer.as_deref())
    }

    /// Takes the dereferencer away.
    ///
    /// # Errors
    /// [`ValidatorError::Running`].
    pub fn take_uri_dereferencer(&mut self) -> Result<Option<Dereferencer>, ValidatorError> {
        self.idle("uriDereferencer")?;
        Ok(self.dereferencer.take())
    }

    /// Adds a certificate, as DER, to build chains with (`addCertificate`). If it is `trusted`, chains may end in it, and a
    /// signer whose own it is is trusted.
    ///
    /// # Errors
    /// [`ValidatorError::NotDer`] if it is not one whole certificate in DER, and [`ValidatorError::Running`].
    pub fn add_certificate(&mut self, der: &[u8], trusted: bool) -> Result<(), ValidatorError> {
        self.idle("addCertificate")?;
        let certificate = whole(der)?;
        let list = if trusted { &mut self.trusted } else { &mut self.added };
        list.push(certificate);
        Ok(())
    }

    /// Adds a certificate revocation list, as DER. It counts if its issuer is trusted. Beyond AIR, which asked the system.
    ///
    /// # Errors
    /// [`ValidatorError::NotDer`] and [`ValidatorError::Running`].
    pub fn add_crl(&mut self, der: &[u8]) -> Result<(), ValidatorError> {
        self.idle("addCrl")?;
        let crl = Crl::parse(der).map_err(|error| ValidatorError::NotDer(error.to_string()))?;
        self.crls.push(crl.into_owned());
        Ok(())
    }

    /// Adds an OCSP response, as DER. It counts if its signer is trusted. Beyond AIR, which asked the system.
    ///
    /// # Errors
    /// [`ValidatorError::NotDer`] and [`ValidatorError::Running`].
    pub fn add_ocsp_response(&mut self, der: &[u8]) -> Result<(), ValidatorError> {
        self.idle("addOcspResponse")?;
        let response =
            OcspResponse::parse(der).map_err(|error| ValidatorError::NotDer(error.to_string()))?;
        self.ocsp.push(response.into_owned());
        Ok(())
    }

    /// Whether the system's trust store counts (`useSystemTrustStore`); by default it does not. Its anchors are trusted then,
    /// and its other certificates help to build chains.
    ///
    /// # Errors
    /// [`ValidatorError::Running`].
    pub fn set_use_system_trust_store(&mut self, counts: bool) -> Result<(), ValidatorError> {
        self.idle("useSystemTrustStore")?;
        self.use_system_trust_store = counts;
        Ok(())
    }

    /// Whether the system's trust store counts.
    ///
    /// # Errors
    /// [`ValidatorError::Running`].
    pub fn use_system_trust_store(&self) -> Result<bool, ValidatorError> {
        self.idle("useSystemTrustStore")?;
        Ok(self.use_system_trust_store)
    }

    /// Tells what the system's trust store has, since nothing is read from the system here: nothing unless it is told.
    /// [`system_trust_store`](Self::system_trust_store) makes one of certificates.
    ///
    /// # Errors
    /// [`ValidatorError::Running`].
    pub fn set_system_trust_store(
        &mut self,
        store: impl Into<Arc<Anchors>>,
    ) -> Result<(), ValidatorError> {
        self.idle("useSystemTrustStore")?;
        self.system = store.into();
        Ok(())
    }

    /// A store of certificates in DER: those that were issued by themselves are anchors, others help to build chains. What
    /// cannot be read is left out: one odd certificate is no reason to trust nobody.
    pub fn system_trust_store<C: AsRef<[u8]>>(
        certificates: impl IntoIterator<Item = C>,
    ) -> Anchors {
        let mut store = Anchors::new();
        for der in certificates {
            let Ok(certificate) = Certificate::parse(der.as_ref()) else { continue };
            if !certificate.is_self_issued() {
                store.add_intermediate(certificate.into_owned());
            } else if let Ok(anchor) = Anchor::certificate(certificate.der()) {
                store.add_anchor(anchor);
            }
        }
        store
    }

    /// When references are looked at (`referencesValidationSetting`): a [`ReferencesValidation`] or AIR's word for it. See
    /// the [module](super) for which to choose.
    ///
    /// # Errors
    /// [`ValidatorError::Setting`] for any other word, and [`ValidatorError::Running`].
    pub fn set_references_validation_setting<S>(&mut self, setting: S) -> Result<(), ValidatorError>
    where
        S: TryInto<ReferencesValidation>,
        ValidatorError: From<S::Error>,
    {
        self.idle("referencesValidationSetting")?;
        self.references = setting.try_into()?;
        Ok(())
    }

    /// When references are looked at.
    ///
    /// # Errors
    /// [`ValidatorError::Running`].
    pub fn references_validation_setting(&self) -> Result<ReferencesValidation, ValidatorError> {
        self.idle("referencesValidationSetting")?;
        Ok(self.references)
    }

    /// What must be known about revocation (`revocationCheckSetting`): a [`RevocationCheck`] or AIR's word for it.
    ///
    /// # Errors
    /// [`ValidatorError::Setting`] for any other word, and [`ValidatorError::Running`].
    pub fn set_revocation_check_setting<S>(&mut self, setting: S) -> Result<(), ValidatorError>
    where
        S: TryInto<RevocationCheck>,
        ValidatorError: From<S::Error>,
    {
        self.idle("revocationCheckSetting")?;
        self.revocation = setting.try_into()?;
        Ok(())
    }

    /// What must be known about revocation.
    ///
    /// # Errors
    /// [`ValidatorError::Running`].
    pub fn revocation_check_setting(&self) -> Result<RevocationCheck, ValidatorError> {
        self.idle("revocationCheckSetting")?;
        Ok(self.revocation)
    }

    /// Judges certificates by another profile than `legacy`, which is AIR's.
    ///
    /// # Errors
    /// [`ValidatorError::Running`].
    pub fn set_certificate_profile(&mut self, profile: TrustProfile) -> Result<(), ValidatorError> {
        self.idle("certificateProfile")?;
        self.profile = profile;
        Ok(())
    }

    /// Says which object identifier, in dotted form, [`TrustSetting::PlaylistSigning`] asks for in the signer's extended key
    /// usage. AIR's own was never told, so there is none at first and nobody may sign playlists.
    ///
    /// # Errors
    /// [`ValidatorError::Running`].
    pub fn set_playlist_signing(&mut self, oid: Option<&str>) -> Result<(), ValidatorError> {
        self.idle("playlistSigning")?;
        self.playlist_signing = oid.map(str::to_owned);
        Ok(())
    }

    /// Takes signatures by RSA with SHA-1, which old packagers made and which can be forged with effort. Digests of
    /// references are by SHA-256 all the same.
    ///
    /// # Errors
    /// [`ValidatorError::Running`].
    pub fn set_rsa_sha1(&mut self, allowed: bool) -> Result<(), ValidatorError> {
        self.idle("rsaSha1")?;
        self.rsa_sha1 = allowed;
        Ok(())
    }

    /// Asks for issuers' certificates too where a chain is not whole; at first only for evidence of revocation.
    ///
    /// # Errors
    /// [`ValidatorError::Running`].
    pub fn set_fetch_issuers(&mut self, wanted: bool) -> Result<(), ValidatorError> {
        self.idle("fetchIssuers")?;
        self.fetch_issuers = wanted;
        Ok(())
    }

    /// Allows more or less of anything.
    ///
    /// # Errors
    /// [`ValidatorError::Running`].
    pub fn set_limits(&mut self, limits: Limits) -> Result<(), ValidatorError> {
        self.idle("limits")?;
        self.limits = limits;
        Ok(())
    }
}

/// A certificate from the first byte to the last.
fn whole(der: &[u8]) -> Result<Certificate<'static>, ValidatorError> {
    let refused = |why: String| Err(ValidatorError::NotDer(why));
    if der.starts_with(b"-----BEGIN") {
        return refused("it is PEM; DER is wanted".to_owned());
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
