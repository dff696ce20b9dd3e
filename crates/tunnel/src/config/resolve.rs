//! From what was written to what a tunnel obeys: files are read, names looked up, contexts built.

use super::{
    clients::Trusts,
    diagnostic::{Diagnostic, Source},
    file::{self, ClientAddress as Written, File, Options, Where},
    identities::{self, LoadError, Loader, Named, server_name},
    value::{AcceptProxy, AcceptProxyTable, CountOrOff, Period, PeriodOrOff},
};
use crate::{
    clients::{ClientAuth, ClientAuthMode},
    rtmp::{RtmpAddress, RtmpAddressError},
    service::{
        self, AdminAddress, ClientAddress, Keepalive, Limits, Origination, ProxyVersion,
        Resumption, Service, Settings, Target, Termination, Timeouts, TlsSide,
    },
};
use ravelin_tls::{
    ClientConfig, ClientContext, Identity, KeyLog, ServerConfig, Trust, VersionRange,
};
use ravelin_trust::Anchors;
use std::{
    collections::HashMap,
    io::{self, Write},
    net::{SocketAddr, ToSocketAddrs},
    num::NonZeroUsize,
    ops::Range,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

/// Larger configuration, certificate and key files are refused, in bytes.
pub const MAX_FILE: u64 = 16 << 20;

/// How long a PROXY header may take unless it is said.
const PROXY_TIMEOUT: Duration = Duration::from_secs(3);

/// How long connections may go on after the tunnel was told to stop, unless it is said.
const DRAIN: Duration = Duration::from_secs(30);

/// A configuration as written, with the text it was read from if it was.
///
/// ```no_run
/// use ravelin_tunnel::{config::Configuration, service::Resumption};
///
/// let settings = Configuration::read("ravelin.toml".as_ref())?.resolve(Resumption::new()?)?;
/// println!("{} services", settings.services.len());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Configuration {
    /// What was written. What is changed here counts as written in the file.
    pub file: File,
    source: Option<Source>,
    /// Where relative paths start.
    base: PathBuf,
    system_anchors: Option<SystemAnchors>,
}

/// Finds the anchors that this system trusts; the words say why there are none.
pub type SystemAnchors = fn() -> Result<Anchors, String>;

impl Configuration {
    /// Reads a configuration file; relative paths in it start at its folder.
    ///
    /// # Errors
    /// When it cannot be read, is larger than [`MAX_FILE`] or no configuration.
    pub fn read(path: &Path) -> Result<Configuration, Diagnostic> {
        let source = Source::read(path)?;
        let file = File::parse(&source)?;
        let base = path.parent().map(Path::to_path_buf).unwrap_or_default();
        Ok(Configuration { file, source: Some(source), base, system_anchors: None })
    }

    /// A configuration that comes from no file. Relative paths start at the working folder.
    pub fn from_file(file: File) -> Configuration {
        Configuration { file, source: None, base: PathBuf::new(), system_anchors: None }
    }

    /// Where the system's trust anchors come from, for backends that speak TLS and have none of their own.
    #[must_use]
    pub fn with_system_anchors(mut self, anchors: SystemAnchors) -> Configuration {
        self.system_anchors = Some(anchors);
        self
    }

    pub(super) fn system_anchors(&self) -> Result<Anchors, Diagnostic> {
        let missing = |why: String| {
            Diagnostic::new(format!("the system's trust anchors cannot be had: {why}"))
                .help("name files of anchors")
        };
        let find = self.system_anchors.ok_or_else(|| missing("nobody knows them".into()))?;
        find().map_err(missing)
    }

    /// Reads the certificates, looks up the names and builds what a tunnel obeys. `resumption` is what keeps sessions
    /// resumable: that of the settings in force on a reload.
    ///
    /// # Errors
    /// The first fault in the order of the file.
    pub fn resolve(&self, resumption: Resumption) -> Result<Settings, Diagnostic> {
        let mut resolver = Resolver {
            configuration: self,
            loader: Loader::default(),
            trusts: Trusts::default(),
            key_logs: HashMap::new(),
        };
        let services = resolver.services(&resumption)?;
        let tunnel = &self.file.tunnel;
        let limits = Limits {
            connections: tunnel.max_connections.and_then(CountOrOff::limit),
            handshakes: tunnel
                .max_handshakes
                .map_or(Limits::default().handshakes, NonZeroUsize::get),
        };
        let workers = tunnel.workers.map_or_else(
            || thread::available_parallelism().map_or(1, NonZeroUsize::get),
            file::Workers::count,
        );
        let admin = self.admin()?;
        Ok(Settings {
            services,
            workers,
            limits,
            drain: tunnel.drain_timeout.map_or(DRAIN, |period| period.0),
            admin,
            log: self.file.log.format.unwrap_or_default(),
            resumption,
        })
    }

