//! Lends rustls the caller's time: rustls asks a `TimeProvider`, our callers hand time over as an argument.

use rustls::{pki_types::UnixTime, time_provider::TimeProvider};
use std::{cell::Cell, time::Duration};

thread_local! {
    /// Set for the length of one call into rustls.
    static NOW: Cell<Option<Duration>> = const { Cell::new(None) };
}

/// Runs `work` with `now` (since 1970-01-01T00:00:00Z) as the time that rustls sees.
pub(super) fn at<T>(now: Duration, work: impl FnOnce() -> T) -> T {
    NOW.set(Some(now));
    let result = work();
    NOW.set(None);
    result
}

/// Answers with the time given to [`at`].
#[derive(Debug)]
pub(super) struct Lent;

impl TimeProvider for Lent {
    fn current_time(&self) -> Option<UnixTime> {
        NOW.get().map(UnixTime::since_unix_epoch)
    }
}
