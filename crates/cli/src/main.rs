//! TLS tunnels that say exactly what they do: one command.

#![forbid(unsafe_code)]

mod args;
mod commands;
mod exit;
mod output;

use args::Cli;
use clap::Parser as _;
use exit::Failure;
use std::process::ExitCode;

fn main() -> ExitCode {
    let outcome = match Cli::try_parse() {
        Ok(cli) => commands::run(cli),
        Err(error) => output::usage(&error),
    };
    match outcome {
        Ok(exit) => exit.into(),
        Err(failure) => {
            if let Some(line) = failure.line() {
                output::complain(&line);
            }
            Failure::exit(&failure).into()
        }
    }
}
