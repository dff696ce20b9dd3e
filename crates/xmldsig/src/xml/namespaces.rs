//! Which namespace a prefix stands for, here and now (Namespaces in XML 1.0).

use super::names::{PrefixId, UriId};

/// The declarations in force. What an element declares is taken back at its end.
#[derive(Clone, Debug)]
pub(crate) struct Scope {
    /// By prefix. No namespace: not declared.
    current: Vec<UriId>,
    /// What prefixes stood for before they were declared anew.
    changes: Vec<Change>,
}

/// A declaration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) prefix: PrefixId,
    pub(crate) before: UriId,
    pub(crate) after: UriId,
}

impl Scope {
    pub(crate) fn new() -> Scope {
        Scope { current: vec![UriId::NONE, UriId::XML], changes: Vec::new() }
    }

    #[inline]
    pub(crate) fn uri(&self, prefix: PrefixId) -> UriId {
        self.current.get(prefix.index()).copied().unwrap_or(UriId::NONE)
    }

    pub(crate) fn declare(&mut self, prefix: PrefixId, uri: UriId) {
        if self.current.len() <= prefix.index() {
            self.current.resize(prefix.index() + 1, UriId::NONE);
        }
        let before = std::mem::replace(&mut self.current[prefix.index()], uri);
        self.changes.push(Change { prefix, before, after: uri });
    }

    /// A place to come back to.
    #[inline]
    pub(crate) fn mark(&self) -> usize {
        self.changes.len()
    }

    /// The declarations since a mark.
    pub(crate) fn since(&self, mark: usize) -> &[Change] {
        &self.changes[mark..]
    }

    /// Declarations that it remembers.
    pub(crate) fn size(&self) -> usize {
        self.current.len() + self.changes.len()
    }

    /// Takes back the declarations since a mark.
    #[inline]
    pub(crate) fn back_to(&mut self, mark: usize) {
        while self.changes.len() > mark {
            let Some(change) = self.changes.pop() else { return };
            self.current[change.prefix.index()] = change.before;
        }
    }

    /// Every prefix that has a namespace, the default one among them, `xml` not.
    pub(crate) fn in_force(&self) -> impl Iterator<Item = (PrefixId, UriId)> + '_ {
        let prefixes = (0..).map(PrefixId);
        prefixes
            .zip(self.current.iter().copied())
            .filter(|(prefix, uri)| *uri != UriId::NONE && *prefix != PrefixId::XML)
    }
}
