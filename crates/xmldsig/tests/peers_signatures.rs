//! What is signed here is verified by xmlsec1 and by the JDK, and the other way round; what was changed by nobody.

use ravelin_test::has_program;
use ravelin_xmldsig::{
    algorithm::{DigestAlgorithm, HmacParameters, PssParameters, SignatureAlgorithm, SigningKey},
    base64,
    c14n::{Flavour, Method},
    sign::{Element, Manifest, Object, Place, Reference, Signing},
    verify::{Body, Dereference, DereferenceError, KeySource, Settings, SignatureStatus, verify},
};
use std::{
    fs,
    io::{BufRead, BufReader, Cursor, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

const SECRET: &[u8] = b"between us";
const DOCUMENT: &str = "<?xml version=\"1.0\"?>\n<!-- before --><d xmlns=\"urn:d\" xmlns:p=\"urn:p\" xml:lang=\"en\">\n  \
    <part Id=\"part\" p:b=\"2\" a='1'>unchanged &lt;&#13;&#xE9; <![CDATA[<&]]></part>\n  <e xmlns=\"\"/>\n</d><?after it?>\n";
const FILE: &[u8] = b"unchanged octets \0\xff";
const XML_FILE: &[u8] = b"<f  b='1' a='unchanged'><!--c--><p:g xmlns:p='urn:g'/></f>";

/// A folder with the files that signatures refer to, and keys.
struct Folder {
    folder: tempfile::TempDir,
    keys: Vec<Pair>,
}

/// A key with its certificate, as files `NAME.pem`, `NAME.der` and `NAME.crt`.
struct Pair {
    name: &'static str,
    key: SigningKey,
    certificate: Vec<u8>,
}

impl Folder {
    fn new() -> Folder {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, octets: &[u8]| {
            fs::write(folder.path().join(name), octets).unwrap();
        };
        write("file.txt", FILE);
        write("file.xml", XML_FILE);
        write("secret", SECRET);
        let mut keys = Vec::new();
        for (name, pair) in [
            (
                "rsa",
                rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048),
            ),
            ("p256", rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)),
            ("p384", rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384)),
            ("p521", rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P521_SHA512)),
        ] {
            let pair = pair.unwrap();
            let certificate = rcgen::CertificateParams::default().self_signed(&pair).unwrap();
            write(&format!("{name}.pem"), pair.serialize_pem().as_bytes());
            write(&format!("{name}.der"), &pair.serialize_der());
            write(&format!("{name}.crt"), certificate.pem().as_bytes());
            let key = SigningKey::from_der(&pair.serialize_der()).unwrap();
            keys.push(Pair { name, key, certificate: certificate.der().to_vec() });
        }
        Folder { folder, keys }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn pair(&self, name: &str) -> Option<&Pair> {
        self.keys.iter().find(|pair| pair.name == name)
    }

    fn signing(&self, key: &str) -> Signing {
        let octets = if key == "hmac" {
            SECRET.to_vec()
        } else {
            fs::read(self.path(&format!("{key}.der"))).unwrap()
        };
        Signing::new(match key {
            "hmac" => SigningKey::from_secret(&octets).unwrap(),
            _ => SigningKey::from_der(&octets).unwrap(),
        })
    }

    /// Whether we find a signature by this key good.
    fn holds(&self, key: &str, document: &[u8]) -> Result<bool, String> {
        let key = match self.pair(key) {
            Some(pair) => pair.key.verification_key(),
            None => SigningKey::from_secret(SECRET).unwrap().verification_key(),
        };
        let keys = KeySource::Given(vec![key.unwrap()]);
        let report = verify(Cursor::new(document), &Settings::default(), &keys, &mut Files)
            .map_err(|error| error.to_string())?;
        Ok(report.digest_status() == SignatureStatus::Valid
            && report.references_status() == SignatureStatus::Valid)
    }
}

struct Files;

impl Dereference for Files {
    fn dereference(&mut self, uri: Option<&str>) -> Result<Body<'_>, DereferenceError> {
        match uri.unwrap_or_default() {
            uri if uri.is_empty() || uri.starts_with('#') => Ok(Body::SameDocument),
            "file.txt" => Ok(Body::from_bytes(FILE)),
            "file.xml" => Ok(Body::from_bytes(XML_FILE)),
            uri => Err(DereferenceError::not_found(uri)),
        }
    }
}

