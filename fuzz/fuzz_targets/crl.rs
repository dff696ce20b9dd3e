//! CRLs: never a panic, never unbounded work; and what is signed by the right key is judged, whatever it says.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ravelin_fuzz::Authority;
use ravelin_trust::{
    Status,
    der::Integer,
    evaluate,
    revocation::{Crl, RevocationPolicy},
};
use std::sync::LazyLock;

static CA: LazyLock<Authority> = LazyLock::new(Authority::new);

fuzz_target!(|input: (bool, &[u8])| {
    let (signed, bytes) = input;
    let bytes = if signed { CA.signed(bytes, &[]) } else { bytes.to_vec() };
    let Ok(crl) = Crl::parse(&bytes[..]) else { return };
    let issuer = crl.issuer();
    let _ = (issuer.to_string(), crl.this_update(), crl.next_update(), crl.number(), crl.base());
    let listed: Vec<_> = crl.entries().take(100).map(|entry| entry.serial.0.to_vec()).collect();
    for serial in &listed {
        let _ = crl.find(&issuer, Integer(serial));
    }
    let mut request = CA.request();
    request.revocation = RevocationPolicy::AlwaysRequired;
    request.crls = vec![crl.borrowed()];
    let verdict = evaluate(&request);
    // Only a good signature by the issuer may decide.
    if !signed {
        assert_eq!(verdict.status(), Status::Unknown);
    }
});
