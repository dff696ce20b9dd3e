//! The canonical form of any set of nodes of a document in memory (Canonical XML 1.0 and 1.1, section 2.3 and 2.4;
//! Exclusive XML Canonicalization 1.0, section 3).

mod attributes;
mod namespaces;

use super::{
    C14nError, Place, escape,
    method::{Flavour, Method},
    tag,
};
use crate::{
    document::{Document, NodeKind},
    nodeset::{NamespacesOf, NodeSet},
    xml::{NameId, PrefixId, UriId},
    xpath::Budget,
};
use std::io::{self, Write};

/// Octets are handed on in pieces of about this size.
const PIECE: usize = 16 << 10;

/// Writes the canonical form of a set of nodes. The answer is its length.
///
/// An element that is not in the set leaves no tags, but what is in it stays if it is in the set; so do its attributes
/// and namespace nodes, as the recommendations have it.
///
/// # Errors
/// When the set has no canonical form, the budget is at its end, or `into` fails. What was written by then is worth
/// nothing.
pub fn canonicalize_nodes<W: Write>(
    set: &NodeSet<'_>,
    method: &Method,
    budget: &mut Budget,
    into: W,
) -> Result<u64, C14nError> {
    let document = set.of_document();
    let names = document.names();
    let listed = match &method.flavour {
        Flavour::Exclusive { prefixes } => {
            let mut listed: Vec<PrefixId> =
                prefixes.iter().filter_map(|prefix| names.find_prefix(prefix)).collect();
            listed.sort_unstable();
            listed.dedup();
            listed
        }
        Flavour::Inclusive | Flavour::Inclusive11 => Vec::new(),
    };
    let mut subset = Subset {
        set,
        document,
        method,
        budget,
        into,
        buffer: Vec::new(),
        written: 0,
        open: Vec::new(),
        current: vec![UriId::NONE; names.prefixes()],
        live: 0,
        undo: Vec::new(),
        declarations: Vec::new(),
        order: Vec::new(),
        listed,
        orphans_of: 0,
    };
    for index in set.touched() {
        subset.close_before(index)?;
        subset.node(index)?;
    }
    subset.close_before(document.count())?;
    subset.hand_on()?;
    subset.into.flush()?;
    Ok(subset.written)
}

struct Subset<'a, W> {
    set: &'a NodeSet<'a>,
    document: &'a Document,
    method: &'a Method,
    budget: &'a mut Budget,
    into: W,
    buffer: Vec<u8>,
    written: u64,
    open: Vec<Open>,
    /// By prefix. In inclusive canonicalization, and for the prefixes of the list, the namespace nodes of the innermost
    /// open element; in exclusive, what the innermost open element that visibly uses the prefix has.
    current: Vec<UriId>,
    /// How many of these are not none.
    live: usize,
    /// What was current before.
    undo: Vec<(PrefixId, UriId)>,
    declarations: Vec<(PrefixId, UriId)>,
    order: Vec<u32>,
    /// The prefixes of the list of exclusive canonicalization.
    listed: Vec<PrefixId>,
    /// The element out of the set whose attributes were written last.
    orphans_of: u32,
}

/// An element in the set whose end tag is still to be written.
#[derive(Clone, Copy, Debug)]
struct Open {
    name: NameId,
    end: u32,
    scope: u32,
    /// All its namespace nodes are in the set.
    complete: bool,
    /// What was undone before it.
    mark: usize,
}

