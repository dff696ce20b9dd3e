//! What the internal subset of a document type declaration says that matters to reading.

use super::{error::XmlFault, event::AttributeKind, limits::Limits, names::NameId};
use std::collections::HashMap;

/// Declarations.
#[derive(Debug, Default)]
pub(super) struct Dtd {
    pub(super) entities: HashMap<String, Entity>,
    pub(super) attributes: HashMap<NameId, Vec<Declaration>>,
    /// Declarations were left out, because they stand outside the document: an unknown entity may be one of them.
    pub(super) incomplete: bool,
}

/// A general entity.
#[derive(Debug)]
pub(super) enum Entity {
    /// What it stands for.
    Internal(String),
    /// Text outside the document, which is not fetched.
    External,
    /// Data outside the document.
    Unparsed,
}

/// An attribute.
#[derive(Debug)]
pub(super) struct Declaration {
    pub(super) name: NameId,
    pub(super) kind: AttributeKind,
    pub(super) default: Option<String>,
}

impl Dtd {
    /// The type of an attribute of an element.
    pub(super) fn kind(&self, element: NameId, attribute: NameId) -> AttributeKind {
        let declared = self
            .attributes
            .get(&element)
            .into_iter()
            .flatten()
            .find(|declared| declared.name == attribute);
        declared.map_or(AttributeKind::Text, |declared| declared.kind)
    }

    /// The attributes of an element that have a value without being written.
    pub(super) fn defaults(
        &self,
        element: NameId,
    ) -> impl Iterator<Item = (NameId, AttributeKind, &str)> {
        let declared = self.attributes.get(&element).into_iter().flatten();
        declared.filter_map(|declared| {
            Some((declared.name, declared.kind, declared.default.as_deref()?))
        })
    }
}

/// The entities of a document, and how much they may still stand for.
#[derive(Debug)]
pub(super) struct Entities<'a> {
    dtd: Option<&'a Dtd>,
    limits: &'a Limits,
    spent: u64,
}

impl<'a> Entities<'a> {
    pub(super) fn new(dtd: Option<&'a Dtd>, limits: &'a Limits, spent: u64) -> Entities<'a> {
        Entities { dtd, limits, spent }
    }

    /// Bytes that entities stood for.
    pub(super) fn spent(&self) -> u64 {
        self.spent
    }

    pub(super) fn back_to(&mut self, spent: u64) {
        self.spent = spent;
    }

    /// What the entity stands for. `depth`: entities that are open.
    pub(super) fn replacement(&mut self, name: &str, depth: usize) -> Result<&'a str, XmlFault> {
        let text = match self.dtd.and_then(|dtd| dtd.entities.get(name)) {
            Some(Entity::Internal(text)) => text,
            Some(Entity::External) => {
                return Err(XmlFault::Entity(
                    name.to_owned(),
                    "it stands outside the document, and nothing is fetched",
                ));
            }
            Some(Entity::Unparsed) => {
                return Err(XmlFault::Entity(name.to_owned(), "it is not text"));
            }
            None => return Err(XmlFault::EntityUnknown(name.to_owned())),
        };
        if depth >= self.limits.entity_depth {
            return Err(XmlFault::Limit("entity_depth"));
        }
        // An entity of no bytes costs as well.
        self.spent = self.spent.saturating_add(text.len() as u64 + 1);
        if self.spent > self.limits.entity_bytes {
            return Err(XmlFault::Limit("entity_bytes"));
        }
        Ok(text)
    }
}
