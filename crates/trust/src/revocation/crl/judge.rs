//! What CRLs prove about one certificate (RFC 5280, section 6.3.3).
//!
//! Of several CRLs by one issuer about the same scope the newest that can be used counts. CRLs of different scopes are
//! all heard, and one that lists the certificate is enough.

use super::{
    Crl, Kind,
    scope::{self, Point, Scope},
};
use crate::{
    Certificate, Time,
    certificate::Reasons,
    der::Integer,
    revocation::{
        Case, Location, Problem, RevocationReason, RevocationStatus, Signed, SignerPurpose,
        Signers, Source,
        note::{Journal, shown},
    },
};
use std::cmp::Ordering;

/// No more CRLs are checked for one certificate, once those that are not about it are sorted out.
const MAX_CHECKED: usize = 32;
/// No more certificates are tried as signer of one CRL.
const MAX_SIGNERS: usize = 8;

/// A CRL that is about the certificate.
struct Fitting<'c> {
    index: usize,
    crl: &'c Crl<'c>,
    /// The encoded scope.
    scope: Option<&'c [u8]>,
    reasons: Reasons,
}

impl Fitting<'_> {
    /// Whether one is the successor, or a delta, of the other.
    fn is_of_series(&self, other: &Fitting<'_>) -> bool {
        self.scope == other.scope && self.crl.issuer() == other.crl.issuer()
    }

    /// Whether the other, which is no newer, need not be heard. Of two that differ and are as new as each other nobody can
    /// say which counts, so both do.
    fn replaces(&self, older: &Fitting<'_>) -> bool {
        let as_new = self.crl.this_update() == older.crl.this_update()
            && compare(self.crl.number(), older.crl.number()).is_eq();
        self.is_of_series(older) && (!as_new || self.crl.der() == older.crl.der())
    }
}

/// What a CRL that can be used says.
enum Proof {
    Revoked { reason: Option<RevocationReason>, time: Time },
    NotListed,
}

pub(in crate::revocation) fn judge(
    case: &Case<'_>,
    signers: &mut dyn Signers,
    journal: &mut Journal,
) -> Option<RevocationStatus> {
    let (points, fault) = scope::points(case.subject);
    if let Err(error) = fault {
        journal.note(Source::Crl, None, Problem::Unreadable(error.to_string()));
    }
    let (bases, deltas) = sort(case, &points, journal);
    let mut covered = Reasons::NONE;
    let mut revoked = None;
    let mut used: Vec<&Fitting<'_>> = Vec::new();
    for base in bases.iter().take(MAX_CHECKED) {
        if used.iter().any(|newer| newer.replaces(base)) {
            continue;
        }
        match base.prove(case, &deltas, signers, journal) {
            Ok(Proof::NotListed) => {}
            Ok(Proof::Revoked { reason, time }) => {
                revoked = revoked.or(Some(RevocationStatus::Revoked { reason, time }));
            }
            Err(problem) => {
                journal.note(Source::Crl, Some(base.index), problem);
                continue;
            }
        }
        covered = covered.or(base.reasons);
        used.push(base);
    }
    for delta in &deltas {
        if !bases.iter().any(|base| base.is_of_series(delta)) {
            let problem = Problem::NoBase("the CRL that it adds to is not there");
            journal.note(Source::Crl, Some(delta.index), problem);
        }
    }
    if revoked.is_some() {
        return revoked;
    }
    if covered.covers(Reasons::ALL) {
        return Some(RevocationStatus::Good);
    }
    if !used.is_empty() {
        journal.note(Source::Crl, None, Problem::ReasonsMissing);
    }
    for point in points.iter().filter(|point| !covered.covers(point.reasons())) {
        point.urls().for_each(|url| journal.want(Location::Crl(url)));
    }
    None
}

/// Finds the CRLs that are about the certificate, the newest first: complete ones, and deltas.
fn sort<'c>(
    case: &Case<'c>,
    points: &[Point<'_>],
    journal: &mut Journal,
) -> (Vec<Fitting<'c>>, Vec<Fitting<'c>>) {
    let (mut bases, mut deltas) = (Vec::new(), Vec::new());
    let is_authority =
        case.subject.basic_constraints().ok().flatten().is_some_and(|constraints| constraints.ca);
    let certificate_issuer = case.subject.issuer();
    for (index, crl) in case.evidence.crls.iter().enumerate() {
        let issuer = crl.issuer();
        let by_issuer = issuer == certificate_issuer;
        if !by_issuer && !points.iter().any(|point| point.is_signed_by(&issuer)) {
            let problem =
                Problem::WrongIssuer { found: shown(issuer), expected: shown(certificate_issuer) };
            journal.note(Source::Crl, Some(index), problem);
            continue;
        }
        let idp = crl.issuing_distribution_point();
        let reasons = Scope::of(&issuer, idp.as_ref(), is_authority).and_then(|scope| {
            points
                .iter()
                .filter_map(|point| scope.reasons_at(point, &issuer, by_issuer))
                .reduce(Reasons::or)
                .ok_or("the certificate does not name it, or not for its reasons")
        });
        let reasons = match reasons {
            Ok(reasons) => reasons,
            Err(what) => {
                journal.note(Source::Crl, Some(index), Problem::OutOfScope(what));
                continue;
            }
        };
        let scope = crl.extension(Kind::IssuingDistributionPoint).map(|(reader, _)| reader.rest());
        let fitting = Fitting { index, crl, scope, reasons };
        if crl.base().is_some() { deltas.push(fitting) } else { bases.push(fitting) }
    }
    let newest_first = |a: &Fitting<'_>, b: &Fitting<'_>| {
        let numbers = compare(b.crl.number(), a.crl.number());
        b.crl.this_update().cmp(&a.crl.this_update()).then(numbers)
    };
    bases.sort_by(newest_first);
    deltas.sort_by(newest_first);
    (bases, deltas)
}

