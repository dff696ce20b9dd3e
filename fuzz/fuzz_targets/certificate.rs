//! Certificates: any bytes are read or refused, everything that was read can be asked for, judged and shown; and what
//! x509-parser reads of them is the same.
#![no_main]

#[path = "trust/agreement.rs"]
mod agreement;

use libfuzzer_sys::fuzz_target;
use ravelin_trust::{
    Certificate, Level, Profile,
    certificate::GeneralNames,
    checks::{Role, check},
};
use std::hint::black_box;

fuzz_target!(|bytes: &[u8]| {
    let certificate = match Certificate::parse(bytes) {
        Ok(certificate) => certificate,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    assert_eq!(certificate.der().len() + certificate.trailing(), bytes.len());
    ask(&certificate);
    let roles = [
        Role::likely(&certificate),
        Role::End { server: true, anchor: false },
        Role::End { server: false, anchor: true },
        Role::Intermediate,
        Role::Anchor,
    ];
    for profile in [Profile::RFC5280, Profile::WEBPKI, Profile::INTEROP, Profile::LEGACY] {
        for role in roles {
            let findings = check(&certificate, role, &profile);
            for finding in &findings {
                assert!(finding.severity != Level::Off && !finding.detail.is_empty());
                assert!(finding.offset.is_none_or(|offset| offset <= bytes.len()), "{finding:?}");
            }
        }
    }
    let owned = certificate.clone().into_owned();
    assert_eq!(owned.der(), certificate.der());
    assert_eq!(owned.signed_part(), certificate.signed_part());
    agreement::with_x509_parser(bytes, &certificate);
});

/// Every getter.
fn ask(one: &Certificate<'_>) {
    let names = |names: Option<GeneralNames<'_>>| {
        names.into_iter().flatten().map(|name| name.map(|name| name.to_string())).count()
    };
    black_box((one.version(), one.serial().small(), one.not_before(), one.not_after()));
    black_box((one.issuer().to_string(), one.subject().to_string(), one.is_self_issued()));
    black_box(one.public_key().map(|key| key.algorithm.to_string()).is_ok());
    black_box(one.signature_algorithm().map(|one| one.scheme().to_string()).is_ok());
    black_box((one.signature().len(), one.names_one_algorithm(), one.public_key_info().len()));
    black_box(one.extensions().count());
    black_box(one.basic_constraints().is_ok());
    black_box(one.key_usage().map(|usage| usage.map(|usage| usage.names().count())).is_ok());
    black_box(one.subject_key_id().is_ok());
    black_box(one.authority_key_id().map(|id| id.map(|id| names(id.issuer))).is_ok());
    black_box(one.subject_alt_names().map(names).is_ok());
    black_box(one.issuer_alt_names().map(names).is_ok());
    if let Ok(Some(constraints)) = one.name_constraints() {
        let lists = [constraints.permitted, constraints.excluded];
        black_box(lists.into_iter().flatten().flatten().count());
    }
    if let Ok(Some(policies)) = one.policies() {
        black_box(policies.iter().map(|policy| policy.qualifiers().count()).sum::<usize>());
    }
    black_box((one.policy_mappings().is_ok(), one.policy_constraints().is_ok()));
    black_box((one.inhibit_any_policy().is_ok(), one.extended_key_usage().is_ok()));
    black_box((one.crl_distribution_points().is_ok(), one.freshest_crl().is_ok()));
    black_box((one.authority_info_access().is_ok(), one.subject_info_access().is_ok()));
    black_box((one.tls_features().is_ok(), one.has_ocsp_no_check(), format!("{one:?}")));
}
