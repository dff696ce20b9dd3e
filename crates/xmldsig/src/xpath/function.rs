//! The functions of XPath 1.0, section 4, and `here()` of XML Signature, section 6.6.3.

use super::expression::Type;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Boolean,
    Ceiling,
    Concat,
    Contains,
    Count,
    False,
    Floor,
    Here,
    Id,
    Lang,
    Last,
    LocalName,
    Name,
    NamespaceUri,
    NormalizeSpace,
    Not,
    Number,
    Position,
    Round,
    StartsWith,
    String,
    StringLength,
    Substring,
    SubstringAfter,
    SubstringBefore,
    Sum,
    Translate,
    True,
}

/// What it takes and gives.
#[derive(Clone, Copy, Debug)]
pub(super) struct Signature {
    pub(super) name: &'static str,
    pub(super) function: Function,
    pub(super) least: usize,
    pub(super) most: usize,
    /// Its arguments must be node-sets.
    pub(super) nodes: bool,
    pub(super) gives: Type,
}

pub(super) fn find(name: &str) -> Option<Signature> {
    SIGNATURES.into_iter().find(|signature| signature.name == name)
}

const fn signature(
    name: &'static str,
    function: Function,
    (least, most): (usize, usize),
    gives: Type,
) -> Signature {
    Signature { name, function, least, most, nodes: false, gives }
}

const fn of_nodes(
    name: &'static str,
    function: Function,
    (least, most): (usize, usize),
    gives: Type,
) -> Signature {
    Signature { name, function, least, most, nodes: true, gives }
}

const SIGNATURES: [Signature; 28] = [
    signature("boolean", Function::Boolean, (1, 1), Type::Boolean),
    signature("ceiling", Function::Ceiling, (1, 1), Type::Number),
    signature("concat", Function::Concat, (2, usize::MAX), Type::String),
    signature("contains", Function::Contains, (2, 2), Type::Boolean),
    of_nodes("count", Function::Count, (1, 1), Type::Number),
    signature("false", Function::False, (0, 0), Type::Boolean),
    signature("floor", Function::Floor, (1, 1), Type::Number),
    signature("here", Function::Here, (0, 0), Type::Nodes),
    signature("id", Function::Id, (1, 1), Type::Nodes),
    signature("lang", Function::Lang, (1, 1), Type::Boolean),
    signature("last", Function::Last, (0, 0), Type::Number),
    of_nodes("local-name", Function::LocalName, (0, 1), Type::String),
    of_nodes("name", Function::Name, (0, 1), Type::String),
    of_nodes("namespace-uri", Function::NamespaceUri, (0, 1), Type::String),
    signature("normalize-space", Function::NormalizeSpace, (0, 1), Type::String),
    signature("not", Function::Not, (1, 1), Type::Boolean),
    signature("number", Function::Number, (0, 1), Type::Number),
    signature("position", Function::Position, (0, 0), Type::Number),
    signature("round", Function::Round, (1, 1), Type::Number),
    signature("starts-with", Function::StartsWith, (2, 2), Type::Boolean),
    signature("string", Function::String, (0, 1), Type::String),
    signature("string-length", Function::StringLength, (0, 1), Type::Number),
    signature("substring", Function::Substring, (2, 3), Type::String),
    signature("substring-after", Function::SubstringAfter, (2, 2), Type::String),
    signature("substring-before", Function::SubstringBefore, (2, 2), Type::String),
    of_nodes("sum", Function::Sum, (1, 1), Type::Number),
    signature("translate", Function::Translate, (3, 3), Type::String),
    signature("true", Function::True, (0, 0), Type::Boolean),
];
