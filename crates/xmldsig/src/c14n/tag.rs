//! What canonical XML puts in a start tag, and in which order (Canonical XML 1.0, section 2.2).

use super::escape;

/// Appends a namespace declaration.
#[inline]
pub(crate) fn declaration(prefix: &str, uri: &str, into: &mut Vec<u8>) {
    into.extend_from_slice(b" xmlns");
    if !prefix.is_empty() {
        into.push(b':');
        into.extend_from_slice(prefix.as_bytes());
    }
    into.extend_from_slice(b"=\"");
    escape::attribute(uri, into);
    into.push(b'"');
}

/// Appends an attribute.
#[inline]
pub(crate) fn attribute(name: &str, value: &str, into: &mut Vec<u8>) {
    into.push(b' ');
    into.extend_from_slice(name.as_bytes());
    into.extend_from_slice(b"=\"");
    escape::attribute(value, into);
    into.push(b'"');
}

/// Appends an end tag.
#[inline]
pub(crate) fn end(name: &str, into: &mut Vec<u8>) {
    into.extend_from_slice(b"</");
    into.extend_from_slice(name.as_bytes());
    into.push(b'>');
}

/// Whether a namespace name is an absolute URI, which it must be (Canonical XML 1.0, section 1.3): RFC 3986, section 3.1.
pub(crate) fn is_absolute(uri: &str) -> bool {
    let Some((scheme, _)) = uri.split_once(':') else { return false };
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

/// Sorts a list that is mostly sorted already, and mostly short.
#[inline]
pub(crate) fn sort<T: Copy>(items: &mut [T], precedes: impl Fn(&T, &T) -> bool) {
    if items.len() > 32 {
        items.sort_by(|a, b| {
            if precedes(a, b) {
                std::cmp::Ordering::Less
            } else if precedes(b, a) {
                std::cmp::Ordering::Greater
            } else {
                std::cmp::Ordering::Equal
            }
        });
        return;
    }
    for i in 1..items.len() {
        let mut at = i;
        while at > 0 && precedes(&items[at], &items[at - 1]) {
            items.swap(at, at - 1);
            at -= 1;
        }
    }
}
