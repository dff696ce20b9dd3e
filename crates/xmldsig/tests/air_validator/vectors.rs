//! The vectors of the corpus, through AIR's validator.

use super::*;
use ravelin_test::corpus;
use serde_json::Value;
use std::{
    collections::HashMap,
    fs::{self, File},
    path::PathBuf,
};

/// What references stand for, by URI.
struct Named(HashMap<String, PathBuf>);

impl Dereference for Named {
    fn dereference(&mut self, uri: Option<&str>) -> Result<Body<'_>, DereferenceError> {
        let uri = uri.unwrap_or_default();
        if uri.is_empty() || uri.starts_with('#') {
            return Ok(Body::SameDocument);
        }
        let path = self.0.get(uri).ok_or_else(|| DereferenceError::not_found(uri))?;
        Ok(Body::from_reader(File::open(path)?))
    }
}

/// Seconds since 1970 of a moment at the beginning of a day.
fn moment(text: &str) -> Time {
    let number = |range: std::ops::Range<usize>| text[range].parse::<i64>().unwrap();
    let (year, month, day) = (number(0..4), number(5..7), number(8..10));
    // Days before a year that begins in March.
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719_468;
    let seconds = days * 86_400 + number(11..13) * 3600 + number(14..16) * 60 + number(17..19);
    Time::since_epoch(Duration::from_secs(seconds.try_into().unwrap()))
}

/// The statuses, or what was thrown or told.
fn outcome(case: &Value, folder: &std::path::Path, references: &str) -> Value {
    let read = |value: &Value| fs::read(folder.join(value.as_str().unwrap())).unwrap();
    let list = |name: &str| case[name].as_array().into_iter().flatten();
    let mut validator = XmlSignatureValidator::new();
    let named = case["dereference"].as_object().into_iter().flatten();
    let named = named.map(|(uri, file)| (uri.clone(), folder.join(file.as_str().unwrap())));
    validator.set_uri_dereferencer(Named(named.collect())).unwrap();
    for trusted in list("trusted") {
        validator.add_certificate(&read(trusted), true).unwrap();
    }
    for added in list("added") {
        validator.add_certificate(&read(added), false).unwrap();
    }
    for crl in list("crls") {
        validator.add_crl(&read(crl)).unwrap();
    }
    if let Some(word) = case["settings"]["revocationCheckSetting"].as_str() {
        validator.set_revocation_check_setting(word).unwrap();
    }
    validator.set_references_validation_setting(references).unwrap();
    let document = Cursor::new(read(&case["file"]));
    if let Err(error) = validator.verify(document, moment(case["time"].as_str().unwrap())) {
        return serde_json::json!({ "thrown": error.to_string() });
    }
    if let (Event::Error { text }, _) = finish(&mut validator) {
        return serde_json::json!({ "told": text });
    }
    let [digest, identity, references, validity] = statuses(&validator).map(SignatureStatus::word);
    serde_json::json!({
        "digest": digest, "identity": identity, "references": references, "validity": validity
    })
}

fn meets(outcome: &Value, expected: &Value) -> bool {
    if let Some(any) = expected["any_of"].as_array() {
        return any.iter().any(|one| meets(outcome, one));
    }
    match expected["error"].as_str() {
        None => outcome == expected,
        Some("event") => outcome["told"].is_string(),
        Some("any") => outcome["told"].is_string() || outcome["thrown"].is_string(),
        Some(_) => outcome["thrown"].is_string(),
    }
}

fn cases(folder: &std::path::Path, family: &str) -> Vec<Value> {
    let manifest = File::open(folder.join(family).join("manifest.json")).unwrap();
    serde_json::from_reader(manifest).unwrap()
}

#[test]
fn x01_x11_x12_x14_x16_x18_x19_vectors_of_the_subset() {
    let Some(folder) = corpus("xmldsig-vectors") else { return };
    let cases = cases(&folder, "air");
    assert!(cases.len() >= 32);
    for case in cases {
        let outcome = outcome(&case, &folder, "validIdentity");
        assert!(meets(&outcome, &case["expect"]), "{}: {outcome}", case["id"]);
    }
}

#[test]
fn x06_x08_x10_x15_x16_x17_vectors_of_identities() {
    let Some(folder) = corpus("xmldsig-vectors") else { return };
    let cases = cases(&folder, "identity");
    assert!(cases.len() >= 40);
    for case in cases {
        for setting in ["validIdentity", "validOrUnknownIdentity", "never"] {
            let outcome = outcome(&case, &folder, setting);
            let accepted = case["accept_identity"].as_array().into_iter().flatten();
            let expected = &case["expect_by_referencesValidationSetting"][setting];
            let also = accepted.clone().any(|word| *word == outcome["identity"]);
            assert!(also || meets(&outcome, expected), "{} {setting}: {outcome}", case["id"]);
        }
    }
}
