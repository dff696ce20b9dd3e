//! What the tests share: authorities that sign anything, and evidence in every shape.

mod crl;
mod delta;
mod hostile;
mod ocsp;
mod openssl;

use super::{
    Determination, Evidence, Issuer, Options, Problem, RevocationStatus, SignerPurpose, Signers,
    determine,
};
use crate::{Certificate, Time, name::DistinguishedName};
use ravelin_test::der;
use rcgen::{KeyPair, PublicKeyData, SigningKey};

/// The time of all tests.
const NOW: i64 = 1_800_000_000;
const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

fn common_name(text: &str) -> Vec<u8> {
    der::name(&[("2.5.4.3", text)])
}

fn uri(text: &str) -> Vec<u8> {
    der::primitive(6, text)
}

fn directory(name: &[u8]) -> Vec<u8> {
    der::constructed(4, name)
}

fn new_key() -> KeyPair {
    KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap()
}

fn key_id(key: &KeyPair) -> Vec<u8> {
    key.der_bytes()[1..21].to_vec()
}

/// Signs as certificates, CRLs and OCSP responses are: the signed part, the algorithm, the signature, and what follows.
fn signed(tbs: &[u8], key: &KeyPair, more: &[u8]) -> Vec<u8> {
    signed_as(tbs, key, &ecdsa_with_sha256(), more)
}

fn signed_as(tbs: &[u8], key: &KeyPair, algorithm: &[u8], more: &[u8]) -> Vec<u8> {
    let signature = der::bit_string(key.sign(tbs).unwrap());
    der::sequence([tbs, algorithm, &signature, more])
}

fn ecdsa_with_sha256() -> Vec<u8> {
    der::sequence([der::oid("1.2.840.10045.4.3.2")])
}

/// A name with a key that signs.
struct Authority {
    name: Vec<u8>,
    key: KeyPair,
}

impl Authority {
    fn new(name: &str) -> Authority {
        Authority { name: common_name(name), key: new_key() }
    }

    /// Certifies a key, from an hour ago until in a day.
    fn certify(
        &self,
        subject: &[u8],
        key: &KeyPair,
        serial: u64,
        extensions: &[Vec<u8>],
    ) -> Certificate<'static> {
        self.certify_between(NOW - HOUR, NOW + DAY, subject, key, serial, extensions)
    }

    fn certify_between(
        &self,
        from: i64,
        until: i64,
        subject: &[u8],
        key: &KeyPair,
        serial: u64,
        extensions: &[Vec<u8>],
    ) -> Certificate<'static> {
        let tbs = der::sequence([
            der::constructed(0, der::integer(2)),
            der::integer(serial),
            ecdsa_with_sha256(),
            self.name.clone(),
            der::sequence([der::time(from), der::time(until)]),
            subject.to_vec(),
            key.subject_public_key_info(),
            der::constructed(3, der::sequence(extensions)),
        ]);
        Certificate::parse(signed(&tbs, &self.key, &[])).unwrap()
    }

    /// An end certificate.
    fn issue(&self, serial: u64, extensions: &[Vec<u8>]) -> Certificate<'static> {
        self.certify(&common_name("end"), &new_key(), serial, extensions)
    }

    /// Its own certificate, by `issuer`, for keys of the usage given.
    fn certified_by(&self, issuer: &Authority, usage: &[u8]) -> Certificate<'static> {
        let extensions = [
            der::extension("2.5.29.15", true, &der::named_bits(usage)),
            der::extension("2.5.29.14", false, &der::octet_string(key_id(&self.key))),
        ];
        issuer.certify(&self.name, &self.key, 1000, &extensions)
    }
}

const CRL_SIGN: u8 = 6;
const KEY_CERT_SIGN: u8 = 5;

/// An extension with distribution points, each as encoded.
fn points(points: &[Vec<u8>]) -> Vec<u8> {
    der::extension("2.5.29.31", false, &der::sequence(points))
}

/// A distribution point with a full name.
fn point(names: &[Vec<u8>], reasons: Option<&[u8]>, issuer: Option<&[u8]>) -> Vec<u8> {
    der::sequence([
        if names.is_empty() { Vec::new() } else { full_name(names) },
        reasons.map(|bits| der::primitive(1, der::named_bits_content(bits))).unwrap_or_default(),
        issuer.map(|name| der::constructed(2, directory(name))).unwrap_or_default(),
    ])
}

fn full_name(names: &[Vec<u8>]) -> Vec<u8> {
    der::constructed(0, der::constructed(0, names.concat()))
}

