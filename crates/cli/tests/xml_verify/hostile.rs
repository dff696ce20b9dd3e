//! Documents that were cut, changed or made up.

use crate::signing::{Folder, TIME, text};
use serde_json::{Value, json};

/// Bytes as a generator of Lehmer's kind gives them: the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }
}

/// The answers to documents, each in a file of its own.
fn verified(folder: &Folder, documents: &[Vec<u8>]) -> Vec<Value> {
    let mut lines = String::new();
    for (index, document) in documents.iter().enumerate() {
        let name = format!("{index}.xml");
        folder.write(&name, document);
        let line = json!({"document": name, "trusted": ["root.pem"], "time": TIME, "id": index});
        lines.extend([&line.to_string(), "\n"]);
    }
    folder.write("lines", lines);
    let output = folder.command("xml verify --batch lines").output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
    let answers: Vec<Value> =
        text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), documents.len());
    answers
}

fn is_placed(answer: &Value) -> bool {
    answer["error"]["line"].as_u64().is_some_and(|line| line > 0)
        && answer["error"]["column"].as_u64().is_some_and(|column| column > 0)
}

fn has_no_status(answer: &Value) -> bool {
    ["validity", "digest", "identity", "references"].iter().all(|key| answer[key].is_null())
}

#[test]
fn a_document_cut_anywhere_is_an_error_with_its_place() {
    let folder = Folder::new();
    folder.order("order.xml");
    let whole = folder.read("order.xml").into_bytes();
    let cut: Vec<Vec<u8>> = (0..whole.len()).map(|length| whole[..length].to_vec()).collect();
    for (length, answer) in verified(&folder, &cut).iter().enumerate() {
        assert_eq!(answer["error"]["kind"], "malformed", "{length}: {answer}");
        assert!(is_placed(answer) && has_no_status(answer), "{length}: {answer}");
    }
    let output = folder.verify("--trusted root.pem 100.xml");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).starts_with("ravelin: 100.xml:1:"), "{}", text(&output.stderr));
}

#[test]
fn a_changed_document_is_an_error_with_its_place_or_not_valid_or_the_same_to_whoever_reads_it() {
    let folder = Folder::new();
    folder.order("order.xml");
    let whole = folder.read("order.xml").into_bytes();
    let mut random = Random(1);
    let changed: Vec<Vec<u8>> = (0..1500)
        .map(|_| {
            let mut bytes = whole.clone();
            let at = random.below(bytes.len());
            match random.below(4) {
                0 => bytes[at] ^= 1 << random.below(8),
                1 => bytes[at] = b"<>&\"' /=\0\xff"[random.below(10)],
                2 => drop(bytes.drain(at..(at + 1 + random.below(30)).min(whole.len()))),
                _ => {
                    let from = random.below(bytes.len() - 20);
                    let copy = bytes[from..from + 20].to_vec();
                    drop(bytes.splice(at..at, copy));
                }
            }
            bytes
        })
        .collect();
    let content = b"<item Id=\"i\">1</item>";
    let mut errors = 0;
    for (document, answer) in changed.iter().zip(verified(&folder, &changed)) {
        let shown = String::from_utf8_lossy(document);
        if answer["error"].is_null() {
            if answer["validity"] == "valid" {
                let unchanged = document.windows(content.len()).any(|part| part == content);
                assert!(unchanged, "{answer}\n{shown}");
            }
            continue;
        }
        errors += 1;
        assert!(is_placed(&answer) && has_no_status(&answer), "{answer}\n{shown}");
    }
    assert!(errors > 500, "{errors}");
}

#[test]
fn files_that_are_no_documents_are_errors_with_their_place() {
    let folder = Folder::new();
    let mut random = Random(2);
    let mut files: Vec<Vec<u8>> = vec![
        vec![],
        b"\0".to_vec(),
        b"\xef\xbb\xbf".to_vec(),
        b"\xff\xfe<\0".to_vec(),
        b"<?xml version='1.1'?><a/>".to_vec(),
        b"<?xml version='1.0' encoding='koi8-r'?><a/>".to_vec(),
        b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/hosts'>]><a>&b;</a>".to_vec(),
        b"<a/>".to_vec(),
        b"<Signature xmlns='http://www.w3.org/2000/09/xmldsig#'/>".to_vec(),
        "<a>".repeat(100_000).into_bytes(),
        b"{\"a\": 1}".to_vec(),
    ];
    files.extend(
        (0..200)
            .map(|length| (0..length).map(|_| u8::try_from(random.below(256)).unwrap()).collect()),
    );
    for (index, answer) in verified(&folder, &files).iter().enumerate() {
        assert!(is_placed(answer) && has_no_status(answer), "{index}: {answer}");
    }
}
