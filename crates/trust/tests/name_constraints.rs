//! Name constraints (RFC 5280, section 4.2.1.10), case by case and against OpenSSL.

mod common;

use common::{Dice, anchors, errors, judge, openssl_verify};
use ravelin_test::{
    has_program,
    pki::{
        Entity, Template,
        encode::{concat, implicit, oid, sequence, set, tagged, utf8, value},
        extension::{
            directory, dns, email, extension, ip, name_constraints, other_name, subject_alt_names,
            uri,
        },
        name,
    },
};
use ravelin_trust::{Level, Name, Profile, Purpose, Rule, Status};

const EMAIL_ADDRESS: &str = "1.2.840.113549.1.9.1";

/// A root, a CA with constraints, and an end certificate with names.
struct Chain {
    root: Vec<u8>,
    authority: Vec<u8>,
    end: Vec<u8>,
}

impl Chain {
    fn errors(&self) -> Vec<String> {
        self.errors_by(Profile::INTEROP)
    }

    fn errors_by(&self, profile: Profile) -> Vec<String> {
        let trusted = anchors([&self.root]);
        let verdict =
            judge(&self.end, std::slice::from_ref(&self.authority), &trusted, |request| {
                request.profile = profile;
                request.purpose = Purpose::Any;
            });
        assert_eq!(errors(&verdict).is_empty(), verdict.status() == Status::Trusted);
        errors(&verdict)
    }
}

struct Cast {
    root: Entity,
    authority: Entity,
    end: Entity,
}

impl Cast {
    fn new() -> Cast {
        let end = Entity { name: sequence::<Vec<u8>>([]), ..Entity::new("End") };
        Cast { root: Entity::new("Root"), authority: Entity::new("CA"), end }
    }

    fn chain(&self, constraints: Vec<u8>, names: &[Vec<u8>], subject: &[u8]) -> Chain {
        let mut end = Template::end(&self.end);
        end.subject = subject.to_vec();
        if !names.is_empty() {
            end = end.with(subject_alt_names(names));
        }
        Chain {
            root: Template::authority(&self.root).signed_by(&self.root),
            authority: Template::authority(&self.authority).with(constraints).signed_by(&self.root),
            end: end.signed_by(&self.authority),
        }
    }
}

fn empty() -> Vec<u8> {
    sequence::<Vec<u8>>([])
}

/// The errors of a certificate with these names below a CA with these constraints.
fn found(permitted: &[Vec<u8>], excluded: &[Vec<u8>], names: &[Vec<u8>]) -> Vec<String> {
    Cast::new().chain(name_constraints(permitted, excluded), names, &empty()).errors()
}

fn of_subject(permitted: &[Vec<u8>], excluded: &[Vec<u8>], subject: &[u8]) -> Vec<String> {
    Cast::new().chain(name_constraints(permitted, excluded), &[], subject).errors()
}

const NONE: [&str; 0] = [];
const NOT_PERMITTED: [&str; 1] = ["name-not-permitted@0"];
const EXCLUDED: [&str; 1] = ["name-excluded@0"];
const NOT_COMPARABLE: [&str; 1] = ["name-not-comparable@0"];

#[test]
fn every_kind_of_name_is_permitted_or_not() {
    let net = |a: u8| ip(&[192, 0, a, 0, 255, 255, 255, 0]);
    let organization = |text: &str| directory(&name(&[("2.5.4.10", text)]));
    let person = |text: &str| directory(&name(&[("2.5.4.10", text), ("2.5.4.3", "Someone")]));
    let cases = [
        (dns("a.example"), dns("b.a.example"), dns("b.example")),
        (email("a.example"), email("x@a.example"), email("x@b.a.example")),
        (email(".a.example"), email("x@b.a.example"), email("x@a.example")),
        (email("x@a.example"), email("x@a.example"), email("y@a.example")),
        (uri("a.example"), uri("https://a.example/x"), uri("https://b.example/x")),
        (uri(".a.example"), uri("https://b.a.example/"), uri("https://a.example/")),
        (net(2), ip(&[192, 0, 2, 9]), ip(&[192, 0, 3, 9])),
        (organization("One"), person("One"), person("Other")),
        (organization("one "), person("One"), person("On e")),
    ];
    for (base, inside, outside) in cases {
        let base = [base];
        assert_eq!(found(&base, &[], std::slice::from_ref(&inside)), NONE);
        assert_eq!(found(&base, &[], std::slice::from_ref(&outside)), NOT_PERMITTED);
        assert_eq!(found(&[], &base, std::slice::from_ref(&inside)), EXCLUDED);
        assert_eq!(found(&[], &base, std::slice::from_ref(&outside)), NONE);
        // Excluded counts more than permitted, and every name counts.
        assert_eq!(found(&base, &base, std::slice::from_ref(&inside)), EXCLUDED);
        assert_eq!(found(&base, &[], &[inside, outside]), NOT_PERMITTED);
    }
}

