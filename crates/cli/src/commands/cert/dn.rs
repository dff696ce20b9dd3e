//! Distinguished names: read from and shown as RFC 4514, written as RFC 5280 (section 4.1.2.4) wants them.

use super::{facts, purpose::oid};
use std::{
    fmt::{self, Display, Write as _},
    iter::Peekable,
    str::Chars,
};
use x509_parser::{
    asn1_rs::{FromDer as _, Tag},
    x509::X509Name,
};
use yasna::models::ObjectIdentifier;

/// Most attributes of one name.
const MAX_ATTRIBUTES: usize = 64;

/// An attribute type that has a name.
struct Known {
    /// As it is written; RFC 4514 (section 3) fixes the first nine.
    name: &'static str,
    oid: &'static [u64],
    /// Longest value in characters (RFC 5280, appendix A.1).
    longest: usize,
    string: Text,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Text {
    Utf8,
    Printable,
    Ia5,
}

const fn known(name: &'static str, oid: &'static [u64], longest: usize, string: Text) -> Known {
    Known { name, oid, longest, string }
}

const KNOWN: [Known; 21] = [
    known("CN", &[2, 5, 4, 3], 64, Text::Utf8),
    known("L", &[2, 5, 4, 7], 128, Text::Utf8),
    known("ST", &[2, 5, 4, 8], 128, Text::Utf8),
    known("O", &[2, 5, 4, 10], 64, Text::Utf8),
    known("OU", &[2, 5, 4, 11], 64, Text::Utf8),
    known("C", &[2, 5, 4, 6], 2, Text::Printable),
    known("STREET", &[2, 5, 4, 9], 128, Text::Utf8),
    known("DC", &[0, 9, 2342, 19_200_300, 100, 1, 25], 63, Text::Ia5),
    known("UID", &[0, 9, 2342, 19_200_300, 100, 1, 1], 256, Text::Utf8),
    known("serialNumber", &[2, 5, 4, 5], 64, Text::Printable),
    known("dnQualifier", &[2, 5, 4, 46], 64, Text::Printable),
    known("emailAddress", &[1, 2, 840, 113_549, 1, 9, 1], 255, Text::Ia5),
    known("E", &[1, 2, 840, 113_549, 1, 9, 1], 255, Text::Ia5),
    known("SN", &[2, 5, 4, 4], 64, Text::Utf8),
    known("GN", &[2, 5, 4, 42], 64, Text::Utf8),
    known("initials", &[2, 5, 4, 43], 64, Text::Utf8),
    known("title", &[2, 5, 4, 12], 64, Text::Utf8),
    known("pseudonym", &[2, 5, 4, 65], 128, Text::Utf8),
    known("postalCode", &[2, 5, 4, 17], 40, Text::Utf8),
    known("businessCategory", &[2, 5, 4, 15], 128, Text::Utf8),
    known("organizationIdentifier", &[2, 5, 4, 97], 256, Text::Utf8),
];

/// A distinguished name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DistinguishedName {
    der: Vec<u8>,
    text: String,
}

impl DistinguishedName {
    /// A name that has one common name; none if it is too long to be one.
    pub fn common(name: &str) -> Option<DistinguishedName> {
        let value = Value::text(&KNOWN[0], name.to_owned()).ok()?;
        Some(encode(&[vec![(KNOWN[0].oid.to_vec(), value)]]))
    }

    /// Reads the notation of RFC 4514, such as `CN=www.example.com,O=Example,C=DE`: the most specific part first.
    ///
    /// # Errors
    /// When it is something else; the message says where.
    pub fn parse(text: &str) -> Result<DistinguishedName, String> {
        if text.starts_with('/') {
            return Err("write it as in RFC 4514: CN=www.example.com,O=Example,C=DE".into());
        }
        let mut parts = Vec::new();
        let mut rest = text.chars().peekable();
        let mut count = 0;
        if rest.peek().is_some() {
            loop {
                let mut part = Vec::new();
                let end = loop {
                    count += 1;
                    if count > MAX_ATTRIBUTES {
                        return Err(format!("more than {MAX_ATTRIBUTES} attributes"));
                    }
                    let (attribute, end) = attribute(&mut rest)?;
                    part.push(attribute);
                    if end != Some('+') {
                        break end;
                    }
                };
                parts.push(part);
                if end.is_none() {
                    break;
                }
            }
        }
        // The string begins where the sequence ends (RFC 4514, section 2.1).
        parts.reverse();
        Ok(encode(&parts))
    }

