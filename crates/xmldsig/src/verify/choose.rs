//! References whose transforms choose nodes: the document is read into memory for them.

use super::{
    out::Out,
    plan::{First, Plan},
    references::Context,
    report::Coverage,
    sink::Taken,
    tree::{self, Tree},
};
use crate::{
    Error,
    signature::{Reference, Transform},
};
use std::io::{Read, Seek, SeekFrom};

/// Chooses the nodes for all these plans.
///
/// # Errors
/// When the document cannot be read. What is wrong with a reference is its outcome.
pub(super) fn choose<D: Read + Seek>(
    context: &mut Context<'_, D>,
    references: &[Reference],
    plans: &[(usize, Plan<'_>)],
) -> Result<Vec<Result<Taken, Error>>, Error> {
    context.document.seek(SeekFrom::Start(0))?;
    let memory = context.memory();
    let document = tree::read(memory.of(&mut *context.document), context.settings)?;
    context.was_read(&memory)?;
    let tree = Tree::new(&document, Some(context.signature), context.settings);
    let chosen = plans.iter().map(|(reference, plan)| match &plan.first {
        First::Tree(transforms) => one(context, &tree, &references[*reference], plan, transforms),
        First::Canonicalize(_) | First::Base64 => unreachable!("it needs no tree"),
    });
    Ok(chosen.collect())
}

fn one<D>(
    context: &mut Context<'_, D>,
    tree: &Tree<'_>,
    reference: &Reference,
    plan: &Plan<'_>,
    transforms: &[Transform],
) -> Result<Taken, Error> {
    let mut set = tree.part(&plan.source, &mut context.steps)?;
    if plan.enveloped {
        set = tree.enveloped(set)?;
    }
    let mut out = if plan.rest.is_empty() {
        Out::digest(reference.digest, &context.shared)
    } else {
        Out::memory(&context.shared)
    };
    let left = tree.apply(set, transforms, context.settings, &mut context.steps, &mut out)?;
    let (came, copy) = out.finish();
    let source = plan.source.id.as_ref().map_or(Some(tree.root()), |id| tree.element(id));
    // Expressions may choose nothing: whoever signed it meant that.
    let covers = source.and_then(Coverage::of).filter(|_| left);
    Ok(Taken { came, copy, covers, nothing: false })
}
