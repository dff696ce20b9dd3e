use crate::{
    Error,
    verify::Settings,
    xml::{AttributeKind, Encoding, Event, Legacy, Reader, Start},
};
use std::io::{Read, Seek, SeekFrom};

/// Where in a document the Signature goes. By default it is the last child of the document element.
///
/// ```
/// use ravelin_xmldsig::sign::{Element, Place};
///
/// let last = Place::LastIn(Element::Root);
/// // SAML wants it behind the Issuer.
/// let issuer = Element::named("urn:oasis:names:tc:SAML:2.0:assertion", "Issuer");
/// let after = Place::After(issuer);
/// # assert_eq!(last, Place::default());
/// # assert_ne!(last, after);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Before the end tag of this element.
    LastIn(Element),
    /// Behind the start tag of this element.
    FirstIn(Element),
    /// Before the start tag of this element, which is not the document element.
    Before(Element),
    /// Behind the end tag of this element, which is not the document element.
    After(Element),
}

impl Default for Place {
    fn default() -> Place {
        Place::LastIn(Element::Root)
    }
}

/// An element of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Element {
    /// The document element.
    Root,
    /// The only one with this identifier.
    Id(String),
    /// The first of this name.
    Named {
        /// The namespace name, empty for none.
        namespace: String,
        /// The name without prefix.
        local: String,
    },
}

impl Element {
    /// The only one with this identifier.
    pub fn id(id: impl Into<String>) -> Element {
        Element::Id(id.into())
    }

    /// The first of this name, `namespace` empty if it is in none.
    pub fn named(namespace: impl Into<String>, local: impl Into<String>) -> Element {
        Element::Named { namespace: namespace.into(), local: local.into() }
    }

    fn is(&self, start: &Start<'_>, id_attributes: &[String]) -> bool {
        match self {
            Element::Root => start.depth() == 1,
            Element::Named { namespace, local } => start.name().is(namespace, local),
            Element::Id(id) => start.attributes().any(|attribute| {
                let identifies = attribute.kind == AttributeKind::Id
                    || id_attributes.iter().any(|name| name == attribute.name.local);
                identifies && attribute.value == id
            }),
        }
    }

    fn missing(&self) -> Error {
        Error::dereference(match self {
            Element::Root => "the document has no element to put the signature into".to_owned(),
            Element::Id(id) => format!(
                "no element has the identifier `{id}`, so the signature has no place: name another, or say which attributes are identifiers"
            ),
            Element::Named { namespace, local } => format!(
                "no element is {{{namespace}}}{local}, so the signature has no place: name another"
            ),
        })
    }
}

/// How a place was found.
#[derive(Debug)]
pub(super) struct Gap {
    /// Bytes of the document before it.
    pub(super) at: u64,
    /// Bytes of the document that go: the end of an empty-element tag.
    pub(super) removed: u64,
    /// What comes before and behind the Signature instead.
    pub(super) before: &'static str,
    pub(super) behind: String,
    pub(super) encoding: Encoding,
    pub(super) legacy: Legacy,
}

