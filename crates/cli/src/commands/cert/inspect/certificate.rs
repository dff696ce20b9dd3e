//! Certificates and public keys, field by field.

use super::{
    extensions,
    fields::{Field, Table},
};
use crate::commands::cert::{
    facts::{hex, sha256},
    moment::{now, validity},
};
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use ravelin_trust::{
    Certificate, Purpose,
    certificate::{GeneralNames, KeyAlgorithm, PublicKey},
    der::Reader,
};

/// Everything that a certificate says.
pub fn table(certificate: &Certificate<'_>) -> Table {
    let (from, until) = (certificate.not_before(), certificate.not_after());
    let basic = certificate.basic_constraints().ok().flatten();
    let purposes = certificate.extended_key_usage().ok().flatten().map(|purposes| {
        purposes.iter().map(|oid| Purpose::of(*oid).to_string()).collect::<Vec<_>>()
    });
    let usage = certificate.key_usage().ok().flatten();
    let names = certificate.subject_alt_names().ok().flatten();
    let der = certificate.der();
    Table::of("certificate")
        .with("subject", certificate.subject().to_string())
        .with("issuer", certificate.issuer().to_string())
        .with("self_issued", certificate.is_self_issued())
        .with("names", names.map(list).unwrap_or_default())
        .with("not_before", from.to_string())
        .with("not_after", until.to_string())
        .with("now", validity(from, until, now()))
        .with("ca", basic.is_some_and(|basic| basic.ca))
        .with("path_length", basic.and_then(|basic| basic.path_length).map(u64::from))
        .with("key_usage", usage.map(|usage| usage.names().map(Field::from).collect::<Vec<_>>()))
        .with("purposes", purposes.unwrap_or_default())
        .with("public_key", key(certificate.public_key_info()))
        .with("version", u64::from(certificate.version()))
        .with("serial", hex(certificate.serial().0))
        .with(
            "signature_algorithm",
            certificate
                .signature_algorithm()
                .map_or_else(|error| error.to_string(), |one| one.scheme().to_string()),
        )
        .with("signature", hex(certificate.signature()))
        .with("sha256", sha256(der))
        .with("sha1", sha1(der))
        .with("trailing_bytes", certificate.trailing())
        .with(
            "extensions",
            certificate
                .extensions()
                .map(|extension| extensions::table(certificate, &extension))
                .collect::<Vec<_>>(),
        )
}

/// A SubjectPublicKeyInfo.
pub fn key(info: &[u8]) -> Table {
    let key = PublicKey::read(Reader::new(info));
    let exponent = match &key {
        Ok(PublicKey { algorithm: KeyAlgorithm::Rsa { exponent, .. }, .. }) => *exponent,
        _ => None,
    };
    Table::default()
        .with(
            "algorithm",
            key.map_or_else(|error| error.to_string(), |key| key.algorithm.to_string()),
        )
        .with("exponent", exponent)
        .with("sha256", sha256(info))
        .with("pin_sha256", BASE64.encode(digest(&SHA256, info)))
}

/// Names, and what cannot be read of them.
pub fn list(names: GeneralNames<'_>) -> Vec<String> {
    names.map(|name| name.map_or_else(|error| error.to_string(), |name| name.to_string())).collect()
}

fn sha1(bytes: &[u8]) -> String {
    hex(digest(&SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref())
}
