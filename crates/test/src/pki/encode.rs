//! Writing DER (X.690), and what only looks like it.

/// A value: its tag, the length, the content.
///
/// ```
/// assert_eq!(ravelin_test::pki::encode::value(0x04, b"ab"), [0x04, 2, b'a', b'b']);
/// ```
pub fn value(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let digits = content.len().to_be_bytes();
    let digits = &digits[digits.iter().take_while(|digit| **digit == 0).count()..];
    if content.len() < 0x80 {
        out.push(digits.first().copied().unwrap_or(0));
    } else {
        out.push(0x80 | u8::try_from(digits.len()).expect("a length has at most eight bytes"));
        out.extend_from_slice(digits);
    }
    out.extend_from_slice(content);
    out
}

/// A sequence of values.
pub fn sequence<B: AsRef<[u8]>>(values: impl IntoIterator<Item = B>) -> Vec<u8> {
    value(0x30, &concat(values))
}

/// A set of values, in the order they are given.
pub fn set<B: AsRef<[u8]>>(values: impl IntoIterator<Item = B>) -> Vec<u8> {
    value(0x31, &concat(values))
}

/// `[number]` around other values.
pub fn tagged(number: u8, content: &[u8]) -> Vec<u8> {
    value(0xa0 | number, content)
}

/// `[number]` with primitive content.
pub fn implicit(number: u8, content: &[u8]) -> Vec<u8> {
    value(0x80 | number, content)
}

/// The values one behind the other.
pub fn concat<B: AsRef<[u8]>>(values: impl IntoIterator<Item = B>) -> Vec<u8> {
    values.into_iter().fold(Vec::new(), |mut all, one| {
        all.extend_from_slice(one.as_ref());
        all
    })
}

/// An integer that is not negative.
pub fn integer(number: u64) -> Vec<u8> {
    value(0x02, &digits(number))
}

/// The shortest content of an integer that is not negative.
pub(super) fn digits(number: u64) -> Vec<u8> {
    let bytes = number.to_be_bytes();
    let mut digits = bytes[bytes.iter().take_while(|byte| **byte == 0).count()..].to_vec();
    if digits.first().is_none_or(|first| first & 0x80 != 0) {
        digits.insert(0, 0);
    }
    digits
}

/// A boolean.
pub fn boolean(truth: bool) -> Vec<u8> {
    value(0x01, &[if truth { 0xff } else { 0 }])
}

/// The content of an object identifier, from its dotted form.
///
/// # Panics
/// When the text is no dotted form with numbers below 2^32.
pub fn oid_content(dotted: &str) -> Vec<u8> {
    let numbers: Vec<u32> =
        dotted.split('.').map(|one| one.parse().expect("a number of an identifier")).collect();
    let mut out = Vec::new();
    for number in std::iter::once(numbers[0] * 40 + numbers[1]).chain(numbers[2..].iter().copied())
    {
        let groups = (0..5).rev().map(|group| number >> (7 * group) & 0x7f);
        let mut groups: Vec<u32> = groups.skip_while(|group| *group == 0).collect();
        let last = groups.pop().unwrap_or(0);
        out.extend(groups.iter().map(|group| 0x80 | u8::try_from(*group).expect("seven bits")));
        out.push(u8::try_from(last).expect("seven bits"));
    }
    out
}

/// An object identifier, from its dotted form.
///
/// # Panics
/// When the text is no dotted form with numbers below 2^32.
pub fn oid(dotted: &str) -> Vec<u8> {
    value(0x06, &oid_content(dotted))
}

/// A bit string of whole bytes.
pub fn bit_string(bytes: &[u8]) -> Vec<u8> {
    value(0x03, &concat([&[0][..], bytes]))
}

/// An octet string.
pub fn octets(bytes: &[u8]) -> Vec<u8> {
    value(0x04, bytes)
}

/// A string of UTF-8.
pub fn utf8(text: &str) -> Vec<u8> {
    value(0x0c, text.as_bytes())
}

/// A moment in seconds since 1970, in the form that RFC 5280 asks for (section 4.1.2.5).
///
/// # Panics
/// When the year has more than four digits or is before 1950.
pub fn time(seconds: i64) -> Vec<u8> {
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = date(days);
    assert!((1950..10_000).contains(&year), "no certificate is from {year}");
    let clock =
        format!("{month:02}{day:02}{:02}{:02}{:02}Z", rest / 3600, rest / 60 % 60, rest % 60);
    if year < 2050 {
        value(0x17, format!("{:02}{clock}", year % 100).as_bytes())
    } else {
        value(0x18, format!("{year:04}{clock}").as_bytes())
    }
}

/// The day that many days after the first of January 1970, in the Gregorian calendar.
fn date(mut days: i64) -> (i64, u32, i64) {
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let mut year = 1970;
    while days < 0 {
        year -= 1;
        days += 365 + i64::from(leap(year));
    }
    while days >= 365 + i64::from(leap(year)) {
        days -= 365 + i64::from(leap(year));
        year += 1;
    }
    let lengths = [31, 28 + i64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 1;
    for length in lengths {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    (year, month, days + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_numbers_are_as_short_as_can_be() {
        assert_eq!(value(4, &[0; 0x80])[..3], [4, 0x81, 0x80]);
        assert_eq!(value(4, &[0; 0x100])[..4], [4, 0x82, 1, 0]);
        assert_eq!(value(5, &[]), [5, 0]);
        assert_eq!(integer(0), [2, 1, 0]);
        assert_eq!(integer(0x80), [2, 2, 0, 0x80]);
        assert_eq!(oid("1.2.840.113549"), [6, 6, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d]);
        assert_eq!(oid("2.5.29.32.0"), [6, 4, 0x55, 0x1d, 0x20, 0]);
    }

    #[test]
    fn times_have_the_form_of_their_century() {
        assert_eq!(time(0), value(0x17, b"700101000000Z"));
        assert_eq!(time(951_782_400), value(0x17, b"000229000000Z"));
        assert_eq!(time(2_524_607_999), value(0x17, b"491231235959Z"));
        assert_eq!(time(2_524_608_000), value(0x18, b"20500101000000Z"));
        assert_eq!(time(-1), value(0x17, b"691231235959Z"));
    }
}
