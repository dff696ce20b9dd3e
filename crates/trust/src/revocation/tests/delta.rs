//! Delta CRLs (RFC 5280, sections 5.2.4 and 6.3.3).

use super::*;
use crate::revocation::{Crl, Location};

/// Whether a problem is the one that is expected.
type Expected = fn(&Problem) -> bool;

struct Fixture {
    ca: Authority,
    subject: Certificate<'static>,
    /// Number 10; the certificate is on hold.
    base: List,
    /// From 10 to 12; takes the hold back.
    delta: List,
}

impl Fixture {
    fn new() -> Fixture {
        let ca = Authority::new("CA");
        let subject = ca.issue(5, &[]);
        let base = List::new(&ca).revoke_for(5, 6);
        let delta = List::new(&ca).numbered(12).delta(10).revoke_for(5, 8);
        Fixture { ca, subject, base, delta }
    }

    fn judge(&self, crls: &[Crl<'_>]) -> Determination {
        judge(&self.subject, &self.ca, Evidence { crls, ..Evidence::default() })
    }

    /// With base and delta signed by the CA.
    fn judge_lists(&self, base: &List, delta: &List) -> Determination {
        self.judge(&[delta.sign(&self.ca.key), base.sign(&self.ca.key)])
    }
}

#[test]
fn a_delta_changes_its_base() {
    let fixture = Fixture::new();
    let Fixture { ca, base, delta, .. } = &fixture;
    assert!(is_revoked(&fixture.judge(&[base.sign(&ca.key)])));
    let released = fixture.judge_lists(base, delta);
    assert_eq!((released.status, released.notes), (RevocationStatus::Good, vec![]));
    let empty = List::new(ca);
    let revoking = List::new(ca).numbered(11).delta(9).revoke_for(5, 1);
    assert!(is_revoked(&fixture.judge_lists(&empty, &revoking)));
    // What the delta does not list stands as in the base.
    let silent = List::new(ca).numbered(11).delta(10).revoke(6);
    assert!(is_revoked(&fixture.judge_lists(base, &silent)));
}

#[test]
fn a_bad_delta_leaves_its_base_standing() {
    let fixture = Fixture::new();
    let Fixture { ca, base, delta, .. } = &fixture;
    let mut not_critical = delta.clone();
    not_critical.extensions[2] = der::extension("2.5.29.27", false, &der::integer(10));
    let mut no_number = delta.clone();
    no_number.extensions.remove(1);
    let unknown = der::extension("1.2.3.4", true, &der::null());
    let cases: [(List, Expected); 8] = [
        (delta.clone().at(NOW - DAY, NOW - 1), |found| matches!(found, Problem::Stale { .. })),
        (delta.clone().at(NOW + 1, NOW + DAY), |found| matches!(found, Problem::Future { .. })),
        (List::new(ca).numbered(13).delta(11).revoke_for(5, 8), |found| {
            matches!(found, Problem::NoBase(_))
        }),
        (List::new(ca).numbered(10).delta(9).revoke_for(5, 8), |found| {
            matches!(found, Problem::NoBase(_))
        }),
        (delta.clone().scope(&[der::primitive(1, [0xff])]), |found| {
            matches!(found, Problem::NoBase(_))
        }),
        (not_critical, |found| matches!(found, Problem::Form(_))),
        (no_number, |found| matches!(found, Problem::Form(_))),
        (delta.clone().with(unknown), |found| matches!(found, Problem::UnknownCritical { .. })),
    ];
    for (delta, expected) in cases {
        let found = fixture.judge_lists(base, &delta);
        assert!(is_revoked(&found), "{found:?}");
        assert!(expected(only_problem(&found)), "{found:?}");
    }
    let forged = fixture.judge(&[base.sign(&ca.key), delta.sign(&new_key())]);
    assert!(is_revoked(&forged) && matches!(only_problem(&forged), Problem::Signature(_)));
    let other = new_key();
    let mut by_other = delta.clone();
    by_other.extensions[0] = key_identifier(&other);
    let found = fixture.judge(&[base.sign(&ca.key), by_other.sign(&other)]);
    assert!(is_revoked(&found) && matches!(only_problem(&found), Problem::NoBase(_)));
}

#[test]
fn a_delta_alone_says_nothing() {
    let fixture = Fixture::new();
    let found = fixture.judge(&[fixture.delta.sign(&fixture.ca.key)]);
    assert_eq!(found.status, RevocationStatus::Undetermined);
    assert!(matches!(only_problem(&found), Problem::NoBase(_)));
}

#[test]
fn a_current_delta_makes_an_old_base_current() {
    let fixture = Fixture::new();
    let old = fixture.base.clone().at(NOW - DAY, NOW - HOUR);
    assert_eq!(fixture.judge_lists(&old, &fixture.delta).status, RevocationStatus::Good);
    let stale = fixture.delta.clone().at(NOW - HOUR, NOW - 1);
    let found = fixture.judge_lists(&old, &stale);
    assert_eq!(found.status, RevocationStatus::Undetermined);
    assert_eq!(found.notes.len(), 2);
}

#[test]
fn the_newest_delta_that_fits_is_used() {
    let fixture = Fixture::new();
    let Fixture { ca, base, delta, .. } = &fixture;
    let newer = List::new(ca).at(NOW - 60, NOW + HOUR).numbered(13).delta(10).revoke_for(5, 1);
    let too_new = List::new(ca).at(NOW - 30, NOW + HOUR).numbered(14).delta(13);
    let crls = [delta, &newer, base, &too_new].map(|list| list.sign(&ca.key));
    let found = fixture.judge(&crls);
    assert!(is_revoked(&found));
    assert!(matches!(only_problem(&found), Problem::NoBase(_)));
}

#[test]
fn deltas_are_wanted_where_the_crl_or_the_certificate_names_them() {
    let ca = Authority::new("CA");
    let freshest =
        |url| der::extension("2.5.29.46", false, &der::sequence([point(&[uri(url)], None, None)]));
    let subject = ca.issue(5, &[freshest("http://a/certificate")]);
    let base = List::new(&ca).with(freshest("http://a/crl"));
    let delta = List::new(&ca).numbered(11).delta(10);
    let judge = |crls: &[Crl<'_>]| judge(&subject, &ca, Evidence { crls, ..Evidence::default() });
    let found = judge(&[base.sign(&ca.key)]);
    assert_eq!(found.status, RevocationStatus::Good);
    assert_eq!(
        found.wanted,
        [
            Location::DeltaCrl("http://a/certificate".into()),
            Location::DeltaCrl("http://a/crl".into())
        ]
    );
    assert_eq!(judge(&[base.sign(&ca.key), delta.sign(&ca.key)]).wanted, []);
}
