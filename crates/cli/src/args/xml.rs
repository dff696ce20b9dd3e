//! `ravelin xml` as typed.

pub mod sign;

use super::cert::judge::{FetchingArgs, last_of_several};
use crate::commands::{
    cert::moment::moment,
    xml::{choice, references},
};
use clap::{
    ArgMatches, Args, Command, Error, FromArgMatches, Subcommand, ValueEnum, error::ErrorKind,
};
use ravelin_trust::{Profile, Time, revocation::RevocationPolicy};
use ravelin_xmldsig::verify::{Choice, ReferencesValidation};
use sign::SignArgs;
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub enum XmlCommand {
    /// Verify a signature of a document: does it hold, who signed, and is what was signed unchanged?
    ///
    /// Nothing but what is named is read, and nothing is fetched without --online. Exits with 0 if it is valid, 1 if it is
    /// invalid, 2 if the document or an input cannot be read or needs what is not allowed, and 3 if it cannot be told.
    #[command(
        override_usage = "ravelin xml verify [OPTIONS] DOCUMENT\n       ravelin xml verify --batch FILE",
        after_long_help = "Examples:
  ravelin xml verify --trusted root.pem order.xml
  ravelin xml verify --trusted root.pem --added sub.pem --crl root.crl --revocation always order.xml
  ravelin xml verify --references valid-or-unknown-identity self-signed.xml
  ravelin xml verify --key signer.pem --detached photo.jpg=/srv/photos/photo.jpg photo.xml
  ravelin xml verify --hmac-key secret.bin --allow hmac-truncation-80 message.xml
  ravelin xml verify --batch cases.jsonl > answers.jsonl"
    )]
    Verify(Box<VerifyArgs>),
    /// Sign a document, content or files.
    ///
    /// The signature goes into the document, of which all other bytes stay as they are (--enveloped, which is meant if
    /// nothing else is said), around it (--enveloping), or stands alone and refers to files (--detached without DOCUMENT).
    /// What was signed is verified before it is written; a file is written whole or not at all. Exits with 0 if it is
    /// signed, 2 if not.
    #[command(
        override_usage = "ravelin xml sign --key FILE [OPTIONS] DOCUMENT\n       ravelin xml sign --key FILE [OPTIONS] --detached URI=FILE...",
        after_long_help = "Examples:
  ravelin xml sign --key key.pem --cert chain.pem --output signed.xml order.xml
  ravelin xml sign --key key.pem --cert chain.pem --reference body --place first-in:header message.xml
  ravelin xml sign --key key.pem --enveloping --content base64 picture.png
  ravelin xml sign --hmac-key secret --detached readme.txt=docs/readme.txt --output readme.sig
  ravelin xml sign --key key.pem --cert chain.pem --profile air --manifest --detached main.swf=bin/main.swf signatures.xml"
    )]
    Sign(Box<SignArgs>),
    /// Write the canonical form of a document.
    ///
    /// It is written while the document is read, whatever its length. If the document turns out to be broken, the command
    /// exits with 2, and what it has written to standard output is worth nothing; a file is written whole or not at all.
    #[command(after_long_help = "Examples:
  ravelin xml canonicalize order.xml > order.c14n
  ravelin xml canonicalize --exclusive --inclusive-prefixes 'ds #default' --output order.c14n order.xml
  ravelin xml canonicalize --c14n 1.1 --comments - < order.xml | sha256sum")]
    Canonicalize(CanonicalizeArgs),
}

