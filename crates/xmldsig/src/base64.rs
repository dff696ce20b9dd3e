//! Base64 as XML has it (XML Schema part 2, section 3.2.16; RFC 2045 without its leniency).
//!
//! White space may stand anywhere; everything else is exact: the alphabet, the padding, the bits that are left over. So
//! no two texts that differ in more than white space are the same octets.

use base64::{Engine, engine::general_purpose::STANDARD};

/// Characters of a line that [`encode_lines`] makes (RFC 2045, section 6.8).
const LINE: usize = 76;

/// What a character stands for: its value under 64, or one of these.
const SPACE: u8 = 0x80;
const PAD: u8 = 0x81;
const FOREIGN: u8 = 0xff;

static TABLE: [u8; 256] = table();

/// Decodes base64 that comes in pieces; keeps four characters at most.
///
/// ```
/// use ravelin_xmldsig::base64::Decoder;
///
/// let (mut decoder, mut octets) = (Decoder::new(), Vec::new());
/// decoder.push(b"aGVs\n  bG", &mut octets)?;
/// decoder.push(b"8=", &mut octets)?;
/// decoder.finish()?;
/// assert_eq!(octets, b"hello");
/// # Ok::<(), ravelin_xmldsig::base64::Base64Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Decoder {
    /// Characters that came in so far.
    position: u64,
    /// The values of the characters of a quartet that is not whole yet.
    bits: u32,
    /// How many those are.
    count: u8,
    /// Padding characters that were seen.
    pads: u8,
}

/// Why a text is not base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no base64 at octet {position}: {fault}")]
pub struct Base64Error {
    /// Octets of text before the place.
    pub position: u64,
    /// What is wrong there.
    pub fault: Base64Fault,
}

/// What is wrong with a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Base64Fault {
    /// A character of another alphabet.
    #[error("the octet {0:#04x} is not in the alphabet")]
    Character(u8),
    /// `=` where none may be.
    #[error("`=` in a wrong place")]
    Padding,
    /// Something behind the padding.
    #[error("text behind the padding")]
    BehindPadding,
    /// The last character says more than the octets hold.
    #[error("bits are left over")]
    TrailingBits,
    /// The text ends within four characters.
    #[error("the text ends too early")]
    Truncated,
    /// More octets than are taken.
    #[error("more than {0} octets")]
    TooLong(usize),
}

impl Decoder {
    /// One that has seen nothing.
    pub fn new() -> Decoder {
        Decoder::default()
    }

    /// Takes the next piece of text and appends what it decodes to.
    ///
    /// # Errors
    /// At the first octet that cannot be there. The decoder is of no use afterwards.
    pub fn push(&mut self, text: &[u8], octets: &mut Vec<u8>) -> Result<(), Base64Error> {
        octets.reserve(text.len() / 4 * 3 + 3);
        let mut rest = text;
        while let [first, others @ ..] = rest {
            if self.count == 0 && self.pads == 0 {
                let taken = quartets(rest, octets);
                if taken > 0 {
                    rest = &rest[taken..];
                    self.position += taken as u64;
                    continue;
                }
            }
            self.take(*first, octets)?;
            self.position += 1;
            rest = others;
        }
        Ok(())
    }

    /// Says that the text is over.
    ///
    /// # Errors
    /// When it may not end here.
    pub fn finish(self) -> Result<(), Base64Error> {
        if self.count == 0 { Ok(()) } else { Err(self.fault(Base64Fault::Truncated)) }
    }

    fn take(&mut self, character: u8, octets: &mut Vec<u8>) -> Result<(), Base64Error> {
        match TABLE[usize::from(character)] {
            SPACE => Ok(()),
            PAD => self.pad(octets),
            FOREIGN => Err(self.fault(Base64Fault::Character(character))),
            _ if self.pads > 0 => Err(self.fault(Base64Fault::BehindPadding)),
            value => {
                self.bits = self.bits << 6 | u32::from(value);
                self.count += 1;
                if self.count == 4 {
                    octets.extend(&self.bits.to_be_bytes()[1..]);
                    (self.bits, self.count) = (0, 0);
                }
                Ok(())
            }
        }
    }

