//! Alternative names, common names, name spaces (RFC 5280, sections 4.2.1.6 and 4.2.1.10; BR, sections 7.1.2.7.12 and
//! 7.1.4.3).

use super::{Findings, Role};
use crate::{
    Certificate,
    certificate::{GeneralName, GeneralNames, Kind, NameConstraints, address},
    name::{constraints::base_fault, dns_syntax_fault, is_email},
    rule::Rule,
};

pub(super) fn check(certificate: &Certificate<'_>, role: Role, findings: &mut Findings<'_>) {
    let subject_empty = certificate.subject().is_empty();
    match certificate.subject_alt_names() {
        Ok(Some(names)) => {
            alternative_names(names, findings);
            let critical = certificate.critical(Kind::SubjectAltName) == Some(true);
            if subject_empty && !critical {
                findings.add(Rule::SubjectAltNameNotCritical, None, || {
                    "its subject is empty and its subject alternative names are not critical".into()
                });
            }
            if role.is_server() && !subject_empty && critical {
                findings.add(Rule::SubjectAltNameCritical, None, || {
                    "its subject is not empty and its subject alternative names are critical".into()
                });
            }
            if role.is_server() && findings.wants(Rule::CommonNameNotInSan) {
                common_names(certificate, names, findings);
            }
        }
        Ok(None) => {
            if subject_empty {
                findings.add(Rule::NamesMissing, None, || {
                    "it has neither a subject nor subject alternative names".into()
                });
            }
            if role.is_server() {
                findings.add(Rule::SubjectAltNameMissing, None, || {
                    "it has no subject alternative names".into()
                });
            }
        }
        Err(_) => {}
    }
    if let Ok(Some(constraints)) = certificate.name_constraints() {
        name_spaces(certificate, role, &constraints, findings);
    }
}

fn alternative_names(names: GeneralNames<'_>, findings: &mut Findings<'_>) {
    if names.is_empty() {
        findings.add(Rule::SubjectAltNameEmpty, None, || {
            "its subject alternative names are an empty list".into()
        });
    }
    for name in names {
        let name = match name {
            Ok(name) => name,
            Err(error) => {
                findings.add(Rule::ExtensionMalformed, Some(error.offset), || {
                    format!("its subject alternative name: {error}")
                });
                return;
            }
        };
        if let GeneralName::Ip(bytes) = name {
            if address(bytes).is_none() {
                findings.add(Rule::AddressLength, None, || {
                    format!("its alternative IP address has {} bytes", bytes.len())
                });
            }
        } else if let Some(fault) = syntax_fault(&name) {
            findings
                .add(Rule::NameSyntax, None, || format!("its alternative name {name}: {fault}"));
        }
        if let GeneralName::Dns(dns) = name
            && let Some(parent) = dns.strip_prefix(b"*.").or((dns == b"*").then_some(b""))
            && findings.wants(Rule::WildcardPublicSuffix)
            && is_public_suffix(parent)
        {
            findings.add(Rule::WildcardPublicSuffix, None, || {
                format!("its alternative name {name} stands for names of many owners")
            });
        }
    }
}

fn syntax_fault(name: &GeneralName<'_>) -> Option<&'static str> {
    match name {
        GeneralName::Dns(dns) => dns_syntax_fault(dns.strip_prefix(b"*.").unwrap_or(dns), false),
        GeneralName::Email(email) => (!is_email(email)).then_some("it is no mailbox"),
        GeneralName::Uri(uri) => uri_fault(uri),
        GeneralName::Directory(name) => {
            if name.is_empty() {
                Some("it is empty")
            } else {
                name.fault().map(|_| "it cannot be read")
            }
        }
        _ => None,
    }
}

/// A URI must be absolute and have more than a scheme (RFC 5280, section 4.2.1.6).
fn uri_fault(uri: &[u8]) -> Option<&'static str> {
    if !uri.is_ascii() || uri.iter().any(|byte| byte.is_ascii_control() || *byte == b' ') {
        return Some("it contains characters that no URI has");
    }
    let Some(colon) = uri.iter().position(|byte| *byte == b':') else {
        return Some("it has no scheme");
    };
    let (scheme, rest) = (&uri[..colon], &uri[colon + 1..]);
    let fits = scheme.first().is_some_and(u8::is_ascii_alphabetic)
        && scheme.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte));
    if !fits {
        return Some("it has no scheme");
    }
    rest.is_empty().then_some("it has nothing behind its scheme")
}

/// Whether many owners share the names below this one. The root of the name space is no suffix by the list, but it is.
fn is_public_suffix(parent: &[u8]) -> bool {
    let lower = parent.to_ascii_lowercase();
    parent.is_empty() || psl::suffix(&lower).is_some_and(|suffix| suffix.as_bytes() == lower)
}

/// BR, section 7.1.4.3: a common name is one of the alternative names, letter by letter; addresses in their one form.
///
/// The domain of a wild card passes too (`a.example` beside `*.a.example`): it is common, and a common name alone makes a
/// certificate good for nothing under the profiles that look here.
fn common_names(
    certificate: &Certificate<'_>,
    names: GeneralNames<'_>,
    findings: &mut Findings<'_>,
) {
    for common in certificate.subject().common_names() {
        let mut names = names.filter_map(Result::ok);
        let found = names.any(|name| match name {
            GeneralName::Dns(dns) => {
                dns.strip_prefix(b"*.").unwrap_or(dns) == common.as_bytes()
                    || dns == common.as_bytes()
            }
            GeneralName::Ip(bytes) => {
                address(bytes).is_some_and(|address| address.to_string() == common)
            }
            _ => false,
        });
        if !found {
            findings.add(Rule::CommonNameNotInSan, None, || {
                format!(
                    "its common name `{}` is none of its subject alternative names",
                    common.escape_default()
                )
            });
        }
    }
}

fn name_spaces(
    certificate: &Certificate<'_>,
    role: Role,
    constraints: &NameConstraints<'_>,
    findings: &mut Findings<'_>,
) {
    let ca = certificate.basic_constraints().ok().flatten().is_some_and(|basic| basic.ca);
    if role.is_end() && !ca {
        findings.add(Rule::NameConstraintsInLeaf, None, || {
            "it has name constraints, but is no CA".into()
        });
    }
    if certificate.critical(Kind::NameConstraints) == Some(false) {
        findings.add(Rule::NameConstraintsNotCritical, None, || {
            "its name constraints are not critical".into()
        });
    }
    let lists = [constraints.permitted, constraints.excluded];
    if lists.iter().flatten().all(crate::certificate::Subtrees::is_empty)
        || lists.iter().flatten().any(crate::certificate::Subtrees::is_empty)
    {
        findings.add(Rule::NameConstraintsEmpty, None, || {
            "its name constraints have an empty list, or none".into()
        });
    }
    for subtree in lists.into_iter().flatten().flatten() {
        match subtree {
            Err(error) => {
                findings.add(Rule::ExtensionMalformed, Some(error.offset), || {
                    format!("its name constraints: {error}")
                });
                return;
            }
            Ok((base, plain)) => {
                if !plain {
                    findings.add(Rule::NameConstraintDistance, None, || {
                        format!("its name constraint {base} has a minimum or a maximum")
                    });
                }
                if let Some(fault) = base_fault(&base) {
                    findings.add(Rule::NameConstraintSyntax, None, || {
                        format!("its name constraint {base}: {fault}")
                    });
                }
            }
        }
    }
}
