//! Moments, as certificates know them.

use crate::der::{DerError, Value, tag};
use std::{fmt, time::Duration};

/// Seconds of a day.
const DAY: i64 = 86_400;

/// A moment, in whole seconds of UTC since 1970-01-01T00:00:00Z. Certificates know no fractions; round down what has
/// some, as the standard's inclusive limits want it (RFC 5280, section 4.1.2.5).
///
/// ```
/// use ravelin_trust::Time;
///
/// let time = Time::from_unix(1_796_342_400);
/// assert_eq!(time.to_string(), "2026-12-04T00:00:00Z");
/// assert_eq!(time.date().to_string(), "2026-12-04");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

impl Time {
    /// This many seconds after 1970-01-01T00:00:00Z; before it where negative.
    pub const fn from_unix(seconds: i64) -> Time {
        Time(seconds)
    }

    /// A moment that long after 1970-01-01T00:00:00Z.
    pub fn since_epoch(duration: Duration) -> Time {
        Time(i64::try_from(duration.as_secs()).unwrap_or(i64::MAX))
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    pub const fn unix(self) -> i64 {
        self.0
    }

    /// Seconds from `earlier` to this moment.
    pub const fn seconds_since(self, earlier: Time) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The moment that many seconds later.
    #[must_use]
    pub const fn plus(self, seconds: i64) -> Time {
        Time(self.0.saturating_add(seconds))
    }

    /// Shows the day alone.
    pub fn date(self) -> impl fmt::Display {
        Date(self.0.div_euclid(DAY))
    }

    /// Reads a UTCTime or GeneralizedTime. Besides RFC 5280's form (section 4.1.2.5), the forms that X.680 allows are
    /// read: without seconds, with fractions, with an offset; the flag says whether that was needed.
    pub(crate) fn read(value: &Value<'_>) -> Result<(Time, bool), DerError> {
        let fault = || value.fault("a time that is none");
        let text = value.content;
        let (year, rest) = match value.tag {
            tag::UTC_TIME => {
                let (year, rest) = digits(text, 2).ok_or_else(fault)?;
                (if year < 50 { 2000 + year } else { 1900 + year }, rest)
            }
            tag::GENERALIZED_TIME => digits(text, 4).ok_or_else(fault)?,
            _ => return Err(value.fault("a time of an unknown kind")),
        };
        let (month, rest) = digits(rest, 2).ok_or_else(fault)?;
        let (day, rest) = digits(rest, 2).ok_or_else(fault)?;
        let (hour, rest) = digits(rest, 2).ok_or_else(fault)?;
        let (minute, rest) = digits(rest, 2).ok_or_else(fault)?;
        let mut lax = false;
        let (second, mut rest) = digits(rest, 2).unwrap_or_else(|| {
            lax = true;
            (0, rest)
        });
        if let [b'.' | b',', fraction @ ..] = rest {
            let count = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if count == 0 || value.tag == tag::UTC_TIME {
                return Err(fault());
            }
            lax = true;
            rest = &fraction[count..];
        }
        let offset = match *rest {
            [b'Z'] => 0,
            [sign @ (b'+' | b'-'), ref zone @ ..] => {
                let (hours, zone) = digits(zone, 2).ok_or_else(fault)?;
                let (minutes, zone) = digits(zone, 2).ok_or_else(fault)?;
                if !zone.is_empty() || hours > 23 || minutes > 59 {
                    return Err(fault());
                }
                lax = true;
                (hours * 60 + minutes) * 60 * if sign == b'-' { -1 } else { 1 }
            }
            _ => return Err(fault()),
        };
        let fits = (1..=12).contains(&month)
            && (1..=days_in(year, month)).contains(&day)
            && hour < 24
            && minute < 60
            && second < 60;
        if !fits {
            return Err(fault());
        }
        let days = days_from_civil(year, month, day);
        Ok((Time(days * DAY + hour * 3600 + minute * 60 + second - offset), lax))
    }

    /// Year of the calendar.
    pub(crate) fn year(self) -> i64 {
        civil(self.0.div_euclid(DAY)).0
    }
}

impl fmt::Display for Time {
    /// As RFC 3339 writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let second = self.0.rem_euclid(DAY);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(f, "{}T{hour:02}:{minute:02}:{second:02}Z", self.date())
    }
}

struct Date(i64);

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil(self.0);
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

fn digits(text: &[u8], count: usize) -> Option<(i64, &[u8])> {
    let (digits, rest) = text.split_at_checked(count)?;
    digits
        .iter()
        .try_fold(0, |number, digit| {
            digit.is_ascii_digit().then(|| number * 10 + i64::from(digit - b'0'))
        })
        .map(|number| (number, rest))
}

fn days_in(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01. Years are counted from March, so that the leap day comes last.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month > 2 { year } else { year - 1 };
    let from_march = (month + 9) % 12;
    let day_of_year = (153 * from_march + 2) / 5 + day - 1;
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + day_of_year - 719_468
}

fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(tag: u8, text: &str) -> Option<(Time, bool)> {
        let content = text.as_bytes();
        Time::read(&Value { tag, content, whole: content, offset: 0 }).ok()
    }

    #[test]
    fn days_are_counted_both_ways() {
        for days in (-800_000..800_000).step_by(37) {
            let (year, month, day) = civil(days);
            assert_eq!(days_from_civil(year, month, day), days);
        }
        assert_eq!(Time::from_unix(951_782_400).to_string(), "2000-02-29T00:00:00Z");
        assert_eq!(Time::from_unix(-1).to_string(), "1969-12-31T23:59:59Z");
    }

    #[test]
    fn times_are_read_in_the_standards_form() {
        let unix = |tag, text| read(tag, text).map(|(time, lax)| (time.unix(), lax));
        assert_eq!(unix(tag::UTC_TIME, "700101000000Z"), Some((0, false)));
        assert_eq!(unix(tag::UTC_TIME, "491231235959Z"), Some((2_524_607_999, false)));
        assert_eq!(unix(tag::GENERALIZED_TIME, "20500101000000Z"), Some((2_524_608_000, false)));
        assert_eq!(unix(tag::GENERALIZED_TIME, "99991231235959Z"), Some((253_402_300_799, false)));
    }

    #[test]
    fn other_forms_are_read_and_noted() {
        let unix = |tag, text| read(tag, text).map(|(time, lax)| (time.unix(), lax));
        assert_eq!(unix(tag::UTC_TIME, "7001010000Z"), Some((0, true)));
        assert_eq!(unix(tag::UTC_TIME, "700101010000+0100"), Some((0, true)));
        assert_eq!(unix(tag::GENERALIZED_TIME, "19700101000000.5Z"), Some((0, true)));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "7001010000",
            "701301000000Z",
            "700230000000Z",
            "700101240000Z",
            "700101000060Z",
            "700101000000ZZ",
            "70010100000aZ",
            "700101000000+99",
        ] {
            assert_eq!(read(tag::UTC_TIME, text), None, "{text}");
        }
        assert_eq!(read(tag::GENERALIZED_TIME, "700101000000Z"), None);
        assert_eq!(read(tag::GENERALIZED_TIME, "19700101000000.Z"), None);
        assert_eq!(read(tag::OID, "700101000000Z"), None);
    }
}
