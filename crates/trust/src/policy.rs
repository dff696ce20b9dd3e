//! Certificate policies along a path (RFC 5280, sections 6.1.2 to 6.1.5, with RFC 9618's remedy against their growth).
//!
//! The standard keeps a graph of all levels and prunes it. What it asks of the graph in the end is which policies of the
//! anchor's domain lead to the last level. So each node of the current level remembers those, and no other level is kept.

use crate::{
    certificate::{Certificate, ExtensionError},
    der::Oid,
    oid,
};
use std::collections::{BTreeMap, BTreeSet};

/// What the user wants of policies (RFC 5280, section 6.1.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyInput {
    /// Policies that are acceptable, as encoded object identifiers; all where empty.
    pub acceptable: Vec<Box<[u8]>>,
    /// Whether the path must be valid for one of them.
    pub explicit: bool,
    /// Whether CAs may not map one policy to another.
    pub inhibit_mapping: bool,
    /// Whether the wild card among policies counts for nothing.
    pub inhibit_any: bool,
}

/// Why policies forbid a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PolicyFault {
    /// No policy is valid for the whole path, and one is required. The certificate where it ended.
    NoneValid { certificate: usize },
    /// The wild card is mapped.
    AnyMapped { certificate: usize },
    /// An extension cannot be understood. It is told elsewhere.
    Unreadable,
    /// Too many policies.
    Budget { certificate: usize },
}

type Policies<'a> = BTreeSet<Oid<'a>>;

/// A policy that is valid so far.
#[derive(Clone, Debug, Default)]
struct Node<'a> {
    /// What it may be called in the next certificate.
    expected: Policies<'a>,
    /// The policies of the anchor's domain that it stems from.
    roots: Policies<'a>,
}

type Level<'a> = BTreeMap<Oid<'a>, Node<'a>>;

/// The policies that are valid for the path and acceptable to the user. `path` begins with the end certificate; the
/// anchor is not part of it. Each look at a policy costs one of `budget`.
pub(crate) fn process<'a>(
    path: &[&'a Certificate<'a>],
    input: &'a PolicyInput,
    budget: &mut u64,
) -> Result<Vec<Box<[u8]>>, PolicyFault> {
    if !input.explicit && !path.is_empty() && !path.iter().any(|one| one.speaks_of_policies()) {
        return Ok(Vec::new());
    }
    let count = |flag: bool| if flag { 0 } else { path.len() + 1 };
    let mut explicit = count(input.explicit);
    let mut mapping = count(input.inhibit_mapping);
    let mut any = count(input.inhibit_any);
    let root = Node {
        expected: Policies::from([oid::ANY_POLICY]),
        roots: Policies::from([oid::ANY_POLICY]),
    };
    let mut level = Some(Level::from([(oid::ANY_POLICY, root)]));
    let unreadable = |_: ExtensionError| PolicyFault::Unreadable;

    for (index, certificate) in path.iter().enumerate().rev() {
        let last = index == 0;
        let self_issued = certificate.is_self_issued();
        level = match (level, certificate.policies().map_err(unreadable)?) {
            (Some(before), Some(named)) => {
                spend(budget, named.len()).ok_or(PolicyFault::Budget { certificate: index })?;
                let named: Policies<'a> = named.iter().map(|one| one.policy).collect();
                let wild = any > 0 || !last && self_issued;
                let next = next_level(&before, &named, wild, budget)
                    .ok_or(PolicyFault::Budget { certificate: index })?;
                (!next.is_empty()).then_some(next)
            }
            _ => None,
        };
        if explicit == 0 && level.is_none() {
            return Err(PolicyFault::NoneValid { certificate: index });
        }
        if last {
            explicit = explicit.saturating_sub(1);
            let constraints = certificate.policy_constraints().map_err(unreadable)?;
            if constraints.is_some_and(|constraints| constraints.require_explicit == Some(0)) {
                explicit = 0;
            }
            break;
        }
        if let Some(mappings) = certificate.policy_mappings().map_err(unreadable)? {
            let wild =
                |pair: &(Oid<'_>, Oid<'_>)| pair.0 == oid::ANY_POLICY || pair.1 == oid::ANY_POLICY;
            spend(budget, mappings.len()).ok_or(PolicyFault::Budget { certificate: index })?;
            if mappings.iter().any(wild) {
                return Err(PolicyFault::AnyMapped { certificate: index });
            }
            level = level.and_then(|level| map(level, &mappings, mapping > 0));
        }
        if !self_issued {
            explicit = explicit.saturating_sub(1);
            mapping = mapping.saturating_sub(1);
            any = any.saturating_sub(1);
        }
        if let Some(constraints) = certificate.policy_constraints().map_err(unreadable)? {
            explicit = lower(explicit, constraints.require_explicit);
            mapping = lower(mapping, constraints.inhibit_mapping);
        }
        any = lower(any, certificate.inhibit_any_policy().map_err(unreadable)?);
    }

    let valid: Policies<'_> =
        level.into_iter().flatten().flat_map(|(_, node)| node.roots).collect();
    let acceptable: Vec<Oid<'_>> = input.acceptable.iter().map(|one| Oid(one)).collect();
    let everything = acceptable.is_empty() || acceptable.contains(&oid::ANY_POLICY);
    let result: Vec<Box<[u8]>> = if everything {
        valid.iter().map(|one| one.0.into()).collect()
    } else {
        let wild = valid.contains(&oid::ANY_POLICY);
        let accepted = acceptable.iter().filter(|one| wild || valid.contains(one));
        accepted.map(|one| one.0.into()).collect()
    };
    if explicit == 0 && result.is_empty() {
        return Err(PolicyFault::NoneValid { certificate: 0 });
    }
    Ok(result)
}

