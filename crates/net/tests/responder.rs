//! An evaluation that asks a real OCSP responder: OpenSSL's.

use ravelin_net::{
    evaluate,
    fetch::{EvidenceKind, FetchConfig, FetchLimits, Fetcher},
};
use ravelin_test::{Authority, Request, der, skip};
use ravelin_trust::{
    Anchor, Anchors, Certificate, Request as Question, Status, Time, Verdict,
    revocation::RevocationPolicy,
};
use std::{
    fmt::Write,
    fs,
    io::{BufRead, BufReader, Read},
    net::TcpListener,
    path::Path,
    process::{Child, ChildStderr, Command, Stdio},
    time::{Duration, SystemTime},
};

/// OpenSSL's responder; it ends with the test.
struct Responder(Child, Option<BufReader<ChildStderr>>);

impl Drop for Responder {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn respond(folder: &Path, port: u16) -> Option<Responder> {
    let child = Command::new("openssl")
        .args(["ocsp", "-index", "index.txt", "-CA", "ca.pem", "-rsigner", "ca.pem"])
        .args(["-rkey", "ca.key", "-port", &port.to_string(), "-nmin", "5"])
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = match child {
        Ok(child) => Responder(child, None),
        Err(error) => {
            skip(&format!("no program openssl: {error}"));
            return None;
        }
    };
    // It says when it listens. Trying whether it does would hold it up: it serves one connection after the other.
    let mut said = BufReader::new(child.0.stderr.take().unwrap());
    let mut lines = said.by_ref().lines().map_while(Result::ok);
    assert!(lines.any(|line| line.contains("waiting for")), "the responder does not listen");
    // It may say more, and must not be cut off for it.
    child.1 = Some(said);
    Some(child)
}

async fn judge(root: &Authority, end: &[u8], allow_private: bool) -> (Box<Verdict>, Vec<String>) {
    let mut limits = FetchLimits::default();
    limits.allow_private = allow_private;
    limits.time = Duration::from_secs(5);
    let fetcher = Fetcher::new(FetchConfig::new(limits)).unwrap();
    let mut anchors = Anchors::new();
    anchors.add_anchor(Anchor::certificate(root.root_der()).unwrap());
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap();
    let end = Certificate::parse(end).unwrap();
    let mut question = Question::new(end, &anchors, Time::since_epoch(now));
    question.revocation = RevocationPolicy::AlwaysRequired;
    let evaluated = evaluate(question, &fetcher, now).await;
    let fetches = evaluated.fetches.iter();
    assert!(fetches.clone().all(|one| one.kind == EvidenceKind::Ocsp));
    let failed = fetches.filter_map(|one| one.outcome.clone().err()).collect();
    (evaluated.verdict, failed)
}

#[tokio::test]
async fn openssls_responder_says_good_revoked_and_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}/");
    let method = der::oid("1.3.6.1.5.5.7.48.1");
    let access = der::sequence([der::sequence([method, der::primitive(6, url.as_bytes())])]);
    let root = Authority::root("Root");
    let extensions = [(vec![1, 3, 6, 1, 5, 5, 7, 1, 1], access)];
    let issued = root.issue_with(&Request::new(["localhost"]), &extensions);
    let end = issued.certificate_der();
    let mut serial = String::new();
    for byte in Certificate::parse(end).unwrap().serial().unsigned() {
        let _ = write!(serial, "{byte:02X}");
    }
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("ca.pem", root.certificate_pem());
    write("ca.key", &root.key_pem());

    write("index.txt", &format!("V\t350101000000Z\t\t{serial}\tunknown\t/CN=localhost\n"));
    let Some(responder) = respond(folder.path(), port) else {
        return;
    };
    let (verdict, failed) = judge(&root, end, true).await;
    assert_eq!((verdict.status(), &failed[..]), (Status::Trusted, &[][..]));
    // Whoever issued a certificate must not make us ask machines of our own network.
    let (verdict, failed) = judge(&root, end, false).await;
    assert_eq!(verdict.status(), Status::Unknown);
    assert!(failed[0].contains("127.0.0.1"), "{failed:?}");
    drop(responder);

    let revoked = "R\t350101000000Z\t240101000000Z,keyCompromise";
    write("index.txt", &format!("{revoked}\t{serial}\tunknown\t/CN=localhost\n"));
    let responder = respond(folder.path(), port);
    let (verdict, _) = judge(&root, end, true).await;
    assert_eq!(verdict.status(), Status::Revoked);
    assert!(verdict.findings().iter().any(|one| one.detail.contains("keyCompromise")));
    drop(responder);

    let (verdict, failed) = judge(&root, end, true).await;
    assert_eq!((verdict.status(), failed.len()), (Status::Unknown, 1));
    assert_eq!(verdict.code(), Some("UNABLE_TO_GET_CRL"));
}
