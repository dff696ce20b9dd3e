//! The report for people.

use super::{
    advice,
    examine::{Examined, Found, Root},
};
use crate::commands::{
    cert::{
        input::shown,
        paint::{Paint, Tone, harmless},
    },
    judgement,
};
use ravelin_xmldsig::verify::{Coverage, ReferenceReport, Report, SignatureStatus, Signer};
use std::fmt::Write as _;

/// Most references that hold, and parts of the document, that are shown.
const MAX_SHOWN: usize = 16;
/// Characters of a URI that are shown.
const MAX_URI: usize = 200;

/// The whole report.
pub fn report(examined: &Examined, found: &Found, is_colored: bool) -> String {
    let paint = Paint(is_colored);
    let report = &found.report;
    let mut out = String::new();
    let validity = status(report.validity_status(), paint);
    let _ = writeln!(out, "{validity}: {}", advice::meaning(found));
    let _ = writeln!(out, "{}", paint.words(Tone::Faint, &asked(examined, report)));

    out.push('\n');
    for (name, value, why) in [
        ("digest", report.digest_status(), advice::of_digest(found)),
        ("identity", report.identity_status(), advice::of_identity(found)),
        (
            "references",
            report.references_status(),
            advice::of_references(found, &examined.settings),
        ),
    ] {
        let _ = writeln!(out, "  {name:<10}  {}  {why}", padded(value, paint));
    }

    if report.digest_status() == SignatureStatus::Valid {
        references(report.references(), paint, &mut out);
        let _ = writeln!(out, "\n{} {}", paint.words(Tone::Strong, "Coverage:"), coverage(found));
    }
    if let Some(one) = report.signer() {
        signer(one, paint, &mut out);
    }
    if let Some(judged) = &found.judged {
        let _ = writeln!(out, "\n{}", paint.words(Tone::Strong, "Certificate of the signer"));
        out += &judgement::text(judged, is_colored);
    }
    if let Some(advice) = advice::what_to_do(found, &examined.settings) {
        let _ = writeln!(out, "\n{} {advice}", paint.words(Tone::Strong, "What to do:"));
    }
    out
}

fn asked(examined: &Examined, report: &Report) -> String {
    let mut text = harmless(&shown(&examined.document));
    if let Some(id) = report.signature_id() {
        let _ = write!(text, ", signature `{}`", harmless(&cut(id)));
    }
    let _ = write!(text, ", verified by the profile {}", examined.settings.profile.name());
    text
}

fn tone(status: SignatureStatus) -> Tone {
    match status {
        SignatureStatus::Valid => Tone::Good,
        SignatureStatus::Invalid => Tone::Bad,
        SignatureStatus::Unknown => Tone::Doubtful,
    }
}

fn status(status: SignatureStatus, paint: Paint) -> String {
    paint.words(tone(status), status.word())
}

/// As wide as the longest.
fn padded(status: SignatureStatus, paint: Paint) -> String {
    paint.words(tone(status), &format!("{:<7}", status.word()))
}

fn cut(text: &str) -> String {
    if text.chars().nth(MAX_URI).is_none() {
        return text.to_owned();
    }
    text.chars().take(MAX_URI).chain(['…']).collect()
}

/// Every reference that does not hold, and some that do.
fn references(all: &[ReferenceReport], paint: Paint, out: &mut String) {
    let _ = writeln!(out, "\nReferences");
    let mut good = 0;
    for one in all {
        let holds = one.status != SignatureStatus::Invalid;
        good += usize::from(holds);
        let has_news = one.manifest.iter().any(|listed| listed.status != SignatureStatus::Valid);
        if holds && good > MAX_SHOWN && !has_news {
            continue;
        }
        reference(one, "  ", paint, out);
        let bad = |listed: &&ReferenceReport| listed.status != SignatureStatus::Valid;
        let count = one.manifest.len() - one.manifest.iter().filter(bad).count();
        if !one.manifest.is_empty() {
            let _ = writeln!(
                out,
                "           it is a manifest, which counts as a whole; of what it lists, {count} of {} hold",
                one.manifest.len()
            );
        }
        one.manifest
            .iter()
            .filter(bad)
            .for_each(|listed| reference(listed, "           ", paint, out));
    }
    if good > MAX_SHOWN {
        let _ = writeln!(out, "  and {} more: --json shows them all", good - MAX_SHOWN);
    }
}

fn reference(one: &ReferenceReport, indent: &str, paint: Paint, out: &mut String) {
    let uri = match &one.uri {
        Some(uri) if uri.is_empty() => "the document (URI \"\")".to_owned(),
        Some(uri) => harmless(&cut(uri)),
        None => "without URI".to_owned(),
    };
    let _ = write!(out, "{indent}{}  {uri}", padded(one.status, paint));
    if let Some(covers) = &one.covers {
        let part = if one.whole { "" } else { ", chosen parts of it" };
        let _ = write!(out, ": {}{part}", element(covers));
    }
    if let Some(detail) = &one.detail {
        let _ = write!(out, ": {}", harmless(detail));
    }
    out.push('\n');
}

fn element(covers: &Coverage) -> String {
    format!(
        "<{}>, bytes {} to {}",
        harmless(&cut(&covers.element)),
        covers.range.start,
        covers.range.end
    )
}

/// What of the document is covered by references that hold, and above all what is not.
fn coverage(found: &Found) -> String {
    let references = found.report.references();
    let good = || references.iter().filter(|one| one.status == SignatureStatus::Valid);
    if good().next().is_none() {
        return "nothing was shown to be unchanged".to_owned();
    }
    let whole = good().filter(|one| one.whole).filter_map(|one| one.covers.as_ref());
    let whole: Vec<&Coverage> = whole.collect();
    let partial = good().any(|one| !one.whole && one.covers.is_some());
    let Some(Root { element: root, start }) = &found.root else {
        return "see the references".to_owned();
    };
    if whole.iter().any(|covers| covers.range.start == *start) {
        return "the whole document, but for the signature itself and for comments that no reference keeps".to_owned();
    }
    let root = harmless(&cut(root));
    if whole.is_empty() && !partial {
        return format!(
            "NOT the document: nothing in <{root}> is signed, only what the references refer to outside of it"
        );
    }
    if whole.is_empty() {
        return format!(
            "NOT the whole of <{root}>: only what the transforms of the references choose of it; use nothing else"
        );
    }
    let mut parts: Vec<String> = whole.iter().take(MAX_SHOWN).map(|one| element(one)).collect();
    if whole.len() > MAX_SHOWN {
        parts.push(format!("and {} parts more", whole.len() - MAX_SHOWN));
    }
    format!(
        "NOT the whole of <{root}>: what stands outside these parts is not signed, use nothing of it: {}",
        parts.join("; ")
    )
}

fn signer(signer: &Signer, paint: Paint, out: &mut String) {
    let _ = writeln!(out, "\nSigner");
    let mut line = |word: &str, value: &str| {
        let _ = writeln!(out, "  {word:<12} {value}");
    };
    let common = signer.common_name().map(|name| harmless(&name));
    line("common name", &paint.words(Tone::Strong, common.as_deref().unwrap_or("-")));
    let name = harmless(&signer.distinguished_name());
    line("name", if name.is_empty() { "-" } else { &name });
    let usages = signer.extended_key_usages();
    line("purposes", &if usages.is_empty() { "any".to_owned() } else { usages.join(", ") });
    let settings: Vec<&str> = signer.trust_settings().iter().map(|one| one.word()).collect();
    line("trusted for", &if settings.is_empty() { "-".to_owned() } else { settings.join(", ") });
}
