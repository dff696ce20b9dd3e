use crate::algorithm::{Digest, DigestAlgorithm, DigestValue};
use std::{
    cell::RefCell,
    io::{self, Read},
    rc::Rc,
};

/// Remembers what was read, so that two readings of a document can be known to be of the same octets.
#[derive(Clone, Debug, Default)]
pub(super) struct Memory(Option<Rc<RefCell<Digest>>>);

/// A source whose octets are remembered.
#[derive(Debug)]
pub(super) struct Remembered<R> {
    source: R,
    memory: Memory,
}

impl Memory {
    /// One that remembers, or one that does not care.
    pub(super) fn new(remembers: bool) -> Memory {
        Memory(remembers.then(|| Rc::new(RefCell::new(Digest::new(DigestAlgorithm::Sha256)))))
    }

    pub(super) fn of<R: Read>(&self, source: R) -> Remembered<R> {
        Remembered { source, memory: self.clone() }
    }

    /// What was read so far.
    pub(super) fn value(&self) -> Option<DigestValue> {
        self.0.as_ref().map(|digest| digest.borrow().clone().finish())
    }
}

impl<R: Read> Read for Remembered<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(into)?;
        if let Some(digest) = &self.memory.0 {
            digest.borrow_mut().update(&into[..count]);
        }
        Ok(count)
    }
}