#[test]
fn kinds_that_are_not_constrained_are_free() {
    let base = [dns("a.example")];
    for free in [email("x@b.example"), uri("https://b.example/"), ip(&[192, 0, 2, 1])] {
        assert_eq!(found(&base, &[], &[free]), NONE);
    }
    assert_eq!(found(&base, &[], &[]), ["name-not-permitted@0"; 0]);
    assert_eq!(of_subject(&base, &[], &name(&[("2.5.4.3", "b.example")])), NONE);
}

#[test]
fn several_spaces_of_one_kind_add_up() {
    let bases = [dns("a.example"), dns("b.example")];
    assert_eq!(found(&bases, &[], &[dns("x.b.example"), dns("a.example")]), NONE);
    assert_eq!(found(&bases, &[], &[dns("c.example")]), NOT_PERMITTED);
    assert_eq!(found(&bases, &[dns("x.b.example")], &[dns("x.b.example")]), EXCLUDED);
}

#[test]
fn every_address_must_be_within() {
    let wide = [ip(&concat([[0; 4], [0; 4]]))];
    assert_eq!(found(&wide, &[], &[ip(&[1, 2, 3, 4])]), NONE);
    // Addresses of the other kind are in no network of this one.
    assert_eq!(found(&wide, &[], &[ip(&[0; 16])]), NOT_PERMITTED);
    assert_eq!(found(&[], &wide, &[ip(&[0; 16])]), NONE);
    let v6 = [ip(&concat([&[0x20, 1, 0xd, 0xb8][..], &[0; 12], &[0xff; 4], &[0; 12]]))];
    let inside = ip(&concat([&[0x20, 1, 0xd, 0xb8][..], &[7; 12]]));
    assert_eq!(found(&v6, &[], &[inside]), NONE);
    // A mask that is no prefix means nothing.
    let odd = [ip(&[192, 0, 2, 0, 255, 0, 255, 0])];
    assert_eq!(found(&odd, &[], &[ip(&[192, 0, 2, 1])]), NOT_COMPARABLE);
    for broken in [&[192, 0, 2, 0][..], &[0; 7], &[0; 31], &[]] {
        assert_eq!(found(&[], &[ip(broken)], &[ip(&[192, 0, 2, 1])]), NOT_COMPARABLE);
    }
}

#[test]
fn wild_cards_stand_for_all_their_names() {
    assert_eq!(found(&[dns("a.example")], &[], &[dns("*.a.example")]), NONE);
    assert_eq!(found(&[dns("b.a.example")], &[], &[dns("*.a.example")]), NOT_PERMITTED);
    assert_eq!(found(&[], &[dns("b.a.example")], &[dns("*.a.example")]), EXCLUDED);
    assert_eq!(found(&[], &[dns("c.b.a.example")], &[dns("*.a.example")]), NONE);
    assert_eq!(found(&[], &[dns("")], &[dns("x.example")]), EXCLUDED);
    assert_eq!(found(&[dns("")], &[], &[dns("x.example")]), NONE);
}

#[test]
fn mailboxes_in_the_subject_count_where_there_are_no_other_names() {
    let address = |text: &str| {
        let attribute = sequence([oid(EMAIL_ADDRESS), value(0x16, text.as_bytes())]);
        sequence([set([attribute])])
    };
    let base = [email("a.example")];
    assert_eq!(of_subject(&base, &[], &address("x@a.example")), NONE);
    assert_eq!(of_subject(&base, &[], &address("x@b.example")), NOT_PERMITTED);
    assert_eq!(of_subject(&[], &base, &address("x@a.example")), EXCLUDED);
    let chain = Cast::new().chain(
        name_constraints(&base, &[]),
        &[dns("b.example")],
        &address("x@b.example"),
    );
    assert_eq!(chain.errors(), NONE);
}