    /// Where metrics and status are served, without a look at anything else.
    ///
    /// # Errors
    /// When what is written is no address.
    pub fn admin(&self) -> Result<Option<AdminAddress>, Diagnostic> {
        let Some(admin) = &self.file.admin else { return Ok(None) };
        if let Some(path) = self.unix(&admin.listen)? {
            return Ok(Some(AdminAddress::Unix(path)));
        }
        let addresses = self.addresses(&admin.listen, "admin listener", true)?;
        Ok(addresses.first().map(|address| AdminAddress::Tcp(*address)))
    }

    pub(super) fn fault(&self, span: Range<usize>, message: impl Into<String>) -> Diagnostic {
        // What was not read from the file, but put into it, has no place there.
        let source = self.source.as_ref().filter(|_| !span.is_empty());
        Diagnostic::new(message).at(source, span)
    }

    pub(super) fn path(&self, written: &Path) -> PathBuf {
        self.base.join(written)
    }

    /// The path behind `unix:`.
    fn unix(&self, written: &Where<String>) -> Result<Option<PathBuf>, Diagnostic> {
        /// What fits into `sun_path`, with the zero behind it.
        const MAX_PATH: usize = 107;
        let Some(path) = written.get_ref().strip_prefix("unix:") else { return Ok(None) };
        let path = self.path(Path::new(path));
        match path.as_os_str().len() {
            1..=MAX_PATH if !written.get_ref().ends_with(':') => Ok(Some(path)),
            _ => Err(self
                .fault(written.span(), format!("`{}` is no unix socket", written.get_ref()))
                .help(format!("write unix:/path, with a path of at most {MAX_PATH} bytes"))),
        }
    }

    /// What `host:port` stands for; never empty.
    fn addresses(
        &self,
        written: &Where<String>,
        what: &str,
        any_port: bool,
    ) -> Result<Vec<SocketAddr>, Diagnostic> {
        lookup(written.get_ref(), any_port).map_err(|(message, help)| {
            let fault = self.fault(written.span(), format!("{what} {message}"));
            match help {
                Some(help) => fault.help(help),
                None => fault,
            }
        })
    }
}

struct Resolver<'a> {
    configuration: &'a Configuration,
    loader: Loader,
    trusts: Trusts,
    key_logs: HashMap<PathBuf, Arc<KeyLogFile>>,
}

