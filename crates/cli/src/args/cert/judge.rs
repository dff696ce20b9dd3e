//! What is typed to judge and to look at certificates.

use crate::commands::cert::{moment::moment, period::Days};
use clap::{ArgMatches, Args, Command, Error, FromArgMatches, error::ErrorKind};
use ravelin_trust::{Level, Name, Profile, Purpose, Rule, Time, revocation::RevocationPolicy};
use std::path::PathBuf;

/// Options of `verify` that take one value or several in a row.
const LISTS: [&str; 6] = ["anchors", "intermediates", "crls", "ocsp", "distrust", "policies"];

#[expect(clippy::struct_excessive_bools, reason = "each is a switch on the command line")]
#[derive(Debug, Args)]
pub struct VerifyArgs {
    #[command(flatten)]
    pub evidence: EvidenceArgs,
    /// Judge every line of this file, or of standard input (`-`): a JSON object each, with the same options; one answer per
    /// line comes out, in the same order.
    #[arg(long, value_name = "FILE", conflicts_with_all = [
        "certificate", "anchors", "intermediates", "crls", "ocsp", "distrust", "policies", "staple", "system_roots",
        "bundled_roots", "profile", "rules", "purpose", "names", "time", "revocation", "no_crl", "no_ocsp", "max_depth",
        "explicit_policy", "inhibit_policy_mapping", "inhibit_any_policy", "online",
    ])]
    pub batch: Option<PathBuf>,

    /// Trust what the platform trusts [default, unless --anchor is given].
    #[arg(long, help_heading = "Trust", conflicts_with = "bundled_roots")]
    pub system_roots: bool,
    /// Trust Mozilla's list for TLS servers, as it was when this program was built.
    #[arg(long, help_heading = "Trust")]
    pub bundled_roots: bool,

    /// The rules: rfc5280, webpki, interop or legacy.
    #[arg(long, value_name = "PROFILE", default_value = "interop", help_heading = "Rules")]
    pub profile: Profile,
    /// Switch one rule: NAME=off, NAME=warning or NAME=error; `ravelin cert lint --list` names them. May be repeated.
    #[arg(long = "rule", value_name = "RULE", value_parser = rule, help_heading = "Rules")]
    pub rules: Vec<(Rule, Level)>,
    /// What the certificate is to be used for: server-auth, client-auth, code-signing, email, time-stamping,
    /// ocsp-signing, document-signing, any, or an OID.
    #[arg(long, value_name = "PURPOSE", default_value = "server-auth", help_heading = "Rules")]
    pub purpose: Purpose,
    /// A name the certificate must be for: dns:NAME, ip:ADDR, email:ADDR or uri:URI. Repeated: all of them.
    #[arg(long = "name", value_name = "NAME", value_parser = Name::parse, help_heading = "Rules")]
    pub names: Vec<Name>,
    /// When, as in RFC 3339 [default: now].
    #[arg(long, value_name = "TIME", value_parser = moment, help_heading = "Rules")]
    pub time: Option<Time>,
    /// The most intermediates that may stand between the certificate and the anchor.
    #[arg(long, value_name = "N", help_heading = "Rules")]
    pub max_depth: Option<usize>,
    /// A policy must be valid for the whole path.
    #[arg(long, help_heading = "Rules")]
    pub explicit_policy: bool,
    /// CAs may not map one policy to another.
    #[arg(long, help_heading = "Rules")]
    pub inhibit_policy_mapping: bool,
    /// The wild card among policies counts for nothing.
    #[arg(long, help_heading = "Rules")]
    pub inhibit_any_policy: bool,

    /// How much must be known about revocation: never, best-effort, required-if-available or always.
    #[arg(long, value_name = "POLICY", default_value = "best-effort", help_heading = "Revocation")]
    pub revocation: RevocationPolicy,
    /// The OCSP response that the server stapled; one that the certificate promises must then be there.
    #[arg(long, value_name = "FILE", help_heading = "Revocation")]
    pub staple: Option<PathBuf>,
    /// Look into no CRL.
    #[arg(long, help_heading = "Revocation")]
    pub no_crl: bool,
    /// Look into no OCSP response.
    #[arg(long, help_heading = "Revocation")]
    pub no_ocsp: bool,

    /// Fetch issuers, CRLs and OCSP responses that would help.
    #[arg(long, help_heading = "Fetching")]
    pub online: bool,
    #[command(flatten)]
    pub fetching: FetchingArgs,
}

