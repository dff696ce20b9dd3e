//! Private keys: every kind, and every wrapping they come in.

use super::folder::{ALGORITHMS, Folder};
use ravelin_test::has_program;
use serde_json::Value;

#[test]
fn keys_of_every_kind_are_valid_to_openssl() {
    if !has_program("openssl", &["version"]) {
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
fn keys_come_in_every_wrapping() {
    if !has_program("openssl", &["version"]) {
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
    assert_eq!(folder.openssl("x509 -in c.pem -noout -pubkey"), folder.read("public.pem"));
}
