//! The record layer of our own (RFC 8446, section 5; RFC 5246, section 6): opens and seals records in the
//! thread's buffers, keeps nothing per connection but keys and counters.
//!
//! An engine hands over the secrets when its handshake ends; from then on it is only asked for new keys.

use crate::TlsError;
use zeroize::Zeroizing;

/// Keys of one direction.
pub(crate) struct Secret {
    pub(crate) algorithm: Algorithm,
    /// The first bytes, as many as the algorithm takes.
    pub(crate) key: Zeroizing<[u8; 32]>,
    /// The whole nonce base. TLS 1.2 with GCM: salt and the start of the explicit part.
    pub(crate) iv: [u8; 12],
}

/// The ciphers that records are protected with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Aes128Gcm,
    Aes256Gcm,
    Chacha20Poly1305,
}

/// Which side of the connection we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Client,
    Server,
}

/// What the engine is still needed for once we protect records ourselves.
pub(crate) trait KeySource: Send {
    /// The next keys for sending (RFC 8446, section 7.2).
    fn next_send(&mut self) -> Result<Secret, TlsError>;
    /// The next keys for receiving.
    fn next_receive(&mut self) -> Result<Secret, TlsError>;
    /// Takes the body of a NewSessionTicket message. Clients only.
    fn new_session_ticket(&mut self, body: &[u8]) -> Result<(), TlsError>;
}

/// Where an engine's handshake left off.
pub(crate) struct Start {
    pub(crate) version: crate::Version,
    pub(crate) side: Side,
    /// Sequence number of the next record, and its keys.
    pub(crate) send: (u64, Secret),
    pub(crate) receive: (u64, Secret),
    /// Most records that one key may seal (RFC 8446, section 5.5).
    pub(crate) confidentiality_limit: u64,
    pub(crate) keys: Box<dyn KeySource>,
    pub(crate) small_first_records: bool,
}
