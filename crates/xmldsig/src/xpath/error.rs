/// Why an expression cannot be parsed or evaluated, and where in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("in the XPath expression, at character {}: {fault}", .position + 1)]
pub struct XPathError {
    /// Bytes of the expression before the place.
    pub position: usize,
    /// Why.
    pub fault: XPathFault,
}

/// What is wrong with an expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum XPathFault {
    /// Something else was to stand here.
    #[error("expected {0}")]
    Expected(&'static str),
    /// A character that begins nothing.
    #[error("{0:?} is not allowed here")]
    Character(char),
    /// A literal whose second quotation mark is missing.
    #[error("the literal is not closed")]
    LiteralOpen,
    /// No name.
    #[error("{0:?} is not a name")]
    Name(String),
    /// A prefix that is not declared where the expression stands.
    #[error("the prefix {0:?} has no declaration where the expression stands")]
    PrefixUnknown(String),
    /// No axis has this name (XPath 1.0, section 2.2).
    #[error("there is no axis {0:?}")]
    AxisUnknown(String),
    /// No function has this name (XPath 1.0, section 4).
    #[error("there is no function {0:?}")]
    FunctionUnknown(String),
    /// A function was given more or fewer arguments than it takes.
    #[error("{function}() does not take {given} arguments")]
    Arguments {
        /// Its name.
        function: &'static str,
        /// How many it was given.
        given: usize,
    },
    /// A variable, which has no value here.
    #[error("variables have no value here")]
    Variable,
    /// Something that is no node-set where only nodes have a meaning.
    #[error("this must be a node-set")]
    NotNodes,
    /// The expression is no location in any document that is at hand (XML Signature, section 6.6.3).
    #[error("here() has no meaning: the expression does not stand in this document")]
    Here,
    /// One of the [`Limits`](super::Limits).
    #[error("more than the limit `{0}` allows")]
    Limit(&'static str),
}

impl From<super::Spent> for XPathError {
    fn from(spent: super::Spent) -> XPathError {
        XPathError { position: 0, fault: XPathFault::Limit(spent.0) }
    }
}
