//! Chains that are made from bytes: sound ones that are changed before they are signed, so that the signatures hold.

use arbitrary::{Arbitrary, Result, Unstructured};
use ravelin_test::pki::{
    Entity, NOT_AFTER, NOT_BEFORE, NOW, Template, assemble,
    extension::{
        self, ANY_POLICY, CLIENT_AUTH, CRL_SIGN, KEY_CERT_SIGN, SERVER_AUTH, basic_constraints,
        directory, dns, email, extended_key_usage, inhibit_any_policy, ip, key_usage,
        name_constraints, policies, policy_constraints, policy_mappings, subject_alt_names, uri,
    },
};
use std::sync::OnceLock;

/// Who takes part: two roots, CAs, an end.
pub struct Cast {
    pub entities: Vec<Entity>,
    pub roots: Vec<Vec<u8>>,
}

const CAST: [(&str, u8); 7] = [
    ("Root", 0),
    ("Other Root", 1),
    ("CA", 2),
    // The same name with another key, and another name with the same key.
    ("CA", 3),
    ("Other CA", 2),
    ("Third CA", 4),
    ("End", 5),
];
const END: usize = 6;

pub fn cast() -> &'static Cast {
    static CAST_OF: OnceLock<Cast> = OnceLock::new();
    CAST_OF.get_or_init(|| {
        let entities: Vec<Entity> =
            CAST.iter().map(|(name, seed)| Entity::of_seed(name, &[*seed; 32])).collect();
        let roots =
            entities[..2].iter().map(|one| Template::authority(one).signed_by(one)).collect();
        Cast { entities, roots }
    })
}

/// Certificates, the end certificate first.
#[derive(Debug)]
pub struct Plan {
    pub certificates: Vec<Vec<u8>>,
}

impl<'a> Arbitrary<'a> for Plan {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Plan> {
        let length = bytes.int_in_range(1..=5)?;
        let mut certificates = Vec::new();
        let mut subject = END;
        for position in 0..length {
            // Most often a chain: each is signed by whom the next is about.
            let signer = bytes.int_in_range(0..=5usize)?;
            certificates.push(one(bytes, subject, signer, position == 0)?);
            subject = if bytes.ratio(1, 8)? { bytes.int_in_range(0..=6usize)? } else { signer };
        }
        Ok(Plan { certificates })
    }
}

fn one(bytes: &mut Unstructured<'_>, subject: usize, signer: usize, end: bool) -> Result<Vec<u8>> {
    let cast = cast();
    let (subject, signer) = (&cast.entities[subject], &cast.entities[signer]);
    let mut template =
        if end { Template::server(subject, "a.example") } else { Template::authority(subject) };
    // The same certificate each time.
    template.serial = vec![2, 1, 1 + bytes.int_in_range(0..=3u8)?];
    for _ in 0..bytes.int_in_range(0..=4u8)? {
        template = change(bytes, template)?;
    }
    let mut tbs = template.signed_part(signer, &signer.key.signing().algorithm());
    mutate(bytes, &mut tbs)?;
    let mut whole = assemble(&tbs, signer);
    if bytes.ratio(1, 16)? {
        mutate(bytes, &mut whole)?;
    }
    Ok(whole)
}

