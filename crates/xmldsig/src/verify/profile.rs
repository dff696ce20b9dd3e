//! What a profile lets through.

use super::{
    plan::Source,
    settings::{Profile, Settings},
};
use crate::{
    Error,
    algorithm::{DigestAlgorithm, SignatureAlgorithm},
    c14n::Method,
    signature::{Signature, Transform},
};

/// Whether the signature consists of what the profile and the settings allow.
pub(super) fn check(signature: &Signature, settings: &Settings) -> Result<(), Error> {
    for reference in &signature.references {
        settings
            .allowed
            .digest(reference.digest)
            .map_err(|error| Error::from(error).at(reference.position))?;
    }
    match settings.profile {
        Profile::Air => subset(signature),
        Profile::Extended => Ok(()),
    }
}

/// The subset of AIR's validator.
fn subset(signature: &Signature) -> Result<(), Error> {
    let outside = |what: &str| Error::unsupported(format!("{what} is not part of profile `air`"));
    if signature.canonicalization != Method::inclusive() {
        return Err(outside("a canonicalization other than Canonical XML 1.0 without comments"));
    }
    if !matches!(signature.algorithm, SignatureAlgorithm::RsaPkcs1(_)) {
        return Err(outside(&signature.algorithm.to_string()));
    }
    for reference in &signature.references {
        let at = |error: Error| error.at(reference.position);
        if reference.digest != DigestAlgorithm::Sha256 {
            return Err(at(outside(&reference.digest.to_string())));
        }
        for transform in &reference.transforms {
            let known = match transform {
                Transform::Enveloped => true,
                Transform::Canonicalize(method) => *method == Method::inclusive(),
                _ => false,
            };
            if !known {
                return Err(at(outside(
                    "a transform other than enveloped-signature and Canonical XML 1.0",
                )));
            }
        }
        let fragment = reference
            .uri
            .as_deref()
            .is_some_and(|uri| uri.starts_with('#') && !Source::is_plain(uri));
        if fragment && reference.uri.as_deref().is_some_and(|uri| uri.starts_with("#xpointer")) {
            return Err(at(outside("XPointer")));
        }
    }
    match &signature.key_info {
        Some(info) if !info.other && !info.certificates.is_empty() => Ok(()),
        _ => Err(outside("key information other than X509Certificate elements")),
    }
}
