//! Names: what they are, when they are the same, and which spaces they are in.
//!
//! - this file: the names of subjects and issuers.
//! - `expected`: the name that a certificate must be for (RFC 9525).
//! - `constraints`: name spaces (RFC 5280, section 4.2.1.10).

pub(crate) mod constraints;
mod expected;

pub use expected::{Name, NameError};
pub(crate) use expected::{Presented, dns_syntax_fault, is_email, uri_host};

use crate::{
    der::{DerError, Oid, Reader, Text, Value, tag},
    oid,
};
use std::{borrow::Cow, fmt};
use unicode_normalization::UnicodeNormalization;

/// A subject's or issuer's name: a list of sets of attributes (RFC 5280, section 4.1.2.4).
///
/// Two are equal when RFC 5280's comparison says so (section 7.1): case, inner and outer blanks and the kind of string do
/// not count.
#[derive(Clone, Copy)]
pub struct DistinguishedName<'a> {
    der: &'a [u8],
    offset: usize,
}

/// One attribute of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attribute<'a> {
    /// Its kind.
    pub kind: Oid<'a>,
    /// Its value.
    pub value: Value<'a>,
}

impl Attribute<'_> {
    /// The value's characters; none where it is no string, or a broken one.
    pub fn text(&self) -> Option<Cow<'_, str>> {
        Text::of(&self.value)?.decode()
    }
}

impl<'a> DistinguishedName<'a> {
    /// A name by its encoding, which stands at `offset` of something larger.
    pub(crate) fn new(der: &'a [u8], offset: usize) -> DistinguishedName<'a> {
        DistinguishedName { der, offset }
    }

    /// A name by its encoding.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(der: &'a [u8]) -> Result<DistinguishedName<'a>, DerError> {
        let mut reader = Reader::new(der);
        reader.read(tag::SEQUENCE)?;
        reader.end()?;
        let name = DistinguishedName::new(der, 0);
        for set in name.sets() {
            for attribute in set? {
                attribute?;
            }
        }
        Ok(name)
    }

    /// Its encoding.
    pub fn der(&self) -> &'a [u8] {
        self.der
    }

    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        self.content().is_empty()
    }

    fn content(&self) -> &'a [u8] {
        Reader::new(self.der).any().map(|value| value.content).unwrap_or_default()
    }

    /// Its sets of attributes, the root of the tree first.
    fn sets(&self) -> impl Iterator<Item = Result<Attributes<'a>, DerError>> + use<'a> {
        let mut reader =
            Reader::at(self.der, self.offset).sequence().unwrap_or_else(|_| Reader::new(&[]));
        std::iter::from_fn(move || {
            if reader.is_empty() {
                return None;
            }
            let set = reader.read(tag::SET);
            if set.is_err() {
                reader = Reader::new(&[]);
            }
            Some(set.map(|set| Attributes { set: set.reader() }))
        })
    }

    /// All its attributes, the root of the tree first. What cannot be read is left out.
    pub fn attributes(&self) -> impl Iterator<Item = Attribute<'a>> + use<'a> {
        self.sets().filter_map(Result::ok).flatten().filter_map(Result::ok)
    }

    /// Its common names, the most specific last.
    pub fn common_names(&self) -> impl Iterator<Item = Cow<'a, str>> + use<'a> {
        self.attributes()
            .filter(|attribute| attribute.kind == oid::COMMON_NAME)
            .filter_map(|attribute| Text::of(&attribute.value)?.decode())
    }

    /// Its e-mail addresses (RFC 5280, section 4.1.2.6).
    pub(crate) fn email_addresses(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.attributes()
            .filter(|attribute| attribute.kind == oid::EMAIL_ADDRESS)
            .map(|attribute| attribute.value.content)
    }

    /// Whether it, or something within it, cannot be read.
    pub(crate) fn fault(&self) -> Option<DerError> {
        for set in self.sets() {
            match set {
                Ok(set) => {
                    if let Some(error) = { set }.find_map(Result::err) {
                        return Some(error);
                    }
                }
                Err(error) => return Some(error),
            }
        }
        None
    }

    /// Bytes that are the same for equal names and differ for others (RFC 5280, section 7.1).
    pub(crate) fn canonical(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.der.len());
        for set in self.sets() {
            put(&mut out, &canonical_set(&set));
        }
        out
    }

    /// Whether this name is `base` or stands below it in the tree (RFC 5280, section 4.2.1.10).
    pub(crate) fn is_within(&self, base: &DistinguishedName<'_>) -> bool {
        let mut own = self.sets();
        base.sets().all(|wanted| own.next().is_some_and(|set| same_set(&set, &wanted)))
    }

    /// The name with one more set of attributes below it, whose content is `set` (RFC 5280, section 4.2.1.13).
    pub(crate) fn extended(&self, set: &[u8]) -> Vec<u8> {
        let mut content = self.content().to_vec();
        wrap(tag::SET, set, &mut content);
        let mut whole = Vec::with_capacity(content.len() + 6);
        wrap(tag::SEQUENCE, &content, &mut whole);
        whole
    }
}

