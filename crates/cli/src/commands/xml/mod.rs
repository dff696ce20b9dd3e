//! `ravelin xml`: what people otherwise do with `xmlsec1`.

mod sign;

use crate::{
    args::xml::XmlCommand,
    exit::{Exit, Failure},
};

/// Does what was asked.
///
/// # Errors
/// When an input is at fault, or what was made cannot be written.
pub fn run(command: &XmlCommand, json: bool) -> Result<Exit, Failure> {
    match command {
        XmlCommand::Sign(args) => sign::run(args, json),
    }
}
