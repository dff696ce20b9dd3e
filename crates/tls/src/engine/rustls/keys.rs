//! Hands the secrets of a finished handshake to our record layer.

use super::{clock, fault, negotiation::Raw, schedule::Heard};
use crate::{
    TlsError, Version,
    record::{Algorithm, KeySource, RecordLayer, Secret, Start},
};
use rustls::{
    ConnectionTrafficSecrets, SupportedCipherSuite, client::ClientConnectionData,
    kernel::KernelConnection,
};
use std::time::Duration;
use zeroize::Zeroizing;

/// Takes a finished handshake apart: from now on we protect the records.
pub(super) fn own_records<R: Raw>(
    connection: R,
    heard: Heard,
    version: Version,
    now: Duration,
    small_first_records: bool,
) -> Result<RecordLayer, TlsError> {
    let limit = connection.negotiated_cipher_suite().map(confidentiality_limit);
    let (secrets, keys) = connection.take_apart(heard, now)?;
    Ok(RecordLayer::new(Start {
        version,
        side: R::SIDE,
        send: (secrets.tx.0, secret(&secrets.tx.1)?),
        receive: (secrets.rx.0, secret(&secrets.rx.1)?),
        confidentiality_limit: limit.unwrap_or_default(),
        keys,
        small_first_records,
    }))
}

/// A client's key schedule: rustls keeps it, because it also takes the session tickets.
pub(super) struct ClientSchedule {
    pub(super) kernel: KernelConnection<ClientConnectionData>,
    /// When the handshake began: the time that tickets are taken to have come at, so that they count as older than they
    /// are and never as younger.
    pub(super) now: Duration,
}

impl KeySource for ClientSchedule {
    fn next_send(&mut self) -> Result<Secret, TlsError> {
        secret(&self.kernel.update_tx_secret().map_err(|error| fault::translate(error, None))?.1)
    }

    fn next_receive(&mut self) -> Result<Secret, TlsError> {
        secret(&self.kernel.update_rx_secret().map_err(|error| fault::translate(error, None))?.1)
    }

    fn new_session_ticket(&mut self, body: &[u8]) -> Result<(), TlsError> {
        clock::at(self.now, || self.kernel.handle_new_session_ticket(body))
            .map_err(|error| fault::translate(error, None))
    }
}

fn secret(secrets: &ConnectionTrafficSecrets) -> Result<Secret, TlsError> {
    let (algorithm, key, iv) = match secrets {
        ConnectionTrafficSecrets::Aes128Gcm { key, iv } => (Algorithm::Aes128Gcm, key, iv),
        ConnectionTrafficSecrets::Aes256Gcm { key, iv } => (Algorithm::Aes256Gcm, key, iv),
        ConnectionTrafficSecrets::Chacha20Poly1305 { key, iv } => {
            (Algorithm::Chacha20Poly1305, key, iv)
        }
        _ => return Err(TlsError::Local("the record layer does not know this cipher".into())),
    };
    let mut bytes = Zeroizing::new([0; 32]);
    let key = key.as_ref();
    bytes[..key.len()].copy_from_slice(key);
    let iv = iv.as_ref().try_into();
    let iv = iv.map_err(|_| TlsError::Local("a nonce base that is not 12 bytes long".into()))?;
    Ok(Secret { algorithm, key: bytes, iv })
}

fn confidentiality_limit(suite: SupportedCipherSuite) -> u64 {
    match suite {
        SupportedCipherSuite::Tls12(suite) => suite.common.confidentiality_limit,
        SupportedCipherSuite::Tls13(suite) => suite.common.confidentiality_limit,
    }
}
