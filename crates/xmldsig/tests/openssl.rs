//! Digests, signatures and keys, with `openssl` as the one who must agree.

use ravelin_test::has_program;
#[cfg(feature = "dsa")]
use ravelin_trust::signature::DsaKey;
use ravelin_xmldsig::algorithm::{
    Allowed, Curve, DigestAlgorithm, HmacParameters, KeyError, KeyNumbers, PssParameters,
    SignatureAlgorithm, SignatureError, SigningError, SigningKey, Switch, VerificationKey,
};
use std::{
    path::PathBuf,
    process::{Command, Output, Stdio},
};

const MESSAGE: &[u8] = b"<SignedInfo xmlns=\"http://www.w3.org/2000/09/xmldsig#\"></SignedInfo>";

/// Whatever can be allowed.
fn everything() -> Allowed {
    Allowed::default()
        .with(Switch::LegacySha1)
        .with(Switch::DsaBits(512))
        .with(Switch::RsaBits(512))
        .with(Switch::HmacTruncation(40))
}

/// openssl's name of a hash.
fn name(hash: DigestAlgorithm) -> String {
    let name = hash.to_string().to_lowercase();
    if name.starts_with("sha3") { name } else { name.replace('-', "") }
}

/// A folder with a message in it.
struct Folder(tempfile::TempDir);

