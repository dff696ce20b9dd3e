//! What is known about the revocation of a path's certificates, and what the policy makes of it.

use super::{Link, Search};
use crate::{
    Certificate, Purpose, Request,
    name::DistinguishedName,
    revocation::{
        Evidence, Issuer, Options, RevocationPolicy, RevocationStatus, SignerPurpose, Signers,
        determine,
    },
    rule::Rule,
    verdict::{CertificateRevocation, Finding, Status},
};

impl<'r> Search<'r> {
    /// `sound`: whether nothing else speaks against the path, so that it is worth asking for more evidence.
    pub(super) fn revocation(
        &mut self,
        path: &[Link],
        anchor: usize,
        sound: bool,
        all: &mut Vec<Finding>,
    ) -> Vec<CertificateRevocation> {
        let policy = self.request.revocation;
        if policy == RevocationPolicy::Never {
            return Vec::new();
        }
        let mut known = Vec::new();
        for index in 0..path.len() {
            let Some(certificate) = self.certificate(path[index]) else { continue };
            let is_anchor = matches!(path[index], Link::Anchor(_));
            let above = path.get(index + 1).copied().unwrap_or(path[index]);
            let issuer = Issuer {
                name: self.name_of(above),
                key_info: self.key_info(above),
                certificate: self.certificate(above),
            };
            let evidence = Evidence {
                crls: &self.request.crls,
                ocsp: &self.request.ocsp,
                certificates: &self.certificates,
            };
            let options = Options {
                time: self.request.time,
                use_crls: self.request.use_crls,
                use_ocsp: self.request.use_ocsp && !self.about_signer,
            };
            let mut signers =
                PathSigners { request: self.request, anchor, about_signer: self.about_signer };
            let found = determine(certificate, &issuer, &evidence, &options, &mut signers);
            // Nobody but itself could tell of an anchor; only that it is revoked counts.
            if is_anchor && !matches!(found.status, RevocationStatus::Revoked { .. }) {
                continue;
            }
            let detail = found.detail();
            let rule = match found.status {
                RevocationStatus::Good => None,
                RevocationStatus::Revoked { .. } => Some(Rule::Revoked),
                RevocationStatus::Undetermined => Some(match policy {
                    RevocationPolicy::RequiredIfInfoAvailable
                    | RevocationPolicy::AlwaysRequired => Rule::RevocationUnknown,
                    _ => Rule::RevocationUndetermined,
                }),
                RevocationStatus::NoInformation => {
                    (policy == RevocationPolicy::AlwaysRequired).then_some(Rule::RevocationUnknown)
                }
            };
            if let Some(rule) = rule {
                all.push(self.finding(rule, index, detail.clone()));
            }
            if sound && matches!(found.status, RevocationStatus::Undetermined) {
                for location in found.wanted {
                    if !self.wanted.contains(&location) {
                        self.wanted.push(location);
                    }
                }
            }
            known.push(CertificateRevocation {
                certificate: index,
                status: found.status,
                source: found.source.map(crate::revocation::Source::word),
                detail,
            });
        }
        self.staple(all);
        known
    }

    /// RFC 7633: a certificate may promise that its server staples a response.
    fn staple(&self, all: &mut Vec<Finding>) {
        const STATUS_REQUEST: u64 = 5;
        let certificate = self.certificates[0];
        let promised = certificate
            .tls_features()
            .is_ok_and(|features| features.is_some_and(|list| list.contains(&STATUS_REQUEST)));
        if promised
            && self.request.in_handshake
            && self.request.purpose == Purpose::ServerAuth
            && self.request.ocsp.is_empty()
        {
            let detail = "it promises a stapled OCSP response, and the server sent none".to_owned();
            all.push(self.finding(Rule::MustStaple, 0, detail));
        }
    }

    fn name_of(&self, link: Link) -> DistinguishedName<'r> {
        match link {
            Link::Certificate(index) => self.certificates[index].subject(),
            Link::Anchor(index) => self.request.anchors.anchor(index).name(),
        }
    }
}

/// Judges signers of CRLs and OCSP responses with the same engine: they must lead to the anchor of the path that they
/// speak about (RFC 5280, section 6.3.3 (f)).
struct PathSigners<'s> {
    request: &'s Request<'s>,
    anchor: usize,
    about_signer: bool,
}

impl Signers for PathSigners<'_> {
    fn trusts(
        &mut self,
        certificate: &Certificate<'_>,
        purpose: SignerPurpose,
    ) -> Result<(), String> {
        // Whoever signs for a signer is not asked for signers of his own: that would go round.
        if self.about_signer {
            return Err("its signer would need another signer's word".into());
        }
        let mut request = self.request.clone();
        request.certificate = certificate.borrowed();
        request.names = Vec::new();
        request.policies = crate::PolicyInput::default();
        request.in_handshake = false;
        request.use_ocsp = false;
        request.purpose = match purpose {
            SignerPurpose::CrlSign => Purpose::Any,
            SignerPurpose::OcspSign => Purpose::OcspSigning,
        };
        if certificate.has_ocsp_no_check() && purpose == SignerPurpose::OcspSign {
            request.revocation = RevocationPolicy::Never;
        } else {
            request.revocation = RevocationPolicy::BestEffort;
        }
        let mut search = Search::new(&request, &[], Some(self.anchor), true);
        search.run();
        let verdict = search.finish().verdict;
        if verdict.status() == Status::Trusted {
            return Ok(());
        }
        let why = verdict.findings().iter().find(|finding| finding.status().is_some());
        Err(why.map_or_else(|| verdict.status().to_string(), |finding| finding.detail.clone()))
    }
}
