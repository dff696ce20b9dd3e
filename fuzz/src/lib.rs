//! What the targets share: an authority that signs whatever it is given, so that mutated content gets behind the check of
//! its signature.

pub mod differences;
pub mod mutation;
pub mod signed;
pub mod slow;

use ravelin_trust::{Anchor, Anchors, Certificate, Request, Time};
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SigningKey,
};

/// A root, and an end certificate by it.
pub struct Authority {
    key: KeyPair,
    anchors: Anchors,
    end: Certificate<'static>,
}

impl Authority {
    /// With fresh keys.
    #[expect(clippy::new_without_default, reason = "it makes keys")]
    pub fn new() -> Authority {
        let key = KeyPair::generate().expect("a key");
        let mut root = CertificateParams::default();
        root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        root.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = root.self_signed(&key).expect("a root");
        let mut anchors = Anchors::new();
        anchors.add_anchor(Anchor::certificate(certificate.der()).expect("an anchor"));
        let mut end = CertificateParams::new(["a.example".to_owned()]).expect("a name");
        end.serial_number = Some(5u64.into());
        end.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let end_key = KeyPair::generate().expect("a key");
        let issuer = Issuer::new(root, &key);
        let end = end.signed_by(&end_key, &issuer).expect("a certificate").der().to_vec();
        let end = Certificate::parse(end).expect("a certificate");
        Authority { key, anchors, end }
    }

    /// A question about the end certificate.
    pub fn request(&self) -> Request<'_> {
        Request::new(self.end.borrowed(), &self.anchors, Time::from_unix(1_800_000_000))
    }

    /// `content` as a sequence, signed by the root, with `more` behind the signature.
    pub fn signed(&self, content: &[u8], more: &[u8]) -> Vec<u8> {
        /// ecdsa-with-SHA256.
        const ALGORITHM: &[u8] = &[0x30, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
        let signed = wrap(0x30, content);
        let signature = self.key.sign(&signed).expect("a signature");
        let bits = wrap(3, &[&[0][..], &signature].concat());
        wrap(0x30, &[&signed[..], ALGORITHM, &bits, more].concat())
    }
}

/// A value with this tag and content.
pub fn wrap(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let digits = &length[length.iter().take_while(|digit| **digit == 0).count()..];
    let mut out = vec![tag];
    match digits {
        [] => out.push(0),
        [one] if *one < 0x80 => out.push(*one),
        digits => {
            out.push(0x80 | u8::try_from(digits.len()).expect("at most eight"));
            out.extend_from_slice(digits);
        }
    }
    out.extend_from_slice(content);
    out
}
