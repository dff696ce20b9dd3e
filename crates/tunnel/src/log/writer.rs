//! The thread that writes lines, and says how many it could not.

use super::{
    Counts, Message,
    line::{Level, Line},
};
use crate::service::LogFormat;
use std::{
    io,
    sync::{
        atomic::Ordering,
        mpsc::{Receiver, RecvTimeoutError, SyncSender},
    },
    thread,
    time::{Duration, Instant, SystemTime},
};

/// How long suppressed lines are counted before a summary tells of them.
const SUMMARY_AFTER: Duration = Duration::from_secs(1);

/// How long a line may wait for others to be written with: under load a wake-up for each would cost more than the line.
const GATHER: Duration = Duration::from_millis(5);

/// Bytes that are written at once, if so many wait.
const BATCH: usize = 64 * 1024;

/// Writes what comes in until the last sender is gone. Output that fails is as good as written: there is nowhere to
/// complain, and the tunnel must go on.
pub(super) fn run(
    queue: &Receiver<Message>,
    counts: &Counts,
    format: LogFormat,
    output: impl io::Write,
) {
    let mut writer =
        Writer { counts, format, output, batch: Vec::new(), flushes: Vec::new(), summary: None };
    loop {
        match writer.next(queue) {
            Ok(message) => {
                if matches!(message, Message::Line(_)) {
                    thread::sleep(GATHER);
                }
                writer.take(message);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        while writer.batch.len() < BATCH
            && let Ok(message) = queue.try_recv()
        {
            writer.take(message);
        }
        writer.summarise();
        writer.write();
    }
    writer.summary = Some(Instant::now());
    writer.summarise();
    writer.write();
}

struct Writer<'a, W> {
    counts: &'a Counts,
    format: LogFormat,
    output: W,
    batch: Vec<u8>,
    /// Who waits for the batch to be written.
    flushes: Vec<SyncSender<()>>,
    /// When the next summary of suppressed lines is due.
    summary: Option<Instant>,
}

impl<W: io::Write> Writer<'_, W> {
    fn next(&mut self, queue: &Receiver<Message>) -> Result<Message, RecvTimeoutError> {
        if self.summary.is_none() && self.counts.suppression.is_pending() {
            self.summary = Some(Instant::now() + SUMMARY_AFTER);
        }
        match self.summary {
            Some(due) => queue.recv_timeout(due.saturating_duration_since(Instant::now())),
            None => queue.recv().map_err(|_| RecvTimeoutError::Disconnected),
        }
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Line(line) => self.batch.extend_from_slice(line.as_bytes()),
            // The next call of `next` sees to it.
            Message::Suppressing => {}
            Message::Flush(written) => {
                self.flushes.push(written);
                self.summary = Some(Instant::now());
            }
        }
    }

    /// Adds the lines that tell of lines that are not there, when they are due.
    fn summarise(&mut self) {
        let dropped = self.counts.dropped.swap(0, Ordering::Relaxed);
        if dropped > 0 {
            let mut line = self.warning("dropped");
            line.number("lines", Some(dropped));
            self.batch.extend_from_slice(line.end().as_bytes());
        }
        if self.summary.is_none_or(|due| due > Instant::now()) {
            return;
        }
        self.summary = None;
        for (kind, lines) in self.counts.suppression.take() {
            let (event, reason) = kind.words();
            let mut line = self.warning("suppressed");
            line.text("of", Some(event));
            line.text("reason", reason);
            line.number("lines", Some(lines));
            self.batch.extend_from_slice(line.end().as_bytes());
        }
    }

    fn warning(&self, event: &str) -> Line {
        Line::begin(self.format, SystemTime::now(), Level::Warning, event)
    }

    fn write(&mut self) {
        if !self.batch.is_empty() {
            let _ = self.output.write_all(&self.batch).and_then(|()| self.output.flush());
            self.batch.clear();
        }
        for written in self.flushes.drain(..) {
            let _ = written.try_send(());
        }
    }
}
