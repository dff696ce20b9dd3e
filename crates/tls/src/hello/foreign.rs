//! What else arrives on TLS ports, and what to tell whom about it.

use crate::Alert;
use std::fmt;

/// Most bytes of a request line that are shown.
const MAX_SHOWN: usize = 80;

const ANSWER: &[u8] = b"HTTP/1.1 400 Bad Request\r\n\
    Content-Type: text/plain; charset=utf-8\r\n\
    Content-Length: 72\r\n\
    Connection: close\r\n\
    \r\n\
    This port speaks TLS only: use https:// (or another protocol over TLS).\n";

/// Something that is not TLS as we know it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Foreign {
    /// A plain HTTP request.
    Http {
        /// The start of its first line, as far as it has arrived, fit to be shown.
        line: Box<str>,
    },
    /// A header of the PROXY protocol: the service does not expect one.
    ProxyHeader,
    /// An SSH client.
    Ssh,
    /// A hello in the frame of SSL 2.0.
    SslV2,
    /// TLS of an unknown major version.
    Version {
        /// As it stands in the record.
        version: [u8; 2],
    },
    /// Anything else.
    Unknown {
        /// The first byte.
        first: u8,
    },
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Foreign::Http { line } => {
                write!(f, "a plain HTTP request (`{line}`) on a port that speaks TLS: use https://")
            }
            Foreign::ProxyHeader => f.write_str(
                "a PROXY protocol header, which this service does not expect from that address: \
                 set accept-proxy to take it",
            ),
            Foreign::Ssh => f.write_str("an SSH client on a port that speaks TLS"),
            Foreign::SslV2 => {
                f.write_str("wrong version number: a hello in SSL 2.0 framing, which is not spoken")
            }
            Foreign::Version { version: [major, minor] } => {
                write!(f, "wrong version number: {major}.{minor} in a record where 3.x belongs")
            }
            Foreign::Unknown { first } => {
                write!(f, "wrong version number: no TLS, the first byte is 0x{first:02x}")
            }
        }
    }
}

impl Foreign {
    pub(super) fn alert(&self) -> Option<Alert> {
        match self {
            Foreign::SslV2 | Foreign::Version { .. } => Some(Alert::PROTOCOL_VERSION),
            Foreign::Unknown { .. }
            | Foreign::Http { .. }
            | Foreign::ProxyHeader
            | Foreign::Ssh => None,
        }
    }

    pub(super) fn plain_answer(&self) -> Option<&'static [u8]> {
        matches!(self, Foreign::Http { .. }).then_some(ANSWER)
    }
}

const METHODS: [&[u8]; 10] = [
    b"GET ",
    b"HEAD ",
    b"POST ",
    b"PUT ",
    b"DELETE ",
    b"OPTIONS ",
    b"CONNECT ",
    b"TRACE ",
    b"PATCH ",
    b"PRI ",
];
const PROXY_V1: &[u8] = b"PROXY ";
const PROXY_V2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
const SSH: &[u8] = b"SSH-";

const HANDSHAKE: u8 = 22;
const ALERT: u8 = 21;

/// What the first bytes say of the protocol.
#[derive(Debug)]
pub(super) enum Guess {
    /// TLS, so far.
    Tls,
    /// It takes more bytes to tell.
    Open,
    Foreign(Foreign),
}

/// Looks at the first bytes.
pub(super) fn recognise(input: &[u8]) -> Guess {
    let Some(&first) = input.first() else { return Guess::Open };
    if first == HANDSHAKE || first == ALERT {
        return match *input {
            [_, major, minor, ..] if major != 3 => {
                Guess::Foreign(Foreign::Version { version: [major, minor] })
            }
            _ => Guess::Tls,
        };
    }
    if METHODS.iter().any(|method| input.starts_with(method)) {
        return Guess::Foreign(Foreign::Http { line: first_line(input) });
    }
    if input.starts_with(PROXY_V1) || input.starts_with(PROXY_V2) {
        return Guess::Foreign(Foreign::ProxyHeader);
    }
    if input.starts_with(SSH) {
        return Guess::Foreign(Foreign::Ssh);
    }
    let mut words = METHODS.iter().chain(&[PROXY_V1, PROXY_V2, SSH]);
    if words.any(|word| word.starts_with(input)) {
        return Guess::Open;
    }
    // SSL 2.0: two bytes of length with the top bit set, then the type of a client's hello, then a version.
    match input {
        [length, _, 1, 0 | 3, ..] if length & 0x80 != 0 => Guess::Foreign(Foreign::SslV2),
        [length] | [length, _] | [length, _, 1] if length & 0x80 != 0 => Guess::Open,
        _ => Guess::Foreign(Foreign::Unknown { first }),
    }
}

fn first_line(input: &[u8]) -> Box<str> {
    let line = input.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
    line.iter()
        .take(MAX_SHOWN)
        .map(|&byte| if (0x20..0x7f).contains(&byte) { char::from(byte) } else { '?' })
        .collect::<String>()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_as_long_as_it_says() {
        let text = std::str::from_utf8(ANSWER).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())), "{}", body.len());
    }
}
