//! Taking things out of what has arrived.

use super::{
    Buffer, DataError, Endian, UnknownCharset,
    amf::{Decoder, Externalizables, Graph, Limits, ObjectEncoding},
};

/// Takes numbers, text and objects out of what has arrived.
///
/// Each read takes all of its bytes, or fails and takes none: when it fails with [`DataError::EndOfInput`], it may be tried
/// again once more has arrived; otherwise the bytes are still there to be read as something else.
///
/// ```
/// use ravelin_net::data::{DataError, Reader};
///
/// let mut reader = Reader::default();
/// reader.push(&[0, 0, 1]);
/// assert!(matches!(reader.read_i32(), Err(DataError::EndOfInput { needed: 4, available: 3 })));
/// reader.push(&[2]);
/// assert_eq!(reader.read_i32()?, 258);
/// # Ok::<(), DataError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Reader {
    input: Buffer,
    /// The order of the bytes of numbers, and of the length of [`read_utf`](Reader::read_utf).
    pub endian: Endian,
    /// The version of the format of objects.
    pub object_encoding: ObjectEncoding,
    /// What an object may cost.
    pub limits: Limits,
    /// Classes that read themselves.
    pub externalizables: Externalizables,
    /// What to do with a name that no character set has.
    pub unknown_charset: UnknownCharset,
    /// Has read some of the object at the beginning.
    decoder: Option<Decoder>,
}

impl Reader {
    /// Adds what has arrived.
    pub fn push(&mut self, bytes: &[u8]) {
        self.input.push(bytes);
    }

    /// What has arrived and was not read yet.
    pub fn as_slice(&self) -> &[u8] {
        self.input.as_slice()
    }

    /// How many bytes can be read.
    pub fn available(&self) -> usize {
        self.input.len()
    }

    /// One byte: true unless zero.
    ///
    /// # Errors
    /// [`DataError::EndOfInput`].
    pub fn read_bool(&mut self) -> Result<bool, DataError> {
        Ok(self.read_u8()? != 0)
    }

    /// One byte, signed.
    ///
    /// # Errors
    /// [`DataError::EndOfInput`].
    pub fn read_i8(&mut self) -> Result<i8, DataError> {
        Ok(self.read_u8()?.cast_signed())
    }

    /// One byte.
    ///
    /// # Errors
    /// [`DataError::EndOfInput`].
    pub fn read_u8(&mut self) -> Result<u8, DataError> {
        self.number(u8::from_be_bytes)
    }

    /// Two bytes, signed.
    ///
    /// # Errors
    /// [`DataError::EndOfInput`].
    pub fn read_i16(&mut self) -> Result<i16, DataError> {
        self.number(i16::from_be_bytes)
    }

    /// Two bytes.
    ///
    /// # Errors
    /// [`DataError::EndOfInput`].
    pub fn read_u16(&mut self) -> Result<u16, DataError> {
        self.number(u16::from_be_bytes)
    }

    /// Four bytes, signed.
    ///
    /// # Errors
    /// [`DataError::EndOfInput`].
    pub fn read_i32(&mut self) -> Result<i32, DataError> {
        self.number(i32::from_be_bytes)
    }

    /// Four bytes.
    ///
    /// # Errors
    /// [`DataError::EndOfInput`].
    pub fn read_u32(&mut self) -> Result<u32, DataError> {
        self.number(u32::from_be_bytes)
    }

    /// Four bytes, a number of single precision (IEEE 754).
    ///
    /// # Errors
    /// [`DataError::EndOfInput`].
    pub fn read_f32(&mut self) -> Result<f32, DataError> {
        self.number(f32::from_be_bytes)
    }

    /// Eight bytes, a number of double precision (IEEE 754).
    ///
    /// # Errors
    /// [`DataError::EndOfInput`].
    pub fn read_f64(&mut self) -> Result<f64, DataError> {
        self.number(f64::from_be_bytes)
    }

    /// So many bytes, or all that are there if `length` is zero, even if that is none.
    ///
    /// # Errors
    /// [`DataError::EndOfInput`].
    pub fn read_bytes(&mut self, length: usize) -> Result<Vec<u8>, DataError> {
        let length = if length == 0 { self.available() } else { length };
        let bytes = self.peek(length)?.to_vec();
        self.consume(length);
        Ok(bytes)
    }

