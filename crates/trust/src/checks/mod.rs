//! What can be said about one certificate by itself, whatever path it is on.
//!
//! - `fields`: what every certificate has.
//! - `extensions`: what extensions say, and whether they may.
//! - `names`: alternative names, common names, name spaces.
//! - `keys`: keys and signature algorithms.

mod extensions;
mod fields;
mod keys;
mod names;

use crate::{
    Certificate, Profile,
    rule::{Level, Rule},
    verdict::Finding,
};

/// Where on a path a certificate stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The end certificate, which is to be used for a TLS server or something else.
    End {
        /// Whether it is for a TLS server, of which the baseline requirements speak.
        server: bool,
        /// Whether it is an anchor itself.
        anchor: bool,
    },
    /// Between the two.
    Intermediate,
    /// The trust anchor.
    Anchor,
}

impl Role {
    /// The role that a certificate by itself most likely has: a CA that is self-issued is an anchor, other CAs are
    /// intermediates.
    pub fn likely(certificate: &Certificate<'_>) -> Role {
        let ca = certificate.basic_constraints().ok().flatten().is_some_and(|one| one.ca);
        match (ca, certificate.is_self_issued()) {
            (true, true) => Role::Anchor,
            (true, false) => Role::Intermediate,
            (false, anchor) => Role::End { server: true, anchor },
        }
    }

    fn is_end(self) -> bool {
        matches!(self, Role::End { .. })
    }

    fn is_anchor(self) -> bool {
        matches!(self, Role::Anchor | Role::End { anchor: true, .. })
    }

    fn is_server(self) -> bool {
        matches!(self, Role::End { server: true, .. })
    }
}

/// A certificate that breaks a rule more often is not told of again: thousands of names would fill every report.
const MAX_SAME: usize = 8;

/// Collects what is found about one certificate.
pub(crate) struct Findings<'p> {
    profile: &'p Profile,
    /// Its index in the path.
    certificate: usize,
    list: Vec<Finding>,
}

impl<'p> Findings<'p> {
    pub(crate) fn new(profile: &'p Profile, certificate: usize) -> Findings<'p> {
        Findings { profile, certificate, list: Vec::new() }
    }

    /// Takes note of a broken rule, if the profile looks at it.
    pub(crate) fn add(
        &mut self,
        rule: Rule,
        offset: Option<usize>,
        detail: impl FnOnce() -> String,
    ) {
        let severity = self.profile.level(rule);
        let same = self.list.iter().filter(|finding| finding.rule == rule).count();
        if severity != Level::Off && same < MAX_SAME {
            let detail = detail();
            let certificate = self.certificate;
            self.list.push(Finding { rule, severity, certificate, detail, offset });
        }
    }

    /// Whether a rule is looked at, for checks that cost something.
    pub(crate) fn wants(&self, rule: Rule) -> bool {
        self.profile.level(rule) != Level::Off
    }

    pub(crate) fn into_list(self) -> Vec<Finding> {
        self.list
    }
}

/// Judges one certificate by itself: everything but signatures, time, names asked for and revocation. `certificate` in
/// the findings is 0.
///
/// ```
/// use ravelin_trust::{Certificate, Profile, checks::{Role, check}};
/// # let key = rcgen::KeyPair::generate()?;
/// # let der = rcgen::CertificateParams::new(["a.example".to_owned()])?.self_signed(&key)?.der().to_vec();
///
/// let certificate = Certificate::parse(&der[..])?;
/// let findings = check(&certificate, Role::likely(&certificate), &Profile::WEBPKI);
/// assert!(findings.iter().any(|finding| finding.rule.name() == "extended-key-usage-missing"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn check(certificate: &Certificate<'_>, role: Role, profile: &Profile) -> Vec<Finding> {
    check_at(certificate, role, profile, 0)
}

pub(crate) fn check_at(
    certificate: &Certificate<'_>,
    role: Role,
    profile: &Profile,
    index: usize,
) -> Vec<Finding> {
    let mut findings = Findings::new(profile, index);
    fields::check(certificate, role, &mut findings);
    keys::check(certificate, role, &mut findings);
    extensions::check(certificate, role, &mut findings);
    names::check(certificate, role, &mut findings);
    findings.into_list()
}