#[derive(Debug, Args)]
pub struct VerifyArgs {
    #[command(flatten)]
    pub inputs: InputArgs,
    /// Verify every line of this file, or of standard input (`-`): a JSON object each, with the same options; one answer per
    /// line comes out, in the same order.
    #[arg(long, value_name = "FILE", conflicts_with_all = [
        "document", "trusted", "added", "crls", "ocsp", "detached", "id_attributes", "allow", "profile", "trust_profile",
        "system_roots", "revocation", "references", "time", "key", "hmac_key", "embedded_key", "signature", "online",
    ])]
    pub batch: Option<PathBuf>,

    /// What a signature may consist of.
    #[arg(long, value_name = "PROFILE", default_value = "extended", help_heading = "Signature")]
    pub profile: SignatureProfile,
    /// Which signature of the document: the last (or the document element if it is one), the first, or the one with this Id
    /// (`#last` is the Id `last`).
    #[arg(long, value_name = "last|first|ID", default_value = "last", value_parser = choice, help_heading = "Signature")]
    pub signature: Choice,
    /// When the references are looked at: valid-identity (only if the signer is trusted), valid-or-unknown-identity (also if
    /// nobody vouches for the signer, as with self-signed certificates) or never.
    #[arg(long, value_name = "WHEN", default_value = "valid-identity", value_parser = references, help_heading = "Signature")]
    pub references: ReferencesValidation,

    /// Verify with this key, of a certificate or a public key, and judge nobody: the identity is unknown then.
    #[arg(long, value_name = "FILE", help_heading = "Signer", conflicts_with_all = ["hmac_key", "embedded_key"])]
    pub key: Option<PathBuf>,
    /// Verify with this secret, which is all of the file, a newline at its end included; the identity is unknown then.
    #[arg(long, value_name = "FILE", help_heading = "Signer", conflicts_with = "embedded_key")]
    pub hmac_key: Option<PathBuf>,
    /// Verify with any key or certificate that the signature carries, whoever's it is; the identity is unknown then.
    #[arg(long, help_heading = "Signer")]
    pub embedded_key: bool,

    /// Trust what the platform trusts.
    #[arg(long, help_heading = "Trust")]
    pub system_roots: bool,
    /// The rules certificates are judged by: rfc5280, webpki, interop or legacy [default: interop; legacy with --profile
    /// air].
    #[arg(long, value_name = "PROFILE", help_heading = "Trust")]
    pub trust_profile: Option<Profile>,
    /// When, as in RFC 3339 [default: now].
    #[arg(long, value_name = "TIME", value_parser = moment, help_heading = "Trust")]
    pub time: Option<Time>,
    /// How much must be known about revocation: never, best-effort, required-if-available or always.
    #[arg(long, value_name = "POLICY", default_value = "best-effort", help_heading = "Revocation")]
    pub revocation: RevocationPolicy,

    /// Fetch issuers, CRLs and OCSP responses that would help to judge the signer. What references refer to is never fetched.
    #[arg(long, help_heading = "Fetching")]
    pub online: bool,
    #[command(flatten)]
    pub fetching: FetchingArgs,
}

/// What a signature may consist of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum SignatureProfile {
    /// The subset of Adobe AIR: RSA with PKCS #1, SHA-256 digests, Canonical XML 1.0, certificates.
    Air,
    /// XML Signature 1.1 without XSLT.
    #[default]
    Extended,
}

/// The document, and what is named beside it.
#[derive(Debug)]
pub struct InputArgs {
    pub document: Option<PathBuf>,
    pub trusted: Vec<PathBuf>,
    pub added: Vec<PathBuf>,
    pub crls: Vec<PathBuf>,
    pub ocsp: Vec<PathBuf>,
    pub detached: Vec<String>,
    pub id_attributes: Vec<String>,
    pub allow: Vec<String>,
}

