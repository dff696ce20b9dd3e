//! Putting things into what is to be sent.

use super::{
    Buffer, DataError, Endian, UnknownCharset,
    amf::{self, Graph, ObjectEncoding},
};

/// Puts numbers, text and objects into what is to be sent. When a write fails, nothing of it was written.
///
/// ```
/// use ravelin_net::data::{Endian, Writer};
///
/// let mut writer = Writer::default();
/// writer.write_short(-2);
/// writer.endian = Endian::Little;
/// writer.write_u32(1);
/// assert_eq!(writer.output.as_slice(), [0xff, 0xfe, 1, 0, 0, 0]);
/// assert_eq!(writer.pending(), 6);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Writer {
    /// What is to be sent.
    pub output: Buffer,
    /// The order of the bytes of numbers, and of the length of [`write_utf`](Writer::write_utf).
    pub endian: Endian,
    /// The version of the format of objects.
    pub object_encoding: ObjectEncoding,
    /// What to do with a name that no character set has.
    pub unknown_charset: UnknownCharset,
}

impl Writer {
    /// How many bytes wait to be sent.
    pub fn pending(&self) -> usize {
        self.output.len()
    }

    /// One byte: one if true, zero if not.
    pub fn write_bool(&mut self, value: bool) {
        self.number([value.into()]);
    }

    /// One byte: the low eight bits of a number.
    pub fn write_byte(&mut self, value: i32) {
        self.number([value.to_be_bytes()[3]]);
    }

    /// Two bytes: the low sixteen bits of a number.
    pub fn write_short(&mut self, value: i32) {
        let [_, _, high, low] = value.to_be_bytes();
        self.number([high, low]);
    }

    /// One byte, signed.
    pub fn write_i8(&mut self, value: i8) {
        self.number(value.to_be_bytes());
    }

    /// One byte.
    pub fn write_u8(&mut self, value: u8) {
        self.number(value.to_be_bytes());
    }

    /// Two bytes, signed.
    pub fn write_i16(&mut self, value: i16) {
        self.number(value.to_be_bytes());
    }

    /// Two bytes.
    pub fn write_u16(&mut self, value: u16) {
        self.number(value.to_be_bytes());
    }

    /// Four bytes, signed.
    pub fn write_i32(&mut self, value: i32) {
        self.number(value.to_be_bytes());
    }

    /// Four bytes.
    pub fn write_u32(&mut self, value: u32) {
        self.number(value.to_be_bytes());
    }

    /// Four bytes, a number of single precision (IEEE 754).
    pub fn write_f32(&mut self, value: f32) {
        self.number(value.to_be_bytes());
    }

    /// Eight bytes, a number of double precision (IEEE 754).
    pub fn write_f64(&mut self, value: f64) {
        self.number(value.to_be_bytes());
    }

    /// Bytes as they are.
    pub fn write_bytes(&mut self, bytes: &[u8]) {
        self.output.push(bytes);
    }

    /// So many of the bytes from `offset` on; all of them if `length` is zero.
    ///
    /// # Errors
    /// [`DataError::Range`].
    pub fn write_bytes_from(
        &mut self,
        bytes: &[u8],
        offset: usize,
        length: usize,
    ) -> Result<(), DataError> {
        let end = if length == 0 { bytes.len().max(offset) } else { offset.saturating_add(length) };
        let part = bytes.get(offset..end);
        self.output.push(part.ok_or(DataError::Range { offset, end, length: bytes.len() })?);
        Ok(())
    }

    /// UTF-8 behind its length in bytes, a number of two bytes.
    ///
    /// # Errors
    /// [`DataError::TooLong`]: more than 65,535 bytes.
    pub fn write_utf(&mut self, text: &str) -> Result<(), DataError> {
        self.write_u16(u16::try_from(text.len()).map_err(|_| DataError::TooLong(text.len()))?);
        self.write_utf_bytes(text);
        Ok(())
    }

    /// UTF-8 without its length.
    pub fn write_utf_bytes(&mut self, text: &str) {
        self.output.push(text.as_bytes());
    }

    /// Text in the character set of this name, without its length. Characters that the set does not have become `?`.
    ///
    /// # Errors
    /// [`DataError::UnknownCharset`] if [`unknown_charset`](Writer::unknown_charset) says so.
    pub fn write_multi_byte(&mut self, text: &str, charset: &str) -> Result<(), DataError> {
        let charset = self.unknown_charset.resolve(charset)?;
        self.output.push(&charset.encode(text));
        Ok(())
    }

    /// An object, in the version of [`object_encoding`](Writer::object_encoding). Each is by itself: references never lead
    /// to an object that was written before.
    ///
    /// # Errors
    /// [`DataError::Encode`].
    pub fn write_object(&mut self, graph: &Graph) -> Result<(), DataError> {
        amf::encode(graph, self.object_encoding, self.output.tail())?;
        Ok(())
    }

    /// `bytes` has the most significant one first.
    fn number<const N: usize>(&mut self, mut bytes: [u8; N]) {
        if self.endian == Endian::Little {
            bytes.reverse();
        }
        self.output.push(&bytes);
    }
}
