//! Which characters are what (XML 1.0, fifth edition, sections 2.2 and 2.3; Namespaces in XML 1.0, section 4).

/// White space: `S` of XML 1.0.
pub(crate) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// `Char` of XML 1.0.
pub(crate) const fn is_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}')
}

/// `NameStartChar` without the colon.
pub(crate) const fn starts_name(c: char) -> bool {
    matches!(c,
        'A'..='Z' | '_' | 'a'..='z'
        | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{2ff}' | '\u{370}'..='\u{37d}'
        | '\u{37f}'..='\u{1fff}' | '\u{200c}'..='\u{200d}' | '\u{2070}'..='\u{218f}' | '\u{2c00}'..='\u{2fef}'
        | '\u{3001}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}' | '\u{10000}'..='\u{effff}')
}

/// `NameChar` without the colon.
pub(crate) const fn continues_name(c: char) -> bool {
    starts_name(c)
        || matches!(c, '-' | '.' | '0'..='9' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}')
}

/// A name without a colon.
pub(crate) fn is_ncname(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(starts_name) && chars.all(continues_name)
}

/// What a byte does while a name is read.
pub(crate) const fn ends_name(byte: u8) -> bool {
    ENDS_NAME[byte as usize]
}

// A table, because this is asked for every byte of every name.
const ENDS_NAME: [bool; 256] = {
    let mut table = [false; 256];
    let ends = b" \t\n\r/>=<&\"'?!;()|*+,[]%";
    let mut i = 0;
    while i < ends.len() {
        table[ends[i] as usize] = true;
        i += 1;
    }
    table
};

/// The first character among the valid UTF-8 `bytes` that no document may contain: its place.
pub(crate) fn first_forbidden(bytes: &[u8]) -> Option<usize> {
    // In blocks without branches, so that the compiler makes vectors of it. What is suspicious is looked at closely.
    const BLOCK: usize = 64;
    let mut start = 0;
    for block in bytes.chunks(BLOCK) {
        let mut suspicious = false;
        #[expect(clippy::needless_bitwise_bool, reason = "a branch would keep vectors away")]
        for &byte in block {
            suspicious |=
                (byte < 0x20 && byte != b'\t' && byte != b'\n' && byte != b'\r') | (byte == 0xef);
        }
        if suspicious {
            for (i, &byte) in block.iter().enumerate() {
                let at = start + i;
                if (byte < 0x20 && !is_space(byte))
                    || (byte == 0xef
                        && matches!(bytes.get(at + 1..at + 3), Some([0xbf, 0xbe | 0xbf])))
                {
                    return Some(at);
                }
            }
        }
        start += block.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forbidden_characters_are_found_wherever_they_stand() {
        for before in [0, 1, 62, 63, 64, 65, 130] {
            for bad in ["\0", "\x0b", "\x1f", "\u{fffe}", "\u{ffff}"] {
                let text = format!("{}{bad}x", "\t".repeat(before));
                assert_eq!(
                    first_forbidden(text.as_bytes()),
                    Some(before),
                    "{bad:?} after {before}"
                );
            }
            let fine = format!("{}\r\n\u{fffd}\u{efff}\u{10ffff}\u{7f}", " ".repeat(before));
            assert_eq!(first_forbidden(fine.as_bytes()), None);
        }
    }

    #[test]
    fn names_are_those_of_the_fifth_edition() {
        for name in ["a", "_", "é", "a-b.c9", "\u{10000}", "a\u{b7}"] {
            assert!(is_ncname(name), "{name}");
        }
        for name in ["", "-a", "9", ".a", "a:b", ":", "a b", "\u{d7}", "\u{300}a", "\u{f0000}"] {
            assert!(!is_ncname(name), "{name}");
        }
    }
}
