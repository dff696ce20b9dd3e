//! `ravelin cert`: what people otherwise do with `openssl verify`, `x509`, `genpkey`, `req`, `ca` and `pkcs12`.

mod asked;
mod authority;
mod certificate;
mod delivery;
pub mod dn;
mod expiry;
pub mod facts;
pub mod file;
pub mod input;
mod inspect;
mod issue;
mod key;
mod lint;
pub mod moment;
pub mod name;
mod new_key;
pub mod paint;
pub mod passphrase;
pub mod peer;
mod pem;
pub mod period;
mod pkcs12;
pub mod purpose;
mod request;
mod self_sign;
mod usage;
mod verify;
mod wanted;

use crate::{
    args::cert::CertCommand,
    exit::{Exit, Failure},
};

/// Does what was asked.
///
/// # Errors
/// When an input is at fault, or what was made cannot be written.
pub fn run(command: CertCommand, json: bool) -> Result<Exit, Failure> {
    match command {
        CertCommand::Verify(args) => verify::run(&args, json),
        CertCommand::Inspect(args) => inspect::run(&args, json),
        CertCommand::Lint(args) => lint::run(&args, json),
        CertCommand::Expiry(args) => expiry::run(&args, json),
        CertCommand::NewKey(args) => new_key::run(&args, json),
        CertCommand::Request(args) => request::run(&args, json),
        CertCommand::SelfSign(args) => self_sign::run(&args, json),
        CertCommand::Issue(args) => issue::run(&args, json),
        CertCommand::Pkcs12(args) => pkcs12::run(&args, json),
    }
}
