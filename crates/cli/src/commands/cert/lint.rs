//! `ravelin cert lint`: what standards find wrong with a certificate by itself.

use super::{
    facts::hex,
    input::{self, InputError},
    paint::{Paint, Tone, harmless},
};
use crate::{
    args::cert::judge::LintArgs,
    exit::{Exit, Failure},
    output,
};
use aws_lc_rs::digest::{SHA256, digest};
use ravelin_trust::{
    Certificate, Finding, Level, Profile, Rule,
    checks::{Role, check},
};
use serde::Serialize;
use std::{fmt::Write as _, path::Path};

/// What no certificate was looked at for.
const PROFILES: [Profile; 4] =
    [Profile::RFC5280, Profile::WEBPKI, Profile::INTEROP, Profile::LEGACY];

/// One certificate and what is wrong with it.
#[derive(Debug, Serialize)]
struct Linted {
    file: String,
    /// Its place in the file, from 1.
    number: usize,
    subject: String,
    sha256: String,
    findings: Vec<Found>,
}

#[derive(Debug, Serialize)]
struct Found {
    rule: &'static str,
    severity: &'static str,
    section: &'static str,
    detail: String,
    offset: Option<usize>,
}

#[derive(Debug, Serialize)]
struct Report<'a> {
    schema: u8,
    profiles: Vec<&'static str>,
    clean: bool,
    certificates: &'a [Linted],
}

/// Looks at every certificate of the files, or lists the rules.
///
/// # Errors
/// When a file cannot be read.
pub fn run(args: &LintArgs, json: bool) -> Result<Exit, Failure> {
    if args.list {
        return list(json);
    }
    let profiles = match &args.profile {
        Some(profile) => vec![profile.clone()],
        None => vec![Profile::RFC5280, Profile::WEBPKI],
    };
    let mut certificates = Vec::new();
    for file in &args.files {
        for (index, der) in input::read_certificates(file)?.iter().enumerate() {
            certificates.push(lint(file, index, der, &profiles)?);
        }
    }
    let has_errors = certificates
        .iter()
        .any(|one| one.findings.iter().any(|found| found.severity == word(Level::Error)));
    if json {
        output::serialized(&Report {
            schema: 1,
            profiles: profiles.iter().map(Profile::name).collect(),
            clean: certificates.iter().all(|one| one.findings.is_empty()),
            certificates: &certificates,
        })?;
    } else {
        let paint = Paint(output::is_colored());
        output::print(&certificates.iter().map(|one| text(one, paint)).collect::<String>())?;
    }
    Ok(if has_errors { Exit::No } else { Exit::Yes })
}

fn lint(file: &Path, index: usize, der: &[u8], profiles: &[Profile]) -> Result<Linted, InputError> {
    let certificate = Certificate::parse(der)
        .map_err(|error| InputError::new(file, format!("certificate {}: {error}", index + 1)))?;
    let role = Role::likely(&certificate);
    let mut findings: Vec<Finding> = Vec::new();
    for profile in profiles {
        for found in check(&certificate, role, profile) {
            // Each place is told once, with the word of the profile that minds it most.
            let known = findings.iter_mut().find(|known| {
                known.rule == found.rule
                    && known.detail == found.detail
                    && known.offset == found.offset
            });
            match known {
                Some(known) => known.severity = known.severity.max(found.severity),
                None => findings.push(found),
            }
        }
    }
    findings.retain(|found| found.severity != Level::Off);
    findings.sort_by_key(|found| (std::cmp::Reverse(found.severity), found.offset));
    Ok(Linted {
        file: input::shown(file),
        number: index + 1,
        subject: certificate.subject().to_string(),
        sha256: hex(digest(&SHA256, certificate.der()).as_ref()),
        findings: findings
            .into_iter()
            .map(|found| Found {
                rule: found.rule.name(),
                severity: word(found.severity),
                section: found.rule.section(),
                detail: found.detail,
                offset: found.offset,
            })
            .collect(),
    })
}

fn text(linted: &Linted, paint: Paint) -> String {
    let place = format!("{}: certificate {}", linted.file, linted.number);
    let subject = if linted.subject.is_empty() { "(no name)" } else { &linted.subject };
    let subject = harmless(subject);
    if linted.findings.is_empty() {
        return format!("{place}, {subject}: {}\n", paint.words(Tone::Good, "clean"));
    }
    let count =
        |level| linted.findings.iter().filter(|found| found.severity == word(level)).count();
    let mut text = format!(
        "{place}, {subject}: {}, {}\n",
        several(count(Level::Error), "error"),
        several(count(Level::Warning), "warning")
    );
    for found in &linted.findings {
        let tone = if found.severity == word(Level::Error) { Tone::Bad } else { Tone::Doubtful };
        let offset = found.offset.map(|at| format!(" [byte {at}]")).unwrap_or_default();
        let severity = paint.words(tone, found.severity);
        let _ = writeln!(text, "  {severity}: {}{offset}", harmless(&found.detail));
        let source = format!("    {} ({})", found.rule, found.section);
        let _ = writeln!(text, "{}", paint.words(Tone::Faint, &source));
    }
    text
}

fn several(count: usize, noun: &str) -> String {
    match count {
        0 => format!("no {noun}s"),
        1 => format!("1 {noun}"),
        count => format!("{count} {noun}s"),
    }
}

fn word(level: Level) -> &'static str {
    match level {
        Level::Off => "off",
        Level::Warning => "warning",
        Level::Error => "error",
    }
}

#[derive(Debug, Serialize)]
struct Listed {
    name: &'static str,
    section: &'static str,
    about: &'static str,
    rfc5280: &'static str,
    webpki: &'static str,
    interop: &'static str,
    legacy: &'static str,
}

#[derive(Debug, Serialize)]
struct List {
    schema: u8,
    rules: Vec<Listed>,
}

fn list(json: bool) -> Result<Exit, Failure> {
    let levels = |rule| PROFILES.map(|profile| word(profile.level(rule)));
    if json {
        let rules = Rule::all().map(|rule| {
            let [rfc5280, webpki, interop, legacy] = levels(rule);
            Listed {
                name: rule.name(),
                section: rule.section(),
                about: rule.about(),
                rfc5280,
                webpki,
                interop,
                legacy,
            }
        });
        output::serialized(&List { schema: 1, rules: rules.collect() })?;
        return Ok(Exit::Yes);
    }
    let paint = Paint(output::is_colored());
    let mut text = String::new();
    let head = format!("{:<31}{:<9}{:<9}{:<9}{:<9}", "", "rfc5280", "webpki", "interop", "legacy");
    let _ = writeln!(text, "{}", head.trim_end());
    for rule in Rule::all() {
        let name = paint.words(Tone::Strong, &format!("{:<31}", rule.name()));
        let levels: String = levels(rule).iter().map(|level| format!("{level:<9}")).collect();
        let _ = writeln!(text, "{name}{}", levels.trim_end());
        let _ = writeln!(text, "    {} ({})", rule.about(), rule.section());
    }
    output::print(&text)?;
    Ok(Exit::Yes)
}