struct Case {
    name: String,
    key: &'static str,
    algorithm: SignatureAlgorithm,
    document: Vec<u8>,
}

fn methods() -> Vec<Method> {
    [Flavour::Inclusive, Flavour::Inclusive11, Flavour::Exclusive { prefixes: Vec::new() }]
        .into_iter()
        .flat_map(|flavour| {
            [false, true].map(|comments| Method { flavour: flavour.clone(), comments })
        })
        .collect()
}

fn algorithms() -> Vec<(&'static str, SignatureAlgorithm)> {
    let mut algorithms = Vec::new();
    for hash in [DigestAlgorithm::Sha256, DigestAlgorithm::Sha384, DigestAlgorithm::Sha512] {
        algorithms.push(("rsa", SignatureAlgorithm::RsaPkcs1(hash)));
        algorithms.push(("rsa", SignatureAlgorithm::RsaPss(PssParameters::fixed(hash))));
        for curve in ["p256", "p384", "p521"] {
            algorithms.push((curve, SignatureAlgorithm::Ecdsa(hash)));
        }
        algorithms.push(("hmac", SignatureAlgorithm::Hmac(HmacParameters::new(hash).unwrap())));
    }
    algorithms
}

/// Every form with every canonicalization, and every algorithm.
fn cases(folder: &Folder) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut add = |name: String, key: &'static str, signing: Signing, is_in_document: bool| {
        let signing = match folder.pair(key) {
            Some(_) if name.contains("key value") => signing.key_value(),
            Some(pair) => signing.certificates([pair.certificate.clone()]),
            None => signing,
        };
        let mut document = Vec::new();
        let signed = if is_in_document {
            signing.sign_enveloped_with(Cursor::new(DOCUMENT), &mut document, &mut Files)
        } else {
            signing.sign_alone(&mut document, &mut Files)
        };
        let algorithm =
            signed.unwrap_or_else(|error| panic!("{name}: {error}")).report().algorithm();
        cases.push(Case { name, key, algorithm, document });
    };
    for (key, algorithm) in algorithms() {
        let signing = folder.signing(key).algorithm(algorithm);
        let signing = signing.reference(Reference::document().enveloped());
        add(format!("{algorithm} {key}"), key, signing, true);
    }
    for key in ["rsa", "p384"] {
        let signing = folder.signing(key).reference(Reference::document().enveloped());
        add(format!("key value {key}"), key, signing, true);
    }
    for method in methods() {
        let name = |form: &str| format!("{form} {}", method.uri());
        let of = || folder.signing("rsa").canonicalization(method.clone());
        let enveloped = Reference::document().enveloped().canonicalized(method.clone());
        add(name("enveloped"), "rsa", of().reference(enveloped.clone()), true);
        let part = Reference::element("part").canonicalized(method.clone());
        add(
            name("of an element"),
            "rsa",
            of().reference(part.clone()).prefix("ds").place(Place::FirstIn(Element::Root)),
            true,
        );
        let object = Object::xml(DOCUMENT.as_bytes()).unwrap().id("o");
        let enveloping = of()
            .object(object.clone())
            .reference(Reference::object("o").canonicalized(method.clone()));
        add(name("enveloping"), "rsa", enveloping, false);
        let detached = of()
            .reference(Reference::uri("file.txt").digest(DigestAlgorithm::Sha512))
            .reference(Reference::uri("file.xml").canonicalized(method.clone()));
        add(name("detached"), "rsa", detached, false);
        let mixed = of()
            .reference(enveloped)
            .reference(part)
            .object(Object::base64(FILE).id("octets"))
            .reference(Reference::object("octets").base64())
            .object(Object::text("unchanged <text>\r\n").id("text"))
            .reference(Reference::object("text").canonicalized(method.clone()))
            .manifest(Manifest::new("m").references(["file.txt", "file.xml"].map(Reference::uri)))
            .reference(Reference::uri("file.txt"));
        add(name("mixed"), "rsa", mixed, true);
    }
    cases
}

