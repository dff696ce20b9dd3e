//! Requests, and what becomes of what they ask for.

use super::folder::{ALGORITHMS, Folder};
use ravelin_test::has_program;
use serde_json::Value;

#[test]
fn requests_with_every_kind_of_key_are_verified_by_openssl() {
    if !has_program("openssl", &["version"]) {
        return;
    }
    let folder = Folder::new();
    for algorithm in ALGORITHMS {
        folder.done(&format!(
            "request --new-key {algorithm}.key --algorithm {algorithm} --subject CN=a,O=b --name dns:*.a.example \
             --name ip:192.0.2.1 --name email:x@a.example --name uri:https://a.example/ --out {algorithm}.csr"
        ));
        assert_eq!(folder.mode(&format!("{algorithm}.key")), 0o600);
        let shown = folder.openssl(&format!("req -in {algorithm}.csr -verify -noout -text"));
        assert!(shown.contains("verify OK"), "{shown}");
        assert!(shown.contains(
            "DNS:*.a.example, IP Address:192.0.2.1, email:x@a.example, URI:https://a.example/"
        ));
        assert!(
            shown.contains("Subject: O = b, CN = a") || shown.contains("Subject: O=b, CN=a"),
            "{shown}"
        );
    }
}

#[test]
fn what_a_request_asks_for_is_taken_or_refused_and_told() {
    if !has_program("openssl", &["version"]) {
        return;
    }
    let folder = Folder::new();
    folder.root();
    folder.write(
        "req.cnf",
        "[req]\ndistinguished_name = dn\nreq_extensions = ext\nprompt = no\n[dn]\nO = One\n1.OU = A\n2.OU = B\nCN = www\n\
         [ext]\nbasicConstraints = CA:TRUE\nkeyUsage = keyCertSign\nextendedKeyUsage = serverAuth, clientAuth\n\
         subjectKeyIdentifier = hash\ntlsfeature = status_request\n\
         subjectAltName = DNS:www.example.com, DNS:bad name, IP:192.0.2.1, RID:1.2.3\n",
    );
    folder.openssl("req -new -newkey rsa:2048 -nodes -keyout key.pem -out req.pem -config req.cnf");
    let answer =
        folder.json("issue --ca root.pem --ca-key root.key --request req.pem --out cert.pem");
    let words = |value: &Value| -> Vec<String> {
        value.as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(
        words(&answer["request"]["taken"]),
        [
            "the public key",
            "dns:www.example.com",
            "ip:192.0.2.1",
            "the subject CN=www,OU=B,OU=A,O=One"
        ]
    );
    assert_eq!(
        words(&answer["request"]["refused"]),
        [
            "dns:bad name (` ` does not occur in host names)",
            "rid:1.2.3 (such names are not issued)",
            "to be an authority (--is-ca grants it)",
            "purpose client-auth (--purpose client-auth grants it)",
            "the extension 1.3.6.1.5.5.7.1.24",
        ]
    );
    assert_eq!(words(&answer["certificate"]["names"]), ["dns:www.example.com", "ip:192.0.2.1"]);
    assert_eq!(answer["certificate"]["ca"], false);
    assert_eq!(answer["certificate"]["issuer"], "CN=Root,DC=example,DC=com");
    assert_eq!(
        folder.openssl("verify -x509_strict -CAfile root.pem -purpose sslserver cert.pem"),
        "cert.pem: OK\n"
    );
    let shown = folder.openssl("x509 -in cert.pem -noout -subject -nameopt RFC2253");
    assert_eq!(shown.trim(), "subject=CN=www,OU=B,OU=A,O=One");

    let answer = folder.json(
        "issue --ca root.pem --ca-key root.key --request req.pem --name dns:other.example --subject CN=x --purpose \
         client-auth --purpose server-auth --is-ca",
    );
    assert_eq!(words(&answer["certificate"]["names"]), ["dns:other.example"]);
    assert!(
        words(&answer["request"]["refused"])
            .contains(&"dns:www.example.com (--name says otherwise)".into())
    );
    assert_eq!(answer["certificate"]["ca"], true);
    assert!(answer["pem"].as_str().unwrap().starts_with("-----BEGIN CERTIFICATE-----"));

    // A request that somebody changed.
    let mut der = folder.try_openssl("req -in req.pem -outform DER").stdout;
    let at = der.windows(3).position(|window| window == b"www").unwrap();
    der[at] = b'v';
    folder.write("changed.der", der);
    assert_eq!(
        folder.refused("issue --ca root.pem --ca-key root.key --request changed.der"),
        "changed.der: the request was not signed by the key it is for"
    );
}
