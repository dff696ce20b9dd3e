//! Complete CRLs of every scope.

use super::*;
use crate::{
    der::Integer,
    revocation::{Crl, Location, RevocationReason, Source},
};

fn by_crls(subject: &Certificate<'_>, issuer: &Authority, crls: &[Crl<'_>]) -> Determination {
    judge(subject, issuer, Evidence { crls, ..Evidence::default() })
}

fn only(part: u8) -> Vec<Vec<u8>> {
    vec![der::primitive(part, [0xff])]
}

#[test]
fn a_complete_crl_tells_good_from_revoked() {
    let ca = Authority::new("CA");
    let crl = List::new(&ca).revoke(6).revoke_for(7, 1).revoke_for(8, 99).sign(&ca.key);
    let crls = [crl];
    let good = by_crls(&ca.issue(5, &[]), &ca, &crls);
    assert_eq!((good.status, good.source), (RevocationStatus::Good, Some(Source::Crl)));
    assert_eq!(good.notes, []);
    let status = |serial| by_crls(&ca.issue(serial, &[]), &ca, &crls).status;
    let time = Time::from_unix(NOW - DAY);
    assert_eq!(status(6), RevocationStatus::Revoked { reason: None, time });
    let reason = Some(RevocationReason::KeyCompromise);
    assert_eq!(status(7), RevocationStatus::Revoked { reason, time });
    assert_eq!(status(8), RevocationStatus::Revoked { reason: None, time });
}

#[test]
fn of_two_crls_that_are_as_new_as_each_other_both_are_heard() {
    let ca = Authority::new("CA");
    let crls = [List::new(&ca).sign(&ca.key), List::new(&ca).revoke(5).sign(&ca.key)];
    let subject = ca.issue(5, &[]);
    assert!(is_revoked(&by_crls(&subject, &ca, &crls)));
    let [clear, listing] = crls;
    assert!(is_revoked(&by_crls(&subject, &ca, &[listing, clear.borrowed()])));
    // A newer one without the entry takes a hold back.
    let newer = List::new(&ca).at(NOW - 60, NOW + DAY).numbered(100).sign(&ca.key);
    let held = List::new(&ca).revoke_for(5, 6).sign(&ca.key);
    assert!(!is_revoked(&by_crls(&subject, &ca, &[held, newer])));
}

#[test]
fn a_crl_of_another_issuer_says_nothing() {
    let (ca, other) = (Authority::new("CA"), Authority::new("other"));
    let subject = ca.issue(5, &[]);
    let crls = [List::new(&other).revoke(5).sign(&other.key)];
    let found = by_crls(&subject, &ca, &crls);
    assert_eq!(found.status, RevocationStatus::NoInformation);
    assert!(matches!(only_problem(&found), Problem::WrongIssuer { .. }));
    assert_eq!(
        found.notes[0].to_string(),
        "CRL 1: it is by CN=other, not by the certificate's issuer CN=CA"
    );
    // Switched off, it is not looked at.
    let options = Options { use_crl: false, ..Options::new(Time::from_unix(NOW)) };
    let evidence = Evidence { crls: &crls, ..Evidence::default() };
    let off = judge_with(&subject, &ca, evidence, options, &mut Trusted::default());
    assert_eq!(off.notes, []);
}

#[test]
fn stale_and_future_crls_are_passed_over() {
    let ca = Authority::new("CA");
    let subject = ca.issue(5, &[]);
    let stale = List::new(&ca).at(NOW - DAY, NOW - 1).revoke(5).sign(&ca.key);
    let future = List::new(&ca).at(NOW + 1, NOW + DAY).revoke(5).sign(&ca.key);
    let last_moment = List::new(&ca).at(NOW - DAY, NOW).sign(&ca.key);
    let first_moment = List::new(&ca).at(NOW, NOW + DAY).sign(&ca.key);
    let found = by_crls(&subject, &ca, &[stale.clone(), future.clone()]);
    assert_eq!(found.status, RevocationStatus::Undetermined);
    let problems: Vec<&Problem> = found.notes.iter().map(|note| &note.problem).collect();
    assert!(
        problems.contains(&&Problem::Stale { ended: Time::from_unix(NOW - 1) })
            && problems.contains(&&Problem::Future { begins: Time::from_unix(NOW + 1) })
    );
    let found = by_crls(&subject, &ca, &[stale, future, last_moment]);
    assert_eq!((found.status, found.notes.len()), (RevocationStatus::Good, 2));
    assert_eq!(by_crls(&subject, &ca, &[first_moment]).status, RevocationStatus::Good);
}

