//! Extensions of certificates, decoded.

use super::{
    certificate::list,
    fields::{Field, Table},
};
use crate::commands::cert::facts::hex;
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use ravelin_trust::{
    Certificate, Purpose, Time,
    certificate::{
        AccessDescription, DistributionPoint, DistributionPointName, Extension, ExtensionError,
        PolicyInformation, PolicyQualifier, SignedCertificateTimestamp, Subtrees,
    },
};
use std::time::Duration;

/// An extension: what it is called, and what it says. What is not known, or broken, is shown as bytes.
pub fn table(certificate: &Certificate<'_>, extension: &Extension<'_>) -> Table {
    let oid = extension.oid.to_string();
    let (name, value) = match decoded(certificate, &oid) {
        Some((name, Ok(value))) => (Some(name), value),
        Some((name, Err(fault))) => {
            let broken = Table::default().with("fault", fault).with("bytes", hex(extension.value));
            (Some(name), broken.into())
        }
        None => (None, hex(extension.value).into()),
    };
    Table::default()
        .with("name", name)
        .with("oid", oid)
        .with("critical", extension.critical)
        .with("value", value)
}

type Decoded = (&'static str, Result<Field, String>);

fn decoded(certificate: &Certificate<'_>, oid: &str) -> Option<Decoded> {
    Some(match oid {
        "2.5.29.14" => {
            ("subject key identifier", field(certificate.subject_key_id(), |id| hex(id).into()))
        }
        "2.5.29.15" => (
            "key usage",
            field(certificate.key_usage(), |usage| {
                usage.names().map(Field::from).collect::<Vec<_>>().into()
            }),
        ),
        "2.5.29.17" => {
            ("subject alternative name", field(certificate.subject_alt_names(), |n| list(n).into()))
        }
        "2.5.29.18" => {
            ("issuer alternative name", field(certificate.issuer_alt_names(), |n| list(n).into()))
        }
        "2.5.29.19" => (
            "basic constraints",
            field(certificate.basic_constraints(), |basic| {
                Table::default()
                    .with("ca", basic.ca)
                    .with("path_length", basic.path_length.map(u64::from))
                    .into()
            }),
        ),
        "2.5.29.30" => (
            "name constraints",
            field(certificate.name_constraints(), |spaces| {
                Table::default()
                    .with("permitted", spaces.permitted.map(subtrees))
                    .with("excluded", spaces.excluded.map(subtrees))
                    .into()
            }),
        ),
        "2.5.29.31" => {
            ("CRL distribution points", field(certificate.crl_distribution_points(), points))
        }
        "2.5.29.46" => ("freshest CRL", field(certificate.freshest_crl(), points)),
        "2.5.29.32" => ("certificate policies", field(certificate.policies(), policies)),
        "2.5.29.33" => (
            "policy mappings",
            field(certificate.policy_mappings(), |mappings| {
                let mappings = mappings.iter().map(|(ours, theirs)| format!("{ours} = {theirs}"));
                mappings.collect::<Vec<_>>().into()
            }),
        ),
        "2.5.29.35" => (
            "authority key identifier",
            field(certificate.authority_key_id(), |key| {
                Table::default()
                    .with("key", key.key_id.map(hex))
                    .with("issuer", key.issuer.map(list))
                    .with("serial", key.serial.map(|serial| hex(serial.0)))
                    .into()
            }),
        ),
        "2.5.29.36" => (
            "policy constraints",
            field(certificate.policy_constraints(), |constraints| {
                Table::default()
                    .with("require_explicit_after", constraints.require_explicit.map(u64::from))
                    .with("inhibit_mapping_after", constraints.inhibit_mapping.map(u64::from))
                    .into()
            }),
        ),
        "2.5.29.37" => (
            "extended key usage",
            field(certificate.extended_key_usage(), |purposes| {
                let purposes = purposes.iter().map(|oid| Purpose::of(*oid).to_string());
                purposes.collect::<Vec<_>>().into()
            }),
        ),
        "2.5.29.54" => (
            "inhibit any-policy",
            field(certificate.inhibit_any_policy(), |after| {
                Table::default().with("after", u64::from(after)).into()
            }),
        ),
        "1.3.6.1.5.5.7.1.1" => (
            "authority information access",
            field(certificate.authority_info_access(), |list| access(&list)),
        ),
        "1.3.6.1.5.5.7.1.11" => (
            "subject information access",
            field(certificate.subject_info_access(), |list| access(&list)),
        ),
        "1.3.6.1.5.5.7.1.24" => ("TLS feature", field(certificate.tls_features(), features)),
        "1.3.6.1.5.5.7.48.1.5" => ("OCSP no-check", Ok(true.into())),
        "1.3.6.1.4.1.11129.2.4.2" => (
            "signed certificate timestamps",
            field(certificate.signed_certificate_timestamps(), timestamps),
        ),
        "1.3.6.1.4.1.11129.2.4.3" => ("precertificate poison", Ok(true.into())),
        _ => return None,
    })
}

fn field<T>(
    read: Result<Option<T>, ExtensionError>,
    show: impl FnOnce(T) -> Field,
) -> Result<Field, String> {
    match read {
        Ok(value) => Ok(value.map_or(Field::Nothing, show)),
        Err(error) => Err(error.to_string()),
    }
}

fn subtrees(spaces: Subtrees<'_>) -> Vec<String> {
    spaces
        .map(|space| match space {
            Ok((base, true)) => base.to_string(),
            Ok((base, false)) => format!("{base}, with a distance"),
            Err(error) => error.to_string(),
        })
        .collect()
}

/// CRL distribution points.
#[expect(clippy::needless_pass_by_value, reason = "as the extension is read")]
fn points(points: Vec<DistributionPoint<'_>>) -> Field {
    let point = |point: &DistributionPoint<'_>| {
        let names = match point.name {
            Some(DistributionPointName::Full(names)) => Field::from(list(names)),
            Some(DistributionPointName::Relative(bytes)) => hex(bytes).into(),
            None => Field::Nothing,
        };
        Table::default()
            .with("names", names)
            .with("issuer", point.issuer.map(list))
            .with("some_reasons_only", point.reasons.is_some())
    };
    points.iter().map(point).collect::<Vec<_>>().into()
}

