//! Every name is kept once: names of elements and attributes, prefixes and namespace names become small numbers.

use super::{chars, error::XmlFault, limits::Limits};
use std::{collections::HashMap, hash::BuildHasher};

/// A qualified name as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct NameId(u32);

impl NameId {
    /// The empty name, which no document has.
    pub(crate) const NOTHING: NameId = NameId(0);
}

/// A prefix. Prefixes are counted from 0 on, so that tables can have a place for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct PrefixId(pub(crate) u32);

impl PrefixId {
    /// No prefix: the default namespace.
    pub(crate) const NONE: PrefixId = PrefixId(0);
    pub(crate) const XML: PrefixId = PrefixId(1);

    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// A namespace name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct UriId(pub(crate) u32);

impl UriId {
    /// No namespace.
    pub(crate) const NONE: UriId = UriId(0);
    pub(crate) const XML: UriId = UriId(1);
}

/// What a name declares when it is that of an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Declares {
    /// Nothing: it is an attribute.
    Nothing,
    /// A namespace for this prefix.
    Prefix(PrefixId),
}

/// A name taken apart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parts {
    pub(crate) prefix: PrefixId,
    /// The local part, as the name that is written without prefix.
    pub(crate) local: NameId,
    pub(crate) declares: Declares,
    start: u32,
    end: u32,
    local_start: u32,
    /// Another name whose text has the same hash.
    same_hash: Option<NameId>,
}

/// All names of a document.
#[derive(Debug)]
pub(crate) struct Names {
    text: String,
    parts: Vec<Parts>,
    prefixes: Vec<NameId>,
    uris: Vec<Uri>,
    /// The last name whose text has the hash, which leads to the others.
    by_text: HashMap<u64, NameId, Unhashed>,
    uri_by_text: HashMap<u64, UriId, Unhashed>,
    prefix_by_name: HashMap<NameId, PrefixId>,
    /// The name that was last found for each place of a key: most names are those that were just there.
    recent: Box<[(Key, NameId); RECENT]>,
    recent_uri: Box<[Option<UriId>; RECENT]>,
    hasher: std::hash::RandomState,
    name_count_limit: usize,
    byte_limit: usize,
}

/// Where the text of a namespace name stands.
#[derive(Clone, Copy, Debug)]
struct Uri {
    start: u32,
    end: u32,
    /// Another one with the same hash.
    same_hash: Option<UriId>,
}

const RECENT: usize = 256;
pub(crate) const XML_NAMESPACE: &str = "http://www.w3.org/XML/1998/namespace";
pub(crate) const XMLNS_NAMESPACE: &str = "http://www.w3.org/2000/xmlns/";

type Unhashed = std::hash::BuildHasherDefault<Same>;

/// The keys are hashes already.
#[derive(Debug, Default)]
struct Same(u64);

impl std::hash::Hasher for Same {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {}

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

impl Names {
    pub(crate) fn new(limits: &Limits) -> Names {
        let mut names = Names {
            text: String::new(),
            parts: Vec::new(),
            prefixes: Vec::new(),
            uris: Vec::new(),
            by_text: HashMap::default(),
            uri_by_text: HashMap::default(),
            prefix_by_name: HashMap::new(),
            recent: Box::new([(Key::NOTHING, NameId::NOTHING); RECENT]),
            recent_uri: Box::new([None; RECENT]),
            hasher: std::hash::RandomState::new(),
            name_count_limit: usize::MAX,
            byte_limit: usize::MAX,
        };
        let known = (|| -> Result<(), XmlFault> {
            let nothing = names.push("", 0, PrefixId::NONE, None);
            names.prefixes.push(nothing);
            names.prefix_by_name.insert(nothing, PrefixId::NONE);
            let xml = names.intern("xml")?;
            names.prefix(xml)?;
            for uri in ["", XML_NAMESPACE, XMLNS_NAMESPACE] {
                names.uri(uri)?;
            }
            Ok(())
        })();
        debug_assert!(known.is_ok());
        // The numbers have 32 bits.
        names.name_count_limit = limits.names.min(1 << 30);
        names.byte_limit = limits.name_bytes.min(1 << 31);
        names
    }

    /// The number of a qualified name, which is checked when it is first seen.
    #[inline]
    pub(crate) fn intern(&mut self, text: &str) -> Result<NameId, XmlFault> {
        let key = Key::of(text.as_bytes());
        let place = key.place();
        let (recent, id) = self.recent[place];
        // Short names are in their keys.
        if recent == key && (text.len() <= 16 || self.text(id) == text) {
            return Ok(id);
        }
        let id = self.find_or_add(text)?;
        self.recent[place] = (key, id);
        Ok(id)
    }

