//! The commands.

pub mod cert;
pub mod connect;
mod generate;
mod judgement;
mod tunnel;
pub mod xml;

use crate::{
    args::{Cli, Command},
    exit::{Exit, Failure},
};

/// Does what was asked.
///
/// # Errors
/// When it could not be done or decided.
pub fn run(cli: Cli) -> Result<Exit, Failure> {
    match cli.command {
        Command::Cert(command) => cert::run(*command, cli.json),
        Command::Connect(args) => connect::run(&args, cli.json),
        Command::Tunnel(args) => tunnel::run(*args, cli.json),
        Command::Xml(command) => xml::run(command, cli.json),
        Command::Generate(command) => generate::run(command),
    }
}
