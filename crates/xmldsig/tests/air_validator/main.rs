//! AIR's `XMLSignatureValidator`, row by row.

mod peers;
mod set_up;
mod signer;
mod subset;
mod vectors;
mod verifying;

use ravelin_test::{
    der,
    pki::{Entity, KeyKind, NOW, Template, extension},
};
use ravelin_trust::Time;
use ravelin_xmldsig::{
    air::{Event, Step, ValidatorError, XmlSignatureValidator},
    algorithm::SigningKey,
    sign::{Manifest, Object, Reference, Signing},
    verify::{Body, Dereference, DereferenceError, SignatureStatus},
};
use std::{
    io::Cursor,
    sync::{Arc, LazyLock, Mutex},
    time::Duration,
};

const VALID: SignatureStatus = SignatureStatus::Valid;
const INVALID: SignatureStatus = SignatureStatus::Invalid;
const UNKNOWN: SignatureStatus = SignatureStatus::Unknown;
const HOUR: i64 = 3600;
const CODE_SIGNING: &str = "1.3.6.1.5.5.7.3.3";

/// Who there is: a root, an intermediate under it, and somebody who signs.
struct House {
    root: Entity,
    intermediate: Entity,
    signer: Entity,
}

static HOUSE: LazyLock<House> = LazyLock::new(|| House {
    root: Entity::new("Root"),
    intermediate: Entity::new("Intermediate"),
    signer: Entity::of_kind("Signer", KeyKind::Rsa2048),
});

/// The root's own certificate.
fn root() -> Vec<u8> {
    Template::authority(&HOUSE.root).signed_by(&HOUSE.root)
}

/// The certificate of the intermediate.
fn intermediate() -> Vec<u8> {
    Template::authority(&HOUSE.intermediate).signed_by(&HOUSE.root)
}

/// A certificate for signing, without purposes.
fn template() -> Template {
    Template::new(&HOUSE.signer).with(extension::key_usage(&[extension::DIGITAL_SIGNATURE]))
}

/// A usual certificate of the signer, by the root.
fn leaf() -> Vec<u8> {
    template().signed_by(&HOUSE.root)
}

/// A certificate that the signer made for itself.
fn self_signed() -> Vec<u8> {
    template().signed_by(&HOUSE.signer)
}

fn signing(certificates: &[&[u8]]) -> Signing {
    let key = SigningKey::from_der(HOUSE.signer.key.pkcs8()).unwrap();
    Signing::new(key).certificates(certificates.iter().map(|der| der.to_vec()))
}

const ORDER: &str = "<order xmlns=\"urn:order\"><item n=\"1\">unchanged</item></order>";

/// A document with a signature in it that covers all of it.
fn enveloped(document: &str, certificates: &[&[u8]]) -> String {
    let mut signed = Vec::new();
    signing(certificates)
        .reference(Reference::document().enveloped())
        .sign_enveloped(Cursor::new(document), &mut signed)
        .unwrap();
    String::from_utf8(signed).unwrap()
}

/// A signature over files beside it.
fn detached(uris: &[&str], certificates: &[&[u8]]) -> String {
    let signing = uris
        .iter()
        .fold(signing(certificates), |signing, uri| signing.reference(Reference::uri(*uri)));
    String::from_utf8(signing.sign_with(&mut Files::default()).unwrap()).unwrap()
}

/// Knows the document, and each file `x` with the content `file x`; remembers what it was asked.
#[derive(Clone, Default)]
struct Files {
    asked: Arc<Mutex<Vec<String>>>,
}

impl Files {
    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

impl Dereference for Files {
    fn dereference(&mut self, uri: Option<&str>) -> Result<Body<'_>, DereferenceError> {
        let uri = uri.unwrap_or_default();
        self.asked.lock().unwrap().push(uri.to_owned());
        match uri {
            "missing" => Err(DereferenceError::not_found(uri)),
            "changed" => Ok(Body::from_bytes(b"other octets")),
            _ if uri.is_empty() || uri.starts_with('#') => Ok(Body::SameDocument),
            _ => Ok(Body::from_reader(Cursor::new(format!("file {uri}")))),
        }
    }
}

fn now() -> Time {
    Time::since_epoch(Duration::from_secs(NOW.try_into().unwrap()))
}

/// One with a dereferencer and nobody to trust.
fn stranger() -> XmlSignatureValidator {
    let mut validator = XmlSignatureValidator::new();
    validator.set_uri_dereferencer(Files::default()).unwrap();
    validator
}

/// One that trusts the root.
fn trusting() -> XmlSignatureValidator {
    let mut validator = stranger();
    validator.add_certificate(&root(), true).unwrap();
    validator
}

fn begin(validator: &mut XmlSignatureValidator, document: &str) -> Result<(), ValidatorError> {
    validator.verify(Cursor::new(document.to_owned()), now())
}

/// Goes on to the end, with no network. Gives what was wanted from it, too.
fn finish(validator: &mut XmlSignatureValidator) -> (Event, Vec<String>) {
    let mut wanted = Vec::new();
    loop {
        match validator.step().expect("it runs") {
            Step::Fetch(one) => {
                wanted.push(one.url.clone());
                validator.missing(one, "there is no network");
            }
            Step::Event(event) => return (event, wanted),
        }
    }
}

/// The statuses in their order, and that of the whole.
fn statuses(validator: &XmlSignatureValidator) -> [SignatureStatus; 4] {
    [
        validator.digest_status().unwrap(),
        validator.identity_status().unwrap(),
        validator.references_status().unwrap(),
        validator.validity_status().unwrap(),
    ]
}

/// Verifies to the end.
fn verified(validator: &mut XmlSignatureValidator, document: &str) -> [SignatureStatus; 4] {
    begin(validator, document).unwrap();
    assert_eq!(finish(validator).0, Event::Complete);
    statuses(validator)
}

/// The error that comes at once.
fn refused(document: &str) -> String {
    let mut validator = trusting();
    let error = begin(&mut validator, document).unwrap_err();
    assert_eq!(error.class(), "Error", "{error}");
    assert!(!validator.is_running());
    assert_eq!(statuses(&validator), [UNKNOWN; 4]);
    error.to_string()
}

/// With a place where its revocation list is said to be.
fn with_list(template: Template) -> Template {
    let name = der::constructed(0, der::constructed(0, der::primitive(6, "http://crl.example/")));
    let points = der::sequence([der::sequence([name])]);
    template.with(extension::extension("2.5.29.31", false, &points))
}

/// The root's list of revoked certificates.
fn crl(revoked: &[&Template]) -> Vec<u8> {
    let root = &HOUSE.root;
    let entries: Vec<Vec<u8>> = revoked
        .iter()
        .map(|one| der::sequence([one.serial.clone(), der::time(NOW - HOUR)]))
        .collect();
    let number = der::extension("2.5.29.20", false, &der::integer(1));
    let key = extension::authority_key_id(&root.key.identifier());
    let tbs = der::sequence([
        der::integer(1),
        root.key.signing().algorithm(),
        root.name.clone(),
        der::time(NOW - HOUR),
        der::time(NOW + HOUR),
        if entries.is_empty() { Vec::new() } else { der::sequence(entries) },
        der::constructed(0, der::sequence([key, number])),
    ]);
    let signature = root.key.sign(root.key.signing(), &tbs).unwrap();
    der::sequence([&tbs[..], &root.key.signing().algorithm(), &der::bit_string(signature)])
}
