//! Certificate requests (PKCS#10, RFC 2986), field by field.

use super::{certificate::key, fields::Table};
use crate::commands::cert::{
    dn::DistinguishedName, facts::sha256, input, name::general, purpose::Purpose,
};
use x509_parser::{
    asn1_rs::FromDer as _, certification_request::X509CertificationRequest,
    cri_attributes::ParsedCriAttribute, extensions::ParsedExtension,
};

/// Everything that a request asks for.
///
/// # Errors
/// When it is none.
pub fn table(der: &[u8]) -> Result<Table, String> {
    let (rest, request) = X509CertificationRequest::from_der(der)
        .map_err(|error| format!("is no certificate request: {}", input::asn1(error)))?;
    let info = &request.certification_request_info;
    let mut names = Vec::new();
    let mut purposes = Vec::new();
    let mut wants_authority = false;
    let mut others = Vec::new();
    for attribute in info.iter_attributes() {
        let ParsedCriAttribute::ExtensionRequest(asked) = attribute.parsed_attribute() else {
            others.push(attribute.oid.to_id_string());
            continue;
        };
        for extension in &asked.extensions {
            match extension.parsed_extension() {
                ParsedExtension::SubjectAlternativeName(found) => {
                    names.extend(found.general_names.iter().map(general));
                }
                ParsedExtension::ExtendedKeyUsage(usage) => {
                    purposes.extend(Purpose::of(usage).iter().map(ToString::to_string));
                }
                ParsedExtension::BasicConstraints(basic) => wants_authority |= basic.ca,
                _ => others.push(extension.oid.to_id_string()),
            }
        }
    }
    Ok(Table::of("request")
        .with("subject", DistinguishedName::from_parsed(&info.subject).to_string())
        .with("names", names)
        .with("ca", wants_authority)
        .with("purposes", purposes)
        .with("others", others)
        .with("public_key", key(info.subject_pki.raw))
        .with("signed_by_its_key", request.verify_signature().is_ok())
        .with("sha256", sha256(der))
        .with("trailing_bytes", rest.len()))
}
