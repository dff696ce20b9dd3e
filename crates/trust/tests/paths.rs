//! Finding paths: whatever stands in the way, whatever the order, and never more work than allowed.

mod common;

use common::{anchors, errors, judge};
use proptest::prelude::*;
use ravelin_test::pki::{
    Entity, KeyKind, NOT_AFTER, NOT_BEFORE, NOW, Template,
    encode::{oid_content, sequence},
    extension::{
        CLIENT_AUTH, basic_constraints, dns, extended_key_usage, extension, key_usage,
        name_constraints, subject_alt_names, unknown,
    },
};
use ravelin_trust::{
    Anchor, AnchorLimits, Anchors, Certificate, Level, Limits, Name, Profile, Purpose, Request,
    Rule, Status, Time, Verdict, evaluate,
};

/// A root, a CA below it, a server below that.
struct Simple {
    root: Entity,
    authority: Entity,
    root_der: Vec<u8>,
    authority_der: Vec<u8>,
    end: Vec<u8>,
}

impl Simple {
    fn new() -> Simple {
        let (root, authority) = (Entity::new("Root"), Entity::new("CA"));
        Simple {
            root_der: Template::authority(&root).signed_by(&root),
            authority_der: Template::authority(&authority).signed_by(&root),
            end: Template::server(&Entity::new("End"), "a.example").signed_by(&authority),
            root,
            authority,
        }
    }

    fn judge(&self, change: impl FnOnce(&mut Request<'_>)) -> Verdict {
        let intermediates = [self.authority_der.clone()];
        judge(&self.end, &intermediates, &anchors([&self.root_der]), change)
    }
}

fn budget(verdict: &Verdict) -> bool {
    verdict
        .findings()
        .iter()
        .any(|finding| finding.rule == Rule::Budget && finding.severity == Level::Error)
}

// ---------------------------------------------------------------- backtracking

/// Certificates of one CA that lead nowhere, each for its own reason.
fn dead_ends(authority: &Entity, root: &Entity, other_root: &Entity) -> Vec<Vec<u8>> {
    let template = || Template::authority(authority);
    let impostor = root.rekeyed();
    let forged = Template { outer_algorithm: None, ..template() }.signed_by(&impostor);
    vec![
        template().valid(NOT_BEFORE, NOW - 1).signed_by(root),
        template().valid(NOW + 1, NOT_AFTER).signed_by(root),
        template().with(name_constraints(&[dns("other.example")], &[])).signed_by(root),
        template().with(name_constraints(&[], &[dns("a.example")])).signed_by(root),
        template().with(extended_key_usage(&[CLIENT_AUTH])).signed_by(root),
        template().with(basic_constraints(false, None)).signed_by(root),
        template().with(key_usage(&[0])).signed_by(root),
        template().with(unknown(true)).signed_by(root),
        template().without("2.5.29.19").signed_by(root),
        forged,
        template().signed_by(other_root),
        template().signed_by(authority),
    ]
}

#[test]
fn no_dead_end_hides_a_good_path() {
    let (root, other) = (Entity::new("Root"), Entity::new("Other Root"));
    let authority = Entity::new("CA");
    let anchors = anchors([Template::authority(&root).signed_by(&root)]);
    let end = Template::server(&Entity::new("End"), "a.example").signed_by(&authority);
    let good = Template::authority(&authority).signed_by(&root);
    let dead = dead_ends(&authority, &root, &other);
    for (index, one) in dead.iter().enumerate() {
        assert_ne!(
            judge(&end, std::slice::from_ref(one), &anchors, |_| {}).status(),
            Status::Trusted,
            "{index}"
        );
        for order in [vec![one.clone(), good.clone()], vec![good.clone(), one.clone()]] {
            let verdict = judge(&end, &order, &anchors, |_| {});
            assert_eq!(verdict.status(), Status::Trusted, "{index}");
            assert_eq!(verdict.trusted().unwrap().certificates()[1].der(), good, "{index}");
        }
    }
    // All of them together are told of, each path with its fault.
    let verdict = judge(&end, &dead, &anchors, |_| {});
    assert!(verdict.paths().len() >= dead.len(), "{}", verdict.paths().len());
    assert!(verdict.trusted().is_none());
}

/// Certificates to build paths from, roots, and an end certificate.
type Pool = (Vec<Vec<u8>>, Vec<Vec<u8>>, Vec<u8>);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Three levels, each with dead ends beside the good certificate, and anchors nobody needs.
    #[test]
    fn a_good_path_is_found_in_every_order(order in Just((0..40usize).collect::<Vec<_>>()).prop_shuffle(), anchor_order in Just(vec![0, 1, 2]).prop_shuffle()) {
        static POOL: std::sync::OnceLock<Pool> = std::sync::OnceLock::new();
        let (pool, roots, end) = POOL.get_or_init(|| {
            let (root, other, unused) = (Entity::new("Root"), Entity::new("Other"), Entity::new("Root"));
            let levels = [Entity::new("One"), Entity::new("Two"), Entity::new("Three")];
            let mut pool = Vec::new();
            let mut signer = &root;
            for level in &levels {
                pool.extend(dead_ends(level, signer, &other));
                pool.push(Template::authority(level).signed_by(signer));
                signer = level;
            }
            pool.push(Template::authority(&other).signed_by(&other));
            let own = |one: &Entity| Template::authority(one).signed_by(one);
            let roots = vec![own(&root), own(&unused), own(&Entity::new("Stranger"))];
            let end = Template::server(&Entity::new("End"), "a.example").signed_by(signer);
            (pool, roots, end)
        });
        assert_eq!(pool.len(), 40);
        let intermediates: Vec<Vec<u8>> = order.iter().map(|index| pool[*index].clone()).collect();
        let anchors = anchors(anchor_order.iter().map(|index| &roots[*index]));
        let verdict = judge(end, &intermediates, &anchors, |_| {});
        prop_assert_eq!(verdict.status(), Status::Trusted);
        prop_assert_eq!(verdict.trusted().unwrap().certificates().len(), 5);
    }
}

