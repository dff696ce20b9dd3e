//! `ravelin cert self-sign`.

use super::{
    certificate::{Rank, Template},
    delivery::{Kind, Made},
    facts::Facts,
    input,
    usage::{self, Validity},
    wanted::{self, Wanted},
};
use crate::{
    args::cert::SelfSignArgs,
    exit::{Exit, Failure},
};
use serde_json::json;
use std::path::Path;

/// Makes a certificate that its own key signs.
///
/// # Errors
/// When the key cannot be read, or the certificate cannot be written.
pub fn run(args: &SelfSignArgs, json: bool) -> Result<Exit, Failure> {
    let subject = wanted::subject(&args.subject)?;
    if subject.is_empty() {
        // RFC 5280, section 4.1.2.4.
        return Err(Failure::input(
            "a certificate that signs itself needs a --subject that is not empty",
        ));
    }
    wanted::apart(args.key.new_key.as_deref(), args.out.out.as_deref())?;
    let validity = Validity::new(&args.validity, args.ca, None, usage::now(&args.validity)?)?;
    let template = Template {
        subject,
        names: wanted::distinct(&args.subject.names),
        not_before: validity.not_before,
        not_after: validity.not_after,
        rank: if args.ca {
            Rank::Authority { path_length: args.usage.path_length }
        } else {
            Rank::End
        },
        purposes: usage::purposes(&args.usage, args.ca)?,
        crl: Vec::new(),
        ocsp: Vec::new(),
        issuer_url: Vec::new(),
        serial: usage::serial(&args.usage)?,
    };
    let wanted = Wanted::key(&args.key, &args.passphrase.passphrase())?;
    let der = template
        .self_signed(&wanted.key)
        .map_err(|error| Failure::input(format!("the certificate cannot be signed: {error}")))?;
    let facts =
        Facts::new(&input::parse_certificate(&der, Path::new("the new certificate"))?, &der);
    Made {
        kind: Kind::Certificate,
        der: vec![&der],
        out: &args.out,
        new_key: wanted.new_key(),
        text: facts.text(),
        facts: json!({ "certificate": facts.json(), "request": null }),
        warnings: usage::warnings(&template),
    }
    .deliver(json)
}
