//! OCSP responses of every kind.

use super::*;
use crate::{
    certificate::PublicKey,
    der::Reader,
    revocation::{
        CertIdHash, Crl, Location, OcspError, OcspResponse, RevocationReason, Source, request,
        request_with,
    },
    signature::Hash,
};

const OCSP_SIGNING: &str = "1.3.6.1.5.5.7.3.9";

fn digest(hash: Hash, bytes: &[u8]) -> Vec<u8> {
    hash.digest(bytes).unwrap().as_ref().to_vec()
}

/// A responder's answer to be.
#[derive(Clone)]
struct Answer {
    responder: Vec<u8>,
    produced_at: i64,
    singles: Vec<Vec<u8>>,
    extensions: Vec<Vec<u8>>,
    certificates: Vec<Vec<u8>>,
}

fn by_name(authority: &Authority) -> Vec<u8> {
    der::constructed(1, &authority.name)
}

fn by_key(authority: &Authority) -> Vec<u8> {
    der::constructed(2, der::octet_string(digest(Hash::Sha1, authority.key.der_bytes())))
}

impl Answer {
    fn new(responder: Vec<u8>) -> Answer {
        Answer {
            responder,
            produced_at: NOW - 60,
            singles: Vec::new(),
            extensions: Vec::new(),
            certificates: Vec::new(),
        }
    }

    fn single(mut self, single: Vec<u8>) -> Answer {
        self.singles.push(single);
        self
    }

    fn with(mut self, extension: Vec<u8>) -> Answer {
        self.extensions.push(extension);
        self
    }

    fn nonce(self, nonce: &[u8]) -> Answer {
        self.with(der::extension("1.3.6.1.5.5.7.48.1.2", false, &der::octet_string(nonce)))
    }

    fn enclose(mut self, certificate: &Certificate<'_>) -> Answer {
        self.certificates.push(certificate.der().to_vec());
        self
    }

    fn der(&self, key: &KeyPair) -> Vec<u8> {
        response(&self.basic(key))
    }

    fn basic(&self, key: &KeyPair) -> Vec<u8> {
        let list = |number, list: &[Vec<u8>]| {
            if list.is_empty() { Vec::new() } else { der::constructed(number, der::sequence(list)) }
        };
        let tbs = der::sequence([
            self.responder.clone(),
            der::generalized_time(self.produced_at),
            der::sequence(&self.singles),
            list(1, &self.extensions),
        ]);
        signed(&tbs, key, &list(0, &self.certificates))
    }

    fn sign(&self, key: &KeyPair) -> OcspResponse<'static> {
        OcspResponse::parse(self.der(key)).unwrap()
    }
}

/// A successful response around a basic one.
pub(super) fn response(basic: &[u8]) -> Vec<u8> {
    let kind = der::oid("1.3.6.1.5.5.7.48.1.1");
    let bytes = der::sequence([kind, der::octet_string(basic)]);
    der::sequence([der::enumerated(0), der::constructed(0, bytes)])
}

pub(super) fn good() -> Vec<u8> {
    der::primitive(0, [])
}

pub(super) fn revoked(reason: Option<u8>) -> Vec<u8> {
    let reason =
        reason.map(|reason| der::constructed(0, der::enumerated(reason))).unwrap_or_default();
    der::constructed(1, [der::generalized_time(NOW - DAY), reason].concat())
}

pub(super) fn unknown() -> Vec<u8> {
    der::primitive(2, [])
}

fn certificate_id(hash: Hash, issuer: &Authority, serial: u64) -> Vec<u8> {
    let oid = match hash {
        Hash::Sha1 => "1.3.14.3.2.26",
        Hash::Sha224 => "2.16.840.1.101.3.4.2.4",
        Hash::Sha256 => "2.16.840.1.101.3.4.2.1",
        Hash::Sha384 => "2.16.840.1.101.3.4.2.2",
        _ => "2.16.840.1.101.3.4.2.3",
    };
    der::sequence([
        der::sequence([der::oid(oid), der::null()]),
        der::octet_string(digest(hash, &issuer.name)),
        der::octet_string(digest(hash, issuer.key.der_bytes())),
        der::integer(serial),
    ])
}