#[test]
fn subjects_are_directory_names() {
    let base = |text: &str| [directory(&name(&[("2.5.4.10", text)]))];
    let subject = name(&[("2.5.4.10", "One"), ("2.5.4.3", "x")]);
    assert_eq!(of_subject(&base("ONE"), &[], &subject), NONE);
    assert_eq!(of_subject(&base("Two"), &[], &subject), NOT_PERMITTED);
    assert_eq!(of_subject(&[], &base("one"), &subject), EXCLUDED);
    // In another order it is another place in the tree.
    let turned = name(&[("2.5.4.3", "x"), ("2.5.4.10", "One")]);
    assert_eq!(of_subject(&base("One"), &[], &turned), NOT_PERMITTED);
    // A set of two attributes is not one of either.
    let both = sequence([set([
        sequence([oid("2.5.4.3"), utf8("x")]),
        sequence([oid("2.5.4.10"), utf8("One")]),
    ])]);
    assert_eq!(of_subject(&base("One"), &[], &both), NOT_PERMITTED);
    // The empty name is the root of the tree.
    let root = [directory(&empty())];
    assert_eq!(of_subject(&root, &[], &subject), NONE);
    assert_eq!(of_subject(&[], &root, &subject), EXCLUDED);
}

#[test]
fn names_that_nobody_can_compare_are_refused_where_constrained() {
    let mine = other_name("2.999.5", &utf8("x"));
    let yours = other_name("2.999.6", &utf8("x"));
    assert_eq!(
        found(std::slice::from_ref(&mine), &[], std::slice::from_ref(&mine)),
        NOT_COMPARABLE
    );
    assert_eq!(found(&[], std::slice::from_ref(&mine), std::slice::from_ref(&yours)), NONE);
    assert_eq!(found(&[dns("a.example")], &[], &[yours]), NONE);
    assert_eq!(found(&[uri("a.example")], &[], &[uri("urn:a:b")]), NOT_COMPARABLE);
    assert_eq!(found(&[], &[uri("a.example")], &[uri("https://192.0.2.1/")]), NOT_COMPARABLE);
    let registered = || implicit(8, &[0x2a]);
    assert_eq!(found(&[], &[registered()], &[registered()]), NOT_COMPARABLE);
}

#[test]
fn constraints_that_make_no_sense_permit_nothing() {
    for base in [dns("*.a.example"), dns("a..example"), dns("-a.example")] {
        assert_eq!(found(std::slice::from_ref(&base), &[], &[dns("a.example")]), NOT_COMPARABLE);
        assert_eq!(found(&[], &[base], &[dns("a.example")]), NOT_COMPARABLE);
    }
    let twice = email("x@y@a.example");
    assert_eq!(found(&[twice], &[], &[email("x@a.example")]), NOT_COMPARABLE);
    assert_eq!(
        found(&[uri("https://a.example")], &[], &[uri("https://a.example/")]),
        NOT_COMPARABLE
    );
}

#[test]
fn malformed_constraints_are_errors_whatever_the_profile_thinks_of_them() {
    let subtree = |rest: Vec<u8>| sequence([dns("a.example"), rest]);
    let list = |content: Vec<u8>| extension("2.5.29.30", true, &sequence([tagged(0, &content)]));
    let cases = [
        list(subtree(implicit(0, &[1]))),
        list(subtree(implicit(1, &[9]))),
        list(concat([subtree(Vec::new()), vec![0x30, 5, 1]])),
        list(concat([subtree(Vec::new()), sequence([value(0x9f, &[])])])),
        extension("2.5.29.30", true, &[5, 0]),
        extension("2.5.29.30", true, &sequence([value(0xa2, &[])])),
    ];
    for (index, constraints) in cases.into_iter().enumerate() {
        let chain = Cast::new().chain(constraints, &[dns("b.example")], &empty());
        let errors = chain.errors();
        assert!(
            errors.iter().any(|one| one.starts_with("extension-malformed@1")
                || one.starts_with("name-constraint-distance@1")),
            "{index}: {errors:?}"
        );
        let lenient = Profile::INTEROP.with(Rule::NameConstraintDistance, Level::Off);
        assert!(!chain.errors_by(lenient).is_empty(), "{index}");
    }
}

/// More bases than any check looks at one by one, the broken one last.
#[test]
fn the_last_of_many_constraints_counts() {
    let mut bases: Vec<Vec<u8>> =
        (0..12_000).map(|n| sequence([dns(&format!("n{n}.example"))])).collect();
    bases.push(sequence([dns("a.example"), implicit(1, &[9])]));
    let list = tagged(1, &concat(bases));
    let constraints = extension("2.5.29.30", true, &sequence([list]));
    let chain = Cast::new().chain(constraints, &[dns("b.a.example")], &empty());
    let errors = chain.errors();
    assert!(errors.contains(&"name-constraint-distance@1".to_owned()), "{errors:?}");
}

