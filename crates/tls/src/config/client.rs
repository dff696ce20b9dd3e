//! A client's configuration.

use super::{CipherSuite, ConfigError, DataPath, Group, Identity, VersionRange};
use crate::{
    KeyLog,
    engine::{ClientEngine, Engine, rustls::Rustls},
};
use std::sync::Arc;

/// What a client is asked to do, as written.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClientConfig {
    /// Trust anchors: certificates as DER. Nothing else is trusted.
    pub anchors: Vec<Box<[u8]>>,
    /// What the client proves itself with, if the server asks.
    pub identity: Option<Arc<Identity>>,
    /// Versions.
    pub versions: VersionRange,
    /// Cipher suites, most wanted first; empty means the engine's safe default.
    pub suites: Vec<CipherSuite>,
    /// Groups, most wanted first; empty means the engine's safe default.
    pub groups: Vec<Group>,
    /// Protocols for ALPN, most wanted first; empty means none is offered.
    pub alpn: Vec<Box<[u8]>>,
    /// How many sessions are kept for resumption; zero for none.
    pub sessions: usize,
    /// Where secrets are written for debugging; none by default.
    pub key_log: Option<Arc<dyn KeyLog>>,
    /// Who protects data after the handshake.
    pub data_path: DataPath,
    /// Dangerous: takes any certificate, whoever signed it and whomever it is for, and does not even look whether the
    /// server has its key. `anchors` counts for nothing then. Whoever is between the two can answer in the server's place,
    /// so nothing that is sent is secret and nothing that comes is true: of use only to see what a server presents
    /// ([`Handshake::peer_certificates`](crate::Handshake::peer_certificates)) before anything is sent. Off by default.
    pub dangerous_accept_any: bool,
}

impl ClientConfig {
    /// TLS 1.2 and 1.3 with safe suites and groups, trusting `anchors` (DER) and nothing else.
    pub fn new(anchors: Vec<Box<[u8]>>) -> ClientConfig {
        ClientConfig {
            anchors,
            identity: None,
            versions: VersionRange::default(),
            suites: Vec::new(),
            groups: Vec::new(),
            alpn: Vec::new(),
            sessions: 256,
            key_log: None,
            data_path: DataPath::default(),
            dangerous_accept_any: false,
        }
    }
}

/// What an engine made of a [`ClientConfig`]. Cheap to clone.
#[derive(Clone)]
pub struct ClientContext {
    engine: Arc<dyn ClientEngine>,
}

impl ClientContext {
    /// Resolves what was written.
    ///
    /// # Errors
    /// When an anchor is no certificate, or the options leave nothing to agree on.
    pub fn new(config: &ClientConfig) -> Result<ClientContext, ConfigError> {
        Ok(ClientContext { engine: Rustls.client(config)? })
    }

    #[cfg(any(test, fuzzing))]
    pub(crate) fn from_engine(engine: Arc<dyn ClientEngine>) -> ClientContext {
        ClientContext { engine }
    }

    pub(crate) fn engine(&self) -> &dyn ClientEngine {
        &*self.engine
    }
}

impl std::fmt::Debug for ClientContext {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientContext").finish_non_exhaustive()
    }
}