#[test]
fn loops_end() {
    let (one, two) = (Entity::new("One"), Entity::new("Two"));
    let pool = [
        Template::authority(&one).signed_by(&two),
        Template::authority(&two).signed_by(&one),
        Template::authority(&two).signed_by(&two),
    ];
    let end = Template::server(&Entity::new("End"), "a.example").signed_by(&one);
    let stranger = Entity::new("Stranger");
    let strange = anchors([Template::authority(&stranger).signed_by(&stranger)]);
    let verdict = judge(&end, &pool, &strange, |_| {});
    assert_eq!(verdict.status(), Status::UntrustedSigners);
    assert!(verdict.paths().len() <= 4);
    let trusted = anchors([&pool[2]]);
    assert_eq!(judge(&end, &pool, &trusted, |_| {}).status(), Status::Trusted);
}

#[test]
fn a_ca_that_renews_its_key_is_followed() {
    let root = Entity::new("Root");
    let old = Entity::new("CA");
    let new = old.rekeyed();
    let newest = old.rekeyed();
    let pool = [
        Template::authority(&old).with(basic_constraints(true, Some(0))).signed_by(&root),
        Template::authority(&new).signed_by(&old),
        Template::authority(&newest).signed_by(&new),
    ];
    let end = Template::server(&Entity::new("End"), "a.example").signed_by(&newest);
    let anchors = anchors([Template::authority(&root).signed_by(&root)]);
    let verdict = judge(&end, &pool, &anchors, |request| request.max_depth = Some(1));
    // Self-issued certificates do not count for the length of paths.
    assert_eq!(verdict.status(), Status::Trusted);
    assert_eq!(verdict.trusted().unwrap().certificates().len(), 5);
}

// ---------------------------------------------------------------- work

/// The work of a judgement is bounded by counters, not by luck: what it may cost is known beforehand.
#[track_caller]
fn ends_in_the_budget(what: &str, end: &[u8], pool: &[Vec<u8>], anchors: &Anchors) {
    let verdict = judge(end, pool, anchors, |_| {});
    assert!(budget(&verdict), "{what}: {:?}", errors(&verdict));
    assert!(verdict.trusted().is_none());
    assert!(verdict.paths().len() <= Limits::default().paths, "{what}");
}

