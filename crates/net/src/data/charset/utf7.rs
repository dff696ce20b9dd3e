//! UTF-7 (RFC 2152).

use super::BAD;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub(super) fn decode(bytes: &[u8]) -> String {
    let mut text = String::new();
    let mut rest = bytes;
    while let Some((byte, behind)) = rest.split_first() {
        rest = behind;
        match byte {
            b'+' => {
                let end = rest.iter().position(|byte| digit(*byte).is_none());
                let (digits, behind) = rest.split_at(end.unwrap_or(rest.len()));
                let closed = behind.strip_prefix(b"-");
                match (digits, closed) {
                    ([], Some(_)) => text.push('+'),
                    ([], None) => text.push(BAD),
                    _ => decode_shifted(digits, &mut text),
                }
                rest = closed.unwrap_or(behind);
            }
            byte if byte.is_ascii() => text.push((*byte).into()),
            _ => text.push(BAD),
        }
    }
    text
}

/// UTF-16 in Base64 without padding.
fn decode_shifted(digits: &[u8], text: &mut String) {
    let (mut bits, mut count) = (0_u32, 0);
    let mut units = Vec::new();
    for digit in digits.iter().copied().filter_map(digit) {
        bits = bits << 6 | u32::from(digit);
        count += 6;
        if count >= 16 {
            count -= 16;
            let [.., high, low] = (bits >> count).to_be_bytes();
            units.push(u16::from_be_bytes([high, low]));
            bits &= (1 << count) - 1;
        }
    }
    text.extend(char::decode_utf16(units).map(|character| character.unwrap_or(BAD)));
    // What is left must be padding: less than a digit, and zero.
    if count >= 6 || bits != 0 {
        text.push(BAD);
    }
}

pub(super) fn encode(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let direct = rest.find(|c| !is_direct(c)).unwrap_or(rest.len());
        if direct > 0 {
            bytes.extend_from_slice(&rest.as_bytes()[..direct]);
            rest = &rest[direct..];
        } else if character == '+' {
            bytes.extend_from_slice(b"+-");
            rest = &rest[1..];
        } else {
            let end = rest.find(is_direct).unwrap_or(rest.len());
            encode_shifted(&rest[..end], &mut bytes);
            rest = &rest[end..];
        }
    }
    bytes
}

fn encode_shifted(text: &str, bytes: &mut Vec<u8>) {
    bytes.push(b'+');
    let (mut bits, mut count) = (0_u32, 0);
    for unit in text.encode_utf16() {
        bits = bits << 16 | u32::from(unit);
        count += 16;
        while count >= 6 {
            count -= 6;
            bytes.push(ALPHABET[(bits >> count) as usize]);
            bits &= (1 << count) - 1;
        }
    }
    if count > 0 {
        bytes.push(ALPHABET[(bits << (6 - count)) as usize]);
    }
    bytes.push(b'-');
}

/// Set D, and the space that rule 3 adds. Set O is better not used, since not all let it through.
fn is_direct(character: char) -> bool {
    character.is_ascii_alphanumeric() || "'(),-./:? \t\r\n".contains(character)
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}
