use super::{
    compare,
    error::{XPathError, XPathFault},
    expression::{Begin, Expression, Kind, Part, PartId},
    function::Function,
    key::Key,
    lexer::Operator,
    limits::{Budget, Spent},
    number,
    value::{self, Found, Held, Value},
};
use crate::{
    document::{Document, Ids, Node, NodeKind},
    xml::{NameId, PrefixId, UriId},
};
use std::{borrow::Cow, rc::Rc};

/// An expression and a document. What does not depend on the node that is asked about is found out once.
#[derive(Debug)]
pub struct Evaluation<'e, 'd> {
    pub(super) expression: &'e Expression,
    pub(super) document: &'d Document,
    pub(super) budget: &'e mut Budget,
    pub(super) ids: Option<&'e Ids<'d>>,
    pub(super) here: Option<Node<'d>>,
    /// The names of the expression as the document numbers them. What it does not have is not to be found in it.
    pub(super) names: Vec<(Option<UriId>, Option<NameId>)>,
    /// Values of parts that are constant.
    cache: Vec<Option<Held>>,
}

/// What a part is evaluated for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context {
    pub(super) key: Key,
    pub(super) position: usize,
    pub(super) size: usize,
}

pub(super) type Evaluated<T> = Result<T, XPathError>;

impl<'e, 'd> Evaluation<'e, 'd> {
    /// Binds an expression to a document.
    pub fn new(
        expression: &'e Expression,
        document: &'d Document,
        budget: &'e mut Budget,
    ) -> Evaluation<'e, 'd> {
        let names = document.names();
        let names = expression
            .names
            .iter()
            .map(|name| (names.find_uri(&name.namespace), names.find(&name.local)))
            .collect();
        let cache = vec![None; expression.parts.len()];
        Evaluation { expression, document, budget, ids: None, here: None, names, cache }
    }

    /// What `id()` finds. Without, it finds nothing.
    #[must_use]
    pub fn with_ids(self, ids: &'e Ids<'d>) -> Evaluation<'e, 'd> {
        Evaluation { ids: Some(ids), ..self }
    }

    /// What `here()` is: the element, attribute or processing instruction that bears the expression (XML Signature,
    /// section 6.6.3). Without, and when it stands in another document, `here()` is an error.
    #[must_use]
    pub fn with_here(self, here: Node<'d>) -> Evaluation<'e, 'd> {
        let here = std::ptr::eq(here.document(), self.document).then_some(here);
        Evaluation { here, ..self }
    }

