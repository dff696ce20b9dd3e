//! CRLs and OCSP responses, true and false, and certificates that tell where they are.

use aws_lc_rs::digest;
use ravelin_test::{
    der,
    pki::{Entity, NOW, Template, extension},
};

const HOUR: i64 = 3600;

/// A server's certificate for `localhost` that tells where it is said whether it is revoked, and who issued it.
pub fn server(entity: &Entity, ocsp: &[&str], crls: &[&str], issuers: &[&str]) -> Template {
    told(Template::server(entity, "localhost"), ocsp, crls, issuers)
}

pub fn told(template: Template, ocsp: &[&str], crls: &[&str], issuers: &[&str]) -> Template {
    let place =
        |kind: &str, url: &&str| der::sequence([der::oid(kind), der::primitive(6, url.as_bytes())]);
    let places: Vec<Vec<u8>> = ocsp
        .iter()
        .map(|url| place("1.3.6.1.5.5.7.48.1", url))
        .chain(issuers.iter().map(|url| place("1.3.6.1.5.5.7.48.2", url)))
        .collect();
    let points = crls.iter().map(|url| {
        let name = der::constructed(0, der::constructed(0, der::primitive(6, url.as_bytes())));
        der::sequence([name])
    });
    let points: Vec<Vec<u8>> = points.collect();
    let mut template = template;
    if !places.is_empty() {
        let content = der::sequence(places);
        template = template.with(extension::extension("1.3.6.1.5.5.7.1.1", false, &content));
    }
    if !points.is_empty() {
        template = template.with(extension::extension("2.5.29.31", false, &der::sequence(points)));
    }
    template
}

fn signed(tbs: &[u8], by: &Entity, more: &[u8]) -> Vec<u8> {
    let signing = by.key.signing();
    let signature = by.key.sign(signing, tbs).unwrap();
    der::sequence([tbs, &signing.algorithm(), &der::bit_string(signature), more])
}

/// A CRL in the name of `issuer`, signed by `signer`, from an hour before `at` until an hour behind it.
pub fn crl(issuer: &Entity, signer: &Entity, revoked: Option<&Template>, at: i64) -> Vec<u8> {
    let entry = |one: &Template| der::sequence([one.serial.clone(), der::time(at - HOUR)]);
    let number = der::extension("2.5.29.20", false, &der::integer(1));
    let key = extension::authority_key_id(&issuer.key.identifier());
    let tbs = der::sequence([
        der::integer(1),
        signer.key.signing().algorithm(),
        issuer.name.clone(),
        der::time(at - HOUR),
        der::time(at + HOUR),
        revoked.map(|one| der::sequence([entry(one)])).unwrap_or_default(),
        der::constructed(0, der::sequence([key, number])),
    ]);
    signed(&tbs, signer, &[])
}

/// What a responder says of a certificate.
#[derive(Clone, Copy)]
pub enum Word {
    Good,
    Revoked,
    Unknown,
}

/// The response of `signer`, made at `at` and true for an hour, to whatever the request is about.
pub fn ocsp(request: &[u8], signer: &Entity, word: Word, at: i64) -> Vec<u8> {
    about(&asked(request), signer, word, at)
}

/// The same about another certificate of the same issuer.
pub fn ocsp_of_another(request: &[u8], signer: &Entity, at: i64) -> Vec<u8> {
    let mut id = asked(request);
    *id.last_mut().unwrap() ^= 0x55;
    about(&id, signer, Word::Good, at)
}

/// The CertID in a request for one certificate: four sequences deep (RFC 6960, section 4.1.1).
fn asked(request: &[u8]) -> Vec<u8> {
    let mut rest = request;
    for _ in 0..4 {
        assert_eq!((rest[0], rest[1] < 0x80), (0x30, true), "a short sequence");
        rest = &rest[2..];
    }
    rest.to_vec()
}

fn about(id: &[u8], signer: &Entity, word: Word, at: i64) -> Vec<u8> {
    let word = match word {
        Word::Good => der::primitive(0, []),
        Word::Revoked => der::constructed(1, der::generalized_time(at - HOUR)),
        Word::Unknown => der::primitive(2, []),
    };
    let until = der::constructed(0, der::generalized_time(at + HOUR));
    let single = der::sequence([id, &word, &der::generalized_time(at - 60), &until]);
    let key = &signer.key.info()[signer.key.info().len() - 65..];
    let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, key);
    let tbs = der::sequence([
        der::constructed(2, der::octet_string(hash.as_ref())),
        der::generalized_time(at - 60),
        der::sequence([single]),
    ]);
    let basic = signed(&tbs, signer, &[]);
    let bytes = der::sequence([der::oid("1.3.6.1.5.5.7.48.1.1"), der::octet_string(basic)]);
    der::sequence([der::enumerated(0), der::constructed(0, bytes)])
}

/// The moment at which all of it is judged.
pub fn now() -> std::time::Duration {
    std::time::Duration::from_secs(NOW.unsigned_abs())
}
