//! Answers for programs: the JSON objects of `verify`.

use super::{Fetch, Judged};
use crate::commands::cert::facts::sha256;
use ravelin_trust::{
    CandidatePath, Certificate, Level,
    der::Oid,
    revocation::{RevocationStatus, Source},
};
use serde::Serialize;
use serde_json::Value;

/// The answer to one question. Its keys stand in this order.
#[derive(Debug, Serialize)]
pub struct Answer<'a> {
    schema: u8,
    /// In a batch: what the line called itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a Value>,
    status: &'static str,
    code: Option<&'static str>,
    profile: &'static str,
    findings: Vec<Finding<'a>>,
    paths: Vec<Path<'a>>,
    revocation: Vec<Revocation<'a>>,
    policies: Vec<String>,
    fetches: &'a [Fetch],
}

/// A line of a batch that could not be judged.
#[derive(Debug, Serialize)]
pub struct Unanswered<'a> {
    schema: u8,
    id: &'a Value,
    status: Option<()>,
    error: Fault,
}

/// Why a line could not be judged.
#[derive(Debug, Serialize)]
pub struct Fault {
    /// `json`, `limit`, `usage`, `input` or `internal`.
    pub kind: &'static str,
    /// In words.
    pub detail: String,
}

#[derive(Debug, Serialize)]
struct Finding<'a> {
    rule: &'static str,
    severity: &'static str,
    certificate: usize,
    path: usize,
    detail: &'a str,
    offset: Option<usize>,
}

#[derive(Debug, Serialize)]
struct Path<'a> {
    certificates: Vec<String>,
    anchor: Option<String>,
    accepted: bool,
    findings: Vec<Finding<'a>>,
}

#[derive(Debug, Serialize)]
struct Revocation<'a> {
    certificate: usize,
    status: &'static str,
    source: Option<&'static str>,
    detail: &'a str,
}

impl<'a> Answer<'a> {
    /// The answer, with the id of its line in a batch.
    pub fn new(judged: &'a Judged, id: Option<&'a Value>) -> Answer<'a> {
        let verdict = &judged.verdict;
        let deciding = verdict.deciding();
        let at = verdict.paths().iter().position(|path| std::ptr::eq(path, deciding));
        Answer {
            schema: 1,
            id,
            status: judged.status().word(),
            code: judged.code(),
            profile: verdict.profile(),
            findings: findings(deciding, at.unwrap_or(0)),
            paths: verdict
                .paths()
                .iter()
                .enumerate()
                .map(|(index, path)| Path {
                    certificates: path
                        .certificates
                        .iter()
                        .map(|certificate| sha256(certificate.der()))
                        .collect(),
                    anchor: path
                        .anchor
                        .as_ref()
                        .and_then(|anchor| anchor.as_certificate())
                        .map(|certificate: &Certificate<'_>| sha256(certificate.der())),
                    accepted: path.accepted,
                    findings: findings(path, index),
                })
                .collect(),
            revocation: deciding
                .revocation
                .iter()
                .map(|one| Revocation {
                    certificate: one.certificate,
                    status: word(&one.status),
                    source: one.source.map(source),
                    detail: &one.detail,
                })
                .collect(),
            policies: deciding.policies.iter().map(|policy| Oid(policy).to_string()).collect(),
            fetches: &judged.fetches,
        }
    }

    /// One line.
    pub fn line(&self) -> String {
        line(self)
    }
}

/// What is known about revocation, in a word.
pub fn word(status: &RevocationStatus) -> &'static str {
    match status {
        RevocationStatus::Good => "good",
        RevocationStatus::Revoked { .. } => "revoked",
        RevocationStatus::Undetermined => "undetermined",
        RevocationStatus::NoInformation => "no-information",
    }
}

/// What told about revocation, in a word.
fn source(source: Source) -> &'static str {
    match source {
        Source::Crl => "crl",
        Source::Ocsp => "ocsp",
    }
}

/// The answer to a line that could not be judged.
pub fn unanswered(id: &Value, error: Fault) -> String {
    line(&Unanswered { schema: 1, id, status: None, error })
}

fn findings(path: &CandidatePath, index: usize) -> Vec<Finding<'_>> {
    let counted = path.findings.iter().filter_map(|finding| {
        let severity = match finding.severity {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Off => return None,
        };
        Some(Finding {
            rule: finding.rule.name(),
            severity,
            certificate: finding.certificate,
            path: index,
            detail: &finding.detail,
            offset: finding.offset,
        })
    });
    counted.collect()
}

fn line(value: &impl Serialize) -> String {
    // Only maps with keys that are no strings, and faulty implementations, cannot be written.
    serde_json::to_string(value).expect("plain structs can be written as JSON") + "\n"
}
