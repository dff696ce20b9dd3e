//! The record layer of our own (RFC 8446, section 5; RFC 5246, section 6): opens and seals records in the
//! thread's buffers, keeps nothing per connection but keys and counters.
//!
//! An engine hands over the secrets when its handshake ends; from then on it is only asked for new keys.

mod control;
#[cfg(any(test, fuzzing))]
mod forge;
mod protection;

use crate::{
    Alert, TlsError, Version,
    buffers::{MAX_PLAIN, OpenBuffer, SealBuffer},
    connection::End,
    engine::{Layout, Traffic},
};
use control::Control;
use protection::{ContentType, Header, Protection};
use zeroize::Zeroizing;

/// While a connection is young and `small_first_records` is set, a record fits one TCP segment: 1,460 bytes less
/// the largest overhead of a record and of TCP options.
const SMALL_PLAIN: usize = 1_369;
/// How many records count as young: about 54 KB, four round trips of an initial window of ten segments.
const SMALL_RECORDS: u32 = 40;

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

impl Algorithm {
    /// Bytes of a key.
    pub(crate) fn key_length(self) -> usize {
        match self {
            Algorithm::Aes128Gcm => 16,
            Algorithm::Aes256Gcm | Algorithm::Chacha20Poly1305 => 32,
        }
    }
}

/// Which side of the connection we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Client,
    Server,
}

/// Where later keys come from once we protect records ourselves.
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
    pub(crate) version: Version,
    pub(crate) side: Side,
    /// Sequence number of the next record, and its keys.
    pub(crate) send: (u64, Secret),
    pub(crate) receive: (u64, Secret),
    /// Most records that one key may seal (RFC 8446, section 5.5).
    pub(crate) confidentiality_limit: u64,
    pub(crate) keys: Box<dyn KeySource>,
    pub(crate) small_first_records: bool,
}

/// Protects one connection's data in both directions.
pub(crate) struct RecordLayer {
    version: Version,
    send: Protection,
    receive: Protection,
    confidentiality_limit: u64,
    control: Control,
    keys: Box<dyn KeySource>,
    /// The peer asked for new keys and has not been answered yet.
    owes_key_update: bool,
    /// Small records still to be sent.
    small: u32,
}

impl RecordLayer {
    /// Takes over where a handshake left off.
    pub(crate) fn new(start: Start) -> RecordLayer {
        let (send_sequence, send) = start.send;
        let (receive_sequence, receive) = start.receive;
        RecordLayer {
            version: start.version,
            send: Protection::new(start.version, &send, send_sequence),
            receive: Protection::new(start.version, &receive, receive_sequence),
            confidentiality_limit: start.confidentiality_limit,
            control: Control::new(start.version, start.side),
            keys: start.keys,
            owes_key_update: false,
            small: if start.small_first_records { SMALL_RECORDS } else { 0 },
        }
    }

    /// Answers a request for new keys, unless an earlier answer still waits to be sent: answers must not pile up
    /// for a peer that asks but does not read.
    fn answer_key_update(&mut self, out: &mut Vec<u8>) -> Result<(), TlsError> {
        if self.owes_key_update && out.is_empty() {
            self.send_key_update(control::UPDATE_NOT_REQUESTED, out)?;
        }
        Ok(())
    }

    fn send_key_update(&mut self, request: u8, out: &mut Vec<u8>) -> Result<(), TlsError> {
        self.send.append(ContentType::HANDSHAKE, &[control::KEY_UPDATE, 0, 0, 1, request], out)?;
        self.send.renew(self.version, &self.keys.next_send()?);
        self.owes_key_update = false;
        Ok(())
    }

