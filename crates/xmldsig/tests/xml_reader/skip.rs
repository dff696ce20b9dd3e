use std::{env, path::PathBuf};

/// Says that a test is skipped, which `RAVELIN_NO_SKIP` makes a failure.
pub(crate) fn skip(why: &str) {
    assert!(env::var_os("RAVELIN_NO_SKIP").is_none(), "{why}, and nothing may be skipped");
    #[expect(clippy::print_stderr, reason = "what is skipped must be seen")]
    {
        eprintln!("SKIPPED: {why}");
    }
}

/// A folder beside the workspace, or in `RAVELIN_CORPORA`.
pub(crate) fn corpus(name: &str) -> Option<PathBuf> {
    let folder = env::var_os("RAVELIN_CORPORA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let folder = folder.join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    skip(&format!("no corpus in {} (set RAVELIN_CORPORA)", folder.display()));
    None
}
