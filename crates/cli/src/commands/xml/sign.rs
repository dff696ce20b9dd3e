//! `ravelin xml sign`.

use crate::{
    args::xml::sign::{Allow, Content, KeyInfo, SignArgs},
    commands::cert::{
        file::{Access, Prepared},
        input,
    },
    exit::{Exit, Failure},
    output,
};
use ravelin_xmldsig::{
    algorithm::{KeyNumbers, SigningKey},
    base64,
    c14n::Method,
    sign::{Manifest, Object, Reference, SignError, Signed, Signing},
    verify::{Body, Dereference, DereferenceError, ReferenceReport, Settings},
    xml::Doctype,
};
use serde_json::{Value, json};
use std::{
    fs::File,
    io::{self, Cursor, Read, Seek, Write},
    path::{Path, PathBuf},
};

/// Identifiers of what the command puts into a signature.
const OBJECT: &str = "object";
const MANIFEST: &str = "manifest";

/// Signs, and says what if asked for.
///
/// # Errors
/// When an input is at fault, or the result cannot be written.
pub fn run(args: &SignArgs, json: bool) -> Result<Exit, Failure> {
    if json && args.output.is_none() {
        return Err(Failure::input(
            "--json reports on standard output, so the signed document needs --output FILE",
        ));
    }
    let signing = signing(args)?;
    let Some(path) = &args.output else {
        // Nothing is written before all is done.
        sign(args, &signing, io::stdout().lock())?;
        return Ok(Exit::Yes);
    };
    let mut signed = None;
    let prepared = Prepared::with(path, Access::Everybody, args.force, |file| {
        signed = Some(sign(args, &signing, io::BufWriter::new(file))?);
        Ok(())
    })?;
    prepared.put()?;
    if let (true, Some(signed)) = (json, signed) {
        output::json(&report(args, path, &signed))?;
    }
    Ok(Exit::Yes)
}

fn sign<W: Write>(args: &SignArgs, signing: &Signing, into: W) -> Result<Signed, Failure> {
    let mut files = Files(&args.detached);
    let what = args.document.as_deref();
    let done = match what {
        Some(document) if !args.enveloping => {
            let document = open(document)?;
            signing.sign_enveloped_with(document, into, &mut files)
        }
        _ => signing.sign_alone(into, &mut files),
    };
    done.map_err(|error| match error {
        SignError::Write(error) => match &args.output {
            Some(path) => Failure::input(format!("{}: cannot be written: {error}", path.display())),
            None => Failure::Output(error),
        },
        SignError::Document(_) => match what {
            Some(what) => Failure::input(format!("{}: {error}", input::shown(what))),
            None => Failure::input(error),
        },
        error => Failure::input(error),
    })
}

fn signing(args: &SignArgs) -> Result<Signing, Failure> {
    let key = key(args)?;
    let is_ed25519 =
        key.verification_key().is_ok_and(|key| matches!(key.numbers(), KeyNumbers::Ed25519(_)));
    let method = Method { flavour: args.c14n.clone(), comments: args.comments };
    let defaults = Settings::default();
    let id_attributes = if args.id_attribute.is_empty() {
        defaults.id_attributes.clone()
    } else {
        args.id_attribute.clone()
    };
    let (mut doctype, mut allowed) = (defaults.doctype, defaults.allowed);
    for allow in &args.allow {
        match allow {
            Allow::InternalDtd => doctype = Doctype::InternalSubset,
            Allow::Weak(switch) => allowed = allowed.with(*switch),
        }
    }
    let mut signing = Signing::new(key)
        .digest(args.digest)
        .canonicalization(method.clone())
        .prefix(&args.prefix)
        .settings(Settings { id_attributes, doctype, allowed, profile: args.profile, ..defaults });
    if let Some(algorithm) = args.algorithm {
        signing = signing.algorithm(algorithm);
    }
    if let Some(id) = &args.id {
        signing = signing.id(id);
    }
    if let Some(place) = &args.place {
        signing = signing.place(place.clone());
    }
    if let Some(name) = &args.key_name {
        signing = signing.key_name(name);
    }
    signing = match key_info(args) {
        KeyInfo::None => signing,
        KeyInfo::KeyValue if is_ed25519 => signing.encoded_key_value(),
        KeyInfo::KeyValue => signing.key_value(),
        KeyInfo::X509 if args.cert.is_empty() => {
            return Err(Failure::input("--key-info x509 needs the certificates: give --cert FILE"));
        }
        KeyInfo::X509 => {
            let mut chain = Vec::new();
            for file in &args.cert {
                chain.extend(input::read_certificates(file)?);
            }
            signing.certificates(chain)
        }
    };
    what(args, signing, &method)
}