#[test]
fn what_the_profile_demands_of_crls_is_demanded() {
    let ca = Authority::new("CA");
    let subject = ca.issue(5, &[]);
    let mut no_number = List::new(&ca);
    no_number.extensions.pop();
    let mut critical_number = no_number.clone();
    critical_number.extensions.push(der::extension("2.5.29.20", true, &der::integer(1)));
    let mut no_key_id = List::new(&ca);
    no_key_id.extensions.remove(0);
    let mut no_end = List::new(&ca);
    no_end.next_update = None;
    for list in [no_number, critical_number, no_key_id, no_end] {
        let crls = [list.sign(&ca.key)];
        let strict = by_crls(&subject, &ca, &crls);
        assert_eq!(strict.status, RevocationStatus::Undetermined);
        assert!(matches!(only_problem(&strict), Problem::Form(_)));
        let options = Options { strict_crl: false, ..Options::new(Time::from_unix(NOW)) };
        let evidence = Evidence { crls: &crls, ..Evidence::default() };
        let lax = judge_with(&subject, &ca, evidence, options, &mut Trusted::default());
        assert_eq!(lax.status, RevocationStatus::Good);
        let expected = crls[0].next_update().is_none().then_some(&Problem::NoNextUpdate);
        assert_eq!(lax.notes.first().map(|note| &note.problem), expected);
    }
    let twice = List::new(&ca).with(number(10)).sign(&ca.key);
    assert!(matches!(only_problem(&by_crls(&subject, &ca, &[twice])), Problem::Form(_)));
}

#[test]
fn a_bad_signature_proves_nothing() {
    let ca = Authority::new("CA");
    let subject = ca.issue(5, &[]);
    let forged = List::new(&ca).sign(&new_key());
    let found = by_crls(&subject, &ca, &[forged]);
    assert_eq!(found.status, RevocationStatus::Undetermined);
    assert!(matches!(only_problem(&found), Problem::Signature(_)));
}

#[test]
fn weak_and_ambiguous_signatures_are_not_even_checked() {
    let ca = Authority::new("CA");
    let subject = ca.issue(5, &[]);
    let sha1 = der::sequence([der::oid("1.2.840.10045.4.1")]);
    let weak = [Crl::parse(List::new(&ca).der_as(&ca.key, &sha1, &sha1)).unwrap()];
    let found = by_crls(&subject, &ca, &weak);
    assert_eq!(only_problem(&found), &Problem::WeakSignature("ECDSA with SHA-1".into()));
    let options = Options { weak_signatures: true, ..Options::new(Time::from_unix(NOW)) };
    let evidence = Evidence { crls: &weak, ..Evidence::default() };
    let found = judge_with(&subject, &ca, evidence, options, &mut Trusted::default());
    assert!(matches!(only_problem(&found), Problem::Signature(_)));
    let two = List::new(&ca).der_as(&ca.key, &sha1, &ecdsa_with_sha256());
    let found = by_crls(&subject, &ca, &[Crl::parse(two).unwrap()]);
    assert!(matches!(only_problem(&found), Problem::Form(_)));
}

#[test]
fn an_issuer_that_may_not_sign_crls_is_not_heard() {
    let ca = Authority::new("CA");
    let subject = ca.issue(5, &[]);
    let crls = [List::new(&ca).sign(&ca.key)];
    for (usage, expected) in [
        (&[KEY_CERT_SIGN, CRL_SIGN][..], RevocationStatus::Good),
        (&[KEY_CERT_SIGN], RevocationStatus::Undetermined),
    ] {
        let certificate = ca.certified_by(&ca, usage);
        let issuer = Issuer {
            name: certificate.subject(),
            key_info: certificate.public_key_info(),
            certificate: Some(&certificate),
        };
        let evidence = Evidence { crls: &crls, ..Evidence::default() };
        let options = Options::new(Time::from_unix(NOW));
        let found = determine(&subject, &issuer, &evidence, &options, &mut Trusted::default());
        assert_eq!(found.status, expected);
        if expected == RevocationStatus::Undetermined {
            assert!(matches!(only_problem(&found), Problem::SignerNotEntitled(_)));
        }
    }
}

