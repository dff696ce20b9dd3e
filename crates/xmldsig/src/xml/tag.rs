//! Start tags (XML 1.0, section 3.1; Namespaces in XML 1.0, sections 3 to 6).

use super::{
    chars::{ends_name, is_space},
    dtd::{Dtd, Entities, Supplied},
    error::XmlFault,
    event::{AttributeKind, Element, RawAttribute, State, Value},
    limits::Limits,
    names::{Declares, NameId, PrefixId, UriId, XML_NAMESPACE, XMLNS_NAMESPACE},
    reference,
};
use std::collections::HashSet;

/// A fault, and its place in the window.
pub(super) type Fault = (usize, XmlFault);

/// A tag that was read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tag {
    /// Where it ends in the window.
    pub(super) end: usize,
    /// Whether the element ends with it.
    pub(super) empty: bool,
}

/// Above so many attributes, twins are looked for by sorting.
const FEW: usize = 16;

/// Reads the start tag at `begin`, and opens the element. Nothing is changed when the window ends before the tag does,
/// for which the answer is `None`.
pub(super) fn read(
    window: &str,
    begin: usize,
    state: &mut State,
    dtd: Option<&Dtd>,
    entities: &mut Entities<'_>,
    limits: &Limits,
) -> Result<Option<Tag>, Fault> {
    let bytes = window.as_bytes();
    state.attributes.clear();
    state.declares = false;
    state.scratch.clear();
    // A tag is read again when there is more of it: what its entities stand for is not counted twice.
    let spent = entities.spent();

    let mut at = begin + 1;
    let Some(name_end) = name_end(bytes, at) else { return Ok(None) };
    let name = state.names.intern(&window[at..name_end]).map_err(|fault| (at, fault))?;
    at = name_end;

    let empty = loop {
        let after_space = skip_space(bytes, at);
        match bytes.get(after_space) {
            None => {
                entities.back_to(spent);
                return Ok(None);
            }
            Some(b'>') => {
                at = after_space + 1;
                break false;
            }
            Some(b'/') => match bytes.get(after_space + 1) {
                None => {
                    entities.back_to(spent);
                    return Ok(None);
                }
                Some(b'>') => {
                    at = after_space + 2;
                    break true;
                }
                Some(_) => return Err((after_space + 1, XmlFault::Expected("`>` after `/`"))),
            },
            Some(_) if after_space == at => {
                return Err((at, XmlFault::Expected("white space, `>` or `/>`")));
            }
            Some(_) => {}
        }
        if state.attributes.len() >= limits.attributes {
            return Err((after_space, XmlFault::Limit("attributes")));
        }
        let declared = dtd.map(|dtd| (dtd, name));
        let Some(end) = attribute(window, after_space, state, declared, entities)? else {
            entities.back_to(spent);
            return Ok(None);
        };
        at = end;
    };

    open(window, begin, name, state, dtd, entities, limits)?;
    Ok(Some(Tag { end: at, empty }))
}

