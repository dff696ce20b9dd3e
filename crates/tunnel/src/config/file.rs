//! `ravelin.toml` as written.

use super::{
    diagnostic::{Diagnostic, Source},
    value::{AcceptProxy, CountOrOff, Parsed, Period, PeriodOrOff},
};
use crate::{
    clients::{ClientAuthMode, NamePattern, Pin},
    service::{IdleBy, LogFormat, OnTruncation},
};
use ravelin_tls::{CipherSuite, Group, Version};
use ravelin_trust::revocation::RevocationPolicy;
use schemars::JsonSchema;
use serde::Deserialize;
use std::{collections::BTreeMap, num::NonZeroUsize, path::PathBuf};

/// A value with its place in the file.
pub type Where<T> = toml::Spanned<T>;

/// The longest user timeout, in seconds: the kernel counts milliseconds in 31 bits.
pub const MAX_USER: u64 = 24 * 24 * 60 * 60;

/// The longest keepalive times, in seconds: the kernel's `MAX_TCP_KEEPIDLE` and `MAX_TCP_KEEPINTVL`.
pub const MAX_KEEPALIVE: u64 = 32_767;

/// The kernel's limit (`MAX_TCP_KEEPCNT`).
const MAX_PROBES: u32 = 127;

/// A whole configuration file.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(title = "ravelin.toml")]
pub struct File {
    /// What holds over all services.
    #[serde(default)]
    pub tunnel: Tunnel,
    /// Where metrics and status are served.
    pub admin: Option<Admin>,
    /// How log lines look.
    #[serde(default)]
    pub log: Log,
    /// What services take over unless they say otherwise.
    #[serde(default)]
    pub defaults: Options,
    /// The services by name.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Service>")]
    pub service: BTreeMap<Where<String>, Service>,
}

/// What holds over all services.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Tunnel {
    /// Threads that serve connections (default: one per processor).
    #[schemars(range(min = 1, max = 1024))]
    pub workers: Option<Workers>,
    /// Most connections at once (default: what the descriptor limit allows).
    pub max_connections: Option<CountOrOff>,
    /// Most handshakes in progress at once, beyond which the oldest unfinished one is dropped (default 1024).
    pub max_handshakes: Option<NonZeroUsize>,
    /// How long connections may go on after the tunnel was told to stop (default 30s).
    pub drain_timeout: Option<Period>,
}

/// A number of threads: 1 to 1024.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "usize")]
#[schemars(with = "u16", inline)]
pub struct Workers(usize);

impl Workers {
    /// How many.
    pub fn count(self) -> usize {
        self.0
    }
}

impl TryFrom<usize> for Workers {
    type Error = String;

    fn try_from(count: usize) -> Result<Workers, String> {
        match count {
            1..=1024 => Ok(Workers(count)),
            _ => Err(format!("{count} workers; write a number from 1 to 1024")),
        }
    }
}

impl std::str::FromStr for Workers {
    type Err = String;

    fn from_str(text: &str) -> Result<Workers, String> {
        let count =
            text.parse::<usize>().map_err(|_| format!("`{text}` is no number from 1 to 1024"))?;
        Workers::try_from(count)
    }
}

/// Where metrics and status are served.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Admin {
    /// `unix:/path` or `address:port`. Who may connect may read and reload: keep it to this machine.
    #[schemars(with = "String")]
    pub listen: Where<String>,
}

/// How log lines look.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Log {
    /// `text` (default) or `json`.
    pub format: Option<LogFormat>,
}

/// A certificate chain and its key, as PEM or DER.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Identity {
    /// File with the certificate, followed by the intermediates that lead to its anchor. Relative paths start at the
    /// folder of this file.
    #[schemars(with = "PathBuf")]
    pub cert: Where<PathBuf>,
    /// File with the private key.
    #[schemars(with = "PathBuf")]
    pub key: Where<PathBuf>,
    /// Server names to serve it for (default: the certificate's own), such as `a.example` or `*.a.example`.
    #[schemars(with = "Option<Vec<String>>")]
    pub names: Option<Vec<Where<String>>>,
    /// Serve it to clients that ask for no name, or for an unknown one (default: the first identity).
    #[serde(default)]
    #[schemars(with = "bool")]
    pub default: Option<Where<bool>>,
}

