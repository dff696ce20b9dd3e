//! Answers for people.

use super::{Fetch, Judged, advice, answer::word};
use crate::commands::cert::{
    moment::validity,
    paint::{Paint, Tone, harmless},
};
use ravelin_trust::{CandidatePath, Certificate, Finding, Level, Status, Time};
use std::fmt::Write as _;

/// Most paths that are shown beside the one that decided.
const MAX_PATHS: usize = 8;

/// The whole report.
pub fn text(judged: &Judged, is_colored: bool) -> String {
    let paint = Paint(is_colored);
    let status = judged.status();
    let tone = match status {
        Status::Trusted => Tone::Good,
        Status::Unknown => Tone::Doubtful,
        _ => Tone::Bad,
    };
    let mut out = String::new();
    let _ = writeln!(out, "{}: {}", paint.words(tone, status.word()), advice::meaning(status));
    let _ = writeln!(out, "{}", paint.words(Tone::Faint, &asked(judged)));

    let verdict = &judged.verdict;
    let deciding = verdict.deciding();
    let others: Vec<&CandidatePath> =
        verdict.paths().iter().filter(|path| !std::ptr::eq(*path, deciding)).collect();
    path(deciding, "Path", judged.time, paint, &mut out);
    for other in others.iter().take(MAX_PATHS) {
        path(other, "Another path", judged.time, paint, &mut out);
    }
    if others.len() > MAX_PATHS {
        let more = others.len() - MAX_PATHS;
        let _ = writeln!(out, "\nand {more} paths more: --json shows them all");
    }
    fetches(&judged.fetches, paint, &mut out);
    if let Some(advice) = advice::what_to_do(judged) {
        let _ =
            writeln!(out, "\n{} {}", paint.words(Tone::Strong, "What to do:"), harmless(&advice));
    }
    out
}

/// What was asked, in a line.
fn asked(judged: &Judged) -> String {
    let terms = &judged.terms;
    let mut text = format!("judged for {}", terms.purpose);
    for name in &terms.names {
        let _ = write!(text, ", {name}");
    }
    let _ = write!(text, ", at {}, by the profile {}", judged.time, terms.profile);
    harmless(&text)
}

fn path(path: &CandidatePath, title: &str, at: Time, paint: Paint, out: &mut String) {
    let end = match (&path.anchor, path.accepted) {
        (Some(_), true) => "accepted",
        (Some(_), false) => "refused",
        (None, _) => "refused: it leads to no trust anchor",
    };
    let _ = writeln!(out, "\n{title}, {end}");
    let last = path.certificates.len().saturating_sub(1);
    for (index, certificate) in path.certificates.iter().enumerate() {
        let is_anchor = index == last && path.anchor.is_some();
        let _ = writeln!(out, "  {index}  {}", heading(certificate, is_anchor, paint));
        let mut line = |text: &str| {
            let _ = writeln!(out, "     {text}");
        };
        if !certificate.is_self_issued() {
            line(&format!("issued by {}", name(&certificate.issuer().to_string())));
        }
        let lasts = validity(certificate.not_before(), certificate.not_after(), at);
        line(&if at < certificate.not_before() || at > certificate.not_after() {
            paint.words(Tone::Bad, &lasts)
        } else {
            lasts
        });
        let findings = || path.findings.iter().filter(|found| found.certificate == index);
        for one in path.revocation.iter().filter(|one| one.certificate == index) {
            let status = word(&one.status);
            let tone = match status {
                "good" => Tone::Good,
                "revoked" => Tone::Bad,
                "undetermined" => Tone::Doubtful,
                _ => Tone::Faint,
            };
            let mut text = format!("revocation: {}", paint.words(tone, status));
            // A finding says it again, with the rule.
            if !findings().any(|found| found.detail == one.detail) {
                let _ = write!(text, ": {}", harmless(&one.detail));
            }
            line(&text);
        }
        findings().for_each(|found| finding(found, paint, &mut line));
    }
    // What is said about the whole of a path that ends in a name and a key has no certificate to stand at.
    let beyond = path.findings.iter().filter(|found| found.certificate > last);
    beyond.for_each(|found| {
        finding(found, paint, &mut |text| {
            let _ = writeln!(out, "  {text}");
        });
    });
}

fn heading(certificate: &Certificate<'_>, is_anchor: bool, paint: Paint) -> String {
    let subject = paint.words(Tone::Strong, &name(&certificate.subject().to_string()));
    if is_anchor { format!("{subject} (trust anchor)") } else { subject }
}

fn name(name: &str) -> String {
    if name.is_empty() { "(no name)".into() } else { harmless(name) }
}

fn finding(finding: &Finding, paint: Paint, line: &mut dyn FnMut(&str)) {
    let level = match finding.severity {
        Level::Error => paint.words(Tone::Bad, "error"),
        Level::Warning => paint.words(Tone::Doubtful, "warning"),
        Level::Off => return,
    };
    let offset = finding.offset.map(|at| format!(" [byte {at}]")).unwrap_or_default();
    line(&format!("{level}: {}{offset}", harmless(&finding.detail)));
    let source = format!("       {} ({})", finding.rule, finding.rule.section());
    line(&paint.words(Tone::Faint, &source));
}

fn fetches(fetches: &[Fetch], paint: Paint, out: &mut String) {
    if fetches.is_empty() {
        return;
    }
    let _ = writeln!(out, "\nFetched");
    for fetch in fetches {
        let outcome =
            if fetch.ok { "had".to_owned() } else { paint.words(Tone::Doubtful, "not had") };
        let (url, detail) = (harmless(&fetch.url), harmless(&fetch.detail));
        let detail = detail.strip_prefix(&format!("{url}: ")).unwrap_or(&detail).to_owned();
        let _ = writeln!(out, "  {} {url}: {outcome}, {detail}", fetch.kind);
    }
}
