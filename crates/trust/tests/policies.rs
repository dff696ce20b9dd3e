//! Certificate policies (RFC 5280, sections 6.1.2 to 6.1.5), case by case and against OpenSSL.

mod common;

use common::{Dice, anchors, errors, judge, openssl_verify};
use ravelin_test::{
    has_program,
    pki::{
        Entity, Template,
        encode::{oid, sequence, value},
        extension::{
            ANY_POLICY, extension, inhibit_any_policy, policies, policy_constraints,
            policy_mappings,
        },
    },
};
use ravelin_trust::{
    Certificate, PolicyInput, Status, Verdict, certificate::PolicyQualifier, der::encode_oid,
};

const A: &str = "2.999.1";
const B: &str = "2.999.2";
const C: &str = "2.999.3";

/// Who takes part: the last signs the end certificate.
struct Cast {
    root: Entity,
    authorities: Vec<Entity>,
    end: Entity,
}

impl Cast {
    fn of(count: usize) -> Cast {
        let authorities = (0..count).map(|number| Entity::new(&format!("CA {number}"))).collect();
        Cast { root: Entity::new("Root"), authorities, end: Entity::new("End") }
    }

    /// A chain with these extensions, the CA below the root first, the end certificate last.
    fn chain(&self, extensions: &[Vec<Vec<u8>>]) -> Chain {
        let root = Template::authority(&self.root).signed_by(&self.root);
        let mut signer = &self.root;
        let mut intermediates = Vec::new();
        let with = |template: Template, list: &[Vec<u8>]| {
            list.iter().fold(template, |template, one| template.with(one.clone()))
        };
        let (last, above) = extensions.split_last().unwrap();
        for (authority, list) in self.authorities.iter().zip(above) {
            intermediates.push(with(Template::authority(authority), list).signed_by(signer));
            signer = authority;
        }
        let end = with(Template::server(&self.end, "a.example"), last).signed_by(signer);
        Chain { root, intermediates, end }
    }
}

struct Chain {
    root: Vec<u8>,
    intermediates: Vec<Vec<u8>>,
    end: Vec<u8>,
}

impl Chain {
    fn judge(&self, policies: &PolicyInput) -> Verdict {
        let policies = policies.clone();
        judge(&self.end, &self.intermediates, &anchors([&self.root]), |request| {
            request.policies = policies;
        })
    }
}

fn explicit(acceptable: &[&str]) -> PolicyInput {
    PolicyInput {
        acceptable: acceptable.iter().map(|one| encode_oid(one).unwrap().into()).collect(),
        explicit: true,
        ..PolicyInput::default()
    }
}

/// What a chain of two CAs and an end certificate comes to: the valid policies, or the errors.
fn outcome(extensions: &[Vec<Vec<u8>>], input: &PolicyInput) -> Result<Vec<String>, Vec<String>> {
    let verdict = Cast::of(extensions.len() - 1).chain(extensions).judge(input);
    if verdict.status() == Status::Trusted {
        let list = verdict.deciding().policies.iter();
        Ok(list.map(|one| ravelin_trust::der::Oid(one).to_string()).collect())
    } else {
        assert_eq!(verdict.status(), Status::InvalidChain);
        Err(errors(&verdict))
    }
}

fn none_valid(certificate: usize) -> Result<Vec<String>, Vec<String>> {
    Err(vec![format!("explicit-policy@{certificate}")])
}

#[expect(clippy::unnecessary_wraps, reason = "it is compared with a result")]
fn ok(list: &[&str]) -> Result<Vec<String>, Vec<String>> {
    Ok(list.iter().map(|one| (*one).to_owned()).collect())
}

#[test]
fn a_policy_must_be_named_by_every_certificate() {
    let all = |a, b, c| vec![vec![policies(a)], vec![policies(b)], vec![policies(c)]];
    assert_eq!(outcome(&all(&[A, B], &[A, B], &[A]), &explicit(&[])), ok(&[A]));
    assert_eq!(outcome(&all(&[A], &[B], &[A]), &explicit(&[])), none_valid(1));
    assert_eq!(outcome(&all(&[A], &[A], &[B]), &explicit(&[])), none_valid(0));
    assert_eq!(outcome(&all(&[A], &[A], &[A]), &explicit(&[B])), none_valid(0));
    assert_eq!(outcome(&all(&[A], &[A], &[A]), &explicit(&[B, A])), ok(&[A]));
    let missing = vec![vec![policies(&[A])], vec![], vec![policies(&[A])]];
    assert_eq!(outcome(&missing, &explicit(&[])), none_valid(1));
    assert_eq!(outcome(&missing, &PolicyInput::default()), ok(&[]));
}

