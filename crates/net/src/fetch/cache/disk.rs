//! What is kept on disk: a folder of files that a next process finds again.
//!
//! A file has the key's name in hexadecimal. It is written under another name and renamed when it is whole, and says its
//! length and checksum in front, so that what a crash, a full disk or another program left there is never taken for
//! evidence. Files with other names are neither read, counted nor removed.

use super::is_fresh;
use crate::fetch::{freshness::MAX_FRESH, request::Key};
use aws_lc_rs::digest;
use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime},
};

/// Marks our files and the version of their form.
const MAGIC: &[u8; 8] = b"ravelin\x01";
/// Magic, key, time until which it is fresh in seconds, length of the content, SHA-256 of all that and the content.
const HEADER: usize = 8 + 32 + 8 + 8 + 32;
/// What a file takes on disk at least, in bytes.
const BLOCK: u64 = 4096;
/// How files are called until they are whole.
const UNFINISHED: &str = ".unfinished";
/// Unfinished files of this age were left by a process that was killed.
const ABANDONED: Duration = Duration::from_secs(60 * 60);

/// A folder with what was fetched. Its work blocks.
#[derive(Debug)]
pub(in crate::fetch) struct Disk {
    folder: PathBuf,
    max_bytes: u64,
    written: AtomicU64,
}

