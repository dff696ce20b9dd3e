//! The log: one structured line per connection that ended, and one for what happens to the tunnel itself.
//!
//! Lines go through a bounded queue to a thread that writes them, so that a slow standard error never holds up a
//! connection. When the queue is full, lines are dropped and counted; when strangers cause many lines of one kind, only
//! the first of each second are written and the rest is counted. Both counts follow in lines of their own:
//!
//! ```text
//! time=2026-11-22T10:00:00.123Z level=warning event=suppressed of=closed reason=handshake_failed lines=4711
//! time=2026-11-22T10:00:00.456Z level=warning event=dropped lines=12
//! ```

mod line;
mod record;
mod suppression;
mod writer;

pub use record::{Backend, CertificateRecord, ConnectionRecord, Event, TlsRecord};

use crate::service::LogFormat;
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread,
    time::{Duration, Instant, SystemTime},
};
use suppression::{Kind, Suppression, Verdict};

/// Lines that may wait for the writer.
const QUEUE: usize = 4096;

/// How long [`Log::flush`] rests between two attempts on a full queue.
const RETRY: Duration = Duration::from_millis(5);

/// Where lines go. Clones share one queue; no method waits for the output but [`flush`](Self::flush).
///
/// ```
/// use ravelin_tunnel::{log::{Event, Log}, service::LogFormat};
/// use std::{io, time::{Duration, SystemTime}};
///
/// let log = Log::start(LogFormat::Text, io::sink())?;
/// log.event(SystemTime::now(), &Event::Ready { services: 1, workers: 2 });
/// assert!(log.flush(Duration::from_secs(5)));
/// # Ok::<(), io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Log {
    format: LogFormat,
    queue: SyncSender<Message>,
    counts: Arc<Counts>,
}

#[derive(Debug)]
enum Message {
    /// A whole line.
    Line(String),
    /// Lines of some kind are being suppressed: a summary is due soon.
    Suppressing,
    /// Write everything, then say so.
    Flush(SyncSender<()>),
}

#[derive(Debug, Default)]
struct Counts {
    suppression: Suppression,
    /// Lines that found the queue full since this was last told.
    dropped: AtomicU64,
}

impl Log {
    /// Starts the thread that writes to `output`. It ends when the last clone is gone.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn start(format: LogFormat, output: impl io::Write + Send + 'static) -> io::Result<Log> {
        let (log, receiver) = Log::queued(format, QUEUE);
        let counts = Arc::clone(&log.counts);
        thread::Builder::new()
            .name("ravelin-log".into())
            .spawn(move || writer::run(&receiver, &counts, format, output))?;
        Ok(log)
    }

    fn queued(format: LogFormat, length: usize) -> (Log, Receiver<Message>) {
        let (queue, receiver) = sync_channel(length);
        (Log { format, queue, counts: Arc::default() }, receiver)
    }

    /// Writes the line of a connection that ended at `now`.
    pub fn connection(&self, now: SystemTime, record: &ConnectionRecord<'_>) {
        if self.admits(Kind::of(record.reason), now) {
            self.line(record.line(self.format, now));
        }
    }

    /// Writes the line of what happened at `now`.
    pub fn event(&self, now: SystemTime, event: &Event<'_>) {
        if self.admits(event.kind(), now) {
            self.line(event.line(self.format, now));
        }
    }

    /// Waits until everything logged before is written, with the counts of what was not; `false` when that took longer
    /// than `limit`. Call it before the program ends.
    pub fn flush(&self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        let (written, answer) = sync_channel(1);
        let mut message = Message::Flush(written);
        loop {
            message = match self.queue.try_send(message) {
                Ok(()) => break,
                Err(TrySendError::Disconnected(_)) => return false,
                Err(TrySendError::Full(message)) => message,
            };
            if Instant::now() >= deadline {
                return false;
            }
            thread::sleep(RETRY);
        }
        answer.recv_timeout(deadline.saturating_duration_since(Instant::now())).is_ok()
    }

    fn admits(&self, kind: Option<Kind>, now: SystemTime) -> bool {
        let Some(kind) = kind else { return true };
        let second = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let verdict = self.counts.suppression.admit(kind, second);
        if verdict == Verdict::FirstSuppressed {
            // If the queue is full, the writer is awake and looks by itself.
            let _ = self.queue.try_send(Message::Suppressing);
        }
        verdict == Verdict::Write
    }

    fn line(&self, line: String) {
        if self.queue.try_send(Message::Line(line)).is_err() {
            self.counts.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests;
