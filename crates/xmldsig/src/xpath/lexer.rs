//! Tokens (XPath 1.0, section 3.7).

use super::error::{XPathError, XPathFault};
use crate::xml::{is_ncname, is_space};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Token<'a> {
    pub(super) what: What<'a>,
    /// Bytes before it.
    pub(super) at: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum What<'a> {
    /// `( ) [ ] @ , :: . .. / // |`
    Symbol(&'static str),
    Operator(Operator),
    Number(f64),
    Literal(&'a str),
    /// A name where no operator can stand.
    Name(Name<'a>),
    /// `*` where no operator can stand.
    Star,
    End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Plus,
    Minus,
    Multiply,
    Divide,
    Modulo,
}

/// `local`, `prefix:local` or `prefix:*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Name<'a> {
    pub(super) prefix: Option<&'a str>,
    /// `None`: any.
    pub(super) local: Option<&'a str>,
}

/// Longer ones first.
const SYMBOLS: [&str; 12] = ["::", "..", "//", "(", ")", "[", "]", "@", ",", ".", "/", "|"];
const OPERATORS: [(&str, Operator); 8] = [
    ("!=", Operator::NotEqual),
    ("<=", Operator::LessOrEqual),
    (">=", Operator::GreaterOrEqual),
    ("=", Operator::Equal),
    ("<", Operator::Less),
    (">", Operator::Greater),
    ("+", Operator::Plus),
    ("-", Operator::Minus),
];

pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>, XPathError> {
    let mut tokens: Vec<Token<'_>> = Vec::new();
    let mut at = 0;
    loop {
        at += text.as_bytes()[at..].iter().take_while(|byte| is_space(**byte)).count();
        let rest = &text[at..];
        let after_operand = tokens.last().is_some_and(|last| ends_operand(last.what));
        let Some((what, length)) =
            token(rest, after_operand).map_err(|fault| XPathError { position: at, fault })?
        else {
            tokens.push(Token { what: What::End, at });
            return Ok(tokens);
        };
        tokens.push(Token { what, at });
        at += length;
    }
}

/// Whether an operator is meant by `*` or the name of an operator that comes after this (section 3.7).
fn ends_operand(what: What<'_>) -> bool {
    match what {
        What::Symbol(symbol) => matches!(symbol, ")" | "]" | "." | ".."),
        What::Operator(_) | What::End => false,
        What::Literal(_) | What::Name(_) | What::Number(_) | What::Star => true,
    }
}

fn token(rest: &str, after_operand: bool) -> Result<Option<(What<'_>, usize)>, XPathFault> {
    let bytes = rest.as_bytes();
    let Some(&first) = bytes.first() else { return Ok(None) };
    let next_is_digit = bytes.get(1).is_some_and(u8::is_ascii_digit);
    if first.is_ascii_digit() || first == b'.' && next_is_digit {
        return number(rest).map(Some);
    }
    if matches!(first, b'"' | b'\'') {
        let Some(length) = memchr::memchr(first, &bytes[1..]) else {
            return Err(XPathFault::LiteralOpen);
        };
        return Ok(Some((What::Literal(&rest[1..=length]), length + 2)));
    }
    if first == b'*' {
        let what = if after_operand { What::Operator(Operator::Multiply) } else { What::Star };
        return Ok(Some((what, 1)));
    }
    if first == b'$' {
        return Err(XPathFault::Variable);
    }
    if let Some(symbol) = SYMBOLS.into_iter().find(|symbol| rest.starts_with(symbol)) {
        return Ok(Some((What::Symbol(symbol), symbol.len())));
    }
    if let Some((symbol, operator)) =
        OPERATORS.into_iter().find(|(symbol, _)| rest.starts_with(symbol))
    {
        return Ok(Some((What::Operator(operator), symbol.len())));
    }
    name(rest, after_operand).map(Some)
}

fn number(rest: &str) -> Result<(What<'_>, usize), XPathFault> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let mut length = digits(rest);
    if rest[length..].starts_with('.') {
        length += 1;
        length += digits(&rest[length..]);
    }
    let number = rest[..length].parse().map_err(|_| XPathFault::Expected("a number"))?;
    Ok((What::Number(number), length))
}

fn name(rest: &str, after_operand: bool) -> Result<(What<'_>, usize), XPathFault> {
    let local = ncname(rest)?;
    if after_operand {
        let operator = match local {
            "and" => Operator::And,
            "or" => Operator::Or,
            "div" => Operator::Divide,
            "mod" => Operator::Modulo,
            _ => return Err(XPathFault::Expected("an operator")),
        };
        return Ok((What::Operator(operator), local.len()));
    }
    let after = &rest[local.len()..];
    let Some(second) = after.strip_prefix(':').filter(|second| !second.starts_with(':')) else {
        return Ok((What::Name(Name { prefix: None, local: Some(local) }), local.len()));
    };
    if second.starts_with('*') {
        return Ok((What::Name(Name { prefix: Some(local), local: None }), local.len() + 2));
    }
    let prefix = local;
    let local = ncname(second)?;
    Ok((
        What::Name(Name { prefix: Some(prefix), local: Some(local) }),
        prefix.len() + 1 + local.len(),
    ))
}

fn ncname(rest: &str) -> Result<&str, XPathFault> {
    let continues =
        |c: char| !c.is_ascii() || c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    let name = &rest[..rest.find(|c| !continues(c)).unwrap_or(rest.len())];
    if name.is_empty() {
        return Err(match rest.chars().next() {
            Some(c) => XPathFault::Character(c),
            None => XPathFault::Expected("a name"),
        });
    }
    if is_ncname(name) { Ok(name) } else { Err(XPathFault::Name(name.chars().take(100).collect())) }
}
