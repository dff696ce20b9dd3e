//! Signatures that are made here, and what a verification finds of them.

use ravelin_xmldsig::{
    algorithm::{DigestAlgorithm, HmacParameters, PssParameters, SignatureAlgorithm, SigningKey},
    c14n::{Flavour, Method},
    sign::{Element, Manifest, Object, Place, Reference, SignError, Signing},
    verify::{
        Body, Dereference, DereferenceError, KeySource, Profile, Report, Settings, SignatureStatus,
        verify,
    },
};
use std::{
    collections::HashMap,
    io::{self, Cursor, Read, Seek, SeekFrom},
};

const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";

fn secret() -> SigningKey {
    SigningKey::from_secret(b"between us").unwrap()
}

fn signing() -> Signing {
    Signing::new(secret())
}

fn key_of(pair: &rcgen::KeyPair) -> SigningKey {
    SigningKey::from_der(&pair.serialize_der()).unwrap()
}

fn certificate(pair: &rcgen::KeyPair) -> Vec<u8> {
    rcgen::CertificateParams::default().self_signed(pair).unwrap().der().to_vec()
}

fn into_document(signing: &Signing, document: &str) -> Result<String, SignError> {
    let mut out = Vec::new();
    let signed = signing.sign_enveloped(Cursor::new(document), &mut out)?;
    assert_eq!(signed.length(), out.len() as u64);
    let text = String::from_utf8(out).unwrap();
    let [start, end] =
        [signed.range().start, signed.range().end].map(|at| usize::try_from(at).unwrap());
    let signature = &text[start..end];
    assert!(signature.starts_with('<') && signature.ends_with("Signature>"), "{signature}");
    assert!(signature.contains(DSIG));
    Ok(text)
}

fn check(document: &[u8], files: &mut Files) -> Report {
    let keys = KeySource::Given(vec![secret().verification_key().unwrap()]);
    verify(Cursor::new(document), &Settings::default(), &keys, files).unwrap()
}

fn holds(report: &Report) -> bool {
    report.digest_status() == SignatureStatus::Valid
        && report.references_status() == SignatureStatus::Valid
        && report
            .references()
            .iter()
            .flat_map(|one| &one.manifest)
            .all(|one| one.status == SignatureStatus::Valid)
}

