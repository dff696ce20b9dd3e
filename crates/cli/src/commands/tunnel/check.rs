//! `ravelin tunnel check`: what a configuration means, and what stands in its way.

use crate::{
    args::Written,
    exit::{Exit, Failure},
    output,
};
use jiff::{Timestamp, Unit};
use ravelin_tunnel::{
    clients::ClientAuth,
    config::Diagnostic,
    service::{
        AdminAddress, CertificateFacts, ClientAddress, ProxyVersion, Resumption, Service, Settings,
        Target, TlsSide,
    },
    transparent,
};
use serde_json::{Value, json};
use std::{fmt::Write as _, net::SocketAddr, time::Duration};

/// A certificate that ends within so many days is worth a word.
const SOON: i64 = 14;

const DAY: i64 = 24 * 60 * 60;

/// Looks at the whole configuration, files and names included. No: when the process lacks a privilege it needs.
///
/// # Errors
/// When the configuration is at fault.
pub fn run(written: &Written, json: bool) -> Result<Exit, Failure> {
    written.complete()?;
    let resumption = Resumption::new().map_err(Failure::input)?;
    let resolved =
        written.configuration().and_then(|configuration| configuration.resolve(resumption));
    let settings = match resolved {
        Ok(settings) => settings,
        Err(fault) => return refuse(fault, json),
    };
    let report = Report::new(&settings, Timestamp::now());
    if json {
        output::json(&report.json())?;
    } else {
        output::print(&report.text())?;
    }
    Ok(if report.missing.is_empty() { Exit::Yes } else { Exit::No })
}

fn refuse(fault: Diagnostic, json: bool) -> Result<Exit, Failure> {
    if json {
        output::json(&json!({
            "schema": 1,
            "ok": false,
            "error": {
                "file": fault.file().map(|file| file.display().to_string()),
                "line": fault.position().map(|position| position.line),
                "column": fault.position().map(|position| position.column),
                "message": fault.message(),
                "help": fault.suggestion(),
            },
            "services": null,
            "admin": null,
            "warnings": [],
            "missing": [],
            "rules": null,
        }))?;
    } else {
        output::print(&format!("{}\n", fault.render(output::is_colored())))?;
        if output::is_interactive() {
            // Both outputs are in sight: once is enough.
            return Ok(Exit::Usage);
        }
    }
    Err(fault.into())
}

/// What there is to say.
struct Report<'a> {
    settings: &'a Settings,
    now: Timestamp,
    warnings: Vec<String>,
    /// Privileges that transparent services lack.
    missing: Vec<String>,
    /// The rules that transparent services need.
    rules: Option<String>,
}

