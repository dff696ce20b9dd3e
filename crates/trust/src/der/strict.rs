//! Where bytes that can be read are not DER all the same.

use super::{Oid, header, tag};

/// Values within values beyond this depth are not looked at.
const MAX_DEPTH: usize = 64;

/// The first place where an encoding is BER but not DER (X.690, sections 10 and 11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deviation {
    /// From the start of the outermost value.
    pub offset: usize,
    /// What DER would have differently.
    pub what: &'static str,
}

/// Looks for the first deviation from DER within `bytes`, which hold one value after the other. Octet strings are not
/// looked into.
pub fn first_deviation(bytes: &[u8]) -> Option<Deviation> {
    // Where the values that are open end.
    let mut ends = [0usize; MAX_DEPTH];
    let mut depth = 0;
    let mut at = 0;
    ends[0] = bytes.len();
    while at < bytes.len() {
        while depth > 0 && at >= ends[depth] {
            depth -= 1;
        }
        // Whatever cannot be read is for others to complain about; what stands beside it is not.
        let end = ends[depth];
        let Some((tag, header, length, content)) = value(&bytes[at..end]) else {
            at = end;
            continue;
        };
        let needed = match length {
            0..0x80 => 2,
            0x80..0x100 => 3,
            0x100..0x1_0000 => 4,
            0x1_0000..0x100_0000 => 5,
            _ => 6,
        };
        let deviates = |what| Some(Deviation { offset: at, what });
        if header != needed {
            return deviates("a length in more bytes than needed");
        }
        if let Some(what) = content_deviation(tag, content) {
            return deviates(what);
        }
        if tag & 0x20 != 0 && depth + 1 < MAX_DEPTH {
            depth += 1;
            ends[depth] = at + header + length;
            at += header;
        } else {
            at += header + length;
        }
    }
    None
}

/// The first value: its tag, the lengths of its beginning and of its content, and that.
fn value(bytes: &[u8]) -> Option<(u8, usize, usize, &[u8])> {
    let (tag, header, length) = header(bytes).ok()?;
    let content = bytes.get(header..header.checked_add(length)?)?;
    Some((tag, header, length, content))
}

fn content_deviation(tag: u8, content: &[u8]) -> Option<&'static str> {
    match (tag, content) {
        (tag::BOOLEAN, [0 | 0xff]) => None,
        (tag::BOOLEAN, _) => Some("a boolean that is neither 0 nor 255"),
        (tag::INTEGER | tag::ENUMERATED, []) => Some("an integer without bytes"),
        (tag::INTEGER | tag::ENUMERATED, [0, second, ..]) if second & 0x80 == 0 => {
            Some("an integer in more bytes than needed")
        }
        (tag::INTEGER | tag::ENUMERATED, [0xff, second, ..]) if second & 0x80 != 0 => {
            Some("an integer in more bytes than needed")
        }
        (tag::BIT_STRING, [unused @ 1..=7, .., last]) if last & ((1 << unused) - 1) != 0 => {
            Some("a bit string whose unused bits are not zero")
        }
        (tag::NULL, [_, ..]) => Some("a null with content"),
        (tag::OID, content) if !Oid::is_well_formed(content) => {
            Some("an object identifier in more bytes than needed")
        }
        (0x23 | 0x24, _) => Some("a string in pieces"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn der_has_no_deviation() {
        let sound = [0x30, 11, 1, 1, 0xff, 2, 1, 0x80, 3, 2, 1, 0xfe, 0];
        assert_eq!(first_deviation(&sound[..sound.len() - 1]), None);
    }

    #[test]
    fn each_deviation_is_found_where_it_is() {
        let at = |bytes| first_deviation(bytes).map(|deviation| deviation.offset);
        assert_eq!(at(&[0x30, 0x81, 3, 2, 1, 1]), Some(0));
        assert_eq!(at(&[0x30, 3, 1, 1, 1]), Some(2));
        assert_eq!(at(&[0x30, 4, 2, 2, 0, 1]), Some(2));
        assert_eq!(at(&[0x30, 7, 5, 0, 2, 3, 0xff, 0xff, 1]), Some(4));
        assert_eq!(at(&[3, 2, 1, 1]), Some(0));
        assert_eq!(at(&[6, 2, 0x80, 1]), Some(0));
        assert_eq!(at(&[5, 1, 0]), Some(0));
        assert_eq!(at(&[0x24, 2, 4, 0]), Some(0));
        // Behind what cannot be read, and what is longer than that in which it is.
        assert_eq!(at(&[0x30, 7, 0x30, 2, 0x1f, 0, 1, 1, 1]), Some(6));
        assert_eq!(at(&[0x30, 8, 0x30, 3, 0x30, 9, 1, 1, 1, 1]), Some(7));
    }

    #[test]
    fn depth_is_bounded() {
        assert_eq!(first_deviation(&[0xa0, 0x80]), None);
        let deep: Vec<u8> = (0..120u8).rev().flat_map(|left| [0x30, left * 2]).collect();
        let deep = &deep[deep.len() - 126..];
        assert_eq!(first_deviation(deep), None);
    }
}
