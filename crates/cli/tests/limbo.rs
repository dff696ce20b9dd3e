//! The x509-limbo and BetterTLS cases, all of them, through `ravelin cert verify --batch`.

use ravelin_test::corpus;
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    env,
    fs::File,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    path::Path,
    process::{Command, Stdio},
    thread,
};

/// Cases whose expectation is not ours, as the engine's own tests know them.
const DEPARTURES: &str = include_str!("../../trust/tests/limbo-departures.txt");

fn cases(folder: &Path) -> Vec<Value> {
    let core = BufReader::new(File::open(folder.join("limbo.json")).unwrap());
    let mut better = Vec::new();
    flate2::read::GzDecoder::new(File::open(folder.join("bettertls.json.gz")).unwrap())
        .read_to_end(&mut better)
        .unwrap();
    let files: [Value; 2] =
        [serde_json::from_reader(core).unwrap(), serde_json::from_slice(&better).unwrap()];
    files
        .into_iter()
        .flat_map(|mut file| match file["testcases"].take() {
            Value::Array(cases) => cases,
            _ => panic!("no list of cases"),
        })
        .collect()
}

/// A case as a line of a batch.
fn line(case: &Value) -> Value {
    let id = case["id"].as_str().unwrap();
    let profile = match id.split("::").next().unwrap() {
        "webpki" => "webpki",
        "online" | "bettertls" => "interop",
        _ => "rfc5280",
    };
    let name = |name: &Value| {
        let kind = match name["kind"].as_str().unwrap() {
            "DNS" => "dns",
            "IP" => "ip",
            "RFC822" => "email",
            other => panic!("unknown kind of name: {other}"),
        };
        format!("{kind}:{}", name["value"].as_str().unwrap())
    };
    let (purpose, names) = if case["validation_kind"] == "CLIENT" {
        let names = case["expected_peer_names"].as_array().unwrap();
        ("client-auth", names.iter().map(name).collect())
    } else if case["expected_peer_name"].is_null() {
        ("server-auth", Vec::new())
    } else {
        ("server-auth", vec![name(&case["expected_peer_name"])])
    };
    let has_crl = case["features"].as_array().unwrap().iter().any(|one| one == "has-crl");
    json!({
        "id": id,
        "leaf": case["peer_certificate"],
        "anchors": case["trusted_certs"],
        "intermediates": case["untrusted_intermediates"],
        "crls": case["crls"],
        "names": names,
        "profile": profile,
        "purpose": purpose,
        "time": case["validation_time"],
        "revocation": if has_crl { "always" } else { "never" },
        "max_depth": case["max_chain_depth"],
    })
}

#[test]
fn every_case_is_judged_right_and_answered_in_its_place() {
    let Some(folder) = corpus("x509-limbo") else { return };
    let departures: BTreeSet<&str> = DEPARTURES
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split_whitespace().next().unwrap())
        .collect();
    let cases = cases(&folder);
    assert_eq!(cases.len(), 143 + 9572);
    let mut program = Command::new(env!("CARGO_BIN_EXE_ravelin"))
        .args(["cert", "verify", "--batch", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut to = program.stdin.take().unwrap();
    let from = BufReader::new(program.stdout.take().unwrap());
    let lines: Vec<String> = cases.iter().map(|case| format!("{}\n", line(case))).collect();
    let writer = thread::spawn(move || {
        for line in lines {
            to.write_all(line.as_bytes()).unwrap();
        }
    });
    let answers: Vec<Value> =
        from.lines().map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect();
    writer.join().unwrap();
    assert_eq!(program.wait().unwrap().code(), Some(0));
    assert_eq!(answers.len(), cases.len());
    let mut wrong = Vec::new();
    for (case, answer) in cases.iter().zip(&answers) {
        let id = case["id"].as_str().unwrap();
        assert_eq!(answer["id"], id);
        assert_eq!(answer["schema"], 1);
        let expected = case["expected_result"] == "SUCCESS";
        let right = (answer["status"] == "trusted") == expected;
        if right == departures.contains(id) {
            wrong.push(format!("{id}: expected {expected}, got {answer}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {} wrong:\n{}",
        wrong.len(),
        cases.len(),
        wrong.iter().take(20).cloned().collect::<Vec<_>>().join("\n")
    );
}
