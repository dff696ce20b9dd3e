//! Integers of 29 bits in one to four bytes (U29, section 1.3.1).

use super::super::{DecodeError, source::Source};

/// The largest one.
pub(super) const MAX: u32 = (1 << 29) - 1;
/// The signed integers that have room in it.
pub(super) const INTEGERS: std::ops::RangeInclusive<i32> = -(1 << 28)..=(1 << 28) - 1;

/// Reads one.
pub(super) fn u29(source: &mut Source<'_>) -> Result<u32, DecodeError> {
    let mut value = 0;
    for _ in 0..3 {
        let byte = u32::from(source.u8()?);
        value = value << 7 | byte & 0x7f;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Ok(value << 8 | u32::from(source.u8()?))
}

/// The signed integer that 29 bits are.
pub(super) fn signed(value: u32) -> i32 {
    (value << 3).cast_signed() >> 3
}

/// Writes it in as few bytes as possible.
pub(super) fn put_u29(value: u32, out: &mut Vec<u8>) {
    let low = |value: u32| value.to_be_bytes()[3];
    let more = |shift: u32| low(value >> shift) | 0x80;
    let last = low(value) & 0x7f;
    match value {
        0..=0x7f => out.push(last),
        0x80..=0x3fff => out.extend_from_slice(&[more(7), last]),
        0x4000..=0x1f_ffff => out.extend_from_slice(&[more(14), more(7), last]),
        _ => out.extend_from_slice(&[more(22), more(15), more(8), low(value)]),
    }
}
