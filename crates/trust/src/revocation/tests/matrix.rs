//! Every policy with every state of the evidence, through a whole evaluation that fetches.

use super::{
    ocsp::{by_issuer, good, revoked, stale, unknown},
    *,
};
use crate::{
    Anchor, Anchors, Evaluation, Request, Status, Step, Verdict, WantedKind,
    revocation::{Crl, OcspResponse, RevocationPolicy, RevocationReason},
};

/// What somebody publishes about the end certificate, number 5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Published {
    /// Nothing, and nothing about where it would be.
    Nowhere,
    Good,
    Revoked,
    /// OCSP only: the responder does not know the certificate.
    Unknown,
    Stale,
    Unreachable,
}

use Published::{Good, Nowhere, Revoked, Stale, Unknown, Unreachable};

fn crl(ca: &Authority, published: Published) -> Option<Vec<u8>> {
    let list = List::new(ca);
    Some(match published {
        Good => list.der(&ca.key),
        Revoked => list.revoke(5).der(&ca.key),
        Stale => list.at(NOW - 2 * DAY, NOW - DAY).der(&ca.key),
        Nowhere | Unknown | Unreachable => return None,
    })
}

fn ocsp(ca: &Authority, published: Published) -> Option<Vec<u8>> {
    Some(match published {
        Good => by_issuer(ca, &ca.key, good()),
        Revoked => by_issuer(ca, &ca.key, revoked(Some(1))),
        Unknown => by_issuer(ca, &ca.key, unknown()),
        Stale => stale(ca, good()),
        Nowhere | Unreachable => return None,
    })
}

/// How evidence comes to the evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Evident {
    /// All at once, in the request.
    Supplied,
    /// When it is asked for.
    Fetched,
}

/// The verdict, and how much was asked for.
fn decide(
    evident: Evident,
    policy: RevocationPolicy,
    by_crl: Published,
    by_ocsp: Published,
) -> (Verdict, usize) {
    let ca = Authority::new("CA");
    let mut extensions = Vec::new();
    if by_crl != Nowhere {
        extensions.push(points(&[point(&[uri("http://ca.example/crl")], None, None)]));
    }
    if by_ocsp != Nowhere {
        let method = der::oid("1.3.6.1.5.5.7.48.1");
        let description = der::sequence([method, uri("http://ca.example/ocsp")]);
        let access = der::sequence([description]);
        extensions.push(der::extension("1.3.6.1.5.5.7.1.1", false, &access));
    }
    let end = ca.issue(5, &extensions);
    let mut anchors = Anchors::new();
    anchors.add_anchor(Anchor::key(&ca.name, &ca.key.subject_public_key_info()).unwrap());
    let mut request = Request::new(end, &anchors, Time::from_unix(NOW));
    request.revocation = policy;
    if evident == Evident::Supplied {
        request.crls.extend(crl(&ca, by_crl).map(|one| Crl::parse(one).unwrap()));
        request.ocsp.extend(ocsp(&ca, by_ocsp).map(|one| OcspResponse::parse(one).unwrap()));
        return (crate::evaluate(&request), 0);
    }
    let mut evaluation = Evaluation::new(request);
    let mut asked = 0;
    loop {
        let wanted = match evaluation.step() {
            Step::NeedFetch(wanted) => wanted,
            Step::Done(verdict) => return (*verdict, asked),
        };
        asked += 1;
        let found = match wanted.kind {
            WantedKind::Crl => crl(&ca, by_crl),
            WantedKind::Ocsp => ocsp(&ca, by_ocsp),
            WantedKind::Issuer => None,
        };
        match found {
            Some(bytes) => evaluation.supply(&wanted, &bytes),
            None => evaluation.missing(&wanted, "nobody answers"),
        }
    }
}

/// What is known in the end. Whoever says revoked is believed; but when a responder that is asked first says good, no CRL
/// is fetched besides.
fn known(evident: Evident, by_crl: Published, by_ocsp: Published) -> RevocationStatus {
    let time = Time::from_unix(NOW - DAY);
    match (by_crl, by_ocsp) {
        (_, Good) if evident == Evident::Fetched => RevocationStatus::Good,
        (_, Revoked) => {
            RevocationStatus::Revoked { reason: Some(RevocationReason::KeyCompromise), time }
        }
        (Revoked, _) => RevocationStatus::Revoked { reason: None, time },
        (Good, _) | (_, Good) => RevocationStatus::Good,
        (Nowhere, Nowhere) => RevocationStatus::NoInformation,
        _ => RevocationStatus::Undetermined,
    }
}

#[test]
fn the_matrix() {
    use RevocationPolicy::{AlwaysRequired, BestEffort, Never, RequiredIfInfoAvailable};
    for by_crl in [Nowhere, Good, Revoked, Stale, Unreachable] {
        for by_ocsp in [Nowhere, Good, Revoked, Unknown, Stale, Unreachable] {
            for (evident, policy) in
                [Evident::Supplied, Evident::Fetched].into_iter().flat_map(|one| {
                    [Never, BestEffort, RequiredIfInfoAvailable, AlwaysRequired]
                        .map(|policy| (one, policy))
                })
            {
                let known = known(evident, by_crl, by_ocsp);
                let (verdict, asked) = decide(evident, policy, by_crl, by_ocsp);
                let expected = match (policy, known) {
                    (Never, _) | (RequiredIfInfoAvailable, RevocationStatus::NoInformation) => {
                        Status::Trusted
                    }
                    (_, RevocationStatus::Revoked { .. }) => Status::Revoked,
                    (_, RevocationStatus::Good) | (BestEffort, _) => Status::Trusted,
                    (RequiredIfInfoAvailable | AlwaysRequired, _) => Status::Unknown,
                };
                let case = format!("{evident:?}, {policy}, CRL {by_crl:?}, OCSP {by_ocsp:?}");
                assert_eq!(verdict.status(), expected, "{case}: {:?}", verdict.findings());
                let code = match expected {
                    Status::Revoked => Some("CERT_REVOKED"),
                    Status::Unknown => Some("UNABLE_TO_GET_CRL"),
                    _ => None,
                };
                assert_eq!(verdict.code(), code, "{case}");
                let told: Vec<_> =
                    verdict.deciding().revocation.iter().map(|one| one.status).collect();
                if policy == Never {
                    assert_eq!((told.len(), asked), (0, 0), "{case}");
                    continue;
                }
                assert_eq!(told, [known], "{case}");
                let published = [by_crl, by_ocsp].iter().filter(|one| **one != Nowhere).count();
                assert!(asked <= published, "{case}: {asked} fetches");
                // What is accepted without being known is said.
                let accepted_unknown =
                    policy == BestEffort && known == RevocationStatus::Undetermined;
                let said = verdict
                    .findings()
                    .iter()
                    .any(|finding| finding.rule == crate::Rule::RevocationUndetermined);
                assert_eq!(said, accepted_unknown, "{case}");
            }
        }
    }
}
