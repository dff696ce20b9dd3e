//! Bytes in both directions.
//!
//! Nothing is copied in user space while both sides keep up: records are opened and sealed in the thread's buffers. Only
//! what a side has no room for is kept with the connection, and then nothing more is read from the other side.

use super::{Over, Relay, Thread, stream::Stream};
use crate::reason::CloseReason;
use ravelin_tls::{End, SealBuffer};
use std::{
    array,
    io::{self, ErrorKind, IoSliceMut},
};

/// Slots filled by one read: as many small records as a young connection may send at once.
const SLOTS: usize = 16;

impl Relay {
    /// From the secure side to the plain one. True when there is more to do than this turn allows.
    pub(super) fn pump_open(
        &mut self,
        thread: &mut Thread,
        left: &mut usize,
    ) -> Result<bool, Over> {
        loop {
            self.flush_plain();
            if !self.to_plain.is_empty() && !self.plain_broken
                || !self.ends.secure_open()
                || !(self.secure_ready.readable || self.left_over)
            {
                return Ok(false);
            }
            if *left == 0 {
                return Ok(true);
            }
            self.tls.restore(&mut thread.open);
            let mut fin = false;
            // What the handshake left over comes first, and may fill the buffer.
            if !std::mem::take(&mut self.left_over) {
                let space = thread.open.space();
                let room = space.len();
                match self.secure.read(space) {
                    Ok(0) => {
                        fin = true;
                        self.secure_ready.readable = false;
                    }
                    Ok(count) => {
                        *left = left.saturating_sub(count);
                        thread.open.filled(count);
                        if count < room && !self.secure_ready.read_closed {
                            self.secure_ready.readable = false;
                        }
                    }
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {
                        self.secure_ready.readable = false;
                    }
                    Err(error) => {
                        self.tls.keep(&mut thread.open);
                        return Err(self.role.secure().lost(&error));
                    }
                }
            }
            self.open_and_forward(thread)?;
            if fin && self.ends.secure_open() {
                match self.tls.receive_fin() {
                    End::Closed => self.ends.secure_closed(),
                    _ => self.ends.secure_truncated(),
                }
            }
        }
    }

    /// Opens what stands in the thread's buffer and hands it to the plain side.
    fn open_and_forward(&mut self, thread: &mut Thread) -> Result<(), Over> {
        let opened = self.tls.open(&mut thread.open);
        let (plain, end) = (opened.plain, opened.end);
        if !plain.is_empty() {
            self.bytes.came(self.role.secure(), plain.len());
            self.times.moved = thread.now;
            if self.rtmp.as_mut().is_none_or(|watcher| watcher.is_life(plain)) {
                self.times.heard(self.role.secure(), thread.now);
            }
            let taken = if self.plain_broken {
                plain.len()
            } else if self.to_plain.is_empty() && self.plain_ready.writable {
                match self.plain.write(plain) {
                    Ok(count) => count,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
                    Err(_) => {
                        self.plain_broken = true;
                        plain.len()
                    }
                }
            } else {
                0
            };
            if taken < plain.len() {
                self.plain_ready.writable = false;
                self.to_plain.extend_from_slice(&plain[taken..]);
            }
        }
        self.tls.keep(&mut thread.open);
        match end {
            None => {}
            Some(End::Closed) => self.ends.secure_closed(),
            Some(End::Truncated) => self.ends.secure_truncated(),
            Some(End::Failed(error)) => {
                // The alert goes out if there is room; what counts is that the plain side sees no clean end.
                let _ = self.flush_secure();
                return Err(Over::lost(CloseReason::TlsError, Some(error.to_string())));
            }
        }
        if !self.tls.may_hold() {
            self.flush_secure()?;
        }
        Ok(())
    }