/// Whether clients are asked for a certificate, and which may come in.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ClientAuth {
    /// `none`; `optional`: one that has no certificate may come in too; `required`.
    #[schemars(with = "ClientAuthMode")]
    pub mode: Where<ClientAuthMode>,
    /// Files with the certificates that are trusted to vouch for clients. Relative paths start at the folder of this file.
    #[schemars(with = "Option<Vec<PathBuf>>")]
    pub anchors: Option<Where<Vec<Where<PathBuf>>>>,
    /// Files with certificate revocation lists.
    #[schemars(with = "Option<Vec<PathBuf>>")]
    pub crls: Option<Vec<Where<PathBuf>>>,
    /// How much must be known about a client's revocation: `never`, `best-effort` (default), `required-if-available` or
    /// `always`. A tunnel asks nobody: what counts are the lists in `crls`.
    pub revocation: Option<Parsed<RevocationPolicy>>,
    /// Names of which a certificate must have one, unless its key is among `allow-pins`: `dns:a.example`,
    /// `dns:*.a.example`, `email:me@a.example`, `uri:spiffe://a.example/me` or `dn:CN=me,O=Example`.
    #[schemars(with = "Option<Vec<String>>")]
    pub allow_names: Option<Where<Vec<Parsed<NamePattern>>>>,
    /// Keys of which a certificate must have one, unless a name of its is among `allow-names`: the SHA-256 hash of the
    /// public key in Base64 or hexadecimal.
    #[schemars(with = "Option<Vec<String>>")]
    pub allow_pins: Option<Where<Vec<Parsed<Pin>>>>,
}

/// The backend speaks TLS: the tunnel is its client, its own clients are plain. `identity` is what the tunnel proves itself
/// with, if it is there.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Server {
    /// The name or address that the server's certificate must be for (default: the target's host).
    #[schemars(with = "Option<String>")]
    pub name: Option<Where<String>>,
    /// Files with the certificates that are trusted to vouch for the server (default: the system's). Relative paths start
    /// at the folder of this file.
    #[schemars(with = "Option<Vec<PathBuf>>")]
    pub anchors: Option<Where<Vec<Where<PathBuf>>>>,
    /// Files with certificate revocation lists.
    #[schemars(with = "Option<Vec<PathBuf>>")]
    pub crls: Option<Vec<Where<PathBuf>>>,
    /// How much must be known about revocation: `never`, `best-effort` (default), `required-if-available` or `always`. A
    /// tunnel asks nobody: what counts are the lists in `crls`, and the OCSP response that the server staples.
    pub revocation: Option<Parsed<RevocationPolicy>>,
    /// Keys of which the server's certificate must have one: the SHA-256 hash of the public key in Base64 or hexadecimal.
    #[schemars(with = "Option<Vec<String>>")]
    pub pins: Option<Where<Vec<Parsed<Pin>>>>,
}

/// What the backend learns of the client's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ClientAddress {
    /// Nothing.
    None,
    /// A PROXY protocol header, version 1 (text), comes first.
    ProxyV1,
    /// A PROXY protocol header, version 2 (binary), comes first.
    ProxyV2,
    /// The connection comes from the client's own address. Needs CAP_NET_ADMIN and routing rules; `ravelin tunnel check`
    /// prints them.
    Transparent,
}

/// When and how often the kernel asks a silent peer whether it is still there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Keepalive {
    /// Silence before the first question (default 10s).
    pub after: Option<Period<MAX_KEEPALIVE>>,
    /// Time between questions (default 5s).
    pub every: Option<Period<MAX_KEEPALIVE>>,
    /// Unanswered questions before the peer counts as vanished (default 4).
    #[schemars(range(min = 1, max = 127))]
    pub probes: Option<Probes>,
}