    /// The number of a namespace name.
    pub(crate) fn uri(&mut self, text: &str) -> Result<UriId, XmlFault> {
        let place = Key::of(text.as_bytes()).place();
        if let Some(id) = self.recent_uri[place]
            && self.uri_text(id) == text
        {
            return Ok(id);
        }
        let hash = self.hasher.hash_one(text);
        let id = if let Some(id) = self.find_uri_hashed(text, hash) {
            id
        } else {
            self.make_room(text)?;
            let start = index(self.text.len());
            self.text.push_str(text);
            let id = UriId(index(self.uris.len()));
            let same_hash = self.uri_by_text.insert(hash, id);
            self.uris.push(Uri { start, end: index(self.text.len()), same_hash });
            id
        };
        self.recent_uri[place] = Some(id);
        Ok(id)
    }

    #[inline]
    pub(crate) fn parts(&self, id: NameId) -> &Parts {
        &self.parts[id.0 as usize]
    }

    /// The name as it was written.
    #[inline]
    pub(crate) fn text(&self, id: NameId) -> &str {
        let parts = self.parts(id);
        &self.text[parts.start as usize..parts.end as usize]
    }

    pub(crate) fn local_text(&self, id: NameId) -> &str {
        let parts = self.parts(id);
        &self.text[parts.local_start as usize..parts.end as usize]
    }

    /// The name of this text, if the document has had it yet.
    pub(crate) fn find(&self, text: &str) -> Option<NameId> {
        self.find_hashed(text, self.hasher.hash_one(text))
    }

    fn find_hashed(&self, text: &str, hash: u64) -> Option<NameId> {
        let first = self.by_text.get(&hash).copied();
        let mut all = std::iter::successors(first, |id| self.parts(*id).same_hash);
        all.find(|id| self.text(*id) == text)
    }

    pub(crate) fn prefix_text(&self, prefix: PrefixId) -> &str {
        self.text(self.prefixes[prefix.index()])
    }

    pub(crate) fn uri_text(&self, id: UriId) -> &str {
        let uri = self.uris[id.0 as usize];
        &self.text[uri.start as usize..uri.end as usize]
    }

    /// The namespace name of this text, if the document has had it yet.
    pub(crate) fn find_uri(&self, text: &str) -> Option<UriId> {
        self.find_uri_hashed(text, self.hasher.hash_one(text))
    }

    fn find_uri_hashed(&self, text: &str, hash: u64) -> Option<UriId> {
        let first = self.uri_by_text.get(&hash).copied();
        let mut all = std::iter::successors(first, |id| self.uris[id.0 as usize].same_hash);
        all.find(|id| self.uri_text(*id) == text)
    }

    /// The number of prefixes, which are all below it.
    pub(crate) fn prefixes(&self) -> usize {
        self.prefixes.len()
    }

    /// The prefix of this text, if the document has had it yet.
    pub(crate) fn find_prefix(&self, text: &str) -> Option<PrefixId> {
        if text.is_empty() {
            return Some(PrefixId::NONE);
        }
        self.prefix_by_name.get(&self.find(text)?).copied()
    }

    fn find_or_add(&mut self, text: &str) -> Result<NameId, XmlFault> {
        let hash = self.hasher.hash_one(text);
        if let Some(id) = self.find_hashed(text, hash) {
            return Ok(id);
        }
        let (prefix, local) = match text.split_once(':') {
            Some((prefix, local)) => (Some(prefix), local),
            None => (None, text),
        };
        if !chars::is_ncname(local) || prefix.is_some_and(|prefix| !chars::is_ncname(prefix)) {
            return Err(XmlFault::Name(text.chars().take(100).collect()));
        }
        self.make_room(text)?;
        let prefix_id = match prefix {
            Some(prefix) => {
                let name = self.intern(prefix)?;
                self.prefix(name)?
            }
            None => PrefixId::NONE,
        };
        let local_id = if prefix.is_some() { Some(self.intern(local)?) } else { None };
        let id = self.push(text, text.len() - local.len(), prefix_id, local_id);
        let declares = match (prefix, local) {
            (None, "xmlns") => Declares::Prefix(PrefixId::NONE),
            (Some("xmlns"), _) => Declares::Prefix(self.prefix(local_id.unwrap_or(id))?),
            _ => Declares::Nothing,
        };
        let same_hash = self.by_text.insert(hash, id);
        let parts = &mut self.parts[id.0 as usize];
        (parts.declares, parts.same_hash) = (declares, same_hash);
        Ok(id)
    }

