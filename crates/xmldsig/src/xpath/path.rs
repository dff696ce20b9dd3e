//! Location paths (XPath 1.0, section 2).

#![expect(
    clippy::cast_precision_loss,
    clippy::float_cmp,
    reason = "positions stay far below 2^53, and compare as IEEE 754 has it"
)]

use super::{
    axis::{self, walk},
    error::XPathError,
    evaluate::{Context, Evaluated, Evaluation},
    expression::{Axis, Kind, Part, PartId, Step, Test, Type},
    key::Key,
};
use crate::document::NodeKind;
use std::{collections::HashSet, ops::ControlFlow};

impl<'e> Evaluation<'e, '_> {
    /// The nodes that a path leads to, in document order. With `any`, not more than one of them.
    pub(super) fn path(
        &mut self,
        part: &'e Part,
        context: Context,
        any: bool,
    ) -> Evaluated<Vec<Key>> {
        let Kind::Path(begin, steps) = &part.kind else { return Ok(Vec::new()) };
        let mut nodes = self.begin(*begin, context)?.as_ref().clone();
        for (i, step) in steps.iter().enumerate() {
            self.spend(1 + nodes.len() as u64, step.at)?;
            let any = any && i + 1 == steps.len();
            nodes = if step.positional {
                self.ordered_step(step, &nodes, any)?
            } else {
                self.step(step, &nodes, any)?
            };
            if nodes.is_empty() {
                break;
            }
        }
        Ok(nodes)
    }

    /// A step in which positions matter: each axis is gone through for itself.
    fn ordered_step(&mut self, step: &'e Step, from: &[Key], any: bool) -> Evaluated<Vec<Key>> {
        let mut all = Vec::new();
        let mut on_axis = Vec::new();
        // `[3]` first: no more than three nodes are needed.
        let enough =
            match step.predicates.first().map(|predicate| &self.expression.part(*predicate).kind) {
                Some(Kind::Number(number)) if *number >= 1.0 => *number,
                _ => f64::INFINITY,
            };
        for key in from {
            on_axis.clear();
            let _ = self.visit(step, *key, |_, found| {
                on_axis.push(found);
                Ok(if on_axis.len() as f64 >= enough {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                })
            })?;
            for predicate in &step.predicates {
                self.keep(&mut on_axis, *predicate)?;
            }
            all.extend_from_slice(&on_axis);
            self.admit(all.len(), step.at)?;
            if any && !all.is_empty() {
                return Ok(all);
            }
        }
        in_order(&mut all);
        Ok(all)
    }

    /// A step in which positions do not matter: what several axes have in common is gone through once.
    fn step(&mut self, step: &'e Step, from: &[Key], any: bool) -> Evaluated<Vec<Key>> {
        let document = self.document;
        let mut all = Vec::new();
        let mut take = |evaluation: &mut Self, found: Key| -> Evaluated<ControlFlow<()>> {
            for predicate in &step.predicates {
                if !evaluation.boolean_of(*predicate, Context::only(found))? {
                    return Ok(ControlFlow::Continue(()));
                }
            }
            all.push(found);
            evaluation.admit(all.len(), step.at)?;
            Ok(if any { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        };
        match step.axis {
            Axis::Descendant | Axis::DescendantOrSelf => {
                let mut covered = 0;
                for key in from {
                    let is_inside = key.index() < covered
                        && !key.is_namespace()
                        && document.kind(key.index()) != NodeKind::Attribute;
                    if is_inside {
                        continue;
                    }
                    if self.visit(step, *key, &mut take)?.is_break() {
                        break;
                    }
                    covered = covered.max(document.record(key.index()).end);
                }
            }
            Axis::Ancestor | Axis::AncestorOrSelf => {
                let mut before: Option<Key> = None;
                for key in from {
                    let mut met = false;
                    let flow = self.visit_all(step, *key, |evaluation, found, matches| {
                        if before.is_some_and(|before| holds(evaluation, step.axis, found, before))
                        {
                            met = true;
                            return Ok(ControlFlow::Break(()));
                        }
                        if matches {
                            take(evaluation, found)
                        } else {
                            Ok(ControlFlow::Continue(()))
                        }
                    })?;
                    if flow.is_break() && !met {
                        break;
                    }
                    before = Some(*key);
                }
            }
            Axis::Following => {
                let first = from.iter().min_by_key(|key| axis::start_of_following(document, **key));
                if let Some(first) = first {
                    let _ = self.visit(step, *first, &mut take)?;
                }
            }
            Axis::Preceding => {
                if let Some(last) = from.last() {
                    let _ = self.visit(step, *last, &mut take)?;
                }
            }
            Axis::FollowingSibling | Axis::PrecedingSibling => {
                let mut parents = HashSet::new();
                let mut once = |evaluation: &mut Self, key: &Key| -> Evaluated<ControlFlow<()>> {
                    if key.is_namespace() || !parents.insert(document.record(key.index()).parent) {
                        return Ok(ControlFlow::Continue(()));
                    }
                    evaluation.visit(step, *key, &mut take)
                };
                // The first of several siblings has all that follow the others, the last all that precede.
                let is_sibling = |key: &&Key| document.kind(key.index()) != NodeKind::Attribute;
                let mut keys = from.iter().filter(is_sibling);
                while let Some(key) =
                    if step.axis == Axis::FollowingSibling { keys.next() } else { keys.next_back() }
                {
                    if once(self, key)?.is_break() {
                        break;
                    }
                }
            }
            Axis::Attribute | Axis::Child | Axis::Itself | Axis::Namespace | Axis::Parent => {
                for key in from {
                    if self.visit(step, *key, &mut take)?.is_break() {
                        break;
                    }
                }
            }
        }
        in_order(&mut all);
        Ok(all)
    }

    /// Keeps the nodes for which a predicate holds. They are in the order of their axis.
    pub(super) fn keep(&mut self, nodes: &mut Vec<Key>, predicate: PartId) -> Evaluated<()> {
        let part = self.expression.part(predicate);
        let size = nodes.len();
        if let Kind::Number(number) = part.kind {
            let chosen = (1..=size)
                .find(|position| *position as f64 == number)
                .map(|position| nodes[position - 1]);
            nodes.clear();
            nodes.extend(chosen);
            return Ok(());
        }
        let mut kept = 0;
        for i in 0..size {
            let context = Context { key: nodes[i], position: i + 1, size };
            let holds = if part.gives == Type::Number {
                self.number_of(predicate, context)? == (i + 1) as f64
            } else {
                self.boolean_of(predicate, context)?
            };
            if holds {
                nodes[kept] = nodes[i];
                kept += 1;
            }
        }
        nodes.truncate(kept);
        Ok(())
    }

    /// Shows the nodes of an axis that pass the node test.
    #[inline]
    fn visit(
        &mut self,
        step: &'e Step,
        from: Key,
        mut take: impl FnMut(&mut Self, Key) -> Evaluated<ControlFlow<()>>,
    ) -> Evaluated<ControlFlow<()>> {
        self.visit_all(step, from, |evaluation, found, matches| {
            if matches { take(evaluation, found) } else { Ok(ControlFlow::Continue(())) }
        })
    }

    /// Shows the nodes of an axis, and whether they pass the node test.
    #[inline]
    fn visit_all(
        &mut self,
        step: &'e Step,
        from: Key,
        mut take: impl FnMut(&mut Self, Key, bool) -> Evaluated<ControlFlow<()>>,
    ) -> Evaluated<ControlFlow<()>> {
        let document = self.document;
        if step.axis == Axis::Namespace {
            let scope = document.record(from.index()).scope;
            self.spend(u64::from(document.scope_cost(scope)), step.at)?;
        }
        let flow: ControlFlow<Option<XPathError>> = walk(document, step.axis, from, |found| {
            if let Err(error) = self.spend(1, step.at) {
                return ControlFlow::Break(Some(error));
            }
            let matches = self.matches(step, found);
            match take(self, found, matches) {
                Ok(ControlFlow::Continue(())) => ControlFlow::Continue(()),
                Ok(ControlFlow::Break(())) => ControlFlow::Break(None),
                Err(error) => ControlFlow::Break(Some(error)),
            }
        });
        match flow {
            ControlFlow::Continue(()) => Ok(ControlFlow::Continue(())),
            ControlFlow::Break(None) => Ok(ControlFlow::Break(())),
            ControlFlow::Break(Some(error)) => Err(error),
        }
    }

    /// Node tests (section 2.3).
    #[inline]
    fn matches(&self, step: &Step, key: Key) -> bool {
        let document = self.document;
        if key.is_namespace() {
            return match &step.test {
                Test::Any => true,
                Test::Star => step.axis == Axis::Namespace,
                Test::Name(name) => {
                    let name = &self.expression.names[*name];
                    step.axis == Axis::Namespace
                        && name.namespace.is_empty()
                        && key.prefix().is_some_and(|prefix| {
                            document.names().prefix_text(prefix) == name.local
                        })
                }
                _ => false,
            };
        }
        let record = document.record(key.index());
        let is_principal = || {
            let principal = match step.axis {
                Axis::Attribute => NodeKind::Attribute,
                Axis::Namespace => return false,
                _ => NodeKind::Element,
            };
            record.kind == principal
        };
        match &step.test {
            Test::Any => true,
            Test::Text => record.kind == NodeKind::Text,
            Test::Comment => record.kind == NodeKind::Comment,
            Test::Instruction(None) => record.kind == NodeKind::Instruction,
            Test::Instruction(Some(target)) => {
                record.kind == NodeKind::Instruction && document.target_of(key.index()) == target
            }
            Test::Star => is_principal(),
            Test::NamespaceStar(name) => is_principal() && self.names[*name].0 == Some(record.uri),
            Test::Name(name) => {
                let (uri, local) = self.names[*name];
                is_principal()
                    && uri == Some(record.uri)
                    && local == Some(document.names().parts(record.name).local)
            }
        }
    }
}

/// Whether a node was on the axis of an earlier node, and so were all that come after it on the axis.
fn holds(evaluation: &Evaluation<'_, '_>, axis: Axis, node: Key, earlier: Key) -> bool {
    if node.is_namespace() {
        return false;
    }
    let subtree = evaluation.document.at(node.index()).subtree();
    subtree.contains(&earlier.index())
        && (earlier.index() != node.index()
            || earlier.is_namespace()
            || axis == Axis::AncestorOrSelf)
}

fn in_order(nodes: &mut Vec<Key>) {
    if !nodes.is_sorted_by(|a, b| a < b) {
        nodes.sort_unstable();
        nodes.dedup();
    }
}
