use super::{
    C14nError, escape,
    inherited::Inherited,
    method::{Flavour, Method},
    tag,
};
use crate::xml::{End, Instruction, PrefixId, Start, UriId, XML_NAMESPACE};
use std::{
    collections::{BTreeMap, HashMap},
    io::{self, Write},
};

/// Where a comment or a processing instruction stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Before the document element.
    Before,
    /// In an element.
    Inside,
    /// After the document element.
    After,
}

/// Writes the canonical form of a document or of one element with all that is in it, piece by piece. It is told of every
/// piece that belongs to it, and of no other; parts may be left out.
#[derive(Debug)]
pub(crate) struct Stream<W> {
    method: Method,
    into: W,
    buffer: Vec<u8>,
    /// Octets are handed on in pieces of about this size.
    piece: usize,
    written: u64,
    /// In exclusive canonicalization only: in inclusive all that is in force was written.
    rendered: Rendered,
    /// What was written before, for when the element ends.
    before: Vec<(PrefixId, UriId)>,
    marks: Vec<usize>,
    declarations: Vec<(PrefixId, UriId)>,
    order: Vec<usize>,
}

/// What was last written for each prefix in an element that is open.
#[derive(Debug, Default)]
struct Rendered {
    /// By prefix, for the first prefixes of the document. There may be thousands of streams and of prefixes.
    first: Vec<UriId>,
    others: HashMap<PrefixId, UriId>,
}

impl Rendered {
    /// Prefixes that have a place of their own.
    const FIRST: usize = 64;

    /// What was written before.
    #[inline]
    fn replace(&mut self, prefix: PrefixId, uri: UriId) -> UriId {
        if prefix.index() >= Self::FIRST {
            return self.others.insert(prefix, uri).unwrap_or(UriId::NONE);
        }
        if self.first.len() <= prefix.index() {
            self.first.resize(prefix.index() + 1, UriId::NONE);
        }
        std::mem::replace(&mut self.first[prefix.index()], uri)
    }
}

impl<W: Write> Stream<W> {
    /// Octets that are handed on at a time, unless it is said.
    pub(crate) const PIECE: usize = 16 << 10;

    pub(crate) fn new(method: Method, into: W) -> Stream<W> {
        Stream::in_pieces(method, into, Stream::<W>::PIECE)
    }

    pub(crate) fn in_pieces(mut method: Method, into: W, piece: usize) -> Stream<W> {
        if let Flavour::Exclusive { prefixes } = &mut method.flavour {
            prefixes.sort_unstable();
        }
        Stream {
            method,
            into,
            buffer: Vec::new(),
            piece,
            written: 0,
            rendered: Rendered::default(),
            before: Vec::new(),
            marks: Vec::new(),
            declarations: Vec::new(),
            order: Vec::new(),
        }
    }

    /// An element begins. With the first goes what the elements around it have of `xml:…` attributes.
    pub(crate) fn start(
        &mut self,
        start: &Start<'_>,
        first: Option<&mut Inherited>,
    ) -> Result<(), C14nError> {
        let names = start.names();
        self.choose_declarations(start, first.is_some());
        // The recommendation of exclusive canonicalization does not ask for it.
        let strict = !matches!(self.method.flavour, Flavour::Exclusive { .. });
        let uris = self
            .declarations
            .iter()
            .map(|(_, uri)| *uri)
            .chain(start.changes().iter().map(|change| change.after));
        for uri in uris {
            let uri = names.uri_text(uri);
            if strict && !uri.is_empty() && !tag::is_absolute(uri) {
                return Err(C14nError::RelativeNamespace(uri.to_owned()));
            }
        }

        self.buffer.push(b'<');
        self.buffer.extend_from_slice(names.text(start.id()).as_bytes());
        let mut declarations = std::mem::take(&mut self.declarations);
        tag::sort(&mut declarations, |a, b| names.prefix_text(a.0) < names.prefix_text(b.0));
        for (prefix, uri) in &declarations {
            tag::declaration(names.prefix_text(*prefix), names.uri_text(*uri), &mut self.buffer);
        }
        self.declarations = declarations;

        let inherited = match first {
            Some(inherited) => inherited.at(start, &self.method.flavour)?,
            None => BTreeMap::new(),
        };
        if inherited.is_empty() {
            self.attributes(start);
        } else {
            self.attributes_and(start, &inherited);
        }
        self.buffer.push(b'>');
        self.hand_on()?;
        Ok(())
    }

    /// The element ends that began last.
    #[inline]
    pub(crate) fn end(&mut self, end: &End<'_>) -> io::Result<()> {
        tag::end(end.names().text(end.id()), &mut self.buffer);
        if let Some(mark) = self.marks.pop() {
            for (prefix, uri) in self.before.drain(mark..).rev() {
                self.rendered.replace(prefix, uri);
            }
        }
        self.hand_on()
    }

    /// Character data.
    #[inline]
    pub(crate) fn text(&mut self, text: &str) -> io::Result<()> {
        escape::text(text, &mut self.buffer);
        self.hand_on()
    }

