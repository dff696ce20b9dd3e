//! `ravelin generate`: manual pages, completions, the schema of configuration files.

use crate::{
    args::{Cli, GenerateCommand},
    exit::{Exit, Failure},
    output::print,
};
use clap::CommandFactory as _;
use ravelin_tunnel::config::File;

/// Prints what was asked for.
///
/// # Errors
/// When there is no such command, or the output cannot be written.
pub fn run(command: GenerateCommand) -> Result<Exit, Failure> {
    let mut out = Vec::new();
    match command {
        GenerateCommand::Man { command } => {
            clap_mangen::Man::new(find(&command)?).render(&mut out)?;
        }
        GenerateCommand::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "ravelin", &mut out);
        }
        GenerateCommand::Schema => out = File::schema().into_bytes(),
    }
    print(&String::from_utf8_lossy(&out))?;
    Ok(Exit::Yes)
}

fn find(path: &[String]) -> Result<clap::Command, Failure> {
    let mut command = Cli::command();
    command.build();
    for name in path {
        command = command.find_subcommand(name).cloned().ok_or_else(|| {
            Failure::input(format!("there is no command `ravelin {}`", path.join(" ")))
        })?;
    }
    Ok(command)
}
