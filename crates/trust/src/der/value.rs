//! What values mean.

use super::{DerError, Fault, Value, tag};
use std::{borrow::Cow, fmt};

/// An object identifier, as it is encoded.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Oid<'a>(pub &'a [u8]);

impl Oid<'_> {
    /// Whether these are the content bytes of an object identifier.
    pub(crate) fn is_well_formed(content: &[u8]) -> bool {
        !content.is_empty()
            && content.last().is_some_and(|last| last & 0x80 == 0)
            && !content
                .iter()
                .zip(std::iter::once(&0).chain(content))
                .any(|(byte, before)| *byte == 0x80 && before & 0x80 == 0)
    }
}

/// The content bytes of an object identifier from its dotted form; none where the text is no such form.
///
/// ```
/// assert_eq!(ravelin_trust::der::encode_oid("2.5.29.32.0").as_deref(), Some(&[0x55, 0x1d, 0x20, 0][..]));
/// assert_eq!(ravelin_trust::der::encode_oid("3.1"), None);
/// ```
pub fn encode_oid(dotted: &str) -> Option<Vec<u8>> {
    let number = |digits: &str| {
        let plain = digits.bytes().all(|digit| digit.is_ascii_digit())
            && (digits == "0" || !digits.starts_with('0'));
        if plain { digits.parse::<u128>().ok() } else { None }
    };
    let mut numbers = dotted.split('.').map(number);
    let (root, second) = (numbers.next()??, numbers.next()??);
    if root > 2 || root < 2 && second > 39 {
        return None;
    }
    let mut bytes = Vec::new();
    push_base128(second.checked_add(root * 40)?, &mut bytes);
    for number in numbers {
        push_base128(number?, &mut bytes);
    }
    Some(bytes)
}

fn push_base128(number: u128, bytes: &mut Vec<u8>) {
    let digits = number.checked_ilog2().unwrap_or(0) / 7;
    for digit in (0..=digits).rev() {
        #[allow(clippy::cast_possible_truncation)] // seven bits
        let bits = (number >> (digit * 7)) as u8 & 0x7f;
        bytes.push(if digit > 0 { bits | 0x80 } else { bits });
    }
}

impl fmt::Display for Oid<'_> {
    /// Dotted numbers. Numbers beyond 128 bits are shown as `…`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut number: Option<u128> = Some(0);
        let mut first = true;
        for byte in self.0 {
            number = number
                .filter(|number| number.leading_zeros() >= 7)
                .map(|number| number << 7 | u128::from(byte & 0x7f));
            if byte & 0x80 != 0 {
                continue;
            }
            match (number, first) {
                (Some(number), true) => {
                    let root = (number / 40).min(2);
                    write!(f, "{root}.{}", number - root * 40)?;
                }
                (Some(number), false) => write!(f, ".{number}")?,
                (None, true) => f.write_str("2.…")?,
                (None, false) => f.write_str(".…")?,
            }
            first = false;
            number = Some(0);
        }
        Ok(())
    }
}

impl fmt::Debug for Oid<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An integer of any size, in two's complement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Integer<'a>(pub &'a [u8]);

impl<'a> Integer<'a> {
    pub(super) fn of(value: Value<'a>) -> Result<Integer<'a>, DerError> {
        if value.content.is_empty() {
            return Err(value.fault("an integer without bytes"));
        }
        Ok(Integer(value.content))
    }

    /// Whether it is below zero.
    pub fn is_negative(&self) -> bool {
        self.0.first().is_some_and(|first| first & 0x80 != 0)
    }

    /// Its magnitude without zeros in front; nothing for zero. Only of use when it is not negative.
    pub fn unsigned(&self) -> &'a [u8] {
        &self.0[self.0.iter().take_while(|byte| **byte == 0).count()..]
    }

    /// Its value, if it is between 0 and 2^64 - 1.
    pub fn small(&self) -> Option<u64> {
        let digits = self.unsigned();
        if self.is_negative() || digits.len() > 8 {
            return None;
        }
        Some(digits.iter().fold(0, |number, digit| number << 8 | u64::from(*digit)))
    }

    /// The same number without bytes that change nothing.
    pub fn minimal(&self) -> &'a [u8] {
        let mut bytes = self.0;
        while let [first, rest @ ..] = bytes
            && let Some(second) = rest.first()
            && (*first == 0 && second & 0x80 == 0 || *first == 0xff && second & 0x80 != 0)
        {
            bytes = rest;
        }
        bytes
    }
}

/// A bit string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BitString<'a> {
    /// How many of the last byte's bits do not count.
    pub unused: u8,
    /// The bits, the first one in the highest bit of the first byte.
    pub bytes: &'a [u8],
}