impl<'c> Fitting<'c> {
    /// What the CRL, with the newest delta that fits it, says about the certificate.
    fn prove(
        &self,
        case: &Case<'c>,
        deltas: &[Fitting<'c>],
        signers: &mut dyn Signers,
        journal: &mut Journal,
    ) -> Result<Proof, Problem> {
        let Case { subject, options, .. } = case;
        let deltas = || deltas.iter().filter(|delta| delta.is_of_series(self));
        check_form(self.crl, options.strict_crl)?;
        check_begun(self.crl, options.time)?;
        // Section 6.3.3 (a) (1) (i): a delta that is current makes an old base current.
        let fresh = check_fresh(self.crl, options.time);
        if deltas().next().is_none() {
            fresh.clone()?;
        }
        let signed = signed(self.crl, case)?;
        let key = signer(self.crl, &signed, case, signers)?;
        if let Some(oid) = self.crl.unknown_critical() {
            // Sections 5.2 and 5.3 forbid to conclude anything from such a CRL, and what it does not list is not
            // concluded to be good. That what it lists is revoked says X.509 (clause 8.5 of the 2019 edition), and it is
            // the safe side: the extension may narrow down why or since when, not that the issuer took it back.
            fresh?;
            let problem = Problem::UnknownCritical { oid: shown(oid) };
            return match self.crl.find(&subject.issuer(), subject.serial()) {
                Some(entry) if entry.reason != Some(RevocationReason::RemoveFromCrl) => {
                    journal.note(Source::Crl, Some(self.index), problem);
                    Ok(Proof::Revoked { reason: entry.reason, time: entry.time })
                }
                _ => Err(problem),
            };
        }
        let mut applied = None;
        for delta in deltas().take(MAX_CHECKED) {
            match delta.check_delta(self.crl, key, case) {
                Ok(()) => {
                    applied = Some(delta.crl);
                    break;
                }
                Err(problem) => journal.note(Source::Crl, Some(delta.index), problem),
            }
        }
        if applied.is_none() {
            fresh?;
            self.want_deltas(subject, journal);
        }
        if self.crl.next_update().is_none() {
            journal.note(Source::Crl, Some(self.index), Problem::NoNextUpdate);
        }
        // Section 6.3.3 (i) to (k).
        let entry = applied
            .and_then(|delta| delta.find(&subject.issuer(), subject.serial()))
            .or_else(|| self.crl.find(&subject.issuer(), subject.serial()));
        Ok(match entry {
            Some(entry) if entry.reason != Some(RevocationReason::RemoveFromCrl) => {
                Proof::Revoked { reason: entry.reason, time: entry.time }
            }
            _ => Proof::NotListed,
        })
    }

    /// Whether this delta can be put on `base`, which the owner of `key` signed (sections 5.2.4 and 6.3.3 (c)).
    fn check_delta(&self, base: &Crl<'_>, key: &[u8], case: &Case<'_>) -> Result<(), Problem> {
        let Case { subject, options, .. } = case;
        let delta = self.crl;
        check_form(delta, options.strict_crl)?;
        if options.strict_crl
            && delta.extension(Kind::BaseNumber).is_some_and(|(_, critical)| !critical)
        {
            return Err(Problem::Form("the number of a delta's base is not critical"));
        }
        let key_id =
            |crl: &Crl<'_>| crl.authority_key_id().and_then(|id| id.key_id).map(<[u8]>::to_vec);
        if key_id(delta) != key_id(base) {
            return Err(Problem::NoBase("another key signed it than the CRL at hand"));
        }
        if base.number().is_none() || delta.number().is_none() {
            return Err(Problem::NoBase("it, or the CRL at hand, has no number"));
        }
        if compare(base.number(), delta.base()) == Ordering::Less {
            return Err(Problem::NoBase("it adds to a newer CRL than the one at hand"));
        }
        if compare(base.number(), delta.number()) != Ordering::Less {
            return Err(Problem::NoBase("it is no newer than the CRL at hand"));
        }
        check_begun(delta, options.time)?;
        check_fresh(delta, options.time)?;
        signed(delta, case)?.is_by(key)?;
        let revokes = || {
            delta
                .find(&subject.issuer(), subject.serial())
                .is_some_and(|entry| entry.reason != Some(RevocationReason::RemoveFromCrl))
        };
        match delta.unknown_critical() {
            Some(oid) if !revokes() => Err(Problem::UnknownCritical { oid: shown(oid) }),
            _ => Ok(()),
        }
    }

    fn want_deltas(&self, subject: &Certificate<'_>, journal: &mut Journal) {
        let own = subject.freshest_crl().ok().flatten().unwrap_or_default();
        for point in own.iter().chain(&self.crl.freshest_crl()) {
            scope::urls(point.name.as_ref()).for_each(|url| journal.want(Location::DeltaCrl(url)));
        }
    }
}

/// Numbers that are there are not below zero: the CRL would not have been read.
fn compare(a: Option<Integer<'_>>, b: Option<Integer<'_>>) -> Ordering {
    let key = |number: Option<Integer<'_>>| {
        number.map(|number| (number.unsigned().len(), number.unsigned().to_vec()))
    };
    key(a).cmp(&key(b))
}

