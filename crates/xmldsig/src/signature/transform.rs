use super::{
    Bounds, Cursor,
    read::{canonicalization, shortened},
};
use crate::{
    Error,
    c14n::Method,
    nodeset::Operation,
    xml::{continues_name, starts_name},
};
use std::{collections::HashMap, io::Read};

const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
const BASE64: &str = "http://www.w3.org/2000/09/xmldsig#base64";
const XPATH: &str = "http://www.w3.org/TR/1999/REC-xpath-19991116";
const FILTER2: &str = "http://www.w3.org/2002/06/xmldsig-filter2";
const XSLT: &str = "http://www.w3.org/TR/1999/REC-xslt-19991116";

/// What is done to what a Reference refers to, before its digest is made (W3C XML Signature 1.1, section 6.6).
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Transform {
    Canonicalize(Method),
    /// The Signature that holds the Reference is left out.
    Enveloped,
    Base64,
    /// Nodes for which the expression is true.
    XPath(Expression),
    /// XML-Signature XPath Filter 2.0.
    Filter(Vec<Filter>),
}

/// An XPath expression where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Expression {
    pub(crate) text: String,
    /// The prefixes that occur in it, and what they stand for.
    pub(crate) namespaces: HashMap<String, String>,
    /// Where the element that holds it begins in the document: what `here()` is.
    pub(crate) offset: u64,
}

/// A step of a filter.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Filter {
    pub(crate) operation: Operation,
    pub(crate) expression: Expression,
}

impl Transform {
    /// Reads the Transform element that just began.
    pub(crate) fn read<R: Read>(
        cursor: &mut Cursor<R>,
        bounds: &Bounds,
    ) -> Result<Transform, Error> {
        let uri = cursor.required("Algorithm")?;
        let simple = match uri {
            ENVELOPED => Transform::Enveloped,
            BASE64 => Transform::Base64,
            XPATH => return xpath(cursor, bounds),
            FILTER2 => return filters(cursor, bounds),
            XSLT => return Err(cursor.here(Error::unsupported("XSLT is not supported"))),
            uri if Method::of(uri).is_some() => {
                return canonicalization(cursor).map(Transform::Canonicalize);
            }
            uri => {
                let detail = format!("there is no transform `{}`", shortened(uri));
                return Err(cursor.here(Error::unsupported(detail)));
            }
        };
        cursor.leave()?;
        Ok(simple)
    }
}

fn xpath<R: Read>(cursor: &mut Cursor<R>, bounds: &Bounds) -> Result<Transform, Error> {
    cursor.expect("XPath")?;
    let expression = expression(cursor, bounds)?;
    cursor.leave()?;
    Ok(Transform::XPath(expression))
}

fn filters<R: Read>(cursor: &mut Cursor<R>, bounds: &Bounds) -> Result<Transform, Error> {
    let mut filters = Vec::new();
    while cursor.child()? {
        if !cursor.is_of(FILTER2, "XPath") {
            return Err(cursor.misplaced());
        }
        if filters.len() >= bounds.transforms {
            return Err(cursor.here(Error::limit("transforms")));
        }
        let Some(operation) = Operation::of(cursor.required("Filter")?) else {
            return Err(
                cursor.fault("`Filter` is none of `intersect`, `subtract` and `union`".to_owned())
            );
        };
        filters.push(Filter { operation, expression: expression(cursor, bounds)? });
    }
    if filters.is_empty() {
        Err(cursor.fault("there is no <XPath>".to_owned()))
    } else {
        Ok(Transform::Filter(filters))
    }
}

fn expression<R: Read>(cursor: &mut Cursor<R>, bounds: &Bounds) -> Result<Expression, Error> {
    let offset = cursor.reader().start().offset();
    // Of all that is in force only what is used: there may be thousands of declarations, and of expressions.
    let mut namespaces = HashMap::new();
    let mut prefixes = Prefixes::default();
    let text = cursor.text_seen(bounds.value, |text, start| {
        prefixes.each_new(text, |prefix| {
            if let Some(uri) = start.namespace(prefix)
                && !namespaces.contains_key(prefix)
            {
                namespaces.insert(prefix.to_owned(), uri.to_owned());
            }
        });
    })?;
    Ok(Expression { text, namespaces, offset })
}

/// Finds what stands before colons in a text that grows.
#[derive(Default)]
struct Prefixes {
    /// What was looked at.
    seen: usize,
    /// Where the name begins that stands at its end.
    name: usize,
}

impl Prefixes {
    fn each_new(&mut self, text: &str, mut found: impl FnMut(&str)) {
        for (at, c) in text[self.seen..].char_indices() {
            let at = self.seen + at;
            if c == ':' {
                // In `3-p:a` a number and a sign stand before the name.
                let name = text[self.name..at].trim_start_matches(|c| !starts_name(c));
                if !name.is_empty() {
                    found(name);
                }
            }
            if !continues_name(c) {
                self.name = at + c.len_utf8();
            }
        }
        self.seen = text.len();
    }
}