/// The same with something else in what is signed, and in SignedInfo.
fn changed(document: &[u8]) -> Vec<Vec<u8>> {
    let text = String::from_utf8(document.to_vec()).unwrap();
    let mut changed = Vec::new();
    if text.contains("unchanged") {
        changed.push(text.replacen("unchanged", "changed", 1).into_bytes());
    }
    let at = text.find("DigestValue>").unwrap() + "DigestValue>".len();
    let other = if text.as_bytes()[at] == b'A' { "B" } else { "A" };
    changed.push([&text[..at], other, &text[at + 1..]].concat().into_bytes());
    changed
}

/// Whether xmlsec1 finds a document good, and its words.
fn xmlsec_verifies(folder: &Folder, case: &Case, document: &[u8]) -> (bool, String) {
    let path = folder.path("document.xml");
    fs::write(&path, document).unwrap();
    let mut command = Command::new("xmlsec1");
    command.arg("--verify").args(["--id-attr:Id", "urn:d:part"]);
    if case.key == "hmac" {
        command.arg("--hmackey").arg(folder.path("secret"));
    } else if !case.name.contains("key value") {
        command.arg("--trusted-pem").arg(folder.path(&format!("{}.crt", case.key)));
    }
    let output =
        command.arg(&path).current_dir(folder.folder.path()).stdin(Stdio::null()).output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Debian's xmlsec1 1.2 has no RSA-PSS, and no KeyValue of elliptic curves.
fn xmlsec_knows(case: &Case) -> bool {
    !matches!(case.algorithm, SignatureAlgorithm::RsaPss(_)) && case.name != "key value p384"
}

#[test]
fn xmlsec1_verifies_what_is_signed_here() {
    if !has_program("xmlsec1", &["--version"]) {
        return;
    }
    let folder = Folder::new();
    let mut count = 0;
    for case in cases(&folder).iter().filter(|case| xmlsec_knows(case)) {
        let (good, words) = xmlsec_verifies(&folder, case, &case.document);
        assert!(good, "{}: {words}\n{}", case.name, String::from_utf8_lossy(&case.document));
        for changed in changed(&case.document) {
            assert!(!xmlsec_verifies(&folder, case, &changed).0, "{}, changed", case.name);
            assert_ne!(folder.holds(case.key, &changed), Ok(true), "{}, changed", case.name);
        }
        count += 1;
    }
    assert!(count > 40, "{count}");
}

/// Our document, for xmlsec1 to put the values in.
fn template(document: &[u8]) -> String {
    let mut text = String::from_utf8(document.to_vec()).unwrap();
    for element in ["DigestValue", "SignatureValue", "X509Data", "KeyValue"] {
        for name in [element.to_owned(), format!("ds:{element}")] {
            let (open, close) = (format!("<{name}>"), format!("</{name}>"));
            let mut from = 0;
            while let Some(start) = text[from..].find(&open) {
                let start = from + start + open.len();
                let end = start + text[start..].find(&close).unwrap();
                text.replace_range(start..end, "");
                from = start;
            }
        }
    }
    text
}

#[test]
fn what_xmlsec1_signs_is_verified_here() {
    if !has_program("xmlsec1", &["--version"]) {
        return;
    }
    let folder = Folder::new();
    for case in cases(&folder).iter().filter(|case| xmlsec_knows(case)) {
        fs::write(folder.path("template.xml"), template(&case.document)).unwrap();
        let out = folder.path("signed.xml");
        let mut command = Command::new("xmlsec1");
        command.arg("--sign").args(["--id-attr:Id", "urn:d:part"]).arg("--output").arg(&out);
        if case.key == "hmac" {
            command.arg("--hmackey").arg(folder.path("secret"));
        } else {
            let path =
                |end: &str| folder.path(&format!("{}.{end}", case.key)).display().to_string();
            command.arg("--privkey-pem").arg(format!("{},{}", path("pem"), path("crt")));
        }
        let command = command.arg(folder.path("template.xml")).current_dir(folder.folder.path());
        let output = command.stdin(Stdio::null()).output().unwrap();
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {words}", case.name);
        let signed = fs::read(&out).unwrap();
        let name = &case.name;
        assert_eq!(
            folder.holds(case.key, &signed),
            Ok(true),
            "{name}: {}",
            String::from_utf8_lossy(&signed)
        );
        for changed in changed(&signed) {
            assert_ne!(folder.holds(case.key, &changed), Ok(true), "{name}, changed");
        }
    }
}

/// The JDK, which takes one order after the other.
struct Jdk {
    process: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Jdk {
    fn start(folder: &Folder) -> Option<Jdk> {
        if !has_program("javac", &["-version"]) {
            return None;
        }
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/Peer.java");
        let compiled =
            Command::new("javac").arg("-d").arg(folder.folder.path()).arg(source).output().unwrap();
        assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
        let mut process = Command::new("java")
            .args(["-XX:TieredStopAtLevel=1", "-cp"])
            .arg(folder.folder.path())
            .arg("Peer")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let orders = process.stdin.take().unwrap();
        let answers = BufReader::new(process.stdout.take().unwrap());
        Some(Jdk { process, orders, answers })
    }

    fn ask(&mut self, words: &[&str]) -> String {
        writeln!(self.orders, "{}", words.join("\t")).unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        answer.trim_end().to_owned()
    }

    fn verify(&mut self, folder: &Folder, document: &[u8]) -> String {
        let path = folder.path("document.xml");
        fs::write(&path, document).unwrap();
        self.ask(&["verify", &path.display().to_string()])
    }
}

impl Drop for Jdk {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn the_jdk_verifies_what_is_signed_here() {
    let folder = Folder::new();
    let Some(mut jdk) = Jdk::start(&folder) else { return };
    let mut count = 0;
    for case in cases(&folder) {
        let answer = jdk.verify(&folder, &case.document);
        assert_eq!(answer, "valid", "{}: {}", case.name, String::from_utf8_lossy(&case.document));
        for changed in changed(&case.document) {
            assert_ne!(jdk.verify(&folder, &changed), "valid", "{}, changed", case.name);
        }
        count += 1;
    }
    assert!(count > 40, "{count}");
}

#[test]
fn what_the_jdk_signs_is_verified_here() {
    let folder = Folder::new();
    let Some(mut jdk) = Jdk::start(&folder) else { return };
    let document = "<d xmlns=\"urn:d\" xmlns:p=\"urn:p\" xml:lang=\"en\"><part Id=\"part\" p:b=\"2\" a=\"1\">unchanged &lt;&#13;&#xE9;</part><!-- c --></d>";
    let mut orders = Vec::new();
    for (key, algorithm) in algorithms() {
        orders.push(("enveloped", key, algorithm, Method::inclusive()));
    }
    for method in methods() {
        for form in ["enveloped", "enveloping", "detached"] {
            let rsa = SignatureAlgorithm::RsaPkcs1(DigestAlgorithm::Sha256);
            orders.push((form, "rsa", rsa, method.clone()));
        }
    }
    for (form, key, algorithm, method) in orders {
        let out = folder.path("signed.xml");
        let kind = match key {
            "rsa" => "RSA",
            "hmac" => "HMAC",
            _ => "EC",
        };
        let path = |end: &str| folder.path(&format!("{key}.{end}")).display().to_string();
        let answer = jdk.ask(&[
            "sign",
            &out.display().to_string(),
            document,
            form,
            algorithm.uri().unwrap(),
            method.uri(),
            kind,
            &path("der"),
            &path("crt"),
        ]);
        assert_eq!(answer, "signed", "{form} {algorithm} {}", method.uri());
        let signed = fs::read(&out).unwrap();
        let shown = String::from_utf8_lossy(&signed);
        assert_eq!(folder.holds(key, &signed), Ok(true), "{form} {algorithm}: {shown}");
        for changed in changed(&signed) {
            assert_ne!(folder.holds(key, &changed), Ok(true), "{form} {algorithm}, changed");
        }
    }
}

#[test]
fn digests_in_signatures_are_those_of_the_octets() {
    let folder = Folder::new();
    let signing = folder.signing("hmac").reference(Reference::uri("file.txt"));
    let signature = String::from_utf8(signing.sign_with(&mut Files).unwrap()).unwrap();
    let digest = base64::encode(DigestAlgorithm::Sha256.digest(FILE).as_ref());
    assert!(signature.contains(&format!("<DigestValue>{digest}</DigestValue>")));
}
