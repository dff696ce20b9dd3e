//! Moments as people write and read them.

use jiff::Timestamp;
use ravelin_trust::Time;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Seconds of a day.
const DAY: i64 = 86_400;

/// Reads a moment as RFC 3339 writes it; fractions of a second are cut.
///
/// # Errors
/// When the text is none.
pub fn moment(text: &str) -> Result<Time, String> {
    let moment: Timestamp = text
        .parse()
        .map_err(|_| format!("`{text}` is no time: write one like 2027-01-31T00:00:00Z"))?;
    let cut = i64::from(moment.subsec_nanosecond() < 0);
    Ok(Time::from_unix(moment.as_second() - cut))
}

/// What the clock says.
pub fn now() -> Time {
    Time::since_epoch(since_epoch())
}

/// What the clock says, since 1970-01-01T00:00:00Z.
pub fn since_epoch() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Whole days from one moment to another; below zero if that lies before.
pub fn days_between(from: Time, to: Time) -> i64 {
    to.seconds_since(from).div_euclid(DAY)
}

/// A validity as seen at a moment, such as `expires in 12 days (2026-12-04)`.
pub fn validity(from: Time, until: Time, at: Time) -> String {
    if at < from {
        let wait = span(from.seconds_since(at));
        format!("not valid before {}, in {wait}", from.date())
    } else if at > until {
        format!("expired {} ago ({})", span(at.seconds_since(until)), until.date())
    } else {
        format!("expires in {} ({})", span(until.seconds_since(at)), until.date())
    }
}

/// A time span in words.
fn span(seconds: i64) -> String {
    let (count, unit) = match seconds {
        0..120 => (seconds, "second"),
        120..7200 => (seconds / 60, "minute"),
        7200..172_800 => (seconds / 3600, "hour"),
        _ => (seconds / DAY, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_have_an_offset_and_lose_their_fractions() {
        let read = |text| moment(text).unwrap().to_string();
        assert_eq!(read("2026-12-04T00:00:00Z"), "2026-12-04T00:00:00Z");
        assert_eq!(read("2026-12-04T02:00:00.999+02:00"), "2026-12-04T00:00:00Z");
        assert_eq!(read("1969-12-31T23:59:58.5Z"), "1969-12-31T23:59:58Z");
        for text in ["", "now", "2026-12-04", "2026-12-04T00:00:00", "2026-13-04T00:00:00Z"] {
            assert!(moment(text).unwrap_err().contains("write one like"), "{text}");
        }
    }

    #[test]
    fn validity_is_told_in_the_unit_that_matters() {
        let at = Time::from_unix(1_796_342_400);
        let tell = |from, until| validity(at.plus(from), at.plus(until), at);
        assert_eq!(tell(-1, 12 * DAY + 5), "expires in 12 days (2026-12-16)");
        assert_eq!(tell(0, 0), "expires in 0 seconds (2026-12-04)");
        assert_eq!(tell(-9, -1), "expired 1 second ago (2026-12-03)");
        assert_eq!(tell(3600, 7200), "not valid before 2026-12-04, in 60 minutes");
        assert_eq!(days_between(at, at.plus(-1)), -1);
    }
}
