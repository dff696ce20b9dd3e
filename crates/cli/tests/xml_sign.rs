//! `ravelin xml sign` as people and scripts call it.

mod support;

use ravelin_xmldsig::{
    algorithm::VerificationKey,
    verify::{
        Body, Choice, Dereference, DereferenceError, KeySource, Report, Settings, SignatureStatus,
        verify,
    },
};
use serde_json::Value;
use std::{
    fs,
    io::{Cursor, Write as _},
    process::{Command, Output, Stdio},
};
use support::{Folder, text};

const DOCUMENT: &str =
    "<?xml version='1.0'?>\n<d><header/><body Id='b'>text<!-- c --></body></d>\n";

impl Folder {
    /// With keys, certificates, a document and a file.
    fn new() -> Folder {
        let folder = Folder::empty();
        for (name, algorithm) in [
            ("ec", &rcgen::PKCS_ECDSA_P256_SHA256),
            ("ed", &rcgen::PKCS_ED25519),
            ("rsa", &rcgen::PKCS_RSA_SHA256),
        ] {
            let key = rcgen::KeyPair::generate_for(algorithm).unwrap();
            let certificate = rcgen::CertificateParams::default().self_signed(&key).unwrap();
            folder.write(&format!("{name}.key"), key.serialize_pem());
            folder.write(&format!("{name}.pem"), certificate.pem());
        }
        folder.write("secret", "between us\n");
        folder.write("d.xml", DOCUMENT);
        folder.write("file", "a file");
        folder
    }

    fn names(&self) -> usize {
        fs::read_dir(self.path("")).unwrap().count()
    }

    /// `ravelin xml sign …`, words separated by blanks.
    fn sign(&self, words: &str) -> Output {
        self.command(&format!("xml sign {words}")).output().unwrap()
    }

    fn signed(&self, words: &str) -> Vec<u8> {
        let output = self.sign(words);
        assert_eq!(output.status.code(), Some(0), "{words}: {}", text(&output.stderr));
        assert_eq!(text(&output.stderr), "", "{words}");
        output.stdout
    }

    /// Exit 2 and exactly one line on standard error, nothing on standard output.
    fn refused(&self, words: &str) -> String {
        let output = self.sign(words);
        let line = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{words}: {line}");
        assert_eq!(text(&output.stdout), "", "{words}");
        assert_eq!(line.matches('\n').count(), 1, "{words}: {line}");
        line
    }
}

struct Files;

impl Dereference for Files {
    fn dereference(&mut self, uri: Option<&str>) -> Result<Body<'_>, DereferenceError> {
        match uri.unwrap_or_default() {
            "u" => Ok(Body::from_bytes(b"a file")),
            _ => Ok(Body::SameDocument),
        }
    }
}

fn check(document: &[u8], keys: &KeySource) -> Report {
    let settings = Settings { signature: Choice::Last, ..Settings::default() };
    verify(Cursor::new(document), &settings, keys, &mut Files).unwrap()
}

fn holds(document: &[u8]) -> bool {
    let report = check(document, &KeySource::Embedded);
    report.digest_status() == SignatureStatus::Valid
        && report.references_status() == SignatureStatus::Valid
}

#[test]
fn a_document_gets_a_signature_that_holds() {
    let folder = Folder::new();
    for words in [
        "--key ec.key --cert ec.pem d.xml",
        "--key rsa.key --cert rsa.pem --algorithm rsa-pss-sha384 --digest sha512 --enveloped d.xml",
        "--key rsa.key --cert rsa.pem --profile air d.xml",
        "--key ed.key d.xml",
        "--key ec.key --key-info key-value --c14n exclusive --comments --prefix ds --id s d.xml",
        "--key ec.key --c14n 1.1 --reference b --place first-in:b d.xml",
        "--key ec.key --place before:b --detached u=file d.xml",
    ] {
        let signed = folder.signed(words);
        assert!(holds(&signed), "{words}: {}", text(&signed));
        let at = DOCUMENT.find("<header/>").unwrap();
        assert!(signed.starts_with(&DOCUMENT.as_bytes()[..at]), "{words}");
        assert!(signed.ends_with(b"</d>\n"), "{words}");
    }
}

#[test]
fn a_document_type_is_obeyed_where_it_is_allowed() {
    let folder = Folder::new();
    let document =
        "<!DOCTYPE d [<!ATTLIST e key ID #IMPLIED kind CDATA 'k'>]><d><e key='x'>text</e></d>";
    folder.write("dtd.xml", document);
    let words = "--key ec.key --reference x --place after:x";
    let line = folder.refused(&format!("{words} dtd.xml"));
    assert!(line.contains("dtd.xml: ") && line.contains("internal subset"), "{line}");
    let signed = text(&folder.signed(&format!("{words} --allow internal-dtd dtd.xml")));
    assert!(signed.contains("text</e><Signature "), "{signed}");
    let settings =
        Settings { doctype: ravelin_xmldsig::xml::Doctype::InternalSubset, ..Settings::default() };
    for (document, expected) in [
        (signed.clone(), SignatureStatus::Valid),
        (signed.replace("CDATA 'k'", "CDATA 'other'"), SignatureStatus::Invalid),
    ] {
        let document = Cursor::new(document);
        let report = verify(document, &settings, &KeySource::Embedded, &mut Files).unwrap();
        assert_eq!(report.references_status(), expected);
    }
}

