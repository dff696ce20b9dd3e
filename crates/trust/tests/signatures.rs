//! Signatures: every scheme with every kind of key, and what only looks like one.

mod common;

use common::{anchors, errors, judge, openssl};
use proptest::prelude::*;
use ravelin_test::{
    has_program,
    pki::{
        Digest, Entity, KeyKind, Signing, SigningKey, Template,
        encode::{integer, oid, sequence, tagged},
        info, pss, rsa_info, to_pem,
    },
};
use ravelin_trust::{
    Certificate, Profile, Status,
    certificate::{KeyAlgorithm, PublicKey},
    der::Reader,
    signature::{AlgorithmIdentifier, Hash, MlDsa, Scheme, SignatureError, verify},
};
use std::{fs, sync::OnceLock};

const KINDS: [KeyKind; 9] = [
    KeyKind::P256,
    KeyKind::P384,
    KeyKind::P521,
    KeyKind::Rsa2048,
    KeyKind::Rsa3072,
    KeyKind::Ed25519,
    KeyKind::MlDsa44,
    KeyKind::MlDsa65,
    KeyKind::MlDsa87,
];

const SCHEMES: [Signing; 13] = [
    Signing::RsaPkcs1(Digest::Sha256),
    Signing::RsaPkcs1(Digest::Sha384),
    Signing::RsaPkcs1(Digest::Sha512),
    Signing::RsaPss(Digest::Sha256),
    Signing::RsaPss(Digest::Sha384),
    Signing::RsaPss(Digest::Sha512),
    Signing::Ecdsa(Digest::Sha256),
    Signing::Ecdsa(Digest::Sha384),
    Signing::Ecdsa(Digest::Sha512),
    Signing::Ed25519,
    Signing::MlDsa44,
    Signing::MlDsa65,
    Signing::MlDsa87,
];

const MESSAGE: &[u8] = b"what is signed";

/// One key of each kind, in the order of `KINDS`.
fn keys() -> &'static [SigningKey] {
    static KEYS: OnceLock<Vec<SigningKey>> = OnceLock::new();
    KEYS.get_or_init(|| KINDS.into_iter().map(SigningKey::generate).collect())
}

fn check(algorithm: &[u8], info: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
    let algorithm = AlgorithmIdentifier::read(&mut Reader::new(algorithm))?;
    verify(algorithm.scheme(), &PublicKey::read(Reader::new(info))?, MESSAGE, signature)
}

/// A signature by the library, or by the program openssl where the library leaves a combination out.
fn sign(key: &SigningKey, signing: Signing) -> Option<Vec<u8>> {
    key.sign(signing, MESSAGE).or_else(|| {
        let Signing::Ecdsa(digest) = signing else { return None };
        if !matches!(key.kind(), KeyKind::P256 | KeyKind::P384 | KeyKind::P521)
            || !has_program("openssl", &["version"])
        {
            return None;
        }
        openssl_sign(&to_pem("PRIVATE KEY", key.pkcs8()), digest, &[])
    })
}

fn openssl_sign(key_pem: &str, digest: Digest, options: &[&str]) -> Option<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key.pem");
    fs::write(&file, key_pem).unwrap();
    let digest = match digest {
        Digest::Sha1 => "-sha1",
        Digest::Sha256 => "-sha256",
        Digest::Sha384 => "-sha384",
        Digest::Sha512 => "-sha512",
    };
    let mut arguments = vec!["dgst", digest, "-sign", file.to_str().unwrap()];
    arguments.extend(options);
    openssl(&arguments, MESSAGE)
}

