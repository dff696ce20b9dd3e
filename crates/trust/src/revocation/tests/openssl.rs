//! What OpenSSL makes of the same evidence, and what we make of OpenSSL's.

use super::*;
use crate::{
    certificate::PublicKey,
    der::Reader,
    revocation::{CertIdHash, Crl, OcspResponse, request_with},
};
use ravelin_test::has_program;
use std::{
    fs,
    process::{Command, Output, Stdio},
    time::SystemTime,
};
use tempfile::TempDir;

/// A folder in which the `openssl` program works. None where the program is missing.
struct Openssl(TempDir);

impl Openssl {
    fn new() -> Option<Openssl> {
        if !has_program("openssl", &["version"]) {
            return None;
        }
        Some(Openssl(tempfile::tempdir().unwrap()))
    }

    fn write(&self, file: &str, bytes: &[u8]) {
        fs::write(self.0.path().join(file), bytes).unwrap();
    }

    fn read(&self, file: &str) -> Vec<u8> {
        fs::read(self.0.path().join(file)).unwrap()
    }

    /// Writes a certificate as PEM.
    fn certificate(&self, file: &str, certificate: &Certificate<'_>) {
        self.write("certificate.der", certificate.der());
        let words = format!("x509 -inform DER -in certificate.der -out {file}");
        assert!(self.run(&words).status.success());
    }

    fn run(&self, words: &str) -> Output {
        Command::new("openssl")
            .args(words.split_whitespace())
            .current_dir(self.0.path())
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// What it thinks of `subject.pem` below `ca.pem`.
    fn verify(&self, words: &str) -> Status {
        let said = self.say(&format!(
            "verify -attime {NOW} -CAfile ca.pem -crl_check -use_deltas -extended_crl {words} subject.pem"
        ));
        // The program goes on after an error; the library would stop at the first.
        match said.split_once(" at 0 depth lookup: ") {
            Some((_, error)) if error.starts_with("certificate revoked") => Revoked,
            Some((_, error)) => {
                assert!(error.contains("CRL"), "{said}");
                Unknown
            }
            None => {
                assert!(said.contains("subject.pem: OK"), "{said}");
                Good
            }
        }
    }

    fn say(&self, words: &str) -> String {
        let output = self.run(words);
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    }
}

/// The certificate of a root that may do everything.
fn root(ca: &Authority) -> Certificate<'static> {
    ca.certify(&ca.name, &ca.key, 1, &root_extensions(&ca.key, &ca.key))
}

fn root_extensions(key: &KeyPair, by: &KeyPair) -> Vec<Vec<u8>> {
    vec![
        der::extension("2.5.29.19", true, &der::sequence([der::boolean(true)])),
        der::extension("2.5.29.15", true, &der::named_bits(&[0, KEY_CERT_SIGN, CRL_SIGN])),
        der::extension("2.5.29.14", false, &der::octet_string(key_id(key))),
        der::extension("2.5.29.35", false, &der::sequence([der::primitive(0, key_id(by))])),
    ]
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Good,
    Revoked,
    Unknown,
}

fn of(determination: &Determination) -> Status {
    match determination.status {
        RevocationStatus::Good => Good,
        RevocationStatus::Revoked { .. } => Revoked,
        _ => Unknown,
    }
}

use Status::{Good, Revoked, Unknown};

/// CRLs, and what we and OpenSSL make of them.
struct Trial {
    what: &'static str,
    subject: Certificate<'static>,
    crls: Vec<Crl<'static>>,
    ours: Status,
    openssl: Status,
}

