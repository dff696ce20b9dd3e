use super::{ValidatorError, XmlSignatureValidator, validator::State, work::Outcome};
use crate::verify::{Report, SignatureStatus, Signer, TrustSetting, overall};
use ravelin_trust::Certificate;

/// What the last verification found.
impl XmlSignatureValidator {
    /// Whether `SignatureValue` is a signature over `SignedInfo` (`digestStatus`). Unknown if nothing was verified.
    ///
    /// # Errors
    /// [`ValidatorError::Running`].
    pub fn digest_status(&self) -> Result<SignatureStatus, ValidatorError> {
        Ok(self.outcome("digestStatus")?.digest)
    }

    /// Whether the signer is trusted (`identityStatus`): invalid if the certificate is expired, not yet valid, revoked or
    /// altered; unknown if it leads to no anchor, or was not looked at.
    ///
    /// # Errors
    /// [`ValidatorError::Running`].
    pub fn identity_status(&self) -> Result<SignatureStatus, ValidatorError> {
        Ok(self.outcome("identityStatus")?.identity)
    }

    /// Whether what is signed is unchanged (`referencesStatus`): valid if all of it is, unknown if it was not looked at.
    ///
    /// # Errors
    /// [`ValidatorError::Running`].
    pub fn references_status(&self) -> Result<SignatureStatus, ValidatorError> {
        Ok(self.outcome("referencesStatus")?.references)
    }

    /// All three together (`validityStatus`): valid only if all are, invalid if one is, else unknown.
    ///
    /// # Errors
    /// [`ValidatorError::Running`].
    pub fn validity_status(&self) -> Result<SignatureStatus, ValidatorError> {
        let Outcome { digest, identity, references, .. } = *self.outcome("validityStatus")?;
        Ok(overall([digest, identity, references]))
    }

    /// The common name of the signer (`signerCN`), also while a verification runs. `None` if the signature does not hold, or
    /// there is no such name.
    pub fn signer_cn(&self) -> Option<String> {
        self.certificate()?.subject().common_names().last().map(Into::into)
    }

    /// The distinguished name of the signer (`signerDN`) as RFC 4514 writes it, also while a verification runs. `None` if the
    /// signature does not hold.
    pub fn signer_dn(&self) -> Option<String> {
        Some(self.certificate()?.subject().to_string())
    }

    /// The purposes that the signer's certificate names (`signerExtendedKeyUsages`), as dotted object identifiers.
    ///
    /// # Errors
    /// [`ValidatorError::Running`].
    pub fn signer_extended_key_usages(&self) -> Result<Vec<String>, ValidatorError> {
        let signer = self.outcome("signerExtendedKeyUsages")?.signer.as_ref();
        Ok(signer.map(Signer::extended_key_usages).unwrap_or_default())
    }

    /// What the signer is trusted to sign (`signerTrustSettings`). Empty unless the identity is valid.
    ///
    /// # Errors
    /// [`ValidatorError::Running`].
    pub fn signer_trust_settings(&self) -> Result<Vec<TrustSetting>, ValidatorError> {
        let signer = self.outcome("signerTrustSettings")?.signer.as_ref();
        Ok(signer.map(Signer::trust_settings).unwrap_or_default())
    }

    /// Everything else that was found: each reference, the signer's verdict. `None` if no verification was finished.
    ///
    /// # Errors
    /// [`ValidatorError::Running`].
    pub fn report(&self) -> Result<Option<&Report>, ValidatorError> {
        Ok(self.outcome("report")?.report.as_ref())
    }

    pub(super) fn outcome(&self, member: &'static str) -> Result<&Outcome, ValidatorError> {
        match &self.state {
            State::Idle(outcome) => Ok(outcome),
            State::Running { .. } => Err(ValidatorError::Running(member)),
        }
    }

    fn certificate(&self) -> Option<&Certificate<'static>> {
        match &self.state {
            State::Idle(outcome) => Some(outcome.signer.as_ref()?.certificate()),
            State::Running { certificate, .. } => certificate.as_deref(),
        }
    }
}
