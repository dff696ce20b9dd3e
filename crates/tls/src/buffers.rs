//! The buffers a thread lends to whichever connection it serves.

use crate::engine::Layout;
use std::ops::Range;

/// Most plaintext bytes in one record (RFC 8446, section 5.1).
pub const MAX_PLAIN: usize = 16_384;
/// Most bytes a protected record may have, header included (RFC 5246, section 6.2.3: 2^14 + 2048 + 5).
pub const MAX_RECORD: usize = 5 + MAX_PLAIN + 2048;
/// A full-size TLS 1.3 record on the wire.
const FULL_RECORD: usize = 5 + MAX_PLAIN + 17;

/// Room for records as they come from the network and for the plaintext that is in them.
///
/// One per thread serves all its connections. The cycle is: [`Connection::restore`](crate::Connection::restore), read from
/// the network into [`space`](Self::space), [`filled`](Self::filled), [`Connection::open`](crate::Connection::open), and in
/// the end [`Connection::keep`](crate::Connection::keep).
pub struct OpenBuffer {
    bytes: Box<[u8]>,
    range: Range<usize>,
    plain: Box<[u8]>,
    plain_len: usize,
}

impl OpenBuffer {
    /// Room for `records` records of full size; at least two.
    pub fn new(records: usize) -> OpenBuffer {
        // A record's plaintext is never longer than the record, so equal sizes always do.
        let size = (records * FULL_RECORD).max(2 * MAX_RECORD);
        OpenBuffer {
            bytes: vec![0; size].into(),
            range: 0..0,
            plain: vec![0; size].into(),
            plain_len: 0,
        }
    }

    /// Where the next bytes from the network go. Never empty as long as every call of
    /// [`Connection::open`](crate::Connection::open) is followed by a read.
    pub fn space(&mut self) -> &mut [u8] {
        if self.range.start > 0 {
            self.bytes.copy_within(self.range.clone(), 0);
            self.range = 0..self.range.len();
        }
        &mut self.bytes[self.range.end..]
    }

    /// Says that `count` bytes were read into [`space`](Self::space).
    ///
    /// # Panics
    /// When `count` is larger than that space.
    pub fn filled(&mut self, count: usize) {
        assert!(
            count <= self.bytes.len() - self.range.end,
            "more bytes filled than there was space for"
        );
        self.range.end += count;
    }

    /// Drops the first `count` pending bytes: what stood in front of the connection, as a PROXY header does.
    ///
    /// # Panics
    /// When fewer are pending.
    pub fn skip(&mut self, count: usize) {
        assert!(count <= self.range.len(), "more bytes skipped than there are");
        self.consume(count);
    }

    /// Bytes from the network that are not consumed yet.
    pub fn pending(&self) -> &[u8] {
        &self.bytes[self.range.clone()]
    }

    pub(crate) fn pending_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[self.range.clone()]
    }

    pub(crate) fn consume(&mut self, count: usize) {
        self.range.start += count;
        debug_assert!(self.range.start <= self.range.end);
        if self.range.is_empty() {
            self.range = 0..0;
        }
    }

    /// The record at the front and the free part of the plaintext, side by side.
    pub(crate) fn split(&mut self) -> (&mut [u8], &mut [u8]) {
        (&mut self.bytes[self.range.clone()], &mut self.plain[self.plain_len..])
    }

    pub(crate) fn add_plain(&mut self, count: usize) {
        self.plain_len += count;
    }

    pub(crate) fn plain(&self) -> &[u8] {
        &self.plain[..self.plain_len]
    }

    pub(crate) fn clear_plain(&mut self) {
        self.plain_len = 0;
    }

    /// Puts bytes kept by a connection in front. The buffer must be empty.
    pub(crate) fn restore(&mut self, kept: &[u8]) {
        debug_assert!(self.range.is_empty());
        self.bytes[..kept.len()].copy_from_slice(kept);
        self.range = 0..kept.len();
    }
}

