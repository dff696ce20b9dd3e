//! Bytes in both directions.
//!
//! Nothing is copied in user space while both sides keep up: records are opened and sealed in the thread's buffers. Only
//! what a side has no room for is kept with the connection, and then nothing more is read from the other side.

use super::{BROKEN, Over, Relay, Thread, backend_lost, client_lost};
use crate::reason::CloseReason;
use ravelin_tls::{End, SealBuffer};
use std::{
    array,
    io::{self, ErrorKind, IoSliceMut, Read as _},
};

/// Slots filled by one read: as many small records as a young connection may send at once.
const SLOTS: usize = 16;

impl Relay {
    /// From the client to the backend. True when there is more to do than this turn allows.
    pub(super) fn pump_up(&mut self, thread: &mut Thread, left: &mut usize) -> Result<bool, Over> {
        loop {
            self.flush_backend();
            if !self.up_pending.is_empty() && !self.backend_broken
                || !self.ends.up_open()
                || !(self.client_ready.readable || self.left_over)
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
                match self.client.read(space) {
                    Ok(0) => {
                        fin = true;
                        self.client_ready.readable = false;
                    }
                    Ok(count) => {
                        *left = left.saturating_sub(count);
                        thread.open.filled(count);
                        if count < room && !self.client_ready.read_closed {
                            self.client_ready.readable = false;
                        }
                    }
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {
                        self.client_ready.readable = false;
                    }
                    Err(error) => {
                        self.tls.keep(&mut thread.open);
                        return Err(client_lost(&error));
                    }
                }
            }
            self.open_and_forward(thread)?;
            if fin && self.ends.up_open() {
                match self.tls.receive_fin() {
                    End::Closed => self.ends.client_closed(),
                    _ => self.ends.client_truncated(),
                }
            }
        }
    }

    /// Opens what stands in the thread's buffer and hands it to the backend.
    fn open_and_forward(&mut self, thread: &mut Thread) -> Result<(), Over> {
        let opened = self.tls.open(&mut thread.open);
        let (plain, end) = (opened.plain, opened.end);
        if !plain.is_empty() {
            self.bytes.up += plain.len() as u64;
            self.times.moved = thread.now;
            if self.rtmp.as_mut().is_none_or(|watcher| watcher.is_life(plain)) {
                self.times.client = thread.now;
            }
            let taken = match &mut self.backend {
                _ if self.backend_broken => plain.len(),
                Some(backend) if self.up_pending.is_empty() && self.backend_ready.writable => {
                    match backend.write(plain) {
                        Ok(count) => count,
                        Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
                        Err(_) => {
                            self.backend_broken = true;
                            plain.len()
                        }
                    }
                }
                _ => 0,
            };
            if taken < plain.len() {
                self.backend_ready.writable = false;
                self.up_pending.extend_from_slice(&plain[taken..]);
            }
        }
        self.tls.keep(&mut thread.open);
        match end {
            None => {}
            Some(End::Closed) => self.ends.client_closed(),
            Some(End::Truncated) => self.ends.client_truncated(),
            Some(End::Failed(error)) => {
                // The alert goes out if there is room; what counts is that the backend sees no clean end.
                let _ = self.flush_client();
                return Err(Over::lost(CloseReason::TlsError, Some(error.to_string())));
            }
        }
        if !self.tls.may_hold() {
            self.flush_client()?;
        }
        Ok(())
    }

    /// From the backend to the client. True when there is more to do than this turn allows.
    pub(super) fn pump_down(
        &mut self,
        thread: &mut Thread,
        left: &mut usize,
    ) -> Result<bool, Over> {
        loop {
            if !self.tls.may_hold() || !self.down_pending.is_empty() {
                let flushed = self.flush_client();
                self.unless_done(flushed)?;
            }
            if !self.down_pending.is_empty()
                || !self.ends.down_open()
                || !self.backend_ready.readable
            {
                return Ok(false);
            }
            if *left == 0 {
                return Ok(true);
            }
            let Some(backend) = &mut self.backend else { return Ok(false) };
            self.tls.lend(&mut thread.seal);
            let (count, room) =
                match read_into(&mut thread.seal, |slots| backend.read_vectored(slots)) {
                    Ok(read) => read,
                    Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {
                        self.backend_ready.readable = false;
                        return Ok(false);
                    }
                    Err(error) => return Err(backend_lost(&error)),
                };
            if count == 0 {
                self.backend_ready.readable = false;
                if self.backend_broken {
                    return Err(Over::lost(CloseReason::BackendLost, Some(BROKEN.into())));
                }
                self.ends.backend_closed();
                // No data comes any more that tickets held back could travel with: they go, and the end after them.
                self.flush_client()?;
                return Ok(false);
            }
            if count < room && !self.backend_ready.read_closed {
                self.backend_ready.readable = false;
            }
            *left = left.saturating_sub(count);
            self.bytes.down += count as u64;
            self.times.moved = thread.now;
            self.times.backend = thread.now;
            let sealed = self.tls.seal(&mut thread.seal, count);
            sealed.map_err(|error| Over::lost(CloseReason::TlsError, Some(error.to_string())))?;
            let records = thread.seal.sealed();
            let sent = send(&mut self.client, records).map_err(|error| client_lost(&error))?;
            if sent < records.len() {
                self.client_ready.writable = false;
                self.down_pending = records[sent..].to_vec();
            }
        }
    }

    /// Sends the client what it had no room for, then what TLS has to say.
    pub(super) fn flush_client(&mut self) -> Result<(), Over> {
        if !self.down_pending.is_empty() {
            let sent = send(&mut self.client, &self.down_pending);
            let sent = sent.map_err(|error| client_lost(&error))?;
            drop_front(&mut self.down_pending, sent);
        }
        if self.down_pending.is_empty() && !self.tls.outgoing().is_empty() {
            let sent = send(&mut self.client, self.tls.outgoing());
            let sent = sent.map_err(|error| client_lost(&error))?;
            self.tls.sent(sent);
        }
        Ok(())
    }

    /// Hands the backend what it had no room for.
    fn flush_backend(&mut self) {
        if self.up_pending.is_empty() || !self.backend_ready.writable {
            return;
        }
        let Some(backend) = &mut self.backend else { return };
        match backend.write(&self.up_pending) {
            Ok(count) => {
                if count < self.up_pending.len() {
                    self.backend_ready.writable = false;
                }
                drop_front(&mut self.up_pending, count);
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.backend_ready.writable = false;
            }
            Err(_) => {
                // What it sent before is still to be read.
                self.backend_broken = true;
                self.up_pending = Vec::new();
                self.backend_ready.readable = true;
            }
        }
    }
}

/// Sends as much as the socket takes.
fn send(socket: &mut impl io::Write, bytes: &[u8]) -> io::Result<usize> {
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
