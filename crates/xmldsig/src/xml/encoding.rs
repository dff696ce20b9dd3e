//! The encodings a document may be in, and how to see which (XML 1.0, section 4.3.3 and appendix F).

use super::error::XmlFault;

/// An encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Utf8,
    Ascii,
    Latin1,
    Utf16 { big_endian: bool },
}

/// The declaration must end within so many bytes for its encoding to be seen.
const DECLARATION: usize = 512;

impl Encoding {
    /// The encoding that the first bytes show, and the length of the byte order mark.
    pub(super) fn detect(start: &[u8]) -> Result<(Encoding, usize), XmlFault> {
        let detected = match start {
            [0xef, 0xbb, 0xbf, ..] => (Encoding::Utf8, 3),
            [0xff, 0xfe, 0, 0, ..]
            | [0, 0, 0xfe, 0xff, ..]
            | [0, 0, 0, b'<', ..]
            | [b'<', 0, 0, 0, ..] => {
                return Err(XmlFault::UnsupportedEncoding("UTF-32".into()));
            }
            [0xfe, 0xff, ..] => (Encoding::Utf16 { big_endian: true }, 2),
            [0xff, 0xfe, ..] => (Encoding::Utf16 { big_endian: false }, 2),
            [0, b'<', ..] => (Encoding::Utf16 { big_endian: true }, 0),
            [b'<', 0, ..] => (Encoding::Utf16 { big_endian: false }, 0),
            _ => match declared(start) {
                Some(name) => match Encoding::of(&name) {
                    Some(Encoding::Utf16 { .. }) => {
                        return Err(XmlFault::EncodingMismatch {
                            declared: name,
                            used: "an encoding of single bytes",
                        });
                    }
                    Some(encoding) => (encoding, 0),
                    None => return Err(XmlFault::UnsupportedEncoding(name)),
                },
                None => (Encoding::Utf8, 0),
            },
        };
        Ok(detected)
    }

    /// The encoding of this name, which is matched without regard to case.
    fn of(name: &str) -> Option<Encoding> {
        let is = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
        if is(&["UTF-8", "UTF8"]) {
            Some(Encoding::Utf8)
        } else if is(&["US-ASCII", "ASCII", "ANSI_X3.4-1968", "ISO646-US"]) {
            Some(Encoding::Ascii)
        } else if is(&["ISO-8859-1", "ISO_8859-1", "ISO8859-1", "Latin1"]) {
            Some(Encoding::Latin1)
        } else if is(&["UTF-16", "UTF-16BE", "UTF-16LE", "ISO-10646-UCS-2"]) {
            Some(Encoding::Utf16 { big_endian: !name.to_ascii_uppercase().ends_with("LE") })
        } else {
            None
        }
    }

    /// Whether a document in this encoding may declare that name.
    pub(super) fn fits(self, name: &str) -> bool {
        match (self, Encoding::of(name)) {
            (Encoding::Utf16 { big_endian }, Some(Encoding::Utf16 { big_endian: declared })) => {
                let upper = name.to_ascii_uppercase();
                !(upper.ends_with("LE") || upper.ends_with("BE")) || big_endian == declared
            }
            (used, Some(declared)) => used == declared,
            (_, None) => false,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Encoding::Utf8 => "UTF-8",
            Encoding::Ascii => "US-ASCII",
            Encoding::Latin1 => "ISO-8859-1",
            Encoding::Utf16 { .. } => "UTF-16",
        }
    }

    pub(super) fn is_utf_16(self) -> bool {
        matches!(self, Encoding::Utf16 { .. })
    }

    /// Bytes of a character of the first 128.
    pub(crate) fn unit(self) -> u64 {
        if matches!(self, Encoding::Utf16 { .. }) { 2 } else { 1 }
    }

    /// Bytes that `text`, which is UTF-8, has in this encoding.
    pub(super) fn length_of(self, text: &[u8]) -> u64 {
        let chars = || text.iter().filter(|byte| **byte & 0xc0 != 0x80).count();
        match self {
            Encoding::Utf8 | Encoding::Ascii => text.len() as u64,
            Encoding::Latin1 => chars() as u64,
            Encoding::Utf16 { .. } => {
                2 * (chars() + text.iter().filter(|byte| **byte >= 0xf0).count()) as u64
            }
        }
    }

    pub(super) fn put_back_return(self, undecoded: &mut Vec<u8>) {
        let bytes: &[u8] = match self {
            Encoding::Utf16 { big_endian: true } => b"\0\r",
            Encoding::Utf16 { big_endian: false } => b"\r\0",
            _ => b"\r",
        };
        undecoded.splice(0..0, bytes.iter().copied());
    }