#[test]
fn a_thousand_certificates_of_one_name_and_key() {
    let (root, authority) = (Entity::new("Root"), Entity::new("CA"));
    let trusted = anchors([Template::authority(&root).signed_by(&root)]);
    let end = Template::server(&Entity::new("End"), "a.example").signed_by(&authority);
    let excluding = name_constraints(&[], &[dns("a.example")]);
    let mut pool: Vec<Vec<u8>> = (0..1000)
        .map(|_| Template::authority(&authority).with(excluding.clone()).signed_by(&root))
        .collect();
    ends_in_the_budget("same name and key", &end, &pool, &trusted);
    // What can be told apart without signatures is tried first: the good one is found behind a thousand others.
    let expired: Vec<Vec<u8>> = (0..1000)
        .map(|_| Template::authority(&authority).valid(NOT_BEFORE, NOW - 1).signed_by(&root))
        .collect();
    pool = expired;
    pool.push(Template::authority(&authority).signed_by(&root));
    assert_eq!(judge(&end, &pool, &trusted, |_| {}).status(), Status::Trusted);
}

#[test]
fn a_thousand_certificates_of_one_name_and_other_keys() {
    let (root, authority) = (Entity::new("Root"), Entity::new("CA"));
    let trusted = anchors([Template::authority(&root).signed_by(&root)]);
    let end = Template::server(&Entity::new("End"), "a.example").signed_by(&authority);
    // They do not say which key they have.
    let pool: Vec<Vec<u8>> = (0..1000)
        .map(|_| Template::authority(&authority.rekeyed()).without("2.5.29.14").signed_by(&root))
        .collect();
    ends_in_the_budget("other keys", &end, &pool, &trusted);
}

/// Everybody has certified everybody: without a bound there are more paths than can be followed.
fn tangle(count: usize) -> (Vec<u8>, Vec<Vec<u8>>) {
    let all: Vec<Entity> = (0..count).map(|number| Entity::new(&format!("CA {number}"))).collect();
    let pool = all
        .iter()
        .flat_map(|one| all.iter().map(move |other| (one, other)))
        .filter(|(one, other)| one.name != other.name)
        .map(|(one, other)| Template::authority(one).signed_by(other))
        .collect();
    (Template::server(&Entity::new("End"), "a.example").signed_by(&all[0]), pool)
}

#[test]
fn everybody_certified_everybody() {
    let stranger = Entity::new("Stranger");
    let strange = anchors([Template::authority(&stranger).signed_by(&stranger)]);
    for count in [8, 16, 24] {
        let (end, pool) = tangle(count);
        ends_in_the_budget(&format!("tangle of {count}"), &end, &pool, &strange);
    }
}

/// A long chain with a tangle at its far end: each dead end is a long path.
#[test]
fn a_tangle_behind_a_long_chain() {
    let (_, mut pool) = tangle(10);
    let stranger = Entity::new("Stranger");
    let strange = anchors([Template::authority(&stranger).signed_by(&stranger)]);
    let mut signer = Entity::new("CA 0");
    // The same name as a member of the tangle, and a certificate by each other member of it.
    let members: Vec<Entity> = (0..9).map(|number| Entity::new(&format!("M {number}"))).collect();
    for one in &members {
        for other in &members {
            pool.push(Template::authority(one).signed_by(other));
        }
        pool.push(Template::authority(&signer).signed_by(one));
    }
    for number in 0..60 {
        let next = Entity::new(&format!("Link {number}"));
        pool.push(Template::authority(&next).signed_by(&signer));
        signer = next;
    }
    let end = Template::server(&Entity::new("End"), "a.example").signed_by(&signer);
    ends_in_the_budget("long tangle", &end, &pool, &strange);
}

#[test]
fn paths_have_a_length() {
    let root = Entity::new("Root");
    let trusted = anchors([Template::authority(&root).signed_by(&root)]);
    let mut signer = root.clone();
    let mut pool = Vec::new();
    for number in 0..140 {
        let next = Entity::new(&format!("CA {number}"));
        pool.push(Template::authority(&next).signed_by(&signer));
        signer = next;
    }
    let end = Template::server(&Entity::new("End"), "a.example").signed_by(&signer);
    ends_in_the_budget("length", &end, &pool, &trusted);
    let verdict = judge(&end, &pool, &trusted, |request| request.limits.length = 200);
    assert_eq!(verdict.status(), Status::Trusted);
}