/// Octets by their URI.
#[derive(Default)]
struct Files(HashMap<&'static str, Vec<u8>>);

impl Files {
    fn new(files: &[(&'static str, &[u8])]) -> Files {
        Files(files.iter().map(|(uri, octets)| (*uri, octets.to_vec())).collect())
    }
}

impl Dereference for Files {
    fn dereference(&mut self, uri: Option<&str>) -> Result<Body<'_>, DereferenceError> {
        let uri = uri.unwrap_or_default();
        if uri.is_empty() || uri.starts_with('#') {
            return Ok(Body::SameDocument);
        }
        let found = self.0.get(uri).ok_or_else(|| DereferenceError::not_found(uri))?;
        Ok(Body::from_bytes(found))
    }
}

#[test]
fn only_the_signature_is_added_to_a_document() {
    let document =
        "<?xml version='1.0'  ?>\r\n<!--c--><a  b = '1'>\r\n<![CDATA[<]]>&#13;</a >\n<?pi?>\n";
    let signed =
        into_document(&signing().reference(Reference::document().enveloped()), document).unwrap();
    let at = document.find("</a >").unwrap();
    assert!(signed.starts_with(&document[..at]));
    assert!(signed.ends_with(&document[at..]));
    assert!(holds(&check(signed.as_bytes(), &mut Files::default())));
    let changed = signed.replace("&#13;", "");
    let report = check(changed.as_bytes(), &mut Files::default());
    assert_eq!(report.references_status(), SignatureStatus::Invalid);
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let signing = signing().reference(Reference::document().enveloped()).id("s");
    let signed = into_document(&signing, "<a/>").unwrap();
    assert_eq!(signed, into_document(&signing, "<a/>").unwrap());
    assert_eq!(
        signed,
        "<a><Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\" Id=\"s\"><SignedInfo><CanonicalizationMethod \
         Algorithm=\"http://www.w3.org/TR/2001/REC-xml-c14n-20010315\"></CanonicalizationMethod><SignatureMethod \
         Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#hmac-sha256\"></SignatureMethod><Reference URI=\"\">\
         <Transforms><Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"></Transform>\
         </Transforms><DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"></DigestMethod><DigestValue>\
         qBKmm6aFilTO/bL8OILnzrfWaqHteSViCChy3W7U+SE=</DigestValue></Reference></SignedInfo><SignatureValue>\
         DH+b8VhusDrQO08DdaKZ3PFcCZMo7wNt7wudTnN1eg8=</SignatureValue></Signature></a>"
    );
}

#[test]
fn every_algorithm_and_key() {
    let rsa = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048)
        .unwrap();
    let mut cases = Vec::new();
    for hash in [DigestAlgorithm::Sha256, DigestAlgorithm::Sha384, DigestAlgorithm::Sha512] {
        cases.push((rsa.serialize_der(), SignatureAlgorithm::RsaPkcs1(hash)));
        cases.push((rsa.serialize_der(), SignatureAlgorithm::RsaPss(PssParameters::fixed(hash))));
    }
    for curve in [
        &rcgen::PKCS_ECDSA_P256_SHA256,
        &rcgen::PKCS_ECDSA_P384_SHA384,
        &rcgen::PKCS_ECDSA_P521_SHA512,
    ] {
        let pair = rcgen::KeyPair::generate_for(curve).unwrap();
        for hash in [DigestAlgorithm::Sha256, DigestAlgorithm::Sha384, DigestAlgorithm::Sha512] {
            cases.push((pair.serialize_der(), SignatureAlgorithm::Ecdsa(hash)));
        }
    }
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    cases.push((pair.serialize_der(), SignatureAlgorithm::Ed25519));
    for (der, algorithm) in cases {
        let pair = rcgen::KeyPair::try_from(&der[..]).unwrap();
        let of = || {
            Signing::new(key_of(&pair))
                .algorithm(algorithm)
                .reference(Reference::document().enveloped())
        };
        let mut kinds = vec![of().certificates([certificate(&pair)]), of().encoded_key_value()];
        if algorithm != SignatureAlgorithm::Ed25519 {
            kinds.push(of().key_value().key_name("mine"));
        }
        for signing in kinds {
            let signed = into_document(&signing, "<a><b/></a>").unwrap();
            let report = verify(
                Cursor::new(&signed),
                &Settings::default(),
                &KeySource::Embedded,
                &mut Files::default(),
            )
            .unwrap();
            assert!(holds(&report), "{algorithm}");
            assert_eq!(report.algorithm(), algorithm);
        }
    }
    for hash in [DigestAlgorithm::Sha256, DigestAlgorithm::Sha384, DigestAlgorithm::Sha512] {
        let whole = HmacParameters::new(hash).unwrap();
        for hmac in [whole, whole.with_output_bits(hash.length() * 4).unwrap()] {
            let signing = signing()
                .algorithm(SignatureAlgorithm::Hmac(hmac))
                .reference(Reference::document().enveloped());
            let signed = into_document(&signing, "<a/>").unwrap();
            assert!(holds(&check(signed.as_bytes(), &mut Files::default())));
        }
    }
}

#[test]
fn every_canonicalization_and_digest() {
    let flavours = [
        Flavour::Inclusive,
        Flavour::Inclusive11,
        Flavour::Exclusive { prefixes: Vec::new() },
        Flavour::Exclusive { prefixes: vec!["p".to_owned(), String::new()] },
    ];
    for flavour in flavours {
        for comments in [false, true] {
            let method = Method { flavour: flavour.clone(), comments };
            let signing = signing()
                .canonicalization(method.clone())
                .prefix("ds")
                .place(Place::FirstIn(Element::id("x")))
                .reference(Reference::element("x").enveloped().canonicalized(method.clone()))
                .reference(Reference::document().enveloped().canonicalized(method));
            let document = "<a xmlns='urn:d' xmlns:p='urn:p' xml:base='http://a/'><b xml:base='c' Id='x'/></a>";
            let signed = into_document(&signing, document).unwrap();
            assert!(signed.contains("<b xml:base='c' Id='x'><ds:Signature xmlns:ds="), "{signed}");
            assert!(signed.contains("</ds:Signature></b></a>"), "{signed}");
            assert!(holds(&check(signed.as_bytes(), &mut Files::default())));
        }
    }
    for digest in DigestAlgorithm::ALL.into_iter().filter(|digest| !digest.is_weak()) {
        let signing = signing()
            .digest(DigestAlgorithm::Sha512)
            .reference(Reference::document().enveloped().digest(digest));
        let signed = into_document(&signing, "<a/>").unwrap();
        assert!(signed.contains(digest.uri()));
    }
}

#[test]
fn one_signature_covers_everything_at_once() {
    let files: [(&str, &[u8]); 3] =
        [("a.txt", b"text"), ("b.xml", b"<b  c='1'/>"), ("c.64", b"dGV4\ndA==")];
    let signing = signing()
        .id("s")
        .value_id("v")
        .reference(Reference::document().enveloped().id("r1"))
        .reference(Reference::element("part").kind("urn:kind"))
        .object(Object::xml(b"<o><i n='\xc3\xa9'/></o>").unwrap().id("xml"))
        .reference(Reference::object("xml").canonicalized(Method::exclusive()))
        .object(Object::text("a\r\n<&>\u{e9}").id("text").mime_type("text/plain"))
        .reference(Reference::object("text"))
        .object(Object::base64(*b"\0\xff").id("octets"))
        .reference(Reference::object("octets").base64())
        .manifest(
            Manifest::new("m")
                .references(["a.txt", "c.64"].map(Reference::uri))
                .reference(Reference::element("text"))
                .reference(Reference::document().enveloped()),
        )
        .reference(Reference::uri("a.txt").digest(DigestAlgorithm::Sha512))
        .reference(Reference::uri("b.xml").canonicalized(Method::inclusive()))
        .reference(Reference::uri("c.64").base64());
    let mut out = Vec::new();
    let document = "<d><part Id='part'>1</part></d>";
    signing.sign_enveloped_with(Cursor::new(document), &mut out, &mut Files::new(&files)).unwrap();
    let report = check(&out, &mut Files::new(&files));
    assert!(holds(&report), "{report:#?}");
    assert_eq!(report.references().len(), 9);
    assert_eq!(report.signature_id(), Some("s"));
    for (uri, octets) in files {
        let mut changed = Files::new(&files);
        let other = if uri == "b.xml" { b"<b/>".to_vec() } else { [octets, b"AA=="].concat() };
        changed.0.insert(uri, other);
        let result = verify(
            Cursor::new(&out),
            &Settings::default(),
            &KeySource::Given(vec![secret().verification_key().unwrap()]),
            &mut changed,
        );
        // What is no base64 any more cannot be read.
        assert!(result.is_err() || !holds(&result.unwrap()), "{uri}");
    }
}

#[test]
fn a_signature_stands_alone() {
    let signing =
        signing().object(Object::xml(b"<o/>").unwrap().id("o")).reference(Reference::object("o"));
    let signature = signing.sign().unwrap();
    assert!(signature.starts_with(b"<Signature xmlns="));
    assert!(holds(&check(&signature, &mut Files::default())));

    let files = || Files::new(&[("a%20b.bin", &vec![0; 100_000])]);
    let detached = Signing::new(secret()).reference(Reference::uri("a%20b.bin"));
    let signature = detached.sign_with(&mut files()).unwrap();
    assert!(holds(&check(&signature, &mut files())));
}

#[test]
fn documents_in_other_encodings_stay_in_them() {
    let text = "<d>\u{e9}</d>";
    let latin1: Vec<u8> = [
        b"<?xml version='1.0' encoding='ISO-8859-1'?>".to_vec(),
        text.chars().map(|c| u8::try_from(c).unwrap()).collect(),
    ]
    .concat();
    let utf16: Vec<u8> =
        format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_be_bytes).collect();
    let of = || {
        signing()
            .object(Object::text("\u{20ac}").id("o"))
            .reference(Reference::object("o"))
            .reference(Reference::document().enveloped())
            .key_name("\u{20ac}")
    };
    for document in [latin1.clone(), utf16] {
        let mut out = Vec::new();
        of().sign_enveloped(Cursor::new(&document), &mut out).unwrap();
        assert!(holds(&check(&out, &mut Files::default())));
        assert_eq!(out[..10], document[..10]);
    }
    let signing = of().object(Object::xml("<\u{20ac}/>".as_bytes()).unwrap());
    let error = signing.sign_enveloped(Cursor::new(&latin1), io::sink()).unwrap_err();
    assert!(error.to_string().contains("write the document in UTF-8"), "{error}");
}

