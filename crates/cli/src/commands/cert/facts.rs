//! What a certificate or request says, for reports.

use super::{dn::DistinguishedName, name, purpose::Purpose};
use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::fmt::Write as _;
use x509_parser::{
    certificate::X509Certificate, extensions::ParsedExtension, public_key::PublicKey,
    x509::SubjectPublicKeyInfo,
};

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// SHA-256 in hexadecimal: of a certificate's DER, its fingerprint.
pub fn sha256(bytes: &[u8]) -> String {
    hex(digest(&SHA256, bytes).as_ref())
}

/// What a certificate says.
#[derive(Debug)]
pub struct Facts {
    /// Whom it is for.
    pub subject: String,
    /// Who signed it.
    pub issuer: String,
    /// In hexadecimal.
    pub serial: String,
    /// The first moment it is good; none if it cannot be said.
    pub not_before: Option<Timestamp>,
    /// The last moment it is good; none if it cannot be said.
    pub not_after: Option<Timestamp>,
    /// SHA-256 of it.
    pub sha256: String,
    /// Its names, as `dns:…` and so on.
    pub names: Vec<String>,
    /// Whether it is an authority's.
    pub is_authority: bool,
    /// How many authorities may follow below it.
    pub path_length: Option<u32>,
    /// What it may be used for; empty: anything.
    pub purposes: Vec<Purpose>,
    /// Its public key.
    pub key: KeyFacts,
}

impl Facts {
    /// Reads a certificate of which `der` is the whole.
    pub fn new(certificate: &X509Certificate<'_>, der: &[u8]) -> Facts {
        let mut facts = Facts {
            subject: DistinguishedName::from_parsed(certificate.subject()).to_string(),
            issuer: DistinguishedName::from_parsed(certificate.issuer()).to_string(),
            serial: hex(certificate.raw_serial()),
            not_before: Timestamp::from_second(certificate.validity().not_before.timestamp()).ok(),
            not_after: Timestamp::from_second(certificate.validity().not_after.timestamp()).ok(),
            sha256: sha256(der),
            names: Vec::new(),
            is_authority: false,
            path_length: None,
            purposes: Vec::new(),
            key: KeyFacts::new(certificate.public_key()),
        };
        for extension in certificate.extensions() {
            match extension.parsed_extension() {
                ParsedExtension::SubjectAlternativeName(names) => {
                    facts.names.extend(names.general_names.iter().map(name::general));
                }
                ParsedExtension::BasicConstraints(constraints) => {
                    facts.is_authority = constraints.ca;
                    facts.path_length = constraints.path_len_constraint;
                }
                ParsedExtension::ExtendedKeyUsage(usage) => facts.purposes = Purpose::of(usage),
                _ => {}
            }
        }
        facts
    }

    /// The object of reports.
    pub fn json(&self) -> Value {
        let moment = |time: Option<Timestamp>| time.map(|time| time.to_string());
        json!({
            "subject": self.subject,
            "issuer": self.issuer,
            "serial": self.serial,
            "not_before": moment(self.not_before),
            "not_after": moment(self.not_after),
            "sha256": self.sha256,
            "names": self.names,
            "ca": self.is_authority,
            "path_length": self.path_length,
            "purposes": self.purposes.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "public_key": self.key.json(),
        })
    }

    /// Lines of `word  value` for people.
    pub fn text(&self) -> String {
        let moment = |time: Option<Timestamp>| time.map_or("?".into(), |time| time.to_string());
        let mut text = String::new();
        let mut line = |word: &str, value: &str| {
            let _ = writeln!(text, "  {word:<9} {value}");
        };
        line("subject", if self.subject.is_empty() { "(empty)" } else { &self.subject });
        if self.issuer != self.subject {
            line("issuer", &self.issuer);
        }
        line("names", &list(&self.names));
        line("valid", &format!("{} to {}", moment(self.not_before), moment(self.not_after)));
        let authority = match (self.is_authority, self.path_length) {
            (false, _) => None,
            (true, None) => Some("CA".to_owned()),
            (true, Some(length)) => Some(format!("CA, path length {length}")),
        };
        let purposes = authority.into_iter().chain(self.purposes.iter().map(ToString::to_string));
        line("for", &list(&purposes.collect::<Vec<_>>()));
        line("key", &self.key.algorithm);
        line("serial", &self.serial);
        line("sha256", &self.sha256);
        text
    }
}

/// What a public key is.
#[derive(Debug)]
pub struct KeyFacts {
    /// Such as `ecdsa-p256` or `rsa-2048`; an OID if it has no name here.
    pub algorithm: String,
    /// SHA-256 of the SubjectPublicKeyInfo.
    pub sha256: String,
}

impl KeyFacts {
    /// Reads a public key.
    pub fn new(key: &SubjectPublicKeyInfo<'_>) -> KeyFacts {
        let oid = key.algorithm.algorithm.to_id_string();
        let algorithm = match (&oid[..], key.parsed()) {
            ("1.3.101.112", _) => "ed25519".into(),
            (_, Ok(PublicKey::RSA(rsa))) => format!("rsa-{}", rsa.key_size()),
            ("1.2.840.10045.2.1", _) => {
                let curve = key.algorithm.parameters.as_ref().and_then(|curve| curve.as_oid().ok());
                match curve.map(|curve| curve.to_id_string()).as_deref() {
                    Some("1.2.840.10045.3.1.7") => "ecdsa-p256".into(),
                    Some("1.3.132.0.34") => "ecdsa-p384".into(),
                    Some("1.3.132.0.35") => "ecdsa-p521".into(),
                    Some(curve) => format!("ecdsa-{curve}"),
                    None => "ecdsa".into(),
                }
            }
            _ => oid,
        };
        KeyFacts { algorithm, sha256: sha256(key.raw) }
    }

    /// The object of reports.
    pub fn json(&self) -> Value {
        json!({ "algorithm": self.algorithm, "sha256": self.sha256 })
    }
}

/// Words with commas between, or a dash.
pub fn list(words: &[String]) -> String {
    if words.is_empty() { "-".into() } else { words.join(", ") }
}