#[test]
fn the_wild_card_stands_for_every_policy_until_it_is_inhibited() {
    let wild = |skip: Option<u64>| {
        let mut first = vec![policies(&[ANY_POLICY])];
        first.extend(skip.map(inhibit_any_policy));
        vec![first, vec![policies(&[ANY_POLICY])], vec![policies(&[A])]]
    };
    assert_eq!(outcome(&wild(None), &explicit(&[A])), ok(&[A]));
    assert_eq!(outcome(&wild(Some(0)), &explicit(&[A])), none_valid(1));
    assert_eq!(outcome(&wild(Some(1)), &explicit(&[A])), ok(&[A]));
    let inhibit = PolicyInput { inhibit_any: true, ..explicit(&[A]) };
    assert_eq!(outcome(&wild(None), &inhibit), none_valid(2));
    // In the end certificate too.
    let last = vec![vec![policies(&[A]), inhibit_any_policy(0)], vec![policies(&[ANY_POLICY])]];
    assert_eq!(outcome(&last, &explicit(&[A])), none_valid(0));
    let last = vec![vec![policies(&[A])], vec![policies(&[ANY_POLICY])]];
    assert_eq!(outcome(&last, &explicit(&[A])), ok(&[A]));
    // Whoever accepts everything is told that everything is valid.
    let all = vec![vec![policies(&[ANY_POLICY])], vec![policies(&[ANY_POLICY])]];
    assert_eq!(outcome(&all, &explicit(&[])), ok(&[ANY_POLICY]));
    assert_eq!(outcome(&all, &explicit(&[C])), ok(&[C]));
}

#[test]
fn an_explicit_policy_can_be_demanded_by_a_ca() {
    let chain = |skip: u64, last: Vec<Vec<u8>>| {
        vec![vec![policies(&[A]), policy_constraints(Some(skip), None)], vec![policies(&[A])], last]
    };
    let default = PolicyInput::default();
    assert_eq!(outcome(&chain(0, vec![policies(&[A])]), &default), ok(&[A]));
    assert_eq!(outcome(&chain(0, vec![]), &default), none_valid(0));
    assert_eq!(outcome(&chain(1, vec![]), &default), none_valid(0));
    assert_eq!(outcome(&chain(2, vec![]), &default), none_valid(0));
    assert_eq!(outcome(&chain(3, vec![]), &default), ok(&[]));
    // By the end certificate about itself.
    let own = vec![vec![], vec![], vec![policy_constraints(Some(0), None)]];
    assert_eq!(outcome(&own, &default), none_valid(0));
}

#[test]
fn mappings_lead_from_the_anchors_policies_to_others() {
    let mapped = |constraint: Option<u64>| {
        let mut first = vec![policies(&[A])];
        first.extend(constraint.map(|skip| policy_constraints(None, Some(skip))));
        vec![first, vec![policies(&[A]), policy_mappings(&[(A, B)])], vec![policies(&[B])]]
    };
    assert_eq!(outcome(&mapped(None), &explicit(&[A])), ok(&[A]));
    assert_eq!(outcome(&mapped(None), &explicit(&[B])), none_valid(0));
    assert_eq!(outcome(&mapped(Some(0)), &explicit(&[A])), none_valid(0));
    assert_eq!(outcome(&mapped(Some(1)), &explicit(&[A])), ok(&[A]));
    let inhibit = PolicyInput { inhibit_mapping: true, ..explicit(&[A]) };
    assert_eq!(outcome(&mapped(None), &inhibit), none_valid(0));
    // One policy to several, and several to one.
    let several = vec![
        vec![policies(&[A, B]), policy_mappings(&[(A, C), (B, C), (A, A)])],
        vec![policies(&[C])],
    ];
    assert_eq!(outcome(&several, &explicit(&[])), ok(&[A, B]));
    // Through the wild card.
    let wild =
        vec![vec![policies(&[ANY_POLICY]), policy_mappings(&[(A, B)])], vec![policies(&[B])]];
    assert_eq!(outcome(&wild, &explicit(&[A])), ok(&[A]));
    assert_eq!(outcome(&wild, &explicit(&[B])), none_valid(0));
}