impl std::fmt::Debug for OpenBuffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenBuffer")
            .field("pending", &self.range)
            .field("plain", &self.plain_len)
            .finish_non_exhaustive()
    }
}

/// Room in which a batch of records is prepared, sealed and sent from.
///
/// One per thread serves all its connections. The cycle is: [`Connection::lend`](crate::Connection::lend), read
/// plaintext into [`slots`](Self::slots), [`Connection::seal`](crate::Connection::seal), send
/// [`sealed`](Self::sealed).
pub struct SealBuffer {
    bytes: Box<[u8]>,
    layout: Layout,
    sealed: Range<usize>,
    spill: Vec<u8>,
}

/// Room in front of the first record for what must be sent before it: tickets, key updates.
pub(crate) const LEAD: usize = 4096;

impl SealBuffer {
    /// Room for `records` records of full size; at least one.
    pub fn new(records: usize) -> SealBuffer {
        SealBuffer {
            bytes: vec![0; LEAD + records.max(1) * (FULL_RECORD + 16)].into(),
            layout: Layout {
                header: 0,
                trailer: 0,
                max_plain: MAX_PLAIN,
                max_records: records.max(1),
            },
            sealed: 0..0,
            spill: Vec::new(),
        }
    }

    pub(crate) fn set_layout(&mut self, layout: Layout) {
        let fit = (self.bytes.len() - LEAD) / (layout.header + layout.max_plain + layout.trailer);
        self.layout = Layout { max_records: layout.max_records.min(fit), ..layout };
        self.sealed = 0..0;
        self.spill.clear();
    }

    pub(crate) fn layout(&self) -> Layout {
        self.layout
    }

    /// Where plaintext goes, in order, each slot but the last filled before the next one is begun.
    pub fn slots(&mut self) -> impl Iterator<Item = &mut [u8]> {
        let Layout { header, trailer, max_plain, max_records } = self.layout;
        self.bytes[LEAD..]
            .chunks_exact_mut(header + max_plain + trailer)
            .take(max_records)
            .map(move |record| &mut record[header..header + max_plain])
    }

    /// Copies `plain` into the slots as far as it fits; returns how many bytes did.
    pub fn fill(&mut self, mut plain: &[u8]) -> usize {
        let all = plain.len();
        for slot in self.slots() {
            let count = slot.len().min(plain.len());
            slot[..count].copy_from_slice(&plain[..count]);
            plain = &plain[count..];
            if plain.is_empty() {
                break;
            }
        }
        all - plain.len()
    }

    /// The records that the last [`Connection::seal`](crate::Connection::seal) made.
    pub fn sealed(&self) -> &[u8] {
        if self.spill.is_empty() { &self.bytes[self.sealed.clone()] } else { &self.spill }
    }

    /// The room of the records, from the first header on.
    pub(crate) fn records_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[LEAD..]
    }

    /// Says that `count` bytes of [`records_mut`](Self::records_mut) are sealed and puts `lead` in front of them.
    pub(crate) fn set_sealed(&mut self, count: usize, lead: &mut Vec<u8>) {
        if lead.len() <= LEAD {
            let start = LEAD - lead.len();
            self.bytes[start..LEAD].copy_from_slice(lead);
            self.sealed = start..LEAD + count;
        } else {
            self.spill.extend_from_slice(lead);
            self.spill.extend_from_slice(&self.bytes[LEAD..LEAD + count]);
        }
        *lead = Vec::new();
    }

    /// Replaces the sealed bytes by those an engine made elsewhere.
    pub(crate) fn set_spilled(&mut self, records: &[u8], lead: &mut Vec<u8>) {
        self.spill = std::mem::take(lead);
        self.spill.extend_from_slice(records);
    }
}

impl std::fmt::Debug for SealBuffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SealBuffer").field("sealed", &self.sealed).finish_non_exhaustive()
    }
}
