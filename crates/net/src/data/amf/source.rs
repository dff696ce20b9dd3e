//! The bytes a value is decoded from, and what it has cost so far.

use super::{DecodeError, Fault, Graph, Id, LimitKind, Limits, Object, Value};
use std::sync::Arc;

/// What a string costs beside its text.
const STRING_HEAD: usize = 2 * size_of::<usize>();

pub(super) struct Source<'a> {
    bytes: &'a [u8],
    limits: &'a Limits,
    progress: Progress,
}

/// How far it was read, and what that has cost.
#[derive(Clone, Copy, Default)]
pub(super) struct Progress {
    position: usize,
    elements: usize,
    memory: usize,
}

impl<'a> Source<'a> {
    pub(super) fn new(bytes: &'a [u8], limits: &'a Limits, progress: Progress) -> Source<'a> {
        Source { bytes, limits, progress }
    }

    pub(super) fn progress(&self) -> Progress {
        self.progress
    }

    /// Goes back to where it was.
    pub(super) fn rewind(&mut self, progress: Progress) {
        self.progress = progress;
    }

    pub(super) fn position(&self) -> usize {
        self.progress.position
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        self.expect(count)?;
        let bytes = &self.bytes[self.progress.position..self.progress.position + count];
        self.progress.position += count;
        Ok(bytes)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    pub(super) fn u8(&mut self) -> Result<u8, DecodeError> {
        Ok(self.array::<1>()?[0])
    }

    /// The next byte, which is not taken.
    pub(super) fn peek(&self) -> Result<u8, DecodeError> {
        self.expect(1)?;
        Ok(self.bytes[self.progress.position])
    }

    pub(super) fn u16(&mut self) -> Result<u16, DecodeError> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, DecodeError> {
        self.array().map(u32::from_be_bytes)
    }

    pub(super) fn f64(&mut self) -> Result<f64, DecodeError> {
        self.array().map(f64::from_be_bytes)
    }

    /// Text of so many bytes.
    pub(super) fn utf8(&mut self, length: usize) -> Result<Arc<str>, DecodeError> {
        if length > self.limits.string {
            return Err(self.limit(LimitKind::String));
        }
        self.charge(length.saturating_add(STRING_HEAD))?;
        let at = self.progress.position;
        let text = std::str::from_utf8(self.take(length)?);
        text.map(Arc::from).map_err(|_| malformed(at, Fault::Utf8))
    }

    /// So many bytes come.
    fn expect(&self, count: usize) -> Result<(), DecodeError> {
        let needed = self.progress.position.saturating_add(count);
        if needed > self.bytes.len() {
            return Err(DecodeError::NotEnough { needed, available: self.bytes.len() });
        }
        Ok(())
    }

    /// So many values or names are announced.
    pub(super) fn announced(&self, count: usize) -> Result<(), DecodeError> {
        if count > self.limits.elements.saturating_sub(self.progress.elements) {
            return Err(self.limit(LimitKind::Elements));
        }
        Ok(())
    }

    /// One more value or name.
    pub(super) fn element(&mut self) -> Result<(), DecodeError> {
        if self.progress.elements >= self.limits.elements {
            return Err(self.limit(LimitKind::Elements));
        }
        self.progress.elements += 1;
        self.charge(size_of::<Value>())
    }

    pub(super) fn charge(&mut self, bytes: usize) -> Result<(), DecodeError> {
        self.progress.memory = self.progress.memory.saturating_add(bytes);
        if self.progress.memory > self.limits.memory {
            return Err(self.limit(LimitKind::Memory));
        }
        Ok(())
    }

    /// Values are that deep here.
    pub(super) fn depth(&self, depth: usize) -> Result<(), DecodeError> {
        if depth > self.limits.depth {
            return Err(self.limit(LimitKind::Depth));
        }
        Ok(())
    }

    pub(super) fn insert(&mut self, graph: &mut Graph, object: Object) -> Result<Id, DecodeError> {
        self.charge(size_of::<Object>())?;
        Ok(graph.insert(object))
    }

    fn limit(&self, limit: LimitKind) -> DecodeError {
        DecodeError::Limit { position: self.progress.position, limit }
    }
}

pub(super) fn malformed(position: usize, fault: Fault) -> DecodeError {
    DecodeError::Malformed { position, fault }
}
