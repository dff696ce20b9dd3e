//! Reading a document again from one of its elements on.

use super::{
    dtd::Dtd,
    encoding::Encoding,
    error::{Position, XmlError},
    event::{Element, Start, State},
    input::{Input, Whole},
    limits::Limits,
    names::{NameId, Names, UriId},
    namespaces::Scope,
    reader::{Options, Reader},
};
use std::io::Read;

/// What must be known to read from the start of an element on.
#[derive(Clone, Debug)]
pub(crate) struct Snapshot {
    position: Position,
    encoding: Encoding,
    /// The declarations in force outside the element.
    scope: Scope,
}

/// What one reading of a document leaves to the next: names keep their numbers.
#[derive(Debug)]
pub(crate) struct Legacy {
    names: Names,
    dtd: Option<Dtd>,
    /// All of the document, if it is small and nobody changes it meanwhile.
    whole: Option<Whole>,
}

impl Legacy {
    /// The document is to be read again.
    pub(crate) fn forget_text(&mut self) {
        self.whole = None;
    }
}

impl Snapshot {
    /// Where the element begins.
    pub(crate) fn position(&self) -> Position {
        self.position
    }
}

impl<R> Reader<R> {
    /// What is left to the next reading.
    pub(crate) fn into_legacy(self) -> Legacy {
        Legacy { names: self.state.names, dtd: self.dtd, whole: None }
    }

    /// The same for a document that stays what it is: a small one need not be read again.
    pub(crate) fn into_legacy_with_text(self) -> Legacy {
        Legacy { names: self.state.names, dtd: self.dtd, whole: self.input.into_whole() }
    }

    /// The numbers of names, for what keeps a whole document.
    pub(crate) fn into_names(self) -> Names {
        self.state.names
    }

    /// The element that began last, as long as nothing else was read.
    pub(crate) fn start(&self) -> Start<'_> {
        Start { window: self.input.window(), state: &self.state, offset: self.last_start }
    }

    /// The numbers of names, before or while a document is read.
    pub(crate) fn names_mut(&mut self) -> &mut Names {
        &mut self.state.names
    }

    /// Where the event that was given last began, or ended if it was the end of an element.
    pub fn position(&self) -> Position {
        self.input.position(self.last_at)
    }

    /// Where what is read next begins, in bytes from the start of the document.
    pub(crate) fn next_offset(&mut self) -> u64 {
        self.input.offset(self.input.at)
    }

    /// The encoding of the document.
    pub(crate) fn encoding(&self) -> Encoding {
        self.input.encoding()
    }

    /// Whether what was given last is part of what an entity stands for, which has no place.
    pub(crate) fn is_inside_entity(&self) -> bool {
        self.input.is_inside_entity()
    }

    /// What [`snapshot`](Reader::snapshot) copies: declarations.
    pub(crate) fn snapshot_cost(&self) -> u64 {
        self.state.scope.size() as u64
    }

    /// How to come back to the element that began last. `None` in what an entity stands for, which has no place.
    pub(crate) fn snapshot(&self) -> Option<Snapshot> {
        if self.is_inside_entity() {
            return None;
        }
        let mut scope = self.state.scope.clone();
        scope.back_to(self.state.element.mark);
        Some(Snapshot { position: self.position(), encoding: self.input.encoding(), scope })
    }
}

impl<R: Read> Reader<R> {
    /// Reads a document from its beginning, once more.
    pub(crate) fn again(
        source: R,
        options: &Options,
        legacy: Legacy,
    ) -> Result<Reader<R>, XmlError> {
        let input = match legacy.whole {
            Some(whole) => Input::reread(source, whole, None),
            None => Input::open(source)?,
        };
        Reader::from_input(input, options, legacy.names)
    }

    /// Reads from an element on: `source` stands where it begins. What comes after the element is no concern of this
    /// reader, which ends with it.
    pub(crate) fn resume(
        source: R,
        options: &Options,
        legacy: Legacy,
        snapshot: &Snapshot,
    ) -> Result<Reader<R>, XmlError> {
        let input = match legacy.whole {
            Some(whole) => Input::reread(source, whole, Some(snapshot.position)),
            None => Input::resume(source, snapshot.encoding, snapshot.position)?,
        };
        let state = State {
            names: legacy.names,
            scope: snapshot.scope.clone(),
            open: Vec::new(),
            element: Element { name: NameId::NOTHING, uri: UriId::NONE, mark: 0 },
            attributes: Vec::new(),
            declares: false,
            scratch: String::new(),
        };
        let limits = Limits { token: options.limits.token.min(1 << 30), ..options.limits };
        Ok(Reader::from_parts(input, state, limits, legacy.dtd))
    }
}
