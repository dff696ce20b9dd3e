//! A server's configuration.

use super::{
    CipherSuite, ConfigError, DataPath, Group, Identity, SignatureScheme, Trust, VersionRange,
};
use crate::{
    KeyLog, SessionStore, TicketKeys,
    engine::{Engine, ServerEngine, rustls::Rustls},
    hello::ClientHello,
};
use std::sync::Arc;

/// What a server is asked to do, as written.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServerConfig {
    /// Certificates with their keys, several by key type: the first one that a client can verify serves it.
    pub identities: Vec<Arc<Identity>>,
    /// Versions.
    pub versions: VersionRange,
    /// Cipher suites, most wanted first; empty means the engine's safe default. The server's order decides.
    pub suites: Vec<CipherSuite>,
    /// Groups, most wanted first; empty means the engine's safe default.
    pub groups: Vec<Group>,
    /// Protocols for ALPN, most wanted first; empty means none is negotiated.
    pub alpn: Vec<Box<[u8]>>,
    /// Whether clients are asked for a certificate.
    pub client_auth: ClientAuth,
    /// Keys for session tickets; none means no tickets.
    pub tickets: Option<Arc<TicketKeys>>,
    /// Sessions for resumption by id (TLS 1.2), or by ticket where there are no ticket keys; none means neither.
    pub sessions: Option<Arc<SessionStore>>,
    /// Where secrets are written for debugging; none by default.
    pub key_log: Option<Arc<dyn KeyLog>>,
    /// Who protects data after the handshake.
    pub data_path: DataPath,
    /// Begin each connection with small records, so that the first of them are usable before a whole round trip's
    /// worth has arrived.
    pub small_first_records: bool,
}

impl ServerConfig {
    /// TLS 1.2 and 1.3 with safe suites and groups, no client certificates, no resumption.
    pub fn new(identities: Vec<Arc<Identity>>) -> ServerConfig {
        ServerConfig {
            identities,
            versions: VersionRange::default(),
            suites: Vec::new(),
            groups: Vec::new(),
            alpn: Vec::new(),
            client_auth: ClientAuth::default(),
            tickets: None,
            sessions: None,
            key_log: None,
            data_path: DataPath::default(),
            small_first_records: false,
        }
    }
}

/// Whether clients are asked for a certificate, and how it is judged.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum ClientAuth {
    /// They are not.
    #[default]
    None,
    /// They are. One that has none may go on; one whose certificate is not trusted may not.
    Optional(Arc<Trust>),
    /// They are, and need one.
    Required(Arc<Trust>),
}

impl ClientAuth {
    pub(crate) fn trust(&self) -> Option<&Arc<Trust>> {
        match self {
            ClientAuth::None => None,
            ClientAuth::Optional(trust) | ClientAuth::Required(trust) => Some(trust),
        }
    }
}

/// What an engine made of a [`ServerConfig`]. Cheap to clone.
#[derive(Clone)]
pub struct ServerContext {
    engine: Arc<dyn ServerEngine>,
}

impl ServerContext {
    /// Resolves what was written.
    ///
    /// # Errors
    /// When there is no identity, a key cannot be used, or the options leave nothing to agree on.
    pub fn new(config: &ServerConfig) -> Result<ServerContext, ConfigError> {
        Ok(ServerContext { engine: Rustls.server(config)? })
    }

    #[cfg(any(test, fuzzing))]
    pub(crate) fn from_engine(engine: Arc<dyn ServerEngine>) -> ServerContext {
        ServerContext { engine }
    }

    /// The signature schemes that a client offers and the engine knows too, in the client's order: with one of them the
    /// server signs, if it is one of its key's.
    ///
    /// ```no_run
    /// # fn example(context: &ravelin_tls::ServerContext, hello: &ravelin_tls::hello::ClientHello) {
    /// for scheme in context.shared_signature_schemes(hello) {
    ///     println!("{scheme}, which OpenSSL calls {}", scheme.openssl_name());
    /// }
    /// # }
    /// ```
    pub fn shared_signature_schemes(&self, hello: &ClientHello) -> Vec<SignatureScheme> {
        let known = self.engine.signature_schemes();
        let offered = hello.signature_schemes.iter().filter(|scheme| known.contains(scheme));
        offered.map(|scheme| SignatureScheme::from_code(*scheme)).collect()
    }

    pub(crate) fn engine(&self) -> &dyn ServerEngine {
        &*self.engine
    }
}

impl std::fmt::Debug for ServerContext {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServerContext").finish_non_exhaustive()
    }
}
