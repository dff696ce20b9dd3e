//! UTF-16 and UTF-32, with a byte order or a mark that tells it.

use super::{BAD, Endian};

/// The byte order mark.
const MARK: char = '\u{feff}';

pub(super) fn decode_utf16(bytes: &[u8], endian: Option<Endian>) -> String {
    let (endian, bytes) = obey_mark(bytes, endian, [0xff, 0xfe], [0xfe, 0xff]);
    let (units, rest) = bytes.as_chunks();
    let units = units.iter().map(|unit| match endian {
        Endian::Big => u16::from_be_bytes(*unit),
        Endian::Little => u16::from_le_bytes(*unit),
    });
    let text = char::decode_utf16(units).map(|character| character.unwrap_or(BAD));
    text.chain((!rest.is_empty()).then_some(BAD)).collect()
}

pub(super) fn encode_utf16(text: &str, endian: Option<Endian>) -> Vec<u8> {
    let mark = endian.is_none().then_some(MARK);
    let units = mark.into_iter().chain(text.chars()).flat_map(|character| {
        let mut units = [0; 2];
        let count = character.encode_utf16(&mut units).len();
        units.into_iter().take(count)
    });
    let bytes = units.map(|unit| match endian {
        Some(Endian::Big) => unit.to_be_bytes(),
        Some(Endian::Little) | None => unit.to_le_bytes(),
    });
    bytes.flatten().collect()
}

pub(super) fn decode_utf32(bytes: &[u8], endian: Option<Endian>) -> String {
    let (endian, bytes) = obey_mark(bytes, endian, [0xff, 0xfe, 0, 0], [0, 0, 0xfe, 0xff]);
    let (units, rest) = bytes.as_chunks();
    let units = units.iter().map(|unit| match endian {
        Endian::Big => u32::from_be_bytes(*unit),
        Endian::Little => u32::from_le_bytes(*unit),
    });
    let text = units.map(|unit| char::from_u32(unit).unwrap_or(BAD));
    text.chain((!rest.is_empty()).then_some(BAD)).collect()
}

pub(super) fn encode_utf32(text: &str, endian: Option<Endian>) -> Vec<u8> {
    let mark = endian.is_none().then_some(MARK);
    let bytes = mark.into_iter().chain(text.chars()).map(|character| match endian {
        Some(Endian::Big) => u32::from(character).to_be_bytes(),
        Some(Endian::Little) | None => u32::from(character).to_le_bytes(),
    });
    bytes.flatten().collect()
}

/// The byte order and the bytes that are text. Without an order given, a mark tells it, which is not text then.
fn obey_mark<const N: usize>(
    bytes: &[u8],
    endian: Option<Endian>,
    little: [u8; N],
    big: [u8; N],
) -> (Endian, &[u8]) {
    match (endian, bytes.strip_prefix(&little), bytes.strip_prefix(&big)) {
        (Some(endian), ..) => (endian, bytes),
        (None, Some(rest), _) => (Endian::Little, rest),
        (None, None, Some(rest)) => (Endian::Big, rest),
        (None, None, None) => (Endian::Little, bytes),
    }
}
