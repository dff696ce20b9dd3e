mod markup;
mod text;

use super::{
    chars::is_space,
    declaration,
    dtd::{Dtd, Spent},
    error::{XmlError, XmlFault},
    event::{Element, End, Event, Instruction, Start, State},
    input::Input,
    limits::Limits,
    names::{NameId, Names, UriId},
    namespaces::Scope,
};
use std::io::Read;

/// How a document is read.
///
/// ```
/// use ravelin_xmldsig::xml::{Doctype, Options, Reader};
/// let options = Options { doctype: Doctype::InternalSubset, ..Options::default() };
/// let reader = Reader::with(&b"<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>"[..], &options);
/// assert!(reader.is_ok());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Whether there may be a document type declaration.
    pub doctype: Doctype,
    /// How much of anything there may be.
    pub limits: Limits,
}

/// What happens to document type declarations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Doctype {
    /// They are errors.
    #[default]
    Refuse,
    /// What they declare inside the document is obeyed: entities, defaults and types of attributes. What stands outside
    /// is never fetched.
    InternalSubset,
}

/// Reads a document piece by piece. See the [module](super).
#[derive(Debug)]
pub struct Reader<R> {
    pub(super) input: Input<R>,
    pub(super) state: State,
    limits: Limits,
    doctype: Doctype,
    /// What the XML declaration says.
    standalone: bool,
    pub(super) dtd: Option<Dtd>,
    phase: Phase,
    /// What is to happen before anything is read.
    pending: Pending,
    in_cdata: bool,
    /// The entities that are being read: name, and elements open outside.
    entities: Vec<(String, usize)>,
    spent: Spent,
    /// A character that a reference stands for.
    character: String,
    /// Where the element that began last begins, in bytes from the start of the document.
    pub(super) last_start: u64,
    /// The place of the window where the last event began.
    pub(super) last_at: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Before the document element.
    Prolog,
    Content,
    /// After the document element.
    Epilog,
    Ended,
    /// After a fault.
    Failed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pending {
    Nothing,
    /// The element was written as an empty tag and ends now.
    End,
}

/// An event as places in the window.
#[derive(Clone, Copy, Debug)]
enum Token {
    Start { offset: u64 },
    End { end: u64 },
    Text(usize, usize),
    Character,
    Comment(usize, usize),
    Instruction { target: (usize, usize), data: (usize, usize) },
    Finish,
}

impl<R: Read> Reader<R> {
    /// Reads the beginning of a document, with the defaults of [`Options`].
    ///
    /// # Errors
    /// When it cannot be read, or its first bytes show no encoding that is supported.
    pub fn new(source: R) -> Result<Reader<R>, XmlError> {
        Reader::with(source, &Options::default())
    }

    /// Reads the beginning of a document.
    ///
    /// # Errors
    /// When it cannot be read, or its XML declaration is wrong (XML 1.0, section 2.8).
    pub fn with(source: R, options: &Options) -> Result<Reader<R>, XmlError> {
        Reader::from_input(Input::open(source)?, options, Names::new(&options.limits))
    }

