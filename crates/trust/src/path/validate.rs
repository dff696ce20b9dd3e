//! Judges a path (RFC 5280, section 6.1).

use super::{Link, Search};
use crate::{
    Certificate, Purpose,
    checks::{Findings, Role},
    der::Oid,
    name::Presented,
    oid,
    policy::{PolicyFault, process},
    rule::Rule,
    verdict::Finding,
};
use std::fmt::Write;

impl<'r> Search<'r> {
    /// All that is found on a path, save its signatures and what is known about revocation; and the policies that are
    /// valid for it.
    pub(super) fn validate(&mut self, path: &[Link]) -> (Vec<Finding>, Vec<Box<[u8]>>) {
        let anchored = matches!(path.last(), Some(Link::Anchor(_)));
        let certificates: Vec<&'r Certificate<'r>> =
            path.iter().filter_map(|link| self.certificate(*link)).collect();
        let mut all = Vec::new();
        for (index, link) in path.iter().enumerate() {
            let is_anchor = matches!(link, Link::Anchor(_));
            let role = match (index, is_anchor) {
                (0, anchor) => {
                    Role::End { server: self.request.purpose == Purpose::ServerAuth, anchor }
                }
                (_, true) => Role::Anchor,
                (_, false) => Role::Intermediate,
            };
            all.extend(self.check(*link, role, index));
            if let Some(certificate) = self.certificate(*link) {
                let mut findings = Findings::new(&self.request.profile, index);
                self.time(certificate, &mut findings);
                self.distrust(certificate, &mut findings);
                if index > 0 {
                    self.authority(&certificates, index, &mut findings);
                }
                all.extend(findings.into_list());
            }
        }
        if self.end_findings.is_none() {
            self.end_findings = Some(self.end_certificate());
        }
        all.extend(self.end_findings.iter().flatten().cloned());
        self.depth(path, certificates.len() - 1, &mut all);
        self.name_spaces(path, &certificates, &mut all);
        if let Some(Link::Anchor(index)) = path.last() {
            self.anchor_limits(*index, path.len() - 1, &certificates, &mut all);
        }
        // The anchor is not part of what policies are processed for.
        let below = if anchored && certificates.len() == path.len() {
            &certificates[..certificates.len() - 1]
        } else {
            &certificates[..]
        };
        let policies = self.policies(below, &mut all);
        (all, policies)
    }

    /// Section 6.1.3 (a)(2).
    fn time(&self, certificate: &Certificate<'_>, findings: &mut Findings<'_>) {
        let time = self.request.time;
        let (from, until) = (certificate.not_before(), certificate.not_after());
        if time < from {
            findings.add(Rule::NotYetValid, None, || {
                format!("it is valid from {from}, in {}", distance(from.seconds_since(time)))
            });
        }
        if time > until {
            findings.add(Rule::Expired, None, || {
                format!("it expired on {until}, {} ago", distance(time.seconds_since(until)))
            });
        }
    }

    fn distrust(&self, certificate: &Certificate<'_>, findings: &mut Findings<'_>) {
        if self.request.anchors.is_distrusted(certificate.der(), certificate.public_key_info()) {
            findings.add(Rule::LocallyDistrusted, None, || {
                "it, or its key, stands on the local distrust list".into()
            });
        }
    }

