//! What begins with `<`: tags, comments, processing instructions, the document type declaration.

use super::{Doctype, Pending, Phase, Reader, Token};
use crate::xml::{
    chars::{ends_name, is_space},
    dtd::{self, Entities},
    error::{XmlError, XmlFault},
    instruction, tag,
};
use std::io::Read;

impl<R: Read> Reader<R> {
    pub(super) fn markup(&mut self, at: usize) -> Result<Option<Token>, XmlError> {
        match self.input.rest() {
            [_, b'/', ..] => self.end_tag(at),
            [_, b'!', ..] => self.declaration_or_comment(at),
            [_, b'?', ..] => self.instruction(at),
            [_] => self.more("markup"),
            _ => self.start_tag(at),
        }
    }

    fn start_tag(&mut self, at: usize) -> Result<Option<Token>, XmlError> {
        match self.phase {
            Phase::Content | Phase::Prolog => {}
            _ => {
                return Err(self
                    .input
                    .fault_here(XmlFault::Misplaced("a second document element")));
            }
        }
        let mut entities = Entities::new(self.dtd.as_ref(), &self.limits, self.spent);
        let window = self.input.window();
        let tag =
            tag::read(window, at, &mut self.state, self.dtd.as_ref(), &mut entities, &self.limits);
        self.spent = entities.spent();
        match tag {
            Ok(Some(tag)) => {
                self.within_token(at, tag.end)?;
                let offset = self.input.offset(at);
                self.last_start = offset;
                self.input.at = tag.end;
                self.phase = Phase::Content;
                if tag.empty {
                    self.pending = Pending::End;
                }
                Ok(Some(Token::Start { offset }))
            }
            Ok(None) => self.more("a start tag"),
            Err((at, fault)) => Err(self.input.fault_at(at, fault)),
        }
    }

    #[inline]
    fn end_tag(&mut self, at: usize) -> Result<Option<Token>, XmlError> {
        let bytes = self.input.rest();
        let Some(open) = self.state.open.last() else {
            let Some(length) = bytes[2..].iter().position(|byte| ends_name(*byte)) else {
                return self.more("an end tag");
            };
            let name = self.input.window()[at + 2..at + 2 + length].chars().take(100).collect();
            return Err(self.input.fault_here(XmlFault::EndTagAlone(name)));
        };
        let name = self.state.names.text(open.name).as_bytes();
        let after = 2 + name.len();
        if bytes.get(after) == Some(&b'>') && &bytes[2..after] == name {
            self.input.at += after + 1;
        } else {
            let Some(length) = bytes[2..].iter().position(|byte| ends_name(*byte)) else {
                return self.more("an end tag");
            };
            if &bytes[2..2 + length] != name {
                let open = self.state.names.text(open.name).to_owned();
                let found =
                    self.input.window()[at + 2..at + 2 + length].chars().take(100).collect();
                return Err(self.input.fault_here(XmlFault::EndTag { open, found }));
            }
            let space = bytes[after..].iter().take_while(|byte| is_space(**byte)).count();
            match bytes.get(after + space) {
                None => return self.more("an end tag"),
                Some(b'>') => self.input.at += after + space + 1,
                Some(_) => {
                    return Err(self.input.fault_at(at + after + space, XmlFault::Expected("`>`")));
                }
            }
        }
        if let Some((name, outside)) = self.entities.last()
            && self.state.open.len() <= *outside
        {
            return Err(self.input.fault_here(XmlFault::Entity(
                name.clone(),
                "it closes an element that it did not open",
            )));
        }
        Ok(Some(self.close(self.input.at)))
    }

    /// Closes the innermost element, whose tag ends at `end`.
    #[inline]
    pub(super) fn close(&mut self, end: usize) -> Token {
        if let Some(element) = self.state.open.pop() {
            self.state.element = element;
            self.state.scope.back_to(element.mark);
        }
        if self.state.open.is_empty() {
            self.phase = Phase::Epilog;
        }
        Token::End { end: self.input.offset(end) }
    }

    fn declaration_or_comment(&mut self, at: usize) -> Result<Option<Token>, XmlError> {
        let rest = self.input.rest();
        if rest.starts_with(b"<!--") {
            return self.comment(at);
        }
        if rest.starts_with(b"<![CDATA[") {
            if self.phase != Phase::Content {
                return Err(self.input.fault_here(XmlFault::Misplaced("a CDATA section")));
            }
            self.input.at += b"<![CDATA[".len();
            self.in_cdata = true;
            return Ok(None);
        }
        if rest.starts_with(b"<!DOCTYPE") {
            return self.doctype();
        }
        if [&b"<!--"[..], b"<![CDATA[", b"<!DOCTYPE"].iter().any(|whole| whole.starts_with(rest)) {
            return self.more("markup");
        }
        Err(self.input.fault_here(XmlFault::Expected("`<!--`, `<![CDATA[` or `<!DOCTYPE`")))
    }

    fn comment(&mut self, at: usize) -> Result<Option<Token>, XmlError> {
        let start = at + 4;
        let bytes = self.input.window().as_bytes();
        let Some(length) = memchr::memmem::find(&bytes[start..], b"--") else {
            return self.more("a comment");
        };
        let end = start + length;
        match bytes.get(end + 2) {
            None => self.more("a comment"),
            Some(b'>') => {
                self.within_token(at, end)?;
                self.input.at = end + 3;
                Ok(Some(Token::Comment(start, end)))
            }
            Some(_) => Err(self.input.fault_at(end, XmlFault::Sequence("--", "a comment"))),
        }
    }

    fn instruction(&mut self, at: usize) -> Result<Option<Token>, XmlError> {
        let window = self.input.window();
        let start = at + 2;
        let Some(length) = memchr::memmem::find(&window.as_bytes()[start..], b"?>") else {
            return self.more("a processing instruction");
        };
        let end = start + length;
        let inner = &window[start..end];
        let (name, data) = match instruction::split(inner) {
            Ok(parts) => parts,
            Err(fault) => return Err(self.input.fault_at(start, fault)),
        };
        self.within_token(at, end)?;
        self.input.at = end + 2;
        Ok(Some(Token::Instruction { target: (start, start + name), data: (start + data, end) }))
    }

    fn doctype(&mut self) -> Result<Option<Token>, XmlError> {
        if self.doctype == Doctype::Refuse {
            return Err(self.input.fault_here(XmlFault::DoctypeRefused));
        }
        if self.phase != Phase::Prolog || self.dtd.is_some() {
            return Err(self.input.fault_here(XmlFault::Misplaced("a document type declaration")));
        }
        let (window, at) = (self.input.window(), self.input.at);
        let names = &mut self.state.names;
        match dtd::read(window, at, self.standalone, names, &mut self.spent, &self.limits) {
            Ok(Some((dtd, end))) => {
                self.dtd = Some(dtd);
                self.input.at = end;
                Ok(None)
            }
            Ok(None) => self.more_within(
                self.limits.dtd_bytes,
                "dtd_bytes",
                "the document type declaration",
            ),
            Err((at, fault)) => Err(self.input.fault_at(at, fault)),
        }
    }
}
