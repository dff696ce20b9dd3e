//! Comparisons (XPath 1.0, section 3.4). A node-set compares as any of its nodes does.

use super::{
    evaluate::{Evaluated, Evaluation},
    key::Key,
    lexer::Operator,
    value::{self, Held},
};
use std::{borrow::Cow, collections::HashSet};

pub(super) fn compare(
    evaluation: &mut Evaluation<'_, '_>,
    operator: Operator,
    left: &Held,
    right: &Held,
    at: usize,
) -> Evaluated<bool> {
    match (left, right) {
        (Held::Nodes(left), Held::Nodes(right)) => match operator {
            Operator::Equal => any_equal(evaluation, left, right, at),
            Operator::NotEqual => any_unequal(evaluation, left, right, at),
            _ => any_ordered(evaluation, operator, left, right, at),
        },
        (Held::Nodes(nodes), other) => with_nodes(evaluation, operator, nodes, other, at),
        (other, Held::Nodes(nodes)) => with_nodes(evaluation, mirrored(operator), nodes, other, at),
        _ => atoms(evaluation, operator, left, right, at),
    }
}

fn with_nodes(
    evaluation: &mut Evaluation<'_, '_>,
    operator: Operator,
    nodes: &[Key],
    other: &Held,
    at: usize,
) -> Evaluated<bool> {
    if let Held::Boolean(_) = other {
        return atoms(evaluation, operator, &Held::Boolean(!nodes.is_empty()), other, at);
    }
    let as_numbers = is_ordering(operator) || matches!(other, Held::Number(_));
    if as_numbers {
        let other = evaluation.number_in(other, at)?;
        for node in nodes {
            let number = value::number_of(&evaluation.text(*node, at)?);
            if numbers(operator, number, other) {
                return Ok(true);
            }
        }
        return Ok(false);
    }
    let other = evaluation.string_in(other, at)?;
    for node in nodes {
        let text = evaluation.text(*node, at)?;
        if (*text == *other) == (operator == Operator::Equal) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Neither is a node-set.
fn atoms(
    evaluation: &mut Evaluation<'_, '_>,
    operator: Operator,
    left: &Held,
    right: &Held,
    at: usize,
) -> Evaluated<bool> {
    let either = |is: fn(&Held) -> bool| is(left) || is(right);
    if is_ordering(operator) {
        return Ok(numbers(
            operator,
            evaluation.number_in(left, at)?,
            evaluation.number_in(right, at)?,
        ));
    }
    let wanted = operator == Operator::Equal;
    if either(|held| matches!(held, Held::Boolean(_))) {
        return Ok((left.to_boolean() == right.to_boolean()) == wanted);
    }
    if either(|held| matches!(held, Held::Number(_))) {
        return Ok(numbers(
            operator,
            evaluation.number_in(left, at)?,
            evaluation.number_in(right, at)?,
        ));
    }
    let (left, right) = (evaluation.string_in(left, at)?, evaluation.string_in(right, at)?);
    evaluation.spend(1 + left.len().min(right.len()) as u64 / 4, at)?;
    Ok((left == right) == wanted)
}

fn any_equal(
    evaluation: &mut Evaluation<'_, '_>,
    left: &[Key],
    right: &[Key],
    at: usize,
) -> Evaluated<bool> {
    let (fewer, more) = if left.len() <= right.len() { (left, right) } else { (right, left) };
    let mut known = HashSet::new();
    for node in fewer {
        known.insert(evaluation.text(*node, at)?);
    }
    if known.is_empty() {
        return Ok(false);
    }
    for node in more {
        if known.contains(&evaluation.text(*node, at)?) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Two strings differ unless all are the same.
fn any_unequal(
    evaluation: &mut Evaluation<'_, '_>,
    left: &[Key],
    right: &[Key],
    at: usize,
) -> Evaluated<bool> {
    if left.is_empty() || right.is_empty() {
        return Ok(false);
    }
    let mut only: Option<Cow<'_, str>> = None;
    for node in left.iter().chain(right) {
        let text = evaluation.text(*node, at)?;
        if only.as_ref().is_some_and(|only| *only != text) {
            return Ok(true);
        }
        only = Some(text);
    }
    Ok(false)
}

/// Whether the least of one side and the greatest of the other are so.
fn any_ordered(
    evaluation: &mut Evaluation<'_, '_>,
    operator: Operator,
    left: &[Key],
    right: &[Key],
    at: usize,
) -> Evaluated<bool> {
    let mut extremes = |nodes: &[Key]| -> Evaluated<Option<(f64, f64)>> {
        let mut extremes: Option<(f64, f64)> = None;
        for node in nodes {
            let number = value::number_of(&evaluation.text(*node, at)?);
            if !number.is_nan() {
                let (least, greatest) = extremes.unwrap_or((number, number));
                extremes = Some((least.min(number), greatest.max(number)));
            }
        }
        Ok(extremes)
    };
    let (Some(left), Some(right)) = (extremes(left)?, extremes(right)?) else { return Ok(false) };
    Ok(match operator {
        Operator::Less | Operator::LessOrEqual => numbers(operator, left.0, right.1),
        _ => numbers(operator, left.1, right.0),
    })
}

#[expect(clippy::float_cmp, reason = "equality of XPath is that of IEEE 754")]
fn numbers(operator: Operator, left: f64, right: f64) -> bool {
    match operator {
        Operator::Equal => left == right,
        Operator::NotEqual => left != right,
        Operator::Less => left < right,
        Operator::LessOrEqual => left <= right,
        Operator::Greater => left > right,
        Operator::GreaterOrEqual => left >= right,
        _ => false,
    }
}

fn is_ordering(operator: Operator) -> bool {
    !matches!(operator, Operator::Equal | Operator::NotEqual)
}

fn mirrored(operator: Operator) -> Operator {
    match operator {
        Operator::Less => Operator::Greater,
        Operator::LessOrEqual => Operator::GreaterOrEqual,
        Operator::Greater => Operator::Less,
        Operator::GreaterOrEqual => Operator::LessOrEqual,
        same => same,
    }
}
