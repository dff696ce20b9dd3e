//! `ravelin xml`: signatures of XML documents.
//!
//! - `verify`: does a signature hold, who signed, and is what was signed unchanged?
//! - `sign`: makes signatures.
//! - `canonicalize`: the octets that are signed.
//! - `words`, `allow`: the words of both; `document`: where documents come from; `progress`: how far they are read.

mod allow;
mod canonicalize;
mod document;
mod progress;
mod sign;
mod verify;
mod words;

pub use words::{choice, references};

use crate::{
    args::xml::XmlCommand,
    exit::{Exit, Failure},
};

/// Does what was asked.
///
/// # Errors
/// When an input is at fault, or the answer cannot be written.
pub fn run(command: XmlCommand, json: bool) -> Result<Exit, Failure> {
    match command {
        XmlCommand::Verify(args) => verify::run(&args, json),
        XmlCommand::Sign(args) => sign::run(&args, json),
        XmlCommand::Canonicalize(args) => canonicalize::run(&args, json),
    }
}