#[test]
fn the_wild_card_cannot_be_mapped() {
    for pair in [(ANY_POLICY, A), (A, ANY_POLICY)] {
        let chain = vec![vec![policies(&[A]), policy_mappings(&[pair])], vec![policies(&[A])]];
        let found = outcome(&chain, &PolicyInput::default());
        assert_eq!(found, Err(vec!["invalid-policy-mapping@1".to_owned()]));
    }
}

/// A CA that certifies its own next key is not counted, and its wild card counts though it is inhibited.
#[test]
fn self_issued_certificates_are_not_counted() {
    let root = Entity::new("Root");
    let old = Entity::new("CA");
    let new = old.rekeyed();
    let certificates = |skip_any: u64, rollover: &[&str]| {
        let first = Template::authority(&old)
            .with(policies(&[A]))
            .with(inhibit_any_policy(skip_any))
            .with(policy_constraints(Some(1), None));
        let second = Template::authority(&new).with(policies(rollover));
        let end = Template::server(&Entity::new("End"), "a.example").with(policies(&[A]));
        let intermediates = vec![first.signed_by(&root), second.signed_by(&old)];
        let root = Template::authority(&root).signed_by(&root);
        judge(&end.signed_by(&new), &intermediates, &anchors([&root]), |request| {
            request.policies = explicit(&[A]);
        })
    };
    assert_eq!(certificates(0, &[ANY_POLICY]).status(), Status::Trusted);
    assert_eq!(certificates(0, &[A]).status(), Status::Trusted);
    assert_eq!(errors(&certificates(0, &[B])), ["explicit-policy@1"]);
}

#[test]
fn qualifiers_are_read_and_change_nothing() {
    let notice = sequence([value(0x0c, b"a notice")]);
    let qualifiers = sequence([
        sequence([oid("1.3.6.1.5.5.7.2.1"), value(0x16, b"https://a.example/cps")]),
        sequence([oid("1.3.6.1.5.5.7.2.2"), notice]),
        sequence([oid("2.999.9"), value(0x05, b"")]),
    ]);
    let list = sequence([sequence([oid(A), qualifiers])]);
    let qualified = extension("2.5.29.32", false, &list);
    let chain = Cast::of(1).chain(&[vec![policies(&[A])], vec![qualified]]);
    assert_eq!(chain.judge(&explicit(&[A])).status(), Status::Trusted);
    let end = Certificate::parse(&chain.end[..]).unwrap();
    let named = end.policies().unwrap().unwrap();
    let found: Vec<PolicyQualifier<'_>> = named[0].qualifiers().collect();
    assert_eq!(found[0], PolicyQualifier::Practices(b"https://a.example/cps"));
    assert!(matches!(found[1], PolicyQualifier::Notice(_)));
    assert!(matches!(found[2], PolicyQualifier::Other { .. }));
    assert_eq!(found.len(), 3);
}

#[test]
fn broken_policy_extensions_are_errors_by_themselves() {
    let broken = [
        ("2.5.29.32", value(0x30, &[0x30, 2, 6, 0])),
        ("2.5.29.33", value(0x30, &[0x30, 0])),
        ("2.5.29.36", value(0x30, &[0x80, 1, 0xff])),
        ("2.5.29.54", value(0x02, &[0xff])),
    ];
    for (kind, content) in broken {
        let chain = vec![vec![extension(kind, true, &content)], vec![]];
        let found = outcome(&chain, &PolicyInput::default());
        assert_eq!(found, Err(vec!["extension-malformed@1".to_owned()]), "{kind}");
    }
}

