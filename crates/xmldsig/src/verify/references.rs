//! What references refer to, and whether it is unchanged: all of them at once.

use super::{
    choose,
    dereference::{Body, Dereference},
    octets,
    out::{Came, Shared},
    pass,
    plan::Plan,
    report::{ReferenceReport, SignatureStatus},
    same::Memory,
    settings::Settings,
    sink::Taken,
    tree,
};
use crate::{
    Error,
    algorithm::DigestValue,
    signature::Reference,
    xml::{Legacy, Position},
    xpath::Budget,
};
use std::io::{Read, Seek};

/// What the references are looked at in.
pub(super) struct Context<'a, D> {
    pub(super) document: &'a mut D,
    pub(super) settings: &'a Settings,
    /// Where the Signature begins that is verified.
    pub(super) signature: Position,
    pub(super) shared: Shared,
    /// What all expressions may still cost.
    pub(super) steps: Budget,
    /// Manifest elements that references cover: the number of the reference, and where the element begins.
    pub(super) manifests: Vec<(usize, u64)>,
    /// What is wrong with a reference makes it unknown, and is no error.
    pub(super) lenient: bool,
    /// What the document was whenever it was read, if that is remembered.
    pub(super) digested: Option<DigestValue>,
}

impl<'a, D> Context<'a, D> {
    /// For a document of so many bytes.
    pub(super) fn new(
        document: &'a mut D,
        settings: &'a Settings,
        signature: Position,
        length: u64,
    ) -> Context<'a, D> {
        // Small documents may be covered a few times more.
        let budget = settings.limits.octets.saturating_mul(length.max(64 << 10));
        Context {
            document,
            settings,
            signature,
            shared: Shared::new(budget, settings.keep_octets, settings.limits.held),
            steps: tree::budget(settings),
            manifests: Vec::new(),
            lenient: false,
            digested: None,
        }
    }

    /// For a reading of the document.
    pub(super) fn memory(&self) -> Memory {
        Memory::new(self.settings.keep_document)
    }

    /// The document was read once more.
    pub(super) fn was_read(&mut self, memory: &Memory) -> Result<(), Error> {
        let value = memory.value();
        if self.digested.is_some() && value != self.digested {
            return Err(Error::malformed("the document was changed while it was read"));
        }
        self.digested = value;
        Ok(())
    }

    /// Something is wrong with a reference.
    fn excuse(
        &self,
        report: &mut ReferenceReport,
        reference: &Reference,
        error: Error,
    ) -> Result<(), Error> {
        let error = error.unless_placed(reference.position);
        if !self.lenient {
            return Err(error);
        }
        report.status = SignatureStatus::Unknown;
        report.detail = Some(error.to_string());
        Ok(())
    }
}

/// Looks at all references. The names that the document has are given and given back.
pub(super) fn check<D: Read + Seek>(
    context: &mut Context<'_, D>,
    references: &[Reference],
    dereference: &mut dyn Dereference,
    mut legacy: Legacy,
) -> Result<(Vec<ReferenceReport>, Legacy), Error> {
    let mut reports: Vec<ReferenceReport> =
        references.iter().map(ReferenceReport::unknown).collect();
    let mut streams = Vec::new();
    let mut trees = Vec::new();
    for (i, reference) in references.iter().enumerate() {
        match begin(context, reference, dereference, &mut reports[i]) {
            Ok(Some(plan)) if plan.first.is_tree() => trees.push((i, plan)),
            Ok(Some(plan)) => streams.push((i, plan)),
            Ok(None) => {}
            Err(error) => context.excuse(&mut reports[i], reference, error)?,
        }
    }
    if !streams.is_empty() {
        let (outcomes, given_back) = pass::read(context, references, &streams, legacy)?;
        legacy = given_back;
        for (plan, outcome) in outcomes {
            let (i, plan) = &streams[plan];
            end(context, &references[*i], plan, outcome, &mut reports[*i])?;
        }
    }
    if !trees.is_empty() {
        let outcomes = choose::choose(context, references, &trees)?;
        for ((i, plan), outcome) in trees.iter().zip(outcomes) {
            end(context, &references[*i], plan, outcome, &mut reports[*i])?;
        }
    }
    Ok((reports, legacy))
}

/// Finds what a reference refers to. What is outside the document is looked at at once.
fn begin<'r, D>(
    context: &mut Context<'_, D>,
    reference: &'r Reference,
    dereference: &mut dyn Dereference,
    report: &mut ReferenceReport,
) -> Result<Option<Plan<'r>>, Error> {
    context.settings.allowed.digest(reference.digest)?;
    let body = dereference.dereference(reference.uri.as_deref());
    match (body.map_err(|error| Error::dereference(error.to_string()))?, &reference.uri) {
        (Body::SameDocument, Some(uri)) => Plan::new(reference, uri).map(Some),
        (Body::SameDocument, None) => {
            Err(Error::dereference("a reference without URI is no part of the document"))
        }
        (Body::Octets(mut input), _) => {
            let (came, copy) = octets::digest(
                &mut input,
                &reference.transforms,
                reference.digest,
                context.settings,
                &context.shared.boundless(),
                &mut context.steps,
            )?;
            judge(report, reference, &came);
            report.octets = copy;
            Ok(None)
        }
    }
}

/// Writes down what came of a plan.
fn end<D>(
    context: &mut Context<'_, D>,
    reference: &Reference,
    plan: &Plan<'_>,
    outcome: Result<Taken, Error>,
    report: &mut ReferenceReport,
) -> Result<(), Error> {
    match outcome.and_then(|taken| finish(context, reference, plan, taken, report)) {
        Ok(()) => Ok(()),
        Err(error) => context.excuse(report, reference, error),
    }
}

/// Does what remains to be done to the octets, and judges.
fn finish<D>(
    context: &mut Context<'_, D>,
    reference: &Reference,
    plan: &Plan<'_>,
    taken: Taken,
    report: &mut ReferenceReport,
) -> Result<(), Error> {
    report.covers = taken.covers;
    report.whole = !taken.nothing && !plan.first.is_tree();
    if taken.nothing {
        report.status = SignatureStatus::Invalid;
        report.detail = Some(
            "it covers nothing: all of it stands in the Signature, which is left out".to_owned(),
        );
        return Ok(());
    }
    let (came, copy) = match taken.came {
        Came::Octets(octets) => octets::digest(
            &mut &octets[..],
            plan.rest,
            reference.digest,
            context.settings,
            &context.shared,
            &mut context.steps,
        )?,
        came @ Came::Digest(_) => (came, taken.copy),
    };
    judge(report, reference, &came);
    report.octets = copy;
    Ok(())
}

fn judge(report: &mut ReferenceReport, reference: &Reference, came: &Came) {
    if let Came::Digest(digest) = came {
        report.digest = Some(*digest);
    }
    let detail = match (&reference.value, came) {
        (Ok(expected), Came::Digest(found)) if found.as_ref() == expected => {
            report.status = SignatureStatus::Valid;
            return;
        }
        (Ok(_), _) => "its digest is another: the data was changed after it was signed".to_owned(),
        (Err(why), _) => why.clone(),
    };
    report.status = SignatureStatus::Invalid;
    report.detail = Some(detail);
}