    /// A name out of a certificate: its bytes stay as they are.
    pub fn from_parsed(name: &X509Name<'_>) -> DistinguishedName {
        DistinguishedName { der: name.as_raw().to_vec(), text: show(name) }
    }

    /// As DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Whether it has no attribute at all.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }
}

impl Display for DistinguishedName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

enum Value {
    Text(Text, String),
    /// Any value, as `#` and its DER in hexadecimal.
    Der(Vec<u8>),
}

impl Value {
    fn text(known: &Known, value: String) -> Result<Value, String> {
        let Known { name, longest, string, .. } = known;
        let length = value.chars().count();
        if length == 0 {
            return Err(format!("{name} has no value"));
        }
        if length > *longest {
            return Err(format!("{name} has {longest} characters at most, not {length}"));
        }
        if *name == "C" && !(length == 2 && value.bytes().all(|byte| byte.is_ascii_uppercase())) {
            return Err("C is a country's two capital letters, such as C=DE".into());
        }
        let is_allowed = |c: char| match string {
            Text::Utf8 => true,
            Text::Printable => c.is_ascii_alphanumeric() || " '()+,-./:=?".contains(c),
            Text::Ia5 => c.is_ascii(),
        };
        match value.chars().find(|c| !is_allowed(*c)) {
            Some(wrong) => Err(format!("`{}` does not occur in {name}", wrong.escape_debug())),
            None => Ok(Value::Text(*string, value)),
        }
    }
}

type Attribute = (Vec<u64>, Value);

/// One `type=value`, and what ends it: `,`, `+` or the end of the text.
fn attribute(rest: &mut Peekable<Chars<'_>>) -> Result<(Attribute, Option<char>), String> {
    let mut kind = String::new();
    loop {
        match rest.next() {
            Some('=') => break,
            Some(c @ (',' | '+')) => {
                return Err(format!("`{}` before `{c}` has no `=`", kind.trim()));
            }
            Some(c) => kind.push(c),
            None if kind.trim().is_empty() => {
                return Err("an attribute is missing at the end".into());
            }
            None => {
                return Err(format!("`{}` has no `=`; such as CN={}", kind.trim(), kind.trim()));
            }
        }
    }
    let kind = kind.trim();
    let known = KNOWN.iter().find(|known| known.name.eq_ignore_ascii_case(kind));
    let oid = match known {
        Some(known) => known.oid.to_vec(),
        None => oid(kind).ok_or_else(|| {
            format!("`{kind}` is no attribute; known are CN, O, OU, L, ST, C, STREET, DC, UID, emailAddress, serialNumber and OIDs")
        })?,
    };
    let known = known.or_else(|| KNOWN.iter().find(|known| known.oid == oid));
    while rest.next_if_eq(&' ').is_some() {}
    if rest.next_if_eq(&'#').is_some() {
        let mut hex = String::new();
        while let Some(c) = rest.next_if(|c| !matches!(c, ',' | '+')) {
            hex.push(c);
        }
        let der = unhex(hex.trim())
            .filter(|der| {
                x509_parser::asn1_rs::Any::from_der(der).is_ok_and(|(after, _)| after.is_empty())
            })
            .ok_or_else(|| format!("what follows `{kind}=#` is no DER in hexadecimal"))?;
        return Ok(((oid, Value::Der(der)), rest.next()));
    }
    let (value, end) = value(rest, kind)?;
    let value = match known {
        Some(known) => Value::text(known, value)?,
        None => Value::Text(Text::Utf8, value),
    };
    Ok(((oid, value), end))
}

