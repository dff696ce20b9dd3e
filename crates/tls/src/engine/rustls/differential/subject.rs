//! One connection under test, with its buffers.

use super::constant::NOW;
use crate::{Connection, End, OpenBuffer, SealBuffer, ServerContext};

pub(super) struct Subject {
    pub(super) connection: Connection,
    open: OpenBuffer,
    seal: SealBuffer,
    context: Option<ServerContext>,
    pub(super) plain: Vec<u8>,
    pub(super) end: Option<End>,
    sent: Vec<u8>,
    /// How much of `sent` was taken by [`Subject::fresh`].
    seen: usize,
}

impl Subject {
    pub(super) fn new(connection: Connection, context: Option<ServerContext>) -> Subject {
        Subject {
            connection,
            // rustls leaves the records of an unfinished message in the buffer; the longest takes five.
            open: OpenBuffer::new(8),
            seal: SealBuffer::new(2),
            context,
            plain: Vec::new(),
            end: None,
            sent: Vec::new(),
            seen: 0,
        }
    }

    /// Takes bytes from the network in pieces of these sizes, over and over.
    pub(super) fn receive(&mut self, mut wire: &[u8], pieces: &[u16]) {
        let mut sizes = pieces.iter().cycle();
        loop {
            let size = match sizes.next() {
                None | Some(0) => wire.len(),
                Some(size) => wire.len().min((*size).into()),
            };
            self.connection.restore(&mut self.open);
            let space = self.open.space();
            let count = space.len().min(size);
            assert!(count > 0 || wire.is_empty(), "no room for more bytes");
            space[..count].copy_from_slice(&wire[..count]);
            self.open.filled(count);
            wire = &wire[count..];
            self.work();
            self.connection.keep(&mut self.open);
            self.collect();
            if wire.is_empty() {
                return;
            }
        }
    }

    fn work(&mut self) {
        loop {
            let opened = self.connection.open(&mut self.open);
            self.plain.extend_from_slice(opened.plain);
            let again = opened.asking || opened.established;
            if opened.end.is_some() {
                assert_eq!(self.end, None, "two ends");
                self.end = opened.end;
            }
            if self.connection.hello().is_some() {
                let context = self.context.as_ref().expect("only servers are asked");
                self.connection.answer(context, NOW).expect("a ClientHello waits");
            } else if !again {
                return;
            }
        }
    }

    /// Seals all of `data`, as long as the connection lets it; says whether it did.
    pub(super) fn seal(&mut self, mut data: &[u8]) -> bool {
        while !data.is_empty() {
            self.connection.lend(&mut self.seal);
            let count = self.seal.fill(data);
            if self.connection.seal(&mut self.seal, count).is_err() {
                return false;
            }
            self.sent.extend_from_slice(self.seal.sealed());
            data = &data[count..];
        }
        true
    }

    pub(super) fn refresh(&mut self) -> bool {
        let obeyed = self.connection.refresh_keys().is_ok();
        self.collect();
        obeyed
    }

    pub(super) fn close(&mut self) {
        self.connection.close_notify();
        self.collect();
    }

    fn collect(&mut self) {
        let outgoing = self.connection.outgoing();
        self.sent.extend_from_slice(outgoing);
        let count = outgoing.len();
        self.connection.sent(count);
    }

    /// What was sent since the last call.
    pub(super) fn fresh(&mut self) -> &[u8] {
        let start = std::mem::replace(&mut self.seen, self.sent.len());
        &self.sent[start..]
    }

    /// Everything that was sent since the last call.
    pub(super) fn take_sent(&mut self) -> Vec<u8> {
        self.seen = 0;
        std::mem::take(&mut self.sent)
    }
}
