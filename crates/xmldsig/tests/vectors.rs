//! All vectors of the corpus, through the library.

use ravelin_test::corpus;
use ravelin_trust::{
    Anchor, Anchors, Certificate, Profile as TrustProfile, Time,
    revocation::{Crl, RevocationPolicy},
};
use ravelin_xmldsig::{
    ErrorKind,
    algorithm::{Allowed, Switch, VerificationKey},
    verify::{
        Body, Choice, Dereference, DereferenceError, KeySource, Profile, ReferencesValidation,
        Report, Settings, SignatureStatus, SignedDocument, Trust, verify,
    },
    xml::Doctype,
};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    fmt::Write,
    fs::{self, File},
    io::BufReader,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Vectors whose expectation is not met, each with the reason. An unexpected success fails as an unexpected failure does.
const DEPARTURES: &str = include_str!("vectors-departures.txt");

fn manifest(folder: &Path) -> Value {
    serde_json::from_reader(BufReader::new(File::open(folder.join("manifest.json")).unwrap()))
        .unwrap()
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_else(|| panic!("{name} in {value}"))
}

fn strings<'v>(value: &'v Value, name: &str) -> Vec<&'v str> {
    value[name].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// What references stand for: some URIs by name, and perhaps files beside the document.
struct Files {
    named: Vec<(String, PathBuf)>,
    beside: Option<PathBuf>,
    asked: Vec<String>,
}

impl Dereference for Files {
    fn dereference(&mut self, uri: Option<&str>) -> Result<Body<'_>, DereferenceError> {
        let uri = uri.unwrap_or_default();
        self.asked.push(uri.to_owned());
        if uri.is_empty() || uri.starts_with('#') {
            return Ok(Body::SameDocument);
        }
        let named = self.named.iter().find(|(name, _)| name == uri).map(|(_, path)| path.clone());
        let beside =
            || self.beside.as_ref().filter(|_| !uri.contains(':')).map(|folder| folder.join(uri));
        let path = named.or_else(beside).ok_or_else(|| DereferenceError::not_found(uri))?;
        Ok(Body::from_reader(File::open(path)?))
    }
}

/// RFC 3339 with a zero offset.
fn time(text: &str) -> Time {
    let number = |range: std::ops::Range<usize>| text[range].parse::<u64>().unwrap();
    let (year, month, day) = (number(0..4), number(5..7), number(8..10));
    let years = (1970..year).map(|year| if is_leap(year) { 366 } else { 365 }).sum::<u64>();
    let lengths = [31, if is_leap(year) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let days =
        years + lengths.iter().zip(1..month).map(|(length, _)| length).sum::<u64>() + day - 1;
    let seconds = days * 86_400 + number(11..13) * 3600 + number(14..16) * 60 + number(17..19);
    Time::since_epoch(std::time::Duration::from_secs(seconds))
}

fn is_leap(year: u64) -> bool {
    (year.is_multiple_of(4) && !year.is_multiple_of(100)) || year.is_multiple_of(400)
}

fn certificate(path: &Path) -> Certificate<'static> {
    Certificate::parse(fs::read(path).unwrap()).unwrap().into_owned()
}

/// The anchors, certificates and CRLs of a vector of our own.
fn trust(case: &Value, folder: &Path, profile: Profile) -> Trust {
    let mut anchors = Anchors::new();
    for file in strings(case, "trusted") {
        anchors.add_anchor(Anchor::certificate(&fs::read(folder.join(file)).unwrap()).unwrap());
    }
    let mut trust = Trust::new(Arc::new(anchors), time(text(case, "time")));
    trust.certificates =
        strings(case, "added").iter().map(|file| certificate(&folder.join(file))).collect();
    let crl = |file: &&str| Crl::parse(fs::read(folder.join(file)).unwrap()).unwrap().into_owned();
    trust.crls = strings(case, "crls").iter().map(crl).collect();
    if profile == Profile::Air {
        trust.profile = TrustProfile::LEGACY;
    }
    trust.revocation = match case["settings"]["revocationCheckSetting"].as_str() {
        None | Some("never") => RevocationPolicy::Never,
        Some("bestEffort") => RevocationPolicy::BestEffort,
        Some("requiredIfInfoAvailable") => RevocationPolicy::RequiredIfInfoAvailable,
        Some("alwaysRequired") => RevocationPolicy::AlwaysRequired,
        Some(other) => panic!("unknown setting {other}"),
    };
    trust
}

