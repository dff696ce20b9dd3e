//! The x509-limbo and BetterTLS cases, all of them, through the library.

use ravelin_test::corpus;
use ravelin_trust::{
    Anchor, Anchors, Certificate, Level, Name, Profile, Purpose, Request, Status, Time, Verdict,
    evaluate,
    revocation::{Crl, RevocationPolicy},
};
use rustls_pki_types::pem::PemObject;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    fs::{self, File},
    io::{BufReader, Read},
    path::PathBuf,
};

/// Cases whose expectation is not ours, each with the reason. An unexpected success fails as an unexpected failure does.
const DEPARTURES: &str = include_str!("limbo-departures.txt");

/// What is found in the cases that are refused: a line is a case, its status, and each error with the certificates it is
/// found at; of BetterTLS, how often each rule is broken. `RAVELIN_BLESS=1` writes it anew.
const FINDINGS: &str = "tests/limbo-findings.txt";

fn pem(value: &Value) -> Vec<u8> {
    rustls_pki_types::CertificateDer::from_pem_slice(value.as_str().unwrap().as_bytes())
        .unwrap()
        .to_vec()
}

fn pems(value: &Value) -> Vec<Vec<u8>> {
    value.as_array().unwrap().iter().map(pem).collect()
}

fn profile(case: &Value) -> Profile {
    let id = case["id"].as_str().unwrap();
    match id.split("::").next().unwrap() {
        "webpki" => Profile::WEBPKI,
        "online" | "bettertls" => Profile::INTEROP,
        _ => Profile::RFC5280,
    }
}

fn name(value: &Value) -> Name {
    let text = value["value"].as_str().unwrap();
    match value["kind"].as_str().unwrap() {
        "DNS" => Name::parse(&format!("dns:{text}")),
        "IP" => Name::parse(&format!("ip:{text}")),
        "RFC822" => Name::parse(&format!("email:{text}")),
        other => panic!("unknown kind of name: {other}"),
    }
    .unwrap()
}

