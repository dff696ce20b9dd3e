//! A line of a batch: a JSON object with the options of `verify`.

use super::question::{Judging, Question, Whose, files, settings, stores, trust_profile};
use crate::commands::{
    cert::moment::moment,
    judgement::{Fault, apart, each, one},
    xml::words,
};
use ravelin_trust::{Profile as TrustProfile, revocation::RevocationPolicy};
use serde::Deserialize;
use serde_json::Value;
use std::{collections::BTreeMap, path::PathBuf, str::FromStr};

/// What a line may say. A missing value and null are the same. Every file is a path.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    document: Option<PathBuf>,
    profile: Option<String>,
    trust_profile: Option<String>,
    trusted: Option<Vec<PathBuf>>,
    added: Option<Vec<PathBuf>>,
    system_roots: Option<bool>,
    crls: Option<Vec<PathBuf>>,
    ocsp: Option<Vec<PathBuf>>,
    revocation: Option<String>,
    references: Option<String>,
    time: Option<String>,
    detached: Option<BTreeMap<String, PathBuf>>,
    id_attribute: Option<Names>,
    key: Option<PathBuf>,
    hmac_key: Option<PathBuf>,
    embedded_key: Option<bool>,
    allow: Option<Vec<String>>,
    signature: Option<String>,
    online: Option<bool>,
}

/// One name or several.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Names {
    One(String),
    Several(Vec<String>),
}

/// Takes a line apart: what it calls itself, and its question.
pub fn read(line: &[u8]) -> (Value, Result<Question, Fault>) {
    let (id, written) = apart(line);
    let question = written
        .and_then(|written| question(written).map_err(|detail| Fault { kind: "usage", detail }));
    (id, question)
}

fn question(written: Written) -> Result<Question, String> {
    let is = |flag: Option<bool>| flag.unwrap_or(false);
    let Some(document) = written.document.clone() else {
        return Err("`document` is missing: which document?".into());
    };
    if let Some(word) = no_path(&written) {
        return Err(format!("`{word}` is no path"));
    }
    let detached = written.detached.unwrap_or_default();

    let profile = one("profile", written.profile, words::profile)?.unwrap_or_default();
    let mut settings = settings(profile, &written.allow.unwrap_or_default())
        .map_err(|error| format!("`allow`: {error}"))?;
    settings.signature = one("signature", written.signature, words::choice)?.unwrap_or_default();
    settings.references =
        one("references", written.references, words::references)?.unwrap_or_default();
    let names = written.id_attribute.map(|names| match names {
        Names::One(name) => vec![name],
        Names::Several(names) => names,
    });
    if names.is_some() {
        settings.id_attributes = each("id_attribute", names, words::id_attribute)?;
    }

    let embedded = is(written.embedded_key);
    let keys = [written.key.is_some(), written.hmac_key.is_some(), embedded].map(usize::from);
    if keys.iter().sum::<usize>() > 1 {
        return Err("`key`, `hmac_key` and `embedded_key` exclude each other".into());
    }
    let trust = one("trust_profile", written.trust_profile, TrustProfile::from_str)?;
    let judging = Judging {
        trusted: files(&written.trusted.unwrap_or_default()),
        stores: stores(is(written.system_roots)),
        added: files(&written.added.unwrap_or_default()),
        crls: files(&written.crls.unwrap_or_default()),
        ocsp: files(&written.ocsp.unwrap_or_default()),
        profile: trust.unwrap_or_else(|| trust_profile(profile)),
        revocation: one("revocation", written.revocation, RevocationPolicy::from_str)?
            .unwrap_or_default(),
        time: one("time", written.time, moment)?,
    };
    let whose = match (written.key, written.hmac_key) {
        (Some(file), _) => Whose::Key(file),
        (None, Some(file)) => Whose::Secret(file),
        (None, None) if embedded => Whose::Embedded,
        (None, None) => Whose::Judged(Box::new(judging)),
    };
    Ok(Question {
        document,
        settings,
        whose,
        detached: detached.into_iter().collect(),
        online: is(written.online),
    })
}

