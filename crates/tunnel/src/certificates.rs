//! Which certificate a client gets: by the name it asked for.

use ravelin_tls::ServerContext;
use std::collections::HashMap;

/// Contexts by server name: exact, then wildcard, then the default (RFC 6066, section 3).
#[derive(Clone)]
pub struct Certificates {
    exact: HashMap<Box<str>, ServerContext>,
    /// By the name without its first label.
    wildcard: HashMap<Box<str>, ServerContext>,
    default: ServerContext,
}

impl Certificates {
    /// A choice that always falls on `default` until names are added.
    pub fn new(default: ServerContext) -> Certificates {
        Certificates { exact: HashMap::new(), wildcard: HashMap::new(), default }
    }

    /// Serves `name` (`host.example` or `*.example`) with `context`. The first context for a name stays.
    pub fn add(&mut self, name: &str, context: ServerContext) {
        let name = name.to_ascii_lowercase();
        match name.strip_prefix("*.") {
            Some(parent) => self.wildcard.entry(parent.into()).or_insert(context),
            None => self.exact.entry(name.into()).or_insert(context),
        };
    }

    /// The context for the name a client asked for (in lower case, without a final dot).
    pub fn choose(&self, name: Option<&str>) -> &ServerContext {
        let Some(name) = name else { return &self.default };
        self.exact
            .get(name)
            .or_else(|| self.wildcard.get(name.split_once('.')?.1))
            .unwrap_or(&self.default)
    }
}

impl std::fmt::Debug for Certificates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Certificates")
            .field("exact", &self.exact.len())
            .field("wildcard", &self.wildcard.len())
            .finish_non_exhaustive()
    }
}
