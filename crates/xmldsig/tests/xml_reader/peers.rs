//! roxmltree and quick-xml over the generated documents, and what the differences between any peer and us are.

use super::{
    corpus,
    events::{self, Node, add_text},
    roxml,
};
use quick_xml::{
    NsReader,
    events::{BytesStart, Event},
    name::ResolveResult,
};
use std::collections::{BTreeMap, BTreeSet};

/// Every rule by which a peer may differ: by its name, peer, who of the two refuses the document, and words of the fault.
const DIFFERENCES: &str = include_str!("differences.md");

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    Xmllint,
    Roxmltree,
    QuickXml,
}

/// What a peer answers otherwise.
pub(crate) struct Differences {
    rules: Vec<Rule>,
    used: BTreeSet<usize>,
    unexplained: BTreeMap<String, String>,
}

struct Rule {
    /// Whether it is we who refuse.
    ours: bool,
    words: &'static str,
}

impl Differences {
    pub(crate) fn new(peer: Peer) -> Differences {
        let heading = match peer {
            Peer::Xmllint => "xmllint",
            Peer::Roxmltree => "roxmltree",
            Peer::QuickXml => "quick-xml",
        };
        // A row: | peer | who refuses | `words of the fault` | why |
        let rules = DIFFERENCES.lines().filter_map(|line| {
            let mut cells = line.strip_prefix("| ")?.splitn(4, " | ");
            let (of, who, words) = (cells.next()?, cells.next()?, cells.next()?);
            (of == heading).then(|| Rule { ours: who == "Ravelin", words: words.trim_matches('`') })
        });
        Differences { rules: rules.collect(), used: BTreeSet::new(), unexplained: BTreeMap::new() }
    }

    pub(crate) fn compare(
        &mut self,
        document: &[u8],
        ours: Result<(), String>,
        theirs: Result<(), String>,
    ) {
        let (is_ours, fault) = match (ours, theirs) {
            (Ok(()), Ok(())) | (Err(_), Err(_)) => return,
            (Err(fault), Ok(())) => (true, fault),
            (Ok(()), Err(fault)) => (false, fault),
        };
        let applies = |rule: &Rule| rule.ours == is_ours && fault.contains(rule.words);
        if let Some(rule) = self.rules.iter().position(applies) {
            self.used.insert(rule);
            return;
        }
        let document = String::from_utf8_lossy(document);
        let who = if is_ours { "us" } else { "them" };
        // One document for each kind of fault.
        let kind: String = fault.chars().filter(|c| !c.is_ascii_digit()).take(60).collect();
        self.unexplained
            .entry(kind)
            .or_insert_with(|| format!("refused by {who} only: {fault}\n{document:?}"));
    }

    /// Whether all is explained, and every explanation needed.
    pub(crate) fn check(&self) {
        let few: Vec<_> = self.unexplained.values().map(String::as_str).collect();
        assert!(few.is_empty(), "{} unexplained:\n{}", self.unexplained.len(), few.join("\n"));
        for (i, rule) in self.rules.iter().enumerate() {
            assert!(self.used.contains(&i), "no difference {:?} is met any more", rule.words);
        }
    }
}

fn assert_same(ours: &[Node], theirs: &[Node], text: &str) {
    for i in 0..ours.len().max(theirs.len()) {
        assert_eq!(ours.get(i), theirs.get(i), "piece {i} of {text}");
    }
}

fn documents() -> impl Iterator<Item = String> {
    (0..1500).map(corpus::document).chain((0..6000).map(corpus::mutated))
}

#[test]
fn generated_documents_are_read_as_by_roxmltree() {
    let mut differences = Differences::new(Peer::Roxmltree);
    let mut equal = 0;
    for mut text in documents() {
        // Most documents have a carriage return that stands alone, which would leave few to compare.
        if text.replace("\r\n", "").contains('\r') {
            text = text.replace("\r\n", "\n").replace('\r', "\n");
        }
        let ours = events::read(text.as_bytes(), &events::with_doctype());
        let theirs = roxml::read(&text);
        if let (Ok(ours), Ok(theirs)) = (&ours, &theirs)
            && roxml::is_comparable(&text)
        {
            assert_same(&roxml::comparable(ours), theirs, &text);
            equal += 1;
        }
        // It takes much that is not well-formed: xmllint is the measure of that.
        if ours.is_ok() {
            let theirs = theirs.map(drop).map_err(|error| error.to_string());
            differences.compare(text.as_bytes(), Ok(()), theirs);
        }
    }
    assert!(equal > 1000, "only {equal} were compared");
    differences.check();
}

