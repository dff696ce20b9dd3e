//! The second pass: all references at once.

use super::{
    dereference::{Body, Dereference},
    locate, octets,
    out::{Came, Out, Shared},
    plan::{First, Plan},
    report::{Coverage, ReferenceReport, SignatureStatus},
    same::Memory,
    settings::Settings,
    sink::{Sink, Taken},
    tree::{self, Tree},
};
use crate::{
    Error,
    c14n::{Inherited, Place},
    signature::{self, DSIG, Reference},
    xml::{AttributeKind, Event, Legacy, NameId, Position, Reader, Start},
};
use std::{
    collections::HashMap,
    io::{Read, Seek, SeekFrom},
};

/// What the references are looked at in.
pub(super) struct Context<'a, D> {
    pub(super) document: &'a mut D,
    pub(super) settings: &'a Settings,
    /// Where the Signature begins that is verified.
    pub(super) signature: Position,
    pub(super) shared: Shared,
    /// Manifest elements that references cover, by their number.
    pub(super) manifests: Vec<(usize, locate::Place)>,
    /// What the references of SignedInfo were looked at in.
    pub(super) memory: Memory,
    /// What cannot be had makes a reference unknown, and is no error.
    lenient: bool,
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
        let shared = Shared::new(budget, settings.keep_octets, settings.limits.held);
        Context {
            document,
            settings,
            signature,
            shared,
            manifests: Vec::new(),
            memory: Memory::new(settings.keep_document),
            lenient: false,
        }
    }
}

/// Looks at all references. The names that the document has are given and given back.
pub(super) fn check<D: Read + Seek>(
    context: &mut Context<'_, D>,
    references: &[Reference],
    dereference: &mut dyn Dereference,
    legacy: Legacy,
) -> Result<(Vec<ReferenceReport>, Legacy), Error> {
    let mut reports: Vec<ReferenceReport> =
        references.iter().map(ReferenceReport::unknown).collect();
    let mut plans = Vec::new();
    for (i, reference) in references.iter().enumerate() {
        let uri = reference.uri.as_deref();
        let at = |error: Error| {
            if error.position.is_some() { error } else { error.at(reference.position) }
        };
        let body = match dereference.dereference(uri) {
            Ok(body) => body,
            Err(error) if context.lenient => {
                reports[i].detail = Some(error.to_string());
                continue;
            }
            Err(error) => return Err(at(Error::dereference(error.to_string()))),
        };
        match (body, uri) {
            (Body::SameDocument, Some(uri)) => {
                plans.push((i, Plan::new(reference, uri).map_err(at)?));
            }
            (Body::SameDocument, None) => {
                return Err(at(Error::dereference(
                    "a reference without URI is no part of the document",
                )));
            }
            (Body::Octets(mut input), _) => {
                let done = octets::digest(
                    &mut input,
                    &reference.transforms,
                    reference.digest,
                    context.settings,
                    &context.shared.boundless(),
                );
                let (came, copy) = done.map_err(at)?;
                judge(&mut reports[i], reference, &came);
                reports[i].octets = copy;
            }
        }
    }
    if plans.is_empty() {
        return Ok((reports, legacy));
    }
    let (trees, streams): (Vec<_>, Vec<_>) =
        plans.into_iter().partition(|(_, plan)| plan.first.is_tree());
    let legacy = pass(context, references, &streams, &mut reports, legacy)?;
    if !trees.is_empty() {
        choose_nodes(context, references, &trees, &mut reports)?;
    }
    Ok((reports, legacy))
}