impl Report<'_> {
    fn new(settings: &Settings, now: Timestamp) -> Report<'_> {
        let transparent: Vec<SocketAddr> = settings
            .services
            .iter()
            .filter(|service| service.client_address == ClientAddress::Transparent)
            .flat_map(|service| match &service.target {
                Target::Tcp { addresses, .. } => addresses.clone(),
                Target::Unix(_) => Vec::new(),
            })
            .collect();
        let needs_rules = !transparent.is_empty();
        let mut warnings = Vec::new();
        for service in &settings.services {
            for certificate in &service.certificate_facts {
                let left = certificate.not_after - now.as_second();
                if left < SOON * DAY {
                    let file = certificate.file.display();
                    warnings.push(format!(
                        "{}: certificate {file} {}",
                        service.name,
                        expiry(certificate, now)
                    ));
                }
            }
        }
        if let Some(AdminAddress::Tcp(address)) = &settings.admin
            && !address.ip().to_canonical().is_loopback()
        {
            warnings.push(format!(
                "admin: everybody who reaches {address} may read metrics and status"
            ));
        }
        Report {
            settings,
            now,
            warnings,
            missing: if needs_rules {
                transparent::missing_privileges(&transparent)
            } else {
                Vec::new()
            },
            rules: needs_rules.then(|| transparent::rules(&transparent)),
        }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for service in &self.settings.services {
            self.service(service, &mut text);
            text.push('\n');
        }
        let settings = self.settings;
        let most = settings
            .limits
            .connections
            .map_or("as descriptors allow".into(), |most| most.to_string());
        let _ = writeln!(
            text,
            "all: {} workers; connections {most}; handshakes {}; drain {}",
            settings.workers,
            settings.limits.handshakes,
            time(settings.drain)
        );
        match &settings.admin {
            Some(AdminAddress::Tcp(address)) => {
                let _ = writeln!(text, "admin: {address}");
            }
            Some(AdminAddress::Unix(path)) => {
                let _ = writeln!(text, "admin: unix:{}", path.display());
            }
            None => {}
        }
        for warning in &self.warnings {
            let _ = writeln!(text, "warning: {warning}");
        }
        for missing in &self.missing {
            let _ = writeln!(text, "missing: {missing}");
        }
        text.push_str(if self.missing.is_empty() { "ok\n" } else { "not ok\n" });
        // Last, so that everything from the first line of the script on can be given to a shell.
        if let Some(rules) = &self.rules {
            let _ = write!(
                text,
                "\nThe kernel needs these rules for transparent connections:\n\n{rules}"
            );
        }
        text
    }

    fn service(&self, service: &Service, text: &mut String) {
        let listen: Vec<String> = service.listen.iter().map(ToString::to_string).collect();
        let _ = writeln!(text, "{}: {} -> {}", service.name, listen.join(", "), service.target);
        if let Target::Tcp { name, addresses } = &service.target
            && name.parse::<SocketAddr>().is_err()
        {
            let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
            let _ = writeln!(text, "  found at     {}", addresses.join(", "));
        }
        for certificate in &service.certificate_facts {
            let _ = writeln!(
                text,
                "  certificate  {} ({}), {}",
                certificate.file.display(),
                certificate.names.join(", "),
                expiry(certificate, self.now)
            );
        }
        let _ = writeln!(text, "  client       {}", client_address(service));
        if let TlsSide::Backend(origination) = &service.tls {
            let _ = write!(text, "  TLS          to the backend, as {}", origination.name);
            for pin in &origination.pins {
                let _ = write!(text, ", pin {pin}");
            }
            text.push('\n');
        }
        if let Some(auth) = client_auth(service) {
            let need = if auth.required { "required" } else { "optional" };
            let (anchors, crls) = (auth.trust.anchors.len(), auth.trust.crls.len());
            let _ = writeln!(
                text,
                "  certificates {need} of clients, anchors {anchors}, revocation lists {crls}, revocation {}, allowed: {}",
                auth.trust.revocation,
                allowed(auth).unwrap_or_else(|| "every trusted one".into())
            );
        }
        if let Some(proxy) = &service.accept_proxy {
            let from: Vec<String> = proxy
                .trusted
                .iter()
                .map(|network| format!("{}/{}", network.address, network.prefix))
                .collect();
            let from = if from.is_empty() { "everybody".into() } else { from.join(", ") };
            let _ = writeln!(text, "  PROXY from   {from}, within {}", time(proxy.timeout));
        }
        let limits = &service.timeouts;
        let _ = writeln!(
            text,
            "  limits       handshake {}, connect {}, half-close {}, unacknowledged {}, keepalive {} + {} x {}",
            time(limits.handshake),
            time(limits.connect),
            time(limits.half_close),
            time(limits.user),
            time(limits.keepalive.after),
            limits.keepalive.probes,
            time(limits.keepalive.every),
        );
        let optional = [
            ("idle", limits.idle.map(time)),
            ("idle client", limits.idle_client.map(time)),
            ("idle backend", limits.idle_backend.map(time)),
            ("lifetime", limits.lifetime.map(time)),
            ("connections", service.max_connections.map(|most| most.to_string())),
            ("per source", service.max_per_source.map(|most| most.to_string())),
        ];
        let optional: Vec<String> = optional
            .into_iter()
            .filter_map(|(name, limit)| Some(format!("{name} {}", limit?)))
            .collect();
        if !optional.is_empty() {
            let _ = writeln!(text, "               {}", optional.join(", "));
        }
    }

    fn json(&self) -> Value {
        let services: Vec<Value> =
            self.settings.services.iter().map(|service| describe(service)).collect();
        let admin = match &self.settings.admin {
            Some(AdminAddress::Tcp(address)) => Some(address.to_string()),
            Some(AdminAddress::Unix(path)) => Some(format!("unix:{}", path.display())),
            None => None,
        };
        json!({
            "schema": 1,
            "ok": self.missing.is_empty(),
            "error": null,
            "services": services,
            "admin": admin,
            "warnings": self.warnings,
            "missing": self.missing,
            "rules": self.rules,
        })
    }
}