#[test]
fn crls_are_judged_as_openssl_judges_them_but_where_said() {
    let Some(openssl) = Openssl::new() else { return };
    let ca = Authority::new("CA");
    let lister = Authority::new("lister");
    let lister_certificate =
        ca.certify(&lister.name, &lister.key, 2, &root_extensions(&lister.key, &ca.key));
    openssl.certificate("ca.pem", &root(&ca));
    openssl.certificate("lister.pem", &lister_certificate);
    let intermediates = [lister_certificate];

    let named = |name| points(&[point(&[uri(name)], None, None)]);
    let subject = || ca.issue(5, &[named("http://a/")]);
    let list = || List::new(&ca);
    let sign = |list: List| list.sign(&ca.key);
    let held = || list().revoke_for(5, 6);
    let release = || list().numbered(12).delta(10).revoke_for(5, 8);
    let freshest = || {
        der::extension("2.5.29.46", false, &der::sequence([point(&[uri("http://d/")], None, None)]))
    };
    let issuer = |name: &[u8]| der::extension("2.5.29.29", true, &der::sequence([directory(name)]));
    let indirect = || der::primitive(4, [0xff]);
    let only_indirect = || ca.issue(5, &[points(&[point(&[], None, Some(&lister.name))])]);
    let reasons = [&[1u8, 2][..], &[3, 4, 5, 6, 7, 8]];
    let in_parts = || {
        ca.issue(
            5,
            &[points(&[
                point(&[uri("http://a/")], Some(reasons[0]), None),
                point(&[uri("http://b/")], Some(reasons[1]), None),
            ])],
        )
    };
    let part = |index: usize, name| {
        let reasons = der::primitive(3, der::named_bits_content(reasons[index]));
        list().scope(&[full_name(&[uri(name)]), reasons])
    };
    let mut no_number = list();
    no_number.extensions.pop();
    let unknown = |critical| der::extension("1.2.3.4", critical, &der::null());

    let agreed = [
        ("empty", subject(), vec![sign(list())], Good),
        ("others listed", subject(), vec![sign(list().revoke(6))], Good),
        ("listed", subject(), vec![sign(list().revoke(5))], Revoked),
        ("listed with a reason", subject(), vec![sign(list().revoke_for(5, 1))], Revoked),
        ("none", subject(), vec![], Unknown),
        ("stale", subject(), vec![sign(list().at(NOW - DAY, NOW - HOUR))], Unknown),
        ("future", subject(), vec![sign(list().at(NOW + HOUR, NOW + DAY))], Unknown),
        ("forged", subject(), vec![list().sign(&new_key())], Unknown),
        (
            "its partition",
            subject(),
            vec![sign(list().scope(&[full_name(&[uri("http://a/")])]))],
            Good,
        ),
        (
            "another partition",
            subject(),
            vec![sign(list().scope(&[full_name(&[uri("http://b/")])]))],
            Unknown,
        ),
        (
            "of end certificates",
            subject(),
            vec![sign(list().scope(&[der::primitive(1, [0xff])]).revoke(5))],
            Revoked,
        ),
        (
            "of authorities",
            subject(),
            vec![sign(list().scope(&[der::primitive(2, [0xff])]).revoke(5))],
            Unknown,
        ),
        (
            "indirect, listed",
            only_indirect(),
            vec![
                List::new(&lister)
                    .scope(&[indirect()])
                    .entry(5, &[issuer(&ca.name)])
                    .sign(&lister.key),
            ],
            Revoked,
        ),
        (
            "indirect, carried on",
            only_indirect(),
            vec![
                List::new(&lister)
                    .scope(&[indirect()])
                    .entry(4, &[issuer(&ca.name)])
                    .revoke(5)
                    .sign(&lister.key),
            ],
            Revoked,
        ),
        (
            "indirect, of another issuer",
            only_indirect(),
            vec![List::new(&lister).scope(&[indirect()]).revoke(5).sign(&lister.key)],
            Good,
        ),
        ("not indirect", only_indirect(), vec![List::new(&lister).sign(&lister.key)], Unknown),
        (
            "all reasons",
            in_parts(),
            vec![sign(part(0, "http://a/")), sign(part(1, "http://b/"))],
            Good,
        ),
        (
            "all reasons, listed",
            in_parts(),
            vec![sign(part(0, "http://a/")), sign(part(1, "http://b/").revoke(5))],
            Revoked,
        ),
        ("some reasons", in_parts(), vec![sign(part(0, "http://a/"))], Unknown),
        ("hold", subject(), vec![sign(held().with(freshest()))], Revoked),
        (
            "released by a delta",
            subject(),
            vec![sign(held().with(freshest())), sign(release())],
            Good,
        ),
        (
            "revoked by a delta",
            subject(),
            vec![sign(list().with(freshest())), sign(list().numbered(12).delta(10).revoke(5))],
            Revoked,
        ),
        (
            "a delta of a newer base",
            subject(),
            vec![
                sign(held().with(freshest())),
                sign(list().numbered(12).delta(11).revoke_for(5, 8)),
            ],
            Revoked,
        ),
        (
            "a delta of another scope",
            subject(),
            vec![
                sign(held().with(freshest())),
                sign(release().scope(&[der::primitive(1, [0xff])])),
            ],
            Revoked,
        ),
        (
            "a current delta of an old base",
            subject(),
            vec![sign(held().at(NOW - DAY, NOW - HOUR).with(freshest())), sign(release())],
            Good,
        ),
        ("an unknown extension", subject(), vec![sign(list().with(unknown(false)))], Good),
        (
            "an unknown critical extension",
            subject(),
            vec![sign(list().with(unknown(true)))],
            Unknown,
        ),
        (
            "an unknown critical entry extension",
            subject(),
            vec![sign(list().entry(6, &[unknown(true)]))],
            Unknown,
        ),
    ];
    let agreed = agreed.map(|(what, subject, crls, status)| Trial {
        what,
        subject,
        crls,
        ours: status,
        openssl: status,
    });
    let departures = [
        // RFC 5280, section 5.2.3.
        Trial {
            what: "without a number",
            subject: subject(),
            crls: vec![no_number.sign(&ca.key)],
            ours: Unknown,
            openssl: Good,
        },
        // X.509 lets such CRLs still revoke what they list.
        Trial {
            what: "listed, with an unknown critical extension",
            subject: subject(),
            crls: vec![sign(list().with(unknown(true)).revoke(5))],
            ours: Revoked,
            openssl: Unknown,
        },
        Trial {
            what: "listed, with an unknown critical entry extension",
            subject: subject(),
            crls: vec![sign(list().entry(5, &[unknown(true)]))],
            ours: Revoked,
            openssl: Unknown,
        },
        // OpenSSL looks for deltas only where the CRL or the certificate says that there are some.
        Trial {
            what: "a delta that nobody announced",
            subject: subject(),
            crls: vec![sign(held()), sign(release())],
            ours: Good,
            openssl: Revoked,
        },
    ];
    for trial in agreed.into_iter().chain(departures) {
        let what = trial.what;
        let evidence =
            Evidence { crls: &trial.crls, intermediates: &intermediates, ..Evidence::default() };
        let ours = judge(&trial.subject, &ca, evidence);
        assert_eq!(of(&ours), trial.ours, "{what}: {ours:?}");
        openssl.certificate("subject.pem", &trial.subject);
        let mut words = "-untrusted lister.pem".to_owned();
        for (index, crl) in trial.crls.iter().enumerate() {
            let file = format!("{index}.crl");
            openssl.write(&file, crl.der());
            words.extend([" -CRLfile ", &file]);
        }
        let theirs = openssl.verify(&words);
        assert_eq!(theirs, trial.openssl, "{what}");
    }
}

