//! What becomes of each option of stunnel.

use super::{
    Note, comment, outward,
    stunnel::{Section, Setting},
};
use ravelin_tls::{CipherSuite, Group};
use std::{collections::HashSet, fmt::Write as _};

/// What becomes of an option that stands alone.
pub(super) enum Fate {
    /// It has a counterpart in a service.
    Carried,
    /// Ravelin does that anyway.
    NotNeeded,
    /// It is lost, for this reason.
    Dropped(String),
}

/// The counterpart of an option, of a service in client mode or of another.
pub(super) fn fate(setting: &Setting<'_>, is_client: bool) -> Fate {
    let why = match setting.key().as_str() {
        "cafile" | "capath" | "crlfile" | "crlpath" | "checkhost" | "checkip" | "ocsp"
        | "ocspaia"
            if is_client =>
        {
            return Fate::Carried;
        }
        "checkemail" if is_client => "a server's certificate is for a host",
        "ocspflag" | "ocspnonce" | "ocsprequire" | "timeoutocsp" if is_client => {
            "a tunnel asks nobody about revocation"
        }
        "accept" | "connect" | "cert" | "key" | "sni" | "protocol" | "transparent" | "client"
        | "timeoutbusy" | "timeoutclose" | "timeoutconnect" | "timeoutidle" | "sslversion"
        | "sslversionmin" | "sslversionmax" | "options" | "ciphers" | "ciphersuites" | "curve"
        | "curves" | "verify" | "verifychain" | "verifypeer" | "requirecert" | "exec" => {
            return Fate::Carried;
        }
        "foreground" if !setting.is_no() => return Fate::NotNeeded,
        "renegotiation" | "fips" | "libwrap" | "compression" if setting.is_no() => {
            return Fate::NotNeeded;
        }
        "reset" if setting.is_yes() => return Fate::NotNeeded,
        "foreground" => "ravelin stays in the foreground; let systemd or the like run it",
        "pid" => "ravelin stays in the foreground and writes no pid file",
        "setuid" | "setgid" | "chroot" => {
            "ravelin changes neither user nor root; let systemd or the like do it"
        }
        "output" | "log" | "syslog" | "debug" => "ravelin logs to standard error",
        "cafile" | "capath" | "crlfile" | "crlpath" | "checkhost" | "checkip" | "checkemail" => {
            "client certificates are not imported: write `client-auth`"
        }
        "ocsp" | "ocspaia" | "ocspflag" | "ocspnonce" | "ocsprequire" | "timeoutocsp" => {
            "ravelin asks for no revocation"
        }
        "sessioncachesize" | "sessioncachetimeout" | "sessionresume" | "sessiond" => {
            "ravelin keeps sessions by itself"
        }
        "ticketkeysecret" | "ticketmacsecret" => "ravelin makes and renews its ticket keys itself",
        "socket" => "ravelin sets its socket options itself; see keepalive and user-timeout",
        "include" => "import the files it means one by one",
        "delay" => "the target is looked up when the configuration is loaded",
        "failover" | "retry" => "a service has one target, tried at its addresses in order",
        "renegotiation" => "ravelin never renegotiates",
        "execargs" | "pty" => "ravelin starts no programs",
        "protocolauthentication"
        | "protocoldomain"
        | "protocolheader"
        | "protocolhost"
        | "protocolpassword"
        | "protocolusername" => "ravelin speaks nothing before TLS",
        "psksecrets" | "pskidentity" => "ravelin has no pre-shared keys",
        "engine" | "enginectrl" | "enginedefault" | "engineid" | "enginenum" => {
            "ravelin has no engines"
        }
        _ => "it has no counterpart",
    };
    Fate::Dropped(why.into())
}

