//! Name spaces: whether names are where a CA may issue (RFC 5280, section 4.2.1.10).

use super::{dns_syntax_fault, expected::email_matches, is_email, uri_host};
use crate::certificate::{GeneralName, NameConstraints, Subtrees};

/// Why a name is not allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Violation {
    /// It is in none of the permitted spaces of its kind.
    NotPermitted { name: String },
    /// It is in an excluded space.
    Excluded { name: String, base: String },
    /// A constraint on names of this kind cannot be applied.
    NotComparable { name: String, base: String },
    /// The constraints cannot be read.
    Unreadable,
    /// Too many comparisons.
    Budget,
}

/// Whether all `names` may stand below a CA with these constraints. Each comparison costs one of `budget`.
pub(crate) fn check<'n>(
    constraints: &NameConstraints<'_>,
    names: impl Iterator<Item = GeneralName<'n>>,
    budget: &mut u64,
) -> Result<(), Violation> {
    for name in names {
        if let Some(excluded) = constraints.excluded {
            for base in bases(excluded) {
                let base = base?;
                *budget = budget.checked_sub(cost(&name, &base)).ok_or(Violation::Budget)?;
                match is_within(&name, &base, Side::Excluded) {
                    Within::Yes => {
                        return Err(Violation::Excluded {
                            name: name.to_string(),
                            base: base.to_string(),
                        });
                    }
                    Within::Unknown => {
                        return Err(Violation::NotComparable {
                            name: name.to_string(),
                            base: base.to_string(),
                        });
                    }
                    Within::No | Within::OtherKind => {}
                }
            }
        }
        let Some(permitted) = constraints.permitted else { continue };
        let (mut constrained, mut inside) = (false, false);
        for base in bases(permitted) {
            let base = base?;
            *budget = budget.checked_sub(cost(&name, &base)).ok_or(Violation::Budget)?;
            match is_within(&name, &base, Side::Permitted) {
                Within::Yes => {
                    inside = true;
                    break;
                }
                Within::No => constrained = true,
                Within::Unknown => {
                    return Err(Violation::NotComparable {
                        name: name.to_string(),
                        base: base.to_string(),
                    });
                }
                Within::OtherKind => {}
            }
        }
        if constrained && !inside {
            return Err(Violation::NotPermitted { name: name.to_string() });
        }
    }
    Ok(())
}

/// Directory names are brought into a form that can be compared, which takes the longer the longer they are.
fn cost(name: &GeneralName<'_>, base: &GeneralName<'_>) -> u64 {
    const BYTES_PER_COMPARISON: usize = 32;
    match (name, base) {
        (GeneralName::Directory(name), GeneralName::Directory(base)) => {
            1 + ((name.der().len() + base.der().len()) / BYTES_PER_COMPARISON) as u64
        }
        _ => 1,
    }
}