fn spend(budget: &mut u64, count: usize) -> Option<()> {
    *budget = budget.checked_sub(count as u64)?;
    Some(())
}

fn lower(counter: usize, to: Option<u32>) -> usize {
    to.and_then(|to| usize::try_from(to).ok()).map_or(counter, |to| counter.min(to))
}

/// Section 6.1.3 (d).
fn next_level<'a>(
    before: &Level<'a>,
    named: &Policies<'a>,
    wild: bool,
    budget: &mut u64,
) -> Option<Level<'a>> {
    // From what a policy may be called to where it stems from.
    let mut expected: BTreeMap<Oid<'a>, Policies<'a>> = BTreeMap::new();
    for node in before.values() {
        for name in &node.expected {
            *budget = budget.checked_sub(1 + node.roots.len() as u64)?;
            expected.entry(*name).or_default().extend(&node.roots);
        }
    }
    let mut next = Level::new();
    let mut add = |policy: Oid<'a>, roots: Policies<'a>| {
        next.insert(policy, Node { expected: Policies::from([policy]), roots });
    };
    for policy in named.iter().filter(|policy| **policy != oid::ANY_POLICY) {
        *budget = budget.checked_sub(1)?;
        match expected.get(policy) {
            Some(roots) => add(*policy, roots.clone()),
            None if expected.contains_key(&oid::ANY_POLICY) => {
                add(*policy, Policies::from([*policy]));
            }
            None => {}
        }
    }
    if wild && named.contains(&oid::ANY_POLICY) {
        for (policy, roots) in expected {
            if !named.contains(&policy) || policy == oid::ANY_POLICY {
                *budget = budget.checked_sub(1)?;
                add(policy, roots);
            }
        }
    }
    Some(next)
}

/// Section 6.1.4 (b).
fn map<'a>(
    mut level: Level<'a>,
    mappings: &[(Oid<'a>, Oid<'a>)],
    allowed: bool,
) -> Option<Level<'a>> {
    let mut called: BTreeMap<Oid<'a>, Policies<'a>> = BTreeMap::new();
    for (issuers, subjects) in mappings {
        called.entry(*issuers).or_default().insert(*subjects);
    }
    let wild = level.contains_key(&oid::ANY_POLICY);
    for (policy, names) in called {
        if !allowed {
            level.remove(&policy);
        } else if let Some(node) = level.get_mut(&policy) {
            node.expected = names;
        } else if wild {
            level.insert(policy, Node { expected: names, roots: Policies::from([policy]) });
        }
    }
    (!level.is_empty()).then_some(level)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Oid<'static> = Oid(&[1]);
    const B: Oid<'static> = Oid(&[2]);
    const C: Oid<'static> = Oid(&[3]);

    fn level(nodes: &[(Oid<'static>, &[Oid<'static>], &[Oid<'static>])]) -> Level<'static> {
        let node =
            |(policy, expected, roots): &(Oid<'static>, &[Oid<'static>], &[Oid<'static>])| {
                let expected = expected.iter().copied().collect();
                (*policy, Node { expected, roots: roots.iter().copied().collect() })
            };
        nodes.iter().map(node).collect()
    }

    fn start() -> Level<'static> {
        level(&[(oid::ANY_POLICY, &[oid::ANY_POLICY], &[oid::ANY_POLICY])])
    }

    fn roots(level: &Level<'static>) -> Vec<(Oid<'static>, Vec<Oid<'static>>)> {
        level.iter().map(|(policy, node)| (*policy, node.roots.iter().copied().collect())).collect()
    }

    #[test]
    fn named_policies_stem_from_the_wild_card_or_from_what_expects_them() {
        let next = next_level(&start(), &Policies::from([A, B]), true, &mut 100).unwrap();
        assert_eq!(roots(&next), [(A, vec![A]), (B, vec![B])]);
        let mapped = map(next, &[(A, C), (B, C)], true).unwrap();
        let next = next_level(&mapped, &Policies::from([C]), true, &mut 100).unwrap();
        assert_eq!(roots(&next), [(C, vec![A, B])]);
    }

    #[test]
    fn the_wild_card_takes_what_is_expected_and_not_named() {
        let first = next_level(&start(), &Policies::from([A, B]), true, &mut 100).unwrap();
        let named = Policies::from([B, oid::ANY_POLICY]);
        let next = next_level(&first, &named, true, &mut 100).unwrap();
        assert_eq!(roots(&next), [(A, vec![A]), (B, vec![B])]);
        let next = next_level(&first, &named, false, &mut 100).unwrap();
        assert_eq!(roots(&next), [(B, vec![B])]);
        let all = next_level(&start(), &Policies::from([oid::ANY_POLICY]), true, &mut 100).unwrap();
        assert_eq!(roots(&all), [(oid::ANY_POLICY, vec![oid::ANY_POLICY])]);
        let mapped = map(all, &[(A, B)], true).unwrap();
        let next = next_level(&mapped, &Policies::from([B]), true, &mut 100).unwrap();
        assert_eq!(roots(&next), [(B, vec![A])]);
    }

    #[test]
    fn inhibited_mappings_take_their_policy_away() {
        let first = next_level(&start(), &Policies::from([A]), true, &mut 100).unwrap();
        assert!(map(first, &[(A, B)], false).is_none());
    }

    #[test]
    fn growth_is_bounded() {
        assert!(next_level(&start(), &Policies::from([A, B]), true, &mut 2).is_none());
    }
}
