//! The package of an Adobe AIR application: a ZIP whose files are listed, with their digests, in a Manifest in
//! `META-INF/signatures.xml`. Builds one in memory, verifies it, and shows that what was changed or added is noticed.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use ravelin_test::{Authority, Key, Purpose, Request};
use ravelin_trust::{Anchor, Anchors, Profile as TrustProfile, Time};
use ravelin_xmldsig::{
    algorithm::{DigestAlgorithm, SigningKey},
    sign::{Manifest, Reference, Signing},
    verify::{
        Body, Dereference, DereferenceError, KeySource, Profile, Report, Settings, SignatureStatus,
        Trust, verify,
    },
};
use rawzip::{CompressionMethod, ZipArchive, ZipArchiveWriter};
use std::{
    collections::BTreeMap,
    error::Error,
    io::{Cursor, Write},
    sync::Arc,
    time::SystemTime,
};

const SIGNATURES: &str = "META-INF/signatures.xml";

/// The files of a package by their names.
type Files = BTreeMap<String, Vec<u8>>;

fn main() -> Result<(), Box<dyn Error>> {
    let authority = Authority::root("Publishers");
    let package = pack(&signed_files(&authority)?)?;
    let mut anchors = Anchors::new();
    anchors.add_anchor(Anchor::certificate(authority.root_der())?);
    let anchors = Arc::new(anchors);

    let judged = judge(&unpack(&package)?, &anchors)?;
    println!("as it was built: {judged:?}");
    assert_eq!(judged, Judgement::default());

    let mut changed = unpack(&package)?;
    changed.insert("main.swf".to_owned(), b"FWS another program".to_vec());
    let judged = judge(&unpack(&pack(&changed)?)?, &anchors)?;
    println!("with a changed file: {judged:?}");
    assert_eq!(judged.changed, ["main.swf"]);

    let mut more = unpack(&package)?;
    more.insert("extra.dll".to_owned(), b"MZ".to_vec());
    let judged = judge(&unpack(&pack(&more)?)?, &anchors)?;
    println!("with an added file: {judged:?}");
    assert_eq!(judged.added, ["extra.dll"]);

    let mut fewer = unpack(&package)?;
    fewer.remove("icons/128.png");
    let judged = judge(&unpack(&pack(&fewer)?)?, &anchors)?;
    println!("without one: {judged:?}");
    assert_eq!(judged.changed, ["icons/128.png"]);

    // Whoever changes the list too is found out by the signature.
    let mut forged = unpack(&package)?;
    let list = String::from_utf8(forged[SIGNATURES].clone())?;
    let list = list.replace("URI=\"main.swf\"", "URI=\"other.swf\"");
    forged.insert(SIGNATURES.to_owned(), list.into_bytes());
    let report = air(&forged[SIGNATURES], &anchors)?;
    assert_eq!(report.validity_status(), SignatureStatus::Invalid);
    println!("with a changed list: the signature is {}", report.validity_status());

    for outside in ["../outside", "/etc/passwd", "a/../../b", "a\\b", "C:/b", "a//b"] {
        assert!(Package(&changed).dereference(Some(outside)).is_err(), "{outside}");
    }
    Ok(())
}

/// What an installer has to know beside the signer.
#[derive(Debug, Default, PartialEq, Eq)]
struct Judgement {
    /// Files of the list that are others now, or gone.
    changed: Vec<String>,
    /// Files that are not in the list.
    added: Vec<String>,
}

/// Judges a package: first the signature, as AIR does, which says that the list is good; then the list.
fn judge(files: &Files, anchors: &Arc<Anchors>) -> Result<Judgement, Box<dyn Error>> {
    let signatures = files.get(SIGNATURES).ok_or("the package is not signed")?;
    let report = air(signatures, anchors)?;
    if report.validity_status() != SignatureStatus::Valid {
        return Err(format!("the signature is {}", report.validity_status()).into());
    }
    // AIR's profile leaves the files of a Manifest alone; the extended one tells what became of each.
    let report = verify(
        Cursor::new(signatures),
        &Settings::default(),
        &trust(anchors),
        &mut Package(files),
    )?;
    let mut judgement = Judgement::default();
    let mut listed = Vec::new();
    for file in report.references().iter().flat_map(|reference| &reference.manifest) {
        let name = file.uri.clone().unwrap_or_default();
        if file.status != SignatureStatus::Valid {
            judgement.changed.push(name.clone());
        }
        listed.push(name);
    }
    let added = files.keys().filter(|name| *name != SIGNATURES && !listed.contains(name));
    judgement.added = added.cloned().collect();
    Ok(judgement)
}

/// The signature as AIR's `XMLSignatureValidator` has it.
fn air(signatures: &[u8], anchors: &Arc<Anchors>) -> Result<Report, Box<dyn Error>> {
    let settings = Settings { profile: Profile::Air, ..Settings::default() };
    let mut nothing_but_the_list = Package(&Files::new());
    Ok(verify(Cursor::new(signatures), &settings, &trust(anchors), &mut nothing_but_the_list)?)
}

