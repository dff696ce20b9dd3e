//! `ravelin cert` as people and scripts call it, with `openssl` as the one who must agree.

#![expect(clippy::print_stderr, reason = "a test that is skipped says so")]

use serde_json::Value;
use std::{
    fs,
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

const ALGORITHMS: [&str; 6] =
    ["ecdsa-p256", "ecdsa-p384", "ed25519", "rsa-2048", "rsa-3072", "rsa-4096"];

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A folder that commands are run in.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Folder {
        Folder(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(name), bytes).unwrap();
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    fn mode(&self, name: &str) -> u32 {
        fs::metadata(self.path(name)).unwrap().permissions().mode() & 0o777
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(self.0.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// `ravelin cert …`, words separated by blanks.
    fn cert(&self, words: &str) -> Output {
        self.cert_words(&words.split_whitespace().collect::<Vec<_>>())
    }

    fn cert_words(&self, words: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_ravelin"))
            .arg("cert")
            .args(words)
            .env("RAVELIN_TEST_PASSWORD", "swordfish")
            .current_dir(self.0.path())
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// What it writes to standard output when it succeeds.
    fn done(&self, words: &str) -> String {
        let output = self.cert(words);
        assert_eq!(output.status.code(), Some(0), "{words}: {}", text(&output.stderr));
        text(&output.stdout)
    }

    fn json(&self, words: &str) -> Value {
        let output = self.cert(&format!("{words} --json"));
        assert_eq!(text(&output.stderr), "", "{words}: a program that reads JSON wants no words");
        assert_eq!(output.status.code(), Some(0));
        let value: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(value["schema"], 1);
        value
    }

    /// The one line of an exit 2; nothing is written anywhere.
    fn refused(&self, words: &str) -> String {
        let before = self.names();
        let output = self.cert(words);
        let line = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{words}: {line}");
        assert_eq!(text(&output.stdout), "", "{words}");
        assert_eq!(line.matches('\n').count(), 1, "{words}: {line}");
        assert_eq!(self.names(), before, "{words}");
        line.strip_prefix("ravelin: ").unwrap().trim_end().to_owned()
    }

    /// What openssl writes when it succeeds; words are separated by blanks.
    fn openssl(&self, words: &str) -> String {
        let output = self.try_openssl(words);
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "openssl {words}: {out}{err}");
        out + &err
    }

    fn try_openssl(&self, words: &str) -> Output {
        Command::new("openssl")
            .args(words.split_whitespace())
            .current_dir(self.0.path())
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// `root.pem` and `root.key`.
    fn root(&self) {
        self.done(
            "self-sign --ca --new-key root.key --subject CN=Root,DC=example,DC=com --out root.pem",
        );
    }
}

/// Whether there is an openssl to ask; says so if not, and fails where nothing may be skipped.
fn has_openssl() -> bool {
    let is_there =
        Command::new("openssl").arg("version").output().is_ok_and(|output| output.status.success());
    if !is_there {
        let must_not_skip =
            std::env::var("RAVELIN_NO_SKIP").is_ok_and(|value| !matches!(&value[..], "" | "0"));
        assert!(!must_not_skip, "no openssl, and RAVELIN_NO_SKIP is set");
        eprintln!("SKIPPED: no openssl");
    }
    is_there
}

#[test]
fn keys_of_every_kind_are_valid_to_openssl() {
    if !has_openssl() {
        return;
    }
    let folder = Folder::new();
    for algorithm in ALGORITHMS {
        let answer = folder.json(&format!("new-key --algorithm {algorithm} --out {algorithm}.pem"));
        assert_eq!(answer["public_key"]["algorithm"], algorithm);
        assert_eq!(answer["written"]["key"], format!("{algorithm}.pem"));
        assert_eq!(answer["pem"], Value::Null);
        assert_eq!(folder.mode(&format!("{algorithm}.pem")), 0o600);
        let check = folder.openssl(&format!("pkey -in {algorithm}.pem -noout -check"));
        assert!(check.contains("Key is valid"), "{check}");
    }
    folder.done("new-key --format der --out key.der");
    folder.openssl("pkey -inform DER -in key.der -noout -check");
    folder.write("out.pem", folder.done("new-key"));
    folder.openssl("pkey -in out.pem -noout -check");
    let printed = folder.json("new-key");
    assert!(printed["pem"].as_str().unwrap().starts_with("-----BEGIN PRIVATE KEY-----\n"));
    assert_eq!(printed["written"]["key"], Value::Null);
}

#[test]
fn requests_with_every_kind_of_key_are_verified_by_openssl() {
    if !has_openssl() {
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
fn a_chain_of_three_is_strictly_valid_to_openssl_with_every_kind_of_key() {
    if !has_openssl() {
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
            text(&folder.read("leaf.pem")).matches("BEGIN CERTIFICATE").count(),
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
    if !has_openssl() {
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
fn what_a_request_asks_for_is_taken_or_refused_and_told() {
    if !has_openssl() {
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

#[test]
fn an_issuer_name_stays_as_it_is_byte_for_byte() {
    if !has_openssl() {
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
    if has_openssl() {
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
    if !has_openssl() {
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

#[test]
fn nothing_is_replaced_unless_forced() {
    let folder = Folder::new();
    folder.write("taken", "mine");
    let expected = "taken: exists already; --force replaces it";
    for words in [
        "new-key --out taken",
        "request --new-key taken --name dns:a.example",
        "request --new-key key.pem --name dns:a.example --out taken",
        "self-sign --new-key key.pem --name dns:a.example --out taken",
    ] {
        assert_eq!(folder.refused(words), expected);
        assert_eq!(folder.read("taken"), b"mine");
    }
    fs::set_permissions(folder.path("taken"), fs::Permissions::from_mode(0o644)).unwrap();
    folder.done("new-key --out taken --force");
    assert_eq!(folder.mode("taken"), 0o600);
    assert_eq!(folder.names(), ["taken"]);
    assert_eq!(
        folder.refused("self-sign --new-key both --name dns:a.example --out both"),
        "both: two things cannot be written to one file"
    );
    assert!(
        folder
            .refused("new-key --out missing/key.pem")
            .starts_with("missing/key.pem: cannot be written: ")
    );
}

#[test]
fn keys_come_in_every_wrapping() {
    if !has_openssl() {
        return;
    }
    let folder = Folder::new();
    folder.write("password", "swordfish\n");
    folder.write("wrong", "sword\n");
    folder.openssl("ecparam -name prime256v1 -genkey -out sec1.pem");
    folder.openssl("genrsa -traditional -out pkcs1.pem 2048");
    folder.openssl("ec -in sec1.pem -outform DER -out sec1.der");
    folder.openssl("ecparam -name secp521r1 -genkey -noout -out p521.pem");
    for key in ["sec1.pem", "sec1.der", "pkcs1.pem", "p521.pem"] {
        folder.done(&format!("self-sign --key {key} --name dns:a.example --out {key}.crt"));
        folder.openssl(&format!("verify -x509_strict -CAfile {key}.crt {key}.crt"));
        folder.done(&format!(
            "pkcs12 --export --cert {key}.crt --key {key} --out {key}.p12 --password-file password"
        ));
        folder.openssl(&format!(
            "pkcs12 -in {key}.p12 -passin file:password -nodes -out {key}.again"
        ));
        folder.openssl(&format!("pkey -in {key}.again -noout -check"));
    }
    folder.openssl("pkcs8 -topk8 -in sec1.pem -out aes.pem -passout file:password");
    folder.openssl("pkcs8 -topk8 -in sec1.pem -out aes.der -outform DER -passout file:password");
    folder.openssl("pkcs8 -topk8 -in sec1.pem -out scrypt.pem -scrypt -passout file:password");
    folder.openssl("pkcs8 -topk8 -in sec1.pem -out 3des.pem -v2 des3 -v2prf hmacWithSHA1 -passout file:password");
    for key in ["aes.pem", "aes.der", "scrypt.pem", "3des.pem"] {
        folder
            .done(&format!("request --key {key} --name dns:a.example --passphrase-file password"));
        folder.done(&format!(
            "request --key {key} --name dns:a.example --passphrase-env RAVELIN_TEST_PASSWORD"
        ));
        assert_eq!(
            folder.refused(&format!("request --key {key} --name dns:a.example")),
            format!(
                "{key}: the key is encrypted; give --passphrase-file FILE or --passphrase-env NAME"
            )
        );
        assert_eq!(
            folder.refused(&format!(
                "request --key {key} --name dns:a.example --passphrase-file wrong"
            )),
            format!("{key}: the key cannot be decrypted: is the passphrase right?")
        );
    }
    folder.openssl("rsa -in pkcs1.pem -aes128 -traditional -out old.pem -passout file:password");
    assert!(
        folder
            .refused("request --key old.pem --name dns:a.example --passphrase-file password")
            .starts_with("old.pem:1: the key is encrypted in OpenSSL's old way")
    );
    folder.openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1 -out odd.pem");
    assert!(
        folder
            .refused("request --key odd.pem --name dns:a.example")
            .starts_with("odd.pem: holds no private key that can be used: RSA from 2048")
    );
    folder.openssl("pkey -in sec1.pem -pubout -out public.pem");
    folder.root();
    folder.done("issue --ca root.pem --ca-key root.key --public-key public.pem --name dns:a.example --out c.pem");
    assert_eq!(folder.openssl("x509 -in c.pem -noout -pubkey"), text(&folder.read("public.pem")));
}

#[test]
fn a_pkcs12_file_of_ours_opens_in_openssl() {
    if !has_openssl() {
        return;
    }
    let folder = Folder::new();
    folder.root();
    folder.write("password", "swordfish\n");
    for algorithm in ["ecdsa-p256", "ecdsa-p384", "ed25519", "rsa-2048"] {
        folder.done(&format!(
            "request --new-key k --algorithm {algorithm} --name dns:a.example --out r --force"
        ));
        folder.done("issue --ca root.pem --ca-key root.key --request r --out c --force");
        folder.write("chain", [folder.read("c"), folder.read("root.pem")].concat());
        let answer = folder.json(
            "pkcs12 --export --cert chain --key k --out id.p12 --name Friend --password-env RAVELIN_TEST_PASSWORD --force",
        );
        assert_eq!(answer["written"]["pkcs12"], "id.p12");
        assert_eq!(answer["certificates"].as_array().unwrap().len(), 2);
        assert_eq!(folder.mode("id.p12"), 0o600);
        let shown = folder.openssl("pkcs12 -in id.p12 -passin file:password -nodes");
        assert!(shown.contains("friendlyName: Friend"), "{shown}");
        assert_eq!(shown.matches("BEGIN CERTIFICATE").count(), 2);
        folder.openssl("pkcs12 -in id.p12 -passin file:password -nodes -nocerts -out key.again");
        assert_eq!(
            folder.openssl("pkey -in key.again -pubout"),
            folder.openssl("pkey -in k -pubout"),
            "{algorithm}"
        );
        folder.done("pkcs12 --import id.p12 --password-file password --cert-out c.again --key-out k.again --force");
        assert_eq!(folder.read("c.again"), folder.read("chain"));
        assert_eq!(folder.read("k.again"), folder.read("k"));
        assert_eq!(folder.mode("k.again"), 0o600);
    }
}

#[test]
fn pkcs12_files_of_openssl_open_in_ours() {
    if !has_openssl() {
        return;
    }
    let folder = Folder::new();
    folder.root();
    folder.write("password", "swordfish\n");
    folder.write("wrong", "sword\n");
    folder.done("request --new-key k --algorithm rsa-2048 --name dns:a.example --out r");
    folder.done("issue --ca root.pem --ca-key root.key --request r --out c");
    let base =
        "pkcs12 -export -in c -inkey k -certfile root.pem -name Friend -passout file:password";
    folder.openssl(&format!("{base} -out modern.p12"));
    let mut files = vec!["modern.p12"];
    for (options, file) in [
        ("-legacy", "legacy.p12"),
        ("-legacy -certpbe PBE-SHA1-RC2-40 -keypbe PBE-SHA1-3DES", "rc2.p12"),
        ("-legacy -certpbe PBE-SHA1-3DES -keypbe PBE-SHA1-3DES -macalg sha1", "3des.p12"),
        ("-nomac", "nomac.p12"),
    ] {
        if folder.try_openssl(&format!("{base} {options} -out {file}")).status.success() {
            files.push(file);
        } else {
            eprintln!("SKIPPED: openssl has no {options}");
        }
    }
    for file in files {
        let answer = folder.json(&format!(
            "pkcs12 --import {file} --password-file password --cert-out c.again --key-out k.again --force"
        ));
        assert_eq!(answer["friendly_name"], "Friend", "{file}");
        assert_eq!(answer["key"]["algorithm"], "rsa-2048");
        assert_eq!(answer["certificates"][0]["names"][0], "dns:a.example");
        assert_eq!(answer["certificates"][1]["subject"], "CN=Root,DC=example,DC=com");
        assert_eq!(answer["warnings"], Value::Array(Vec::new()));
        assert_eq!(
            folder.read("c.again"),
            [folder.read("c"), folder.read("root.pem")].concat(),
            "{file}"
        );
        assert_eq!(
            folder.openssl("pkey -in k.again -pubout"),
            folder.openssl("pkey -in k -pubout")
        );
        assert_eq!(
            folder.refused(&format!("pkcs12 --import {file} --password-file wrong")),
            format!("{file}: cannot be opened: is the password right?")
        );
        assert_eq!(
            folder.refused(&format!("pkcs12 --import {file}")),
            "which password? give --password-file FILE or --password-env NAME"
        );
    }
    folder.openssl("pkcs12 -export -in c -nokeys -passout file:password -out certs.p12");
    let shown = folder.done("pkcs12 --import certs.p12 --password-file password");
    assert_eq!(shown, text(&folder.read("c")));
    assert_eq!(
        folder.refused("pkcs12 --import certs.p12 --password-file password --key-out x"),
        "certs.p12: holds no private key"
    );
    assert!(
        folder
            .refused("issue --ca modern.p12 --ca-key k --key k --name dns:a.example")
            .contains("is a PKCS#12 file")
    );
}

#[test]
fn only_a_key_and_its_certificate_are_packed() {
    let folder = Folder::new();
    folder.root();
    folder.write("password", "swordfish");
    folder.done("self-sign --new-key k --name dns:a.example --out c");
    let pack = "pkcs12 --export --out id.p12 --password-file password";
    assert_eq!(
        folder.refused(&format!("{pack} --cert root.pem --key k")),
        "k: is not the key of the first certificate in root.pem"
    );
    folder.write("chain", [folder.read("root.pem"), folder.read("c")].concat());
    assert_eq!(
        folder.refused(&format!("{pack} --cert chain --key k")),
        "k: is not the key of the first certificate in chain, but of a later one: the end certificate comes first"
    );
    folder.write("id.p12", "mine");
    assert_eq!(
        folder.refused(&format!("{pack} --cert c --key k")),
        "id.p12: exists already; --force replaces it"
    );
    assert!(folder.refused("pkcs12 --cert c --key k --out x").contains("--export"));
    assert!(folder.refused("pkcs12 --export --cert c --key k").contains("--out"));
}

#[test]
fn damaged_pkcs12_files_are_refused_whatever_is_damaged() {
    let folder = Folder::new();
    folder.write("password", "swordfish");
    folder.done("self-sign --new-key k --name dns:a.example --out c");
    folder.done("pkcs12 --export --cert c --key k --out id.p12 --password-file password");
    let whole = folder.read("id.p12");
    for at in (0..whole.len()).step_by(whole.len() / 40) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x5a;
        folder.write("damaged", damaged);
        let line = folder.refused("pkcs12 --import damaged --password-file password");
        assert!(line.starts_with("damaged: "), "byte {at}: {line}");
        folder.write("damaged", &whole[..at]);
        let line = folder.refused("pkcs12 --import damaged --password-file password");
        assert!(line.starts_with("damaged: "), "{at} bytes: {line}");
    }
}

#[test]
fn hostile_inputs_end_in_one_line_that_names_the_file() {
    let folder = Folder::new();
    folder.root();
    folder.write("password", "swordfish");
    folder.write("empty", "");
    folder.write("text", "hello\n");
    folder.write(
        "junk",
        (0..4096u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect::<Vec<_>>(),
    );
    folder.write("der", [&[0x30, 0x82, 0x01, 0x00][..], &[0x30; 0x100]].concat());
    folder.write("short", [0x30, 0x82, 0x10, 0x00, 0x02]);
    folder.write(
        "nested",
        [&[0x30, 0x83, 0x0f, 0xff, 0x00][..], &[0x30, 0x80].repeat(0x0f_ff00 / 2)].concat(),
    );
    fs::File::create(folder.path("large")).unwrap().set_len(17 << 20).unwrap();
    let root = text(&folder.read("root.pem"));
    let key = text(&folder.read("root.key"));
    folder.write("cut", &root[..root.len() / 2]);
    folder.write("cutkey", &key[..key.len() / 2]);
    folder.write("bad", root.replacen("MII", "M*I", 1));
    folder.write("other", "-----BEGIN OTHER-----\nMDA=\n-----END OTHER-----\n");
    fs::create_dir(folder.path("folder")).unwrap();
    let files = [
        "empty", "text", "junk", "der", "short", "nested", "large", "cut", "cutkey", "bad",
        "other", "folder", "missing",
    ];
    for file in files {
        for words in [
            format!("issue --ca {file} --ca-key root.key --key root.key --name dns:a.example"),
            format!("issue --ca root.pem --ca-key {file} --key root.key --name dns:a.example"),
            format!("issue --ca root.pem --ca-key root.key --key {file} --name dns:a.example"),
            format!("issue --ca root.pem --ca-key root.key --request {file}"),
            format!(
                "issue --ca root.pem --ca-key root.key --public-key {file} --name dns:a.example"
            ),
            format!("request --key {file} --name dns:a.example"),
            format!("self-sign --key {file} --name dns:a.example"),
            format!(
                "pkcs12 --export --cert {file} --key root.key --out x --password-file password"
            ),
            format!(
                "pkcs12 --export --cert root.pem --key {file} --out x --password-file password"
            ),
            format!("pkcs12 --import {file} --password-file password"),
        ] {
            let line = folder.refused(&words);
            assert!(line.starts_with(&format!("{file}:")), "{words}: {line}");
        }
    }
    let issue = |file: &str| {
        folder.refused(&format!(
            "issue --ca {file} --ca-key root.key --key root.key --name dns:a.example"
        ))
    };
    assert_eq!(issue("large"), "large: is larger than 16 MiB");
    assert_eq!(issue("empty"), "empty: is empty");
    assert_eq!(
        issue("cut"),
        "cut:1: the block CERTIFICATE has no END line: the file seems to be cut short"
    );
    assert_eq!(issue("bad"), "bad:2: `*` is no base64");
    assert_eq!(issue("other"), "other: holds no certificate; its first block is OTHER");
    assert_eq!(
        folder.refused("pkcs12 --import large --password-file large"),
        "large: is larger than 16 MiB"
    );
}

#[test]
fn standard_input_is_a_file_too() {
    let folder = Folder::new();
    folder.root();
    let run = |words: &str, input: &[u8]| {
        let mut child = Command::new(env!("CARGO_BIN_EXE_ravelin"))
            .arg("cert")
            .args(words.split_whitespace())
            .current_dir(folder.0.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // Whoever refuses does not read to the end.
        let _ = child.stdin.take().unwrap().write_all(input);
        child.wait_with_output().unwrap()
    };
    let output = run("request --key - --name dns:a.example", &folder.read("root.key"));
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).starts_with("-----BEGIN CERTIFICATE REQUEST-----\n"));
    let output = run("request --key - --name dns:a.example", &vec![b'x'; (16 << 20) + 1]);
    assert_eq!(
        (output.status.code(), text(&output.stderr)),
        (Some(2), "ravelin: standard input: is larger than 16 MiB\n".into())
    );
}

#[test]
fn wrong_usage_is_told_in_one_line() {
    let folder = Folder::new();
    folder.done("new-key --out k");
    for (words, expected) in [
        ("", "which command? see `ravelin --help`"),
        ("request --name dns:a.example", "required arguments were not provided: --key <FILE>"),
        ("request --key k --new-key l --name dns:a", "cannot be used with"),
        ("request --key k --algorithm ed25519 --name dns:a", "cannot be used with"),
        (
            "request --key k",
            "whom is it for? give --name, such as --name dns:www.example.com, or --subject",
        ),
        ("request --key k --name www.example.com", "say what it is: dns:www.example.com"),
        ("request --key k --subject C=Germany", "C has 2 characters at most, not 7"),
        ("self-sign --key k --subject=", "needs a --subject that is not empty"),
        (
            "self-sign --key k --name dns:a --purpose serverAuth",
            "a purpose is one of server-auth, ",
        ),
        ("self-sign --key k --name dns:a --path-length 1", "only an authority has a --path-length"),
        ("self-sign --key k --name dns:a --days 0", "'--days <N>'"),
        (
            "self-sign --key k --name dns:a --days 1 --not-after 2030-01-01T00:00:00Z",
            "cannot be used with",
        ),
        (
            "self-sign --key k --name dns:a --not-after 2001-01-01T00:00:00Z",
            "would end (2001-01-01T00:00:00Z) before it begins",
        ),
        ("self-sign --key k --name dns:a --time 1900-01-01T00:00:00Z", "would begin before 1950"),
        ("self-sign --key k --name dns:a --time 9999-12-01T00:00:00Z", "beyond the year 9999"),
        ("self-sign --key k --name dns:a --time yesterday", "'--time <TIME>'"),
        ("self-sign --key k --name dns:a --serial 0", "--serial 0: a serial number is positive"),
        (
            "issue --ca k --ca-key k --name dns:a",
            "<--request <FILE>|--key <FILE>|--public-key <FILE>>",
        ),
        ("issue --ca k --ca-key k --key k --request k", "cannot be used with"),
        ("issue --ca k --ca-key k --key k --chain --format der", "only --format pem holds"),
        ("issue --ca k --ca-key k --key k --name dns:a --crl-url /crl", "/crl: a URI"),
        ("new-key --algorithm dsa", "invalid value 'dsa'"),
    ] {
        let line = folder.refused(words);
        assert!(line.contains(expected), "{words}: {line}");
    }
}

#[test]
fn manual_pages_and_completions_know_the_commands() {
    let run = |words: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_ravelin")).args(words).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{words:?}: {}", text(&output.stderr));
        text(&output.stdout)
    };
    assert!(run(&["generate", "man", "cert"]).contains("new\\-key"));
    for command in ["new-key", "request", "self-sign", "issue", "pkcs12"] {
        let page = run(&["generate", "man", "cert", command]);
        assert!(page.contains("Examples:"), "{page}");
        assert!(
            run(&["cert", command, "--help"]).contains(&format!("\n  ravelin cert {command} ")),
            "{command}"
        );
        for shell in ["bash", "zsh", "fish"] {
            assert!(run(&["generate", "completions", shell]).contains(command), "{shell}");
        }
    }
}

/// Every example in the help does what it says, in their order.
#[test]
fn the_examples_work() {
    let folder = Folder::new();
    let help = |command: &str| text(&folder.cert_words(&[command, "--help"]).stdout);
    let mut count = 0;
    folder.write("password.txt", "swordfish\n");
    for command in ["new-key", "request", "self-sign", "issue", "pkcs12"] {
        let help = help(command).replace("\\\n", " ");
        let examples = help.split_once("Examples:\n").unwrap().1;
        for (at, example) in examples.lines().enumerate() {
            match (command, at) {
                ("issue", _) => ["client", "sub"].iter().for_each(|name| {
                    folder.done(&format!("new-key --out {name}.key --force"));
                }),
                ("pkcs12", 0) => {
                    folder.done("self-sign --key key.pem --name dns:a.example --out chain.pem");
                }
                _ => {}
            }
            let words: Vec<String> = example
                .trim()
                .strip_prefix("ravelin cert ")
                .unwrap()
                .split('\'')
                .enumerate()
                .flat_map(|(part, text)| match part % 2 {
                    0 => text.split_whitespace().map(str::to_owned).collect(),
                    _ => vec![text.to_owned()],
                })
                .chain((command != "new-key" || at > 0).then(|| "--force".to_owned()))
                .collect();
            let output = folder.cert_words(&words.iter().map(String::as_str).collect::<Vec<_>>());
            assert_eq!(output.status.code(), Some(0), "{example}: {}", text(&output.stderr));
            count += 1;
        }
    }
    assert_eq!(count, 12, "all of them were found");
    assert!(Path::new(&folder.path("sub.pem")).exists());
}
