//! Ravelin's engine under `interop` and rustls-webpki with the same chain: whatever only one of them takes is explained in
//! `differences.md`, or a finding.
#![no_main]

#[path = "trust/agreement.rs"]
mod agreement;
#[path = "trust/plan.rs"]
mod plan;

use libfuzzer_sys::fuzz_target;
use plan::{Plan, cast};
use ravelin_test::pki::NOW;
use ravelin_trust::{
    Anchor, Anchors, Certificate, Finding, Level, Name, Profile, Request, Status, Time, Trusted,
    Verdict, certificate::GeneralName, evaluate,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, Error, KeyUsage, anchor_from_trusted_cert};

const NAME: &str = "a.example";
const DIFFERENCES: &str = include_str!("../differences.md");

/// Rules by which we refuse what webpki takes. Each is explained in the list.
const WE_REFUSE: &[&str] = &[
    "address-length",
    "extension-malformed",
    "key-cert-sign-missing",
    "key-malformed",
    "key-usage-mismatch",
];

/// Rules that are no errors under `interop`, and by which webpki refuses. Each is explained in the list.
const WE_TAKE: &[&str] = &[
    "encoding",
    "extension-criticality",
    "extensions-need-version-3",
    "leaf-is-ca",
    "name-constraint-syntax",
    "version-3",
];

/// What we say of a certificate in which an object identifier is none. webpki passes over it.
const IDENTIFIER: &str = "an object identifier that ends within a number";

/// The wild card among purposes, which counts for us.
const ANY_PURPOSE: &str = "2.5.29.37.0";

/// Name spaces that webpki does not compare, and so refuses what has such names.
const OTHER_NAMES: &str = "directory, e-mail and URI constraints";

/// Certificates that do not count against the length of a path.
const SELF_ISSUED: &str = "self-issued intermediates";

/// Name spaces that webpki takes for no host's.
const NUMBERS: &str = "name spaces that end with a number";

/// Moments that we know and webpki does not.
const BEFORE_1970: &str = "times before 1970";

/// Names of issuers and subjects that are equal by RFC 5280's comparison alone.
const WRITTEN_DIFFERENTLY: &str = "names written differently";

/// Extensions that we process and webpki does not know: it refuses them where they are critical.
const POLICY_EXTENSIONS: [&str; 4] = ["2.5.29.32", "2.5.29.33", "2.5.29.36", "2.5.29.54"];

fuzz_target!(|plan: Plan| {
    listed();
    let end = &plan.certificates[0];
    let others = &plan.certificates[1..];
    for der in &plan.certificates {
        if let Ok(certificate) = Certificate::parse(&der[..]) {
            agreement::with_x509_parser(der, &certificate);
        }
    }
    let ours = judge(end, others, Profile::INTEROP);
    let theirs = theirs(end, others);
    match (ours, theirs) {
        (Some(verdict), Ok(()))
            if verdict.status() != Status::Trusted && !others.iter().any(|der| unread(der)) =>
        {
            let refused = |findings: &[Finding]| {
                let mut errors = findings.iter().filter(|one| one.severity == Level::Error);
                errors.all(|one| WE_REFUSE.contains(&one.rule.name()))
            };
            // The path that decided need not be the one that webpki found.
            let mut paths = verdict.paths().iter();
            assert!(
                refused(verdict.findings()) || paths.any(|path| refused(&path.findings)),
                "webpki takes it, we do not: {:#?}\n{}",
                verdict.findings(),
                pem(&plan.certificates)
            );
        }
        (None, Ok(())) => {
            assert!(
                unread(end),
                "webpki takes it, we say {:?}",
                Certificate::parse(&end[..]).err()
            );
        }
        (Some(verdict), Err(error)) if verdict.status() == Status::Trusted => {
            let strict = WE_TAKE.iter().fold(Profile::INTEROP, |profile, name| {
                profile.with(name.parse().expect("a rule"), Level::Error)
            });
            // Where the strict profile finds another path, that one must be explained too.
            let strictly = judge(end, others, strict);
            let other = strictly.as_ref().and_then(Verdict::trusted);
            let shows = |proof: Trusted<'_>| is_explained(proof.certificates());
            let explained = other.is_none_or(shows) || verdict.trusted().is_some_and(shows);
            assert!(
                explained,
                "we take it, webpki says {error:?}: {:#?}\n{}",
                verdict.findings(),
                pem(&plan.certificates)
            );
        }
        _ => {}
    }
});

