//! Keys and signature algorithms.

use super::{Findings, Role};
use crate::{
    Certificate,
    certificate::{Curve, KeyAlgorithm},
    rule::Rule,
    signature::Hash,
};

pub(super) fn check(certificate: &Certificate<'_>, role: Role, findings: &mut Findings<'_>) {
    match certificate.public_key() {
        Ok(key) => {
            let offset = Some(key.offset);
            key_strength(&key.algorithm, offset, findings);
        }
        Err(error) => findings
            .add(Rule::KeyMalformed, Some(error.offset), || format!("its public key: {error}")),
    }
    // An anchor is trusted by decision, not by its signature on itself.
    if role.is_anchor() {
        return;
    }
    if let Ok(algorithm) = certificate.signature_algorithm()
        && algorithm.scheme().hash() == Some(Hash::Sha1)
    {
        findings.add(Rule::Sha1Signature, None, || {
            format!("it is signed by {}, which is refused because of SHA-1", algorithm.scheme())
        });
    }
}

fn key_strength(algorithm: &KeyAlgorithm<'_>, offset: Option<usize>, findings: &mut Findings<'_>) {
    match *algorithm {
        KeyAlgorithm::Rsa { bits, exponent, .. } => {
            if !(1024..=8192).contains(&bits) {
                findings.add(Rule::RsaKeySize, offset, || {
                    format!("its RSA key has {bits} bits; 1024 to 8192 are allowed")
                });
            } else if bits < 2048 {
                findings.add(Rule::RsaKeySmall, offset, || {
                    format!("its RSA key has {bits} bits; 2048 are needed")
                });
            }
            if bits % 8 != 0 {
                findings.add(Rule::RsaKeyUneven, offset, || {
                    format!("its RSA key has {bits} bits, which is no multiple of 8")
                });
            }
            if exponent.is_some_and(|exponent| exponent < 3 || exponent % 2 == 0) {
                findings.add(Rule::RsaExponent, offset, || {
                    format!("its RSA exponent is {}", exponent.unwrap_or_default())
                });
            }
        }
        KeyAlgorithm::Dsa { .. } => {
            findings.add(Rule::DsaKey, offset, || format!("its key is {algorithm}"));
        }
        KeyAlgorithm::EcExplicit => {
            findings.add(Rule::ExplicitCurve, offset, || format!("its key is on {algorithm}"));
        }
        KeyAlgorithm::Ec(Curve::P256 | Curve::P384 | Curve::P521) => {}
        KeyAlgorithm::Ec(_)
        | KeyAlgorithm::Ed25519
        | KeyAlgorithm::MlDsa(_)
        | KeyAlgorithm::Other(_) => {
            findings.add(Rule::KeyNotAllowed, offset, || format!("its key is {algorithm}"));
        }
    }
}
