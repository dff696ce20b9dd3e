//! Time that passes when a test says so.

use std::time::Duration;

/// A clock that stands still until it is moved, and never goes back.
///
/// It counts from a start of its own, as [`std::time::Instant`] does; the sans-IO cores take its reading as an argument.
///
/// ```
/// use ravelin_test::Clock;
/// use std::time::Duration;
///
/// let mut clock = Clock::new();
/// clock.advance(Duration::from_millis(1500));
/// assert_eq!(clock.now(), Duration::from_millis(1500));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clock {
    now: Duration,
}

impl Clock {
    /// A clock that reads zero.
    pub fn new() -> Clock {
        Clock::default()
    }

    /// What the clock reads.
    pub fn now(&self) -> Duration {
        self.now
    }

    /// Lets `time` pass.
    pub fn advance(&mut self, time: Duration) {
        self.now += time;
    }

    /// Lets time pass until the clock reads `moment`; a moment that has passed changes nothing.
    pub fn advance_to(&mut self, moment: Duration) {
        self.now = self.now.max(moment);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_goes_back() {
        let mut clock = Clock::new();
        clock.advance_to(Duration::from_secs(5));
        clock.advance_to(Duration::from_secs(3));
        assert_eq!(clock.now(), Duration::from_secs(5));
        clock.advance(Duration::from_secs(1));
        assert_eq!(clock.now(), Duration::from_secs(6));
    }
}
