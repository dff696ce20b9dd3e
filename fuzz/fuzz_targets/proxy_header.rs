//! PROXY headers: pieces mean what the whole means, and what is read can be written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ravelin_tunnel::{
    proxy_protocol::{MAX_BINARY, MAX_TEXT, Sent, read, write},
    service::ProxyVersion,
};

fuzz_target!(|bytes: &[u8]| {
    let whole = read(bytes);
    // Front pieces: undecided, or decided for good. Every length near the ends, some between.
    let mut length = 0;
    while length < bytes.len() {
        match (read(&bytes[..length]), &whole) {
            (Ok(None), _) => {}
            (early, whole) => assert_eq!(&early, whole, "decided at {length}"),
        }
        length += if length < 64 { 1 } else { 1 + length / 8 };
    }
    match whole {
        Ok(Some((received, length))) => {
            let most = if received.version == ProxyVersion::V1 { MAX_TEXT } else { MAX_BINARY };
            assert!(length <= most && length <= bytes.len());
            if let (Some(source), Some(destination)) = (received.source, received.destination) {
                let mut again = Vec::new();
                write(received.version, &Sent::new(source, destination), &mut again);
                let (second, count) = read(&again).expect("our own header").expect("all of it");
                assert_eq!(count, again.len());
                assert_eq!((second.source, second.destination), (Some(source), Some(destination)));
                assert_eq!(second.version, received.version);
            }
        }
        Ok(None) => assert!(bytes.len() < MAX_BINARY),
        Err(_) => {}
    }
});
