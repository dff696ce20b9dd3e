//! Extensions of certificates (RFC 5280, section 4.2), with whatever content.

use super::encode::{bit_string, boolean, implicit, integer, octets, oid, sequence, tagged, value};

/// An extension.
pub fn extension(dotted: &str, critical: bool, content: &[u8]) -> Vec<u8> {
    let critical = if critical { boolean(true) } else { Vec::new() };
    sequence([oid(dotted), critical, octets(content)])
}

/// Basic constraints (section 4.2.1.9), critical.
pub fn basic_constraints(ca: bool, path_length: Option<u64>) -> Vec<u8> {
    let ca = if ca { boolean(true) } else { Vec::new() };
    let length = path_length.map(integer).unwrap_or_default();
    extension("2.5.29.19", true, &sequence([ca, length]))
}

/// Key usage (section 4.2.1.3), critical, with the bits of these numbers.
pub fn key_usage(bits: &[u8]) -> Vec<u8> {
    let mut bytes = [0u8; 2];
    for bit in bits {
        bytes[usize::from(bit / 8)] |= 0x80 >> (bit % 8);
    }
    let used = if bytes[1] != 0 { 2 } else { usize::from(bytes[0] != 0) };
    let unused = bytes[..used].last().map_or(0, |last| last.trailing_zeros());
    let mut content = vec![u8::try_from(unused).expect("at most seven")];
    content.extend_from_slice(&bytes[..used]);
    extension("2.5.29.15", true, &value(0x03, &content))
}

/// Bit of key usage: signatures on certificates.
pub const KEY_CERT_SIGN: u8 = 5;
/// Bit of key usage: signatures on CRLs.
pub const CRL_SIGN: u8 = 6;
/// Bit of key usage: other signatures.
pub const DIGITAL_SIGNATURE: u8 = 0;

/// Extended key usage (section 4.2.1.12), not critical, with these purposes as dotted identifiers.
pub fn extended_key_usage(purposes: &[&str]) -> Vec<u8> {
    extension("2.5.29.37", false, &sequence(purposes.iter().map(|purpose| oid(purpose))))
}

/// The purpose of TLS servers.
pub const SERVER_AUTH: &str = "1.3.6.1.5.5.7.3.1";
/// The purpose of TLS clients.
pub const CLIENT_AUTH: &str = "1.3.6.1.5.5.7.3.2";

/// A subject key identifier (section 4.2.1.2).
pub fn subject_key_id(identifier: &[u8]) -> Vec<u8> {
    extension("2.5.29.14", false, &octets(identifier))
}

/// An authority key identifier (section 4.2.1.1).
pub fn authority_key_id(identifier: &[u8]) -> Vec<u8> {
    extension("2.5.29.35", false, &sequence([implicit(0, identifier)]))
}

/// Subject alternative names (section 4.2.1.6), not critical.
pub fn subject_alt_names<B: AsRef<[u8]>>(names: impl IntoIterator<Item = B>) -> Vec<u8> {
    extension("2.5.29.17", false, &sequence(names))
}

/// A DNS name among general names.
pub fn dns(name: &str) -> Vec<u8> {
    implicit(2, name.as_bytes())
}

/// An e-mail address among general names.
pub fn email(address: &str) -> Vec<u8> {
    implicit(1, address.as_bytes())
}

/// A URI among general names.
pub fn uri(uri: &str) -> Vec<u8> {
    implicit(6, uri.as_bytes())
}

/// An IP address among general names, or in constraints an address and a mask.
pub fn ip(bytes: &[u8]) -> Vec<u8> {
    implicit(7, bytes)
}

/// A directory name among general names.
pub fn directory(name: &[u8]) -> Vec<u8> {
    tagged(4, name)
}

/// A name of a kind of its own among general names.
pub fn other_name(dotted: &str, content: &[u8]) -> Vec<u8> {
    value(0xa0, &[oid(dotted), tagged(0, content)].concat())
}

/// Name constraints (section 4.2.1.10), critical. A list that is empty is left out.
pub fn name_constraints(permitted: &[Vec<u8>], excluded: &[Vec<u8>]) -> Vec<u8> {
    let list = |number, bases: &[Vec<u8>]| {
        if bases.is_empty() {
            return Vec::new();
        }
        let subtrees: Vec<Vec<u8>> = bases.iter().map(|base| sequence([base])).collect();
        tagged(number, &subtrees.concat())
    };
    extension("2.5.29.30", true, &sequence([list(0, permitted), list(1, excluded)]))
}

/// The wild card among policies (section 4.2.1.4).
pub const ANY_POLICY: &str = "2.5.29.32.0";

/// Certificate policies (section 4.2.1.4), not critical.
pub fn policies(dotted: &[&str]) -> Vec<u8> {
    extension("2.5.29.32", false, &sequence(dotted.iter().map(|one| sequence([oid(one)]))))
}

/// Policy mappings (section 4.2.1.5), critical: the issuer's policy, and the subject's.
pub fn policy_mappings(pairs: &[(&str, &str)]) -> Vec<u8> {
    let pairs = pairs.iter().map(|(from, to)| sequence([oid(from), oid(to)]));
    extension("2.5.29.33", true, &sequence(pairs))
}

/// Policy constraints (section 4.2.1.11), critical.
pub fn policy_constraints(require_explicit: Option<u64>, inhibit_mapping: Option<u64>) -> Vec<u8> {
    let number = |tag, number: Option<u64>| {
        number.map(|number| implicit(tag, &super::encode::digits(number))).unwrap_or_default()
    };
    let content = sequence([number(0, require_explicit), number(1, inhibit_mapping)]);
    extension("2.5.29.36", true, &content)
}

/// Inhibit any-policy (section 4.2.1.14), critical.
pub fn inhibit_any_policy(skip: u64) -> Vec<u8> {
    extension("2.5.29.54", true, &integer(skip))
}

/// An extension that nobody knows.
pub fn unknown(critical: bool) -> Vec<u8> {
    extension("2.999.1", critical, &bit_string(&[]))
}
