//! Sealing and opening single records with one direction's keys.

use super::{Algorithm, Secret};
use crate::{Alert, TlsError, Version, buffers::MAX_PLAIN};
use aws_lc_rs::aead::{
    AES_128_GCM, AES_256_GCM, Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey,
};

/// What a record carries, by its number on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ContentType(pub(super) u8);

impl ContentType {
    pub(super) const CHANGE_CIPHER_SPEC: ContentType = ContentType(20);
    pub(super) const ALERT: ContentType = ContentType(21);
    pub(super) const HANDSHAKE: ContentType = ContentType(22);
    pub(super) const APPLICATION_DATA: ContentType = ContentType(23);
    const HEARTBEAT: ContentType = ContentType(24);
}

/// Payloads as long as this or longer are refused (RFC 5246, section 6.2.3, taken strictly).
const MAX_PAYLOAD: usize = MAX_PLAIN + 2048;
const TAG: usize = 16;
const EXPLICIT_NONCE: usize = 8;

/// The five bytes in front of every record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    pub(super) content: ContentType,
    version: [u8; 2],
    length: usize,
}

impl Header {
    pub(super) const LENGTH: usize = 5;

    /// Reads the header at the front of `bytes`; `None` while it is incomplete. What no more bytes could mend is an error
    /// at once.
    pub(super) fn read(bytes: &[u8]) -> Result<Option<Header>, TlsError> {
        let wrong = |what| Err(misbehaved(what, Some(Alert::DECODE_ERROR)));
        let known = ContentType::CHANGE_CIPHER_SPEC.0..=ContentType::HEARTBEAT.0;
        if bytes.first().is_some_and(|content| !known.contains(content)) {
            return wrong("unknown record type");
        }
        if bytes.get(1..3).is_some_and(|version| version[0] != 3) {
            return wrong("wrong version number");
        }
        let Some(&[content, major, minor, high, low]) = bytes.first_chunk() else {
            return Ok(None);
        };
        let header = Header {
            content: ContentType(content),
            version: [major, minor],
            length: usize::from(u16::from_be_bytes([high, low])),
        };
        if header.length == 0 && header.content != ContentType::APPLICATION_DATA {
            return wrong("empty record");
        }
        if header.length >= MAX_PAYLOAD {
            return wrong("record longer than any may be");
        }
        Ok(Some(header))
    }

    pub(super) fn record_length(self) -> usize {
        Header::LENGTH + self.length
    }
}

pub(super) fn misbehaved(detail: &str, alert: Option<Alert>) -> TlsError {
    TlsError::Misbehaved { detail: detail.into(), alert }
}

/// How nonces and lengths are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// RFC 8446, section 5.2: the content type stands behind the plaintext.
    Tls13,
    /// RFC 5288, section 3: eight bytes of the nonce stand in front of the ciphertext.
    Tls12Explicit,
    /// RFC 7905, section 2.
    Tls12Implicit,
}

/// One direction's key, nonce base and sequence number.
pub(super) struct Protection {
    key: LessSafeKey,
    iv: [u8; 12],
    shape: Shape,
    sequence: u64,
}

impl Protection {
    pub(super) fn new(version: Version, secret: &Secret, sequence: u64) -> Protection {
        let algorithm = match secret.algorithm {
            Algorithm::Aes128Gcm => &AES_128_GCM,
            Algorithm::Aes256Gcm => &AES_256_GCM,
            Algorithm::Chacha20Poly1305 => &CHACHA20_POLY1305,
        };
        let length = secret.algorithm.key_length();
        let shape = match (version, secret.algorithm) {
            (Version::Tls13, _) => Shape::Tls13,
            (Version::Tls12, Algorithm::Chacha20Poly1305) => Shape::Tls12Implicit,
            (Version::Tls12, _) => Shape::Tls12Explicit,
        };
        // The length is the algorithm's own, the one reason a key is refused.
        let key = UnboundKey::new(algorithm, &secret.key[..length])
            .expect("key length fits the algorithm");
        Protection { key: LessSafeKey::new(key), iv: secret.iv, shape, sequence }
    }

    /// Goes on with new keys; the sequence starts again (RFC 8446, section 5.3).
    pub(super) fn renew(&mut self, version: Version, secret: &Secret) {
        *self = Protection::new(version, secret, 0);
    }

    pub(super) fn sequence(&self) -> u64 {
        self.sequence
    }

    pub(super) fn header_length(&self) -> usize {
        match self.shape {
            Shape::Tls12Explicit => Header::LENGTH + EXPLICIT_NONCE,
            Shape::Tls13 | Shape::Tls12Implicit => Header::LENGTH,
        }
    }

    pub(super) fn trailer_length(&self) -> usize {
        match self.shape {
            Shape::Tls13 => 1 + TAG,
            Shape::Tls12Explicit | Shape::Tls12Implicit => TAG,
        }
    }

    /// `iv ^ sequence` (RFC 8446, section 5.3; RFC 7905, section 2). TLS 1.2 with GCM may choose its explicit part as
    /// it likes as long as it never repeats, so the same construction serves there.
    fn nonce(&self) -> [u8; 12] {
        let mut nonce = self.iv;
        for (byte, sequence) in nonce[4..].iter_mut().zip(self.sequence.to_be_bytes()) {
            *byte ^= sequence;
        }
        nonce
    }

    fn aad12(&self, content: ContentType, version: [u8; 2], plain: usize) -> [u8; 13] {
        let mut aad = [0; 13];
        aad[..8].copy_from_slice(&self.sequence.to_be_bytes());
        aad[8] = content.0;
        aad[9..11].copy_from_slice(&version);
        aad[11..].copy_from_slice(&length_bytes(plain));
        aad
    }