#[test]
fn partitions_are_told_apart_by_their_names() {
    let ca = Authority::new("CA");
    let named = |text| points(&[point(&[uri("ldap://x"), uri(text)], None, None)]);
    let subject = ca.issue(5, &[named("http://a.example/1.crl")]);
    let partition =
        |text| List::new(&ca).scope(&[full_name(&[uri(text), uri("http://b.example/")])]);
    let matching = partition("http://a.example/1.crl").sign(&ca.key);
    let other = partition("http://a.example/2.crl").revoke(5).sign(&ca.key);
    assert_eq!(
        by_crls(&subject, &ca, std::slice::from_ref(&matching)).status,
        RevocationStatus::Good
    );
    let found = by_crls(&subject, &ca, std::slice::from_ref(&other));
    assert_eq!(found.status, RevocationStatus::Undetermined);
    assert!(matches!(only_problem(&found), Problem::OutOfScope(_)));
    assert_eq!(found.wanted, [Location::Crl("http://a.example/1.crl".into())]);
    assert_eq!(by_crls(&subject, &ca, &[other.clone(), matching]).status, RevocationStatus::Good);
    // A certificate that names no place is in no partition.
    let found = by_crls(&ca.issue(5, &[]), &ca, &[other]);
    assert_eq!(found.status, RevocationStatus::NoInformation);
    // A complete CRL is about all.
    let complete = List::new(&ca).revoke(5).sign(&ca.key);
    assert!(is_revoked(&by_crls(&subject, &ca, &[complete])));
}

#[test]
fn relative_names_stand_behind_the_issuers() {
    let ca = Authority::new("CA");
    let relative = |text| der::constructed(0, der::constructed(1, der::attribute("2.5.4.3", text)));
    let whole = |text| full_name(&[directory(&der::name(&[("2.5.4.3", "CA"), ("2.5.4.3", text)]))]);
    let by_relative = ca.issue(5, &[points(&[der::sequence([relative("one")])])]);
    let by_whole = ca.issue(5, &[points(&[der::sequence([whole("one")])])]);
    for subject in [by_relative, by_whole] {
        for name in [relative("ONE"), whole("one")] {
            let crls = [List::new(&ca).scope(&[name]).sign(&ca.key)];
            assert_eq!(by_crls(&subject, &ca, &crls).status, RevocationStatus::Good);
        }
        for name in [relative("two"), whole("two")] {
            let crls = [List::new(&ca).scope(&[name]).sign(&ca.key)];
            assert_eq!(by_crls(&subject, &ca, &crls).status, RevocationStatus::Undetermined);
        }
    }
}

#[test]
fn crls_of_one_kind_of_certificate_say_nothing_of_others() {
    let ca = Authority::new("CA");
    let constraints = der::sequence([der::boolean(true)]);
    let authority = ca.issue(5, &[der::extension("2.5.29.19", true, &constraints)]);
    let user = ca.issue(5, &[]);
    let status = |subject: &Certificate<'_>, part| {
        by_crls(subject, &ca, &[List::new(&ca).scope(&only(part)).sign(&ca.key)]).status
    };
    assert_eq!(status(&user, 1), RevocationStatus::Good);
    assert_eq!(status(&authority, 1), RevocationStatus::NoInformation);
    assert_eq!(status(&user, 2), RevocationStatus::NoInformation);
    assert_eq!(status(&authority, 2), RevocationStatus::Good);
    assert_eq!(status(&user, 5), RevocationStatus::NoInformation);
}

/// An entry extension that names the issuer of a certificate.
fn certificate_issuer(name: &[u8]) -> Vec<u8> {
    der::extension("2.5.29.29", true, &der::sequence([directory(name)]))
}

#[test]
fn indirect_crls_name_the_issuers_of_their_entries() {
    let (ca, lister) = (Authority::new("CA"), Authority::new("lister"));
    let named = points(&[point(&[], None, Some(&lister.name))]);
    let intermediates = [lister.certified_by(&ca, &[CRL_SIGN])];
    let list = List::new(&lister)
        .scope(&only(4))
        .revoke(1)
        .entry(2, &[certificate_issuer(&common_name("Other"))])
        .revoke(3)
        .entry(4, &[certificate_issuer(&ca.name)])
        .revoke(5);
    for crl in [list.sign(&lister.key), list.sign(&lister.key).indexed()] {
        let crls = [crl];
        let evidence =
            Evidence { crls: &crls, intermediates: &intermediates, ..Evidence::default() };
        let found = |serial| {
            let subject = ca.issue(serial, std::slice::from_ref(&named));
            judge(&subject, &ca, evidence)
        };
        for (serial, revoked) in
            [(1, false), (2, false), (3, false), (4, true), (5, true), (6, false)]
        {
            assert_eq!(is_revoked(&found(serial)), revoked, "{serial}");
        }
        assert_eq!(found(6).status, RevocationStatus::Good);
        // Whoever the path builder does not trust is not heard.
        let mut signers = Trusted { refuse: true, ..Trusted::default() };
        let options = Options::new(Time::from_unix(NOW));
        let subject = ca.issue(5, std::slice::from_ref(&named));
        let found = judge_with(&subject, &ca, evidence, options, &mut signers);
        assert_eq!(found.status, RevocationStatus::Undetermined);
        assert!(matches!(only_problem(&found), Problem::SignerNotEntitled(_)));
        assert_eq!(signers.asked, [SignerPurpose::CrlSign]);
    }
}