/// A value with its escapes undone (RFC 4514, section 3).
fn value(rest: &mut Peekable<Chars<'_>>, kind: &str) -> Result<(String, Option<char>), String> {
    let mut bytes = Vec::new();
    // Spaces at the end belong to the value only if they were escaped.
    let mut kept = 0;
    let end = loop {
        match rest.next() {
            end @ (None | Some(',' | '+')) => break end,
            Some(c @ ('"' | ';' | '<' | '>' | '\0')) => {
                return Err(format!(
                    "write `{}` in {kind} as `\\{}`",
                    c.escape_debug(),
                    c.escape_debug()
                ));
            }
            Some('\\') => {
                let escaped = rest.next().ok_or("a `\\` at the end escapes nothing")?;
                if " \"#+,;<=>\\".contains(escaped) {
                    bytes.push(u8::try_from(escaped).unwrap_or(b'?'));
                } else {
                    let pair: String = [Some(escaped), rest.next()].into_iter().flatten().collect();
                    let byte = unhex(&pair).ok_or_else(|| {
                        format!("`\\{}` in {kind} is no escape", pair.escape_debug())
                    })?;
                    bytes.extend(byte);
                }
                kept = bytes.len();
            }
            Some(c) => {
                bytes.extend(c.encode_utf8(&mut [0; 4]).bytes());
                if c != ' ' {
                    kept = bytes.len();
                }
            }
        }
    };
    bytes.truncate(kept);
    let text =
        String::from_utf8(bytes).map_err(|_| format!("the escapes in {kind} make no UTF-8"))?;
    Ok((text, end))
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if text.is_empty()
        || !text.len().is_multiple_of(2)
        || !text.bytes().all(|byte| byte.is_ascii_hexdigit())
    {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}

fn encode(parts: &[Vec<Attribute>]) -> DistinguishedName {
    let der = yasna::construct_der(|out| {
        out.write_sequence(|out| {
            for part in parts {
                out.next().write_set_of(|out| {
                    for (oid, value) in part {
                        out.next().write_sequence(|out| {
                            out.next().write_oid(&ObjectIdentifier::from_slice(oid));
                            match value {
                                Value::Text(Text::Utf8, text) => out.next().write_utf8_string(text),
                                Value::Text(Text::Printable, text) => {
                                    out.next().write_printable_string(text);
                                }
                                Value::Text(Text::Ia5, text) => out.next().write_ia5_string(text),
                                Value::Der(der) => out.next().write_der(der),
                            }
                        });
                    }
                });
            }
        });
    });
    let text = X509Name::from_der(&der).map(|(_, name)| show(&name)).unwrap_or_default();
    DistinguishedName { der, text }
}

fn show(name: &X509Name<'_>) -> String {
    let parts: Vec<_> = name.iter_rdn().collect();
    let mut text = String::new();
    for part in parts.into_iter().rev() {
        if !text.is_empty() {
            text.push(',');
        }
        for (index, attribute) in part.iter().enumerate() {
            if index > 0 {
                text.push('+');
            }
            let oid = attribute.attr_type().to_id_string();
            let arcs = self::oid(&oid).unwrap_or_default();
            let known = KNOWN.iter().find(|known| known.oid == arcs);
            let value = attribute.attr_value();
            let string = match value.tag() {
                Tag::Utf8String | Tag::PrintableString | Tag::Ia5String | Tag::NumericString => {
                    str::from_utf8(value.data).ok().map(str::to_owned)
                }
                Tag::BmpString => utf16(value.data),
                // In practice Latin-1, as OpenSSL takes it too.
                Tag::T61String => Some(value.data.iter().copied().map(char::from).collect()),
                _ => None,
            };
            match (known, string) {
                (Some(known), Some(string)) => {
                    let _ = write!(text, "{}={}", known.name, escape(&string));
                }
                (_, Some(string)) => {
                    let _ = write!(text, "{oid}={}", escape(&string));
                }
                (_, None) => {
                    let _ = write!(text, "{oid}=#{}", facts::hex(value.data));
                }
            }
        }
    }
    text
}

fn utf16(bytes: &[u8]) -> Option<String> {
    let (pairs, []) = bytes.as_chunks::<2>() else { return None };
    char::decode_utf16(pairs.iter().map(|pair| u16::from_be_bytes(*pair)))
        .collect::<Result<_, _>>()
        .ok()
}

/// RFC 4514, section 2.4; control characters too, so that a name never spoils a terminal.
fn escape(value: &str) -> String {
    let mut text = String::new();
    let last = value.chars().count().saturating_sub(1);
    for (at, c) in value.chars().enumerate() {
        match c {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => text.extend(['\\', c]),
            '#' if at == 0 => text.push_str("\\#"),
            ' ' if at == 0 || at == last => text.push_str("\\ "),
            c if c.is_control() => {
                for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                    let _ = write!(text, "\\{byte:02x}");
                }
            }
            c => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_shown_as_they_are_written() {
        for text in [
            "",
            "CN=www.example.com",
            "CN=www.example.com,O=Example,C=DE",
            "CN=a,OU=one,OU=two,DC=example,DC=com",
            "serialNumber=1+CN=Doe\\, Jane,O=\\#1 \\\"Best\\\"",
            "CN=\\ two spaces \\ ",
            "CN=M\u{fc}ller",
            "CN=a\\0db",
            "1.3.6.1.4.1.1466.0=x",
            "emailAddress=a@b.example,CN=x",
        ] {
            assert_eq!(DistinguishedName::parse(text).unwrap().to_string(), text);
        }
        let parsed = DistinguishedName::parse(" cn = a , o=b\\2cc\\c3\\a4 , 2.5.4.6=DE").unwrap();
        assert_eq!(parsed.to_string(), "CN=a,O=b\\,c\u{e4},C=DE");
        assert_eq!(
            DistinguishedName::parse("CN=#0c0161").unwrap(),
            DistinguishedName::parse("CN=a").unwrap()
        );
    }

    #[test]
    fn the_sequence_begins_where_the_string_ends() {
        let parsed = DistinguishedName::parse("CN=a,C=DE").unwrap();
        let expected = [
            0x30, 0x19, 0x31, 0x0b, 0x30, 9, 6, 3, 0x55, 4, 6, 0x13, 2, b'D', b'E', 0x31, 0x0a,
            0x30, 8,
        ];
        assert_eq!(parsed.der()[..expected.len()], expected);
    }

    #[test]
    fn what_is_no_distinguished_name_is_told_why() {
        let long = format!("CN={}", "a".repeat(65));
        let many = vec!["OU=a"; 65].join(",");
        for (text, expected) in [
            ("/C=DE/CN=a", "as in RFC 4514"),
            ("www.example.com", "`www.example.com` has no `=`; such as CN=www.example.com"),
            ("CN=a,", "missing at the end"),
            ("CN=a,,O=b", "`` before `,` has no `=`"),
            ("XX=a", "`XX` is no attribute"),
            ("CN=", "CN has no value"),
            ("C=Germany", "C has 2 characters at most, not 7"),
            ("C=de", "two capital letters"),
            ("DC=\u{e4}", "does not occur in DC"),
            ("CN=a;O=b", "write `;` in CN as `\\;`"),
            ("CN=\"a\"", "write `\\\"` in CN"),
            ("CN=a\\", "escapes nothing"),
            ("CN=a\\zz", "is no escape"),
            ("CN=\\ff", "no UTF-8"),
            ("CN=#zz", "no DER"),
            ("CN=#0c02", "no DER"),
            (&long, "64 characters at most, not 65"),
            (&many, "more than 64 attributes"),
        ] {
            let fault = DistinguishedName::parse(text).unwrap_err();
            assert!(fault.contains(expected), "{text}: {fault}");
        }
    }
}
