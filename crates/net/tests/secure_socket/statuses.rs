//! Every status of a certificate, with OpenSSL and Node, TLS 1.2 and 1.3, RSA, ECDSA and Ed25519.

use super::peers::{
    Records, Served, connected, crl_at, fetcher, http, node, ocsp_at, openssl, trusting,
};
use ravelin_net::socket::{CertificateStatus, EventKind, RevocationCheck, Sandbox, SecureSocket};
use ravelin_test::{Authority, Issued, Key, Purpose, Request, Validity, has_program};

/// A server, how the client is set up, and what comes of it.
struct Case {
    name: &'static str,
    issued: Issued,
    staple: Option<Vec<u8>>,
    status: CertificateStatus,
    code: Option<&'static str>,
    prepare: fn(&mut SecureSocket, &Issued),
}

fn cases(root: &Authority, kind: Key) -> Vec<Case> {
    use CertificateStatus as Is;
    let request = || Request { key: kind, ..Request::new(["localhost"]) };
    let stranger = Authority::root_with("Stranger", kind, Validity::current());
    let old = root.intermediate_with("Old", kind, Validity::expired());
    let sub = root.intermediate_with("Sub", kind, Validity::current());
    let mut cases = Vec::new();
    let mut add = |name, issued, status, code: Option<&'static str>| {
        cases.push(Case { name, issued, staple: None, status, code, prepare: |_, _| {} });
    };
    add("good", sub.issue(&request()), Is::Trusted, None);
    add(
        "expired",
        root.issue(&Request { validity: Validity::expired(), ..request() }),
        Is::Expired,
        Some("CERT_HAS_EXPIRED"),
    );
    add(
        "not yet valid",
        root.issue(&Request { validity: Validity::not_yet(), ..request() }),
        Is::NotYetValid,
        Some("CERT_NOT_YET_VALID"),
    );
    add(
        "self-signed",
        Issued::self_signed(&request()),
        Is::UntrustedSigners,
        Some("DEPTH_ZERO_SELF_SIGNED_CERT"),
    );
    add(
        "by a stranger",
        stranger.issue(&request()),
        Is::UntrustedSigners,
        Some("UNABLE_TO_VERIFY_LEAF_SIGNATURE"),
    );
    add(
        "by an impostor",
        root.impostor().issue(&request()),
        Is::UntrustedSigners,
        Some("UNABLE_TO_VERIFY_LEAF_SIGNATURE"),
    );
    add(
        "for another name",
        root.issue(&Request { key: kind, ..Request::new(["other.example"]) }),
        Is::PrincipalMismatch,
        Some("ERR_TLS_CERT_ALTNAME_INVALID"),
    );
    add(
        "below an expired authority",
        old.issue(&request()),
        Is::InvalidChain,
        Some("CERT_HAS_EXPIRED"),
    );
    add(
        "for clients",
        root.issue(&Request { purpose: Purpose::Client, ..request() }),
        Is::Invalid,
        Some("INVALID_PURPOSE"),
    );
    for revoked in [true, false] {
        let (status, code) =
            if revoked { (Is::Revoked, Some("CERT_REVOKED")) } else { (Is::Trusted, None) };
        let (url, body) = http();
        let issued = root.issue_with(&request(), &[crl_at(&url)]);
        body.send(Records::new(root, &issued, revoked).crl()).unwrap();
        let name = if revoked { "revoked by CRL" } else { "good by CRL" };
        cases.push(Case { name, issued, staple: None, status, code, prepare: |_, _| {} });

        let (url, body) = http();
        let issued = root.issue_with(&request(), &[ocsp_at(&url)]);
        body.send(Records::new(root, &issued, revoked).ocsp()).unwrap();
        let name = if revoked { "revoked by OCSP" } else { "good by OCSP" };
        cases.push(Case { name, issued, staple: None, status, code, prepare: |_, _| {} });

        let issued = root.issue(&request());
        let staple = Some(Records::new(root, &issued, revoked).ocsp());
        let name = if revoked { "revoked by staple" } else { "good by staple" };
        cases.push(Case { name, issued, staple, status, code, prepare: |_, _| {} });
    }
    cases.push(Case {
        name: "distrusted here",
        issued: root.issue(&request()),
        staple: None,
        status: Is::Revoked,
        code: Some("CERT_REVOKED"),
        prepare: |socket, issued| socket.distrust(issued.certificate_der()).unwrap(),
    });
    cases.push(Case {
        name: "revocation must be known",
        issued: root.issue(&request()),
        staple: None,
        status: Is::Invalid,
        code: Some("UNABLE_TO_GET_CRL"),
        prepare: |socket, _| socket.set_revocation_check(RevocationCheck::Required),
    });
    cases
}