/// How things are fetched.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Fetching")]
pub struct FetchingArgs {
    /// Keep what was fetched in this folder [default: ravelin in the user's cache folder].
    #[arg(long, value_name = "DIR")]
    pub cache: Option<PathBuf>,
    /// Keep nothing on disk.
    #[arg(long, conflicts_with = "cache")]
    pub no_cache: bool,
    /// Ask servers with loopback, private and link-local addresses too. Whoever made the certificate chose them.
    #[arg(long)]
    pub allow_private: bool,
}

/// The certificate, and what it is judged with.
#[derive(Debug)]
pub struct EvidenceArgs {
    pub certificate: Option<PathBuf>,
    pub anchors: Vec<PathBuf>,
    pub intermediates: Vec<PathBuf>,
    pub crls: Vec<PathBuf>,
    pub ocsp: Vec<PathBuf>,
    pub distrust: Vec<PathBuf>,
    pub policies: Vec<String>,
}

#[derive(Debug, Args)]
struct Typed {
    /// The certificate, PEM or DER. Of several in the file, the first is judged, the others are intermediates.
    #[arg(value_name = "CERT")]
    certificate: Option<PathBuf>,
    /// Trust these certificates. May be repeated; a file may hold many.
    #[arg(long = "anchor", value_name = "FILE", num_args = 1.., help_heading = "Trust")]
    anchors: Vec<PathBuf>,
    /// Certificates that paths may lead through. May be repeated; a file may hold many.
    #[arg(long = "intermediate", value_name = "FILE", num_args = 1.., help_heading = "Trust")]
    intermediates: Vec<PathBuf>,
    /// Certificates, or public keys, that are never trusted. May be repeated; a file may hold many.
    #[arg(long, value_name = "FILE", num_args = 1.., help_heading = "Trust")]
    distrust: Vec<PathBuf>,
    /// Certificate revocation lists. May be repeated; a PEM file may hold many.
    #[arg(long = "crl", value_name = "FILE", num_args = 1.., help_heading = "Revocation")]
    crls: Vec<PathBuf>,
    /// OCSP responses. May be repeated.
    #[arg(long, value_name = "FILE", num_args = 1.., help_heading = "Revocation")]
    ocsp: Vec<PathBuf>,
    /// Policies that are acceptable [default: all]. May be repeated.
    #[arg(long = "policy", value_name = "OID", num_args = 1.., help_heading = "Rules")]
    policies: Vec<String>,
}

impl Args for EvidenceArgs {
    fn augment_args(command: Command) -> Command {
        Typed::augment_args(command)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Typed::augment_args_for_update(command)
    }
}

