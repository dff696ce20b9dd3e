//! `ravelin cert issue`.

use super::{
    asked::Asked,
    authority::Authority,
    certificate::{Rank, Template},
    delivery::{Kind, Made},
    dn::DistinguishedName,
    facts::{Facts, list},
    input, key,
    name::Name,
    passphrase::Passphrase,
    purpose::Purpose,
    usage::{self, Validity},
    wanted,
};
use crate::{
    args::cert::{Format, IssueArgs},
    exit::{Exit, Failure},
};
use serde_json::json;
use std::{fmt::Write as _, path::Path};

/// Signs a certificate as an authority.
///
/// # Errors
/// When an input is at fault, or the certificate cannot be written.
pub fn run(args: &IssueArgs, json: bool) -> Result<Exit, Failure> {
    if args.chain && args.out.format == Format::Der {
        return Err(Failure::input(
            "a --chain is several certificates, which only --format pem holds",
        ));
    }
    let now = usage::now(&args.validity)?;
    let purposes = usage::purposes(&args.usage, args.is_ca)?;
    let serial = usage::serial(&args.usage)?;
    let (crl, ocsp, issuer_url) =
        (urls(&args.crl_url)?, urls(&args.ocsp_url)?, urls(&args.issuer_url)?);
    let passphrase = args.passphrase.passphrase();
    let authority = Authority::read(&args.ca, &args.ca_key, &passphrase)?;
    let granted = Granted::new(args, &purposes, &passphrase)?;
    let validity = Validity::new(&args.validity, args.is_ca, Some(authority.not_after), now)?;
    let template = Template {
        subject: granted.subject,
        names: granted.names,
        not_before: validity.not_before,
        not_after: validity.not_after,
        rank: if args.is_ca {
            Rank::Authority { path_length: authority.path_length_below(args.usage.path_length)? }
        } else {
            Rank::End
        },
        purposes,
        crl,
        ocsp,
        issuer_url,
        serial,
    };
    let der = template
        .signed_by(&granted.key, &authority.signer())
        .map_err(|error| Failure::input(format!("the certificate cannot be signed: {error}")))?;
    let facts =
        Facts::new(&input::parse_certificate(&der, Path::new("the new certificate"))?, &der);

    let mut warnings = authority.warnings(&validity, now);
    warnings.extend(usage::warnings(&template));
    let mut text = facts.text();
    if args.source.request.is_some() {
        let _ = writeln!(text, "  taken     {}", list(&granted.taken));
        let _ = writeln!(text, "  refused   {}", list(&granted.refused));
    }
    let mut whole = vec![&der[..]];
    if args.chain {
        for certificate in &authority.certificates {
            let parsed = input::parse_certificate(certificate, &args.ca)?;
            // Clients have their roots.
            if parsed.subject().as_raw() != parsed.issuer().as_raw() {
                whole.push(certificate);
            }
        }
    }
    Made {
        kind: Kind::Certificate,
        der: whole,
        out: &args.out,
        new_key: None,
        text,
        facts: json!({
            "certificate": facts.json(),
            "request": args.source.request.as_ref().map(|_| {
                json!({ "taken": granted.taken, "refused": granted.refused })
            }),
        }),
        warnings,
    }
    .deliver(json)
}

/// Whose certificate it becomes.
struct Granted {
    key: rcgen::SubjectPublicKeyInfo,
    subject: DistinguishedName,
    names: Vec<Name>,
    /// What came from the request.
    taken: Vec<String>,
    /// What in the request was passed over.
    refused: Vec<String>,
}

impl Granted {
    fn new(
        args: &IssueArgs,
        purposes: &[Purpose],
        passphrase: &Passphrase,
    ) -> Result<Granted, Failure> {
        if let Some(file) = &args.source.request {
            return Granted::of_request(args, Asked::read(file)?, purposes);
        }
        let key = match (&args.source.key, &args.source.public_key) {
            (Some(file), _) => key::public(&rcgen::PublicKeyData::subject_public_key_info(
                &key::read(file, passphrase)?,
            ))
            .map_err(Failure::input)?,
            (None, Some(file)) => key::read_public(file)?,
            (None, None) => {
                return Err(Failure::input("whose key? give --request, --key or --public-key"));
            }
        };
        let names = wanted::distinct(&args.subject.names);
        let subject = wanted::subject(&args.subject)?;
        Granted { key, subject, names, taken: Vec::new(), refused: Vec::new() }.named(args)
    }

    fn of_request(
        args: &IssueArgs,
        asked: Asked,
        purposes: &[Purpose],
    ) -> Result<Granted, Failure> {
        let mut taken = vec!["the public key".to_owned()];
        let mut refused = Vec::new();
        let own = wanted::distinct(&args.subject.names);
        let names = if own.is_empty() {
            taken.extend(asked.names.iter().map(ToString::to_string));
            refused.extend(asked.unfit.iter().cloned());
            asked.names.clone()
        } else {
            let passed_over = asked.names.iter().filter(|name| !own.contains(name));
            refused.extend(passed_over.map(|name| format!("{name} (--name says otherwise)")));
            refused.extend(asked.unfit.iter().cloned());
            own
        };
        refused.extend(asked.refused(purposes, args.is_ca));
        let subject = if let Some(subject) = &args.subject.subject {
            if *subject != asked.subject && !asked.subject.is_empty() {
                refused.push(format!("the subject {} (--subject says otherwise)", asked.subject));
            }
            subject.clone()
        } else {
            if !asked.subject.is_empty() {
                taken.push(format!("the subject {}", asked.subject));
            }
            asked.subject
        };
        Granted { key: asked.key, subject, names, taken, refused }.named(args)
    }

    /// That the certificate is anybody's.
    fn named(self, args: &IssueArgs) -> Result<Granted, Failure> {
        if self.subject.is_empty() && args.is_ca {
            // RFC 5280, section 4.1.2.6.
            return Err(Failure::input("an authority needs a --subject that is not empty"));
        }
        if self.subject.is_empty() && self.names.is_empty() {
            return Err(Failure::input(match self.refused.first() {
                Some(first) => {
                    format!("the certificate would name nobody; refused was {first}; give --name")
                }
                None => "the certificate would name nobody; give --name or --subject".into(),
            }));
        }
        Ok(self)
    }
}

fn urls(urls: &[String]) -> Result<Vec<String>, Failure> {
    urls.iter()
        .map(|url| match format!("uri:{url}").parse::<Name>() {
            Ok(name) => Ok(name.value()),
            Err(fault) => Err(Failure::input(format!("{url}: {fault}"))),
        })
        .collect()
}
