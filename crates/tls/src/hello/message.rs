//! What a ClientHello says.

use super::{ClientHello, HelloError, MAX_NAME};
use std::net::IpAddr;

mod extension {
    pub(super) const SERVER_NAME: u16 = 0;
    pub(super) const STATUS_REQUEST: u16 = 5;
    pub(super) const SUPPORTED_GROUPS: u16 = 10;
    pub(super) const SIGNATURE_ALGORITHMS: u16 = 13;
    pub(super) const ALPN: u16 = 16;
    pub(super) const SESSION_TICKET: u16 = 35;
    pub(super) const PRE_SHARED_KEY: u16 = 41;
    pub(super) const SUPPORTED_VERSIONS: u16 = 43;
}

const HOST_NAME: u8 = 0;

/// Reads the body of a ClientHello message.
pub(super) fn parse(body: &[u8]) -> Result<ClientHello, HelloError> {
    let mut reader = Reader { bytes: body, offset: 0 };
    let mut hello = ClientHello {
        legacy_version: reader.u16("no version")?,
        random: reader.array("no random bytes")?,
        ..ClientHello::default()
    };
    let session_id = reader.vector8("the session id")?;
    if session_id.bytes.len() > 32 {
        return Err(session_id.malformed("a session id longer than 32 bytes"));
    }
    hello.session_id = session_id.bytes.into();
    hello.cipher_suites = reader.vector16("the cipher suites")?.numbers("cipher suites")?;
    if hello.cipher_suites.is_empty() {
        return Err(reader.malformed("no cipher suites"));
    }
    if reader.vector8("the compression methods")?.bytes.is_empty() {
        return Err(reader.malformed("no compression methods"));
    }
    if reader.bytes.is_empty() {
        // Before extensions there were none (RFC 5246, section 7.4.1.2).
        return Ok(hello);
    }
    let mut extensions = reader.vector16("the extensions")?;
    if !reader.bytes.is_empty() {
        return Err(reader.malformed("bytes behind the extensions"));
    }
    let mut seen = Vec::new();
    while !extensions.bytes.is_empty() {
        let at = extensions.offset;
        let kind = extensions.u16("half an extension")?;
        let body = extensions.vector16("an extension")?;
        // Twice the same is forbidden (RFC 8446, section 4.2). Sixty kinds are registered; the list stays short.
        if seen.contains(&kind) {
            return Err(HelloError::Malformed {
                what: "an extension that came before",
                offset: at,
            });
        }
        seen.push(kind);
        read_extension(kind, body, &mut hello)?;
    }
    Ok(hello)
}

fn read_extension(
    kind: u16,
    mut body: Reader<'_>,
    hello: &mut ClientHello,
) -> Result<(), HelloError> {
    match kind {
        extension::SERVER_NAME => hello.server_name = server_name(body)?,
        extension::STATUS_REQUEST => hello.status_request = body.bytes.first() == Some(&1),
        extension::SUPPORTED_GROUPS => {
            hello.groups = body.vector16("the groups")?.numbers("groups")?;
        }
        extension::SIGNATURE_ALGORITHMS => {
            hello.signature_schemes =
                body.vector16("the signature schemes")?.numbers("signature schemes")?;
        }
        extension::ALPN => {
            let mut list = body.vector16("the protocols")?;
            while !list.bytes.is_empty() {
                let name = list.vector8("a protocol")?;
                if name.bytes.is_empty() {
                    return Err(name.malformed("an empty protocol name"));
                }
                hello.alpn.push(name.bytes.into());
            }
        }
        extension::SESSION_TICKET => hello.session_ticket = Some(body.bytes.into()),
        extension::PRE_SHARED_KEY => {
            let mut list = body.vector16("the identities")?;
            while !list.bytes.is_empty() {
                hello.psk_identities.push(list.vector16("an identity")?.bytes.into());
                list.take(4, "the age of an identity")?;
            }
        }
        extension::SUPPORTED_VERSIONS => {
            hello.versions = body.vector8("the versions")?.numbers("versions")?;
        }
        _ => {}
    }
    Ok(())
}

/// RFC 6066, section 3.
fn server_name(mut body: Reader<'_>) -> Result<Option<Box<str>>, HelloError> {
    let mut list = body.vector16("the server names")?;
    if list.bytes.is_empty() {
        return Err(list.malformed("an empty list of server names"));
    }
    let mut found = None;
    while !list.bytes.is_empty() {
        let kind = list.take(1, "the type of a name")?[0];
        let name = list.vector16("a server name")?;
        if kind != HOST_NAME {
            continue;
        }
        if found.is_some() {
            return Err(name.malformed("a second host name"));
        }
        found = Some(host_name(&name)?);
    }
    Ok(found.flatten())
}

/// A DNS name as clients send it: in lower case, without a final dot; an address is none.
fn host_name(name: &Reader<'_>) -> Result<Option<Box<str>>, HelloError> {
    let text = name.bytes.strip_suffix(b".").unwrap_or(name.bytes);
    if text.is_empty() || text.len() > MAX_NAME {
        return Err(name.malformed("a host name of a length that none has"));
    }
    let fits =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':');
    let text = match std::str::from_utf8(text) {
        Ok(text) if text.bytes().all(|byte| fits(&byte)) => text,
        _ => return Err(name.malformed("a host name with characters that none has")),
    };
    if text.parse::<IpAddr>().is_ok() {
        return Ok(None);
    }
    if text.contains(':') || text.split('.').any(|label| label.is_empty() || label.len() > 63) {
        return Err(name.malformed("a host name with a label that none has"));
    }
    Ok(Some(text.to_ascii_lowercase().into()))
}

/// Bytes that are left, and where they stand in the message.
struct Reader<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    fn malformed(&self, what: &'static str) -> HelloError {
        HelloError::Malformed { what, offset: self.offset }
    }

    fn take(&mut self, count: usize, what: &'static str) -> Result<&'a [u8], HelloError> {
        let Some((taken, rest)) = self.bytes.split_at_checked(count) else {
            return Err(self.malformed(what));
        };
        self.bytes = rest;
        self.offset += count;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], HelloError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N, what)?);
        Ok(array)
    }

    fn u16(&mut self, what: &'static str) -> Result<u16, HelloError> {
        Ok(u16::from_be_bytes(self.array(what)?))
    }

    /// Bytes behind a length of one byte.
    fn vector8(&mut self, what: &'static str) -> Result<Reader<'a>, HelloError> {
        let length = usize::from(self.take(1, what)?[0]);
        self.vector(length, what)
    }

    /// Bytes behind a length of two bytes.
    fn vector16(&mut self, what: &'static str) -> Result<Reader<'a>, HelloError> {
        let length = usize::from(self.u16(what)?);
        self.vector(length, what)
    }

    fn vector(&mut self, length: usize, what: &'static str) -> Result<Reader<'a>, HelloError> {
        let offset = self.offset;
        Ok(Reader { bytes: self.take(length, what)?, offset })
    }

    fn numbers(&self, what: &'static str) -> Result<Vec<u16>, HelloError> {
        let (pairs, rest) = self.bytes.as_chunks::<2>();
        if !rest.is_empty() {
            return Err(self.malformed(what));
        }
        Ok(pairs.iter().map(|pair| u16::from_be_bytes(*pair)).collect())
    }
}
