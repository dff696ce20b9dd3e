//! Where bergshamra and Ravelin differ, as differences.md explains it.

use ravelin_xmldsig::{
    Error, ErrorKind,
    c14n::{Flavour, Method},
    document::Node,
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
pub fn of_whole(text: &str, _method: &Method) -> bool {
    text.contains("<!DOCTYPE")
}

/// Whether the canonical forms of such an element may differ.
pub fn of_subtree(text: &str, _element: Node<'_>, method: &Method) -> bool {
    of_whole(text, method)
}

/// Whether a document that is well-formed may be refused as a signed one.
pub fn may_refuse(error: &Error) -> bool {
    error.kind != ErrorKind::Malformed
}

/// Whether bergshamra may refuse what Ravelin calls good, for this reason.
pub fn they_may_refuse(_text: &str, _reason: &str) -> bool {
    false
}

/// Whether Ravelin may refuse what bergshamra calls good, for this reason.
pub fn we_may_refuse(_text: &str, _reason: &str) -> bool {
    false
}
