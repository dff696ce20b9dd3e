//! The command line as typed.

pub mod cert;
pub mod connect;
pub mod xml;

use cert::CertCommand;
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use connect::ConnectArgs;
use ravelin_tls::{CipherSuite, Group, Version};
use ravelin_trust::revocation::RevocationPolicy;
use ravelin_tunnel::{
    clients::{NamePattern, Pin},
    config::{
        CountOrOff, Period, PeriodOrOff,
        file::{MAX_KEEPALIVE, MAX_USER, Probes, Workers},
    },
    service::Network,
};
use std::{num::NonZeroUsize, path::PathBuf, str::FromStr};
use xml::XmlCommand;

/// TLS tunnels that say exactly what they do.
#[derive(Debug, Parser)]
#[command(name = "ravelin", version, propagate_version = true, arg_required_else_help = false)]
pub struct Cli {
    /// Answer with one JSON object.
    #[arg(long, global = true)]
    pub json: bool,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// TLS in, plain TCP out; with --client the other way round.
    ///
    /// Runs in the foreground, says one line when it is ready and one for each connection that ended, with the reason.
    /// SIGTERM and SIGINT drain (a second one cuts), SIGHUP loads the configuration again.
    #[command(after_help = "Examples:
  ravelin tunnel --demo
  ravelin tunnel --listen '[::]:443' --to 127.0.0.1:8080 --cert chain.pem --key key.pem
  ravelin tunnel --client --listen 127.0.0.1:25 --to mail.example:465
  ravelin tunnel --config /etc/ravelin/ravelin.toml
  ravelin tunnel check --config /etc/ravelin/ravelin.toml")]
    Tunnel(Box<TunnelArgs>),
    /// Keys, requests and certificates: make, sign, pack.
    #[command(subcommand)]
    Cert(Box<CertCommand>),
    /// Connect to a TLS server: see the handshake and whether its certificate may be trusted, and talk through it.
    ///
    /// After the report, on standard error, it is a pipe between standard input and the server, until the server has said
    /// that there is no more; the end of standard input is told to the server. With --check it stops after the report,
    /// which is then on standard output. A server that is not trusted is refused. Exits with 0 if it is trusted, 1 if it is
    /// refused for its certificate (or, as a pipe, data were lost), 2 if there is no TLS connection to be had, and 3 if its
    /// certificate's revocation must be known and is not.
    #[command(after_help = "Examples:
  ravelin connect www.example.com:443 --check
  ravelin connect www.example.com:443 --alpn http/1.1 < request.txt > answer.txt
  ravelin connect mail.example.com:587 --starttls smtp --check --json
  ravelin connect 192.0.2.1:8443 --servername www.example.com --anchor root.pem --cert client.pem --key client.key
  ravelin connect www.example.com:443 --check --online --revocation always --time 2027-01-31T00:00:00Z")]
    Connect(Box<ConnectArgs>),
    /// Signatures of XML documents: verify, sign, canonicalize.
    #[command(subcommand)]
    Xml(XmlCommand),
    /// Print what packagers and editors want.
    #[command(subcommand)]
    Generate(GenerateCommand),
}

#[derive(Debug, Args)]
pub struct TunnelArgs {
    #[command(subcommand)]
    pub command: Option<TunnelCommand>,
    /// Make a certificate and a backend, try the tunnel, and keep serving on 127.0.0.1:8443 unless --listen says otherwise.
    #[arg(long, conflicts_with = "config")]
    pub demo: bool,
    #[command(flatten)]
    pub written: Written,
}

#[derive(Debug, Subcommand)]
pub enum TunnelCommand {
    /// Look at the whole configuration, without serving: what each service does, and what stands in its way.
    Check(Box<Written>),
    /// Make a running tunnel load its configuration again.
    Reload(AdminArgs),
    /// Show what a running tunnel does.
    Status(AdminArgs),
    /// Translate a stunnel.conf; what is not carried over is named with its line.
    Import {
        /// The stunnel.conf.
        file: PathBuf,
    },
}

