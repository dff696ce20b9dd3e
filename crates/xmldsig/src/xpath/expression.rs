use super::{
    error::XPathError,
    function::Function,
    lexer::{self, Operator},
    limits::Limits,
    parser,
};

/// A parsed expression.
///
/// ```
/// use ravelin_xmldsig::xpath::{Expression, Limits, XPathFault};
/// let none = |_: &str| None;
/// assert!(Expression::parse("not(ancestor::a[@b = 'c'])", none, &Limits::default()).is_ok());
/// let error = Expression::parse("count('x')", none, &Limits::default()).unwrap_err();
/// assert_eq!((error.position, error.fault), (6, XPathFault::NotNodes));
/// ```
#[derive(Clone, Debug)]
pub struct Expression {
    pub(super) parts: Vec<Part>,
    pub(super) root: PartId,
    /// What name tests ask for.
    pub(super) names: Vec<TestName>,
}

/// A part of an expression that has a value.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) kind: Kind,
    pub(super) gives: Type,
    pub(super) at: usize,
    pub(super) traits: Traits,
}

pub(super) type PartId = usize;

/// What is known of a part without evaluating it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Traits {
    /// It does not depend on the context: neither on the node nor on its position.
    pub(super) constant: bool,
    /// It depends on the position in the context.
    pub(super) positional: bool,
    /// It is the same for all namespace nodes of an element.
    pub(super) uniform: bool,
}

impl Traits {
    pub(super) const CONSTANT: Traits = Traits { constant: true, positional: false, uniform: true };

    /// Of something that is made of both.
    pub(super) fn and(self, other: Traits) -> Traits {
        Traits {
            constant: self.constant && other.constant,
            positional: self.positional || other.positional,
            uniform: self.uniform && other.uniform,
        }
    }
}

/// The types of XPath 1.0, section 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Boolean,
    Nodes,
    Number,
    String,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Or(Vec<PartId>),
    And(Vec<PartId>),
    /// Operators of one precedence, from left to right.
    Chain(PartId, Vec<(Operator, PartId)>),
    /// Negated an odd number of times, or an even one.
    Negate(PartId, bool),
    Union(Vec<PartId>),
    Number(f64),
    Literal(String),
    Call(Function, Vec<PartId>),
    Filter(PartId, Vec<PartId>),
    Path(Begin, Vec<Step>),
}

/// Where a path begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begin {
    Context,
    Document,
    Part(PartId),
}

#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) axis: Axis,
    pub(super) test: Test,
    pub(super) predicates: Vec<PartId>,
    /// A predicate depends on the position in the axis.
    pub(super) positional: bool,
    pub(super) at: usize,
}

/// XPath 1.0, section 2.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Axis {
    Ancestor,
    AncestorOrSelf,
    Attribute,
    Child,
    Descendant,
    DescendantOrSelf,
    Following,
    FollowingSibling,
    Namespace,
    Parent,
    Preceding,
    PrecedingSibling,
    Itself,
}

impl Axis {
    pub(super) fn of(name: &str) -> Option<Axis> {
        Some(match name {
            "ancestor" => Axis::Ancestor,
            "ancestor-or-self" => Axis::AncestorOrSelf,
            "attribute" => Axis::Attribute,
            "child" => Axis::Child,
            "descendant" => Axis::Descendant,
            "descendant-or-self" => Axis::DescendantOrSelf,
            "following" => Axis::Following,
            "following-sibling" => Axis::FollowingSibling,
            "namespace" => Axis::Namespace,
            "parent" => Axis::Parent,
            "preceding" => Axis::Preceding,
            "preceding-sibling" => Axis::PrecedingSibling,
            "self" => Axis::Itself,
            _ => return None,
        })
    }

    /// Whether the node itself is on it.
    pub(super) fn holds_self(self) -> bool {
        matches!(self, Axis::AncestorOrSelf | Axis::DescendantOrSelf | Axis::Itself)
    }
}

/// XPath 1.0, section 2.3.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Test {
    /// `node()`
    Any,
    Comment,
    /// With a target, or any.
    Instruction(Option<String>),
    /// The name of this number.
    Name(usize),
    /// `prefix:*`, with the namespace of this name.
    NamespaceStar(usize),
    Star,
    Text,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct TestName {
    pub(super) namespace: String,
    pub(super) local: String,
}

impl Expression {
    /// Parses an expression. `namespace` says what a prefix stands for where the expression stands.
    ///
    /// # Errors
    /// When it is no expression of XPath 1.0, uses variables, has a part of the wrong type, or goes beyond a limit.
    pub fn parse(
        text: &str,
        namespace: impl Fn(&str) -> Option<String>,
        limits: &Limits,
    ) -> Result<Expression, XPathError> {
        if text.len() > limits.expression {
            let fault = super::XPathFault::Limit("expression");
            return Err(XPathError { position: limits.expression, fault });
        }
        parser::parse(&lexer::tokens(text)?, &namespace, limits)
    }

    pub(super) fn part(&self, id: PartId) -> &Part {
        &self.parts[id]
    }

    /// Whether all namespace nodes of an element get the same answer.
    pub(crate) fn is_uniform(&self) -> bool {
        self.parts[self.root].traits.uniform
    }
}
