//! Transforms that choose nodes, which need a document in memory.

use super::{out::Out, plan::Source, settings::Settings};
use crate::{
    Error, ErrorKind,
    base64::Decoder,
    c14n::{Method, canonicalize_nodes},
    document::{self, Document, DocumentError, Ids, Node, NodeKind},
    nodeset::{NodeSet, Subtrees},
    signature::{self, Transform},
    xml::{Position, Reader},
    xpath::{self, Budget, XPathError, XPathFault},
};
use std::io::{Read, Write};

/// Nodes whose bits are cleared for what one step costs.
const NODES_PER_STEP: usize = 64;

/// A document whose nodes are chosen from.
pub(super) struct Tree<'d> {
    document: &'d Document,
    ids: Ids<'d>,
    /// The Signature that is verified, if it is in this document.
    signature: Option<Node<'d>>,
    /// With a Signature, the elements by their numbers, which is by their places too.
    elements: Vec<u32>,
}

/// Reads a document into memory.
pub(super) fn read<R: Read>(input: R, settings: &Settings) -> Result<Document, Error> {
    let limits = document::Limits { nodes: settings.limits.nodes, text: settings.limits.held };
    Ok(Document::read(Reader::with(input, &settings.xml())?, &limits)?)
}

/// What all expressions of a verification may cost.
pub(super) fn budget(settings: &Settings) -> Budget {
    Budget::new(&limits(settings))
}

fn limits(settings: &Settings) -> xpath::Limits {
    xpath::Limits {
        steps: settings.limits.steps,
        nodes: settings.limits.nodes,
        ..xpath::Limits::default()
    }
}

impl<'d> Tree<'d> {
    /// `signature`: where the Signature begins, if the document is the one with it.
    pub(super) fn new(
        document: &'d Document,
        signature: Option<Position>,
        settings: &Settings,
    ) -> Tree<'d> {
        let identifies = |name: &str| settings.id_attributes.iter().any(|known| known == name);
        let ids = document.ids(|_, attribute| identifies(attribute.local));
        let mut tree = Tree { document, ids, signature: None, elements: Vec::new() };
        if let Some(position) = signature {
            let elements = document.nodes().filter(|node| node.is_element());
            tree.elements = elements.map(Node::index).collect();
            tree.signature = tree.element_at(position.offset);
        }
        tree
    }

    /// The nodes of a part of the document.
    pub(super) fn part(&self, source: &Source, budget: &mut Budget) -> Result<NodeSet<'d>, Error> {
        let Some(id) = &source.id else {
            self.spend_on(budget, self.document.node())?;
            return Ok(NodeSet::document(self.document, source.comments));
        };
        let shown: String = id.chars().take(100).collect();
        if self.ids.is_ambiguous(id) {
            return Err(Error::dereference(format!("two elements have the identifier `{shown}`")));
        }
        match self.ids.element(id) {
            Some(element) => {
                self.spend_on(budget, element)?;
                Ok(NodeSet::subtree(element, source.comments))
            }
            None => Err(Error::dereference(format!("no element has the identifier `{shown}`"))),
        }
    }

    /// Without the Signature.
    pub(super) fn enveloped(&self, set: NodeSet<'d>) -> Result<NodeSet<'d>, Error> {
        match self.signature {
            Some(signature) => Ok(set.without_subtree(signature)),
            None => Err(Error::unsupported(
                "enveloped-signature in another document than the one with the signature",
            )),
        }
    }

    /// Applies transforms, of which the last may make octets of the nodes. False when no node is left.
    pub(super) fn apply(
        &self,
        mut set: NodeSet<'d>,
        transforms: &[Transform],
        settings: &Settings,
        budget: &mut Budget,
        out: &mut Out,
    ) -> Result<bool, Error> {
        for transform in transforms {
            // Every set has bits for the whole document.
            let sets =
                if let Transform::Filter(filters) = transform { 1 + filters.len() } else { 1 };
            spend(budget, sets * self.document.nodes().len() / NODES_PER_STEP)?;
            match transform {
                Transform::Enveloped => set = self.enveloped(set)?,
                Transform::XPath(expression) => {
                    let parsed = parse(expression, settings)?;
                    set = set.filter(&parsed, Some(&self.ids), self.here(expression), budget)?;
                }
                Transform::Filter(filters) => {
                    let steps = filters.iter().map(|filter| {
                        let expression = parse(&filter.expression, settings)?;
                        Ok(Subtrees {
                            operation: filter.operation,
                            expression,
                            here: self.here(&filter.expression),
                        })
                    });
                    let steps = steps.collect::<Result<Vec<_>, Error>>()?;
                    set = set.filter2(&steps, Some(&self.ids), budget)?;
                }
                Transform::Canonicalize(method) => {
                    canonicalize_nodes(&set, method, budget, out)?;
                    return Ok(!set.is_empty());
                }
                Transform::Base64 => {
                    decode_text(&set, budget, out)?;
                    return Ok(!set.is_empty());
                }
            }
        }
        canonicalize_nodes(&set, &Method::inclusive(), budget, out)?;
        Ok(!set.is_empty())
    }

    /// A set of the nodes of a subtree is made.
    fn spend_on(&self, budget: &mut Budget, node: Node<'_>) -> Result<(), Error> {
        spend(budget, node.subtree().len() + self.document.nodes().len() / NODES_PER_STEP)
    }

    /// The element that bears an expression.
    fn here(&self, expression: &signature::Expression) -> Option<Node<'d>> {
        self.element_at(expression.offset)
    }

    /// The element that begins after so many bytes of the document.
    fn element_at(&self, offset: u64) -> Option<Node<'d>> {
        let start = |index: u32| self.document.at(index).byte_range().map(|range| range.start);
        let place = self.elements.partition_point(|index| start(*index) < Some(offset));
        let found = self.elements.get(place).filter(|index| start(**index) == Some(offset))?;
        Some(self.document.at(*found))
    }

    pub(super) fn root(&self) -> Node<'d> {
        self.document.root()
    }

    pub(super) fn element(&self, id: &str) -> Option<Node<'d>> {
        self.ids.element(id)
    }
}

