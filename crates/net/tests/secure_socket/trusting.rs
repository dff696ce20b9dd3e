//! Whom a secure socket trusts, and whom nothing makes it trust.

use super::peers::{
    Records, connected, crl_at, fetcher, http, localhost, ocsp_at, openssl, openssl_with, trusting,
};
use ravelin_net::{
    roots,
    socket::{
        CertificateProfile, CertificateStatus, EventKind, RevocationCheck, Sandbox, SecureSocket,
        SocketError,
    },
};
use ravelin_test::{
    Authority, Issued, Purpose, Request, Validity, has_program,
    pki::{Entity, Template, extension, pem, to_pem},
};
use std::{env, fs, net::TcpListener, process::Command};

/// What comes of connecting to `localhost`: whether it is connected, and the status.
async fn tried(socket: &mut SecureSocket, port: i32) -> (bool, CertificateStatus) {
    let events = connected(socket, "localhost", port).await;
    let is_connected = socket.connected();
    assert_eq!(is_connected, events == [EventKind::Connect], "{events:?}");
    assert_eq!(is_connected, !matches!(events[..], [EventKind::IoError { .. }]), "{events:?}");
    (is_connected, socket.server_certificate_status())
}

const TRUSTED: (bool, CertificateStatus) = (true, CertificateStatus::Trusted);
const UNTRUSTED: (bool, CertificateStatus) = (false, CertificateStatus::UntrustedSigners);

/// `openssl s_server` that sends its own certificate and none of those above.
fn alone(issued: &Issued) -> super::peers::Server {
    openssl_with(issued.certificate_pem(), issued.key_pem(), None, "")
}

#[tokio::test(flavor = "multi_thread")]
async fn s07_s08_s09_added_certificates_are_anchors_or_intermediates_of_this_socket_alone() {
    if !has_program("openssl", &["version"]) {
        return;
    }
    let root = Authority::root("Root");
    let sub = root.intermediate("Sub");
    let server = alone(&sub.issue(&Request::new(["localhost"])));
    let port = server.port();
    let before = roots::platform().certificates;
    let new = || SecureSocket::new(Sandbox::Application).unwrap().with_fetcher(fetcher());

    let mut socket = new();
    assert_eq!(tried(&mut socket, port).await, UNTRUSTED);
    socket.add_chain_building_certificate(root.certificate_der()).unwrap();
    assert_eq!(tried(&mut socket, port).await, UNTRUSTED);
    socket.add_chain_building_certificate(sub.certificate_der()).unwrap();
    assert_eq!(tried(&mut socket, port).await, UNTRUSTED, "known is not trusted");
    socket.add_trust_anchor(root.certificate_der()).unwrap();
    assert_eq!(tried(&mut socket, port).await, TRUSTED);
    // For as long as the socket lives, over many connections.
    assert_eq!(tried(&mut socket, port).await, TRUSTED);
    socket.close().unwrap();

    let mut socket = new();
    assert_eq!(tried(&mut socket, port).await, UNTRUSTED, "another one knows nothing of it");
    socket.add_trust_anchor(sub.certificate_der()).unwrap();
    assert_eq!(tried(&mut socket, port).await, TRUSTED, "any certificate may be an anchor");
    drop(socket);
    assert_eq!(tried(&mut new(), port).await, UNTRUSTED);
    assert_eq!(roots::platform().certificates, before, "nothing is stored");
}

#[test]
fn s10_what_is_no_whole_certificate_in_der_is_an_argument_error() {
    let (root, issued) = localhost();
    let der = root.certificate_der();
    let mut socket = SecureSocket::new(Sandbox::Application).unwrap();
    let wrong = [
        root.certificate_pem().as_bytes().to_vec(),
        b"garbage".to_vec(),
        Vec::new(),
        der[..der.len() - 1].to_vec(),
        [der, b"\n"].concat(),
        [der, der].concat(),
        issued.key_der().to_vec(),
    ];
    for bytes in &wrong {
        for result in [
            socket.add_chain_building_certificate(bytes),
            socket.add_trust_anchor(bytes),
            socket.distrust(bytes),
        ] {
            let error = result.unwrap_err();
            assert!(matches!(error, SocketError::Certificate(_)), "{error}");
            assert_eq!((error.class(), error.error_id()), ("ArgumentError", 2004));
        }
    }
    socket.add_chain_building_certificate(der).unwrap();
    socket.add_trust_anchor(der).unwrap();
    socket.distrust(issued.certificate_der()).unwrap();
}