    /// A comment, which is left out unless the method keeps comments.
    pub(crate) fn comment(&mut self, text: &str, place: Place) -> io::Result<()> {
        if !self.method.comments {
            return Ok(());
        }
        self.outside(place, |buffer| {
            buffer.extend_from_slice(b"<!--");
            escape::verbatim(text, buffer);
            buffer.extend_from_slice(b"-->");
        })
    }

    /// A processing instruction.
    pub(crate) fn instruction(
        &mut self,
        instruction: &Instruction<'_>,
        place: Place,
    ) -> io::Result<()> {
        self.outside(place, |buffer| {
            buffer.extend_from_slice(b"<?");
            buffer.extend_from_slice(instruction.target.as_bytes());
            if !instruction.data.is_empty() {
                buffer.push(b' ');
                escape::verbatim(instruction.data, buffer);
            }
            buffer.extend_from_slice(b"?>");
        })
    }

    /// Hands on what is left. The answer holds the length of all.
    pub(crate) fn finish(mut self) -> io::Result<(W, u64)> {
        self.flush_buffer()?;
        self.into.flush()?;
        Ok((self.into, self.written))
    }

    /// What stands beside the document element has a line of its own.
    fn outside(&mut self, place: Place, write: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        if place == Place::After {
            self.buffer.push(b'\n');
        }
        write(&mut self.buffer);
        if place == Place::Before {
            self.buffer.push(b'\n');
        }
        self.hand_on()
    }

    /// Which namespaces the tag declares.
    fn choose_declarations(&mut self, start: &Start<'_>, first: bool) {
        self.declarations.clear();
        let Flavour::Exclusive { prefixes } = &self.method.flavour else {
            if first {
                self.declarations.extend(start.scope().in_force());
            } else {
                let changes = start.changes().iter();
                let new = changes.filter(|change| {
                    change.before != change.after && change.prefix != PrefixId::XML
                });
                self.declarations.extend(new.map(|change| (change.prefix, change.after)));
            }
            return;
        };
        self.marks.push(self.before.len());
        let names = start.names();
        if !prefixes.is_empty() {
            let listed: Vec<PrefixId> = if first {
                prefixes.iter().filter_map(|prefix| names.find_prefix(prefix)).collect()
            } else {
                let is_listed = |prefix: &PrefixId| {
                    let text = names.prefix_text(*prefix);
                    prefixes.binary_search_by(|listed| listed.as_str().cmp(text)).is_ok()
                };
                start.changes().iter().map(|change| change.prefix).filter(is_listed).collect()
            };
            for prefix in listed {
                self.render(prefix, start.scope().uri(prefix));
            }
        }
        let prefix = names.parts(start.id()).prefix;
        self.render(prefix, start.uri());
        for attribute in start.raw_attributes() {
            if attribute.prefix != PrefixId::NONE {
                self.render(attribute.prefix, attribute.uri);
            }
        }
    }

    /// Declares a namespace in exclusive canonicalization, unless it is declared.
    #[inline]
    fn render(&mut self, prefix: PrefixId, uri: UriId) {
        if prefix == PrefixId::XML {
            return;
        }
        let before = self.rendered.replace(prefix, uri);
        if before != uri {
            self.before.push((prefix, before));
            self.declarations.push((prefix, uri));
        }
    }

    #[inline]
    fn attributes(&mut self, start: &Start<'_>) {
        let names = start.names();
        let attributes = start.raw_attributes();
        if let [only] = attributes {
            tag::attribute(names.text(only.name), start.value(only), &mut self.buffer);
            return;
        }
        self.order.clear();
        self.order.extend(0..attributes.len());
        tag::sort(&mut self.order, |a, b| {
            let (a, b) = (&attributes[*a], &attributes[*b]);
            if a.uri == b.uri {
                names.local_text(a.name) < names.local_text(b.name)
            } else {
                names.uri_text(a.uri) < names.uri_text(b.uri)
            }
        });
        for i in &self.order {
            let attribute = &attributes[*i];
            tag::attribute(names.text(attribute.name), start.value(attribute), &mut self.buffer);
        }
    }

    /// The attributes of an element that inherits some.
    fn attributes_and(&mut self, start: &Start<'_>, inherited: &BTreeMap<String, String>) {
        let own = start.attributes().map(|attribute| {
            let replaced = if attribute.name.namespace == XML_NAMESPACE {
                inherited.get(attribute.name.local)
            } else {
                None
            };
            let value = replaced.map_or(attribute.value, String::as_str);
            (attribute.name.namespace, attribute.name.local, attribute.name.to_string(), value)
        });
        let missing =
            inherited.iter().filter(|(local, _)| start.attribute(XML_NAMESPACE, local).is_none());
        let missing = missing.map(|(local, value)| {
            (XML_NAMESPACE, local.as_str(), format!("xml:{local}"), value.as_str())
        });
        let mut all: Vec<_> = own.chain(missing).collect();
        all.sort_by_key(|(namespace, local, ..)| (*namespace, *local));
        for (.., name, value) in all {
            tag::attribute(&name, value, &mut self.buffer);
        }
    }

    #[inline]
    fn hand_on(&mut self) -> io::Result<()> {
        if self.buffer.len() >= self.piece { self.flush_buffer() } else { Ok(()) }
    }

    fn flush_buffer(&mut self) -> io::Result<()> {
        self.into.write_all(&self.buffer)?;
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }
}
