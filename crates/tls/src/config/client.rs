//! A client's configuration.

use super::{CipherSuite, ConfigError, DataPath, Group, Identity, Trust, VersionRange};
use crate::{
    KeyLog,
    engine::{ClientEngine, Engine, rustls::Rustls},
};
use std::sync::Arc;

/// What a client is asked to do, as written.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClientConfig {
    /// How the server is judged.
    pub trust: Arc<Trust>,
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
}

impl ClientConfig {
    /// TLS 1.2 and 1.3 with safe suites and groups, with a server that is judged like this.
    pub fn new(trust: Trust) -> ClientConfig {
        ClientConfig {
            trust: Arc::new(trust),
            identity: None,
            versions: VersionRange::default(),
            suites: Vec::new(),
            groups: Vec::new(),
            alpn: Vec::new(),
            sessions: 256,
            key_log: None,
            data_path: DataPath::default(),
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
    /// When nobody is trusted, or the options leave nothing to agree on.
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
