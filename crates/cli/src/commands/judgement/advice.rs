//! What a status means, and what to do about it.

use super::{Judged, Presented, Store};
use ravelin_trust::{
    CandidatePath, Certificate, Finding, Level, Name, Purpose, Rule, Status,
    certificate::{DistributionPointName, GeneralName},
    der,
    revocation::RevocationStatus,
};

/// id-ad-ocsp and id-ad-caIssuers (RFC 5280, section 4.2.2.1).
const OCSP: &str = "1.3.6.1.5.5.7.48.1";
const CA_ISSUERS: &str = "1.3.6.1.5.5.7.48.2";

/// What a status says, in a sentence.
pub fn meaning(status: Status) -> &'static str {
    match status {
        Status::Trusted => "the certificate may be trusted",
        Status::Expired => "the certificate was good once, and its validity is over",
        Status::NotYetValid => "the certificate's validity has not begun",
        Status::Revoked => "a certificate of the path was withdrawn",
        Status::UntrustedSigners => "no path leads from the certificate to a trust anchor",
        Status::PrincipalMismatch => "the certificate is for somebody else",
        Status::InvalidChain => "something is wrong with an authority above the certificate",
        Status::Invalid => "something is wrong with the certificate itself",
        Status::Unknown => "whether the certificate was revoked must be known, and is not",
    }
}

/// What to do, in a sentence or two; nothing where nothing is to be done.
pub fn what_to_do(judged: &Judged) -> Option<String> {
    let path = judged.verdict.deciding();
    let error = path.findings.iter().find(|one| one.severity == Level::Error);
    let end = path.certificates.first()?;
    Some(match judged.status() {
        Status::Trusted => {
            let undetermined = path
                .revocation
                .iter()
                .any(|one| matches!(one.status, RevocationStatus::Undetermined));
            if !undetermined || judged.terms.online {
                return None;
            }
            format!("nothing has to be done; {}", would_ask(path))
        }
        Status::Expired if judged.terms.presented == Presented::InSignature => format!(
            "have it signed again, by a certificate that is valid; whether the signature was good when it was made shows \
             --time with a moment before {}, if you know from elsewhere that it existed then",
            end.not_after()
        ),
        Status::Expired => {
            format!("renew the certificate: it was to be replaced before {}", end.not_after())
        }
        Status::NotYetValid => format!(
            "wait until {}, or set the clock that was asked (it says {})",
            end.not_before(),
            judged.time
        ),
        Status::Revoked => match find(&path.findings, Rule::LocallyDistrusted) {
            Some(_) => "take it off the distrust list if it does not belong there".into(),
            None => "get a new certificate with a new key, and do not trust this one".into(),
        },
        Status::UntrustedSigners => unanchored(judged)?,
        Status::PrincipalMismatch => mismatch(end, &judged.terms.names),
        Status::InvalidChain => {
            let at = error?.certificate;
            let authority = path.certificates.get(at).or(path.certificates.last())?;
            let authority = shown(&authority.subject().to_string());
            match error?.rule {
                Rule::Expired if path.anchor.is_some() && at + 1 == path.certificates.len() => {
                    format!("trust the successor of the expired anchor {authority}")
                }
                Rule::Expired => format!(
                    "{} a current certificate of {authority}, or one of another issuer",
                    should_send(judged)
                ),
                Rule::Budget | Rule::MaxDepth => {
                    "send fewer certificates: only those from the certificate to its anchor".into()
                }
                rule => format!(
                    "the authority {authority} breaks {}: use a certificate of another authority",
                    rule.section()
                ),
            }
        }
        Status::Invalid => match error?.rule {
            Rule::PurposeMismatch | Rule::KeyUsageMismatch
                if judged.terms.presented != Presented::InFile =>
            {
                format!("get a certificate that allows {}", judged.terms.purpose)
            }
            Rule::PurposeMismatch | Rule::KeyUsageMismatch => format!(
                "get a certificate that allows {}, or judge it for what it is (--purpose)",
                judged.terms.purpose
            ),
            rule @ (Rule::Sha1Signature | Rule::RsaKeySmall | Rule::DsaKey) => format!(
                "get a certificate with a stronger key and signature ({}); {} legacy accepts this one for old devices",
                rule.section(),
                judged.terms.presented.profile_option()
            ),
            Rule::BadSignature => {
                "do not trust it: it was changed, or its issuer's name is used by another key"
                    .into()
            }
            rule => format!("get a certificate that keeps to {}", rule.section()),
        },
        Status::Unknown => match find(&path.findings, Rule::MustStaple) {
            Some(_) => "switch on OCSP stapling at the server".into(),
            None if judged.terms.online => {
                "give a CRL (--crl) or an OCSP response (--ocsp), ask again later, or \
                ask for less (--revocation best-effort)"
                    .into()
            }
            None => format!(
                "{}; or give a CRL (--crl) or an OCSP response (--ocsp), or ask for less (--revocation best-effort)",
                would_ask(path)
            ),
        },
    })
}