    /// What the expression comes to for a node, which is the only one of its context.
    ///
    /// # Errors
    /// When the budget is at its end, or `here()` has no meaning.
    pub fn value(&mut self, node: Node<'d>) -> Result<Value<'d>, XPathError> {
        let held = self.held(self.expression.root, Context::only(Key::node(node.index())))?;
        Ok(held.into_value(self.document))
    }

    /// The same for a node that was found.
    ///
    /// # Errors
    /// As [`value`](Evaluation::value).
    pub fn value_at(&mut self, node: Found<'d>) -> Result<Value<'d>, XPathError> {
        let held = self.held(self.expression.root, Context::only(node.key()))?;
        Ok(held.into_value(self.document))
    }

    /// Whether the expression is true for a node, as `boolean()` has it.
    ///
    /// # Errors
    /// As [`value`](Evaluation::value).
    pub fn boolean(&mut self, node: Node<'d>) -> Result<bool, XPathError> {
        self.test(Key::node(node.index()))
    }

    pub(crate) fn test(&mut self, key: Key) -> Result<bool, XPathError> {
        self.boolean_of(self.expression.root, Context::only(key))
    }

    /// The nodes that the expression finds, if it gives nodes.
    pub(crate) fn nodes(&mut self, key: Key) -> Result<Rc<Vec<Key>>, XPathError> {
        let root = self.expression.root;
        match self.held(root, Context::only(key))? {
            Held::Nodes(nodes) => Ok(nodes),
            _ => Err(XPathError { position: 0, fault: XPathFault::NotNodes }),
        }
    }

    pub(crate) fn budget(&mut self) -> &mut Budget {
        self.budget
    }

    pub(super) fn held(&mut self, id: PartId, context: Context) -> Evaluated<Held> {
        let part = self.expression.part(id);
        match &part.kind {
            Kind::Number(number) => return Ok(Held::Number(*number)),
            Kind::Literal(text) => return Ok(Held::String(Rc::from(text.as_str()))),
            _ => {}
        }
        if !part.traits.constant {
            return self.found_out(part, context);
        }
        if let Some(known) = &self.cache[id] {
            return Ok(known.clone());
        }
        let held = self.found_out(part, context)?;
        self.cache[id] = Some(held.clone());
        Ok(held)
    }

    fn found_out(&mut self, part: &'e Part, context: Context) -> Evaluated<Held> {
        self.spend(1, part.at)?;
        Ok(match &part.kind {
            Kind::Or(_) | Kind::And(_) => Held::Boolean(self.boolean_of_part(part, context)?),
            Kind::Chain(first, rest) => self.chain(*first, rest, context)?,
            Kind::Negate(operand, odd) => {
                let number = self.number_of(*operand, context)?;
                Held::Number(if *odd { -number } else { number })
            }
            Kind::Union(operands) => {
                let mut all = Vec::new();
                for operand in operands {
                    let nodes = self.nodes_of(*operand, context)?;
                    self.spend(nodes.len() as u64, part.at)?;
                    all.extend_from_slice(&nodes);
                    self.admit(all.len(), part.at)?;
                }
                all.sort_unstable();
                all.dedup();
                Held::Nodes(Rc::new(all))
            }
            Kind::Number(number) => Held::Number(*number),
            Kind::Literal(text) => Held::String(Rc::from(text.as_str())),
            Kind::Call(function, arguments) => self.call(*function, arguments, part.at, context)?,
            Kind::Filter(primary, predicates) => {
                let mut nodes = self.nodes_of(*primary, context)?.as_ref().clone();
                self.spend(nodes.len() as u64, part.at)?;
                for predicate in predicates {
                    self.keep(&mut nodes, *predicate)?;
                }
                Held::Nodes(Rc::new(nodes))
            }
            Kind::Path(..) => Held::Nodes(Rc::new(self.path(part, context, false)?)),
        })
    }

    /// Only as much is found out as the answer needs.
    pub(super) fn boolean_of(&mut self, id: PartId, context: Context) -> Evaluated<bool> {
        let part = self.expression.part(id);
        if part.traits.constant {
            return Ok(self.held(id, context)?.to_boolean());
        }
        self.spend(1, part.at)?;
        self.boolean_of_part(part, context)
    }

    fn boolean_of_part(&mut self, part: &'e Part, context: Context) -> Evaluated<bool> {
        match &part.kind {
            Kind::Or(operands) | Kind::Union(operands) => {
                for operand in operands {
                    if self.boolean_of(*operand, context)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Kind::And(operands) => {
                for operand in operands {
                    if !self.boolean_of(*operand, context)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Kind::Call(Function::Not, arguments) => Ok(!self.boolean_of(arguments[0], context)?),
            Kind::Call(Function::Boolean, arguments) => self.boolean_of(arguments[0], context),
            Kind::Path(..) => Ok(!self.path(part, context, true)?.is_empty()),
            _ => Ok(self.found_out(part, context)?.to_boolean()),
        }
    }

    fn chain(
        &mut self,
        first: PartId,
        rest: &[(Operator, PartId)],
        context: Context,
    ) -> Evaluated<Held> {
        let mut left = self.held(first, context)?;
        for (operator, operand) in rest {
            let right = self.held(*operand, context)?;
            let at = self.expression.part(*operand).at;
            self.spend(1, at)?;
            left = match operator {
                Operator::Plus
                | Operator::Minus
                | Operator::Multiply
                | Operator::Divide
                | Operator::Modulo => {
                    let (left, right) = (self.number_in(&left, at)?, self.number_in(&right, at)?);
                    Held::Number(match operator {
                        Operator::Plus => left + right,
                        Operator::Minus => left - right,
                        Operator::Multiply => left * right,
                        Operator::Divide => left / right,
                        _ => left % right,
                    })
                }
                _ => Held::Boolean(compare::compare(self, *operator, &left, &right, at)?),
            };
        }
        Ok(left)
    }

    pub(super) fn nodes_of(&mut self, id: PartId, context: Context) -> Evaluated<Rc<Vec<Key>>> {
        match self.held(id, context)? {
            Held::Nodes(nodes) => Ok(nodes),
            _ => Err(self.fault(XPathFault::NotNodes, self.expression.part(id).at)),
        }
    }

    pub(super) fn number_of(&mut self, id: PartId, context: Context) -> Evaluated<f64> {
        let held = self.held(id, context)?;
        self.number_in(&held, self.expression.part(id).at)
    }

    pub(super) fn string_of(&mut self, id: PartId, context: Context) -> Evaluated<Rc<str>> {
        let held = self.held(id, context)?;
        self.string_in(&held, self.expression.part(id).at)
    }

    /// XPath 1.0, section 4.4.
    pub(super) fn number_in(&mut self, held: &Held, at: usize) -> Evaluated<f64> {
        Ok(match held {
            Held::Boolean(boolean) => value::boolean_number(*boolean),
            Held::Number(number) => *number,
            Held::String(text) => value::number_of(text),
            Held::Nodes(nodes) => match nodes.first() {
                Some(first) => value::number_of(&self.text(*first, at)?),
                None => f64::NAN,
            },
        })
    }

    /// XPath 1.0, section 4.2.
    pub(super) fn string_in(&mut self, held: &Held, at: usize) -> Evaluated<Rc<str>> {
        Ok(match held {
            Held::Boolean(boolean) => Rc::from(value::boolean_text(*boolean)),
            Held::Number(number) => Rc::from(number::format(*number)),
            Held::String(text) => text.clone(),
            Held::Nodes(nodes) => match nodes.first() {
                Some(first) => Rc::from(self.text(*first, at)?),
                None => Rc::from(""),
            },
        })
    }

    /// The string-value of a node.
    pub(super) fn text(&mut self, key: Key, at: usize) -> Evaluated<Cow<'d, str>> {
        let document = self.document;
        let record = document.record(key.index());
        if let Some(prefix) = key.prefix() {
            self.spend(1 + u64::from(document.scope_cost(record.scope)), at)?;
            return Ok(Cow::Borrowed(value::namespace_uri(document, key.index(), prefix)));
        }
        if matches!(record.kind, NodeKind::Element | NodeKind::Document) {
            self.spend(u64::from(record.end - key.index()), at)?;
        }
        let text = document.at(key.index()).text();
        self.budget.spend_text(text.len()).map_err(|spent| self.spent(spent, at))?;
        Ok(text)
    }

    #[inline]
    pub(super) fn spend(&mut self, steps: u64, at: usize) -> Evaluated<()> {
        self.budget.spend(steps).map_err(|spent| self.spent(spent, at))
    }

    pub(super) fn admit(&self, nodes: usize, at: usize) -> Evaluated<()> {
        self.budget.admit(nodes).map_err(|spent| self.spent(spent, at))
    }

    pub(super) fn spent(&self, Spent(limit): Spent, at: usize) -> XPathError {
        self.fault(XPathFault::Limit(limit), at)
    }

    #[expect(clippy::unused_self, reason = "reads as the others do")]
    pub(super) fn fault(&self, fault: XPathFault, at: usize) -> XPathError {
        XPathError { position: at, fault }
    }

    pub(super) fn begin(&mut self, begin: Begin, context: Context) -> Evaluated<Rc<Vec<Key>>> {
        match begin {
            Begin::Context => Ok(Rc::new(vec![context.key])),
            Begin::Document => Ok(Rc::new(vec![Key::node(0)])),
            Begin::Part(part) => self.nodes_of(part, context),
        }
    }
}

impl Context {
    /// A node that is the only one of its context.
    pub(super) fn only(key: Key) -> Context {
        Context { key, position: 1, size: 1 }
    }
}

impl Found<'_> {
    fn key(&self) -> Key {
        match self {
            Found::Node(node) => Key::node(node.index()),
            Found::Namespace { element, prefix, .. } => {
                let prefix =
                    element.document().names().find_prefix(prefix).unwrap_or(PrefixId::NONE);
                Key::namespace(element.index(), prefix)
            }
        }
    }
}