    /// A quartet is padded by one `=` behind three characters or two behind two.
    fn pad(&mut self, octets: &mut Vec<u8>) -> Result<(), Base64Error> {
        match (self.count, self.pads) {
            (0, 1..) => return Err(self.fault(Base64Fault::BehindPadding)),
            (2, _) | (3, 0) => {}
            _ => return Err(self.fault(Base64Fault::Padding)),
        }
        self.pads += 1;
        if self.count + self.pads < 4 {
            return Ok(());
        }
        let (whole, left_over) = match self.count {
            3 => (self.bits >> 2, self.bits & 0b11),
            _ => (self.bits >> 4, self.bits & 0b1111),
        };
        if left_over != 0 {
            return Err(self.fault(Base64Fault::TrailingBits));
        }
        octets.extend(&whole.to_be_bytes()[5 - usize::from(self.count)..]);
        (self.bits, self.count) = (0, 0);
        Ok(())
    }

    fn fault(&self, fault: Base64Fault) -> Base64Error {
        Base64Error { position: self.position, fault }
    }
}

/// Decodes whole quartets as long as nothing else comes; how many characters those were.
fn quartets(text: &[u8], octets: &mut Vec<u8>) -> usize {
    let mut taken = 0;
    for quartet in text.chunks_exact(4) {
        let values = [0, 1, 2, 3].map(|place: usize| TABLE[usize::from(quartet[place])]);
        let [a, b, c, d] = values;
        if (a | b | c | d) >= SPACE {
            break;
        }
        octets.extend([a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d]);
        taken += 4;
    }
    taken
}

const fn table() -> [u8; 256] {
    let mut table = [FOREIGN; 256];
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut value = 0;
    while value < 64 {
        #[expect(clippy::cast_possible_truncation, reason = "it is less than 64")]
        {
            table[alphabet[value] as usize] = value as u8;
        }
        value += 1;
    }
    // XML 1.0, section 2.3.
    table[b' ' as usize] = SPACE;
    table[b'\t' as usize] = SPACE;
    table[b'\r' as usize] = SPACE;
    table[b'\n' as usize] = SPACE;
    table[b'=' as usize] = PAD;
    table
}

/// Decodes a whole text to `limit` octets at most.
///
/// # Errors
/// When it is no base64, or longer.
pub fn decode(text: &[u8], limit: usize) -> Result<Vec<u8>, Base64Error> {
    let mut decoder = Decoder::new();
    let mut octets = Vec::new();
    // In pieces, so that a text that is too long costs no more than the limit.
    for piece in text.chunks(64 * 1024) {
        decoder.push(piece, &mut octets)?;
        if octets.len() > limit {
            return Err(decoder.fault(Base64Fault::TooLong(limit)));
        }
    }
    decoder.finish()?;
    Ok(octets)
}

/// Encodes in one line.
pub fn encode(octets: &[u8]) -> String {
    STANDARD.encode(octets)
}