impl Resolver<'_> {
    fn fault(&self, span: Range<usize>, message: impl Into<String>) -> Diagnostic {
        self.configuration.fault(span, message)
    }

    fn services(&mut self, resumption: &Resumption) -> Result<Vec<Arc<Service>>, Diagnostic> {
        let file = &self.configuration.file;
        let mut written: Vec<_> = file.service.iter().collect();
        written.sort_by_key(|(name, _)| name.span().start);
        if written.is_empty() {
            let fault = Diagnostic::new("there is no service");
            return Err(match &self.configuration.source {
                Some(source) => Diagnostic::of_file(source.path(), fault.message()),
                None => fault,
            }
            .help("add a section [service.NAME] with listen, target and identity"));
        }
        let mut taken: HashMap<SocketAddr, Arc<str>> = HashMap::new();
        let mut services = Vec::new();
        for (name, service) in written {
            services.push(Arc::new(self.service(name, service, &mut taken, resumption)?));
        }
        Ok(services)
    }

    fn service(
        &mut self,
        name: &Where<String>,
        written: &file::Service,
        taken: &mut HashMap<SocketAddr, Arc<str>>,
        resumption: &Resumption,
    ) -> Result<Service, Diagnostic> {
        let label: Arc<str> = self.name(name)?.into();
        let options = written.options(&self.configuration.file.defaults);
        let listen = self.listen(&label, &written.listen, taken)?;
        let target = self.target(&written.target, options.server.is_some())?;
        let client_address = self.client_address(&options, &target)?;
        let client_auth = self.client_auth(&options)?;
        let unusable = |error| format!("service `{label}`: {error}");
        let (tls, named) = match &options.server {
            None => {
                let (named, default) = self.identities(name, written)?;
                let config = self.server_config(&options, client_auth.as_ref(), resumption)?;
                let certificates = identities::certificates(&named, default, &config)
                    .map_err(|error| self.fault(name.span(), unusable(error)))?;
                (TlsSide::Client(Termination { certificates, client_auth }), named)
            }
            Some(server) => {
                if let Some(what) =
                    self.out_of_place(&options, client_address, client_auth.is_some())
                {
                    return Err(self.fault(
                        name.span(),
                        format!("service `{label}` speaks TLS to its backend, so {what}"),
                    ));
                }
                let named = self.own_identity(name, written)?;
                let own = named.first().map(|named| Arc::clone(&named.identity));
                let server_name = self.backend_name(server, &written.target, &target)?;
                let config = self.client_config(&options, server, own)?;
                let context = ClientContext::new(&config)
                    .map_err(|error| self.fault(name.span(), unusable(error)))?;
                let pins = server.pins.iter().flat_map(Where::get_ref).map(|pin| pin.0).collect();
                (TlsSide::Backend(Origination { context, name: server_name, pins }), named)
            }
        };
        Ok(Service {
            name: label,
            listen,
            target,
            tls,
            certificate_facts: named.iter().map(Named::facts).collect(),
            client_address,
            accept_proxy: self.accept_proxy(&options)?,
            timeouts: timeouts(&options),
            on_truncation: options.on_truncation.unwrap_or_default(),
            max_connections: options.max_connections.and_then(CountOrOff::limit),
            max_per_source: options.max_per_source.and_then(CountOrOff::limit),
            idle_by: options.idle_by.unwrap_or_default(),
        })
    }

    /// A service's name is a label in logs and metrics: no spaces, no quotes.
    fn name<'n>(&self, name: &'n Where<String>) -> Result<&'n str, Diagnostic> {
        let text = name.get_ref().as_str();
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if (1..=64).contains(&text.len()) && text.bytes().all(fits) {
            return Ok(text);
        }
        Err(self
            .fault(name.span(), format!("`{}` cannot name a service", text.escape_debug()))
            .help("use 1 to 64 letters, digits, `-`, `_` and `.`"))
    }

    fn listen(
        &self,
        service: &Arc<str>,
        written: &Where<Vec<Where<String>>>,
        taken: &mut HashMap<SocketAddr, Arc<str>>,
    ) -> Result<Vec<SocketAddr>, Diagnostic> {
        let mut all = Vec::new();
        for address in written.get_ref() {
            for found in self.configuration.addresses(address, "listen", true)? {
                if let Some(other) = taken.get(&found).filter(|_| found.port() != 0) {
                    let what = format!("service `{other}` listens on {found} already");
                    return Err(self.fault(address.span(), what));
                }
                taken.insert(found, Arc::clone(service));
                all.push(found);
            }
        }
        if all.is_empty() {
            return Err(self
                .fault(written.span(), "the service listens nowhere")
                .help("write addresses, such as [\"[::]:443\"]"));
        }
        Ok(all)
    }

    /// What has no meaning where the backend speaks TLS.
    fn out_of_place(
        &self,
        options: &Options,
        client_address: ClientAddress,
        client_auth: bool,
    ) -> Option<&'static str> {
        let accepts = self.accept_proxy(options).is_ok_and(|accepted| accepted.is_some());
        let cases = [
            (client_auth, "its clients show no certificates: leave out `client-auth`"),
            (accepts, "no PROXY header is read: leave out `accept-proxy`"),
            (
                matches!(client_address, ClientAddress::Proxy(_)),
                "no PROXY header is sent: leave out `client-address`",
            ),
            (
                options.idle_by == Some(service::IdleBy::Rtmp),
                "RTMP is not looked into: leave out `idle-by`",
            ),
        ];
        cases.into_iter().find_map(|(is_there, what)| is_there.then_some(what))
    }

    /// What the tunnel proves itself with to its backend: one identity or none.
    fn own_identity(
        &mut self,
        name: &Where<String>,
        written: &file::Service,
    ) -> Result<Vec<Named>, Diagnostic> {
        match (&written.identity, written.identities.as_deref().unwrap_or_default()) {
            (None, []) => Ok(Vec::new()),
            (Some(one), []) | (None, [one]) => Ok(vec![self.identity(one)?]),
            _ => Err(self.fault(
                name.span(),
                format!("service `{name}` speaks TLS to its backend and can prove itself with one identity only"),
            )),
        }
    }

    /// The name or address that a server's certificate must be for.
    fn backend_name(
        &self,
        server: &file::Server,
        written: &Where<String>,
        target: &Target,
    ) -> Result<Box<str>, Diagnostic> {
        let (name, span) = match (&server.name, target) {
            (Some(name), _) => (name.get_ref().as_str(), name.span()),
            (None, Target::Tcp { name, .. }) => {
                let host = name.rsplit_once(':').map_or(&**name, |(host, _)| host);
                (host.trim_start_matches('[').trim_end_matches(']'), written.span())
            }
            (None, Target::Unix(_)) => {
                return Err(self
                    .fault(
                        written.span(),
                        "a unix socket has no name that a certificate could be for",
                    )
                    .help("write server = { name = \"mail.example\" }"));
            }
        };
        match ravelin_trust::Name::host(name) {
            Ok(_) => Ok(name.into()),
            Err(error) => Err(self.fault(span, error.to_string())),
        }
    }

    fn client_config(
        &mut self,
        options: &Options,
        server: &file::Server,
        own: Option<Arc<Identity>>,
    ) -> Result<ClientConfig, Diagnostic> {
        let lists = [
            (
                server.anchors.as_ref().map(|all| (all.get_ref().is_empty(), all.span())),
                "nobody is trusted",
            ),
            (
                server.pins.as_ref().map(|all| (all.get_ref().is_empty(), all.span())),
                "no key is good enough",
            ),
        ];
        for (list, what) in lists {
            if let Some((true, span)) = list {
                let fault = self.fault(span, format!("with an empty list {what}"));
                return Err(fault.help("leave the key out for the default"));
            }
        }
        let anchors = server.anchors.as_ref().map(|all| all.get_ref().as_slice());
        let crls = server.crls.as_deref().unwrap_or_default();
        let mut trust = Trust::clone(&*self.trusts.load(self.configuration, anchors, crls)?);
        trust.revocation = server.revocation.map_or(trust.revocation, |policy| policy.0);
        let mut config = ClientConfig::new(trust);
        config.identity = own;
        let shared = self.parameters(options)?;
        config.versions = shared.versions;
        config.suites = shared.suites;
        config.groups = shared.groups;
        config.alpn = shared.alpn;
        config.key_log = shared.key_log;
        if options.tickets == Some(false) {
            config.sessions = 0;
        }
        Ok(config)
    }

    fn target(&self, written: &Where<String>, secure: bool) -> Result<Target, Diagnostic> {
        if let Some(path) = self.configuration.unix(written)? {
            return Ok(Target::Unix(path));
        }
        if written.get_ref().contains("://") {
            return self.rtmp_target(written, secure);
        }
        let addresses = self.configuration.addresses(written, "target", false)?;
        Ok(Target::Tcp { name: written.get_ref().as_str().into(), addresses })
    }

    /// An RTMP server by the address that its own clients would use.
    fn rtmp_target(&self, written: &Where<String>, secure: bool) -> Result<Target, Diagnostic> {
        let address: RtmpAddress = written
            .get_ref()
            .parse()
            .map_err(|error: RtmpAddressError| self.fault(written.span(), error.to_string()))?;
        if address.secure && !secure {
            return Err(self
                .fault(written.span(), format!("the target `{}` speaks TLS", written.get_ref()))
                .help(
                    "clients come in with rtmps; the server behind the tunnel speaks plain rtmp",
                ));
        }
        let authority = address.authority();
        let addresses = lookup(&authority, false).map_err(|(message, help)| {
            let fault = self.fault(written.span(), format!("target {message}"));
            match help {
                Some(help) => fault.help(help),
                None => fault,
            }
        })?;
        Ok(Target::Tcp { name: authority.into(), addresses })
    }

    fn client_address(
        &self,
        options: &Options,
        target: &Target,
    ) -> Result<ClientAddress, Diagnostic> {
        let Some(written) = &options.client_address else { return Ok(ClientAddress::None) };
        Ok(match written.get_ref() {
            Written::None => ClientAddress::None,
            Written::ProxyV1 => ClientAddress::Proxy(ProxyVersion::V1),
            Written::ProxyV2 => ClientAddress::Proxy(ProxyVersion::V2),
            Written::Transparent if matches!(target, Target::Unix(_)) => {
                return Err(self
                    .fault(
                        written.span(),
                        format!("a unix socket knows no client addresses, so the way to {target} cannot be transparent"),
                    )
                    .help("write \"proxy-v2\", or a target host:port"));
            }
            Written::Transparent => ClientAddress::Transparent,
        })
    }

    fn accept_proxy(&self, options: &Options) -> Result<Option<service::AcceptProxy>, Diagnostic> {
        let table = match &options.accept_proxy {
            None | Some(AcceptProxy::Switch(false)) => return Ok(None),
            Some(AcceptProxy::Switch(true)) => &AcceptProxyTable::default(),
            Some(AcceptProxy::Table(table)) => table,
        };
        let trusted = match &table.trusted {
            Some(trusted) if trusted.get_ref().is_empty() => {
                return Err(self
                    .fault(trusted.span(), "an empty list trusts nobody")
                    .help("leave `trusted` out to expect a header from everybody"));
            }
            Some(trusted) => trusted.get_ref().iter().map(|network| network.0).collect(),
            None => Vec::new(),
        };
        let timeout = table.timeout.map_or(PROXY_TIMEOUT, |period| period.0);
        Ok(Some(service::AcceptProxy { trusted, timeout }))
    }

    /// A service's identities, and the index of the default one.
    fn identities(
        &mut self,
        name: &Where<String>,
        written: &file::Service,
    ) -> Result<(Vec<Named>, usize), Diagnostic> {
        let written: Vec<&file::Identity> = match (&written.identity, &written.identities) {
            (Some(one), None) => vec![one],
            (None, Some(several)) if !several.is_empty() => several.iter().collect(),
            (Some(_), Some(_)) => {
                return Err(self
                    .fault(
                        name.span(),
                        format!("service `{name}` has both `identity` and `identities`"),
                    )
                    .help("move everything into `identities`"));
            }
            (None, _) => {
                return Err(self
                    .fault(name.span(), format!("service `{name}` has no certificate"))
                    .help("add identity = { cert = \"chain.pem\", key = \"key.pem\" }"));
            }
        };
        let mut default = None;
        let mut named = Vec::new();
        for identity in written {
            if let Some(mark) = &identity.default
                && *mark.get_ref()
                && default.replace(named.len()).is_some()
            {
                return Err(self.fault(mark.span(), "two identities are marked as the default"));
            }
            named.push(self.identity(identity)?);
        }
        Ok((named, default.unwrap_or(0)))
    }

    fn identity(&mut self, written: &file::Identity) -> Result<Named, Diagnostic> {
        let file = self.configuration.path(written.cert.get_ref());
        let key = self.configuration.path(written.key.get_ref());
        let identity = self.loader.load(&file, &key).map_err(|error| match error {
            LoadError::Certificate(error) => self.fault(written.cert.span(), error),
            LoadError::Key(error) => self.fault(written.key.span(), error),
        })?;
        let names = match &written.names {
            None => identity.facts().names.clone(),
            Some(names) => {
                if let Some(name) = names.iter().find(|name| server_name(name.get_ref()).is_none())
                {
                    return Err(self
                        .fault(
                            name.span(),
                            format!("no client can ask for the name `{}`", name.get_ref()),
                        )
                        .help(
                            "write a host name such as a.example or *.a.example, in its ASCII form",
                        ));
                }
                names.iter().map(|name| name.get_ref().clone()).collect()
            }
        };
        Ok(Named { identity, file, names })
    }

    /// Everything but the identities.
    fn server_config(
        &mut self,
        options: &Options,
        client_auth: Option<&ClientAuth>,
        resumption: &Resumption,
    ) -> Result<ServerConfig, Diagnostic> {
        let mut config = self.parameters(options)?;
        let (tickets, sessions) = match client_auth {
            Some(auth) if auth.required => {
                config.client_auth = ravelin_tls::ClientAuth::Required(Arc::clone(&auth.trust));
                (&resumption.client_tickets, &resumption.client_sessions)
            }
            Some(auth) => {
                config.client_auth = ravelin_tls::ClientAuth::Optional(Arc::clone(&auth.trust));
                (&resumption.tickets, &resumption.sessions)
            }
            None => (&resumption.tickets, &resumption.sessions),
        };
        config.tickets = options.tickets.unwrap_or(true).then(|| Arc::clone(tickets));
        config.sessions = Some(Arc::clone(sessions));
        config.small_first_records = options.small_first_records.unwrap_or(false);
        Ok(config)
    }

    /// What both roles have in common: versions, suites, groups, ALPN and key log.
    fn parameters(&mut self, options: &Options) -> Result<ServerConfig, Diagnostic> {
        let mut config = ServerConfig::new(Vec::new());
        config.versions = self.versions(options)?;
        if let Some(suites) = &options.ciphers {
            self.not_empty(suites, "cipher suite")?;
            config.suites = suites.get_ref().iter().map(|suite| suite.0).collect();
        }
        if let Some(groups) = &options.groups {
            self.not_empty(groups, "group")?;
            config.groups = groups.get_ref().iter().map(|group| group.0).collect();
        }
        for protocol in options.alpn.iter().flatten() {
            // RFC 7301, section 3.1: opaque ProtocolName<1..2^8-1>.
            if !(1..=255).contains(&protocol.get_ref().len()) {
                return Err(self.fault(protocol.span(), "a protocol's name has 1 to 255 bytes"));
            }
            config.alpn.push(protocol.get_ref().as_bytes().into());
        }
        if let Some(written) = &options.key_log_file {
            config.key_log = Some(self.key_log(written)?);
        }
        Ok(config)
    }

    fn client_auth(&mut self, options: &Options) -> Result<Option<ClientAuth>, Diagnostic> {
        let Some(written) = &options.client_auth else { return Ok(None) };
        let mode = *written.mode.get_ref();
        if mode == ClientAuthMode::None {
            return Ok(None);
        }
        let anchors = written.anchors.as_ref().map(Where::get_ref).filter(|all| !all.is_empty());
        let Some(anchors) = anchors else {
            let span = written.anchors.as_ref().map_or(written.mode.span(), Where::span);
            return Err(self
                .fault(span, "there is no trust anchor, so no client could be trusted")
                .help("write anchors = [\"clients.pem\"]"));
        };
        let rules = [
            written.allow_names.as_ref().map(|all| (all.get_ref().is_empty(), all.span())),
            written.allow_pins.as_ref().map(|all| (all.get_ref().is_empty(), all.span())),
        ];
        if let Some((_, span)) = rules.into_iter().flatten().find(|(is_empty, _)| *is_empty) {
            return Err(self
                .fault(span, "an empty list allows nobody")
                .help("leave the key out to allow every trusted certificate"));
        }
        let crls = written.crls.as_deref().unwrap_or_default();
        let mut trust = self.trusts.load(self.configuration, Some(anchors), crls)?;
        if let Some(policy) = written.revocation {
            Arc::make_mut(&mut trust).revocation = policy.0;
        }
        let names = written.allow_names.iter().flat_map(Where::get_ref);
        let pins = written.allow_pins.iter().flat_map(Where::get_ref);
        Ok(Some(ClientAuth {
            required: mode == ClientAuthMode::Required,
            trust,
            names: names.map(|name| name.0.clone()).collect(),
            pins: pins.map(|pin| pin.0).collect(),
        }))
    }

    fn versions(&self, options: &Options) -> Result<VersionRange, Diagnostic> {
        let mut range = VersionRange::default();
        if let Some(min) = &options.min_version {
            range.min = min.get_ref().0;
        }
        if let Some(max) = &options.max_version {
            range.max = max.get_ref().0;
            if range.min > range.max {
                let what = format!(
                    "nothing lies between min-version {} and max-version {}",
                    range.min, range.max
                );
                return Err(self.fault(max.span(), what));
            }
        }
        Ok(range)
    }

    fn not_empty<T>(&self, list: &Where<Vec<T>>, what: &str) -> Result<(), Diagnostic> {
        if list.get_ref().is_empty() {
            return Err(self
                .fault(list.span(), format!("an empty list leaves no {what}"))
                .help("leave the key out for the default"));
        }
        Ok(())
    }

    fn key_log(&mut self, written: &Where<PathBuf>) -> Result<Arc<dyn KeyLog>, Diagnostic> {
        let path = self.configuration.path(written.get_ref());
        if let Some(known) = self.key_logs.get(&path) {
            return Ok(Arc::clone(known) as Arc<dyn KeyLog>);
        }
        let log = KeyLogFile::open(&path).map_err(|error| {
            self.fault(written.span(), format!("key log file {}: {error}", path.display()))
        })?;
        let log = Arc::new(log);
        self.key_logs.insert(path, Arc::clone(&log));
        Ok(log)
    }
}