#[test]
fn constraints_bind_everything_below_but_renewed_keys() {
    let (root, old) = (Entity::new("Root"), Entity::new("CA"));
    let new = old.rekeyed();
    let other = Entity::new("Other");
    let trusted = anchors([Template::authority(&root).signed_by(&root)]);
    let space = directory(&name(&[("2.5.4.10", "One")]));
    let constraints = name_constraints(&[space, dns("a.example")], &[]);
    let first = Template::authority(&old).with(constraints).signed_by(&root);
    let end = |signer: &Entity, dns: &str| {
        let mut template = Template::server(&Entity::new("End"), dns);
        template.subject = name(&[("2.5.4.10", "One"), ("2.5.4.3", "x")]);
        template.signed_by(signer)
    };
    // The CA's own next certificate has the CA's name, which is not in the space: that is excused.
    let renewed = Template::authority(&new).signed_by(&old);
    let verdict = judge(&end(&new, "a.example"), &[first.clone(), renewed], &trusted, |_| {});
    assert_eq!(errors(&verdict), NONE);
    // Another CA below it is not excused.
    let below = Template::authority(&other).signed_by(&old);
    let verdict = judge(&end(&other, "a.example"), &[first.clone(), below], &trusted, |_| {});
    assert_eq!(errors(&verdict), ["name-not-permitted@1"]);
    // An end certificate is not excused, self-issued or not.
    let mut own = Template::server(&Entity::new("End"), "a.example");
    own.subject = old.name.clone();
    let verdict = judge(&own.signed_by(&old), &[first], &trusted, |_| {});
    assert_eq!(errors(&verdict), NOT_PERMITTED);
}

#[test]
fn a_name_in_the_common_name_is_within_the_spaces_of_hosts_under_legacy() {
    // Where a common name counts as a host's, constraints on hosts must hold for it.
    let cast = Cast::new();
    let subject = name(&[("2.5.4.3", "b.example")]);
    let chain = cast.chain(name_constraints(&[dns("a.example")], &[]), &[], &subject);
    let trusted = anchors([&chain.root]);
    let verdict = judge(&chain.end, std::slice::from_ref(&chain.authority), &trusted, |request| {
        request.profile = Profile::LEGACY;
        request.names = vec![Name::dns("b.example").unwrap()];
    });
    assert_eq!(errors(&verdict), NOT_PERMITTED);
    let address = name(&[("2.5.4.3", "192.0.2.1")]);
    let space = name_constraints(&[ip(&[10, 0, 0, 0, 255, 0, 0, 0])], &[]);
    let chain = cast.chain(space, &[], &address);
    let verdict = judge(
        &chain.end,
        std::slice::from_ref(&chain.authority),
        &anchors([&chain.root]),
        |request| {
            request.profile = Profile::LEGACY;
            request.names = vec![Name::parse("ip:192.0.2.1").unwrap()];
        },
    );
    assert_eq!(errors(&verdict), NOT_PERMITTED);
}

// ---------------------------------------------------------------- OpenSSL

const CHAINS: u64 = 500;
/// Where we and OpenSSL differ on purpose: what must be found on our side, or in OpenSSL's words, and why.
const DIFFERENCES: &str = include_str!("name-constraint-differences.txt");

/// A name to ask for, and how OpenSSL is asked for it.
type Asked = (Name, [String; 2]);

/// Alternative names, a subject, and what may be asked for.
fn pick_names(dice: &mut Dice) -> (Vec<Vec<u8>>, Vec<u8>, Vec<Asked>) {
    const HOSTS: [&str; 8] = [
        "a.example",
        "b.a.example",
        "c.b.a.example",
        "b.example",
        "*.a.example",
        "*.b.example",
        "A.Example",
        "ba.example",
    ];
    let mut names = Vec::new();
    let mut asked = Vec::new();
    for _ in 0..=dice.below(3) {
        let host = *dice.pick(&HOSTS);
        match dice.below(5) {
            0 | 1 => {
                names.push(dns(host));
                let wanted = host.replace('*', "x");
                asked.push((
                    Name::dns(&wanted).unwrap(),
                    ["-verify_hostname".to_owned(), wanted.to_lowercase()],
                ));
            }
            2 => {
                let host = host.replace("*.", "");
                let address = format!("{}@{host}", dice.pick(&["x", "y", "X"]));
                names.push(email(&address));
                asked.push((
                    Name::parse(&format!("email:{address}")).unwrap(),
                    ["-verify_email".to_owned(), address],
                ));
            }
            3 => {
                let host = host.replace("*.", "");
                names.push(uri(&format!("https://{host}/path")));
            }
            _ => {
                let bytes = [192, 0, u8::try_from(dice.below(3)).unwrap(), 9];
                names.push(ip(&bytes));
                let text = std::net::Ipv4Addr::from(bytes).to_string();
                asked.push((
                    Name::parse(&format!("ip:{text}")).unwrap(),
                    ["-verify_ip".to_owned(), text],
                ));
            }
        }
    }
    let subject = match dice.below(3) {
        0 => name(&[("2.5.4.10", *dice.pick(&["One", "one", "Two"])), ("2.5.4.3", "x")]),
        _ => empty(),
    };
    (names, subject, asked)
}