/// A CRL to be.
#[derive(Clone)]
struct List {
    issuer: Vec<u8>,
    this_update: i64,
    next_update: Option<i64>,
    entries: Vec<Vec<u8>>,
    extensions: Vec<Vec<u8>>,
}

fn number(number: u64) -> Vec<u8> {
    der::extension("2.5.29.20", false, &der::integer(number))
}

fn key_identifier(key: &KeyPair) -> Vec<u8> {
    der::extension("2.5.29.35", false, &der::sequence([der::primitive(0, key_id(key))]))
}

impl List {
    /// An empty one with all that it must have, number 10.
    fn new(by: &Authority) -> List {
        List {
            issuer: by.name.clone(),
            this_update: NOW - HOUR,
            next_update: Some(NOW + HOUR),
            entries: Vec::new(),
            extensions: vec![key_identifier(&by.key), number(10)],
        }
    }

    fn at(mut self, this_update: i64, next_update: i64) -> List {
        (self.this_update, self.next_update) = (this_update, Some(next_update));
        self
    }

    fn numbered(mut self, new: u64) -> List {
        self.extensions[1] = number(new);
        self
    }

    fn with(mut self, extension: Vec<u8>) -> List {
        self.extensions.push(extension);
        self
    }

    fn scope(self, parts: &[Vec<u8>]) -> List {
        self.with(der::extension("2.5.29.28", true, &der::sequence(parts)))
    }

    fn delta(self, base: u64) -> List {
        self.with(der::extension("2.5.29.27", true, &der::integer(base)))
    }

    fn revoke(self, serial: u64) -> List {
        self.entry(serial, &[])
    }

    fn revoke_for(self, serial: u64, reason: u8) -> List {
        self.entry(serial, &[der::extension("2.5.29.21", false, &der::enumerated(reason))])
    }

    fn entry(mut self, serial: u64, extensions: &[Vec<u8>]) -> List {
        let extensions = if extensions.is_empty() { Vec::new() } else { der::sequence(extensions) };
        self.entries.push(der::sequence([der::integer(serial), der::time(NOW - DAY), extensions]));
        self
    }

    fn der(&self, key: &KeyPair) -> Vec<u8> {
        self.der_as(key, &ecdsa_with_sha256(), &ecdsa_with_sha256())
    }

    /// With whatever algorithms are named in the signed part and behind it.
    fn der_as(&self, key: &KeyPair, inner: &[u8], outer: &[u8]) -> Vec<u8> {
        let tbs = der::sequence([
            der::integer(1),
            inner.to_vec(),
            self.issuer.clone(),
            der::time(self.this_update),
            self.next_update.map(der::time).unwrap_or_default(),
            if self.entries.is_empty() { Vec::new() } else { der::sequence(&self.entries) },
            der::constructed(0, der::sequence(&self.extensions)),
        ]);
        signed_as(&tbs, key, outer, &[])
    }

    fn sign(&self, key: &KeyPair) -> super::Crl<'static> {
        super::Crl::parse(self.der(key)).unwrap()
    }
}

/// Trusts what it is told to, and remembers what it was asked.
#[derive(Default)]
struct Trusted {
    refuse: bool,
    asked: Vec<SignerPurpose>,
}

impl Signers for Trusted {
    fn trusts(
        &mut self,
        _certificate: &Certificate<'_>,
        purpose: SignerPurpose,
    ) -> Result<(), String> {
        self.asked.push(purpose);
        if self.refuse { Err("no path to an anchor".into()) } else { Ok(()) }
    }
}

/// Judges a certificate by an anchor that is a name and a key.
fn judge(subject: &Certificate<'_>, issuer: &Authority, evidence: Evidence<'_>) -> Determination {
    judge_with(
        subject,
        issuer,
        evidence,
        Options::new(Time::from_unix(NOW)),
        &mut Trusted::default(),
    )
}

fn judge_with(
    subject: &Certificate<'_>,
    issuer: &Authority,
    evidence: Evidence<'_>,
    options: Options<'_>,
    signers: &mut Trusted,
) -> Determination {
    let key_info = issuer.key.subject_public_key_info();
    let name = DistinguishedName::parse(&issuer.name).unwrap();
    let issuer = Issuer { name, key_info: &key_info, certificate: None };
    determine(subject, &issuer, &evidence, &options, signers)
}

fn is_revoked(determination: &Determination) -> bool {
    matches!(determination.status, RevocationStatus::Revoked { .. })
}

/// The one note there is.
fn only_problem(determination: &Determination) -> &Problem {
    let [note] = &determination.notes[..] else { panic!("{:?}", determination.notes) };
    &note.problem
}
