//! Writes DER (X.690), for tests that need what no certificate library would make: extensions in odd places, broken
//! lists, responses that lie.
//!
//! Every function returns a whole value with tag and length, ready to be put into another.
//!
//! ```
//! use ravelin_test::der;
//!
//! let name = der::name(&[("2.5.4.3", "Test CA")]);
//! assert_eq!(name[..4], [0x30, 0x12, 0x31, 0x10]);
//! let extension = der::extension("2.5.29.20", false, &der::integer(7));
//! assert_eq!(extension, [0x30, 10, 6, 3, 0x55, 0x1d, 20, 4, 3, 2, 1, 7]);
//! ```

/// A value of any kind.
pub fn value(tag: u8, content: impl AsRef<[u8]>) -> Vec<u8> {
    let content = content.as_ref();
    let mut out = vec![tag];
    let digits = content.len().to_be_bytes();
    let digits = &digits[digits.iter().take_while(|digit| **digit == 0).count()..];
    match digits {
        [] => out.push(0),
        [short @ 0..0x80] => out.push(*short),
        _ => {
            out.push(0x80 | u8::try_from(digits.len()).expect("a length has at most eight bytes"));
            out.extend_from_slice(digits);
        }
    }
    out.extend_from_slice(content);
    out
}

/// A sequence of values.
pub fn sequence<P: AsRef<[u8]>>(parts: impl IntoIterator<Item = P>) -> Vec<u8> {
    value(0x30, joined(parts))
}

/// A set of values, in the order that is given.
pub fn set<P: AsRef<[u8]>>(parts: impl IntoIterator<Item = P>) -> Vec<u8> {
    value(0x31, joined(parts))
}

fn joined<P: AsRef<[u8]>>(parts: impl IntoIterator<Item = P>) -> Vec<u8> {
    parts.into_iter().fold(Vec::new(), |mut all, part| {
        all.extend_from_slice(part.as_ref());
        all
    })
}

/// `[number]` around other values: an explicit tag, or an implicit one on a sequence.
pub fn constructed(number: u8, content: impl AsRef<[u8]>) -> Vec<u8> {
    value(0xa0 | number, content)
}

/// `[number]` in place of the tag of a value that is no sequence.
pub fn primitive(number: u8, content: impl AsRef<[u8]>) -> Vec<u8> {
    value(0x80 | number, content)
}

/// An object identifier from its dotted form.
///
/// # Panics
/// When it is none.
pub fn oid(dotted: &str) -> Vec<u8> {
    let mut arcs =
        dotted.split('.').map(|arc| arc.parse::<u64>().expect("an identifier consists of numbers"));
    let mut next = || arcs.next().expect("an identifier has at least two numbers");
    let first = next() * 40 + next();
    let content = std::iter::once(first).chain(arcs).flat_map(|arc| {
        let groups = (64 - arc.leading_zeros()).div_ceil(7).max(1);
        (0..groups).rev().map(move |group| {
            let bits = u8::try_from(arc >> (7 * group) & 0x7f).expect("seven bits");
            if group == 0 { bits } else { 0x80 | bits }
        })
    });
    value(6, content.collect::<Vec<u8>>())
}

/// An integer that is not below zero.
pub fn integer(number: u64) -> Vec<u8> {
    let bytes = number.to_be_bytes();
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count().min(7);
    let mut content = bytes[zeros..].to_vec();
    if content[0] & 0x80 != 0 {
        content.insert(0, 0);
    }
    value(2, content)
}

/// A number of an enumeration.
pub fn enumerated(number: u8) -> Vec<u8> {
    value(0x0a, [number])
}

/// A boolean.
pub fn boolean(truth: bool) -> Vec<u8> {
    value(1, [if truth { 0xff } else { 0 }])
}

/// A null.
pub fn null() -> Vec<u8> {
    value(5, [])
}

/// An octet string.
pub fn octet_string(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    value(4, bytes)
}

/// A bit string of whole bytes.
pub fn bit_string(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    value(3, named_content(0, bytes.as_ref()))
}

/// A bit string in which these bits are set, without zeros at its end.
pub fn named_bits(bits: &[u8]) -> Vec<u8> {
    value(3, named_bits_content(bits))
}

/// The content of such a bit string, for an implicit tag.
pub fn named_bits_content(bits: &[u8]) -> Vec<u8> {
    let Some(last) = bits.iter().max() else { return vec![0] };
    let mut bytes = vec![0; usize::from(last / 8) + 1];
    for bit in bits {
        bytes[usize::from(bit / 8)] |= 0x80 >> (bit % 8);
    }
    named_content(7 - last % 8, &bytes)
}

fn named_content(unused: u8, bytes: &[u8]) -> Vec<u8> {
    [&[unused], bytes].concat()
}

/// A UTCTime, or a GeneralizedTime from 2050 on, as RFC 5280 writes times (section 4.1.2.5). In seconds since 1970.
///
/// # Panics
/// For times before 1950.
pub fn time(unix: i64) -> Vec<u8> {
    let text = generalized(unix);
    assert!(text.as_str() >= "1950", "UTCTime begins with 1950");
    if text.as_str() < "2050" { value(0x17, &text[2..]) } else { value(0x18, text) }
}

/// A GeneralizedTime, as OCSP writes times. In seconds since 1970.
pub fn generalized_time(unix: i64) -> Vec<u8> {
    value(0x18, generalized(unix))
}

/// Years are counted from March, so that the leap day comes last.
fn generalized(unix: i64) -> String {
    let (days, second) = (unix.div_euclid(86_400) + 719_468, unix.rem_euclid(86_400));
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}Z")
}

/// The content of a RelativeDistinguishedName with one attribute.
pub fn attribute(kind: &str, text: &str) -> Vec<u8> {
    sequence([oid(kind), value(0x0c, text)])
}

/// A name with these attributes, the root of the tree first.
pub fn name(attributes: &[(&str, &str)]) -> Vec<u8> {
    sequence(attributes.iter().map(|(kind, text)| set([attribute(kind, text)])))
}

/// An extension around its encoded value.
pub fn extension(kind: &str, critical: bool, encoded: &[u8]) -> Vec<u8> {
    let critical = if critical { boolean(true) } else { Vec::new() };
    sequence([oid(kind), critical, octet_string(encoded)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_the_standard_says() {
        assert_eq!(value(4, [0; 0x80])[..3], [4, 0x81, 0x80]);
        assert_eq!(value(4, [0; 0x100])[..4], [4, 0x82, 1, 0]);
        assert_eq!(oid("1.2.840.113549"), [6, 6, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d]);
        assert_eq!(oid("2.999.3"), [6, 3, 0x88, 0x37, 3]);
        assert_eq!(integer(0), [2, 1, 0]);
        assert_eq!(integer(0x80), [2, 2, 0, 0x80]);
        assert_eq!(named_bits(&[5, 6]), [3, 2, 1, 0b0000_0110]);
        assert_eq!(named_bits(&[8]), [3, 3, 7, 0, 0x80]);
        assert_eq!(bit_string([5]), [3, 2, 0, 5]);
    }

    #[test]
    fn times_are_written_by_the_calendar() {
        assert_eq!(time(951_782_400), value(0x17, "000229000000Z"));
        assert_eq!(time(2_524_608_000), value(0x18, "20500101000000Z"));
        assert_eq!(generalized_time(1_796_342_399), value(0x18, "20261203235959Z"));
    }
}