/// All single CRLs that can be made of these parts: where it is published, for which kind of certificate, for which
/// reasons, until when, and whether the certificate is on it.
#[test]
fn every_scope_is_judged_as_openssl_judges_it() {
    let Some(openssl) = Openssl::new() else { return };
    let ca = Authority::new("CA");
    openssl.certificate("ca.pem", &root(&ca));
    let places = ["http://a/", "http://b/"];
    let reasons = [&[1u8, 2][..], &[3, 4, 5, 6, 7, 8]];
    let subjects = [
        vec![],
        vec![points(&[point(&[uri(places[0])], None, None)])],
        vec![points(&[
            point(&[uri(places[0])], Some(reasons[0]), None),
            point(&[uri(places[1])], Some(reasons[1]), None),
        ])],
    ];
    let mut lists = Vec::new();
    for place in [None, Some(places[0]), Some(places[1])] {
        for kind in [None, Some(1), Some(2)] {
            for split in [None, Some(reasons[0]), Some(reasons[1])] {
                let parts: Vec<Vec<u8>> = place
                    .map(|place| full_name(&[uri(place)]))
                    .into_iter()
                    .chain(kind.map(|kind| der::primitive(kind, [0xff])))
                    .chain(split.map(|bits| der::primitive(3, der::named_bits_content(bits))))
                    .collect();
                let list = List::new(&ca);
                let list = if parts.is_empty() { list } else { list.scope(&parts) };
                let listed = list.clone().revoke(5);
                let stale = listed.clone().at(NOW - DAY, NOW - HOUR);
                for (state, list) in [("empty", list), ("listed", listed), ("stale", stale)] {
                    lists.push((format!("{place:?} {kind:?} {split:?} {state}"), list));
                }
            }
        }
    }
    let mut differences = Vec::new();
    for (number, extensions) in subjects.iter().enumerate() {
        let subject = ca.issue(5, extensions);
        openssl.certificate("subject.pem", &subject);
        for (what, list) in &lists {
            let crls = [list.sign(&ca.key)];
            let ours = of(&judge(&subject, &ca, Evidence { crls: &crls, ..Evidence::default() }));
            openssl.write("0.crl", crls[0].der());
            let theirs = openssl.verify("-CRLfile 0.crl");
            if ours != theirs {
                differences.push(format!("{number} {what}: {ours:?}, {theirs:?}"));
            }
        }
    }
    // OpenSSL uses a CRL for the first distribution point that its names fit and no other, where RFC 5280 (section 6.3.3)
    // goes through them all.
    let explained = [
        "2 None None None empty: Good, Unknown",
        "2 None None Some([3, 4, 5, 6, 7, 8]) listed: Revoked, Unknown",
        "2 None Some(1) None empty: Good, Unknown",
        "2 None Some(1) Some([3, 4, 5, 6, 7, 8]) listed: Revoked, Unknown",
    ];
    assert_eq!(differences, explained);
}