/// Appends a value with this tag and content.
pub(crate) fn wrap(tag: u8, content: &[u8], out: &mut Vec<u8>) {
    out.push(tag);
    let length = content.len();
    if length < 0x80 {
        #[allow(clippy::cast_possible_truncation)] // checked
        out.push(length as u8);
    } else {
        let digits = length.to_be_bytes();
        let digits = &digits[digits.iter().take_while(|digit| **digit == 0).count()..];
        #[allow(clippy::cast_possible_truncation)] // at most eight
        out.push(0x80 | digits.len() as u8);
        out.extend_from_slice(digits);
    }
    out.extend_from_slice(content);
}

/// The attributes of one set.
#[derive(Clone)]
struct Attributes<'a> {
    set: Reader<'a>,
}

impl<'a> Attributes<'a> {
    /// The kind of the only attribute; none where there are more, or what can be read is not all.
    fn only_kind(&self) -> Option<Oid<'a>> {
        let mut rest = Attributes { set: self.set };
        let only = rest.next()?.ok()?;
        rest.set.is_empty().then_some(only.kind)
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = Result<Attribute<'a>, DerError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.set.is_empty() {
            return None;
        }
        let mut read = || {
            let mut pair = self.set.sequence()?;
            let attribute = Attribute { kind: pair.oid()?, value: pair.any()? };
            pair.end()?;
            Ok(attribute)
        };
        let attribute = read();
        if attribute.is_err() {
            self.set = Reader::new(&[]);
        }
        Some(attribute)
    }
}

/// A set of attributes as it is read.
type Set<'a> = Result<Attributes<'a>, DerError>;

/// A set of attributes in a form that is the same for equal ones.
fn canonical_set(set: &Set<'_>) -> Vec<u8> {
    let Ok(set) = set else { return b"unreadable".to_vec() };
    let mut attributes: Vec<Vec<u8>> = set
        .clone()
        .map(|attribute| match attribute {
            Ok(attribute) => canonical_attribute(&attribute),
            Err(_) => b"unreadable".to_vec(),
        })
        .collect();
    if attributes.len() == 1 {
        return attributes.remove(0);
    }
    // The order within a set says nothing.
    attributes.sort_unstable();
    attributes.concat()
}

/// Whether two sets have one canonical form; what is the same or differs at first sight needs none.
fn same_set(one: &Set<'_>, other: &Set<'_>) -> bool {
    if let (Ok(one), Ok(other)) = (one, other) {
        if one.set.rest() == other.set.rest() {
            return true;
        }
        let kinds = (one.only_kind(), other.only_kind());
        if let (Some(one), Some(other)) = kinds
            && one != other
        {
            return false;
        }
    }
    canonical_set(one) == canonical_set(other)
}

fn canonical_attribute(attribute: &Attribute<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(attribute.value.whole.len() + 16);
    put(&mut out, attribute.kind.0);
    if let Some(text) = attribute.text() {
        out.push(b's');
        put(&mut out, fold(&text).as_bytes());
    } else {
        out.push(b'b');
        put(&mut out, attribute.value.whole);
    }
    out
}

/// Appends bytes with their length, so that what follows cannot be taken for a part of them.
fn put(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
    out.extend_from_slice(bytes);
}