#[test]
fn names_and_constraints_by_the_thousand() {
    let (root, authority) = (Entity::new("Root"), Entity::new("CA"));
    let trusted = anchors([Template::authority(&root).signed_by(&root)]);
    let bases: Vec<Vec<u8>> = (0..2000).map(|n| dns(&format!("n{n}.example"))).collect();
    let names: Vec<Vec<u8>> = (0..2000).map(|n| dns(&format!("x{n}.other"))).collect();
    let pool =
        [Template::authority(&authority).with(name_constraints(&[], &bases)).signed_by(&root)];
    let end = Template::end(&Entity::new("End")).with(subject_alt_names(names));
    ends_in_the_budget("names", &end.signed_by(&authority), &pool, &trusted);
}

/// Directory names of some kilobytes are compared often enough to matter.
#[test]
fn long_directory_names_cost_more() {
    use ravelin_test::pki::{extension::directory, name};
    let (root, authority) = (Entity::new("Root"), Entity::new("CA"));
    let trusted = anchors([Template::authority(&root).signed_by(&root)]);
    let long = "x".repeat(10_000);
    let bases: Vec<Vec<u8>> =
        (0..200).map(|n| directory(&name(&[("2.5.4.3", &format!("{long}{n}"))]))).collect();
    let names: Vec<Vec<u8>> = (0..200).map(|_| bases[0].clone()).collect();
    let bases = &bases[1..];
    let pool =
        [Template::authority(&authority).with(name_constraints(&[], bases)).signed_by(&root)];
    let end = Template::end(&Entity::new("End")).with(subject_alt_names(names));
    ends_in_the_budget("long names", &end.signed_by(&authority), &pool, &trusted);
}

#[test]
fn large_certificates_cost_more_to_verify() {
    let (root, authority) = (Entity::new("Root"), Entity::new("CA"));
    let trusted = anchors([Template::authority(&root).signed_by(&root)]);
    let filler = extension("2.999.7", false, &vec![0; 2_000_000]);
    let end = Template::server(&Entity::new("End"), "a.example").with(filler).signed_by(&authority);
    let pool: Vec<Vec<u8>> = (0..200)
        .map(|_| Template::authority(&authority.rekeyed()).without("2.5.29.14").signed_by(&root))
        .collect();
    ends_in_the_budget("large", &end, &pool, &trusted);
}

#[test]
fn what_is_said_of_thousands_of_broken_names_is_bounded() {
    let (root, authority) = (Entity::new("Root"), Entity::new("CA"));
    let trusted = anchors([Template::authority(&root).signed_by(&root)]);
    let pool: Vec<Vec<u8>> =
        (0..30).map(|_| Template::authority(&authority).signed_by(&root)).collect();
    let names: Vec<Vec<u8>> = (0..20_000).map(|_| dns("-_-")).collect();
    let end = Template::end(&Entity::new("End")).with(subject_alt_names(names));
    let end = end.signed_by(&authority);
    let verdict = judge(&end, &pool, &trusted, |request| {
        request.profile = Profile::RFC5280;
    });
    assert_eq!(verdict.status(), Status::Invalid);
    assert!(verdict.paths().iter().all(|path| path.findings.len() < 100));
}

// ---------------------------------------------------------------- anchors

#[test]
fn an_anchor_may_be_an_intermediate() {
    let simple = Simple::new();
    let trusted = anchors([&simple.authority_der]);
    let verdict = judge(&simple.end, &[], &trusted, |_| {});
    assert_eq!(verdict.status(), Status::Trusted);
    assert_eq!(verdict.trusted().unwrap().certificates().len(), 2);
    // Its own restrictions count.
    let narrow = Template::authority(&simple.authority)
        .with(name_constraints(&[dns("other.example")], &[]))
        .signed_by(&simple.root);
    let verdict = judge(&simple.end, &[], &anchors([&narrow]), |_| {});
    assert_eq!(errors(&verdict), ["name-not-permitted@0"]);
    let expired =
        Template::authority(&simple.authority).valid(NOT_BEFORE, NOW - 1).signed_by(&simple.root);
    let verdict = judge(&simple.end, &[], &anchors([&expired]), |_| {});
    assert_eq!(errors(&verdict), ["expired@1"]);
}

