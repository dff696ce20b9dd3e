//! PKCS #12 files, ours in openssl and openssl's in ours.

use super::folder::Folder;
use ravelin_test::has_program;
use serde_json::Value;

#[test]
fn a_pkcs12_file_of_ours_opens_in_openssl() {
    if !has_program("openssl", &["version"]) {
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
        folder.write("chain", [folder.bytes("c"), folder.bytes("root.pem")].concat());
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
        assert_eq!(folder.bytes("c.again"), folder.bytes("chain"));
        assert_eq!(folder.bytes("k.again"), folder.bytes("k"));
        assert_eq!(folder.mode("k.again"), 0o600);
    }
}

#[test]
fn pkcs12_files_of_openssl_open_in_ours() {
    if !has_program("openssl", &["version"]) {
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
            // An older openssl does not fail the test, even where nothing may be skipped.
            #[expect(clippy::print_stderr, reason = "what is skipped must be seen")]
            {
                eprintln!("SKIPPED: openssl has no {options}");
            }
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
            folder.bytes("c.again"),
            [folder.bytes("c"), folder.bytes("root.pem")].concat(),
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
    assert_eq!(shown, folder.read("c"));
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
    folder.write("chain", [folder.bytes("root.pem"), folder.bytes("c")].concat());
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
    let whole = folder.bytes("id.p12");
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
