//! Keys in all their forms, from any bytes: read or refused; what is read is written and read again the same, and nobody's
//! signature holds under it. Base64 as the base64 crate has it, white space aside, in pieces as in one.
#![no_main]

use base64::{Engine, engine::general_purpose::STANDARD};
use libfuzzer_sys::fuzz_target;
use ravelin_fuzz::signed::{DSIG, Honest, settings};
use ravelin_trust::signature::DsaKey;
use ravelin_xmldsig::{
    algorithm::{
        Allowed, Curve, ExplicitCurve, KeyNumbers, SignatureAlgorithm, SigningKey, VerificationKey,
    },
    base64::{Decoder, decode, encode, encode_lines},
    verify::{KeySource, SignatureStatus, verify},
};
use std::io::Cursor;

const ALGORITHMS: [&str; 5] = [
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
    "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1",
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
    "http://www.w3.org/2009/xmldsig11#dsa-sha256",
    "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519",
];

fuzz_target!(|input: (u8, u8, &[u8])| {
    let (form, cut, bytes) = input;
    let (front, back) = bytes.split_at(usize::from(cut).min(bytes.len()));
    let curve = Curve::ALL[usize::from(cut) % Curve::ALL.len()];
    let key = match form % 10 {
        0 => VerificationKey::from_spki_der(bytes),
        1 => VerificationKey::from_pem(bytes),
        2 => VerificationKey::from_rsa(back, front),
        3 => {
            let part =
                |part: usize| &back[(back.len() / 4 * part).min(back.len())..][..back.len() / 4];
            VerificationKey::from_dsa(DsaKey { p: back, q: front, g: part(1), y: part(2) })
        }
        4 => VerificationKey::from_ec(curve, bytes),
        5 => VerificationKey::from_ec_coordinates(curve, front, back),
        6 => {
            let quarter = (back.len() / 4).max(1);
            let part = |part: usize| back.chunks(quarter).nth(part).unwrap_or_default();
            let [a, b, base, order] = [0, 1, 2, 3].map(part);
            let cofactor = (cut & 1 == 0).then_some(&b"\x01"[..]);
            let explicit = ExplicitCurve { prime: front, a, b, base, order, cofactor };
            explicit.named().and_then(|curve| VerificationKey::from_ec(curve, base))
        }
        7 => return signing(bytes),
        8 => return embedded(bytes, cut),
        _ => return texts(bytes, usize::from(cut)),
    };
    match key {
        Ok(key) => check(&key, back),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});

fn check(key: &VerificationKey, signature: &[u8]) {
    assert!(!key.to_string().is_empty());
    let again = match key.numbers() {
        KeyNumbers::Rsa { modulus, exponent } => VerificationKey::from_rsa(modulus, exponent),
        KeyNumbers::Dsa(numbers) => VerificationKey::from_dsa(numbers),
        KeyNumbers::Ec { curve, point } => VerificationKey::from_ec(curve, point),
        _ => Ok(key.clone()),
    };
    let again = again.expect("what was taken is taken again");
    assert_eq!(again.numbers(), key.numbers());
    assert_eq!(again.bits(), key.bits());
    for uri in ALGORITHMS {
        let algorithm = SignatureAlgorithm::from_uri(uri).expect("an algorithm");
        let checked = algorithm.check(key, &Allowed::default());
        for signature in [signature, &vec![0; key.bits().div_ceil(8)], &[1; 64]] {
            let verified = algorithm.verify(key, b"<SignedInfo/>", signature, &Allowed::default());
            assert!(verified.is_err(), "{key} by {algorithm}");
            if let Err(error) = &checked {
                assert_eq!(verified.as_ref(), Err(error));
            }
        }
    }
}

fn signing(bytes: &[u8]) {
    for key in [SigningKey::from_der(bytes), SigningKey::from_pem(bytes)] {
        let Ok(key) = key else { continue };
        assert!(!key.to_string().is_empty());
        let Ok(verification) = key.verification_key() else { continue };
        let algorithm = key.default_algorithm();
        if let Ok(signature) = key.sign(algorithm, b"<SignedInfo/>") {
            let verified =
                algorithm.verify(&verification, b"<SignedInfo/>", &signature, &Allowed::default());
            assert_eq!(verified, Ok(()), "{key}");
        }
    }
}

/// Any KeyInfo: no key of anybody's makes this signature good.
fn embedded(bytes: &[u8], which: u8) {
    let algorithm = ALGORITHMS[usize::from(which) % ALGORITHMS.len()];
    let front = format!(
        "<Signature xmlns=\"{DSIG}\"><SignedInfo><CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/>\
         <SignatureMethod Algorithm=\"{algorithm}\"/><Reference URI=\"#a\"><DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/>\
         <DigestValue>MA==</DigestValue></Reference></SignedInfo><SignatureValue>{}</SignatureValue><KeyInfo Id=\"a\">",
        encode(&[1; 64])
    );
    let document = [front.as_bytes(), bytes, b"</KeyInfo></Signature>"].concat();
    let report = verify(Cursor::new(&document), &settings(), &KeySource::Embedded, &mut Honest);
    if let Ok(report) = report {
        assert_eq!(report.digest_status(), SignatureStatus::Invalid);
    }
}

fn texts(bytes: &[u8], piece: usize) {
    let stripped: Vec<u8> =
        bytes.iter().copied().filter(|byte| !b" \t\r\n".contains(byte)).collect();
    let theirs = STANDARD.decode(&stripped);
    let ours = decode(bytes, usize::MAX);
    assert_eq!(ours.as_ref().ok(), theirs.as_ref().ok(), "{ours:?} and {theirs:?}");
    let (mut decoder, mut octets) = (Decoder::new(), Vec::new());
    let pushed = bytes.chunks(piece.max(1)).try_for_each(|piece| decoder.push(piece, &mut octets));
    let pieces = pushed.and_then(|()| decoder.finish()).map(|()| octets);
    assert_eq!(pieces, ours);
    match &ours {
        Ok(octets) => {
            let limited = decode(bytes, octets.len().saturating_sub(1));
            assert_eq!(limited.is_err(), !octets.is_empty());
            assert_eq!(decode(bytes, octets.len()).as_ref(), Ok(octets));
        }
        Err(error) => assert!(error.position <= bytes.len() as u64),
    }
    assert_eq!(encode(bytes), STANDARD.encode(bytes));
    let lines = encode_lines(bytes);
    assert!(lines.lines().all(|line| line.len() <= 76));
    for text in [encode(bytes), lines] {
        assert_eq!(decode(text.as_bytes(), bytes.len()).as_deref(), Ok(bytes));
    }
}