#[test]
fn an_anchor_may_be_the_end_certificate() {
    let own = Entity::new("Own");
    let end = Template::server(&own, "a.example").signed_by(&own);
    assert_eq!(judge(&end, &[], &anchors([&end]), |_| {}).status(), Status::Trusted);
    let verdict = judge(&end, &[], &anchors([&end]), |request| {
        request.names = vec![Name::dns("b.example").unwrap()];
    });
    assert_eq!(verdict.status(), Status::PrincipalMismatch);
    let verdict =
        judge(&end, &[], &anchors([&end]), |request| request.time = Time::from_unix(NOT_AFTER + 1));
    assert_eq!(verdict.status(), Status::Expired);
    // One that another signed, too.
    let simple = Simple::new();
    assert_eq!(judge(&simple.end, &[], &anchors([&simple.end]), |_| {}).status(), Status::Trusted);
}

#[test]
fn a_root_of_version_1_is_an_anchor_but_for_the_web() {
    let (root, authority) = (Entity::new("Root"), Entity::new("CA"));
    let first = |entity: &Entity, signer: &Entity| {
        Template { version: None, ..Template::new(entity) }.signed_by(signer)
    };
    let trusted = anchors([first(&root, &root)]);
    let end = Template::server(&Entity::new("End"), "a.example").signed_by(&root);
    for profile in [Profile::INTEROP, Profile::LEGACY, Profile::RFC5280] {
        let verdict = judge(&end, &[], &trusted, |request| request.profile = profile.clone());
        assert_eq!(verdict.status(), Status::Trusted, "{profile}: {:?}", errors(&verdict));
    }
    let verdict = judge(&end, &[], &trusted, |request| request.profile = Profile::WEBPKI);
    assert!(errors(&verdict).contains(&"anchor-version-1@1".to_owned()));
    // An intermediate of version 1 is no CA.
    let below = Template::server(&Entity::new("End"), "a.example").signed_by(&authority);
    let verdict = judge(&below, &[first(&authority, &root)], &trusted, |_| {});
    assert_eq!(errors(&verdict), ["not-a-ca@1"]);
}

#[test]
fn an_anchor_may_be_a_name_and_a_key() {
    let simple = Simple::new();
    let mut trusted = Anchors::new();
    trusted.add_anchor(Anchor::key(&simple.root.name, simple.root.key.info()).unwrap());
    let pool = [simple.authority_der.clone()];
    let verdict = judge(&simple.end, &pool, &trusted, |_| {});
    assert_eq!(verdict.status(), Status::Trusted);
    assert_eq!(verdict.trusted().unwrap().certificates().len(), 2);
    // What is found is found at a certificate, and the anchor has none.
    let verdict = judge(&simple.end, &pool, &trusted, |request| request.max_depth = Some(0));
    assert_eq!(errors(&verdict), ["max-depth@1"]);
    let mut wrong = Anchors::new();
    wrong.add_anchor(Anchor::key(&simple.root.name, simple.root.rekeyed().key.info()).unwrap());
    let verdict = judge(&simple.end, &pool, &wrong, |_| {});
    assert_eq!(errors(&verdict), ["bad-signature@1"]);
}

fn limited(simple: &Simple, limit: impl FnOnce(&mut AnchorLimits)) -> Anchors {
    let mut limits = AnchorLimits::default();
    limit(&mut limits);
    let mut anchors = Anchors::new();
    anchors.add_anchor(Anchor::certificate(&simple.root_der).unwrap().with_limits(limits));
    anchors
}

#[test]
fn anchors_are_trusted_as_far_as_was_decided() {
    let simple = Simple::new();
    let judge_by = |limit: &dyn Fn(&mut AnchorLimits)| {
        let trusted = limited(&simple, limit);
        errors(&judge(&simple.end, std::slice::from_ref(&simple.authority_der), &trusted, |_| {}))
    };
    let none: [&str; 0] = [];
    assert_eq!(
        judge_by(&|limits| limits.purposes = vec![Purpose::Email]),
        ["anchor-not-for-purpose@2"]
    );
    assert_eq!(
        judge_by(&|limits| limits.purposes = vec![Purpose::Email, Purpose::ServerAuth]),
        none
    );
    let after = |moment: i64| {
        judge_by(&move |limits| limits.distrust_after = Some(Time::from_unix(moment)))
    };
    assert_eq!(after(NOT_BEFORE - 1), ["anchor-distrusted@2"]);
    assert_eq!(after(NOT_BEFORE), none);
    assert_eq!(judge_by(&|limits| limits.path_length = Some(0)), ["path-too-long@2"]);
    assert_eq!(judge_by(&|limits| limits.path_length = Some(1)), none);
    let space = |list: Vec<u8>| {
        // The extension's value: what stands in its octet string.
        let reader = ravelin_trust::der::Reader::new(&list).sequence().unwrap();
        let mut parts = reader;
        parts.oid().unwrap();
        parts.default_false().unwrap();
        let value = parts.any().unwrap().content.to_vec();
        judge_by(&move |limits| limits.name_constraints = Some(value.clone().into()))
    };
    assert_eq!(space(name_constraints(&[], &[dns("a.example")])), ["name-excluded@0"]);
    assert_eq!(space(name_constraints(&[dns("example")], &[])), none);
    let broken = judge_by(&|limits| limits.name_constraints = Some(Box::new([5, 0])));
    assert_eq!(broken, ["name-not-comparable@0"]);
}