fn check_form(crl: &Crl<'_>, strict: bool) -> Result<(), Problem> {
    let form = |what| Err(Problem::Form(what));
    if !crl.names_one_algorithm() {
        return form("it names two signature algorithms");
    }
    if crl.layout.duplicate {
        return form("an extension is there twice");
    }
    if !strict {
        return Ok(());
    }
    match crl.extension(Kind::Number) {
        None => return form("it has no CRL number (section 5.2.3)"),
        Some((_, true)) => return form("its CRL number is critical (section 5.2.3)"),
        Some((_, false)) => {}
    }
    if crl.authority_key_id().is_none() {
        return form("it does not say which key signed it (section 5.2.1)");
    }
    if crl.next_update().is_none() {
        return form("it does not say when the next one comes (section 5.1.2.5)");
    }
    Ok(())
}

fn check_begun(crl: &Crl<'_>, time: Time) -> Result<(), Problem> {
    let begins = crl.this_update();
    if begins > time { Err(Problem::Future { begins }) } else { Ok(()) }
}

fn check_fresh(crl: &Crl<'_>, time: Time) -> Result<(), Problem> {
    match crl.next_update() {
        Some(ended) if ended < time => Err(Problem::Stale { ended }),
        _ => Ok(()),
    }
}

fn signed<'c>(crl: &'c Crl<'_>, case: &Case<'_>) -> Result<Signed<'c>, Problem> {
    Signed::new(crl.signed_part(), crl.signature_algorithm(), crl.signature(), case.options)
}

/// The key that signed a CRL and may do so (section 6.3.3 (f) and (g)): the issuer's; or that of a certificate with the CRL
/// issuer's name, which may be another CA, or the same with another key.
fn signer<'c>(
    crl: &Crl<'_>,
    signed: &Signed<'_>,
    case: &Case<'c>,
    signers: &mut dyn Signers,
) -> Result<&'c [u8], Problem> {
    let name = crl.issuer();
    let mut problem = None;
    let by_issuer = name == case.issuer.name;
    if by_issuer {
        match check_usage(case.issuer.certificate).and_then(|()| signed.is_by(case.issuer.key_info))
        {
            Ok(()) => return Ok(case.issuer.key_info),
            Err(found) => problem = Some(found),
        }
    }
    let key_id = crl.authority_key_id().and_then(|id| id.key_id);
    let mut candidates: Vec<&'c Certificate<'c>> = case
        .evidence
        .intermediates
        .iter()
        .filter(|certificate| certificate.subject() == name)
        .filter(|certificate| !by_issuer || certificate.public_key_info() != case.issuer.key_info)
        .collect();
    candidates.sort_by_key(|certificate| {
        key_id.is_none() || certificate.subject_key_id().ok().flatten() != key_id
    });
    for candidate in candidates.into_iter().take(MAX_SIGNERS) {
        let check = check_usage(Some(candidate))
            .and_then(|()| signed.is_by(candidate.public_key_info()))
            .and_then(|()| {
                signers
                    .trusts(candidate, SignerPurpose::CrlSign)
                    .map_err(Problem::SignerNotEntitled)
            });
        match check {
            Ok(()) => return Ok(candidate.public_key_info()),
            // That a key fits and may not sign says more than that another does not fit.
            Err(found @ Problem::SignerNotEntitled(_)) => problem = Some(found),
            Err(found) => problem = problem.or(Some(found)),
        }
    }
    Err(problem.unwrap_or_else(|| Problem::NoSigner(shown(name))))
}

fn check_usage(certificate: Option<&Certificate<'_>>) -> Result<(), Problem> {
    let Some(certificate) = certificate else { return Ok(()) };
    match certificate.key_usage() {
        Ok(None) => Ok(()),
        Ok(Some(usage)) if usage.crl_sign() => Ok(()),
        Ok(Some(_)) => {
            Err(Problem::SignerNotEntitled("the key usage of its certificate lacks cRLSign".into()))
        }
        Err(error) => Err(Problem::SignerNotEntitled(error.to_string())),
    }
}
