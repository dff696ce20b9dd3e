//! References to characters and entities (XML 1.0, section 4.1).

use super::{
    chars::{self, ends_name},
    dtd::Entities,
    error::XmlFault,
    tag::Fault,
};

/// What a reference refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reference<'a> {
    Character(char),
    Entity(&'a str),
}

/// Reads the reference that `text` begins with, and its length. `None` when the text ends before it.
pub(super) fn read(text: &str) -> Result<Option<(Reference<'_>, usize)>, XmlFault> {
    let predefined = |reference| match reference {
        Reference::Entity("lt") => Reference::Character('<'),
        Reference::Entity("gt") => Reference::Character('>'),
        Reference::Entity("amp") => Reference::Character('&'),
        Reference::Entity("apos") => Reference::Character('\''),
        Reference::Entity("quot") => Reference::Character('"'),
        other => other,
    };
    Ok(read_raw(text)?.map(|(reference, length)| (predefined(reference), length)))
}

/// Like [`read`], the predefined entities being entities like others.
pub(super) fn read_raw(text: &str) -> Result<Option<(Reference<'_>, usize)>, XmlFault> {
    let bytes = text.as_bytes();
    debug_assert_eq!(bytes.first(), Some(&b'&'));
    if bytes.get(1) == Some(&b'#') {
        let digits = bytes[2..].iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
        let number = &text[2..2 + digits];
        return match bytes.get(2 + digits) {
            None => Ok(None),
            Some(b';') => {
                let c = character(number).ok_or_else(|| {
                    XmlFault::CharacterReference(number.chars().take(100).collect())
                })?;
                Ok(Some((Reference::Character(c), digits + 3)))
            }
            Some(_) => Err(XmlFault::Expected("digits and `;` after `&#`")),
        };
    }
    let Some(length) = bytes[1..].iter().position(|byte| ends_name(*byte)) else { return Ok(None) };
    let name = &text[1..=length];
    if bytes[1 + length] != b';' || name.is_empty() {
        return Err(XmlFault::Expected("the name of an entity and `;` after `&`"));
    }
    if !chars::is_ncname(name) {
        return Err(XmlFault::Name(name.chars().take(100).collect()));
    }
    Ok(Some((Reference::Entity(name), length + 2)))
}

/// Holds the value of an attribute to the grammar, whatever its references stand for. `begin` is its place in the window.
pub(super) fn check(text: &str, begin: usize) -> Result<(), Fault> {
    let mut at = 0;
    while let Some(found) = memchr::memchr2(b'<', b'&', &text.as_bytes()[at..]) {
        at += found;
        if text.as_bytes()[at] == b'<' {
            return Err((begin + at, XmlFault::Sequence("<", "the value of an attribute")));
        }
        let read = read(&text[at..]).and_then(|read| read.ok_or_else(no_end));
        at += read.map_err(|fault| (begin + at, fault))?.1;
    }
    Ok(())
}

/// The text ends inside a reference that nothing can make whole.
pub(super) fn no_end() -> XmlFault {
    XmlFault::Expected("`;` at the end of a reference")
}

fn character(number: &str) -> Option<char> {
    let (digits, radix) = match number.strip_prefix('x') {
        Some(digits) => (digits, 16),
        None => (number, 10),
    };
    // Leading noughts are allowed, in any number.
    let digits = if digits.is_empty() { return None } else { digits.trim_start_matches('0') };
    let value = if digits.is_empty() { 0 } else { u32::from_str_radix(digits, radix).ok()? };
    char::from_u32(value).filter(|c| chars::is_char(*c))
}

/// Appends the value of an attribute to `into`, normalised (XML 1.0, section 3.3.3). `begin` is its place in the window.
pub(super) fn expand(
    text: &str,
    begin: usize,
    into: &mut String,
    entities: &mut Entities<'_>,
) -> Result<(), Fault> {
    let mut rest = text;
    // What is read on when an entity ends, and the entities that are open.
    let mut outer: Vec<(&str, &str)> = Vec::new();
    // Faults in what an entity stands for are placed at the reference to it.
    let mut reference_at = begin;
    loop {
        let stops = |byte| matches!(byte, b'\t' | b'\n' | b'\r' | b'&' | b'<');
        let stop = rest.bytes().position(stops).unwrap_or(rest.len());
        into.push_str(&rest[..stop]);
        rest = &rest[stop..];
        let at = if outer.is_empty() { begin + text.len() - rest.len() } else { reference_at };
        match rest.as_bytes().first() {
            None => match outer.pop() {
                None => return Ok(()),
                Some((after, _)) => rest = after,
            },
            Some(b'<') => return Err((at, XmlFault::Sequence("<", "the value of an attribute"))),
            Some(b'&') => {
                let read = read(rest).and_then(|read| read.ok_or_else(no_end));
                let (reference, length) = read.map_err(|fault| (at, fault))?;
                rest = &rest[length..];
                match reference {
                    Reference::Character(c) => into.push(c),
                    Reference::Entity(name) => {
                        if outer.iter().any(|(_, open)| *open == name) {
                            return Err((
                                at,
                                XmlFault::Entity(name.to_owned(), "it refers to itself"),
                            ));
                        }
                        let replacement =
                            entities.replacement(name, outer.len()).map_err(|fault| (at, fault))?;
                        reference_at = at;
                        outer.push((rest, name));
                        rest = replacement;
                    }
                }
            }
            Some(_) => {
                into.push(' ');
                rest = &rest[1..];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_to_characters() {
        let read = |text| read(text).map_err(|fault| fault.to_string());
        assert_eq!(read("&#65;b"), Ok(Some((Reference::Character('A'), 5))));
        assert_eq!(read("&#x0001F600;"), Ok(Some((Reference::Character('\u{1f600}'), 12))));
        assert_eq!(read("&lt;"), Ok(Some((Reference::Character('<'), 4))));
        assert_eq!(read("&other;"), Ok(Some((Reference::Entity("other"), 7))));
        for incomplete in ["&", "&#", "&#x4", "&am"] {
            assert_eq!(read(incomplete), Ok(None), "{incomplete}");
        }
        for bad in [
            "&#0;",
            "&#xD800;",
            "&#xFFFE;",
            "&#X41;",
            "&#;",
            "&#x;",
            "& ",
            "&;",
            "&a b;",
            "&#4 ;",
            "&#x110000;",
            "&1;",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
