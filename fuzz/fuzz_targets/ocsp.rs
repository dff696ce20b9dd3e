//! OCSP responses: never a panic, never unbounded work; and what is signed by the right key is judged, whatever it says.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ravelin_fuzz::{Authority, wrap};
use ravelin_trust::{
    Status, evaluate,
    revocation::{OcspResponse, RevocationPolicy},
};
use std::sync::LazyLock;

static CA: LazyLock<Authority> = LazyLock::new(Authority::new);

/// id-pkix-ocsp-basic.
const BASIC: &[u8] = &[6, 9, 0x2b, 6, 1, 5, 5, 7, 0x30, 1, 1];

fuzz_target!(|input: (bool, &[u8], &[u8])| {
    let (signed, data, more) = input;
    let bytes = if signed {
        let basic = wrap(4, &CA.signed(data, more));
        let inner = wrap(0x30, &[BASIC, &basic].concat());
        wrap(0x30, &[&[10, 1, 0][..], &wrap(0xa0, &inner)].concat())
    } else {
        data.to_vec()
    };
    let Ok(response) = OcspResponse::parse(&bytes[..]) else { return };
    let mut request = CA.request();
    request.revocation = RevocationPolicy::AlwaysRequired;
    request.stapled = vec![response.borrowed()];
    request.ocsp = vec![response.borrowed()];
    let verdict = evaluate(&request);
    if !signed {
        assert_eq!(verdict.status(), Status::Unknown);
    }
});
