use std::io::{Error, ErrorKind, Read, Result, Seek, SeekFrom};

/// Bytes that come a few at a time, as from sockets, and are interrupted now and then.
#[derive(Clone, Debug)]
pub struct Slow<'a> {
    bytes: &'a [u8],
    at: usize,
    /// So many at a time.
    piece: usize,
    reads: usize,
}

impl Slow<'_> {
    /// At most `piece` at a time, and at least one.
    pub fn new(bytes: &[u8], piece: usize) -> Slow<'_> {
        Slow { bytes, at: 0, piece: piece.max(1), reads: 0 }
    }
}

impl Read for Slow<'_> {
    fn read(&mut self, into: &mut [u8]) -> Result<usize> {
        self.reads += 1;
        if self.reads.is_multiple_of(7) {
            return Err(ErrorKind::Interrupted.into());
        }
        let rest = &self.bytes[self.at.min(self.bytes.len())..];
        let count = self.piece.min(rest.len()).min(into.len());
        into[..count].copy_from_slice(&rest[..count]);
        self.at += count;
        Ok(count)
    }
}

impl Seek for Slow<'_> {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => i64::try_from(at).ok(),
            SeekFrom::End(by) => by.checked_add_unsigned(self.bytes.len() as u64),
            SeekFrom::Current(by) => by.checked_add_unsigned(self.at as u64),
        };
        let at = at.and_then(|at| usize::try_from(at).ok());
        self.at = at.ok_or_else(|| Error::from(ErrorKind::InvalidInput))?;
        Ok(self.at as u64)
    }
}
