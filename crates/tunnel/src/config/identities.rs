//! Certificates and keys from files, and which of them serves which name.

use super::resolve::MAX_FILE;
use crate::{certificates::Certificates, service::CertificateFacts};
use ravelin_tls::{ConfigError, Identity, ServerConfig, ServerContext};
use std::{
    collections::HashMap,
    fs::File,
    hash::{Hash, Hasher},
    io::Read,
    net::IpAddr,
    path::{Path, PathBuf},
    sync::Arc,
};
use zeroize::Zeroizing;

/// A file's bytes, compared by value.
#[derive(Clone, PartialEq, Eq)]
struct Bytes(Arc<Zeroizing<Vec<u8>>>);

impl Hash for Bytes {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.as_slice().hash(state);
    }
}

/// Reads certificates and keys: every file once, and what is the same is shared.
#[derive(Default)]
pub(super) struct Loader {
    files: HashMap<PathBuf, Bytes>,
    identities: HashMap<(Bytes, Bytes), Arc<Identity>>,
}

/// What is wrong, and with which of the two files.
pub(super) enum LoadError {
    Certificate(String),
    Key(String),
}

impl Loader {
    pub(super) fn load(
        &mut self,
        certificate: &Path,
        key: &Path,
    ) -> Result<Arc<Identity>, LoadError> {
        let certificates = self.bytes(certificate).map_err(|error| {
            LoadError::Certificate(format!("certificate {} {error}", certificate.display()))
        })?;
        let keys = self
            .bytes(key)
            .map_err(|error| LoadError::Key(format!("key {} {error}", key.display())))?;
        let pair = (certificates, keys);
        if let Some(known) = self.identities.get(&pair) {
            return Ok(Arc::clone(known));
        }
        let identity = Identity::from_bytes(&pair.0.0, &pair.1.0).map_err(|error| {
            let (certificate, key) = (certificate.display(), key.display());
            LoadError::Certificate(format!("certificate {certificate} with key {key}: {error}"))
        })?;
        Ok(Arc::clone(self.identities.entry(pair).or_insert(Arc::new(identity))))
    }

    fn bytes(&mut self, path: &Path) -> Result<Bytes, String> {
        if let Some(known) = self.files.get(path) {
            return Ok(known.clone());
        }
        let bytes = Bytes(Arc::new(Zeroizing::new(read_limited(path)?)));
        self.files.insert(path.into(), bytes.clone());
        Ok(bytes)
    }
}

/// A file's bytes, unless there are more than [`MAX_FILE`].
pub(super) fn read_limited(path: &Path) -> Result<Vec<u8>, String> {
    let too_large = || format!("is larger than {} MiB", MAX_FILE >> 20);
    let unreadable = |error: std::io::Error| format!("cannot be read: {error}");
    let file = File::open(path).map_err(unreadable)?;
    let length = file.metadata().map_or(0, |metadata| metadata.len());
    if length > MAX_FILE {
        return Err(too_large());
    }
    // The room is made at once, so that no copies of a key are left behind.
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0) + 1);
    file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(too_large());
    }
    Ok(bytes)
}

/// An identity with the names it is to serve.
pub(super) struct Named {
    pub(super) identity: Arc<Identity>,
    pub(super) file: PathBuf,
    pub(super) names: Vec<String>,
}

impl Named {
    pub(super) fn facts(&self) -> CertificateFacts {
        let facts = self.identity.facts();
        CertificateFacts {
            file: self.file.clone(),
            serial: facts.serial.clone(),
            not_after: facts.not_after,
            names: facts.names.clone(),
        }
    }
}

/// Builds a context for every set of identities that serves a name. `settings` holds everything but the identities.
pub(super) fn certificates(
    named: &[Named],
    default: usize,
    settings: &ServerConfig,
) -> Result<Certificates, ConfigError> {
    let names: Vec<&[String]> = named.iter().map(|named| named.names.as_slice()).collect();
    let plan = Plan::new(&names, default);
    let mut contexts: HashMap<&[usize], ServerContext> = HashMap::new();
    let context = |set: &[usize]| {
        let mut config = settings.clone();
        config.identities = set.iter().map(|&index| Arc::clone(&named[index].identity)).collect();
        ServerContext::new(&config)
    };
    let default = context(&plan.default)?;
    contexts.insert(&plan.default, default.clone());
    let mut certificates = Certificates::new(default);
    for (name, set) in &plan.names {
        let context = match contexts.get(set.as_slice()) {
            Some(known) => known.clone(),
            None => contexts.entry(set).or_insert(context(set)?).clone(),
        };
        certificates.add(name, context);
    }
    Ok(certificates)
}

