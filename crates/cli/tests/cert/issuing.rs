//! Certificates by an authority, and by themselves.

use super::folder::{ALGORITHMS, Folder, text};
use ravelin_test::has_program;
use serde_json::Value;

#[test]
fn a_chain_of_three_is_strictly_valid_to_openssl_with_every_kind_of_key() {
    if !has_program("openssl", &["version"]) {
        return;
    }
    let folder = Folder::new();
    for algorithm in ALGORITHMS {
        let kind = format!("--algorithm {algorithm} --force");
        folder.done(&format!(
            "self-sign --ca --new-key root.key {kind} --subject CN=Root --out root.pem"
        ));
        folder.done(&format!("request --new-key sub.key {kind} --subject CN=Sub --out sub.csr"));
        folder.done(
            "issue --ca root.pem --ca-key root.key --request sub.csr --is-ca --path-length 0 --out sub.pem --force",
        );
        folder.done(&format!(
            "request --new-key leaf.key {kind} --name dns:www.example.com --out leaf.csr"
        ));
        folder.done(
            "issue --ca sub.pem --ca-key sub.key --request leaf.csr --out leaf.pem --force --crl-url \
             http://a.example/crl --ocsp-url http://a.example/ocsp --issuer-url http://a.example/sub.der --chain",
        );
        let verified = folder.openssl(
            "verify -x509_strict -purpose sslserver -verify_hostname www.example.com -CAfile root.pem -untrusted \
             leaf.pem leaf.pem",
        );
        assert_eq!(verified, "leaf.pem: OK\n", "{algorithm}");
        assert_eq!(
            folder.read("leaf.pem").matches("BEGIN CERTIFICATE").count(),
            2,
            "the root is not sent"
        );
    }
    let shown = folder.openssl("x509 -in leaf.pem -noout -text");
    for expected in [
        "URI:http://a.example/crl",
        "OCSP - URI:http://a.example/ocsp",
        "CA Issuers - URI:http://a.example/sub.der",
        "Digital Signature, Key Encipherment",
        "CA:FALSE",
    ] {
        assert!(shown.contains(expected), "{expected} in {shown}");
    }
    assert!(folder.openssl("x509 -in sub.pem -noout -text").contains("CA:TRUE, pathlen:0"));
    assert_eq!(
        folder.refused("issue --ca sub.pem --ca-key sub.key --request leaf.csr --is-ca"),
        "the authority's path length is 0: it may sign no other authority"
    );
}

#[test]
fn purposes_are_what_openssl_takes_them_for() {
    if !has_program("openssl", &["version"]) {
        return;
    }
    let folder = Folder::new();
    folder.root();
    folder.done("new-key --out key.pem");
    for (purpose, known) in [
        ("server-auth", "sslserver"),
        ("client-auth", "sslclient"),
        ("email", "smimesign"),
        ("time-stamping", "timestampsign"),
    ] {
        folder.done(&format!(
            "issue --ca root.pem --ca-key root.key --key key.pem --name email:a@b.example --purpose {purpose} \
             --out {purpose}.pem"
        ));
        folder.openssl(&format!(
            "verify -x509_strict -CAfile root.pem -purpose {known} {purpose}.pem"
        ));
        if purpose != "server-auth" {
            let words = format!("verify -CAfile root.pem -purpose sslserver {purpose}.pem");
            assert!(!folder.try_openssl(&words).status.success(), "{purpose}");
        }
    }
    let shown = folder.openssl("x509 -in time-stamping.pem -noout -text");
    assert!(shown.contains("Extended Key Usage: critical"), "RFC 3161: {shown}");
    assert!(
        folder
            .refused("issue --ca root.pem --ca-key root.key --key key.pem --subject CN=a --purpose time-stamping --purpose email")
            .starts_with("time-stamping stands alone")
    );
}

#[test]
fn an_issuer_name_stays_as_it_is_byte_for_byte() {
    if !has_program("openssl", &["version"]) {
        return;
    }
    let folder = Folder::new();
    // Teletex and BMP strings, two attributes in one part, an unknown type: as old authorities have them.
    folder.write(
        "ca.cnf",
        "[req]\ndistinguished_name = dn\nx509_extensions = ext\nprompt = no\nstring_mask = pkix\n[dn]\n1.DC = com\n\
         2.DC = example\nO = Caf\\xC3\\xA9\n1.OU = one\n2.+OU = two\nx.1.2.3.4 = odd\nCN = CA\n[ext]\n\
         basicConstraints = critical, CA:TRUE\nkeyUsage = keyCertSign\nsubjectKeyIdentifier = hash\n",
    );
    folder.openssl("req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -config ca.cnf");
    folder.done("new-key --out key.pem");
    folder.done(
        "issue --ca ca.pem --ca-key ca.key --key key.pem --name dns:a.example --out cert.pem",
    );
    assert_eq!(folder.openssl("verify -x509_strict -CAfile ca.pem cert.pem"), "cert.pem: OK\n");
}

