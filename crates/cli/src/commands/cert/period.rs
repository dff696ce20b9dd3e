//! Spans of days.

use std::str::FromStr;

/// Longest span, in days: a thousand years.
const MAX: i64 = 365_000;

/// A span of time, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Days(pub i64);

impl FromStr for Days {
    type Err = String;

    fn from_str(text: &str) -> Result<Days, String> {
        let fault = || format!("`{text}` is no span of time: write 30d, 12h or 4w");
        let unit = text.chars().next_back().ok_or_else(fault)?;
        let seconds = match unit {
            'h' => 3600,
            'd' => 86_400,
            'w' => 7 * 86_400,
            _ => return Err(fault()),
        };
        let count: u32 = text[..text.len() - 1].parse().map_err(|_| fault())?;
        let span = i64::from(count) * seconds;
        if span > MAX * 86_400 {
            return Err(format!("`{text}` is more than {MAX} days"));
        }
        Ok(Days(span))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_a_unit() {
        assert_eq!("30d".parse(), Ok(Days(2_592_000)));
        assert_eq!("12h".parse(), Ok(Days(43_200)));
        assert_eq!("4w".parse(), Ok(Days(2_419_200)));
        for text in ["", "30", "d", "-1d", "1.5d", "1y", "30\u{e4}", "4294967295w"] {
            assert!(text.parse::<Days>().is_err(), "{text}");
        }
    }
}