impl Folder {
    /// None without an openssl.
    fn new() -> Option<Folder> {
        if !has_program("openssl", &["version"]) {
            return None;
        }
        let folder = Folder(tempfile::tempdir().unwrap());
        folder.write("message", MESSAGE);
        Some(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, octets: &[u8]) {
        std::fs::write(self.path(name), octets).unwrap();
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    /// What openssl writes when it succeeds; words are separated by blanks.
    fn openssl(&self, words: &str) -> Vec<u8> {
        let output = self.try_openssl(words);
        let err = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "openssl {words}: {err}");
        output.stdout
    }

    fn try_openssl(&self, words: &str) -> Output {
        Command::new("openssl")
            .args(words.split_whitespace())
            .current_dir(self.0.path())
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// `NAME.pem` and `NAME.pub` with a new key, and the latter read.
    fn key(&self, name: &str, options: &str) -> VerificationKey {
        self.openssl(&format!("genpkey {options} -out {name}.pem"));
        self.openssl(&format!("pkey -in {name}.pem -pubout -out {name}.pub"));
        VerificationKey::from_pem(&self.read(&format!("{name}.pub"))).unwrap()
    }

    fn rsa(&self, bits: usize) -> VerificationKey {
        let name = format!("rsa{bits}");
        self.key(&name, &format!("-algorithm RSA -pkeyopt rsa_keygen_bits:{bits}"))
    }

    fn ec(&self, curve: Curve) -> VerificationKey {
        let name = curve_name(curve);
        self.key(name, &format!("-algorithm EC -pkeyopt ec_paramgen_curve:{name}"))
    }

    fn sign(&self, key: &str, hash: DigestAlgorithm, options: &str) -> Vec<u8> {
        self.openssl(&format!("dgst -{} -sign {key}.pem {options} message", name(hash)))
    }

    /// Whether openssl takes this signature over the message.
    fn verifies(&self, key: &str, hash: DigestAlgorithm, options: &str, signature: &[u8]) -> bool {
        self.write("signature", signature);
        let words = format!(
            "dgst -{} -verify {key}.pub -signature signature {options} message",
            name(hash)
        );
        self.try_openssl(&words).status.success()
    }
}

fn curve_name(curve: Curve) -> &'static str {
    match curve {
        Curve::P256 => "prime256v1",
        Curve::P384 => "secp384r1",
        Curve::P521 => "secp521r1",
        Curve::Secp256k1 => "secp256k1",
    }
}

/// The signature holds; it does not with any of some bits flipped, nor over another message, nor cut or longer.
fn holds_and_nothing_like_it(
    algorithm: SignatureAlgorithm,
    key: &VerificationKey,
    signature: &[u8],
) {
    let verify =
        |message: &[u8], signature: &[u8]| algorithm.verify(key, message, signature, &everything());
    assert_eq!(verify(MESSAGE, signature), Ok(()), "{algorithm} by {key}");
    let bad = Err(SignatureError::Bad);
    for place in [0, 1, signature.len() / 2, signature.len() - 1] {
        let mut flipped = signature.to_vec();
        flipped[place] ^= 1 << (place % 8);
        assert_eq!(verify(MESSAGE, &flipped), bad, "{algorithm} by {key}, octet {place}");
    }
    assert_eq!(verify(b"<SignedInfo/>", signature), bad, "{algorithm} by {key}");
    assert_eq!(verify(MESSAGE, &signature[1..]), bad, "{algorithm} by {key}");
    assert_eq!(verify(MESSAGE, &[signature, &[0]].concat()), bad, "{algorithm} by {key}");
    assert_eq!(verify(MESSAGE, &[&[0], signature].concat()), bad, "{algorithm} by {key}");
    assert_eq!(verify(MESSAGE, &[]), bad, "{algorithm} by {key}");
    let zeros = vec![0; signature.len()];
    assert_eq!(verify(MESSAGE, &zeros), bad, "{algorithm} by {key}");
}

/// r and s, each in `width` octets, of a DER signature.
fn raw(der: &[u8], width: usize) -> Vec<u8> {
    let mut numbers = ravelin_trust::der::Reader::new(der).sequence().unwrap();
    let mut raw = Vec::new();
    for _ in 0..2 {
        let number = numbers.integer().unwrap().unsigned();
        raw.resize(raw.len() + width - number.len(), 0);
        raw.extend(number);
    }
    raw
}

/// The other way round.
fn der(raw: &[u8]) -> Vec<u8> {
    use ravelin_test::der;
    let (r, s) = raw.split_at(raw.len() / 2);
    der::sequence([r, s].map(|number| {
        let zeros = number.iter().take_while(|octet| **octet == 0).count();
        let sign = number[zeros] >= 0x80;
        let number = [&vec![0; usize::from(sign)], &number[zeros..]].concat();
        der::value(2, &number)
    }))
}

#[test]
fn digests_are_openssls() {
    let Some(folder) = Folder::new() else { return };
    for hash in DigestAlgorithm::ALL {
        let expected = folder.openssl(&format!("dgst -{} -binary message", name(hash)));
        assert_eq!(hash.digest(MESSAGE).as_ref(), expected, "{hash}");
    }
}

#[test]
fn rsa_signatures_by_openssl_are_verified() {
    let Some(folder) = Folder::new() else { return };
    for bits in [1024, 1025, 2048] {
        let key = folder.rsa(bits);
        for hash in DigestAlgorithm::ALL {
            let signature = folder.sign(&format!("rsa{bits}"), hash, "");
            holds_and_nothing_like_it(SignatureAlgorithm::RsaPkcs1(hash), &key, &signature);
        }
    }
}

#[test]
fn a_key_of_512_bits_is_taken_unless_longer_ones_are_asked_for() {
    let Some(folder) = Folder::new() else { return };
    let key = folder.rsa(512);
    let signature = folder.sign("rsa512", DigestAlgorithm::Sha256, "");
    let algorithm = SignatureAlgorithm::RsaPkcs1(DigestAlgorithm::Sha256);
    holds_and_nothing_like_it(algorithm, &key, &signature);
    algorithm.verify(&key, MESSAGE, &signature, &Allowed::default()).unwrap();
    let allowed = Allowed::default().with(Switch::RsaBits(2048));
    let refusal = algorithm.verify(&key, MESSAGE, &signature, &allowed).unwrap_err();
    assert_eq!(refusal.to_string(), "an RSA key of 512 bits is not allowed; `rsa-512` allows it");
}

#[test]
fn pss_signatures_by_openssl_are_verified_with_any_mask_and_salt() {
    let Some(folder) = Folder::new() else { return };
    for bits in [1024, 1025, 2048] {
        let key = folder.rsa(bits);
        for hash in DigestAlgorithm::ALL {
            for (mask, salt) in [
                (hash, hash.length()),
                (hash, 0),
                (hash, 20),
                (DigestAlgorithm::Sha1, hash.length()),
                (DigestAlgorithm::Sha3_224, 30),
            ] {
                if (hash.length() + salt + 2) * 8 > bits - 1 {
                    continue;
                }
                let options = format!(
                    "-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:{salt} -sigopt rsa_mgf1_md:{}",
                    name(mask)
                );
                let signature = folder.sign(&format!("rsa{bits}"), hash, &options);
                let pss = PssParameters::new(Some(hash), Some(mask), Some(salt), Some(1)).unwrap();
                holds_and_nothing_like_it(SignatureAlgorithm::RsaPss(pss), &key, &signature);
            }
        }
    }
}

#[test]
fn ecdsa_signatures_by_openssl_are_verified_with_any_hash() {
    let Some(folder) = Folder::new() else { return };
    for curve in Curve::ALL {
        let key = folder.ec(curve);
        for hash in DigestAlgorithm::ALL {
            let signature = folder.sign(curve_name(curve), hash, "");
            let raw = raw(&signature, curve.width());
            holds_and_nothing_like_it(SignatureAlgorithm::Ecdsa(hash), &key, &raw);
            let result =
                SignatureAlgorithm::Ecdsa(hash).verify(&key, MESSAGE, &signature, &everything());
            assert_eq!(result, Err(SignatureError::Bad), "DER is not what XML signatures hold");
        }
    }
}

#[test]
fn ed25519_signatures_by_openssl_are_verified() {
    let Some(folder) = Folder::new() else { return };
    let key = folder.key("ed25519", "-algorithm ED25519");
    let signature = folder.openssl("pkeyutl -sign -rawin -inkey ed25519.pem -in message");
    holds_and_nothing_like_it(SignatureAlgorithm::Ed25519, &key, &signature);
    let signing = SigningKey::from_pem(&folder.read("ed25519.pem")).unwrap();
    assert_eq!(signing.sign(SignatureAlgorithm::Ed25519, MESSAGE).unwrap(), signature);
}

#[test]
fn hmacs_are_openssls_whole_and_cut() {
    let Some(folder) = Folder::new() else { return };
    let key = VerificationKey::from_secret(b"secret").unwrap();
    let signing = SigningKey::from_secret(b"secret").unwrap();
    for hash in DigestAlgorithm::ALL {
        let Ok(hmac) = HmacParameters::new(hash) else { continue };
        let algorithm = SignatureAlgorithm::Hmac(hmac);
        let words = format!("dgst -{} -mac HMAC -macopt key:secret -binary message", name(hash));
        let whole = folder.openssl(&words);
        holds_and_nothing_like_it(algorithm, &key, &whole);
        let cut = algorithm.with_output_bits(80).unwrap();
        holds_and_nothing_like_it(cut, &key, &whole[..10]);
        match signing.sign(algorithm, MESSAGE) {
            Ok(signature) => assert_eq!(signature, whole),
            Err(error) => {
                assert_eq!(hash, DigestAlgorithm::Sha1);
                assert_eq!(error.to_string(), "signatures of HMAC with SHA-1 are not made");
            }
        }
    }
}

#[test]
fn dsa_signatures_by_openssl_are_verified_where_it_was_asked_for() {
    let Some(folder) = Folder::new() else { return };
    for (p, q) in [(1024, 160), (2048, 224), (2048, 256)] {
        folder.openssl(&format!(
            "genpkey -genparam -algorithm DSA -pkeyopt dsa_paramgen_bits:{p} -pkeyopt dsa_paramgen_q_bits:{q} -out dsa.par"
        ));
        let key = folder.key("dsa", "-paramfile dsa.par");
        for hash in [DigestAlgorithm::Sha1, DigestAlgorithm::Sha256] {
            let algorithm = SignatureAlgorithm::Dsa(hash);
            let signature = raw(&folder.sign("dsa", hash, ""), q / 8);
            if cfg!(feature = "dsa") {
                holds_and_nothing_like_it(algorithm, &key, &signature);
            } else {
                let error = algorithm.verify(&key, MESSAGE, &signature, &everything());
                assert!(error.unwrap_err().to_string().contains("feature `dsa`"));
            }
            let refusal = algorithm.verify(&key, MESSAGE, &signature, &Allowed::default());
            assert!(matches!(refusal, Err(SignatureError::NotAllowed(_))), "{refusal:?}");
        }
    }
}

/// openssl makes none so short any more.
#[test]
#[cfg(feature = "dsa")]
fn a_dsa_key_of_512_bits_is_taken_unless_longer_ones_are_asked_for() {
    let octets = |digits: &str| {
        let digits: String = digits.split_whitespace().collect();
        let pair = |start| u8::from_str_radix(&digits[start..start + 2], 16).unwrap();
        (0..digits.len()).step_by(2).map(pair).collect::<Vec<u8>>()
    };
    let p = octets(
        "89264109d9af11f7b7d7fe2b293a2b0e9067c6743b37a3b6b8d076743f89c247 \
         ad6c1f88c9c76a2b394ad12e2b24af0722fa752a5df8991b0679460848486add",
    );
    let q = octets("8a25fe3064516e682bd0ef5a2238cc47237c3f57");
    let g = octets(
        "6e9aafb01afa36e9ee57607e41ff54d1227998387f91244541f7092e768120cf \
         9733f59eae32a4c28d1dce0b3852806a90ec1e3ffb2b682248ca825f1c29871f",
    );
    let y = octets(
        "629be942650cb47abe4539e53719f0cef00ce6b0ee7e7610fa62286747beadd9 \
         72b50a541e247145b26c0e7ba6be7c56572bd38d7e53c7bf418959922839bc4a",
    );
    let signature = octets(
        "4009c8fb1a2e5d22fa603b0a5a451bcbbf68333a5f999c2060b247223c6cba17 \
         d98c94ce655ff8c9",
    );
    let numbers = DsaKey { p: &p, q: &q, g: &g, y: &y };
    let key = VerificationKey::from_dsa(numbers).unwrap();
    let algorithm = SignatureAlgorithm::Dsa(DigestAlgorithm::Sha1);
    holds_and_nothing_like_it(algorithm, &key, &signature);
    let allowed = Allowed::default().with(Switch::Dsa).with(Switch::LegacySha1);
    algorithm.verify(&key, MESSAGE, &signature, &allowed).unwrap();
    let allowed = allowed.with(Switch::DsaBits(1024));
    let refusal = algorithm.verify(&key, MESSAGE, &signature, &allowed).unwrap_err();
    assert_eq!(refusal.to_string(), "a DSA key of 512 bits is not allowed; `dsa-512` allows it");
}

/// Numbers that make no group: nothing holds, and nothing panics or takes long.
#[test]
#[cfg(feature = "dsa")]
fn hostile_dsa_keys_verify_nothing() {
    let odd = |octets: usize| {
        let mut number = vec![0xff; octets];
        number[octets - 1] = 0xfd;
        number
    };
    let even = |octets: usize| vec![0xfe; octets];
    for p in [odd(128), even(128), odd(384)] {
        for q in [odd(20), even(20), odd(28), odd(32), odd(22)] {
            for g in [vec![2], p.clone(), odd(64), even(p.len())] {
                for y in [vec![3], p.clone(), even(p.len()), odd(p.len())] {
                    let key = DsaKey { p: &p, q: &q, g: &g, y: &y };
                    let key = VerificationKey::from_dsa(key).unwrap();
                    let algorithm = SignatureAlgorithm::Dsa(DigestAlgorithm::Sha256);
                    for signature in
                        [vec![0; 2 * q.len()], vec![1; 2 * q.len()], [&q[..], &q].concat()]
                    {
                        let result = algorithm.verify(&key, MESSAGE, &signature, &everything());
                        assert!(result.is_err());
                    }
                }
            }
        }
    }
}

#[test]
fn openssl_verifies_what_is_signed_with_rsa() {
    let Some(folder) = Folder::new() else { return };
    let key = folder.rsa(2048);
    let signing = SigningKey::from_pem(&folder.read("rsa2048.pem")).unwrap();
    let pss_options = "-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest";
    for hash in DigestAlgorithm::ALL {
        let pkcs1 = SignatureAlgorithm::RsaPkcs1(hash);
        let pss = SignatureAlgorithm::RsaPss(PssParameters::fixed(hash));
        if !matches!(
            hash,
            DigestAlgorithm::Sha256 | DigestAlgorithm::Sha384 | DigestAlgorithm::Sha512
        ) {
            for algorithm in [pkcs1, pss] {
                let error = signing.sign(algorithm, MESSAGE).unwrap_err();
                assert_eq!(error, SigningError::Unsupported(algorithm.to_string()));
            }
            continue;
        }
        let signature = signing.sign(pkcs1, MESSAGE).unwrap();
        assert_eq!(signature, folder.sign("rsa2048", hash, ""), "the same every time");
        holds_and_nothing_like_it(pkcs1, &key, &signature);
        let signature = signing.sign(pss, MESSAGE).unwrap();
        assert_ne!(signature, signing.sign(pss, MESSAGE).unwrap());
        assert!(folder.verifies("rsa2048", hash, pss_options, &signature));
        holds_and_nothing_like_it(pss, &key, &signature);
    }
}

#[test]
fn openssl_verifies_what_is_signed_with_ecdsa() {
    let Some(folder) = Folder::new() else { return };
    for curve in Curve::ALL {
        let (name, key) = (curve_name(curve), folder.ec(curve));
        let signing = SigningKey::from_pem(&folder.read(&format!("{name}.pem"))).unwrap();
        for hash in DigestAlgorithm::ALL {
            let algorithm = SignatureAlgorithm::Ecdsa(hash);
            if hash.is_weak() {
                assert!(signing.sign(algorithm, MESSAGE).is_err());
                continue;
            }
            let signature = signing.sign(algorithm, MESSAGE).unwrap();
            assert_eq!(signature.len(), 2 * curve.width());
            assert!(folder.verifies(name, hash, "", &der(&signature)), "{algorithm} by {key}");
            holds_and_nothing_like_it(algorithm, &key, &signature);
        }
    }
}

#[test]
fn private_keys_come_in_every_form_that_openssl_writes() {
    let Some(folder) = Folder::new() else { return };
    let rsa = folder.rsa(2048);
    folder.openssl("rsa -in rsa2048.pem -traditional -out pkcs1.pem");
    folder.openssl("rsa -in rsa2048.pem -traditional -outform DER -out pkcs1.der");
    folder.openssl("pkcs8 -topk8 -nocrypt -in rsa2048.pem -outform DER -out pkcs8.der");
    for curve in Curve::ALL {
        let (name, public) = (curve_name(curve), folder.ec(curve));
        folder.openssl(&format!("ec -in {name}.pem -out sec1.pem"));
        folder.openssl(&format!("ec -in {name}.pem -outform DER -out sec1.der"));
        for key in [
            SigningKey::from_pem(&folder.read("sec1.pem")).unwrap(),
            SigningKey::from_der(&folder.read("sec1.der")).unwrap(),
        ] {
            assert_eq!(key.verification_key().unwrap().numbers(), public.numbers());
            assert_eq!(key.to_string(), format!("ECDSA {curve}"));
        }
    }
    for key in [
        SigningKey::from_pem(&folder.read("pkcs1.pem")).unwrap(),
        SigningKey::from_der(&folder.read("pkcs1.der")).unwrap(),
        SigningKey::from_der(&folder.read("pkcs8.der")).unwrap(),
    ] {
        assert_eq!(key.verification_key().unwrap().numbers(), rsa.numbers());
        let algorithm = key.default_algorithm();
        let signature = key.sign(algorithm, MESSAGE).unwrap();
        algorithm.verify(&rsa, MESSAGE, &signature, &Allowed::default()).unwrap();
        let error = key.sign(SignatureAlgorithm::Ed25519, MESSAGE).unwrap_err();
        assert_eq!(error.to_string(), "a key of RSA makes no signatures of Ed25519");
    }
    folder.openssl("pkcs8 -topk8 -in rsa2048.pem -passout pass:x -out encrypted.pem");
    let error = SigningKey::from_pem(&folder.read("encrypted.pem")).unwrap_err();
    assert!(error.to_string().contains("decrypt it first"), "{error}");
    folder.openssl("genpkey -algorithm ED448 -out ed448.pem");
    let error = SigningKey::from_pem(&folder.read("ed448.pem")).unwrap_err();
    assert!(matches!(error, KeyError::Unsupported(_)), "{error}");
}

#[test]
fn public_keys_come_in_every_form_that_openssl_writes() {
    let Some(folder) = Folder::new() else { return };
    for curve in Curve::ALL {
        let (name, key) = (curve_name(curve), folder.ec(curve));
        let signature = raw(&folder.sign(name, DigestAlgorithm::Sha256, ""), curve.width());
        let algorithm = SignatureAlgorithm::Ecdsa(DigestAlgorithm::Sha256);
        for options in ["-ec_param_enc explicit", "-ec_conv_form compressed", "-outform DER"] {
            folder.openssl(&format!("pkey -in {name}.pem -pubout {options} -out other"));
            let other = folder.read("other");
            let other = if options == "-outform DER" {
                VerificationKey::from_spki_der(&other).unwrap()
            } else {
                VerificationKey::from_pem(&other).unwrap()
            };
            assert_eq!(other.to_string(), key.to_string());
            algorithm.verify(&other, MESSAGE, &signature, &Allowed::default()).unwrap();
        }
        let KeyNumbers::Ec { point, .. } = key.numbers() else { panic!("{key:?}") };
        let (x, y) = point[1..].split_at(curve.width());
        let from_coordinates = VerificationKey::from_ec_coordinates(curve, x, y).unwrap();
        assert_eq!(from_coordinates.numbers(), key.numbers());
        let beside = VerificationKey::from_ec_coordinates(curve, y, x).unwrap();
        let result = algorithm.verify(&beside, MESSAGE, &signature, &Allowed::default());
        assert!(matches!(result, Err(SignatureError::Key(_))), "{result:?}");
    }
    let rsa = folder.rsa(2048);
    folder.openssl("req -x509 -key rsa2048.pem -subj /CN=x -out certificate.pem");
    let certified = VerificationKey::from_pem(&folder.read("certificate.pem")).unwrap();
    assert_eq!(certified.numbers(), rsa.numbers());
    let KeyNumbers::Rsa { modulus, exponent } = rsa.numbers() else { panic!("{rsa:?}") };
    let padded = [&[0, 0], modulus].concat();
    assert_eq!(VerificationKey::from_rsa(&padded, exponent).unwrap().numbers(), rsa.numbers());
    for (name, shown) in [("ED448", "Ed448"), ("X25519", "X25519")] {
        folder.openssl(&format!("genpkey -algorithm {name} -out other.pem"));
        let public = folder.openssl("pkey -in other.pem -pubout");
        let error = VerificationKey::from_pem(&public).unwrap_err();
        assert_eq!(error, KeyError::Unsupported(shown.to_owned()));
    }
    assert!(VerificationKey::from_pem(b"nothing").is_err());
    assert!(VerificationKey::from_spki_der(&[0x30, 0x80]).is_err());
}

#[test]
fn a_key_for_pss_alone_signs_nothing_else() {
    let Some(folder) = Folder::new() else { return };
    let pss = |hash| SignatureAlgorithm::RsaPss(PssParameters::fixed(hash));
    let pkcs1 = SignatureAlgorithm::RsaPkcs1(DigestAlgorithm::Sha256);
    let key = folder.key("any", "-algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048");
    assert_eq!(key.to_string(), "RSA-PSS-2048");
    let signature = folder.sign("any", DigestAlgorithm::Sha256, "-sigopt rsa_pss_saltlen:32");
    holds_and_nothing_like_it(pss(DigestAlgorithm::Sha256), &key, &signature);
    let result = pkcs1.verify(&key, MESSAGE, &signature, &everything());
    assert!(matches!(result, Err(SignatureError::WrongKey { .. })), "{result:?}");
    let key = folder.key(
        "one",
        "-algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_pss_keygen_md:sha384 \
         -pkeyopt rsa_pss_keygen_mgf1_md:sha384 -pkeyopt rsa_pss_keygen_saltlen:48",
    );
    let signature = folder.sign("one", DigestAlgorithm::Sha384, "-sigopt rsa_pss_saltlen:48");
    holds_and_nothing_like_it(pss(DigestAlgorithm::Sha384), &key, &signature);
    let result = pss(DigestAlgorithm::Sha256).verify(&key, MESSAGE, &signature, &everything());
    assert!(matches!(result, Err(SignatureError::WrongKey { .. })), "{result:?}");
}
