//! Why a source was not used, and where to find others.

use super::Source;
use crate::{Time, certificate::GeneralName};
use std::fmt;

/// No more notes are kept on one certificate.
pub const MAX_NOTES: usize = 64;
/// No more places to ask are collected for one certificate.
pub const MAX_LOCATIONS: usize = 32;
/// A URL of more bytes is not asked.
pub const MAX_URL: usize = 2048;

/// Of names and other words in evidence, notes repeat no more characters.
const MAX_SHOWN: usize = 256;

/// Something about a source of revocation information, mostly why it was not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// What kind of source.
    pub source: Source,
    /// Which of those that were supplied, from 0: stapled OCSP responses count before the others. None where the note is
    /// about what the certificate itself says.
    pub index: Option<usize>,
    /// What is to be said.
    pub problem: Problem,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.index {
            Some(index) => write!(f, "{} {}: {}", self.source, index + 1, self.problem),
            None => write!(f, "{}: {}", self.source, self.problem),
        }
    }
}

/// What is wrong with a source of revocation information.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// It is not by the certificate's issuer, nor by whom the certificate names for it.
    WrongIssuer {
        /// Whom it is by.
        found: String,
        /// The certificate's issuer.
        expected: String,
    },
    /// It is not about certificates like this one.
    OutOfScope(&'static str),
    /// It breaks a rule of the standard for its form.
    Form(&'static str),
    /// The certificate's extension that says where to look cannot be read.
    Unreadable(String),
    /// It begins in the future.
    Future {
        /// When.
        begins: Time,
    },
    /// It is too old.
    Stale {
        /// When it ended.
        ended: Time,
    },
    /// It does not say when the next one comes; it was used all the same.
    NoNextUpdate,
    /// It does not say when the next one comes, and is too old to be believed without.
    TooOld {
        /// When it was made.
        made: Time,
    },
    /// A critical extension that the engine does not know: it proves only revocations.
    UnknownCritical {
        /// The extension, in dotted form.
        oid: String,
    },
    /// The signature was not found good.
    Signature(String),
    /// The signature is over a hash that is broken.
    WeakSignature(String),
    /// No certificate or key of its signer is known.
    NoSigner(String),
    /// The signer may not sign it.
    SignerNotEntitled(String),
    /// A delta CRL that does not fit any base that is at hand.
    NoBase(&'static str),
    /// CRLs were good, but not for all reasons of revocation.
    ReasonsMissing,
    /// The responder answered with an error.
    Refused(&'static str),
    /// The response says nothing about the certificate.
    NotAbout,
    /// The responder does not know the certificate.
    Unknown,
    /// It answers another question: its nonce is not the one that was sent.
    NonceMismatch,
    /// A nonce was sent and none came back; it was used all the same, because many responders send what they have in
    /// store (RFC 9654, section 2.1).
    NoNonce,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::WrongIssuer { found, expected } => {
                write!(f, "it is by {found}, not by the certificate's issuer {expected}")
            }
            Problem::OutOfScope(what) => write!(f, "it is not about the certificate: {what}"),
            Problem::Form(what) => write!(f, "it is not as RFC 5280 wants it: {what}"),
            Problem::Unreadable(what) => {
                write!(f, "what the certificate says about it cannot be read: {what}")
            }
            Problem::Future { begins } => write!(f, "it begins only at {begins}"),
            Problem::Stale { ended } => {
                write!(f, "it should have been replaced at {ended}: get a newer one")
            }
            Problem::NoNextUpdate => f.write_str("it does not say when the next one comes"),
            Problem::TooOld { made } => {
                write!(f, "it is from {made} and does not say how long it is good")
            }
            Problem::UnknownCritical { oid } => {
                write!(f, "the critical extension {oid} is not known")
            }
            Problem::Signature(why) => write!(f, "its signature is not good: {why}"),
            Problem::WeakSignature(scheme) => {
                write!(f, "its signature is too weak to prove anything: {scheme}")
            }
            Problem::NoSigner(signer) => {
                write!(f, "no certificate of its signer was found: {signer}")
            }
            Problem::SignerNotEntitled(why) => write!(f, "its signer may not sign it: {why}"),
            Problem::NoBase(why) => write!(f, "a delta CRL that changes no CRL at hand: {why}"),
            Problem::ReasonsMissing => {
                f.write_str("the CRLs at hand do not cover all reasons of revocation")
            }
            Problem::Refused(why) => write!(f, "the responder gave no answer: {why}"),
            Problem::NotAbout => f.write_str("it does not speak of the certificate"),
            Problem::Unknown => f.write_str("the responder does not know the certificate"),
            Problem::NonceMismatch => {
                f.write_str("it answers another request: its nonce is not the one that was sent")
            }
            Problem::NoNonce => f.write_str("it does not repeat the nonce that was sent"),
        }
    }
}

/// Where evidence may be fetched. Always `http` or `https`, as the certificate or CRL wrote it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Location {
    /// Where a CRL is (RFC 5280, section 4.2.1.13).
    Crl(String),
    /// Where a delta CRL is (RFC 5280, sections 4.2.1.15 and 5.2.6).
    DeltaCrl(String),
    /// An OCSP responder (RFC 5280, section 4.2.2.1).
    Ocsp(String),
}

