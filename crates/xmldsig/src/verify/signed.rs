use super::report::{ReferenceReport, SignatureStatus};
use crate::{
    document::{Document, Node, NodeKind},
    xml::QName,
};
use std::{borrow::Cow, collections::HashSet, ops::Range};

/// What of a document is signed, and nothing else of it.
///
/// It comes from the very octets that were verified. It hands out the elements that good references cover whole, and from
/// them leads only further in: to nothing that is not signed, and never into the Signature itself. Comments are not
/// signed, usually, so none are handed out; the text of an element is whole all the same.
///
/// Who asks the document by other ways, by a path or a name, may find an element that somebody put beside the signed one.
#[derive(Debug)]
pub struct SignedDocument {
    document: Document,
    /// Elements that are covered whole.
    roots: Vec<u32>,
    /// The nodes of the Signature.
    signature: Option<Range<u32>>,
}

impl SignedDocument {
    /// `signature`: where it begins.
    pub(super) fn new(
        document: Document,
        references: &[ReferenceReport],
        signature: u64,
    ) -> SignedDocument {
        let valid = references
            .iter()
            .filter(|report| report.status == SignatureStatus::Valid && report.whole);
        // What an entity brought has no place of its own, and could be mistaken for what stands beside it there.
        let covered: HashSet<&Range<u64>> = valid
            .filter_map(|report| report.covers.as_ref())
            .map(|covers| &covers.range)
            .filter(|range| !range.is_empty())
            .collect();
        let mut roots = Vec::new();
        let mut of_signature = None;
        for node in document.nodes().filter(|node| node.is_element()) {
            let Some(range) = node.byte_range().filter(|range| !range.is_empty()) else { continue };
            if covered.contains(&range) {
                roots.push(node.index());
            }
            if range.start == signature {
                of_signature = Some(node.subtree());
            }
        }
        SignedDocument { document, roots, signature: of_signature }
    }

    /// The elements that references cover whole, in the order of the document. An element in another may come by itself.
    pub fn elements(&self) -> impl Iterator<Item = SignedElement<'_>> {
        self.roots.iter().map(|root| {
            let signature = self.signature.clone().filter(|signature| !signature.contains(root));
            SignedElement { node: self.document.at(*root), signature }
        })
    }

    /// The document element, if it is covered whole.
    pub fn root(&self) -> Option<SignedElement<'_>> {
        self.elements().find(|element| element.node == self.document.root())
    }
}

/// An element that is signed, with all that is in it.
#[derive(Clone, Debug)]
pub struct SignedElement<'a> {
    node: Node<'a>,
    /// Nodes that are left out of it.
    signature: Option<Range<u32>>,
}

impl<'a> SignedElement<'a> {
    /// Its name.
    pub fn name(&self) -> QName<'a> {
        self.node.name().unwrap_or(QName { prefix: "", local: "", namespace: "" })
    }

    /// Whether it has this name.
    pub fn is(&self, namespace: &str, local: &str) -> bool {
        self.node.is(namespace, local)
    }

    /// The value of the attribute of this name.
    pub fn attribute(&self, namespace: &str, local: &str) -> Option<&'a str> {
        self.node.attribute(namespace, local)
    }

    /// Its attributes: name, and value.
    pub fn attributes(&self) -> impl Iterator<Item = (QName<'a>, Cow<'a, str>)> + use<'a> {
        self.node.attributes().filter_map(|attribute| Some((attribute.name()?, attribute.text())))
    }

    /// All text in it, that of the elements in it included, without interruption by comments.
    pub fn text(&self) -> String {
        let pieces = self
            .node
            .descendants()
            .filter(|node| node.kind() == NodeKind::Text && !self.leaves_out(*node));
        pieces.map(Node::text).collect()
    }

    /// The elements directly in it.
    pub fn elements(&self) -> impl Iterator<Item = SignedElement<'a>> + use<'_, 'a> {
        self.node.elements().filter(|node| !self.leaves_out(*node)).map(|node| self.inner(node))
    }

    /// All elements in it, in the order of the document.
    pub fn descendants(&self) -> impl Iterator<Item = SignedElement<'a>> + use<'_, 'a> {
        let inside = self.node.descendants().skip(1).filter(|node| node.is_element());
        inside.filter(|node| !self.leaves_out(*node)).map(|node| self.inner(node))
    }

    /// The bytes of the document from its start tag to its end tag.
    pub fn byte_range(&self) -> Range<u64> {
        self.node.byte_range().unwrap_or(0..0)
    }

    fn inner(&self, node: Node<'a>) -> SignedElement<'a> {
        SignedElement { node, signature: self.signature.clone() }
    }

    fn leaves_out(&self, node: Node<'_>) -> bool {
        self.signature.as_ref().is_some_and(|signature| signature.contains(&node.index()))
    }
}