/// RFC 3339 with a zero offset, as the corpus has it; fractions are cut.
fn time(value: &Value) -> Time {
    let Some(text) = value.as_str() else {
        let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
        return Time::since_epoch(now);
    };
    let number = |range: std::ops::Range<usize>| text[range].parse::<i64>().unwrap();
    let (year, month, day) = (number(0..4), number(5..7), number(8..10));
    let days_before = |year: i64| year * 365 + year / 4 - year / 100 + year / 400;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let lengths = [31, 28 + i64::from(leap), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let months: i64 = lengths[..usize::try_from(month - 1).unwrap()].iter().sum();
    let days = days_before(year - 1) - days_before(1969) + months + day - 1;
    assert!(text.ends_with("+00:00"), "{text}");
    Time::from_unix(days * 86_400 + number(11..13) * 3600 + number(14..16) * 60 + number(17..19))
}

fn judge(case: &Value) -> Result<Verdict, String> {
    let mut anchors = Anchors::new();
    for der in pems(&case["trusted_certs"]) {
        anchors.add_anchor(Anchor::certificate(&der).map_err(|error| error.to_string())?);
    }
    let leaf = Certificate::parse(pem(&case["peer_certificate"])).map_err(|e| e.to_string())?;
    let mut request = Request::new(leaf, &anchors, time(&case["validation_time"]));
    for der in pems(&case["untrusted_intermediates"]) {
        request.intermediates.push(Certificate::parse(der).map_err(|error| error.to_string())?);
    }
    request.profile = profile(case);
    if case["validation_kind"] == "CLIENT" {
        request.purpose = Purpose::ClientAuth;
        request.names = case["expected_peer_names"].as_array().unwrap().iter().map(name).collect();
    } else if !case["expected_peer_name"].is_null() {
        request.names.push(name(&case["expected_peer_name"]));
    }
    request.max_depth =
        case["max_chain_depth"].as_u64().map(|depth| usize::try_from(depth).unwrap());
    request.revocation = RevocationPolicy::Never;
    let crls: Vec<Vec<u8>> = case["crls"]
        .as_array()
        .unwrap()
        .iter()
        .map(|crl| {
            let text = crl.as_str().unwrap().as_bytes();
            rustls_pki_types::CertificateRevocationListDer::from_pem_slice(text).unwrap().to_vec()
        })
        .collect();
    if case["features"].as_array().unwrap().iter().any(|feature| feature == "has-crl") {
        request.revocation = RevocationPolicy::AlwaysRequired;
    }
    for crl in &crls {
        request.crls.push(Crl::parse(&crl[..]).map_err(|error| error.to_string())?);
    }
    Ok(evaluate(&request))
}

fn cases(folder: &std::path::Path) -> Vec<Value> {
    let core: Value =
        serde_json::from_reader(BufReader::new(File::open(folder.join("limbo.json")).unwrap()))
            .unwrap();
    let mut text = Vec::new();
    flate2::read::GzDecoder::new(File::open(folder.join("bettertls.json.gz")).unwrap())
        .read_to_end(&mut text)
        .unwrap();
    let better: Value = serde_json::from_slice(&text).unwrap();
    [core, better]
        .into_iter()
        .flat_map(|mut file| match file["testcases"].take() {
            Value::Array(cases) => cases,
            _ => panic!("no list of cases"),
        })
        .collect()
}

/// Errors of the path that decided, each rule with the certificates that break it.
fn errors(verdict: &Verdict) -> String {
    let mut broken: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for finding in verdict.findings() {
        if finding.severity == Level::Error {
            let at = broken.entry(finding.rule.to_string()).or_default();
            if !at.contains(&finding.certificate) {
                at.push(finding.certificate);
            }
        }
    }
    let rules = broken.into_iter().map(|(rule, mut at)| {
        at.sort_unstable();
        let text = match at[..] {
            [first, .., last] if at.len() > 2 && last - first + 1 == at.len() => {
                format!("{first}-{last}")
            }
            _ => at.iter().map(usize::to_string).collect::<Vec<_>>().join(","),
        };
        format!("{rule}@{text}")
    });
    rules.collect::<Vec<_>>().join(" ")
}

/// Rules that the path that decided breaks.
fn rules(verdict: &Verdict) -> BTreeSet<String> {
    let findings = verdict.findings().iter();
    let errors = findings.filter(|finding| finding.severity == Level::Error);
    errors.map(|finding| finding.rule.to_string()).collect()
}

/// Holds what is found to what was found when somebody looked at it.
fn compare_findings(report: &str) {
    // The file is written without: with DSA, one more signature can be verified.
    if cfg!(feature = "dsa") {
        return;
    }
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(FINDINGS);
    if std::env::var_os("RAVELIN_BLESS").is_some() {
        fs::write(&path, report).unwrap();
        return;
    }
    let known = fs::read_to_string(&path).unwrap_or_default();
    let (before, now): (BTreeSet<&str>, BTreeSet<&str>) =
        (known.lines().collect(), report.lines().collect());
    let gone: Vec<_> = before.difference(&now).map(|line| format!("- {line}")).collect();
    let new: Vec<_> = now.difference(&before).map(|line| format!("+ {line}")).collect();
    let changes = [gone, new].concat();
    assert!(
        changes.is_empty(),
        "other findings than in {FINDINGS} (RAVELIN_BLESS=1 writes them):\n{}",
        changes.join("\n")
    );
}

#[test]
fn every_case_is_judged_right() {
    let Some(folder) = corpus("x509-limbo") else { return };
    let departures: BTreeSet<&str> = DEPARTURES
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split_whitespace().next().unwrap())
        .collect();
    let all = cases(&folder);
    assert_eq!(all.len(), 143 + 9572);
    let mut wrong = Vec::new();
    let mut report = String::new();
    let mut better = BTreeMap::new();
    for case in &all {
        let id = case["id"].as_str().unwrap();
        let judged = judge(case);
        let status = match &judged {
            Ok(verdict) => verdict.status(),
            Err(_) => Status::Invalid,
        };
        let expected = case["expected_result"] == "SUCCESS";
        let right = (status == Status::Trusted) == expected;
        if right == departures.contains(id) {
            let findings: Vec<String> = match &judged {
                Ok(verdict) => verdict
                    .findings()
                    .iter()
                    .map(|one| format!("{}@{}: {}", one.rule, one.certificate, one.detail))
                    .collect(),
                Err(error) => vec![error.clone()],
            };
            wrong.push(format!("{id}: expected {expected}, got {status}: {findings:?}"));
        }
        match &judged {
            Ok(verdict) if !id.starts_with("bettertls") && status != Status::Trusted => {
                writeln!(report, "{id} {status} {}", errors(verdict)).unwrap();
            }
            Err(error) => writeln!(report, "{id} {status} {error}").unwrap(),
            Ok(verdict) => {
                for rule in rules(verdict) {
                    *better.entry(rule).or_insert(0) += 1;
                }
            }
        }
    }
    for (rule, count) in better {
        writeln!(report, "bettertls {count} {rule}").unwrap();
    }
    assert!(
        wrong.is_empty(),
        "{} of {} wrong:\n{}",
        wrong.len(),
        all.len(),
        wrong.iter().take(60).cloned().collect::<Vec<_>>().join("\n")
    );
    compare_findings(&report);
}
