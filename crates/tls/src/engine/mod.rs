//! The boundary to TLS engines: traits in our words, third-party types in one folder each.
//!
//! An `Engine` turns what was written into contexts. A context starts a `Negotiation`; a finished
//! handshake becomes a `Traffic`. None of them knows sockets or time.

pub(crate) mod rustls;

use crate::{
    Alert, TlsError,
    buffers::{OpenBuffer, SealBuffer},
    config::{ClientConfig, ConfigError, Overrides, ServerConfig},
    connection::{End, Handshake},
    hello::ClientHello,
};
use ravelin_trust::Verdict;
use std::{fmt, sync::Arc, time::Duration};

/// Which engine serves a context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EngineKind {
    /// rustls with AWS-LC: TLS 1.2 and 1.3.
    Rustls,
}

impl fmt::Display for EngineKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EngineKind::Rustls => f.write_str("rustls"),
        }
    }
}

/// Makes contexts. Whatever it cannot do fails here with a named error, never in a handshake.
pub(crate) trait Engine: Send + Sync {
    fn server(&self, config: &ServerConfig) -> Result<Arc<dyn ServerEngine>, ConfigError>;
    fn client(&self, config: &ClientConfig) -> Result<Arc<dyn ClientEngine>, ConfigError>;
}

/// A server's resolved configuration in the engine's own types.
pub(crate) trait ServerEngine: Send + Sync {
    /// Starts a handshake with a client that sent `hello`, at `now`, since 1970-01-01T00:00:00Z. The message itself
    /// comes again as input. `hello` is given away, so that an engine can free its many small parts before it allocates
    /// what stays: what stays would stand between them otherwise.
    fn accept(
        &self,
        hello: Box<ClientHello>,
        now: Duration,
        overrides: &Overrides,
    ) -> Result<Box<dyn Negotiation>, TlsError>;

    /// Schemes of signatures that are made or verified, by their numbers, most wanted first.
    fn signature_schemes(&self) -> Vec<u16>;
}

/// A client's resolved configuration in the engine's own types.
pub(crate) trait ClientEngine: Send + Sync {
    /// Starts a handshake for `name` (a DNS name or an IP address as text) at `now`, since 1970-01-01T00:00:00Z.
    fn connect(
        &self,
        name: &str,
        now: Duration,
        overrides: &Overrides,
    ) -> Result<Box<dyn Negotiation>, TlsError>;
}

/// A handshake in progress.
pub(crate) trait Negotiation: Send {
    /// Works on the records at the front of `input` (possibly none), appends what must be sent to `out`.
    ///
    /// Takes only what belongs to the handshake: bytes after its last record stay unconsumed.
    /// On an error the alert to send, if there is one, has been appended to `out`.
    fn step(&mut self, input: &mut [u8], out: &mut Vec<u8>) -> (usize, Result<Progress, TlsError>);

    /// What was agreed, and the way to protect data from here on. Only after [`Progress::Done`].
    ///
    /// Bytes that may be held back until the first data (session tickets) are appended to `held`. On an error, that is
    /// the alert to send, if there is one. A resumed session's peer is judged again: `verdict` is what came of it.
    fn finish(
        self: Box<Self>,
        held: &mut Vec<u8>,
        verdict: &mut Option<Arc<Verdict>>,
    ) -> Result<(Handshake, Box<dyn Traffic>), TlsError>;

    /// The verdict on the peer's certificates, once there is one; given away.
    fn take_verdict(&mut self) -> Option<Arc<Verdict>>;
}

/// How far a handshake has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// More bytes from the peer are needed.
    NeedInput,
    /// Data may flow.
    Done,
}

/// Protected data in both directions after a handshake.
pub(crate) trait Traffic: Send {
    /// Opens the complete records at the front of the buffer; plaintext is appended to the buffer's plain part.
    ///
    /// What must be answered (key updates, alerts) is appended to `out`. `Some` ends the receiving direction;
    /// plaintext opened before is valid all the same.
    fn open(&mut self, buffer: &mut OpenBuffer, out: &mut Vec<u8>) -> Option<End>;

    /// How much room records take around their plaintext.
    fn layout(&self) -> Layout;

    /// Seals the first `plain` bytes lent in the buffer's slots. The result stands in the buffer behind `lead`, which
    /// comes first on the wire; `lead` is emptied.
    fn seal(
        &mut self,
        buffer: &mut SealBuffer,
        plain: usize,
        lead: &mut Vec<u8>,
    ) -> Result<(), TlsError>;

    /// Appends an alert record to `out`.
    fn alert(&mut self, fatal: bool, alert: Alert, out: &mut Vec<u8>);

    /// Appends a KeyUpdate that also asks the peer for one (RFC 8446, section 4.6.3).
    fn update_keys(&mut self, out: &mut Vec<u8>) -> Result<(), TlsError>;
}

/// How much room records take around their plaintext.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    /// Bytes in front of each record's plaintext.
    pub(crate) header: usize,
    /// Bytes behind each record's plaintext.
    pub(crate) trailer: usize,
    /// Most plaintext bytes in one record of this batch.
    pub(crate) max_plain: usize,
    /// Most records in this batch.
    pub(crate) max_records: usize,
}
