//! Version 2: the binary header (section 2.2). Framing, limits and offsets here, the decoding of values by
//! `proxy-header`.

use super::{
    Fault, HeaderError, MAX_BINARY, MAX_UNIQUE_ID, Received, ReceivedTls, Tlvs, UnixAddresses,
    begins_with,
};
use crate::service::ProxyVersion;
use proxy_header::{ParseConfig, ProxyHeader, Tlv};
use std::net::SocketAddr;

pub(super) const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// Signature, command, family, length.
const FIXED: usize = 16;
/// One path in a pair of unix addresses.
const UNIX_PATH: usize = 108;

const CRC32C: u8 = 0x03;
const SSL: u8 = 0x20;
/// Flags and `verify` ahead of the extensions inside the SSL extension.
const SSL_FIXED: usize = 5;

pub(super) fn read(input: &[u8]) -> Result<Option<(Received, usize)>, HeaderError> {
    if !begins_with(input, SIGNATURE)? {
        return Ok(None);
    }
    let Some(&command) = input.get(12) else { return Ok(None) };
    let local = match command {
        0x20 => true,
        0x21 => false,
        _ => return Err(Fault::Command.at(12)),
    };
    let Some(&family) = input.get(13) else { return Ok(None) };
    // "LOCAL: [...] discard the protocol block including the family which is ignored".
    let addresses = match family {
        _ if local => 0,
        0x00 => 0,
        0x11 | 0x12 => 2 * (4 + 2),
        0x21 | 0x22 => 2 * (16 + 2),
        0x31 | 0x32 => 2 * UNIX_PATH,
        _ => return Err(Fault::Family.at(13)),
    };
    // The first byte of the length decides already whether it is too much.
    let Some(&high) = input.get(14) else { return Ok(None) };
    let low = input.get(15).copied();
    let length = FIXED + usize::from(u16::from_be_bytes([high, low.unwrap_or(0)]));
    if length > MAX_BINARY {
        return Err(Fault::TooLong.at(14));
    }
    if low.is_none() {
        return Ok(None);
    }
    if length < FIXED + addresses {
        return Err(Fault::NoRoomForAddresses.at(14));
    }
    let Some(header) = input.get(..length) else {
        // What has come of the extensions may be hopeless already.
        let arrived = input.get(FIXED + addresses..).unwrap_or(&[]);
        if !local {
            check_extents(arrived, FIXED + addresses, length)?;
        }
        return Ok(None);
    };
    if local {
        return Ok(Some((Received::nothing(ProxyVersion::V2), length)));
    }
    let (decoded, _) =
        ProxyHeader::parse(header, ParseConfig { include_tlvs: false, ..ParseConfig::default() })
            .map_err(|_| Fault::Family.at(13))?;
    let address = |of: fn(&proxy_header::ProxiedAddress) -> SocketAddr| {
        decoded.proxied_address().map(of).map(canonical)
    };
    let received = Received {
        source: address(|proxied| proxied.source),
        destination: address(|proxied| proxied.destination),
        unix: (family >> 4 == 3).then(|| unix_addresses(&header[FIXED..])),
        tlvs: tlvs(header, FIXED + addresses)?,
        ..Received::nothing(ProxyVersion::V2)
    };
    Ok(Some((received, length)))
}

fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

fn unix_addresses(block: &[u8]) -> UnixAddresses {
    let path = |padded: &[u8]| {
        let end = padded.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        Box::from(&padded[..end])
    };
    UnixAddresses {
        source: path(&block[..UNIX_PATH]),
        destination: path(&block[UNIX_PATH..2 * UNIX_PATH]),
    }
}

/// Whether the extensions that have begun to arrive end within the header.
fn check_extents(arrived: &[u8], start: usize, header_length: usize) -> Result<(), HeaderError> {
    let mut at = 0;
    while let Some(&[_, high, low]) = arrived.get(at..at + 3).and_then(|head| head.first_chunk()) {
        let next = at + 3 + usize::from(u16::from_be_bytes([high, low]));
        if start + next > header_length {
            return Err(Fault::Overrun.at(start + at));
        }
        at = next;
    }
    Ok(())
}

