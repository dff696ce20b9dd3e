//! CRLs and OCSP responses, field by field.

use super::{
    certificate::list,
    fields::{Field, Table},
};
use crate::commands::cert::facts::{hex, sha256};
use ravelin_trust::{
    certificate::DistributionPointName,
    revocation::{
        CertStatus, Crl, CrlEntry, IssuingDistributionPoint, OcspResponse, ResponderId,
        SingleResponse,
    },
};

/// Everything that a CRL says.
pub fn crl(crl: &Crl<'_>) -> Table {
    let key = crl.authority_key_id().and_then(|key| key.key_id);
    Table::of("crl")
        .with("issuer", crl.issuer().to_string())
        .with("this_update", crl.this_update().to_string())
        .with("next_update", crl.next_update().map(|time| time.to_string()))
        .with("number", crl.number().map(|number| hex(number.minimal())))
        .with("delta_to", crl.base().map(|number| hex(number.minimal())))
        .with("scope", crl.issuing_distribution_point().map(|scope| self::scope(&scope)))
        .with("authority_key_id", key.map(hex))
        .with("version", u64::from(crl.version()))
        .with(
            "signature_algorithm",
            crl.signature_algorithm()
                .map_or_else(|error| error.to_string(), |one| one.scheme().to_string()),
        )
        .with("sha256", sha256(crl.der()))
        .with("revoked", crl.len())
        .with("entries", crl.entries().map(|one| entry(&one)).collect::<Vec<_>>())
}

fn scope(scope: &IssuingDistributionPoint<'_>) -> Table {
    let names = match scope.name {
        Some(DistributionPointName::Full(names)) => Field::from(list(names)),
        Some(DistributionPointName::Relative(bytes)) => hex(bytes).into(),
        None => Field::Nothing,
    };
    Table::default()
        .with("names", names)
        .with("only_users", scope.only_users)
        .with("only_authorities", scope.only_authorities)
        .with("only_attributes", scope.only_attributes)
        .with("some_reasons_only", scope.reasons.is_some())
        .with("indirect", scope.indirect)
}

fn entry(entry: &CrlEntry<'_>) -> Table {
    Table::default()
        .with("serial", hex(entry.serial.0))
        .with("time", entry.time.to_string())
        .with("reason", entry.reason.map(|reason| reason.to_string()))
        .with("invalid_since", entry.invalidity.map(|time| time.to_string()))
        .with("certificate_issuer", entry.certificate_issuer.map(list))
}

/// Everything that an OCSP response says.
pub fn ocsp(response: &OcspResponse<'_>) -> Table {
    let responder = response.responder().map(|responder| match responder {
        ResponderId::Name(name) => name.to_string(),
        ResponderId::KeyHash(hash) => format!("key {}", hex(hash)),
    });
    Table::of("ocsp-response")
        .with("status", response.status().name())
        .with("responder", responder)
        .with("produced_at", response.produced_at().map(|time| time.to_string()))
        .with("nonce", response.nonce().map(hex))
        .with("sha256", sha256(response.der()))
        .with("responses", response.responses().map(|one| single(&one)).collect::<Vec<_>>())
        .with(
            "certificates",
            response.certificates().map(|one| one.subject().to_string()).collect::<Vec<_>>(),
        )
}

fn single(single: &SingleResponse<'_>) -> Table {
    let (status, time, reason) = match single.status {
        CertStatus::Good => ("good", None, None),
        CertStatus::Revoked { time, reason } => ("revoked", Some(time), reason),
        CertStatus::Unknown => ("unknown", None, None),
    };
    Table::default()
        .with("serial", hex(single.serial.0))
        .with("status", status)
        .with("time", time.map(|time| time.to_string()))
        .with("reason", reason.map(|reason| reason.to_string()))
        .with("this_update", single.this_update.to_string())
        .with("next_update", single.next_update.map(|time| time.to_string()))
        .with("hash_algorithm", single.hash_algorithm.to_string())
        .with("issuer_name_hash", hex(single.name_hash))
        .with("issuer_key_hash", hex(single.key_hash))
}
