//! What extensions say, and whether they may (RFC 5280, section 4.2).

use super::{Findings, Role};
use crate::{
    Certificate,
    certificate::{ExtensionError, Kind},
    oid,
    rule::Rule,
};

pub(super) fn check(certificate: &Certificate<'_>, role: Role, findings: &mut Findings<'_>) {
    if let Some((oid, offset)) = certificate.duplicate() {
        findings.add(Rule::DuplicateExtension, Some(offset), || {
            format!("it has the extension {oid} more than once")
        });
    }
    if let Some((oid, offset)) = certificate.unknown_critical() {
        findings.add(Rule::UnknownCriticalExtension, Some(offset), || {
            format!("it has the critical extension {oid}, which nobody here understands")
        });
    }
    if certificate.critical(Kind::NetscapeCertType) == Some(true) {
        findings.add(Rule::UnknownCriticalExtension, None, || {
            "it has the critical extension Netscape certificate type, which is not acted on".into()
        });
    }
    malformed(certificate, findings);
    criticality(certificate, findings);
    let ca = certificate_authority(certificate, role, findings);
    key_identifiers(certificate, ca, findings);
    purposes(certificate, role, findings);
    policies(certificate, findings);
    if let Ok(Some(access)) = certificate.authority_info_access()
        && access.is_empty()
    {
        findings.add(Rule::InformationAccessEmpty, None, || {
            "its authority information access describes nothing".into()
        });
    }
}

/// Every extension that is known must be readable.
fn malformed(certificate: &Certificate<'_>, findings: &mut Findings<'_>) {
    fn fault<T>(read: Result<Option<T>, ExtensionError>) -> Option<ExtensionError> {
        read.err()
    }
    let c = certificate;
    let deciding = [
        fault(c.basic_constraints()),
        fault(c.key_usage()),
        fault(c.extended_key_usage()),
        fault(c.policies()),
        fault(c.policy_mappings()),
        fault(c.policy_constraints()),
        fault(c.inhibit_any_policy()),
        fault(c.name_constraints()),
        fault(c.subject_alt_names()),
        fault(c.tls_features()),
    ];
    for error in deciding.into_iter().flatten() {
        findings.add(Rule::ExtensionMalformed, Some(error.error.offset), || format!("its {error}"));
    }
    let informing = [
        (Kind::AuthorityKeyIdentifier, fault(c.authority_key_id())),
        (Kind::SubjectKeyIdentifier, fault(c.subject_key_id())),
        (Kind::IssuerAltName, fault(c.issuer_alt_names())),
        (Kind::CrlDistributionPoints, fault(c.crl_distribution_points())),
        (Kind::FreshestCrl, fault(c.freshest_crl())),
        (Kind::AuthorityInfoAccess, fault(c.authority_info_access())),
        (Kind::SubjectInfoAccess, fault(c.subject_info_access())),
    ];
    for (kind, error) in informing {
        let Some(error) = error else { continue };
        // What is critical must be processed, and it cannot be (RFC 5280, section 4.2).
        let critical = certificate.critical(kind) == Some(true);
        let rule = if critical { Rule::ExtensionMalformed } else { Rule::InformationMalformed };
        findings.add(rule, Some(error.error.offset), || format!("its {error}"));
    }
}

/// RFC 5280 says of each extension whether it must, or must not, be critical.
fn criticality(certificate: &Certificate<'_>, findings: &mut Findings<'_>) {
    const NEVER: [Kind; 6] = [
        Kind::AuthorityKeyIdentifier,
        Kind::SubjectKeyIdentifier,
        Kind::AuthorityInfoAccess,
        Kind::SubjectInfoAccess,
        Kind::FreshestCrl,
        Kind::SubjectDirectoryAttributes,
    ];
    const ALWAYS: [Kind; 2] = [Kind::PolicyConstraints, Kind::InhibitAnyPolicy];
    for (kinds, wanted) in [(&NEVER[..], false), (&ALWAYS[..], true)] {
        for kind in kinds {
            if certificate.critical(*kind) == Some(!wanted) {
                findings.add(Rule::ExtensionCriticality, None, || {
                    let not = if wanted {
                        "not critical, but must be"
                    } else {
                        "critical, but must not be"
                    };
                    format!("its {} is {not}", kind.name())
                });
            }
        }
    }
}