/// Whether one of the differences shows in the path.
fn is_explained(path: &[Arc<Certificate<'static>>]) -> bool {
    let written_differently = path
        .iter()
        .zip(path.iter().skip(1))
        .any(|(one, by)| one.issuer().der() != by.subject().der());
    written_differently
        || has_self_issued_within_limits(path)
        || path.iter().any(|one| {
            one.not_before().unix() < 0
                || has_critical_policies(one)
                || is_for_any_purpose(one)
                || constrains_other_names(one)
        })
}

/// Whether the certificate is none for us because an object identifier in it is none.
fn unread(der: &[u8]) -> bool {
    Certificate::parse(der).is_err_and(|error| error.to_string().contains(IDENTIFIER))
}

/// Our verdict; none where a certificate is none.
fn judge(end: &[u8], others: &[Vec<u8>], profile: Profile) -> Option<Verdict> {
    static ANCHORS: OnceLock<Anchors> = OnceLock::new();
    let anchors = ANCHORS.get_or_init(|| {
        let mut anchors = Anchors::new();
        anchors.add_anchor(Anchor::certificate(&cast().roots[0]).expect("a root"));
        anchors
    });
    let end = Certificate::parse(end).ok()?;
    let mut request = Request::new(end, anchors, Time::from_unix(NOW));
    // webpki passes over intermediates that it cannot read.
    request.intermediates =
        others.iter().filter_map(|der| Certificate::parse(&der[..]).ok()).collect();
    request.names = vec![Name::dns(NAME).expect("a name")];
    request.profile = profile;
    Some(evaluate(&request))
}

fn theirs(end: &[u8], others: &[Vec<u8>]) -> Result<(), Error> {
    let root = CertificateDer::from(&cast().roots[0][..]);
    let anchors = [anchor_from_trusted_cert(&root)?];
    let end = CertificateDer::from(end);
    let end = EndEntityCert::try_from(&end)?;
    let others: Vec<CertificateDer<'_>> =
        others.iter().map(|der| CertificateDer::from(&der[..])).collect();
    end.verify_for_usage(
        ALL_VERIFICATION_ALGS,
        &anchors,
        &others,
        UnixTime::since_unix_epoch(Duration::from_secs(NOW.unsigned_abs())),
        KeyUsage::server_auth(),
        None,
        None,
    )?;
    end.verify_is_valid_for_subject_name(&ServerName::try_from(NAME).expect("a name"))
}

/// The certificates, for whoever looks into a difference.
fn pem(certificates: &[Vec<u8>]) -> String {
    certificates.iter().map(|der| ravelin_test::pki::pem(der)).collect()
}

fn has_critical_policies(certificate: &Certificate<'_>) -> bool {
    certificate
        .extensions()
        .any(|one| one.critical && POLICY_EXTENSIONS.contains(&&*one.oid.to_string()))
}

fn is_for_any_purpose(certificate: &Certificate<'_>) -> bool {
    let purposes = certificate.extended_key_usage().ok().flatten().unwrap_or_default();
    purposes.iter().any(|one| one.to_string() == ANY_PURPOSE)
}

fn ends_with_number(name: &[u8]) -> bool {
    let last = name.rsplit(|byte| *byte == b'.').next().unwrap_or_default();
    !last.is_empty() && last.iter().all(u8::is_ascii_digit)
}

fn constrains_other_names(certificate: &Certificate<'_>) -> bool {
    let Ok(Some(constraints)) = certificate.name_constraints() else { return false };
    let mut bases = [constraints.permitted, constraints.excluded].into_iter().flatten().flatten();
    bases.any(|base| match base {
        Ok((GeneralName::Dns(name), _)) => ends_with_number(name),
        Ok((GeneralName::Ip(_), _)) | Err(_) => false,
        Ok(_) => true,
    })
}

/// Some intermediate is self-issued, and some CA limits the length of the path.
fn has_self_issued_within_limits(path: &[Arc<Certificate<'static>>]) -> bool {
    let authorities = path.get(1..).unwrap_or_default();
    let intermediates = authorities.split_last().map_or(&[][..], |(_, others)| others);
    intermediates.iter().any(|one| one.issuer().der() == one.subject().der())
        && authorities.iter().any(|one| {
            let constraints = one.basic_constraints().ok().flatten();
            constraints.is_some_and(|constraints| constraints.path_length.is_some())
        })
}

/// Every exception must be explained.
fn listed() {
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| {
        for name in WE_REFUSE.iter().chain(WE_TAKE).chain(&POLICY_EXTENSIONS).chain([
            &ANY_PURPOSE,
            &IDENTIFIER,
            &OTHER_NAMES,
            &WRITTEN_DIFFERENTLY,
            &BEFORE_1970,
            &SELF_ISSUED,
            &NUMBERS,
        ]) {
            let heading = format!("`{name}`");
            assert!(DIFFERENCES.contains(&heading), "{name} is not explained in differences.md");
        }
    });
}
