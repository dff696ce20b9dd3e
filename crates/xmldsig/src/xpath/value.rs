use super::{key::Key, number};
use crate::{
    document::{Document, Node},
    xml::PrefixId,
};
use std::{borrow::Cow, rc::Rc};

/// What an expression comes to.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// True or false.
    Boolean(bool),
    /// Nodes in document order, each once.
    Nodes(Vec<Found<'a>>),
    /// A number of IEEE 754.
    Number(f64),
    /// A string.
    String(String),
}

/// A node that an expression found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found<'a> {
    /// A node of the document.
    Node(Node<'a>),
    /// A namespace node.
    Namespace {
        /// The element it is of.
        element: Node<'a>,
        /// Its prefix, empty for the default namespace.
        prefix: &'a str,
        /// Its namespace name.
        uri: &'a str,
    },
}

impl<'a> Found<'a> {
    pub(super) fn of(document: &'a Document, key: Key) -> Found<'a> {
        let node = document.at(key.index());
        match key.prefix() {
            None => Found::Node(node),
            Some(prefix) => Found::Namespace {
                element: node,
                prefix: document.names().prefix_text(prefix),
                uri: namespace_uri(document, key.index(), prefix),
            },
        }
    }

    /// Its string-value (XPath 1.0, section 5).
    pub fn text(&self) -> Cow<'a, str> {
        match self {
            Found::Node(node) => node.text(),
            Found::Namespace { uri, .. } => Cow::Borrowed(uri),
        }
    }
}

/// A value while it is needed.
#[derive(Clone, Debug)]
pub(super) enum Held {
    Boolean(bool),
    Nodes(Rc<Vec<Key>>),
    Number(f64),
    String(Rc<str>),
}

impl Held {
    pub(super) fn to_boolean(&self) -> bool {
        match self {
            Held::Boolean(boolean) => *boolean,
            Held::Nodes(nodes) => !nodes.is_empty(),
            Held::Number(number) => *number != 0.0 && !number.is_nan(),
            Held::String(text) => !text.is_empty(),
        }
    }

    pub(super) fn into_value(self, document: &Document) -> Value<'_> {
        match self {
            Held::Boolean(boolean) => Value::Boolean(boolean),
            Held::Nodes(nodes) => {
                Value::Nodes(nodes.iter().map(|key| Found::of(document, *key)).collect())
            }
            Held::Number(number) => Value::Number(number),
            Held::String(text) => Value::String(text.as_ref().to_owned()),
        }
    }
}

/// Of a boolean.
pub(super) fn boolean_text(boolean: bool) -> &'static str {
    if boolean { "true" } else { "false" }
}

/// Of a boolean.
pub(super) fn boolean_number(boolean: bool) -> f64 {
    if boolean { 1.0 } else { 0.0 }
}

pub(super) fn number_of(text: &str) -> f64 {
    number::parse(text)
}

pub(super) fn namespace_uri(document: &Document, element: u32, prefix: PrefixId) -> &str {
    let scope = document.record(element).scope;
    document.names().uri_text(document.resolve(scope, prefix))
}

/// The namespace, local part and qualified name (XPath 1.0, section 4.1: `name`, `local-name`, `namespace-uri`).
pub(super) fn names_of(document: &Document, key: Key) -> (&str, &str, &str) {
    if let Some(prefix) = key.prefix() {
        let prefix = document.names().prefix_text(prefix);
        return ("", prefix, prefix);
    }
    let node = document.at(key.index());
    if let Some(target) = node.target() {
        return ("", target, target);
    }
    let Some(name) = node.name() else { return ("", "", "") };
    (name.namespace, name.local, document.names().text(document.record(key.index()).name))
}
