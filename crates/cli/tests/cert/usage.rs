//! What is typed, and the help for it.

use super::folder::{Folder, text};
use std::{path::Path, process::Command};

#[test]
fn wrong_usage_is_told_in_one_line() {
    let folder = Folder::new();
    folder.done("new-key --out k");
    for (words, expected) in [
        ("", "which command? see `ravelin --help`"),
        ("request --name dns:a.example", "required arguments were not provided: --key <FILE>"),
        ("request --key k --new-key l --name dns:a", "cannot be used with"),
        ("request --key k --algorithm ed25519 --name dns:a", "cannot be used with"),
        (
            "request --key k",
            "whom is it for? give --name, such as --name dns:www.example.com, or --subject",
        ),
        ("request --key k --name www.example.com", "say what it is: dns:www.example.com"),
        ("request --key k --subject C=Germany", "C has 2 characters at most, not 7"),
        ("self-sign --key k --subject=", "needs a --subject that is not empty"),
        (
            "self-sign --key k --name dns:a --purpose serverAuth",
            "a purpose is one of server-auth, ",
        ),
        ("self-sign --key k --name dns:a --path-length 1", "only an authority has a --path-length"),
        ("self-sign --key k --name dns:a --days 0", "'--days <N>'"),
        (
            "self-sign --key k --name dns:a --days 1 --not-after 2030-01-01T00:00:00Z",
            "cannot be used with",
        ),
        (
            "self-sign --key k --name dns:a --not-after 2001-01-01T00:00:00Z",
            "would end (2001-01-01T00:00:00Z) before it begins",
        ),
        ("self-sign --key k --name dns:a --time 1900-01-01T00:00:00Z", "would begin before 1950"),
        ("self-sign --key k --name dns:a --time 9999-12-01T00:00:00Z", "beyond the year 9999"),
        ("self-sign --key k --name dns:a --time yesterday", "'--time <TIME>'"),
        ("self-sign --key k --name dns:a --serial 0", "--serial 0: a serial number is positive"),
        (
            "issue --ca k --ca-key k --name dns:a",
            "<--request <FILE>|--key <FILE>|--public-key <FILE>>",
        ),
        ("issue --ca k --ca-key k --key k --request k", "cannot be used with"),
        ("issue --ca k --ca-key k --key k --chain --format der", "only --format pem holds"),
        ("issue --ca k --ca-key k --key k --name dns:a --crl-url /crl", "/crl: a URI"),
        ("new-key --algorithm dsa", "invalid value 'dsa'"),
    ] {
        let line = folder.refused(words);
        assert!(line.contains(expected), "{words}: {line}");
    }
}

#[test]
fn manual_pages_and_completions_know_the_commands() {
    let run = |words: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_ravelin")).args(words).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{words:?}: {}", text(&output.stderr));
        text(&output.stdout)
    };
    assert!(run(&["generate", "man", "cert"]).contains("new\\-key"));
    for command in ["new-key", "request", "self-sign", "issue", "pkcs12"] {
        let page = run(&["generate", "man", "cert", command]);
        assert!(page.contains("Examples:"), "{page}");
        assert!(
            run(&["cert", command, "--help"]).contains(&format!("\n  ravelin cert {command} ")),
            "{command}"
        );
        for shell in ["bash", "zsh", "fish"] {
            assert!(run(&["generate", "completions", shell]).contains(command), "{shell}");
        }
    }
}

/// Every example in the help does what it says, in their order.
#[test]
fn the_examples_work() {
    let folder = Folder::new();
    let help = |command: &str| text(&folder.cert_words(&[command, "--help"]).stdout);
    let mut count = 0;
    folder.write("password.txt", "swordfish\n");
    for command in ["new-key", "request", "self-sign", "issue", "pkcs12"] {
        let help = help(command).replace("\\\n", " ");
        let examples = help.split_once("Examples:\n").unwrap().1;
        for (at, example) in examples.lines().enumerate() {
            match (command, at) {
                ("issue", _) => ["client", "sub"].iter().for_each(|name| {
                    folder.done(&format!("new-key --out {name}.key --force"));
                }),
                ("pkcs12", 0) => {
                    folder.done("self-sign --key key.pem --name dns:a.example --out chain.pem");
                }
                _ => {}
            }
            let words: Vec<String> = example
                .trim()
                .strip_prefix("ravelin cert ")
                .unwrap()
                .split('\'')
                .enumerate()
                .flat_map(|(part, text)| match part % 2 {
                    0 => text.split_whitespace().map(str::to_owned).collect(),
                    _ => vec![text.to_owned()],
                })
                .chain((command != "new-key" || at > 0).then(|| "--force".to_owned()))
                .collect();
            let output = folder.cert_words(&words.iter().map(String::as_str).collect::<Vec<_>>());
            assert_eq!(output.status.code(), Some(0), "{example}: {}", text(&output.stderr));
            count += 1;
        }
    }
    assert_eq!(count, 12, "all of them were found");
    assert!(Path::new(&folder.path("sub.pem")).exists());
}
