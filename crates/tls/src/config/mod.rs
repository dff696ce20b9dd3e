//! What may be configured, as written and as resolved.

mod client;
mod identity;
mod overrides;
mod parameters;
mod server;
mod trust;

pub use client::{ClientConfig, ClientContext};
pub use identity::{Identity, IdentityError, IdentityFacts, KeyKind, MAX_FILE};
pub(crate) use identity::{KeyEncoding, PrivateKey};
pub use overrides::Overrides;
pub use parameters::{CipherSuite, Group, SignatureScheme, UnknownName, Version, VersionRange};
pub use server::{ClientAuth, ServerConfig, ServerContext};
pub use trust::{Peer, Trust};

use crate::engine::EngineKind;

/// Who protects data after the handshake.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DataPath {
    /// Ravelin's record layer: no copies, no memory while idle.
    #[default]
    Own,
    /// The engine's record layer: the reference that ours is held to.
    Engine,
}

/// Why a configuration cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// An option needs an engine that is not the chosen one.
    #[error("{option} needs the {needs} engine, this context uses {have}")]
    NeedsEngine {
        /// The option.
        option: String,
        /// The engine that has it.
        needs: EngineKind,
        /// The engine in use.
        have: EngineKind,
    },
    /// The options exclude each other or leave nothing to agree on.
    #[error("{0}")]
    Unusable(String),
}
