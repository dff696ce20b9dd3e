//! `ravelin cert request`.

use super::{
    certificate,
    delivery::{Kind, Made},
    facts::{list, sha256},
    key,
    wanted::{self, Wanted},
};
use crate::{
    args::cert::RequestArgs,
    exit::{Exit, Failure},
};
use serde_json::json;

/// Makes a request.
///
/// # Errors
/// When the key cannot be read, or the request cannot be written.
pub fn run(args: &RequestArgs, json: bool) -> Result<Exit, Failure> {
    let subject = wanted::subject(&args.subject)?;
    let names = wanted::distinct(&args.subject.names);
    wanted::apart(args.key.new_key.as_deref(), args.out.out.as_deref())?;
    let wanted = Wanted::key(&args.key, &args.passphrase.passphrase())?;
    let der = certificate::request(&subject, &names, &wanted.key)
        .map_err(|error| Failure::input(format!("the request cannot be signed: {error}")))?;
    let key = key::facts(&wanted.key).ok_or_else(|| Failure::input("the key cannot be read"))?;
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    Made {
        kind: Kind::Request,
        der: vec![&der],
        out: &args.out,
        new_key: wanted.new_key(),
        text: format!(
            "  subject   {subject}\n  names     {}\n  key       {}\n",
            list(&names),
            key.algorithm
        ),
        facts: json!({
            "request": {
                "subject": subject.to_string(),
                "names": names,
                "public_key": key.json(),
                "sha256": sha256(&der),
            },
        }),
        warnings: Vec::new(),
    }
    .deliver(json)
}