fn files(case: &Value, folder: &Path) -> Files {
    let named = case["dereference"].as_object().into_iter().flatten();
    let named =
        named.map(|(uri, file)| (uri.clone(), folder.join(file.as_str().unwrap()))).collect();
    Files { named, beside: None, asked: Vec::new() }
}

type Outcome = Result<Report, ravelin_xmldsig::Error>;

fn statuses(report: &Report) -> [SignatureStatus; 4] {
    [
        report.digest_status(),
        report.identity_status(),
        report.references_status(),
        report.validity_status(),
    ]
}

/// What of `expected` is not met.
fn differs(outcome: &Outcome, expected: &Value) -> Option<String> {
    if let Some(any) = expected["any_of"].as_array() {
        let met = any.iter().any(|one| differs(outcome, one).is_none());
        return if met { None } else { Some(format!("{} is none of {expected}", shown(outcome))) };
    }
    let met = match (outcome, expected["error"].as_str()) {
        (Err(error), Some(kind)) => match kind {
            "any" | "sync" => true,
            "event" => error.kind == ErrorKind::Dereference,
            kind => error.kind.word() == kind,
        },
        (Ok(report), None) => ["digest", "identity", "references", "validity"]
            .iter()
            .zip(statuses(report))
            .all(|(name, status)| expected[name].as_str().is_none_or(|word| word == status.word())),
        _ => false,
    };
    if met { None } else { Some(format!("{} instead of {expected}", shown(outcome))) }
}

fn shown(outcome: &Outcome) -> String {
    match outcome {
        Ok(report) => {
            let mut shown = statuses(report).map(SignatureStatus::word).join("/");
            for reference in
                report.references().iter().filter(|reference| reference.detail.is_some())
            {
                write!(shown, " ({:?}: {})", reference.uri, reference.detail.as_deref().unwrap())
                    .unwrap();
            }
            if let Some(verdict) = report.signer().and_then(|signer| signer.verdict()) {
                write!(shown, " signer {}", verdict.status()).unwrap();
            }
            shown
        }
        Err(error) => format!("error {}: {error}", error.kind.word()),
    }
}

fn open(folder: &Path, case: &Value) -> BufReader<File> {
    BufReader::new(File::open(folder.join(text(case, "file"))).unwrap())
}

fn hold(problems: &[(String, String)], prefix: &str) {
    let departures: BTreeSet<&str> = DEPARTURES
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(": ").map(|(id, _)| id))
        .filter(|id| id.starts_with(prefix))
        .collect();
    let failed: BTreeSet<&str> = problems.iter().map(|(id, _)| id.as_str()).collect();
    let mut message = String::new();
    for (id, problem) in problems.iter().filter(|(id, _)| !departures.contains(id.as_str())) {
        writeln!(message, "{id}: {problem}").unwrap();
    }
    for id in departures.difference(&failed) {
        writeln!(message, "{id}: is right, and should no longer be among the departures").unwrap();
    }
    assert!(message.is_empty(), "{} problems\n{message}", message.lines().count());
}

#[test]
fn vectors_of_the_air_subset() {
    let Some(folder) = corpus("xmldsig-vectors") else { return };
    let mut problems = Vec::new();
    for case in manifest(&folder.join("air")).as_array().unwrap() {
        let id = format!("air/{}", text(case, "id"));
        let settings = Settings { profile: Profile::Air, ..Settings::default() };
        let mut files = files(case, &folder);
        let keys = KeySource::Certificate(trust(case, &folder, Profile::Air));
        let outcome = verify(open(&folder, case), &settings, &keys, &mut files);
        problems.extend(differs(&outcome, &case["expect"]).map(|problem| (id.clone(), problem)));
        if let Some(calls) = case["deref_calls"].as_array() {
            let calls: Vec<&str> = calls.iter().filter_map(Value::as_str).collect();
            if files.asked != calls {
                problems.push((id, format!("asked for {:?}, not for {calls:?}", files.asked)));
            }
        }
    }
    hold(&problems, "air/");
}

