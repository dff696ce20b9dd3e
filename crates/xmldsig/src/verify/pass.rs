//! One reading of the document for all references that need no tree.

use super::{
    out::Shared,
    plan::Plan,
    references::Context,
    sink::{Sink, Taken},
    wanted::Wanted,
};
use crate::{
    Error,
    c14n::{Inherited, Place},
    signature::{DSIG, Reference},
    xml::{Event, Legacy, Reader},
};
use std::io::{Read, Seek, SeekFrom};

/// What came of a plan, by its number.
pub(super) type Outcome = (usize, Result<Taken, Error>);

/// Reads the document once, for all plans.
///
/// # Errors
/// When the document cannot be read. What is wrong with a reference is its outcome.
pub(super) fn read<D: Read + Seek>(
    context: &mut Context<'_, D>,
    references: &[Reference],
    plans: &[(usize, Plan<'_>)],
    legacy: Legacy,
) -> Result<(Vec<Outcome>, Legacy), Error> {
    context.document.seek(SeekFrom::Start(0))?;
    let memory = context.memory();
    let source = memory.of(&mut *context.document);
    let mut reader = Reader::again(source, &context.settings.xml(), legacy)?;
    let all = plans.iter().map(|(_, plan)| plan);
    let wanted = Wanted::new(all, &context.settings.id_attributes, &mut reader)?;
    let mut pass = Pass {
        shared: &context.shared,
        signature: context.signature.offset,
        references,
        plans,
        active: Vec::new(),
        outcomes: Vec::new(),
    };
    let whole = plans.iter().enumerate().filter(|(_, (_, plan))| plan.source.id.is_none());
    pass.begin(whole.map(|(i, _)| i));
    let manifests = pass.all(&mut reader, wanted)?;
    let outcomes = pass.finish();
    context.manifests = manifests;
    let legacy = reader.into_legacy();
    context.was_read(&memory)?;
    Ok((outcomes, legacy))
}

struct Pass<'p> {
    shared: &'p Shared,
    /// Where the Signature begins that is verified.
    signature: u64,
    references: &'p [Reference],
    plans: &'p [(usize, Plan<'p>)],
    /// What takes what goes by, and for which plan.
    active: Vec<(usize, Sink)>,
    outcomes: Vec<Outcome>,
}

impl Pass<'_> {
    /// Until the end of the document. The answer are the Manifest elements that are covered: the reference, and where the
    /// element begins.
    fn all<R: Read>(
        &mut self,
        reader: &mut Reader<R>,
        mut wanted: Wanted<'_>,
    ) -> Result<Vec<(usize, u64)>, Error> {
        let mut inherited = Inherited::default();
        let mut manifests = Vec::new();
        // Elements open around and in the Signature, once it has begun.
        let mut signature: Option<usize> = None;
        let mut place = Place::Before;
        loop {
            let in_signature = signature.is_some();
            match reader.next()? {
                Event::Start(start) => {
                    place = Place::Inside;
                    if start.offset() == self.signature && signature.is_none() {
                        signature = Some(start.depth());
                    }
                    let new = wanted.found(&start);
                    if !new.is_empty() {
                        self.begin_at(&new, &inherited);
                        let (is_manifest, offset) =
                            (start.name().is(DSIG, "Manifest"), start.offset());
                        if is_manifest && !reader.is_inside_entity() {
                            manifests.extend(new.iter().map(|plan| (self.plans[*plan].0, offset)));
                        }
                    }
                    let start = reader.start();
                    let in_signature = signature.is_some();
                    self.each(|sink| sink.start(&start, &mut inherited, in_signature));
                    inherited.open(&start);
                }
                Event::End(end) => {
                    inherited.close(end.depth());
                    self.each(|sink| sink.end(&end, in_signature));
                    if signature == Some(end.depth() + 1) {
                        signature = None;
                    }
                    if end.depth() == 0 {
                        place = Place::After;
                    }
                }
                Event::Text(text) => self.each(|sink| sink.text(text, in_signature)),
                Event::Comment(text) => self.each(|sink| sink.comment(text, place, in_signature)),
                Event::Instruction(instruction) => {
                    self.each(|sink| sink.instruction(&instruction, place, in_signature));
                }
                Event::Finish => break,
            }
        }
        let faults = wanted.faults();
        self.outcomes.extend(faults.into_iter().map(|(plan, fault)| (plan, Err(fault))));
        Ok(manifests)
    }

    fn begin(&mut self, plans: impl Iterator<Item = usize>) {
        for plan in plans {
            let (reference, what) = &self.plans[plan];
            let digest = self.references[*reference].digest;
            let others = self.active.len();
            let sink = Sink::new(what, digest, others, self.shared);
            self.active.extend(sink.map(|sink| (plan, sink)));
        }
    }

    /// For plans that wait for the element that begins.
    fn begin_at(&mut self, plans: &[usize], inherited: &Inherited) {
        // Each looks at what it inherits.
        let cost = inherited.cost().saturating_mul(plans.len() as u64);
        match self.shared.visit(cost) {
            Ok(()) => self.begin(plans.iter().copied()),
            Err(error) => {
                self.outcomes.extend(plans.iter().map(|plan| (*plan, Err(error.clone()))));
            }
        }
    }

    /// Tells all of them. Those that have had all, or go wrong, are done with.
    #[inline]
    fn each(&mut self, mut tell: impl FnMut(&mut Sink) -> Result<bool, Error>) {
        if self.active.is_empty() {
            return;
        }
        if let Err(error) = self.shared.visit(self.active.len() as u64) {
            let active = self.active.drain(..);
            self.outcomes.extend(active.map(|(plan, _)| (plan, Err(error.clone()))));
        }
        let mut i = 0;
        while let Some((plan, sink)) = self.active.get_mut(i) {
            match tell(sink) {
                // What stands after the document element is part of the document.
                Ok(ended) if !ended || self.plans[*plan].1.source.id.is_none() => i += 1,
                Ok(_) => {
                    let (plan, sink) = self.active.swap_remove(i);
                    self.outcomes.push((plan, sink.finish()));
                }
                Err(error) => {
                    let (plan, _) = self.active.swap_remove(i);
                    self.outcomes.push((plan, Err(error)));
                }
            }
        }
    }

    fn finish(mut self) -> Vec<Outcome> {
        let active = self.active.into_iter();
        self.outcomes.extend(active.map(|(plan, sink)| (plan, sink.finish())));
        self.outcomes
    }
}
