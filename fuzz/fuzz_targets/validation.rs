//! A whole judgement: whatever certificates, names, rules and limits. What is trusted has a path that holds when it is
//! looked at again without the engine; the rest has a reason.
#![no_main]

#[path = "trust/plan.rs"]
mod plan;

use arbitrary::{Arbitrary, Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use plan::{Plan, cast};
use ravelin_test::pki::NOW;
use ravelin_trust::{
    Anchor, AnchorLimits, Anchors, Certificate, Evaluation, MAX_FETCHES, Name, PolicyInput,
    Profile, Purpose, Request, Status, Step, Time, Verdict, certificate::PublicKey, der::Reader,
    evaluate, revocation::RevocationPolicy, signature::verify,
};

#[derive(Debug)]
struct Input {
    certificates: Vec<Vec<u8>>,
    choices: Choices,
    garbage: Vec<u8>,
}

#[derive(Arbitrary, Debug)]
struct Choices {
    profile: u8,
    purpose: u8,
    name: u8,
    text: String,
    policies: (bool, bool, bool, u8),
    depth: Option<u8>,
    revocation: u8,
    limits: Option<(u8, u8, u16, u8)>,
    anchor_is: u8,
    anchor_limits: Option<(bool, bool, Option<u8>, Vec<u8>)>,
    distrust: bool,
}

impl<'a> Arbitrary<'a> for Input {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Input> {
        let choices = Choices::arbitrary(bytes)?;
        let certificates = if bytes.ratio(1, 8)? {
            // No plan: bytes alone.
            bytes.arbitrary()?
        } else {
            Plan::arbitrary(bytes)?.certificates
        };
        Ok(Input { certificates, choices, garbage: bytes.arbitrary()? })
    }
}

fuzz_target!(|input: Input| {
    let mut parsed = input.certificates.iter().filter_map(|der| Certificate::parse(&der[..]).ok());
    let Some(end) = parsed.next() else { return };
    let others: Vec<Certificate<'_>> = parsed.collect();
    let anchors = anchors(&input.choices, &end, &others);
    let mut request = Request::new(end, &anchors, Time::from_unix(NOW));
    request.intermediates = others;
    set(&mut request, &input.choices);
    let verdict = evaluate(&request);
    hold(&request, &verdict);

    // With less work allowed, nothing more is trusted.
    let full = request.limits;
    if let Some((signatures, nodes, comparisons, paths)) = input.choices.limits {
        request.limits.signatures = u32::from(signatures);
        request.limits.nodes = u32::from(nodes);
        request.limits.comparisons = u64::from(comparisons);
        request.limits.paths = usize::from(paths).max(1);
        request.limits.length = usize::from(paths).max(1);
        let less = evaluate(&request);
        hold(&request, &less);
        assert!(less.trusted().is_none() || verdict.trusted().is_some());
        request.limits = full;
    }
    fetch(request, &input.garbage);
});

fn anchors(choices: &Choices, end: &Certificate<'_>, others: &[Certificate<'_>]) -> Anchors {
    let mut anchors = Anchors::new();
    let root = &cast().roots[0];
    let anchor = match choices.anchor_is % 8 {
        0 => Anchor::certificate(end.der()).ok(),
        1 => others.last().and_then(|one| Anchor::certificate(one.der()).ok()),
        2 => others
            .last()
            .and_then(|one| Anchor::key(one.subject().der(), one.public_key_info()).ok()),
        3 => {
            let one = &cast().entities[0];
            Anchor::key(&one.name, one.key.info()).ok()
        }
        _ => Anchor::certificate(root).ok(),
    };
    let mut limits = AnchorLimits::default();
    if let Some((purpose, after, length, space)) = &choices.anchor_limits {
        limits.purposes = if *purpose { vec![Purpose::ServerAuth] } else { Vec::new() };
        limits.distrust_after = after.then_some(Time::from_unix(NOW));
        limits.path_length = length.map(u32::from);
        limits.name_constraints = (!space.is_empty()).then(|| space.clone().into());
    }
    if let Some(anchor) = anchor {
        anchors.add_anchor(anchor.with_limits(limits));
    }
    if choices.distrust
        && let Some(one) = others.first()
    {
        anchors.distrust_key(one.public_key_info());
    }
    anchors
}

