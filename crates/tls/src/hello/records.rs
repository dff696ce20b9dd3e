//! The handshake message out of the records it came in.

use super::{Foreign, HelloError, MAX_HELLO, MAX_RECORDS};
use crate::Alert;

const HEADER: usize = 5;
const MESSAGE_HEADER: usize = 4;
const MAX_RECORD: usize = 16_384;
const HANDSHAKE: u8 = 22;
const ALERT: u8 = 21;
const CLIENT_HELLO: u8 = 1;

/// How far a reader got.
#[derive(Debug, Default)]
pub(super) struct Records {
    /// Bytes of the input that are read.
    consumed: usize,
    count: usize,
    /// The message so far, its header included.
    message: Vec<u8>,
}

impl Records {
    /// The message's body once it is complete. It is copied only when it is split over records.
    pub(super) fn read<'a>(&'a mut self, input: &'a [u8]) -> Result<Option<&'a [u8]>, HelloError> {
        loop {
            let rest = input.get(self.consumed..).unwrap_or_default();
            let Some(body) = record(rest, self.consumed)? else { return Ok(None) };
            self.count += 1;
            if self.count > MAX_RECORDS {
                return Err(HelloError::TooManyRecords);
            }
            if self.message.is_empty()
                && let Some(end) = message_end(body)?
                && let Some(message) = body.get(MESSAGE_HEADER..end)
            {
                return Ok(Some(message));
            }
            self.message.extend_from_slice(body);
            self.consumed += HEADER + body.len();
            if let Some(end) = message_end(&self.message)?
                && end <= self.message.len()
            {
                return Ok(Some(&self.message[MESSAGE_HEADER..end]));
            }
        }
    }
}

/// Where the message ends, by its header; none while that is incomplete.
fn message_end(message: &[u8]) -> Result<Option<usize>, HelloError> {
    match message.first() {
        Some(&kind) if kind != CLIENT_HELLO => return Err(HelloError::NotHello { kind }),
        _ => {}
    }
    let Some(&[_, high, middle, low]) = message.first_chunk::<MESSAGE_HEADER>() else {
        return Ok(None);
    };
    let length = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
    if length > MAX_HELLO {
        return Err(HelloError::TooLong { length });
    }
    Ok(Some(MESSAGE_HEADER + length))
}

/// The body of the record at the front; none while it is incomplete. What its header forbids is said at once.
fn record(bytes: &[u8], offset: usize) -> Result<Option<&[u8]>, HelloError> {
    let Some(&content) = bytes.first() else { return Ok(None) };
    if content == ALERT && offset == 0 {
        // Level and description follow the header.
        return match bytes.get(HEADER + 1) {
            Some(&code) => Err(HelloError::Alert(Alert::from_code(code))),
            None => Ok(None),
        };
    }
    if content != HANDSHAKE {
        return Err(HelloError::Interrupted { content, offset });
    }
    match *bytes {
        [_, major, minor, ..] if major != 3 => {
            return Err(HelloError::Foreign(Foreign::Version { version: [major, minor] }));
        }
        _ => {}
    }
    let Some(&[_, _, _, high, low]) = bytes.first_chunk::<HEADER>() else { return Ok(None) };
    let length = usize::from(u16::from_be_bytes([high, low]));
    match length {
        0 => Err(HelloError::EmptyRecord { offset }),
        1..=MAX_RECORD => Ok(bytes.get(HEADER..HEADER + length)),
        _ => Err(HelloError::RecordTooLong { length, offset }),
    }
}