#[test]
fn content_and_files_are_signed() {
    let folder = Folder::new();
    for words in [
        "--key ec.key --enveloping d.xml",
        "--key ec.key --enveloping --content text file",
        "--key ec.key --enveloping --content base64 file",
        "--key ec.key --detached u=file",
        "--key ec.key --detached u=file --manifest",
    ] {
        let signed = folder.signed(words);
        assert!(signed.starts_with(b"<Signature "), "{words}");
        assert!(holds(&signed), "{words}: {}", text(&signed));
    }
    let manifest = folder.signed("--key ec.key --detached u=file --manifest");
    let report = check(&manifest, &KeySource::Embedded);
    assert_eq!(report.references()[0].manifest[0].status, SignatureStatus::Valid);
}

#[test]
fn a_secret_is_taken_as_it_is() {
    let folder = Folder::new();
    let signed = folder.signed("--hmac-key secret --key-name ours d.xml");
    assert_eq!(signed, folder.signed("--hmac-key secret --key-name ours d.xml"));
    let key = VerificationKey::from_secret(b"between us\n").unwrap();
    let report = check(&signed, &KeySource::Given(vec![key]));
    assert_eq!(report.digest_status(), SignatureStatus::Valid);
    assert!(text(&signed).contains("<KeyName>ours</KeyName>"));
}

#[test]
fn a_document_comes_from_a_pipe_and_goes_to_a_file() {
    let folder = Folder::new();
    let mut child = folder
        .command("xml sign --key ec.key --output out.xml -")
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(DOCUMENT.as_bytes()).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(holds(&folder.bytes("out.xml")));

    let line = folder.refused("--key ec.key --output d.xml d.xml");
    assert!(line.contains("d.xml: exists already; --force replaces it"), "{line}");
    assert_eq!(folder.bytes("d.xml"), DOCUMENT.as_bytes());
    let before = folder.names();
    assert_eq!(folder.signed("--key ec.key --output d.xml --force d.xml"), b"");
    assert!(holds(&folder.bytes("d.xml")));
    assert_eq!(folder.names(), before);
}

#[test]
fn the_report_says_what_was_signed() {
    let folder = Folder::new();
    let words = "--json --key ec.key --output out.xml --detached u=file d.xml";
    let report: Value = serde_json::from_slice(&folder.signed(words)).unwrap();
    assert_eq!(report["schema"], 1);
    assert_eq!(report["output"], "out.xml");
    assert_eq!(report["form"], "enveloped");
    assert_eq!(report["algorithm"], "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256");
    let out = folder.read("out.xml");
    let range = [0, 1].map(|i| usize::try_from(report["range"][i].as_u64().unwrap()).unwrap());
    assert!(out[range[0]..range[1]].starts_with("<Signature "));
    assert!(out[range[0]..range[1]].ends_with("</Signature>"));
    assert_eq!(report["length"], out.len());
    for reference in report["references"].as_array().unwrap() {
        assert!(out.contains(reference["digest"].as_str().unwrap()), "{reference}");
    }
    assert_eq!(report["references"][1]["uri"], "u");
}

#[test]
fn what_cannot_be_signed_leaves_one_line_and_no_file() {
    let folder = Folder::new();
    folder.write("bad.xml", "<d>");
    let before = folder.names();
    for (words, expected) in [
        ("d.xml", "--key"),
        ("--key ec.key", "DOCUMENT"),
        ("--key ec.key --hmac-key secret d.xml", "--hmac-key"),
        ("--key ec.key --cert rsa.pem d.xml", "not one of the key"),
        ("--key ec.key --algorithm rsa-sha256 d.xml", "makes no signatures"),
        ("--key ec.key --algorithm rsa d.xml", "rsa-pss-sha256"),
        ("--key ec.key --allow legacy-sha1 d.xml", "neither internal-dtd nor rsa-N"),
        ("--key ec.key --digest sha1 d.xml", "sha3-512"),
        ("--key ec.key --key-info x509 d.xml", "give --cert FILE"),
        ("--hmac-key secret --key-info key-value d.xml", "not to be shown"),
        ("--key ec.key --profile air --key-info key-value d.xml", "d.xml: "),
        ("--key ec.key --reference nobody d.xml", "no element has the identifier `nobody`"),
        ("--key ec.key --place in:b d.xml", "last-in:ID"),
        ("--key ec.key --detached #b=file", "use --reference"),
        ("--key ec.key --detached u=missing", "missing: cannot be read"),
        ("--key ec.key --enveloping --content text ec.der", "ec.der: cannot be read"),
        ("--key ec.key bad.xml", "bad.xml: "),
        ("--key ec.key missing.xml", "missing.xml: cannot be read"),
        ("--key d.xml d.xml", "holds no private key"),
        ("--key ec.key --json d.xml", "needs --output FILE"),
        ("--key ec.key --output no/where d.xml", "no/where: cannot be written"),
    ] {
        let output = if words.contains("--output") || words.contains("--json") {
            words.to_owned()
        } else {
            format!("--output out.xml {words}")
        };
        let line = folder.refused(&output);
        assert!(line.contains(expected), "{words}: {line}");
        assert_eq!(folder.names(), before, "{words}");
    }
}

#[test]
fn both_commands_take_a_uri_with_signs_of_equality_alike() {
    let folder = Folder::new();
    let words = "--detached http://a/?b=c=file";
    folder.write("s.xml", folder.signed(&format!("--key ec.key --cert ec.pem {words}")));
    let mut verify = Command::new(env!("CARGO_BIN_EXE_ravelin"));
    verify.args(["xml", "verify", "--trusted", "ec.pem", "--json", "s.xml"]).args(words.split(' '));
    let output = verify.current_dir(folder.path("")).stdin(Stdio::null()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["references"], "valid");
    assert_eq!(answer["referenceResults"][0]["uri"], "http://a/?b=c");
}