/// Adds what is signed.
fn what(args: &SignArgs, mut signing: Signing, method: &Method) -> Result<Signing, Failure> {
    match &args.document {
        Some(content) if args.enveloping => {
            let octets = input::read(content)?;
            let fault = |what: String| Failure::input(format!("{}: {what}", input::shown(content)));
            let reference = Reference::object(OBJECT);
            let (object, reference) = match args.content {
                Content::Xml => (
                    Object::xml(&octets).map_err(|error| fault(error.to_string()))?,
                    reference.canonicalized(method.clone()),
                ),
                Content::Text => {
                    let text = String::from_utf8(octets.to_vec()).map_err(|_| {
                        fault("is no text in UTF-8; --content base64 takes anything".to_owned())
                    })?;
                    (Object::text(text), reference.canonicalized(method.clone()))
                }
                Content::Base64 => (Object::base64(octets.to_vec()), reference.base64()),
            };
            signing = signing.object(object.id(OBJECT)).reference(reference);
        }
        Some(_) if args.reference.is_empty() => {
            let document = Reference::document().enveloped().canonicalized(method.clone());
            signing = signing.reference(document);
        }
        Some(_) => {
            for id in &args.reference {
                // Where the signature is not inside the element this changes nothing.
                let element = Reference::element(id).enveloped().canonicalized(method.clone());
                signing = signing.reference(element);
            }
        }
        None => {}
    }
    let files = args.detached.iter().map(|(uri, _)| Reference::uri(uri));
    if args.manifest {
        return Ok(signing.manifest(Manifest::new(MANIFEST).references(files)));
    }
    Ok(files.fold(signing, Signing::reference))
}

fn key_info(args: &SignArgs) -> KeyInfo {
    let usual = if !args.cert.is_empty() {
        KeyInfo::X509
    } else if args.hmac_key.is_some() {
        KeyInfo::None
    } else {
        KeyInfo::KeyValue
    };
    args.key_info.unwrap_or(usual)
}

fn key(args: &SignArgs) -> Result<SigningKey, Failure> {
    let (file, key) = match (&args.key, &args.hmac_key) {
        (Some(file), _) => {
            let der = input::read_key(file, &args.passphrase.passphrase())?;
            (file, SigningKey::from_der(&der))
        }
        (None, Some(file)) => (file, SigningKey::from_secret(&input::read(file)?)),
        (None, None) => return Err(Failure::input("there is no key: give --key or --hmac-key")),
    };
    key.map_err(|error| Failure::input(format!("{}: {error}", input::shown(file))))
}

/// A document that can be read more than once.
trait Document: Read + Seek {}
impl<T: Read + Seek> Document for T {}

fn open(path: &Path) -> Result<Box<dyn Document>, Failure> {
    let failed =
        |error: io::Error| Failure::input(format!("{}: cannot be read: {error}", path.display()));
    if path.as_os_str() != "-" {
        let file = File::open(path).map_err(failed)?;
        if file.metadata().map_err(failed)?.is_file() {
            return Ok(Box::new(file));
        }
    }
    // A pipe is read once only.
    Ok(Box::new(Cursor::new(input::read(path)?.to_vec())))
}

/// What the URIs stand for.
struct Files<'a>(&'a [(String, PathBuf)]);

impl Dereference for Files<'_> {
    fn dereference(&mut self, uri: Option<&str>) -> Result<Body<'_>, DereferenceError> {
        let uri = uri.unwrap_or_default();
        if uri.is_empty() || uri.starts_with('#') {
            return Ok(Body::SameDocument);
        }
        let (_, file) = self
            .0
            .iter()
            .find(|(known, _)| known == uri)
            .ok_or_else(|| DereferenceError::not_found(uri))?;
        match File::open(file) {
            Ok(file) => Ok(Body::from_reader(file)),
            Err(error) => {
                Err(DereferenceError(format!("{}: cannot be read: {error}", file.display())))
            }
        }
    }
}

fn report(args: &SignArgs, path: &Path, signed: &Signed) -> Value {
    let range = signed.range();
    let form = match (&args.document, args.enveloping) {
        (None, _) => "detached",
        (Some(_), true) => "enveloping",
        (Some(_), false) => "enveloped",
    };
    let references = signed.report().references();
    json!({
        "schema": 1,
        "output": path.display().to_string(),
        "form": form,
        "algorithm": signed.report().algorithm().uri(),
        "range": [range.start, range.end],
        "length": signed.length(),
        "references": references.iter().map(reference).collect::<Vec<_>>(),
    })
}

fn reference(report: &ReferenceReport) -> Value {
    json!({
        "uri": report.uri,
        "digest": report.digest.as_ref().map(|digest| base64::encode(digest.as_ref())),
        "manifest": report.manifest.iter().map(reference).collect::<Vec<_>>(),
    })
}