    /// The next piece.
    ///
    /// # Errors
    /// When the document is not well-formed here, goes beyond a limit, or cannot be read. Nothing can be read after that.
    #[allow(
        clippy::should_implement_trait,
        reason = "events borrow from the reader, which no `Iterator` can say"
    )]
    pub fn next(&mut self) -> Result<Event<'_>, XmlError> {
        let token = match self.advance() {
            Ok(token) => token,
            Err(error) => {
                self.phase = Phase::Failed;
                return Err(error);
            }
        };
        let window = self.input.window();
        Ok(match token {
            Token::Start { offset } => Event::Start(Start { window, state: &self.state, offset }),
            Token::End { end } => Event::End(End { state: &self.state, end }),
            Token::Text(start, end) => Event::Text(&window[start..end]),
            Token::Character => Event::Text(&self.character),
            Token::Comment(start, end) => Event::Comment(&window[start..end]),
            Token::Instruction { target, data } => Event::Instruction(Instruction {
                target: &window[target.0..target.1],
                data: &window[data.0..data.1],
            }),
            Token::Finish => Event::Finish,
        })
    }

    /// Reads the beginning of a document some of whose names may be known.
    pub(super) fn from_input(
        input: Input<R>,
        options: &Options,
        names: Names,
    ) -> Result<Reader<R>, XmlError> {
        // Places in the window have 32 bits.
        let limits = Limits { token: options.limits.token.min(1 << 30), ..options.limits };
        let state = State {
            names,
            scope: Scope::new(),
            open: Vec::new(),
            element: Element { name: NameId::NOTHING, uri: UriId::NONE, mark: 0 },
            attributes: Vec::new(),
            declares: false,
            scratch: String::new(),
        };
        let mut reader = Reader::from_parts(input, state, limits, None);
        reader.doctype = options.doctype;
        reader.declaration()?;
        Ok(reader)
    }

    /// A reader that stands before an element.
    pub(super) fn from_parts(
        input: Input<R>,
        state: State,
        limits: Limits,
        dtd: Option<Dtd>,
    ) -> Reader<R> {
        Reader {
            input,
            state,
            limits,
            doctype: Doctype::Refuse,
            standalone: false,
            dtd,
            phase: Phase::Prolog,
            pending: Pending::Nothing,
            in_cdata: false,
            entities: Vec::new(),
            spent: Spent::default(),
            character: String::new(),
            last_start: 0,
            last_at: 0,
        }
    }

    fn advance(&mut self) -> Result<Token, XmlError> {
        if self.pending == Pending::End {
            self.pending = Pending::Nothing;
            self.last_at = self.input.at;
            return Ok(self.close(self.input.at));
        }
        if self.phase == Phase::Failed {
            return Err(self.input.fault_here(XmlFault::Misplaced("reading on after a fault")));
        }
        loop {
            let at = self.input.at;
            self.last_at = at;
            if self.in_cdata {
                if let Some(token) = self.cdata()? {
                    return Ok(token);
                }
                continue;
            }
            let token = match self.input.rest().first() {
                None => self.end_of_input()?,
                Some(b'<') => self.markup(at)?,
                Some(_) if self.phase != Phase::Content => self.outside()?,
                Some(b'&') => self.reference(at)?,
                Some(_) => self.text(at)?,
            };
            if let Some(token) = token {
                return Ok(token);
            }
        }
    }

    /// The XML declaration (XML 1.0, section 2.8).
    fn declaration(&mut self) -> Result<(), XmlError> {
        while declaration::may_be_longer(self.input.rest()) && self.input.fill()? {}
        let rest = &self.input.window()[self.input.at..];
        match declaration::read(rest, |name| self.input.encoding().fits(name)) {
            Ok(declaration) => {
                // XML 1.0, section 4.3.3: without either there is nothing but UTF-8.
                if !declaration.encoding
                    && !self.input.marked()
                    && self.input.encoding().is_utf_16()
                {
                    return Err(self.input.fault_here(XmlFault::Expected(
                        "a byte order mark or an encoding declaration in UTF-16",
                    )));
                }
                self.input.at += declaration.length;
                self.standalone = declaration.standalone;
                Ok(())
            }
            Err((at, XmlFault::EncodingMismatch { declared, .. })) => {
                let used = self.input.encoding().name();
                Err(self.input.fault_at(at, XmlFault::EncodingMismatch { declared, used }))
            }
            Err((at, fault)) => Err(self.input.fault_at(at, fault)),
        }
    }

    /// White space before and after the document element.
    fn outside(&mut self) -> Result<Option<Token>, XmlError> {
        let space = self.input.rest().iter().take_while(|byte| is_space(**byte)).count();
        if space == 0 {
            let what = if self.phase == Phase::Prolog {
                "text before the document element"
            } else {
                "text after the document element"
            };
            return Err(self.input.fault_here(XmlFault::Misplaced(what)));
        }
        self.input.at += space;
        Ok(None)
    }

    fn end_of_input(&mut self) -> Result<Option<Token>, XmlError> {
        if self.input.fill()? {
            return Ok(None);
        }
        if let Some((name, outside)) = self.entities.pop() {
            if self.state.open.len() > outside {
                return Err(self.input.fault_here(XmlFault::Entity(
                    name,
                    "an element begins in it and does not end in it",
                )));
            }
            self.input.leave();
            return Ok(None);
        }
        match self.phase {
            Phase::Epilog | Phase::Ended => {
                self.phase = Phase::Ended;
                Ok(Some(Token::Finish))
            }
            Phase::Prolog => Err(self.input.fault_here(XmlFault::Expected("a document element"))),
            Phase::Content | Phase::Failed => {
                let open = self
                    .state
                    .open
                    .last()
                    .map_or(String::new(), |open| self.state.names.text(open.name).to_owned());
                Err(self.input.fault_here(XmlFault::NotClosed(open)))
            }
        }
    }

    /// Whether a token is short enough does not hang on where the window ends.
    #[inline]
    fn within_token(&self, start: usize, end: usize) -> Result<(), XmlError> {
        if end - start > self.limits.token {
            return Err(self.input.fault_at(start, XmlFault::Limit("token")));
        }
        Ok(())
    }

    /// Makes the window longer for a token that is not whole.
    fn more(&mut self, inside: &'static str) -> Result<Option<Token>, XmlError> {
        self.more_within(self.limits.token, "token", inside)
    }

    fn more_within(
        &mut self,
        limit: usize,
        name: &'static str,
        inside: &'static str,
    ) -> Result<Option<Token>, XmlError> {
        if self.input.rest().len() > limit {
            return Err(self.input.fault_here(XmlFault::Limit(name)));
        }
        if self.input.fill()? {
            return Ok(None);
        }
        Err(self.input.fault_here(XmlFault::UnexpectedEnd(inside)))
    }
}
