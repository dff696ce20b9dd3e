//! Attributes of the `xml` namespace that the first element of a subtree takes over from those around it (Canonical XML
//! 1.0, section 2.4; 1.1, section 2.4).

use super::{C14nError, method::Flavour};
use crate::xml::{NameId, PrefixId, Start};
use std::collections::BTreeMap;

/// Octets that may be copied to join the `xml:base` attributes of elements in each other.
const MAX_JOINED: u64 = 16 << 20;

/// The `xml:…` attributes of the elements that are open.
#[derive(Clone, Debug, Default)]
pub(crate) struct Inherited {
    /// Depth of the element, from 1; local name; value.
    open: Vec<(usize, NameId, String)>,
    /// Of all their values.
    octets: u64,
}

impl Inherited {
    /// An element was opened.
    #[inline]
    pub(crate) fn open(&mut self, start: &Start<'_>) {
        for attribute in start.raw_attributes() {
            if attribute.prefix == PrefixId::XML {
                let value = start.value(attribute).to_owned();
                self.octets += value.len() as u64;
                self.open.push((start.depth(), attribute.local, value));
            }
        }
    }

    /// An element was closed, and so many are open still.
    #[inline]
    pub(crate) fn close(&mut self, depth: usize) {
        while let Some((_, _, value)) = self.open.pop_if(|(opened, ..)| *opened > depth) {
            self.octets -= value.len() as u64;
        }
    }

    /// What a copy costs: attributes, and their octets.
    pub(crate) fn size(&self) -> u64 {
        self.open.len() as u64 + self.octets
    }

    /// What [`at`](Inherited::at) may cost at most, in octets that are looked at or copied.
    pub(crate) fn cost(&self) -> u64 {
        let count = self.open.len() as u64;
        count + self.octets.saturating_mul(count)
    }

    /// What `start`, the first element of a subtree, gets besides its own attributes, and the value its own `xml:base`
    /// changes to. By local name. The elements around it are open here, it is not.
    pub(crate) fn at(
        &self,
        start: &Start<'_>,
        flavour: &Flavour,
    ) -> Result<BTreeMap<String, String>, C14nError> {
        let names = start.names();
        let mut result = BTreeMap::new();
        if self.open.is_empty() || matches!(flavour, Flavour::Exclusive { .. }) {
            return Ok(result);
        }
        let version_11 = *flavour == Flavour::Inclusive11;
        // From the inside out: a nearer one replaces one further out.
        for (_, local, value) in self.open.iter().rev() {
            let local = names.text(*local);
            let is_inherited = !version_11 || matches!(local, "lang" | "space");
            if is_inherited && !result.contains_key(local) {
                result.insert(local.to_owned(), value.clone());
            }
        }
        let own = |local: &str| start.attribute(crate::xml::XML_NAMESPACE, local);
        result.retain(|local, _| own(local).is_none());
        if version_11 {
            let bases = self
                .open
                .iter()
                .filter(|(_, local, _)| names.text(*local) == "base")
                .map(|(.., value)| value.as_str());
            let bases: Vec<&str> = bases.chain(own("base")).collect();
            if bases.len() > usize::from(own("base").is_some()) {
                // From the inside out.
                let mut inner = bases.iter().rev();
                let mut joined = inner.next().map_or(String::new(), |base| (*base).to_owned());
                let mut left = MAX_JOINED;
                for base in inner {
                    let copied = (base.len() + joined.len()) as u64;
                    left = left.checked_sub(copied).ok_or(C14nError::Limit("xml:base"))?;
                    joined = join(base, &joined);
                }
                if !joined.is_empty() {
                    result.insert("base".to_owned(), joined);
                }
            }
        }
        Ok(result)
    }
}

