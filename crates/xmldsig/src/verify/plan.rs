//! How the octets of a reference come to be.

use crate::{
    Error,
    c14n::Method,
    signature::{Reference, Transform},
    xml::is_ncname,
};

/// A part of the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Source {
    /// The element with this identifier; else the whole document.
    pub(super) id: Option<String>,
    /// Whether its comments are part of it (W3C XML Signature 1.1, section 4.4.3.3).
    pub(super) comments: bool,
}

/// What is done to a part of the document.
#[derive(Debug)]
pub(super) struct Plan<'s> {
    pub(super) source: Source,
    /// Without the Signature that holds the reference.
    pub(super) enveloped: bool,
    pub(super) first: First<'s>,
    /// What is done to the octets then.
    pub(super) rest: &'s [Transform],
}

/// How nodes become octets.
#[derive(Debug)]
pub(super) enum First<'s> {
    Canonicalize(Method),
    /// The text is base64 of the octets.
    Base64,
    /// Not in one pass.
    Tree(&'s [Transform]),
}

impl First<'_> {
    /// Whether the whole document must be held for it.
    pub(super) fn is_tree(&self) -> bool {
        matches!(self, First::Tree(_))
    }
}

impl Source {
    /// The part of the document that a same-document URI refers to.
    pub(super) fn of(uri: &str) -> Result<Source, Error> {
        if uri.is_empty() {
            return Ok(Source { id: None, comments: false });
        }
        let unsupported = || {
            let shown: String = uri.chars().take(200).collect();
            Error::unsupported(format!(
                "`{shown}` is no reference to a part of the document that is supported"
            ))
        };
        let fragment = uri.strip_prefix('#').ok_or_else(unsupported)?;
        if fragment == "xpointer(/)" {
            return Ok(Source { id: None, comments: true });
        }
        if let Some(inner) =
            fragment.strip_prefix("xpointer(id(").and_then(|inner| inner.strip_suffix("))"))
        {
            let quoted =
                |quote| inner.strip_prefix(quote).and_then(|inner| inner.strip_suffix(quote));
            let id = quoted('\'').or_else(|| quoted('"')).filter(|id| !id.contains(['\'', '"']));
            return Ok(Source { id: Some(id.ok_or_else(unsupported)?.to_owned()), comments: true });
        }
        if fragment.is_empty() || fragment.contains(['(', ')']) {
            return Err(unsupported());
        }
        Ok(Source { id: Some(fragment.to_owned()), comments: false })
    }

    /// Whether the URI is one of the two forms that every implementation knows: nothing, and a bare name.
    pub(super) fn is_plain(uri: &str) -> bool {
        uri.is_empty() || uri.strip_prefix('#').is_some_and(is_ncname)
    }
}

impl<'s> Plan<'s> {
    /// The plan for a reference into the document.
    pub(super) fn new(reference: &'s Reference, uri: &str) -> Result<Plan<'s>, Error> {
        let source = Source::of(uri)?;
        let transforms = &reference.transforms[..];
        let enveloped =
            transforms.iter().take_while(|transform| **transform == Transform::Enveloped).count();
        let after = &transforms[enveloped..];
        let (first, rest) = match after {
            [] => (First::Canonicalize(Method::inclusive()), after),
            [Transform::Canonicalize(method), rest @ ..] => {
                (First::Canonicalize(method.clone()), rest)
            }
            [Transform::Base64, rest @ ..] => (First::Base64, rest),
            [Transform::XPath(_) | Transform::Filter(_) | Transform::Enveloped, ..] => {
                let nodes = after.iter().take_while(|transform| transform.is_of_nodes()).count();
                // With the transform that makes octets of the nodes.
                let tree = after.len().min(nodes + 1);
                (First::Tree(&after[..tree]), &after[tree..])
            }
        };
        Ok(Plan { source, enveloped: enveloped > 0, first, rest })
    }
}

impl Transform {
    /// Whether it makes nodes of nodes.
    pub(super) fn is_of_nodes(&self) -> bool {
        matches!(self, Transform::Enveloped | Transform::XPath(_) | Transform::Filter(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_into_the_document() {
        let source = |id: Option<&str>, comments| Source { id: id.map(str::to_owned), comments };
        assert_eq!(Source::of(""), Ok(source(None, false)));
        assert_eq!(Source::of("#a"), Ok(source(Some("a"), false)));
        assert_eq!(Source::of("#a%20b"), Ok(source(Some("a%20b"), false)));
        assert_eq!(Source::of("#xpointer(/)"), Ok(source(None, true)));
        assert_eq!(Source::of("#xpointer(id('a'))"), Ok(source(Some("a"), true)));
        assert_eq!(Source::of("#xpointer(id(\"a\"))"), Ok(source(Some("a"), true)));
        for bad in [
            "#",
            "a.xml",
            "#xpointer(//a)",
            "#xpointer(id(a))",
            "#element(/1)",
            "#xpointer(id('a')|id('b'))",
        ] {
            assert!(Source::of(bad).is_err(), "{bad}");
        }
    }
}
