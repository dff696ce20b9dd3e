//! What happens to a socket.

use super::{SocketId, machine::Machine};
use std::{convert::Infallible, fmt, str::FromStr};

/// What kind of event: what listeners are registered for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EventType {
    /// The application got the focus. Dispatched by whoever has windows, never by a socket.
    Activate,
    /// The server closed the connection.
    Close,
    /// The connection stands; a secure one with a server that is trusted.
    Connect,
    /// The application lost the focus. Dispatched by whoever has windows, never by a socket.
    Deactivate,
    /// Connecting, sending or receiving failed.
    IoError,
    /// Bytes left the write buffer.
    OutputProgress,
    /// The server does not consent to the connection.
    SecurityError,
    /// Data has arrived.
    SocketData,
    /// Whatever the application dispatches beyond these.
    Other(String),
}

impl EventType {
    /// AIR's word for it.
    pub fn word(&self) -> &str {
        match self {
            EventType::Activate => "activate",
            EventType::Close => "close",
            EventType::Connect => "connect",
            EventType::Deactivate => "deactivate",
            EventType::IoError => "ioError",
            EventType::OutputProgress => "outputProgress",
            EventType::SecurityError => "securityError",
            EventType::SocketData => "socketData",
            EventType::Other(word) => word,
        }
    }

    const NAMED: [EventType; 8] = [
        EventType::Activate,
        EventType::Close,
        EventType::Connect,
        EventType::Deactivate,
        EventType::IoError,
        EventType::OutputProgress,
        EventType::SecurityError,
        EventType::SocketData,
    ];
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for EventType {
    type Err = Infallible;

    fn from_str(word: &str) -> Result<EventType, Infallible> {
        let named = EventType::NAMED.into_iter().find(|one| one.word() == word);
        Ok(named.unwrap_or_else(|| EventType::Other(word.to_owned())))
    }
}

/// What happened, with what there is to say about it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventKind {
    /// See [`EventType::Activate`].
    Activate,
    /// The server closed the connection.
    Close {
        /// The connection ended without TLS's close_notify: data may be missing (RFC 8446, section 6.1).
        truncated: bool,
    },
    /// The connection stands.
    Connect,
    /// See [`EventType::Deactivate`].
    Deactivate,
    /// Connecting, sending or receiving failed. Why a certificate was refused is told by
    /// [`server_certificate_status`](super::SecureSocket::server_certificate_status).
    IoError {
        /// AIR's number: [`error_id::SOCKET`](super::error_id::SOCKET).
        error_id: u32,
        /// What failed, for people.
        text: String,
    },
    /// Bytes left the write buffer.
    OutputProgress {
        /// How many still wait, at the moment that this listener is called.
        bytes_pending: usize,
        /// How many were written since the connection stands, those that wait among them.
        bytes_total: u64,
    },
    /// The server does not consent to the connection.
    SecurityError {
        /// AIR's number: [`error_id::SANDBOX_VIOLATION`](super::error_id::SANDBOX_VIOLATION).
        error_id: u32,
        /// Who may not do what and why, for people.
        text: String,
    },
    /// Data has arrived.
    SocketData {
        /// How many bytes can be read now, at the moment that this listener is called.
        bytes_loaded: usize,
    },
    /// Whatever the application dispatches.
    Other(String),
}

impl EventKind {
    /// What kind of event it is.
    pub fn event_type(&self) -> EventType {
        match self {
            EventKind::Activate => EventType::Activate,
            EventKind::Close { .. } => EventType::Close,
            EventKind::Connect => EventType::Connect,
            EventKind::Deactivate => EventType::Deactivate,
            EventKind::IoError { .. } => EventType::IoError,
            EventKind::OutputProgress { .. } => EventType::OutputProgress,
            EventKind::SecurityError { .. } => EventType::SecurityError,
            EventKind::SocketData { .. } => EventType::SocketData,
            EventKind::Other(word) => EventType::Other(word.clone()),
        }
    }
}

/// Something that happened to a socket: AIR's `Event`, `IOErrorEvent`, `SecurityErrorEvent`, `ProgressEvent` and
/// `OutputProgressEvent`.
///
/// ```
/// use ravelin_net::socket::{Event, EventKind, Sandbox, SecureSocket};
///
/// let mut socket = SecureSocket::new(Sandbox::Application)?;
/// let event = Event::new(EventKind::Activate);
/// assert_eq!(event.to_string(), "activate");
/// assert!(!event.bubbles() && !event.cancelable() && event.target().is_none());
/// assert!(socket.dispatch_event(event));
/// # Ok::<(), ravelin_net::socket::SocketError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    target: Option<SocketId>,
    cancelable: bool,
    default_prevented: bool,
    stopped: bool,
}