fn parse(
    expression: &signature::Expression,
    settings: &Settings,
) -> Result<xpath::Expression, Error> {
    let namespace = |prefix: &str| expression.namespaces.get(prefix).cloned();
    Ok(xpath::Expression::parse(&expression.text, namespace, &limits(settings))?)
}

fn spend(budget: &mut Budget, steps: usize) -> Result<(), Error> {
    Ok(budget.spend(1 + steps as u64).map_err(XPathError::from)?)
}

/// The text of the nodes is base64 of the octets (XML Signature 1.1, section 6.6.2).
fn decode_text(set: &NodeSet<'_>, budget: &mut Budget, out: &mut Out) -> Result<(), Error> {
    let malformed = |error: crate::base64::Base64Error| Error::malformed(error.to_string());
    let mut decoder = Decoder::new();
    let mut octets = Vec::new();
    for node in set.iter() {
        spend(budget, 1)?;
        if node.kind() != NodeKind::Text {
            continue;
        }
        decoder.push(node.text().as_bytes(), &mut octets).map_err(malformed)?;
        out.write_all(&octets)?;
        octets.clear();
    }
    decoder.finish().map_err(malformed)
}

impl From<XPathError> for Error {
    fn from(error: XPathError) -> Error {
        let kind = match error.fault {
            XPathFault::Limit(_) => ErrorKind::Limit,
            XPathFault::Here | XPathFault::Variable | XPathFault::FunctionUnknown(_) => {
                ErrorKind::Unsupported
            }
            _ => ErrorKind::Malformed,
        };
        Error::new(kind, error.to_string())
    }
}

impl From<DocumentError> for Error {
    fn from(error: DocumentError) -> Error {
        match error {
            DocumentError::Xml(error) => error.into(),
            DocumentError::Limit { .. } => Error::new(ErrorKind::Limit, error.to_string()),
        }
    }
}