#[test]
fn signing_again_leaves_the_first_signature_good() {
    let first = signing().id("one").reference(Reference::element("x"));
    let once = into_document(&first, "<d><x Id='x'/></d>").unwrap();
    let second = signing()
        .id("two")
        .place(Place::FirstIn(Element::Root))
        .reference(Reference::document().enveloped());
    let twice = into_document(&second, &once).unwrap();
    for id in ["one", "two"] {
        let settings = Settings {
            signature: ravelin_xmldsig::verify::Choice::Id(id.to_owned()),
            ..Settings::default()
        };
        let keys = KeySource::Given(vec![secret().verification_key().unwrap()]);
        let report = verify(Cursor::new(&twice), &settings, &keys, &mut Files::default()).unwrap();
        assert!(holds(&report), "{id}");
    }
}

#[test]
fn what_cannot_be_signed_says_what_to_do() {
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    let (other, third) = (rcgen::KeyPair::generate().unwrap(), rcgen::KeyPair::generate().unwrap());
    let enveloped = || Reference::document().enveloped();
    let ed25519 = || Signing::new(key_of(&pair)).reference(enveloped());
    let weak = SignatureAlgorithm::Hmac(
        HmacParameters::new(DigestAlgorithm::Sha256).unwrap().with_output_bits(64).unwrap(),
    );
    let many = Manifest::new("m").reference(Reference::uri("file"));
    for (signing, expected) in [
        (signing(), "nothing to sign"),
        (signing().reference(Reference::document()), "make it enveloped"),
        (signing().reference(Reference::element("x")), "make it enveloped"),
        (
            signing().reference(Reference::element("nobody")),
            "`#nobody`: no element has the identifier",
        ),
        (signing().reference(Reference::element("twice")), "two elements have the identifier"),
        (signing().reference(Reference::uri("file")), "`file`: nothing is given for `file`"),
        (signing().manifest(many), "`file`: nothing is given for `file`"),
        (signing().manifest(Manifest::new("m")), "is empty"),
        (
            signing().manifest(Manifest::new("m").reference(Reference::element("m"))),
            "covers the signature itself",
        ),
        (signing().reference(enveloped()).id("1"), "`1` is no identifier"),
        (signing().reference(enveloped().id("a:b")), "`a:b` is no identifier"),
        (signing().reference(Reference::element("a b")), "`a b` is no identifier"),
        (signing().reference(Reference::uri("a\nb")), "control characters"),
        (signing().reference(enveloped()).prefix("xmlns"), "no prefix"),
        (signing().reference(enveloped()).object(Object::text("\0")), "give it as base64"),
        (signing().reference(enveloped().digest(DigestAlgorithm::Sha1)), "SHA-1 is not allowed"),
        (signing().reference(enveloped()).algorithm(weak), "HMAC of 64 bits is not allowed"),
        (
            signing().reference(enveloped()).algorithm(SignatureAlgorithm::Ed25519),
            "makes no signatures",
        ),
        (signing().reference(enveloped()).key_value(), "not to be shown"),
        (ed25519().key_value(), "there is no KeyValue for Ed25519"),
        (ed25519().certificates([]), "there is no certificate"),
        (ed25519().certificates([vec![1, 2, 3]]), "certificate 1 cannot be read"),
        (ed25519().certificates([certificate(&other)]), "not one of the key"),
        (
            ed25519().certificates([&other, &third, &pair].map(certificate)),
            "certificate 3 is the signer's, but certificate 1 must be: put it first",
        ),
        (
            signing().reference(enveloped()).place(Place::After(Element::id("nobody"))),
            "has no place",
        ),
    ] {
        let document = "<d Id='x'><e Id='twice'/><e id='twice'/></d>";
        let mut out = Vec::new();
        let error = signing.sign_enveloped(Cursor::new(document), &mut out).unwrap_err();
        assert!(error.to_string().contains(expected), "{error} | {expected}");
        assert!(out.is_empty());
    }
}

