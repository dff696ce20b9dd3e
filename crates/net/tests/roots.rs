//! The roots that this machine and Mozilla trust, as trust anchors.

use ravelin_net::roots;
use ravelin_test::skip;
use ravelin_trust::{
    Anchor, Level, Profile,
    checks::{Role, check},
};

fn every_root_is_an_anchor(whose: &str, certificates: &[Box<[u8]>]) {
    assert!(certificates.len() > 50, "{whose}: only {} roots", certificates.len());
    for der in certificates {
        let anchor = Anchor::certificate(der).unwrap();
        let certificate = anchor.as_certificate().unwrap();
        for profile in [Profile::INTEROP, Profile::LEGACY] {
            // Some machines trust single servers too.
            let findings = check(certificate, Role::likely(certificate), &profile);
            let errors: Vec<_> =
                findings.iter().filter(|one| one.severity == Level::Error).collect();
            assert!(errors.is_empty(), "{whose}: {certificate:?} under {profile}: {errors:?}");
        }
    }
}

#[test]
fn mozillas_roots_load_entirely() {
    let roots = roots::bundled();
    assert!(roots.faults.is_empty(), "{:?}", roots.faults);
    every_root_is_an_anchor("Mozilla", &roots.certificates);
}

#[test]
fn the_platforms_roots_load_entirely() {
    let roots = roots::platform();
    if roots.certificates.is_empty() {
        skip("this machine has no root certificates (Debian: ca-certificates)");
        return;
    }
    assert!(roots.faults.is_empty(), "{:?}", roots.faults);
    every_root_is_an_anchor("platform", &roots.certificates);
}
