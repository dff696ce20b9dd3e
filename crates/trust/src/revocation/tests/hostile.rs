//! Evidence that was made to hurt.

use super::*;
use crate::{
    der::{Integer, Reader},
    revocation::{Crl, CrlError, MAX_CRL, MAX_NOTES, OcspError, OcspResponse},
};
use proptest::prelude::*;
use std::time::{Duration, Instant};

/// More than linear work would take; quadratic work takes hours.
const PATIENCE: Duration = Duration::from_secs(60);

/// One with everything in it.
fn sample_crl(ca: &Authority, delta: bool) -> Vec<u8> {
    let issuer = der::sequence([directory(&ca.name)]);
    let list = List::new(ca)
        .scope(&[
            full_name(&[uri("http://a/")]),
            der::primitive(3, der::named_bits_content(&[1, 2])),
            der::primitive(4, [0xff]),
        ])
        .revoke_for(5, 8)
        .entry(6, &[der::extension("2.5.29.29", true, &issuer)])
        .revoke(5);
    if delta { list.numbered(11).delta(3).der(&ca.key) } else { list.der(&ca.key) }
}

/// What is signed in a CRL or a basic OCSP response.
fn signed_part(der: &[u8]) -> Vec<u8> {
    Reader::new(der).sequence().unwrap().any().unwrap().whole.to_vec()
}

/// Changes some bytes, and cuts or doubles the end.
fn mutate(mut bytes: Vec<u8>, changes: &[(prop::sample::Index, u8)], length: usize) -> Vec<u8> {
    for (index, byte) in changes {
        let index = index.index(bytes.len());
        bytes[index] = *byte;
    }
    bytes.truncate(length);
    bytes
}

fn changes() -> impl Strategy<Value = Vec<(prop::sample::Index, u8)>> {
    prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6)
}

