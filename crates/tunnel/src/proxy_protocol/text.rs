//! Version 1: one line of text (section 2.1).
//!
//! Read here and not by the decoder that version 2 uses: that one takes `+80` for a port and any length of line, and
//! cannot tell a line that is incomplete from one that is hopeless.

use super::{Fault, HeaderError, MAX_TEXT, Received, begins_with};
use crate::service::ProxyVersion;
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    str::FromStr,
};

const GREETING: &[u8] = b"PROXY ";
const PROTOCOLS: [&[u8]; 3] = [b"TCP4 ", b"TCP6 ", b"UNKNOWN"];

pub(super) fn read(input: &[u8]) -> Result<Option<(Received, usize)>, HeaderError> {
    if !begins_with(input, GREETING)? {
        return Ok(None);
    }
    let line = &input[..input.len().min(MAX_TEXT)];
    let rest = &line[GREETING.len()..];
    let Some(protocol) = PROTOCOLS.iter().find(|protocol| rest.starts_with(protocol)) else {
        let undecided = PROTOCOLS.iter().any(|protocol| protocol.starts_with(rest));
        return if undecided { Ok(None) } else { Err(Fault::Protocol.at(GREETING.len())) };
    };
    let mut fields = Fields { line, at: GREETING.len() + protocol.len() };
    let received = match *protocol {
        b"TCP4 " => fields.connection::<Ipv4Addr>(),
        b"TCP6 " => fields.connection::<Ipv6Addr>(),
        _ => fields.unknown(),
    }?;
    match received {
        Some(received) => Ok(Some((received, fields.at))),
        None if line.len() == MAX_TEXT => Err(Fault::TooLong.at(MAX_TEXT)),
        None => Ok(None),
    }
}

/// The line, and how far it is read.
struct Fields<'a> {
    line: &'a [u8],
    at: usize,
}

impl Fields<'_> {
    fn connection<A: FromStr + Into<IpAddr>>(&mut self) -> Result<Option<Received>, HeaderError> {
        let Some(source) = self.address::<A>()? else { return Ok(None) };
        let Some(destination) = self.address::<A>()? else { return Ok(None) };
        let Some(source_port) = self.port(b' ')? else { return Ok(None) };
        let Some(destination_port) = self.port(b'\r')? else { return Ok(None) };
        match self.line.get(self.at) {
            None => return Ok(None),
            Some(b'\n') => self.at += 1,
            Some(_) => return Err(Fault::LineEnd.at(self.at)),
        }
        Ok(Some(Received {
            source: Some(SocketAddr::new(source, source_port)),
            destination: Some(SocketAddr::new(destination, destination_port)),
            ..Received::nothing(ProxyVersion::V1)
        }))
    }

    /// "the receiver must ignore anything presented before the CRLF is found" (section 2.1).
    fn unknown(&mut self) -> Result<Option<Received>, HeaderError> {
        let rest = &self.line[self.at..];
        if !matches!(rest, [] | [b' ' | b'\r', ..]) {
            return Err(Fault::Protocol.at(GREETING.len()));
        }
        let Some(end) = rest.windows(2).position(|pair| pair == b"\r\n") else { return Ok(None) };
        self.at += end + 2;
        Ok(Some(Received::nothing(ProxyVersion::V1)))
    }

    fn address<A: FromStr + Into<IpAddr>>(&mut self) -> Result<Option<IpAddr>, HeaderError> {
        let allowed = |byte: u8| byte.is_ascii_hexdigit() || matches!(byte, b'.' | b':');
        let longest = "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255".len();
        let start = self.at;
        let Some(field) = self.field(b' ', longest, allowed, Fault::Address)? else {
            return Ok(None);
        };
        let address: A = field.parse().map_err(|_| Fault::Address.at(start))?;
        Ok(Some(address.into().to_canonical()))
    }

    fn port(&mut self, end: u8) -> Result<Option<u16>, HeaderError> {
        let start = self.at;
        let Some(field) =
            self.field(end, "65535".len(), |byte| byte.is_ascii_digit(), Fault::Port)?
        else {
            return Ok(None);
        };
        if field.len() > 1 && field.starts_with('0') {
            return Err(Fault::Port.at(start));
        }
        field.parse().map(Some).map_err(|_| Fault::Port.at(start))
    }

    /// Text up to `end`, which is passed over; none when the line stops before it.
    fn field(
        &mut self,
        end: u8,
        longest: usize,
        allowed: impl Fn(u8) -> bool,
        fault: Fault,
    ) -> Result<Option<&str>, HeaderError> {
        let start = self.at;
        let rest = &self.line[start..];
        let length = rest.iter().position(|&byte| !allowed(byte)).unwrap_or(rest.len());
        if length > longest {
            return Err(fault.at(start + longest));
        }
        match rest.get(length) {
            None => Ok(None),
            Some(&byte) if byte == end => {
                self.at = start + length + 1;
                // Only ASCII was allowed.
                std::str::from_utf8(&rest[..length]).map(Some).map_err(|_| fault.at(start))
            }
            Some(_) => Err(fault.at(start + length)),
        }
    }
}
