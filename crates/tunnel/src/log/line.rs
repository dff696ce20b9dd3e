//! One line of the log: `key=value` words or a JSON object, built the same way.

use crate::service::LogFormat;
use jiff::Timestamp;
use std::{
    fmt::{self, Write},
    time::SystemTime,
};

/// The most bytes of one value that are written. The rest is replaced by `…`.
const MAX_VALUE: usize = 1024;

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Info,
    Warning,
    Error,
}

/// A line in the making. Keys come from the program; values may be hostile: what would not print, or would look like
/// something it is not, is escaped. Missing values are left out of text and are null in JSON.
#[derive(Debug)]
pub(super) struct Line {
    format: LogFormat,
    text: String,
}

impl Line {
    /// Begins with the time (RFC 3339, UTC, milliseconds), the level and the event.
    pub(super) fn begin(format: LogFormat, now: SystemTime, level: Level, event: &str) -> Line {
        let mut text = String::with_capacity(384);
        if format == LogFormat::Json {
            text.push_str("{\"schema\":1");
        }
        let mut line = Line { format, text };
        let level = match level {
            Level::Info => "info",
            Level::Warning => "warning",
            Level::Error => "error",
        };
        // A clock beyond the year 9999 is not worth losing a line.
        let now = Timestamp::try_from(now).unwrap_or_default();
        line.display("time", Some(format_args!("{now:.3}")));
        line.text("level", Some(level));
        line.text("event", Some(event));
        line
    }

    pub(super) fn text(&mut self, key: &str, value: Option<&str>) {
        self.text_within(MAX_VALUE, key, value);
    }

    /// Like [`text`](Self::text), for values that no honest peer makes longer than `limit` bytes.
    pub(super) fn text_within(&mut self, limit: usize, key: &str, value: Option<&str>) {
        let Some(value) = value else { return self.missing(key) };
        self.key(key);
        let (value, cut) = shorten(value, limit);
        match self.format {
            LogFormat::Json => push_json_string(&mut self.text, value, cut),
            LogFormat::Text => push_word(&mut self.text, value, cut),
        }
    }

    pub(super) fn display(&mut self, key: &str, value: Option<impl fmt::Display>) {
        self.text(key, value.map(|value| value.to_string()).as_deref());
    }

    pub(super) fn number(&mut self, key: &str, value: Option<u64>) {
        self.bare(key, value);
    }

    pub(super) fn flag(&mut self, key: &str, value: Option<bool>) {
        self.bare(key, value);
    }

    /// The whole line with its line feed.
    pub(super) fn end(mut self) -> String {
        self.text.push_str(if self.format == LogFormat::Json { "}\n" } else { "\n" });
        self.text
    }

    /// A value that looks the same in both formats.
    fn bare(&mut self, key: &str, value: Option<impl fmt::Display>) {
        let Some(value) = value else { return self.missing(key) };
        self.key(key);
        write!(self.text, "{value}").expect("writing to a string does not fail");
    }

    fn missing(&mut self, key: &str) {
        if self.format == LogFormat::Json {
            self.key(key);
            self.text.push_str("null");
        }
    }

    fn key(&mut self, key: &str) {
        match self.format {
            LogFormat::Json => {
                self.text.push_str(",\"");
                self.text.push_str(key);
                self.text.push_str("\":");
            }
            LogFormat::Text => {
                if !self.text.is_empty() {
                    self.text.push(' ');
                }
                self.text.push_str(key);
                self.text.push('=');
            }
        }
    }
}

/// The front of `value` in at most `limit` bytes, and whether something was cut off.
fn shorten(value: &str, limit: usize) -> (&str, bool) {
    if value.len() <= limit {
        return (value, false);
    }
    let end = (0..=limit).rev().find(|&end| value.is_char_boundary(end)).unwrap_or(0);
    (&value[..end], true)
}

/// Whether a character shows as itself: not a control character, not one that changes the order or the look of others.
fn is_plain(c: char) -> bool {
    match c {
        ' '..='~' => true,
        c if c.is_ascii() => false,
        // `escape_debug` knows which characters print, and takes U+00A0 and its like for what they are not.
        c => c.escape_debug().len() == 1,
    }
}

fn push_word(text: &mut String, value: &str, cut: bool) {
    let bare = !value.is_empty() && value.chars().all(|c| is_plain(c) && !" \"\\=".contains(c));
    if bare && !cut {
        return text.push_str(value);
    }
    text.push('"');
    for c in value.chars() {
        match c {
            '"' | '\\' => text.extend(['\\', c]),
            c if is_plain(c) => text.push(c),
            // `\n`, `\t`, `\u{1b}` and so on, as in Rust.
            c => text.extend(c.escape_default()),
        }
    }
    text.push_str(if cut { "…\"" } else { "\"" });
}

