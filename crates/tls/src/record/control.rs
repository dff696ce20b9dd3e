//! What arrives on an established connection besides data: alerts, key updates, tickets, renegotiation.

use super::{
    Side,
    protection::{ContentType, misbehaved},
};
use crate::{Alert, TlsError, Version};

pub(super) const WARNING: u8 = 1;
pub(super) const FATAL: u8 = 2;

const HELLO_REQUEST: u8 = 0;
const CLIENT_HELLO: u8 = 1;
const NEW_SESSION_TICKET: u8 = 4;
pub(super) const KEY_UPDATE: u8 = 24;
pub(super) const UPDATE_NOT_REQUESTED: u8 = 0;
pub(super) const UPDATE_REQUESTED: u8 = 1;

/// Records without content in a row: each costs us a decryption and moves nothing.
const MAX_EMPTY: u8 = 32;
/// Warning alerts on one connection.
const MAX_WARNINGS: u8 = 4;
/// Key updates between two data records: each costs us a key schedule.
const MAX_KEY_UPDATES: u8 = 32;
/// The first wish to renegotiate is refused politely, the second ends the connection.
const MAX_RENEGOTIATIONS: u8 = 1;
/// A message longer than this is refused before it is collected.
const MAX_MESSAGE: usize = 0xffff;
const MESSAGE_HEADER: usize = 4;

/// What a control message asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Action {
    Close,
    RefuseRenegotiation,
    RenewReceiving { answer: bool },
    Ticket(Vec<u8>),
}

/// Collects handshake messages and counts what a peer could do to keep us busy for nothing.
pub(super) struct Control {
    version: Version,
    side: Side,
    /// The front of a handshake message whose rest has not arrived.
    message: Vec<u8>,
    empty: u8,
    warnings: u8,
    key_updates: u8,
    renegotiations: u8,
}

impl Control {
    pub(super) fn new(version: Version, side: Side) -> Control {
        Control {
            version,
            side,
            message: Vec::new(),
            empty: 0,
            warnings: 0,
            key_updates: 0,
            renegotiations: 0,
        }
    }

    /// Whether a handshake message has begun and not ended.
    pub(super) fn inside_message(&self) -> bool {
        !self.message.is_empty()
    }

    /// To be called for every record: refuses what may not come between (RFC 8446, section 5.1) and floods of nothing.
    pub(super) fn count_empty(
        &mut self,
        content: ContentType,
        count: usize,
    ) -> Result<(), TlsError> {
        if self.inside_message() && content != ContentType::HANDSHAKE {
            return Err(misbehaved("another record inside a handshake message", None));
        }
        if count > 0 {
            self.empty = 0;
        } else if self.empty == MAX_EMPTY {
            return Err(misbehaved("too many empty records", None));
        } else {
            self.empty += 1;
        }
        Ok(())
    }

    pub(super) fn data_received(&mut self) {
        self.key_updates = 0;
    }

    /// Takes a record that carries no data; says what to do first. What to do next says [`Control::next_message`], once
    /// that is done.
    pub(super) fn receive(
        &mut self,
        content: ContentType,
        body: &[u8],
    ) -> Result<Option<Action>, TlsError> {
        match content {
            ContentType::ALERT => self.alert(body),
            ContentType::HANDSHAKE => {
                self.collect(body)?;
                self.next_message()
            }
            _ => Err(misbehaved("unknown content type", Some(Alert::DECODE_ERROR))),
        }
    }

    fn alert(&mut self, body: &[u8]) -> Result<Option<Action>, TlsError> {
        let &[level, code] = body else {
            return Err(misbehaved(
                "an alert that is not two bytes long",
                Some(Alert::DECODE_ERROR),
            ));
        };
        let alert = Alert::from_code(code);
        if level != WARNING && level != FATAL {
            let detail = format!("alert {alert} of unknown level {level}");
            return Err(misbehaved(&detail, Some(Alert::ILLEGAL_PARAMETER)));
        }
        if alert == Alert::CLOSE_NOTIFY {
            return Ok(Some(Action::Close));
        }
        if level == FATAL {
            return Err(TlsError::AlertReceived(alert));
        }
        if self.warnings == MAX_WARNINGS {
            return Err(misbehaved("too many warning alerts", None));
        }
        self.warnings += 1;
        // TLS 1.3 knows no warnings but these two (RFC 8446, section 6).
        if self.version == Version::Tls13 && alert != Alert::USER_CANCELED {
            return Err(misbehaved(
                &format!("alert {alert} as a warning"),
                Some(Alert::DECODE_ERROR),
            ));
        }
        Ok(None)
    }

