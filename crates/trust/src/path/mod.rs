//! Finding paths from a certificate to a trust anchor.
//!
//! - this file: the search, depth first, the most promising issuer first, with full backtracking.
//! - `candidates`: who may have issued a certificate.
//! - `validate`: judges a path once it is found.
//! - `names`, `revocation`: parts of that.

mod candidates;
mod names;
mod revocation;
mod validate;

use crate::{
    Anchor, Certificate, Request, Verdict,
    certificate::PublicKey,
    checks::{Role, check_at},
    der::Reader,
    evaluation::Wanted,
    revocation::Determination,
    rule::{Level, Rule},
    signature::{SignatureError, verify},
    verdict::{CandidatePath, Finding},
};
use std::{
    collections::{HashMap, HashSet, hash_map::Entry},
    ops::ControlFlow,
    sync::Arc,
};

/// Two to the power of this many bytes cost as much to hash as a signature costs besides.
const BYTES_PER_SIGNATURE: u32 = 16;

/// More certificates than this are told apart by their hashes.
const HANDFUL: usize = 16;

/// A member of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Link {
    /// The certificate with this number: 0 is the one that is judged.
    Certificate(usize),
    /// The anchor with this number.
    Anchor(usize),
}

/// What the search still may do.
struct Budget {
    signatures: u32,
    nodes: u32,
    comparisons: u64,
    /// The budget that ran out first, which ended the search.
    spent: Option<&'static str>,
    /// Whether a path was followed no further because of its length.
    too_long: bool,
}

/// What an evaluation came to, and what would help to know more.
pub(crate) struct Outcome {
    pub(crate) verdict: Verdict,
    pub(crate) wanted: Vec<Wanted>,
}

pub(crate) struct Search<'r> {
    request: &'r Request<'r>,
    /// The certificate that is judged, and what paths may lead through.
    certificates: Vec<&'r Certificate<'r>>,
    /// Canonical names, computed when first needed.
    subjects: Vec<Option<Box<[u8]>>>,
    /// By certificate and key: many certificates of one CA have one key.
    verified: HashMap<(usize, &'r [u8]), Result<(), SignatureError>>,
    checked: HashMap<(Link, Role), Vec<Finding>>,
    /// What is known of a certificate's revocation, by its issuer and the anchor that signers must lead to.
    determined: HashMap<(Link, Link, usize), Determination>,
    end_findings: Option<Vec<Finding>>,
    budget: Budget,
    paths: Vec<CandidatePath>,
    wanted: Vec<Wanted>,
    /// Where only one anchor counts: that of the path whose CRL or OCSP response is looked at.
    only_anchor: Option<usize>,
    /// Whether this search is about the signer of revocation evidence.
    about_signer: bool,
}

/// Searches for a path that nothing speaks against.
pub(crate) fn search(request: &Request<'_>, fetched: &[Certificate<'static>]) -> Outcome {
    let mut search = Search::new(request, fetched, None, false);
    search.run();
    search.finish()
}

