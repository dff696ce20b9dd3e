//! `ravelin tunnel import stunnel.conf`.

use crate::{
    exit::{Exit, Failure},
    output,
};
use ravelin_tunnel::config::{diagnostic::Source, import};
use serde_json::json;
use std::path::Path;

/// Prints a `ravelin.toml`; says on standard error what was not carried over.
///
/// # Errors
/// When the file cannot be read or is no stunnel.conf.
pub fn run(file: &Path, json: bool) -> Result<Exit, Failure> {
    let imported = import::stunnel(&Source::read(file)?)?;
    if json {
        let notes: Vec<_> = imported
            .notes
            .iter()
            .map(|note| json!({ "line": note.line, "message": note.message }))
            .collect();
        output::json(&json!({
            "schema": 1,
            "services": imported.services,
            "configuration": imported.text,
            "notes": notes,
        }))?;
    } else {
        output::print(&imported.text)?;
        for note in &imported.notes {
            output::complain(&format!("{}: {note}", file.display()));
        }
    }
    Ok(if imported.services == 0 { Exit::No } else { Exit::Yes })
}