#[test]
fn a_crl_of_another_issuer_must_be_indirect_and_its_signer_known() {
    let (ca, lister) = (Authority::new("CA"), Authority::new("lister"));
    let subject = ca.issue(5, &[points(&[point(&[], None, Some(&lister.name))])]);
    let intermediates = [lister.certified_by(&ca, &[CRL_SIGN])];
    let direct = [List::new(&lister).sign(&lister.key)];
    let evidence = Evidence { crls: &direct, intermediates: &intermediates, ..Evidence::default() };
    let found = judge(&subject, &ca, evidence);
    assert_eq!(found.status, RevocationStatus::Undetermined);
    assert!(matches!(only_problem(&found), Problem::OutOfScope(_)));
    let indirect = [List::new(&lister).scope(&only(4)).sign(&lister.key)];
    let found = by_crls(&subject, &ca, &indirect);
    assert_eq!(only_problem(&found), &Problem::NoSigner("CN=lister".into()));
    let intermediates = [lister.certified_by(&ca, &[KEY_CERT_SIGN])];
    let evidence =
        Evidence { crls: &indirect, intermediates: &intermediates, ..Evidence::default() };
    assert!(matches!(only_problem(&judge(&subject, &ca, evidence)), Problem::SignerNotEntitled(_)));
}

#[test]
fn reasons_add_up_until_all_are_covered() {
    let ca = Authority::new("CA");
    let url = ["http://a.example/compromise", "http://a.example/rest"];
    let reasons: [&[u8]; 2] = [&[1, 2], &[3, 4, 5, 6, 7, 8]];
    let named = points(&[
        point(&[uri(url[0])], Some(reasons[0]), None),
        point(&[uri(url[1])], Some(reasons[1]), None),
    ]);
    let subject = ca.issue(5, &[named]);
    let part = |index: usize| {
        List::new(&ca).scope(&[
            full_name(&[uri(url[index])]),
            der::primitive(3, der::named_bits_content(reasons[index])),
        ])
    };
    let both = [part(0).sign(&ca.key), part(1).sign(&ca.key)];
    let found = by_crls(&subject, &ca, &both[..1]);
    assert_eq!(found.status, RevocationStatus::Undetermined);
    assert_eq!(only_problem(&found), &Problem::ReasonsMissing);
    assert_eq!(found.wanted, [Location::Crl(url[1].into())]);
    assert_eq!(by_crls(&subject, &ca, &both).status, RevocationStatus::Good);
    let revoked = [part(0).sign(&ca.key), part(1).revoke_for(5, 4).sign(&ca.key)];
    assert!(is_revoked(&by_crls(&subject, &ca, &revoked)));
    assert!(is_revoked(&by_crls(&subject, &ca, &revoked[1..])));
    assert_eq!(by_crls(&subject, &ca, &revoked[1..]).wanted, []);
}

#[test]
fn a_new_key_of_the_same_issuer_is_found() {
    let old = Authority::new("CA");
    let new = Authority::new("ca");
    let subject = old.issue(5, &[]);
    let crls = [List::new(&new).revoke(5).sign(&new.key)];
    // One with a key that does not fit stands before it.
    let intermediates =
        [Authority::new("CA").certified_by(&old, &[CRL_SIGN]), new.certified_by(&old, &[CRL_SIGN])];
    let evidence = Evidence { crls: &crls, intermediates: &intermediates, ..Evidence::default() };
    assert!(is_revoked(&judge(&subject, &old, evidence)));
    let evidence = Evidence { intermediates: &[], ..evidence };
    assert!(matches!(only_problem(&judge(&subject, &old, evidence)), Problem::Signature(_)));
    let mut signers = Trusted { refuse: true, ..Trusted::default() };
    let evidence = Evidence { intermediates: &intermediates, ..evidence };
    let options = Options::new(Time::from_unix(NOW));
    let found = judge_with(&subject, &old, evidence, options, &mut signers);
    assert_eq!(only_problem(&found), &Problem::SignerNotEntitled("no path to an anchor".into()));
}

