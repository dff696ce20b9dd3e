//! What a certificate is to be used for.

use crate::{der::Oid, oid};
use std::{fmt, str::FromStr};

/// What a certificate is to be used for (RFC 5280, section 4.2.1.12).
///
/// ```
/// use ravelin_trust::Purpose;
///
/// assert_eq!("server-auth".parse(), Ok(Purpose::ServerAuth));
/// assert_eq!("1.3.6.1.5.5.7.3.17".parse::<Purpose>().unwrap().to_string(), "1.3.6.1.5.5.7.3.17");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Purpose {
    /// A TLS server.
    ServerAuth,
    /// A TLS client.
    ClientAuth,
    /// Signing programs.
    CodeSigning,
    /// Protecting e-mail.
    Email,
    /// Signing time stamps.
    TimeStamping,
    /// Signing OCSP responses.
    OcspSigning,
    /// Signing documents (RFC 9336).
    DocumentSigning,
    /// Any.
    Any,
    /// Another, by its object identifier, encoded.
    Other(Box<[u8]>),
}

impl Purpose {
    const WORDS: [(Purpose, &'static str); 8] = [
        (Purpose::ServerAuth, "server-auth"),
        (Purpose::ClientAuth, "client-auth"),
        (Purpose::CodeSigning, "code-signing"),
        (Purpose::Email, "email"),
        (Purpose::TimeStamping, "time-stamping"),
        (Purpose::OcspSigning, "ocsp-signing"),
        (Purpose::DocumentSigning, "document-signing"),
        (Purpose::Any, "any"),
    ];

    /// Its object identifier; none for any.
    pub fn oid(&self) -> Option<Oid<'_>> {
        Some(match self {
            Purpose::ServerAuth => oid::SERVER_AUTH,
            Purpose::ClientAuth => oid::CLIENT_AUTH,
            Purpose::CodeSigning => oid::CODE_SIGNING,
            Purpose::Email => oid::EMAIL_PROTECTION,
            Purpose::TimeStamping => oid::TIME_STAMPING,
            Purpose::OcspSigning => oid::OCSP_SIGNING,
            Purpose::DocumentSigning => oid::DOCUMENT_SIGNING,
            Purpose::Other(bytes) => Oid(bytes),
            Purpose::Any => return None,
        })
    }

    /// The purpose with this object identifier.
    pub fn of(oid: Oid<'_>) -> Purpose {
        let known = Purpose::WORDS.into_iter().find(|(purpose, _)| purpose.oid() == Some(oid));
        known.map_or_else(|| Purpose::Other(oid.0.into()), |(purpose, _)| purpose)
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (Purpose::WORDS.iter().find(|(purpose, _)| purpose == self), self.oid()) {
            (Some((_, word)), _) => f.write_str(word),
            (None, Some(oid)) => write!(f, "{oid}"),
            (None, None) => Ok(()),
        }
    }
}

/// Text that is no purpose.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "there is no purpose `{0}`: there are server-auth, client-auth, code-signing, email, time-stamping, ocsp-signing, document-signing, any, and object identifiers like 1.3.6.1.5.5.7.3.1"
)]
pub struct UnknownPurpose(String);

impl FromStr for Purpose {
    type Err = UnknownPurpose;

    fn from_str(text: &str) -> Result<Purpose, UnknownPurpose> {
        if let Some((purpose, _)) = Purpose::WORDS.into_iter().find(|(_, word)| *word == text) {
            return Ok(purpose);
        }
        let oid = crate::der::encode_oid(text).ok_or_else(|| UnknownPurpose(text.to_owned()))?;
        Ok(Purpose::of(Oid(&oid)))
    }
}
