//! Characters that canonical XML writes as references (Canonical XML 1.0, section 2.3).

/// Appends character data.
#[inline]
pub(crate) fn text(text: &str, into: &mut Vec<u8>) {
    escape(text.as_bytes(), &IN_TEXT, into);
}

/// Appends the value of an attribute.
#[inline]
pub(crate) fn attribute(value: &str, into: &mut Vec<u8>) {
    escape(value.as_bytes(), &IN_ATTRIBUTE, into);
}

/// Appends the text of a comment or processing instruction.
#[inline]
pub(crate) fn verbatim(text: &str, into: &mut Vec<u8>) {
    // Carriage returns are normalised away by the reader; entities cannot bring them here.
    into.extend_from_slice(text.as_bytes());
}

#[inline]
fn escape(bytes: &[u8], escaped: &[bool; 256], into: &mut Vec<u8>) {
    let mut rest = bytes;
    while let Some(stop) = rest.iter().position(|byte| escaped[*byte as usize]) {
        into.extend_from_slice(&rest[..stop]);
        into.extend_from_slice(match rest[stop] {
            b'&' => b"&amp;",
            b'<' => b"&lt;",
            b'>' => b"&gt;",
            b'"' => b"&quot;",
            b'\t' => b"&#x9;",
            b'\n' => b"&#xA;",
            _ => b"&#xD;",
        });
        rest = &rest[stop + 1..];
    }
    into.extend_from_slice(rest);
}

const IN_TEXT: [bool; 256] = table(b"&<>\r");
const IN_ATTRIBUTE: [bool; 256] = table(b"&<\"\t\n\r");

const fn table(bytes: &[u8]) -> [bool; 256] {
    let mut table = [false; 256];
    let mut i = 0;
    while i < bytes.len() {
        table[bytes[i] as usize] = true;
        i += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_written_as_a_reference() {
        let all = "&<>\"'\t\n\r é\u{1f600}";
        let (mut text, mut attribute) = (vec![], vec![]);
        super::text(all, &mut text);
        super::attribute(all, &mut attribute);
        assert_eq!(text, "&amp;&lt;&gt;\"'\t\n&#xD; é\u{1f600}".as_bytes());
        assert_eq!(attribute, "&amp;&lt;>&quot;'&#x9;&#xA;&#xD; é\u{1f600}".as_bytes());
    }
}