/// The first value that should be a path and cannot be one. Standard input may be where the lines come from.
fn no_path(written: &Written) -> Option<String> {
    let lists = [&written.trusted, &written.added, &written.crls, &written.ocsp];
    let lists = lists.into_iter().flatten().flatten();
    let single = [&written.document, &written.key, &written.hmac_key].into_iter().flatten();
    let detached = written.detached.iter().flat_map(BTreeMap::values);
    let mut named = lists.chain(single).chain(detached);
    let bad = named.find(|path| path.as_os_str().is_empty() || path.as_os_str() == "-")?;
    Some(bad.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ravelin_xmldsig::verify::{Choice, Profile, ReferencesValidation, Settings};

    fn asked(line: &str) -> Question {
        read(line.as_bytes()).1.unwrap()
    }

    fn fault(line: &str) -> (Value, &'static str, String) {
        let (id, question) = read(line.as_bytes());
        let fault = question.unwrap_err();
        (id, fault.kind, fault.detail)
    }

    #[test]
    fn null_and_missing_are_the_same() {
        let question = asked(r#"{"document":"a.xml","trusted":null,"key":null,"detached":null}"#);
        let Whose::Judged(judging) = &question.whose else { panic!("{question:?}") };
        assert_eq!((judging.trusted.len(), judging.stores.len()), (0, 0));
        assert_eq!(judging.profile, TrustProfile::INTEROP);
        let default = Settings::default();
        assert_eq!(question.settings.id_attributes, default.id_attributes);
        assert_eq!(question.settings.signature, Choice::Last);
    }

    #[test]
    fn air_judges_as_the_legacy_profile_does_unless_told() {
        for (line, profile) in [
            (r#"{"document":"a","profile":"air"}"#, TrustProfile::LEGACY),
            (r#"{"document":"a","profile":"air","trust_profile":"webpki"}"#, TrustProfile::WEBPKI),
        ] {
            let question = asked(line);
            let Whose::Judged(judging) = &question.whose else { panic!("{question:?}") };
            assert_eq!((question.settings.profile, &judging.profile), (Profile::Air, &profile));
        }
    }

    #[test]
    fn words_mean_what_they_mean_on_the_command_line() {
        let question = asked(
            r#"{"document":"a","references":"never","signature":"s1","id_attribute":["AssertionID"],
                "detached":{"a.txt":"b.txt"},"hmac_key":"k","allow":["legacy-sha1","xpath"]}"#,
        );
        assert_eq!(question.settings.references, ReferencesValidation::Never);
        assert_eq!(question.settings.signature, Choice::Id("s1".into()));
        assert_eq!(question.settings.id_attributes, ["AssertionID"]);
        assert_eq!(question.detached, [("a.txt".to_owned(), PathBuf::from("b.txt"))]);
        assert!(matches!(&question.whose, Whose::Secret(file) if file.as_os_str() == "k"));
    }

    #[test]
    fn faults_keep_the_id_and_name_the_key() {
        for (line, kind, words) in [
            ("[]", "json", "no JSON object"),
            ("{}", "usage", "`document` is missing"),
            (r#"{"document":"-"}"#, "usage", "`-` is no path"),
            (r#"{"document":"a","trusted":[""]}"#, "usage", "`` is no path"),
            (r#"{"document":"a","anchors":[]}"#, "usage", "unknown field `anchors`"),
            (r#"{"document":"a","allow":["xslt"]}"#, "usage", "`allow`: `xslt` cannot be allowed"),
            (r#"{"document":"a","profile":"x"}"#, "usage", "`profile`: there is no profile `x`"),
            (r#"{"document":"a","key":"k","embedded_key":true}"#, "usage", "exclude each other"),
        ] {
            let (_, found, detail) = fault(line);
            assert!(found == kind && detail.contains(words), "{line}: {found} {detail}");
        }
        assert_eq!(fault(r#"{"id":7}"#).0, Value::from(7));
    }
}
