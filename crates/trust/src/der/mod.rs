//! Reading DER (X.690) without copying.
//!
//! [`Reader`] takes what real certificates contain: lengths and integers in more bytes than needed, booleans that are
//! neither 0 nor 255. What it takes beyond DER is told by [`first_deviation`], because that is a finding and no reason to
//! be unable to say anything else. What has no one meaning is refused: indefinite lengths, tags in several bytes, values
//! that are longer than what holds them.

mod strict;
mod value;

pub use strict::{Deviation, first_deviation};
pub use value::{BitString, Integer, Oid, Text, encode_oid};

/// Tags that X.509 uses (X.690, section 8; X.680, table 1).
pub mod tag {
    #![allow(missing_docs, reason = "the names are the standard's")]
    pub const BOOLEAN: u8 = 0x01;
    pub const INTEGER: u8 = 0x02;
    pub const BIT_STRING: u8 = 0x03;
    pub const OCTET_STRING: u8 = 0x04;
    pub const NULL: u8 = 0x05;
    pub const OID: u8 = 0x06;
    pub const ENUMERATED: u8 = 0x0a;
    pub const UTF8_STRING: u8 = 0x0c;
    pub const NUMERIC_STRING: u8 = 0x12;
    pub const PRINTABLE_STRING: u8 = 0x13;
    pub const TELETEX_STRING: u8 = 0x14;
    pub const IA5_STRING: u8 = 0x16;
    pub const UTC_TIME: u8 = 0x17;
    pub const GENERALIZED_TIME: u8 = 0x18;
    pub const VISIBLE_STRING: u8 = 0x1a;
    pub const UNIVERSAL_STRING: u8 = 0x1c;
    pub const BMP_STRING: u8 = 0x1e;
    pub const SEQUENCE: u8 = 0x30;
    pub const SET: u8 = 0x31;

    /// `[number]` with primitive content.
    pub const fn context(number: u8) -> u8 {
        0x80 | number
    }

    /// `[number]` with other values inside.
    pub const fn constructed(number: u8) -> u8 {
        0xa0 | number
    }
}

/// Where and why bytes are not the value that was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{fault} at byte {offset}")]
pub struct DerError {
    /// From the start of the outermost value.
    pub offset: usize,
    /// What is wrong.
    pub fault: Fault,
}

/// What is wrong with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The bytes end within a value.
    #[error("the data end within a value")]
    Truncated,
    /// Another value was expected.
    #[error("tag 0x{found:02x} where 0x{expected:02x} was expected")]
    Tag {
        /// The tag that should stand here.
        expected: u8,
        /// The tag that stands here.
        found: u8,
    },
    /// Nothing is left where a value was expected.
    #[error("a value is missing")]
    Missing,
    /// Tags of more than one byte have no use in X.509.
    #[error("a tag of several bytes")]
    LongTag,
    /// BER's indefinite length (X.690, section 8.1.3.6).
    #[error("an indefinite length")]
    IndefiniteLength,
    /// A length of more than four bytes.
    #[error("a length of more than four bytes")]
    LongLength,
    /// Bytes follow the last value.
    #[error("unexpected data behind the last value")]
    Trailing,
    /// The content does not fit the type.
    #[error("{0}")]
    Value(&'static str),
}

/// One value: its tag, what it contains, and where that stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Value<'a> {
    /// Its tag.
    pub tag: u8,
    /// What it contains.
    pub content: &'a [u8],
    /// The value with its tag and length.
    pub whole: &'a [u8],
    /// Where `content` begins, from the start of the outermost value.
    pub offset: usize,
}

impl<'a> Value<'a> {
    /// Reads the values inside.
    pub fn reader(&self) -> Reader<'a> {
        Reader { rest: self.content, offset: self.offset }
    }

    pub(crate) fn fault(&self, what: &'static str) -> DerError {
        DerError { offset: self.offset, fault: Fault::Value(what) }
    }
}

