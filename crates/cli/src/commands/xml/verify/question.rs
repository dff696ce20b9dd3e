//! What is asked about a signature, as typed or as a line of a batch.

use crate::{
    args::xml::{SignatureProfile, VerifyArgs},
    commands::{
        judgement::{Source, Store},
        xml::{allow::Allow, words},
    },
};
use ravelin_trust::{Profile as TrustProfile, Time, revocation::RevocationPolicy};
use ravelin_xmldsig::verify::{Profile, Settings};
use std::path::PathBuf;

/// A question about one signature.
#[derive(Clone, Debug)]
pub struct Question {
    /// The document.
    pub document: PathBuf,
    /// How it is verified.
    pub settings: Settings,
    /// Whose signature counts.
    pub whose: Whose,
    /// What URIs stand for.
    pub detached: Vec<(String, PathBuf)>,
    /// Whether evidence about the signer may be fetched.
    pub online: bool,
}

/// Whose signature counts.
#[derive(Clone, Debug)]
pub enum Whose {
    /// That of a certificate, which is judged so.
    Judged(Box<Judging>),
    /// That of the key in this file: a certificate or a public key.
    Key(PathBuf),
    /// That of the secret which this file is.
    Secret(PathBuf),
    /// That of any key in the signature.
    Embedded,
}

/// How the signer's certificate is judged.
#[derive(Clone, Debug)]
pub struct Judging {
    /// What is trusted besides the stores.
    pub trusted: Vec<Source>,
    /// The public lists that are trusted.
    pub stores: Vec<Store>,
    /// Certificates that paths may lead through.
    pub added: Vec<Source>,
    /// CRLs.
    pub crls: Vec<Source>,
    /// OCSP responses.
    pub ocsp: Vec<Source>,
    /// The rules.
    pub profile: TrustProfile,
    /// How much must be known about revocation.
    pub revocation: RevocationPolicy,
    /// When; without it, the present moment.
    pub time: Option<Time>,
}

impl Question {
    /// The question that was typed.
    ///
    /// # Errors
    /// When a word means nothing.
    pub fn typed(args: &VerifyArgs, document: PathBuf) -> Result<Question, String> {
        let inputs = &args.inputs;
        let profile = match args.profile {
            SignatureProfile::Air => Profile::Air,
            SignatureProfile::Extended => Profile::Extended,
        };
        let mut settings = settings(profile, &inputs.allow)?;
        settings.signature = args.signature.clone();
        settings.references = args.references;
        let named: Vec<String> = all(&inputs.id_attributes, "--id-attribute", words::id_attribute)?;
        if !named.is_empty() {
            settings.id_attributes = named;
        }
        let whose = match (&args.key, &args.hmac_key) {
            (Some(file), _) => Whose::Key(file.clone()),
            (None, Some(file)) => Whose::Secret(file.clone()),
            (None, None) if args.embedded_key => Whose::Embedded,
            (None, None) => Whose::Judged(Box::new(Judging {
                trusted: files(&inputs.trusted),
                stores: stores(args.system_roots),
                added: files(&inputs.added),
                crls: files(&inputs.crls),
                ocsp: files(&inputs.ocsp),
                profile: args.trust_profile.clone().unwrap_or_else(|| trust_profile(profile)),
                revocation: args.revocation,
                time: args.time,
            })),
        };
        Ok(Question {
            document,
            settings,
            whose,
            detached: all(&inputs.detached, "--detached", words::detached)?,
            online: args.online,
        })
    }
}

/// The settings of a profile, with what is allowed by name.
///
/// # Errors
/// When a name cannot be allowed.
pub fn settings<N: AsRef<str>>(profile: Profile, allow: &[N]) -> Result<Settings, String> {
    let allow = Allow::named(allow)?;
    Ok(Settings {
        profile,
        allowed: allow.algorithms,
        doctype: allow.doctype,
        ..Settings::default()
    })
}

/// The rules that go with a profile of signatures.
pub fn trust_profile(profile: Profile) -> TrustProfile {
    match profile {
        Profile::Air => TrustProfile::LEGACY,
        Profile::Extended => TrustProfile::INTEROP,
    }
}

/// The public lists that are trusted: none unless it is said.
pub fn stores(system: bool) -> Vec<Store> {
    if system { vec![Store::System] } else { Vec::new() }
}

/// Paths as sources.
pub fn files(paths: &[PathBuf]) -> Vec<Source> {
    paths.iter().cloned().map(Source::File).collect()
}

fn all<T>(
    texts: &[String],
    option: &str,
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<Vec<T>, String> {
    texts.iter().map(|text| read(text).map_err(|error| format!("{option}: {error}"))).collect()
}
