//! The names in extensions (RFC 5280, section 4.2.1.6).

use crate::{
    der::{DerError, Oid, Reader, tag},
    name::DistinguishedName,
};
use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// A name of one of nine kinds. Bytes are as encoded: whether they make sense is judged later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GeneralName<'a> {
    /// A name of a kind that an object identifier tells, with its value.
    Other {
        /// The kind.
        kind: Oid<'a>,
        /// The value's encoding.
        value: &'a [u8],
    },
    /// An e-mail address (rfc822Name).
    Email(&'a [u8]),
    /// A DNS name.
    Dns(&'a [u8]),
    /// An X.400 address, as encoded.
    X400(&'a [u8]),
    /// A name as subjects and issuers have.
    Directory(DistinguishedName<'a>),
    /// An EDI party, as encoded.
    EdiParty(&'a [u8]),
    /// A URI.
    Uri(&'a [u8]),
    /// An IP address of 4 or 16 bytes; in name constraints followed by as many bytes of mask.
    Ip(&'a [u8]),
    /// A registered identifier.
    RegisteredId(Oid<'a>),
}

impl<'a> GeneralName<'a> {
    /// Reads the next name.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn read(reader: &mut Reader<'a>) -> Result<GeneralName<'a>, DerError> {
        let value = reader.any()?;
        Ok(match value.tag {
            0xa0 => {
                let mut parts = value.reader();
                let kind = parts.oid()?;
                let tagged = parts.read(tag::constructed(0))?;
                parts.end()?;
                GeneralName::Other { kind, value: tagged.content }
            }
            0x81 => GeneralName::Email(value.content),
            0x82 => GeneralName::Dns(value.content),
            0xa3 => GeneralName::X400(value.content),
            0xa4 => {
                // A name is a choice, so its tag is explicit.
                let mut inner = value.reader();
                let name = inner.read(tag::SEQUENCE)?;
                inner.end()?;
                let header = name.whole.len() - name.content.len();
                GeneralName::Directory(DistinguishedName::new(name.whole, name.offset - header))
            }
            0xa5 => GeneralName::EdiParty(value.content),
            0x86 => GeneralName::Uri(value.content),
            0x87 => GeneralName::Ip(value.content),
            0x88 if Oid::is_well_formed(value.content) => {
                GeneralName::RegisteredId(Oid(value.content))
            }
            _ => return Err(value.fault("a name of an unknown kind")),
        })
    }

    /// The kind's name.
    pub fn kind(&self) -> &'static str {
        match self {
            GeneralName::Other { .. } => "other",
            GeneralName::Email(_) => "email",
            GeneralName::Dns(_) => "dns",
            GeneralName::X400(_) => "x400",
            GeneralName::Directory(_) => "dn",
            GeneralName::EdiParty(_) => "edi",
            GeneralName::Uri(_) => "uri",
            GeneralName::Ip(_) => "ip",
            GeneralName::RegisteredId(_) => "rid",
        }
    }
}

impl fmt::Display for GeneralName<'_> {
    /// Its kind and what it says; bytes that are not printable are escaped.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.kind())?;
        match self {
            GeneralName::Email(text) | GeneralName::Dns(text) | GeneralName::Uri(text) => {
                write!(f, "{}", text.escape_ascii())
            }
            GeneralName::Ip(bytes) => ip(bytes, f),
            GeneralName::Directory(name) => write!(f, "{name}"),
            GeneralName::RegisteredId(oid) => write!(f, "{oid}"),
            GeneralName::Other { kind, .. } => write!(f, "{kind}"),
            GeneralName::X400(bytes) | GeneralName::EdiParty(bytes) => {
                write!(f, "{} bytes", bytes.len())
            }
        }
    }
}

fn ip(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if let Some(address) = address(bytes) {
        return write!(f, "{address}");
    }
    if let 8 | 32 = bytes.len() {
        let (base, mask) = bytes.split_at(bytes.len() / 2);
        if let (Some(base), Some(mask)) = (address(base), address(mask)) {
            return write!(f, "{base}/{mask}");
        }
    }
    write!(f, "{} bytes that are no address", bytes.len())
}

/// The address that 4 or 16 bytes are.
pub(crate) fn address(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return Some(Ipv4Addr::from(four).into());
    }
    <[u8; 16]>::try_from(bytes).ok().map(|sixteen| Ipv6Addr::from(sixteen).into())
}

/// A list of names; each is read when it is its turn.
#[derive(Clone, Copy, Debug)]
pub struct GeneralNames<'a> {
    reader: Reader<'a>,
}

impl<'a> GeneralNames<'a> {
    pub(crate) fn new(reader: Reader<'a>) -> GeneralNames<'a> {
        GeneralNames { reader }
    }

    /// Whether there is no name.
    pub fn is_empty(&self) -> bool {
        self.reader.is_empty()
    }
}

#[expect(clippy::copy_iterator, reason = "a list in borrowed bytes is cheap to begin again")]
impl<'a> Iterator for GeneralNames<'a> {
    type Item = Result<GeneralName<'a>, DerError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.reader.is_empty() {
            return None;
        }
        let name = GeneralName::read(&mut self.reader);
        if name.is_err() {
            // Whatever follows an error means nothing.
            self.reader = Reader::new(&[]);
        }
        Some(name)
    }
}
