//! A TLS 1.3 server's key schedule behind the handshake: the traffic secrets and how they are renewed.
//!
//! rustls would keep them for us in a `KernelConnection`, at 0.8 KB a connection. A server needs two secrets of at most
//! 48 bytes.

use crate::{
    TlsError,
    record::{Algorithm, KeySource, Secret},
};
use aws_lc_rs::hkdf;
use rustls::{ConnectionTrafficSecrets, KeyLog};
use std::{cell::RefCell, fmt, sync::Arc};
use zeroize::Zeroizing;

/// The longest hash of a cipher suite (RFC 8446, appendix B.4): SHA-384.
const LONGEST: usize = 48;
const CLIENT: &str = "CLIENT_TRAFFIC_SECRET_0";
const SERVER: &str = "SERVER_TRAFFIC_SECRET_0";

thread_local! {
    /// What rustls said during one call.
    static HEARD: RefCell<Heard> = const { RefCell::new(Heard { client: None, server: None }) };
}

/// The first application traffic secrets of both sides.
#[derive(Default)]
pub(super) struct Heard {
    client: Option<Traffic>,
    server: Option<Traffic>,
}

impl Heard {
    /// Runs one call into rustls and keeps the secrets that it derives.
    pub(super) fn listen<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let result = work();
        HEARD.with_borrow_mut(|heard| {
            self.client = heard.client.take().or(self.client.take());
            self.server = heard.server.take().or(self.server.take());
        });
        result
    }

    /// The schedule of a finished server handshake with the keys `send`.
    pub(super) fn schedule(self, send: &ConnectionTrafficSecrets) -> Option<Schedule> {
        let algorithm = match send {
            ConnectionTrafficSecrets::Aes128Gcm { .. } => Algorithm::Aes128Gcm,
            ConnectionTrafficSecrets::Aes256Gcm { .. } => Algorithm::Aes256Gcm,
            ConnectionTrafficSecrets::Chacha20Poly1305 { .. } => Algorithm::Chacha20Poly1305,
            _ => return None,
        };
        Some(Schedule { algorithm, send: self.server?, receive: self.client? })
    }
}

/// Tells [`Heard`] what rustls derives, and passes it on to whoever else wants to know.
pub(super) struct Listener(pub(super) Arc<dyn KeyLog>);

impl KeyLog for Listener {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        match label {
            CLIENT => HEARD.with_borrow_mut(|heard| heard.client = Traffic::new(secret)),
            SERVER => HEARD.with_borrow_mut(|heard| heard.server = Traffic::new(secret)),
            _ => {}
        }
        if self.0.will_log(label) {
            self.0.log(label, client_random, secret);
        }
    }

    fn will_log(&self, label: &str) -> bool {
        matches!(label, CLIENT | SERVER) || self.0.will_log(label)
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Listener").field(&self.0).finish()
    }
}

/// A traffic secret.
struct Traffic {
    bytes: Zeroizing<[u8; LONGEST]>,
    length: u8,
}

impl Traffic {
    fn new(secret: &[u8]) -> Option<Traffic> {
        let mut bytes = Zeroizing::new([0; LONGEST]);
        bytes.get_mut(..secret.len())?.copy_from_slice(secret);
        Some(Traffic { bytes, length: u8::try_from(secret.len()).ok()? })
    }

    /// Goes on to the next secret, and says its keys (RFC 8446, sections 7.2 and 7.3).
    fn renew(&mut self, algorithm: Algorithm) -> Result<Secret, TlsError> {
        let length = usize::from(self.length);
        let mut next = Zeroizing::new([0; LONGEST]);
        self.expand(b"traffic upd", &mut next[..length])?;
        self.bytes = next;
        let mut secret = Secret { algorithm, key: Zeroizing::new([0; 32]), iv: [0; 12] };
        self.expand(b"key", &mut secret.key[..algorithm.key_length()])?;
        self.expand(b"iv", &mut secret.iv)?;
        Ok(secret)
    }

    /// HKDF-Expand-Label without a context (RFC 8446, section 7.1).
    fn expand(&self, label: &[u8], out: &mut [u8]) -> Result<(), TlsError> {
        const PREFIX: &[u8] = b"tls13 ";
        let broken = |_| TlsError::Local("the traffic secret could not be expanded".into());
        let hash =
            if usize::from(self.length) == LONGEST { hkdf::HKDF_SHA384 } else { hkdf::HKDF_SHA256 };
        let key = hkdf::Prk::new_less_safe(hash, &self.bytes[..usize::from(self.length)]);
        #[allow(clippy::cast_possible_truncation)] // at most 48, and labels of at most 11 bytes
        let (high, size) = ([0, out.len() as u8], [(PREFIX.len() + label.len()) as u8]);
        let info = [&high[..], &size, PREFIX, label, &[0]];
        key.expand(&info, Length(out.len())).map_err(broken)?.fill(out).map_err(broken)
    }
}

struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// Both secrets of a TLS 1.3 server.
pub(super) struct Schedule {
    algorithm: Algorithm,
    send: Traffic,
    receive: Traffic,
}

impl KeySource for Schedule {
    fn next_send(&mut self) -> Result<Secret, TlsError> {
        self.send.renew(self.algorithm)
    }

    fn next_receive(&mut self) -> Result<Secret, TlsError> {
        self.receive.renew(self.algorithm)
    }

    fn new_session_ticket(&mut self, _: &[u8]) -> Result<(), TlsError> {
        // The record layer refuses a client's ticket before it gets here.
        Err(TlsError::Local("a server takes no session tickets".into()))
    }
}

/// TLS 1.2 keeps its keys to the end.
pub(super) struct Fixed;

impl KeySource for Fixed {
    fn next_send(&mut self) -> Result<Secret, TlsError> {
        Err(TlsError::Local("TLS 1.2 keys are not renewed".into()))
    }

    fn next_receive(&mut self) -> Result<Secret, TlsError> {
        self.next_send()
    }

    fn new_session_ticket(&mut self, _: &[u8]) -> Result<(), TlsError> {
        Err(TlsError::Local("a server takes no session tickets".into()))
    }
}
