use super::Document;
use crate::xml::{PrefixId, QName};
use std::{borrow::Cow, fmt, ops::Range};

/// What a node is (XPath 1.0, section 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NodeKind {
    /// The document itself.
    Document,
    /// An element.
    Element,
    /// An attribute. Declarations of namespaces are none.
    Attribute,
    /// Text between two pieces of markup.
    Text,
    /// A comment.
    Comment,
    /// A processing instruction.
    Instruction,
}

/// A node of a [`Document`].
///
/// Nodes of one document compare in document order.
#[derive(Clone, Copy)]
pub struct Node<'a> {
    document: &'a Document,
    index: u32,
}

impl<'a> Node<'a> {
    #[inline]
    pub(super) fn new(document: &'a Document, index: u32) -> Node<'a> {
        Node { document, index }
    }

    /// The document it is of.
    pub fn document(self) -> &'a Document {
        self.document
    }

    /// What it is.
    pub fn kind(self) -> NodeKind {
        self.document.kind(self.index)
    }

    /// Whether it is an element.
    pub fn is_element(self) -> bool {
        self.kind() == NodeKind::Element
    }

    /// The name of an element or an attribute.
    pub fn name(self) -> Option<QName<'a>> {
        let record = self.document.record(self.index);
        if !matches!(record.kind, NodeKind::Element | NodeKind::Attribute) {
            return None;
        }
        let names = &self.document.names;
        Some(QName {
            prefix: names.prefix_text(names.parts(record.name).prefix),
            local: names.local_text(record.name),
            namespace: names.uri_text(record.uri),
        })
    }

    /// Whether it is an element or an attribute of this name.
    pub fn is(self, namespace: &str, local: &str) -> bool {
        self.name().is_some_and(|name| name.is(namespace, local))
    }

    /// What a processing instruction is for.
    pub fn target(self) -> Option<&'a str> {
        (self.kind() == NodeKind::Instruction).then(|| self.document.target_of(self.index))
    }

    /// The string-value (XPath 1.0, section 5): of an element or the document all text in it, of the others their value.
    pub fn text(self) -> Cow<'a, str> {
        let document = self.document;
        let record = document.record(self.index);
        if !matches!(record.kind, NodeKind::Document | NodeKind::Element) {
            return Cow::Borrowed(document.text_of(self.index));
        }
        let mut pieces =
            (self.index + 1..record.end).filter(|index| document.kind(*index) == NodeKind::Text);
        let Some(first) = pieces.next() else { return Cow::Borrowed("") };
        let mut text = Cow::Borrowed(document.text_of(first));
        for piece in pieces {
            text.to_mut().push_str(document.text_of(piece));
        }
        text
    }

    /// The node it is in; of an attribute, its element.
    pub fn parent(self) -> Option<Node<'a>> {
        (self.index != 0).then(|| Node::new(self.document, self.document.record(self.index).parent))
    }

    /// The nodes around it, from the nearest to the document itself.
    pub fn ancestors(self) -> impl Iterator<Item = Node<'a>> + use<'a> {
        std::iter::successors(self.parent(), |node| node.parent())
    }

    /// The attributes of an element in the order of the document.
    pub fn attributes(self) -> impl ExactSizeIterator<Item = Node<'a>> + use<'a> {
        let document = self.document;
        (self.index + 1..document.after_attributes(self.index))
            .map(|index| Node::new(document, index))
    }

    /// The value of the attribute of this name.
    pub fn attribute(self, namespace: &str, local: &str) -> Option<&'a str> {
        let attribute = self.attributes().find(|attribute| attribute.is(namespace, local))?;
        Some(self.document.text_of(attribute.index))
    }

    /// What stands directly in it. Attributes do not.
    pub fn children(self) -> Children<'a> {
        Children {
            document: self.document,
            next: self.document.after_attributes(self.index),
            end: self.document.record(self.index).end,
        }
    }

    /// The elements directly in it.
    pub fn elements(self) -> impl Iterator<Item = Node<'a>> + use<'a> {
        self.children().filter(|child| child.is_element())
    }

    /// The node itself and all that is in it, in document order, attributes left out.
    pub fn descendants(self) -> impl Iterator<Item = Node<'a>> + use<'a> {
        let (document, index) = (self.document, self.index);
        let inside = index + 1..document.record(index).end;
        let inside = inside.filter(|index| document.kind(*index) != NodeKind::Attribute);
        std::iter::once(index).chain(inside).map(|index| Node::new(document, index))
    }

    /// Whether it is `other` or in it.
    pub fn is_within(self, other: Node<'_>) -> bool {
        std::ptr::eq(self.document, other.document) && other.subtree().contains(&self.index)
    }

    /// Where an element stands in the source: the bytes from its start tag to its end tag. An element that an entity
    /// brought has the place of the reference to the entity.
    pub fn byte_range(self) -> Option<Range<u64>> {
        let record = self.document.record(self.index);
        self.is_element().then(|| u64::from(record.from)..u64::from(record.to))
    }

    /// The namespaces in force in an element, `xml` left out: prefix, and namespace name. The default one has the empty
    /// prefix.
    pub fn namespaces(self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let document = self.document;
        let in_force = document.in_force(document.record(self.index).scope);
        let names = &document.names;
        in_force.into_iter().map(|(prefix, uri)| (names.prefix_text(prefix), names.uri_text(uri)))
    }

    /// What a prefix stands for in an element; the empty one is the default namespace.
    pub fn namespace(self, prefix: &str) -> Option<&'a str> {
        let prefix = self.document.names.find_prefix(prefix)?;
        let uri = self.document.resolve(self.document.record(self.index).scope, prefix);
        let uri = self.document.names.uri_text(uri);
        (!uri.is_empty() || prefix == PrefixId::NONE).then_some(uri)
    }

    pub(crate) fn index(self) -> u32 {
        self.index
    }

    /// The numbers of the nodes of its subtree.
    pub(crate) fn subtree(self) -> Range<u32> {
        self.index..self.document.record(self.index).end
    }
}

impl PartialEq for Node<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.index == other.index && std::ptr::eq(self.document, other.document)
    }
}

impl Eq for Node<'_> {}

impl PartialOrd for Node<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        std::ptr::eq(self.document, other.document).then(|| self.index.cmp(&other.index))
    }
}

impl fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Node");
        debug.field("index", &self.index).field("kind", &self.kind());
        if let Some(name) = self.name() {
            debug.field("name", &name.to_string());
        }
        debug.finish_non_exhaustive()
    }
}

/// See [`Node::children`].
#[derive(Clone, Debug)]
pub struct Children<'a> {
    document: &'a Document,
    next: u32,
    end: u32,
}

impl<'a> Iterator for Children<'a> {
    type Item = Node<'a>;

    fn next(&mut self) -> Option<Node<'a>> {
        if self.next >= self.end {
            return None;
        }
        let child = Node::new(self.document, self.next);
        self.next = self.document.record(self.next).end;
        Some(child)
    }
}
