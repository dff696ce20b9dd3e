//! The core function library (XPath 1.0, section 4).

#![expect(clippy::cast_precision_loss, reason = "positions and counts stay far below 2^53")]

use super::{
    error::XPathFault,
    evaluate::{Context, Evaluated, Evaluation},
    expression::PartId,
    function::Function,
    key::Key,
    number,
    value::{self, Held},
};
use crate::{
    document::{Document, NodeKind},
    xml::{UriId, is_space},
};
use std::{collections::HashMap, rc::Rc};

impl Evaluation<'_, '_> {
    pub(super) fn call(
        &mut self,
        function: Function,
        arguments: &[PartId],
        at: usize,
        context: Context,
    ) -> Evaluated<Held> {
        let first = arguments.first().copied();
        Ok(match function {
            Function::Last => Held::Number(context.size as f64),
            Function::Position => Held::Number(context.position as f64),
            Function::Count => {
                let nodes = self.nodes_of(arguments[0], context)?;
                Held::Number(nodes.len() as f64)
            }
            Function::Id => {
                let wanted = self.held(arguments[0], context)?;
                Held::Nodes(Rc::new(self.id(&wanted, at)?))
            }
            Function::Here => match self.here {
                Some(here) => Held::Nodes(Rc::new(vec![Key::node(here.index())])),
                None => return Err(self.fault(XPathFault::Here, at)),
            },
            Function::LocalName | Function::NamespaceUri | Function::Name => {
                let key = match first {
                    Some(argument) => self.nodes_of(argument, context)?.first().copied(),
                    None => Some(context.key),
                };
                let Some(key) = key else { return Ok(Held::String(Rc::from(""))) };
                let (uri, local, name) = value::names_of(self.document, key);
                Held::String(Rc::from(match function {
                    Function::LocalName => local,
                    Function::NamespaceUri => uri,
                    _ => name,
                }))
            }
            Function::String => Held::String(self.string_or_own(first, at, context)?),
            Function::Number => match first {
                Some(argument) => Held::Number(self.number_of(argument, context)?),
                None => Held::Number(value::number_of(&self.text(context.key, at)?)),
            },
            Function::Boolean => Held::Boolean(self.boolean_of(arguments[0], context)?),
            Function::Not => Held::Boolean(!self.boolean_of(arguments[0], context)?),
            Function::True => Held::Boolean(true),
            Function::False => Held::Boolean(false),
            Function::Lang => {
                let wanted = self.string_of(arguments[0], context)?;
                Held::Boolean(self.lang(&wanted, context.key, at)?)
            }
            Function::Sum => {
                let nodes = self.nodes_of(arguments[0], context)?;
                let mut sum = 0.0;
                for node in nodes.iter() {
                    sum += value::number_of(&self.text(*node, at)?);
                }
                Held::Number(sum)
            }
            Function::Floor => Held::Number(self.number_of(arguments[0], context)?.floor()),
            Function::Ceiling => Held::Number(self.number_of(arguments[0], context)?.ceil()),
            Function::Round => Held::Number(number::round(self.number_of(arguments[0], context)?)),
            _ => return self.on_strings(function, arguments, at, context),
        })
    }

    /// String functions (section 4.2).
    fn on_strings(
        &mut self,
        function: Function,
        arguments: &[PartId],
        at: usize,
        context: Context,
    ) -> Evaluated<Held> {
        if matches!(function, Function::StringLength | Function::NormalizeSpace) {
            let text = self.string_or_own(arguments.first().copied(), at, context)?;
            self.spend_text(text.len(), at)?;
            return Ok(if function == Function::StringLength {
                Held::Number(text.chars().count() as f64)
            } else {
                Held::String(normalize_space(&text))
            });
        }
        if function == Function::Concat {
            let mut whole = String::new();
            for argument in arguments {
                let piece = self.string_of(*argument, context)?;
                self.spend_text(piece.len(), at)?;
                whole.push_str(&piece);
            }
            return Ok(Held::String(Rc::from(whole)));
        }
        let text = self.string_of(arguments[0], context)?;
        self.spend_text(text.len(), at)?;
        if function == Function::Substring {
            let from = self.number_of(arguments[1], context)?;
            let length = match arguments.get(2) {
                Some(length) => Some(self.number_of(*length, context)?),
                None => None,
            };
            return Ok(Held::String(Rc::from(substring(&text, from, length))));
        }
        let second = self.string_of(arguments[1], context)?;
        self.spend_text(second.len(), at)?;
        Ok(match function {
            Function::StartsWith => Held::Boolean(text.starts_with(&*second)),
            Function::Contains => Held::Boolean(find(&text, &second).is_some()),
            Function::SubstringBefore => {
                Held::String(Rc::from(find(&text, &second).map_or("", |found| &text[..found])))
            }
            Function::SubstringAfter => Held::String(Rc::from(
                find(&text, &second).map_or("", |found| &text[found + second.len()..]),
            )),
            _ => {
                let to = self.string_of(arguments[2], context)?;
                self.spend_text(to.len(), at)?;
                Held::String(translate(&text, &second, &to))
            }
        })
    }

