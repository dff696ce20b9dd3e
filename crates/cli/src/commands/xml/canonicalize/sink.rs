//! Where the canonical form goes.

use std::io::{self, Write};

/// Writes on, and knows whether it did.
#[derive(Debug)]
pub struct Sink<W> {
    into: W,
    has_written: bool,
}

impl<W> Sink<W> {
    /// Nothing is written yet.
    pub fn new(into: W) -> Sink<W> {
        Sink { into, has_written: false }
    }

    /// Whether anything was written.
    pub fn has_written(&self) -> bool {
        self.has_written
    }
}

impl<W: Write> Write for Sink<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.into.write(bytes)?;
        self.has_written |= count > 0;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.into.flush()
    }
}
