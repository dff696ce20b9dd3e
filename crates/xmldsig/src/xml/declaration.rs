//! The XML declaration (XML 1.0, section 2.8).

use super::{chars::is_space, error::XmlFault, tag::Fault};

/// A declaration that is longer is none that anybody wrote in good faith.
pub(super) const LONGEST: usize = 1024;

/// Whether more must be read to see where the declaration ends.
pub(super) fn may_be_longer(text: &[u8]) -> bool {
    let begins = b"<?xml".iter().zip(text).all(|(wanted, byte)| wanted == byte);
    begins && text.len() < LONGEST && memchr::memmem::find(text, b"?>").is_none()
}

/// What the document says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Declaration {
    /// Bytes. None if there is no declaration.
    pub(super) length: usize,
    /// It names an encoding.
    pub(super) encoding: bool,
    /// No declaration outside the document changes what it says.
    pub(super) standalone: bool,
}

/// Reads the declaration that `text` may begin with. `fits`: whether the document may be in the encoding of that name.
pub(super) fn read(text: &str, fits: impl Fn(&str) -> bool) -> Result<Declaration, Fault> {
    let Some(inner) =
        text.strip_prefix("<?xml").filter(|inner| inner.bytes().next().is_some_and(is_space))
    else {
        return Ok(Declaration::default());
    };
    let Some(length) = inner.find("?>").filter(|length| *length < LONGEST) else {
        return Err((0, XmlFault::UnexpectedEnd("the XML declaration")));
    };
    let mut rest = Rest { text: &inner[..length], at: 5 };
    let mut declaration = Declaration { length: 5 + length + 2, ..Declaration::default() };

    match rest.pseudo_attribute("version")? {
        Some((_, "1.0")) => {}
        Some((at, version)) => return Err((at, XmlFault::UnsupportedVersion(version.to_owned()))),
        None => return Err((rest.at, XmlFault::Expected("`version` in the XML declaration"))),
    }
    if let Some((at, encoding)) = rest.pseudo_attribute("encoding")? {
        if !fits(encoding) {
            let declared = encoding.to_owned();
            return Err((at, XmlFault::EncodingMismatch { declared, used: "" }));
        }
        declaration.encoding = true;
    }
    match rest.pseudo_attribute("standalone")? {
        Some((_, "yes")) => declaration.standalone = true,
        None | Some((_, "no")) => {}
        Some((at, _)) => return Err((at, XmlFault::Expected("`yes` or `no`"))),
    }
    rest.skip_space();
    if rest.text.is_empty() {
        Ok(declaration)
    } else {
        Err((rest.at, XmlFault::Expected("the end of the XML declaration")))
    }
}

struct Rest<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Rest<'a> {
    /// The value of the next part if it has this name, and where it stands.
    fn pseudo_attribute(&mut self, name: &str) -> Result<Option<(usize, &'a str)>, Fault> {
        let spaces = self.text.bytes().take_while(|byte| is_space(*byte)).count();
        if spaces == 0 || !self.text[spaces..].starts_with(name) {
            return Ok(None);
        }
        self.skip(spaces + name.len());
        self.skip_space();
        if !self.text.starts_with('=') {
            return Err((self.at, XmlFault::Expected("`=`")));
        }
        self.skip(1);
        self.skip_space();
        let Some(quote) = self.text.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
            return Err((self.at, XmlFault::Expected("a quotation mark")));
        };
        let inner = &self.text[1..];
        let Some(length) = inner.find(quote) else {
            return Err((self.at, XmlFault::UnexpectedEnd("the XML declaration")));
        };
        let value = (self.at + 1, &inner[..length]);
        self.skip(length + 2);
        Ok(Some(value))
    }

    fn skip_space(&mut self) {
        self.skip(self.text.bytes().take_while(|byte| is_space(*byte)).count());
    }

    fn skip(&mut self, length: usize) {
        self.text = &self.text[length..];
        self.at += length;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Declaration, String> {
        super::read(text, |name| name == "UTF-8").map_err(|(at, fault)| format!("{at}: {fault}"))
    }

    #[test]
    fn declarations_are_read_to_the_letter() {
        assert_eq!(read("<a/>"), Ok(Declaration::default()));
        assert_eq!(read("<?xml-stylesheet?>"), Ok(Declaration::default()));
        assert_eq!(
            read("<?xml version='1.0'?>"),
            Ok(Declaration { length: 21, ..Declaration::default() })
        );
        let whole = "<?xml version = \"1.0\" encoding='UTF-8'\nstandalone='yes' ?>";
        let declaration = Declaration { length: whole.len(), encoding: true, standalone: true };
        assert_eq!(read(whole), Ok(declaration));
        for bad in [
            "<?xml ?>",
            "<?xml version='1.1'?>",
            "<?xml version='1.0' encoding='UTF-16'?>",
            "<?xml version='1.0'encoding='UTF-8'?>",
            "<?xml encoding='UTF-8' version='1.0'?>",
            "<?xml version='1.0' standalone='maybe'?>",
            "<?xml version='1.0' standalone='yes' encoding='UTF-8'?>",
            "<?xml version='1.0",
            "<?xml version='1.0?>",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