impl<W: Write> Subset<'_, W> {
    fn node(&mut self, index: u32) -> Result<(), C14nError> {
        let document = self.document;
        let record = document.record(index);
        match record.kind {
            NodeKind::Element => return self.element(index),
            _ if !self.set.has(index) => {}
            NodeKind::Document => {}
            NodeKind::Attribute => {
                let element = record.parent;
                if !self.set.has(element) && self.orphans_of != element {
                    self.orphans_of = element;
                    self.attributes(element)?;
                }
            }
            NodeKind::Text => escape::text(document.text_of(index), &mut self.buffer),
            NodeKind::Comment => {
                if self.method.comments {
                    self.beside(index, |buffer| {
                        buffer.extend_from_slice(b"<!--");
                        escape::verbatim(document.text_of(index), buffer);
                        buffer.extend_from_slice(b"-->");
                    });
                }
            }
            NodeKind::Instruction => self.beside(index, |buffer| {
                buffer.extend_from_slice(b"<?");
                buffer.extend_from_slice(document.target_of(index).as_bytes());
                let data = document.text_of(index);
                if !data.is_empty() {
                    buffer.push(b' ');
                    escape::verbatim(data, buffer);
                }
                buffer.extend_from_slice(b"?>");
            }),
        }
        if self.buffer.len() >= PIECE {
            self.hand_on()?;
        }
        Ok(())
    }

    fn element(&mut self, index: u32) -> Result<(), C14nError> {
        let document = self.document;
        let record = document.record(index);
        let visible = self.set.has(index);
        let namespaces = self.set.namespaces_of(index);
        if !visible && namespaces == NamespacesOf::None {
            return Ok(());
        }
        let mark = self.undo.len();
        self.declarations.clear();
        match self.method.flavour {
            Flavour::Exclusive { .. } => self.exclusive(index, namespaces, visible)?,
            Flavour::Inclusive | Flavour::Inclusive11 => {
                self.check_declared(record.scope)?;
                self.inclusive(index, namespaces, visible)?;
            }
        }
        let names = document.names();
        if visible {
            self.buffer.push(b'<');
            self.buffer.extend_from_slice(names.text(record.name).as_bytes());
        }
        let mut declarations = std::mem::take(&mut self.declarations);
        tag::sort(&mut declarations, |a, b| names.prefix_text(a.0) < names.prefix_text(b.0));
        // The recommendation of exclusive canonicalization does not ask for it.
        let strict = !matches!(self.method.flavour, Flavour::Exclusive { .. });
        for (prefix, uri) in &declarations {
            let uri = names.uri_text(*uri);
            if strict && !uri.is_empty() && !tag::is_absolute(uri) {
                return Err(C14nError::RelativeNamespace(uri.to_owned()));
            }
            tag::declaration(names.prefix_text(*prefix), uri, &mut self.buffer);
        }
        self.declarations = declarations;
        if visible {
            self.attributes(index)?;
            self.buffer.push(b'>');
            let complete = namespaces == NamespacesOf::All;
            self.open.push(Open {
                name: record.name,
                end: record.end,
                scope: record.scope,
                complete,
                mark,
            });
        }
        if self.buffer.len() >= PIECE {
            self.hand_on()?;
        }
        Ok(())
    }

    /// Writes the end tags of the elements that end before a node.
    fn close_before(&mut self, index: u32) -> io::Result<()> {
        while let Some(open) = self.open.pop_if(|open| open.end <= index) {
            tag::end(self.document.names().text(open.name), &mut self.buffer);
            while self.undo.len() > open.mark {
                let Some((prefix, uri)) = self.undo.pop() else { break };
                self.put(prefix, uri);
            }
            if self.buffer.len() >= PIECE {
                self.hand_on()?;
            }
        }
        Ok(())
    }

    /// What stands beside the document element has a line of its own.
    fn beside(&mut self, index: u32, write: impl FnOnce(&mut Vec<u8>)) {
        let root = self.document.root().index();
        let place = match self.document.record(index).parent {
            0 if index < root => Place::Before,
            0 => Place::After,
            _ => Place::Inside,
        };
        if place == Place::After {
            self.buffer.push(b'\n');
        }
        write(&mut self.buffer);
        if place == Place::Before {
            self.buffer.push(b'\n');
        }
    }

    fn hand_on(&mut self) -> io::Result<()> {
        self.into.write_all(&self.buffer)?;
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    fn spend(&mut self, steps: u64) -> Result<(), C14nError> {
        self.budget.spend(steps).map_err(|spent| C14nError::Limit(spent.0))
    }
}