/// Encodes in lines of 76 characters, with a line feed between them.
pub fn encode_lines(octets: &[u8]) -> String {
    let whole = STANDARD.encode(octets);
    let mut lines = String::with_capacity(whole.len() + whole.len() / LINE);
    let mut rest = whole.as_str();
    while rest.len() > LINE {
        let (line, behind) = rest.split_at(LINE);
        lines.push_str(line);
        lines.push('\n');
        rest = behind;
    }
    lines + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fault(text: &str) -> (u64, Base64Fault) {
        let error = decode(text.as_bytes(), 100).unwrap_err();
        (error.position, error.fault)
    }

    #[test]
    fn white_space_may_stand_anywhere() {
        for text in ["aGVsbG8=", " aGVsbG8=", "a G\tV\rs\nbG8 = ", "aGVs\r\nbG8=\n"] {
            assert_eq!(decode(text.as_bytes(), 5).unwrap(), b"hello", "{text:?}");
        }
        assert_eq!(decode(b" \n ", 0).unwrap(), b"");
    }

    #[test]
    fn everything_else_is_exact() {
        assert_eq!(fault("aGVs-bG8="), (4, Base64Fault::Character(b'-')));
        assert_eq!(fault("aGVs\u{a0}bG8="), (4, Base64Fault::Character(0xc2)));
        assert_eq!(fault("aGVs\u{b}"), (4, Base64Fault::Character(0x0b)));
        assert_eq!(fault("="), (0, Base64Fault::Padding));
        assert_eq!(fault("a=="), (1, Base64Fault::Padding));
        assert_eq!(fault("aGVs="), (4, Base64Fault::Padding));
        assert_eq!(fault("aGVsbG8=="), (8, Base64Fault::BehindPadding));
        assert_eq!(fault("aG=V"), (3, Base64Fault::BehindPadding));
        assert_eq!(fault("aA==aA=="), (4, Base64Fault::BehindPadding));
        assert_eq!(fault("aA==="), (4, Base64Fault::BehindPadding));
        assert_eq!(fault("aGVsbG9="), (7, Base64Fault::TrailingBits));
        assert_eq!(fault("aH=="), (3, Base64Fault::TrailingBits));
        assert_eq!(fault("aGVsb"), (5, Base64Fault::Truncated));
        assert_eq!(fault("aG="), (3, Base64Fault::Truncated));
        assert_eq!(fault("aGVsbG8"), (7, Base64Fault::Truncated));
    }

    #[test]
    fn a_text_that_is_too_long_is_refused_before_it_is_decoded() {
        let text = "AAAA".repeat(1_000_000);
        let error = decode(text.as_bytes(), 10).unwrap_err();
        assert_eq!(error.fault, Base64Fault::TooLong(10));
        assert!(error.position <= 64 * 1024);
        assert!(decode(b"AAAAAAAA", 6).is_ok());
        assert!(decode(b"AAAAAAAA", 5).is_err());
    }

    #[test]
    fn lines_have_76_characters() {
        let text = encode_lines(&[7; 200]);
        let lengths: Vec<usize> = text.lines().map(str::len).collect();
        assert_eq!(lengths, [76, 76, 76, 40]);
        assert_eq!(encode_lines(&[7; 57]).len(), 76);
        assert_eq!(decode(text.as_bytes(), 200).unwrap(), [7; 200]);
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded_however_it_is_cut(
            octets in prop::collection::vec(any::<u8>(), 0..300),
            spaces in prop::collection::vec((any::<prop::sample::Index>(), "[ \t\r\n]{1,3}"), 0..8),
            size in 1_usize..50,
        ) {
            let mut text = encode(&octets);
            for (place, space) in spaces {
                text.insert_str(place.index(text.len() + 1), &space);
            }
            let (mut decoder, mut decoded) = (Decoder::new(), Vec::new());
            for piece in text.as_bytes().chunks(size) {
                decoder.push(piece, &mut decoded).unwrap();
            }
            decoder.finish().unwrap();
            prop_assert_eq!(decoded, octets);
        }

        #[test]
        fn a_text_without_white_space_is_taken_as_another_decoder_takes_it(
            text in "[A-D/+=wxgQ-]{0,12}",
        ) {
            let other = STANDARD.decode(&text).ok();
            prop_assert_eq!(decode(text.as_bytes(), 100).ok(), other, "{}", text);
        }

        #[test]
        fn no_octets_make_it_panic(text in prop::collection::vec(any::<u8>(), 0..100)) {
            if let Ok(octets) = decode(&text, 100) {
                let bare: Vec<u8> =
                    text.into_iter().filter(|octet| !b" \t\r\n".contains(octet)).collect();
                prop_assert_eq!(encode(&octets).into_bytes(), bare);
            }
        }
    }
}
