use super::{Certificate, CertificateError};
use ravelin_test::pki::{Entity, Template};

#[test]
fn a_signature_that_ends_within_a_byte_is_none() {
    let end = Entity::of_seed("End", &[1; 32]);
    let whole = Template::server(&end, "a.example").signed_by(&end);
    Certificate::parse(&whole[..]).unwrap();
    let mut cut = whole.clone();
    // Ed25519: 64 bytes, behind the count of unused bits.
    let unused = whole.len() - 65;
    assert_eq!(cut[unused], 0);
    cut[unused] = 1;
    let error = Certificate::parse(&cut[..]).unwrap_err();
    assert!(matches!(error, CertificateError::Malformed { what: "the signature", .. }), "{error}");
    assert!(error.to_string().contains("ends within a byte"), "{error}");
}