impl<'r> Search<'r> {
    fn new(
        request: &'r Request<'r>,
        fetched: &'r [Certificate<'static>],
        only_anchor: Option<usize>,
        about_signer: bool,
    ) -> Search<'r> {
        let mut certificates: Vec<&'r Certificate<'r>> = vec![&request.certificate];
        let offered = request.intermediates.iter();
        let known = request
            .anchors
            .intermediates()
            .chain(fetched)
            .map(|one| -> &'r Certificate<'r> { one });
        // A handful is compared faster than hashed; piles of them must not be compared with each other.
        let mut seen: HashSet<&[u8]> = HashSet::new();
        for one in offered.chain(known) {
            let again = if certificates.len() < HANDFUL {
                certificates.contains(&one)
            } else {
                if seen.is_empty() {
                    seen.extend(certificates.iter().map(|one| one.der()));
                }
                !seen.insert(one.der())
            };
            if !again {
                certificates.push(one);
            }
        }
        let limits = request.limits;
        Search {
            request,
            subjects: vec![None; certificates.len()],
            certificates,
            verified: HashMap::new(),
            checked: HashMap::new(),
            determined: HashMap::new(),
            end_findings: None,
            budget: Budget {
                signatures: limits.signatures,
                nodes: limits.nodes,
                comparisons: limits.comparisons,
                spent: None,
                too_long: false,
            },
            paths: Vec::new(),
            wanted: Vec::new(),
            only_anchor,
            about_signer,
        }
    }

    fn run(&mut self) {
        // A certificate that is an anchor itself needs nobody else.
        let end = self.certificates[0];
        let canonical = end.subject().canonical();
        let anchors = self.request.anchors;
        let own = anchors.named(&canonical).iter().copied().find(|index| {
            self.allows(*index)
                && anchors.anchor(*index).as_certificate().is_some_and(|one| one == end)
        });
        if let Some(index) = own
            && self.complete(&[Link::Anchor(index)]).is_break()
        {
            return;
        }
        let _ = self.extend(&mut vec![Link::Certificate(0)]);
    }

    fn finish(self) -> Outcome {
        let mut verdict = Verdict::new(self.paths, self.request.profile.name());
        let too_long = self.budget.too_long.then_some("certificates on one path");
        if let Some(what) = self.budget.spent.or(too_long) {
            verdict.was_cut_short(|certificate| {
                Self::broken(Rule::Budget, certificate, spent_detail(what))
            });
        }
        Outcome { verdict, wanted: self.wanted }
    }

    fn allows(&self, anchor: usize) -> bool {
        self.only_anchor.is_none_or(|only| only == anchor)
    }

    /// Goes on from the last certificate of `path`. Breaks when a good path is found, or the budget is spent.
    fn extend(&mut self, path: &mut Vec<Link>) -> ControlFlow<()> {
        let Some(Link::Certificate(current)) = path.last().copied() else {
            return ControlFlow::Continue(());
        };
        if self.budget.nodes == 0 {
            self.spend("certificates on paths");
            return self.give_up(path);
        }
        self.budget.nodes -= 1;
        if path.len() > self.request.limits.length {
            self.budget.too_long = true;
            let detail = format!("the path has {} certificates and no end", path.len());
            self.dead_end(path, Self::broken(Rule::Budget, path.len() - 1, detail));
            return ControlFlow::Continue(());
        }
        let mut rejected = Vec::new();
        let mut went_on = false;
        for candidate in self.candidates(current, path) {
            match self.verify(current, candidate.link) {
                Ok(()) => {
                    went_on = true;
                    path.push(candidate.link);
                    let flow = match candidate.link {
                        Link::Anchor(_) => self.complete(path),
                        Link::Certificate(_) => self.extend(path),
                    };
                    path.pop();
                    flow?;
                }
                Err(_) if self.budget.spent.is_some() => return self.give_up(path),
                Err(error) if candidate.identifier_differs => {
                    rejected.push(format!(
                        "`{}`: {error}, and its key has another identifier",
                        self.subject_of(candidate.link)
                    ));
                }
                Err(error) => {
                    // Whoever has the name and may have the key, but did not sign: that is a fault of the certificate.
                    went_on = true;
                    path.push(candidate.link);
                    self.unsigned(path, &error);
                    path.pop();
                }
            }
        }
        if !went_on {
            self.no_issuer(path, &rejected);
        }
        ControlFlow::Continue(())
    }

    fn spend(&mut self, what: &'static str) {
        self.budget.spent.get_or_insert(what);
    }

    /// Ends the search: a budget is spent.
    fn give_up(&mut self, path: &[Link]) -> ControlFlow<()> {
        let what = self.budget.spent.unwrap_or("work");
        self.dead_end(path, Self::broken(Rule::Budget, path.len() - 1, spent_detail(what)));
        ControlFlow::Break(())
    }

    /// A path that ends where nobody can be found who issued its last certificate.
    fn no_issuer(&mut self, path: &[Link], rejected: &[String]) {
        let Some(Link::Certificate(last)) = path.last().copied() else { return };
        let certificate = self.certificates[last];
        let own = certificate.subject_key_id().ok().flatten();
        let named = certificate.authority_key_id().ok().flatten().and_then(|one| one.key_id);
        let by_itself =
            certificate.is_self_issued() && (named.is_none() || own.is_none() || named == own);
        let subject = certificate.subject();
        let (rule, detail) = if by_itself && path.len() == 1 {
            let detail = format!("`{subject}` is self-signed and no trust anchor");
            (Rule::SelfSignedLeaf, detail)
        } else if by_itself {
            (Rule::SelfSignedInChain, format!("the root `{subject}` is no trust anchor"))
        } else {
            let mut detail = format!(
                "neither a trust anchor nor a certificate of the issuer `{}` was found",
                certificate.issuer()
            );
            for one in rejected {
                detail.push_str("; rejected: ");
                detail.push_str(one);
            }
            (Rule::IssuerNotFound, detail)
        };
        self.want_issuer(certificate);
        self.dead_end(path, Self::broken(rule, path.len() - 1, detail));
    }

    /// A path whose last member did not sign the one before.
    fn unsigned(&mut self, path: &[Link], error: &SignatureError) {
        let rule = match error {
            // A signature that nobody can look at may be a good one.
            SignatureError::Unsupported(_) | SignatureError::Malformed(_) => {
                Rule::UnsupportedSignature
            }
            _ => Rule::BadSignature,
        };
        let issuer = path.last().map(|link| self.subject_of(*link)).unwrap_or_default();
        let detail = format!("its signature by `{issuer}`: {error}");
        self.dead_end(path, Self::broken(rule, path.len() - 2, detail));
    }

    /// A path that leads nowhere, and why.
    fn dead_end(&mut self, path: &[Link], why: Finding) {
        // It could only be told, and there is no room.
        if self.paths.len() >= self.request.limits.paths && self.budget.spent.is_none() {
            return;
        }
        let mut findings = self.validate(path);
        findings.0.push(why);
        self.record(path, findings, false);
    }

    /// A path that has reached an anchor: judges it.
    fn complete(&mut self, path: &[Link]) -> ControlFlow<()> {
        let findings = self.validate(path);
        let accepted = self.record(path, findings, true);
        if accepted { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn finding(&self, rule: Rule, certificate: usize, detail: String) -> Finding {
        let severity = match rule {
            // What was not looked at cannot be taken for good, whatever the profile thinks of the rule.
            Rule::Budget => Level::Error,
            _ => self.request.profile.level(rule),
        };
        Finding { rule, severity, certificate, detail, offset: None }
    }

    /// What keeps a path from being one: no profile can excuse it.
    fn broken(rule: Rule, certificate: usize, detail: String) -> Finding {
        Finding { rule, severity: Level::Error, certificate, detail, offset: None }
    }

    /// Remembers a path. Says whether it is good.
    fn record(
        &mut self,
        path: &[Link],
        (mut findings, policies): (Vec<Finding>, Vec<Box<[u8]>>),
        complete: bool,
    ) -> bool {
        let anchor = match path.last() {
            Some(Link::Anchor(index)) => Some(*index),
            _ => None,
        };
        let mut revocation = Vec::new();
        if complete && let Some(anchor) = anchor {
            let sound = is_sound(&findings);
            revocation = self.revocation(path, anchor, sound, &mut findings);
        }
        let accepted = complete && anchor.is_some() && is_sound(&findings);
        if accepted || self.has_room(complete, &findings) {
            let certificates = path.iter().filter_map(|link| match link {
                Link::Certificate(index) => {
                    Some(Arc::new(self.certificates[*index].borrowed().into_owned()))
                }
                Link::Anchor(index) => self.request.anchors.shared(*index).shared_certificate(),
            });
            let certificates: Vec<_> = certificates.collect();
            // An anchor may be a name and a key: what is said of the whole path is then said of the certificate below it.
            for finding in &mut findings {
                finding.certificate = finding.certificate.min(certificates.len() - 1);
            }
            self.paths.push(CandidatePath {
                certificates,
                anchor: anchor.map(|index| self.request.anchors.shared(index).clone()),
                accepted,
                findings,
                revocation,
                policies,
            });
        }
        accepted
    }

    /// Whether one more path that is not good can be told of. Those that reach an anchor, and those that ended the search,
    /// take the place of others.
    fn has_room(&mut self, complete: bool, findings: &[Finding]) -> bool {
        if self.paths.len() < self.request.limits.paths {
            return true;
        }
        let spent = findings.iter().any(|finding| finding.rule == Rule::Budget);
        let other = self.paths.iter().rposition(|path| path.anchor.is_none());
        match other {
            Some(other) if complete || spent => {
                self.paths.remove(other);
                true
            }
            _ => false,
        }
    }

    pub(crate) fn certificate(&self, link: Link) -> Option<&'r Certificate<'r>> {
        match link {
            Link::Certificate(index) => Some(self.certificates[index]),
            Link::Anchor(index) => {
                let one = self.request.anchors.anchor(index).as_certificate()?;
                Some(one)
            }
        }
    }

    fn anchor(&self, link: Link) -> Option<&'r Anchor> {
        match link {
            Link::Certificate(_) => None,
            Link::Anchor(index) => Some(self.request.anchors.anchor(index)),
        }
    }

    fn key_info(&self, link: Link) -> &'r [u8] {
        match link {
            Link::Certificate(index) => self.certificates[index].public_key_info(),
            Link::Anchor(index) => self.request.anchors.anchor(index).key_info(),
        }
    }

    fn subject_of(&self, link: Link) -> String {
        match link {
            Link::Certificate(index) => self.certificates[index].subject().to_string(),
            Link::Anchor(index) => self.request.anchors.anchor(index).name().to_string(),
        }
    }

    /// Whether the certificate is signed by the candidate's key.
    fn verify(&mut self, certificate: usize, by: Link) -> Result<(), SignatureError> {
        let key = self.key_info(by);
        let room = match self.verified.entry((certificate, key)) {
            Entry::Occupied(known) => return known.get().clone(),
            Entry::Vacant(room) => room,
        };
        let certificate = self.certificates[certificate];
        let signed = certificate.signed_part().len();
        let cost = 1 + u32::try_from(signed >> BYTES_PER_SIGNATURE).unwrap_or(u32::MAX - 1);
        let Some(left) = self.budget.signatures.checked_sub(cost) else {
            self.budget.spent.get_or_insert("signatures");
            return Err(SignatureError::Bad);
        };
        self.budget.signatures = left;
        room.insert(verify_by(certificate, key)).clone()
    }

    /// What can be said about a member of a path by itself.
    fn check(&mut self, link: Link, role: Role, index: usize) -> Vec<Finding> {
        let Some(certificate) = self.certificate(link) else { return Vec::new() };
        let profile = &self.request.profile;
        let known = self.checked.entry((link, role));
        let known = known.or_insert_with(|| check_at(certificate, role, profile, 0));
        known.iter().cloned().map(|finding| Finding { certificate: index, ..finding }).collect()
    }

    fn want_issuer(&mut self, certificate: &Certificate<'_>) {
        for wanted in Wanted::issuers(certificate) {
            self.want(wanted);
        }
    }

    fn want(&mut self, wanted: Wanted) {
        if !self.wanted.contains(&wanted) {
            self.wanted.push(wanted);
        }
    }
}

fn verify_by(certificate: &Certificate<'_>, key_info: &[u8]) -> Result<(), SignatureError> {
    let key = PublicKey::read(Reader::new(key_info))?;
    let algorithm = certificate.signature_algorithm()?;
    verify(algorithm.scheme(), &key, certificate.signed_part(), certificate.signature())
}

fn spent_detail(what: &str) -> String {
    format!("the budget of {what} is used up; not every path was looked at")
}

fn is_sound(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| finding.severity != Level::Error)
}
