//! What the cases of x509-limbo cost that are made to cost much.

use crate::processor_time;
use ravelin_trust::{Anchor, Anchors, Certificate, Profile, Request, Time, evaluate};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use serde_json::Value;
use std::{fs, io::Write, path::PathBuf};

/// Judges the pathological cases and those of published attacks, if the corpus is there.
pub fn report(out: &mut impl Write) -> std::io::Result<()> {
    let Some(folder) = std::env::var_os("RAVELIN_CORPORA") else {
        return writeln!(out, "\nWithout RAVELIN_CORPORA, the cases of x509-limbo are left out.");
    };
    let file = PathBuf::from(folder).join("x509-limbo/limbo.json");
    let corpus: Value = serde_json::from_slice(&fs::read(file)?)?;
    let cases = corpus["testcases"].as_array().into_iter().flatten();
    let (mut count, mut total, mut dearest) = (0, 0, (0, ""));
    for case in cases {
        let id = case["id"].as_str().unwrap_or_default();
        if !id.starts_with("pathological::") && !id.starts_with("cve::") {
            continue;
        }
        let low = (0..5).map(|_| cost(case)).min().unwrap_or(0);
        count += 1;
        total += low;
        dearest = dearest.max((low, id));
    }
    writeln!(
        out,
        "\n{count} pathological and published cases of x509-limbo: {:.1} ms together, at most {:.1} ms ({}).",
        total as f64 / 1e6,
        dearest.0 as f64 / 1e6,
        dearest.1
    )
}

/// Nanoseconds to read the certificates and judge, whatever comes out.
fn cost(case: &Value) -> u64 {
    let pem = |value: &Value| {
        CertificateDer::from_pem_slice(value.as_str().unwrap_or_default().as_bytes())
            .expect("a certificate")
            .to_vec()
    };
    let pems = |name: &str| case[name].as_array().into_iter().flatten().map(pem).collect();
    let (roots, others): (Vec<Vec<u8>>, Vec<Vec<u8>>) =
        (pems("trusted_certs"), pems("untrusted_intermediates"));
    let end = pem(&case["peer_certificate"]);
    let before = processor_time();
    let mut anchors = Anchors::new();
    for root in &roots {
        anchors.add_anchor(Anchor::certificate(root).expect("a certificate"));
    }
    let end = Certificate::parse(&end[..]).expect("a certificate");
    let time = Time::from_unix(end.not_before().unix() + 1);
    let mut request = Request::new(end, &anchors, time);
    request.intermediates =
        others.iter().map(|one| Certificate::parse(&one[..]).expect("a certificate")).collect();
    request.profile = Profile::RFC5280;
    std::hint::black_box(evaluate(&request));
    processor_time() - before
}