/// The text as RFC 4518 compares it: case folded, in compatibility form, without blanks at the ends and with one where
/// several are.
fn fold(text: &str) -> String {
    let blank = |byte: &u8| byte.is_ascii_control() || *byte == b' ';
    // Most names are ASCII with single blanks between words: nothing but the case has to change.
    if text.is_ascii()
        && !text.as_bytes().windows(2).any(|pair| pair.iter().all(blank))
        && ![text.as_bytes().first(), text.as_bytes().last()].into_iter().flatten().any(blank)
        && !text.bytes().any(|byte| byte.is_ascii_control())
    {
        return text.to_ascii_lowercase();
    }
    let mut out = String::with_capacity(text.len());
    let mut blank = false;
    let mut push = |character: char| {
        if character.is_whitespace() {
            blank = !out.is_empty();
        } else {
            if std::mem::take(&mut blank) {
                out.push(' ');
            }
            out.push(character);
        }
    };
    if text.is_ascii() {
        text.chars().map(|character| character.to_ascii_lowercase()).for_each(&mut push);
    } else {
        let ignored = |character: &char| {
            // RFC 4518, section 2.2: what is mapped to nothing.
            !matches!(character, '\u{ad}' | '\u{34f}' | '\u{180b}'..='\u{180d}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2063}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}' | '\u{fffc}')
        };
        text.chars().filter(ignored).flat_map(char::to_lowercase).nfkc().for_each(&mut push);
    }
    out
}

impl PartialEq for DistinguishedName<'_> {
    fn eq(&self, other: &DistinguishedName<'_>) -> bool {
        if self.der == other.der {
            return true;
        }
        let (mut own, mut others) = (self.sets(), other.sets());
        loop {
            match (own.next(), others.next()) {
                (None, None) => return true,
                (Some(one), Some(other)) if same_set(&one, &other) => {}
                _ => return false,
            }
        }
    }
}

impl Eq for DistinguishedName<'_> {}

impl fmt::Display for DistinguishedName<'_> {
    /// As RFC 4514 writes it: the most specific attribute first.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sets: Vec<Vec<Attribute<'_>>> = self
            .sets()
            .filter_map(Result::ok)
            .map(|set| set.filter_map(Result::ok).collect())
            .collect();
        for (index, set) in sets.iter().rev().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            for (index, attribute) in set.iter().enumerate() {
                if index > 0 {
                    f.write_str("+")?;
                }
                write_attribute(attribute, f)?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for DistinguishedName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}

fn write_attribute(attribute: &Attribute<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let short = match attribute.kind {
        oid::COMMON_NAME => "CN",
        oid::SURNAME => "SN",
        oid::SERIAL_NUMBER => "serialNumber",
        oid::COUNTRY => "C",
        oid::LOCALITY => "L",
        oid::STATE => "ST",
        oid::STREET => "STREET",
        oid::ORGANIZATION => "O",
        oid::ORGANIZATIONAL_UNIT => "OU",
        oid::TITLE => "title",
        oid::GIVEN_NAME => "GN",
        oid::INITIALS => "initials",
        oid::GENERATION_QUALIFIER => "generationQualifier",
        oid::DN_QUALIFIER => "dnQualifier",
        oid::PSEUDONYM => "pseudonym",
        oid::ORGANIZATION_IDENTIFIER => "organizationIdentifier",
        oid::DOMAIN_COMPONENT => "DC",
        oid::USER_ID => "UID",
        oid::EMAIL_ADDRESS => "emailAddress",
        _ => "",
    };
    match attribute.text() {
        Some(text) if !short.is_empty() => {
            write!(f, "{short}=")?;
            write_escaped(&text, f)
        }
        // RFC 4514, section 2.4: what has no name is shown as it is encoded.
        _ => {
            if short.is_empty() {
                write!(f, "{}=#", attribute.kind)?;
            } else {
                write!(f, "{short}=#")?;
            }
            attribute.value.whole.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
        }
    }
}

/// RFC 4514, section 2.4. Control characters are escaped too: names are shown on terminals.
fn write_escaped(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    use fmt::Write;
    let last = text.chars().count().saturating_sub(1);
    for (index, character) in text.chars().enumerate() {
        match character {
            ' ' if index == 0 || index == last => f.write_str("\\ ")?,
            '#' if index == 0 => f.write_str("\\#")?,
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => write!(f, "\\{character}")?,
            _ if character.is_control() || is_direction(character) => {
                let mut bytes = [0; 4];
                for byte in character.encode_utf8(&mut bytes).bytes() {
                    write!(f, "\\{byte:02X}")?;
                }
            }
            _ => f.write_char(character)?,
        }
    }
    Ok(())
}

