//! Names of a path within the name spaces of the CAs above them (RFC 5280, section 6.1.3 (b) and (c)).

use super::{Link, Search};
use crate::{
    Anchor, Certificate,
    certificate::{GeneralName, NameConstraints},
    name::{
        constraints::{Violation, check},
        dns_syntax_fault,
    },
    rule::Rule,
    verdict::Finding,
};
use std::net::IpAddr;

impl<'r> Search<'r> {
    pub(super) fn name_spaces(
        &mut self,
        path: &[Link],
        certificates: &[&'r Certificate<'r>],
        all: &mut Vec<Finding>,
    ) {
        for (above, authority) in certificates.iter().enumerate().skip(1) {
            // What cannot be read is told already.
            if let Ok(Some(constraints)) = authority.name_constraints() {
                self.below(&constraints, &certificates[..above], all);
            }
        }
        let limits = path.last().and_then(|link| self.anchor(*link)).map(Anchor::limits);
        if let Some(bytes) = limits.and_then(|limits| limits.name_constraints.as_deref()) {
            let below = certificates.len()
                - usize::from(certificates.len() == path.len() && path.len() > 1);
            match NameConstraints::read(bytes) {
                Ok(constraints) => self.below(&constraints, &certificates[..below], all),
                Err(error) => all.push(self.finding(
                    Rule::NameNotComparable,
                    0,
                    format!("the anchor's name space cannot be read: {error}"),
                )),
            }
        }
    }

    /// Judges everything below one CA.
    fn below(
        &mut self,
        constraints: &NameConstraints<'_>,
        certificates: &[&Certificate<'_>],
        all: &mut Vec<Finding>,
    ) {
        for (index, certificate) in certificates.iter().enumerate() {
            // A CA that renews its key stays who it is; the end certificate is always judged.
            if index > 0 && certificate.is_self_issued() {
                continue;
            }
            let host = (index == 0).then(|| self.host_in_subject(certificate)).flatten();
            let names = names_of(certificate).chain(host.as_ref().map(Host::as_name));
            let violation = check(constraints, names, &mut self.budget.comparisons);
            let Err(violation) = violation else { continue };
            let (rule, detail) = match violation {
                Violation::NotPermitted { name } => {
                    (Rule::NotPermittedName, format!("a CA above may not issue for {name}"))
                }
                Violation::Excluded { name, base } => (
                    Rule::ExcludedName,
                    format!("a CA above may not issue for {name}: {base} is excluded"),
                ),
                Violation::NotComparable { name, base } => (
                    Rule::NameNotComparable,
                    format!("{name} cannot be compared with a CA's constraint {base}"),
                ),
                // Why, the check of the CA by itself tells; a profile may think little of that, but then nobody knows what is
                // allowed.
                Violation::Unreadable => (
                    Rule::NameNotComparable,
                    "its names cannot be compared with a CA's constraints that cannot be read"
                        .to_owned(),
                ),
                Violation::Budget => (
                    Rule::Budget,
                    "it has too many names for a CA with so many name constraints".to_owned(),
                ),
            };
            all.push(match rule {
                Rule::NameNotComparable => Self::broken(rule, index, detail),
                _ => self.finding(rule, index, detail),
            });
        }
    }
}

/// A common name that counts as a host's.
enum Host {
    Dns(String),
    Ip(Vec<u8>),
}

impl Host {
    fn as_name(&self) -> GeneralName<'_> {
        match self {
            Host::Dns(name) => GeneralName::Dns(name.as_bytes()),
            Host::Ip(bytes) => GeneralName::Ip(bytes),
        }
    }
}

impl Search<'_> {
    /// Where a common name counts in place of a host's alternative names, constraints on hosts hold for it, or they could
    /// be passed by leaving out the alternative names.
    fn host_in_subject(&self, certificate: &Certificate<'_>) -> Option<Host> {
        let names = certificate.subject_alt_names().ok().flatten();
        let is_host = |name: &GeneralName<'_>| {
            matches!(name, GeneralName::Dns(_) | GeneralName::Ip(_) | GeneralName::Uri(_))
        };
        if !self.request.profile.takes_common_name()
            || names.is_some_and(|names| names.flatten().any(|name| is_host(&name)))
        {
            return None;
        }
        let common = certificate.subject().common_names().last()?;
        match common.parse::<IpAddr>() {
            Ok(IpAddr::V4(address)) => Some(Host::Ip(address.octets().to_vec())),
            Ok(IpAddr::V6(address)) => Some(Host::Ip(address.octets().to_vec())),
            // What is no host's name matches no host that is asked for.
            Err(_) => {
                let bare = common.strip_prefix("*.").unwrap_or(&common).as_bytes();
                dns_syntax_fault(bare, true).is_none().then(|| Host::Dns(common.into_owned()))
            }
        }
    }
}

/// All names of a certificate that constraints apply to: its subject, its alternative names, and mailboxes in its subject
/// where it has no alternative names (section 4.2.1.10).
fn names_of<'a>(certificate: &'a Certificate<'_>) -> impl Iterator<Item = GeneralName<'a>> {
    let subject = certificate.subject();
    let alternative = certificate.subject_alt_names().ok().flatten();
    let in_subject =
        alternative.is_none().then(|| subject.email_addresses().map(GeneralName::Email));
    let directory = (!subject.is_empty()).then_some(GeneralName::Directory(subject));
    let alternative = alternative.into_iter().flatten().filter_map(Result::ok);
    directory.into_iter().chain(alternative).chain(in_subject.into_iter().flatten())
}