    /// What a CA of the path restricts: how long the path may be below it, and what for.
    fn authority(
        &self,
        certificates: &[&Certificate<'_>],
        index: usize,
        findings: &mut Findings<'_>,
    ) {
        let authority = certificates[index];
        let between = intermediates(certificates, index);
        if let Ok(Some(basic)) = authority.basic_constraints()
            && basic.ca
            && let Some(limit) = basic.path_length
            && between > limit as usize
        {
            findings.add(Rule::PathTooLong, None, || {
                format!("its path length is {limit}, but {between} intermediates follow")
            });
        }
        if let Ok(Some(purposes)) = authority.extended_key_usage()
            && let Some(wanted) = self.request.purpose.oid()
            && !purposes.contains(&wanted)
            && !purposes.contains(&oid::ANY_EXTENDED_KEY_USAGE)
            // The signer of an OCSP response needs nothing of its CA but that CA's word (RFC 6960, section 4.2.2.2).
            && self.request.purpose != Purpose::OcspSigning
        {
            findings.add(Rule::PurposeMismatch, None, || {
                let purpose = &self.request.purpose;
                format!("the CA may issue only for {}, not for {purpose}", listed(&purposes))
            });
        }
        let child = certificates[index - 1];
        if let (Ok(Some(named)), Ok(Some(own))) =
            (child.authority_key_id(), authority.subject_key_id())
            && named.key_id.is_some_and(|named| named != own)
        {
            findings.add(Rule::AuthorityKeyIdMismatch, None, || {
                "its subject key identifier is not the one that the certificate below names".into()
            });
        }
    }

    /// What the end certificate must be: for the names, for the purpose.
    fn end_certificate(&self) -> Vec<Finding> {
        let certificate = self.certificates[0];
        let mut findings = Findings::new(&self.request.profile, 0);
        for name in &self.request.names {
            match name.find(certificate, self.request.profile.takes_common_name()) {
                Presented::Found => {}
                Presented::FoundInSubject => findings.add(Rule::CommonNameUsed, None, || {
                    format!("{name} stands only in its subject, not in its alternative names")
                }),
                Presented::Unreadable => findings.add(Rule::NameMismatch, None, || {
                    format!("its names cannot be read, so it is not for {name}")
                }),
                Presented::Missing { others, common_names } => {
                    findings.add(Rule::NameMismatch, None, || {
                        mismatch(&name.to_string(), &others, &common_names)
                    });
                }
            }
        }
        self.purpose(certificate, &mut findings);
        findings.into_list()
    }

    fn purpose(&self, certificate: &Certificate<'_>, findings: &mut Findings<'_>) {
        let purpose = &self.request.purpose;
        if let Some(wanted) = purpose.oid() {
            let must_be_named = matches!(purpose, Purpose::TimeStamping | Purpose::OcspSigning);
            match certificate.extended_key_usage() {
                Ok(Some(named)) => {
                    let any = named.contains(&oid::ANY_EXTENDED_KEY_USAGE);
                    if !named.contains(&wanted) && (must_be_named || !any) {
                        findings.add(Rule::PurposeMismatch, None, || {
                            format!("it is for {}, not for {purpose}", listed(&named))
                        });
                    }
                }
                Ok(None) if must_be_named => findings.add(Rule::PurposeMismatch, None, || {
                    format!("it does not say that it is for {purpose}")
                }),
                // What cannot be read is told already.
                _ => {}
            }
        }
        if let Ok(Some(usage)) = certificate.key_usage() {
            let fits = match purpose {
                Purpose::ServerAuth => {
                    usage.digital_signature() || usage.key_encipherment() || usage.key_agreement()
                }
                Purpose::ClientAuth => usage.digital_signature() || usage.key_agreement(),
                Purpose::CodeSigning
                | Purpose::OcspSigning
                | Purpose::TimeStamping
                | Purpose::DocumentSigning => usage.digital_signature() || usage.non_repudiation(),
                Purpose::Email => {
                    usage.digital_signature()
                        || usage.non_repudiation()
                        || usage.key_encipherment()
                        || usage.key_agreement()
                }
                Purpose::Any | Purpose::Other(_) => true,
            };
            if !fits {
                findings.add(Rule::KeyUsageMismatch, None, || {
                    let names: Vec<_> = usage.names().collect();
                    format!("its key is for {}, which {purpose} cannot use", names.join(", "))
                });
            }
        }
    }

    fn depth(&self, path: &[Link], last: usize, all: &mut Vec<Finding>) {
        let Some(limit) = self.request.max_depth else { return };
        let count = path
            .iter()
            .skip(1)
            .filter(|link| match link {
                Link::Certificate(index) => !self.certificates[*index].is_self_issued(),
                Link::Anchor(_) => false,
            })
            .count();
        if count > limit {
            let detail = format!("the path has {count} intermediates; {limit} are allowed");
            all.push(self.finding(Rule::MaxDepth, last, detail));
        }
    }

    /// What the decision to trust an anchor is limited to.
    fn anchor_limits(
        &self,
        anchor: usize,
        index: usize,
        certificates: &[&Certificate<'_>],
        all: &mut Vec<Finding>,
    ) {
        let limits = self.request.anchors.anchor(anchor).limits();
        let purpose = &self.request.purpose;
        let index = index.min(certificates.len() - 1);
        if !limits.purposes.is_empty()
            && !limits.purposes.contains(purpose)
            && !limits.purposes.contains(&Purpose::Any)
        {
            let detail = format!("the anchor is not trusted for {purpose}");
            all.push(self.finding(Rule::AnchorNotForPurpose, index, detail));
        }
        if let Some(after) = limits.distrust_after
            && certificates[0].not_before() > after
        {
            let detail = format!(
                "the anchor is trusted for certificates from before {after}; this one is from {}",
                certificates[0].not_before()
            );
            all.push(self.finding(Rule::AnchorDistrusted, index, detail));
        }
        if let Some(limit) = limits.path_length {
            let between = intermediates(certificates, certificates.len());
            if between > limit as usize {
                let detail =
                    format!("the anchor may be followed by {limit} intermediates, not {between}");
                all.push(self.finding(Rule::PathTooLong, index, detail));
            }
        }
    }

    fn policies(&mut self, path: &[&'r Certificate<'r>], all: &mut Vec<Finding>) -> Vec<Box<[u8]>> {
        let (rule, index, detail) =
            match process(path, &self.request.policies, &mut self.budget.comparisons) {
                Ok(policies) => return policies,
                // Told already.
                Err(PolicyFault::Unreadable) => return Vec::new(),
                Err(PolicyFault::NoneValid { certificate }) => (
                    Rule::ExplicitPolicy,
                    certificate,
                    "an explicit policy is required, and none is valid up to here".to_owned(),
                ),
                Err(PolicyFault::AnyMapped { certificate }) => (
                    Rule::InvalidPolicyMapping,
                    certificate,
                    "it maps a policy to or from the wild card".to_owned(),
                ),
                Err(PolicyFault::Budget { certificate }) => {
                    (Rule::Budget, certificate, "it has too many policies".to_owned())
                }
            };
        all.push(self.finding(rule, index, detail));
        Vec::new()
    }
}

/// How many intermediates that are not self-issued stand between the end certificate and the certificate at `index`.
fn intermediates(certificates: &[&Certificate<'_>], index: usize) -> usize {
    certificates[..index].iter().skip(1).filter(|one| !one.is_self_issued()).count()
}

/// Purposes in words.
fn listed(purposes: &[Oid<'_>]) -> String {
    if purposes.is_empty() {
        return "nothing".to_owned();
    }
    let names: Vec<String> = purposes.iter().map(|one| Purpose::of(*one).to_string()).collect();
    names.join(", ")
}

/// What a certificate is for instead.
fn mismatch(name: &str, others: &[String], common_names: &[String]) -> String {
    const MOST: usize = 10;
    let list = |names: &[String]| {
        let mut text = names
            .iter()
            .take(MOST)
            .map(|name| name.strip_prefix("dns:").unwrap_or(name))
            .collect::<Vec<_>>()
            .join(", ");
        if names.len() > MOST {
            let _ = write!(text, " and {} more", names.len() - MOST);
        }
        text
    };
    let wanted = name.strip_prefix("dns:").unwrap_or(name);
    match (others, common_names) {
        ([], []) => format!("the certificate is valid for no name, not for {wanted}"),
        ([], common) => format!(
            "the certificate has no alternative names, only the common name {}, which does not count for {wanted}",
            list(common)
        ),
        (others, _) => format!("the certificate is valid for {}, not for {wanted}", list(others)),
    }
}

/// A time span in words.
fn distance(seconds: i64) -> String {
    let (count, unit) = match seconds {
        0..120 => (seconds, "second"),
        120..7200 => (seconds / 60, "minute"),
        7200..172_800 => (seconds / 3600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}