#[test]
fn distrust_is_stronger_than_trust() {
    let simple = Simple::new();
    let pool = [simple.authority_der.clone()];
    let of = |der: &[u8]| {
        let mut trusted = anchors([&simple.root_der]);
        trusted.distrust_certificate(&Certificate::parse(der).unwrap());
        judge(&simple.end, &pool, &trusted, |_| {})
    };
    for (der, index) in [(&simple.end, 0), (&simple.authority_der, 1), (&simple.root_der, 2)] {
        let verdict = of(der);
        assert_eq!(verdict.status(), Status::Revoked);
        assert_eq!(errors(&verdict), [format!("locally-distrusted@{index}")]);
    }
    let mut trusted = anchors([&simple.root_der]);
    trusted.distrust_key(simple.authority.key.info());
    let verdict = judge(&simple.end, &pool, &trusted, |_| {});
    assert_eq!((verdict.status(), verdict.alert()), (Status::Revoked, Some(44)));
    // Another path around what is distrusted is still good.
    let other = Entity::new("Other Root");
    let mut both = anchors([&simple.root_der, &Template::authority(&other).signed_by(&other)]);
    both.distrust_certificate(&Certificate::parse(&simple.authority_der[..]).unwrap());
    let cross = Template::authority(&simple.authority).signed_by(&other);
    let verdict = judge(&simple.end, &[simple.authority_der.clone(), cross], &both, |_| {});
    assert_eq!(verdict.status(), Status::Trusted);
}

// ---------------------------------------------------------------- statuses