/// Reads the whole document for the place.
pub(super) fn find<D: Read + Seek>(
    document: &mut D,
    place: &Place,
    settings: &Settings,
) -> Result<Gap, Error> {
    document.seek(SeekFrom::Start(0))?;
    let mut reader = Reader::with(&mut *document, &settings.xml())?;
    let (Place::LastIn(element)
    | Place::FirstIn(element)
    | Place::Before(element)
    | Place::After(element)) = place;
    let encoding = reader.encoding();
    let unit = encoding.unit();
    let mut found = false;
    // Elements open with the one that is looked for, while it is.
    let mut depth = None;
    let mut gap = None;
    let opened = |at: u64, name: String| (at - 2 * unit, 2 * unit, ">", format!("</{name}>"));
    loop {
        match reader.next()? {
            Event::Start(start) => {
                if (found && !matches!(element, Element::Id(_)))
                    || !element.is(&start, &settings.id_attributes)
                {
                    continue;
                }
                if found {
                    return Err(Error::dereference(
                        "two elements have the identifier of the place for the signature",
                    )
                    .at(reader.position()));
                }
                found = true;
                let (offset, own_depth) = (start.offset(), start.depth());
                let beside = matches!(place, Place::Before(_) | Place::After(_));
                if own_depth == 1 && beside {
                    return Err(Error::unsupported(
                        "nothing but comments can stand beside the document element: put the signature into it",
                    ));
                }
                if reader.snapshot().is_none() {
                    return Err(Error::unsupported("the place for the signature is in an entity"));
                }
                match place {
                    Place::Before(_) => gap = Some((offset, 0, "", String::new())),
                    Place::FirstIn(_) => {
                        let at = reader.next_offset();
                        // An empty-element tag ends at once, without a tag of its own.
                        match reader.next()? {
                            Event::End(end) if end.end() == at => {
                                gap = Some(opened(at, end.name().to_string()));
                            }
                            _ => gap = Some((at, 0, "", String::new())),
                        }
                    }
                    Place::LastIn(_) | Place::After(_) => depth = Some(own_depth),
                }
            }
            Event::End(end) if depth == Some(end.depth() + 1) => {
                depth = None;
                let (at, name) = (end.end(), end.name().to_string());
                let begins = reader.position().offset;
                gap = Some(match place {
                    Place::After(_) => (at, 0, "", String::new()),
                    _ if begins == at => opened(at, name),
                    _ => (begins, 0, "", String::new()),
                });
            }
            Event::Finish => break,
            _ => {}
        }
    }
    let (at, removed, before, behind) = gap.ok_or_else(|| element.missing())?;
    Ok(Gap { at, removed, before, behind, encoding, legacy: reader.into_legacy() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn put(document: &[u8], place: &Place) -> Result<Vec<u8>, Error> {
        let gap = find(&mut Cursor::new(document), place, &Settings::default())?;
        let [at, removed, unit] =
            [gap.at, gap.removed, gap.encoding.unit()].map(|bytes| usize::try_from(bytes).unwrap());
        let text = format!("{}!{}", gap.before, gap.behind);
        let text = text.bytes().flat_map(|byte| [&[byte], &[0; 1][..unit - 1]].concat());
        let mut out = document[..at].to_vec();
        out.extend(text);
        out.extend(&document[at + removed..]);
        Ok(out)
    }

    #[test]
    fn places_are_found() {
        let named = |local: &str| Element::named("urn:x", local);
        let document =
            "<?xml version='1.0'?>\n<a xmlns='urn:x'><b Id='i'/><c ><![CDATA[x]]></c >\n</a> ";
        for (place, expected) in [
            (
                Place::default(),
                "<?xml version='1.0'?>\n<a xmlns='urn:x'><b Id='i'/><c ><![CDATA[x]]></c >\n!</a> ",
            ),
            (
                Place::FirstIn(Element::Root),
                "<?xml version='1.0'?>\n<a xmlns='urn:x'>!<b Id='i'/><c ><![CDATA[x]]></c >\n</a> ",
            ),
            (
                Place::LastIn(Element::id("i")),
                "<?xml version='1.0'?>\n<a xmlns='urn:x'><b Id='i'>!</b><c ><![CDATA[x]]></c >\n</a> ",
            ),
            (
                Place::FirstIn(Element::id("i")),
                "<?xml version='1.0'?>\n<a xmlns='urn:x'><b Id='i'>!</b><c ><![CDATA[x]]></c >\n</a> ",
            ),
            (
                Place::Before(named("b")),
                "<?xml version='1.0'?>\n<a xmlns='urn:x'>!<b Id='i'/><c ><![CDATA[x]]></c >\n</a> ",
            ),
            (
                Place::After(named("b")),
                "<?xml version='1.0'?>\n<a xmlns='urn:x'><b Id='i'/>!<c ><![CDATA[x]]></c >\n</a> ",
            ),
            (
                Place::FirstIn(named("c")),
                "<?xml version='1.0'?>\n<a xmlns='urn:x'><b Id='i'/><c >!<![CDATA[x]]></c >\n</a> ",
            ),
            (
                Place::LastIn(named("c")),
                "<?xml version='1.0'?>\n<a xmlns='urn:x'><b Id='i'/><c ><![CDATA[x]]>!</c >\n</a> ",
            ),
            (
                Place::After(named("c")),
                "<?xml version='1.0'?>\n<a xmlns='urn:x'><b Id='i'/><c ><![CDATA[x]]></c >!\n</a> ",
            ),
        ] {
            let put = put(document.as_bytes(), &place).unwrap();
            assert_eq!(String::from_utf8(put).unwrap(), expected, "{place:?}");
        }
    }

    #[test]
    fn places_are_found_in_other_encodings_and_beside_carriage_returns() {
        let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
        let document = utf16("\u{feff}<a>\r\n\u{1f600}<b\r\n/>\r\n</a>\r\n");
        let put_in = |place| put(&document, &place).unwrap();
        assert_eq!(
            put_in(Place::default()),
            utf16("\u{feff}<a>\r\n\u{1f600}<b\r\n/>\r\n!</a>\r\n")
        );
        let b = || Element::named("", "b");
        assert_eq!(
            put_in(Place::LastIn(b())),
            utf16("\u{feff}<a>\r\n\u{1f600}<b\r\n>!</b>\r\n</a>\r\n")
        );
        assert_eq!(
            put_in(Place::After(b())),
            utf16("\u{feff}<a>\r\n\u{1f600}<b\r\n/>!\r\n</a>\r\n")
        );
    }

    #[test]
    fn places_that_are_none_say_so() {
        for (document, place, expected) in [
            ("<a/>", Place::Before(Element::Root), "beside the document element"),
            ("<a/>", Place::LastIn(Element::id("x")), "no element has the identifier `x`"),
            ("<a><b Id='x'/><b id='x'/></a>", Place::LastIn(Element::id("x")), "two elements"),
            ("<a/>", Place::After(Element::named("urn:x", "a")), "no element is {urn:x}a"),
            ("<a><b></a>", Place::default(), "closes"),
        ] {
            let error = put(document.as_bytes(), &place).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        }
    }
}
