//! The verifiers in Rust, and what any verifier has to do at the least.

use crate::{
    Fallible,
    case::{Case, PUBLIC_KEY},
    document::Beside,
};
use aws_lc_rs::{
    digest,
    rsa::KeyPair,
    signature::{self, ParsedPublicKey},
};
use bergshamra::{dsig, keys};
use quick_xml::{NsReader, events::Event};
use ravelin_xmldsig::{
    algorithm::VerificationKey,
    verify::{KeySource, Settings, SignatureStatus, verify},
};
use std::{
    fs::{self, File},
    hint::black_box,
    io::Read,
};
use xml_sec::{policy, xmldsig};

/// One verification, from files to a verdict.
pub type Once = Box<dyn FnMut() -> Fallible<()>>;

/// All that can be compared, in the order of the columns: name, and whether it verifies (or is only a part of that).
pub const PEERS: &[&str] = &[
    "ravelin",
    "bergshamra",
    "xml-sec",
    "xmlsec1",
    "roxmltree",
    "quick-xml",
    "sha256",
    "rsa",
    "openssl",
];

/// Whether a peer has something to do in a case.
pub fn applies(peer: &str, case: &Case) -> bool {
    match peer {
        "roxmltree" | "quick-xml" => !case.is_blob(),
        "rsa" => case.name == "5k",
        "openssl" => case.is_blob(),
        _ => true,
    }
}

/// Loads the key, and tells how to verify; or why that cannot be.
pub fn prepare(peer: &str, case: &Case) -> Fallible<Result<Once, String>> {
    let key = fs::read(PUBLIC_KEY)?;
    let (document, bulk) = (case.document(), case.bulk());
    Ok(Ok(match peer {
        "ravelin" => ravelin(document, &key)?,
        "bergshamra" => bergshamra(document, &key)?,
        "xml-sec" => xml_sec(document, bulk, case.is_blob(), key),
        "roxmltree" => Box::new(move || {
            let text = fs::read_to_string(&document)?;
            black_box(roxmltree::Document::parse(&text)?);
            Ok(())
        }),
        "quick-xml" => Box::new(move || quick_xml(&fs::read_to_string(&document)?)),
        "sha256" => Box::new(move || sha256(&bulk)),
        "rsa" => rsa()?,
        other => return Err(format!("there is no peer {other}").into()),
    }))
}

fn ravelin(document: String, key: &[u8]) -> Fallible<Once> {
    let keys = KeySource::Given(vec![VerificationKey::from_spki_der(key)?]);
    let settings = Settings::default();
    Ok(Box::new(move || {
        let report = verify(File::open(&document)?, &settings, &keys, &mut Beside)?;
        let good = [report.digest_status(), report.references_status()];
        if good == [SignatureStatus::Valid; 2] { Ok(()) } else { Err("not valid".into()) }
    }))
}

fn bergshamra(document: String, key: &[u8]) -> Fallible<Once> {
    let mut keys = keys::KeysManager::new();
    keys.add_key(keys::loader::load_spki_der(key)?);
    let mut context = dsig::DsigContext::new(keys);
    // The elements with identifiers stand beside the signature, which the strict way does not allow.
    context.strict_verification = false;
    context.base_dir = Some(".".to_owned());
    Ok(Box::new(move || {
        let result = dsig::verify::verify(&context, &fs::read_to_string(&document)?)?;
        if result.is_valid() && result.all_reference_digests_verified() {
            Ok(())
        } else {
            Err(format!("{result:?}").into())
        }
    }))
}

fn xml_sec(document: String, bulk: String, beside: bool, key: Vec<u8>) -> Once {
    let mut rules = policy::VerificationPolicy::default();
    rules.uris.references = xmldsig::UriTypeSet::ALL;
    let key = xmldsig::VerificationKey {
        algorithm: xmldsig::SignatureAlgorithm::RsaSha256,
        public_key_bytes: key,
        certificate_der: None,
        name: None,
    };
    Box::new(move || {
        let text = fs::read_to_string(&document)?;
        let mut external = std::collections::BTreeMap::new();
        if beside {
            external.insert(bulk.clone(), fs::read(&bulk)?);
        }
        let context = xmldsig::VerifyContext::new().policy(rules.clone()).key(&key);
        let context = context.external_resources(&external);
        let result = context.verify(&text)?;
        if result.status == xmldsig::DsigStatus::Valid {
            Ok(())
        } else {
            Err(format!("{:?}", result.status).into())
        }
    })
}

fn quick_xml(text: &str) -> Fallible<()> {
    let mut reader = NsReader::from_str(text);
    let mut bytes = 0;
    loop {
        match reader.read_resolved_event()? {
            (_, Event::Eof) => break,
            (_, Event::Start(tag) | Event::Empty(tag)) => {
                for attribute in tag.attributes() {
                    bytes += attribute?.value.len();
                }
            }
            (_, Event::Text(text)) => bytes += text.len(),
            _ => {}
        }
    }
    black_box(bytes);
    Ok(())
}

fn sha256(file: &str) -> Fallible<()> {
    let (mut file, mut digest) = (File::open(file)?, digest::Context::new(&digest::SHA256));
    let mut block = [0; 64 << 10];
    loop {
        let count = file.read(&mut block)?;
        if count == 0 {
            black_box(digest.finish());
            return Ok(());
        }
        digest.update(&block[..count]);
    }
}

fn rsa() -> Fallible<Once> {
    let pair = KeyPair::from_pkcs8(&fs::read(crate::case::PRIVATE_KEY)?)?;
    let message = [b'x'; 512];
    let mut value = vec![0; pair.public_modulus_len()];
    let random = aws_lc_rs::rand::SystemRandom::new();
    pair.sign(&signature::RSA_PKCS1_SHA256, &random, &message, &mut value)?;
    let key = ParsedPublicKey::new(&signature::RSA_PKCS1_2048_8192_SHA256, fs::read(PUBLIC_KEY)?)?;
    Ok(Box::new(move || Ok(key.verify_sig(black_box(&message), &value)?)))
}