/// A service in the making.
pub(super) struct Draft {
    pub(super) name: String,
    line: usize,
    is_client: bool,
    pub(super) listen: Option<String>,
    pub(super) target: Option<String>,
    /// Certificate and key.
    pub(super) identity: Option<(String, String)>,
    /// Certificate and key with the name they serve.
    pub(super) more: Vec<((String, String), String)>,
    /// Line, service and name of the `sni` option.
    pub(super) sni: Option<(usize, String, String)>,
    /// Keys with their values as TOML.
    lines: Vec<(&'static str, String)>,
    pub(super) notes: Vec<Note>,
    /// What is lost when the service becomes a mere identity of another.
    pub(super) own_options: Vec<Note>,
    /// Why the service cannot be carried over at all.
    pub(super) refusal: Option<Note>,
    /// The service became an identity of another.
    pub(super) merged: bool,
}

impl Draft {
    pub(super) fn new(section: &Section<'_>, defaults: &Section<'_>) -> Draft {
        let mut draft = Draft {
            name: section.name.into(),
            line: section.line,
            is_client: outward::is_client(defaults.options.iter().chain(&section.options)),
            listen: None,
            target: None,
            identity: None,
            more: Vec::new(),
            sni: None,
            lines: Vec::new(),
            notes: Vec::new(),
            own_options: Vec::new(),
            refusal: None,
            merged: false,
        };
        let mut carried: Vec<Setting<'_>> = Vec::new();
        for setting in &section.options {
            match fate(setting, draft.is_client) {
                Fate::Carried => carried.push(*setting),
                Fate::NotNeeded => {}
                Fate::Dropped(why) => draft.notes.push(setting.note(&why)),
            }
        }
        // A service's own word counts; `options` and `connect` may be repeated.
        let own: HashSet<String> = carried.iter().map(Setting::key).collect();
        let inherited = defaults
            .options
            .iter()
            .filter(|default| default.key() == "options" || !own.contains(&default.key()));
        let all: Vec<Setting<'_>> = inherited.copied().chain(carried.iter().copied()).collect();
        draft.translate(&all);
        draft.own_options = carried
            .iter()
            .filter(|setting| {
                !matches!(setting.key().as_str(), "sni" | "cert" | "key" | "connect" | "client")
            })
            .map(|setting| {
                setting.note("a certificate chosen by server name shares its listener's options")
            })
            .collect();
        draft.check();
        draft
    }

    pub(super) fn refuse(&mut self, line: usize, why: &str) {
        if self.refusal.is_none() {
            let message = format!("service [{}] is not carried over: {why}", self.name);
            self.refusal = Some(Note { line, message });
        }
    }

    fn check(&mut self) {
        let line = self.line;
        if self.target.is_none() && self.sni.is_none() {
            self.refuse(line, "it connects nowhere");
        } else if self.listen.is_none() && self.sni.is_none() {
            self.refuse(line, "it accepts nowhere");
        } else if self.identity.is_none() && self.sni.is_none() && !self.is_client {
            self.refuse(line, "it has no cert");
        }
    }

    /// The line it begins at.
    pub(super) fn line(&self) -> usize {
        self.line
    }