async fn check(root: &Authority, case: &Case, port: u16, what: &str) {
    let mut socket = trusting(root);
    (case.prepare)(&mut socket, &case.issued);
    assert_eq!(socket.server_certificate_status(), CertificateStatus::Unknown, "{what}");
    let events = connected(&mut socket, "localhost", port.into()).await;
    assert_eq!(socket.server_certificate_status(), case.status, "{what}: {events:?}");
    let report = socket.report().unwrap();
    assert_eq!(report.code(), case.code, "{what}: {report}");
    if case.status == CertificateStatus::Trusted {
        assert_eq!(events, [EventKind::Connect], "{what}");
        assert!(socket.connected(), "{what}");
        let shown = socket.server_certificate().unwrap().der();
        assert_eq!(shown, case.issued.certificate_der(), "{what}");
    } else {
        let [EventKind::IoError { error_id: 2031, text }] = &events[..] else {
            panic!("{what}: {events:?}");
        };
        assert!(text.contains("localhost"), "{what}: {text}");
        assert!(!socket.connected() && socket.server_certificate().is_none(), "{what}");
    }
    socket.close().ok();
    assert_eq!(socket.server_certificate_status(), case.status, "{what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn s13_s15_s16_s17_s18_s19_s21_s22_s23_s24_every_status_with_openssl() {
    if !has_program("openssl", &["version"]) {
        return;
    }
    for kind in [Key::EcdsaP256, Key::Rsa2048, Key::Ed25519] {
        let root = Authority::root_with("Root", kind, Validity::current());
        for case in cases(&root, kind) {
            for version in ["tls1_2", "tls1_3"] {
                let staple = case.staple.as_deref();
                let server = openssl(&case.issued, staple, &format!("-{version}"));
                let what = format!("{kind:?} {version} {}", case.name);
                check(&root, &case, server.ports[0], &what).await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s13_s15_s16_s17_s18_s19_s21_s22_s23_s24_every_status_with_node() {
    if !has_program("openssl", &["version"]) || !has_program("node", &["--version"]) {
        return;
    }
    for kind in [Key::EcdsaP256, Key::Rsa2048, Key::Ed25519] {
        let root = Authority::root_with("Root", kind, Validity::current());
        let cases = cases(&root, kind);
        for version in ["1.2", "1.3"] {
            let served: Vec<_> = cases
                .iter()
                .map(|case| Served {
                    issued: Some(&case.issued),
                    staple: case.staple.as_deref(),
                    version,
                })
                .collect();
            let server = node(&served);
            for (case, port) in cases.iter().zip(&server.ports) {
                check(&root, case, *port, &format!("{kind:?} {version} {}", case.name)).await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s17_all_nine_words_are_reached() {
    let root = Authority::root("Root");
    if !has_program("openssl", &["version"]) {
        return;
    }
    let mut reached: Vec<_> =
        cases(&root, Key::EcdsaP256).iter().map(|case| case.status.word()).collect();
    let fresh = SecureSocket::new(Sandbox::Application).unwrap().with_fetcher(fetcher());
    reached.push(fresh.server_certificate_status().word());
    reached.sort_unstable();
    reached.dedup();
    assert_eq!(reached, CertificateStatus::ALL.map(CertificateStatus::word));
}
