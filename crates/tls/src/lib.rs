//! TLS connections without sockets, clocks or runtimes: bytes in, bytes and events out.
//!
//! A [`Connection`] takes what came from the network in a buffer that belongs to the calling thread
//! ([`OpenBuffer`]) and gives back plaintext; it takes plaintext in another ([`SealBuffer`]) and gives back
//! records ready to send. It owns no socket, reads no clock and keeps no buffer while it is idle.
//!
//! Before any engine object exists, a server's connection tells what its client asks for ([`Connection::hello`]), so
//! that the caller may choose a [`ServerContext`] by server name, at leisure.
//!
//! Configuration comes in two types each: what was written ([`ServerConfig`], [`ClientConfig`]) and what
//! an engine made of it ([`ServerContext`], [`ClientContext`]); everything an engine cannot do fails there,
//! never in a handshake.

#![forbid(unsafe_code)]

mod alert;
mod buffers;
mod config;
mod connection;
pub mod engine;
mod error;
pub mod hello;
mod key_log;
mod record;
mod store;
mod tickets;

pub use alert::Alert;
pub use buffers::{OpenBuffer, SealBuffer};
pub use config::{
    CipherSuite, ClientAuth, ClientConfig, ClientContext, ConfigError, DataPath, Group, Identity,
    IdentityError, IdentityFacts, KeyKind, MAX_FILE, Overrides, Peer, ServerConfig, ServerContext,
    SignatureScheme, Trust, UnknownName, Version, VersionRange,
};
pub use connection::{Connection, End, Handshake, HandshakeKind, Opened};
#[cfg(fuzzing)]
#[doc(hidden)]
pub use engine::rustls::differential;
pub use error::{Fault, TlsError};
pub use key_log::KeyLog;
pub use store::SessionStore;
pub use tickets::{NoRandom, TicketKeys};

/// Bytes in lower-case hexadecimal.
fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
