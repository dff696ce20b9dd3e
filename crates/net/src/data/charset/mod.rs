//! Text in character sets other than UTF-8.

mod cp437;
mod unicode;
mod utf7;

use super::{DataError, Endian};
use encoding_rs::{Encoding, UTF_8};

/// A character set, found by any of its names.
///
/// The names and tables are those of the WHATWG's *Encoding* standard, by way of `encoding_rs`, and in addition:
///
/// - `us-ascii` and `iso-8859-1` are what they say. (For browsers, both are windows-1252.)
/// - `utf-16le`, `utf-16be`, `utf-32le`, `utf-32be` have no byte order mark: it is text. `utf-16` (`unicode`) and `utf-32`
///   obey one when they are decoded, and are little-endian without; they begin with one when they are encoded.
/// - `utf-7` (RFC 2152) and `ibm437`, the first one of DOS.
/// - `cn-gb` is `gb2312`, and `unicodeFFFE` is `utf-16be`.
///
/// Those that the standard dropped for being dangerous, `iso-2022-kr` and `hz-gb-2312` among them, are not known.
///
/// ```
/// use ravelin_net::data::Charset;
///
/// let latin1 = Charset::for_label("Latin1").unwrap();
/// assert_eq!(latin1.name(), "iso-8859-1");
/// assert_eq!(latin1.decode(b"caf\xe9 \x80"), "café \u{80}");
/// assert_eq!(latin1.encode("5 €"), b"5 ?");
/// assert_eq!(latin1.encode_exactly("5 €").unwrap_err().character, '€');
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charset(Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Ascii,
    Latin1,
    Cp437,
    Utf7,
    /// Without a byte order, it is told by a mark.
    Utf16(Option<Endian>),
    /// Without a byte order, it is told by a mark.
    Utf32(Option<Endian>),
    Standard(&'static Encoding),
}

/// A character set does not have a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{charset} does not have the character {character:?}")]
pub struct Unencodable {
    /// The first character that it does not have.
    pub character: char,
    /// The name of the character set.
    pub charset: &'static str,
}

/// What to do with a name that no character set has.
///
/// AIR takes the code page of the system instead. On all systems this runs on, that is UTF-8: so it is by default here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownCharset {
    /// Read and write text in this one instead.
    Fallback(Charset),
    /// Fail with [`DataError::UnknownCharset`].
    Reject,
}

impl Default for UnknownCharset {
    fn default() -> UnknownCharset {
        UnknownCharset::Fallback(Charset::UTF_8)
    }
}

impl UnknownCharset {
    /// The character set of this name, or what this rule says.
    ///
    /// # Errors
    /// [`DataError::UnknownCharset`].
    pub fn resolve(self, label: &str) -> Result<Charset, DataError> {
        match (Charset::for_label(label), self) {
            (Some(charset), _) | (None, UnknownCharset::Fallback(charset)) => Ok(charset),
            (None, UnknownCharset::Reject) => Err(DataError::UnknownCharset(label.to_owned())),
        }
    }
}

impl Charset {
    /// UTF-8.
    pub const UTF_8: Charset = Charset(Kind::Standard(UTF_8));

    /// The character set of this name. Upper and lower case do not matter, nor does space around it.
    pub fn for_label(label: &str) -> Option<Charset> {
        let label = label.trim_matches(|c: char| c.is_ascii_whitespace()).to_ascii_lowercase();
        let own = OWN.iter().find(|(labels, _)| labels.contains(&&*label));
        let kind = own.map(|(_, kind)| *kind).or_else(|| {
            let label = if label == "cn-gb" { "gb2312" } else { &*label };
            Encoding::for_label_no_replacement(label.as_bytes()).map(Kind::Standard)
        });
        kind.map(Charset)
    }

