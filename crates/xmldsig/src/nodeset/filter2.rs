//! XML-Signature XPath Filter 2.0.

use super::{NamespacesOf, NodeSet};
use crate::{
    document::{Ids, Node, NodeKind},
    xml::PrefixId,
    xpath::{Budget, Evaluation, Expression, Key, XPathError},
};
use std::collections::BTreeSet;

/// What is done with the subtrees that an expression selects (Filter 2.0, section 3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Only what is in them stays.
    Intersect,
    /// What is in them goes.
    Subtract,
    /// What is in them comes, as far as it was in the input.
    Union,
}

impl Operation {
    /// The operation of this name, the value of the attribute `Filter`.
    pub fn of(name: &str) -> Option<Operation> {
        match name {
            "intersect" => Some(Operation::Intersect),
            "subtract" => Some(Operation::Subtract),
            "union" => Some(Operation::Union),
            _ => None,
        }
    }
}

/// An expression that selects subtrees, and what is done with them.
#[derive(Clone, Debug)]
pub struct Subtrees<'a> {
    /// What is done.
    pub operation: Operation,
    /// The expression, which gives nodes.
    pub expression: Expression,
    /// The element that bears it.
    pub here: Option<Node<'a>>,
}

impl<'a> NodeSet<'a> {
    /// Applies operations in order. Each expression is evaluated once, for the whole document.
    ///
    /// # Errors
    /// When an expression does not give nodes, the budget is at its end, or `here()` has no meaning.
    pub fn filter2(
        &self,
        operations: &[Subtrees<'_>],
        ids: Option<&Ids<'_>>,
        budget: &mut Budget,
    ) -> Result<NodeSet<'a>, XPathError> {
        let document = self.document;
        let mut filter = NodeSet::document(document, true);
        for Subtrees { operation, expression, here } in operations {
            let mut evaluation = Evaluation::new(expression, document, budget);
            if let Some(ids) = ids {
                evaluation = evaluation.with_ids(ids);
            }
            if let Some(here) = here {
                evaluation = evaluation.with_here(*here);
            }
            let found = evaluation.nodes(Key::node(0))?;
            filter.combine(&NodeSet::subtrees(document, &found, budget)?, *operation, budget)?;
        }
        let mut kept = self.clone();
        kept.combine(&filter, Operation::Intersect, budget)?;
        Ok(kept)
    }

    /// The nodes, which are in document order, and all that is in them.
    fn subtrees(
        document: &'a crate::document::Document,
        roots: &[Key],
        budget: &mut Budget,
    ) -> Result<NodeSet<'a>, XPathError> {
        let mut set = NodeSet::empty(document);
        let mut covered = 0;
        let mut some: Vec<(u32, Vec<PrefixId>)> = Vec::new();
        for key in roots {
            let index = key.index();
            if index < covered {
                continue;
            }
            match key.prefix() {
                None => {
                    let subtree = document.at(index).subtree();
                    covered = subtree.end;
                    set.nodes.insert_range(subtree.clone());
                    set.namespaces.insert_range(subtree);
                }
                Some(prefix) => match some.last_mut() {
                    Some((last, prefixes)) if *last == index => prefixes.push(prefix),
                    _ => some.push((index, vec![prefix])),
                },
            }
        }
        for (element, prefixes) in some {
            if set.namespaces.contains(element) {
                continue;
            }
            let all = set.all_namespaces(element, &mut |steps| budget.spend(steps))?;
            let whole = all.len() == prefixes.len();
            set.set_namespaces(element, prefixes, whole);
        }
        Ok(set)
    }

    fn combine(
        &mut self,
        other: &NodeSet<'_>,
        operation: Operation,
        budget: &mut Budget,
    ) -> Result<(), XPathError> {
        // Elements with some of their namespace nodes in either set are seen to one by one.
        let singles: BTreeSet<u32> =
            self.partial.keys().chain(other.partial.keys()).copied().collect();
        let mut combined = Vec::new();
        for element in singles {
            if self.document.kind(element) != NodeKind::Element {
                continue;
            }
            let all = self.all_namespaces(element, &mut |steps| budget.spend(steps))?;
            let (left, right) = (self.namespaces_of(element), other.namespaces_of(element));
            let count = all.len();
            let kept: Vec<PrefixId> =
                all.into_iter().filter(|prefix| has(left, right, *prefix, operation)).collect();
            let whole = kept.len() == count;
            combined.push((element, kept, whole));
        }
        let bits: fn(u64, u64) -> u64 = match operation {
            Operation::Intersect => |a, b| a & b,
            Operation::Subtract => |a, b| a & !b,
            Operation::Union => |a, b| a | b,
        };
        self.nodes.combine(&other.nodes, bits);
        self.namespaces.combine(&other.namespaces, bits);
        for (element, kept, whole) in combined {
            self.set_namespaces(element, kept, whole);
        }
        Ok(())
    }
}

fn has(
    left: NamespacesOf<'_>,
    right: NamespacesOf<'_>,
    prefix: PrefixId,
    operation: Operation,
) -> bool {
    let (left, right) = (left.has(prefix), right.has(prefix));
    match operation {
        Operation::Intersect => left && right,
        Operation::Subtract => left && !right,
        Operation::Union => left || right,
    }
}
