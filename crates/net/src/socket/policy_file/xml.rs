//! As much of XML as policy files have: elements with attributes.

/// Elements within elements beyond this depth are refused.
const MAX_DEPTH: usize = 16;

/// Attributes of one element beyond this many are refused.
const MAX_ATTRIBUTES: usize = 32;

/// Why a file is no policy file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("policy file, byte {offset}: {detail}")]
pub struct XmlError {
    /// Where, in bytes from the beginning.
    pub offset: usize,
    /// What is wrong there.
    pub detail: &'static str,
}

/// A document, piece by piece. Text between elements means nothing in a policy file and is skipped.
pub(super) struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// The names of the elements that are open.
    open: Vec<&'a str>,
    /// The root element was there.
    rooted: bool,
}

pub(super) enum Event<'a> {
    Start {
        name: &'a str,
        attributes: Vec<(&'a str, String)>,
        offset: usize,
        /// It ends where it begins, and no [`Event::End`] follows.
        empty: bool,
    },
    End,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Result<Reader<'a>, XmlError> {
        let text = std::str::from_utf8(bytes).map_err(|error| XmlError {
            offset: error.valid_up_to(),
            detail: "this is not UTF-8",
        })?;
        let at = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let mut reader = Reader { text, at, open: Vec::new(), rooted: false };
        if reader.rest().starts_with("<?xml") {
            reader.skip_past("?>", "the XML declaration has no end")?;
        }
        Ok(reader)
    }

    /// The next element that begins or ends; none at the end of a document that is whole.
    pub(super) fn next_event(&mut self) -> Result<Option<Event<'a>>, XmlError> {
        loop {
            self.skip_text()?;
            let rest = self.rest();
            if rest.is_empty() {
                return if self.open.is_empty() && self.rooted {
                    Ok(None)
                } else {
                    Err(self.error("the document is cut short"))
                };
            }
            if rest.starts_with("<!--") {
                self.skip_past("-->", "the comment has no end")?;
            } else if rest.starts_with("<!DOCTYPE") && !self.rooted {
                self.skip_document_type()?;
            } else if rest.starts_with("<?") {
                self.skip_past("?>", "the processing instruction has no end")?;
            } else if rest.starts_with("</") {
                return self.end().map(Some);
            } else {
                return self.start().map(Some);
            }
        }
    }

    fn start(&mut self) -> Result<Event<'a>, XmlError> {
        let offset = self.at;
        if self.rooted && self.open.is_empty() {
            return Err(self.error("there is more than one root element"));
        }
        if self.open.len() == MAX_DEPTH {
            return Err(self.error("elements are nested too deeply"));
        }
        self.at += 1;
        let name = self.name()?;
        let mut attributes = Vec::new();
        loop {
            let spaced = self.skip_space();
            let rest = self.rest();
            let empty = rest.starts_with("/>");
            if empty || rest.starts_with('>') {
                self.at += if empty { 2 } else { 1 };
                self.rooted = true;
                if !empty {
                    self.open.push(name);
                }
                return Ok(Event::Start { name, attributes, offset, empty });
            }
            if !spaced {
                return Err(self.error("a space is missing"));
            }
            if attributes.len() == MAX_ATTRIBUTES {
                return Err(self.error("the element has too many attributes"));
            }
            let (here, attribute) = (self.at, self.name()?);
            if attributes.iter().any(|(one, _)| *one == attribute) {
                return Err(XmlError { offset: here, detail: "the attribute is there twice" });
            }
            self.skip_space();
            self.expect("=", "an equals sign is missing")?;
            self.skip_space();
            let value = self.value()?;
            attributes.push((attribute, value));
        }
    }

    fn end(&mut self) -> Result<Event<'a>, XmlError> {
        let offset = self.at;
        self.at += 2;
        let name = self.name()?;
        if self.open.pop() != Some(name) {
            return Err(XmlError { offset, detail: "the element that ends here is not open" });
        }
        self.skip_space();
        self.expect(">", "the end of an element has something in it")?;
        Ok(Event::End)
    }

    fn name(&mut self) -> Result<&'a str, XmlError> {
        let rest = self.rest();
        let is_name = |one: char| one.is_alphanumeric() || "_:-.".contains(one);
        let length = rest.find(|one| !is_name(one)).unwrap_or(rest.len());
        if !rest.starts_with(|one: char| one.is_alphabetic() || one == '_' || one == ':') {
            return Err(self.error("there is no name"));
        }
        self.at += length;
        Ok(&rest[..length])
    }

    /// In quotation marks, with the entities that XML itself has.
    fn value(&mut self) -> Result<String, XmlError> {
        let quote = match self.rest().as_bytes().first() {
            Some(b'"') => '"',
            Some(b'\'') => '\'',
            _ => return Err(self.error("a quotation mark is missing")),
        };
        self.at += 1;
        let rest = self.rest();
        let length = rest.find(quote).ok_or_else(|| self.error("the value has no end"))?;
        let mut value = String::new();
        let mut raw = &rest[..length];
        while let Some(place) = raw.find(['&', '<']) {
            value.push_str(&raw[..place]);
            let here = self.at + (length - raw.len()) + place;
            let entity = raw[place..].strip_prefix('&').and_then(|rest| rest.split_once(';'));
            let detail = "the value has something in it that must not be there";
            let (name, behind) = entity.ok_or(XmlError { offset: here, detail })?;
            let detail = "the entity is not known";
            value.push(character(name).ok_or(XmlError { offset: here, detail })?);
            raw = behind;
        }
        value.push_str(raw);
        self.at += length + 1;
        Ok(value)
    }

    /// A document type is named in many a policy file. One that declares something could make the file say anything.
    fn skip_document_type(&mut self) -> Result<(), XmlError> {
        let rest = self.rest();
        let end = rest.find('>').ok_or_else(|| self.error("the document type has no end"))?;
        if let Some(place) = rest[..end].find('[') {
            let detail = "document types that declare something are refused";
            return Err(XmlError { offset: self.at + place, detail });
        }
        self.at += end + 1;
        Ok(())
    }

    fn skip_text(&mut self) -> Result<(), XmlError> {
        let rest = self.rest();
        let length = rest.find('<').unwrap_or(rest.len());
        if self.open.is_empty() && !rest[..length].trim().is_empty() {
            return Err(self.error("there is text outside the root element"));
        }
        self.at += length;
        Ok(())
    }

    fn skip_past(&mut self, end: &str, missing: &'static str) -> Result<(), XmlError> {
        let length = self.rest().find(end).ok_or_else(|| self.error(missing))?;
        self.at += length + end.len();
        Ok(())
    }

    /// Whether there was any.
    fn skip_space(&mut self) -> bool {
        let rest = self.rest();
        let space = rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
        self.at += space;
        space > 0
    }

    fn expect(&mut self, what: &str, missing: &'static str) -> Result<(), XmlError> {
        if !self.rest().starts_with(what) {
            return Err(self.error(missing));
        }
        self.at += what.len();
        Ok(())
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn error(&self, detail: &'static str) -> XmlError {
        XmlError { offset: self.at, detail }
    }
}

fn character(entity: &str) -> Option<char> {
    match entity {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = entity.strip_prefix('#')?;
            let (digits, radix) = match number.strip_prefix('x') {
                Some(digits) => (digits, 16),
                None => (number, 10),
            };
            let sound = !digits.is_empty() && digits.chars().all(|one| one.is_digit(radix));
            char::from_u32(sound.then(|| u32::from_str_radix(digits, radix).ok())??)
        }
    }
}
