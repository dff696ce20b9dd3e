//! What a socket is between two events: no I/O, no clock, no listeners.
//!
//! What happens to the connection is told to the machine; what the application is to hear of comes out of
//! [`Machine::next_event`], and only then is true for it: a socket is connected from its `connect` event on, and closed from its `close` or
//! `ioError` event on.

use super::{EventKind, SocketError, error_id};
use crate::data::{Buffer, Reader, Writer};
use std::{collections::VecDeque, mem};

/// Bytes that may have arrived and not been read, if nothing else is said.
pub const DEFAULT_INPUT_LIMIT: usize = 64 << 20;

pub(super) struct Machine {
    phase: Phase,
    /// Numbers of bytes in it are filled in when it is told.
    queue: VecDeque<EventKind>,
    pub(super) reader: Reader,
    pub(super) writer: Writer,
    pub(super) input_limit: usize,
    /// Of what was written, so many bytes at the front are to be sent.
    flushed: usize,
    /// Bytes that the transport has taken, and not the network.
    held: usize,
    /// Bytes that the transport has taken since the connection stands.
    taken: u64,
}

/// As the application knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Closed,
    Connecting,
    Connected,
}

/// Why no connection came to stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    Io(String),
    Security(String),
}

impl Machine {
    pub(super) fn new() -> Machine {
        Machine {
            phase: Phase::Closed,
            queue: VecDeque::new(),
            reader: Reader::default(),
            writer: Writer::default(),
            input_limit: DEFAULT_INPUT_LIMIT,
            flushed: 0,
            held: 0,
            taken: 0,
        }
    }

    pub(super) fn phase(&self) -> Phase {
        self.phase
    }

    // What happens to the connection.

    /// A connection is being made. Whatever was known of an earlier one is forgotten.
    pub(super) fn begin(&mut self) {
        self.reset();
        self.phase = Phase::Connecting;
    }

    pub(super) fn established(&mut self) {
        self.queue.push_back(EventKind::Connect);
    }

    pub(super) fn failed(&mut self, failure: Failure) {
        self.queue.push_back(match failure {
            Failure::Io(text) => io_error(text),
            Failure::Security(text) => {
                EventKind::SecurityError { error_id: error_id::SANDBOX_VIOLATION, text }
            }
        });
    }

    pub(super) fn received(&mut self, bytes: &[u8]) {
        self.reader.push(bytes);
        self.queue.push_back(EventKind::SocketData { bytes_loaded: 0 });
    }

    /// The transport took `count` bytes of what was to be sent.
    pub(super) fn moved(&mut self, count: usize) {
        self.writer.output.consume(count);
        self.flushed -= count;
        self.taken += count as u64;
    }

    /// The transport still has `held` bytes that the network did not take. `before`: how many waited in all when this
    /// was last looked at.
    pub(super) fn progressed(&mut self, held: usize, before: usize) {
        self.held = held;
        let told = |event: &EventKind| matches!(event, EventKind::OutputProgress { .. });
        if self.bytes_pending() < before && !self.queue.iter().any(told) {
            self.queue.push_back(EventKind::OutputProgress { bytes_pending: 0, bytes_total: 0 });
        }
    }

    pub(super) fn ended(&mut self, truncated: bool) {
        self.queue.push_back(EventKind::Close { truncated });
    }

    pub(super) fn broke(&mut self, text: String) {
        self.queue.push_back(io_error(text));
    }

    // What the application does.

    /// Everything that was written so far is to be sent.
    pub(super) fn flush(&mut self) -> Result<(), SocketError> {
        self.open()?;
        self.flushed = self.writer.pending();
        Ok(())
    }

    /// Closed without an event. What was written and not sent.
    pub(super) fn close(&mut self) -> Buffer {
        let rest = mem::take(&mut self.writer.output);
        self.reset();
        rest
    }

    /// For reading and writing.
    pub(super) fn open(&self) -> Result<(), SocketError> {
        if self.phase == Phase::Connected { Ok(()) } else { Err(SocketError::Closed) }
    }

    // What comes of it.

    /// The next event that the application has not heard of. What it says is true from now on.
    pub(super) fn next_event(&mut self) -> Option<EventKind> {
        let event = self.queue.pop_front()?;
        match &event {
            EventKind::Connect => self.phase = Phase::Connected,
            EventKind::Close { .. }
            | EventKind::IoError { .. }
            | EventKind::SecurityError { .. } => self.reset(),
            _ => {}
        }
        Some(event)
    }

    pub(super) fn bytes_available(&self) -> usize {
        self.reader.available()
    }

    pub(super) fn bytes_pending(&self) -> usize {
        self.writer.pending() + self.held
    }

    /// Bytes that were written since the connection stands.
    pub(super) fn bytes_written(&self) -> u64 {
        self.taken + self.writer.pending() as u64
    }

    /// What is to be handed to the transport now.
    pub(super) fn to_send(&self) -> &[u8] {
        &self.writer.output.as_slice()[..self.flushed]
    }

    pub(super) fn is_full(&self) -> bool {
        self.bytes_available() >= self.input_limit
    }

    /// How it reads and writes stays as it was set.
    fn reset(&mut self) {
        let old = mem::take(&mut self.reader);
        self.reader.endian = old.endian;
        self.reader.object_encoding = old.object_encoding;
        self.reader.limits = old.limits;
        self.reader.externalizables = old.externalizables;
        self.reader.unknown_charset = old.unknown_charset;
        self.writer.output = Buffer::default();
        self.queue.clear();
        (self.flushed, self.held, self.taken) = (0, 0, 0);
        self.phase = Phase::Closed;
    }
}

fn io_error(text: String) -> EventKind {
    EventKind::IoError { error_id: error_id::SOCKET, text }
}

#[cfg(test)]
mod tests;
