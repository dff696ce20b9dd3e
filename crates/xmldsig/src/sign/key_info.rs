use super::{SignError, reference::check_text, template::Writer};
use crate::{
    algorithm::{Curve, KeyNumbers, VerificationKey},
    base64,
    signature::DSIG11,
};
use ravelin_trust::Certificate;

/// What KeyInfo says about the key (W3C XML Signature 1.1, section 4.5).
#[derive(Clone, Debug)]
pub(super) enum KeyPart {
    Name(String),
    Value,
    EncodedValue,
    /// As DER, the signer's first.
    Certificates(Vec<Vec<u8>>),
}

impl KeyPart {
    /// Whether it can be said of the key.
    pub(super) fn check(
        &self,
        key: &VerificationKey,
        signs_under: impl Fn(&VerificationKey) -> bool,
    ) -> Result<(), SignError> {
        match self {
            KeyPart::Name(name) => check_text("key name", name),
            KeyPart::Certificates(list) => {
                let mut certificates = Vec::new();
                for (i, der) in list.iter().enumerate() {
                    certificates.push(Certificate::parse(&der[..]).map_err(|error| {
                        let number = i + 1;
                        SignError::setup(format!("certificate {number} cannot be read: {error}"))
                    })?);
                }
                let Some(first) = certificates.first() else {
                    return Err(SignError::setup(
                        "there is no certificate in the list: give the signer's",
                    ));
                };
                let theirs = VerificationKey::from_certificate(first)?;
                if signs_under(&theirs) {
                    return Ok(());
                }
                let other = certificates[1..].iter().position(|certificate| {
                    VerificationKey::from_certificate(certificate)
                        .is_ok_and(|key| signs_under(&key))
                });
                Err(SignError::setup(match other {
                    Some(at) => format!(
                        "certificate {} is the signer's, but certificate 1 must be: put it first",
                        at + 2
                    ),
                    None => {
                        "the first certificate is not one of the key: give the key's own".to_owned()
                    }
                }))
            }
            KeyPart::Value | KeyPart::EncodedValue
                if matches!(key.numbers(), KeyNumbers::Secret) =>
            {
                Err(SignError::setup("an HMAC secret is not to be shown: leave the key value out"))
            }
            KeyPart::Value if matches!(key.numbers(), KeyNumbers::Ed25519(_)) => {
                Err(SignError::setup(
                    "there is no KeyValue for Ed25519: use the DER-encoded one, or a certificate",
                ))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn write(&self, key: &VerificationKey, out: &mut Writer) {
        match self {
            KeyPart::Name(name) => out.element("KeyName", &[], |out| out.text(name)),
            KeyPart::Value => out.element("KeyValue", &[], |out| write_value(key, out)),
            KeyPart::EncodedValue => out.raw(&format!(
                "<DEREncodedKeyValue xmlns=\"{DSIG11}\">{}</DEREncodedKeyValue>",
                base64::encode(&subject_public_key_info(key))
            )),
            KeyPart::Certificates(list) => out.element("X509Data", &[], |out| {
                for der in list {
                    out.base64("X509Certificate", der);
                }
            }),
        }
    }
}

fn write_value(key: &VerificationKey, out: &mut Writer) {
    match key.numbers() {
        KeyNumbers::Rsa { modulus, exponent } => out.element("RSAKeyValue", &[], |out| {
            out.base64("Modulus", modulus);
            out.base64("Exponent", exponent);
        }),
        KeyNumbers::Ec { curve, point } => out.raw(&format!(
            "<ECKeyValue xmlns=\"{DSIG11}\"><NamedCurve URI=\"{}\"/><PublicKey>{}</PublicKey></ECKeyValue>",
            curve.uri(),
            base64::encode(point)
        )),
        // Refused before.
        _ => {}
    }
}

/// RFC 5280, section 4.1; RFC 3279, section 2.3; RFC 5480, section 2; RFC 8410, section 4.
fn subject_public_key_info(key: &VerificationKey) -> Vec<u8> {
    let (algorithm, octets) = match key.numbers() {
        KeyNumbers::Rsa { modulus, exponent } => (
            // rsaEncryption, NULL
            b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00".to_vec(),
            der(0x30, &[integer(modulus), integer(exponent)].concat()),
        ),
        KeyNumbers::Ec { curve, point } => {
            let curve: &[u8] = match curve {
                Curve::P256 => b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07",
                Curve::P384 => b"\x06\x05\x2b\x81\x04\x00\x22",
                Curve::P521 => b"\x06\x05\x2b\x81\x04\x00\x23",
                Curve::Secp256k1 => b"\x06\x05\x2b\x81\x04\x00\x0a",
            };
            // id-ecPublicKey, namedCurve
            ([b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01", curve].concat(), point.to_vec())
        }
        KeyNumbers::Ed25519(octets) => (b"\x06\x03\x2b\x65\x70".to_vec(), octets.to_vec()),
        // Keys of DSA sign nothing here, and secrets are refused before.
        KeyNumbers::Dsa(_) | KeyNumbers::Secret => (Vec::new(), Vec::new()),
    };
    let bits = der(0x03, &[&[0], &octets[..]].concat());
    der(0x30, &[der(0x30, &algorithm), bits].concat())
}

/// A positive number.
fn integer(octets: &[u8]) -> Vec<u8> {
    let sign: &[u8] = if octets.first().is_none_or(|first| *first >= 0x80) { &[0] } else { &[] };
    der(0x02, &[sign, octets].concat())
}

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let zeros = length.iter().take_while(|octet| **octet == 0).count();
    let mut out = vec![tag];
    match u8::try_from(content.len()) {
        Ok(short) if short < 0x80 => out.push(short),
        _ => {
            out.push(0x80 | u8::try_from(length.len() - zeros).unwrap_or(8));
            out.extend(&length[zeros..]);
        }
    }
    out.extend(content);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algorithm::SigningKey;

    #[test]
    fn encoded_keys_are_those_of_the_certificate() {
        for algorithm in [
            &rcgen::PKCS_RSA_SHA256,
            &rcgen::PKCS_ECDSA_P256_SHA256,
            &rcgen::PKCS_ECDSA_P384_SHA384,
            &rcgen::PKCS_ECDSA_P521_SHA512,
            &rcgen::PKCS_ED25519,
        ] {
            let pair = rcgen::KeyPair::generate_for(algorithm).unwrap();
            let key =
                SigningKey::from_der(&pair.serialize_der()).unwrap().verification_key().unwrap();
            let expected = rcgen::PublicKeyData::subject_public_key_info(&pair);
            assert_eq!(subject_public_key_info(&key), expected, "{key}");
        }
    }
}
