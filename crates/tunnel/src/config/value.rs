//! Values that are written as text: durations, counts, names of the TLS registries.

use super::file::Where;
use crate::service::Network;
use jiff::SignedDuration;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{self, Error, MapAccess, Visitor, value::MapAccessDeserializer},
};
use std::{borrow::Cow, fmt, marker::PhantomData, num::NonZeroUsize, str::FromStr, time::Duration};

const DAY: u64 = 24 * 60 * 60;

/// The longest duration that may be written, in seconds: 366 days.
const LONGEST: u64 = 366 * DAY;

/// A duration as `"10s"`, `"5m"` or `"1h30m"`, more than nothing and at most `MAX` seconds.
///
/// ```
/// use ravelin_tunnel::config::Period;
/// use std::time::Duration;
///
/// assert_eq!("1h30m".parse::<Period>()?.0, Duration::from_secs(5400));
/// assert!("10".parse::<Period>().is_err());
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period<const MAX: u64 = LONGEST>(pub Duration);

impl<const MAX: u64> FromStr for Period<MAX> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let trimmed = text.trim();
        if !trimmed.is_empty() && trimmed.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(format!(
                "duration `{trimmed}` has no unit; write \"{trimmed}s\" for seconds"
            ));
        }
        let duration = trimmed.parse::<SignedDuration>().map_err(|_| {
            format!("`{trimmed}` is no duration; write one like \"10s\", \"5m\" or \"1h30m\"")
        })?;
        let duration = Duration::try_from(duration)
            .map_err(|_| format!("duration `{trimmed}` is negative"))?;
        if duration.is_zero() {
            return Err(format!("duration `{trimmed}` is nothing at all; write at least \"1ms\""));
        }
        if duration > Duration::from_secs(MAX) {
            let most = SignedDuration::from_secs(i64::try_from(MAX).unwrap_or(i64::MAX));
            return Err(format!("duration `{trimmed}` is too long; the most is {most:#}"));
        }
        Ok(Period(duration))
    }
}

impl<'de, const MAX: u64> Deserialize<'de> for Period<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Text::new("a duration like \"10s\", \"5m\" or \"1h30m\""))
    }
}

impl<const MAX: u64> JsonSchema for Period<MAX> {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A duration.",
            "examples": ["10s", "5m", "1h30m"],
        })
    }
}

/// A duration like [`Period`], or `"off"`.
///
/// ```
/// use ravelin_tunnel::config::PeriodOrOff;
/// assert_eq!("off".parse::<PeriodOrOff>()?.0, None);
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeriodOrOff(pub Option<Duration>);

impl FromStr for PeriodOrOff {
    type Err = String;

    fn from_str(text: &str) -> Result<PeriodOrOff, String> {
        if text.trim() == "off" {
            return Ok(PeriodOrOff(None));
        }
        text.parse::<Period>().map(|period| PeriodOrOff(Some(period.0)))
    }
}

impl<'de> Deserialize<'de> for PeriodOrOff {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Text::new("a duration like \"10s\" or \"5m\", or \"off\""))
    }
}

impl JsonSchema for PeriodOrOff {
    fn schema_name() -> Cow<'static, str> {
        "DurationOrOff".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A duration, or `off`.",
            "examples": ["10s", "5m", "1h30m", "off"],
        })
    }
}

/// A number of at least one, or `"off"` for no limit.
///
/// ```
/// use ravelin_tunnel::config::CountOrOff;
/// assert_eq!("100".parse::<CountOrOff>()?.limit(), Some(100));
/// assert_eq!("off".parse::<CountOrOff>()?.limit(), None);
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CountOrOff(pub Option<NonZeroUsize>);

impl CountOrOff {
    /// The limit, if there is one.
    pub fn limit(self) -> Option<usize> {
        self.0.map(NonZeroUsize::get)
    }
}

impl FromStr for CountOrOff {
    type Err = String;

    fn from_str(text: &str) -> Result<CountOrOff, String> {
        match text.trim() {
            "off" => Ok(CountOrOff(None)),
            number => number.parse().map(|number| CountOrOff(Some(number))).map_err(|_| {
                format!("`{number}` is no limit; write a number from 1 up, or \"off\"")
            }),
        }
    }
}

impl<'de> Deserialize<'de> for CountOrOff {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Count;
        impl Visitor<'_> for Count {
            type Value = CountOrOff;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number from 1 up, or \"off\"")
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<CountOrOff, E> {
                usize::try_from(number)
                    .ok()
                    .and_then(NonZeroUsize::new)
                    .map(|number| CountOrOff(Some(number)))
                    .ok_or_else(|| E::invalid_value(de::Unexpected::Signed(number), &self))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<CountOrOff, E> {
                match text {
                    "off" => Ok(CountOrOff(None)),
                    _ => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
                }
            }
        }
        deserializer.deserialize_any(Count)
    }
}

