//! Where certificates, CRLs and OCSP responses come from, and whose anchors count.

use std::path::{Path, PathBuf};

/// Where certificates, CRLs or OCSP responses come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A file.
    File(PathBuf),
    /// Text in PEM, and what it is called in messages.
    Text { name: String, pem: String },
}

impl Source {
    /// As it is called in messages.
    pub fn name(&self) -> &Path {
        match self {
            Source::File(path) => path,
            Source::Text { name, .. } => Path::new(name),
        }
    }
}

/// Whose public list of anchors is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// The platform's.
    System,
    /// Mozilla's, as this program carries it.
    Bundled,
}

/// The stores that count: the platform's where nothing else was said.
pub fn stores(system: bool, bundled: bool, has_anchors: bool) -> Vec<Store> {
    let mut stores = Vec::new();
    if system || !bundled && !has_anchors {
        stores.push(Store::System);
    }
    if bundled {
        stores.push(Store::Bundled);
    }
    stores
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_platform_is_trusted_where_nobody_else_is() {
        assert_eq!(stores(false, false, false), [Store::System]);
        assert_eq!(stores(false, false, true), []);
        assert_eq!(stores(true, false, true), [Store::System]);
        assert_eq!(stores(false, true, true), [Store::Bundled]);
        assert_eq!(stores(false, true, false), [Store::Bundled]);
    }
}