fn find(findings: &[Finding], rule: Rule) -> Option<&Finding> {
    findings.iter().find(|one| one.rule == rule && one.severity == Level::Error)
}

/// A path that ends before an anchor.
fn unanchored(judged: &Judged) -> Option<String> {
    let path = judged.verdict.deciding();
    let last = path.certificates.last()?;
    if path.anchor.is_some() {
        return Some("trust an anchor that is not limited so, or use another issuer".into());
    }
    let presented = judged.terms.presented;
    let (anchor, intermediate) = (presented.anchor_option(), presented.intermediate_option());
    if find(&path.findings, Rule::SelfSignedLeaf).is_some() {
        return Some(format!(
            "if it is the one you expect, trust it by itself: {anchor} with its file"
        ));
    }
    let issuer = shown(&last.issuer().to_string());
    if find(&path.findings, Rule::SelfSignedInChain).is_some() {
        let other = match presented {
            Presented::InSignature => "the signature",
            _ => "the server",
        };
        return Some(format!(
            "if you trust {issuer}, give its certificate with {anchor}, from a source other than {other}"
        ));
    }
    if judged.anchors == 0 && judged.terms.stores.contains(&Store::System) {
        let bundled = match presented {
            Presented::InSignature => "",
            _ => "--bundled-roots trusts Mozilla's, ",
        };
        return Some(format!(
            "this machine has no list of trust anchors: {bundled}{anchor} what you name"
        ));
    }
    let send = should_send(judged);
    let fetched = judged.fetches.iter().any(|one| one.kind == "issuer");
    Some(match access_url(last, CA_ISSUERS) {
        Some(url) if fetched => {
            format!("{send} the certificate of {issuer}; what is published at {url} did not help")
        }
        Some(url) => format!(
            "{send} the certificate of {issuer}, which is published at {url} (--online fetches it); if it \
             is a root that you trust, give it with {anchor}"
        ),
        None => format!(
            "{send} the certificate of {issuer}; give it with {intermediate}, or with {anchor} if it is a \
             root that you trust"
        ),
    })
}

fn should_send(judged: &Judged) -> &'static str {
    match judged.terms.purpose {
        Purpose::ServerAuth => "the server should send",
        Purpose::ClientAuth => "the client should send",
        _ if judged.terms.presented == Presented::InSignature => "the signature should carry",
        _ => "whoever presents the certificate should send",
    }
}

fn mismatch(certificate: &Certificate<'_>, wanted: &[Name]) -> String {
    let wanted: Vec<String> = wanted.iter().map(ToString::to_string).collect();
    let names = certificate.subject_alt_names().ok().flatten();
    let first = names.into_iter().flatten().filter_map(Result::ok).find_map(|name| match name {
        GeneralName::Dns(bytes) if !bytes.starts_with(b"*") => {
            Some(bytes.escape_ascii().to_string())
        }
        GeneralName::Ip(_) => Some(name.to_string().trim_start_matches("ip:").to_owned()),
        _ => None,
    });
    let get = format!("get a certificate that names {}", wanted.join(" and "));
    match first {
        Some(name) => format!("use a name that it is for, such as {name}, or {get}"),
        None => get,
    }
}

/// What --online would do about revocation.
fn would_ask(path: &CandidatePath) -> String {
    let undetermined =
        path.revocation.iter().filter(|one| matches!(one.status, RevocationStatus::Undetermined));
    let url = undetermined
        .filter_map(|one| path.certificates.get(one.certificate))
        .find_map(|certificate| access_url(certificate, OCSP).or_else(|| crl_url(certificate)));
    match url {
        Some(url) => format!("--online would ask {url} whether it is revoked"),
        None => "nobody whom --online could ask is named in it".into(),
    }
}

/// Where something about the issuer is published (RFC 5280, section 4.2.2.1).
fn access_url(certificate: &Certificate<'_>, method: &str) -> Option<String> {
    let method = der::encode_oid(method)?;
    let access = certificate.authority_info_access().ok().flatten()?;
    access.iter().filter(|one| one.method.0 == method).find_map(|one| url(&one.location))
}

/// Where a CRL is published (RFC 5280, section 4.2.1.13).
fn crl_url(certificate: &Certificate<'_>) -> Option<String> {
    let points = certificate.crl_distribution_points().ok().flatten()?;
    points.iter().find_map(|point| match point.name? {
        DistributionPointName::Full(mut names) => names.find_map(|name| url(&name.ok()?)),
        DistributionPointName::Relative(_) => None,
    })
}

fn url(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::Uri(url) if url.starts_with(b"http") => Some(url.escape_ascii().to_string()),
        _ => None,
    }
}

fn shown(name: &str) -> String {
    if name.is_empty() { "an issuer without a name".into() } else { format!("`{name}`") }
}