#[test]
fn every_scheme_verifies_with_its_keys_and_no_others() {
    let mut good = 0;
    for signer in keys() {
        for signing in SCHEMES {
            let Some(signature) = sign(signer, signing) else { continue };
            for key in keys() {
                let result = check(&signing.algorithm(), key.info(), &signature);
                if std::ptr::eq(key, signer) {
                    assert_eq!(result, Ok(()), "{:?} {signing:?}", key.kind());
                    good += 1;
                } else {
                    let error = result.unwrap_err();
                    let fits = matches!(
                        (signing, key.kind()),
                        (
                            Signing::RsaPkcs1(_) | Signing::RsaPss(_),
                            KeyKind::Rsa2048 | KeyKind::Rsa3072
                        ) | (Signing::Ecdsa(_), KeyKind::P256 | KeyKind::P384 | KeyKind::P521)
                    );
                    match error {
                        SignatureError::Bad => assert!(fits, "{:?} {signing:?}", key.kind()),
                        SignatureError::WrongKey { .. } => assert!(!fits),
                        other => panic!("{:?} {signing:?}: {other}", key.kind()),
                    }
                }
            }
        }
    }
    // RSA: two keys, six schemes; ECDSA: three curves, three hashes; Ed25519 and ML-DSA one each.
    assert!(good == 12 + 9 + 1 + 3 || !has_program("openssl", &["version"]), "{good}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_flipped_bit_is_a_bad_signature(kind in 0..KINDS.len(), bit in any::<prop::sample::Index>(), in_message in any::<bool>()) {
        let key = &keys()[kind];
        let signing = key.signing();
        let mut signature = key.sign(signing, MESSAGE).unwrap();
        let mut message = MESSAGE.to_vec();
        let target = if in_message { &mut message } else { &mut signature };
        let bit = bit.index(target.len() * 8);
        target[bit / 8] ^= 1 << (bit % 8);
        let algorithm = signing.algorithm();
        let scheme = AlgorithmIdentifier::read(&mut Reader::new(&algorithm)).unwrap().scheme();
        let public = PublicKey::read(Reader::new(key.info())).unwrap();
        prop_assert_eq!(verify(scheme, &public, &message, &signature), Err(SignatureError::Bad));
    }

    #[test]
    fn any_bytes_as_a_key_or_signature_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..200), kind in 0..KINDS.len()) {
        let key = &keys()[kind];
        prop_assert!(check(&key.signing().algorithm(), key.info(), &bytes).is_err());
        let (algorithm, _) = split(key.info());
        let strange = info(&[algorithm], &bytes);
        prop_assert!(check(&key.signing().algorithm(), &strange, &bytes).is_err());
    }
}

/// The content of a key's algorithm, and the key.
fn split(info: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let mut parts = Reader::new(info).sequence().unwrap();
    let algorithm = parts.any().unwrap().content.to_vec();
    (algorithm, parts.bit_string().unwrap().bytes.to_vec())
}

#[test]
fn wrong_lengths_are_bad_signatures() {
    for key in keys() {
        let signing = key.signing();
        let signature = key.sign(signing, MESSAGE).unwrap();
        let longer = [&signature[..], &[0]].concat();
        for changed in [&signature[..signature.len() - 1], &signature[1..], &longer, &[]] {
            let result = check(&signing.algorithm(), key.info(), changed);
            assert_eq!(result, Err(SignatureError::Bad), "{:?}", key.kind());
        }
    }
}

#[test]
fn parameters_of_pss_must_go_together() {
    let key = &keys()[3];
    let signature = key.sign(Signing::RsaPss(Digest::Sha256), MESSAGE).unwrap();
    let by = |algorithm: &[u8]| check(algorithm, key.info(), &signature);
    let (sha256, sha384) = (Digest::Sha256, Digest::Sha384);
    assert_eq!(by(&pss(sha256, sha256, 32)), Ok(()));
    assert_eq!(by(&pss(sha384, sha384, 48)), Err(SignatureError::Bad));
    let mask = sequence([oid("1.2.840.113549.1.1.8"), sha256.algorithm()]);
    let with = |parts: &[Vec<u8>]| sequence([oid("1.2.840.113549.1.1.10"), sequence(parts)]);
    let (hash, mask, salt) =
        (tagged(0, &sha256.algorithm()), tagged(1, &mask), tagged(2, &integer(32)));
    // The trailer may be written out: there is only one.
    assert_eq!(
        by(&with(&[hash.clone(), mask.clone(), salt.clone(), tagged(3, &integer(1))])),
        Ok(())
    );
    // The hash may leave its parameters out.
    let bare = tagged(0, &sequence([oid("2.16.840.1.101.3.4.2.1")]));
    assert_eq!(by(&with(&[bare, mask.clone(), salt.clone()])), Ok(()));
    let unusual = [
        pss(sha256, sha384, 32),
        pss(sha256, sha256, 20),
        pss(sha256, sha256, 48),
        pss(Digest::Sha1, Digest::Sha1, 20),
        with(&[]),
        with(&[hash.clone(), mask.clone()]),
        with(&[hash.clone(), salt.clone()]),
        with(&[mask.clone(), salt.clone()]),
        with(&[hash.clone(), mask.clone(), salt.clone(), tagged(3, &integer(2))]),
        with(&[hash.clone(), mask.clone(), salt.clone(), tagged(4, &integer(1))]),
        with(&[salt, mask, hash]),
        sequence([oid("1.2.840.113549.1.1.10")]),
        sequence([oid("1.2.840.113549.1.1.10"), vec![5, 0]]),
    ];
    for algorithm in unusual {
        let result = by(&algorithm);
        assert!(matches!(result, Err(SignatureError::Unsupported(_))), "{result:?} {algorithm:x?}");
    }
}