    fn collect(&mut self, body: &[u8]) -> Result<(), TlsError> {
        self.message.extend_from_slice(body);
        let mut rest = &self.message[..];
        while let Some(length) = message_length(rest) {
            if length > MAX_MESSAGE {
                return Err(misbehaved("a handshake message longer than 65535 bytes", None));
            }
            rest = rest.get(MESSAGE_HEADER + length..).unwrap_or_default();
        }
        Ok(())
    }

    /// Takes the next complete handshake message.
    pub(super) fn next_message(&mut self) -> Result<Option<Action>, TlsError> {
        match message_length(&self.message) {
            Some(length) if MESSAGE_HEADER + length <= self.message.len() => {
                let rest = self.message.split_off(MESSAGE_HEADER + length);
                let message = std::mem::replace(&mut self.message, rest);
                self.handshake_message(message[0], &message[MESSAGE_HEADER..]).map(Some)
            }
            _ => Ok(None),
        }
    }

    fn handshake_message(&mut self, kind: u8, body: &[u8]) -> Result<Action, TlsError> {
        match (self.version, self.side, kind) {
            (Version::Tls13, _, KEY_UPDATE) => self.key_update(body),
            (Version::Tls13, Side::Client, NEW_SESSION_TICKET) => Ok(Action::Ticket(body.to_vec())),
            (Version::Tls12, Side::Server, CLIENT_HELLO)
            | (Version::Tls12, Side::Client, HELLO_REQUEST) => {
                if self.renegotiations == MAX_RENEGOTIATIONS {
                    return Err(misbehaved("it insists on renegotiation", None));
                }
                self.renegotiations += 1;
                Ok(Action::RefuseRenegotiation)
            }
            _ => Err(misbehaved(
                &format!("handshake message {kind} on an established connection"),
                Some(Alert::UNEXPECTED_MESSAGE),
            )),
        }
    }

    /// RFC 8446, section 4.6.3.
    fn key_update(&mut self, body: &[u8]) -> Result<Action, TlsError> {
        let &[request] = body else {
            return Err(misbehaved(
                "a key update that is not one byte long",
                Some(Alert::DECODE_ERROR),
            ));
        };
        if self.inside_message() {
            return Err(misbehaved(
                "a handshake message over a change of keys",
                Some(Alert::UNEXPECTED_MESSAGE),
            ));
        }
        if self.key_updates == MAX_KEY_UPDATES {
            return Err(misbehaved("too many key updates without data", None));
        }
        self.key_updates += 1;
        match request {
            UPDATE_NOT_REQUESTED => Ok(Action::RenewReceiving { answer: false }),
            UPDATE_REQUESTED => Ok(Action::RenewReceiving { answer: true }),
            _ => Err(misbehaved("a key update of unknown kind", Some(Alert::ILLEGAL_PARAMETER))),
        }
    }
}

/// What the header of the message at the front says; none while that is incomplete.
fn message_length(bytes: &[u8]) -> Option<usize> {
    let &[_, high, middle, low] = bytes.first_chunk::<MESSAGE_HEADER>()?;
    Some(usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low))
}

/// The one record that is never protected; after a handshake it has no place (RFC 8446, section 5).
pub(super) fn unprotected_change_cipher_spec(body: &[u8]) -> TlsError {
    let alert = if body == [1] { Alert::UNEXPECTED_MESSAGE } else { Alert::DECODE_ERROR };
    misbehaved("a change_cipher_spec on an established connection", Some(alert))
}
