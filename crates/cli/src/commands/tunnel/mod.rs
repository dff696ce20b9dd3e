//! `ravelin tunnel`.

mod admin;
mod check;
mod demo;
mod import;
mod serve;
mod written;

use crate::{
    args::{TunnelArgs, TunnelCommand},
    exit::{Exit, Failure},
};

/// Does what was asked.
///
/// # Errors
/// When the configuration is at fault, or nobody answered.
pub fn run(args: TunnelArgs, json: bool) -> Result<Exit, Failure> {
    match args.command {
        Some(TunnelCommand::Check(written)) => check::run(&written, json),
        Some(TunnelCommand::Reload(args)) => admin::reload(&args, json),
        Some(TunnelCommand::Status(args)) => admin::status(&args, json),
        Some(TunnelCommand::Import { file }) => import::run(&file, json),
        None if args.demo => demo::run(&args.written, json),
        None => serve::run(args.written),
    }
}