fn change(bytes: &mut Unstructured<'_>, mut template: Template) -> Result<Template> {
    Ok(match bytes.int_in_range(0..=17u8)? {
        0 => template.valid(NOT_BEFORE, NOW - 1),
        1 => template.valid(NOW + 1, NOT_AFTER),
        2 => template.with(basic_constraints(bytes.arbitrary()?, None)),
        3 => template.with(basic_constraints(true, Some(bytes.int_in_range(0..=2)?))),
        4 => template.with(key_usage(*bytes.choose(&[
            &[KEY_CERT_SIGN][..],
            &[CRL_SIGN],
            &[extension::DIGITAL_SIGNATURE],
            &[],
        ])?)),
        5 => template.with(extended_key_usage(bytes.choose(&[
            &[SERVER_AUTH][..],
            &[CLIENT_AUTH],
            &[SERVER_AUTH, CLIENT_AUTH],
            &["2.5.29.37.0"],
            &[],
        ])?)),
        6 => template.without(*bytes.choose(&[
            "2.5.29.19",
            "2.5.29.15",
            "2.5.29.37",
            "2.5.29.17",
        ])?),
        7 | 8 => {
            let permitted = several(bytes, base)?;
            let excluded = several(bytes, base)?;
            template.with(name_constraints(&permitted, &excluded))
        }
        9 | 10 => {
            let names = several(bytes, name)?;
            template.with(subject_alt_names(names))
        }
        11 => {
            let named: Vec<&str> = several(bytes, policy)?;
            template.with(policies(&named))
        }
        12 => {
            let pairs: Vec<(&str, &str)> =
                several(bytes, |bytes| Ok((policy(bytes)?, policy(bytes)?)))?;
            template.with(policy_mappings(&pairs))
        }
        13 => {
            let (explicit, mapping): (Option<bool>, Option<bool>) = bytes.arbitrary()?;
            template.with(policy_constraints(explicit.map(u64::from), mapping.map(u64::from)))
        }
        14 => template.with(inhibit_any_policy(bytes.int_in_range(0..=2)?)),
        15 => template.with(extension::unknown(bytes.arbitrary()?)),
        16 => {
            template.version = *bytes.choose(&[None, Some(0), Some(1), Some(2), Some(3)])?;
            template
        }
        _ => {
            template.subject = ravelin_test::pki::name(bytes.choose(&[
                &[][..],
                &[("2.5.4.10", "One"), ("2.5.4.3", "x")],
                &[("2.5.4.3", "a.example")],
            ])?);
            template
        }
    })
}

fn several<T>(
    bytes: &mut Unstructured<'_>,
    mut one: impl FnMut(&mut Unstructured<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    let count = bytes.int_in_range(0..=3u8)?;
    (0..count).map(|_| one(bytes)).collect()
}

fn policy<'p>(bytes: &mut Unstructured<'_>) -> Result<&'p str> {
    bytes.choose(&["2.999.1", "2.999.2", ANY_POLICY]).copied()
}

fn name(bytes: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    Ok(match bytes.int_in_range(0..=6u8)? {
        0..=2 => {
            let host =
                bytes.choose(&["a.example", "*.example", "*.a.example", "b.a.example", "", "*"])?;
            dns(host)
        }
        3 => dns(bytes.arbitrary()?),
        4 => email(bytes.choose(&["x@a.example", "x@b.example", "x"])?),
        5 => uri(bytes.choose(&["https://a.example/", "urn:x:y", "https://b.example"])?),
        _ => ip(bytes.choose(&[&[192, 0, 2, 1][..], &[0; 16], &[1, 2]])?),
    })
}

fn base(bytes: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    Ok(match bytes.int_in_range(0..=6u8)? {
        0..=2 => {
            dns(bytes.choose(&["a.example", ".a.example", "example", "b.a.example", "", "*.x"])?)
        }
        3 => dns(bytes.arbitrary()?),
        4 => email(bytes.choose(&["a.example", ".example", "x@a.example"])?),
        5 => {
            let one = [("2.5.4.10", "one")];
            directory(&ravelin_test::pki::name(bytes.choose(&[&[][..], &one])?))
        }
        _ => ip(bytes.choose(&[
            &[192, 0, 2, 0, 255, 255, 255, 0][..],
            &[192, 0, 2, 0, 255, 0, 255, 0],
            &[0; 32],
            &[0; 3],
        ])?),
    })
}

/// Some bytes become others, go, or come.
fn mutate(bytes: &mut Unstructured<'_>, target: &mut Vec<u8>) -> Result<()> {
    if !bytes.ratio(1, 2)? {
        return Ok(());
    }
    for _ in 0..bytes.int_in_range(0..=3u8)? {
        if target.is_empty() {
            return Ok(());
        }
        let at = bytes.choose_index(target.len())?;
        match bytes.int_in_range(0..=3u8)? {
            0 => target[at] = bytes.arbitrary()?,
            1 => target[at] ^= 1 << bytes.int_in_range(0..=7u8)?,
            2 => drop(target.remove(at)),
            _ => target.insert(at, bytes.arbitrary()?),
        }
    }
    Ok(())
}
