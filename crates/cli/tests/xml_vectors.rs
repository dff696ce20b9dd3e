//! The vectors of XML signatures, all of them, through `ravelin xml verify --batch`: one process for each group.

use ravelin_test::corpus;
use serde_json::{Map, Value, json};
use std::{
    collections::BTreeSet,
    env,
    fmt::Write as _,
    fs::{self, File},
    io::{BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
};

/// Vectors whose expectation is not ours, as the library's own tests know them.
const DEPARTURES: &str = include_str!("../../xmldsig/tests/vectors-departures.txt");

/// What is never done: without it, an error is the right answer.
const NEVER: [&str; 5] =
    ["gost", "post-quantum", "xslt", "opc-relationship", "legacy-md5-ripemd160"];

/// The vectors of a group; those of the public suites stand in an object.
fn vectors(folder: &Path, group: &str) -> Vec<Value> {
    let file = File::open(folder.join(group).join("manifest.json")).unwrap();
    let mut manifest: Value = serde_json::from_reader(BufReader::new(file)).unwrap();
    let vectors = if group.is_empty() { manifest["vectors"].take() } else { manifest };
    match vectors {
        Value::Array(vectors) if !vectors.is_empty() => vectors,
        _ => panic!("no list of vectors"),
    }
}

fn strings<'v>(value: &'v Value, name: &str) -> Vec<&'v str> {
    value[name].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// A line, and what its answer is to be.
struct Question {
    id: String,
    line: Value,
    right: Box<dyn Fn(&Value) -> bool>,
}

/// Answers by one process, in the folder of the vectors.
fn answers(folder: &Path, questions: &[Question]) -> Vec<Value> {
    let mut program = Command::new(env!("CARGO_BIN_EXE_ravelin"))
        .args(["xml", "verify", "--batch", "-"])
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut to = program.stdin.take().unwrap();
    let lines: Vec<String> = questions.iter().map(|one| one.line.to_string()).collect();
    let lines = lines.join("\n");
    let writer = thread::spawn(move || to.write_all(lines.as_bytes()).unwrap());
    let output = program.wait_with_output().unwrap();
    writer.join().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), questions.len());
    answers
}

/// Whether the answers are right, but for the departures, which must not be.
fn hold(folder: &Path, prefix: &str, questions: &[Question]) {
    let departures: BTreeSet<&str> = DEPARTURES
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(": ").map(|(id, _)| id))
        .collect();
    let mut wrong = String::new();
    let mut departed = BTreeSet::new();
    for (question, answer) in questions.iter().zip(answers(folder, questions)) {
        let id = &question.id;
        assert_eq!(answer["id"], question.line["id"]);
        assert_eq!(answer["schema"], 1);
        let has_error = !answer["error"].is_null();
        assert!(!(has_error && answer["validity"].is_string()), "{id}: {answer}");
        if (question.right)(&answer) {
            continue;
        }
        if departures.contains(&id[..]) {
            departed.insert(id.clone());
        } else {
            writeln!(wrong, "{id}: {answer}").unwrap();
        }
    }
    for question in questions {
        if departures.contains(&question.id[..]) && !departed.contains(&question.id) {
            writeln!(
                wrong,
                "{}: is right, and should no longer be among the departures",
                question.id
            )
            .unwrap();
        }
    }
    let count = wrong.lines().count();
    assert!(wrong.is_empty(), "{count} of {} {prefix}:\n{wrong}", questions.len());
}

/// Whether an answer is what a manifest expects.
fn meets(answer: &Value, expected: &Value) -> bool {
    if let Some(any) = expected["any_of"].as_array() {
        return any.iter().any(|one| meets(answer, one));
    }
    match (answer["error"]["kind"].as_str(), expected["error"].as_str()) {
        (Some(kind), Some(expected)) => match expected {
            "any" | "sync" => true,
            "event" => kind == "dereference",
            expected => kind == expected,
        },
        (None, None) => ["digest", "identity", "references", "validity"]
            .iter()
            .all(|name| expected[name].as_str().is_none_or(|word| answer[name] == word)),
        _ => false,
    }
}