/// Every CA maps each of many policies to each: the graph of the standard doubles with every level (CVE-2023-0464).
#[test]
fn growth_ends_in_the_budget() {
    let names: Vec<String> = (0..64).map(|number| format!("2.999.4.{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let pairs: Vec<(&str, &str)> =
        names.iter().flat_map(|from| names.iter().map(move |to| (*from, *to))).collect();
    let level = vec![policies(&names), policy_mappings(&pairs)];
    let mut extensions = vec![level; 12];
    extensions.push(vec![policies(&names)]);
    let found = outcome(&extensions, &explicit(&[]));
    assert!(
        matches!(&found, Err(list) if list.iter().any(|one| one.starts_with("budget@"))),
        "{found:?}"
    );
    // Two policies, as in the published attack, stay small: only the current level is kept.
    let pairs: Vec<(&str, &str)> =
        [A, B].iter().flat_map(|from| [A, B].iter().map(move |to| (*from, *to))).collect();
    let level = vec![policies(&[A, B]), policy_mappings(&pairs)];
    let mut extensions = vec![level; 40];
    extensions.push(vec![policies(&[A])]);
    assert_eq!(outcome(&extensions, &explicit(&[A])), ok(&[A]));
}

/// How often random chains are compared with OpenSSL.
const CHAINS: u64 = 400;

/// A random chain, and what the user wants.
fn random(dice: &mut Dice, cast: &Cast) -> (Chain, PolicyInput, Vec<String>) {
    const NAMES: [&str; 3] = [A, B, C];
    let some = |dice: &mut Dice, wild: usize| {
        let mut list: Vec<&str> = NAMES.into_iter().filter(|_| dice.one_in(2)).collect();
        if dice.one_in(wild) || list.is_empty() {
            list.push(ANY_POLICY);
        }
        list
    };
    let mut extensions = Vec::new();
    let count = cast.authorities.len();
    for index in 0..=count {
        let mut list = Vec::new();
        let named = some(dice, 3);
        if !dice.one_in(8) {
            list.push(policies(&named));
        }
        if index < count {
            if dice.one_in(3) {
                let from: Vec<&str> =
                    named.iter().copied().filter(|one| *one != ANY_POLICY).collect();
                let from = if from.is_empty() { vec![A] } else { from };
                let pairs: Vec<(&str, &str)> =
                    (0..=dice.below(2)).map(|_| (*dice.pick(&from), *dice.pick(&NAMES))).collect();
                let mut pairs = pairs;
                pairs.dedup();
                list.push(policy_mappings(&pairs));
            }
            if dice.one_in(4) {
                let explicit = (!dice.one_in(3)).then(|| dice.below(3) as u64);
                let mapping = dice.one_in(2).then(|| dice.below(2) as u64);
                if explicit.is_some() || mapping.is_some() {
                    list.push(policy_constraints(explicit, mapping));
                }
            }
            if dice.one_in(5) {
                list.push(inhibit_any_policy(dice.below(2) as u64));
            }
        }
        extensions.push(list);
    }
    let acceptable: Vec<&str> = NAMES.into_iter().filter(|_| dice.one_in(2)).collect();
    let mut input = explicit(&acceptable);
    input.explicit = !dice.one_in(3);
    input.inhibit_any = dice.one_in(8);
    input.inhibit_mapping = dice.one_in(8);
    let mut options = vec!["-policy_check".to_owned()];
    // Where OpenSSL is told of none, it accepts none that only the wild card stands for.
    let asked = if acceptable.is_empty() { vec![ANY_POLICY] } else { acceptable };
    for one in &asked {
        options.extend(["-policy".to_owned(), (*one).to_owned()]);
    }
    let flags = [
        ("-explicit_policy", input.explicit),
        ("-inhibit_any", input.inhibit_any),
        ("-inhibit_map", input.inhibit_mapping),
    ];
    options.extend(flags.iter().filter(|(_, on)| *on).map(|(flag, _)| (*flag).to_owned()));
    (cast.chain(&extensions), input, options)
}

#[test]
fn openssl_agrees_on_random_chains() {
    if !has_program("openssl", &["version"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let casts: Vec<Cast> = (1..=3).map(Cast::of).collect();
    let (mut taken, mut wrong) = (0, Vec::new());
    for seed in 0..CHAINS {
        let mut dice = Dice::new(seed + 1);
        let cast = dice.pick(&casts);
        let (chain, input, options) = random(&mut dice, cast);
        let verdict = chain.judge(&input);
        let ours = verdict.status() == Status::Trusted;
        let (theirs, words) =
            openssl_verify(folder.path(), &chain.root, &chain.intermediates, &chain.end, &options);
        taken += u32::from(ours);
        if ours != theirs {
            wrong.push(format!("{seed}: ours {:?}, {options:?}: {words}", errors(&verdict)));
        }
    }
    assert!((50..350).contains(&taken), "{taken} of {CHAINS} are taken: that proves little");
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}