#[test]
fn openssl_answers_our_requests_and_we_understand_the_answers() {
    let Some(openssl) = Openssl::new() else { return };
    let ca = Authority::new("CA");
    let responder = Authority::new("responder");
    let subject = ca.issue(0x1234, &[]);
    let certificate = ca.certify_between(
        0,
        2 * NOW,
        &responder.name,
        &responder.key,
        9,
        &[
            der::extension("2.5.29.37", false, &der::sequence([der::oid("1.3.6.1.5.5.7.3.9")])),
            der::extension("1.3.6.1.5.5.7.48.1.5", false, &der::null()),
        ],
    );
    openssl.certificate("ca.pem", &root(&ca));
    openssl.certificate("responder.pem", &certificate);
    openssl.write("ca.key", ca.key.serialize_pem().as_bytes());
    openssl.write("responder.key", responder.key.serialize_pem().as_bytes());
    let info = ca.key.subject_public_key_info();
    let key = PublicKey::read(Reader::new(&info)).unwrap();
    let entry = |status, revoked: &str| {
        format!("{status}\t301231000000Z\t{revoked}\t1234\tunknown\t/CN=end\n")
    };
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    for (index, expected) in [
        (entry('V', ""), RevocationStatus::Good),
        (
            entry('R', "250101000000Z,keyCompromise"),
            RevocationStatus::Revoked {
                reason: Some(crate::revocation::RevocationReason::KeyCompromise),
                time: Time::from_unix(1_735_689_600),
            },
        ),
        (String::new(), RevocationStatus::Undetermined),
    ] {
        openssl.write("index.txt", index.as_bytes());
        for hash in [CertIdHash::Sha1, CertIdHash::Sha256] {
            for signer in ["ca", "responder -resp_key_id"] {
                let nonce = [0x5a; 32];
                let request = request_with(hash, &subject, &subject.issuer(), &key, Some(&nonce));
                openssl.write("request.der", &request);
                let name = signer.split(' ').next().unwrap();
                let said = openssl.say(&format!(
                    "ocsp -index index.txt -CA ca.pem -rsigner {name}.pem -rkey {name}.key -reqin request.der -respout response.der -ndays 1 {}",
                    &signer[name.len()..]
                ));
                let ocsp = [OcspResponse::parse(openssl.read("response.der"))
                    .unwrap_or_else(|error| panic!("{error}: {said}"))];
                let options =
                    Options { nonce: Some(&nonce), ..Options::new(Time::since_epoch(now)) };
                let evidence = Evidence { ocsp: &ocsp, ..Evidence::default() };
                let found = judge_with(&subject, &ca, evidence, options, &mut Trusted::default());
                assert_eq!(found.status, expected, "{found:?} {said}");
                assert_eq!(ocsp[0].nonce(), Some(&nonce[..]));
            }
        }
    }
}

#[test]
fn openssl_understands_the_responses_that_the_tests_judge() {
    let Some(openssl) = Openssl::new() else { return };
    let ca = Authority::new("CA");
    let subject = ca.issue(5, &[]);
    openssl.certificate("ca.pem", &root(&ca));
    openssl.certificate("subject.pem", &subject);
    for (bytes, word, ours) in [
        (ocsp::by_issuer(&ca, &ca.key, ocsp::good()), "subject.pem: good", Good),
        (ocsp::by_issuer(&ca, &ca.key, ocsp::revoked(Some(1))), "Reason: keyCompromise", Revoked),
        (ocsp::by_issuer(&ca, &ca.key, ocsp::unknown()), "subject.pem: unknown", Unknown),
        (ocsp::by_issuer(&ca, &new_key(), ocsp::good()), "Verify Failure", Unknown),
    ] {
        openssl.write("response.der", &bytes);
        let response = [OcspResponse::parse(bytes).unwrap()];
        let found = judge(&subject, &ca, Evidence { ocsp: &response, ..Evidence::default() });
        assert_eq!(of(&found), ours);
        // The response is of the time of all tests.
        let said = openssl.say(&format!(
            "ocsp -respin response.der -issuer ca.pem -cert subject.pem -CAfile ca.pem -attime {NOW} -validity_period 999999999"
        ));
        assert!(said.contains(word), "{word}: {said}");
        let verified = said.contains("Response verify OK");
        assert_eq!(verified, word != "Verify Failure", "{said}");
    }
}