#[test]
fn schemes_are_read_from_their_identifiers() {
    let scheme = |algorithm: Vec<u8>| {
        format!("{}", AlgorithmIdentifier::read(&mut Reader::new(&algorithm)).unwrap().scheme())
    };
    assert_eq!(scheme(Signing::RsaPss(Digest::Sha512).algorithm()), "RSA-PSS with SHA-512");
    assert_eq!(scheme(Signing::MlDsa87.algorithm()), MlDsa::Set87.to_string());
    // RSA is named with NULL or nothing (RFC 4055, section 5), Ed25519 with nothing (RFC 8410, section 3).
    assert_eq!(scheme(sequence([oid("1.2.840.113549.1.1.11")])), "RSA with SHA-256");
    assert_eq!(
        scheme(sequence([oid("1.3.101.112"), vec![5, 0]])),
        "an unknown signature algorithm (1.3.101.112)"
    );
    assert_eq!(
        scheme(sequence([oid("1.2.840.113549.1.1.11"), integer(1)])),
        "an unknown signature algorithm (1.2.840.113549.1.1.11)"
    );
    for (identifier, hash) in [
        ("1.2.840.113549.1.1.5", Hash::Sha1),
        ("1.3.14.3.2.29", Hash::Sha1),
        ("1.2.840.113549.1.1.4", Hash::Md5),
        ("1.2.840.113549.1.1.2", Hash::Md2),
    ] {
        assert!(hash.is_weak());
        assert_eq!(
            scheme(sequence([oid(identifier), vec![5, 0]])),
            Scheme::RsaPkcs1(hash).to_string()
        );
    }
}

#[test]
fn keys_that_are_none_are_told() {
    let key = &keys()[0];
    let signature = key.sign(key.signing(), MESSAGE).unwrap();
    let algorithm = key.signing().algorithm();
    let named = |curve: Vec<u8>, point: &[u8]| info(&[oid("1.2.840.10045.2.1"), curve], point);
    let (_, point) = split(key.info());
    let p256 = || oid("1.2.840.10045.3.1.7");
    // Off the curve, the point at infinity, of another length.
    let mut off = point.clone();
    *off.last_mut().unwrap() ^= 1;
    for wrong in [&off[..], &[0], &point[..64], &[]] {
        assert_eq!(check(&algorithm, &named(p256(), wrong), &signature), Err(SignatureError::Bad));
    }
    // Another curve's name for the same bytes; a curve that is not worked with; one written out.
    assert_eq!(
        check(&algorithm, &named(oid("1.3.132.0.34"), &point), &signature),
        Err(SignatureError::Bad)
    );
    for curve in [oid("1.3.132.0.10"), sequence([integer(1)])] {
        let result = check(&algorithm, &named(curve, &point), &signature);
        assert!(matches!(result, Err(SignatureError::Unsupported(_))), "{result:?}");
    }
    // RSA keys beyond what is worked with.
    let signature = vec![1; 64];
    let pkcs1 = Signing::RsaPkcs1(Digest::Sha256).algorithm();
    for bytes in [64, 127, 1025, 2048] {
        let result = check(&pkcs1, &rsa_info(&vec![0xff; bytes], 65_537), &signature);
        assert!(matches!(result, Err(SignatureError::Unsupported(_))), "{bytes}: {result:?}");
    }
    for exponent in [0, 1, 2, 65_536] {
        let result = check(&pkcs1, &rsa_info(&[0xff; 256], exponent), &[1; 256]);
        assert_eq!(result, Err(SignatureError::Bad), "{exponent}");
    }
}

/// RSA keys of 1024 bits sign in every scheme but are worked with only in those that the crypto library takes.
#[test]
fn small_keys_and_old_hashes_by_openssl() {
    if !has_program("openssl", &["version"]) {
        return;
    }
    let key = openssl(&["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"], &[])
        .unwrap();
    let key_pem = String::from_utf8(key).unwrap();
    let public = openssl(&["pkey", "-pubout", "-outform", "DER"], key_pem.as_bytes()).unwrap();
    for digest in [Digest::Sha1, Digest::Sha256, Digest::Sha512] {
        let signature = openssl_sign(&key_pem, digest, &[]).unwrap();
        let algorithm = Signing::RsaPkcs1(digest).algorithm();
        assert_eq!(check(&algorithm, &public, &signature), Ok(()), "{digest:?}");
    }
    // A good signature that cannot be verified is not called a bad one.
    let signature = openssl_sign(&key_pem, Digest::Sha384, &[]).unwrap();
    let result = check(&Signing::RsaPkcs1(Digest::Sha384).algorithm(), &public, &signature);
    assert!(matches!(result, Err(SignatureError::Unsupported(_))), "{result:?}");
    let options = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"];
    let signature = openssl_sign(&key_pem, Digest::Sha256, &options).unwrap();
    let result = check(&Signing::RsaPss(Digest::Sha256).algorithm(), &public, &signature);
    assert!(matches!(result, Err(SignatureError::Unsupported(_))), "{result:?}");
    // Elliptic curves with SHA-1.
    for key in &keys()[..3] {
        let signature =
            openssl_sign(&to_pem("PRIVATE KEY", key.pkcs8()), Digest::Sha1, &[]).unwrap();
        let result = check(&Signing::Ecdsa(Digest::Sha1).algorithm(), key.info(), &signature);
        match key.kind() {
            KeyKind::P384 => assert!(matches!(result, Err(SignatureError::Unsupported(_)))),
            _ => assert_eq!(result, Ok(()), "{:?}", key.kind()),
        }
    }
}

