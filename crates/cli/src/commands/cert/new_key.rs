//! `ravelin cert new-key`.

use super::{
    delivery::{Kind, Made},
    key,
};
use crate::{
    args::cert::NewKeyArgs,
    exit::{Exit, Failure},
};
use serde_json::json;

/// Makes a private key.
///
/// # Errors
/// When it cannot be written.
pub fn run(args: &NewKeyArgs, json: bool) -> Result<Exit, Failure> {
    let key = key::generate(args.algorithm)?;
    let facts = key::facts(&key).ok_or_else(|| Failure::input("the new key cannot be read"))?;
    Made {
        kind: Kind::Key,
        der: vec![&key::pkcs8(&key)?],
        out: &args.out,
        new_key: None,
        text: format!("  key       {}\n  sha256    {}\n", facts.algorithm, facts.sha256),
        facts: json!({ "public_key": facts.json() }),
        warnings: Vec::new(),
    }
    .deliver(json)
}