    /// Moves what `from` holds of whole characters to the end of `into`, as UTF-8 (which is not checked if it was UTF-8
    /// before). `last`: nothing comes after it.
    pub(super) fn decode(
        self,
        from: &mut Vec<u8>,
        into: &mut Vec<u8>,
        last: bool,
    ) -> Result<(), XmlFault> {
        let fault = XmlFault::Encoding(self.name());
        match self {
            Encoding::Utf8 => {
                let whole = if last { from.len() } else { from.len() - partial(from) };
                into.extend(from.drain(..whole));
            }
            Encoding::Ascii => {
                let whole = from.iter().position(|byte| *byte >= 0x80).unwrap_or(from.len());
                let all = whole == from.len();
                into.extend(from.drain(..whole));
                return if all { Ok(()) } else { Err(fault) };
            }
            Encoding::Latin1 => {
                for byte in from.drain(..) {
                    push(char::from(byte), into);
                }
            }
            Encoding::Utf16 { big_endian } => {
                let unit = |pair: &[u8]| {
                    let pair = [pair[0], pair[1]];
                    if big_endian { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }
                };
                let mut whole = from.len() & !1;
                let high_at_end = whole >= 2 && matches!(unit(&from[whole - 2..]), 0xd800..=0xdbff);
                if !last && high_at_end {
                    whole -= 2;
                }
                for decoded in char::decode_utf16(from[..whole].chunks_exact(2).map(unit)) {
                    push(decoded.map_err(|_| XmlFault::Encoding(self.name()))?, into);
                }
                from.drain(..whole);
                if last && !from.is_empty() {
                    return Err(fault);
                }
            }
        }
        Ok(())
    }
}

fn push(c: char, into: &mut Vec<u8>) {
    into.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}

/// How many bytes at the end are the beginning of a character that is not whole.
fn partial(bytes: &[u8]) -> usize {
    for back in 1..=3.min(bytes.len()) {
        let length = match bytes[bytes.len() - back] {
            0x80..=0xbf => continue,
            0xc0..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf7 => 4,
            _ => 1,
        };
        return if length > back { back } else { 0 };
    }
    0
}

/// The name in an XML declaration that is readable as ASCII. Whether the declaration is right is seen later.
fn declared(start: &[u8]) -> Option<String> {
    let start = &start[..start.len().min(DECLARATION)];
    let inner = start.strip_prefix(b"<?xml")?;
    let inner = &inner[..memchr::memmem::find(inner, b"?>")?];
    let after = &inner[memchr::memmem::find(inner, b"encoding")? + b"encoding".len()..];
    let after = after.trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let quote = *after.first().filter(|quote| matches!(quote, b'"' | b'\''))?;
    let name = &after[1..];
    let name = &name[..memchr::memchr(quote, name)?];
    Some(String::from_utf8_lossy(name).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_show_the_encoding() {
        let detect = |bytes: &[u8]| Encoding::detect(bytes).map_err(|fault| fault.to_string());
        assert_eq!(detect(b"\xef\xbb\xbf<a/>"), Ok((Encoding::Utf8, 3)));
        assert_eq!(detect(b"<a/>"), Ok((Encoding::Utf8, 0)));
        assert_eq!(detect(b""), Ok((Encoding::Utf8, 0)));
        assert_eq!(detect(b"\xff\xfe<\0"), Ok((Encoding::Utf16 { big_endian: false }, 2)));
        assert_eq!(detect(b"\0<\0a"), Ok((Encoding::Utf16 { big_endian: true }, 0)));
        assert_eq!(
            detect(b"<?xml version='1.0' encoding = 'iso-8859-1'?>"),
            Ok((Encoding::Latin1, 0))
        );
        assert!(detect(b"<?xml version='1.0' encoding='UTF-16'?>").unwrap_err().contains("UTF-16"));
        assert!(detect(b"<?xml version='1.0' encoding='EBCDIC'?>").unwrap_err().contains("EBCDIC"));
        assert!(detect(b"\0\0\xfe\xff").unwrap_err().contains("UTF-32"));
    }

    #[test]
    fn latin_1_and_ascii_are_read() {
        let mut into = vec![];
        Encoding::Latin1.decode(&mut vec![b'a', 0xe9, 0xff], &mut into, false).unwrap();
        assert_eq!(into, "aéÿ".as_bytes());
        assert!(Encoding::Ascii.decode(&mut vec![b'a', 0xe9], &mut into, false).is_err());
    }

    #[test]
    fn half_a_character_waits() {
        for text in ["é", "\u{20ac}", "\u{1f600}"] {
            for cut in 1..text.len() {
                let mut from = [b"x", &text.as_bytes()[..cut]].concat();
                let mut into = vec![];
                Encoding::Utf8.decode(&mut from, &mut into, false).unwrap();
                assert_eq!((into.as_slice(), from.len()), (&b"x"[..], cut));
            }
        }
    }
}
