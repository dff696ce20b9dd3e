//! Location paths and filters (XPath 1.0, sections 2 and 3.3).

use super::{Parsed, Parser, cut};
use crate::xpath::{
    error::XPathFault,
    expression::{Axis, Begin, Kind, PartId, Step, Test, TestName, Traits, Type},
    lexer::{Name, What},
};

impl Parser<'_> {
    pub(super) fn path(&mut self) -> Parsed<PartId> {
        let at = self.at();
        let begins_with_call = matches!(self.peek(), What::Name(Name { prefix: _, local: Some(local) })
            if self.peek_second() == What::Symbol("(") && !is_node_type(local));
        if !begins_with_call
            && !matches!(self.peek(), What::Symbol("(") | What::Literal(_) | What::Number(_))
        {
            return self.location_path();
        }
        let mut part = self.primary()?;
        if self.peek() == What::Symbol("[") {
            self.must_be_nodes(part, at)?;
            let predicates = self.predicates()?;
            let traits = Traits { positional: false, ..self.traits(part) };
            part = self.push(Kind::Filter(part, predicates), Type::Nodes, at, traits);
        }
        if !matches!(self.peek(), What::Symbol("/" | "//")) {
            return Ok(part);
        }
        self.must_be_nodes(part, at)?;
        let steps = self.more_steps(Vec::new())?;
        let traits = self.traits(part);
        Ok(self.push(Kind::Path(Begin::Part(part), steps), Type::Nodes, at, traits))
    }

    fn location_path(&mut self) -> Parsed<PartId> {
        let at = self.at();
        let (begin, steps) = if self.peek() == What::Symbol("//") {
            (Begin::Document, self.more_steps(Vec::new())?)
        } else if self.take("/") {
            let steps = if self.begins_step() { vec![self.step()?] } else { Vec::new() };
            if steps.is_empty() {
                (Begin::Document, steps)
            } else {
                (Begin::Document, self.more_steps(steps)?)
            }
        } else {
            let first = self.step()?;
            (Begin::Context, self.more_steps(vec![first])?)
        };
        let traits = match begin {
            Begin::Context => Traits {
                constant: false,
                positional: false,
                uniform: steps.first().is_some_and(is_uniform),
            },
            _ => Traits::CONSTANT,
        };
        Ok(self.push(Kind::Path(begin, steps), Type::Nodes, at, traits))
    }

    fn more_steps(&mut self, mut steps: Vec<Step>) -> Parsed<Vec<Step>> {
        loop {
            let at = self.at();
            if self.take("//") {
                let step = self.step()?;
                // `//a` asks for the descendants `a`, unless their positions among the children matter.
                match step.axis {
                    Axis::Child if !step.positional => {
                        steps.push(Step { axis: Axis::Descendant, ..step });
                    }
                    _ => {
                        let (axis, test) = (Axis::DescendantOrSelf, Test::Any);
                        steps.push(Step {
                            axis,
                            test,
                            predicates: Vec::new(),
                            positional: false,
                            at,
                        });
                        steps.push(step);
                    }
                }
            } else if self.take("/") {
                steps.push(self.step()?);
            } else {
                return Ok(steps);
            }
        }
    }

    fn begins_step(&self) -> bool {
        matches!(self.peek(), What::Name(_) | What::Star | What::Symbol("@" | "." | ".."))
    }

    fn step(&mut self) -> Parsed<Step> {
        let at = self.at();
        for (symbol, axis) in [(".", Axis::Itself), ("..", Axis::Parent)] {
            if self.take(symbol) {
                return Ok(Step {
                    axis,
                    test: Test::Any,
                    predicates: Vec::new(),
                    positional: false,
                    at,
                });
            }
        }
        let axis = if self.take("@") {
            Axis::Attribute
        } else if self.peek_second() == What::Symbol("::") {
            let What::Name(Name { prefix: None, local: Some(name) }) = self.peek() else {
                return Err(self.fault(XPathFault::Expected("the name of an axis")));
            };
            let Some(axis) = Axis::of(name) else {
                return Err(self.fault(XPathFault::AxisUnknown(cut(name))));
            };
            self.next += 2;
            axis
        } else {
            Axis::Child
        };
        let test = self.test()?;
        let predicates = self.predicates()?;
        let positional = predicates.iter().any(|predicate| {
            let part = self.expression.part(*predicate);
            part.gives == Type::Number || part.traits.positional
        });
        Ok(Step { axis, test, predicates, positional, at })
    }

    fn test(&mut self) -> Parsed<Test> {
        let What::Name(name) = self.peek() else {
            if self.peek() == What::Star {
                self.next += 1;
                return Ok(Test::Star);
            }
            return Err(self.fault(XPathFault::Expected("a step")));
        };
        if self.peek_second() == What::Symbol("(") {
            let Name { prefix: None, local: Some(kind) } = name else {
                return Err(self.fault(XPathFault::Expected("a node test")));
            };
            if !is_node_type(kind) {
                return Err(self.fault(XPathFault::Expected("a node test")));
            }
            self.next += 2;
            let test = match (kind, self.peek()) {
                ("processing-instruction", What::Literal(target)) => {
                    self.next += 1;
                    Test::Instruction(Some(target.to_owned()))
                }
                ("processing-instruction", _) => Test::Instruction(None),
                ("comment", _) => Test::Comment,
                ("text", _) => Test::Text,
                _ => Test::Any,
            };
            self.expect(")", "`)`")?;
            return Ok(test);
        }
        let namespace = match name.prefix {
            None => String::new(),
            Some("xml") => crate::xml::XML_NAMESPACE.to_owned(),
            Some(prefix) => match (self.namespace)(prefix) {
                Some(namespace) if !namespace.is_empty() => namespace,
                _ => return Err(self.fault(XPathFault::PrefixUnknown(cut(prefix)))),
            },
        };
        self.next += 1;
        let asked = TestName { namespace, local: name.local.unwrap_or_default().to_owned() };
        let names = &mut self.expression.names;
        let number = *self.numbers.entry(asked).or_insert_with_key(|asked| {
            names.push(asked.clone());
            names.len() - 1
        });
        Ok(if name.local.is_some() { Test::Name(number) } else { Test::NamespaceStar(number) })
    }

    pub(super) fn predicates(&mut self) -> Parsed<Vec<PartId>> {
        let mut predicates = Vec::new();
        while self.take("[") {
            predicates.push(self.expression()?);
            self.expect("]", "`]`")?;
        }
        Ok(predicates)
    }
}

fn is_node_type(name: &str) -> bool {
    matches!(name, "comment" | "text" | "processing-instruction" | "node")
}

/// Whether a path that begins with this step leads all namespace nodes of an element to the same nodes: none of them is
/// on its way.
fn is_uniform(step: &Step) -> bool {
    !step.axis.holds_self() || step.test != Test::Any
}