    fn push(
        &mut self,
        text: &str,
        local: usize,
        prefix: PrefixId,
        local_id: Option<NameId>,
    ) -> NameId {
        let id = NameId(index(self.parts.len()));
        let start = self.text.len();
        self.text.push_str(text);
        self.parts.push(Parts {
            prefix,
            local: local_id.unwrap_or(id),
            declares: Declares::Nothing,
            start: index(start),
            end: index(self.text.len()),
            local_start: index(start + local),
            same_hash: None,
        });
        id
    }

    fn prefix(&mut self, name: NameId) -> Result<PrefixId, XmlFault> {
        if let Some(prefix) = self.prefix_by_name.get(&name) {
            return Ok(*prefix);
        }
        if self.prefixes.len() >= self.name_count_limit {
            return Err(XmlFault::Limit("names"));
        }
        let prefix = PrefixId(index(self.prefixes.len()));
        self.prefixes.push(name);
        self.prefix_by_name.insert(name, prefix);
        Ok(prefix)
    }

    fn make_room(&self, text: &str) -> Result<(), XmlFault> {
        if self.parts.len() + self.uris.len() >= self.name_count_limit {
            return Err(XmlFault::Limit("names"));
        }
        if self.text.len().saturating_add(text.len()) > self.byte_limit {
            return Err(XmlFault::Limit("name_bytes"));
        }
        Ok(())
    }
}

/// Names are counted and measured by limits far below this.
fn index(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// The first and last bytes of a name, and its length: for names of up to 16 bytes that is all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Key {
    first: u64,
    last: u64,
    length: usize,
}

impl Key {
    /// That of no text.
    const NOTHING: Key = Key { first: 0, last: 0, length: usize::MAX };

    #[inline]
    fn of(bytes: &[u8]) -> Key {
        let length = bytes.len();
        let (first, last) = match (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
            (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
            _ => match (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
                (Some(first), Some(last)) => {
                    (u64::from(u32::from_le_bytes(*first)), u64::from(u32::from_le_bytes(*last)))
                }
                _ => (bytes.iter().fold(0, |all, byte| (all << 8) | u64::from(*byte)), 0),
            },
        };
        Key { first, last, length }
    }

    /// Good enough to tell the names of one kind of document apart; who chooses names to collide gains nothing but
    /// the way through the hash table.
    #[inline]
    fn place(self) -> usize {
        let mixed = (self.first ^ self.last.rotate_left(29) ^ self.length as u64)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed >> 56) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kept_once_and_taken_apart() {
        let mut names = Names::new(&Limits::default());
        let a = names.intern("p:a").unwrap();
        assert_eq!(names.intern("p:a").unwrap(), a);
        let plain = names.intern("a").unwrap();
        assert_eq!(names.parts(a).local, plain);
        assert_eq!((names.text(a), names.local_text(a)), ("p:a", "a"));
        assert_eq!(names.prefix_text(names.parts(a).prefix), "p");
        assert_eq!(names.parts(plain).prefix, PrefixId::NONE);
        assert_eq!(names.prefix_text(PrefixId::XML), "xml");
        assert_eq!(names.uri_text(UriId::XML), XML_NAMESPACE);
        let declaration = names.intern("xmlns:p").unwrap();
        assert_eq!(names.parts(declaration).declares, Declares::Prefix(names.parts(a).prefix));
        let default = names.intern("xmlns").unwrap();
        assert_eq!(names.parts(default).declares, Declares::Prefix(PrefixId::NONE));
    }

    #[test]
    fn what_is_no_name_is_refused() {
        let mut names = Names::new(&Limits::default());
        for text in ["", ":a", "a:", "a:b:c", "a:1", "1a"] {
            assert!(matches!(names.intern(text), Err(XmlFault::Name(_))), "{text}");
        }
    }

    #[test]
    fn their_number_is_limited() {
        let mut names = Names::new(&Limits { names: 100, name_bytes: 10_000, ..Limits::default() });
        let fault = (0..).find_map(|i| names.intern(&format!("n{i}")).err()).unwrap();
        assert!(matches!(fault, XmlFault::Limit("names")));
        let mut names = Names::new(&Limits { name_bytes: 1000, ..Limits::default() });
        assert!(matches!(names.intern(&"x".repeat(1000)), Err(XmlFault::Limit("name_bytes"))));
    }
}