    /// Reads into `target`, from `offset` on: over what is there, and growing it as needed, with zeros in front of `offset`.
    /// As many bytes as [`read_bytes`](Reader::read_bytes) would; returns their number.
    ///
    /// ```
    /// use ravelin_net::data::Reader;
    ///
    /// let mut reader = Reader::default();
    /// reader.push(b"xyz");
    /// let mut target = b"abc".to_vec();
    /// assert_eq!(reader.read_bytes_into(&mut target, 1, 0)?, 3);
    /// assert_eq!(target, b"axyz");
    /// # Ok::<(), ravelin_net::data::DataError>(())
    /// ```
    ///
    /// # Errors
    /// [`DataError::EndOfInput`].
    pub fn read_bytes_into(
        &mut self,
        target: &mut Vec<u8>,
        offset: usize,
        length: usize,
    ) -> Result<usize, DataError> {
        let length = if length == 0 { self.available() } else { length };
        let bytes = self.peek(length)?;
        if length > 0 {
            let end = offset.saturating_add(length);
            if target.len() < end {
                target.resize(end, 0);
            }
            target[offset..end].copy_from_slice(bytes);
        }
        self.consume(length);
        Ok(length)
    }

    /// UTF-8 behind its length in bytes, a number of two bytes.
    ///
    /// # Errors
    /// [`DataError::EndOfInput`]; [`DataError::Utf8`].
    pub fn read_utf(&mut self) -> Result<String, DataError> {
        let length = usize::from(ordered(self.endian, u16::from_be_bytes, self.peek(2)?));
        let text = utf8(&self.peek(2 + length)?[2..])?;
        self.consume(2 + length);
        Ok(text)
    }

    /// So many bytes of UTF-8. A byte order mark is text like any other.
    ///
    /// # Errors
    /// [`DataError::EndOfInput`]; [`DataError::Utf8`]: to have what is not UTF-8 replaced, use
    /// [`read_multi_byte`](Reader::read_multi_byte) with `utf-8`.
    pub fn read_utf_bytes(&mut self, length: usize) -> Result<String, DataError> {
        let text = utf8(self.peek(length)?)?;
        self.consume(length);
        Ok(text)
    }

    /// So many bytes of text in the character set of this name. What does not belong to it becomes U+FFFD.
    ///
    /// ```
    /// use ravelin_net::data::Reader;
    ///
    /// let mut reader = Reader::default();
    /// reader.push(b"\x93\xfa\x96\x7b");
    /// assert_eq!(reader.read_multi_byte(4, "shift_jis")?, "日本");
    /// # Ok::<(), ravelin_net::data::DataError>(())
    /// ```
    ///
    /// # Errors
    /// [`DataError::EndOfInput`]; [`DataError::UnknownCharset`] if [`unknown_charset`](Reader::unknown_charset) says so.
    pub fn read_multi_byte(&mut self, length: usize, charset: &str) -> Result<String, DataError> {
        let charset = self.unknown_charset.resolve(charset)?;
        let text = charset.decode(self.peek(length)?);
        self.consume(length);
        Ok(text)
    }

    /// An object, in the version of [`object_encoding`](Reader::object_encoding). Each is by itself: references never lead
    /// to an object that was read before.
    ///
    /// # Errors
    /// [`DataError::EndOfInput`], which tells how many bytes the object has at least; [`DataError::Object`].
    pub fn read_object(&mut self) -> Result<Graph, DataError> {
        let encoding = self.object_encoding;
        let decoder = self.decoder.take().filter(|decoder| decoder.encoding() == encoding);
        let mut decoder = decoder.unwrap_or_else(|| Decoder::new(encoding));
        let bytes = self.input.as_slice();
        match decoder.decode(bytes, &self.limits, &self.externalizables) {
            Ok((graph, length)) => {
                self.consume(length);
                Ok(graph)
            }
            Err(error) => {
                // It goes on where it is, however little comes each time.
                self.decoder = Some(decoder);
                Err(error.into())
            }
        }
    }

    fn number<T, const N: usize>(&mut self, number: fn([u8; N]) -> T) -> Result<T, DataError> {
        let value = ordered(self.endian, number, self.peek(N)?);
        self.consume(N);
        Ok(value)
    }

    fn peek(&self, count: usize) -> Result<&[u8], DataError> {
        let bytes = self.input.as_slice();
        bytes.get(..count).ok_or(DataError::EndOfInput { needed: count, available: bytes.len() })
    }

    fn consume(&mut self, count: usize) {
        self.input.consume(count);
        self.decoder = None;
    }
}

/// The number that the first bytes are; `number` takes the most significant byte first.
fn ordered<T, const N: usize>(endian: Endian, number: fn([u8; N]) -> T, bytes: &[u8]) -> T {
    let mut array = [0; N];
    array.copy_from_slice(&bytes[..N]);
    if endian == Endian::Little {
        array.reverse();
    }
    number(array)
}

fn utf8(bytes: &[u8]) -> Result<String, DataError> {
    let text = std::str::from_utf8(bytes);
    text.map(str::to_owned).map_err(|error| DataError::Utf8(error.valid_up_to()))
}

#[cfg(test)]
mod tests;