/// The table of statuses, codes and alerts, row by row.
#[test]
fn every_status_has_its_code_and_alert() {
    let simple = Simple::new();
    let told = |verdict: Verdict| {
        (verdict.status(), verdict.code().unwrap_or_default(), verdict.alert().unwrap_or_default())
    };
    let pool = [simple.authority_der.clone()];
    let trusted = anchors([&simple.root_der]);
    let end = |template: Template| {
        told(judge(&template.signed_by(&simple.authority), &pool, &trusted, |_| {}))
    };
    let server = || Template::server(&Entity::new("End"), "a.example");

    assert_eq!(told(simple.judge(|_| {})), (Status::Trusted, "", 0));
    assert_eq!(end(server().valid(NOT_BEFORE, NOW - 1)), (Status::Expired, "CERT_HAS_EXPIRED", 45));
    assert_eq!(
        end(server().valid(NOW + 1, NOT_AFTER)),
        (Status::NotYetValid, "CERT_NOT_YET_VALID", 42)
    );
    assert_eq!(
        told(simple.judge(|request| request.names = vec![Name::dns("b.example").unwrap()])),
        (Status::PrincipalMismatch, "ERR_TLS_CERT_ALTNAME_INVALID", 42)
    );
    assert_eq!(
        end(server().with(extended_key_usage(&[CLIENT_AUTH]))),
        (Status::Invalid, "INVALID_PURPOSE", 43)
    );
    assert_eq!(
        end(server().with(unknown(true))),
        (Status::Invalid, "UNHANDLED_CRITICAL_EXTENSION", 42)
    );

    // No anchor.
    let strange = Entity::new("Stranger");
    let strangers = anchors([Template::authority(&strange).signed_by(&strange)]);
    assert_eq!(
        told(judge(&simple.end, &[], &strangers, |_| {})),
        (Status::UntrustedSigners, "UNABLE_TO_VERIFY_LEAF_SIGNATURE", 48)
    );
    assert_eq!(
        told(judge(&simple.end, &pool, &strangers, |_| {})),
        (Status::UntrustedSigners, "UNABLE_TO_GET_ISSUER_CERT_LOCALLY", 48)
    );
    let with_root = [simple.authority_der.clone(), simple.root_der.clone()];
    assert_eq!(
        told(judge(&simple.end, &with_root, &strangers, |_| {})),
        (Status::UntrustedSigners, "SELF_SIGNED_CERT_IN_CHAIN", 48)
    );
    let own = Entity::new("Own");
    let self_signed = Template::server(&own, "a.example").signed_by(&own);
    assert_eq!(
        told(judge(&self_signed, &[], &strangers, |_| {})),
        (Status::UntrustedSigners, "DEPTH_ZERO_SELF_SIGNED_CERT", 48)
    );

    // A signature.
    let mut broken = simple.end.clone();
    *broken.last_mut().unwrap() ^= 1;
    assert_eq!(
        told(judge(&broken, &pool, &trusted, |_| {})),
        (Status::Invalid, "CERT_SIGNATURE_FAILURE", 51)
    );
    let mut broken = simple.authority_der.clone();
    *broken.last_mut().unwrap() ^= 1;
    assert_eq!(
        told(judge(&simple.end, &[broken], &trusted, |_| {})),
        (Status::InvalidChain, "CERT_SIGNATURE_FAILURE", 51)
    );

    // A CA.
    let by = |template: Template| {
        told(judge(&simple.end, &[template.signed_by(&simple.root)], &trusted, |_| {}))
    };
    let authority = || Template::authority(&simple.authority);
    assert_eq!(
        by(authority().with(basic_constraints(false, None))),
        (Status::InvalidChain, "INVALID_CA", 48)
    );
    assert_eq!(
        by(authority().valid(NOT_BEFORE, NOW - 1)),
        (Status::InvalidChain, "CERT_HAS_EXPIRED", 48)
    );
    let below = Entity::new("Below");
    let long = [
        authority().with(basic_constraints(true, Some(0))).signed_by(&simple.root),
        Template::authority(&below).signed_by(&simple.authority),
    ];
    let deep = server().signed_by(&below);
    assert_eq!(
        told(judge(&deep, &long, &trusted, |_| {})),
        (Status::InvalidChain, "PATH_LENGTH_EXCEEDED", 48)
    );

    // The local distrust list, as if revoked.
    let mut distrusting = anchors([&simple.root_der]);
    distrusting.distrust_certificate(&Certificate::parse(&simple.end[..]).unwrap());
    assert_eq!(
        told(judge(&simple.end, &pool, &distrusting, |_| {})),
        (Status::Revoked, "CERT_REVOKED", 44)
    );

    // Nothing known about revocation, where it must be.
    assert_eq!(
        told(simple.judge(|request| {
            request.revocation = ravelin_trust::revocation::RevocationPolicy::AlwaysRequired;
        })),
        (Status::Unknown, "UNABLE_TO_GET_CRL", 48)
    );
}

/// A profile weighs rules. What makes a path a path is none of them.
#[test]
fn no_profile_trusts_what_leads_to_no_anchor() {
    let simple = Simple::new();
    let lenient =
        Rule::all().fold(Profile::INTEROP, |profile, rule| profile.with(rule, Level::Off));
    let strange = Entity::new("Stranger");
    let strangers = anchors([Template::authority(&strange).signed_by(&strange)]);
    let judge_so = |end: &[u8], pool: &[Vec<u8>], anchors: &Anchors| {
        judge(end, pool, anchors, |request| request.profile = lenient.clone())
    };
    let verdict = judge_so(&simple.end, &[], &strangers);
    assert_eq!(verdict.status(), Status::UntrustedSigners);
    assert!(verdict.trusted().is_none() && verdict.alert().is_some());
    let mut broken = simple.end.clone();
    *broken.last_mut().unwrap() ^= 1;
    let verdict = judge_so(
        &broken,
        std::slice::from_ref(&simple.authority_der),
        &anchors([&simple.root_der]),
    );
    assert_eq!(verdict.status(), Status::Invalid);
    let mut request = Request::new(
        Certificate::parse(&simple.end[..]).unwrap(),
        &strangers,
        Time::from_unix(NOW),
    );
    request.profile = lenient;
    request.limits.nodes = 0;
    assert!(budget(&evaluate(&request)));
}

