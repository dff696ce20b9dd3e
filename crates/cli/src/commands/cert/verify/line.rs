//! A line of a batch: a JSON object with the options of `verify`.

use super::question::{Question, oids, with_rules};
use crate::{
    args::cert::judge::rule,
    commands::{
        cert::moment::moment,
        judgement::{Fault, Source, apart, each, one, stores},
    },
};
use ravelin_trust::{Name, PolicyInput, Profile, Purpose, revocation::RevocationPolicy};
use serde::Deserialize;
use serde_json::Value;
use std::str::FromStr;

/// What a line may say. A missing value and null are the same.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    leaf: Option<String>,
    anchors: Option<Vec<String>>,
    intermediates: Option<Vec<String>>,
    crls: Option<Vec<String>>,
    ocsp: Option<Vec<String>>,
    staple: Option<String>,
    distrust: Option<Vec<String>>,
    system_roots: Option<bool>,
    bundled_roots: Option<bool>,
    profile: Option<String>,
    rules: Option<Vec<String>>,
    purpose: Option<String>,
    names: Option<Vec<String>>,
    time: Option<String>,
    revocation: Option<String>,
    no_crl: Option<bool>,
    no_ocsp: Option<bool>,
    max_depth: Option<usize>,
    policies: Option<Vec<String>>,
    explicit_policy: Option<bool>,
    inhibit_policy_mapping: Option<bool>,
    inhibit_any_policy: Option<bool>,
    online: Option<bool>,
}

/// Takes a line apart: what it calls itself, and its question.
pub fn read(line: &[u8]) -> (Value, Result<Question, Fault>) {
    let (id, written) = apart(line);
    let question = written
        .and_then(|written| question(written).map_err(|detail| Fault { kind: "usage", detail }));
    (id, question)
}

fn question(written: Written) -> Result<Question, String> {
    let leaf = written.leaf.ok_or("`leaf` is missing: which certificate?")?;
    let is = |flag: Option<bool>| flag.unwrap_or(false);
    // Who names no anchor at all trusts the platform; who gives an empty list trusts nobody.
    let has_anchors = written.anchors.is_some();
    let rules: Vec<_> = each("rules", written.rules, rule)?;
    let profile = one("profile", written.profile, Profile::from_str)?.unwrap_or_default();
    if is(written.system_roots) && is(written.bundled_roots) {
        return Err("`system_roots` and `bundled_roots` exclude each other".into());
    }
    Ok(Question {
        leaf: source("leaf".into(), leaf)?,
        stores: stores(is(written.system_roots), is(written.bundled_roots), has_anchors),
        anchors: sources("anchors", written.anchors)?,
        intermediates: sources("intermediates", written.intermediates)?,
        crls: sources("crls", written.crls)?,
        ocsp: sources("ocsp", written.ocsp)?,
        staple: written.staple.map(|text| source("staple".into(), text)).transpose()?,
        distrust: sources("distrust", written.distrust)?,
        profile: with_rules(profile, &rules),
        purpose: one("purpose", written.purpose, Purpose::from_str)?.unwrap_or(Purpose::ServerAuth),
        names: each("names", written.names, Name::parse)?,
        time: one("time", written.time, moment)?,
        revocation: one("revocation", written.revocation, RevocationPolicy::from_str)?
            .unwrap_or_default(),
        use_crls: !is(written.no_crl),
        use_ocsp: !is(written.no_ocsp),
        max_depth: written.max_depth,
        policies: PolicyInput {
            acceptable: oids(&written.policies.unwrap_or_default())?,
            explicit: is(written.explicit_policy),
            inhibit_mapping: is(written.inhibit_policy_mapping),
            inhibit_any: is(written.inhibit_any_policy),
        },
        online: is(written.online),
    })
}

fn sources(key: &str, texts: Option<Vec<String>>) -> Result<Vec<Source>, String> {
    let texts = texts.unwrap_or_default().into_iter().enumerate();
    texts.map(|(index, text)| source(format!("{key}[{index}]"), text)).collect()
}

fn source(name: String, text: String) -> Result<Source, String> {
    if text.contains("-----BEGIN") {
        Ok(Source::Text { name, pem: text })
    } else if text == "-" || text.is_empty() {
        // Standard input may be where the lines come from.
        Err(format!("`{name}` is neither PEM nor a path"))
    } else {
        Ok(Source::File(text.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::judgement::Store;

    fn read_text(text: &str) -> (Value, Result<Question, Fault>) {
        read(text.as_bytes())
    }

    fn fault(text: &str) -> (Value, &'static str, String) {
        let (id, question) = read_text(text);
        let fault = question.unwrap_err();
        (id, fault.kind, fault.detail)
    }

    #[test]
    fn null_and_missing_are_the_same() {
        let (id, question) = read_text(r#"{"leaf":"a.pem","anchors":null,"names":null,"id":null}"#);
        let question = question.unwrap();
        assert_eq!((id, question.stores), (Value::Null, vec![Store::System]));
        assert_eq!((question.names.len(), question.purpose), (0, Purpose::ServerAuth));
        assert_eq!(question.profile, Profile::INTEROP);
    }

    #[test]
    fn an_empty_list_of_anchors_trusts_nobody() {
        let (_, question) = read_text(r#"{"leaf":"a.pem","anchors":[]}"#);
        assert_eq!(question.unwrap().stores, []);
    }

    #[test]
    fn text_with_a_begin_is_pem_and_anything_else_a_path() {
        let (id, question) =
            read_text(r#"{"leaf":"x\n-----BEGIN CERTIFICATE-----","crls":["c.crl"],"id":[1]}"#);
        let question = question.unwrap();
        assert_eq!(id, serde_json::json!([1]));
        assert!(matches!(question.leaf, Source::Text { .. }));
        assert_eq!(question.crls, [Source::File("c.crl".into())]);
        assert_eq!(fault(r#"{"leaf":"-"}"#).1, "usage");
    }

    #[test]
    fn faults_keep_the_id_and_name_the_key() {
        let (id, kind, detail) = fault(r#"{"leaf":"a","id":"x","names":["a.example"]}"#);
        assert_eq!((id, kind), ("x".into(), "usage"));
        assert!(detail.starts_with("`names`: `a.example` is no name"), "{detail}");
        for (line, kind, words) in [
            ("", "json", "EOF"),
            ("[]", "json", "no JSON object"),
            ("{", "json", "line 1"),
            ("{}", "usage", "`leaf` is missing"),
            (r#"{"leaf":"a","anchor":[]}"#, "usage", "unknown field `anchor`"),
            (r#"{"leaf":"a","profile":"x"}"#, "usage", "there is no profile `x`"),
            (r#"{"leaf":"a","max_depth":-1}"#, "usage", "-1"),
            (r#"{"leaf":"a","rules":["budget=off"]}"#, "usage", "stays on"),
            (r#"{"leaf":"a","system_roots":true,"bundled_roots":true}"#, "usage", "exclude"),
        ] {
            let (_, found, detail) = fault(line);
            assert!(found == kind && detail.contains(words), "{line}: {found} {detail}");
        }
        let (id, question) = read(b"{\"leaf\":\"\xff\"}");
        assert_eq!((id, question.unwrap_err().kind), (Value::Null, "json"));
    }
}