    fn translate(&mut self, settings: &[Setting<'_>]) {
        let last = |key: &str| settings.iter().rev().find(|setting| setting.key() == key);
        if let Some(cert) = last("cert") {
            let key = last("key").unwrap_or(cert);
            self.identity = Some((cert.value.into(), key.value.into()));
        }
        let mut versions = Versions::default();
        for setting in settings {
            match setting.key().as_str() {
                "accept" => self.accept(setting),
                "connect" => self.connect(setting),
                "sni" | "verify" | "verifychain" | "verifypeer" | "requirecert"
                    if self.is_client => {}
                "transparent" if self.is_client && !matches!(setting.value, "none" | "no") => {
                    self.notes.push(setting.note("the server sees the tunnel's own address"));
                }
                "sni" => match setting.value.split_once(':') {
                    Some((service, name)) => {
                        self.sni = Some((setting.line, service.trim().into(), name.trim().into()));
                    }
                    None => self.notes.push(setting.note("it is no SERVICE:NAME")),
                },
                "exec" => self.refuse(setting.line, "ravelin starts no programs (`exec`)"),
                "verify" if !matches!(setting.value, "0" | "1") => self.open_to_all(setting),
                "verifychain" | "verifypeer" | "requirecert" if setting.is_yes() => {
                    self.open_to_all(setting);
                }
                "protocol" => self.protocol(setting),
                "transparent" => self.transparent(setting),
                "timeoutbusy" => self.timeout(setting, "handshake-timeout"),
                "timeoutclose" => self.timeout(setting, "half-close-timeout"),
                "timeoutconnect" => self.timeout(setting, "connect-timeout"),
                "timeoutidle" => self.timeout(setting, "idle-timeout"),
                "sslversion" | "sslversionmin" | "sslversionmax" | "options" => {
                    self.version_or_option(setting, &mut versions);
                }
                "curve" | "curves" => {
                    let names: Option<Vec<&str>> = setting
                        .value
                        .split([':', ','])
                        .map(|name| Some(name.trim().parse::<Group>().ok()?.name()))
                        .collect();
                    match names {
                        Some(names) => self.set("groups", list(&names)),
                        None => self.notes.push(setting.note("not all of these groups are there")),
                    }
                }
                _ => {}
            }
        }
        if self.is_client {
            outward::translate(self, settings);
        }
        self.ciphers(last("ciphers"), last("ciphersuites"));
        versions.write(self);
    }

    fn open_to_all(&mut self, setting: &Setting<'_>) {
        let why = format!(
            "it asks clients for certificates (`{} = {}`), and without that it would be open to everybody",
            setting.option, setting.value
        );
        self.refuse(setting.line, &why);
    }

    fn accept(&mut self, setting: &Setting<'_>) {
        match address(setting.value, "0.0.0.0") {
            Some(address) if !address.starts_with("unix:") => self.listen = Some(address),
            _ => self.notes.push(setting.note("a service listens on address:port")),
        }
    }

    fn connect(&mut self, setting: &Setting<'_>) {
        match address(setting.value, "localhost") {
            Some(_) if self.target.is_some() => {
                self.notes.push(setting.note("a service has one target, the first one written"));
            }
            Some(address) => self.target = Some(address),
            None => self.notes.push(setting.note("a target is host:port or a path")),
        }
    }

    fn protocol(&mut self, setting: &Setting<'_>) {
        if setting.value.eq_ignore_ascii_case("proxy") && !self.is_client {
            self.set("client-address", string("proxy-v1"));
        } else {
            let why = format!("ravelin speaks nothing before TLS (`protocol = {}`)", setting.value);
            self.refuse(setting.line, &why);
        }
    }

    fn transparent(&mut self, setting: &Setting<'_>) {
        let value = setting.value.to_ascii_lowercase();
        match value.as_str() {
            "none" | "no" => return,
            "source" | "yes" => {}
            "both" => self.notes.push(
                setting.note("the source is; ravelin takes no destination from a redirection"),
            ),
            _ => {
                return self
                    .notes
                    .push(setting.note("ravelin takes no destination from a redirection"));
            }
        }
        if self.lines.iter().any(|(key, _)| *key == "client-address") {
            return self.notes.push(setting.note("the PROXY header tells the backend already"));
        }
        self.set("client-address", string("transparent"));
    }

    fn timeout(&mut self, setting: &Setting<'_>, key: &'static str) {
        match setting.value.parse::<u32>() {
            Ok(seconds @ 1..=31_622_400) => self.set(key, string(&format!("{seconds}s"))),
            _ => self.notes.push(setting.note("a time limit is a number of seconds from 1 up")),
        }
    }

    fn version_or_option(&mut self, setting: &Setting<'_>, versions: &mut Versions) {
        let too_old = "ravelin speaks TLS 1.2 and 1.3 only";
        let version = match setting.value.to_ascii_lowercase().as_str() {
            "tlsv1.2" => Some("1.2"),
            "tlsv1.3" => Some("1.3"),
            _ => None,
        };
        match (setting.key().as_str(), version) {
            ("options", _) => self.option(setting, versions),
            (_, None) if setting.value.eq_ignore_ascii_case("all") => {}
            (_, None) => self.notes.push(setting.note(too_old)),
            ("sslversionmin", version) => versions.min = version,
            ("sslversionmax", version) => versions.max = version,
            (_, version) => (versions.min, versions.max) = (version, version),
        }
    }

    fn option(&mut self, setting: &Setting<'_>, versions: &mut Versions) {
        match setting.value.to_ascii_uppercase().as_str() {
            "NO_TLSV1.2" => versions.min = Some("1.3"),
            "NO_TLSV1.3" => versions.max = Some("1.2"),
            "NO_TICKET" => self.set("tickets", "false".into()),
            // Ravelin does none of what these forbid, and all of what they demand.
            "NO_SSLV2"
            | "NO_SSLV3"
            | "NO_TLSV1"
            | "NO_TLSV1.1"
            | "NO_COMPRESSION"
            | "NO_RENEGOTIATION"
            | "CIPHER_SERVER_PREFERENCE"
            | "SINGLE_DH_USE"
            | "SINGLE_ECDH_USE"
            | "NO_SESSION_RESUMPTION_ON_RENEGOTIATION" => {}
            _ => self.notes.push(setting.note("it has no counterpart")),
        }
    }

    /// Suites are one list here, two there: what is not written keeps its default.
    fn ciphers(&mut self, tls12: Option<&Setting<'_>>, tls13: Option<&Setting<'_>>) {
        let is_13 = |suite: &CipherSuite| suite.code() >> 8 == 0x13;
        let mut suites: Vec<CipherSuite> = Vec::new();
        let mut written = false;
        for (setting, wanted) in [(tls13, true), (tls12, false)] {
            let parsed = setting.map(|setting| {
                let parse =
                    |name: &str| name.trim().parse().ok().filter(|suite| is_13(suite) == wanted);
                setting.value.split([':', ',']).map(parse).collect::<Option<Vec<CipherSuite>>>()
            });
            match (parsed, setting) {
                (Some(Some(own)), _) => {
                    written = true;
                    suites.extend(own);
                }
                (unusable, setting) => {
                    if let (Some(None), Some(setting)) = (unusable, setting) {
                        let why = "ravelin has no cipher strings; list suites under `ciphers`, all it has are safe";
                        self.notes.push(setting.note(why));
                    }
                    suites.extend(CipherSuite::ALL.iter().filter(|suite| is_13(suite) == wanted));
                }
            }
        }
        if written {
            let names: Vec<&str> = suites.iter().map(|suite| suite.name()).collect();
            self.set("ciphers", list(&names));
        }
    }

    pub(super) fn set(&mut self, key: &'static str, value: String) {
        self.lines.retain(|(known, _)| *known != key);
        self.lines.push((key, value));
    }

    /// Appends the service as TOML; `names` are taken already.
    pub(super) fn write(&self, text: &mut String, names: &mut HashSet<String>) {
        if self.merged || self.refusal.is_some() {
            if self.merged {
                let _ = writeln!(
                    text,
                    "# line {}: [{}] is an identity of its listener's service",
                    self.line,
                    super::one_line(&self.name)
                );
            }
            comment(text, self.refusal.as_slice());
            return comment(text, &self.notes);
        }
        let (Some(listen), Some(target)) = (&self.listen, &self.target) else { return };
        let _ = writeln!(text, "[service.{}]", string(&service_name(&self.name, names)));
        comment(text, &self.notes);
        let _ = writeln!(text, "listen = [{}]\ntarget = {}", string(listen), string(target));
        self.write_identities(text);
        for (key, value) in &self.lines {
            let _ = writeln!(text, "{key} = {value}");
        }
    }

    fn write_identities(&self, text: &mut String) {
        // A client need not prove itself.
        let Some((cert, key)) = &self.identity else { return };
        let pair =
            |cert: &str, key: &str| format!("cert = {}, key = {}", string(cert), string(key));
        if self.more.is_empty() {
            let _ = writeln!(text, "identity = {{ {} }}", pair(cert, key));
        } else {
            let _ =
                writeln!(text, "identities = [\n    {{ {}, default = true }},", pair(cert, key));
            for ((cert, key), name) in &self.more {
                let _ =
                    writeln!(text, "    {{ {}, names = [{}] }},", pair(cert, key), string(name));
            }
            text.push_str("]\n");
        }
    }
}

#[derive(Default)]
struct Versions {
    min: Option<&'static str>,
    max: Option<&'static str>,
}

impl Versions {
    fn write(&self, draft: &mut Draft) {
        if let (Some("1.3"), Some("1.2")) = (self.min, self.max) {
            let line = draft.line;
            return draft.refuse(line, "its options leave no TLS version");
        }
        for (key, version) in [("min-version", self.min), ("max-version", self.max)] {
            if let Some(version) = version {
                draft.set(key, string(version));
            }
        }
    }
}

/// `[HOST:]PORT` or a path, as we write it.
fn address(text: &str, default: &str) -> Option<String> {
    if text.starts_with('/') {
        return Some(format!("unix:{text}"));
    }
    let (host, port) = text.rsplit_once(':').unwrap_or((default, text));
    let port = match port.parse::<u16>() {
        Ok(port) => port,
        Err(_) => named_port(port)?,
    };
    let host = match host {
        "" | "*" => default,
        host => host.trim_start_matches('[').trim_end_matches(']'),
    };
    if host.contains(':') {
        Some(format!("[{host}]:{port}"))
    } else {
        Some(format!("{host}:{port}"))
    }
}

/// Ports that stunnel.conf files like to name.
fn named_port(name: &str) -> Option<u16> {
    let port = match name.to_ascii_lowercase().as_str() {
        "http" => 80,
        "https" => 443,
        "imap" | "imap2" => 143,
        "imaps" => 993,
        "ldap" => 389,
        "ldaps" => 636,
        "mysql" => 3306,
        "nntp" => 119,
        "nntps" => 563,
        "pop3" => 110,
        "pop3s" => 995,
        "postgresql" => 5432,
        "smtp" => 25,
        "smtps" | "ssmtp" | "submissions" => 465,
        "submission" => 587,
        "syslog-tls" => 6514,
        "telnet" => 23,
        "telnets" => 992,
        _ => return None,
    };
    Some(port)
}

/// A name that a service may have and that is not taken.
fn service_name(written: &str, taken: &mut HashSet<String>) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let mut base: String =
        written.chars().take(56).map(|c| if fits(c) { c } else { '-' }).collect();
    if base.is_empty() {
        base.push_str("service");
    }
    let mut name = base.clone();
    let mut number = 2;
    while !taken.insert(name.clone()) {
        name = format!("{base}-{number}");
        number += 1;
    }
    name
}

pub(super) fn string(text: &str) -> String {
    toml::Value::from(text).to_string()
}

pub(super) fn list(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| string(name)).collect();
    format!("[{}]", names.join(", "))
}
