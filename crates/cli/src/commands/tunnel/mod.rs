//! `ravelin tunnel`.

mod admin;
mod check;
mod demo;
mod import;
mod serve;
mod written;

use crate::{
    args::{ServiceArgs, TunnelArgs, TunnelCommand, Written},
    exit::{Exit, Failure},
};

/// Does what was asked.
///
/// # Errors
/// When the configuration is at fault, or nobody answered.
pub fn run(args: TunnelArgs, json: bool) -> Result<Exit, Failure> {
    if args.command.is_some() && (args.demo || args.written != Written::default()) {
        return Err(Failure::input("options of a command come after its name"));
    }
    if args.demo && args.written.service != ServiceArgs::default() {
        return Err(Failure::input(
            "--demo makes its own service; of its options only --listen may be chosen",
        ));
    }
    match args.command {
        Some(TunnelCommand::Check(written)) => check::run(&written, json),
        Some(TunnelCommand::Reload(args)) => admin::reload(&args, json),
        Some(TunnelCommand::Status(args)) => admin::status(&args, json),
        Some(TunnelCommand::Import { file }) => import::run(&file, json),
        None if args.demo => demo::run(&args.written, json),
        None => serve::run(args.written),
    }
}
