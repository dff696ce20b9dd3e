//! What is asked for.

use aws_lc_rs::digest;
use std::fmt;

/// Issuer certificates beyond this size, in bytes, are refused: many times what a bundle of them has.
pub const MAX_ISSUER: usize = 1 << 20;

/// OCSP responses beyond this size, in bytes, are refused: many times what one with its certificates has.
pub const MAX_OCSP: usize = 1 << 18;

/// The kind of what is asked for.
///
/// ```
/// use ravelin_net::fetch::EvidenceKind;
///
/// assert_eq!(EvidenceKind::Crl.to_string(), "CRL");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EvidenceKind {
    /// The certificate of an issuer (RFC 5280, section 4.2.2.1).
    Issuer,
    /// A certificate revocation list (RFC 5280, section 4.2.1.13).
    Crl,
    /// An OCSP response (RFC 6960).
    Ocsp,
}

impl EvidenceKind {
    /// The `Accept` header: what the standards register, and anything else, as many servers mislabel.
    pub(super) fn accept(self) -> &'static str {
        match self {
            EvidenceKind::Issuer => "application/pkix-cert, application/pkcs7-mime, */*;q=0.5",
            EvidenceKind::Crl => "application/pkix-crl, */*;q=0.5",
            EvidenceKind::Ocsp => "application/ocsp-response, */*;q=0.5",
        }
    }

    /// The largest body of this kind when `most` bytes are allowed at all.
    pub(super) fn most_bytes(self, most: usize) -> usize {
        match self {
            EvidenceKind::Issuer => most.min(MAX_ISSUER),
            EvidenceKind::Crl => most,
            EvidenceKind::Ocsp => most.min(MAX_OCSP),
        }
    }
}

impl fmt::Display for EvidenceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            EvidenceKind::Issuer => "issuer certificate",
            EvidenceKind::Crl => "CRL",
            EvidenceKind::Ocsp => "OCSP response",
        })
    }
}

/// One thing to fetch.
///
/// ```
/// use ravelin_net::fetch::{EvidenceKind, FetchRequest};
///
/// let request = FetchRequest::ocsp("http://ocsp.example/", [0x30, 0x00]);
/// assert_eq!(request.kind(), EvidenceKind::Ocsp);
/// assert_eq!(request.url(), "http://ocsp.example/");
/// assert_eq!(request.body(), Some(&[0x30, 0x00][..]));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct FetchRequest {
    kind: EvidenceKind,
    url: Box<str>,
    body: Option<Box<[u8]>>,
}

impl FetchRequest {
    /// The issuer's certificate at `url`, by GET.
    ///
    /// ```
    /// let request = ravelin_net::fetch::FetchRequest::issuer("http://ca.example/ca.cer");
    /// assert_eq!(request.body(), None);
    /// ```
    pub fn issuer(url: impl Into<Box<str>>) -> FetchRequest {
        FetchRequest { kind: EvidenceKind::Issuer, url: url.into(), body: None }
    }

    /// The CRL at `url`, by GET.
    ///
    /// ```
    /// let request = ravelin_net::fetch::FetchRequest::crl("http://ca.example/ca.crl");
    /// assert_eq!(request.body(), None);
    /// ```
    pub fn crl(url: impl Into<Box<str>>) -> FetchRequest {
        FetchRequest { kind: EvidenceKind::Crl, url: url.into(), body: None }
    }

    /// The answer of the OCSP responder at `url` to the request `body` (an OCSPRequest as DER), by POST
    /// (RFC 6960, appendix A.1).
    ///
    /// ```
    /// let request = ravelin_net::fetch::FetchRequest::ocsp("http://ocsp.example", *b"0\0");
    /// assert!(request.body().is_some());
    /// ```
    pub fn ocsp(url: impl Into<Box<str>>, body: impl Into<Box<[u8]>>) -> FetchRequest {
        FetchRequest { kind: EvidenceKind::Ocsp, url: url.into(), body: Some(body.into()) }
    }

    /// What kind of thing it is.
    pub fn kind(&self) -> EvidenceKind {
        self.kind
    }

    /// Where it is, as it was given.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What is posted; nothing for a GET.
    pub fn body(&self) -> Option<&[u8]> {
        self.body.as_deref()
    }

    /// The name under which its answer is kept.
    pub(super) fn key(&self) -> Key {
        Key::of(b"request", &[&[self.kind as u8], self.url.as_bytes(), self.body().unwrap_or(&[])])
    }

    /// The name under which the faults of its URL, whatever is posted, are kept.
    pub(super) fn url_key(&self) -> Key {
        Key::of(b"url", &[&[self.kind as u8], self.url.as_bytes()])
    }
}

impl fmt::Debug for FetchRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FetchRequest")
            .field("kind", &self.kind)
            .field("url", &self.url)
            .field("body", &self.body.as_ref().map(|body| body.len()))
            .finish()
    }
}

/// A name in a cache: SHA-256 over what it stands for.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key(pub(super) [u8; 32]);

impl Key {
    /// Each part goes in with its length, so that no two lists of parts read the same.
    pub(super) fn of(label: &[u8], parts: &[&[u8]]) -> Key {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(label);
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let mut key = [0; 32];
        key.copy_from_slice(context.finish().as_ref());
        Key(key)
    }
}

#[cfg(test)]
mod tests {
    use super::FetchRequest;

    #[test]
    fn every_part_of_a_request_is_in_its_key() {
        let keys = [
            FetchRequest::issuer("http://a/").key(),
            FetchRequest::crl("http://a/").key(),
            FetchRequest::crl("http://a/b").key(),
            FetchRequest::ocsp("http://a/", *b"").key(),
            FetchRequest::ocsp("http://a/", *b"b").key(),
            FetchRequest::ocsp("http://a/b", *b"").key(),
        ];
        for (index, key) in keys.iter().enumerate() {
            assert_eq!(keys.iter().position(|other| other == key), Some(index));
        }
        assert!(FetchRequest::crl("http://a/").key() == keys[1], "and nothing else is");
    }
}
