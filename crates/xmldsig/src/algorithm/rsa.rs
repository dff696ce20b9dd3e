//! RSA signatures that AWS-LC does not verify, by the letter of RFC 8017: other hashes than SHA-1, SHA-256, SHA-384 and
//! SHA-512, PSS with salts and masks of other kinds, and keys shorter or longer than it takes.
//!
//! Only public numbers are at work here, so that nothing has to take the same time for all of them.

use super::{DigestAlgorithm, PssParameters, key::RsaKey};
use crypto_bigint::{
    BoxedUint, Odd,
    modular::{BoxedMontyForm, BoxedMontyParams},
};

/// RSASSA-PKCS1-V1_5-VERIFY (section 8.2.2): the encoded message is made anew and compared, not parsed.
pub(super) fn verify_pkcs1(
    key: &RsaKey,
    hash: DigestAlgorithm,
    message: &[u8],
    signature: &[u8],
) -> bool {
    let Some(encoded) = open(key, signature) else { return false };
    let digest = hash.digest(message);
    let info = [digest_info(hash), digest.as_ref()].concat();
    // At least eight octets of padding.
    let Some(padding) = encoded.len().checked_sub(info.len() + 3).filter(|length| *length >= 8)
    else {
        return false;
    };
    encoded == [&[0, 1][..], &vec![0xff; padding], &[0], &info].concat()
}

/// RSASSA-PSS-VERIFY (sections 8.1.2 and 9.1.2).
pub(super) fn verify_pss(
    key: &RsaKey,
    pss: &PssParameters,
    message: &[u8],
    signature: &[u8],
) -> bool {
    let Some(opened) = open(key, signature) else { return false };
    let bits = super::key::bits(&key.modulus) - 1;
    let length = bits.div_ceil(8);
    // One octet shorter than the modulus when the modulus begins with a lone bit.
    let (excess, encoded) = opened.split_at(opened.len() - length);
    let hash_length = pss.hash().length();
    let Some(masked_length) = length.checked_sub(hash_length + 1) else { return false };
    let Some(zeros) = masked_length.checked_sub(pss.salt_length() + 1) else { return false };
    let (masked, rest) = encoded.split_at(masked_length);
    let (hash, trailer) = rest.split_at(hash_length);
    // The leading bits that one bit less than the modulus has do not reach.
    let unused = !(0xff >> (8 * length - bits));
    if excess.iter().any(|octet| *octet != 0) || trailer != [0xbc] || masked[0] & unused != 0 {
        return false;
    }
    let mut block = mask(pss.mask_hash(), hash, masked_length);
    block.iter_mut().zip(masked).for_each(|(mask, octet)| *mask ^= octet);
    block[0] &= !unused;
    let (padding, salt) = block.split_at(zeros + 1);
    if padding[zeros] != 1 || padding[..zeros].iter().any(|octet| *octet != 0) {
        return false;
    }
    let digest = pss.hash().digest(message);
    let again = pss.hash().digest(&[&[0; 8][..], digest.as_ref(), salt].concat());
    again.as_ref() == hash
}

/// RSAVP1 (section 5.2.2): the encoded message, as wide as the modulus; none when the signature is out of range.
fn open(key: &RsaKey, signature: &[u8]) -> Option<Vec<u8>> {
    let width = key.modulus.len();
    if signature.len() != width || signature >= key.modulus.as_slice() {
        return None;
    }
    let modulus = BoxedUint::from_be_slice_vartime(&key.modulus);
    let signature = BoxedUint::from_be_slice(signature, modulus.bits_precision()).ok()?;
    let exponent = BoxedUint::from_be_slice_vartime(&key.exponent);
    let exponent_bits = u32::try_from(super::key::bits(&key.exponent)).ok()?;
    let modulus = Odd::new(modulus).into_option()?;
    let modulus = BoxedMontyParams::new_vartime(modulus);
    let opened = BoxedMontyForm::new(signature, &modulus)
        .pow_bounded_exp(&exponent, exponent_bits)
        .retrieve()
        .to_be_bytes();
    let excess = opened.len().checked_sub(width)?;
    Some(opened[excess..].to_vec())
}

/// MGF1 (appendix B.2.1).
fn mask(hash: DigestAlgorithm, seed: &[u8], length: usize) -> Vec<u8> {
    let mut mask = Vec::with_capacity(length + hash.length());
    for counter in 0_u32.. {
        if mask.len() >= length {
            break;
        }
        mask.extend(hash.digest(&[seed, &counter.to_be_bytes()].concat()).as_ref());
    }
    mask.truncate(length);
    mask
}