fn set(request: &mut Request<'_>, choices: &Choices) {
    request.profile = [Profile::RFC5280, Profile::WEBPKI, Profile::INTEROP, Profile::LEGACY]
        [usize::from(choices.profile % 4)]
    .clone();
    request.purpose = [
        Purpose::ServerAuth,
        Purpose::ClientAuth,
        Purpose::Email,
        Purpose::CodeSigning,
        Purpose::OcspSigning,
        Purpose::Any,
    ][usize::from(choices.purpose % 6)]
    .clone();
    let name = match choices.name % 6 {
        0 => Name::dns("a.example").ok(),
        1 => Name::dns(&choices.text).ok(),
        2 => Name::parse(&choices.text).ok(),
        3 => Name::parse("ip:192.0.2.1").ok(),
        4 => Name::parse("email:x@a.example").ok(),
        _ => None,
    };
    request.names.extend(name);
    let (explicit, inhibit_mapping, inhibit_any, wanted) = choices.policies;
    let acceptable = [&[0x88, 0x37, 1][..], &[0x88, 0x37, 2], &[0x55, 0x1d, 0x20, 0]];
    request.policies = PolicyInput {
        acceptable: acceptable
            .iter()
            .enumerate()
            .filter(|(bit, _)| wanted & (1 << bit) != 0)
            .map(|(_, one)| (*one).into())
            .collect(),
        explicit,
        inhibit_mapping,
        inhibit_any,
    };
    request.max_depth = choices.depth.map(usize::from);
    request.revocation = match choices.revocation % 4 {
        0 => RevocationPolicy::Never,
        1 => RevocationPolicy::RequiredIfInfoAvailable,
        2 => RevocationPolicy::AlwaysRequired,
        _ => RevocationPolicy::BestEffort,
    };
}

/// What must be true of every verdict.
fn hold(request: &Request<'_>, verdict: &Verdict) {
    assert!(!verdict.paths().is_empty());
    let trusted = verdict.status() == Status::Trusted;
    assert_eq!(verdict.trusted().is_some(), trusted);
    assert_eq!(verdict.code().is_none(), trusted, "{:?}", verdict.findings());
    assert_eq!(verdict.alert().is_none(), trusted);
    for path in verdict.paths() {
        assert_eq!(path.accepted, path.status() == Status::Trusted);
        for finding in &path.findings {
            assert!(finding.certificate < path.certificates.len().max(1), "{finding:?}");
        }
    }
    let Some(proof) = verdict.trusted() else { return };
    let path = proof.certificates();
    assert_eq!(path[0].der(), request.certificate.der());
    let anchor = proof.anchor();
    assert!(request.anchors.iter().any(|one| one.key_info() == anchor.key_info()));
    for (index, certificate) in path.iter().enumerate() {
        assert!(
            certificate.not_before() <= request.time && request.time <= certificate.not_after()
        );
        let is_anchor = anchor.as_certificate().is_some_and(|one| one == &**certificate);
        if is_anchor && index + 1 == path.len() {
            continue;
        }
        let (name, key) = match path.get(index + 1) {
            Some(above) => (above.subject(), above.public_key_info()),
            None => (anchor.name(), anchor.key_info()),
        };
        assert_eq!(certificate.issuer(), name);
        let key = PublicKey::read(Reader::new(key)).expect("a key that verified");
        let algorithm = certificate.signature_algorithm().expect("an algorithm that verified");
        let signed = certificate.signed_part();
        assert_eq!(verify(algorithm.scheme(), &key, signed, certificate.signature()), Ok(()));
    }
}

/// The judgement in steps ends, whatever is fetched.
fn fetch(request: Request<'_>, garbage: &[u8]) {
    let mut evaluation = Evaluation::new(request);
    for turn in 0..=MAX_FETCHES + 1 {
        match evaluation.step() {
            Step::NeedFetch(location) if turn % 2 == 0 => evaluation.supply(&location, garbage),
            Step::NeedFetch(location) => evaluation.missing(&location, "nobody answered"),
            Step::Done(_) => return,
        }
    }
    panic!("the evaluation does not end");
}
