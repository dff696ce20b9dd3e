//! The DER reader: whatever bytes, values stay within what holds them, and every fault has its place.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ravelin_trust::{
    DistinguishedName,
    der::{Oid, Reader, encode_oid, first_deviation},
    signature::AlgorithmIdentifier,
};

fuzz_target!(|bytes: &[u8]| {
    let mut open = vec![Reader::new(bytes)];
    // Every value takes two bytes at least, so the work is bounded by the length.
    while let Some(mut reader) = open.pop() {
        match reader.any() {
            Ok(value) => {
                let range = value.offset..value.offset + value.content.len();
                assert_eq!(&bytes[range], value.content);
                assert!(value.whole.ends_with(value.content));
                open.push(reader);
                if value.tag & 0x20 != 0 {
                    open.push(value.reader());
                }
            }
            Err(error) => assert!(error.offset <= bytes.len() && !error.to_string().is_empty()),
        }
    }
    if let Some(deviation) = first_deviation(bytes) {
        assert!(deviation.offset < bytes.len() && !deviation.what.is_empty());
    }
    if let Ok(oid) = Reader::new(bytes).oid() {
        let dotted = Oid(oid.0).to_string();
        // What is minimal is the same after a round by its dotted form.
        if let Some(again) = encode_oid(&dotted)
            && first_deviation(bytes).is_none()
        {
            assert_eq!(again, oid.0, "{dotted}");
        }
    }
    if let Ok(number) = Reader::new(bytes).integer() {
        assert!(number.minimal().len() <= number.0.len() && !number.minimal().is_empty());
    }
    let _ = AlgorithmIdentifier::read(&mut Reader::new(bytes)).map(|one| one.scheme().to_string());
    if let Ok(name) = DistinguishedName::parse(bytes) {
        assert_eq!(name, name);
        let _ = (name.to_string(), name.common_names().count());
    }
});
