use super::DSIG;
use crate::{
    Error,
    c14n::{Inherited, Method, Stream},
    held::Held,
    xml::{Event, Reader, Start, is_space},
};
use std::io::Read;

/// Goes through a Signature element in the order its schema prescribes, and writes the canonical form of a part of it on
/// the way.
#[derive(Debug)]
pub(crate) struct Cursor<R> {
    reader: Reader<R>,
    /// The `xml:…` attributes around the element that began last.
    inherited: Inherited,
    canonical: Option<Stream<Held>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    Start,
    End,
    Text,
    Other,
}

impl<R: Read> Cursor<R> {
    /// Stands before the first element that `reader` gives.
    pub(crate) fn new(reader: Reader<R>, inherited: Inherited) -> Cursor<R> {
        Cursor { reader, inherited, canonical: None }
    }

    pub(crate) fn reader(&self) -> &Reader<R> {
        &self.reader
    }

    pub(crate) fn into_reader(self) -> Reader<R> {
        self.reader
    }

    /// What begins next stands in the element that just began.
    pub(crate) fn enclose(&mut self) {
        self.inherited.open(&self.reader.start());
    }

    /// From the element that just began on, the canonical form is written, of at most so many octets.
    pub(crate) fn canonicalize(&mut self, method: Method, limit: usize) -> Result<(), Error> {
        let mut stream = Stream::new(method, Held::up_to(limit));
        stream.start(&self.reader.start(), Some(&mut self.inherited))?;
        self.canonical = Some(stream);
        Ok(())
    }

    /// The canonical form of the element that has just ended.
    pub(crate) fn canonical(&mut self) -> Result<Vec<u8>, Error> {
        match self.canonical.take() {
            Some(stream) => Ok(stream.finish()?.0.into_octets()),
            None => Ok(Vec::new()),
        }
    }

    /// Goes into the next child element. False when there is none: the element is left then.
    pub(crate) fn child(&mut self) -> Result<bool, Error> {
        loop {
            match self.next(None)? {
                Piece::Start => return Ok(true),
                Piece::End => return Ok(false),
                Piece::Text | Piece::Other => {}
            }
        }
    }

    /// Goes into the next child element, which must be this one of XML signatures.
    pub(crate) fn expect(&mut self, local: &'static str) -> Result<(), Error> {
        if self.child()? && self.is(local) {
            Ok(())
        } else {
            Err(self.fault(format!("<{local}> is missing or not in its place")))
        }
    }

    /// The same of another namespace.
    pub(crate) fn expect_of(&mut self, namespace: &str, local: &'static str) -> Result<(), Error> {
        let found = self.child()? && self.is_of(namespace, local);
        if found {
            Ok(())
        } else {
            Err(self.fault(format!("<{local}> is missing or not in its place")))
        }
    }

    /// The next thing must be the end of the element, which is left.
    pub(crate) fn leave(&mut self) -> Result<(), Error> {
        if self.child()? { Err(self.misplaced()) } else { Ok(()) }
    }

    /// Leaves the element, whatever is in it.
    pub(crate) fn skip(&mut self) -> Result<(), Error> {
        let mut depth = 1_usize;
        let mut text = String::new();
        while depth > 0 {
            match self.next(Some(&mut text))? {
                Piece::Start => depth += 1,
                Piece::End => depth -= 1,
                Piece::Text | Piece::Other => {}
            }
            text.clear();
        }
        Ok(())
    }

    /// The text of the element, which holds nothing else and is left.
    pub(crate) fn text(&mut self, limit: usize) -> Result<String, Error> {
        self.text_seen(limit, |_, _| {})
    }

    /// The same. `see` looks at the text as it grows, while what the element declares is in force.
    pub(crate) fn text_seen(
        &mut self,
        limit: usize,
        mut see: impl FnMut(&str, &Start<'_>),
    ) -> Result<String, Error> {
        let mut text = String::new();
        loop {
            match self.next(Some(&mut text))? {
                Piece::Start => return Err(self.misplaced()),
                Piece::End => return Ok(text),
                Piece::Text => see(&text, &self.reader.start()),
                Piece::Other => {}
            }
            if text.len() > limit {
                return Err(Error::limit("value").at(self.reader.position()));
            }
        }
    }

    /// Whether the element that just began is this one of XML signatures.
    pub(crate) fn is(&self, local: &str) -> bool {
        self.is_of(DSIG, local)
    }

    pub(crate) fn is_of(&self, namespace: &str, local: &str) -> bool {
        self.reader.start().name().is(namespace, local)
    }

    /// An attribute, which has no prefix, of the element that just began.
    pub(crate) fn attribute(&self, local: &str) -> Option<&str> {
        self.reader.start().attribute("", local)
    }

    pub(crate) fn required(&self, local: &'static str) -> Result<&str, Error> {
        self.attribute(local).ok_or_else(|| {
            let name = self.reader.start().name();
            self.fault(format!("<{name}> has no attribute `{local}`"))
        })
    }

    /// The element that just began must not be here.
    pub(crate) fn misplaced(&self) -> Error {
        let name = self.reader.start().name();
        self.fault(format!("<{name}> is not allowed here"))
    }

    /// The document is at fault, here.
    pub(crate) fn fault(&self, detail: String) -> Error {
        Error::malformed(detail).at(self.reader.position())
    }

    /// Places an error that came out of what stands here.
    pub(crate) fn here(&self, error: impl Into<Error>) -> Error {
        let error = error.into();
        if error.position.is_some() { error } else { error.at(self.reader.position()) }
    }

    /// The next piece. Text goes to `text`; without it only white space may come.
    fn next(&mut self, text: Option<&mut String>) -> Result<Piece, Error> {
        let event = self.reader.next()?;
        let canonical = self.canonical.as_mut();
        Ok(match event {
            Event::Start(start) => {
                if let Some(stream) = canonical {
                    stream.start(&start, None)?;
                }
                Piece::Start
            }
            Event::End(end) => {
                if let Some(stream) = canonical {
                    stream.end(&end)?;
                }
                Piece::End
            }
            Event::Text(piece) => {
                if let Some(stream) = canonical {
                    stream.text(piece)?;
                }
                match text {
                    Some(text) => text.push_str(piece),
                    None if piece.bytes().all(is_space) => {}
                    None => return Err(self.fault("text is not allowed here".to_owned())),
                }
                Piece::Text
            }
            Event::Comment(comment) => {
                if let Some(stream) = canonical {
                    stream.comment(comment, crate::c14n::Place::Inside)?;
                }
                Piece::Other
            }
            Event::Instruction(instruction) => {
                if let Some(stream) = canonical {
                    stream.instruction(&instruction, crate::c14n::Place::Inside)?;
                }
                Piece::Other
            }
            Event::Finish => {
                return Err(Error::malformed("the document ends inside the Signature"));
            }
        })
    }
}
