//! What is asked about a certificate, as typed or as a line of a batch.

use crate::{
    args::cert::judge::VerifyArgs,
    commands::judgement::{Source, Store, stores},
};
use ravelin_trust::{
    Level, Name, PolicyInput, Profile, Purpose, Rule, Time, der, revocation::RevocationPolicy,
};
use std::path::PathBuf;

/// A question about one certificate.
#[derive(Clone, Debug)]
pub struct Question {
    /// The certificate, with intermediates behind it.
    pub leaf: Source,
    /// What is trusted besides the stores.
    pub anchors: Vec<Source>,
    /// The public lists that are trusted.
    pub stores: Vec<Store>,
    /// Certificates that paths may lead through.
    pub intermediates: Vec<Source>,
    /// CRLs.
    pub crls: Vec<Source>,
    /// OCSP responses.
    pub ocsp: Vec<Source>,
    /// The response that the server stapled.
    pub staple: Option<Source>,
    /// Certificates and keys that are never trusted.
    pub distrust: Vec<Source>,
    /// The rules.
    pub profile: Profile,
    /// What it is to be used for.
    pub purpose: Purpose,
    /// Names it must be for.
    pub names: Vec<Name>,
    /// When; without it, the present moment.
    pub time: Option<Time>,
    /// How much must be known about revocation.
    pub revocation: RevocationPolicy,
    /// Whether CRLs count.
    pub use_crls: bool,
    /// Whether OCSP responses count.
    pub use_ocsp: bool,
    /// The most intermediates.
    pub max_depth: Option<usize>,
    /// What is wanted of policies.
    pub policies: PolicyInput,
    /// Whether more may be fetched.
    pub online: bool,
}

impl Question {
    /// The question that was typed.
    ///
    /// # Errors
    /// When a policy is no OID.
    pub fn typed(args: &VerifyArgs, certificate: PathBuf) -> Result<Question, String> {
        let evidence = &args.evidence;
        let files = |paths: &[PathBuf]| paths.iter().cloned().map(Source::File).collect::<Vec<_>>();
        Ok(Question {
            leaf: Source::File(certificate),
            stores: stores(args.system_roots, args.bundled_roots, !evidence.anchors.is_empty()),
            anchors: files(&evidence.anchors),
            intermediates: files(&evidence.intermediates),
            crls: files(&evidence.crls),
            ocsp: files(&evidence.ocsp),
            staple: args.staple.clone().map(Source::File),
            distrust: files(&evidence.distrust),
            profile: with_rules(args.profile.clone(), &args.rules),
            purpose: args.purpose.clone(),
            names: args.names.clone(),
            time: args.time,
            revocation: args.revocation,
            use_crls: !args.no_crl,
            use_ocsp: !args.no_ocsp,
            max_depth: args.max_depth,
            policies: PolicyInput {
                acceptable: oids(&evidence.policies)?,
                explicit: args.explicit_policy,
                inhibit_mapping: args.inhibit_policy_mapping,
                inhibit_any: args.inhibit_any_policy,
            },
            online: args.online,
        })
    }
}

/// The profile with rules switched.
pub fn with_rules(profile: Profile, rules: &[(Rule, Level)]) -> Profile {
    rules.iter().fold(profile, |profile, (rule, level)| profile.with(*rule, *level))
}

/// Policies, encoded.
///
/// # Errors
/// When one is no OID.
pub fn oids(dotted: &[String]) -> Result<Vec<Box<[u8]>>, String> {
    let encode = |text: &String| {
        der::encode_oid(text)
            .map(Vec::into_boxed_slice)
            .ok_or_else(|| format!("`{text}` is no policy: write its OID, like 2.23.140.1.2.1"))
    };
    dotted.iter().map(encode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_oids() {
        assert_eq!(oids(&["2.5.29.32.0".into()]).unwrap(), [Box::from([0x55, 0x1d, 0x20, 0])]);
        assert!(oids(&["any".into()]).unwrap_err().contains("`any`"));
    }
}