/// Reads one attribute into the list: where it ends.
#[inline]
fn attribute(
    window: &str,
    begin: usize,
    state: &mut State,
    declared: Option<(&Dtd, NameId)>,
    entities: &mut Entities<'_>,
) -> Result<Option<usize>, Fault> {
    let bytes = window.as_bytes();
    let Some(name_end) = name_end(bytes, begin) else { return Ok(None) };
    let name = state.names.intern(&window[begin..name_end]).map_err(|fault| (begin, fault))?;
    let equals = skip_space(bytes, name_end);
    match bytes.get(equals) {
        None => return Ok(None),
        Some(b'=') => {}
        Some(_) => return Err((equals, XmlFault::Expected("`=` after the name of an attribute"))),
    }
    let opening = skip_space(bytes, equals + 1);
    let quote = match bytes.get(opening) {
        None => return Ok(None),
        Some(quote @ (b'"' | b'\'')) => *quote,
        Some(_) => return Err((opening, XmlFault::Expected("a quotation mark"))),
    };
    let start = opening + 1;
    let mut at = start;
    let plain = loop {
        let Some(byte) = bytes.get(at) else { return Ok(None) };
        if !STOPS_VALUE[*byte as usize] {
            at += 1;
        } else if *byte == quote {
            break true;
        } else if matches!(byte, b'"' | b'\'') {
            at += 1;
        } else {
            break false;
        }
    };
    let kind = declared.map_or(AttributeKind::Text, |(dtd, element)| dtd.kind(element, name));
    let value = if plain && kind == AttributeKind::Text {
        Value::Window(offset(start), offset(at))
    } else {
        let Some(length) = memchr::memchr(quote, &bytes[start..]) else {
            // What is not whole may be wrong already, at the latest where a tag begins in it.
            if let Some(found) = memchr::memchr(b'<', &bytes[start..]) {
                let value = &window[start..=start + found];
                reference::expand(value, start, &mut state.scratch, entities)?;
            }
            return Ok(None);
        };
        at = start + length;
        let from = state.scratch.len();
        reference::expand(&window[start..at], start, &mut state.scratch, entities)?;
        if kind != AttributeKind::Text {
            collapse(&mut state.scratch, from);
        }
        Value::Scratch(offset(from), offset(state.scratch.len()))
    };
    let parts = state.names.parts(name);
    let (prefix, local) = (parts.prefix, parts.local);
    state.declares |= parts.declares != Declares::Nothing;
    state.attributes.push(RawAttribute { name, local, prefix, uri: UriId::NONE, kind, value });
    Ok(Some(at + 1))
}

/// Takes the namespace declarations out of the list of attributes, resolves all names, and opens the element.
fn open(
    window: &str,
    begin: usize,
    name: NameId,
    state: &mut State,
    dtd: Option<&Dtd>,
    entities: &mut Entities<'_>,
    limits: &Limits,
) -> Result<(), Fault> {
    let at_tag = |fault| (begin, fault);
    if state.open.len() >= limits.depth {
        return Err(at_tag(XmlFault::Limit("depth")));
    }
    if let Some(dtd) = dtd {
        add_defaults(dtd, name, state, entities, limits).map_err(at_tag)?;
    }
    let mark = state.scope.mark();
    if state.declares {
        declare(window, state).map_err(at_tag)?;
    }
    for attribute in &mut state.attributes {
        if attribute.prefix != PrefixId::NONE {
            attribute.uri = state.scope.uri(attribute.prefix);
            if attribute.uri == UriId::NONE {
                let prefix = state.names.prefix_text(attribute.prefix).to_owned();
                return Err(at_tag(XmlFault::PrefixUnknown(prefix)));
            }
        }
    }
    let key = |attribute: &RawAttribute| (attribute.uri, attribute.local);
    if let Some(twice) = first_twin(&state.attributes, key) {
        return Err(at_tag(XmlFault::AttributeTwice(state.names.text(twice).to_owned())));
    }
    let prefix = state.names.parts(name).prefix;
    let uri = state.scope.uri(prefix);
    if uri == UriId::NONE && prefix != PrefixId::NONE {
        return Err(at_tag(XmlFault::PrefixUnknown(state.names.prefix_text(prefix).to_owned())));
    }
    state.element = Element { name, uri, mark };
    state.open.push(state.element);
    Ok(())
}

/// Attributes that the document type declaration gives a value and the tag does not (XML 1.0, section 3.3.2).
fn add_defaults(
    dtd: &Dtd,
    element: NameId,
    state: &mut State,
    entities: &mut Entities<'_>,
    limits: &Limits,
) -> Result<(), XmlFault> {
    let written = state.attributes.len();
    // With many attributes on both sides, looking through all of them for each would take too long.
    let known: Option<HashSet<NameId>> =
        (written > FEW).then(|| state.attributes.iter().map(|attribute| attribute.name).collect());
    for &Supplied { name, kind, ref value } in dtd.defaults(element) {
        let is_written = match &known {
            Some(known) => known.contains(&name),
            None => state.attributes[..written].iter().any(|attribute| attribute.name == name),
        };
        // What is not needed costs as well: it was looked for.
        entities.supply(if is_written { "" } else { value })?;
        if is_written {
            continue;
        }
        if state.attributes.len() >= limits.attributes {
            return Err(XmlFault::Limit("attributes"));
        }
        let from = state.scratch.len();
        state.scratch.push_str(value);
        let value = Value::Scratch(offset(from), offset(state.scratch.len()));
        let parts = state.names.parts(name);
        let (prefix, local) = (parts.prefix, parts.local);
        state.declares |= parts.declares != Declares::Nothing;
        state.attributes.push(RawAttribute { name, local, prefix, uri: UriId::NONE, kind, value });
    }
    Ok(())
}

