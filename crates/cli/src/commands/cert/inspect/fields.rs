//! What a structure says, as fields that can be shown to people and to programs.

use crate::commands::cert::paint::{Paint, Tone, harmless};
use serde::{Serialize, Serializer, ser::SerializeMap as _};
use std::fmt::Write as _;

/// Longest list that stands on one line, in characters.
const LINE: usize = 96;

/// Most members of a list that people are shown.
const MOST: usize = 200;

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field {
    /// It is not there.
    Nothing,
    /// Words, or bytes in hexadecimal.
    Text(String),
    /// A number.
    Number(u64),
    /// Whether.
    Flag(bool),
    /// Several.
    List(Vec<Field>),
    /// Fields with names.
    Table(Table),
}

/// Fields with names, in an order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table(Vec<(&'static str, Field)>);

impl Table {
    /// Of this kind of thing.
    pub fn of(kind: &str) -> Table {
        Table::default().with("kind", kind)
    }

    /// With one field more.
    #[must_use]
    pub fn with(mut self, name: &'static str, field: impl Into<Field>) -> Table {
        self.0.push((name, field.into()));
        self
    }

    /// A field that is words.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| *known == name).and_then(|(_, field)| match field {
            Field::Text(text) => Some(&text[..]),
            _ => None,
        })
    }

    /// Lines for people, `indent` blanks from the left; `but` is left out.
    pub fn lines(&self, indent: usize, but: &[&str], paint: Paint, out: &mut String) {
        let shown = || {
            self.0.iter().filter(|(name, field)| !but.contains(name) && *field != Field::Nothing)
        };
        let width = shown().map(|(name, _)| name.len()).max().unwrap_or(0);
        for (name, field) in shown() {
            let word = format!("{:<width$}", name.replace('_', " "));
            let word = paint.words(Tone::Faint, &word);
            match field.on_a_line() {
                Some(text) => {
                    let _ = writeln!(out, "{:indent$}{word}  {text}", "");
                }
                None => {
                    let _ = writeln!(out, "{:indent$}{}", "", word.trim_end());
                    field.below(indent + 2, paint, out);
                }
            }
        }
    }
}

impl Field {
    /// The words for it, if they fit on a line.
    fn on_a_line(&self) -> Option<String> {
        Some(match self {
            Field::Nothing => "-".into(),
            Field::Text(text) => harmless(text),
            Field::Number(number) => number.to_string(),
            Field::Flag(flag) => if *flag { "yes" } else { "no" }.into(),
            Field::List(list) if list.is_empty() => "-".into(),
            Field::List(list) => {
                let words: Vec<String> =
                    list.iter().take(LINE).map(Field::on_a_line).collect::<Option<_>>()?;
                let line = words.join(", ");
                return (list.len() < LINE && line.chars().count() <= LINE).then_some(line);
            }
            Field::Table(_) => return None,
        })
    }

    fn below(&self, indent: usize, paint: Paint, out: &mut String) {
        match self {
            Field::Table(table) => table.lines(indent, &[], paint, out),
            Field::List(list) => {
                for one in list.iter().take(MOST) {
                    match one {
                        Field::Table(table) => {
                            let mut text = String::new();
                            table.lines(indent + 2, &[], paint, &mut text);
                            // The first line carries the mark of the list.
                            if let Some(rest) = text.get(indent + 2..) {
                                let _ = write!(out, "{:indent$}- {rest}", "");
                            }
                        }
                        other => {
                            let text = other.on_a_line().unwrap_or_default();
                            let _ = writeln!(out, "{:indent$}- {text}", "");
                        }
                    }
                }
                if list.len() > MOST {
                    let more = list.len() - MOST;
                    let _ = writeln!(out, "{:indent$}and {more} more: --json shows them all", "");
                }
            }
            _ => {}
        }
    }
}

impl From<&str> for Field {
    fn from(text: &str) -> Field {
        Field::Text(text.to_owned())
    }
}

impl From<String> for Field {
    fn from(text: String) -> Field {
        Field::Text(text)
    }
}

impl From<bool> for Field {
    fn from(flag: bool) -> Field {
        Field::Flag(flag)
    }
}

impl From<u64> for Field {
    fn from(number: u64) -> Field {
        Field::Number(number)
    }
}

impl From<usize> for Field {
    fn from(number: usize) -> Field {
        Field::Number(number as u64)
    }
}

impl From<Table> for Field {
    fn from(table: Table) -> Field {
        Field::Table(table)
    }
}

impl<T: Into<Field>> From<Option<T>> for Field {
    fn from(field: Option<T>) -> Field {
        field.map_or(Field::Nothing, Into::into)
    }
}

impl<T: Into<Field>> From<Vec<T>> for Field {
    fn from(list: Vec<T>) -> Field {
        Field::List(list.into_iter().map(Into::into).collect())
    }
}

impl Serialize for Table {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, field) in &self.0 {
            map.serialize_entry(name, field)?;
        }
        map.end()
    }
}

impl Serialize for Field {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Field::Nothing => serializer.serialize_none(),
            Field::Text(text) => serializer.serialize_str(text),
            Field::Number(number) => serializer.serialize_u64(*number),
            Field::Flag(flag) => serializer.serialize_bool(*flag),
            Field::List(list) => list.serialize(serializer),
            Field::Table(table) => table.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_and_programs_see_the_same() {
        let inner = Table::default().with("oid", "1.2").with("critical", true);
        let table = Table::of("thing")
            .with("short_list", vec!["a", "b\u{1b}"])
            .with("missing", None::<String>)
            .with("parts", vec![inner.clone(), inner])
            .with("long", vec!["x".repeat(60), "y".repeat(60)]);
        let mut text = String::new();
        table.lines(2, &["kind"], Paint(false), &mut text);
        let (x, y) = ("x".repeat(60), "y".repeat(60));
        assert_eq!(
            text,
            format!(
                "  short list  a, b\\u{{1b}}\n  parts\n    - oid       1.2\n      critical  yes\n    - oid       1.2\n      \
                 critical  yes\n  long\n    - {x}\n    - {y}\n"
            )
        );
        assert_eq!(
            serde_json::to_string(&table).unwrap(),
            format!(
                r#"{{"kind":"thing","short_list":["a","b\u001b"],"missing":null,"parts":[{{"oid":"1.2","critical":true}},{{"oid":"1.2","critical":true}}],"long":["{x}","{y}"]}}"#
            )
        );
    }
}
