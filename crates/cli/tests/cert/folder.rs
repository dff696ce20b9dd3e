//! A folder that commands are run in, and `openssl` as the one who must agree.

use serde_json::Value;
use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    process::{Command, Output, Stdio},
};

#[path = "../support/mod.rs"]
mod support;

pub use support::{Folder, text};

pub const ALGORITHMS: [&str; 6] =
    ["ecdsa-p256", "ecdsa-p384", "ed25519", "rsa-2048", "rsa-3072", "rsa-4096"];

impl Folder {
    pub fn new() -> Folder {
        Folder::empty()
    }

    pub fn mode(&self, name: &str) -> u32 {
        fs::metadata(self.path(name)).unwrap().permissions().mode() & 0o777
    }

    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(self.path(""))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// `ravelin cert …`, words separated by blanks.
    pub fn cert(&self, words: &str) -> Output {
        self.cert_words(&words.split_whitespace().collect::<Vec<_>>())
    }

    pub fn cert_words(&self, words: &[&str]) -> Output {
        let mut command = self.command("cert");
        command.args(words).env("RAVELIN_TEST_PASSWORD", "swordfish").output().unwrap()
    }

    /// What it writes to standard output when it succeeds.
    pub fn done(&self, words: &str) -> String {
        let output = self.cert(words);
        assert_eq!(output.status.code(), Some(0), "{words}: {}", text(&output.stderr));
        text(&output.stdout)
    }

    pub fn json(&self, words: &str) -> Value {
        let output = self.cert(&format!("{words} --json"));
        assert_eq!(text(&output.stderr), "", "{words}: a program that reads JSON wants no words");
        assert_eq!(output.status.code(), Some(0));
        let value: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(value["schema"], 1);
        value
    }

    /// The one line of an exit 2; nothing is written anywhere.
    pub fn refused(&self, words: &str) -> String {
        let before = self.names();
        let output = self.cert(words);
        let line = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{words}: {line}");
        assert_eq!(text(&output.stdout), "", "{words}");
        assert_eq!(line.matches('\n').count(), 1, "{words}: {line}");
        assert_eq!(self.names(), before, "{words}");
        line.strip_prefix("ravelin: ").unwrap().trim_end().to_owned()
    }

    /// What openssl writes when it succeeds; words are separated by blanks.
    pub fn openssl(&self, words: &str) -> String {
        let output = self.try_openssl(words);
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "openssl {words}: {out}{err}");
        out + &err
    }

    pub fn try_openssl(&self, words: &str) -> Output {
        Command::new("openssl")
            .args(words.split_whitespace())
            .current_dir(self.path(""))
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// `root.pem` and `root.key`.
    pub fn root(&self) {
        self.done(
            "self-sign --ca --new-key root.key --subject CN=Root,DC=example,DC=com --out root.pem",
        );
    }
}
