//! `ravelin cert pkcs12`: keys and certificates in one file (RFC 7292).

use super::{
    delivery::encode_pem,
    dn::DistinguishedName,
    facts::Facts,
    file::{Access, Prepared},
    input::{self, InputError},
    key,
    passphrase::Passphrase,
    pem, wanted,
};
use crate::{
    args::cert::Pkcs12Args,
    exit::{Exit, Failure},
    output,
};
use p12_keystore::{
    Certificate, KeyStore, KeyStoreEntry, Pkcs12Archive, PrivateKey, PrivateKeyBag,
    PrivateKeyChain, error::Error,
};
use serde_json::{Value, json};
use std::{fmt::Write as _, path::Path};
use x509_parser::certificate::X509Certificate;
use zeroize::Zeroizing;

/// Rounds from the password to the keys: a tenth of what p12-keystore lets others ask for.
const ROUNDS: u32 = 100_000;

/// Bytes that tie the key to its certificate.
const KEY_ID: usize = 20;

/// Most certificates that are taken out of one file.
const MAX_CERTIFICATES: usize = 1000;

/// Packs or unpacks.
///
/// # Errors
/// When an input is at fault, the password is wrong, or a file cannot be written.
pub fn run(args: &Pkcs12Args, json: bool) -> Result<Exit, Failure> {
    let password =
        Passphrase { file: args.password_file.clone(), variable: args.password_env.clone() };
    match (&args.import, &args.cert, &args.key, &args.out) {
        (Some(file), ..) => import(file, args, &password, json),
        (None, Some(certificates), Some(key), Some(out)) => {
            export(&Parts { certificates, key, out }, args, &password, json)
        }
        _ => Err(Failure::input("--export needs --cert, --key and --out")),
    }
}

/// What is packed, and where it goes.
struct Parts<'a> {
    certificates: &'a Path,
    key: &'a Path,
    out: &'a Path,
}

fn export(
    parts: &Parts<'_>,
    args: &Pkcs12Args,
    password: &Passphrase,
    json: bool,
) -> Result<Exit, Failure> {
    let ders = input::read_certificates(parts.certificates)?;
    let parsed = parse(&ders, parts.certificates)?;
    let key = key::read(parts.key, &args.passphrase.passphrase())?;
    if !key::fits(&key, parsed[0].public_key()) {
        let other =
            parsed.iter().skip(1).any(|certificate| key::fits(&key, certificate.public_key()));
        return Err(InputError::new(
            parts.key,
            format!(
                "is not the key of the first certificate in {}{}",
                input::shown(parts.certificates),
                if other { ", but of a later one: the end certificate comes first" } else { "" }
            ),
        )
        .into());
    }
    let subject = DistinguishedName::from_parsed(parsed[0].subject()).to_string();
    let name = args
        .name
        .clone()
        .unwrap_or_else(|| if subject.is_empty() { "certificate".into() } else { subject });
    if let Some(wide) = name.chars().find(|c| u32::from(*c) > 0xffff) {
        return Err(Failure::input(format!(
            "`{wide}` does not fit into the name in a PKCS#12 file; give --name"
        )));
    }
    let password = secret(password.choose(&format!("Password for {}", parts.out.display())))?;
    let failed = |error: Error| Failure::input(format!("the PKCS#12 file cannot be made: {error}"));
    let certificates = ders
        .iter()
        .map(|der| Certificate::from_der(der))
        .collect::<Result<Vec<_>, _>>()
        .map_err(failed)?;
    let facts: Vec<Facts> =
        parsed.iter().zip(&ders).map(|(certificate, der)| Facts::new(certificate, der)).collect();
    let key_id =
        aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &ders[0]).as_ref()[..KEY_ID].to_vec();
    let private = PrivateKey::from_der(&key::pkcs8(&key)?).map_err(failed)?;
    let mut store = KeyStore::new();
    store.add_entry(
        &name,
        KeyStoreEntry::PrivateKeyChain(PrivateKeyChain::new(key_id, private, certificates)),
    );
    let bytes = store
        .writer(&password)
        .encryption_iterations(ROUNDS)
        .mac_iterations(ROUNDS)
        .write()
        .map_err(failed)?;
    Prepared::write(parts.out, &bytes, Access::Owner, args.force)?.put()?;
    if json {
        output::json(&json!({
            "schema": 1,
            "friendly_name": name,
            "certificates": facts.iter().map(Facts::json).collect::<Vec<_>>(),
            "key": key::facts(&key).map(|facts| facts.json()),
            "written": { "pkcs12": parts.out.display().to_string(), "certificate": null, "key": null },
            "pem": null,
            "warnings": [],
        }))?;
    } else {
        output::say(&format!(
            "{}: {name}, its key and {}\n",
            parts.out.display(),
            certificates_of(facts.len())
        ));
    }
    Ok(Exit::Yes)
}