#[test]
fn vectors_of_identities() {
    let Some(folder) = corpus("xmldsig-vectors") else { return };
    let mut problems = Vec::new();
    for case in manifest(&folder.join("identity")).as_array().unwrap() {
        for (name, references) in [
            ("validIdentity", ReferencesValidation::ValidIdentity),
            ("validOrUnknownIdentity", ReferencesValidation::ValidOrUnknownIdentity),
            ("never", ReferencesValidation::Never),
        ] {
            let id = format!("identity/{}", text(case, "id"));
            let settings = Settings { profile: Profile::Air, references, ..Settings::default() };
            let keys = KeySource::Certificate(trust(case, &folder, Profile::Air));
            let outcome = verify(open(&folder, case), &settings, &keys, &mut files(case, &folder));
            let expected = &case["expect_by_referencesValidationSetting"][name];
            let accepted = strings(case, "accept_identity");
            if let Ok(report) = &outcome
                && accepted.contains(&report.identity_status().word())
                && report.digest_status() == SignatureStatus::Valid
            {
                continue;
            }
            if let Some(problem) = differs(&outcome, expected) {
                problems.push((id.clone(), format!("{name}: {problem}")));
                continue;
            }
            let Ok(report) = outcome else { continue };
            let Some(signer) = report.signer() else { continue };
            let cn = case["signerCN"].as_str().map(str::to_owned);
            let usages: Vec<String> = signer.extended_key_usages();
            let settings: Vec<&str> =
                signer.trust_settings().iter().map(|setting| setting.word()).collect();
            if signer.common_name() != cn
                || signer.distinguished_name() != text(case, "signerDN_rfc4514")
                || usages != strings(case, "signerExtendedKeyUsages")
                || settings != strings(case, "signerTrustSettings")
            {
                let found = format!(
                    "{:?} {} {usages:?} {settings:?}",
                    signer.common_name(),
                    signer.distinguished_name()
                );
                problems.push((id, format!("{name}: the signer is {found}")));
            }
        }
    }
    hold(&problems, "identity/");
}

#[test]
fn vectors_of_attacks() {
    let Some(folder) = corpus("xmldsig-vectors") else { return };
    let mut problems = Vec::new();
    for case in manifest(&folder.join("attacks")).as_array().unwrap() {
        let id = format!("attacks/{}", text(case, "id"));
        let own = if text(case, "profile") == "air" { Profile::Air } else { Profile::Extended };
        let mut run = |profile: Profile, expected: &Value| {
            let settings = Settings {
                profile,
                keep_octets: 1 << 20,
                keep_document: true,
                ..Settings::default()
            };
            let keys = KeySource::Certificate(trust(case, &folder, profile));
            let outcome = verify(open(&folder, case), &settings, &keys, &mut files(case, &folder));
            problems.extend(
                differs(&outcome, expected)
                    .map(|problem| (id.clone(), format!("{}: {problem}", profile.name()))),
            );
            outcome
        };
        let outcome = run(own, &case["expect"]);
        if let Some(air) = case.get("air_profile") {
            let _ = run(Profile::Air, air);
        }
        if case["consumed_is_covered"] == Value::Bool(false)
            && let Ok(report) = &outcome
            && report.validity_status() == SignatureStatus::Valid
        {
            // What an application would take by its path comes first in these documents, and is not what is covered.
            let document = fs::read(folder.join(text(case, "file"))).unwrap();
            let element =
                text(case, "consumed").rsplit('/').next().unwrap().trim_end_matches("[1]");
            let first = memchr::memmem::find(&document, format!(":{element}").as_bytes());
            let first = first
                .or_else(|| memchr::memmem::find(&document, format!("<{element}").as_bytes()))
                .unwrap() as u64;
            let handed_out = report.signed().is_none_or(|signed| {
                signed.elements().any(|element| element.byte_range().contains(&first))
            });
            if handed_out {
                problems.push((id.clone(), "what is consumed is handed out as signed".to_owned()));
            }
            if report
                .references()
                .iter()
                .any(|one| one.covers.as_ref().is_some_and(|covers| covers.range.contains(&first)))
            {
                problems.push((id.clone(), "what is consumed is said to be covered".to_owned()));
            }
        }
        if let Some(expected) = case["text_of_NameID"].as_str() {
            let signed = outcome.as_ref().ok().and_then(Report::signed);
            let found: Vec<String> = signed
                .into_iter()
                .flat_map(SignedDocument::elements)
                .flat_map(|element| {
                    element
                        .descendants()
                        .map(|one| (one.name().local, one.text()))
                        .collect::<Vec<_>>()
                })
                .filter(|(name, _)| *name == "NameID")
                .map(|(_, text)| text)
                .collect();
            if found != [expected] {
                problems.push((id.clone(), format!("NameID is read as {found:?}")));
            }
        }
        if let Some(key) = case["hmac_key_text"].as_str() {
            let keys =
                KeySource::Given(vec![VerificationKey::from_secret(key.as_bytes()).unwrap()]);
            let outcome =
                verify(open(&folder, case), &Settings::default(), &keys, &mut files(case, &folder));
            let expected = text(&case["extended_profile"], "signature");
            let found = match &outcome {
                Ok(report) => report.digest_status().word(),
                Err(_) => "error",
            };
            if found != expected {
                problems.push((
                    id,
                    format!("with the secret: {} instead of {expected}", shown(&outcome)),
                ));
            }
        }
    }
    hold(&problems, "attacks/");
}

