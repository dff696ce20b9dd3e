//! What is known about the revocation of a path's certificates, and what the policy makes of it.

use super::{Link, Search};
use crate::{
    Certificate, Purpose, Request,
    evaluation::Wanted,
    name::DistinguishedName,
    revocation::{
        Determination, Evidence, Issuer, Options, RevocationPolicy, RevocationStatus,
        SignerPurpose, Signers, determine,
    },
    rule::{Level, Rule},
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
        let supplied =
            self.request.crls.len() + self.request.ocsp.len() + self.request.stapled.len();
        let signers_known: Vec<Certificate<'_>> = if supplied > 0 {
            self.certificates.iter().map(|one| one.borrowed()).collect()
        } else {
            Vec::new()
        };
        for index in 0..path.len() {
            let Some(certificate) = self.certificate(path[index]) else { continue };
            let is_anchor = matches!(path[index], Link::Anchor(_));
            let above = path.get(index + 1).copied().unwrap_or(path[index]);
            let issuer = Issuer {
                name: self.name_of(above),
                key_info: self.key_info(above),
                certificate: self.certificate(above),
            };
            // A stapled response is about the end certificate, but RFC 6961 lets servers send others along.
            let evidence = Evidence {
                crls: &self.request.crls,
                stapled: &self.request.stapled,
                ocsp: &self.request.ocsp,
                intermediates: &signers_known,
            };
            let options = Options {
                use_crl: self.request.use_crls,
                use_ocsp: self.request.use_ocsp && !self.about_signer,
                strict_crl: self.request.profile.level(Rule::CrlForm) == Level::Error,
                weak_signatures: self.request.profile.level(Rule::Sha1Signature) != Level::Error,
                ..Options::new(self.request.time)
            };
            let mut signers =
                PathSigners { request: self.request, anchor, about_signer: self.about_signer };
            // Many paths may lead over the same two certificates: what is known of them is found out once.
            let known_already = self.determined.entry((path[index], above, anchor));
            let found = known_already
                .or_insert_with(|| {
                    determine(certificate, &issuer, &evidence, &options, &mut signers)
                })
                .clone();
            // Nobody but itself could tell of an anchor; only that it is revoked counts.
            if is_anchor && !matches!(found.status, RevocationStatus::Revoked { .. }) {
                continue;
            }
            let detail = detail(&found);
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
            if sound {
                for location in found.wanted {
                    self.want(Wanted::of(&location, certificate, &issuer));
                }
            }
            known.push(CertificateRevocation {
                certificate: index,
                status: found.status,
                source: found.source,
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
            && self.request.stapled.is_empty()
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

/// How it came to what is known, in a sentence.
fn detail(found: &Determination) -> String {
    let mut detail = match (found.status, found.source) {
        (RevocationStatus::Revoked { reason, time }, source) => {
            let reason = reason.map_or_else(String::new, |reason| format!(" ({reason})"));
            let by = source.map_or_else(String::new, |source| format!(", says {source}"));
            format!("it was revoked on {time}{reason}{by}")
        }
        (RevocationStatus::Good, Some(source)) => format!("it is not revoked, says {source}"),
        (RevocationStatus::Good, None) => "it is not revoked".to_owned(),
        (RevocationStatus::Undetermined, _) => {
            "whether it is revoked could not be determined".to_owned()
        }
        (RevocationStatus::NoInformation, _) => "nobody publishes whether it is revoked".to_owned(),
    };
    for note in &found.notes {
        detail.push_str("; ");
        detail.push_str(&note.to_string());
    }
    detail
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
        request.stapled = Vec::new();
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
