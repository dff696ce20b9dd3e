//! Character data, CDATA sections and references.

use super::{Reader, Token};
use crate::xml::{
    dtd::Entities,
    error::{XmlError, XmlFault},
    reference::{self, Reference},
};
use std::io::Read;

impl<R: Read> Reader<R> {
    /// Character data up to markup or a reference.
    #[inline]
    pub(super) fn text(&mut self, start: usize) -> Result<Option<Token>, XmlError> {
        let bytes = self.input.window().as_bytes();
        let mut at = start;
        loop {
            match memchr::memchr3(b'<', b'&', b']', &bytes[at..]) {
                None => {
                    at = bytes.len();
                    break;
                }
                Some(found) => {
                    at += found;
                    if bytes[at] != b']' {
                        break;
                    }
                    match &bytes[at..] {
                        [b']', b']', b'>', ..] => {
                            return Err(self
                                .input
                                .fault_at(at, XmlFault::Sequence("]]>", "character data")));
                        }
                        // What follows is not known yet.
                        [b']'] | [b']', b']'] => break,
                        _ => at += 1,
                    }
                }
            }
        }
        if at == start {
            // Only brackets are left.
            if self.input.fill()? {
                return Ok(None);
            }
            at = self.input.window().len();
            let start = self.input.at;
            self.input.at = at;
            return Ok(Some(Token::Text(start, at)));
        }
        self.input.at = at;
        Ok(Some(Token::Text(start, at)))
    }

    /// Character data of a CDATA section.
    pub(super) fn cdata(&mut self) -> Result<Option<Token>, XmlError> {
        let start = self.input.at;
        let bytes = self.input.rest();
        let (length, ends) = if let Some(found) = memchr::memmem::find(bytes, b"]]>") {
            (found, true)
        } else {
            let brackets = bytes.iter().rev().take(2).take_while(|byte| **byte == b']').count();
            (bytes.len() - brackets, false)
        };
        self.input.at += length;
        if ends {
            self.input.at += 3;
            self.in_cdata = false;
        } else if length == 0 && !self.input.fill()? {
            return Err(self.input.fault_here(XmlFault::UnexpectedEnd("a CDATA section")));
        }
        Ok((length > 0).then_some(Token::Text(start, start + length)))
    }

    pub(super) fn reference(&mut self, at: usize) -> Result<Option<Token>, XmlError> {
        let read = match reference::read(&self.input.window()[at..]) {
            Ok(read) => read,
            Err(fault) => return Err(self.input.fault_here(fault)),
        };
        let Some((reference, length)) = read else { return self.more("a reference") };
        match reference {
            Reference::Character(c) => {
                self.character.clear();
                self.character.push(c);
                self.input.at += length;
                Ok(Some(Token::Character))
            }
            Reference::Entity(name) => {
                let name = name.to_owned();
                if self.entities.iter().any(|(open, _)| *open == name) {
                    return Err(self
                        .input
                        .fault_here(XmlFault::Entity(name, "it refers to itself")));
                }
                let mut entities = Entities::new(self.dtd.as_ref(), &self.limits, self.spent);
                let text = entities.replacement(&name, self.entities.len()).map(str::to_owned);
                self.spent = entities.spent();
                match text {
                    Ok(text) => {
                        self.input.enter(text, length);
                    }
                    Err(fault) => return Err(self.input.fault_here(fault)),
                }
                self.entities.push((name, self.state.open.len()));
                Ok(None)
            }
        }
    }
}