    /// Its name: the standard's, or the one at [`Charset`].
    pub fn name(self) -> &'static str {
        match self.0 {
            Kind::Standard(encoding) => encoding.name(),
            kind => {
                let own = OWN.iter().find(|(_, of)| *of == kind);
                own.map_or("", |(labels, _)| labels[0])
            }
        }
    }

    /// The text that bytes are. What does not belong to the character set becomes U+FFFD.
    pub fn decode(self, bytes: &[u8]) -> String {
        match self.0 {
            Kind::Ascii => {
                bytes.iter().map(|b| if b.is_ascii() { char::from(*b) } else { BAD }).collect()
            }
            Kind::Latin1 => bytes.iter().copied().map(char::from).collect(),
            Kind::Cp437 => bytes.iter().copied().map(cp437::decode).collect(),
            Kind::Utf7 => utf7::decode(bytes),
            Kind::Utf16(endian) => unicode::decode_utf16(bytes, endian),
            Kind::Utf32(endian) => unicode::decode_utf32(bytes, endian),
            Kind::Standard(encoding) => encoding.decode_without_bom_handling(bytes).0.into_owned(),
        }
    }

    /// Text as bytes. Characters that the set does not have become `?`.
    pub fn encode(self, text: &str) -> Vec<u8> {
        let Ok(bytes) = self.encode_with(text, |_| Ok(())) else { return Vec::new() };
        bytes
    }

    /// Text as bytes.
    ///
    /// # Errors
    /// When the set does not have all the characters.
    pub fn encode_exactly(self, text: &str) -> Result<Vec<u8>, Unencodable> {
        self.encode_with(text, Err)
    }

    /// Text as bytes. Each character that the set does not have becomes `?`, unless `missing` makes an error of it.
    fn encode_with(
        self,
        text: &str,
        missing: fn(Unencodable) -> Result<(), Unencodable>,
    ) -> Result<Vec<u8>, Unencodable> {
        let missing = |character| missing(Unencodable { character, charset: self.name() });
        let single = |byte: fn(char) -> Option<u8>| {
            text.chars()
                .map(|c| byte(c).map_or_else(|| missing(c).map(|()| b'?'), Ok))
                .collect::<Result<_, _>>()
        };
        match self.0 {
            Kind::Ascii => single(|c| u8::try_from(c).ok().filter(u8::is_ascii)),
            Kind::Latin1 => single(|c| u8::try_from(c).ok()),
            Kind::Cp437 => single(cp437::encode),
            Kind::Utf7 => Ok(utf7::encode(text)),
            Kind::Utf16(endian) => Ok(unicode::encode_utf16(text, endian)),
            Kind::Utf32(endian) => Ok(unicode::encode_utf32(text, endian)),
            Kind::Standard(encoding) => encode_standard(encoding, text, missing),
        }
    }
}

/// In place of what cannot be decoded.
const BAD: char = char::REPLACEMENT_CHARACTER;

/// Our own character sets, by all their names.
const OWN: &[(&[&str], Kind)] = &[
    (
        &[
            "us-ascii",
            "ascii",
            "ansi_x3.4-1968",
            "ansi_x3.4-1986",
            "iso-ir-6",
            "iso_646.irv:1991",
            "iso646-us",
            "us",
            "ibm367",
            "cp367",
            "csascii",
        ],
        Kind::Ascii,
    ),
    (
        &[
            "iso-8859-1",
            "iso8859-1",
            "iso_8859-1",
            "iso_8859-1:1987",
            "iso88591",
            "iso-ir-100",
            "latin1",
            "l1",
            "ibm819",
            "cp819",
            "csisolatin1",
        ],
        Kind::Latin1,
    ),
    (&["ibm437", "cp437", "437", "cspc8codepage437"], Kind::Cp437),
    (&["utf-7", "utf7", "unicode-1-1-utf-7", "csunicode11utf7", "x-unicode-2-0-utf-7"], Kind::Utf7),
    (&["utf-16", "utf16", "unicode", "csunicode", "ucs-2", "iso-10646-ucs-2"], Kind::Utf16(None)),
    (&["utf-16le", "utf-16-le", "unicodefeff"], Kind::Utf16(Some(Endian::Little))),
    (&["utf-16be", "utf-16-be", "unicodefffe"], Kind::Utf16(Some(Endian::Big))),
    (&["utf-32", "utf32", "ucs-4", "iso-10646-ucs-4"], Kind::Utf32(None)),
    (&["utf-32le", "utf-32-le"], Kind::Utf32(Some(Endian::Little))),
    (&["utf-32be", "utf-32-be"], Kind::Utf32(Some(Endian::Big))),
];

fn encode_standard(
    encoding: &'static Encoding,
    text: &str,
    missing: impl Fn(char) -> Result<(), Unencodable>,
) -> Result<Vec<u8>, Unencodable> {
    /// No character takes more bytes, with changes of state before and behind it.
    const ROOM: usize = 16;
    let mut encoder = encoding.new_encoder();
    let mut bytes = Vec::new();
    let mut rest = text;
    loop {
        bytes.reserve(rest.len() + ROOM);
        let (result, read) =
            encoder.encode_from_utf8_to_vec_without_replacement(rest, &mut bytes, true);
        rest = &rest[read..];
        match result {
            encoding_rs::EncoderResult::InputEmpty => return Ok(bytes),
            encoding_rs::EncoderResult::OutputFull => {}
            encoding_rs::EncoderResult::Unmappable(character) => {
                missing(character)?;
                // Through the encoder, since it may have to change its state for it.
                bytes.reserve(ROOM);
                let _ = encoder.encode_from_utf8_to_vec_without_replacement("?", &mut bytes, false);
            }
        }
    }
}

#[cfg(test)]
mod tests;
