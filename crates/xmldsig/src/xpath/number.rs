//! Numbers as XPath writes and reads them (XPath 1.0, sections 3.5, 4.2 and 4.4).

use crate::xml::is_space;
use std::borrow::Cow;

/// The number that a string stands for; not a number if it stands for none.
pub(super) fn parse(text: &str) -> f64 {
    let text = text.trim_matches(|c: char| c.is_ascii() && is_space(c as u8));
    let digits = text.strip_prefix('-').unwrap_or(text);
    let fits = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && digits.bytes().any(|byte| byte.is_ascii_digit())
        && digits.bytes().filter(|byte| *byte == b'.').count() <= 1;
    if fits { text.parse().unwrap_or(f64::NAN) } else { f64::NAN }
}

/// The string that stands for a number.
pub(super) fn format(number: f64) -> Cow<'static, str> {
    if number.is_nan() {
        Cow::Borrowed("NaN")
    } else if number.is_infinite() {
        Cow::Borrowed(if number > 0.0 { "Infinity" } else { "-Infinity" })
    } else if number == 0.0 {
        // Both zeros.
        Cow::Borrowed("0")
    } else {
        // The shortest digits that are this number and no other, never with an exponent.
        Cow::Owned(number.to_string())
    }
}

/// The nearest integer, of two the greater one.
pub(super) fn round(number: f64) -> f64 {
    if !number.is_finite() || number.fract() == 0.0 {
        return number;
    }
    if (-0.5..0.0).contains(&number) {
        return -0.0;
    }
    let below = number.floor();
    if number - below >= 0.5 { below + 1.0 } else { below }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_become_numbers() {
        for (text, number) in [
            ("1", 1.0),
            (" -1.5\n", -1.5),
            (".5", 0.5),
            ("5.", 5.0),
            ("-.5", -0.5),
            ("007", 7.0),
            ("-0", 0.0),
        ] {
            assert!((parse(text) - number).abs() < 1e-12, "{text}");
        }
        for text in [
            "", " ", "+1", "1e3", "- 1", "1 2", ".", "-", "1.2.3", "--1", "inf", "NaN", "0x1",
            "\u{a0}1",
        ] {
            assert!(parse(text).is_nan(), "{text}");
        }
    }

    #[test]
    fn numbers_become_strings() {
        for (number, text) in [
            (1.0, "1"),
            (-0.0, "0"),
            (0.5, "0.5"),
            (-1.25, "-1.25"),
            (1e21, "1000000000000000000000"),
            (1e-7, "0.0000001"),
            (0.1 + 0.2, "0.30000000000000004"),
            (f64::INFINITY, "Infinity"),
            (f64::NEG_INFINITY, "-Infinity"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(format(number), text);
        }
    }

    #[test]
    fn halves_are_rounded_up() {
        for (number, rounded) in
            [(0.5, 1.0), (2.5, 3.0), (-2.5, -2.0), (-0.4, 0.0), (0.499_999_999_999_999_94, 0.0)]
        {
            assert!((round(number) - rounded).abs() < f64::EPSILON, "{number}");
        }
        assert!(round(-0.5).is_sign_negative() && round(-0.2).is_sign_negative());
        assert!(round(f64::NAN).is_nan());
        assert!(round(f64::INFINITY).is_infinite());
        assert!((round(9_007_199_254_740_991.0) - 9_007_199_254_740_991.0).abs() < f64::EPSILON);
    }
}