    fn open_one(&mut self, buffer: &mut OpenBuffer, out: &mut Vec<u8>) -> Result<Step, TlsError> {
        let Some(header) = Header::read(buffer.pending())? else { return Ok(Step::NeedInput) };
        let length = header.record_length();
        if buffer.pending().len() < length {
            return Ok(Step::NeedInput);
        }
        let (records, plain) = buffer.split();
        let record = &records[..length];
        if header.content == ContentType::CHANGE_CIPHER_SPEC && !self.control.inside_message() {
            return Err(control::unprotected_change_cipher_spec(&record[Header::LENGTH..]));
        }
        let (content, count) = self.receive.open(header, record, plain)?;
        self.control.count_empty(content, count)?;
        if content == ContentType::APPLICATION_DATA {
            self.control.data_received();
            buffer.add_plain(count);
            buffer.consume(length);
            return Ok(Step::Again);
        }
        let action = self.control.receive(content, &plain[..count]);
        buffer.consume(length);
        let mut next = action?;
        while let Some(action) = next {
            match action {
                control::Action::Close => return Ok(Step::Closed),
                control::Action::RefuseRenegotiation => {
                    self.send.append(
                        ContentType::ALERT,
                        &[control::WARNING, Alert::NO_RENEGOTIATION.code()],
                        out,
                    )?;
                }
                control::Action::RenewReceiving { answer } => {
                    let secret = self.keys.next_receive()?;
                    self.receive.renew(self.version, &secret);
                    self.owes_key_update |= answer;
                    self.answer_key_update(out)?;
                }
                control::Action::Ticket(body) => self.keys.new_session_ticket(&body)?,
            }
            next = self.control.next_message()?;
        }
        Ok(Step::Again)
    }
}

enum Step {
    Again,
    NeedInput,
    Closed,
}

impl Traffic for RecordLayer {
    fn open(&mut self, buffer: &mut OpenBuffer, out: &mut Vec<u8>) -> Option<End> {
        loop {
            match self.open_one(buffer, out) {
                Ok(Step::Again) => {}
                Ok(Step::NeedInput) => return None,
                Ok(Step::Closed) => return Some(End::Closed),
                Err(error) => {
                    if let Some(alert) = error.alert_sent() {
                        self.alert(true, alert, out);
                    }
                    return Some(End::Failed(error));
                }
            }
        }
    }

    fn layout(&self) -> Layout {
        let (max_plain, max_records) =
            if self.small > 0 { (SMALL_PLAIN, 16) } else { (MAX_PLAIN, usize::MAX) };
        Layout {
            header: self.send.header_length(),
            trailer: self.send.trailer_length(),
            max_plain,
            max_records,
        }
    }

    fn seal(
        &mut self,
        buffer: &mut SealBuffer,
        plain: usize,
        lead: &mut Vec<u8>,
    ) -> Result<(), TlsError> {
        let Layout { header, trailer, max_plain, max_records } = buffer.layout();
        let records = plain.div_ceil(max_plain.max(1));
        if (header, trailer) != (self.send.header_length(), self.send.trailer_length())
            || records > max_records
        {
            return Err(TlsError::Local("the buffer was not lent to this connection".into()));
        }
        if self.owes_key_update {
            self.send_key_update(control::UPDATE_NOT_REQUESTED, lead)?;
        }
        if self.send.sequence() + records as u64 > self.confidentiality_limit {
            match self.version {
                Version::Tls13 => self.send_key_update(control::UPDATE_REQUESTED, lead)?,
                // No close_notify: it would call a truncation an end.
                Version::Tls12 => return Err(TlsError::KeysExhausted),
            }
        }
        let room = buffer.records_mut();
        let (mut at, mut left) = (0, plain);
        while left > 0 {
            let count = left.min(max_plain);
            let end = at + header + count + trailer;
            self.send.seal(ContentType::APPLICATION_DATA, &mut room[at..end], count)?;
            (at, left) = (end, left - count);
        }
        self.small = self.small.saturating_sub(u32::try_from(records).unwrap_or(u32::MAX));
        buffer.set_sealed(at, lead);
        Ok(())
    }

    fn alert(&mut self, fatal: bool, alert: Alert, out: &mut Vec<u8>) {
        let level = if fatal { control::FATAL } else { control::WARNING };
        let before = out.len();
        if self.send.append(ContentType::ALERT, &[level, alert.code()], out).is_err() {
            // Only a failing cipher gets here; half a record must not reach the wire.
            out.truncate(before);
        }
    }

    fn update_keys(&mut self, out: &mut Vec<u8>) -> Result<(), TlsError> {
        match self.version {
            Version::Tls13 => self.send_key_update(control::UPDATE_REQUESTED, out),
            Version::Tls12 => Err(TlsError::Local("TLS 1.2 cannot renew its keys".into())),
        }
    }
}

#[cfg(test)]
mod tests;