/// How to reach a running tunnel.
#[derive(Debug, Args)]
pub struct AdminArgs {
    /// Its admin listener: address:port or unix:/path.
    #[arg(long, value_name = "ADDR")]
    pub admin: Option<String>,
    /// Its configuration file, which names the listener.
    #[arg(long, value_name = "FILE", conflicts_with = "admin")]
    pub config: Option<PathBuf>,
}

/// A configuration: a file, or one service by options.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub struct Written {
    /// Read services from this file.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where clients come in: address:port. May be repeated.
    #[arg(long, value_name = "ADDR")]
    pub listen: Vec<String>,
    #[command(flatten)]
    pub service: ServiceArgs,
    #[command(flatten)]
    pub all: AllArgs,
}

/// What holds over all services; stronger than what the file says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Process")]
pub struct AllArgs {
    /// Threads that serve connections [default: one per processor].
    #[arg(long, value_name = "N")]
    pub workers: Option<Workers>,
    /// Most connections at once, or off [default: what the descriptor limit allows].
    #[arg(long, value_name = "N")]
    pub max_connections: Option<CountOrOff>,
    /// Most handshakes in progress at once, beyond which the oldest is dropped [default: 1024].
    #[arg(long, value_name = "N")]
    pub max_handshakes: Option<NonZeroUsize>,
    /// How long connections may go on after SIGTERM [default: 30s].
    #[arg(long, value_name = "TIME")]
    pub drain_timeout: Option<Period>,
    /// Serve metrics, status and reload here: address:port or unix:/path.
    #[arg(long, value_name = "ADDR")]
    pub admin: Option<String>,
    /// How log lines look [default: text].
    #[arg(long, value_name = "FORMAT")]
    pub log_format: Option<LogFormat>,
}

