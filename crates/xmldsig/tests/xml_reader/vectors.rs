//! Every document of the signature vectors.

use super::{
    events,
    xmllint::{self, Lint},
};
use ravelin_test::corpus;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// Documents that we and xmllint answer otherwise, or that neither reads, and why.
const DEPARTURES: &str = include_str!("vectors-departures.txt");

#[test]
fn all_documents_of_the_signature_vectors_are_read_as_xmllint_reads_them() {
    let Some(folder) = corpus("xmldsig-vectors") else { return };
    let files = documents(&folder);
    assert!(files.len() > 400, "only {} documents", files.len());
    let lint = xmllint::lint(&files);
    let mut expected: BTreeMap<&str, &str> = DEPARTURES
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split_once(": ").expect("a document and a reason"))
        .collect();
    let mut said = Vec::new();
    for (i, file) in files.iter().enumerate() {
        let name = file.strip_prefix(&folder).unwrap().to_str().unwrap();
        let bytes = fs::read(file).unwrap();
        let ours = events::read(&bytes[..], &events::with_doctype()).map_err(|e| e.to_string());
        let theirs = match &lint {
            Some(answers) => answers[i].clone(),
            None => Lint::Accepted,
        };
        if ours.is_ok() && theirs == Lint::Accepted {
            continue;
        }
        if expected.remove(name).is_none() {
            said.push(format!("{name}: {:?}, xmllint: {theirs:?}", ours.map(drop)));
        }
    }
    if lint.is_some() {
        said.extend(expected.keys().map(|name| format!("{name}: read by both, but listed")));
    }
    assert!(said.is_empty(), "{}", said.join("\n"));
}

/// The files that the manifests name.
fn documents(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for group in ["", "air", "identity", "attacks"] {
        let manifest = folder.join(group).join("manifest.json");
        let manifest = fs::read(manifest).expect("a manifest");
        let manifest: Value = serde_json::from_slice(&manifest).expect("a manifest");
        let vectors = manifest["vectors"].as_array().or_else(|| manifest.as_array());
        for vector in vectors.expect("vectors") {
            let file = vector["file"].as_str().expect("a file");
            files.push(folder.join(file));
        }
    }
    files.sort();
    files.dedup();
    files
}
