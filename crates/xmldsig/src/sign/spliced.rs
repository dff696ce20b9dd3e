use std::io::{self, Read, Seek, SeekFrom};

/// A document with something put into it, read as if it were one.
#[derive(Debug)]
pub(super) struct Spliced<D> {
    document: D,
    length: u64,
    /// Where the insertion begins.
    at: u64,
    /// Bytes of the document that it replaces.
    removed: u64,
    inserted: Vec<u8>,
    position: u64,
    /// Where the document stands, if that is known.
    document_at: Option<u64>,
}

impl<D: Read + Seek> Spliced<D> {
    /// Nothing is put in yet.
    pub(super) fn new(mut document: D, at: u64, removed: u64) -> io::Result<Spliced<D>> {
        let length = document.seek(SeekFrom::End(0))?;
        Ok(Spliced {
            document,
            length,
            at,
            removed,
            inserted: Vec::new(),
            position: 0,
            document_at: None,
        })
    }

    /// Puts something else in.
    pub(super) fn insert(&mut self, inserted: Vec<u8>) {
        self.inserted = inserted;
    }

    fn whole(&self) -> u64 {
        self.length - self.removed + self.inserted.len() as u64
    }

    fn read_document(&mut self, from: u64, most: u64, into: &mut [u8]) -> io::Result<usize> {
        if self.document_at != Some(from) {
            self.document.seek(SeekFrom::Start(from))?;
        }
        self.document_at = None;
        let count = usize::try_from(most).unwrap_or(usize::MAX).min(into.len());
        let count = self.document.read(&mut into[..count])?;
        self.document_at = Some(from + count as u64);
        Ok(count)
    }
}

impl<D: Read + Seek> Read for Spliced<D> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let end = self.at + self.inserted.len() as u64;
        let count = if self.position < self.at {
            self.read_document(self.position, self.at - self.position, into)?
        } else if self.position < end {
            let from = usize::try_from(self.position - self.at).unwrap_or(usize::MAX);
            let rest = self.inserted.get(from..).unwrap_or_default();
            let count = rest.len().min(into.len());
            into[..count].copy_from_slice(&rest[..count]);
            count
        } else {
            let from = self.position - end + self.at + self.removed;
            self.read_document(from, self.length.saturating_sub(from), into)?
        };
        self.position += count as u64;
        Ok(count)
    }
}

impl<D: Read + Seek> Seek for Spliced<D> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(by) => self.whole().checked_add_signed(by),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_as_one() {
        let mut spliced = Spliced::new(io::Cursor::new(b"0123456789"), 4, 2).unwrap();
        spliced.insert(b"abc".to_vec());
        for from in 0..12 {
            let mut text = String::new();
            spliced.seek(SeekFrom::Start(from as u64)).unwrap();
            spliced.read_to_string(&mut text).unwrap();
            assert_eq!(text, "0123abc6789".get(from..).unwrap_or(""));
        }
        assert_eq!(spliced.seek(SeekFrom::End(-1)).unwrap(), 10);
        let mut byte = [0; 3];
        assert_eq!(spliced.read(&mut byte).unwrap(), 1);
        assert_eq!(byte[0], b'9');
    }
}