/// What stands before a digest in a DigestInfo (section 9.2, note 1; the SHA-3 hashes by NIST's identifiers).
fn digest_info(hash: DigestAlgorithm) -> &'static [u8] {
    macro_rules! sha {
        ($number:literal, $length:literal) => {
            &[
                0x30,
                $length + 17,
                0x30,
                0x0d,
                0x06,
                0x09,
                0x60,
                0x86,
                0x48,
                0x01,
                0x65,
                0x03,
                0x04,
                0x02,
                $number,
                0x05,
                0x00,
                0x04,
                $length,
            ]
        };
    }
    match hash {
        DigestAlgorithm::Sha1 => &[
            0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04,
            0x14,
        ],
        DigestAlgorithm::Sha256 => sha!(1, 32),
        DigestAlgorithm::Sha384 => sha!(2, 48),
        DigestAlgorithm::Sha512 => sha!(3, 64),
        DigestAlgorithm::Sha224 => sha!(4, 28),
        DigestAlgorithm::Sha3_224 => sha!(7, 28),
        DigestAlgorithm::Sha3_256 => sha!(8, 32),
        DigestAlgorithm::Sha3_384 => sha!(9, 48),
        DigestAlgorithm::Sha3_512 => sha!(10, 64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algorithm::{SignatureAlgorithm, SigningKey, VerificationKey, backend, key::Kind};
    use DigestAlgorithm::{Sha256, Sha384, Sha512};
    use proptest::{prelude::*, sample::Index};
    use std::sync::LazyLock;

    const MESSAGE: &[u8] = b"<SignedInfo/>";

    static PAIR: LazyLock<(SigningKey, RsaKey)> = LazyLock::new(|| {
        let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
        let signing = SigningKey::from_der(pair.serialized_der()).unwrap();
        let VerificationKey(Kind::Rsa(key)) = signing.verification_key().unwrap() else {
            panic!("no RSA key");
        };
        (signing, key)
    });

    /// What AWS-LC says, and what is said here.
    fn both(algorithm: SignatureAlgorithm, signature: &[u8]) -> [bool; 2] {
        let key = &PAIR.1;
        let bits = super::super::key::bits(&key.modulus);
        match algorithm {
            SignatureAlgorithm::RsaPkcs1(hash) => [
                backend::verify_rsa_pkcs1(key, bits, hash, MESSAGE, signature).unwrap().unwrap(),
                verify_pkcs1(key, hash, MESSAGE, signature),
            ],
            SignatureAlgorithm::RsaPss(pss) => [
                backend::verify_rsa_pss(key, bits, &pss, MESSAGE, signature).unwrap().unwrap(),
                verify_pss(key, &pss, MESSAGE, signature),
            ],
            other => panic!("{other} is no RSA"),
        }
    }

    fn algorithms() -> impl Iterator<Item = SignatureAlgorithm> {
        [Sha256, Sha384, Sha512].into_iter().flat_map(|hash| {
            [
                SignatureAlgorithm::RsaPkcs1(hash),
                SignatureAlgorithm::RsaPss(PssParameters::fixed(hash)),
            ]
        })
    }

    #[test]
    fn what_aws_lc_takes_is_taken() {
        for algorithm in algorithms() {
            let signature = PAIR.0.sign(algorithm, MESSAGE).unwrap();
            assert_eq!(both(algorithm, &signature), [true; 2], "{algorithm}");
        }
    }

    #[test]
    fn another_hash_mask_or_salt_is_refused() {
        for hash in [Sha256, Sha384, Sha512] {
            let pss = PssParameters::fixed(hash);
            let signature = PAIR.0.sign(SignatureAlgorithm::RsaPss(pss), MESSAGE).unwrap();
            let key = &PAIR.1;
            assert!(verify_pss(key, &pss, MESSAGE, &signature));
            for (hash, mask, salt) in [
                (hash, hash, hash.length() - 1),
                (hash, hash, hash.length() + 1),
                (hash, hash, 0),
                (hash, hash, 2048),
                (hash, DigestAlgorithm::Sha1, hash.length()),
                (DigestAlgorithm::Sha224, hash, hash.length()),
            ] {
                let other = PssParameters::new(Some(hash), Some(mask), Some(salt), None).unwrap();
                assert!(!verify_pss(key, &other, MESSAGE, &signature), "{other:?}");
            }
            let pkcs1 = PAIR.0.sign(SignatureAlgorithm::RsaPkcs1(hash), MESSAGE).unwrap();
            assert!(!verify_pkcs1(key, DigestAlgorithm::Sha3_256, MESSAGE, &pkcs1));
            assert!(!verify_pss(key, &pss, MESSAGE, &pkcs1));
            assert!(!verify_pkcs1(key, hash, MESSAGE, &signature));
        }
    }

    #[test]
    fn a_signature_out_of_range_is_refused() {
        let signature = PAIR.0.sign(SignatureAlgorithm::RsaPkcs1(Sha256), MESSAGE).unwrap();
        let longer = [&[0][..], &signature].concat();
        for wrong in [&[][..], &longer, &signature[1..], &PAIR.1.modulus, &[0xff; 256], &[0; 256]] {
            assert_eq!(both(SignatureAlgorithm::RsaPkcs1(Sha256), wrong), [false; 2]);
            let pss = SignatureAlgorithm::RsaPss(PssParameters::fixed(Sha256));
            assert_eq!(both(pss, wrong), [false; 2]);
        }
        let mut one = [0; 256];
        one[255] = 1;
        assert!(!verify_pkcs1(&PAIR.1, Sha256, MESSAGE, &one));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn no_flipped_bit_goes_unseen_here_or_there(place: Index, bit in 0_u8..8, which: Index) {
            let all: Vec<_> = algorithms().collect();
            let algorithm = *which.get(&all);
            let mut signature = PAIR.0.sign(algorithm, MESSAGE).unwrap();
            signature[place.index(256)] ^= 1 << bit;
            prop_assert_eq!(both(algorithm, &signature), [false; 2]);
        }
    }
}
