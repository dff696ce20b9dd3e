//! `ravelin tunnel --demo`: everything a tunnel needs, made on the spot, and tried.

mod backend;
mod certificate;
mod client;

use super::serve;
use crate::{
    args::Written,
    exit::{Exit, Failure},
    output,
};
use backend::Backend;
use ravelin_trust::Verdict;
use ravelin_tunnel::config::Configuration;
use serde_json::json;
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::SystemTime,
};

/// Where the demo listens unless it is said.
const LISTEN: &str = "127.0.0.1:8443";

/// Makes a certificate and a backend, starts a tunnel, connects to it, says how it went, and keeps serving.
///
/// # Errors
/// When something cannot be made or started, or the tunnel does not do what it should.
pub fn run(written: &Written, json: bool) -> Result<Exit, Failure> {
    let folder = certificate::state_folder(|name| std::env::var_os(name)).ok_or_else(|| {
        Failure::input("no folder for the demo's certificate; set RAVELIN_STATE_DIR or HOME")
    })?;
    let files =
        certificate::prepare(&folder.join("demo"), SystemTime::now()).map_err(Failure::input)?;
    let backend = Backend::start().map_err(Failure::input)?;

    let mut written = written.clone();
    if written.listen.is_empty() {
        written.listen.push(LISTEN.into());
    }
    written.service.to = Some(backend.address().to_string());
    written.service.cert = vec![files.chain.clone()];
    written.service.key = vec![files.key.clone()];
    let tunnel = serve::start(move || -> Result<Configuration, _> { written.configuration() })?;
    let address = tunnel.addresses().first().map(|(_, address)| reachable(*address));
    let address = address.ok_or_else(|| Failure::input("the demo listens nowhere"))?;

    let proof = client::attempt(address, &files.anchor)
        .map_err(|why| Failure::input(format!("the tunnel on {address} does not work: {why}")))?;
    let anchor = files.authority.display();
    if json {
        output::json(&json!({
            "schema": 1,
            "listen": address.to_string(),
            "backend": backend.address().to_string(),
            "anchor": anchor.to_string(),
            "version": proof.version,
            "cipher": proof.suite,
            "group": proof.group,
            "status": proof.verdict.status().word(),
            "verdict": verdict(&proof.verdict),
            "echoed": proof.echoed,
        }))?;
    } else {
        let group = proof.group.as_deref().unwrap_or("no new key exchange");
        output::print(&format!(
            "Ravelin's demo listens on {address} and leads to a backend on {backend}.\n\
             Tried it: {version}, {suite}, {group}; {echoed} bytes went through and came back, and both ends closed in \
             order.\n\
             The client's verdict: {verdict}.\n\n\
             Try it yourself:\n  \
             curl --cacert {anchor} https://localhost:{port}/\n  \
             openssl s_client -connect {address} -servername localhost -CAfile {anchor}\n\n\
             Stop it with Ctrl-C.\n",
            backend = backend.address(),
            version = proof.version,
            suite = proof.suite,
            echoed = proof.echoed,
            verdict = verdict(&proof.verdict),
            port = address.port(),
        ))?;
    }
    tunnel.wait();
    Ok(Exit::Yes)
}

/// What the demo's client decided, and by whose word.
fn verdict(verdict: &Verdict) -> String {
    let status = verdict.status();
    match verdict.trusted() {
        None => verdict.explanation(),
        Some(trusted) => {
            let anchor = trusted.anchor().name();
            let end = trusted.certificate();
            format!("{status}, for {} until {}, by {anchor}", end.subject(), end.not_after().date())
        }
    }
}

/// Where to connect to reach a listener: an address that stands for all of them is none to connect to.
fn reachable(listener: SocketAddr) -> SocketAddr {
    let ip = match listener.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listener.port())
}