impl JsonSchema for CountOrOff {
    fn schema_name() -> Cow<'static, str> {
        "CountOrOff".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A number from 1 up, or `off`.",
            "anyOf": [{ "type": "integer", "minimum": 1 }, { "const": "off" }],
        })
    }
}

/// A value with a text form of its own: a protocol version, a cipher suite, a range of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parsed<T>(pub T);

impl<'de, T: FromStr<Err: fmt::Display>> Deserialize<'de> for Parsed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Text::new("a string")).map(Parsed)
    }
}

impl<T> JsonSchema for Parsed<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "String".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

/// How PROXY headers are accepted: `true`, `false` or a table.
#[derive(Clone, Debug)]
pub enum AcceptProxy {
    /// `true`: from everybody. `false`: no header is expected.
    Switch(bool),
    /// From whom, and how fast.
    Table(AcceptProxyTable),
}

/// From whom PROXY headers are accepted, and how fast they must arrive.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct AcceptProxyTable {
    /// Ranges of addresses that send a header before anything else, and must, such as `10.0.0.0/8`. Connections from
    /// elsewhere are served without one. Absent: everybody sends one.
    #[schemars(with = "Option<Vec<String>>")]
    pub trusted: Option<Where<Vec<Parsed<Network>>>>,
    /// How long the header may take to arrive (default 3s).
    pub timeout: Option<Period>,
}

impl<'de> Deserialize<'de> for AcceptProxy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SwitchOrTable;
        impl<'de> Visitor<'de> for SwitchOrTable {
            type Value = AcceptProxy;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "true, false, or a table like { trusted = [\"10.0.0.0/8\"], timeout = \"3s\" }",
                )
            }

            fn visit_bool<E: Error>(self, on: bool) -> Result<AcceptProxy, E> {
                Ok(AcceptProxy::Switch(on))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<AcceptProxy, A::Error> {
                AcceptProxyTable::deserialize(MapAccessDeserializer::new(map))
                    .map(AcceptProxy::Table)
            }
        }
        deserializer.deserialize_any(SwitchOrTable)
    }
}

impl JsonSchema for AcceptProxy {
    fn schema_name() -> Cow<'static, str> {
        "AcceptProxy".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let table = generator.subschema_for::<AcceptProxyTable>();
        json_schema!({ "anyOf": [{ "type": "boolean" }, table] })
    }
}

/// Reads a string by [`FromStr`]; anything else is told what was expected.
struct Text<T> {
    expected: &'static str,
    value: PhantomData<T>,
}

impl<T> Text<T> {
    fn new(expected: &'static str) -> Text<T> {
        Text { expected, value: PhantomData }
    }
}

impl<T: FromStr<Err: fmt::Display>> Visitor<'_> for Text<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
        // Says that the unit is missing.
        number.to_string().parse().map_err(E::custom)
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<T, E> {
        Err(E::custom(format_args!("{number} is a number; write \"{number}\"")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        for (text, seconds) in
            [("10s", 10), ("5m", 300), ("1h30m", 5400), ("1h 30m", 5400), ("36h", 129_600)]
        {
            assert_eq!(text.parse(), Ok(Period::<LONGEST>(Duration::from_secs(seconds))), "{text}");
        }
        assert_eq!("250ms".parse::<Period>().unwrap().0, Duration::from_millis(250));
        assert_eq!("1m".parse::<PeriodOrOff>().unwrap().0, Some(Duration::from_secs(60)));
    }

    #[test]
    fn bad_durations_say_what_to_write() {
        let bad = |text: &str| text.parse::<Period<3600>>().unwrap_err();
        assert_eq!(bad("10"), "duration `10` has no unit; write \"10s\" for seconds");
        assert_eq!(
            bad("soon"),
            "`soon` is no duration; write one like \"10s\", \"5m\" or \"1h30m\""
        );
        assert_eq!(bad(""), "`` is no duration; write one like \"10s\", \"5m\" or \"1h30m\"");
        assert_eq!(bad("-5s"), "duration `-5s` is negative");
        assert_eq!(bad("0s"), "duration `0s` is nothing at all; write at least \"1ms\"");
        assert_eq!(bad("2h"), "duration `2h` is too long; the most is 1h");
        assert!("off".parse::<Period>().is_err());
        for huge in ["99999999999999999999h", "9223372036854775807s", "1y"] {
            assert!(huge.parse::<Period>().is_err(), "{huge}");
        }
    }

    #[test]
    fn counts_begin_at_one() {
        assert_eq!("1".parse::<CountOrOff>().unwrap().limit(), Some(1));
        for bad in ["0", "-1", "many", ""] {
            assert!(bad.parse::<CountOrOff>().is_err(), "{bad}");
        }
    }
}