fn tlvs(header: &[u8], start: usize) -> Result<Tlvs, HeaderError> {
    let mut found = Tlvs::default();
    for extension in (Extensions { bytes: header, at: start }) {
        let (offset, kind, value) = extension?;
        if kind == CRC32C {
            check_sum(header, offset, value)?;
            once(&mut found.checksummed.then_some(()), (), kind, offset)?;
            found.checksummed = true;
            continue;
        }
        match Tlv::decode(kind, value).map_err(|_| Fault::Value(kind).at(offset))? {
            Tlv::Alpn(protocol) => once(&mut found.alpn, protocol.into(), kind, offset)?,
            Tlv::Authority(name) => {
                once(&mut found.authority, text(&name, kind, offset)?, kind, offset)?;
            }
            Tlv::UniqueId(id) if id.len() > MAX_UNIQUE_ID => {
                return Err(Fault::UniqueIdTooLong.at(offset));
            }
            Tlv::UniqueId(id) => once(&mut found.unique_id, id.into(), kind, offset)?,
            Tlv::Netns(name) => once(&mut found.netns, text(&name, kind, offset)?, kind, offset)?,
            Tlv::Ssl(ssl) => {
                let end = offset + 3 + value.len();
                let inner = Extensions { bytes: &header[..end], at: offset + 3 + SSL_FIXED };
                let facts = ReceivedTls {
                    encrypted: ssl.client_ssl(),
                    certificate_on_connection: ssl.client_cert_conn(),
                    certificate_in_session: ssl.client_cert_sess(),
                    verified: ssl.verify() == 0,
                    ..ReceivedTls::default()
                };
                once(&mut found.tls, tls(facts, inner)?, kind, offset)?;
            }
            _ => {}
        }
    }
    Ok(found)
}

fn tls(mut facts: ReceivedTls, extensions: Extensions<'_>) -> Result<ReceivedTls, HeaderError> {
    for extension in extensions {
        let (offset, kind, value) = extension?;
        // A checksum has no meaning here, and must not be judged by its form either.
        if matches!(kind, CRC32C | SSL) {
            continue;
        }
        let (fact, value) =
            match Tlv::decode(kind, value).map_err(|_| Fault::Value(kind).at(offset))? {
                Tlv::SslVersion(value) => (&mut facts.version, value),
                Tlv::SslCipher(value) => (&mut facts.cipher, value),
                Tlv::SslCn(value) => (&mut facts.common_name, value),
                Tlv::SslSigAlg(value) => (&mut facts.signature_algorithm, value),
                Tlv::SslKeyAlg(value) => (&mut facts.key_algorithm, value),
                _ => continue,
            };
        once(fact, text(&value, kind, offset)?, kind, offset)?;
    }
    Ok(facts)
}

/// "calculate a CRC32c checksum value of the whole PROXY header" with zeros in the checksum's place (section 2.2.3).
fn check_sum(header: &[u8], offset: usize, value: &[u8]) -> Result<(), HeaderError> {
    let expected: [u8; 4] = value.try_into().map_err(|_| Fault::Value(CRC32C).at(offset))?;
    let value_at = offset + 3;
    let mut sum = crc32c::crc32c(&header[..value_at]);
    sum = crc32c::crc32c_append(sum, &[0; 4]);
    sum = crc32c::crc32c_append(sum, &header[value_at + 4..]);
    if sum.to_be_bytes() == expected { Ok(()) } else { Err(Fault::Checksum.at(offset)) }
}

fn once<T>(place: &mut Option<T>, value: T, kind: u8, offset: usize) -> Result<(), HeaderError> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(Fault::Repeated(kind).at(offset)),
    }
}

/// Text that may stand in a log line.
fn text(value: &str, kind: u8, offset: usize) -> Result<Box<str>, HeaderError> {
    if value.chars().any(char::is_control) {
        Err(Fault::Value(kind).at(offset))
    } else {
        Ok(value.into())
    }
}

/// Type, length, value after type, length, value, up to the end of `bytes`, with their offsets.
struct Extensions<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Iterator for Extensions<'a> {
    type Item = Result<(usize, u8, &'a [u8]), HeaderError>;

    fn next(&mut self) -> Option<Self::Item> {
        let offset = self.at;
        let rest = self.bytes.get(offset..).filter(|rest| !rest.is_empty())?;
        let extension = rest.split_first_chunk().and_then(|(&[kind, high, low], rest)| {
            Some((kind, rest.get(..usize::from(u16::from_be_bytes([high, low])))?))
        });
        let Some((kind, value)) = extension else {
            self.at = self.bytes.len();
            return Some(Err(Fault::Overrun.at(offset)));
        };
        self.at = offset + 3 + value.len();
        Some(Ok((offset, kind, value)))
    }
}
