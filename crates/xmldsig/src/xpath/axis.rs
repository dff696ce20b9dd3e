//! The axes of XPath 1.0, section 2.2.

use super::{expression::Axis, key::Key};
use crate::{
    document::{Document, NodeKind},
    xml::PrefixId,
};
use std::ops::ControlFlow;

/// Shows the nodes of an axis to `visit` in the order of the axis, until it breaks.
#[inline]
pub(super) fn walk<B>(
    document: &Document,
    axis: Axis,
    from: Key,
    mut visit: impl FnMut(Key) -> ControlFlow<B>,
) -> ControlFlow<B> {
    let index = from.index();
    match axis {
        Axis::Itself => visit(from),
        Axis::Parent => parent(document, from).map_or(ControlFlow::Continue(()), visit),
        Axis::Ancestor => ancestors(document, parent(document, from), visit),
        Axis::AncestorOrSelf => ancestors(document, Some(from), visit),
        _ if from.is_namespace() => match axis {
            Axis::DescendantOrSelf => visit(from),
            Axis::Following => following(document, from, visit),
            Axis::Preceding => preceding(document, from, visit),
            // A namespace node has neither children nor siblings nor anything else.
            _ => ControlFlow::Continue(()),
        },
        Axis::Attribute => {
            for attribute in index + 1..document.after_attributes(index) {
                visit(Key::node(attribute))?;
            }
            ControlFlow::Continue(())
        }
        Axis::Namespace => namespaces(document, index, visit),
        Axis::Child => {
            siblings(document, document.after_attributes(index), document.record(index).end, visit)
        }
        Axis::Descendant => descendants(document, index, visit),
        Axis::DescendantOrSelf => {
            visit(from)?;
            descendants(document, index, visit)
        }
        Axis::Following => following(document, from, visit),
        Axis::Preceding => preceding(document, from, visit),
        Axis::FollowingSibling => {
            if index == 0 || document.kind(index) == NodeKind::Attribute {
                return ControlFlow::Continue(());
            }
            let record = document.record(index);
            siblings(document, record.end, document.record(record.parent).end, visit)
        }
        Axis::PrecedingSibling => {
            let mut next = document.previous_sibling(index);
            while let Some(sibling) = next {
                visit(Key::node(sibling))?;
                next = document.previous_sibling(sibling);
            }
            ControlFlow::Continue(())
        }
    }
}

/// Where the axis `following` begins: behind the subtree of an element. What is in an element comes after its attributes
/// and namespace nodes in the document, and is none of their descendants.
pub(super) fn start_of_following(document: &Document, from: Key) -> u32 {
    let index = from.index();
    if from.is_namespace() {
        document.after_attributes(index)
    } else if document.kind(index) == NodeKind::Attribute {
        document.after_attributes(document.record(index).parent)
    } else {
        document.record(index).end
    }
}

fn parent(document: &Document, of: Key) -> Option<Key> {
    if of.is_namespace() {
        return Some(Key::node(of.index()));
    }
    (of.index() != 0).then(|| Key::node(document.record(of.index()).parent))
}

fn ancestors<B>(
    document: &Document,
    mut next: Option<Key>,
    mut visit: impl FnMut(Key) -> ControlFlow<B>,
) -> ControlFlow<B> {
    while let Some(key) = next {
        visit(key)?;
        next = parent(document, key);
    }
    ControlFlow::Continue(())
}

fn siblings<B>(
    document: &Document,
    mut next: u32,
    end: u32,
    mut visit: impl FnMut(Key) -> ControlFlow<B>,
) -> ControlFlow<B> {
    while next < end {
        visit(Key::node(next))?;
        next = document.record(next).end;
    }
    ControlFlow::Continue(())
}

fn descendants<B>(
    document: &Document,
    index: u32,
    mut visit: impl FnMut(Key) -> ControlFlow<B>,
) -> ControlFlow<B> {
    for inside in index + 1..document.record(index).end {
        if document.kind(inside) != NodeKind::Attribute {
            visit(Key::node(inside))?;
        }
    }
    ControlFlow::Continue(())
}

fn following<B>(
    document: &Document,
    from: Key,
    mut visit: impl FnMut(Key) -> ControlFlow<B>,
) -> ControlFlow<B> {
    for index in start_of_following(document, from)..document.count() {
        if document.kind(index) != NodeKind::Attribute {
            visit(Key::node(index))?;
        }
    }
    ControlFlow::Continue(())
}

fn preceding<B>(
    document: &Document,
    from: Key,
    mut visit: impl FnMut(Key) -> ControlFlow<B>,
) -> ControlFlow<B> {
    // From the node on backwards, the nearest of the nodes around it is met first, then the next.
    let mut around =
        if from.is_namespace() { from.index() } else { document.record(from.index()).parent };
    for index in (1..from.index()).rev() {
        if index == around {
            around = document.record(index).parent;
        } else if document.kind(index) != NodeKind::Attribute {
            visit(Key::node(index))?;
        }
    }
    ControlFlow::Continue(())
}

/// The namespaces in force, by prefix, `xml` among them.
fn namespaces<B>(
    document: &Document,
    element: u32,
    mut visit: impl FnMut(Key) -> ControlFlow<B>,
) -> ControlFlow<B> {
    if document.kind(element) != NodeKind::Element {
        return ControlFlow::Continue(());
    }
    let in_force = document.in_force(document.record(element).scope);
    let (before, after) =
        in_force.split_at(in_force.partition_point(|(prefix, _)| *prefix < PrefixId::XML));
    for (prefix, _) in before {
        visit(Key::namespace(element, *prefix))?;
    }
    visit(Key::namespace(element, PrefixId::XML))?;
    for (prefix, _) in after {
        visit(Key::namespace(element, *prefix))?;
    }
    ControlFlow::Continue(())
}
