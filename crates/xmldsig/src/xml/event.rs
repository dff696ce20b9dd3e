//! What a document consists of, piece by piece.

use super::{
    names::{NameId, Names, PrefixId, UriId},
    namespaces::{Change, Scope},
};

/// A piece of a document.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// An element begins.
    Start(Start<'a>),
    /// An element ends. Elements written as one empty tag end as well.
    End(End<'a>),
    /// A piece of character data of the element that is open, references replaced. What stands between two tags may
    /// come in many pieces.
    Text(&'a str),
    /// A comment.
    Comment(&'a str),
    /// A processing instruction.
    Instruction(Instruction<'a>),
    /// The document has ended as it must. Comes again if asked again.
    Finish,
}

/// A qualified name (Namespaces in XML 1.0, section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct QName<'a> {
    /// Empty if there is none.
    pub prefix: &'a str,
    /// The name without the prefix.
    pub local: &'a str,
    /// The namespace name, empty if there is none.
    pub namespace: &'a str,
}

impl QName<'_> {
    /// Whether it is this name of this namespace, with whatever prefix.
    pub fn is(&self, namespace: &str, local: &str) -> bool {
        self.local == local && self.namespace == namespace
    }
}

impl std::fmt::Display for QName<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.prefix.is_empty() {
            f.write_str(self.local)
        } else {
            write!(f, "{}:{}", self.prefix, self.local)
        }
    }
}

/// The start of an element.
#[derive(Clone, Copy, Debug)]
pub struct Start<'a> {
    pub(super) window: &'a str,
    pub(super) state: &'a State,
    pub(super) offset: u64,
}

impl<'a> Start<'a> {
    /// Its name.
    pub fn name(&self) -> QName<'a> {
        self.state.qname(self.state.element.name, self.state.element.uri)
    }

    /// Where its tag begins, in bytes from the start of the document.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Elements that are open, this one among them.
    pub fn depth(&self) -> usize {
        self.state.open.len()
    }

    /// Its attributes in the order of the document, namespace declarations left out.
    pub fn attributes(&self) -> impl ExactSizeIterator<Item = Attribute<'a>> + use<'a> {
        let (state, window) = (self.state, self.window);
        state.attributes.iter().map(move |raw| Attribute {
            name: state.qname(raw.name, raw.uri),
            value: raw.value.of(window, &state.scratch),
            kind: raw.kind,
        })
    }

    /// The value of the attribute of this name.
    pub fn attribute(&self, namespace: &str, local: &str) -> Option<&'a str> {
        self.attributes()
            .find(|attribute| attribute.name.is(namespace, local))
            .map(|attribute| attribute.value)
    }

    /// The namespaces it declares: prefix, and namespace name, both of which may be empty.
    pub fn declarations(&self) -> impl ExactSizeIterator<Item = (&'a str, &'a str)> + use<'a> {
        let names = &self.state.names;
        self.changes()
            .iter()
            .map(|change| (names.prefix_text(change.prefix), names.uri_text(change.after)))
    }

    /// The namespaces in force in it, its own among them, `xml` left out: prefix, and namespace name.
    pub fn namespaces(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let names = &self.state.names;
        self.state
            .scope
            .in_force()
            .map(|(prefix, uri)| (names.prefix_text(prefix), names.uri_text(uri)))
    }

    /// What a prefix stands for here.
    pub(crate) fn namespace(&self, prefix: &str) -> Option<&'a str> {
        let names = &self.state.names;
        let uri = self.state.scope.uri(names.find_prefix(prefix)?);
        (uri != UriId::NONE).then(|| names.uri_text(uri))
    }

    pub(crate) fn changes(&self) -> &'a [Change] {
        self.state.scope.since(self.state.element.mark)
    }

    pub(crate) fn scope(&self) -> &'a Scope {
        &self.state.scope
    }

    pub(crate) fn names(&self) -> &'a Names {
        &self.state.names
    }

    pub(crate) fn id(&self) -> NameId {
        self.state.element.name
    }

    pub(crate) fn uri(&self) -> UriId {
        self.state.element.uri
    }

    /// The attributes by their numbers.
    pub(crate) fn raw_attributes(&self) -> &'a [RawAttribute] {
        &self.state.attributes
    }

    pub(crate) fn value(&self, attribute: &RawAttribute) -> &'a str {
        attribute.value.of(self.window, &self.state.scratch)
    }
}

/// An attribute.
#[derive(Clone, Copy, Debug)]
pub struct Attribute<'a> {
    /// Its name.
    pub name: QName<'a>,
    /// Its value, normalised (XML 1.0, section 3.3.3).
    pub value: &'a str,
    /// As the document type declaration has it.
    pub kind: AttributeKind,
}

/// The type of an attribute, as far as it matters to reading (XML 1.0, section 3.3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AttributeKind {
    /// Any characters: what is not declared is of this type.
    #[default]
    Text,
    /// An identifier of its element. `xml:id` is one only where it is declared so: its value stays what other readers of
    /// XML see, and whoever looks for identifiers decides.
    Id,
    /// Another type, in whose values white space separates.
    Tokens,
}

/// The end of an element.
#[derive(Clone, Copy, Debug)]
pub struct End<'a> {
    pub(super) state: &'a State,
    pub(super) end: u64,
}

impl<'a> End<'a> {
    /// The name of the element.
    pub fn name(&self) -> QName<'a> {
        self.state.qname(self.state.element.name, self.state.element.uri)
    }

    /// Where its tag ends, in bytes from the start of the document.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Elements that are open still.
    pub fn depth(&self) -> usize {
        self.state.open.len()
    }

    pub(crate) fn names(&self) -> &'a Names {
        &self.state.names
    }

    pub(crate) fn id(&self) -> NameId {
        self.state.element.name
    }
}

/// A processing instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instruction<'a> {
    /// What it is for.
    pub target: &'a str,
    /// What it says, white space before it left out.
    pub data: &'a str,
}

/// What the reader knows of the place it is at.
#[derive(Debug)]
pub(super) struct State {
    pub(super) names: Names,
    pub(super) scope: Scope,
    pub(super) open: Vec<Element>,
    /// The element that begins or ends.
    pub(super) element: Element,
    pub(super) attributes: Vec<RawAttribute>,
    /// Whether there are namespace declarations among them.
    pub(super) declares: bool,
    /// Values of attributes that are not as they stand in the window.
    pub(super) scratch: String,
}

impl State {
    fn qname(&self, name: NameId, uri: UriId) -> QName<'_> {
        QName {
            prefix: self.names.prefix_text(self.names.parts(name).prefix),
            local: self.names.local_text(name),
            namespace: self.names.uri_text(uri),
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Element {
    pub(super) name: NameId,
    pub(super) uri: UriId,
    /// The declarations before it.
    pub(super) mark: usize,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct RawAttribute {
    pub(crate) name: NameId,
    /// The local part, as the name that is written without prefix.
    pub(crate) local: NameId,
    pub(crate) prefix: PrefixId,
    pub(crate) uri: UriId,
    pub(crate) kind: AttributeKind,
    pub(super) value: Value,
}

/// Where the value of an attribute stands.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value {
    Window(u32, u32),
    Scratch(u32, u32),
}

impl Value {
    #[inline]
    pub(super) fn of<'a>(self, window: &'a str, scratch: &'a str) -> &'a str {
        match self {
            Value::Window(start, end) => &window[start as usize..end as usize],
            Value::Scratch(start, end) => &scratch[start as usize..end as usize],
        }
    }
}