fn push_json_string(text: &mut String, value: &str, cut: bool) {
    text.push('"');
    for c in value.chars() {
        match c {
            '"' | '\\' => text.extend(['\\', c]),
            c if is_plain(c) => text.push(c),
            c => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(text, "\\u{unit:04x}").expect("writing to a string does not fail");
                }
            }
        }
    }
    text.push_str(if cut { "…\"" } else { "\"" });
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;

    fn line(format: LogFormat, build: impl FnOnce(&mut Line)) -> String {
        let now = SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_123);
        let mut line = Line::begin(format, now, Level::Info, "closed");
        build(&mut line);
        line.end()
    }

    fn word(value: &str) -> String {
        let line = line(LogFormat::Text, |line| line.text("k", Some(value)));
        line.trim_end().split_once(" k=").unwrap().1.to_owned()
    }

    #[test]
    fn text_and_json_say_the_same() {
        let build = |line: &mut Line| {
            line.text("service", Some("rtmps"));
            line.number("bytes", Some(12));
            line.flag("resumed", Some(false));
            line.text("sni", None);
            line.number("id", None);
            line.display("client", Some("[::1]:9"));
        };
        assert_eq!(
            line(LogFormat::Text, build),
            "time=2023-11-14T22:13:20.123Z level=info event=closed \
             service=rtmps bytes=12 resumed=false client=[::1]:9\n"
        );
        let json = line(LogFormat::Json, build);
        assert!(json.ends_with("}\n"));
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&json).unwrap(),
            serde_json::json!({
                "schema": 1, "time": "2023-11-14T22:13:20.123Z", "level": "info",
                "event": "closed", "service": "rtmps", "bytes": 12, "resumed": false,
                "sni": null, "id": null, "client": "[::1]:9",
            })
        );
    }

    #[test]
    fn values_that_could_be_taken_for_something_else_are_quoted() {
        assert_eq!(word("plain-1.example"), "plain-1.example");
        assert_eq!(word("übel.example"), "übel.example");
        assert_eq!(word(""), r#""""#);
        assert_eq!(word("two words"), r#""two words""#);
        assert_eq!(word("a reason=idle"), r#""a reason=idle""#);
        assert_eq!(word("a=b"), r#""a=b""#);
        assert_eq!(word(r#"say "hi" \"#), r#""say \"hi\" \\""#);
    }

    #[test]
    fn hostile_characters_are_escaped() {
        assert_eq!(word("a\nevent=closed"), r#""a\nevent=closed""#);
        assert_eq!(word("\x1b[2J\x07\x7f"), r#""\u{1b}[2J\u{7}\u{7f}""#);
        // A C1 control, a right-to-left override, a zero-width space, a line separator, a no-break space.
        assert_eq!(
            word("\u{9b}\u{202e}\u{200b}\u{2028}\u{a0}"),
            r#""\u{9b}\u{202e}\u{200b}\u{2028}\u{a0}""#
        );
        let json = line(LogFormat::Json, |line| line.text("k", Some("\u{9b}\u{202e}\u{e0001}")));
        assert!(json.contains(r#""k":"\u009b\u202e\udb40\udc01""#), "{json}");
    }

    #[test]
    fn long_values_are_cut_between_characters() {
        let long = "é".repeat(MAX_VALUE);
        let written = word(&long);
        assert_eq!(written, format!("\"{}…\"", "é".repeat(MAX_VALUE / 2)));
        assert_eq!(shorten("aé", 2), ("a", true));
        let line = line(LogFormat::Text, |line| line.text_within(3, "k", Some("abcdef")));
        assert!(line.ends_with(" k=\"abc…\"\n"));
    }

    #[test]
    fn times_no_clock_shows_do_not_panic() {
        let far = SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 40);
        let line = Line::begin(LogFormat::Text, far, Level::Error, "ready").end();
        assert_eq!(line, "time=1970-01-01T00:00:00.000Z level=error event=ready\n");
    }

    proptest! {
        #[test]
        fn json_reads_back_as_what_was_written(value in any::<String>()) {
            prop_assume!(value.len() <= MAX_VALUE);
            let json = line(LogFormat::Json, |line| line.text("k", Some(&value)));
            let read: serde_json::Value = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(read["k"].as_str().unwrap(), value);
        }

        #[test]
        fn a_line_is_one_line_without_controls(value in any::<String>()) {
            for format in [LogFormat::Text, LogFormat::Json] {
                let text = line(format, |line| line.text("k", Some(&value)));
                let text = text.strip_suffix('\n').unwrap();
                prop_assert!(!text.chars().any(char::is_control));
            }
        }
    }
}