    /// From the plain side to the secure one. True when there is more to do than this turn allows.
    pub(super) fn pump_seal(
        &mut self,
        thread: &mut Thread,
        left: &mut usize,
    ) -> Result<bool, Over> {
        loop {
            if !self.tls.may_hold() || !self.to_secure.is_empty() {
                let flushed = self.flush_secure();
                self.unless_done(flushed)?;
            }
            if !self.to_secure.is_empty() || !self.ends.plain_open() || !self.plain_ready.readable {
                return Ok(false);
            }
            if *left == 0 {
                return Ok(true);
            }
            let plain = &mut self.plain;
            self.tls.lend(&mut thread.seal);
            let (count, room) =
                match read_into(&mut thread.seal, |slots| plain.read_vectored(slots)) {
                    Ok(read) => read,
                    Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {
                        self.plain_ready.readable = false;
                        return Ok(false);
                    }
                    Err(error) => return Err(self.role.plain().lost(&error)),
                };
            if count == 0 {
                self.plain_ready.readable = false;
                if self.plain_broken {
                    return Err(self.role.broken());
                }
                self.ends.plain_closed();
                // No data comes any more that tickets held back could travel with: they go, and the end after them.
                self.flush_secure()?;
                return Ok(false);
            }
            if count < room && !self.plain_ready.read_closed {
                self.plain_ready.readable = false;
            }
            *left = left.saturating_sub(count);
            self.bytes.came(self.role.plain(), count);
            self.times.moved = thread.now;
            self.times.heard(self.role.plain(), thread.now);
            let sealed = self.tls.seal(&mut thread.seal, count);
            sealed.map_err(|error| Over::lost(CloseReason::TlsError, Some(error.to_string())))?;
            let records = thread.seal.sealed();
            let sent = send(&mut self.secure, records);
            let sent = sent.map_err(|error| self.role.secure().lost(&error))?;
            if sent < records.len() {
                self.secure_ready.writable = false;
                self.to_secure = records[sent..].to_vec();
            }
        }
    }

    /// Sends the secure side what it had no room for, then what TLS has to say.
    pub(super) fn flush_secure(&mut self) -> Result<(), Over> {
        if !self.to_secure.is_empty() {
            let sent = send(&mut self.secure, &self.to_secure);
            let sent = sent.map_err(|error| self.role.secure().lost(&error))?;
            drop_front(&mut self.to_secure, sent);
        }
        if self.to_secure.is_empty() && !self.tls.outgoing().is_empty() {
            let sent = send(&mut self.secure, self.tls.outgoing());
            let sent = sent.map_err(|error| self.role.secure().lost(&error))?;
            self.tls.sent(sent);
        }
        Ok(())
    }

    /// Hands the plain side what it had no room for.
    fn flush_plain(&mut self) {
        if self.to_plain.is_empty() || !self.plain_ready.writable {
            return;
        }
        match self.plain.write(&self.to_plain) {
            Ok(count) => {
                if count < self.to_plain.len() {
                    self.plain_ready.writable = false;
                }
                drop_front(&mut self.to_plain, count);
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.plain_ready.writable = false;
            }
            Err(_) => {
                // What it sent before is still to be read.
                self.plain_broken = true;
                self.to_plain = Vec::new();
                self.plain_ready.readable = true;
            }
        }
    }
}

/// Sends as much as the socket takes.
fn send(socket: &mut Stream, bytes: &[u8]) -> io::Result<usize> {
    let mut sent = 0;
    while sent < bytes.len() {
        match socket.write(&bytes[sent..]) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => sent += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) => return Err(error),
        }
    }
    Ok(sent)
}

/// Reads into the buffer's slots; returns how many bytes came and how many could have.
fn read_into(
    buffer: &mut SealBuffer,
    read: impl FnOnce(&mut [IoSliceMut<'_>]) -> io::Result<usize>,
) -> io::Result<(usize, usize)> {
    let mut slots: [IoSliceMut<'_>; SLOTS] = array::from_fn(|_| IoSliceMut::new(&mut []));
    let (mut used, mut room) = (0, 0);
    for (slot, bytes) in slots.iter_mut().zip(buffer.slots()) {
        room += bytes.len();
        *slot = IoSliceMut::new(bytes);
        used += 1;
    }
    read(&mut slots[..used]).map(|count| (count, room))
}

fn drop_front(bytes: &mut Vec<u8>, count: usize) {
    if count == bytes.len() {
        *bytes = Vec::new();
    } else {
        bytes.drain(..count);
    }
}