/// Reads one value after the other.
///
/// ```
/// use ravelin_trust::der::{Reader, tag};
///
/// let mut reader = Reader::new(&[0x30, 3, 2, 1, 5]);
/// let sequence = reader.read(tag::SEQUENCE)?;
/// assert_eq!(sequence.reader().read(tag::INTEGER)?.content, [5]);
/// assert!(reader.is_empty());
/// # Ok::<(), ravelin_trust::der::DerError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    /// Reads from the start of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { rest: bytes, offset: 0 }
    }

    /// Reads bytes that stand at `offset` of something larger: errors count from there.
    pub fn at(bytes: &'a [u8], offset: usize) -> Reader<'a> {
        Reader { rest: bytes, offset }
    }

    /// Whether all is read.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// What is not read yet.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Where the next value stands.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// The tag of the next value.
    pub fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// The next value, whatever it is.
    ///
    /// # Errors
    /// When there is none, or it is longer than what holds it.
    #[inline]
    pub fn any(&mut self) -> Result<Value<'a>, DerError> {
        let (tag, header, length) = header(self.rest).map_err(|fault| self.fault(fault))?;
        let end = header + length;
        let Some((whole, rest)) = self.rest.split_at_checked(end) else {
            return Err(self.fault(Fault::Truncated));
        };
        let value = Value { tag, content: &whole[header..], whole, offset: self.offset + header };
        self.rest = rest;
        self.offset += end;
        Ok(value)
    }

    /// The next value, which must have this tag.
    ///
    /// # Errors
    /// When there is none, or another.
    #[inline]
    pub fn read(&mut self, tag: u8) -> Result<Value<'a>, DerError> {
        match self.peek() {
            Some(found) if found == tag => self.any(),
            Some(found) => Err(self.fault(Fault::Tag { expected: tag, found })),
            None => Err(self.fault(Fault::Missing)),
        }
    }

    /// The next value if it has this tag.
    ///
    /// # Errors
    /// When it is longer than what holds it.
    #[inline]
    pub fn optional(&mut self, tag: u8) -> Result<Option<Value<'a>>, DerError> {
        if self.peek() == Some(tag) { self.any().map(Some) } else { Ok(None) }
    }

    /// A sequence's content.
    ///
    /// # Errors
    /// When the next value is no sequence.
    pub fn sequence(&mut self) -> Result<Reader<'a>, DerError> {
        self.read(tag::SEQUENCE).map(|value| value.reader())
    }

    /// A boolean that defaults to false. DER writes true as 255; other values than 0 count as true (X.690, 8.2.2).
    ///
    /// # Errors
    /// When a boolean stands here that is not one byte long.
    pub fn default_false(&mut self) -> Result<bool, DerError> {
        let Some(value) = self.optional(tag::BOOLEAN)? else { return Ok(false) };
        match *value.content {
            [byte] => Ok(byte != 0),
            _ => Err(value.fault("a boolean that is not one byte long")),
        }
    }

    /// An object identifier.
    ///
    /// # Errors
    /// When the next value is none.
    pub fn oid(&mut self) -> Result<Oid<'a>, DerError> {
        let value = self.read(tag::OID)?;
        if value.content.is_empty() || value.content.last().is_some_and(|last| last & 0x80 != 0) {
            return Err(value.fault("an object identifier that ends within a number"));
        }
        Ok(Oid(value.content))
    }

    /// An integer.
    ///
    /// # Errors
    /// When the next value is none.
    pub fn integer(&mut self) -> Result<Integer<'a>, DerError> {
        Integer::of(self.read(tag::INTEGER)?)
    }

    /// A bit string.
    ///
    /// # Errors
    /// When the next value is none, or says that more bits are unused than it has.
    pub fn bit_string(&mut self) -> Result<BitString<'a>, DerError> {
        BitString::of(self.read(tag::BIT_STRING)?)
    }

    /// Says that nothing may follow.
    ///
    /// # Errors
    /// When something does.
    pub fn end(&self) -> Result<(), DerError> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.fault(Fault::Trailing)) }
    }

    pub(crate) fn fault(&self, fault: Fault) -> DerError {
        DerError { offset: self.offset, fault }
    }
}

/// Tag, bytes of tag and length, and length of what follows.
#[inline]
fn header(bytes: &[u8]) -> Result<(u8, usize, usize), Fault> {
    let (&tag, rest) = bytes.split_first().ok_or(Fault::Missing)?;
    if tag & 0x1f == 0x1f {
        return Err(Fault::LongTag);
    }
    let &first = rest.first().ok_or(Fault::Truncated)?;
    if first < 0x80 {
        return Ok((tag, 2, usize::from(first)));
    }
    let count = usize::from(first & 0x7f);
    if count == 0 {
        return Err(Fault::IndefiniteLength);
    }
    let digits = rest.get(1..=count).ok_or(Fault::Truncated)?;
    // Zeros in front change nothing.
    let digits = &digits[digits.iter().take_while(|digit| **digit == 0).count()..];
    if digits.len() > 4 {
        return Err(Fault::LongLength);
    }
    let length = digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit));
    Ok((tag, 2 + count, length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lengths_are_read_in_every_form() {
        let value = |bytes| Reader::new(bytes).any().map(|value| value.content.len());
        assert_eq!(value(&[4, 1, 0]), Ok(1));
        assert_eq!(value(&[4, 0x81, 1, 0]), Ok(1));
        assert_eq!(value(&[4, 0x82, 0, 1, 0]), Ok(1));
        assert_eq!(value(&[4, 0x85, 0, 0, 0, 0, 1, 0]), Ok(1));
        let fault = |bytes| Reader::new(bytes).any().unwrap_err().fault;
        assert_eq!(fault(&[4]), Fault::Truncated);
        assert_eq!(fault(&[4, 2, 0]), Fault::Truncated);
        assert_eq!(fault(&[4, 0x80, 0, 0]), Fault::IndefiniteLength);
        assert_eq!(fault(&[4, 0x85, 1, 0, 0, 0, 0]), Fault::LongLength);
        assert_eq!(fault(&[4, 0x84, 0xff, 0xff, 0xff, 0xff]), Fault::Truncated);
        assert_eq!(fault(&[0x1f, 0x81, 1, 0]), Fault::LongTag);
        assert_eq!(fault(&[]), Fault::Missing);
    }

    #[test]
    fn errors_say_where() {
        let mut reader = Reader::new(&[0x30, 5, 2, 1, 1, 4, 0]);
        let mut inner = reader.sequence().unwrap();
        inner.integer().unwrap();
        assert_eq!(
            inner.read(tag::INTEGER).unwrap_err().to_string(),
            "tag 0x04 where 0x02 was expected at byte 5"
        );
        assert!(reader.end().is_ok());
        assert_eq!(inner.end().unwrap_err().fault, Fault::Trailing);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let mut reader = Reader::new(&bytes);
            while let Ok(value) = reader.any() {
                prop_assert!(value.whole.ends_with(value.content));
                prop_assert_eq!(&bytes[value.offset..value.offset + value.content.len()], value.content);
            }
            let _ = first_deviation(&bytes);
        }
    }
}