/// Which identities serve which name. Several serve one when their keys differ in kind: the client's signature
/// algorithms choose among them.
#[derive(Debug, PartialEq, Eq)]
struct Plan {
    default: Vec<usize>,
    names: Vec<(String, Vec<usize>)>,
}

impl Plan {
    fn new(identities: &[&[String]], default: usize) -> Plan {
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut names: Vec<(String, Vec<usize>)> = Vec::new();
        for (index, own) in identities.iter().enumerate() {
            for name in own.iter().filter_map(|name| server_name(name)) {
                let place = *places.entry(name).or_insert_with_key(|name| {
                    names.push((name.clone(), Vec::new()));
                    names.len() - 1
                });
                if names[place].1.last() != Some(&index) {
                    names[place].1.push(index);
                }
            }
        }
        // The others that could stand in for the default under each of its names.
        let mut own = identities
            .get(default)
            .into_iter()
            .flat_map(|own| own.iter().filter_map(|name| server_name(name)))
            .map(|name| &names[places[&name]].1);
        let mut companions: Vec<usize> = own.next().cloned().unwrap_or_default();
        for set in own {
            companions.retain(|index| set.contains(index));
        }
        companions.retain(|&index| index != default);
        Plan { default: [&[default][..], &companions].concat(), names }
    }
}

/// A certificate's name as clients ask for it; none for what they cannot ask for (RFC 6066, section 3: no addresses).
pub(super) fn server_name(name: &str) -> Option<String> {
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    let host = name.strip_prefix("*.").unwrap_or(&name);
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let fits =
        name.len() <= 253 && host.split('.').all(is_label) && name.parse::<IpAddr>().is_err();
    fits.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(identities: &[&[&str]], default: usize) -> (Vec<usize>, Vec<(String, Vec<usize>)>) {
        let identities: Vec<Vec<String>> = identities
            .iter()
            .map(|names| names.iter().map(ToString::to_string).collect())
            .collect();
        let slices: Vec<&[String]> = identities.iter().map(Vec::as_slice).collect();
        let plan = Plan::new(&slices, default);
        (plan.default, plan.names)
    }

    #[test]
    fn the_same_names_share_a_context() {
        let (default, names) = plan(&[&["a.example"], &["b.example"], &["A.example."]], 0);
        assert_eq!(default, [0, 2]);
        assert_eq!(names, [("a.example".into(), vec![0, 2]), ("b.example".into(), vec![1])]);
    }

    #[test]
    fn only_what_covers_every_name_stands_in_for_the_default() {
        let all = ["a.example", "b.example"];
        let (default, names) =
            plan(&[&["a.example"], &all, &["b.example", "a.example", "c.example"]], 1);
        assert_eq!(default, [1, 2]);
        assert_eq!(names[0], ("a.example".into(), vec![0, 1, 2]));
        assert_eq!(names[2], ("c.example".into(), vec![2]));
        assert_eq!(plan(&[&[], &[]], 1).0, [1]);
    }

    #[test]
    fn names_nobody_can_ask_for_are_left_out() {
        let (_, names) = plan(&[&["127.0.0.1", "::1", "", "a b", "*.x.example", "x.example"]], 0);
        let names: Vec<&str> = names.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["*.x.example", "x.example"]);
    }

    #[test]
    fn ten_thousand_identities_are_planned_at_once() {
        let identities: Vec<Vec<String>> = (0..10_000)
            .map(|number| vec![format!("{number}.example"), "all.example".into()])
            .collect();
        let slices: Vec<&[String]> = identities.iter().map(Vec::as_slice).collect();
        let plan = Plan::new(&slices, 7);
        assert_eq!(plan.names.len(), 10_001);
        assert_eq!(plan.default, [7]);
    }

    #[test]
    fn large_files_are_refused_unread() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("large");
        File::create(&path).unwrap().set_len(MAX_FILE + 1).unwrap();
        assert_eq!(read_limited(&path), Err("is larger than 16 MiB".into()));
        File::create(&path).unwrap().set_len(MAX_FILE).unwrap();
        assert_eq!(read_limited(&path).unwrap().len() as u64, MAX_FILE);
    }
}
