//! Where documents come from.

use crate::commands::cert::input::{InputError, shown};
use ravelin_xmldsig::xml::Position;
use std::{
    fs::File,
    io::{self, Read, Seek},
    path::Path,
};
use tempfile::SpooledTempFile;

/// Bytes of a document that comes through a pipe and is held in memory; what is longer is held in a file without name.
const IN_MEMORY: usize = 16 << 20;

/// A document, which is read more than once.
pub trait Document: Read + Seek {}

impl<T: Read + Seek> Document for T {}

/// Opens a document; `-` is standard input.
///
/// # Errors
/// When it cannot be opened, or held.
pub fn open(path: &Path) -> Result<Box<dyn Document>, InputError> {
    let failed = |error: io::Error| InputError::new(path, format!("cannot be read: {error}"));
    if path.as_os_str() == "-" {
        return Ok(Box::new(held(io::stdin().lock()).map_err(failed)?));
    }
    let file = File::open(path).map_err(failed)?;
    let kind = file.metadata().map_err(failed)?.file_type();
    if kind.is_dir() {
        return Err(InputError::new(path, "is a folder"));
    }
    if kind.is_file() {
        return Ok(Box::new(file));
    }
    Ok(Box::new(held(file).map_err(failed)?))
}

/// The same, to be read once from its beginning, and its length if that is known.
///
/// # Errors
/// When it cannot be opened.
pub fn stream(path: &Path) -> Result<(Box<dyn Read>, Option<u64>), InputError> {
    if path.as_os_str() == "-" {
        return Ok((Box::new(io::stdin().lock()), None));
    }
    let failed = |error: io::Error| InputError::new(path, format!("cannot be read: {error}"));
    let file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if metadata.is_dir() {
        return Err(InputError::new(path, "is a folder"));
    }
    let length = metadata.is_file().then_some(metadata.len());
    Ok((Box::new(file), length))
}

/// How a place in a document is called in messages.
pub fn place(path: &Path, position: Option<&Position>) -> String {
    match position {
        Some(at) => format!("{}:{}:{}", shown(path), at.line, at.column),
        None => shown(path),
    }
}

fn held(mut from: impl Read) -> io::Result<SpooledTempFile> {
    let mut held = SpooledTempFile::new(IN_MEMORY);
    io::copy(&mut from, &mut held)?;
    held.rewind()?;
    Ok(held)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_through_a_pipe_can_be_read_again() {
        let bytes = vec![b'x'; IN_MEMORY + 1];
        let mut held = held(&bytes[..]).unwrap();
        for _ in 0..2 {
            let mut again = Vec::new();
            held.read_to_end(&mut again).unwrap();
            assert!(again == bytes);
            held.rewind().unwrap();
        }
    }

    #[test]
    fn places_are_written_as_compilers_do() {
        let at = Position { offset: 9, line: 2, column: 3 };
        assert_eq!(place(Path::new("a.xml"), Some(&at)), "a.xml:2:3");
        assert_eq!(place(Path::new("-"), None), "standard input");
    }
}