/// Characters that make what follows read in another direction.
fn is_direction(character: char) -> bool {
    matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    type Part<'a> = (&'a [u8], u8, &'a [u8]);

    fn name(sets: &[&[Part<'_>]]) -> Vec<u8> {
        let mut content = Vec::new();
        for set in sets {
            let mut members = Vec::new();
            for (kind, tag, value) in *set {
                let mut pair = Vec::new();
                wrap(tag::OID, kind, &mut pair);
                wrap(*tag, value, &mut pair);
                wrap(tag::SEQUENCE, &pair, &mut members);
            }
            wrap(tag::SET, &members, &mut content);
        }
        let mut whole = Vec::new();
        wrap(tag::SEQUENCE, &content, &mut whole);
        whole
    }

    const CN: &[u8] = oid::COMMON_NAME.0;
    const O: &[u8] = oid::ORGANIZATION.0;

    fn equal(a: &[u8], b: &[u8]) -> bool {
        let (a, b) = (DistinguishedName::parse(a).unwrap(), DistinguishedName::parse(b).unwrap());
        assert_eq!(a == b, a.canonical() == b.canonical());
        a == b
    }

    #[test]
    fn names_are_compared_as_the_standard_says() {
        let utf8 = |text: &str| name(&[&[(CN, tag::UTF8_STRING, text.as_bytes())]]);
        let printable = name(&[&[(CN, tag::PRINTABLE_STRING, b"Some  CA ")]]);
        assert!(equal(&printable, &utf8("some ca")));
        assert!(!equal(&printable, &utf8("some cab")));
        assert!(equal(&utf8("Stra\u{df}e \u{c9}"), &utf8("stra\u{df}e e\u{301}")));
        let bmp = name(&[&[(CN, tag::BMP_STRING, &[0, b'a', 0, b'b'])]]);
        assert!(equal(&bmp, &utf8("AB")));
        // An empty value differs from none, and sets from lists.
        assert!(!equal(&utf8(""), &name(&[])));
        let two = [(CN, tag::UTF8_STRING, &b"a"[..]), (O, tag::UTF8_STRING, b"b")];
        assert!(!equal(&name(&[&two]), &name(&[&two[..1], &two[1..]])));
        assert!(equal(&name(&[&two]), &name(&[&[two[1], two[0]]])));
    }

    #[test]
    fn names_stand_in_a_tree() {
        let all = name(&[&[(O, tag::UTF8_STRING, b"b")], &[(CN, tag::UTF8_STRING, b"a")]]);
        let base = name(&[&[(O, tag::PRINTABLE_STRING, b"B")]]);
        let (all, base) = (DistinguishedName::new(&all, 0), DistinguishedName::new(&base, 0));
        assert!(all.is_within(&base) && all.is_within(&all) && !base.is_within(&all));
        let set = DistinguishedName::new(&all.der[2 + base.content().len()..], 0);
        assert_eq!(base.extended(&set.der[2..]).len(), all.der.len());
    }

    #[test]
    fn names_are_shown_with_what_needs_escaping_escaped() {
        let shown = |text: &str| {
            let der = name(&[
                &[(O, tag::UTF8_STRING, b"Org")],
                &[(CN, tag::UTF8_STRING, text.as_bytes())],
            ]);
            DistinguishedName::parse(&der).unwrap().to_string()
        };
        assert_eq!(shown("a.example"), "CN=a.example,O=Org");
        assert_eq!(shown("#a, b+\" "), "CN=\\#a\\, b\\+\\\"\\ ,O=Org");
        assert_eq!(shown("a\nb\u{202e}"), "CN=a\\0Ab\\E2\\80\\AE,O=Org");
        let unknown = name(&[&[(&[0x55, 4, 99], tag::INTEGER, &[1])]]);
        assert_eq!(DistinguishedName::parse(&unknown).unwrap().to_string(), "2.5.4.99=#020101");
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for broken in
            [&[][..], &[0x30, 1], &[0x30, 2, 0x30, 0], &[0x30, 4, 0x31, 2, 0x30, 0], &[0x30, 0, 0]]
        {
            assert!(DistinguishedName::parse(broken).is_err(), "{broken:?}");
        }
    }
}