/// Looks at the references of the Manifest elements that good references cover. They are told apart: whatever is wrong
/// with them says nothing about the signature (W3C XML Signature 1.1, section 2.3).
pub(super) fn manifests<D: Read + Seek>(
    context: &mut Context<'_, D>,
    reports: &mut [ReferenceReport],
    dereference: &mut dyn Dereference,
    mut legacy: Legacy,
) -> Result<Legacy, Error> {
    let manifests = std::mem::take(&mut context.manifests);
    context.lenient = true;
    context.memory = Memory::default();
    for (i, place) in manifests {
        if reports[i].status != SignatureStatus::Valid {
            continue;
        }
        let mut cursor = locate::cursor(context.document, context.settings, legacy, &place)?;
        cursor.child()?;
        let references = signature::references(&mut cursor, &context.settings.limits.bounds());
        legacy = cursor.into_reader().into_legacy();
        let references = match references {
            Ok(references) => references,
            Err(error) => {
                reports[i].detail = Some(format!("its Manifest cannot be read: {error}"));
                continue;
            }
        };
        for reference in &references {
            context.settings.allowed.digest(reference.digest)?;
        }
        let (checked, given_back) = check(context, &references, dereference, legacy)?;
        reports[i].manifest = checked;
        legacy = given_back;
    }
    Ok(legacy)
}

/// Reads the document once, for all plans.
fn pass<D: Read + Seek>(
    context: &mut Context<'_, D>,
    references: &[Reference],
    plans: &[(usize, Plan<'_>)],
    reports: &mut [ReferenceReport],
    legacy: Legacy,
) -> Result<Legacy, Error> {
    if plans.is_empty() {
        return Ok(legacy);
    }
    context.document.seek(SeekFrom::Start(0))?;
    let source = context.memory.of(&mut *context.document);
    let mut reader = Reader::again(source, &context.settings.xml(), legacy)?;
    let mut wanted = Wanted::new(plans, &context.settings.id_attributes, &mut reader)?;
    let sink = |plan: usize| {
        let (reference, plan) = &plans[plan];
        Sink::new(plan, references[*reference].digest, &context.shared)
    };
    let mut active: Vec<(usize, Sink)> = Vec::new();
    for (i, (_, plan)) in plans.iter().enumerate() {
        if plan.source.id.is_none() {
            active.extend(sink(i).map(|sink| (i, sink)));
        }
    }
    let mut done: Vec<(usize, Taken)> = Vec::new();
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
                if start.offset() == context.signature.offset && signature.is_none() {
                    signature = Some(start.depth());
                }
                let in_signature = signature.is_some();
                let new = if wanted.is_empty() { Vec::new() } else { wanted.found(&start)? };
                for plan in &new {
                    active.extend(sink(*plan).map(|sink| (*plan, sink)));
                }
                for (_, sink) in &mut active {
                    sink.start(&start, &mut inherited, in_signature)?;
                }
                if !new.is_empty() && start.name().is(DSIG, "Manifest") {
                    let snapshot = reader.snapshot();
                    let place = snapshot
                        .map(|snapshot| locate::Place { snapshot, inherited: inherited.clone() });
                    manifests.extend(
                        new.iter().filter_map(|plan| Some((plans[*plan].0, place.clone()?))),
                    );
                }
                inherited.open(&reader.start());
            }
            Event::End(end) => {
                inherited.close(end.depth());
                let mut i = 0;
                while i < active.len() {
                    let last = active[i].1.end(&end, in_signature)?;
                    // What stands after the document element is part of the document.
                    if last && plans[active[i].0].1.source.id.is_some() {
                        let (plan, sink) = active.swap_remove(i);
                        done.push((plan, sink.finish()?));
                    } else {
                        i += 1;
                    }
                }
                if signature == Some(end.depth() + 1) {
                    signature = None;
                }
                if end.depth() == 0 {
                    place = Place::After;
                }
            }
            Event::Text(text) => {
                for (_, sink) in &mut active {
                    sink.text(text, in_signature)?;
                }
            }
            Event::Comment(text) => {
                for (_, sink) in &mut active {
                    sink.comment(text, place, in_signature)?;
                }
            }
            Event::Instruction(instruction) => {
                for (_, sink) in &mut active {
                    sink.instruction(&instruction, place, in_signature)?;
                }
            }
            Event::Finish => break,
        }
    }
    wanted.all_found(plans, references)?;
    let legacy = reader.into_legacy();
    context.manifests = manifests;
    for (plan, sink) in active {
        done.push((plan, sink.finish()?));
    }
    for (plan, taken) in done {
        let (reference, plan) = &plans[plan];
        finish(context, &references[*reference], plan, taken, &mut reports[*reference])?;
    }
    Ok(legacy)
}