/// Where the test that runs again in a process of its own is told what to connect to.
const PORT: &str = "RAVELIN_TEST_PORT";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "runs within others, with a platform's store of their making"]
async fn one_attempt_with_the_platforms_store() {
    let port = env::var(PORT).expect("the port to connect to").parse().unwrap();
    let mut socket = SecureSocket::new(Sandbox::Application).unwrap().with_fetcher(fetcher());
    let (is_connected, status) = tried(&mut socket, port).await;
    assert_eq!(is_connected, status == CertificateStatus::Trusted);
    #[expect(clippy::print_stdout, reason = "it is how it answers")]
    {
        println!("\nSTATUS {status}");
    }
}

/// The status after an attempt in a process whose platform trusts these, with more variables of the environment.
fn in_another_process(port: i32, store: &[&str], variables: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.pem");
    fs::write(&path, store.concat()).unwrap();
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", "trusting::one_attempt_with_the_platforms_store"])
        .args(["--ignored", "--nocapture"])
        .env("SSL_CERT_FILE", &path)
        .env_remove("SSL_CERT_DIR")
        .env(PORT, port.to_string())
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let status = said.lines().find_map(|line| line.strip_prefix("STATUS "));
    status.expect("a status").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn s06_s11_the_platforms_store_decides_and_its_intermediates_take_part() {
    if !has_program("openssl", &["version"]) {
        return;
    }
    let (root, stranger) = (Authority::root("Root"), Authority::root("Stranger"));
    let sub = root.intermediate("Sub");
    let issued = sub.issue(&Request::new(["localhost"]));
    let pem = |authority: &Authority| authority.certificate_pem().to_owned();
    let (root, sub, stranger) = (pem(&root), pem(&sub), pem(&stranger));
    let (whole, alone) = (openssl(&issued, None, ""), alone(&issued));
    for (port, store, status) in [
        (whole.port(), vec![&*root], "trusted"),
        (whole.port(), vec![&*stranger], "untrustedSigners"),
        (alone.port(), vec![&*root], "untrustedSigners"),
        (alone.port(), vec![&*root, &*sub], "trusted"),
        (alone.port(), vec![&*sub, &*stranger], "untrustedSigners"),
    ] {
        assert_eq!(in_another_process(port, &store, &[]), status, "{port} {}", store.len());
    }
}

/// Servers whose certificates have something wrong each.
fn bad(root: &Authority) -> Vec<(Issued, CertificateStatus)> {
    use CertificateStatus as Is;
    let request = || Request::new(["localhost"]);
    let expired = Request { validity: Validity::expired(), ..request() };
    let not_yet = Request { validity: Validity::not_yet(), ..request() };
    let client = Request { purpose: Purpose::Client, ..request() };
    let old = root.intermediate_with("Old", ravelin_test::Key::EcdsaP256, Validity::expired());
    vec![
        (root.issue(&expired), Is::Expired),
        (root.issue(&not_yet), Is::NotYetValid),
        (Issued::self_signed(&request()), Is::UntrustedSigners),
        (Authority::root("Stranger").issue(&request()), Is::UntrustedSigners),
        (root.impostor().issue(&request()), Is::UntrustedSigners),
        (root.issue(&Request::new(["other.example"])), Is::PrincipalMismatch),
        (root.issue(&client), Is::Invalid),
        (old.issue(&request()), Is::InvalidChain),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn s12_no_setting_makes_a_bad_certificate_good() {
    if !has_program("openssl", &["version"]) {
        return;
    }
    let root = Authority::root("Root");
    for (issued, status) in bad(&root) {
        let server = openssl(&issued, None, "");
        for profile in [
            CertificateProfile::Interop,
            CertificateProfile::Legacy,
            CertificateProfile::Rfc5280,
            CertificateProfile::WebPki,
        ] {
            for check in [
                RevocationCheck::BestEffort,
                RevocationCheck::RequiredIfAvailable,
                RevocationCheck::Required,
            ] {
                for ocsp in [true, false] {
                    let mut socket = trusting(&root);
                    socket.set_profile(profile);
                    socket.set_revocation_check(check);
                    socket.set_ocsp(ocsp);
                    let what = format!("{status} {profile} {check} {ocsp}");
                    // Knowing the server's own certificate does not help.
                    socket.add_chain_building_certificate(issued.certificate_der()).unwrap();
                    let (is_connected, seen) = tried(&mut socket, server.port()).await;
                    assert!(!is_connected, "{what}: {seen}");
                    assert_ne!(seen, CertificateStatus::Trusted, "{what}");
                    assert_ne!(seen, CertificateStatus::Unknown, "{what}");
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s12_no_variable_of_the_environment_makes_a_bad_certificate_good() {
    if !has_program("openssl", &["version"]) {
        return;
    }
    let root = Authority::root("Root");
    let off = [
        ("NODE_TLS_REJECT_UNAUTHORIZED", "0"),
        ("SSL_VERIFY", "none"),
        ("SSL_NO_VERIFY", "1"),
        ("PYTHONHTTPSVERIFY", "0"),
        ("GIT_SSL_NO_VERIFY", "true"),
        ("CURL_INSECURE", "1"),
        ("RAVELIN_INSECURE", "1"),
        ("RAVELIN_DANGEROUS_ACCEPT_UNTRUSTED", "1"),
    ];
    for (issued, status) in bad(&root) {
        let server = openssl(&issued, None, "");
        let seen = in_another_process(server.port(), &[root.certificate_pem()], &off);
        assert_eq!(seen, status.word());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s14_where_revocation_cannot_be_known_the_server_is_accepted_and_the_report_says_so() {
    if !has_program("openssl", &["version"]) {
        return;
    }
    let root = Authority::root("Root");
    let request = Request::new(["localhost"]);
    let nobody = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}/", listener.local_addr().unwrap())
    };
    let revoked_by = |extension: fn(&str) -> (Vec<u64>, Vec<u8>)| {
        let (url, body) = http();
        let issued = root.issue_with(&request, &[extension(&url)]);
        (issued, body)
    };

    // Nothing tells where to ask: with OCSP and without.
    let plain = root.issue(&request);
    // Nobody answers where it tells.
    let silent = root.issue_with(&request, &[ocsp_at(&nobody)]);
    // A responder would say that it is revoked, but is not to be asked.
    let (only_ocsp, body) = revoked_by(ocsp_at);
    body.send(Records::new(&root, &only_ocsp, true).ocsp()).unwrap();
    for (issued, ocsp, fetches, why) in [
        (&plain, true, 0, "nobody publishes whether it is revoked"),
        (&plain, false, 0, "nobody publishes whether it is revoked"),
        (&silent, true, 1, "whether it is revoked could not be determined"),
        (&only_ocsp, false, 0, "whether it is revoked could not be determined"),
    ] {
        let server = openssl(issued, None, "");
        let mut socket = trusting(&root);
        socket.set_ocsp(ocsp);
        assert_eq!(tried(&mut socket, server.port()).await, TRUSTED);
        let report = socket.report().unwrap();
        assert!(!report.is_revocation_checked());
        assert_eq!(report.fetches().len(), fetches, "{report}");
        let shown = report.to_string();
        let expected = format!("was not checked, a revoked one may pass: {why}");
        assert!(shown.starts_with("trusted; ") && shown.contains(&expected), "{shown}");
    }

    // With OCSP the same server is refused.
    let server = openssl(&only_ocsp, None, "");
    let refused = (false, CertificateStatus::Revoked);
    assert_eq!(tried(&mut trusting(&root), server.port()).await, refused);
    drop(server);

    // Without OCSP, a CRL counts.
    let (by_crl, body) = revoked_by(crl_at);
    body.send(Records::new(&root, &by_crl, true).crl()).unwrap();
    // And where both are told of, it is the CRL that is asked.
    let (crl, crl_body) = http();
    let both = root.issue_with(&request, &[ocsp_at(&nobody), crl_at(&crl)]);
    crl_body.send(Records::new(&root, &both, true).crl()).unwrap();
    for issued in [&by_crl, &both] {
        let server = openssl(issued, None, "");
        let mut socket = trusting(&root);
        socket.set_ocsp(false);
        assert_eq!(tried(&mut socket, server.port()).await, refused);
        assert_eq!(socket.report().unwrap().fetches().len(), 1, "the CRL and nothing else");
    }

    // What is known to be good is reported so.
    let (good, body) = revoked_by(crl_at);
    body.send(Records::new(&root, &good, false).crl()).unwrap();
    let server = openssl(&good, None, "");
    let mut socket = trusting(&root);
    assert_eq!(tried(&mut socket, server.port()).await, TRUSTED);
    let report = socket.report().unwrap();
    assert!(report.is_revocation_checked());
    assert_eq!(report.to_string(), "trusted");
}

#[tokio::test(flavor = "multi_thread")]
async fn s22_a_common_name_counts_under_legacy_only_and_never_beside_alternative_names() {
    if !has_program("openssl", &["version"]) {
        return;
    }
    let (root, subject) = (Entity::new("Root"), Entity::new("localhost"));
    let anchor = Template::authority(&root).signed_by(&root);
    let named = Template::end(&subject).signed_by(&root);
    let other = extension::subject_alt_names([extension::dns("other.example")]);
    let otherwise = Template::end(&subject).with(other).signed_by(&root);
    let key = to_pem("PRIVATE KEY", subject.key.pkcs8());
    let mismatch = (false, CertificateStatus::PrincipalMismatch);
    for (der, profile, expected) in [
        (&named, CertificateProfile::Interop, mismatch),
        (&named, CertificateProfile::Legacy, TRUSTED),
        (&otherwise, CertificateProfile::Interop, mismatch),
        (&otherwise, CertificateProfile::Legacy, mismatch),
    ] {
        let server = openssl_with(&pem(der), &key, None, "");
        let mut socket = SecureSocket::new(Sandbox::Application).unwrap().with_fetcher(fetcher());
        socket.add_trust_anchor(&anchor).unwrap();
        socket.set_profile(profile);
        assert_eq!(tried(&mut socket, server.port()).await, expected, "{profile}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s24_a_distrusted_root_is_revoked_too() {
    if !has_program("openssl", &["version"]) {
        return;
    }
    let root = Authority::root("Root");
    let sub = root.intermediate("Sub");
    let server = openssl(&sub.issue(&Request::new(["localhost"])), None, "");
    for distrusted in [&root, &sub] {
        let mut socket = trusting(&root);
        assert_eq!(tried(&mut socket, server.port()).await, TRUSTED);
        socket.distrust(distrusted.certificate_der()).unwrap();
        let refused = (false, CertificateStatus::Revoked);
        assert_eq!(tried(&mut socket, server.port()).await, refused);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s20_a_status_stays_until_the_next_attempt_and_no_longer() {
    if !has_program("openssl", &["version"]) {
        return;
    }
    let root = Authority::root("Root");
    let (good, bad) = (root.issue(&Request::new(["localhost"])), root.issue(&Request::new(["b"])));
    let (good, bad) = (openssl(&good, None, ""), openssl(&bad, None, ""));
    let mut socket = trusting(&root);
    tried(&mut socket, bad.port()).await;
    let status = |socket: &SecureSocket| socket.server_certificate_status();
    assert_eq!(status(&socket), CertificateStatus::PrincipalMismatch);
    // A connect that fails at once is no attempt.
    socket.connect("localhost", -1).unwrap_err();
    assert_eq!(status(&socket), CertificateStatus::PrincipalMismatch);
    socket.connect("localhost", good.port()).unwrap();
    assert_eq!(status(&socket), CertificateStatus::Unknown);
    socket.close().unwrap();
    assert_eq!(status(&socket), CertificateStatus::Unknown);
    assert_eq!(tried(&mut socket, good.port()).await, TRUSTED);
    socket.close().unwrap();
    assert_eq!(status(&socket), CertificateStatus::Trusted);
    assert!(socket.report().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn s25_the_servers_certificate_has_its_fields_while_connected() {
    if !has_program("openssl", &["version"]) {
        return;
    }
    let root = Authority::root("Root");
    let sub = root.intermediate("Sub");
    let issued = sub.issue(&Request::new(["localhost", "a.example"]));
    let server = openssl(&issued, None, "");
    let mut socket = trusting(&root);
    socket.connect("localhost", server.port()).unwrap();
    assert!(socket.server_certificate().is_none());
    super::peers::next(&mut socket).await.unwrap();
    let certificate = socket.server_certificate().unwrap();
    assert_eq!(certificate.der(), issued.certificate_der());
    assert_eq!(certificate.version(), 3);
    assert_eq!(certificate.subject().to_string(), "CN=localhost");
    assert_eq!(certificate.issuer().to_string(), "CN=Sub");
    assert!(!certificate.serial().unsigned().is_empty());
    assert!(certificate.not_before() < certificate.not_after());
    assert!(certificate.public_key().is_ok() && certificate.signature_algorithm().is_ok());
    assert!(!certificate.signature().is_empty());
    assert_eq!(certificate.subject_alt_names().unwrap().unwrap().count(), 2);
    socket.close().unwrap();
    assert!(socket.server_certificate().is_none());
}
