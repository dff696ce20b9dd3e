//! The bytes a value is decoded from, and what it has cost so far.

use super::{DecodeError, Fault, Graph, Id, LimitKind, Limits, Object, Value};
use std::sync::Arc;

/// What a string costs beside its text.
const STRING_HEAD: usize = 2 * size_of::<usize>();

pub(super) struct Source<'a> {
    bytes: &'a [u8],
    position: usize,
    limits: &'a Limits,
    elements: usize,
    memory: usize,
}

impl<'a> Source<'a> {
    pub(super) fn new(bytes: &'a [u8], limits: &'a Limits) -> Source<'a> {
        Source { bytes, position: 0, limits, elements: 0, memory: 0 }
    }

    pub(super) fn position(&self) -> usize {
        self.position
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        self.expect(count, 1)?;
        let bytes = &self.bytes[self.position..self.position + count];
        self.position += count;
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
        self.expect(1, 1)?;
        Ok(self.bytes[self.position])
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
        let at = self.position;
        let text = std::str::from_utf8(self.take(length)?);
        text.map(Arc::from).map_err(|_| malformed(at, Fault::Utf8))
    }

    /// At least `count` things of `size` bytes come, so there is no point in looking at the first before.
    pub(super) fn expect(&self, count: usize, size: usize) -> Result<(), DecodeError> {
        let needed = self.position.saturating_add(count.saturating_mul(size));
        if needed > self.bytes.len() {
            return Err(DecodeError::NotEnough { needed, available: self.bytes.len() });
        }
        Ok(())
    }

    /// So many values were announced, of at least one byte each.
    pub(super) fn announced(&mut self, count: usize) -> Result<(), DecodeError> {
        if count > self.limits.elements - self.elements {
            return Err(self.limit(LimitKind::Elements));
        }
        self.expect(count, 1)
    }

    /// One more value or name.
    pub(super) fn element(&mut self) -> Result<(), DecodeError> {
        if self.elements >= self.limits.elements {
            return Err(self.limit(LimitKind::Elements));
        }
        self.elements += 1;
        self.charge(size_of::<Value>())
    }

    pub(super) fn charge(&mut self, bytes: usize) -> Result<(), DecodeError> {
        self.memory = self.memory.saturating_add(bytes);
        if self.memory > self.limits.memory {
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
        DecodeError::Limit { position: self.position, limit }
    }
}

pub(super) fn malformed(position: usize, fault: Fault) -> DecodeError {
    DecodeError::Malformed { position, fault }
}