/// Basic constraints and key usage, which belong together. Says whether the certificate claims to be a CA's.
fn certificate_authority(
    certificate: &Certificate<'_>,
    role: Role,
    findings: &mut Findings<'_>,
) -> bool {
    let (Ok(basic), Ok(usage)) = (certificate.basic_constraints(), certificate.key_usage()) else {
        // Told already.
        return false;
    };
    let ca = basic.is_some_and(|basic| basic.ca);
    let signs = usage.is_some_and(crate::certificate::KeyUsage::key_cert_sign);
    if !role.is_end() {
        let excused = role.is_anchor() && certificate.version() < 3 && basic.is_none();
        if !ca && !excused {
            findings.add(Rule::NotACa, None, || {
                if basic.is_some() {
                    "its basic constraints say that it is no CA".into()
                } else {
                    "it has no basic constraints that say that it is a CA".into()
                }
            });
        }
        if usage.is_some() && !signs {
            findings.add(Rule::KeyCertSignMissing, None, || {
                "its key usage does not allow signing certificates".into()
            });
        }
    } else if role.is_server() && (ca || signs) {
        findings.add(Rule::LeafIsCa, None, || {
            if ca {
                "the end certificate is a CA's".into()
            } else {
                "the end certificate's key usage allows signing certificates".into()
            }
        });
    }
    if ca {
        if certificate.critical(Kind::BasicConstraints) == Some(false) {
            findings.add(Rule::BasicConstraintsNotCritical, None, || {
                "its basic constraints are not critical".into()
            });
        }
        match certificate.critical(Kind::KeyUsage) {
            None => findings
                .add(Rule::CaKeyUsageMissing, None, || "it is a CA without key usage".into()),
            Some(false) => findings.add(Rule::CaKeyUsageNotCritical, None, || {
                "it is a CA whose key usage is not critical".into()
            }),
            Some(true) => {}
        }
        if certificate.subject().is_empty() {
            findings.add(Rule::CaSubjectEmpty, None, || "it is a CA without a name".into());
        }
    } else {
        if signs {
            findings.add(Rule::KeyCertSignWithoutCa, None, || {
                "its key usage allows signing certificates, but it is no CA".into()
            });
        }
        if basic.is_some_and(|basic| basic.path_length.is_some()) {
            findings.add(Rule::PathLengthWithoutCa, None, || {
                "it has a path length, but is no CA".into()
            });
        }
    }
    if usage.is_some_and(crate::certificate::KeyUsage::is_empty) {
        findings.add(Rule::KeyUsageEmpty, None, || "its key usage allows nothing".into());
    }
    ca
}

fn key_identifiers(certificate: &Certificate<'_>, ca: bool, findings: &mut Findings<'_>) {
    let own = certificate.subject_key_id().ok().flatten();
    if ca && own.is_none() {
        findings.add(Rule::SubjectKeyIdMissing, None, || {
            "it is a CA without a subject key identifier".into()
        });
    }
    let self_issued = certificate.is_self_issued();
    match certificate.authority_key_id() {
        Ok(None) if !self_issued => findings
            .add(Rule::AuthorityKeyIdMissing, None, || "it has no authority key identifier".into()),
        Ok(Some(authority)) => {
            if authority.key_id.is_none() && !self_issued {
                findings.add(Rule::AuthorityKeyIdMissing, None, || {
                    "its authority key identifier identifies no key".into()
                });
            }
            if authority.issuer.is_some() || authority.serial.is_some() {
                findings.add(Rule::AuthorityKeyIdIssuer, None, || {
                    "its authority key identifier names an issuer or a serial number".into()
                });
            }
            // A root identifies itself; others are compared with their issuer on the path.
            if self_issued
                && let (Some(named), Some(own)) = (authority.key_id, own)
                && named != own
            {
                findings.add(Rule::AuthorityKeyIdMismatch, None, || {
                    "it is self-issued, but its authority key identifier is not its subject key identifier".into()
                });
            }
        }
        _ => {}
    }
}

fn purposes(certificate: &Certificate<'_>, role: Role, findings: &mut Findings<'_>) {
    let Ok(purposes) = certificate.extended_key_usage() else { return };
    match purposes {
        None if role.is_server() => {
            findings.add(Rule::PurposeMissing, None, || "it has no extended key usage".into());
        }
        None => {}
        Some(purposes) => {
            if purposes.is_empty() {
                findings.add(Rule::PurposesEmpty, None, || {
                    "its extended key usage names no purpose".into()
                });
            }
            if role.is_server() {
                if purposes.contains(&oid::ANY_EXTENDED_KEY_USAGE) {
                    findings.add(Rule::AnyPurpose, None, || {
                        "its extended key usage is for any purpose".into()
                    });
                }
                if certificate.critical(Kind::ExtendedKeyUsage) == Some(true) {
                    findings.add(Rule::PurposeCritical, None, || {
                        "its extended key usage is critical".into()
                    });
                }
            }
            if role == Role::Anchor {
                findings.add(Rule::RootHasExtendedKeyUsage, None, || {
                    "it is a root with an extended key usage".into()
                });
            }
        }
    }
}

fn policies(certificate: &Certificate<'_>, findings: &mut Findings<'_>) {
    if let Ok(Some(policies)) = certificate.policies() {
        let mut named: Vec<_> = policies.iter().map(|one| one.policy).collect();
        named.sort_unstable();
        let twice = named.iter().zip(named.iter().skip(1)).find(|(one, next)| one == next);
        if let Some((twice, _)) = twice {
            findings.add(Rule::DuplicatePolicy, None, || {
                format!("it names the policy {twice} more than once")
            });
        }
    }
    if let Ok(Some(constraints)) = certificate.policy_constraints()
        && constraints.require_explicit.is_none()
        && constraints.inhibit_mapping.is_none()
    {
        findings.add(Rule::PolicyConstraintsEmpty, None, || {
            "its policy constraints demand nothing".into()
        });
    }
}
