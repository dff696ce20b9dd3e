//! `ravelin cert inspect`: everything that certificates and their kin say. Nothing is judged.
//!
//! - `certificate`, `extensions`, `evidence`, `request`: structures field by field.
//! - `fields`: fields for people and for programs.

mod certificate;
mod evidence;
mod extensions;
mod fields;
mod request;

use super::{
    facts::hex,
    input::{self, InputError},
    key, moment,
    paint::{Paint, Tone, harmless},
    passphrase::Passphrase,
    peer::Server,
    pkcs12,
};
use crate::{
    args::cert::judge::InspectArgs,
    exit::{Exit, Failure},
    output,
};
use fields::Table;
use ravelin_trust::{
    Certificate,
    certificate::PublicKey,
    der::Reader,
    revocation::{Crl, OcspResponse},
};
use serde::Serialize;
use std::{fmt::Write as _, path::Path};

#[derive(Debug, Serialize)]
struct Report<'a> {
    schema: u8,
    what: &'a str,
    time: String,
    /// The handshake, if a server was asked.
    handshake: Option<Table>,
    items: Vec<Table>,
}

/// Shows what a file holds, or a server presents.
///
/// # Errors
/// When the file cannot be read, or the server does not answer.
pub fn run(args: &InspectArgs, json: bool) -> Result<Exit, Failure> {
    let (handshake, items) = match Server::parse(&args.what) {
        Some(server) => {
            let presented = server.ask(&args.server)?;
            let handshake =
                Table::default().with("version", presented.version).with("cipher", presented.suite);
            let certificates = presented.certificates.iter();
            (Some(handshake), certificates.map(|der| presented_certificate(der)).collect())
        }
        None => (None, items(Path::new(&args.what), args)?),
    };
    let time = moment::now().to_string();
    let report = Report { schema: 1, what: &args.what, time, handshake, items };
    if json {
        output::serialized(&report)?;
    } else {
        output::print(&text(&report, Paint(output::is_colored())))?;
    }
    Ok(Exit::Yes)
}

fn text(report: &Report<'_>, paint: Paint) -> String {
    let mut out = String::new();
    if let Some(handshake) = &report.handshake {
        let _ = writeln!(out, "{}", paint.words(Tone::Strong, report.what));
        handshake.lines(2, &[], paint, &mut out);
    }
    for (index, item) in report.items.iter().enumerate() {
        let kind = item.text("kind").unwrap_or_default();
        let heading = format!("{} {}: {kind}", harmless(report.what), index + 1);
        let gap = if out.is_empty() { "" } else { "\n" };
        let _ = writeln!(out, "{gap}{}", paint.words(Tone::Strong, &heading));
        item.lines(2, &["kind"], paint, &mut out);
    }
    out
}

/// A server may present anything.
fn presented_certificate(der: &[u8]) -> Table {
    Certificate::parse(der).map_or_else(
        |error| Table::of("unreadable").with("fault", error.to_string()).with("bytes", hex(der)),
        |certificate| certificate::table(&certificate),
    )
}

fn items(file: &Path, args: &InspectArgs) -> Result<Vec<Table>, Failure> {
    let bytes = input::read(file)?;
    if input::is_pkcs12(&bytes) {
        let password =
            Passphrase { file: args.password_file.clone(), variable: args.password_env.clone() };
        return packed(file, &bytes, &password);
    }
    let mut items = Vec::new();
    for (index, (label, der)) in input::parts_in(&bytes, file)?.iter().enumerate() {
        let item = item(label, der)
            .map_err(|fault| InputError::new(file, format!("part {}: {fault}", index + 1)))?;
        items.push(item);
    }
    Ok(items)
}

/// One part of a file; DER has no label.
fn item(label: &str, der: &[u8]) -> Result<Table, String> {
    let certificate = || {
        Certificate::parse(der)
            .map(|one| certificate::table(&one))
            .map_err(|error| error.to_string())
    };
    let crl = || Crl::parse(der).map(|one| evidence::crl(&one)).map_err(|error| error.to_string());
    let ocsp = || {
        OcspResponse::parse(der).map(|one| evidence::ocsp(&one)).map_err(|error| error.to_string())
    };
    match label {
        "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" => certificate(),
        "X509 CRL" | "CRL" => crl(),
        "OCSP RESPONSE" => ocsp(),
        "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => request::table(der),
        "PUBLIC KEY" => public_key(der),
        "PRIVATE KEY" | "RSA PRIVATE KEY" | "EC PRIVATE KEY" => Ok(private_key(der)),
        "" => certificate()
            .or_else(|_| crl())
            .or_else(|_| request::table(der))
            .or_else(|_| public_key(der))
            .or_else(|_| ocsp())
            .or_else(|_| key::parse(der).map(|_| private_key(der)).ok_or(()))
            .map_err(|()| {
                "is DER, but no certificate, CRL, OCSP response, request or key".to_owned()
            }),
        other => Ok(Table::of("other").with("label", other).with("length", der.len())),
    }
}

fn public_key(der: &[u8]) -> Result<Table, String> {
    PublicKey::read(Reader::new(der)).map_err(|error| format!("is no public key: {error}"))?;
    Ok(Table::of("public-key").with("public_key", certificate::key(der)))
}

/// Nothing of a private key is shown but its public half.
fn private_key(der: &[u8]) -> Table {
    let public = key::parse(der).map(|key| {
        use rcgen::PublicKeyData as _;
        certificate::key(&key.subject_public_key_info())
    });
    Table::of("private-key").with("public_key", public)
}

fn packed(file: &Path, bytes: &[u8], password: &Passphrase) -> Result<Vec<Table>, Failure> {
    let archive = pkcs12::open(file, bytes, password)?;
    let mut items = Vec::new();
    for (index, bag) in archive.certs.iter().enumerate() {
        let certificate = Certificate::parse(bag.cert.as_der()).map_err(|error| {
            InputError::new(file, format!("certificate {}: {error}", index + 1))
        })?;
        let name = bag.friendly_name.clone();
        items.push(certificate::table(&certificate).with("friendly_name", name));
    }
    for bag in &archive.keys {
        let name = bag.friendly_name.clone();
        items.push(private_key(bag.key.as_der()).with("friendly_name", name));
    }
    Ok(items)
}
