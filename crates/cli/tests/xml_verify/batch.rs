//! Many questions in one process.

use crate::signing::{Folder, TIME, text};
use serde_json::{Value, json};
use std::{io::Write as _, process::Stdio};

/// The answers to lines, of which there is one each.
fn answers(folder: &Folder, lines: &[String]) -> Vec<Value> {
    let mut child = folder
        .command("xml verify --batch -")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all((lines.join("\n") + "\n").as_bytes()).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
    let answers: Vec<Value> =
        text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), lines.len());
    answers
}

#[test]
fn every_line_is_answered_in_its_place_and_a_bad_one_ends_nothing() {
    let folder = Folder::new();
    folder.order("order.xml");
    folder.write("broken.xml", "<order>\n");
    let good =
        json!({"id": {"n": 1}, "document": "order.xml", "trusted": ["root.pem"], "time": TIME});
    let mut lines = vec![
        good.to_string(),
        "{".into(),
        json!({"id": 2, "document": "broken.xml"}).to_string(),
        json!({"id": 3, "document": "gone.xml"}).to_string(),
        json!({"id": 4, "document": "order.xml", "allow": ["xslt"]}).to_string(),
        String::new(),
        json!({"id": 5, "document": "order.xml", "embedded_key": true, "key": null}).to_string(),
    ];
    lines.extend((0..200).map(|_| good.to_string()));
    let answers = answers(&folder, &lines);
    let kinds: Vec<&Value> = answers[..7].iter().map(|answer| &answer["error"]["kind"]).collect();
    let kinds: Vec<&str> = kinds.into_iter().map(|kind| kind.as_str().unwrap_or("-")).collect();
    assert_eq!(kinds, ["-", "json", "malformed", "input", "usage", "json", "-"]);
    let ids: Vec<&Value> = answers[..7].iter().map(|answer| &answer["id"]).collect();
    assert_eq!(json!(ids), json!([{"n": 1}, null, 2, 3, 4, null, 5]));
    assert_eq!((&answers[2]["error"]["line"], &answers[2]["validity"]), (&json!(2), &Value::Null));
    assert_eq!(answers[3]["status"], Value::Null);
    assert!(
        answers[3]["error"]["detail"].as_str().unwrap().starts_with("gone.xml: cannot be read")
    );
    assert_eq!(
        (&answers[6]["identity"], &answers[6]["references"]),
        (&json!("unknown"), &json!("valid"))
    );
    assert!(
        answers[7..].iter().all(|answer| *answer == answers[0]),
        "the same question, the same answer"
    );
    assert_eq!(answers[0]["validity"], "valid");
}

#[test]
fn a_line_asks_what_options_ask() {
    let folder = Folder::new();
    folder.order("order.xml");
    folder.write("a.txt", "text");
    for (line, options) in [
        (
            json!({"references": "valid-or-unknown-identity"}),
            "--references valid-or-unknown-identity",
        ),
        (
            json!({"trusted": ["root.pem"], "revocation": "always"}),
            "--trusted root.pem --revocation always",
        ),
        (
            json!({"added": ["root.pem"], "trust_profile": "rfc5280"}),
            "--added root.pem --trust-profile rfc5280",
        ),
        (json!({"profile": "air", "trusted": ["root.pem"]}), "--profile air --trusted root.pem"),
        (json!({"key": "signer.pem", "signature": "s"}), "--key signer.pem --signature s"),
        (json!({"hmac_key": "a.txt", "allow": ["xpath"]}), "--hmac-key a.txt --allow xpath"),
        (
            json!({"embedded_key": true, "detached": {"": "a.txt"}}),
            "--embedded-key --detached =a.txt",
        ),
        (json!({"id_attribute": "x", "system_roots": true}), "--id-attribute x --system-roots"),
    ] {
        let mut asked = line.clone();
        asked["document"] = "order.xml".into();
        asked["time"] = TIME.into();
        let mut answer = answers(&folder, &[asked.to_string()]).remove(0);
        answer.as_object_mut().unwrap().remove("id");
        let typed = folder.verify(&format!("--json {options} -- order.xml"));
        let typed: Value = serde_json::from_slice(&typed.stdout).unwrap();
        assert_eq!(answer, typed, "{line}");
    }
}