proptest! {
    #[test]
    fn broken_crls_are_judged_or_refused(changes in changes(), length in 300usize..1000) {
        let ca = Authority::new("CA");
        let named = points(&[point(&[uri("http://a/")], Some(&[1]), Some(&ca.name))]);
        let subject = ca.issue(5, &[named]);
        for delta in [false, true] {
            let whole = sample_crl(&ca, delta);
            // Once as a stranger breaks it, once as the CA itself would have to.
            let forged = mutate(whole.clone(), &changes, length);
            let own = signed(&mutate(signed_part(&whole), &changes, length), &ca.key, &[]);
            let is_forged = !whole.starts_with(&forged);
            for (broken, may_revoke) in [(forged, !is_forged), (own, true)] {
                let Ok(crl) = Crl::parse(broken) else { continue };
                let _ = format!("{crl:?} {} {}", crl.extensions().count(), crl.entries().count());
                let crls = [crl.borrowed(), crl.borrowed().indexed(), List::new(&ca).sign(&ca.key)];
                let found = judge(&subject, &ca, Evidence { crls: &crls, ..Evidence::default() });
                prop_assert!(may_revoke || !is_revoked(&found), "{found:?}");
            }
        }
    }

    #[test]
    fn broken_responses_are_judged_or_refused(changes in changes(), length in 200usize..2000) {
        let ca = Authority::new("CA");
        let subject = ca.issue(5, &[]);
        let delegated = mutate(ocsp::sample(&ca), &changes, length);
        let basic = ocsp::basic(&ca);
        let own = signed(&mutate(signed_part(&basic), &changes, length), &ca.key, &[]);
        for broken in [delegated, ocsp::response(&own)] {
            let Ok(response) = OcspResponse::parse(broken) else { continue };
            let _ = format!("{response:?} {}", response.certificates().count());
            let ocsp = [response];
            judge(&subject, &ca, Evidence { ocsp: &ocsp, ..Evidence::default() });
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let wrapped = der::sequence([&bytes]);
        let _ = (Crl::parse(&bytes[..]), Crl::parse(&wrapped[..]));
        let _ = (OcspResponse::parse(&bytes[..]), OcspResponse::parse(&wrapped[..]));
    }
}

/// Says that the last bit of the signature does not count.
fn cut_signature(whole: &[u8]) -> Vec<u8> {
    let mut parts = Reader::new(whole).sequence().unwrap();
    parts.any().unwrap();
    parts.any().unwrap();
    let unused = parts.any().unwrap().offset;
    let mut cut = whole.to_vec();
    assert_eq!(cut[unused], 0);
    cut[unused] = 1;
    cut
}

#[test]
fn signatures_that_end_within_a_byte_are_none() {
    let ca = Authority::new("CA");
    let crl = sample_crl(&ca, false);
    Crl::parse(&crl[..]).unwrap();
    let error = Crl::parse(cut_signature(&crl)).unwrap_err();
    assert!(error.to_string().contains("ends within a byte"), "{error}");

    let basic = ocsp::basic(&ca);
    OcspResponse::parse(ocsp::response(&basic)).unwrap();
    let error = OcspResponse::parse(ocsp::response(&cut_signature(&basic))).unwrap_err();
    assert!(error.to_string().contains("ends within a byte"), "{error}");
}

/// A CRL with these entries, which nobody signed.
fn unsigned(entries: &[u8]) -> Vec<u8> {
    let tbs = der::sequence([
        der::integer(1),
        ecdsa_with_sha256(),
        common_name("CA"),
        der::time(NOW),
        der::time(NOW + DAY),
        der::value(0x30, entries),
    ]);
    der::sequence([tbs, ecdsa_with_sha256(), der::bit_string([0; 70])])
}

#[test]
fn a_crl_of_the_greatest_length_is_searched_in_linear_time() {
    let begin = Instant::now();
    let mut entries = Vec::new();
    let mut count = 0u64;
    let date = der::time(NOW);
    while entries.len() < MAX_CRL - 1000 {
        let serial = der::integer(count * 48_271 % 0x7fff_ffff);
        entries.extend_from_slice(&der::sequence([&serial, &date]));
        count += 1;
    }
    let crl = Crl::parse(unsigned(&entries)).unwrap();
    assert_eq!(crl.len() as u64, count);
    assert!(count > 600_000, "{count}");
    let issuer = crl.issuer();
    assert!(crl.find(&issuer, Integer(&[0])).is_some());
    assert!(crl.find(&issuer, Integer(&[0x7f; 9])).is_none());
    let crl = crl.borrowed().indexed();
    for serial in 0..10_000u64 {
        let serial = (serial * 48_271 % 0x7fff_ffff).to_be_bytes();
        assert!(crl.find(&issuer, Integer(&serial)).is_some());
    }
    assert!(begin.elapsed() < PATIENCE, "{:?}", begin.elapsed());
    let error = Crl::parse(vec![0; MAX_CRL + 1]).unwrap_err();
    assert_eq!(error, CrlError::TooLong { length: MAX_CRL + 1 });
}

#[test]
fn a_long_issuer_of_many_entries_is_compared_once() {
    let begin = Instant::now();
    let attributes = vec![("2.5.4.3", "somebody with a name"); 20_000];
    let long = der::sequence([directory(&der::name(&attributes))]);
    let date = der::time(NOW);
    let extensions = der::sequence([der::extension("2.5.29.29", true, &long)]);
    let mut entries = der::sequence([&der::integer(5), &date, &extensions]);
    for _ in 0..100_000 {
        entries.extend_from_slice(&der::sequence([&der::integer(5), &date]));
    }
    let crl = Crl::parse(unsigned(&entries)).unwrap();
    assert!(crl.find(&crl.issuer(), Integer(&[5])).is_none());
    let indexed = crl.borrowed().indexed();
    assert!(indexed.find(&crl.issuer(), Integer(&[5])).is_none());
    assert!(begin.elapsed() < PATIENCE, "{:?}", begin.elapsed());
}

#[test]
fn a_response_of_many_single_responses_is_searched_in_linear_time() {
    let begin = Instant::now();
    let ca = Authority::new("CA");
    let subject = ca.issue(5, &[]);
    let ocsp = [OcspResponse::parse(ocsp::long(&ca, 10_000)).unwrap()];
    let found = judge(&subject, &ca, Evidence { ocsp: &ocsp, ..Evidence::default() });
    assert_eq!(found.status, RevocationStatus::Good);
    assert!(begin.elapsed() < PATIENCE, "{:?}", begin.elapsed());
}

#[test]
fn too_much_of_anything_is_refused_or_left_out() {
    let ca = Authority::new("CA");
    let extension = der::extension("1.2.3.4", false, &der::null());
    let mut list = List::new(&ca);
    list.extensions.extend(vec![extension.clone(); 31]);
    assert_eq!(Crl::parse(list.der(&ca.key)).unwrap_err(), CrlError::TooManyExtensions);
    let list = List::new(&ca).entry(5, &vec![extension; 33]);
    assert_eq!(Crl::parse(list.der(&ca.key)).unwrap_err(), CrlError::TooManyExtensions);
    let error = OcspResponse::parse(vec![0; super::super::MAX_OCSP_RESPONSE + 1]).unwrap_err();
    assert!(matches!(error, OcspError::TooLong { .. }));

    // Many places with many names each, and many CRLs.
    let names: Vec<Vec<u8>> =
        (0..100).map(|number| uri(&format!("http://a.example/{number}"))).collect();
    let named = points(&vec![point(&names, None, None); 100]);
    let subject = ca.issue(5, &[named]);
    let names: Vec<Vec<u8>> = (0..100).map(|number| uri(&format!("http://b/{number}"))).collect();
    let crl = List::new(&ca).scope(&[full_name(&names)]).sign(&ca.key);
    let forged = List::new(&ca).sign(&new_key());
    let mut crls = vec![crl; 100];
    crls.extend(vec![forged; 100]);
    let found = judge(&subject, &ca, Evidence { crls: &crls, ..Evidence::default() });
    assert_eq!(found.status, RevocationStatus::Undetermined);
    assert_eq!(found.notes.len(), MAX_NOTES);
    assert_eq!(found.wanted.len(), super::super::MAX_LOCATIONS);
}