impl Event {
    /// An event that can be dispatched.
    pub fn new(kind: EventKind) -> Event {
        Event { kind, target: None, cancelable: false, default_prevented: false, stopped: false }
    }

    /// An event of the application's own that listeners can [cancel](Self::prevent_default).
    pub fn cancelable_other(word: impl Into<String>) -> Event {
        Event { cancelable: true, ..Event::new(EventKind::Other(word.into())) }
    }

    /// What kind of event it is (`type`).
    pub fn event_type(&self) -> EventType {
        self.kind.event_type()
    }

    /// The socket that it happened to; none before it is dispatched.
    pub fn target(&self) -> Option<SocketId> {
        self.target
    }

    /// The socket whose listener is called (`currentTarget`): the same one, as sockets have no parents.
    pub fn current_target(&self) -> Option<SocketId> {
        self.target
    }

    /// Always false: sockets have no parents.
    pub fn bubbles(&self) -> bool {
        false
    }

    /// Whether listeners can cancel it: nothing that happens to a socket can be undone.
    pub fn cancelable(&self) -> bool {
        self.cancelable
    }

    /// Cancels what the event is about (`preventDefault`), if it can be.
    pub fn prevent_default(&mut self) {
        self.default_prevented |= self.cancelable;
    }

    /// Whether a listener cancelled it (`isDefaultPrevented`).
    pub fn is_default_prevented(&self) -> bool {
        self.default_prevented
    }

    /// Keeps the listeners behind this one from being called (`stopImmediatePropagation`).
    pub fn stop_immediate_propagation(&mut self) {
        self.stopped = true;
    }

    /// How many bytes can be read (`bytesLoaded`), for [`EventKind::SocketData`].
    pub fn bytes_loaded(&self) -> Option<usize> {
        match self.kind {
            EventKind::SocketData { bytes_loaded } => Some(bytes_loaded),
            _ => None,
        }
    }

    /// How many bytes there will be (`bytesTotal`): for [`EventKind::SocketData`] always zero, since nobody knows; for
    /// [`EventKind::OutputProgress`] those that were written.
    pub fn bytes_total(&self) -> Option<u64> {
        match self.kind {
            EventKind::SocketData { .. } => Some(0),
            EventKind::OutputProgress { bytes_total, .. } => Some(bytes_total),
            _ => None,
        }
    }

    /// How many bytes still wait to be sent (`bytesPending`), for [`EventKind::OutputProgress`].
    pub fn bytes_pending(&self) -> Option<usize> {
        match self.kind {
            EventKind::OutputProgress { bytes_pending, .. } => Some(bytes_pending),
            _ => None,
        }
    }

    /// AIR's number of the error (`errorID`), for both kinds of errors.
    pub fn error_id(&self) -> Option<u32> {
        match self.kind {
            EventKind::IoError { error_id, .. } | EventKind::SecurityError { error_id, .. } => {
                Some(error_id)
            }
            _ => None,
        }
    }

    /// What failed, for people (`text`), for both kinds of errors.
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            EventKind::IoError { text, .. } | EventKind::SecurityError { text, .. } => Some(text),
            _ => None,
        }
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// Says what holds at the moment that somebody is told.
    pub(super) fn arrive(&mut self, at: SocketId, now: &Machine) {
        self.target = Some(at);
        match &mut self.kind {
            EventKind::SocketData { bytes_loaded } => *bytes_loaded = now.bytes_available(),
            EventKind::OutputProgress { bytes_pending, bytes_total } => {
                *bytes_pending = now.bytes_pending();
                *bytes_total = now.bytes_written();
            }
            _ => {}
        }
    }
}

impl From<EventKind> for Event {
    fn from(kind: EventKind) -> Event {
        Event::new(kind)
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.kind, self.text()) {
            (_, Some(text)) => write!(f, "{}: {text}", self.event_type()),
            (EventKind::Close { truncated: true }, _) => f.write_str("close, without close_notify"),
            _ => fmt::Display::fmt(&self.event_type(), f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_airs_words() {
        let words: Vec<_> = EventType::NAMED.iter().map(EventType::word).collect();
        assert_eq!(
            words,
            [
                "activate",
                "close",
                "connect",
                "deactivate",
                "ioError",
                "outputProgress",
                "securityError",
                "socketData"
            ]
        );
        for one in EventType::NAMED {
            assert_eq!(one.word().parse(), Ok(one.clone()));
        }
        assert_eq!("mine".parse(), Ok(EventType::Other("mine".into())));
    }

    #[test]
    fn only_what_can_be_cancelled_is() {
        let mut event = Event::new(EventKind::Connect);
        event.prevent_default();
        assert!(!event.is_default_prevented());
        let mut event = Event::cancelable_other("mine");
        event.prevent_default();
        assert!(event.cancelable() && event.is_default_prevented());
    }
}
