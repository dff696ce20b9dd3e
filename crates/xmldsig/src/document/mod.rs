//! A whole document in memory, as XPath sees it: for what cannot be done while reading.
//!
//! A [`Document`] is one flat array of nodes in document order and one text. A [`Node`] is a place in it: it costs
//! nothing to copy and leads to all others. A subtree is a range of nodes.
//!
//! ```
//! use ravelin_xmldsig::{document::{Document, Limits}, xml::Reader};
//!
//! let reader = Reader::new(&b"<list xmlns='urn:l'><item id='1'>one</item><item id='2'>two</item></list>"[..])?;
//! let document = Document::read(reader, &Limits::default())?;
//! let list = document.root();
//! assert!(list.is("urn:l", "list"));
//! let second = list.elements().find(|item| item.attribute("", "id") == Some("2")).unwrap();
//! assert_eq!(second.text(), "two");
//! assert_eq!(second.byte_range(), Some(43..66));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod build;
mod error;
mod ids;
mod node;
mod scope;

pub use error::DocumentError;
pub use ids::Ids;
pub use node::{Children, Node, NodeKind};

use crate::xml::{NameId, Names, PrefixId, UriId};
use scope::ScopeRecord;

/// How much of anything a document in memory may have. Going beyond is a [`DocumentError`] that names the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Nodes: elements, attributes, pieces of text, comments and processing instructions. Each takes 32 bytes.
    pub nodes: usize,
    /// Bytes of text, values of attributes and comments among it.
    pub text: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { nodes: 20_000_000, text: 1 << 30 }
    }
}

/// A document in memory. See the [module](self).
#[derive(Debug)]
pub struct Document {
    /// In document order, each element followed by its attributes and what is in it. The first is the document itself.
    records: Vec<Record>,
    text: String,
    names: Names,
    /// By number. The first is the scope outside the document element.
    scopes: Vec<ScopeRecord>,
    declarations: Vec<(PrefixId, UriId)>,
    /// The document element.
    root: u32,
}

/// A node.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record {
    pub(crate) kind: NodeKind,
    /// An attribute that the document type declaration has as identifier.
    pub(crate) declared_id: bool,
    /// Of an element, as far as 16 bits count.
    attributes: u16,
    pub(crate) parent: u32,
    /// The node behind the last of the subtree.
    pub(crate) end: u32,
    pub(crate) name: NameId,
    /// Of a processing instruction, the bytes of its target, with which its text begins.
    pub(crate) uri: UriId,
    /// Of an element, where it stands in the source; of the others, where their text stands.
    from: u32,
    to: u32,
    /// Of an element, the namespaces in force.
    pub(crate) scope: u32,
}

impl Document {
    /// The document element.
    pub fn root(&self) -> Node<'_> {
        Node::new(self, self.root)
    }

    /// The document itself, which holds the document element and what stands beside it.
    pub fn node(&self) -> Node<'_> {
        Node::new(self, 0)
    }

    /// All nodes in document order, the document itself first. Attributes come behind their elements.
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = Node<'_>> + '_ {
        (0..self.count()).map(|index| Node::new(self, index))
    }

    /// The number of nodes, all of which are numbered below it.
    pub(crate) fn count(&self) -> u32 {
        // The limit of nodes has seen to it.
        u32::try_from(self.records.len()).unwrap_or(u32::MAX)
    }

    pub(crate) fn at(&self, index: u32) -> Node<'_> {
        Node::new(self, index)
    }

    #[inline]
    pub(crate) fn record(&self, index: u32) -> &Record {
        &self.records[index as usize]
    }

    #[inline]
    pub(crate) fn kind(&self, index: u32) -> NodeKind {
        self.records[index as usize].kind
    }

    pub(crate) fn names(&self) -> &Names {
        &self.names
    }

    /// The text of what is no element.
    #[inline]
    pub(crate) fn text_of(&self, index: u32) -> &str {
        let record = self.record(index);
        let from = match record.kind {
            NodeKind::Document | NodeKind::Element => return "",
            NodeKind::Instruction => record.from + record.uri.0,
            NodeKind::Attribute | NodeKind::Comment | NodeKind::Text => record.from,
        };
        &self.text[from as usize..record.to as usize]
    }

    /// What a processing instruction is for.
    pub(crate) fn target_of(&self, index: u32) -> &str {
        let record = self.record(index);
        if record.kind != NodeKind::Instruction {
            return "";
        }
        &self.text[record.from as usize..(record.from + record.uri.0) as usize]
    }

    /// The node behind the attributes of an element: its first child, if it has one.
    #[inline]
    pub(crate) fn after_attributes(&self, element: u32) -> u32 {
        let record = self.record(element);
        let mut at = element + 1 + u32::from(record.attributes);
        if record.attributes == u16::MAX {
            while at < record.end && self.kind(at) == NodeKind::Attribute {
                at += 1;
            }
        }
        at
    }

    /// The sibling before, looked for from behind.
    pub(crate) fn previous_sibling(&self, index: u32) -> Option<u32> {
        let record = self.record(index);
        if index == 0 || record.kind == NodeKind::Attribute {
            return None;
        }
        let mut at = index - 1;
        if at == record.parent
            || self.kind(at) == NodeKind::Attribute && self.record(at).parent == record.parent
        {
            return None;
        }
        while self.record(at).parent != record.parent {
            at = self.record(at).parent;
        }
        Some(at)
    }
}
