//! The grammar of XPath 1.0, section 3. Operators of one precedence form flat chains, so that only what is written in
//! brackets nests, and that is limited.

mod path;

use super::{
    error::{XPathError, XPathFault},
    expression::{Expression, Kind, Part, PartId, TestName, Traits, Type},
    function::{self, Function},
    lexer::{Name, Operator, Token, What},
    limits::Limits,
};
use std::collections::HashMap;

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
        numbers: HashMap::new(),
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
    /// Of the names of the expression.
    numbers: HashMap<TestName, usize>,
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

fn cut(text: &str) -> String {
    text.chars().take(100).collect()
}