fn bases(subtrees: Subtrees<'_>) -> impl Iterator<Item = Result<GeneralName<'_>, Violation>> {
    subtrees.map(|subtree| match subtree {
        Ok((base, true)) => Ok(base),
        _ => Err(Violation::Unreadable),
    })
}

/// What keeps a base from being a name space (RFC 5280, section 4.2.1.10).
pub(crate) fn base_fault(base: &GeneralName<'_>) -> Option<&'static str> {
    match base {
        GeneralName::Dns([]) => None,
        GeneralName::Dns(base) => {
            let fault = dns_syntax_fault(base.strip_prefix(b".").unwrap_or(base), true);
            if base.starts_with(b".") { fault.or(Some("it begins with a dot")) } else { fault }
        }
        GeneralName::Email(base) if base.contains(&b'@') => {
            (!is_email(base)).then_some("it is no mailbox")
        }
        GeneralName::Email(base) | GeneralName::Uri(base) => {
            dns_syntax_fault(base.strip_prefix(b".").unwrap_or(base), true)
        }
        GeneralName::Ip(bytes) => match bytes.len() {
            8 | 32 => {
                let mask = &bytes[bytes.len() / 2..];
                (!is_prefix(mask)).then_some("its mask is no prefix")
            }
            _ => Some("it is no address with a mask"),
        },
        _ => None,
    }
}

/// Whether a mask is ones and then zeros (RFC 4632, section 5.1).
fn is_prefix(mask: &[u8]) -> bool {
    let mut rest = mask.iter().skip_while(|byte| **byte == 0xff);
    rest.next().is_none_or(|byte| byte.leading_ones() + byte.trailing_zeros() >= 8)
        && rest.all(|byte| *byte == 0)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Permitted,
    Excluded,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Within {
    Yes,
    No,
    OtherKind,
    /// Of one kind, but one of the two makes no sense, or nobody knows how to compare them.
    Unknown,
}

impl From<bool> for Within {
    fn from(within: bool) -> Within {
        if within { Within::Yes } else { Within::No }
    }
}

fn is_within(name: &GeneralName<'_>, base: &GeneralName<'_>, side: Side) -> Within {
    match (name, base) {
        (GeneralName::Dns(name), GeneralName::Dns(base)) => dns(name, base, side),
        (GeneralName::Email(name), GeneralName::Email(base)) => email(name, base),
        (GeneralName::Uri(name), GeneralName::Uri(base)) => uri(name, base),
        (GeneralName::Ip(address), GeneralName::Ip(base)) => ip(address, base),
        (GeneralName::Directory(name), GeneralName::Directory(base)) => name.is_within(base).into(),
        (GeneralName::Other { kind: name, .. }, GeneralName::Other { kind: base, .. })
            if name != base =>
        {
            Within::OtherKind
        }
        (name, base) if name.kind() == base.kind() => Within::Unknown,
        _ => Within::OtherKind,
    }
}

/// Whether `host` is `base` or below it.
fn is_below(host: &[u8], base: &[u8]) -> bool {
    let Some(start) = host.len().checked_sub(base.len()) else { return false };
    host[start..].eq_ignore_ascii_case(base) && (start == 0 || host[start - 1] == b'.')
}

/// A leading dot, which RFC 5280 does not know here, is taken as everybody else takes it: names below, not the base.
fn dns(name: &[u8], base: &[u8], side: Side) -> Within {
    if base.is_empty() {
        return Within::Yes;
    }
    let (bare, below_only) = match base.strip_prefix(b".") {
        Some(bare) => (bare, true),
        None => (base, false),
    };
    if dns_syntax_fault(bare, true).is_some() {
        return Within::Unknown;
    }
    let name = name.strip_suffix(b".").unwrap_or(name);
    let Some(parent) = name.strip_prefix(b"*.") else {
        return (is_below(name, bare) && !(below_only && name.len() == bare.len())).into();
    };
    // A wild card stands for every name with one label more. All must be permitted, none excluded.
    let all = is_below(parent, bare);
    let some = all
        || bare
            .iter()
            .position(|byte| *byte == b'.')
            .is_some_and(|dot| !below_only && bare[dot + 1..].eq_ignore_ascii_case(parent));
    match side {
        Side::Permitted => all.into(),
        Side::Excluded => some.into(),
    }
}

fn email(name: &[u8], base: &[u8]) -> Within {
    let Some(at) = name.iter().rposition(|byte| *byte == b'@') else { return Within::Unknown };
    let host = &name[at + 1..];
    if base.contains(&b'@') {
        if !is_email(base) {
            return Within::Unknown;
        }
        return email_matches(name, base).into();
    }
    host_in(host, base)
}

/// A base without a leading dot is one host, with one all hosts below (for e-mail addresses and URIs).
fn host_in(host: &[u8], base: &[u8]) -> Within {
    match base.strip_prefix(b".") {
        Some(bare) if dns_syntax_fault(bare, true).is_some() => Within::Unknown,
        Some(bare) => (is_below(host, bare) && host.len() > bare.len()).into(),
        None if dns_syntax_fault(base, true).is_some() => Within::Unknown,
        None => host.eq_ignore_ascii_case(base).into(),
    }
}

/// A URI without a host name must not pass where URIs are constrained.
fn uri(name: &[u8], base: &[u8]) -> Within {
    match uri_host(name) {
        Some((host, _))
            if !host.starts_with(b"[")
                && dns_syntax_fault(host, true).is_none()
                && !std::str::from_utf8(host)
                    .is_ok_and(|host| host.parse::<std::net::Ipv4Addr>().is_ok()) =>
        {
            host_in(host, base)
        }
        _ => Within::Unknown,
    }
}

fn ip(address: &[u8], base: &[u8]) -> Within {
    if !matches!(address.len(), 4 | 16) || !matches!(base.len(), 8 | 32) {
        return Within::Unknown;
    }
    let (network, mask) = base.split_at(base.len() / 2);
    if !is_prefix(mask) {
        return Within::Unknown;
    }
    if address.len() != network.len() {
        return Within::No;
    }
    let inside = address.iter().zip(network).zip(mask).all(|((a, n), m)| a & m == n & m);
    inside.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use GeneralName::{Dns, Email, Ip, Uri};

    fn permitted(name: &GeneralName<'_>, base: &GeneralName<'_>) -> Within {
        is_within(name, base, Side::Permitted)
    }

    #[test]
    fn dns_spaces_hold_the_base_and_what_is_below() {
        let within = |name: &'static str, base: &'static str| {
            permitted(&Dns(name.as_bytes()), &Dns(base.as_bytes()))
        };
        assert_eq!(within("a.example", "a.Example"), Within::Yes);
        assert_eq!(within("b.a.example", "a.example"), Within::Yes);
        assert_eq!(within("ba.example", "a.example"), Within::No);
        assert_eq!(within("anything", ""), Within::Yes);
        assert_eq!(within("b.a.example", ".a.example"), Within::Yes);
        assert_eq!(within("a.example", ".a.example"), Within::No);
        assert_eq!(within("a.example", "*.example"), Within::Unknown);
    }

    #[test]
    fn wild_cards_are_all_permitted_or_partly_excluded() {
        let within = |name: &'static str, base: &'static str, side| {
            is_within(&Dns(name.as_bytes()), &Dns(base.as_bytes()), side)
        };
        assert_eq!(within("*.a.example", "b.a.example", Side::Permitted), Within::No);
        assert_eq!(within("*.a.example", "b.a.example", Side::Excluded), Within::Yes);
        assert_eq!(within("*.a.example", "c.b.a.example", Side::Excluded), Within::No);
        assert_eq!(within("*.a.example", "a.example", Side::Permitted), Within::Yes);
        assert_eq!(within("*.a.example", "a.example", Side::Excluded), Within::Yes);
        assert_eq!(within("*.a.example", ".a.example", Side::Permitted), Within::Yes);
    }

    #[test]
    fn mail_and_uri_spaces_are_hosts_or_what_is_below() {
        let email = |name: &'static str, base: &'static str| {
            permitted(&Email(name.as_bytes()), &Email(base.as_bytes()))
        };
        assert_eq!(email("a@b.example", "a@B.example"), Within::Yes);
        assert_eq!(email("A@b.example", "a@b.example"), Within::No);
        assert_eq!(email("a@b.example", "b.example"), Within::Yes);
        assert_eq!(email("a@c.b.example", "b.example"), Within::No);
        assert_eq!(email("a@c.b.example", ".b.example"), Within::Yes);
        assert_eq!(email("a@b.example", ".b.example"), Within::No);
        assert_eq!(email("a@b.example", "a@c@b.example"), Within::Unknown);
        let uri = |name: &'static str, base: &'static str| {
            permitted(&Uri(name.as_bytes()), &Uri(base.as_bytes()))
        };
        assert_eq!(uri("https://b.example/x", "b.example"), Within::Yes);
        assert_eq!(uri("https://c.b.example/x", "b.example"), Within::No);
        assert_eq!(uri("https://c.b.example/x", ".b.example"), Within::Yes);
        assert_eq!(uri("https://192.0.2.1/", "b.example"), Within::Unknown);
        assert_eq!(uri("urn:x:y", "b.example"), Within::Unknown);
    }

    #[test]
    fn addresses_are_in_networks() {
        let net = [192, 0, 2, 0, 255, 255, 255, 0];
        assert_eq!(permitted(&Ip(&[192, 0, 2, 7]), &Ip(&net)), Within::Yes);
        assert_eq!(permitted(&Ip(&[192, 0, 3, 7]), &Ip(&net)), Within::No);
        assert_eq!(permitted(&Ip(&[0; 16]), &Ip(&net)), Within::No);
        assert_eq!(permitted(&Ip(&net), &Ip(&net)), Within::Unknown);
        assert_eq!(permitted(&Ip(&[192, 0, 2, 7]), &Ip(&[192, 0, 2, 7])), Within::Unknown);
        assert_eq!(base_fault(&Ip(&[0, 0, 0, 0, 255, 0, 255, 0])), Some("its mask is no prefix"));
        assert_eq!(base_fault(&Ip(&[0, 0, 0, 0, 255, 240, 0, 0])), None);
    }

    #[test]
    fn kinds_do_not_mix() {
        assert_eq!(permitted(&Dns(b"a.example"), &Email(b"a.example")), Within::OtherKind);
    }
}
