//! How far a document is read, for people who wait at a terminal.

use std::{
    env,
    io::{self, IsTerminal as _, Read, Seek, SeekFrom, Write as _},
    time::{Duration, Instant},
};

/// Who waits less is told nothing.
const PATIENCE: Duration = Duration::from_secs(1);
/// Time between two lines.
const PACE: Duration = Duration::from_millis(200);
const MIB: u64 = 1 << 20;

/// Tells on standard error how much was read.
#[derive(Debug)]
pub struct Progress {
    begin: Instant,
    told: Option<Instant>,
}

impl Progress {
    /// Where standard error is a terminal whose lines can be written over.
    pub fn at_terminal() -> Option<Progress> {
        let is_dumb = env::var_os("TERM").is_none_or(|term| term == "dumb");
        (io::stderr().is_terminal() && !is_dumb)
            .then(|| Progress { begin: Instant::now(), told: None })
    }

    fn tell(&mut self, pass: u32, at: u64, whole: Option<u64>) {
        let now = Instant::now();
        let due = self.told.map_or(self.begin + PATIENCE, |told| told + PACE);
        if now < due {
            return;
        }
        self.told = Some(now);
        // Nobody may be left to hear it.
        let _ = write!(io::stderr().lock(), "\r\x1b[K{}", line(pass, at, whole));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.told.is_some() {
            let _ = write!(io::stderr().lock(), "\r\x1b[K");
        }
    }
}

fn line(pass: u32, at: u64, whole: Option<u64>) -> String {
    let of = whole.map_or_else(String::new, |whole| format!(" of {}", whole.div_ceil(MIB)));
    format!("pass {pass}: {}{of} MiB", at / MIB)
}

/// Something that is read, perhaps more than once, with an eye on how far.
#[derive(Debug)]
pub struct Watched<R> {
    source: R,
    progress: Option<Progress>,
    pass: u32,
    at: u64,
    whole: Option<u64>,
    /// In this pass.
    was_read: bool,
}

impl<R> Watched<R> {
    /// With somebody who is told, or nobody.
    pub fn new(source: R, progress: Option<Progress>) -> Watched<R> {
        Watched::of_length(source, None, progress)
    }

    /// The same, where the length may be known beforehand.
    pub fn of_length(source: R, whole: Option<u64>, progress: Option<Progress>) -> Watched<R> {
        Watched { source, progress, pass: 1, at: 0, whole, was_read: false }
    }
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(into)?;
        self.at += count as u64;
        self.was_read = true;
        if let Some(progress) = &mut self.progress {
            progress.tell(self.pass, self.at, self.whole);
        }
        Ok(count)
    }
}

impl<R: Seek> Seek for Watched<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.at = self.source.seek(to)?;
        match to {
            SeekFrom::End(0) => self.whole = Some(self.at),
            SeekFrom::Start(0) if self.was_read => {
                self.pass += 1;
                self.was_read = false;
            }
            _ => {}
        }
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passes_are_counted_and_measuring_is_none() {
        let mut watched = Watched::new(io::Cursor::new(vec![0; 10]), None);
        watched.seek(SeekFrom::End(0)).unwrap();
        watched.seek(SeekFrom::Start(0)).unwrap();
        assert_eq!((watched.pass, watched.at, watched.whole), (1, 0, Some(10)));
        watched.read_exact(&mut [0; 4]).unwrap();
        assert_eq!((watched.pass, watched.at), (1, 4));
        watched.seek(SeekFrom::Start(2)).unwrap();
        assert_eq!((watched.pass, watched.at), (1, 2));
        watched.seek(SeekFrom::Start(0)).unwrap();
        assert_eq!((watched.pass, watched.at), (2, 0));
    }

    #[test]
    fn lines_tell_mebibytes() {
        assert_eq!(line(2, 45 * MIB + 1, Some(100 * MIB - 1)), "pass 2: 45 of 100 MiB");
        assert_eq!(line(1, 0, None), "pass 1: 0 MiB");
    }
}
