//! Answers for programs.

use super::examine::{Examined, Found};
use crate::commands::judgement;
use ravelin_xmldsig::{
    Error,
    verify::{Coverage, ReferenceReport, Signer},
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
    validity: Option<&'static str>,
    digest: Option<&'static str>,
    identity: Option<&'static str>,
    references: Option<&'static str>,
    signature: Option<Signature<'a>>,
    signer: Option<SignerFacts>,
    certificate: Option<judgement::Answer<'a>>,
    #[serde(rename = "referenceResults")]
    results: Vec<Reference<'a>>,
    error: Option<Fault<'a>>,
}

/// Which signature it was.
#[derive(Debug, Serialize)]
struct Signature<'a> {
    id: Option<&'a str>,
    algorithm: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SignerFacts {
    cn: Option<String>,
    dn: String,
    extended_key_usages: Vec<String>,
    trust_settings: Vec<&'static str>,
}

#[derive(Debug, Serialize)]
struct Reference<'a> {
    uri: Option<&'a str>,
    status: &'static str,
    detail: Option<&'a str>,
    covers: Option<Covers<'a>>,
    /// Whether all of it is covered, but for the signature itself and for comments.
    whole: bool,
    #[serde(rename = "type")]
    kind: Option<&'a str>,
    manifest: Vec<Reference<'a>>,
}

#[derive(Debug, Serialize)]
struct Covers<'a> {
    element: &'a str,
    range: [u64; 2],
}

#[derive(Debug, Serialize)]
struct Fault<'a> {
    kind: &'static str,
    detail: &'a str,
    line: Option<u64>,
    column: Option<u64>,
}

impl<'a> Answer<'a> {
    /// The answer, with the id of its line in a batch.
    pub fn new(examined: &'a Examined, id: Option<&'a Value>) -> Answer<'a> {
        match &examined.outcome {
            Ok(found) => Answer::found(found, id),
            Err(error) => Answer::failed(error, id),
        }
    }

    /// One line.
    pub fn line(&self) -> String {
        // Only maps with keys that are no strings, and faulty implementations, cannot be written.
        serde_json::to_string(self).expect("plain structs can be written as JSON") + "\n"
    }

    fn found(found: &'a Found, id: Option<&'a Value>) -> Answer<'a> {
        let report = &found.report;
        Answer {
            schema: 1,
            id,
            validity: Some(report.validity_status().word()),
            digest: Some(report.digest_status().word()),
            identity: Some(report.identity_status().word()),
            references: Some(report.references_status().word()),
            signature: Some(Signature {
                id: report.signature_id(),
                algorithm: report.algorithm().to_string(),
            }),
            signer: report.signer().map(SignerFacts::new),
            certificate: found.judged.as_ref().map(|judged| judgement::Answer::new(judged, None)),
            results: report.references().iter().map(Reference::new).collect(),
            error: None,
        }
    }

    /// Nothing is known then: no status is anything.
    fn failed(error: &'a Error, id: Option<&'a Value>) -> Answer<'a> {
        Answer {
            schema: 1,
            id,
            validity: None,
            digest: None,
            identity: None,
            references: None,
            signature: None,
            signer: None,
            certificate: None,
            results: Vec::new(),
            error: Some(Fault {
                kind: error.kind.word(),
                detail: &error.detail,
                line: error.position.map(|at| at.line),
                column: error.position.map(|at| at.column),
            }),
        }
    }
}

impl SignerFacts {
    fn new(signer: &Signer) -> SignerFacts {
        SignerFacts {
            cn: signer.common_name(),
            dn: signer.distinguished_name(),
            extended_key_usages: signer.extended_key_usages(),
            trust_settings: signer.trust_settings().iter().map(|one| one.word()).collect(),
        }
    }
}

impl<'a> Reference<'a> {
    fn new(report: &'a ReferenceReport) -> Reference<'a> {
        let covers = |Coverage { element, range }: &'a Coverage| Covers {
            element,
            range: [range.start, range.end],
        };
        Reference {
            uri: report.uri.as_deref(),
            status: report.status.word(),
            detail: report.detail.as_deref(),
            covers: report.covers.as_ref().map(covers),
            whole: report.whole,
            kind: report.kind.as_deref(),
            manifest: report.manifest.iter().map(Reference::new).collect(),
        }
    }
}
