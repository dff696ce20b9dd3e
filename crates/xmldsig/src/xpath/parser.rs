//! The grammar of XPath 1.0, section 3. Operators of one precedence form flat chains, so that only what is written in
//! brackets nests, and that is limited.

use super::{
    error::{XPathError, XPathFault},
    expression::{Axis, Begin, Expression, Kind, Part, PartId, Step, Test, TestName, Traits, Type},
    function::{self, Function},
    lexer::{Name, Operator, Token, What},
    limits::Limits,
};

pub(super) fn parse(
    tokens: &[Token<'_>],
    namespace: &dyn Fn(&str) -> Option<String>,
    limits: &Limits,
) -> Result<Expression, XPathError> {
    let mut parser = Parser {
        tokens,
        next: 0,
        namespace,
        expression: Expression { parts: Vec::new(), root: 0, names: Vec::new() },
        nesting: 0,
        max_nesting: limits.nesting,
    };
    let root = parser.expression()?;
    if parser.peek() != What::End {
        return Err(parser.fault(XPathFault::Expected("an operator or the end")));
    }
    parser.expression.root = root;
    Ok(parser.expression)
}

struct Parser<'a> {
    tokens: &'a [Token<'a>],
    next: usize,
    namespace: &'a dyn Fn(&str) -> Option<String>,
    expression: Expression,
    nesting: usize,
    max_nesting: usize,
}

type Parsed<T> = Result<T, XPathError>;

/// From the tightest to the loosest (section 3.5 and 3.4).
const PRECEDENCE: [&[Operator]; 6] = [
    &[Operator::Multiply, Operator::Divide, Operator::Modulo],
    &[Operator::Plus, Operator::Minus],
    &[Operator::Less, Operator::LessOrEqual, Operator::Greater, Operator::GreaterOrEqual],
    &[Operator::Equal, Operator::NotEqual],
    &[Operator::And],
    &[Operator::Or],
];

impl<'a> Parser<'a> {
    fn expression(&mut self) -> Parsed<PartId> {
        self.nesting += 1;
        if self.nesting > self.max_nesting {
            return Err(self.fault(XPathFault::Limit("nesting")));
        }
        let first = self.unary()?;
        let mut rest = Vec::new();
        while let What::Operator(operator) = self.peek() {
            let at = self.at();
            self.next += 1;
            rest.push((operator, self.unary()?, at));
        }
        let mut chain = Operands { first, rest };
        for operators in PRECEDENCE {
            chain = self.combine(chain, operators);
        }
        self.nesting -= 1;
        Ok(chain.first)
    }

    /// Makes one operand of every run of operands between which only these operators stand.
    fn combine(&mut self, operands: Operands, operators: &[Operator]) -> Operands {
        if !operands.rest.iter().any(|(operator, ..)| operators.contains(operator)) {
            return operands;
        }
        let mut combined: Vec<(Operator, PartId, usize)> = Vec::new();
        let mut first = None;
        let mut current = operands.first;
        let mut run: Vec<(Operator, PartId, usize)> = Vec::new();
        let mut before: Option<(Operator, usize)> = None;
        for (operator, operand, at) in operands.rest {
            if operators.contains(&operator) {
                run.push((operator, operand, at));
                continue;
            }
            let whole = self.chain(current, &std::mem::take(&mut run));
            match before {
                None => first = Some(whole),
                Some((operator, at)) => combined.push((operator, whole, at)),
            }
            before = Some((operator, at));
            current = operand;
        }
        let whole = self.chain(current, &run);
        match before {
            None => first = Some(whole),
            Some((operator, at)) => combined.push((operator, whole, at)),
        }
        Operands { first: first.unwrap_or(whole), rest: combined }
    }

    fn chain(&mut self, first: PartId, rest: &[(Operator, PartId, usize)]) -> PartId {
        let Some((operator, _, at)) = rest.first().copied() else { return first };
        let traits = rest
            .iter()
            .fold(self.traits(first), |traits, (_, operand, _)| traits.and(self.traits(*operand)));
        let all =
            || std::iter::once(first).chain(rest.iter().map(|(_, operand, _)| *operand)).collect();
        let (kind, gives) = match operator {
            Operator::Or => (Kind::Or(all()), Type::Boolean),
            Operator::And => (Kind::And(all()), Type::Boolean),
            Operator::Plus
            | Operator::Minus
            | Operator::Multiply
            | Operator::Divide
            | Operator::Modulo => (Kind::Chain(first, strip(rest)), Type::Number),
            _ => (Kind::Chain(first, strip(rest)), Type::Boolean),
        };
        self.push(kind, gives, at, traits)
    }

    fn unary(&mut self) -> Parsed<PartId> {
        let at = self.at();
        let mut count = 0_usize;
        while self.take_operator(Operator::Minus) {
            count += 1;
        }
        let operand = self.union()?;
        if count == 0 {
            return Ok(operand);
        }
        let traits = self.traits(operand);
        Ok(self.push(Kind::Negate(operand, count % 2 == 1), Type::Number, at, traits))
    }

    fn union(&mut self) -> Parsed<PartId> {
        let at = self.at();
        let first = self.path()?;
        if self.peek() != What::Symbol("|") {
            return Ok(first);
        }
        self.must_be_nodes(first, at)?;
        let mut operands = vec![first];
        let mut traits = self.traits(first);
        while self.take("|") {
            let at = self.at();
            let operand = self.path()?;
            self.must_be_nodes(operand, at)?;
            traits = traits.and(self.traits(operand));
            operands.push(operand);
        }
        Ok(self.push(Kind::Union(operands), Type::Nodes, at, traits))
    }

