//! Which namespaces are in force in an element. Elements that declare none share the scope of their parent.

use super::Document;
use crate::xml::{PrefixId, UriId};

/// What an element declares, and where to look on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ScopeRecord {
    pub(super) outer: u32,
    pub(super) first: u32,
    pub(super) last: u32,
    /// Declarations here and in all scopes around.
    pub(super) total: u32,
}

/// The scope outside the document element.
pub(super) const OUTERMOST: ScopeRecord = ScopeRecord { outer: 0, first: 0, last: 0, total: 0 };

impl Document {
    /// What the elements of this very scope declare.
    pub(crate) fn declared(&self, scope: u32) -> &[(PrefixId, UriId)] {
        let record = &self.scopes[scope as usize];
        &self.declarations[record.first as usize..record.last as usize]
    }

    /// The scope around.
    pub(crate) fn outer_scope(&self, scope: u32) -> u32 {
        self.scopes[scope as usize].outer
    }

    /// How many declarations there are in a scope and those around it: what it costs to look through them.
    pub(crate) fn scope_cost(&self, scope: u32) -> u32 {
        self.scopes[scope as usize].total
    }

    /// What a prefix stands for.
    pub(crate) fn resolve(&self, mut scope: u32, prefix: PrefixId) -> UriId {
        if prefix == PrefixId::XML {
            return UriId::XML;
        }
        while scope != 0 {
            if let Some((_, uri)) =
                self.declared(scope).iter().find(|(declared, _)| *declared == prefix)
            {
                return *uri;
            }
            scope = self.outer_scope(scope);
        }
        UriId::NONE
    }

    /// Every prefix that has a namespace, the default one among them, `xml` not. By prefix.
    pub(crate) fn in_force(&self, mut scope: u32) -> Vec<(PrefixId, UriId)> {
        let mut all: Vec<(PrefixId, UriId)> = Vec::new();
        while scope != 0 {
            all.extend_from_slice(self.declared(scope));
            scope = self.outer_scope(scope);
        }
        // The nearest of each comes first, and stays.
        all.sort_by_key(|(prefix, _)| *prefix);
        all.dedup_by_key(|(prefix, _)| *prefix);
        all.retain(|(prefix, uri)| *uri != UriId::NONE && *prefix != PrefixId::XML);
        all
    }
}
