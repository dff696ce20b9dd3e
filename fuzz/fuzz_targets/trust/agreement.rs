//! What x509-parser reads where both read a certificate.

use ravelin_trust::{Certificate, DistinguishedName};
use x509_parser::prelude::{FromDer, X509Certificate};

pub fn with_x509_parser(bytes: &[u8], ours: &Certificate<'_>) {
    let Ok((rest, theirs)) = X509Certificate::from_der(bytes) else { return };
    assert_eq!(rest.len(), ours.trailing());
    assert_eq!(theirs.version().0 + 1, u32::from(ours.version()));
    assert_eq!(theirs.raw_serial(), ours.serial().0);
    // Of a name that is broken within, the crate keeps the part before.
    for (theirs, ours) in [(theirs.issuer(), ours.issuer()), (theirs.subject(), ours.subject())] {
        if DistinguishedName::parse(ours.der()).is_ok() {
            assert_eq!(theirs.as_raw(), ours.der());
        }
    }
    if ours.public_key().is_ok() {
        assert_eq!(theirs.public_key().raw, ours.public_key_info());
    }
    assert_eq!(theirs.signature_value.data, ours.signature());
    // The crate reads times with fractions and offsets in its own way; the standard's forms are the same.
    let standard = |seconds: i64| seconds > -631_152_000;
    let validity = theirs.validity();
    for (theirs, ours) in
        [(validity.not_before, ours.not_before()), (validity.not_after, ours.not_after())]
    {
        if standard(theirs.timestamp()) && standard(ours.unix()) {
            assert_eq!(theirs.timestamp(), ours.unix());
        }
    }
    let extensions: Vec<_> = ours.extensions().collect();
    assert_eq!(theirs.extensions().len(), extensions.len());
    for (theirs, ours) in theirs.extensions().iter().zip(&extensions) {
        assert_eq!(theirs.oid.as_bytes(), ours.oid.0);
        assert_eq!(theirs.critical, ours.critical);
        assert_eq!(theirs.value, ours.value);
    }
}