/// A number of keepalive probes: 1 to 127.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "u32")]
#[schemars(with = "u32", inline)]
pub struct Probes(u32);

impl Probes {
    /// How many.
    pub fn count(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for Probes {
    type Error = String;

    fn try_from(count: u32) -> Result<Probes, String> {
        match count {
            1..=MAX_PROBES => Ok(Probes(count)),
            _ => Err(format!("{count} probes; write a number from 1 to {MAX_PROBES}")),
        }
    }
}

impl std::str::FromStr for Probes {
    type Err = String;

    fn from_str(text: &str) -> Result<Probes, String> {
        let count = text
            .parse::<u32>()
            .map_err(|_| format!("`{text}` is no number from 1 to {MAX_PROBES}"))?;
        Probes::try_from(count)
    }
}

/// Makes two structs of one list, for `[defaults]` and `[service.NAME]`: serde's `flatten` knows neither
/// `deny_unknown_fields` nor places.
macro_rules! options {
    (
        $(#[$options_doc:meta])* struct Options;
        $(#[$service_doc:meta])* struct Service {
            $($(#[$own_doc:meta])* $own:ident: $own_type:ty,)*
        }
        both {
            $($(#[$doc:meta])* $option:ident: $type:ty,)*
        }
    ) => {
        $(#[$options_doc])*
        #[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
        #[serde(rename_all = "kebab-case", deny_unknown_fields)]
        pub struct Options {
            $($(#[$doc])* pub $option: Option<$type>,)*
        }

        $(#[$service_doc])*
        #[derive(Clone, Debug, Deserialize, JsonSchema)]
        #[serde(rename_all = "kebab-case", deny_unknown_fields)]
        pub struct Service {
            $($(#[$own_doc])* pub $own: $own_type,)*
            $($(#[$doc])* pub $option: Option<$type>,)*
        }

        impl Service {
            /// A service that takes every option from `[defaults]`.
            pub fn new($($own: $own_type),*) -> Service {
                Service { $($own,)* $($option: None,)* }
            }

            /// The service's options over the defaults.
            pub fn options(&self, defaults: &Options) -> Options {
                Options {
                    $($option: self.$option.as_ref().or(defaults.$option.as_ref()).cloned(),)*
                }
            }
        }
    };
}

options! {
    /// What services take over unless they say otherwise.
    struct Options;

    /// One service: where clients come in, and where their bytes go.
    struct Service {
        /// Where clients come in: `address:port`, such as `[::]:443`.
        #[schemars(with = "Vec<String>", length(min = 1))]
        listen: Where<Vec<Where<String>>>,
        /// Where their bytes go: `host:port`, `unix:/path` or `rtmp://host/app`.
        #[schemars(with = "String")]
        target: Where<String>,
        /// The certificate and its key.
        identity: Option<Identity>,
        /// Several certificates, chosen by the server name a client asks for.
        identities: Option<Vec<Identity>>,
    }

    both {
        /// The backend speaks TLS, and how it is judged (default: the tunnel's clients do).
        server: Server,
        /// Whether clients are asked for a certificate, and which may come in (default: they are not).
        client_auth: ClientAuth,
        /// What the backend learns of the client's address (default `none`).
        #[schemars(with = "Option<ClientAddress>")]
        client_address: Where<ClientAddress>,
        /// Clients arrive behind a proxy that says who they are (default false).
        accept_proxy: AcceptProxy,
        /// The lowest TLS version: `1.2` (default) or `1.3`.
        #[schemars(with = "Option<String>")]
        min_version: Where<Parsed<Version>>,
        /// The highest TLS version: `1.2` or `1.3` (default).
        #[schemars(with = "Option<String>")]
        max_version: Where<Parsed<Version>>,
        /// Cipher suites by their registered or OpenSSL names, most wanted first (default: all that are safe).
        #[schemars(with = "Option<Vec<String>>")]
        ciphers: Where<Vec<Parsed<CipherSuite>>>,
        /// Key exchange groups, most wanted first (default: all that are safe).
        #[schemars(with = "Option<Vec<String>>")]
        groups: Where<Vec<Parsed<Group>>>,
        /// Protocols for ALPN, most wanted first (default: none is negotiated).
        #[schemars(with = "Option<Vec<String>>")]
        alpn: Vec<Where<String>>,
        /// Let clients keep their sessions themselves, as tickets (default true). Otherwise the tunnel keeps some.
        tickets: bool,
        /// Begin connections with small records, so that the first bytes are usable early (default false).
        small_first_records: bool,
        /// Append the secrets of every connection to this file, so that captures can be decrypted. Whoever reads it reads
        /// everything.
        #[schemars(with = "Option<PathBuf>")]
        key_log_file: Where<PathBuf>,
        /// From the client's SYN to the end of the handshake (default 10s).
        handshake_timeout: Period,
        /// For the backend to accept (default 5s).
        connect_timeout: Period,
        /// After one direction ended: how long the other may rest (default 30s).
        half_close_timeout: Period,
        /// How long data may stay unacknowledged before a peer counts as vanished (default 30s).
        user_timeout: Period<MAX_USER>,
        /// When and how often the kernel asks a silent peer whether it is still there.
        keepalive: Keepalive,
        /// How long both directions together may rest (default off).
        idle_timeout: PeriodOrOff,
        /// How long the client may send nothing (default off).
        idle_client_timeout: PeriodOrOff,
        /// How long the backend may send nothing (default off).
        idle_backend_timeout: PeriodOrOff,
        /// How long a connection may live (default off).
        max_lifetime: PeriodOrOff,
        /// What the backend sees when a client's stream ends without close_notify: `reset` (default), or `fin` for clients
        /// known to be sloppy.
        on_truncation: OnTruncation,
        /// What counts as a sign of life for the idle limits: any byte (default), or `rtmp`: media, not pings.
        idle_by: IdleBy,
        /// Most connections of the service at once (default off).
        max_connections: CountOrOff,
        /// Most connections of the service from one source address at once (default off).
        max_per_source: CountOrOff,
    }
}

impl File {
    /// Reads a file's text.
    ///
    /// # Errors
    /// When it is no TOML, a key is unknown or missing, or a value has the wrong form.
    pub fn parse(source: &Source) -> Result<File, Diagnostic> {
        toml::from_str(source.text()).map_err(|error| Diagnostic::from_toml(&error, source))
    }

    /// The JSON schema of configuration files, as indented JSON with a final line end.
    pub fn schema() -> String {
        let schema = schemars::schema_for!(File);
        let mut text = serde_json::to_string_pretty(&schema).expect("a schema is a JSON value");
        text.push('\n');
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn parse(text: &str) -> Result<File, String> {
        File::parse(&Source::new("ravelin.toml", text)).map_err(|error| error.to_string())
    }

    const EVERYTHING: &str = r#"
        [defaults]
        handshake-timeout = "10s"
        idle-timeout = "5m"

        [service.rtmps]
        listen = ["[::]:443", "0.0.0.0:8443"]
        target = "127.0.0.1:1935"
        identity = { cert = "chain.pem", key = "key.pem" }
        client-auth = { mode = "required", anchors = ["clients.pem"], crls = ["clients.crl"], allow-names = ["dns:*.a.example", "dn:CN=me"], allow-pins = ["47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="] }
        client-address = "proxy-v2"
        accept-proxy = { trusted = ["10.0.0.0/8", "fd00::/8"], timeout = "3s" }
        min-version = "1.2"
        max-version = "TLSv1.3"
        ciphers = ["TLS_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256"]
        groups = ["X25519MLKEM768", "x25519"]
        alpn = ["h2", "http/1.1"]
        tickets = false
        small-first-records = true
        key-log-file = "keys.log"
        handshake-timeout = "20s"
        connect-timeout = "5s"
        half-close-timeout = "1m"
        user-timeout = "30s"
        keepalive = { after = "10s", every = "5s", probes = 4 }
        idle-client-timeout = "off"
        idle-backend-timeout = "1h30m"
        max-lifetime = "24h"
        on-truncation = "fin"
        idle-by = "rtmp"
        max-connections = 1000
        max-per-source = "off"

        [service.out]
        listen = ["127.0.0.1:25"]
        target = "mail.example:465"
        server = { name = "mail.example", anchors = ["ca.pem"], crls = ["ca.crl"], revocation = "best-effort", pins = ["47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="] }

        [service.web]
        listen = ["127.0.0.1:9443"]
        target = "unix:/run/web.sock"
        accept-proxy = true
        [[service.web.identities]]
        cert = "a.pem"
        key = "a.key"
        names = ["a.example", "*.a.example"]
        [[service.web.identities]]
        cert = "b.pem"
        key = "b.key"
        default = true

        [tunnel]
        workers = 2
        max-connections = "off"
        max-handshakes = 512
        drain-timeout = "1m"

        [admin]
        listen = "unix:/run/ravelin/admin.sock"

        [log]
        format = "json"
    "#;

    #[test]
    fn every_key_is_read() {
        let file = parse(EVERYTHING).unwrap();
        let rtmps = &file.service["rtmps"];
        let options = rtmps.options(&file.defaults);
        assert_eq!(options.handshake_timeout, Some(Period(Duration::from_secs(20))));
        assert_eq!(options.idle_timeout, Some(PeriodOrOff(Some(Duration::from_secs(300)))));
        assert_eq!(options.idle_client_timeout, Some(PeriodOrOff(None)));
        assert_eq!(options.on_truncation, Some(OnTruncation::Fin));
        assert_eq!(options.groups.unwrap().get_ref()[1].0, Group::X25519);
        let Some(AcceptProxy::Table(proxy)) = options.accept_proxy else { panic!() };
        assert_eq!(proxy.trusted.unwrap().get_ref()[0].0.prefix, 8);
        let clients = options.client_auth.unwrap();
        assert_eq!(*clients.mode.get_ref(), ClientAuthMode::Required);
        assert_eq!(clients.allow_names.unwrap().get_ref()[1].0.to_string(), "dn:CN=me");
        let web = &file.service["web"];
        assert!(matches!(web.accept_proxy, Some(AcceptProxy::Switch(true))));
        assert_eq!(web.identities.as_ref().unwrap().len(), 2);
        assert_eq!(
            web.options(&file.defaults).handshake_timeout,
            Some(Period(Duration::from_secs(10)))
        );
        assert_eq!(file.log.format, Some(LogFormat::Json));
        assert_eq!(file.tunnel.workers.map(Workers::count), Some(2));
    }

    #[test]
    fn nothing_is_a_file_too() {
        assert!(parse("").unwrap().service.is_empty());
    }

    #[test]
    fn every_fault_has_its_place_and_a_way_out() {
        for (text, expected) in [
            (
                "[defaults]\nidle-timout = \"5m\"\n",
                "ravelin.toml:2:1: unknown key `idle-timout`; help: did you mean `idle-timeout`?",
            ),
            (
                "[servce.a]\n",
                "ravelin.toml:1:2: unknown key `servce`; help: did you mean `service`?",
            ),
            (
                "[log]\nformat = \"jsn\"\n",
                "ravelin.toml:2:10: unknown value `jsn`; help: did you mean `json`?",
            ),
            (
                "[log]\nqqqqqq = 1\n",
                "ravelin.toml:2:1: unknown key `qqqqqq`; help: the only one is `format`",
            ),
            (
                "[defaults]\nhandshake-timeout = 10\n",
                "ravelin.toml:2:21: duration `10` has no unit; help: write \"10s\" for seconds",
            ),
            (
                "[defaults]\nidle-timeout = true\n",
                "ravelin.toml:2:16: invalid type: boolean `true`, expected a duration like \"10s\" or \"5m\", or \"off\"",
            ),
            (
                "[defaults]\nuser-timeout = \"25000h\"\n",
                "ravelin.toml:2:16: duration `25000h` is too long; help: the most is 576h",
            ),
            (
                "[defaults]\nciphers = [\"TLS_AES_128_GCM_SHA265\"]\n",
                "ravelin.toml:2:12: unknown cipher suite `TLS_AES_128_GCM_SHA265`; help: did you mean `TLS_AES_128_GCM_SHA256`?",
            ),
            (
                "[defaults]\nmin-version = \"1.1\"\n",
                "ravelin.toml:2:15: unknown protocol version `1.1`; help: did you mean `1.2`?",
            ),
            (
                "[defaults]\nmin-version = 1.2\n",
                "ravelin.toml:2:15: 1.2 is a number; help: write \"1.2\"",
            ),
            (
                "[defaults]\naccept-proxy = { trusted = [\"10.0.0.0/33\"] }\n",
                "ravelin.toml:2:29: `10.0.0.0/33` is no range of addresses; help: write one like 10.0.0.0/8 or fd00::/8",
            ),
            (
                "[defaults]\naccept-proxy = { trustd = [] }\n",
                "ravelin.toml:2:18: unknown key `trustd`; help: did you mean `trusted`?",
            ),
            (
                "[defaults]\nclient-auth = { mode = \"require\" }\n",
                "ravelin.toml:2:24: unknown value `require`; help: did you mean `required`?",
            ),
            (
                "[defaults]\nclient-auth = { anchors = [] }\n",
                "ravelin.toml:2:15: missing key `mode`",
            ),
            (
                "[defaults]\nclient-auth = { mode = \"none\", allow-names = [\"a.example\"] }\n",
                "ravelin.toml:2:47: `a.example` is no name; help: say which kind it is of: dns:, email:, uri: or dn:",
            ),
            (
                "[defaults]\nclient-auth = { mode = \"none\", allow-pins = [\"00\"] }\n",
                "ravelin.toml:2:46: `00` is no pin; help: write the key's SHA-256 hash, as Base64 or 64 hexadecimal digits",
            ),
            (
                "[defaults]\nkeepalive = { probes = 200 }\n",
                "ravelin.toml:2:24: 200 probes; help: write a number from 1 to 127",
            ),
            (
                "[tunnel]\nmax-connections = 0\n",
                "ravelin.toml:2:19: invalid value: integer `0`, expected a number from 1 up, or \"off\"",
            ),
            (
                "[tunnel]\nworkers = 0\n",
                "ravelin.toml:2:11: 0 workers; help: write a number from 1 to 1024",
            ),
            ("[admin]\n", "ravelin.toml:1:1: missing key `listen`"),
        ] {
            assert_eq!(parse(text).unwrap_err(), expected);
        }
    }

    #[test]
    fn broken_toml_has_its_place() {
        let error = parse("[service.a\nlisten = 1\n").unwrap_err();
        assert!(error.starts_with("ravelin.toml:1:11: "), "{error}");
        let error = parse("[log]\nformat = \"text\"\nformat = \"json\"\n").unwrap_err();
        assert!(error.starts_with("ravelin.toml:3:1: duplicate key"), "{error}");
        let error = parse("a = \"open").unwrap_err();
        assert!(error.starts_with("ravelin.toml:1:"), "{error}");
    }

    #[test]
    fn the_schema_names_every_key() {
        let schema = File::schema();
        for line in EVERYTHING.lines() {
            let Some((key, _)) = line.split_once(" = ") else { continue };
            assert!(schema.contains(&format!("\"{}\"", key.trim())), "{key}");
        }
        assert!(schema.contains("\"additionalProperties\": false"));
    }

    #[test]
    fn the_schema_in_the_documentation_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/ravelin.schema.json");
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            written == File::schema(),
            "docs/ravelin.schema.json is not current; run `ravelin generate schema > docs/ravelin.schema.json`"
        );
    }
}