/// One service.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch on the command line")]
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub struct ServiceArgs {
    /// Where the bytes go: host:port, unix:/path or rtmp://host/app.
    #[arg(long, value_name = "ADDR")]
    pub to: Option<String>,
    /// Speak TLS to the backend, and plain to clients; --cert and --key are then what the tunnel proves itself with.
    #[arg(long, conflicts_with_all = ["client_auth", "accept_proxy", "send_proxy"])]
    pub client: bool,
    /// Certificate chain, PEM or DER. Repeated, each with its --key, the server name a client asks for chooses.
    #[arg(long, value_name = "FILE")]
    pub cert: Vec<PathBuf>,
    /// Private key of the certificate, PEM or DER.
    #[arg(long, value_name = "FILE")]
    pub key: Vec<PathBuf>,

    /// Certificates that are trusted to vouch for the backend, PEM or DER. May be repeated [default: the system's].
    #[arg(long, value_name = "FILE", requires = "client", help_heading = "TLS to the backend")]
    pub anchor: Vec<PathBuf>,
    /// The name or address that the backend's certificate must be for [default: the host of --to].
    #[arg(long, value_name = "NAME", requires = "client", help_heading = "TLS to the backend")]
    pub servername: Option<String>,
    /// Key that the backend's certificate must have: the SHA-256 hash of the public key in Base64 or hexadecimal. May be
    /// repeated: one that fits is enough.
    #[arg(long, value_name = "SHA256", requires = "client", help_heading = "TLS to the backend")]
    pub pin: Vec<Pin>,
    /// How much must be known about revocation: never, best-effort, required-if-available or always; only the lists of --crl
    /// and the OCSP response that the backend staples are asked [default: best-effort].
    #[arg(long, value_name = "POLICY", requires = "client", help_heading = "TLS to the backend")]
    pub revocation: Option<RevocationPolicy>,
    /// Certificate revocation lists, PEM or DER. May be repeated.
    #[arg(long, value_name = "FILE", requires = "client", help_heading = "TLS to the backend")]
    pub crl: Vec<PathBuf>,

    /// Whether clients are asked for a certificate [default: none].
    #[arg(long, value_name = "MODE", help_heading = "Client certificates")]
    pub client_auth: Option<ClientAuth>,
    /// Certificates that are trusted to vouch for clients, PEM or DER. May be repeated.
    #[arg(
        long,
        value_name = "FILE",
        requires = "client_auth",
        help_heading = "Client certificates"
    )]
    pub client_anchor: Vec<PathBuf>,
    /// Certificate revocation lists, PEM or DER. May be repeated.
    #[arg(
        long,
        value_name = "FILE",
        requires = "client_auth",
        help_heading = "Client certificates"
    )]
    pub client_crl: Vec<PathBuf>,
    /// How much must be known about a client's revocation: never, best-effort, required-if-available or always; only the
    /// lists of --client-crl are asked [default: best-effort].
    #[arg(
        long,
        value_name = "POLICY",
        requires = "client_auth",
        help_heading = "Client certificates"
    )]
    pub client_revocation: Option<RevocationPolicy>,
    /// Of trusted clients, let in only those with this name: dns:a.example, dns:*.a.example, email:me@a.example,
    /// uri:spiffe://a.example/me or dn:CN=me,O=Example. May be repeated: one rule that fits is enough.
    #[arg(
        long,
        value_name = "NAME",
        requires = "client_auth",
        help_heading = "Client certificates"
    )]
    pub allow_client_name: Vec<NamePattern>,
    /// Of trusted clients, let in only those with this key: the SHA-256 hash of the public key in Base64 or hexadecimal. May
    /// be repeated: one rule that fits is enough.
    #[arg(
        long,
        value_name = "SHA256",
        requires = "client_auth",
        help_heading = "Client certificates"
    )]
    pub allow_client_pin: Vec<Pin>,

    /// Tell the backend the client's address by a PROXY header.
    #[arg(long, value_name = "VERSION", help_heading = "Client address")]
    pub send_proxy: Option<ProxyVersion>,
    /// Expect a PROXY header from a proxy in front.
    #[arg(long, help_heading = "Client address")]
    pub accept_proxy: bool,
    /// Expect it from these ranges of addresses only, such as 10.0.0.0/8. May be repeated.
    #[arg(
        long,
        value_name = "RANGE",
        value_delimiter = ',',
        requires = "accept_proxy",
        help_heading = "Client address"
    )]
    pub accept_proxy_from: Vec<Network>,
    /// How long it may take [default: 3s].
    #[arg(long, value_name = "TIME", requires = "accept_proxy", help_heading = "Client address")]
    pub proxy_timeout: Option<Period>,
    /// Connect to the backend from the client's own address; `check` prints the rules it needs.
    #[arg(long, conflicts_with = "send_proxy", help_heading = "Client address")]
    pub transparent: bool,

    /// Lowest TLS version: 1.2 or 1.3 [default: 1.2].
    #[arg(long, value_name = "VERSION", help_heading = "TLS")]
    pub min_version: Option<Version>,
    /// Highest TLS version: 1.2 or 1.3 [default: 1.3].
    #[arg(long, value_name = "VERSION", help_heading = "TLS")]
    pub max_version: Option<Version>,
    /// Cipher suites, most wanted first, separated by `:` or `,` [default: all that are safe].
    #[arg(long, value_name = "LIST", help_heading = "TLS")]
    pub ciphers: Option<List<CipherSuite>>,
    /// Key exchange groups, most wanted first, separated by `:` or `,` [default: all that are safe].
    #[arg(long, value_name = "LIST", help_heading = "TLS")]
    pub groups: Option<List<Group>>,
    /// Protocol for ALPN. Repeated: the most wanted first.
    #[arg(long, value_name = "PROTOCOL", help_heading = "TLS")]
    pub alpn: Vec<String>,
    /// Hand out no session tickets.
    #[arg(long, help_heading = "TLS")]
    pub no_tickets: bool,
    /// Begin connections with small records, so that the first bytes are usable early.
    #[arg(long, help_heading = "TLS")]
    pub small_first_records: bool,
    /// Append every connection's secrets to this file, so that captures can be decrypted. Whoever reads it reads everything.
    #[arg(long, value_name = "FILE", help_heading = "TLS")]
    pub key_log_file: Option<PathBuf>,
    /// What the backend sees when a client's stream ends without close_notify [default: reset].
    #[arg(long, value_name = "END", help_heading = "TLS")]
    pub on_truncation: Option<OnTruncation>,

    /// From the client's SYN to the end of the handshake [default: 10s].
    #[arg(long, value_name = "TIME", help_heading = "Limits")]
    pub handshake_timeout: Option<Period>,
    /// For the backend to accept [default: 5s].
    #[arg(long, value_name = "TIME", help_heading = "Limits")]
    pub connect_timeout: Option<Period>,
    /// After one direction ended: how long the other may rest [default: 30s].
    #[arg(long, value_name = "TIME", help_heading = "Limits")]
    pub half_close_timeout: Option<Period>,
    /// How long data may stay unacknowledged before a peer counts as vanished [default: 30s].
    #[arg(long, value_name = "TIME", help_heading = "Limits")]
    pub user_timeout: Option<Period<MAX_USER>>,
    /// Silence before the kernel asks a peer whether it is still there [default: 10s].
    #[arg(long, value_name = "TIME", help_heading = "Limits")]
    pub keepalive_after: Option<Period<MAX_KEEPALIVE>>,
    /// Time between these questions [default: 5s].
    #[arg(long, value_name = "TIME", help_heading = "Limits")]
    pub keepalive_every: Option<Period<MAX_KEEPALIVE>>,
    /// Unanswered questions before a peer counts as vanished [default: 4].
    #[arg(long, value_name = "N", help_heading = "Limits")]
    pub keepalive_probes: Option<Probes>,
    /// How long both directions together may rest [default: off].
    #[arg(long, value_name = "TIME", help_heading = "Limits")]
    pub idle_timeout: Option<PeriodOrOff>,
    /// How long the client may send nothing [default: off].
    #[arg(long, value_name = "TIME", help_heading = "Limits")]
    pub idle_client_timeout: Option<PeriodOrOff>,
    /// How long the backend may send nothing [default: off].
    #[arg(long, value_name = "TIME", help_heading = "Limits")]
    pub idle_backend_timeout: Option<PeriodOrOff>,
    /// What counts as a sign of life for the idle limits: bytes, or media messages of RTMP [default: bytes].
    #[arg(long, value_name = "WHAT", help_heading = "Limits")]
    pub idle_by: Option<IdleBy>,
    /// How long a connection may live [default: off].
    #[arg(long, value_name = "TIME", help_heading = "Limits")]
    pub max_lifetime: Option<PeriodOrOff>,
    /// Most connections from one source address at once [default: off].
    #[arg(long, value_name = "N", help_heading = "Limits")]
    pub max_per_source: Option<CountOrOff>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ClientAuth {
    /// They are not.
    None,
    /// They are; one that has none may come in too.
    Optional,
    /// They are, and need one.
    Required,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ProxyVersion {
    /// A line of text.
    V1,
    /// A binary header.
    V2,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OnTruncation {
    /// A reset, once everything received has been delivered.
    Reset,
    /// An ordinary end.
    Fin,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum IdleBy {
    /// Any byte.
    Bytes,
    /// Audio, video or data messages: pings and acknowledgements do not count.
    Rtmp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// `key=value` words.
    Text,
    /// One JSON object per line.
    Json,
}

#[derive(Debug, Subcommand)]
pub enum GenerateCommand {
    /// A manual page, as roff.
    Man {
        /// The command it is about, such as `tunnel check` [default: ravelin itself].
        command: Vec<String>,
    },
    /// Completions for a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// The JSON schema of configuration files.
    Schema,
}

/// Names separated by `:` or `,`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List<T>(pub Vec<T>);

impl<T: FromStr> FromStr for List<T> {
    type Err = T::Err;

    fn from_str(text: &str) -> Result<List<T>, T::Err> {
        text.split([':', ',']).map(|name| name.trim().parse()).collect::<Result<_, _>>().map(List)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_definition_holds_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn lists_are_split_at_colons_and_commas() {
        let list: List<Group> = "X25519MLKEM768:x25519, P-256".parse().unwrap();
        assert_eq!(list.0, [Group::X25519MLKEM768, Group::X25519, Group::SECP256R1]);
        assert!("x25519:".parse::<List<Group>>().is_err());
    }
}