fn describe(service: &Service) -> Value {
    let (addresses, listen): (Vec<String>, Vec<String>) = (
        match &service.target {
            Target::Tcp { addresses, .. } => addresses.iter().map(ToString::to_string).collect(),
            Target::Unix(_) => Vec::new(),
        },
        service.listen.iter().map(ToString::to_string).collect(),
    );
    let certificates: Vec<Value> = service
        .certificate_facts
        .iter()
        .map(|facts| {
            json!({
                "file": facts.file.display().to_string(),
                "names": facts.names,
                "serial": facts.serial,
                "not_after": Timestamp::from_second(facts.not_after).ok().map(|end| end.to_string()),
            })
        })
        .collect();
    let seconds = |limit: Duration| limit.as_secs_f64();
    let limits = &service.timeouts;
    json!({
        "name": *service.name,
        "listen": listen,
        "target": service.target.to_string(),
        "addresses": addresses,
        "certificates": certificates,
        "client_auth": client_auth(service).map(|auth| json!({
            "required": auth.required,
            "anchors": auth.trust.anchors.len(),
            "crls": auth.trust.crls.len(),
            "revocation": auth.trust.revocation.to_string(),
            "allow_names": auth.names.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "allow_pins": auth.pins.iter().map(ToString::to_string).collect::<Vec<_>>(),
        })),
        "server": match &service.tls {
            TlsSide::Client(_) => Value::Null,
            TlsSide::Backend(origination) => json!({
                "name": origination.name,
                "pins": origination.pins.iter().map(ToString::to_string).collect::<Vec<_>>(),
            }),
        },
        "client_address": client_address(service),
        "timeouts": {
            "handshake": seconds(limits.handshake),
            "connect": seconds(limits.connect),
            "half_close": seconds(limits.half_close),
            "user": seconds(limits.user),
            "idle": limits.idle.map(seconds),
            "idle_client": limits.idle_client.map(seconds),
            "idle_backend": limits.idle_backend.map(seconds),
            "lifetime": limits.lifetime.map(seconds),
        },
        "max_connections": service.max_connections,
        "max_per_source": service.max_per_source,
    })
}

fn client_auth(service: &Service) -> Option<&ClientAuth> {
    match &service.tls {
        TlsSide::Client(termination) => termination.client_auth.as_ref(),
        TlsSide::Backend(_) => None,
    }
}

/// The rules that choose among trusted clients, if there are any.
fn allowed(auth: &ClientAuth) -> Option<String> {
    let names = auth.names.iter().map(ToString::to_string);
    let pins = auth.pins.iter().map(|pin| format!("pin {pin}"));
    let rules: Vec<String> = names.chain(pins).collect();
    (!rules.is_empty()).then(|| rules.join(", "))
}

fn client_address(service: &Service) -> &'static str {
    match service.client_address {
        ClientAddress::None => "none",
        ClientAddress::Proxy(ProxyVersion::V1) => "proxy-v1",
        ClientAddress::Proxy(ProxyVersion::V2) => "proxy-v2",
        ClientAddress::Transparent => "transparent",
    }
}

/// When a certificate ends, as people say it.
fn expiry(certificate: &CertificateFacts, now: Timestamp) -> String {
    let Ok(end) = Timestamp::from_second(certificate.not_after) else {
        return "never expires".into();
    };
    let date = end.strftime("%Y-%m-%d");
    match certificate.not_after - now.as_second() {
        left if left <= 0 => format!("expired on {date}"),
        left if left < 2 * DAY => format!("expires in {} hours ({date})", left / 3600),
        left => format!("expires in {} days ({date})", left / DAY),
    }
}

/// A duration as it is written in a configuration.
fn time(duration: Duration) -> String {
    let Ok(duration) = jiff::SignedDuration::try_from(duration) else { return "for ever".into() };
    let rounded = duration.round(Unit::Millisecond).unwrap_or(duration);
    format!("{rounded:#}").replace(' ', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_said_as_they_are_written() {
        assert_eq!(time(Duration::from_secs(10)), "10s");
        assert_eq!(time(Duration::from_secs(5400)), "1h30m");
        assert_eq!(time(Duration::from_millis(250)), "250ms");
    }

    #[test]
    fn ends_are_said_in_days_or_hours() {
        let facts = CertificateFacts {
            file: "a.pem".into(),
            serial: "01".into(),
            not_after: 1_000_000,
            names: Vec::new(),
        };
        let at = |second| expiry(&facts, Timestamp::from_second(second).unwrap());
        assert_eq!(at(1_000_000), "expired on 1970-01-12");
        assert_eq!(at(1_000_000 - 2 * 3600), "expires in 2 hours (1970-01-12)");
        assert_eq!(at(1_000_000 - 3 * DAY), "expires in 3 days (1970-01-12)");
    }
}