/// Reads the document into memory, for plans that choose nodes of it.
fn choose_nodes<D: Read + Seek>(
    context: &mut Context<'_, D>,
    references: &[Reference],
    plans: &[(usize, Plan<'_>)],
    reports: &mut [ReferenceReport],
) -> Result<(), Error> {
    let settings = context.settings;
    context.document.seek(SeekFrom::Start(0))?;
    let document = tree::read(&mut *context.document, settings)?;
    let tree = Tree::new(&document, Some(context.signature), settings);
    let mut budget = tree::budget(settings);
    for (i, plan) in plans {
        let reference = &references[*i];
        let First::Tree(transforms) = &plan.first else { continue };
        let mut set = tree.part(&plan.source).map_err(|error| error.at(reference.position))?;
        if plan.enveloped {
            set = tree.enveloped(set)?;
        }
        let mut out = if plan.rest.is_empty() {
            Out::digest(reference.digest, &context.shared)
        } else {
            Out::memory(&context.shared)
        };
        let left = tree.apply(set, transforms, settings, &mut budget, &mut out)?;
        let (came, copy) = out.finish();
        let source = plan.source.id.as_ref().map_or(Some(tree.root()), |id| tree.element(id));
        let covers = source.and_then(Coverage::of);
        // Expressions may choose nothing: whoever signed it meant that.
        let covers = covers.filter(|_| left);
        let taken = Taken { came, copy, covers, nothing: false };
        finish(context, reference, plan, taken, &mut reports[*i])?;
    }
    Ok(())
}

/// Does what remains to be done to the octets, and judges.
fn finish<D>(
    context: &Context<'_, D>,
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

/// The identifiers that references name.
struct Wanted<'p> {
    by_id: HashMap<&'p str, Identified>,
    /// Local names of attributes that identify.
    attributes: Vec<NameId>,
}

#[derive(Default)]
struct Identified {
    plans: Vec<usize>,
    /// Where the element with the identifier begins.
    at: Option<u64>,
}

impl<'p> Wanted<'p> {
    fn new<R: Read>(
        plans: &'p [(usize, Plan<'_>)],
        attributes: &[String],
        reader: &mut Reader<R>,
    ) -> Result<Wanted<'p>, Error> {
        let mut by_id: HashMap<&str, Identified> = HashMap::new();
        for (i, (_, plan)) in plans.iter().enumerate() {
            if let Some(id) = &plan.source.id {
                by_id.entry(id).or_default().plans.push(i);
            }
        }
        let names = reader.names_mut();
        let attributes = attributes.iter().map(|name| names.intern(name));
        let attributes = attributes
            .collect::<Result<_, _>>()
            .map_err(|fault| Error::unsupported(fault.to_string()))?;
        Ok(Wanted { by_id, attributes })
    }

    fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// The plans for which this element was waited for.
    fn found(&mut self, start: &Start<'_>) -> Result<Vec<usize>, Error> {
        let mut found = Vec::new();
        for attribute in start.raw_attributes() {
            if attribute.kind != AttributeKind::Id && !self.attributes.contains(&attribute.local) {
                continue;
            }
            let value = start.value(attribute);
            let Some(identified) = self.by_id.get_mut(value) else { continue };
            match identified.at {
                None => {
                    identified.at = Some(start.offset());
                    found.extend_from_slice(&identified.plans);
                }
                Some(at) if at == start.offset() => {}
                Some(_) => {
                    let shown: String = value.chars().take(100).collect();
                    return Err(Error::dereference(format!(
                        "two elements have the identifier `{shown}`"
                    )));
                }
            }
        }
        Ok(found)
    }

    fn all_found(
        &self,
        plans: &[(usize, Plan<'_>)],
        references: &[Reference],
    ) -> Result<(), Error> {
        let missing = self.by_id.iter().filter(|(_, identified)| identified.at.is_none());
        let first =
            missing.filter_map(|(id, identified)| Some((identified.plans.first()?, id))).min();
        match first {
            None => Ok(()),
            Some((plan, id)) => {
                let shown: String = id.chars().take(100).collect();
                let error = Error::dereference(format!("no element has the identifier `{shown}`"));
                Err(error.at(references[plans[*plan].0].position))
            }
        }
    }
}
