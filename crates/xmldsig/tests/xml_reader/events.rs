//! A document as a list of what it says. The fuzz target `xml_reader` uses it as well.

use ravelin_xmldsig::xml::{AttributeKind, Doctype, Event, Options, QName, Reader, XmlError};
use std::io::Read;

/// A piece of a document. Character data that is not divided by anything is one piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    Start {
        prefix: String,
        name: Name,
        /// By name.
        attributes: Vec<(Name, String)>,
    },
    End,
    Text(String),
    Comment(String),
    Instruction(String, String),
}

/// Namespace and local name.
pub type Name = (String, String);

/// What only our reader says of elements: offsets, declarations, types of attributes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Detail {
    Start { offset: u64, declarations: Vec<(String, String)>, kinds: Vec<AttributeKind> },
    End { offset: u64, depth: usize },
}

pub fn with_doctype() -> Options {
    Options { doctype: Doctype::InternalSubset, ..Options::default() }
}

pub fn read(source: impl Read, options: &Options) -> Result<Vec<Node>, XmlError> {
    read_closely(source, options).map(|(nodes, _)| nodes)
}

pub fn read_closely(
    source: impl Read,
    options: &Options,
) -> Result<(Vec<Node>, Vec<Detail>), XmlError> {
    let mut reader = Reader::with(source, options)?;
    let (mut nodes, mut details) = (Vec::new(), Vec::new());
    loop {
        match reader.next()? {
            Event::Start(start) => {
                let name = |name: QName<'_>| (name.namespace.to_owned(), name.local.to_owned());
                let mut attributes: Vec<_> = start
                    .attributes()
                    .map(|attribute| (name(attribute.name), attribute.value.to_owned()))
                    .collect();
                attributes.sort();
                let prefix = start.name().prefix.to_owned();
                nodes.push(Node::Start { prefix, name: name(start.name()), attributes });
                let own = |(prefix, uri): (&str, &str)| (prefix.to_owned(), uri.to_owned());
                details.push(Detail::Start {
                    offset: start.offset(),
                    declarations: start.declarations().map(own).collect(),
                    kinds: start.attributes().map(|attribute| attribute.kind).collect(),
                });
            }
            Event::End(end) => {
                nodes.push(Node::End);
                details.push(Detail::End { offset: end.end(), depth: end.depth() });
            }
            Event::Text(text) => add_text(&mut nodes, text),
            Event::Comment(text) => nodes.push(Node::Comment(text.to_owned())),
            Event::Instruction(instruction) => nodes.push(Node::Instruction(
                instruction.target.to_owned(),
                instruction.data.to_owned(),
            )),
            Event::Finish => return Ok((nodes, details)),
        }
    }
}

pub fn add_text(nodes: &mut Vec<Node>, text: &str) {
    match nodes.last_mut() {
        _ if text.is_empty() => {}
        Some(Node::Text(before)) => before.push_str(text),
        _ => nodes.push(Node::Text(text.to_owned())),
    }
}

/// Gives a few bytes at a time, as sockets do.
#[derive(Debug)]
pub struct Dribble<'a>(pub &'a [u8], pub usize);

impl Read for Dribble<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let count = self.1.min(self.0.len()).min(into.len());
        into[..count].copy_from_slice(&self.0[..count]);
        self.0 = &self.0[count..];
        Ok(count)
    }
}
