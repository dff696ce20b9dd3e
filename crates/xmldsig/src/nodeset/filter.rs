//! The XPath transform (XML Signature, section 6.6.3).

use super::{NamespacesOf, NodeSet};
use crate::{
    document::{Ids, Node, NodeKind},
    xml::PrefixId,
    xpath::{Budget, Evaluation, Expression, Key, XPathError},
};

impl<'a> NodeSet<'a> {
    /// The nodes for which the expression is true: the context of each is the node alone. `ids` is what `id()` finds,
    /// `here` the element that bears the expression.
    ///
    /// # Errors
    /// When the budget is at its end, or `here()` has no meaning.
    pub fn filter(
        &self,
        expression: &Expression,
        ids: Option<&Ids<'_>>,
        here: Option<Node<'_>>,
        budget: &mut Budget,
    ) -> Result<NodeSet<'a>, XPathError> {
        let document = self.document;
        let mut evaluation = Evaluation::new(expression, document, budget);
        if let Some(ids) = ids {
            evaluation = evaluation.with_ids(ids);
        }
        if let Some(here) = here {
            evaluation = evaluation.with_here(here);
        }
        let mut kept = NodeSet::empty(document);
        for index in self.touched() {
            if self.has(index) && evaluation.test(Key::node(index))? {
                kept.insert(Key::node(index));
            }
            if document.kind(index) == NodeKind::Element {
                self.filter_namespaces(index, expression, &mut evaluation, &mut kept)?;
            }
        }
        Ok(kept)
    }

    /// What becomes of the namespace nodes of an element.
    fn filter_namespaces(
        &self,
        element: u32,
        expression: &Expression,
        evaluation: &mut Evaluation<'_, '_>,
        kept: &mut NodeSet<'_>,
    ) -> Result<(), XPathError> {
        let here = self.namespaces_of(element);
        if here == NamespacesOf::None {
            return Ok(());
        }
        if expression.is_uniform() {
            // One may speak for all; `xml` is a namespace of every element.
            if evaluation.test(Key::namespace(element, PrefixId::XML))? {
                match here {
                    NamespacesOf::Some(prefixes) => {
                        kept.set_namespaces(element, prefixes.to_vec(), false);
                    }
                    _ => kept.set_namespaces(element, vec![PrefixId::XML], true),
                }
            }
            return Ok(());
        }
        let all = here == NamespacesOf::All;
        let prefixes = match here {
            NamespacesOf::Some(prefixes) => prefixes.to_vec(),
            _ => self
                .all_namespaces(element, &mut |steps| evaluation.budget().spend(steps))
                .map_err(XPathError::from)?,
        };
        let count = prefixes.len();
        let mut true_for = Vec::new();
        for prefix in prefixes {
            if evaluation.test(Key::namespace(element, prefix))? {
                true_for.push(prefix);
            }
        }
        let all = all && true_for.len() == count;
        kept.set_namespaces(element, true_for, all);
        Ok(())
    }
}