#[derive(Debug, Args)]
struct Typed {
    /// The document with the signature; `-` is standard input.
    #[arg(value_name = "DOCUMENT")]
    document: Option<PathBuf>,
    /// Trust these certificates. May be repeated; a file may hold many.
    #[arg(long, value_name = "FILE", num_args = 1.., help_heading = "Trust")]
    trusted: Vec<PathBuf>,
    /// Certificates that paths may lead through, besides those of the signature. May be repeated; a file may hold many.
    #[arg(long, value_name = "FILE", num_args = 1.., help_heading = "Trust")]
    added: Vec<PathBuf>,
    /// Certificate revocation lists. May be repeated; a PEM file may hold many.
    #[arg(long = "crl", value_name = "FILE", num_args = 1.., help_heading = "Revocation")]
    crls: Vec<PathBuf>,
    /// OCSP responses. May be repeated.
    #[arg(long, value_name = "FILE", num_args = 1.., help_heading = "Revocation")]
    ocsp: Vec<PathBuf>,
    /// What a reference with this URI refers to (the last `=` separates). Nothing else outside the document is read. May be
    /// repeated.
    #[arg(long, value_name = "URI=FILE", num_args = 1.., help_heading = "Signature")]
    detached: Vec<String>,
    /// Names of attributes that identify elements, without prefix, besides those that the document declares as identifiers
    /// [default: Id, ID, id]. May be repeated.
    #[arg(long = "id-attribute", value_name = "NAME", num_args = 1.., help_heading = "Signature")]
    id_attributes: Vec<String>,
    /// Allow what is refused by default: legacy-sha1, dsa, internal-dtd, hmac-truncation-N, rsa-N or dsa-N (N bits at least).
    /// May be repeated.
    #[arg(long, value_name = "NAME", num_args = 1.., help_heading = "Signature")]
    allow: Vec<String>,
}

/// Options that take one value or several in a row.
const LISTS: [&str; 7] = ["trusted", "added", "crls", "ocsp", "detached", "id_attributes", "allow"];

impl Args for InputArgs {
    fn augment_args(command: Command) -> Command {
        Typed::augment_args(command)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Typed::augment_args_for_update(command)
    }
}

impl FromArgMatches for InputArgs {
    /// In `--trusted ROOT DOCUMENT`, the option takes both words. Where no document is left, the last of the words that
    /// followed an option together is it.
    fn from_arg_matches(matches: &ArgMatches) -> Result<InputArgs, Error> {
        let mut typed = Typed::from_arg_matches(matches)?;
        if typed.document.is_none() && !matches.contains_id("batch") {
            let last = LISTS.into_iter().filter_map(|list| last_of_several(matches, list));
            let Some((_, list, at)) = last.max() else {
                return Err(Error::raw(
                    ErrorKind::MissingRequiredArgument,
                    "which document? give DOCUMENT, or --batch FILE\n",
                ));
            };
            typed.document = Some(match list {
                "trusted" => typed.trusted.remove(at),
                "added" => typed.added.remove(at),
                "crls" => typed.crls.remove(at),
                "ocsp" => typed.ocsp.remove(at),
                "detached" => typed.detached.remove(at).into(),
                "id_attributes" => typed.id_attributes.remove(at).into(),
                _ => typed.allow.remove(at).into(),
            });
        }
        Ok(InputArgs {
            document: typed.document,
            trusted: typed.trusted,
            added: typed.added,
            crls: typed.crls,
            ocsp: typed.ocsp,
            detached: typed.detached,
            id_attributes: typed.id_attributes,
            allow: typed.allow,
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = InputArgs::from_arg_matches(matches)?;
        Ok(())
    }
}

#[derive(Debug, Args)]
pub struct CanonicalizeArgs {
    /// The document; `-` is standard input.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Exclusive XML Canonicalization 1.0.
    #[arg(long, conflicts_with = "c14n")]
    pub exclusive: bool,
    /// Canonical XML 1.0 or 1.1.
    #[arg(long, value_name = "1.0|1.1", default_value = "1.0")]
    pub c14n: Inclusive,
    /// Keep comments.
    #[arg(long)]
    pub comments: bool,
    /// Prefixes that exclusive canonicalization treats as Canonical XML does, separated by blanks or commas; `#default` is
    /// the default namespace.
    #[arg(long, value_name = "LIST", requires = "exclusive")]
    pub inclusive_prefixes: Option<String>,
    /// Write to this file, whole or not at all [default: standard output].
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replace a file that is there.
    #[arg(long, requires = "output")]
    pub force: bool,
    /// Allow what is refused by default: internal-dtd, the declarations inside the document.
    #[arg(long, value_name = "NAME")]
    pub allow: Vec<String>,
}

/// The versions of Canonical XML.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Inclusive {
    /// 1.0.
    #[default]
    #[value(name = "1.0")]
    Version10,
    /// 1.1.
    #[value(name = "1.1")]
    Version11,
}
