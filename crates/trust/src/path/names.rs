//! Names of a path within the name spaces of the CAs above them (RFC 5280, section 6.1.3 (b) and (c)).

use super::{Link, Search};
use crate::{
    Certificate,
    certificate::{GeneralName, NameConstraints},
    name::constraints::{Violation, check},
    rule::Rule,
    verdict::Finding,
};

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
        let limits = path.last().and_then(|link| self.anchor(*link)).map(|anchor| anchor.limits());
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
            let names = names_of(certificate);
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
