//! Who may have issued a certificate.

use super::{Link, Search};
use crate::Certificate;

/// A possible issuer.
pub(super) struct Candidate {
    pub(super) link: Link,
    /// Whether both say which key it was, and do not agree.
    pub(super) identifier_differs: bool,
    /// The lowest is tried first.
    rank: (bool, bool, u8, bool),
}

impl Search<'_> {
    /// Who has the name of the certificate's issuer, the most promising first: valid now, a CA, the right key
    /// identifier, an anchor. Whoever is on the path already is left out.
    pub(super) fn candidates(&mut self, current: usize, path: &[Link]) -> Vec<Candidate> {
        let certificate = self.certificates[current];
        let issuer = certificate.issuer();
        let canonical = issuer.canonical();
        let wanted = certificate.authority_key_id().ok().flatten().and_then(|one| one.key_id);
        let anchors = self.request.anchors;
        let mut found: Vec<Candidate> = anchors
            .named(&canonical)
            .iter()
            .filter(|index| self.allows(**index))
            .map(|index| {
                let own = anchors.anchor(*index).as_certificate();
                self.candidate(
                    Link::Anchor(*index),
                    own.map(|one| -> &Certificate<'_> { one }),
                    wanted,
                )
            })
            .collect();
        for index in 0..self.certificates.len() {
            let other = self.certificates[index];
            let same_name = other.subject().der() == issuer.der()
                || self.subjects[index].get_or_insert_with(|| other.subject().canonical().into())[..]
                    == canonical[..];
            if !same_name || self.is_on(path, other) {
                continue;
            }
            // The anchor itself is there already.
            let is_anchor = found
                .iter()
                .any(|one| self.certificate(one.link).is_some_and(|anchor| anchor == other));
            if !is_anchor {
                found.push(self.candidate(Link::Certificate(index), Some(other), wanted));
            }
        }
        found.sort_by_key(|one| one.rank);
        found
    }

    /// Whether the path leads through this name and key already (RFC 4158, section 5.2).
    fn is_on(&self, path: &[Link], other: &Certificate<'_>) -> bool {
        path.iter().any(|link| {
            self.key_info(*link) == other.public_key_info()
                && self.certificate(*link).is_some_and(|one| one.subject() == other.subject())
        })
    }

    fn candidate(
        &self,
        link: Link,
        certificate: Option<&Certificate<'_>>,
        wanted: Option<&[u8]>,
    ) -> Candidate {
        let own = certificate.and_then(|one| one.subject_key_id().ok().flatten());
        let identifier = match (wanted, own) {
            (Some(wanted), Some(own)) if wanted == own => 0,
            (Some(_), Some(_)) => 2,
            _ => 1,
        };
        let time = self.request.time;
        let in_time =
            certificate.is_none_or(|one| one.not_before() <= time && time <= one.not_after());
        let ca = certificate
            .is_none_or(|one| one.basic_constraints().ok().flatten().is_some_and(|basic| basic.ca));
        let is_anchor = matches!(link, Link::Anchor(_));
        Candidate {
            link,
            identifier_differs: identifier == 2,
            rank: (!in_time, !ca && !is_anchor, identifier, !is_anchor),
        }
    }
}
