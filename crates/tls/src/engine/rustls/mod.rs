//! The rustls engine: the only folder that knows rustls types.
//!
//! - `server`, `client`: what was written becomes a context.
//! - `negotiation`: drives a handshake, record by record.
//! - `keys`: hands the secrets of a finished handshake to our record layer.
//! - `schedule`: a server's traffic secrets behind the handshake.
//! - `verifier`: lets `ravelin-trust` judge certificates.
//! - `traffic`: rustls's own record layer, the reference that ours is held to.
//! - `clock`: lends rustls the caller's time.
//! - `fault`: rustls's errors in our words.
//! - `differential` (tests and fuzzing): holds our record layer to rustls's.

mod client;
mod clock;
#[cfg(any(test, fuzzing))]
pub mod differential;
mod fault;
mod keys;
mod negotiation;
mod schedule;
mod server;
mod traffic;
mod verifier;

use super::{ClientEngine, Engine, ServerEngine};
use crate::{
    CipherSuite, ClientConfig, ConfigError, Group, KeyLog, ServerConfig, Version, VersionRange, hex,
};
use rustls::{
    SupportedProtocolVersion,
    crypto::{CryptoProvider, aws_lc_rs},
};
use std::sync::{Arc, OnceLock};

/// The engine with rustls and AWS-LC.
#[derive(Debug)]
pub(crate) struct Rustls;

impl Engine for Rustls {
    fn server(&self, config: &ServerConfig) -> Result<Arc<dyn ServerEngine>, ConfigError> {
        Ok(Arc::new(server::Context::new(config)?))
    }

    fn client(&self, config: &ClientConfig) -> Result<Arc<dyn ClientEngine>, ConfigError> {
        Ok(Arc::new(client::Context::new(config)?))
    }
}

/// The provider with just these suites and groups, in this order. Never the process default.
fn provider(suites: &[CipherSuite], groups: &[Group]) -> Result<Arc<CryptoProvider>, ConfigError> {
    static DEFAULT: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    let default = DEFAULT.get_or_init(|| Arc::new(aws_lc_rs::default_provider()));
    if suites.is_empty() && groups.is_empty() {
        return Ok(Arc::clone(default));
    }
    let mut provider = CryptoProvider::clone(default);
    if !suites.is_empty() {
        provider.cipher_suites = suites
            .iter()
            .map(|wanted| {
                let known = aws_lc_rs::ALL_CIPHER_SUITES;
                let found = known.iter().find(|known| u16::from(known.suite()) == wanted.code());
                found.copied().ok_or_else(|| unknown("cipher suite", wanted))
            })
            .collect::<Result<_, _>>()?;
    }
    if !groups.is_empty() {
        provider.kx_groups = groups
            .iter()
            .map(|wanted| {
                let known = aws_lc_rs::ALL_KX_GROUPS;
                let found = known.iter().find(|known| u16::from(known.name()) == wanted.code());
                found.copied().ok_or_else(|| unknown("group", wanted))
            })
            .collect::<Result<_, _>>()?;
    }
    Ok(Arc::new(provider))
}

fn unknown(what: &str, name: &dyn std::fmt::Display) -> ConfigError {
    ConfigError::Unusable(format!("the rustls engine has no {what} {name}"))
}

/// rustls's names for a range of versions, which must leave a suite to agree on.
fn versions(
    range: VersionRange,
    provider: &CryptoProvider,
) -> Result<Vec<&'static SupportedProtocolVersion>, ConfigError> {
    let mut versions = Vec::new();
    for (version, name) in
        [(Version::Tls13, &rustls::version::TLS13), (Version::Tls12, &rustls::version::TLS12)]
    {
        let usable = |suite: &rustls::SupportedCipherSuite| suite.version() == name;
        if range.contains(version) && provider.cipher_suites.iter().any(usable) {
            versions.push(name);
        }
    }
    if versions.is_empty() {
        let detail = "no cipher suite is left for the versions that are allowed";
        return Err(ConfigError::Unusable(detail.into()));
    }
    Ok(versions)
}

/// Writes secrets as lines of the NSS key log format.
#[derive(Debug)]
struct Lines(Arc<dyn KeyLog>);

impl rustls::KeyLog for Lines {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        self.0.line(&format!("{label} {} {}", hex(client_random), hex(secret)));
    }
}

fn key_log(wanted: Option<&Arc<dyn KeyLog>>) -> Arc<dyn rustls::KeyLog> {
    match wanted {
        Some(log) => Arc::new(Lines(Arc::clone(log))),
        None => Arc::new(rustls::NoKeyLog),
    }
}
