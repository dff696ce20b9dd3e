//! Data on standard output, words on standard error.

mod usage;

use anstream::{AutoStream, ColorChoice};
use std::io::{self, IsTerminal as _, Write as _};

pub use usage::usage;

/// Writes data to standard output.
///
/// # Errors
/// When it cannot be written; a broken pipe too, for the caller to end at.
pub fn print(text: &str) -> io::Result<()> {
    data(text.as_bytes())
}

/// Writes data that may be no text to standard output.
///
/// # Errors
/// As [`print()`].
pub fn data(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}

/// Writes one JSON object as a line of standard output.
///
/// # Errors
/// As [`print()`].
pub fn json(value: &serde_json::Value) -> io::Result<()> {
    print(&format!("{value}\n"))
}

/// Writes one JSON object, its keys in the order of their declaration, as a line of standard output.
///
/// # Errors
/// As [`print()`].
pub fn serialized(value: &impl serde::Serialize) -> io::Result<()> {
    print(&(serde_json::to_string(value)? + "\n"))
}

/// Says one line on standard error.
pub fn complain(line: &str) {
    // If nobody can hear it, there is nobody to tell.
    let _ = writeln!(io::stderr().lock(), "ravelin: {}", line.replace('\n', " "));
}

/// Says on standard error what was done: lines that are nobody's data, and no complaint.
pub fn say(lines: &str) {
    // As above.
    let _ = io::stderr().lock().write_all(lines.as_bytes());
}

/// Whether standard output is a terminal that may be coloured (`NO_COLOR`, `CLICOLOR` and `TERM` are heeded).
pub fn is_colored() -> bool {
    AutoStream::choice(&io::stdout()) != ColorChoice::Never
}

/// The same of standard error.
pub fn is_colored_beside() -> bool {
    AutoStream::choice(&io::stderr()) != ColorChoice::Never
}

/// Whether both outputs are the same terminal, as far as one can tell.
pub fn is_interactive() -> bool {
    io::stdout().is_terminal() && io::stderr().is_terminal()
}