#[test]
fn a_time_and_a_serial_number_make_the_content_the_same_each_time() {
    let folder = Folder::new();
    folder.done("new-key --algorithm ed25519 --out key.pem");
    let words = "self-sign --key key.pem --name dns:a.example --time 2026-01-02T03:04:05Z --days 10 --serial 00c0ffee";
    let (one, two) = (folder.json(words), folder.json(words));
    assert_eq!(one, two, "Ed25519 signs deterministically too");
    let certificate = &one["certificate"];
    assert_eq!(certificate["serial"], "00c0ffee");
    assert_eq!(certificate["not_before"], "2026-01-02T03:04:05Z");
    assert_eq!(certificate["not_after"], "2026-01-12T03:04:05Z");
    assert_eq!(certificate["subject"], "CN=a.example");
    assert_eq!(certificate["path_length"], Value::Null);
    assert_eq!(certificate["purposes"][0], "server-auth");
    assert_eq!(one["request"], Value::Null);
    let random = folder.json("self-sign --key key.pem --name dns:a.example");
    assert_eq!(random["certificate"]["serial"].as_str().unwrap().len(), 40);
}

#[test]
fn a_certificate_that_outlives_its_authority_is_warned_of() {
    let folder = Folder::new();
    folder.done("self-sign --ca --new-key root.key --subject CN=Root --out root.pem --time 2026-01-01T00:00:00Z --days 30");
    let issue = "issue --ca root.pem --ca-key root.key --key root.key --name dns:a.example --time 2026-01-02T00:00:00Z";
    let answer = folder.json(issue);
    assert_eq!(
        answer["certificate"]["not_after"], "2026-01-31T00:00:00Z",
        "what was not asked for ends with the authority"
    );
    assert_eq!(answer["warnings"], Value::Array(Vec::new()));
    let answer = folder.json(&format!("{issue} --days 60"));
    assert_eq!(answer["certificate"]["not_after"], "2026-03-03T00:00:00Z");
    let warning = answer["warnings"][0].as_str().unwrap();
    assert!(
        warning
            .contains("nobody believes it after the authority's own end at 2026-01-31T00:00:00Z"),
        "{warning}"
    );
    let output = folder.cert(&format!("{issue} --days 60"));
    assert!(text(&output.stderr).contains("\nravelin: warning: good until 2026-03-03"));
    assert!(
        text(&output.stdout).starts_with("-----BEGIN CERTIFICATE-----\n"),
        "the certificate alone is data"
    );
}

#[test]
fn an_authority_must_be_one_and_its_key_its_own() {
    let folder = Folder::new();
    folder.root();
    folder.done("self-sign --new-key leaf.key --name dns:a.example --out leaf.pem");
    assert_eq!(
        folder.refused("issue --ca leaf.pem --ca-key leaf.key --key leaf.key --name dns:b.example"),
        "leaf.pem: is no authority's certificate (no basic constraint says CA); `ravelin cert self-sign --ca` makes one"
    );
    assert_eq!(
        folder.refused(
            "issue --ca root.pem --ca-key leaf.key --key leaf.key --name dns:b.example --out x.pem"
        ),
        "leaf.key: is not the key of the certificate root.pem"
    );
    if has_program("openssl", &["version"]) {
        folder.write(
            "ca.cnf",
            "[req]\ndistinguished_name = dn\nx509_extensions = ext\nprompt = no\n[dn]\nCN = CA\n[ext]\n\
             basicConstraints = critical, CA:TRUE\nkeyUsage = cRLSign\n",
        );
        folder
            .openssl("req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -config ca.cnf");
        assert_eq!(
            folder.refused("issue --ca ca.pem --ca-key ca.key --key leaf.key --name dns:b.example"),
            "ca.pem: is an authority that may not sign certificates (its key usage lacks keyCertSign)"
        );
    }
    assert_eq!(
        folder.refused("issue --ca root.pem --ca-key root.key --key leaf.key --subject= --name dns:a.example --is-ca"),
        "an authority needs a --subject that is not empty"
    );
}

#[test]
fn an_empty_subject_makes_the_names_critical() {
    if !has_program("openssl", &["version"]) {
        return;
    }
    let folder = Folder::new();
    folder.root();
    folder.done("new-key --out key.pem");
    folder.done("issue --ca root.pem --ca-key root.key --key key.pem --subject= --name dns:a.example --out cert.pem");
    assert_eq!(folder.openssl("verify -x509_strict -CAfile root.pem cert.pem"), "cert.pem: OK\n");
    assert!(
        folder.openssl("x509 -in cert.pem -noout -text").contains("Alternative Name: critical")
    );
}
