//! Which namespace declarations an element gets.

use super::Subset;
use crate::{
    c14n::{C14nError, tag},
    nodeset::NamespacesOf,
    xml::{PrefixId, UriId},
};
use std::io::Write;

impl<W: Write> Subset<'_, W> {
    /// The namespace nodes that differ from those of the nearest element around it that is in the set (Canonical XML
    /// 1.0, section 2.3).
    pub(super) fn inclusive(
        &mut self,
        index: u32,
        namespaces: NamespacesOf<'_>,
        visible: bool,
    ) -> Result<(), C14nError> {
        let scope = self.document.record(index).scope;
        let (around, complete) =
            self.open.last().map_or((0, true), |open| (open.scope, open.complete));
        if complete && namespaces == NamespacesOf::All {
            // Only what was declared in between can differ.
            for (prefix, uri) in self.declared_between(scope, around)? {
                self.declare(prefix, uri, visible);
            }
            return Ok(());
        }
        let mut nodes = Vec::new();
        if namespaces != NamespacesOf::None {
            self.spend(1 + u64::from(self.document.scope_cost(scope)))?;
            nodes = self.document.in_force(scope);
            nodes.retain(|(prefix, _)| namespaces.has(*prefix));
        }
        if self.live > 0 && visible {
            self.spend(self.current.len() as u64)?;
            for prefix in (0..self.current.len()).map(prefix_of) {
                let is_gone = self.current[prefix.index()] != UriId::NONE
                    && nodes.binary_search_by_key(&prefix, |(prefix, _)| *prefix).is_err();
                if is_gone {
                    self.declare(prefix, UriId::NONE, visible);
                }
            }
        }
        for (prefix, uri) in nodes {
            self.declare(prefix, uri, visible);
        }
        Ok(())
    }

    /// The namespace nodes that are visibly used, unless they are declared already (Exclusive Canonicalization, section
    /// 3); those of the list as in inclusive canonicalization.
    pub(super) fn exclusive(
        &mut self,
        index: u32,
        namespaces: NamespacesOf<'_>,
        visible: bool,
    ) -> Result<(), C14nError> {
        let document = self.document;
        let record = document.record(index);
        let is_listed =
            |subset: &Self, prefix: PrefixId| subset.listed.binary_search(&prefix).is_ok();
        let (around, complete) =
            self.open.last().map_or((0, true), |open| (open.scope, open.complete));
        let is_same = complete && namespaces == NamespacesOf::All && around == record.scope;
        if !is_same && !self.listed.is_empty() {
            self.spend(
                self.listed.len() as u64 * (1 + u64::from(document.scope_cost(record.scope))),
            )?;
            for i in 0..self.listed.len() {
                let prefix = self.listed[i];
                let uri = if namespaces.has(prefix) {
                    document.resolve(record.scope, prefix)
                } else {
                    UriId::NONE
                };
                self.declare(prefix, uri, visible);
            }
        }
        if !visible {
            return Ok(());
        }
        let used = |subset: &mut Self, prefix: PrefixId, uri: UriId| {
            if !is_listed(subset, prefix) {
                subset.declare(
                    prefix,
                    if namespaces.has(prefix) { uri } else { UriId::NONE },
                    true,
                );
            }
        };
        used(self, document.names().parts(record.name).prefix, record.uri);
        for attribute in index + 1..document.after_attributes(index) {
            let record = document.record(attribute);
            if record.uri != UriId::NONE && self.set.has(attribute) {
                used(self, document.names().parts(record.name).prefix, record.uri);
            }
        }
        Ok(())
    }

    /// A namespace name that is no absolute URI anywhere near means that there is no canonical form.
    pub(super) fn check_declared(&mut self, scope: u32) -> Result<(), C14nError> {
        if self.open.last().is_some_and(|open| open.scope == scope) {
            return Ok(());
        }
        let names = self.document.names();
        self.spend(self.document.declared(scope).len() as u64)?;
        for (_, uri) in self.document.declared(scope) {
            let uri = names.uri_text(*uri);
            if !uri.is_empty() && !tag::is_absolute(uri) {
                return Err(C14nError::RelativeNamespace(uri.to_owned()));
            }
        }
        Ok(())
    }

    /// Puts what was current before back.
    pub(super) fn put(&mut self, prefix: PrefixId, uri: UriId) {
        let place = &mut self.current[prefix.index()];
        self.live -= usize::from(*place != UriId::NONE);
        self.live += usize::from(uri != UriId::NONE);
        *place = uri;
    }

    /// What a scope has of declarations that one around it has not, the innermost of each prefix.
    fn declared_between(
        &mut self,
        mut scope: u32,
        around: u32,
    ) -> Result<Vec<(PrefixId, UriId)>, C14nError> {
        let mut all: Vec<(PrefixId, UriId)> = Vec::new();
        while scope != around && scope != 0 {
            let declared = self.document.declared(scope);
            self.spend(1 + declared.len() as u64)?;
            all.extend_from_slice(declared);
            scope = self.document.outer_scope(scope);
        }
        all.sort_by_key(|(prefix, _)| *prefix);
        all.dedup_by_key(|(prefix, _)| *prefix);
        Ok(all)
    }

    /// Declares a namespace unless it is what it was. The innermost open element has it, if the element is in the set.
    fn declare(&mut self, prefix: PrefixId, uri: UriId, visible: bool) {
        if prefix == PrefixId::XML {
            return;
        }
        let before = self.current[prefix.index()];
        if before == uri {
            return;
        }
        // Only the default namespace can be taken away.
        if uri != UriId::NONE || visible && prefix == PrefixId::NONE {
            self.declarations.push((prefix, uri));
        }
        if visible {
            self.undo.push((prefix, before));
            self.put(prefix, uri);
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "prefixes are numbered with 32 bits")]
fn prefix_of(index: usize) -> PrefixId {
    PrefixId(index as u32)
}