fn pick_base(dice: &mut Dice) -> Vec<u8> {
    const HOSTS: [&str; 7] =
        ["a.example", "b.a.example", ".a.example", "example", "b.example", ".example", "A.EXAMPLE"];
    let host = *dice.pick(&HOSTS);
    match dice.below(8) {
        0..3 => dns(host),
        3 => email(host),
        4 => email(&format!("x@{}", host.trim_start_matches('.'))),
        5 => uri(host),
        6 => {
            let third = u8::try_from(dice.below(3)).unwrap();
            let mask = *dice.pick(&[[255, 255, 255, 0], [255, 255, 0, 0], [255, 255, 254, 0]]);
            ip(&concat([[192, 0, third, 0], mask]))
        }
        _ => directory(&name(&[("2.5.4.10", *dice.pick(&["One", "Two", "ONE"]))])),
    }
}

#[test]
fn openssl_agrees_on_random_chains() {
    if !has_program("openssl", &["version"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let cast = Cast::new();
    let (mut taken, mut wrong) = (0, Vec::new());
    let mut used = vec![0; DIFFERENCES.lines().count()];
    for seed in 0..CHAINS {
        let mut dice = Dice::new(seed + 1);
        let mut list = |most: usize| -> Vec<Vec<u8>> {
            (0..dice.below(most + 1)).map(|_| pick_base(&mut dice)).collect()
        };
        let (permitted, mut excluded) = (list(4), list(2));
        if permitted.is_empty() && excluded.is_empty() {
            excluded.push(pick_base(&mut dice));
        }
        let (names, subject, mut asked) = pick_names(&mut dice);
        asked.truncate(1);
        if dice.one_in(6) {
            let other = "other.example".to_owned();
            let option = ["-verify_hostname".to_owned(), other.clone()];
            asked = vec![(Name::dns(&other).unwrap(), option)];
        }
        let mut template = Template::end(&cast.end).with(extension(
            "2.5.29.17",
            subject == empty(),
            &sequence(&names),
        ));
        template.subject = subject;
        let root = Template::authority(&cast.root).signed_by(&cast.root);
        let authority = Template::authority(&cast.authority)
            .with(name_constraints(&permitted, &excluded))
            .signed_by(&cast.root);
        let end = template.signed_by(&cast.authority);
        let verdict = judge(&end, std::slice::from_ref(&authority), &anchors([&root]), |request| {
            request.names = asked.iter().map(|one| one.0.clone()).collect();
        });
        let options: Vec<String> = asked.iter().flat_map(|one| one.1.clone()).collect();
        let (theirs, words) = openssl_verify(folder.path(), &root, &[authority], &end, &options);
        let ours = verdict.status() == Status::Trusted;
        taken += u32::from(ours);
        if ours == theirs {
            continue;
        }
        let details: Vec<String> = verdict
            .findings()
            .iter()
            .filter(|finding| finding.severity == Level::Error)
            .map(|finding| format!("{}: {}", finding.rule, finding.detail))
            .collect();
        let said = format!("ours {details:?} theirs {}", words.replace('\n', " "));
        // A line is: pieces that must all be there, separated by ` & `, then ` => ` and why.
        let known = DIFFERENCES.lines().position(|line| {
            !line.starts_with('#')
                && line.split_once(" => ").is_some_and(|(pieces, _)| {
                    pieces.split(" & ").all(|piece| said.contains(piece))
                })
        });
        match known {
            Some(line) => used[line] += 1,
            None => wrong.push(format!("{seed}: {said}")),
        }
    }
    assert!((50..450).contains(&taken), "{taken} of {CHAINS} are taken: that proves little");
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
    for (line, count) in DIFFERENCES.lines().zip(used) {
        assert!(line.starts_with('#') || line.is_empty() || count > 0, "not seen any more: {line}");
    }
}