/// About serial number 5, from an hour ago until in an hour.
fn about(issuer: &Authority, status: Vec<u8>) -> Vec<u8> {
    about_until(issuer, status, NOW - HOUR, Some(NOW + HOUR))
}

fn about_until(issuer: &Authority, status: Vec<u8>, from: i64, until: Option<i64>) -> Vec<u8> {
    der::sequence([
        certificate_id(Hash::Sha1, issuer, 5),
        status,
        der::generalized_time(from),
        until.map(|until| der::constructed(0, der::generalized_time(until))).unwrap_or_default(),
    ])
}

/// By the issuer, about serial number 5.
fn plain(ca: &Authority, status: Vec<u8>) -> OcspResponse<'static> {
    OcspResponse::parse(by_issuer(ca, &ca.key, status)).unwrap()
}

/// In the issuer's name, about serial number 5, encoded.
pub(super) fn by_issuer(ca: &Authority, key: &KeyPair, status: Vec<u8>) -> Vec<u8> {
    Answer::new(by_name(ca)).single(about(ca, status)).der(key)
}

fn by_ocsp(ca: &Authority, ocsp: &[OcspResponse<'_>]) -> Determination {
    judge(&ca.issue(5, &[]), ca, Evidence { ocsp, ..Evidence::default() })
}

#[test]
fn responses_tell_good_revoked_and_unknown() {
    let ca = Authority::new("CA");
    let status = |status| by_ocsp(&ca, &[plain(&ca, status)]);
    let found = status(good());
    assert_eq!((found.status, found.source), (RevocationStatus::Good, Some(Source::Ocsp)));
    assert_eq!(found.notes, []);
    let time = Time::from_unix(NOW - DAY);
    assert_eq!(status(revoked(None)).status, RevocationStatus::Revoked { reason: None, time });
    let reason = Some(RevocationReason::CertificateHold);
    assert_eq!(status(revoked(Some(6))).status, RevocationStatus::Revoked { reason, time });
    let found = status(unknown());
    assert_eq!(found.status, RevocationStatus::Undetermined);
    assert_eq!(only_problem(&found), &Problem::Unknown);
}

#[test]
fn every_hash_and_both_ways_to_name_the_responder_are_understood() {
    let ca = Authority::new("CA");
    for hash in [Hash::Sha1, Hash::Sha224, Hash::Sha256, Hash::Sha384, Hash::Sha512] {
        for responder in [by_name(&ca), by_key(&ca)] {
            let single = |serial| {
                let times = der::generalized_time(NOW);
                der::sequence([certificate_id(hash, &ca, serial), good(), times])
            };
            let answer = Answer::new(responder).single(single(4)).single(single(5));
            let found = by_ocsp(&ca, &[answer.sign(&ca.key)]);
            assert_eq!(found.status, RevocationStatus::Good, "{hash}");
        }
    }
}

#[test]
fn a_response_about_another_certificate_says_nothing() {
    let (ca, namesake) = (Authority::new("CA"), Authority::new("CA"));
    let other_key = Answer::new(by_name(&ca)).single(about(&namesake, good())).sign(&ca.key);
    let found = by_ocsp(&ca, &[other_key]);
    assert_eq!(found.status, RevocationStatus::NoInformation);
    assert_eq!(only_problem(&found), &Problem::NotAbout);
    let subject = ca.issue(6, &[]);
    let ocsp = [plain(&ca, good())];
    let found = judge(&subject, &ca, Evidence { ocsp: &ocsp, ..Evidence::default() });
    assert_eq!(only_problem(&found), &Problem::NotAbout);
}

#[test]
fn forged_responses_prove_nothing() {
    let ca = Authority::new("CA");
    let answer = Answer::new(by_name(&ca)).single(about(&ca, good()));
    let found = by_ocsp(&ca, &[answer.sign(&new_key())]);
    assert_eq!(found.status, RevocationStatus::Undetermined);
    assert!(matches!(only_problem(&found), Problem::Signature(_)));
    let nobody = Answer::new(by_name(&Authority::new("nobody"))).single(about(&ca, good()));
    let found = by_ocsp(&ca, &[nobody.sign(&ca.key)]);
    assert_eq!(only_problem(&found), &Problem::NoSigner("CN=nobody".into()));
}

/// The extensions of a delegated responder's certificate.
fn delegated(purpose: &str) -> Vec<Vec<u8>> {
    vec![
        der::extension("2.5.29.37", false, &der::sequence([der::oid(purpose)])),
        der::extension("2.5.29.15", true, &der::named_bits(&[0])),
        der::extension("1.3.6.1.5.5.7.48.1.5", false, &der::null()),
    ]
}

#[test]
fn delegated_responders_are_heard_when_the_issuer_says_so_itself() {
    let ca = Authority::new("CA");
    let responder = Authority::new("responder");
    let other = Authority::new("other");
    let namesake = Authority::new("CA");
    let certify = |by: &Authority, until, extensions: &[Vec<u8>]| {
        by.certify_between(NOW - HOUR, until, &responder.name, &responder.key, 50, extensions)
    };
    let sound = certify(&ca, NOW + DAY, &delegated(OCSP_SIGNING));
    assert!(sound.has_ocsp_no_check());
    for id in [by_name(&responder), by_key(&responder)] {
        let answer = Answer::new(id).single(about(&ca, good()));
        let enclosed = [answer.clone().enclose(&sound).sign(&responder.key)];
        assert_eq!(by_ocsp(&ca, &enclosed).status, RevocationStatus::Good);
        // Its certificate may also be known otherwise.
        let ocsp = [answer.sign(&responder.key)];
        let intermediates = [other.certified_by(&ca, &[0]), sound.borrowed()];
        let evidence =
            Evidence { ocsp: &ocsp, intermediates: &intermediates, ..Evidence::default() };
        let found = judge(&ca.issue(5, &[]), &ca, evidence);
        assert_eq!(found.status, RevocationStatus::Good);
    }
    let answer = Answer::new(by_name(&responder)).single(about(&ca, good()));
    let no_signing = {
        let mut extensions = delegated(OCSP_SIGNING);
        extensions[1] = der::extension("2.5.29.15", true, &der::named_bits(&[5]));
        extensions
    };
    for (certificate, word) in [
        (certify(&ca, NOW - 1, &delegated(OCSP_SIGNING)), "valid from"),
        (certify(&ca, NOW + DAY, &delegated("1.3.6.1.5.5.7.3.1")), "OCSPSigning"),
        (certify(&ca, NOW + DAY, &delegated("2.5.29.37.0")), "OCSPSigning"),
        (certify(&ca, NOW + DAY, &[]), "OCSPSigning"),
        (certify(&ca, NOW + DAY, &no_signing), "digitalSignature"),
        (certify(&other, NOW + DAY, &delegated(OCSP_SIGNING)), "did not issue"),
        (certify(&namesake, NOW + DAY, &delegated(OCSP_SIGNING)), "did not sign"),
    ] {
        let found = by_ocsp(&ca, &[answer.clone().enclose(&certificate).sign(&responder.key)]);
        assert_eq!(found.status, RevocationStatus::Undetermined, "{word}");
        let Problem::SignerNotEntitled(why) = only_problem(&found) else { panic!("{found:?}") };
        assert!(why.contains(word), "{why}");
    }
}

#[test]
fn delegated_responders_need_the_path_builders_trust() {
    let ca = Authority::new("CA");
    let responder = Authority::new("responder");
    let certificate = ca.certify(&responder.name, &responder.key, 50, &delegated(OCSP_SIGNING));
    let answer = Answer::new(by_key(&responder)).single(about(&ca, good())).enclose(&certificate);
    let ocsp = [answer.sign(&responder.key)];
    let evidence = Evidence { ocsp: &ocsp, ..Evidence::default() };
    let options = Options::new(Time::from_unix(NOW));
    let mut signers = Trusted { refuse: true, ..Trusted::default() };
    let found = judge_with(&ca.issue(5, &[]), &ca, evidence, options, &mut signers);
    assert_eq!(found.status, RevocationStatus::Undetermined);
    assert_eq!(signers.asked, [SignerPurpose::OcspSign]);
    // Nobody vouches for himself.
    let own = Answer::new(by_key(&responder))
        .single(der::sequence([
            certificate_id(Hash::Sha1, &ca, 50),
            good(),
            der::generalized_time(NOW),
        ]))
        .enclose(&certificate);
    let ocsp = [own.sign(&responder.key)];
    let found = judge(&certificate, &ca, Evidence { ocsp: &ocsp, ..Evidence::default() });
    assert!(matches!(only_problem(&found), Problem::SignerNotEntitled(_)));
}

#[test]
fn responses_out_of_their_time_are_passed_over() {
    let ca = Authority::new("CA");
    let judge = |from, until| {
        let single = about_until(&ca, good(), from, until);
        by_ocsp(&ca, &[Answer::new(by_name(&ca)).single(single).sign(&ca.key)])
    };
    for (from, until) in
        [(NOW - DAY, Some(NOW - 300)), (NOW + 300, Some(NOW + DAY)), (NOW - DAY, None), (NOW, None)]
    {
        assert_eq!(judge(from, until).status, RevocationStatus::Good, "{from} {until:?}");
    }
    let stale = judge(NOW - DAY, Some(NOW - 301));
    assert!(matches!(only_problem(&stale), Problem::Stale { .. }));
    let future = judge(NOW + 301, Some(NOW + DAY));
    assert!(matches!(only_problem(&future), Problem::Future { .. }));
    let old = judge(NOW - DAY - 1, None);
    assert!(matches!(only_problem(&old), Problem::TooOld { .. }));
    let mut late = Answer::new(by_name(&ca)).single(about(&ca, good()));
    late.produced_at = NOW + 301;
    let found = by_ocsp(&ca, &[late.sign(&ca.key)]);
    assert!(matches!(only_problem(&found), Problem::Future { .. }));
    // The next source is tried.
    let found = by_ocsp(&ca, &[late.sign(&ca.key), plain(&ca, good())]);
    assert_eq!(found.status, RevocationStatus::Good);
}

#[test]
fn nonces_bind_answers_to_requests() {
    let ca = Authority::new("CA");
    let answer = Answer::new(by_name(&ca)).single(about(&ca, good()));
    let judge = |answer: &Answer, stapled: bool| {
        let responses = [answer.sign(&ca.key)];
        let (stapled, ocsp) =
            if stapled { (&responses[..], &[][..]) } else { (&[][..], &responses[..]) };
        let options = Options { nonce: Some(b"sent"), ..Options::new(Time::from_unix(NOW)) };
        let evidence = Evidence { stapled, ocsp, ..Evidence::default() };
        judge_with(&ca.issue(5, &[]), &ca, evidence, options, &mut Trusted::default())
    };
    let right = judge(&answer.clone().nonce(b"sent"), false);
    assert_eq!((right.status, right.notes.len()), (RevocationStatus::Good, 0));
    let wrong = judge(&answer.clone().nonce(b"other"), false);
    assert_eq!(wrong.status, RevocationStatus::Undetermined);
    assert_eq!(only_problem(&wrong), &Problem::NonceMismatch);
    let none = judge(&answer, false);
    assert_eq!((none.status, only_problem(&none)), (RevocationStatus::Good, &Problem::NoNonce));
    let stapled = judge(&answer.nonce(b"other"), true);
    assert_eq!((stapled.status, stapled.notes.len()), (RevocationStatus::Good, 0));
}

#[test]
fn unknown_critical_extensions_make_a_response_useless() {
    let ca = Authority::new("CA");
    let extension = |critical| der::extension("1.2.3.4", critical, &der::null());
    for (critical, status) in
        [(true, RevocationStatus::Undetermined), (false, RevocationStatus::Good)]
    {
        let of_answer =
            Answer::new(by_name(&ca)).single(about(&ca, good())).with(extension(critical));
        let single = der::sequence([
            certificate_id(Hash::Sha1, &ca, 5),
            good(),
            der::generalized_time(NOW),
            der::constructed(1, der::sequence([extension(critical)])),
        ]);
        let of_single = Answer::new(by_name(&ca)).single(single);
        for answer in [of_answer, of_single] {
            let found = by_ocsp(&ca, &[answer.sign(&ca.key)]);
            assert_eq!(found.status, status);
            if critical {
                let expected = Problem::UnknownCritical { oid: "1.2.3.4".into() };
                assert_eq!(only_problem(&found), &expected);
            }
        }
    }
}

#[test]
fn revoked_wins_within_a_response_and_among_several() {
    let ca = Authority::new("CA");
    let both = Answer::new(by_name(&ca))
        .single(about(&ca, unknown()))
        .single(about(&ca, revoked(None)))
        .single(about(&ca, good()));
    assert!(is_revoked(&by_ocsp(&ca, &[both.sign(&ca.key)])));
    let all = [plain(&ca, good()), plain(&ca, revoked(None)), plain(&ca, good())];
    assert!(is_revoked(&by_ocsp(&ca, &all)));
    assert_eq!(
        by_ocsp(&ca, &[plain(&ca, unknown()), plain(&ca, good())]).status,
        RevocationStatus::Good
    );
}

#[test]
fn revoked_wins_where_ocsp_and_crls_disagree() {
    let ca = Authority::new("CA");
    let subject = ca.issue(5, &[]);
    let judge = |crl: &Crl<'_>, response: &OcspResponse<'_>| {
        let (crls, stapled) = ([crl.borrowed()], [response.borrowed()]);
        let evidence = Evidence { crls: &crls, stapled: &stapled, ..Evidence::default() };
        judge(&subject, &ca, evidence)
    };
    let empty = List::new(&ca).sign(&ca.key);
    let listed = List::new(&ca).revoke(5).sign(&ca.key);
    let [good, revoked, unknown] =
        [good(), revoked(None), unknown()].map(|status| plain(&ca, status));
    let found = judge(&listed, &good);
    assert_eq!((is_revoked(&found), found.source), (true, Some(Source::Crl)));
    let found = judge(&empty, &revoked);
    assert_eq!((is_revoked(&found), found.source), (true, Some(Source::Ocsp)));
    assert_eq!(judge(&empty, &good).source, Some(Source::Ocsp));
    let found = judge(&empty, &unknown);
    assert_eq!((found.status, found.source), (RevocationStatus::Good, Some(Source::Crl)));
}

#[test]
fn error_responses_are_said() {
    let ca = Authority::new("CA");
    for (number, word) in [
        (1, "malformedRequest"),
        (2, "internalError"),
        (3, "tryLater"),
        (5, "sigRequired"),
        (6, "unauthorized"),
    ] {
        let response = OcspResponse::parse(der::sequence([der::enumerated(number)])).unwrap();
        let found = by_ocsp(&ca, &[response]);
        assert_eq!(found.status, RevocationStatus::Undetermined);
        assert_eq!(only_problem(&found), &Problem::Refused(word));
    }
    let error = OcspResponse::parse(der::sequence([der::enumerated(4)])).unwrap_err();
    assert_eq!(error, OcspError::Status(4));
    let error = OcspResponse::parse(der::sequence([der::enumerated(0)])).unwrap_err();
    assert!(matches!(error, OcspError::Malformed { .. }));
}

#[test]
fn responders_are_wanted_while_nothing_is_known() {
    let ca = Authority::new("CA");
    let access = |kind, url| der::sequence([der::oid(kind), uri(url)]);
    let descriptions = der::sequence([
        access("1.3.6.1.5.5.7.48.2", "http://a/issuer"),
        access("1.3.6.1.5.5.7.48.1", "http://a/ocsp"),
        access("1.3.6.1.5.5.7.48.1", "ldap://a/ocsp"),
    ]);
    let subject = ca.issue(5, &[der::extension("1.3.6.1.5.5.7.1.1", false, &descriptions)]);
    let judge =
        |ocsp: &[OcspResponse<'_>]| judge(&subject, &ca, Evidence { ocsp, ..Evidence::default() });
    let found = judge(&[]);
    assert_eq!(found.status, RevocationStatus::Undetermined);
    assert_eq!(found.wanted, [Location::Ocsp("http://a/ocsp".into())]);
    assert_eq!(judge(&[plain(&ca, good())]).wanted, []);
    assert_eq!(judge(&[plain(&ca, revoked(None))]).wanted, []);
}

#[test]
fn requests_name_the_certificate_as_the_standard_says() {
    let ca = Authority::new("CA");
    let subject = ca.issue(5, &[]);
    let info = ca.key.subject_public_key_info();
    let key = PublicKey::read(Reader::new(&info)).unwrap();
    let name = subject.issuer();
    let expected = |hash, extensions: Vec<u8>| {
        let list = der::sequence([der::sequence([certificate_id(hash, &ca, 5)])]);
        der::sequence([der::sequence([list, extensions])])
    };
    assert_eq!(request(&subject, &name, &key, None), expected(Hash::Sha1, Vec::new()));
    assert_eq!(
        request_with(CertIdHash::Sha256, &subject, &name, &key, None),
        expected(Hash::Sha256, Vec::new())
    );
    let nonce = der::extension("1.3.6.1.5.5.7.48.1.2", false, &der::octet_string([7; 32]));
    assert_eq!(
        request(&subject, &name, &key, Some(&[7; 32])),
        expected(Hash::Sha1, der::constructed(2, der::sequence([nonce])))
    );
}

#[test]
fn what_a_response_says_can_be_read() {
    let ca = Authority::new("CA");
    let answer = Answer::new(by_key(&ca)).single(about(&ca, revoked(Some(4)))).nonce(b"abc");
    let response = answer.sign(&ca.key).into_owned();
    assert_eq!(response.nonce(), Some(&b"abc"[..]));
    assert_eq!(response.produced_at(), Some(Time::from_unix(NOW - 60)));
    let singles: Vec<_> = response.responses().collect();
    assert_eq!(singles[0].serial.small(), Some(5));
    assert_eq!(singles[0].next_update, Some(Time::from_unix(NOW + HOUR)));
    assert_eq!(response.certificates().count(), 0);
    assert_eq!(response, response.borrowed());
}

/// A response that says something, for tests that break it.
pub(super) fn sample(ca: &Authority) -> Vec<u8> {
    let responder = Authority::new("responder");
    let certificate = ca.certify(&responder.name, &responder.key, 50, &delegated(OCSP_SIGNING));
    Answer::new(by_key(&responder))
        .single(about(ca, revoked(Some(1))))
        .single(about(ca, good()))
        .nonce(b"nonce")
        .enclose(&certificate)
        .der(&responder.key)
}

/// A basic response by the issuer.
pub(super) fn basic(ca: &Authority) -> Vec<u8> {
    Answer::new(by_name(ca)).single(about(ca, revoked(Some(6)))).nonce(b"nonce").basic(&ca.key)
}

/// A response with as many single responses about the certificate with the number 5.
pub(super) fn long(ca: &Authority, count: usize) -> Vec<u8> {
    let mut answer = Answer::new(by_name(ca));
    answer.singles = vec![about(ca, good()); count];
    answer.der(&ca.key)
}