    fn advance(&mut self) -> Result<(), TlsError> {
        // Two in reserve, so that no error path can wrap it.
        if self.sequence >= u64::MAX - 2 {
            return Err(TlsError::KeysExhausted);
        }
        self.sequence += 1;
        Ok(())
    }

    /// Seals a record in place: `record` is as long as header, `plain` bytes and trailer together, with the
    /// plaintext in its middle.
    pub(super) fn seal(
        &mut self,
        content: ContentType,
        record: &mut [u8],
        plain: usize,
    ) -> Result<(), TlsError> {
        let nonce = self.nonce();
        let (header, body) = record.split_at_mut(self.header_length());
        let (text, trailer) = body.split_at_mut(plain);
        let payload = header.len() - Header::LENGTH + plain + trailer.len();
        let outer =
            if self.shape == Shape::Tls13 { ContentType::APPLICATION_DATA } else { content };
        let [high, low] = length_bytes(payload);
        header[..Header::LENGTH].copy_from_slice(&[outer.0, 3, 3, high, low]);
        let unique = Nonce::assume_unique_for_key(nonce);
        let sealed = match self.shape {
            Shape::Tls13 => {
                let aad: [u8; 5] = [outer.0, 3, 3, high, low];
                self.key.seal_in_place_scatter(unique, Aad::from(aad), text, &[content.0], trailer)
            }
            Shape::Tls12Explicit | Shape::Tls12Implicit => {
                if self.shape == Shape::Tls12Explicit {
                    header[Header::LENGTH..].copy_from_slice(&nonce[4..]);
                }
                let aad = self.aad12(content, [3, 3], plain);
                self.key.seal_in_place_scatter(unique, Aad::from(aad), text, &[], trailer)
            }
        };
        sealed.map_err(|_| TlsError::Local("the cipher refused to seal".into()))?;
        self.advance()
    }

    /// Appends a sealed record with a short content to `out`.
    pub(super) fn append(
        &mut self,
        content: ContentType,
        text: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), TlsError> {
        let start = out.len();
        out.resize(start + self.header_length(), 0);
        out.extend_from_slice(text);
        out.resize(out.len() + self.trailer_length(), 0);
        self.seal(content, &mut out[start..], text.len())
    }

    /// Opens a complete record into `plain`, which is at least as long; returns what it carries and how many bytes.
    pub(super) fn open(
        &mut self,
        header: Header,
        record: &[u8],
        plain: &mut [u8],
    ) -> Result<(ContentType, usize), TlsError> {
        let bad_mac = || misbehaved("a record does not authenticate", Some(Alert::BAD_RECORD_MAC));
        let overhead = self.header_length() + TAG;
        let body = record.len().checked_sub(overhead).ok_or_else(bad_mac)?;
        let (nonce, cipher) = match self.shape {
            Shape::Tls13 | Shape::Tls12Implicit => (self.nonce(), &record[Header::LENGTH..]),
            Shape::Tls12Explicit => {
                let (explicit, cipher) = record[Header::LENGTH..].split_at(EXPLICIT_NONCE);
                let mut nonce = self.iv;
                nonce[4..].copy_from_slice(explicit);
                (nonce, cipher)
            }
        };
        let (cipher, tag) = cipher.split_at(body);
        let plain = &mut plain[..body];
        let nonce = Nonce::assume_unique_for_key(nonce);
        match self.shape {
            Shape::Tls13 => {
                // The header's type and version are the only ones there may be (RFC 8446, section 5.2), so what stands
                // there does not count; only the length does.
                let [high, low] = length_bytes(header.length);
                let aad: [u8; 5] = [ContentType::APPLICATION_DATA.0, 3, 3, high, low];
                self.key.open_separate_gather(nonce, Aad::from(aad), cipher, tag, plain)
            }
            Shape::Tls12Explicit | Shape::Tls12Implicit => {
                let aad = self.aad12(header.content, header.version, body);
                self.key.open_separate_gather(nonce, Aad::from(aad), cipher, tag, plain)
            }
        }
        .map_err(|_| bad_mac())?;
        self.advance()?;
        let (content, count) = match self.shape {
            Shape::Tls13 => inner(plain)?,
            Shape::Tls12Explicit | Shape::Tls12Implicit => (header.content, body),
        };
        if count > MAX_PLAIN {
            return Err(overflow());
        }
        Ok((content, count))
    }
}

/// Finds the content type behind the plaintext and in front of the padding (RFC 8446, section 5.4).
fn inner(plain: &[u8]) -> Result<(ContentType, usize), TlsError> {
    if plain.len() > MAX_PLAIN + 1 {
        return Err(overflow());
    }
    let at = plain.iter().rposition(|byte| *byte != 0);
    let at = at.ok_or_else(|| misbehaved("a record without a content type", None))?;
    if plain[at] == ContentType::CHANGE_CIPHER_SPEC.0 {
        return Err(misbehaved("a protected change_cipher_spec", Some(Alert::UNEXPECTED_MESSAGE)));
    }
    Ok((ContentType(plain[at]), at))
}

fn overflow() -> TlsError {
    misbehaved("a record holds more than 16384 bytes", Some(Alert::RECORD_OVERFLOW))
}

#[allow(clippy::cast_possible_truncation, reason = "records are shorter than 2^16 by their limits")]
fn length_bytes(length: usize) -> [u8; 2] {
    debug_assert!(u16::try_from(length).is_ok());
    (length as u16).to_be_bytes()
}
