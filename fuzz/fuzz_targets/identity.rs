//! Certificates and keys from files: never a panic, and what is accepted is described.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ravelin_tls::Identity;

fuzz_target!(|input: (u16, &[u8])| {
    let (cut, bytes) = input;
    let (certificates, key) = bytes.split_at(usize::from(cut).min(bytes.len()));
    for (certificates, key) in [(certificates, key), (bytes, bytes)] {
        match Identity::from_bytes(certificates, key) {
            Ok(identity) => assert!(!identity.certificates().is_empty()),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
});
