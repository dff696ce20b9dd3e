//! From options to the same thing that a configuration file is read into.

use crate::{
    args::{self, ServiceArgs, Written},
    exit::Failure,
};
use ravelin_trust::{Anchor, Anchors};
use ravelin_tunnel::{
    clients::ClientAuthMode,
    config::{
        AcceptProxy, AcceptProxyTable, Configuration, Diagnostic, File, Parsed,
        file::{Admin, ClientAddress, ClientAuth, Identity, Keepalive, Server, Service, Where},
    },
    service::{IdleBy, LogFormat, OnTruncation},
};
use std::path::{Path, PathBuf};

/// The name of the one service that options describe.
const SERVICE: &str = "tunnel";

impl Written {
    /// Whether there is enough to go on.
    ///
    /// # Errors
    /// When neither a file nor a whole service is given, or both are.
    pub fn complete(&self) -> Result<(), Failure> {
        if self.config.is_some() {
            if self.listen.is_empty() && self.service == ServiceArgs::default() {
                return Ok(());
            }
            return Err(Failure::input(
                "the services come from the file of --config; leave out --listen, --to and the others that describe one",
            ));
        }
        let own =
            [("--cert", !self.service.cert.is_empty()), ("--key", !self.service.key.is_empty())];
        let needs_own = !self.service.client || own.iter().any(|(_, given)| *given);
        let mut given =
            vec![("--listen", !self.listen.is_empty()), ("--to", self.service.to.is_some())];
        given.extend(own.into_iter().filter(|_| needs_own));
        let missing: Vec<&str> =
            given.iter().filter(|given| !given.1).map(|given| given.0).collect();
        if missing.len() == given.len() && !self.service.client {
            let ways = "give --listen, --to, --cert and --key, or --config FILE, or --demo";
            return Err(Failure::input(format!("what is to be served? {ways}")));
        }
        if !missing.is_empty() {
            return Err(Failure::input(format!("{} missing", are(&missing))));
        }
        let (certs, keys) = (self.service.cert.len(), self.service.key.len());
        if certs != keys {
            return Err(Failure::input(format!(
                "{certs} times --cert and {keys} times --key: each certificate needs its key, in the same order"
            )));
        }
        let asked = self.service.client_auth.filter(|mode| *mode != args::ClientAuth::None);
        if asked.is_some() && self.service.client_anchor.is_empty() {
            return Err(Failure::input(
                "--client-anchor is missing: without it no client could be trusted",
            ));
        }
        Ok(())
    }

    /// Reads the file, or takes the options for one.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn configuration(&self) -> Result<Configuration, Diagnostic> {
        let mut configuration = match &self.config {
            Some(path) => Configuration::read(path)?,
            None => Configuration::from_file(self.file()),
        }
        .with_system_anchors(system_anchors);
        self.override_process(&mut configuration.file);
        Ok(configuration)
    }

    fn override_process(&self, file: &mut File) {
        let all = &self.all;
        let tunnel = &mut file.tunnel;
        tunnel.workers = all.workers.or(tunnel.workers);
        tunnel.max_connections = all.max_connections.or(tunnel.max_connections);
        tunnel.max_handshakes = all.max_handshakes.or(tunnel.max_handshakes);
        tunnel.drain_timeout = all.drain_timeout.or(tunnel.drain_timeout);
        if let Some(listen) = &all.admin {
            file.admin = Some(Admin { listen: absolute(listen) });
        }
        match all.log_format {
            None => {}
            Some(args::LogFormat::Text) => file.log.format = Some(LogFormat::Text),
            Some(args::LogFormat::Json) => file.log.format = Some(LogFormat::Json),
        }
    }

    fn file(&self) -> File {
        let args = &self.service;
        let identities = args.cert.iter().zip(&args.key).map(|(cert, key)| Identity {
            cert: at(cert.clone()),
            key: at(key.clone()),
            names: None,
            default: None,
        });
        let mut service = Service::new(
            at(self.listen.iter().cloned().map(at).collect()),
            at(args.to.clone().unwrap_or_default()),
            None,
            Some(identities.collect()),
        );
        service.server = args.client.then(|| server(args));
        service.client_auth = client_auth(args);
        service.client_address = match args.send_proxy {
            Some(args::ProxyVersion::V1) => Some(at(ClientAddress::ProxyV1)),
            Some(args::ProxyVersion::V2) => Some(at(ClientAddress::ProxyV2)),
            None if args.transparent => Some(at(ClientAddress::Transparent)),
            None => None,
        };
        if args.accept_proxy {
            let trusted: Vec<_> = args.accept_proxy_from.iter().copied().map(Parsed).collect();
            service.accept_proxy = Some(AcceptProxy::Table(AcceptProxyTable {
                trusted: (!trusted.is_empty()).then(|| at(trusted)),
                timeout: args.proxy_timeout,
            }));
        }
        service.min_version = args.min_version.map(|version| at(Parsed(version)));
        service.max_version = args.max_version.map(|version| at(Parsed(version)));
        service.ciphers =
            args.ciphers.as_ref().map(|list| at(list.0.iter().copied().map(Parsed).collect()));
        service.groups =
            args.groups.as_ref().map(|list| at(list.0.iter().copied().map(Parsed).collect()));
        service.alpn = Some(args.alpn.iter().cloned().map(at).collect());
        service.tickets = args.no_tickets.then_some(false);
        service.small_first_records = args.small_first_records.then_some(true);
        service.key_log_file = args.key_log_file.clone().map(at::<PathBuf>);
        service.on_truncation = args.on_truncation.map(|end| match end {
            args::OnTruncation::Reset => OnTruncation::Reset,
            args::OnTruncation::Fin => OnTruncation::Fin,
        });
        service.handshake_timeout = args.handshake_timeout;
        service.connect_timeout = args.connect_timeout;
        service.half_close_timeout = args.half_close_timeout;
        service.user_timeout = args.user_timeout;
        service.keepalive = Some(Keepalive {
            after: args.keepalive_after,
            every: args.keepalive_every,
            probes: args.keepalive_probes,
        });
        service.idle_timeout = args.idle_timeout;
        service.idle_client_timeout = args.idle_client_timeout;
        service.idle_backend_timeout = args.idle_backend_timeout;
        service.idle_by = args.idle_by.map(|by| match by {
            args::IdleBy::Bytes => IdleBy::Bytes,
            args::IdleBy::Rtmp => IdleBy::Rtmp,
        });
        service.max_lifetime = args.max_lifetime;
        service.max_per_source = args.max_per_source;
        let mut file = File::default();
        file.service.insert(at(SERVICE.to_owned()), service);
        file
    }
}