fn import(
    file: &Path,
    args: &Pkcs12Args,
    password: &Passphrase,
    json: bool,
) -> Result<Exit, Failure> {
    wanted::apart(args.cert_out.as_deref(), args.key_out.as_deref())?;
    let bytes = input::read(file)?;
    let archive = open(file, &bytes, password)?;
    let mut warnings = Vec::new();
    if archive.keys.len() > 1 {
        warnings.push(format!(
            "{}: holds {} keys, of which the first is taken",
            input::shown(file),
            archive.keys.len()
        ));
    }
    if !archive.secrets.is_empty() {
        warnings.push(format!(
            "{}: holds secrets that are no keys of certificates, and stay there",
            input::shown(file)
        ));
    }
    let ders: Vec<Vec<u8>> = archive.certs.iter().map(|bag| bag.cert.as_der().to_vec()).collect();
    let parsed = parse(&ders, file)?;
    let bag = archive.keys.first();
    let key = bag.and_then(|bag| key::parse(bag.key.as_der()));
    let end = end_certificate(bag, key.as_ref(), &archive, &parsed);
    if bag.is_some() && end.is_none() && !parsed.is_empty() {
        warnings.push(format!("{}: no certificate in it belongs to the key", input::shown(file)));
    }
    let order = order(&parsed, end);
    let facts: Vec<Facts> = order.iter().map(|at| Facts::new(&parsed[*at], &ders[*at])).collect();
    let certificates: Vec<&[u8]> = order.iter().map(|at| &ders[*at][..]).collect();
    let certificates = encode_pem("CERTIFICATE", &certificates);
    let private = bag.map(|bag| pem::encode("PRIVATE KEY", bag.key.as_der()));
    let friendly_name = bag
        .and_then(|bag| bag.friendly_name.clone())
        .or_else(|| end.and_then(|end| archive.certs[end].friendly_name.clone()));

    let mut prepared = Vec::new();
    if let Some(path) = &args.key_out {
        let Some(private) = &private else {
            return Err(InputError::new(file, "holds no private key").into());
        };
        prepared.push(Prepared::write(path, private.as_bytes(), Access::Owner, args.force)?);
    }
    if let Some(path) = &args.cert_out {
        if certificates.is_empty() {
            return Err(InputError::new(file, "holds no certificate").into());
        }
        prepared.push(Prepared::write(
            path,
            certificates.as_bytes(),
            Access::Everybody,
            args.force,
        )?);
    }
    if certificates.is_empty() && private.is_none() {
        return Err(InputError::new(file, "holds neither a certificate nor a private key").into());
    }
    let is_shown = prepared.is_empty();
    for file in prepared {
        file.put()?;
    }
    let mut everything = Zeroizing::new(certificates.to_string());
    everything.push_str(private.as_deref().map_or("", String::as_str));
    if json {
        let shown = |path: &Path| path.display().to_string();
        output::json(&json!({
            "schema": 1,
            "friendly_name": friendly_name,
            "certificates": facts.iter().map(Facts::json).collect::<Vec<_>>(),
            "key": key.as_ref().and_then(key::facts).map(|facts| facts.json()),
            "written": {
                "pkcs12": null,
                "certificate": args.cert_out.as_deref().map(shown),
                "key": args.key_out.as_deref().map(shown),
            },
            "pem": if is_shown { json!(*everything) } else { Value::Null },
            "warnings": warnings,
        }))?;
        return Ok(Exit::Yes);
    }
    if is_shown {
        output::print(&everything)?;
    }
    let mut text = String::new();
    if let Some(path) = &args.key_out {
        let _ = writeln!(text, "{}: the private key", path.display());
    }
    if let Some(path) = &args.cert_out {
        let _ = writeln!(text, "{}: {}", path.display(), certificates_of(facts.len()));
    }
    text.extend(facts.iter().take(1).map(Facts::text));
    output::say(&text);
    for warning in warnings {
        output::complain(&format!("warning: {warning}"));
    }
    Ok(Exit::Yes)
}

