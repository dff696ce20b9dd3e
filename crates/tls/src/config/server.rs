//! A server's configuration.

use super::{CipherSuite, DataPath, Group, Identity, VersionRange};
use crate::{KeyLog, SessionStore, TicketKeys, engine::ServerEngine};
use std::sync::Arc;

/// What a server is asked to do, as written.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServerConfig {
    /// Certificates with their keys, several by key type; the client's signature algorithms choose among them.
    pub identities: Vec<Arc<Identity>>,
    /// Versions.
    pub versions: VersionRange,
    /// Cipher suites, most wanted first; empty means the engine's safe default.
    pub suites: Vec<CipherSuite>,
    /// Groups, most wanted first; empty means the engine's safe default.
    pub groups: Vec<Group>,
    /// Protocols for ALPN, most wanted first; empty means none is negotiated.
    pub alpn: Vec<Box<[u8]>>,
    /// Whether clients are asked for a certificate.
    pub client_auth: ClientAuth,
    /// Keys for session tickets; none means no tickets.
    pub tickets: Option<Arc<TicketKeys>>,
    /// Sessions for resumption by id; none means no such resumption.
    pub sessions: Option<Arc<SessionStore>>,
    /// Where secrets are written for debugging; none by default.
    pub key_log: Option<Arc<dyn KeyLog>>,
    /// Who protects data after the handshake.
    pub data_path: DataPath,
    /// Begin each connection with small records, so that the first of them are usable before a whole round trip's
    /// worth has arrived.
    pub small_first_records: bool,
}

/// Whether clients are asked for a certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientAuth {
    /// They are not.
    #[default]
    None,
}

/// What an engine made of a [`ServerConfig`]. Cheap to clone.
#[derive(Clone)]
pub struct ServerContext {
    engine: Arc<dyn ServerEngine>,
}

impl ServerContext {
    pub(crate) fn engine(&self) -> &dyn ServerEngine {
        &*self.engine
    }
}
