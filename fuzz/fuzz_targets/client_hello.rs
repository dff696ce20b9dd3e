//! A ClientHello means the same, whole or in pieces, and answers to whatever comes are bounded.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ravelin_tls::{
    Connection, End, OpenBuffer, TlsError,
    hello::{ClientHello, HelloReader, MAX_HELLO},
};

fuzz_target!(|input: (u8, &[u8])| {
    let (piece, bytes) = input;
    let whole = ClientHello::read(bytes);
    let mut reader = HelloReader::default();
    let step = usize::from(piece).max(1);
    let mut pieces = Ok(None);
    let mut end = 0;
    while matches!(pieces, Ok(None)) && end < bytes.len() {
        end = (end + step).min(bytes.len());
        pieces = reader.read(&bytes[..end]);
    }
    // Pieces may show an error before the rest of a record is there, but never another outcome.
    assert_eq!(pieces, whole);

    let mut connection = Connection::server();
    let mut buffer = OpenBuffer::new(8);
    let rest = &bytes[..bytes.len().min(MAX_HELLO)];
    buffer.space()[..rest.len()].copy_from_slice(rest);
    buffer.filled(rest.len());
    let opened = connection.open(&mut buffer);
    let same = match (&whole, opened.end) {
        (Ok(Some(_)), None) => opened.asking,
        (Ok(None), None) => !opened.asking,
        (Err(error), Some(End::Failed(TlsError::Hello(said)))) => *error == said,
        _ => false,
    };
    assert!(same || rest.len() < bytes.len());
    assert_eq!(whole.ok().flatten(), connection.hello().cloned());
});