impl<'a> BitString<'a> {
    pub(crate) fn of(value: Value<'a>) -> Result<BitString<'a>, DerError> {
        match *value.content {
            [unused, ref bytes @ ..] if unused < 8 && (unused == 0 || !bytes.is_empty()) => {
                Ok(BitString { unused, bytes })
            }
            _ => Err(value.fault("a bit string with an impossible count of unused bits")),
        }
    }

    /// The bytes of a value that is a bit string whose bits come in eights, as those of signatures and keys do.
    pub(crate) fn bytes_of(value: Value<'a>) -> Result<&'a [u8], DerError> {
        BitString::of(value)?
            .whole_bytes()
            .ok_or_else(|| value.fault("a bit string that ends within a byte"))
    }

    /// The bytes of a bit string whose bits come in eights.
    pub fn whole_bytes(&self) -> Option<&'a [u8]> {
        (self.unused == 0).then_some(self.bytes)
    }

    /// Whether the bit with this number is set; those that are not there are not.
    pub fn bit(&self, number: usize) -> bool {
        self.bytes.get(number / 8).is_some_and(|byte| byte & (0x80 >> (number % 8)) != 0)
    }
}

/// A string of one of ASN.1's many kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text<'a> {
    tag: u8,
    content: &'a [u8],
}

impl<'a> Text<'a> {
    /// The text of a value; none when it is no string.
    pub fn of(value: &Value<'a>) -> Option<Text<'a>> {
        matches!(
            value.tag,
            tag::UTF8_STRING
                | tag::NUMERIC_STRING
                | tag::PRINTABLE_STRING
                | tag::TELETEX_STRING
                | tag::IA5_STRING
                | tag::VISIBLE_STRING
                | tag::UNIVERSAL_STRING
                | tag::BMP_STRING
        )
        .then_some(Text { tag: value.tag, content: value.content })
    }

    /// Its characters; none where the bytes are not of the kind that the tag says. Teletex strings are read as
    /// ISO 8859-1, as they are written in practice.
    pub fn decode(&self) -> Option<Cow<'a, str>> {
        match self.tag {
            tag::UTF8_STRING => std::str::from_utf8(self.content).ok().map(Cow::Borrowed),
            tag::TELETEX_STRING if !self.content.is_ascii() => {
                Some(self.content.iter().map(|byte| char::from(*byte)).collect::<String>().into())
            }
            tag::BMP_STRING => {
                let (pairs, []) = self.content.as_chunks::<2>() else { return None };
                char::decode_utf16(pairs.iter().map(|pair| u16::from_be_bytes(*pair)))
                    .collect::<Result<String, _>>()
                    .ok()
                    .map(Cow::Owned)
            }
            tag::UNIVERSAL_STRING => {
                let (fours, []) = self.content.as_chunks::<4>() else { return None };
                let text: Option<String> =
                    fours.iter().map(|four| char::from_u32(u32::from_be_bytes(*four))).collect();
                text.map(Cow::Owned)
            }
            _ if self.content.is_ascii() => {
                std::str::from_utf8(self.content).ok().map(Cow::Borrowed)
            }
            _ => None,
        }
    }
}

impl From<DerError> for Fault {
    fn from(error: DerError) -> Fault {
        error.fault
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_shown_as_dotted_numbers() {
        assert_eq!(Oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d]).to_string(), "1.2.840.113549");
        assert_eq!(Oid(&[0x88, 0x37, 3]).to_string(), "2.999.3");
        assert_eq!(Oid(&[0x55, 4, 3]).to_string(), "2.5.4.3");
        let long: Vec<u8> = std::iter::once(0x55).chain([0xff; 20]).chain([0x7f, 1]).collect();
        assert_eq!(Oid(&long).to_string(), "2.5.….1");
        assert!(!Oid::is_well_formed(&[0x55, 0x80, 1]));
        assert!(!Oid::is_well_formed(&[0x55, 0x81]));
    }

    #[test]
    fn integers_know_their_size() {
        assert_eq!(Integer(&[0, 0, 5]).minimal(), [5]);
        assert_eq!(Integer(&[0, 0x85]).minimal(), [0, 0x85]);
        assert_eq!(Integer(&[0xff, 0x85]).minimal(), [0x85]);
        assert!(Integer(&[0]).unsigned().is_empty());
        assert_eq!(Integer(&[1, 0]).small(), Some(256));
        assert_eq!(Integer(&[0x80]).small(), None);
        assert_eq!(Integer(&[1; 9]).small(), None);
    }

    #[test]
    fn bits_count_from_the_left() {
        let bits = BitString { unused: 1, bytes: &[0b0000_0110] };
        assert!(bits.bit(5) && bits.bit(6) && !bits.bit(7) && !bits.bit(700));
        assert_eq!(bits.whole_bytes(), None);
    }

    #[test]
    fn strings_are_read_by_their_kind() {
        let decode = |tag, content| Text { tag, content }.decode().map(Cow::into_owned);
        assert_eq!(decode(tag::BMP_STRING, &[0, 0x41, 0x20, 0xac]), Some("A€".into()));
        assert_eq!(decode(tag::BMP_STRING, &[0]), None);
        assert_eq!(decode(tag::UNIVERSAL_STRING, &[0, 0, 0, 0x41]), Some("A".into()));
        assert_eq!(decode(tag::TELETEX_STRING, &[0xe9]), Some("é".into()));
        assert_eq!(decode(tag::PRINTABLE_STRING, &[0xe9]), None);
        assert_eq!(decode(tag::UTF8_STRING, &[0xff]), None);
    }
}
