//! What every certificate has (RFC 5280, section 4.1).

use super::{Findings, Role};
use crate::{Certificate, der::first_deviation, rule::Rule};

/// Bytes of the longest serial number (RFC 5280, section 4.1.2.2).
const MAX_SERIAL: usize = 20;
/// The longest validity of a subscriber's certificate, in seconds (BR, section 6.3.2): 398 days.
const MAX_VALIDITY: i64 = 398 * 86_400;

pub(super) fn check(certificate: &Certificate<'_>, role: Role, findings: &mut Findings<'_>) {
    if findings.wants(Rule::Encoding)
        && let Some((offset, what)) = deviation(certificate)
    {
        findings.add(Rule::Encoding, Some(offset), || format!("{what} at byte {offset}"));
    }
    if certificate.trailing() > 0 {
        findings.add(Rule::TrailingData, Some(certificate.der().len()), || {
            format!("{} bytes follow the certificate", certificate.trailing())
        });
    }
    version(certificate, role, findings);
    serial(certificate, findings);
    if !certificate.names_one_algorithm() {
        findings.add(Rule::SignatureAlgorithmMismatch, None, || {
            "the signed part names another signature algorithm than the signature has".into()
        });
    }
    if let Some(offset) = certificate.unique_ids() {
        findings.add(Rule::UniqueIds, Some(offset), || "it has unique identifiers".into());
    }
    for (what, name) in [("issuer", certificate.issuer()), ("subject", certificate.subject())] {
        if let Some(error) = name.fault() {
            findings
                .add(Rule::NameMalformed, Some(error.offset), || format!("the {what}: {error}"));
        }
    }
    if certificate.issuer().is_empty() {
        findings.add(Rule::IssuerEmpty, None, || "its issuer has no name".into());
    }
    if let Some((offset, what)) = certificate.validity_fault() {
        findings.add(Rule::ValidityEncoding, Some(offset), || format!("its validity has {what}"));
    }
    let validity = certificate.not_after().seconds_since(certificate.not_before());
    if role.is_server() && validity >= MAX_VALIDITY {
        findings.add(Rule::ValidityTooLong, None, || {
            format!("it is valid for {} days; at most 398 are allowed", validity / 86_400)
        });
    }
}

/// The first deviation from DER in the certificate itself, else in the value of an extension.
fn deviation(certificate: &Certificate<'_>) -> Option<(usize, &'static str)> {
    if let Some(deviation) = first_deviation(certificate.der()) {
        return Some((deviation.offset, deviation.what));
    }
    certificate.extensions().find_map(|extension| {
        let deviation = first_deviation(extension.value)?;
        Some((extension.offset + deviation.offset, deviation.what))
    })
}

fn version(certificate: &Certificate<'_>, role: Role, findings: &mut Findings<'_>) {
    let version = certificate.version();
    if version == 3 {
        return;
    }
    if certificate.has_extensions() {
        findings.add(Rule::ExtensionsNeedVersion3, None, || {
            format!("it has version {version}, and extensions")
        });
    }
    if role.is_anchor() && !role.is_end() {
        findings.add(Rule::AnchorVersion1, None, || {
            format!("the anchor has version {version} and cannot say that it is a CA")
        });
    } else {
        findings.add(Rule::Version3, None, || format!("it has version {version}"));
    }
}

fn serial(certificate: &Certificate<'_>, findings: &mut Findings<'_>) {
    let serial = certificate.serial();
    let offset = Some(certificate.serial_offset());
    if serial.is_negative() {
        findings.add(Rule::SerialNegative, offset, || "its serial number is negative".into());
    } else if serial.unsigned().is_empty() {
        findings.add(Rule::SerialZero, offset, || "its serial number is zero".into());
    }
    // The byte that only holds the sign counts: it is 20 bytes as encoded.
    let length = serial.minimal().len();
    if length > MAX_SERIAL {
        findings.add(Rule::SerialTooLong, offset, || {
            format!("its serial number has {length} bytes; at most {MAX_SERIAL} are allowed")
        });
    }
}
