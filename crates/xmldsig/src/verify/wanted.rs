//! The elements that references name by their identifiers.

use super::plan::Plan;
use crate::{
    Error,
    xml::{AttributeKind, NameId, Reader, Start},
};
use std::{collections::HashMap, io::Read};

/// The identifiers that plans name.
pub(super) struct Wanted<'p> {
    by_id: HashMap<&'p str, Identified>,
    /// Local names of attributes that identify.
    attributes: Vec<NameId>,
    /// Elements that went by.
    elements: u64,
}

#[derive(Default)]
struct Identified {
    plans: Vec<usize>,
    /// The element that has the identifier, counted: those that entities bring have no place of their own.
    element: Option<u64>,
    ambiguous: bool,
}

impl<'p> Wanted<'p> {
    pub(super) fn new<'q: 'p, R: Read>(
        plans: impl Iterator<Item = &'p Plan<'q>>,
        attributes: &[String],
        reader: &mut Reader<R>,
    ) -> Result<Wanted<'p>, Error> {
        let mut by_id: HashMap<&str, Identified> = HashMap::new();
        for (i, plan) in plans.enumerate() {
            if let Some(id) = &plan.source.id {
                by_id.entry(id).or_default().plans.push(i);
            }
        }
        let names = reader.names_mut();
        let attributes = attributes.iter().map(|name| names.intern(name));
        let attributes = attributes
            .collect::<Result<_, _>>()
            .map_err(|fault| Error::unsupported(fault.to_string()))?;
        Ok(Wanted { by_id, attributes, elements: 0 })
    }

    /// The plans for which this element was waited for.
    pub(super) fn found(&mut self, start: &Start<'_>) -> Vec<usize> {
        let mut found = Vec::new();
        if self.by_id.is_empty() {
            return found;
        }
        self.elements += 1;
        for attribute in start.raw_attributes() {
            if attribute.kind != AttributeKind::Id && !self.attributes.contains(&attribute.local) {
                continue;
            }
            let Some(identified) = self.by_id.get_mut(start.value(attribute)) else { continue };
            match identified.element {
                None => {
                    identified.element = Some(self.elements);
                    found.extend_from_slice(&identified.plans);
                }
                // By two of its attributes.
                Some(element) if element == self.elements => {}
                Some(_) => identified.ambiguous = true,
            }
        }
        found
    }

    /// The plans whose element is not there, or there more than once, in their order.
    pub(super) fn faults(&self) -> Vec<(usize, Error)> {
        let mut faults = Vec::new();
        for (id, identified) in &self.by_id {
            let shown: String = id.chars().take(100).collect();
            let what = match identified.element {
                Some(_) if !identified.ambiguous => continue,
                Some(_) => format!("two elements have the identifier `{shown}`"),
                None => format!("no element has the identifier `{shown}`"),
            };
            let plans = identified.plans.iter();
            faults.extend(plans.map(|plan| (*plan, Error::dereference(what.clone()))));
        }
        faults.sort_by_key(|(plan, _)| *plan);
        faults
    }
}