/// Joins two URI references as the value of `xml:base` (Canonical XML 1.1, section 2.4: RFC 3986, section 5.2, for bases
/// that may be relative themselves).
pub(crate) fn join(base: &str, reference: &str) -> String {
    let base = Parts::of(base);
    let reference = Parts::of(reference);
    let (scheme, authority, path, query);
    if reference.scheme.is_some() {
        scheme = reference.scheme;
        authority = reference.authority;
        path = remove_dots(reference.path);
        query = reference.query;
    } else {
        scheme = base.scheme;
        if reference.authority.is_some() {
            authority = reference.authority;
            path = remove_dots(reference.path);
            query = reference.query;
        } else {
            authority = base.authority;
            if reference.path.is_empty() {
                path = remove_dots(base.path);
                query = reference.query.or(base.query);
            } else {
                path = if reference.path.starts_with('/') {
                    remove_dots(reference.path)
                } else if base.authority.is_some() && base.path.is_empty() {
                    remove_dots(&format!("/{}", reference.path))
                } else {
                    // A base that ends with `..` is a folder.
                    let folder = if base.path.ends_with("..") {
                        format!("{}/", base.path)
                    } else {
                        base.path.to_owned()
                    };
                    let end = folder.rfind('/').map_or(0, |slash| slash + 1);
                    remove_dots(&format!("{}{}", &folder[..end], reference.path))
                };
                query = reference.query;
            }
        }
    }
    let mut joined = String::new();
    if let Some(scheme) = scheme {
        joined.push_str(scheme);
        joined.push(':');
    }
    if let Some(authority) = authority {
        joined.push_str("//");
        joined.push_str(authority);
    }
    joined.push_str(&path);
    if let Some(query) = query {
        joined.push('?');
        joined.push_str(query);
    }
    joined
}

/// RFC 3986, section 5.2.4, for paths that may be relative: what goes above the start stays.
fn remove_dots(path: &str) -> String {
    let absolute = path.starts_with('/');
    let segments: Vec<&str> = path.split('/').skip(usize::from(absolute)).collect();
    let mut kept: Vec<&str> = Vec::new();
    let last = segments.len().saturating_sub(1);
    for (i, segment) in segments.iter().enumerate() {
        match *segment {
            "." => {}
            ".." => match kept.last() {
                Some(&"..") | None if !absolute => kept.push(".."),
                _ => {
                    kept.pop();
                }
            },
            // Adjacent slashes are one, but the last says that this is a folder.
            "" if i < last => {}
            segment => kept.push(segment),
        }
        if i == last && matches!(*segment, "." | "..") {
            kept.push("");
        }
    }
    let joined = kept.join("/");
    if absolute { format!("/{joined}") } else { joined }
}

/// RFC 3986, appendix B; the fragment is dropped.
struct Parts<'a> {
    scheme: Option<&'a str>,
    authority: Option<&'a str>,
    path: &'a str,
    query: Option<&'a str>,
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Parts<'a> {
        let text = text.split_once('#').map_or(text, |(before, _)| before);
        let (scheme, rest) = match text.split_once(':') {
            Some((scheme, rest)) if !scheme.is_empty() && !scheme.contains(['/', '?']) => {
                (Some(scheme), rest)
            }
            _ => (None, text),
        };
        let (rest, query) = match rest.split_once('?') {
            Some((rest, query)) => (rest, Some(query)),
            None => (rest, None),
        };
        let (authority, path) = match rest.strip_prefix("//") {
            Some(rest) => {
                let end = rest.find('/').unwrap_or(rest.len());
                (Some(&rest[..end]), &rest[end..])
            }
            None => (None, rest),
        };
        Parts { scheme, authority, path, query }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bases_are_joined() {
        for (base, reference, joined) in [
            ("http://a/b/c", "d", "http://a/b/d"),
            ("http://a/b/", "../d", "http://a/d"),
            ("http://a", "d", "http://a/d"),
            ("http://a/b?q", "", "http://a/b?q"),
            ("http://a/b", "?x", "http://a/b?x"),
            ("http://a/b", "//c/d", "http://c/d"),
            ("http://a/b", "urn:x", "urn:x"),
            ("http://a/b/", "../../../d", "http://a/d"),
            // Examples of Canonical XML 1.1, section 2.4 and the appendix.
            ("foo/bar", "..", ""),
            ("foo/bar/", "..", "foo/"),
            ("..", "..", "../../"),
            ("..", "a", "../a"),
            ("a/", "../..", "../"),
            ("", "a", "a"),
        ] {
            assert_eq!(join(base, reference), joined, "{base} + {reference}");
        }
    }
}