#[test]
fn generated_documents_are_read_as_by_quick_xml() {
    let mut differences = Differences::new(Peer::QuickXml);
    let mut equal = 0;
    // quick-xml leaves document type declarations to others.
    for text in documents().filter(|text| !text.contains("<!DOCTYPE")) {
        let ours = events::read(text.as_bytes(), &events::with_doctype());
        let theirs = quick(&text);
        if let (Ok(ours), Ok(theirs)) = (&ours, &theirs)
            && !ours.iter().any(in_odd_namespace)
        {
            assert_same(&roxml::comparable(ours), theirs, &text);
            equal += 1;
        }
        // It takes much that is not well-formed, by design: that is no difference worth a word.
        if ours.is_ok() {
            differences.compare(text.as_bytes(), Ok(()), theirs.map(drop));
        }
    }
    assert!(equal > 500, "only {equal} were compared");
    differences.check();
}

/// See differences.md, "What they read otherwise".
fn in_odd_namespace(node: &Node) -> bool {
    let Node::Start { name, attributes, .. } = node else { return false };
    let mut names = attributes.iter().map(|(name, _)| name).chain([name]);
    names.any(|(namespace, _)| {
        namespace.contains(|c: char| c.is_whitespace() || "&<>\"'".contains(c))
    })
}

/// What quick-xml reads.
fn quick(text: &str) -> Result<Vec<Node>, String> {
    let mut reader = NsReader::from_str(text.trim_start_matches('\u{feff}'));
    reader.config_mut().check_comments = true;
    let mut nodes = Vec::new();
    let mut depth = 0;
    loop {
        let event = reader.read_event().map_err(|error| error.to_string())?;
        match event {
            Event::Start(start) => {
                depth += 1;
                nodes.push(element(&reader, &start)?);
            }
            Event::Empty(start) => {
                nodes.push(element(&reader, &start)?);
                nodes.push(Node::End);
            }
            Event::End(_) => {
                depth -= 1;
                nodes.push(Node::End);
            }
            Event::Text(text) if depth > 0 => {
                add_text(&mut nodes, &text.xml10_content());
            }
            Event::CData(text) => {
                add_text(&mut nodes, &text.xml10_content());
            }
            Event::GeneralRef(reference) => {
                let character = reference.resolve_char_ref().map_err(|error| error.to_string())?;
                if let Some(c) = character {
                    add_text(&mut nodes, c.encode_utf8(&mut [0; 4]));
                } else {
                    let name: &str = &reference;
                    let text = quick_xml::escape::resolve_predefined_entity(name)
                        .ok_or_else(|| format!("the entity {name}"))?;
                    add_text(&mut nodes, text);
                }
            }
            Event::Comment(text) => {
                let text = text.xml10_content();
                nodes.push(Node::Comment(text.into_owned()));
            }
            Event::PI(instruction) => {
                let text = |text: &str| text.replace("\r\n", "\n").replace('\r', "\n");
                let data = text(instruction.content());
                nodes.push(Node::Instruction(
                    text(instruction.target()),
                    data.trim_start_matches([' ', '\t', '\n']).to_owned(),
                ));
            }
            Event::Eof => return Ok(nodes),
            Event::Text(_) | Event::Decl(_) | Event::DocType(_) => {}
        }
    }
}

fn element(reader: &NsReader<&[u8]>, start: &BytesStart<'_>) -> Result<Node, String> {
    let text = |text: &str| text.to_owned();
    let namespace = |resolved| match resolved {
        ResolveResult::Bound(namespace) => Ok(text(namespace.0)),
        ResolveResult::Unbound => Ok(String::new()),
        ResolveResult::Unknown(prefix) => Err(format!("the prefix {}", text(&prefix))),
    };
    let (resolved, local) = reader.resolver().resolve_element(start.name());
    let name = (namespace(resolved)?, text(local.as_ref()));
    let mut attributes = Vec::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| error.to_string())?;
        if attribute.key.as_namespace_binding().is_some() {
            continue;
        }
        let (resolved, local) = reader.resolver().resolve_attribute(attribute.key);
        let value = attribute
            .normalized_value(quick_xml::XmlVersion::Explicit1_0)
            .map_err(|error| error.to_string())?;
        attributes.push(((namespace(resolved)?, text(local.as_ref())), value.into_owned()));
    }
    attributes.sort();
    Ok(Node::Start { prefix: String::new(), name, attributes })
}