/// A vector of our own groups as a line.
fn line(id: &str, case: &Value, profile: &str) -> Value {
    let revocation = match case["settings"]["revocationCheckSetting"].as_str() {
        None | Some("never") => "never",
        Some("bestEffort") => "best-effort",
        Some("requiredIfInfoAvailable") => "required-if-available",
        Some("alwaysRequired") => "always",
        Some(other) => panic!("unknown setting {other}"),
    };
    json!({
        "id": id, "document": case["file"], "profile": profile, "trusted": case["trusted"], "added": case["added"],
        "crls": case["crls"], "time": case["time"], "revocation": revocation, "detached": case["dereference"],
    })
}

#[test]
fn air_every_vector_is_answered_right() {
    let Some(folder) = corpus("xmldsig-vectors") else { return };
    let questions = vectors(&folder, "air").into_iter().map(|case| {
        let id = format!("air/{}", case["id"].as_str().unwrap());
        Question {
            line: line(&id, &case, "air"),
            id,
            right: Box::new(move |answer| meets(answer, &case["expect"])),
        }
    });
    hold(&folder, "air", &questions.collect::<Vec<_>>());
}

#[test]
fn identity_every_vector_is_answered_right_under_every_setting() {
    let Some(folder) = corpus("xmldsig-vectors") else { return };
    let mut questions = Vec::new();
    for case in vectors(&folder, "identity") {
        for (setting, word) in [
            ("validIdentity", "valid-identity"),
            ("validOrUnknownIdentity", "valid-or-unknown-identity"),
            ("never", "never"),
        ] {
            let id = format!("identity/{}", case["id"].as_str().unwrap());
            let mut line = line(&id, &case, "air");
            line["references"] = word.into();
            let case = case.clone();
            let right = move |answer: &Value| {
                let expected = &case["expect_by_referencesValidationSetting"][setting];
                let accepted = strings(&case, "accept_identity");
                let is_accepted = answer["digest"] == "valid"
                    && answer["identity"].as_str().is_some_and(|word| accepted.contains(&word));
                is_accepted || meets(answer, expected) && is_signer(answer, &case)
            };
            questions.push(Question { id, line, right: Box::new(right) });
        }
    }
    hold(&folder, "identity", &questions);
}

/// Whether the signer of the answer is that of the manifest.
fn is_signer(answer: &Value, case: &Value) -> bool {
    let signer = &answer["signer"];
    signer["cn"] == case["signerCN"]
        && signer["dn"] == case["signerDN_rfc4514"]
        && signer["extendedKeyUsages"] == case["signerExtendedKeyUsages"]
        && signer["trustSettings"] == case["signerTrustSettings"]
}

#[test]
fn attacks_every_vector_is_answered_right() {
    let Some(folder) = corpus("xmldsig-vectors") else { return };
    let secrets = tempfile::tempdir().unwrap();
    let mut questions = Vec::new();
    for case in vectors(&folder, "attacks") {
        let id = format!("attacks/{}", case["id"].as_str().unwrap());
        let own = case["profile"].as_str().unwrap().to_owned();
        let bait = bait(&folder, &case);
        let expected = case["expect"].clone();
        let right = move |answer: &Value| {
            let covered = |at| {
                let mut results = answer["referenceResults"].as_array().unwrap().iter();
                results.any(|one| {
                    let range = &one["covers"]["range"];
                    one["status"] == "valid"
                        && range[0].as_u64().is_some_and(|start| start <= at)
                        && range[1].as_u64().is_some_and(|end| at < end)
                })
            };
            meets(answer, &expected) && !bait.is_some_and(covered)
        };
        questions.push(Question {
            id: id.clone(),
            line: line(&id, &case, &own),
            right: Box::new(right),
        });
        if let Some(expected) = case.get("air_profile").cloned() {
            let right = move |answer: &Value| meets(answer, &expected);
            questions.push(Question {
                id: id.clone(),
                line: line(&id, &case, "air"),
                right: Box::new(right),
            });
        }
        if let Some(secret) = case["hmac_key_text"].as_str() {
            let expected = case["extended_profile"]["signature"].as_str().unwrap().to_owned();
            let right = move |answer: &Value| match &expected[..] {
                "error" => !answer["error"].is_null(),
                expected => answer["digest"] == expected,
            };
            let line = json!({"id": id, "document": case["file"], "hmac_key": secret_file(secrets.path(), secret)});
            questions.push(Question { id, line, right: Box::new(right) });
        }
    }
    hold(&folder, "attacks", &questions);
}