#[expect(clippy::needless_pass_by_value, reason = "as the extension is read")]
fn policies(policies: Vec<PolicyInformation<'_>>) -> Field {
    let policy = |policy: &PolicyInformation<'_>| {
        let qualifiers = policy.qualifiers().map(|qualifier| match qualifier {
            PolicyQualifier::Practices(uri) => uri.escape_ascii().to_string(),
            PolicyQualifier::Notice(bytes) => format!("notice {}", hex(bytes)),
            PolicyQualifier::Other { kind, value } => format!("{kind} {}", hex(value)),
            _ => "of a kind that is not known".into(),
        });
        Table::default()
            .with("policy", policy.policy.to_string())
            .with("qualifiers", qualifiers.collect::<Vec<_>>())
    };
    policies.iter().map(policy).collect::<Vec<_>>().into()
}

fn access(list: &[AccessDescription<'_>]) -> Field {
    let one = |one: &AccessDescription<'_>| {
        let method = one.method.to_string();
        let method = match &method[..] {
            "1.3.6.1.5.5.7.48.1" => "OCSP",
            "1.3.6.1.5.5.7.48.2" => "CA issuers",
            "1.3.6.1.5.5.7.48.3" => "time stamping",
            "1.3.6.1.5.5.7.48.5" => "CA repository",
            other => other,
        };
        Table::default().with("method", method).with("location", one.location.to_string())
    };
    list.iter().map(one).collect::<Vec<_>>().into()
}

#[expect(clippy::needless_pass_by_value, reason = "as the extension is read")]
fn features(features: Vec<u64>) -> Field {
    let feature = |feature: &u64| match feature {
        5 => "status_request (a stapled OCSP response is promised)".to_owned(),
        17 => "status_request_v2".to_owned(),
        other => other.to_string(),
    };
    features.iter().map(feature).collect::<Vec<_>>().into()
}

#[expect(clippy::needless_pass_by_value, reason = "as the extension is read")]
fn timestamps(list: Vec<SignedCertificateTimestamp<'_>>) -> Field {
    let one = |one: &SignedCertificateTimestamp<'_>| {
        Table::default()
            .with("version", u64::from(one.version) + 1)
            .with("log", BASE64.encode(one.log))
            .with("time", Time::since_epoch(Duration::from_millis(one.milliseconds)).to_string())
    };
    list.iter().map(one).collect::<Vec<_>>().into()
}
