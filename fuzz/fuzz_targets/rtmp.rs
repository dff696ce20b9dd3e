//! Signs of life in RTMP: the same, whole or in pieces.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ravelin_tunnel::rtmp::Watcher;

fuzz_target!(|input: (bool, Vec<u8>, &[u8])| {
    let (handshake, pieces, bytes) = input;
    let mut whole = Watcher::new();
    if handshake {
        let mut hello = [9; 1 + 2 * 1536];
        hello[0] = 3;
        assert!(whole.is_life(&hello));
    }
    let mut parts = whole.clone();
    let life = whole.is_life(bytes);
    let (mut found, mut rest) = (false, bytes);
    for size in pieces.iter().cycle().take(if pieces.is_empty() { 0 } else { bytes.len() }) {
        let (part, others) = rest.split_at(usize::from(*size).min(rest.len()));
        found |= parts.is_life(part);
        rest = others;
    }
    found |= parts.is_life(rest);
    assert_eq!(life, found);
    assert_eq!(whole, parts);
});
