//! Dialogues in bytes: LDAP, PostgreSQL and MySQL.

use super::{Script, Step, shown};

/// Most bytes of one message that are waited for.
const MAX_MESSAGE: usize = 16 << 10;

/// StartTLS (RFC 4511, section 4.14.1): an extended request with the number 1 and the name 1.3.6.1.4.1.1466.20037.
const START_TLS: &[u8] = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037";

/// LDAP.
#[derive(Debug)]
pub struct Ldap;

impl Script for Ldap {
    fn opening(&mut self) -> Vec<u8> {
        START_TLS.to_vec()
    }

    fn next(&mut self, pending: &[u8]) -> Result<Option<(usize, Step)>, String> {
        let foreign = || format!("the server speaks no LDAP, but answers {}", shown(pending));
        let (used, message) = match element(pending, 0x30) {
            Element::Partial => return Ok(None),
            Element::Foreign => return Err(foreign()),
            Element::Whole(used, content) => (used, content),
        };
        let whole = |bytes, tag| match element(bytes, tag) {
            Element::Whole(used, content) => Ok((used, content)),
            _ => Err(foreign()),
        };
        let (number, _) = whole(message, 0x02)?;
        // ExtendedResponse (RFC 4511, section 4.12), which begins with a result code.
        let (_, response) = whole(&message[number..], 0x78)?;
        match whole(response, 0x0a)?.1 {
            [0] => Ok(Some((used, Step { send: Vec::new(), begins: true }))),
            [code] => Err(format!("the LDAP server does not begin TLS: result {code}")),
            _ => Err(foreign()),
        }
    }
}

enum Element<'a> {
    Partial,
    Foreign,
    /// How long it is, and its content.
    Whole(usize, &'a [u8]),
}

/// An element of BER with this tag and a definite length; lengths may have leading zeros, as in X.690, section 8.1.3.
fn element(bytes: &[u8], tag: u8) -> Element<'_> {
    match bytes {
        [] | [_] if bytes.first().is_none_or(|first| *first == tag) => return Element::Partial,
        [first, ..] if *first != tag => return Element::Foreign,
        _ => {}
    }
    let (start, length) = match bytes[1] {
        short @ 0..=0x7f => (2, usize::from(short)),
        long @ 0x81..=0x84 => {
            let start = 2 + usize::from(long & 0x7f);
            let Some(digits) = bytes.get(2..start) else { return Element::Partial };
            (start, digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)))
        }
        _ => return Element::Foreign,
    };
    if length > MAX_MESSAGE {
        return Element::Foreign;
    }
    match bytes.get(start..start + length) {
        Some(content) => Element::Whole(start + length, content),
        None => Element::Partial,
    }
}

/// PostgreSQL: SSLRequest, answered with one byte (PostgreSQL's documentation, "SSL Session Encryption").
#[derive(Debug)]
pub struct Pgsql;

impl Script for Pgsql {
    fn opening(&mut self) -> Vec<u8> {
        [8_u32, 80_877_103].into_iter().flat_map(u32::to_be_bytes).collect()
    }

    fn next(&mut self, pending: &[u8]) -> Result<Option<(usize, Step)>, String> {
        match pending {
            [] => Ok(None),
            [b'S', ..] => Ok(Some((1, Step { send: Vec::new(), begins: true }))),
            [b'N', ..] => Err("the PostgreSQL server is without TLS".into()),
            _ => Err(format!("the server is no PostgreSQL, but answers {}", shown(pending))),
        }
    }
}

/// MySQL and MariaDB: the server greets, and we ask for TLS in place of a login (MySQL's documentation, "Protocol::SSLRequest").
#[derive(Debug)]
pub struct Mysql;

/// CLIENT_PROTOCOL_41, CLIENT_SSL, CLIENT_SECURE_CONNECTION.
const CAPABILITIES: u32 = 0x0200 | CLIENT_SSL | 0x8000;
const CLIENT_SSL: u32 = 0x0800;
/// Longest packet we would take.
const MAX_PACKET: u32 = 1 << 24;
/// utf8mb4_general_ci.
const CHARSET: u8 = 45;

impl Script for Mysql {
    fn opening(&mut self) -> Vec<u8> {
        Vec::new()
    }

    fn next(&mut self, pending: &[u8]) -> Result<Option<(usize, Step)>, String> {
        let Some(&[a, b, c, _]) = pending.first_chunk::<4>() else { return Ok(None) };
        let length = usize::from(a) | usize::from(b) << 8 | usize::from(c) << 16;
        let foreign = || format!("the server is no MySQL, but answers {}", shown(pending));
        if length == 0 || length > MAX_MESSAGE {
            return Err(foreign());
        }
        let Some(packet) = pending.get(4..4 + length) else { return Ok(None) };
        match packet[0] {
            10 => {}
            0xff => {
                let words = packet.get(3..).unwrap_or_default();
                return Err(format!("the MySQL server refuses: {}", shown(words)));
            }
            other => return Err(format!("the server speaks MySQL's protocol {other}, not 10")),
        }
        let end = packet.iter().position(|byte| *byte == 0).ok_or_else(foreign)?;
        // Behind the version: 4 bytes of a number, 8 of a challenge, 1 of filling.
        let at = end + 1 + 13;
        let offered = packet.get(at..at + 2).ok_or_else(foreign)?;
        if u32::from(offered[1]) << 8 & CLIENT_SSL == 0 {
            return Err("the MySQL server is without TLS".into());
        }
        let mut send = vec![32, 0, 0, 1];
        send.extend(CAPABILITIES.to_le_bytes());
        send.extend(MAX_PACKET.to_le_bytes());
        send.push(CHARSET);
        send.extend([0; 23]);
        Ok(Some((4 + length, Step { send, begins: true })))
    }
}