#[test]
fn dsa_is_verified_where_it_was_asked_for() {
    if !has_program("openssl", &["version"]) {
        return;
    }
    let options = ["-pkeyopt", "dsa_paramgen_bits:2048", "-pkeyopt", "dsa_paramgen_q_bits:256"];
    let parameters =
        openssl(&[&["genpkey", "-genparam", "-algorithm", "DSA"][..], &options].concat(), &[])
            .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("parameters.pem");
    fs::write(&file, parameters).unwrap();
    let key = openssl(&["genpkey", "-paramfile", file.to_str().unwrap()], &[]).unwrap();
    let key_pem = String::from_utf8(key).unwrap();
    let public = openssl(&["pkey", "-pubout", "-outform", "DER"], key_pem.as_bytes()).unwrap();
    let read = PublicKey::read(Reader::new(&public)).unwrap();
    assert!(matches!(read.algorithm, KeyAlgorithm::Dsa { .. }));
    let algorithm = sequence([oid("2.16.840.1.101.3.4.3.2")]);
    let mut signature = openssl_sign(&key_pem, Digest::Sha256, &[]).unwrap();
    let result = check(&algorithm, &public, &signature);
    if cfg!(feature = "dsa") {
        assert_eq!(result, Ok(()));
        *signature.last_mut().unwrap() ^= 1;
        assert_eq!(check(&algorithm, &public, &signature), Err(SignatureError::Bad));
        let wrong = check(&algorithm, keys()[0].info(), &signature);
        assert!(matches!(wrong, Err(SignatureError::WrongKey { .. })));
    } else {
        assert!(result.unwrap_err().to_string().contains("feature `dsa`"));
    }
}

#[test]
fn sha1_is_refused_because_it_is_sha1() {
    if !has_program("openssl", &["version"]) {
        return;
    }
    let root = Entity::of_kind("Root", KeyKind::Rsa2048);
    let pem = to_pem("PRIVATE KEY", root.key.pkcs8());
    let algorithm = Signing::RsaPkcs1(Digest::Sha1).algorithm();
    let sign = |tbs: &[u8]| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key.pem");
        fs::write(&file, &pem).unwrap();
        openssl(&["dgst", "-sha1", "-sign", file.to_str().unwrap()], tbs).unwrap()
    };
    let template = Template::server(&Entity::new("End"), "a.example");
    let end = template.signed_with(&root, &algorithm, sign);
    let trusted = anchors([Template::authority(&root).signed_by(&root)]);
    let by = |profile: Profile| judge(&end, &[], &trusted, |request| request.profile = profile);
    assert_eq!(errors(&by(Profile::INTEROP)), ["sha1-signature@0"]);
    assert!(errors(&by(Profile::WEBPKI)).contains(&"sha1-signature@0".to_owned()));
    for profile in [Profile::LEGACY, Profile::RFC5280] {
        let verdict = by(profile);
        assert_eq!(verdict.status(), Status::Trusted, "{:?}", errors(&verdict));
        assert!(verdict.findings().iter().any(|one| one.rule.name() == "sha1-signature"));
    }
    // A signature that does not hold is another fault, and told beside it.
    let mut broken = end.clone();
    *broken.last_mut().unwrap() ^= 1;
    let verdict = judge(&broken, &[], &trusted, |_| {});
    assert_eq!(errors(&verdict), ["sha1-signature@0", "bad-signature@0"]);
}

#[test]
fn algorithms_within_and_without_must_be_one() {
    let root = Entity::new("Root");
    let mut template = Template::server(&Entity::new("End"), "a.example");
    template.inner_algorithm = Some(Signing::Ecdsa(Digest::Sha384).algorithm());
    let end = template.signed_by(&root);
    let trusted = anchors([Template::authority(&root).signed_by(&root)]);
    let verdict = judge(&end, &[], &trusted, |_| {});
    assert_eq!(errors(&verdict), ["signature-algorithm-mismatch@0"]);
    assert!(Certificate::parse(&end[..]).is_ok_and(|one| !one.names_one_algorithm()));
}