fn timeouts(options: &Options) -> Timeouts {
    let default = Timeouts::default();
    let keepalive = options.keepalive.unwrap_or_default();
    let or_off = |period: Option<PeriodOrOff>, default| period.map_or(default, |period| period.0);
    Timeouts {
        handshake: options.handshake_timeout.map_or(default.handshake, |Period(period)| period),
        connect: options.connect_timeout.map_or(default.connect, |Period(period)| period),
        half_close: options.half_close_timeout.map_or(default.half_close, |Period(period)| period),
        user: options.user_timeout.map_or(default.user, |Period(period)| period),
        keepalive: Keepalive {
            after: keepalive.after.map_or(default.keepalive.after, |Period(period)| period),
            every: keepalive.every.map_or(default.keepalive.every, |Period(period)| period),
            probes: keepalive.probes.map_or(default.keepalive.probes, file::Probes::count),
        },
        idle: or_off(options.idle_timeout, default.idle),
        idle_client: or_off(options.idle_client_timeout, default.idle_client),
        idle_backend: or_off(options.idle_backend_timeout, default.idle_backend),
        lifetime: or_off(options.max_lifetime, default.lifetime),
    }
}

/// What `host:port` stands for: a message and perhaps a help otherwise.
fn lookup(text: &str, any_port: bool) -> Result<Vec<SocketAddr>, (String, Option<String>)> {
    let quoted = format!("`{}`", text.escape_debug());
    let fault = |what: &str, help: String| Err((format!("{quoted} {what}"), Some(help)));
    if text.starts_with("systemd:") {
        return fault(
            "cannot be served: sockets are not taken over from systemd",
            "write address:port".into(),
        );
    }
    let Some((host, port)) = text.rsplit_once(':') else {
        return match text.parse::<u16>() {
            Ok(port) => fault("has no address", format!("write 127.0.0.1:{port} or [::]:{port}")),
            Err(_) => fault("has no port", "write host:port".into()),
        };
    };
    let port = match port.parse::<u16>() {
        Ok(0) if !any_port => return fault("has port 0", "write a port from 1 to 65535".into()),
        Ok(port) => port,
        Err(_) => {
            return fault(
                "has no valid port",
                "write host:port, with a port from 1 to 65535".into(),
            );
        }
    };
    if let Ok(address) = text.parse() {
        return Ok(vec![address]);
    }
    match host {
        "" | "*" => {
            return fault("has no address", format!("write 127.0.0.1:{port} or [::]:{port}"));
        }
        _ if host.contains(':') && !host.starts_with('[') => {
            return fault("is ambiguous", format!("write [{host}]:{port}"));
        }
        _ => {}
    }
    let found = (host, port)
        .to_socket_addrs()
        .map_err(|error| (format!("{quoted} cannot be found: {error}"), None))?;
    let mut addresses: Vec<SocketAddr> = Vec::new();
    for address in found {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    if addresses.is_empty() {
        return Err((format!("{quoted} has no addresses"), None));
    }
    Ok(addresses)
}

/// Appends secrets to a file that only its owner can read.
#[derive(Debug)]
struct KeyLogFile(Mutex<std::fs::File>);

impl KeyLogFile {
    fn open(path: &Path) -> io::Result<KeyLogFile> {
        let file = std::fs::OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
        Ok(KeyLogFile(Mutex::new(file)))
    }
}

impl KeyLog for KeyLogFile {
    fn line(&self, line: &str) {
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A debugging aid must not end a connection: what cannot be written is missing.
        let _ = file.write_all(format!("{line}\n").as_bytes());
    }
}

#[cfg(test)]
mod tests;