fn trust(anchors: &Arc<Anchors>) -> KeySource {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let trust = Trust::new(anchors.clone(), Time::since_epoch(now));
    KeySource::Certificate(Trust { profile: TrustProfile::LEGACY, ..trust })
}

/// Finds the files of a package, and nothing outside it.
struct Package<'a>(&'a Files);

impl Dereference for Package<'_> {
    fn dereference(&mut self, uri: Option<&str>) -> Result<Body<'_>, DereferenceError> {
        let uri = uri.unwrap_or_default();
        if uri.is_empty() || uri.starts_with('#') {
            return Ok(Body::SameDocument);
        }
        if !is_inside(uri) {
            return Err(DereferenceError(format!("`{uri}` leads out of the package")));
        }
        let file = self.0.get(uri).ok_or_else(|| DereferenceError::not_found(uri))?;
        Ok(Body::from_bytes(file))
    }
}

fn is_inside(path: &str) -> bool {
    !path.contains(['\\', ':']) && path.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

/// What a packager does: the files, and the signature over the list of them.
fn signed_files(authority: &Authority) -> Result<Files, Box<dyn Error>> {
    let publisher = authority.issue(&Request {
        key: Key::Rsa2048,
        purpose: Purpose::CodeSigning,
        ..Request::new(["publisher.example"])
    });
    let mut files: Files = [
        ("mimetype", &b"application/vnd.adobe.air-application-installer-package+zip"[..]),
        (
            "META-INF/AIR/application.xml",
            b"<application xmlns=\"http://ns.adobe.com/air/application/33.1\"/>",
        ),
        ("main.swf", b"FWS a program"),
        ("icons/128.png", b"\x89PNG"),
    ]
    .map(|(name, octets)| (name.to_owned(), octets.to_vec()))
    .into();
    let digests = files.values().map(|octets| DigestAlgorithm::Sha256.digest(octets));
    let digests: Vec<u8> = digests.flat_map(|digest| digest.as_ref().to_vec()).collect();
    let hash = DigestAlgorithm::Sha256.digest(&digests);
    files.insert("META-INF/AIR/hash".to_owned(), hash.as_ref().to_vec());

    let signing = Signing::new(SigningKey::from_der(publisher.key_der())?)
        .id("PackageSignature")
        .value_id("PackageSignatureValue")
        .certificates(publisher.chain_der())
        .manifest(Manifest::new("PackageContents").references(files.keys().map(Reference::uri)));
    let mut signatures = Vec::new();
    let document = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<signatures>\n</signatures>\n";
    signing.sign_enveloped_with(Cursor::new(document), &mut signatures, &mut Package(&files))?;
    let signatures = with_time_stamp(&String::from_utf8(signatures)?);
    files.insert(SIGNATURES.to_owned(), signatures.into_bytes());
    Ok(files)
}

/// A time stamp (RFC 3161) over SignatureValue comes afterwards, into an Object that nobody signs.
fn with_time_stamp(signatures: &str) -> String {
    let time_stamp = "<Object><xades:QualifyingProperties xmlns:xades=\"http://uri.etsi.org/01903/v1.1.1#\">\
        <xades:UnsignedProperties><xades:UnsignedSignatureProperties><xades:SignatureTimeStamp>\
        <xades:HashDataInfo uri=\"#PackageSignatureValue\"/><xades:EncapsulatedTimeStamp>MIIA</xades:EncapsulatedTimeStamp>\
        </xades:SignatureTimeStamp></xades:UnsignedSignatureProperties></xades:UnsignedProperties>\
        </xades:QualifyingProperties></Object>";
    signatures.replace("</Signature>", &format!("{time_stamp}</Signature>"))
}

fn pack(files: &Files) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut archive = ZipArchiveWriter::new(Vec::new());
    for (name, octets) in files {
        let file = archive.new_file(name).compression_method(CompressionMethod::STORE);
        let (mut entry, config) = file.start()?;
        let mut writer = config.wrap(&mut entry);
        writer.write_all(octets)?;
        let (_, descriptor) = writer.finish()?;
        entry.finish(descriptor)?;
    }
    Ok(archive.finish()?)
}

/// The files of a ZIP. Names that lead out of it or stand twice are refused: who unpacks might take another than who
/// verifies.
fn unpack(package: &[u8]) -> Result<Files, Box<dyn Error>> {
    let archive = ZipArchive::from_slice(package)?;
    let mut files = Files::new();
    let mut entries = archive.entries();
    while let Some(entry) = entries.next_entry()? {
        let name = String::from_utf8(entry.file_path().as_ref().to_vec())?;
        if !is_inside(&name) {
            return Err(format!("`{name}` leads out of the package").into());
        }
        let octets = archive.get_entry(entry.wayfinder())?.data().to_vec();
        if files.insert(name.clone(), octets).is_some() {
            return Err(format!("`{name}` stands twice in the package").into());
        }
    }
    Ok(files)
}
