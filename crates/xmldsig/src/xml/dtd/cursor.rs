//! A place in the text of declarations.

use super::super::{
    chars::{self, ends_name, is_space},
    error::XmlFault,
    tag::Fault,
};

/// A place in the document, or in what a parameter entity stands for.
#[derive(Debug)]
pub(super) struct Cursor<'a> {
    pub(super) text: &'a str,
    pub(super) at: usize,
    /// Where in the window the parameter entity is referred to. `None` in the document itself.
    pub(super) reference: Option<usize>,
}

/// Why reading does not go on.
#[derive(Debug)]
pub(super) enum Stop {
    /// The window ends before the declaration does.
    Incomplete,
    Fault(Fault),
}

impl<'a> Cursor<'a> {
    pub(super) fn fault_at(&self, at: usize, fault: XmlFault) -> Stop {
        Stop::Fault((self.reference.unwrap_or(at), fault))
    }

    pub(super) fn fault(&self, fault: XmlFault) -> Stop {
        self.fault_at(self.at, fault)
    }

    pub(super) fn expected(&self, what: &'static str) -> Stop {
        self.fault(XmlFault::Doctype(what))
    }

    /// The text has ended.
    pub(super) fn end(&self) -> Stop {
        match self.reference {
            None => Stop::Incomplete,
            Some(_) => self.fault(XmlFault::UnexpectedEnd("a declaration in a parameter entity")),
        }
    }

    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub(super) fn peek(&self) -> Result<u8, Stop> {
        self.text.as_bytes().get(self.at).copied().ok_or_else(|| self.end())
    }

    /// Goes over `literal` if it comes next.
    pub(super) fn take(&mut self, literal: &str) -> Result<bool, Stop> {
        let rest = self.rest();
        if rest.starts_with(literal) {
            self.at += literal.len();
            return Ok(true);
        }
        if literal.starts_with(rest) { Err(self.end()) } else { Ok(false) }
    }

    pub(super) fn demand(&mut self, literal: &str, what: &'static str) -> Result<(), Stop> {
        if self.take(literal)? { Ok(()) } else { Err(self.expected(what)) }
    }

    /// Goes over white space, and says whether there was some.
    pub(super) fn skip_space(&mut self) -> bool {
        let length = self.rest().bytes().take_while(|byte| is_space(*byte)).count();
        self.at += length;
        length > 0
    }

    pub(super) fn space(&mut self) -> Result<(), Stop> {
        self.peek()?;
        if self.skip_space() { Ok(()) } else { Err(self.expected("white space")) }
    }

    /// White space that may be missing, and the end of the declaration.
    pub(super) fn close(&mut self) -> Result<(), Stop> {
        self.skip_space();
        self.demand(">", "`>`")
    }

    /// The name of an entity or a notation, which has no colon (Namespaces in XML 1.0, section 7).
    pub(super) fn ncname(&mut self) -> Result<&'a str, Stop> {
        self.word(chars::is_ncname)
    }

    /// The name of an element or an attribute.
    pub(super) fn qname(&mut self) -> Result<&'a str, Stop> {
        self.word(|word| match word.split_once(':') {
            Some((prefix, local)) => chars::is_ncname(prefix) && chars::is_ncname(local),
            None => chars::is_ncname(word),
        })
    }

    /// `Nmtoken`.
    pub(super) fn token(&mut self) -> Result<&'a str, Stop> {
        self.word(|word| {
            !word.is_empty() && word.chars().all(|c| c == ':' || chars::continues_name(c))
        })
    }

    fn word(&mut self, is_one: impl Fn(&str) -> bool) -> Result<&'a str, Stop> {
        let rest = self.rest();
        let Some(length) = rest.bytes().position(ends_name) else { return Err(self.end()) };
        let word = &rest[..length];
        if !is_one(word) {
            if word.is_empty() {
                return Err(self.expected("a name"));
            }
            return Err(self.fault(XmlFault::Name(word.chars().take(100).collect())));
        }
        self.at += length;
        Ok(word)
    }

    /// What stands in quotation marks, and its place.
    pub(super) fn quoted(&mut self) -> Result<(usize, &'a str), Stop> {
        let quote = self.peek()?;
        if !matches!(quote, b'"' | b'\'') {
            return Err(self.expected("a quotation mark"));
        }
        let start = self.at + 1;
        let Some(length) = memchr::memchr(quote, &self.text.as_bytes()[start..]) else {
            return Err(self.end());
        };
        self.at = start + length + 1;
        Ok((start, &self.text[start..start + length]))
    }
}