#[test]
fn unknown_critical_extensions_leave_only_revocations() {
    let ca = Authority::new("CA");
    let unknown = |critical| der::extension("1.2.3.4", critical, &der::null());
    let of_list = |critical| List::new(&ca).with(unknown(critical)).revoke(5);
    let of_entry = |critical| List::new(&ca).entry(7, &[unknown(critical)]).revoke(5);
    for list in [of_list(true), of_entry(true)] {
        let crls = [list.sign(&ca.key)];
        let found = by_crls(&ca.issue(5, &[]), &ca, &crls);
        assert!(is_revoked(&found));
        assert_eq!(only_problem(&found), &Problem::UnknownCritical { oid: "1.2.3.4".into() });
        let found = by_crls(&ca.issue(6, &[]), &ca, &crls);
        assert_eq!(found.status, RevocationStatus::Undetermined);
        assert_eq!(only_problem(&found), &Problem::UnknownCritical { oid: "1.2.3.4".into() });
    }
    for list in [of_list(false), of_entry(false)] {
        let crls = [list.sign(&ca.key)];
        assert_eq!(by_crls(&ca.issue(6, &[]), &ca, &crls).status, RevocationStatus::Good);
    }
}

#[test]
fn of_one_series_the_newest_that_can_be_used_counts() {
    let ca = Authority::new("CA");
    let subject = ca.issue(5, &[]);
    let held = List::new(&ca).at(NOW - 2 * HOUR, NOW + DAY).revoke_for(5, 6).sign(&ca.key);
    let released = List::new(&ca).numbered(11).sign(&ca.key);
    let forged = List::new(&ca).at(NOW - 1, NOW + DAY).numbered(12).sign(&new_key());
    let found = by_crls(&subject, &ca, &[held.clone(), released.clone()]);
    assert_eq!(found.status, RevocationStatus::Good);
    let found = by_crls(&subject, &ca, &[forged.clone(), held.clone(), released]);
    assert_eq!((found.status, found.notes.len()), (RevocationStatus::Good, 1));
    assert!(is_revoked(&by_crls(&subject, &ca, &[forged, held])));
}

#[test]
fn what_is_published_is_wanted() {
    let ca = Authority::new("CA");
    let nothing = by_crls(&ca.issue(5, &[]), &ca, &[]);
    assert_eq!(nothing.status, RevocationStatus::NoInformation);
    assert_eq!(nothing.wanted, []);
    let named = points(&[
        point(&[uri("ldap://a/"), uri("http://a/")], None, None),
        point(&[uri("http://b/")], None, None),
        point(&[uri("http://a/")], None, None),
    ]);
    let subject = ca.issue(5, &[named]);
    let unknown = by_crls(&subject, &ca, &[]);
    assert_eq!(unknown.status, RevocationStatus::Undetermined);
    assert_eq!(
        unknown.wanted,
        [Location::Crl("http://a/".into()), Location::Crl("http://b/".into())]
    );
    let known = by_crls(&subject, &ca, &[List::new(&ca).sign(&ca.key)]);
    assert_eq!((known.status, known.wanted.len()), (RevocationStatus::Good, 0));
    // What cannot be read is something, and said.
    let broken = ca.issue(5, &[der::extension("2.5.29.31", false, &der::null())]);
    let found = by_crls(&broken, &ca, &[]);
    assert_eq!(found.status, RevocationStatus::Undetermined);
    assert!(matches!(only_problem(&found), Problem::Unreadable(_)));
}

#[test]
fn an_index_finds_what_a_search_finds() {
    let ca = Authority::new("CA");
    let list = (0..500u64).fold(List::new(&ca).delta(3), |list, round| {
        let serial = round * 7919 % 400;
        match round % 5 {
            0 => list.entry(serial, &[certificate_issuer(&common_name(&format!("{}", round % 3)))]),
            1 => list.revoke_for(serial, 8),
            _ => list.revoke(serial),
        }
    });
    let plain = list.sign(&ca.key);
    let indexed = plain.borrowed().indexed().into_owned();
    assert_eq!((plain.len(), plain.entries().count()), (500, 500));
    for issuer in ["CA", "0", "1", "2", "3"] {
        let issuer = common_name(issuer);
        let issuer = DistinguishedName::parse(&issuer).unwrap();
        for serial in 0..410u64 {
            let bytes = serial.to_be_bytes();
            let find = |crl: &Crl<'_>| {
                crl.find(&issuer, Integer(&bytes)).map(|entry| (entry.serial.small(), entry.reason))
            };
            assert_eq!(find(&plain), find(&indexed), "{issuer:?} {serial}");
        }
    }
}