/// The key that the manifest names.
fn public_key(case: &Value, folder: &Path) -> Result<KeySource, String> {
    let key = &case["key"];
    let given = |key| Ok(KeySource::Given(vec![key]));
    if let Some(secret) = key["hmac_text"].as_str() {
        return given(VerificationKey::from_secret(secret.as_bytes()).unwrap());
    }
    let Some(file) = key["file"].as_str() else { return Ok(KeySource::Embedded) };
    let bytes = fs::read(folder.join(file)).unwrap();
    let key = if text(key, "type") == "hmac" {
        VerificationKey::from_secret(&bytes)
    } else if bytes.starts_with(b"\x30") {
        match Certificate::parse(&bytes[..]) {
            Ok(certificate) => VerificationKey::from_certificate(&certificate),
            Err(_) => VerificationKey::from_spki_der(&bytes),
        }
    } else {
        VerificationKey::from_pem(&bytes)
    };
    key.map_err(|error| error.to_string()).and_then(given)
}

#[test]
fn vectors_of_the_public_suites() {
    let Some(folder) = corpus("xmldsig-vectors") else { return };
    let mut problems = Vec::new();
    let manifest = manifest(&folder);
    for case in manifest["vectors"].as_array().unwrap() {
        let id = text(case, "id").to_owned();
        let needs = strings(case, "needs");
        let mut settings = Settings {
            signature: Choice::First,
            id_attributes: ["Id", "ID", "id", "AssertionID", "ResponseID"]
                .map(str::to_owned)
                .to_vec(),
            ..Settings::default()
        };
        let mut allowed = Allowed::default();
        for need in &needs {
            if let Ok(switch) = need.parse::<Switch>() {
                allowed = allowed.with(switch);
            } else if *need == "internal-dtd" {
                settings.doctype = Doctype::InternalSubset;
            }
        }
        settings.allowed = allowed;
        let stylesheet = folder.join("xmlsec/external-data/xml-stylesheet-2005");
        let named = vec![
            ("http://www.w3.org/TR/xml-stylesheet".to_owned(), stylesheet.clone()),
            (
                "http://www.w3.org/Signature/2002/04/xml-stylesheet.b64".to_owned(),
                stylesheet.with_extension("b64"),
            ),
            (
                "http://www.ietf.org/rfc/rfc3161.txt".to_owned(),
                folder.join("xmlsec/external-data/rfc3161.txt"),
            ),
        ];
        let beside = folder.join(text(case, "file")).parent().map(Path::to_path_buf);
        let mut files = Files { named, beside, asked: Vec::new() };
        let never = ["gost", "post-quantum", "xslt", "opc-relationship", "legacy-md5-ripemd160"];
        let without_dsa = !cfg!(feature = "dsa") && needs.contains(&"dsa");
        let unsupported = without_dsa || needs.iter().any(|need| never.contains(need));
        let outcome = match public_key(case, &folder) {
            Ok(keys) => verify(open(&folder, case), &settings, &keys, &mut files),
            Err(_) if unsupported => continue,
            Err(error) => {
                problems.push((id, error));
                continue;
            }
        };
        let expected = &case["expect"];
        let problem = match &outcome {
            Err(error) if unsupported => {
                (error.kind != ErrorKind::Unsupported).then(|| shown(&outcome))
            }
            Err(_) if expected["overall"] == "invalid-or-error" => None,
            Ok(report) if expected["overall"] == "invalid-or-error" => {
                let bad = [report.digest_status(), report.references_status()]
                    .contains(&SignatureStatus::Invalid);
                (!bad).then(|| shown(&outcome))
            }
            _ => differs(&outcome, expected),
        };
        problems.extend(problem.map(|problem| (id, format!("{problem} needs {needs:?}"))));
    }
    hold(&problems, "");
}
