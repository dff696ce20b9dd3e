//! `ravelin connect` as typed.

use super::{
    List,
    cert::{PassphraseArgs, judge::FetchingArgs},
};
use crate::commands::{
    cert::{moment::moment, peer::Server},
    connect::starttls::Protocol,
};
use clap::{Args, ValueEnum};
use ravelin_tls::{CipherSuite, Group, Version};
use ravelin_trust::{Profile, Time, revocation::RevocationPolicy};
use ravelin_tunnel::config::Period;
use std::{path::PathBuf, str::FromStr};

#[expect(clippy::struct_excessive_bools, reason = "each is a switch on the command line")]
#[derive(Debug, Args)]
pub struct ConnectArgs {
    /// The server: a name, an IPv4 address or an IPv6 address in brackets, and a port.
    #[arg(value_name = "HOST:PORT", required_unless_present = "crls")]
    server: Option<Server>,
    /// The name that is asked for and that the certificate must be for [default: the host].
    #[arg(long, value_name = "NAME")]
    pub servername: Option<String>,
    /// Stop after the report, which is then the output.
    #[arg(long)]
    pub check: bool,
    /// Have the server begin TLS in the way of this protocol.
    #[arg(long, value_name = "PROTOCOL")]
    pub starttls: Option<Protocol>,
    /// How long looking up the host, connecting and the handshake may take together.
    #[arg(long, value_name = "TIME", default_value = "15s")]
    pub timeout: Period,

    /// Trust these certificates. May be repeated; a file may hold many.
    #[arg(long = "anchor", value_name = "FILE", help_heading = "Trust")]
    pub anchors: Vec<PathBuf>,
    /// Trust what the platform trusts [default, unless --anchor is given].
    #[arg(long, help_heading = "Trust", conflicts_with = "bundled_roots")]
    pub system_roots: bool,
    /// Trust Mozilla's list for TLS servers, as it was when this program was built.
    #[arg(long, help_heading = "Trust")]
    pub bundled_roots: bool,
    /// Certificates that paths may lead through, besides those the server sends. May be repeated; a file may hold many.
    #[arg(long = "intermediate", value_name = "FILE", help_heading = "Trust")]
    pub intermediates: Vec<PathBuf>,
    /// Talk to the server whatever its certificate. Whoever is in between then reads and changes everything.
    #[arg(long, help_heading = "Trust")]
    pub dangerous_accept_untrusted: bool,

    /// The rules: rfc5280, webpki, interop or legacy.
    #[arg(long, value_name = "PROFILE", default_value = "interop", help_heading = "Rules")]
    pub profile: Profile,
    /// When, as in RFC 3339 [default: now].
    #[arg(long, value_name = "TIME", value_parser = moment, help_heading = "Rules")]
    pub time: Option<Time>,

    /// How much must be known about revocation: never, best-effort, required-if-available or always.
    #[arg(long, value_name = "POLICY", default_value = "best-effort", help_heading = "Revocation")]
    pub revocation: RevocationPolicy,
    /// Certificate revocation lists. May be repeated; a PEM file may hold many.
    #[arg(long = "crl", value_name = "FILE", num_args = 1.., help_heading = "Revocation")]
    crls: Vec<PathBuf>,
    /// OCSP responses, besides the one the server staples. May be repeated.
    #[arg(long, value_name = "FILE", help_heading = "Revocation")]
    pub ocsp: Vec<PathBuf>,

    /// Fetch issuers, CRLs and OCSP responses that would help.
    #[arg(long, help_heading = "Fetching")]
    pub online: bool,
    #[command(flatten)]
    pub fetching: FetchingArgs,

    /// Certificate chain to prove ourselves with if the server asks, PEM or DER.
    #[arg(long, value_name = "FILE", requires = "key", help_heading = "TLS")]
    pub cert: Option<PathBuf>,
    /// Its private key, PEM or DER.
    #[arg(long, value_name = "FILE", requires = "cert", help_heading = "TLS")]
    pub key: Option<PathBuf>,
    #[command(flatten)]
    pub passphrase: PassphraseArgs,
    /// Protocol for ALPN. Repeated: the most wanted first.
    #[arg(long, value_name = "PROTOCOL", value_parser = protocol, help_heading = "TLS")]
    pub alpn: Vec<String>,
    /// Lowest TLS version: 1.2 or 1.3 [default: 1.2].
    #[arg(long, value_name = "VERSION", value_parser = version, help_heading = "TLS")]
    pub min_version: Option<Version>,
    /// Highest TLS version: 1.2 or 1.3 [default: 1.3].
    #[arg(long, value_name = "VERSION", value_parser = version, help_heading = "TLS")]
    pub max_version: Option<Version>,
    /// Cipher suites, most wanted first, separated by `:` or `,` [default: all that are safe].
    #[arg(long, value_name = "LIST", help_heading = "TLS")]
    pub ciphers: Option<List<CipherSuite>>,
    /// Key exchange groups, most wanted first, separated by `:` or `,` [default: all that are safe].
    #[arg(long, value_name = "LIST", help_heading = "TLS")]
    pub groups: Option<List<Group>>,
    /// Who speaks TLS: this build has rustls.
    #[arg(long, value_name = "ENGINE", default_value = "rustls", help_heading = "TLS")]
    pub engine: Engine,
}

impl ConnectArgs {
    /// The server and the CRLs. In `--crl FILE HOST:PORT`, the option takes both words: the last is the server.
    ///
    /// # Errors
    /// When there is no server.
    pub fn server_and_crls(&self) -> Result<(Server, &[PathBuf]), String> {
        if let Some(server) = &self.server {
            return Ok((server.clone(), &self.crls));
        }
        let last = self.crls.split_last().filter(|(_, crls)| !crls.is_empty());
        let (word, crls) = last.ok_or("which server? give HOST:PORT")?;
        Ok((word.to_string_lossy().parse()?, crls))
    }
}

/// Who speaks TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Engine {
    /// TLS 1.2 and 1.3.
    Rustls,
    /// Old versions too.
    #[value(hide = true)]
    Openssl,
}

/// A version this build speaks.
fn version(text: &str) -> Result<Version, String> {
    if matches!(text, "1.0" | "1.1") {
        return Err(format!(
            "TLS {text} needs the openssl engine, which this build does not have; rustls speaks 1.2 and 1.3"
        ));
    }
    Version::from_str(text).map_err(|error| error.to_string())
}

/// A name that fits into ALPN (RFC 7301, section 3.1).
fn protocol(text: &str) -> Result<String, String> {
    match text.len() {
        1..=255 => Ok(text.to_owned()),
        _ => Err("a protocol's name has 1 to 255 bytes".into()),
    }
}