/// Where the element begins that an application would take by its path, where that is not what is signed.
fn bait(folder: &Path, case: &Value) -> Option<u64> {
    if case["consumed_is_covered"] != Value::Bool(false) {
        return None;
    }
    let document = fs::read_to_string(folder.join(case["file"].as_str().unwrap())).unwrap();
    let path = case["consumed"].as_str().unwrap();
    let element = path.rsplit('/').next().unwrap().trim_end_matches("[1]");
    let first =
        document.find(&format!(":{element}")).or_else(|| document.find(&format!("<{element}")));
    Some(u64::try_from(first.unwrap()).unwrap())
}

fn secret_file(folder: &Path, secret: &str) -> PathBuf {
    let file = folder.join(secret);
    fs::write(&file, secret).unwrap();
    file
}

#[test]
fn every_vector_of_the_public_suites_is_answered_right() {
    let Some(folder) = corpus("xmldsig-vectors") else { return };
    let secrets = tempfile::tempdir().unwrap();
    let mut questions = Vec::new();
    for case in vectors(&folder, "") {
        let id = case["id"].as_str().unwrap().to_owned();
        let needs = strings(&case, "needs");
        let unsupported = needs.iter().any(|need| NEVER.contains(need));
        let allow: Vec<&str> = needs.into_iter().filter(|need| !NEVER.contains(need)).collect();
        let mut line = json!({
            "id": id, "document": case["file"], "signature": "first", "allow": allow,
            "id_attribute": ["Id", "ID", "id", "AssertionID", "ResponseID"], "detached": external(&folder, &case),
        });
        let key = &case["key"];
        if let Some(secret) = key["hmac_text"].as_str() {
            line["hmac_key"] = json!(secret_file(secrets.path(), secret));
        } else if key["file"].is_string() {
            let option = if key["type"] == "hmac" { "hmac_key" } else { "key" };
            line[option] = key["file"].clone();
        } else {
            line["embedded_key"] = true.into();
        }
        let expected = case["expect"].clone();
        let right = move |answer: &Value| {
            let kind = answer["error"]["kind"].as_str();
            match kind {
                // A key of such a kind may be what cannot be read.
                Some(kind) if unsupported => matches!(kind, "unsupported" | "input"),
                Some(_) if expected["overall"] == "invalid-or-error" => true,
                None if expected["overall"] == "invalid-or-error" => {
                    answer["digest"] == "invalid" || answer["references"] == "invalid"
                }
                _ => meets(answer, &expected),
            }
        };
        questions.push(Question { id, line, right: Box::new(right) });
    }
    hold(&folder, "public", &questions);
}

/// What the URIs of a document stand for: some files by name, and every relative one beside the document.
fn external(folder: &Path, case: &Value) -> Value {
    let mut files = Map::new();
    for (uri, file) in [
        ("http://www.w3.org/TR/xml-stylesheet", "xmlsec/external-data/xml-stylesheet-2005"),
        (
            "http://www.w3.org/Signature/2002/04/xml-stylesheet.b64",
            "xmlsec/external-data/xml-stylesheet-2005.b64",
        ),
        ("http://www.ietf.org/rfc/rfc3161.txt", "xmlsec/external-data/rfc3161.txt"),
    ] {
        files.insert(uri.to_owned(), file.into());
    }
    let document = Path::new(case["file"].as_str().unwrap());
    let text = fs::read(folder.join(document)).unwrap();
    let text = String::from_utf8_lossy(&text);
    // Those of retrievals are among them.
    for after in text.split(" URI=").skip(1) {
        let uri = after[1..].split(['"', '\'']).next().unwrap();
        if !uri.is_empty() && !uri.starts_with('#') && !uri.contains(':') {
            files.insert(uri.to_owned(), json!(document.with_file_name(uri)));
        }
    }
    Value::Object(files)
}
