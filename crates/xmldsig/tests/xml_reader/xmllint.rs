//! libxml2, through its program xmllint, over many generated documents.

use super::{
    corpus, events,
    peers::{Differences, Peer},
};
use ravelin_test::has_program;
use std::{fs, path::PathBuf, process::Command};

/// What xmllint says of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Lint {
    Accepted,
    /// Its first error.
    Refused(String),
}

/// `None` when there is no xmllint.
pub(crate) fn lint(files: &[PathBuf]) -> Option<Vec<Lint>> {
    if !has_program("xmllint", &["--version"]) {
        return None;
    }
    let mut answers = vec![Lint::Accepted; files.len()];
    for (first, batch) in files.chunks(500).enumerate() {
        let output = Command::new("xmllint")
            .args(["--noout", "--nonet", "--noent"])
            .args(batch)
            .output()
            .expect("xmllint");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        for (i, file) in batch.iter().enumerate() {
            let file = format!("{}:", file.to_str().unwrap());
            let error = said.lines().find(|line| {
                // Errors of validity are none of well-formedness.
                line.strip_prefix(&file).is_some_and(|rest| {
                    rest.contains(" parser error : ") || rest.contains(" namespace error : ")
                })
            });
            if let Some(error) = error {
                let error = error.split_once(" error : ").unwrap().1.to_owned();
                answers[first * 500 + i] = Lint::Refused(error);
            }
        }
    }
    Some(answers)
}

#[test]
fn generated_documents_are_answered_as_by_xmllint() {
    let folder = tempfile::tempdir().expect("a folder");
    let documents: Vec<Vec<u8>> = (0..1000)
        .map(|seed| {
            let text = corpus::document(seed);
            let encoding = if text.starts_with("<?xml v") { 3 } else { text.len() % 8 };
            corpus::encoded(&text, encoding)
        })
        .chain((0..4000).map(|seed| corpus::mutated(seed).into_bytes()))
        .collect();
    let mut files = Vec::new();
    for (i, document) in documents.iter().enumerate() {
        let file = folder.path().join(format!("{i}.xml"));
        fs::write(&file, document).expect("a file");
        files.push(file);
    }
    let Some(answers) = lint(&files) else { return };
    let mut differences = Differences::new(Peer::Xmllint);
    let mut refused = 0;
    for (document, answer) in documents.iter().zip(answers) {
        let ours = events::read(&document[..], &events::with_doctype());
        refused += usize::from(ours.is_err());
        let theirs = match answer {
            Lint::Accepted => Ok(()),
            Lint::Refused(error) => Err(error),
        };
        differences.compare(document, ours.map(drop).map_err(|error| error.to_string()), theirs);
    }
    assert!(refused > 1500 && refused < 4500, "{refused} of {} are refused", documents.len());
    differences.check();
}