    fn path(&mut self) -> Parsed<PartId> {
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
        let number = names.iter().rposition(|known| *known == asked).unwrap_or_else(|| {
            names.push(asked);
            names.len() - 1
        });
        Ok(if name.local.is_some() { Test::Name(number) } else { Test::NamespaceStar(number) })
    }

    fn predicates(&mut self) -> Parsed<Vec<PartId>> {
        let mut predicates = Vec::new();
        while self.take("[") {
            predicates.push(self.expression()?);
            self.expect("]", "`]`")?;
        }
        Ok(predicates)
    }

    fn primary(&mut self) -> Parsed<PartId> {
        let at = self.at();
        match self.peek() {
            What::Literal(text) => {
                self.next += 1;
                Ok(self.push(Kind::Literal(text.to_owned()), Type::String, at, Traits::CONSTANT))
            }
            What::Number(number) => {
                self.next += 1;
                Ok(self.push(Kind::Number(number), Type::Number, at, Traits::CONSTANT))
            }
            What::Name(name) => self.call(name),
            _ => {
                self.expect("(", "an expression")?;
                let inner = self.expression()?;
                self.expect(")", "`)`")?;
                Ok(inner)
            }
        }
    }

    fn call(&mut self, name: Name<'a>) -> Parsed<PartId> {
        let at = self.at();
        let local = name.local.unwrap_or("*");
        let Some(signature) = function::find(local).filter(|_| name.prefix.is_none()) else {
            let name = name.prefix.map_or(local.to_owned(), |prefix| format!("{prefix}:{local}"));
            return Err(self.fault(XPathFault::FunctionUnknown(cut(&name))));
        };
        self.next += 2;
        let mut arguments = Vec::new();
        while !self.take(")") {
            if !arguments.is_empty() {
                self.expect(",", "`,` or `)`")?;
            }
            let at = self.at();
            let argument = self.expression()?;
            if signature.nodes {
                self.must_be_nodes(argument, at)?;
            }
            arguments.push(argument);
        }
        if arguments.len() < signature.least || arguments.len() > signature.most {
            let fault = XPathFault::Arguments { function: signature.name, given: arguments.len() };
            return Err(XPathError { position: at, fault });
        }
        let traits = arguments
            .iter()
            .fold(Traits::CONSTANT, |traits, argument| traits.and(self.traits(*argument)));
        let traits = match signature.function {
            Function::Position | Function::Last => {
                Traits { constant: false, positional: true, uniform: true }
            }
            Function::Lang => Traits { constant: false, ..traits },
            Function::Here | Function::True | Function::False => traits,
            // Of the node itself. All namespace nodes have the same namespace: none.
            Function::NamespaceUri if arguments.is_empty() => Traits { constant: false, ..traits },
            _ if arguments.is_empty() => Traits { constant: false, uniform: false, ..traits },
            _ => traits,
        };
        Ok(self.push(Kind::Call(signature.function, arguments), signature.gives, at, traits))
    }

    fn push(&mut self, kind: Kind, gives: Type, at: usize, traits: Traits) -> PartId {
        self.expression.parts.push(Part { kind, gives, at, traits });
        self.expression.parts.len() - 1
    }

    fn traits(&self, part: PartId) -> Traits {
        self.expression.part(part).traits
    }

    fn must_be_nodes(&self, part: PartId, at: usize) -> Parsed<()> {
        if self.expression.part(part).gives == Type::Nodes {
            return Ok(());
        }
        Err(XPathError { position: at, fault: XPathFault::NotNodes })
    }

    fn peek(&self) -> What<'a> {
        self.tokens.get(self.next).map_or(What::End, |token| token.what)
    }

    fn peek_second(&self) -> What<'a> {
        self.tokens.get(self.next + 1).map_or(What::End, |token| token.what)
    }

    fn at(&self) -> usize {
        let token = self.tokens.get(self.next).or(self.tokens.last());
        token.map_or(0, |token| token.at)
    }

    fn take(&mut self, symbol: &'static str) -> bool {
        let found = self.peek() == What::Symbol(symbol);
        self.next += usize::from(found);
        found
    }

    fn take_operator(&mut self, operator: Operator) -> bool {
        let found = self.peek() == What::Operator(operator);
        self.next += usize::from(found);
        found
    }

    fn expect(&mut self, symbol: &'static str, what: &'static str) -> Parsed<()> {
        if self.take(symbol) { Ok(()) } else { Err(self.fault(XPathFault::Expected(what))) }
    }

    fn fault(&self, fault: XPathFault) -> XPathError {
        XPathError { position: self.at(), fault }
    }
}

/// Operands with operators between them, and where the operators stand.
struct Operands {
    first: PartId,
    rest: Vec<(Operator, PartId, usize)>,
}

fn strip(rest: &[(Operator, PartId, usize)]) -> Vec<(Operator, PartId)> {
    rest.iter().map(|(operator, operand, _)| (*operator, *operand)).collect()
}

fn is_node_type(name: &str) -> bool {
    matches!(name, "comment" | "text" | "processing-instruction" | "node")
}

/// Whether a path that begins with this step leads all namespace nodes of an element to the same nodes: none of them is
/// on its way.
fn is_uniform(step: &Step) -> bool {
    !step.axis.holds_self() || step.test != Test::Any
}

fn cut(text: &str) -> String {
    text.chars().take(100).collect()
}