#[test]
fn names_of_issuers_are_compared_as_the_standard_says() {
    use ravelin_test::pki::encode::{sequence, set, value};
    let simple = Simple::new();
    // Another kind of string, other blanks, another case.
    let issuer =
        sequence([set([sequence([value(6, &oid_content("2.5.4.3")), value(0x13, b" ca ")])])]);
    let template =
        Template { issuer: Some(issuer), ..Template::server(&Entity::new("End"), "a.example") };
    let end = template.signed_by(&simple.authority);
    let trusted = anchors([&simple.root_der]);
    let verdict = judge(&end, std::slice::from_ref(&simple.authority_der), &trusted, |_| {});
    assert_eq!(verdict.status(), Status::Trusted);
}

#[test]
fn keys_of_every_kind_lead_to_an_anchor() {
    for kind in [KeyKind::Rsa2048, KeyKind::P384, KeyKind::P521, KeyKind::Ed25519, KeyKind::MlDsa44]
    {
        let (root, authority) = (Entity::of_kind("Root", kind), Entity::of_kind("CA", kind));
        let end =
            Template::server(&Entity::of_kind("End", kind), "a.example").signed_by(&authority);
        let pool = [Template::authority(&authority).signed_by(&root)];
        let trusted = anchors([Template::authority(&root).signed_by(&root)]);
        let verdict = judge(&end, &pool, &trusted, |_| {});
        assert_eq!(verdict.status(), Status::Trusted, "{kind:?} {:?}", errors(&verdict));
    }
}

#[test]
fn deviations_from_der_are_found_in_extensions_too() {
    let root = Entity::new("Root");
    let authority = Entity::new("CA");
    let end = Entity::new("End");
    let template = Template::server(&end, "a.example");
    let usual = template.signed_by(&authority);
    let roots = anchors([Template::authority(&root).signed_by(&root)]);
    // A boolean that OpenSSL takes for true.
    let constraints = extension("2.5.29.19", true, &sequence([[1, 1, 0x49]]));
    let deviating =
        Template::authority(&authority).without("2.5.29.19").with(constraints).signed_by(&root);
    for (intermediate, deviates) in
        [(Template::authority(&authority).signed_by(&root), false), (deviating, true)]
    {
        for (profile, level) in
            [(Profile::INTEROP, Level::Warning), (Profile::RFC5280, Level::Error)]
        {
            let verdict = judge(&usual, std::slice::from_ref(&intermediate), &roots, |request| {
                request.names = vec![Name::dns("a.example").unwrap()];
                request.profile = profile;
            });
            let found: Vec<_> =
                verdict.findings().iter().filter(|one| one.rule.name() == "encoding").collect();
            assert_eq!(!found.is_empty(), deviates, "{found:?}");
            for one in found {
                assert_eq!((one.certificate, one.severity), (1, level));
                let offset = one.offset.unwrap();
                assert_eq!(intermediate[offset..offset + 3], [1, 1, 0x49]);
            }
            assert_eq!(verdict.status() == Status::Trusted, !deviates || level != Level::Error);
        }
    }
}

#[test]
fn what_is_critical_and_cannot_be_read_is_an_error() {
    let root = Entity::new("Root");
    let end = Entity::new("End");
    let roots = anchors([Template::authority(&root).signed_by(&root)]);
    // A subject key identifier is an octet string.
    for (critical, status) in [(false, Status::Trusted), (true, Status::Invalid)] {
        let broken = extension("2.5.29.14", critical, &[3, 2, 7, 0x80]);
        let template = Template::server(&end, "a.example").without("2.5.29.14").with(broken);
        let verdict = judge(&template.signed_by(&root), &[], &roots, |request| {
            request.names = vec![Name::dns("a.example").unwrap()];
            request.profile = Profile::INTEROP;
        });
        assert_eq!(verdict.status(), status, "{:?}", verdict.findings());
        let rule = if critical { "extension-malformed" } else { "information-malformed" };
        assert!(verdict.findings().iter().any(|one| one.rule.name() == rule));
    }
}