impl Location {
    /// The URL.
    pub fn url(&self) -> &str {
        match self {
            Location::Crl(url) | Location::DeltaCrl(url) | Location::Ocsp(url) => url,
        }
    }
}

/// The URL of a name that can be fetched.
pub(crate) fn fetchable(name: &GeneralName<'_>) -> Option<String> {
    let GeneralName::Uri(uri) = name else { return None };
    if uri.len() > MAX_URL || !uri.iter().all(u8::is_ascii_graphic) {
        return None;
    }
    let (scheme, rest) = uri.split_at_checked(uri.iter().position(|byte| *byte == b':')?)?;
    let known = scheme.eq_ignore_ascii_case(b"http") || scheme.eq_ignore_ascii_case(b"https");
    if !known || !rest.starts_with(b"://") || rest.len() == 3 {
        return None;
    }
    String::from_utf8(uri.to_vec()).ok()
}

/// What others wrote, for a note: no more than the first 256 characters of it.
pub(super) fn shown(what: impl fmt::Display) -> String {
    let mut text = what.to_string();
    if let Some((end, _)) = text.char_indices().nth(MAX_SHOWN) {
        text.truncate(end);
        text.push('…');
    }
    text
}

/// Notes and places, each once, and no more than the limits allow.
#[derive(Debug, Default)]
pub(super) struct Journal {
    pub(super) notes: Vec<Note>,
    pub(super) wanted: Vec<Location>,
    /// Whether something was supplied that is about the certificate.
    pub(super) relevant: bool,
}

impl Journal {
    pub(super) fn note(&mut self, source: Source, index: Option<usize>, problem: Problem) {
        self.relevant |= !matches!(
            problem,
            Problem::WrongIssuer { .. } | Problem::OutOfScope(_) | Problem::NotAbout
        );
        let note = Note { source, index, problem };
        if self.notes.len() < MAX_NOTES && !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    pub(super) fn want(&mut self, location: Location) {
        if self.wanted.len() < MAX_LOCATIONS && !self.wanted.contains(&location) {
            self.wanted.push(location);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_addresses_are_fetched() {
        let url = |text: &'static str| fetchable(&GeneralName::Uri(text.as_bytes()));
        assert_eq!(url("http://a.example/x.crl").as_deref(), Some("http://a.example/x.crl"));
        assert_eq!(url("HTTPS://a.example/").as_deref(), Some("HTTPS://a.example/"));
        for other in ["ldap://a/", "file:///etc/passwd", "http:", "http://", "http://a b/", "", "a"]
        {
            assert_eq!(url(other), None, "{other}");
        }
        assert_eq!(fetchable(&GeneralName::Uri(&[b'a'; MAX_URL + 1])), None);
        assert_eq!(fetchable(&GeneralName::Dns(b"http://a/")), None);
    }

    #[test]
    fn long_words_are_cut() {
        assert_eq!(shown("ä".repeat(MAX_SHOWN)).len(), 2 * MAX_SHOWN);
        assert_eq!(shown("ä".repeat(MAX_SHOWN + 1)).chars().count(), MAX_SHOWN + 1);
    }

    #[test]
    fn notes_are_bounded_and_said_once() {
        let mut journal = Journal::default();
        for index in 0..2 * MAX_NOTES {
            journal.note(Source::Crl, Some(index / 2), Problem::NotAbout);
        }
        assert_eq!(journal.notes.len(), MAX_NOTES);
        assert!(!journal.relevant);
        journal.note(Source::Crl, None, Problem::Unknown);
        assert!(journal.relevant);
    }
}