/// Namespaces in XML 1.0, section 3.
fn declare(window: &str, state: &mut State) -> Result<(), XmlFault> {
    // Here, where the names are as they were written.
    if let Some(twice) = first_twin(&state.attributes, |attribute| attribute.name) {
        return Err(XmlFault::AttributeTwice(state.names.text(twice).to_owned()));
    }
    for attribute in &state.attributes {
        let Declares::Prefix(prefix) = state.names.parts(attribute.name).declares else { continue };
        let value = attribute.value.of(window, &state.scratch);
        let text = state.names.prefix_text(prefix);
        let refused = if text == "xmlns" {
            Some("`xmlns` cannot be declared")
        } else if (prefix == PrefixId::XML) != (value == XML_NAMESPACE) {
            Some("`xml` and its namespace belong together")
        } else if value == XMLNS_NAMESPACE {
            Some("the namespace of `xmlns` has no other prefix")
        } else if value.is_empty() && prefix != PrefixId::NONE {
            Some("a prefix cannot be taken away")
        } else {
            None
        };
        if let Some(why) = refused {
            return Err(XmlFault::Declaration(text.to_owned(), why));
        }
        let uri = state.names.uri(value)?;
        state.scope.declare(prefix, uri);
    }
    let names = &state.names;
    state.attributes.retain(|attribute| names.parts(attribute.name).declares == Declares::Nothing);
    Ok(())
}

/// The name of the second of two attributes with one key.
#[inline]
fn first_twin<K: Ord + Copy>(
    attributes: &[RawAttribute],
    key: impl Fn(&RawAttribute) -> K,
) -> Option<NameId> {
    if attributes.len() <= FEW {
        for (i, attribute) in attributes.iter().enumerate().skip(1) {
            let this = key(attribute);
            if attributes[..i].iter().any(|before| key(before) == this) {
                return Some(attribute.name);
            }
        }
        return None;
    }
    let mut seen: Vec<_> =
        attributes.iter().map(|attribute| (key(attribute), attribute.name)).collect();
    seen.sort_unstable_by_key(|(key, _)| *key);
    seen.windows(2).find(|pair| pair[0].0 == pair[1].0).map(|pair| pair[1].1)
}

/// White space of values that are lists (XML 1.0, section 3.3.3).
pub(super) fn collapse(text: &mut String, from: usize) {
    let collapsed =
        text[from..].split(' ').filter(|token| !token.is_empty()).collect::<Vec<_>>().join(" ");
    text.truncate(from);
    text.push_str(&collapsed);
}

#[inline]
fn name_end(bytes: &[u8], from: usize) -> Option<usize> {
    let length = bytes[from..].iter().position(|byte| ends_name(*byte))?;
    Some(from + length)
}

#[inline]
fn skip_space(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at).is_some_and(|byte| is_space(*byte)) {
        at += 1;
    }
    at
}

/// The window is kept far shorter than this by the limit of tokens.
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

// What cannot simply be taken over: quotation marks, `<`, `&`, and the white space that is no space.
const STOPS_VALUE: [bool; 256] = {
    let mut table = [false; 256];
    table[b'"' as usize] = true;
    table[b'\'' as usize] = true;
    table[b'<' as usize] = true;
    table[b'&' as usize] = true;
    table[b'\t' as usize] = true;
    table[b'\n' as usize] = true;
    table
};
