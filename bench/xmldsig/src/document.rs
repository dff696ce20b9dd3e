//! Makes what is verified. All but the key, and so the signatures, is the same in every run.

use crate::{
    Fallible,
    case::{BLOB, Case, PRIVATE_KEY, PUBLIC_KEY, Shape},
};
use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der},
    rsa::{KeyPair, KeySize},
    signature::KeyPair as _,
};
use ravelin_xmldsig::{
    algorithm::SigningKey,
    sign::{Reference, Signing},
    verify::{Body, Dereference, DereferenceError},
};
use std::{
    fs::{self, File},
    io::{BufWriter, Cursor, Write},
};

/// Makes the RSA key that signs everything.
pub fn make_key() -> Fallible<()> {
    let pair = KeyPair::generate(KeySize::Rsa2048)?;
    fs::write(PRIVATE_KEY, AsDer::<Pkcs8V1Der>::as_der(&pair)?.as_ref())?;
    fs::write(PUBLIC_KEY, AsDer::<PublicKeyX509Der>::as_der(pair.public_key())?.as_ref())?;
    Ok(())
}

/// Makes the files of a case.
pub fn make(case: &Case, scale: f64) -> Fallible<()> {
    let signing = Signing::new(SigningKey::from_der(&fs::read(PRIVATE_KEY)?)?);
    let scaled = |length: u64| (length as f64 * scale) as u64;
    let whole = || Reference::document().enveloped();
    match case.shape {
        Shape::Enveloped(length) => {
            envelop(case, &signing.reference(whole()), |to| ledger(to, length))
        }
        Shape::Long(length) => {
            envelop(case, &signing.reference(whole()), |to| ledger(to, scaled(length)))
        }
        Shape::References(count) => {
            let ids = (0..count).map(|number| Reference::element(&format!("part-{number}")));
            envelop(case, &ids.fold(signing, Signing::reference), |to| parts(to, count))
        }
        Shape::Blob(length) => {
            blob(&mut BufWriter::new(File::create(BLOB)?), scaled(length))?;
            let signature = signing.reference(Reference::uri(BLOB)).sign_with(&mut Beside)?;
            Ok(fs::write(case.document(), signature)?)
        }
    }
}

/// Knows the blob.
pub struct Beside;

impl Dereference for Beside {
    fn dereference(&mut self, uri: Option<&str>) -> Result<Body<'_>, DereferenceError> {
        match uri {
            Some(BLOB) => Ok(Body::from_reader(File::open(BLOB)?)),
            Some(uri) if uri.is_empty() || uri.starts_with('#') => Ok(Body::SameDocument),
            other => Err(DereferenceError::not_found(other.unwrap_or_default())),
        }
    }
}

fn envelop(
    case: &Case,
    signing: &Signing,
    write: impl Fn(&mut dyn Write) -> Fallible<()>,
) -> Fallible<()> {
    let out = BufWriter::new(File::create(case.document())?);
    if matches!(case.shape, Shape::Long(_)) {
        let unsigned = format!("{}.unsigned", case.name);
        let mut to = BufWriter::new(File::create(&unsigned)?);
        write(&mut to)?;
        to.flush()?;
        signing.sign_enveloped(File::open(&unsigned)?, out)?;
        return Ok(fs::remove_file(unsigned)?);
    }
    let mut document = Vec::new();
    write(&mut document)?;
    signing.sign_enveloped(Cursor::new(document), out)?;
    Ok(())
}

/// Transfers of money, until there are so many bytes: namespaces, attributes, short texts, entities and white space.
fn ledger(to: &mut dyn Write, length: u64) -> Fallible<()> {
    const NAMES: [&str; 8] = [
        "Aurelia Berg",
        "Bo & Sons",
        "Chiara Óvári",
        "Davit Kldiashvili",
        "Eun-ji Park",
        "Fatou <West> Ltd",
        "Grégoire Lemaître",
        "Hana Novák",
    ];
    let mut random = Random(7);
    let head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
        <ledger xmlns=\"urn:example:ledger\" xmlns:m=\"urn:example:money\" year=\"2026\">\n";
    to.write_all(head.as_bytes())?;
    // The signature and the ends take this much.
    let mut left = length.saturating_sub(head.len() as u64 + 1_000);
    for number in 0u64.. {
        let [from, for_] = [random.below(8), random.below(8)]
            .map(|index| NAMES[index as usize].replace('&', "&amp;").replace('<', "&lt;"));
        let record = format!(
            "  <transfer no=\"{number:08}\" kind=\"{}\">\n    <day>2026-{:02}-{:02}</day>\n    \
             <from account=\"{:012}\">{from}</from>\n    <to account=\"{:012}\">{for_}</to>\n    \
             <m:amount currency=\"EUR\" m:scale=\"2\">{}</m:amount>\n    \
             <note lang=\"en\">Invoice {} of the season, paid in full on receipt of the goods.</note>\n  \
             </transfer>\n",
            ["credit", "debit"][random.below(2) as usize],
            1 + random.below(12),
            1 + random.below(28),
            random.below(1_000_000_000_000),
            random.below(1_000_000_000_000),
            random.below(10_000_000),
            random.below(100_000),
        );
        match left.checked_sub(record.len() as u64) {
            Some(rest) => left = rest,
            None => break,
        }
        to.write_all(record.as_bytes())?;
    }
    Ok(to.write_all(b"</ledger>\n")?)
}

/// Elements with identifiers.
fn parts(to: &mut dyn Write, count: usize) -> Fallible<()> {
    let mut random = Random(11);
    to.write_all(b"<parts xmlns=\"urn:example:parts\">\n")?;
    for number in 0..count {
        let (price, name) = (random.below(100_000), random.below(1_000_000));
        writeln!(
            to,
            "  <part Id=\"part-{number}\" price=\"{price}\"><name>Part {name:06}</name></part>"
        )?;
    }
    Ok(to.write_all(b"</parts>\n")?)
}

fn blob(to: &mut dyn Write, length: u64) -> Fallible<()> {
    let mut random = Random(13);
    for at in (0..length).step_by(8) {
        let word = random.next().to_le_bytes();
        to.write_all(&word[..(length - at).min(8) as usize])?;
    }
    Ok(to.flush()?)
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}