/// The trust anchors of this system.
fn system_anchors() -> Result<Anchors, String> {
    let roots = ravelin_net::roots::platform();
    let mut anchors = Anchors::new();
    for anchor in roots.certificates.iter().filter_map(|der| Anchor::certificate(der).ok()) {
        anchors.add_anchor(anchor);
    }
    match (anchors.is_empty(), roots.faults.first()) {
        (false, _) => Ok(anchors),
        (true, Some(fault)) => Err(fault.to_string()),
        (true, None) => Err("there are none".into()),
    }
}

fn server(args: &ServiceArgs) -> Server {
    let anchors: Vec<_> = args.anchor.iter().cloned().map(at).collect();
    let pins: Vec<_> = args.pin.iter().copied().map(Parsed).collect();
    Server {
        name: args.servername.clone().map(at),
        anchors: (!anchors.is_empty()).then(|| at(anchors)),
        crls: Some(args.crl.iter().cloned().map(at).collect()),
        revocation: args.revocation.map(Parsed),
        pins: (!pins.is_empty()).then(|| at(pins)),
    }
}

fn client_auth(args: &ServiceArgs) -> Option<ClientAuth> {
    let mode = match args.client_auth? {
        args::ClientAuth::None => ClientAuthMode::None,
        args::ClientAuth::Optional => ClientAuthMode::Optional,
        args::ClientAuth::Required => ClientAuthMode::Required,
    };
    let files = |paths: &[PathBuf]| -> Vec<_> { paths.iter().cloned().map(at).collect() };
    let names: Vec<_> = args.allow_client_name.iter().cloned().map(Parsed).collect();
    let pins: Vec<_> = args.allow_client_pin.iter().copied().map(Parsed).collect();
    Some(ClientAuth {
        mode: at(mode),
        anchors: Some(at(files(&args.client_anchor))),
        crls: Some(files(&args.client_crl)),
        revocation: args.client_revocation.map(Parsed),
        allow_names: (!names.is_empty()).then(|| at(names)),
        allow_pins: (!pins.is_empty()).then(|| at(pins)),
    })
}

/// What comes from the command line has no place in a file.
pub fn at<T>(value: T) -> Where<T> {
    Where::new(0..0, value)
}

/// A unix socket's path on the command line starts at the working folder, whatever the file's folder is.
fn absolute(address: &str) -> Where<String> {
    let path = address.strip_prefix("unix:").filter(|path| !path.is_empty());
    let path = path.and_then(|path| std::path::absolute(path).ok());
    match path.as_deref().and_then(Path::to_str) {
        Some(path) => at(format!("unix:{path}")),
        None => at(address.to_owned()),
    }
}

fn are(names: &[&str]) -> String {
    let verb = if names.len() == 1 { "is" } else { "are" };
    format!("{} {verb}", names.join(", "))
}
