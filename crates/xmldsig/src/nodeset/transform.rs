//! The transforms as their elements say them.

use super::{NodeSet, Operation, Subtrees};
use crate::{
    document::{Ids, Node},
    xpath::{Budget, Expression, Limits, XPathError},
};

/// The namespace of the elements of Filter 2.0, and its identifier.
const FILTER2: &str = "http://www.w3.org/2002/06/xmldsig-filter2";

/// The namespace of XML Signature.
const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";

/// Why a transform of node-sets cannot be done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransformError {
    /// An expression is wrong, has no meaning here, or costs too much.
    #[error(transparent)]
    XPath(#[from] XPathError),
    /// The transform does not have the elements that it must have.
    #[error("the transform must have {0}")]
    Element(&'static str),
    /// No operation of Filter 2.0.
    #[error("there is no filter {0:?}: intersect, subtract and union are")]
    Operation(String),
}

impl<'a> NodeSet<'a> {
    /// The XPath transform as the `Transform` element says it: its one child is `XPath` (XML Signature, section 6.6.3).
    ///
    /// # Errors
    /// When the element is not so, the expression is wrong, or its evaluation goes beyond a limit.
    pub fn xpath_transform(
        &self,
        transform: Node<'_>,
        ids: Option<&Ids<'_>>,
        limits: &Limits,
        budget: &mut Budget,
    ) -> Result<NodeSet<'a>, TransformError> {
        let mut children = transform.elements();
        let (Some(bearer), None) =
            (children.next().filter(|child| child.is(DSIG, "XPath")), children.next())
        else {
            return Err(TransformError::Element("one element XPath"));
        };
        let expression = expression(bearer, limits)?;
        Ok(self.filter(&expression, ids, Some(bearer), budget)?)
    }

    /// Filter 2.0 as the `Transform` element says it: its children are `XPath`, each with an attribute `Filter`.
    ///
    /// # Errors
    /// When the element is not so, an expression is wrong, or its evaluation goes beyond a limit.
    pub fn filter2_transform(
        &self,
        transform: Node<'_>,
        ids: Option<&Ids<'_>>,
        limits: &Limits,
        budget: &mut Budget,
    ) -> Result<NodeSet<'a>, TransformError> {
        let mut operations = Vec::new();
        for bearer in transform.elements() {
            if !bearer.is(FILTER2, "XPath") {
                return Err(TransformError::Element("only elements XPath of Filter 2.0"));
            }
            let name = bearer
                .attribute("", "Filter")
                .ok_or(TransformError::Element("the attribute Filter"))?;
            let operation = Operation::of(name)
                .ok_or_else(|| TransformError::Operation(name.chars().take(100).collect()))?;
            operations.push(Subtrees {
                operation,
                expression: expression(bearer, limits)?,
                here: Some(bearer),
            });
        }
        if operations.is_empty() {
            return Err(TransformError::Element("an element XPath of Filter 2.0"));
        }
        Ok(self.filter2(&operations, ids, budget)?)
    }
}

/// The expression in an element, with the namespaces that are in force there.
fn expression(bearer: Node<'_>, limits: &Limits) -> Result<Expression, XPathError> {
    Expression::parse(&bearer.text(), |prefix| bearer.namespace(prefix).map(str::to_owned), limits)
}