impl Disk {
    /// Makes the folder if it is not there.
    pub(in crate::fetch) fn new(folder: PathBuf, max_bytes: u64) -> io::Result<Disk> {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&folder)?;
        Ok(Disk { folder, max_bytes, written: AtomicU64::new(0) })
    }

    /// What is kept under the key, if it has at most `most` bytes and is fresh at `now`, and until when it is.
    pub(in crate::fetch) fn find(
        &self,
        key: &Key,
        most: usize,
        now: Duration,
    ) -> Option<(Vec<u8>, Duration)> {
        let path = self.path(key);
        // Opening anything but a file might block.
        let found = fs::symlink_metadata(&path).ok().filter(fs::Metadata::is_file)?;
        let longest = (HEADER as u64).saturating_add(most as u64);
        if !(HEADER as u64..=longest).contains(&found.len()) {
            return None;
        }
        let mut bytes = Vec::new();
        File::open(&path).ok()?.take(longest + 1).read_to_end(&mut bytes).ok()?;
        let (header, content) = bytes.split_at_checked(HEADER)?;
        let until = u64::from_be_bytes(header[40..48].try_into().ok()?);
        (header == Header::new(key, until, content).0 && content.len() <= most).then_some(())?;
        let until = Duration::from_secs(until);
        is_fresh(until, now, MAX_FRESH).then(|| (bytes.split_off(HEADER), until))
    }

    /// Keeps `content` until a time, given in whole seconds at most.
    ///
    /// # Errors
    /// When the folder cannot be written to; then nothing under this key has changed.
    pub(in crate::fetch) fn keep(
        &self,
        key: &Key,
        content: &[u8],
        until: Duration,
    ) -> io::Result<()> {
        if (HEADER + content.len()) as u64 > self.max_bytes {
            return self.remove(key);
        }
        let number = self.written.fetch_add(1, Ordering::Relaxed);
        let path = self.path(key);
        let unfinished = path.with_extension(format!("{}-{number}{UNFINISHED}", process::id()));
        let result = write(&unfinished, &Header::new(key, until.as_secs(), content).0, content)
            .and_then(|()| fs::rename(&unfinished, &path));
        if result.is_err() {
            let _ = fs::remove_file(&unfinished);
        }
        self.shrink(SystemTime::now())?;
        result
    }

    /// Removes what is kept under the key.
    ///
    /// # Errors
    /// When it is there and cannot be removed.
    pub(in crate::fetch) fn remove(&self, key: &Key) -> io::Result<()> {
        match fs::remove_file(self.path(key)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn path(&self, key: &Key) -> PathBuf {
        self.folder.join(hex(&key.0))
    }

    /// Removes the oldest files until the rest is within the limit, and those that will never be finished.
    fn shrink(&self, now: SystemTime) -> io::Result<()> {
        let mut files = Vec::new();
        let mut total = 0;
        for entry in fs::read_dir(&self.folder)?.filter_map(Result::ok) {
            let name = entry.file_name();
            let Some(kind) = name.to_str().and_then(kind) else { continue };
            // It may be gone already: other processes use the folder as well.
            let Ok(metadata) = entry.metadata() else { continue };
            let (true, Ok(modified)) = (metadata.is_file(), metadata.modified()) else { continue };
            match kind {
                Kind::Kept => {
                    let size = metadata.len().max(BLOCK);
                    total += size;
                    files.push((modified, size, entry.path()));
                }
                Kind::Unfinished => {
                    if now.duration_since(modified).is_ok_and(|age| age > ABANDONED) {
                        let _ = fs::remove_file(entry.path());
                    }
                }
            }
        }
        files.sort();
        for (_, size, path) in files {
            if total <= self.max_bytes {
                break;
            }
            if fs::remove_file(path).is_ok() {
                total -= size;
            }
        }
        Ok(())
    }
}

struct Header([u8; HEADER]);

impl Header {
    fn new(key: &Key, until: u64, content: &[u8]) -> Header {
        let mut header = [0; HEADER];
        header[..8].copy_from_slice(MAGIC);
        header[8..40].copy_from_slice(&key.0);
        header[40..48].copy_from_slice(&until.to_be_bytes());
        header[48..56].copy_from_slice(&(content.len() as u64).to_be_bytes());
        let mut checksum = digest::Context::new(&digest::SHA256);
        checksum.update(&header[..56]);
        checksum.update(content);
        header[56..].copy_from_slice(checksum.finish().as_ref());
        Header(header)
    }
}

enum Kind {
    Kept,
    Unfinished,
}

fn kind(name: &str) -> Option<Kind> {
    let (key, rest) = name.split_at_checked(64)?;
    let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    match rest {
        _ if !key.bytes().all(digit) => None,
        "" => Some(Kind::Kept),
        rest if rest.ends_with(UNFINISHED) => Some(Kind::Unfinished),
        _ => None,
    }
}

fn write(path: &Path, header: &[u8], content: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(header)?;
    file.write_all(content)
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::{ABANDONED, BLOCK, Disk, HEADER, Key};
    use std::{
        fs::{self, File},
        time::{Duration, SystemTime},
    };
    use tempfile::TempDir;

    const NOW: Duration = Duration::from_secs(1_800_000_000);
    const LATER: Duration = Duration::from_secs(1_800_000_060);
    const MOST: usize = 1 << 20;

    fn key(number: u32) -> Key {
        Key::of(b"test", &[&number.to_be_bytes()])
    }

    fn names(folder: &TempDir) -> usize {
        fs::read_dir(folder.path()).unwrap().count()
    }

    #[test]
    fn what_is_kept_is_found_by_a_next_process_until_its_time() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("not/there/yet");
        Disk::new(path.clone(), 1 << 20).unwrap().keep(&key(1), b"evidence", LATER).unwrap();
        let disk = Disk::new(path, 1 << 20).unwrap();
        assert_eq!(disk.find(&key(1), MOST, NOW), Some((b"evidence".to_vec(), LATER)));
        assert_eq!(disk.find(&key(1), 8, NOW), Some((b"evidence".to_vec(), LATER)));
        assert_eq!(disk.find(&key(1), 7, NOW), None);
        assert_eq!(disk.find(&key(1), MOST, LATER), None);
        assert_eq!(disk.find(&key(2), MOST, NOW), None);
        disk.keep(&key(1), b"", LATER).unwrap();
        assert_eq!(disk.find(&key(1), MOST, NOW), Some((Vec::new(), LATER)));
        disk.remove(&key(1)).unwrap();
        disk.remove(&key(1)).unwrap();
        assert_eq!(disk.find(&key(1), MOST, NOW), None);
    }

    #[test]
    fn every_damaged_byte_every_cut_and_every_addition_is_noticed() {
        let folder = TempDir::new().unwrap();
        let disk = Disk::new(folder.path().into(), 1 << 20).unwrap();
        disk.keep(&key(1), b"evidence", LATER).unwrap();
        let path = disk.path(&key(1));
        let whole = fs::read(&path).unwrap();
        assert_eq!(whole.len(), HEADER + 8);
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            fs::write(&path, damaged).unwrap();
            assert_eq!(disk.find(&key(1), MOST, NOW), None, "byte {at}");
            fs::write(&path, &whole[..at]).unwrap();
            assert_eq!(disk.find(&key(1), MOST, NOW), None, "cut at {at}");
        }
        fs::write(&path, [&whole[..], b"x"].concat()).unwrap();
        assert_eq!(disk.find(&key(1), MOST, NOW), None);
        fs::write(&path, &whole).unwrap();
        assert!(disk.find(&key(1), MOST, NOW).is_some());
    }

    #[test]
    fn a_file_under_another_name_is_not_taken_for_what_that_name_stands_for() {
        let folder = TempDir::new().unwrap();
        let disk = Disk::new(folder.path().into(), 1 << 20).unwrap();
        disk.keep(&key(1), b"evidence", LATER).unwrap();
        fs::rename(disk.path(&key(1)), disk.path(&key(2))).unwrap();
        assert_eq!(disk.find(&key(2), MOST, NOW), None);
        fs::remove_file(disk.path(&key(2))).unwrap();
        fs::create_dir(disk.path(&key(2))).unwrap();
        assert_eq!(disk.find(&key(2), MOST, NOW), None);
        assert!(disk.keep(&key(2), b"evidence", LATER).is_err());
        assert_eq!(names(&folder), 1, "the unfinished file is gone");
    }

    #[test]
    fn the_oldest_go_first_and_foreign_files_stay() {
        let folder = TempDir::new().unwrap();
        let disk = Disk::new(folder.path().into(), 3 * BLOCK).unwrap();
        let foreign = folder.path().join("README");
        fs::write(&foreign, vec![0; 1 << 20]).unwrap();
        for number in 0..6 {
            disk.keep(&key(number), b"evidence", LATER).unwrap();
            let age = Duration::from_secs(u64::from(60 - number));
            let file = File::options().write(true).open(disk.path(&key(number))).unwrap();
            file.set_modified(SystemTime::now() - age).unwrap();
        }
        let kept: Vec<u32> = (0..6).filter(|n| disk.find(&key(*n), MOST, NOW).is_some()).collect();
        assert_eq!(kept, [3, 4, 5]);
        assert!(foreign.exists());

        let large = vec![0; 3 * 4096];
        disk.keep(&key(5), &large, LATER).unwrap();
        assert_eq!(disk.find(&key(5), MOST, NOW), None, "too large for this folder");
        assert_eq!(names(&folder), 3);
    }

    #[test]
    fn unfinished_files_are_never_read_and_removed_when_abandoned() {
        let folder = TempDir::new().unwrap();
        let disk = Disk::new(folder.path().into(), 1 << 20).unwrap();
        disk.keep(&key(1), b"evidence", LATER).unwrap();
        let unfinished = disk.path(&key(1)).with_extension("7-0.unfinished");
        fs::rename(disk.path(&key(1)), &unfinished).unwrap();
        assert_eq!(disk.find(&key(1), MOST, NOW), None);
        disk.shrink(SystemTime::now()).unwrap();
        assert!(unfinished.exists(), "another process may be writing it");
        disk.shrink(SystemTime::now() + 2 * ABANDONED).unwrap();
        assert!(!unfinished.exists());
    }
}
