//! Files that are read and written: hostile ones, standard input, and what stands there already.

use super::folder::{Folder, text};
use std::{
    fs,
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    process::{Command, Stdio},
};

#[test]
fn nothing_is_replaced_unless_forced() {
    let folder = Folder::new();
    folder.write("taken", "mine");
    let expected = "taken: exists already; --force replaces it";
    for words in [
        "new-key --out taken",
        "request --new-key taken --name dns:a.example",
        "request --new-key key.pem --name dns:a.example --out taken",
        "self-sign --new-key key.pem --name dns:a.example --out taken",
    ] {
        assert_eq!(folder.refused(words), expected);
        assert_eq!(folder.bytes("taken"), b"mine");
    }
    fs::set_permissions(folder.path("taken"), fs::Permissions::from_mode(0o644)).unwrap();
    folder.done("new-key --out taken --force");
    assert_eq!(folder.mode("taken"), 0o600);
    assert_eq!(folder.names(), ["taken"]);
    assert_eq!(
        folder.refused("self-sign --new-key both --name dns:a.example --out both"),
        "both: two things cannot be written to one file"
    );
    assert!(
        folder
            .refused("new-key --out missing/key.pem")
            .starts_with("missing/key.pem: cannot be written: ")
    );
}

#[test]
fn hostile_inputs_end_in_one_line_that_names_the_file() {
    let folder = Folder::new();
    folder.root();
    folder.write("password", "swordfish");
    folder.write("empty", "");
    folder.write("text", "hello\n");
    folder.write(
        "junk",
        (0..4096u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect::<Vec<_>>(),
    );
    folder.write("der", [&[0x30, 0x82, 0x01, 0x00][..], &[0x30; 0x100]].concat());
    folder.write("short", [0x30, 0x82, 0x10, 0x00, 0x02]);
    folder.write(
        "nested",
        [&[0x30, 0x83, 0x0f, 0xff, 0x00][..], &[0x30, 0x80].repeat(0x0f_ff00 / 2)].concat(),
    );
    fs::File::create(folder.path("large")).unwrap().set_len(17 << 20).unwrap();
    let root = folder.read("root.pem");
    let key = folder.read("root.key");
    folder.write("cut", &root[..root.len() / 2]);
    folder.write("cutkey", &key[..key.len() / 2]);
    folder.write("bad", root.replacen("MII", "M*I", 1));
    folder.write("other", "-----BEGIN OTHER-----\nMDA=\n-----END OTHER-----\n");
    fs::create_dir(folder.path("folder")).unwrap();
    let files = [
        "empty", "text", "junk", "der", "short", "nested", "large", "cut", "cutkey", "bad",
        "other", "folder", "missing",
    ];
    for file in files {
        for words in [
            format!("issue --ca {file} --ca-key root.key --key root.key --name dns:a.example"),
            format!("issue --ca root.pem --ca-key {file} --key root.key --name dns:a.example"),
            format!("issue --ca root.pem --ca-key root.key --key {file} --name dns:a.example"),
            format!("issue --ca root.pem --ca-key root.key --request {file}"),
            format!(
                "issue --ca root.pem --ca-key root.key --public-key {file} --name dns:a.example"
            ),
            format!("request --key {file} --name dns:a.example"),
            format!("self-sign --key {file} --name dns:a.example"),
            format!(
                "pkcs12 --export --cert {file} --key root.key --out x --password-file password"
            ),
            format!(
                "pkcs12 --export --cert root.pem --key {file} --out x --password-file password"
            ),
            format!("pkcs12 --import {file} --password-file password"),
        ] {
            let line = folder.refused(&words);
            assert!(line.starts_with(&format!("{file}:")), "{words}: {line}");
        }
    }
    let issue = |file: &str| {
        folder.refused(&format!(
            "issue --ca {file} --ca-key root.key --key root.key --name dns:a.example"
        ))
    };
    assert_eq!(issue("large"), "large: is larger than 16 MiB");
    assert_eq!(issue("empty"), "empty: is empty");
    assert_eq!(
        issue("cut"),
        "cut:1: the block CERTIFICATE has no END line: the file seems to be cut short"
    );
    assert_eq!(issue("bad"), "bad:2: `*` is no base64");
    assert_eq!(issue("other"), "other: holds no certificate; its first block is OTHER");
    assert_eq!(
        folder.refused("pkcs12 --import large --password-file large"),
        "large: is larger than 16 MiB"
    );
}

#[test]
fn standard_input_is_a_file_too() {
    let folder = Folder::new();
    folder.root();
    let run = |words: &str, input: &[u8]| {
        let mut child = Command::new(env!("CARGO_BIN_EXE_ravelin"))
            .arg("cert")
            .args(words.split_whitespace())
            .current_dir(folder.path(""))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // Whoever refuses does not read to the end.
        let _ = child.stdin.take().unwrap().write_all(input);
        child.wait_with_output().unwrap()
    };
    let output = run("request --key - --name dns:a.example", &folder.bytes("root.key"));
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).starts_with("-----BEGIN CERTIFICATE REQUEST-----\n"));
    let output = run("request --key - --name dns:a.example", &vec![b'x'; (16 << 20) + 1]);
    assert_eq!(
        (output.status.code(), text(&output.stderr)),
        (Some(2), "ravelin: standard input: is larger than 16 MiB\n".into())
    );
}
