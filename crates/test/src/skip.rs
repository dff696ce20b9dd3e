//! Tests that need what a machine may lack.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

/// Says on standard error that a test, or a part of one, is skipped, and what is missing.
///
/// # Panics
///
/// Where nothing may be skipped: `RAVELIN_NO_SKIP` is set, and neither empty nor `0`.
pub fn skip(what: &str) {
    let must_not =
        env::var_os("RAVELIN_NO_SKIP").is_some_and(|value| !value.is_empty() && value != "0");
    assert!(!must_not, "{what}, and nothing may be skipped");
    #[expect(clippy::print_stderr, reason = "what is skipped must be seen")]
    {
        eprintln!("SKIPPED: {what}");
    }
}

/// Whether a program starts with these arguments and ends well. Where it does not, that is [skipped](skip).
pub fn has_program(name: &str, arguments: &[&str]) -> bool {
    let output = Command::new(name).args(arguments).output();
    let found = output.is_ok_and(|output| output.status.success());
    if !found {
        skip(&format!("the program {name} is missing"));
    }
    found
}

/// The whole path of a corpus: a folder in `RAVELIN_CORPORA`, or in `shared` beside the workspace. Where there is none,
/// that is [skipped](skip).
pub fn corpus(name: &str) -> Option<PathBuf> {
    let corpora = env::var_os("RAVELIN_CORPORA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let folder = corpora.join(name);
    if folder.is_dir() {
        return Some(folder.canonicalize().unwrap());
    }
    skip(&format!("no corpus in {} (set RAVELIN_CORPORA)", folder.display()));
    None
}
