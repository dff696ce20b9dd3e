//! The attributes of an element, and those of the `xml` namespace that it takes over from elements that are not in the
//! set.

use super::Subset;
use crate::{
    c14n::{C14nError, inherited, method::Flavour, tag},
    document::Document,
    xml::{UriId, XML_NAMESPACE},
};
use std::{borrow::Cow, collections::BTreeMap, io::Write};

impl<'a, W: Write> Subset<'a, W> {
    /// Whether it is an element of the set whose parent is not. In Canonical XML 1.1 such an element has the attributes
    /// that are inherited also where they are its own and not in the set themselves: so do all implementations that
    /// the W3C's working group exchanged signatures between, though its text may be read otherwise.
    fn heads_a_part(&self, element: u32) -> bool {
        let parent = self.document.record(element).parent;
        self.method.flavour == Flavour::Inclusive11
            && self.set.has(element)
            && !self.set.has(parent)
    }

    /// Writes the attributes that an element gets, whether it is in the set or not.
    pub(super) fn attributes(&mut self, element: u32) -> Result<(), C14nError> {
        let document = self.document;
        let names = document.names();
        let taken_over = self.taken_over(element)?;
        let mut order = std::mem::take(&mut self.order);
        order.clear();
        let heads = self.heads_a_part(element);
        order.extend((element + 1..document.after_attributes(element)).filter(|index| {
            let record = document.record(*index);
            let inherits =
                heads && record.uri == UriId::XML && names.local_text(record.name) != "id";
            inherits || self.set.has(*index)
        }));
        if taken_over.is_empty() {
            tag::sort(&mut order, |a, b| {
                let (a, b) = (document.record(*a), document.record(*b));
                if a.uri == b.uri {
                    names.local_text(a.name) < names.local_text(b.name)
                } else {
                    names.uri_text(a.uri) < names.uri_text(b.uri)
                }
            });
            for index in &order {
                let record = document.record(*index);
                tag::attribute(names.text(record.name), document.text_of(*index), &mut self.buffer);
            }
        } else {
            let own = order.iter().map(|index| {
                let record = document.record(*index);
                let local = names.local_text(record.name);
                (
                    names.uri_text(record.uri),
                    local,
                    names.text(record.name).to_owned(),
                    document.text_of(*index),
                )
            });
            let own = own.filter(|(uri, local, ..)| {
                *uri != XML_NAMESPACE || !taken_over.contains_key(*local)
            });
            let others = taken_over.iter().filter_map(|(local, value)| {
                let value = value.as_deref()?;
                Some((XML_NAMESPACE, *local, format!("xml:{local}"), value))
            });
            let mut all: Vec<_> = own.chain(others).collect();
            all.sort_by_key(|(uri, local, ..)| (*uri, *local));
            for (.., name, value) in all {
                tag::attribute(&name, value, &mut self.buffer);
            }
        }
        self.order = order;
        Ok(())
    }

    /// What becomes of attributes of the `xml` namespace in an element whose parent is not in the set, by local part
    /// (Canonical XML 1.0, section 2.4; 1.1, section 2.4). The value none means that there is none. Attributes that stay
    /// what they are, are left out.
    fn taken_over(
        &mut self,
        element: u32,
    ) -> Result<BTreeMap<&'a str, Option<Cow<'a, str>>>, C14nError> {
        let (document, set) = (self.document, self.set);
        let parent = document.record(element).parent;
        let mut taken = BTreeMap::new();
        let is_exclusive = matches!(self.method.flavour, Flavour::Exclusive { .. });
        if is_exclusive || set.has(parent) || !set.has(element) {
            return Ok(taken);
        }
        let version_11 = self.method.flavour == Flavour::Inclusive11;
        // From the inside out.
        let mut bases = Vec::new();
        let mut is_omitted = true;
        let mut around = parent;
        while around != 0 {
            is_omitted &= !set.has(around);
            self.spend(1 + u64::from(document.after_attributes(around) - around))?;
            for (local, value) in xml_attributes(document, around) {
                match local {
                    "base" if version_11 => bases.extend(is_omitted.then_some(value)),
                    "lang" | "space" => {
                        taken.entry(local).or_insert(Some(Cow::Borrowed(value)));
                    }
                    _ if !version_11 => {
                        taken.entry(local).or_insert(Some(Cow::Borrowed(value)));
                    }
                    _ => {}
                }
            }
            around = document.record(around).parent;
        }
        let mut own_base = None;
        for (local, value) in xml_attributes(document, element) {
            taken.remove(local);
            match local {
                "base" if version_11 => own_base = Some(value),
                // Its own are examined as those around it are: whether or not they are in the set. So do all who took
                // part in the interoperability tests of 1.1.
                "lang" | "space" if version_11 => {
                    taken.insert(local, Some(Cow::Borrowed(value)));
                }
                _ => {}
            }
        }
        if let (Some(base), true) = (own_base, bases.is_empty()) {
            taken.insert("base", Some(Cow::Borrowed(base)));
        }
        if !bases.is_empty() {
            let mut values = own_base.into_iter().chain(bases);
            let first = Cow::Borrowed(values.next().unwrap_or_default());
            let mut joined = first;
            for outer in values {
                self.spend((outer.len() + joined.len()) as u64)?;
                joined = Cow::Owned(inherited::join(outer, &joined));
            }
            taken.insert("base", (!joined.is_empty()).then_some(joined));
        }
        Ok(taken)
    }
}

/// The attributes of the `xml` namespace: local part, and value.
fn xml_attributes(document: &Document, element: u32) -> impl Iterator<Item = (&str, &str)> {
    let attributes = element + 1..document.after_attributes(element);
    attributes.filter(|index| document.record(*index).uri == UriId::XML).map(|index| {
        let local = document.names().local_text(document.record(index).name);
        (local, document.text_of(index))
    })
}