/// Opens a PKCS#12 file.
///
/// # Errors
/// When the password is wrong or not to be had, or the file is broken.
pub fn open(file: &Path, bytes: &[u8], password: &Passphrase) -> Result<Pkcs12Archive, Failure> {
    let password = secret(password.ask(&format!("Password of {}", input::shown(file))))?;
    let archive = Pkcs12Archive::from_pkcs12(bytes, &password)
        .map_err(|error| InputError::new(file, why(&error)))?;
    if archive.certs.len() > MAX_CERTIFICATES {
        let fault = format!("holds more than {MAX_CERTIFICATES} certificates");
        return Err(InputError::new(file, fault).into());
    }
    Ok(archive)
}

fn secret(asked: Result<Option<Zeroizing<String>>, String>) -> Result<Zeroizing<String>, Failure> {
    asked.map_err(Failure::input)?.ok_or_else(|| {
        Failure::input("which password? give --password-file FILE or --password-env NAME")
    })
}

fn why(error: &Error) -> String {
    match error {
        Error::MacError(_) | Error::UnpadError | Error::Pkcs5Error(_) => {
            "cannot be opened: is the password right?".into()
        }
        Error::UnsupportedEncryptionScheme | Error::UnsupportedMacAlgorithm => {
            format!("is protected in a way that cannot be read: {error}")
        }
        Error::InvalidParameters => {
            "asks for more work than any sane password needs, or has broken parameters".into()
        }
        error => format!("is no PKCS#12 file, or a broken one: {error}"),
    }
}

fn parse<'a>(ders: &'a [Vec<u8>], file: &Path) -> Result<Vec<X509Certificate<'a>>, InputError> {
    ders.iter().map(|der| input::parse_certificate(der, file)).collect()
}

/// The certificate of the key: by its public key, or for keys that are not understood, by the mark they share.
fn end_certificate(
    bag: Option<&PrivateKeyBag>,
    key: Option<&rcgen::KeyPair>,
    archive: &Pkcs12Archive,
    parsed: &[X509Certificate<'_>],
) -> Option<usize> {
    if let Some(key) = key {
        return parsed.iter().position(|certificate| key::fits(key, certificate.public_key()));
    }
    let mark = bag?.local_key_id.as_ref()?;
    archive
        .certs
        .iter()
        .position(|certificate| certificate.local_key_id.as_deref() == Some(mark.as_ref()))
}

/// The end certificate, its issuers one after the other, then all others.
fn order(parsed: &[X509Certificate<'_>], end: Option<usize>) -> Vec<usize> {
    let mut order = Vec::with_capacity(parsed.len());
    let mut is_taken = vec![false; parsed.len()];
    let mut next = end;
    while let Some(at) = next {
        is_taken[at] = true;
        order.push(at);
        let issuer = parsed[at].issuer().as_raw();
        next =
            (0..parsed.len()).find(|at| !is_taken[*at] && parsed[*at].subject().as_raw() == issuer);
    }
    order.extend((0..parsed.len()).filter(|at| !is_taken[*at]));
    order
}

fn certificates_of(count: usize) -> String {
    if count == 1 { "1 certificate".into() } else { format!("{count} certificates") }
}
