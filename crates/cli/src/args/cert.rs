//! `ravelin cert` as typed.

pub mod judge;

use crate::commands::cert::{
    dn::DistinguishedName, name::Name, passphrase::Passphrase, purpose::Purpose,
};
use clap::{ArgAction, Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use judge::{ExpiryArgs, InspectArgs, LintArgs, VerifyArgs};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub enum CertCommand {
    /// Judge a certificate: may it be trusted, and why or why not?
    ///
    /// Looks for paths from the certificate to a trust anchor, and tells everything that is found on every path. Nothing
    /// is fetched without --online. Exits with 0 if it is trusted, 1 if not, 2 if an input cannot be read, and 3 if its
    /// revocation must be known and is not.
    #[command(
        override_usage = "ravelin cert verify [OPTIONS] CERT\n       ravelin cert verify --batch FILE",
        after_long_help = "Examples:
  ravelin cert verify --name dns:www.example.com chain.pem
  ravelin cert verify --anchor root.pem --intermediate sub.pem --crl root.crl --revocation always cert.pem
  ravelin cert verify --online --profile webpki --time 2027-01-31T00:00:00Z chain.pem
  ravelin cert verify --batch cases.jsonl > answers.jsonl"
    )]
    Verify(Box<VerifyArgs>),
    /// Show everything that certificates say: of a file, or of a TLS server.
    ///
    /// Nothing is judged. A server is asked for its certificates and sent nothing else; exits with 3 if it does not answer.
    #[command(after_long_help = "Examples:
  ravelin cert inspect chain.pem
  ravelin cert inspect id.p12 --password-file password.txt
  ravelin cert inspect www.example.com:443 --json")]
    Inspect(InspectArgs),
    /// Tell what standards find wrong with certificates by themselves.
    ///
    /// Every finding comes with the rule and the section of the standard that makes it. Exits with 0 if there are no errors,
    /// 1 if there are.
    #[command(after_long_help = "Examples:
  ravelin cert lint cert.pem
  ravelin cert lint --profile interop *.pem
  ravelin cert lint --list")]
    Lint(LintArgs),
    /// Tell which certificates are to be renewed, for scripts: STATE DAYS DATE FILE, a line each.
    ///
    /// STATE is OK, RENEW or EXPIRED. Exits with 0 if all are OK, 1 if not.
    #[command(after_long_help = "Examples:
  ravelin cert expiry --within 21d /etc/ravelin/*.pem
  ravelin cert expiry www.example.com:443 mail.example.com:465")]
    Expiry(ExpiryArgs),
    /// Make a private key (PKCS#8).
    ///
    /// It goes to standard output, or to a file that only its owner may read.
    #[command(after_long_help = "Examples:
  ravelin cert new-key --out key.pem
  ravelin cert new-key --algorithm rsa-3072 --out key.pem
  ravelin cert new-key --algorithm ed25519 --format der --out key.der")]
    NewKey(NewKeyArgs),
    /// Ask an authority for a certificate (PKCS#10).
    ///
    /// The request carries the public key, the subject and the names, and is signed by the private key, which stays with
    /// you. Without --subject, the first name is the common name.
    #[command(after_long_help = "Examples:
  ravelin cert request --new-key key.pem --name dns:www.example.com --name dns:example.com --out request.pem
  ravelin cert request --key key.pem --subject 'CN=www.example.com,O=Example,C=DE' --name dns:www.example.com")]
    Request(RequestArgs),
    /// Make a certificate that its own key signs: for tests, or as the root of a private authority.
    ///
    /// Clients trust it only if they are told to. With --ca it may sign other certificates: see `ravelin cert issue`.
    #[command(after_long_help = "Examples:
  ravelin cert self-sign --new-key key.pem --name dns:localhost --name ip:127.0.0.1 --out cert.pem
  ravelin cert self-sign --ca --new-key root.key --subject 'CN=Example Root,O=Example' --days 3650 --out root.pem")]
    SelfSign(SelfSignArgs),
    /// Sign a certificate as an authority.
    ///
    /// From a request come its public key, its subject and its names, unless --subject or --name say otherwise. Nothing
    /// else in it is granted by itself: the report names what was taken and what was refused.
    #[command(after_long_help = "Examples:
  ravelin cert issue --ca root.pem --ca-key root.key --request request.pem --days 90 --out cert.pem
  ravelin cert issue --ca root.pem --ca-key root.key --key client.key --name email:jane@example.com \\
    --purpose client-auth --out client.pem
  ravelin cert issue --ca root.pem --ca-key root.key --key sub.key --subject 'CN=Example Sub' --is-ca --path-length 0 \\
    --out sub.pem")]
    Issue(IssueArgs),
    /// Pack a certificate and its key into a PKCS#12 file (.p12, .pfx), or unpack one.
    ///
    /// Packed with AES-256 and PBKDF2, as current systems expect; unpacked are also the RC2 and 3DES of old files.
    #[command(after_long_help = "Examples:
  ravelin cert pkcs12 --export --cert chain.pem --key key.pem --out id.p12 --password-file password.txt
  ravelin cert pkcs12 --import id.p12 --password-file password.txt --cert-out chain.pem --key-out key.pem")]
    Pkcs12(Pkcs12Args),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Algorithm {
    /// ECDSA on P-256: small, fast, known to everybody.
    #[default]
    EcdsaP256,
    /// ECDSA on P-384.
    EcdsaP384,
    /// Ed25519: not yet known to browsers.
    Ed25519,
    /// RSA with 2048 bits.
    #[value(name = "rsa-2048")]
    Rsa2048,
    /// RSA with 3072 bits.
    #[value(name = "rsa-3072")]
    Rsa3072,
    /// RSA with 4096 bits.
    #[value(name = "rsa-4096")]
    Rsa4096,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Text.
    #[default]
    Pem,
    /// Binary.
    Der,
}

/// Where what is made goes.
#[derive(Debug, Args)]
pub struct OutArgs {
    /// Write it to this file [default: standard output].
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// How it is written.
    #[arg(long, value_name = "FORMAT", default_value = "pem")]
    pub format: Format,
    /// Replace files that exist already.
    #[arg(long)]
    pub force: bool,
}

/// A key that is read or made.
#[derive(Debug, Args)]
pub struct KeyArgs {
    /// The private key, PEM or DER.
    #[arg(long, value_name = "FILE", required_unless_present = "new_key")]
    pub key: Option<PathBuf>,
    /// Make a new private key and write it to this file.
    #[arg(long, value_name = "FILE", conflicts_with = "key")]
    pub new_key: Option<PathBuf>,
    /// What kind of key is made [default: ecdsa-p256].
    #[arg(long, value_name = "KIND", conflicts_with = "key")]
    pub algorithm: Option<Algorithm>,
}

/// How encrypted keys are opened.
#[derive(Debug, Args)]
pub struct PassphraseArgs {
    /// The first line of this file opens an encrypted key [default: ask, at a terminal].
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// This environment variable opens an encrypted key.
    #[arg(long, value_name = "NAME", conflicts_with = "passphrase_file")]
    passphrase_env: Option<String>,
}

impl PassphraseArgs {
    /// Where the passphrase comes from.
    pub fn passphrase(&self) -> Passphrase {
        Passphrase { file: self.passphrase_file.clone(), variable: self.passphrase_env.clone() }
    }
}

/// Whom a certificate is for.
#[derive(Debug, Args)]
pub struct SubjectArgs {
    /// A name: dns:HOST, ip:ADDRESS, email:MAILBOX or uri:URI. May be repeated.
    #[arg(long = "name", value_name = "NAME")]
    pub names: Vec<Name>,
    /// The distinguished name as in RFC 4514, such as CN=www.example.com,O=Example [default: the first name as CN].
    #[arg(long, value_name = "DN", value_parser = DistinguishedName::parse)]
    pub subject: Option<DistinguishedName>,
}

/// From when to when a certificate is good.
#[derive(Debug, Args)]
#[command(next_help_heading = "Validity")]
pub struct ValidityArgs {
    /// Good for so many days [default: 90; an authority 3650].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=36_525))]
    pub days: Option<u32>,
    /// Good until this moment, such as 2027-01-31T00:00:00Z.
    #[arg(long, value_name = "TIME", conflicts_with = "days")]
    pub not_after: Option<Timestamp>,
    /// Good from this moment on [default: now].
    #[arg(long, value_name = "TIME")]
    pub not_before: Option<Timestamp>,
    /// What is taken for now.
    #[arg(long, value_name = "TIME")]
    pub time: Option<Timestamp>,
}

/// What a certificate allows.
#[derive(Debug, Args)]
#[command(next_help_heading = "Use")]
pub struct UseArgs {
    /// What it may be used for: server-auth, client-auth, code-signing, email, time-stamping, ocsp-signing,
    /// document-signing, any, or an OID. May be repeated [default: server-auth; an authority anything].
    #[arg(long = "purpose", value_name = "PURPOSE")]
    pub purposes: Vec<Purpose>,
    /// How many authorities may follow below this one [default: any number, or what the issuer leaves].
    #[arg(long, value_name = "N")]
    pub path_length: Option<u8>,
    /// The serial number, in hexadecimal [default: random].
    #[arg(long, value_name = "HEX")]
    pub serial: Option<String>,
}

#[derive(Debug, Args)]
pub struct NewKeyArgs {
    /// What kind of key.
    #[arg(long, value_name = "KIND", default_value = "ecdsa-p256")]
    pub algorithm: Algorithm,
    #[command(flatten)]
    pub out: OutArgs,
}

#[derive(Debug, Args)]
pub struct RequestArgs {
    #[command(flatten)]
    pub key: KeyArgs,
    #[command(flatten)]
    pub subject: SubjectArgs,
    #[command(flatten)]
    pub passphrase: PassphraseArgs,
    #[command(flatten)]
    pub out: OutArgs,
}

#[derive(Debug, Args)]
pub struct SelfSignArgs {
    /// It may sign other certificates.
    #[arg(long)]
    pub ca: bool,
    #[command(flatten)]
    pub key: KeyArgs,
    #[command(flatten)]
    pub subject: SubjectArgs,
    #[command(flatten)]
    pub passphrase: PassphraseArgs,
    #[command(flatten)]
    pub out: OutArgs,
    #[command(flatten)]
    pub validity: ValidityArgs,
    #[command(flatten)]
    pub usage: UseArgs,
}

#[derive(Debug, Args)]
pub struct IssueArgs {
    /// The authority's certificate, PEM or DER; the first of the file.
    #[arg(long, value_name = "FILE")]
    pub ca: PathBuf,
    /// The authority's private key, PEM or DER.
    #[arg(long, value_name = "FILE")]
    pub ca_key: PathBuf,
    #[command(flatten)]
    pub source: SourceArgs,
    #[command(flatten)]
    pub subject: SubjectArgs,
    #[command(flatten)]
    pub passphrase: PassphraseArgs,
    #[command(flatten)]
    pub out: OutArgs,
    /// Write the authority's certificates after the new one, but for a root: the chain that servers send.
    #[arg(long)]
    pub chain: bool,
    #[command(flatten)]
    pub validity: ValidityArgs,
    /// It may sign other certificates.
    #[arg(long, help_heading = "Use")]
    pub is_ca: bool,
    #[command(flatten)]
    pub usage: UseArgs,
    /// Where the list of revoked certificates will be. May be repeated.
    #[arg(long, value_name = "URL", help_heading = "Where to ask")]
    pub crl_url: Vec<String>,
    /// Who will answer by OCSP whether it is revoked. May be repeated.
    #[arg(long, value_name = "URL", help_heading = "Where to ask")]
    pub ocsp_url: Vec<String>,
    /// Where the authority's certificate can be fetched. May be repeated.
    #[arg(long, value_name = "URL", help_heading = "Where to ask")]
    pub issuer_url: Vec<String>,
}

/// Whose key is certified.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct SourceArgs {
    /// Certify what this request asks for (PKCS#10), PEM or DER.
    #[arg(long, value_name = "FILE")]
    pub request: Option<PathBuf>,
    /// Certify the public half of this private key, PEM or DER.
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// Certify this public key, PEM or DER.
    #[arg(long, value_name = "FILE")]
    pub public_key: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Pkcs12Args {
    /// Pack --cert and --key into --out.
    #[arg(long, action = ArgAction::SetTrue, requires_all = ["cert", "key", "out"], required_unless_present = "import")]
    pub export: bool,
    /// Unpack this file.
    #[arg(long, value_name = "FILE", conflicts_with = "export")]
    pub import: Option<PathBuf>,
    /// The first line of this file is the PKCS#12 file's password [default: ask, at a terminal].
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// This environment variable is the PKCS#12 file's password.
    #[arg(long, value_name = "NAME", conflicts_with = "password_file")]
    pub password_env: Option<String>,
    /// Replace files that exist already.
    #[arg(long)]
    pub force: bool,

    /// Certificates, the end certificate first, PEM or DER.
    #[arg(long, value_name = "FILE", requires = "export", help_heading = "Packing")]
    pub cert: Option<PathBuf>,
    /// The end certificate's private key, PEM or DER.
    #[arg(long, value_name = "FILE", requires = "export", help_heading = "Packing")]
    pub key: Option<PathBuf>,
    /// The PKCS#12 file to write.
    #[arg(long, value_name = "FILE", requires = "export", help_heading = "Packing")]
    pub out: Option<PathBuf>,
    /// What people see it called [default: the certificate's subject].
    #[arg(long, value_name = "TEXT", requires = "export", help_heading = "Packing")]
    pub name: Option<String>,
    #[command(flatten)]
    pub passphrase: PassphraseArgs,

    /// Write the certificates here, the end certificate first. Without this and --key-out, all goes to standard output.
    #[arg(long, value_name = "FILE", requires = "import", help_heading = "Unpacking")]
    pub cert_out: Option<PathBuf>,
    /// Write the private key here, for its owner only.
    #[arg(long, value_name = "FILE", requires = "import", help_heading = "Unpacking")]
    pub key_out: Option<PathBuf>,
}
