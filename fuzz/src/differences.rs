//! Where bergshamra and Ravelin differ, as differences.md explains it.

use crate::signed::{DSIG, read};
use ravelin_xmldsig::{
    Error, ErrorKind,
    c14n::{Flavour, Method},
    document::{Node, NodeKind},
};

/// The document as uppsala, bergshamra's reader, reads it; if it does.
pub fn uppsala(bytes: &[u8]) -> Option<(&str, uppsala::Document<'_>)> {
    let text = std::str::from_utf8(bytes).ok()?;
    uppsala::parse(text).ok().map(|document| (text, document))
}

/// The list of prefixes of a method, as bergshamra takes it.
pub fn prefixes(method: &Method) -> Vec<String> {
    let Flavour::Exclusive { prefixes } = &method.flavour else { return Vec::new() };
    let word = |prefix: &String| {
        if prefix.is_empty() { "#default".to_owned() } else { prefix.clone() }
    };
    prefixes.iter().map(word).collect()
}

/// Whether the canonical forms of such a document may differ.
pub fn of_whole(text: &str) -> bool {
    text.contains("<!DOCTYPE")
        || text.contains('\r')
        || names_encoding(text)
        || has_blanks_in_values(text)
}

/// Whether the XML declaration has an encoding.
fn names_encoding(text: &str) -> bool {
    let declaration = text.trim_start_matches('\u{feff}').strip_prefix("<?xml");
    declaration
        .and_then(|rest| rest.split("?>").next())
        .is_some_and(|rest| rest.contains("encoding"))
}

/// Whether there is an attribute that bergshamra lets inherit otherwise in Canonical XML 1.1.
fn inherits_otherwise(text: &str) -> bool {
    let simple = ["lang", "space", "id"];
    read(text.as_bytes()).is_some_and(|tree| {
        tree.nodes().filter_map(Node::name).any(|name| {
            name.namespace == "http://www.w3.org/XML/1998/namespace"
                && !simple.contains(&name.local)
        })
    })
}

/// Whether an attribute is written with white space that is no space.
fn has_blanks_in_values(text: &str) -> bool {
    let mut rest = text;
    while let Some((_, markup)) = rest.split_once('<') {
        let other = [("!--", "-->"), ("?", "?>"), ("![CDATA[", "]]>")];
        if let Some((_, end)) = other.iter().find(|(begin, _)| markup.starts_with(begin)) {
            rest = markup.split_once(end).map_or("", |(_, rest)| rest);
            continue;
        }
        let mut quote = None;
        let mut length = markup.len();
        for (i, c) in markup.char_indices() {
            match (c, quote) {
                ('\t' | '\n' | '\r', Some(_)) => return true,
                ('\'' | '"', None) => quote = Some(c),
                (c, Some(open)) if c == open => quote = None,
                ('>', None) => {
                    length = i;
                    break;
                }
                _ => {}
            }
        }
        rest = &markup[length..];
    }
    false
}

/// Whether the canonical forms of such an element may differ.
pub fn of_subtree(text: &str, method: &Method) -> bool {
    of_whole(text) || method.flavour == Flavour::Inclusive11 && inherits_otherwise(text)
}

/// Whether a document that is well-formed may be refused as a signed one.
pub fn may_refuse(error: &Error) -> bool {
    error.kind != ErrorKind::Malformed
}

/// What Ravelin says of documents that bergshamra may call good.
const WE_REFUSE: &[&str] = &[
    "is not allowed here",
    "is missing or not in its place",
    "is empty",
    "has no attribute",
    "no base64 at octet",
    "stands twice",
    "the key has no",
    "there is no <XPath>",
];

/// What Ravelin says of names with colons that are none (Namespaces in XML 1.0, section 4).
const COLONS: &str = "is not a name";

/// What bergshamra says of documents that Ravelin may call good.
const THEY_REFUSE: &[&str] = &["duplicate ID", "XPath expression not supported"];

/// Panics if differences.md does not name every difference that is let pass.
pub fn check_explained() {
    let explained = include_str!("../differences.md");
    for words in WE_REFUSE.iter().chain(THEY_REFUSE).chain([&COLONS]) {
        assert!(
            explained.contains(&format!("`{words}`")),
            "differences.md does not name `{words}`"
        );
    }
}

/// Whether bergshamra may refuse what Ravelin calls good, for this reason.
pub fn they_may_refuse(text: &str, reason: &str) -> bool {
    THEY_REFUSE.iter().any(|words| reason.contains(words)) || is_ambiguous(text)
}

/// Whether Ravelin may refuse what bergshamra calls good, for this reason.
pub fn we_may_refuse(text: &str, reason: &str) -> bool {
    let of_colons = reason.split_once(COLONS).is_some_and(|(before, _)| {
        before.trim_end().trim_end_matches('"').rsplit('"').next().unwrap_or_default().contains(':')
    });
    of_colons || WE_REFUSE.iter().any(|words| reason.contains(words)) || is_ambiguous(text)
}

/// Whether the two read something else in the document.
fn is_ambiguous(text: &str) -> bool {
    if of_whole(text) || text.contains("<![CDATA[") {
        return true;
    }
    if text.contains("xml-c14n11") && inherits_otherwise(text) {
        return true;
    }
    let Some(tree) = read(text.as_bytes()) else { return false };
    // Values in two pieces.
    tree.nodes().any(|node| {
        let is_piece = |child: &Node<'_>| child.kind() == NodeKind::Text;
        node.name().is_some_and(|name| name.namespace == DSIG)
            && node.children().filter(is_piece).count() > 1
            && node.elements().next().is_none()
    })
}