#[test]
fn the_certificate_can_be_signed_too() {
    let pair = rcgen::KeyPair::generate().unwrap();
    let (first, second) = (certificate(&pair), {
        let mut params = rcgen::CertificateParams::default();
        params.serial_number = Some(7.into());
        params.self_signed(&pair).unwrap().der().to_vec()
    });
    let signing = Signing::new(key_of(&pair))
        .certificates([first.clone()])
        .key_info_id("k")
        .reference(Reference::element("k"))
        .reference(Reference::document().enveloped());
    let signed = into_document(&signing, "<a/>").unwrap();
    let embedded = |document: &str| {
        let (settings, files) = (Settings::default(), &mut Files::default());
        holds(&verify(Cursor::new(document), &settings, &KeySource::Embedded, files).unwrap())
    };
    assert!(embedded(&signed));
    let [first, second] = [first, second].map(|der| ravelin_xmldsig::base64::encode(&der));
    let other = signed.replace(&first, &second);
    assert_ne!(other, signed);
    assert!(!embedded(&other));
}

#[test]
fn a_profile_is_kept_to() {
    let pair = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048)
        .unwrap();
    let of = || {
        Signing::new(key_of(&pair))
            .settings(Settings { profile: Profile::Air, ..Settings::default() })
            .certificates([certificate(&pair)])
            .reference(Reference::document().enveloped())
    };
    into_document(&of(), "<a/>").unwrap();
    let outside = of().canonicalization(Method::exclusive());
    let error = into_document(&outside, "<a/>").unwrap_err();
    assert!(error.to_string().contains("air"), "{error}");
}

/// A document of which each reading is another.
struct Restless(Cursor<Vec<u8>>, u8);

impl Read for Restless {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into)
    }
}

impl Seek for Restless {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        if to == SeekFrom::Start(0) {
            self.1 += 1;
            self.0.get_mut()[4] = b'0' + self.1;
        }
        self.0.seek(to)
    }
}

#[test]
fn what_changes_while_it_is_signed_is_not_written() {
    let document = Restless(Cursor::new(b"<d>xy</d>".to_vec()), 0);
    let mut out = Vec::new();
    let signing = signing().reference(Reference::document().enveloped());
    let error = signing.sign_enveloped(document, &mut out).unwrap_err();
    assert!(matches!(error, SignError::NotValid(_)), "{error}");
    assert!(out.is_empty());
}
