//! What the internal subset of a document type declaration says that matters to reading.

mod attlist;
mod content;
mod cursor;
mod entity;
mod subset;

use super::{error::XmlFault, event::AttributeKind, limits::Limits, names::NameId};
use std::collections::HashMap;
pub(super) use subset::read;

/// Declarations.
#[derive(Debug, Default)]
pub(super) struct Dtd {
    entities: HashMap<String, Entity>,
    attributes: HashMap<NameId, Attributes>,
    /// Declarations were left out, because they stand outside the document: an unknown entity may be one of them.
    incomplete: bool,
    /// Nothing outside the document changes what it says.
    standalone: bool,
}

/// A general entity.
#[derive(Debug)]
struct Entity {
    value: EntityValue,
    /// Declared in what a parameter entity stands for.
    in_parameter: bool,
}

#[derive(Debug)]
enum EntityValue {
    /// What it stands for.
    Internal(String),
    /// Text outside the document, which is not fetched.
    External,
    /// Data outside the document.
    Unparsed,
}

/// The attributes of an element.
#[derive(Debug, Default)]
struct Attributes {
    kinds: HashMap<NameId, AttributeKind>,
    defaults: Vec<Supplied>,
}

/// An attribute that has a value without being written.
#[derive(Debug)]
pub(super) struct Supplied {
    pub(super) name: NameId,
    pub(super) kind: AttributeKind,
    /// Normalised.
    pub(super) value: String,
}

impl Dtd {
    /// The type of an attribute of an element.
    pub(super) fn kind(&self, element: NameId, attribute: NameId) -> AttributeKind {
        let kinds = self.attributes.get(&element).map(|declared| &declared.kinds);
        kinds.and_then(|kinds| kinds.get(&attribute)).copied().unwrap_or_default()
    }

    /// The attributes of an element that have a value without being written.
    pub(super) fn defaults(&self, element: NameId) -> &[Supplied] {
        self.attributes.get(&element).map_or(&[], |declared| &declared.defaults)
    }

    /// The first declaration of an attribute is the one that counts (XML 1.0, section 3.3).
    fn declare(
        &mut self,
        element: NameId,
        name: NameId,
        kind: AttributeKind,
        default: Option<String>,
    ) {
        let declared = self.attributes.entry(element).or_default();
        if declared.kinds.contains_key(&name) {
            return;
        }
        declared.kinds.insert(name, kind);
        declared.defaults.extend(default.map(|value| Supplied { name, kind, value }));
    }
}

/// The entities of a document, and how much they may still stand for.
#[derive(Debug)]
pub(super) struct Entities<'a> {
    dtd: Option<&'a Dtd>,
    limits: &'a Limits,
    spent: Spent,
    /// Entities that are declared in parameter entities are not (XML 1.0, section 4.1, "Entity Declared").
    standalone: bool,
}

/// What a document was given that it does not contain, in bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Spent {
    entities: u64,
    defaults: u64,
}

impl<'a> Entities<'a> {
    pub(super) fn new(dtd: Option<&'a Dtd>, limits: &'a Limits, spent: Spent) -> Entities<'a> {
        Entities { dtd, limits, spent, standalone: dtd.is_some_and(|dtd| dtd.standalone) }
    }

    /// The references stand in a parameter entity themselves.
    pub(super) fn in_parameter(mut self) -> Entities<'a> {
        self.standalone = false;
        self
    }

    pub(super) fn spent(&self) -> Spent {
        self.spent
    }

    pub(super) fn back_to(&mut self, spent: Spent) {
        self.spent = spent;
    }

    /// A default takes the place of an attribute that is not written.
    pub(super) fn supply(&mut self, value: &str) -> Result<(), XmlFault> {
        // A value of no bytes costs as well.
        self.spent.defaults = self.spent.defaults.saturating_add(value.len() as u64 + 1);
        if self.spent.defaults > self.limits.default_bytes {
            return Err(XmlFault::Limit("default_bytes"));
        }
        Ok(())
    }

    /// What the entity stands for. `depth`: entities that are open.
    pub(super) fn replacement(&mut self, name: &str, depth: usize) -> Result<&'a str, XmlFault> {
        let not_here = |why| Err(XmlFault::Entity(name.chars().take(100).collect(), why));
        let Some(entity) = self.dtd.and_then(|dtd| dtd.entities.get(name)) else {
            if self.dtd.is_some_and(|dtd| dtd.incomplete) {
                return not_here(
                    "it is not declared in the document, outside which nothing is read",
                );
            }
            return Err(XmlFault::EntityUnknown(name.chars().take(100).collect()));
        };
        let EntityValue::Internal(text) = &entity.value else {
            return not_here(match entity.value {
                EntityValue::Unparsed => "it is not text",
                _ => "it stands outside the document, and nothing is fetched",
            });
        };
        if entity.in_parameter && self.standalone {
            return not_here("a standalone document declares it outside parameter entities");
        }
        if depth >= self.limits.entity_depth {
            return Err(XmlFault::Limit("entity_depth"));
        }
        // An entity of no bytes costs as well.
        self.spent.entities = self.spent.entities.saturating_add(text.len() as u64 + 1);
        if self.spent.entities > self.limits.entity_bytes {
            return Err(XmlFault::Limit("entity_bytes"));
        }
        Ok(text)
    }
}
