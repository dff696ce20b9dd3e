//! How long a certificate is good, and for what.

use super::{
    certificate::{self, Rank, SERIAL, Template},
    name::Name,
    purpose::Purpose,
};
use crate::{
    args::cert::{UseArgs, ValidityArgs},
    exit::Failure,
};
use jiff::{SignedDuration, Timestamp};

const DAY: i64 = 24 * 60 * 60;

/// Days that an end certificate is good, and an authority's, if nothing is said.
const DAYS: u32 = 90;
const AUTHORITY_DAYS: u32 = 3650;

/// Apple's clients refuse server certificates that are good for longer, whoever signed them.
const MOST_SERVER_DAYS: i64 = 825;

/// 1950-01-01: X.509 writes no year before.
const FIRST: i64 = -631_152_000;

/// From when to when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// The first moment.
    pub not_before: Timestamp,
    /// The last one.
    pub not_after: Timestamp,
}

impl Validity {
    /// What was asked for; what was not asked for ends no later than `latest`.
    ///
    /// # Errors
    /// When it would end before it begins, or cannot be written.
    pub fn new(
        args: &ValidityArgs,
        is_authority: bool,
        latest: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Validity, Failure> {
        let not_before = args.not_before.unwrap_or(now);
        let after = |days: u32| {
            not_before
                .checked_add(SignedDuration::from_secs(i64::from(days) * DAY))
                .map_err(|_| Failure::input("the certificate would be good beyond the year 9999"))
        };
        let not_after = match (args.not_after, args.days) {
            (Some(end), _) => end,
            (None, Some(days)) => after(days)?,
            (None, None) => {
                let end = after(if is_authority { AUTHORITY_DAYS } else { DAYS })?;
                latest.map_or(end, |latest| end.min(latest))
            }
        };
        if not_after <= not_before {
            return Err(Failure::input(format!(
                "the certificate would end ({not_after}) before it begins ({not_before})"
            )));
        }
        if not_before.as_second() < FIRST {
            return Err(Failure::input("the certificate would begin before 1950"));
        }
        Ok(Validity { not_before, not_after })
    }
}

/// What is taken for now, in whole seconds as certificates count.
///
/// # Errors
/// Never for a time that was read.
pub fn now(args: &ValidityArgs) -> Result<Timestamp, Failure> {
    let now = args.time.unwrap_or_else(Timestamp::now);
    Timestamp::from_second(now.as_second()).map_err(Failure::input)
}

/// The purposes asked for, or else those usual for its kind.
///
/// # Errors
/// When they do not go together.
pub fn purposes(args: &UseArgs, is_authority: bool) -> Result<Vec<Purpose>, Failure> {
    if args.path_length.is_some() && !is_authority {
        return Err(Failure::input("only an authority has a --path-length"));
    }
    let mut purposes: Vec<Purpose> = Vec::new();
    for purpose in &args.purposes {
        if !purposes.contains(purpose) {
            purposes.push(purpose.clone());
        }
    }
    if !is_authority && purposes.len() > 1 && purposes.contains(&Purpose::TimeStamping) {
        return Err(Failure::input(
            "time-stamping stands alone or is not believed (RFC 3161); make two certificates",
        ));
    }
    if purposes.is_empty() && !is_authority {
        purposes.push(Purpose::ServerAuth);
    }
    Ok(purposes)
}

/// The serial number asked for, or else a random one.
///
/// # Errors
/// When it is no positive number of at most 20 bytes.
pub fn serial(args: &UseArgs) -> Result<Vec<u8>, Failure> {
    let Some(text) = &args.serial else {
        return certificate::random_serial()
            .map_err(|error| Failure::input(format!("no serial number could be made: {error}")));
    };
    let digits: String = text.chars().filter(|c| *c != ':').collect();
    let digits = digits.trim_start_matches('0');
    let whole =
        if digits.len().is_multiple_of(2) { digits.to_owned() } else { format!("0{digits}") };
    let bytes: Option<Vec<u8>> = whole
        .as_bytes()
        .chunks(2)
        .map(|pair| {
            let pair = str::from_utf8(pair).ok().filter(|pair| !pair.contains('+'))?;
            u8::from_str_radix(pair, 16).ok()
        })
        .collect();
    // A first bit that is set would cost another byte, for the sign (X.690, section 8.3).
    let fits = |bytes: &Vec<u8>| {
        !bytes.is_empty() && (bytes.len() < SERIAL || bytes.len() == SERIAL && bytes[0] < 0x80)
    };
    bytes.filter(fits).ok_or_else(|| {
        Failure::input(format!(
            "--serial {text}: a serial number is positive and has {SERIAL} bytes at most, in hexadecimal"
        ))
    })
}

/// What clients will not like.
pub fn warnings(template: &Template) -> Vec<String> {
    let mut warnings = Vec::new();
    let is_server = template.rank == Rank::End && template.purposes.contains(&Purpose::ServerAuth);
    if is_server && !template.names.iter().any(|name| matches!(name, Name::Dns(_) | Name::Ip(_))) {
        warnings.push(
            "no client accepts a server certificate without a dns: or ip: name; give --name".into(),
        );
    }
    let days = (template.not_after.as_second() - template.not_before.as_second()) / DAY;
    if is_server && days > MOST_SERVER_DAYS {
        warnings.push(format!(
            "good for {days} days; Apple's clients refuse server certificates of more than {MOST_SERVER_DAYS}"
        ));
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(days: Option<u32>, not_after: Option<&str>) -> ValidityArgs {
        ValidityArgs {
            days,
            not_after: not_after.map(|text| text.parse().unwrap()),
            not_before: None,
            time: None,
        }
    }

    #[test]
    fn only_what_was_not_asked_for_is_cut() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let latest: Timestamp = "2026-02-01T00:00:00Z".parse().unwrap();
        let end =
            |args, latest| Validity::new(&args, false, latest, now).unwrap().not_after.to_string();
        assert_eq!(end(args(None, None), None), "2026-04-01T00:00:00Z");
        assert_eq!(end(args(None, None), Some(latest)), "2026-02-01T00:00:00Z");
        assert_eq!(end(args(Some(60), None), Some(latest)), "2026-03-02T00:00:00Z");
        let asked = args(None, Some("2027-01-31T12:00:00+01:00"));
        assert_eq!(end(asked, Some(latest)), "2027-01-31T11:00:00Z");
        assert!(
            Validity::new(&args(None, Some("2025-01-01T00:00:00Z")), false, None, now).is_err()
        );
    }

    #[test]
    fn serial_numbers_are_positive_and_short() {
        let read = |text: &str| {
            serial(&UseArgs { purposes: Vec::new(), path_length: None, serial: Some(text.into()) })
                .ok()
        };
        assert_eq!(read("1"), Some(vec![1]));
        assert_eq!(read("00:0a:FF"), Some(vec![0x0a, 0xff]));
        assert_eq!(read(&"7f".repeat(20)).map(|bytes| bytes.len()), Some(20));
        for wrong in
            ["", "0", "00:00", "-1", "+1", "+a+b", "0x1", "xyz", &"80".repeat(20), &"11".repeat(21)]
        {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        let made =
            serial(&UseArgs { purposes: Vec::new(), path_length: None, serial: None }).unwrap();
        assert!(made.len() == 20 && (0x40..0x80).contains(&made[0]), "{made:?}");
    }
}
