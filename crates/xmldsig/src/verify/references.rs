//! The second pass: all references at once.

use super::{
    dereference::{Body, Dereference},
    octets,
    out::{Came, Shared},
    plan::{First, Plan},
    report::{ReferenceReport, SignatureStatus},
    settings::Settings,
    sink::{Sink, Taken},
};
use crate::{
    Error,
    c14n::{Inherited, Place},
    signature::Reference,
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
}

/// Looks at all references. The names that the document has are given and given back.
pub(super) fn check<D: Read + Seek>(
    context: &mut Context<'_, D>,
    references: &[Reference],
    dereference: &mut dyn Dereference,
    legacy: Legacy,
) -> Result<(Vec<ReferenceReport>, Legacy), Error> {
    let mut reports: Vec<ReferenceReport> = references.iter().map(unknown).collect();
    let mut plans = Vec::new();
    for (i, reference) in references.iter().enumerate() {
        let uri = reference.uri.as_deref();
        let at = |error: Error| if error.position.is_some() { error } else { error.at(reference.position) };
        let body = dereference.dereference(uri).map_err(|error| at(Error::dereference(error.to_string())))?;
        match (body, uri) {
            (Body::SameDocument, Some(uri)) => plans.push((i, Plan::new(reference, uri).map_err(at)?)),
            (Body::SameDocument, None) => return Err(at(Error::dereference("a reference without URI is no part of the document"))),
            (Body::Octets(mut input), _) => {
                let done = octets::digest(&mut input, &reference.transforms, reference.digest, context.settings, &context.shared);
                let (came, copy) = done.map_err(at)?;
                judge(&mut reports[i], reference, &came);
                reports[i].octets = copy;
            }
        }
    }
    if plans.is_empty() {
        return Ok((reports, legacy));
    }
    let legacy = pass(context, references, &plans, &mut reports, legacy)?;
    Ok((reports, legacy))
}

/// Reads the document once, for all plans.
fn pass<D: Read + Seek>(
    context: &mut Context<'_, D>,
    references: &[Reference],
    plans: &[(usize, Plan<'_>)],
    reports: &mut [ReferenceReport],
    legacy: Legacy,
) -> Result<Legacy, Error> {
    context.document.seek(SeekFrom::Start(0))?;
    let mut reader = Reader::again(&mut *context.document, &context.settings.xml(), legacy)?;
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
                if !wanted.is_empty() {
                    for plan in wanted.found(&start)? {
                        active.extend(sink(*plan).map(|sink| (*plan, sink)));
                    }
                }
                for (_, sink) in &mut active {
                    sink.start(&start, &mut inherited, in_signature)?;
                }
                inherited.open(&start);
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
    for (plan, sink) in active {
        done.push((plan, sink.finish()?));
    }
    for (plan, taken) in done {
        let (reference, plan) = &plans[plan];
        finish(context, &references[*reference], plan, taken, &mut reports[*reference])?;
    }
    Ok(reader.into_legacy())
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
    report.whole = !taken.nothing;
    if taken.nothing {
        report.status = SignatureStatus::Invalid;
        report.detail = Some("it covers nothing: all of it is the Signature itself".to_owned());
        return Ok(());
    }
    let (came, copy) = match taken.came {
        Came::Octets(octets) => {
            octets::digest(&mut &octets[..], plan.rest, reference.digest, context.settings, &context.shared)?
        }
        came => (came, taken.copy),
    };
    judge(report, reference, &came);
    report.octets = copy;
    Ok(())
}

fn unknown(reference: &Reference) -> ReferenceReport {
    ReferenceReport {
        uri: reference.uri.clone(),
        kind: reference.kind.clone(),
        status: SignatureStatus::Unknown,
        detail: None,
        covers: None,
        whole: false,
        octets: None,
        manifest: Vec::new(),
    }
}

fn judge(report: &mut ReferenceReport, reference: &Reference, came: &Came) {
    let holds = matches!(came, Came::Digest(value) if value.as_ref() == reference.value);
    if holds {
        report.status = SignatureStatus::Valid;
    } else {
        report.status = SignatureStatus::Invalid;
        report.detail = Some("its digest is another: the data was changed after it was signed".to_owned());
    }
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
    fn new<R: Read>(plans: &'p [(usize, Plan<'_>)], attributes: &[String], reader: &mut Reader<R>) -> Result<Wanted<'p>, Error> {
        let mut by_id: HashMap<&str, Identified> = HashMap::new();
        for (i, (_, plan)) in plans.iter().enumerate() {
            if let Some(id) = &plan.source.id {
                by_id.entry(id).or_default().plans.push(i);
            }
        }
        let names = reader.names_mut();
        let attributes = attributes.iter().map(|name| names.intern(name));
        let attributes = attributes.collect::<Result<_, _>>().map_err(|fault| Error::unsupported(fault.to_string()))?;
        Ok(Wanted { by_id, attributes })
    }

    fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// The plans for which this element was waited for.
    fn found(&mut self, start: &Start<'_>) -> Result<&[usize], Error> {
        let mut found = None;
        for attribute in start.raw_attributes() {
            let local = start.names().parts(attribute.name).local;
            if attribute.kind != AttributeKind::Id && !self.attributes.contains(&local) {
                continue;
            }
            let value = start.value(attribute);
            let Some(identified) = self.by_id.get_mut(value) else { continue };
            match identified.at {
                None => {
                    identified.at = Some(start.offset());
                    found = Some(value);
                }
                Some(at) if at == start.offset() => {}
                Some(_) => {
                    let shown: String = value.chars().take(100).collect();
                    return Err(Error::dereference(format!("two elements have the identifier `{shown}`")));
                }
            }
        }
        Ok(found.and_then(|id| self.by_id.get(id)).map_or(&[], |identified| &identified.plans))
    }

    fn all_found(&self, plans: &[(usize, Plan<'_>)], references: &[Reference]) -> Result<(), Error> {
        let missing = self.by_id.iter().filter(|(_, identified)| identified.at.is_none());
        let first = missing.filter_map(|(id, identified)| Some((identified.plans.first()?, id))).min();
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

impl First<'_> {
    /// Whether the whole document must be held for it.
    pub(super) fn is_tree(&self) -> bool {
        matches!(self, First::Tree(_))
    }
}