    fn string_or_own(
        &mut self,
        argument: Option<PartId>,
        at: usize,
        context: Context,
    ) -> Evaluated<Rc<str>> {
        match argument {
            Some(argument) => self.string_of(argument, context),
            None => Ok(Rc::from(self.text(context.key, at)?)),
        }
    }

    /// `id()` (section 4.1).
    fn id(&mut self, wanted: &Held, at: usize) -> Evaluated<Vec<Key>> {
        let Some(ids) = self.ids else { return Ok(Vec::new()) };
        let texts = match wanted {
            Held::Nodes(nodes) => {
                let mut texts = Vec::new();
                for node in nodes.iter() {
                    texts.push(Rc::from(self.text(*node, at)?));
                }
                texts
            }
            other => vec![self.string_in(other, at)?],
        };
        let mut found = Vec::new();
        for text in texts {
            self.spend_text(text.len(), at)?;
            let tokens = text.split(|c: char| c.is_ascii() && is_space(c as u8));
            found.extend(
                tokens
                    .filter_map(|token| ids.element(token))
                    .map(|element| Key::node(element.index())),
            );
        }
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    /// `lang()` (section 4.3).
    fn lang(&mut self, wanted: &str, key: Key, at: usize) -> Evaluated<bool> {
        let mut index = key.index();
        loop {
            let attributes = index + 1..self.document.after_attributes(index);
            self.spend(1 + attributes.len() as u64, at)?;
            if let Some(lang) = xml_lang(self.document, index) {
                let matches = lang
                    .get(..wanted.len())
                    .is_some_and(|start| start.eq_ignore_ascii_case(wanted));
                return Ok(
                    matches && matches!(lang.as_bytes().get(wanted.len()), None | Some(b'-'))
                );
            }
            if index == 0 {
                return Ok(false);
            }
            index = self.document.record(index).parent;
        }
    }

    fn spend_text(&mut self, bytes: usize, at: usize) -> Evaluated<()> {
        self.budget.spend_text(bytes).map_err(|spent| self.spent(spent, at))
    }
}

fn xml_lang(document: &Document, element: u32) -> Option<&str> {
    if document.kind(element) != NodeKind::Element {
        return None;
    }
    let is_lang = |index: &u32| {
        let record = document.record(*index);
        record.uri == UriId::XML && document.names().local_text(record.name) == "lang"
    };
    (element + 1..document.after_attributes(element))
        .find(is_lang)
        .map(|index| document.text_of(index))
}

fn find(text: &str, wanted: &str) -> Option<usize> {
    memchr::memmem::find(text.as_bytes(), wanted.as_bytes())
}

fn normalize_space(text: &str) -> Rc<str> {
    let words =
        text.split(|c: char| c.is_ascii() && is_space(c as u8)).filter(|word| !word.is_empty());
    let mut normal = String::with_capacity(text.len());
    for word in words {
        if !normal.is_empty() {
            normal.push(' ');
        }
        normal.push_str(word);
    }
    Rc::from(normal)
}

/// The characters whose positions are at least `from` and less than `from` and `length` together, all rounded.
fn substring(text: &str, from: f64, length: Option<f64>) -> &str {
    let first = number::round(from);
    let end = length.map_or(f64::INFINITY, |length| first + number::round(length));
    let inside = |position: usize| position as f64 >= first && (position as f64) < end;
    let mut range: Option<(usize, usize)> = None;
    for (i, (at, c)) in text.char_indices().enumerate() {
        if inside(i + 1) {
            let start = range.map_or(at, |(start, _)| start);
            range = Some((start, at + c.len_utf8()));
        } else if range.is_some() {
            break;
        }
    }
    range.map_or("", |(start, end)| &text[start..end])
}

fn translate(text: &str, from: &str, to: &str) -> Rc<str> {
    let mut map: HashMap<char, Option<char>> = HashMap::new();
    let mut replacements = to.chars();
    for c in from.chars() {
        let replacement = replacements.next();
        map.entry(c).or_insert(replacement);
    }
    let translated: String =
        text.chars().filter_map(|c| map.get(&c).copied().unwrap_or(Some(c))).collect();
    Rc::from(translated)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn substrings_are_those_of_the_recommendation() {
        let (nan, infinite) = (f64::NAN, f64::INFINITY);
        for (from, length, expected) in [
            (2.0, Some(3.0), "234"),
            (2.0, None, "2345"),
            (1.5, Some(2.6), "234"),
            (0.0, Some(3.0), "12"),
            (nan, Some(3.0), ""),
            (1.0, Some(nan), ""),
            (-42.0, Some(infinite), "12345"),
            (-infinite, Some(infinite), ""),
            (6.0, None, ""),
        ] {
            assert_eq!(substring("12345", from, length), expected, "{from} {length:?}");
        }
        assert_eq!(substring("aé\u{1f600}z", 2.0, Some(2.0)), "é\u{1f600}");
    }

    #[test]
    fn characters_are_translated() {
        assert_eq!(&*translate("bar", "abc", "ABC"), "BAr");
        assert_eq!(&*translate("--aaa--", "abc-", "ABC"), "AAA");
        assert_eq!(&*translate("aa", "aa", "xy"), "xx");
    }
}
