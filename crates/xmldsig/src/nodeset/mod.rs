//! Sets of nodes, as the transforms of XML signatures take and give them (XML Signature, section 6.6).
//!
//! A [`NodeSet`] has two bits for every node of a [`Document`], however it came about. It begins as a
//! [document](NodeSet::document) or a [subtree](NodeSet::subtree), loses what a transform takes away, and is written with
//! [`canonicalize_nodes`](crate::c14n::canonicalize_nodes).
//!
//! ```
//! use ravelin_xmldsig::{
//!     c14n::{canonicalize_nodes, Method},
//!     document::{self, Document},
//!     nodeset::NodeSet,
//!     xml::Reader,
//!     xpath::{Budget, Expression, Limits},
//! };
//!
//! let reader = Reader::new(&b"<a><b>kept</b><c>not</c></a>"[..])?;
//! let document = Document::read(reader, &document::Limits::default())?;
//! let limits = Limits::default();
//! let mut budget = Budget::new(&limits);
//! let expression = Expression::parse("not(ancestor-or-self::c)", |_| None, &limits)?;
//! let kept = NodeSet::document(&document, false).filter(&expression, None, None, &mut budget)?;
//! let mut octets = Vec::new();
//! canonicalize_nodes(&kept, &Method::default(), &mut budget, &mut octets)?;
//! assert_eq!(octets, b"<a><b>kept</b></a>");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bits;
mod filter;
mod filter2;
mod transform;

pub use filter2::{Operation, Subtrees};
pub use transform::TransformError;

use crate::{
    document::{Document, Node, NodeKind},
    xml::PrefixId,
    xpath::{Key, Spent},
};
use bits::Bits;
use std::collections::BTreeMap;

/// A set of nodes of a document. See the [module](self).
#[derive(Clone, Debug)]
pub struct NodeSet<'a> {
    document: &'a Document,
    /// All nodes but namespace nodes.
    nodes: Bits,
    /// The elements of whose namespace nodes there are any.
    namespaces: Bits,
    /// Of these the elements that have not all, and the prefixes that they have, in order.
    partial: BTreeMap<u32, Vec<PrefixId>>,
}

impl<'a> NodeSet<'a> {
    /// No node.
    pub fn empty(document: &'a Document) -> NodeSet<'a> {
        let bits = Bits::new(document.count());
        NodeSet { document, nodes: bits.clone(), namespaces: bits, partial: BTreeMap::new() }
    }

    /// The whole document, its comments perhaps left out: what the reference `""` selects without, and what a document
    /// in octets becomes with (XML Signature, sections 4.4.3.3 and 4.4.3.2).
    pub fn document(document: &'a Document, comments: bool) -> NodeSet<'a> {
        NodeSet::subtree(document.node(), comments)
    }

    /// A node and all that is in it: what the reference `"#id"` selects, without comments.
    pub fn subtree(node: Node<'a>, comments: bool) -> NodeSet<'a> {
        let mut set = NodeSet::empty(node.document());
        set.nodes.insert_range(node.subtree());
        set.namespaces.insert_range(node.subtree());
        if comments { set } else { set.without_comments() }
    }

    /// The document whose nodes they are.
    pub fn of_document(&self) -> &'a Document {
        self.document
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
            && !self.namespaces.iter().any(|index| self.document.kind(index) == NodeKind::Element)
    }

    /// Whether a node is one of them.
    pub fn contains(&self, node: Node<'_>) -> bool {
        std::ptr::eq(node.document(), self.document) && self.nodes.contains(node.index())
    }

    /// All but the comments.
    #[must_use]
    pub fn without_comments(mut self) -> NodeSet<'a> {
        let is_comment = |index: &u32| self.document.kind(*index) == NodeKind::Comment;
        let comments: Vec<u32> = self.nodes.iter().filter(is_comment).collect();
        for index in comments {
            self.nodes.remove(index);
        }
        self
    }

    /// All but a node and what is in it: the transform `enveloped-signature`, with the Signature that carries it (XML
    /// Signature, section 6.6.4).
    #[must_use]
    pub fn without_subtree(mut self, node: Node<'_>) -> NodeSet<'a> {
        if std::ptr::eq(node.document(), self.document) {
            self.nodes.remove_range(node.subtree());
            self.namespaces.remove_range(node.subtree());
            let gone: Vec<u32> =
                self.partial.range(node.subtree()).map(|(index, _)| *index).collect();
            for index in gone {
                self.partial.remove(&index);
            }
        }
        self
    }

    /// The nodes in document order, namespace nodes left out.
    pub fn iter(&self) -> impl Iterator<Item = Node<'a>> + '_ {
        self.nodes.iter().map(|index| self.document.at(index))
    }

    pub(crate) fn has(&self, index: u32) -> bool {
        self.nodes.contains(index)
    }

    /// The nodes, and the elements that have namespace nodes, in document order.
    pub(crate) fn touched(&self) -> impl Iterator<Item = u32> + '_ {
        self.nodes.iter_with(&self.namespaces)
    }

    pub(crate) fn namespaces_of(&self, element: u32) -> NamespacesOf<'_> {
        if !self.namespaces.contains(element) || self.document.kind(element) != NodeKind::Element {
            return NamespacesOf::None;
        }
        self.partial
            .get(&element)
            .map_or(NamespacesOf::All, |prefixes| NamespacesOf::Some(prefixes))
    }

    /// All namespace nodes of an element as prefixes, in order. What it costs is paid.
    fn all_namespaces(
        &self,
        element: u32,
        pay: &mut impl FnMut(u64) -> Result<(), Spent>,
    ) -> Result<Vec<PrefixId>, Spent> {
        let scope = self.document.record(element).scope;
        pay(1 + u64::from(self.document.scope_cost(scope)))?;
        let mut prefixes: Vec<PrefixId> =
            self.document.in_force(scope).into_iter().map(|(prefix, _)| prefix).collect();
        let place = prefixes.partition_point(|prefix| *prefix < PrefixId::XML);
        prefixes.insert(place, PrefixId::XML);
        Ok(prefixes)
    }

    /// Gives an element these of its namespace nodes. `all`: there are no others.
    fn set_namespaces(&mut self, element: u32, prefixes: Vec<PrefixId>, all: bool) {
        self.partial.remove(&element);
        if prefixes.is_empty() {
            self.namespaces.remove(element);
            return;
        }
        self.namespaces.insert(element);
        if !all {
            self.partial.insert(element, prefixes);
        }
    }

    fn insert(&mut self, key: Key) {
        if !key.is_namespace() {
            self.nodes.insert(key.index());
        }
    }
}

/// Which of the namespace nodes of an element are in a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NamespacesOf<'a> {
    None,
    /// Those of these prefixes, which are in order.
    Some(&'a [PrefixId]),
    All,
}

impl NamespacesOf<'_> {
    pub(crate) fn has(self, prefix: PrefixId) -> bool {
        match self {
            NamespacesOf::None => false,
            NamespacesOf::Some(prefixes) => prefixes.binary_search(&prefix).is_ok(),
            NamespacesOf::All => true,
        }
    }
}