impl FromArgMatches for EvidenceArgs {
    /// In `--anchor ROOT CERT`, the option takes both words. Where no certificate is left, the last of the words that
    /// followed an option together is it.
    fn from_arg_matches(matches: &ArgMatches) -> Result<EvidenceArgs, Error> {
        let mut typed = Typed::from_arg_matches(matches)?;
        let is_batch = matches.contains_id("batch");
        if typed.certificate.is_none() && !is_batch {
            let last = LISTS.into_iter().filter_map(|list| last_of_several(matches, list));
            let Some((_, list, at)) = last.max() else {
                return Err(Error::raw(
                    ErrorKind::MissingRequiredArgument,
                    "which certificate? give CERT, or --batch FILE\n",
                ));
            };
            typed.certificate = Some(match list {
                "anchors" => typed.anchors.remove(at),
                "intermediates" => typed.intermediates.remove(at),
                "crls" => typed.crls.remove(at),
                "ocsp" => typed.ocsp.remove(at),
                "distrust" => typed.distrust.remove(at),
                _ => typed.policies.remove(at).into(),
            });
        }
        Ok(EvidenceArgs {
            certificate: typed.certificate,
            anchors: typed.anchors,
            intermediates: typed.intermediates,
            crls: typed.crls,
            ocsp: typed.ocsp,
            distrust: typed.distrust,
            policies: typed.policies,
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = EvidenceArgs::from_arg_matches(matches)?;
        Ok(())
    }
}

/// The last value of the last time that an option got several: its place on the command line, the option, and which of
/// the option's values it is.
pub(in crate::args) fn last_of_several(
    matches: &ArgMatches,
    list: &'static str,
) -> Option<(usize, &'static str, usize)> {
    let indices: Vec<usize> = matches.indices_of(list)?.collect();
    let mut end = 0;
    let mut last = None;
    for values in matches.get_raw_occurrences(list)? {
        let count = values.count();
        end += count;
        if count > 1 {
            last = Some((*indices.get(end - 1)?, list, end - 1));
        }
    }
    last
}

#[derive(Debug, Args)]
pub struct InspectArgs {
    /// A file of certificates, requests, CRLs, OCSP responses or a PKCS#12 file; or HOST:PORT of a TLS server, whose
    /// certificates are shown and not judged.
    #[arg(value_name = "FILE|HOST:PORT")]
    pub what: String,
    /// The first line of this file is the PKCS#12 file's password [default: ask, at a terminal].
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// This environment variable is the PKCS#12 file's password.
    #[arg(long, value_name = "NAME", conflicts_with = "password_file")]
    pub password_env: Option<String>,
    #[command(flatten)]
    pub server: ServerArgs,
}

/// How a server is asked for its certificates.
#[derive(Debug, Args)]
#[command(next_help_heading = "Server")]
pub struct ServerArgs {
    /// The server name to ask for [default: the host].
    #[arg(long, value_name = "NAME")]
    pub servername: Option<String>,
}

#[derive(Debug, Args)]
pub struct LintArgs {
    /// Files of certificates, PEM or DER; every certificate in them is looked at.
    #[arg(value_name = "FILE", required_unless_present = "list")]
    pub files: Vec<PathBuf>,
    /// Look by the rules of this profile alone [default: those of rfc5280 and webpki].
    #[arg(long, value_name = "PROFILE")]
    pub profile: Option<Profile>,
    /// List every rule: where it stands, what it demands, and what each profile makes of it.
    #[arg(long, conflicts_with_all = ["files", "profile"])]
    pub list: bool,
}

#[derive(Debug, Args)]
pub struct ExpiryArgs {
    /// Files of certificates, PEM or DER, or HOST:PORT of TLS servers.
    #[arg(value_name = "FILE|HOST:PORT", required = true)]
    pub what: Vec<String>,
    /// How long before its end a certificate is to be renewed: 30d, 12h or 4w.
    #[arg(long, value_name = "TIME", default_value = "30d")]
    pub within: Days,
    /// When, as in RFC 3339 [default: now].
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub time: Option<Time>,
    #[command(flatten)]
    pub server: ServerArgs,
}

/// Reads NAME=LEVEL.
///
/// # Errors
/// When there is no such rule or level, or the rule is one without which nothing is decided.
pub fn rule(text: &str) -> Result<(Rule, Level), String> {
    let Some((name, level)) = text.split_once('=') else {
        return Err("write NAME=off, NAME=warning or NAME=error".into());
    };
    let rule: Rule = name
        .parse()
        .map_err(|error| format!("{error}; `ravelin cert lint --list` names all there are"))?;
    let level = match level {
        "off" => Level::Off,
        "warning" => Level::Warning,
        "error" => Level::Error,
        other => {
            return Err(format!("`{other}` is no level: there are off, warning and error"));
        }
    };
    let decides = matches!(
        rule,
        Rule::IssuerNotFound
            | Rule::SelfSignedLeaf
            | Rule::SelfSignedInChain
            | Rule::BadSignature
            | Rule::UnsupportedSignature
            | Rule::Budget
    );
    if decides && level != Level::Error {
        return Err(format!("without the rule `{rule}` nothing would be decided: it stays on"));
    }
    Ok((rule, level))
}
