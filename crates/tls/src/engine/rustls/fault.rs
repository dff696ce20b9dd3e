//! rustls's errors in our words, with the alert that stands for each.

use crate::{Alert, TlsError};
use rustls::{AlertDescription, CertificateError, Error, PeerIncompatible};

/// `sent`: the alert that went out for it, where it could be seen; else the one that rustls sends for such an error.
pub(super) fn translate(error: Error, sent: Option<Alert>) -> TlsError {
    let from = |description: AlertDescription| Alert::from_code(u8::from(description));
    match error {
        Error::AlertReceived(alert) => TlsError::AlertReceived(from(alert)),
        Error::InvalidCertificate(reason) => {
            let alert = sent.unwrap_or_else(|| from(AlertDescription::from(reason.clone())));
            TlsError::Certificate { detail: certificate(&reason), alert }
        }
        Error::NoCertificatesPresented => TlsError::Certificate {
            detail: "the peer sent none".into(),
            alert: sent.unwrap_or(Alert::CERTIFICATE_REQUIRED),
        },
        Error::PeerIncompatible(reason) => TlsError::Incompatible {
            detail: incompatible(&reason),
            alert: sent.or(Some(Alert::HANDSHAKE_FAILURE)),
        },
        Error::NoApplicationProtocol => TlsError::Incompatible {
            detail: "no application protocol (ALPN) in common".into(),
            alert: sent.or(Some(Alert::NO_APPLICATION_PROTOCOL)),
        },
        Error::InvalidMessage(reason) => TlsError::Misbehaved {
            alert: sent.or(Some(from(AlertDescription::from(reason)))),
            detail: format!("malformed message: {reason:?}"),
        },
        Error::InappropriateMessage { got_type, .. } => TlsError::Misbehaved {
            detail: format!("unexpected record of type {got_type:?}"),
            alert: sent.or(Some(Alert::UNEXPECTED_MESSAGE)),
        },
        Error::InappropriateHandshakeMessage { got_type, .. } => TlsError::Misbehaved {
            detail: format!("unexpected handshake message {got_type:?}"),
            alert: sent.or(Some(Alert::UNEXPECTED_MESSAGE)),
        },
        Error::DecryptError => TlsError::Misbehaved {
            detail: "a record does not authenticate".into(),
            alert: sent.or(Some(Alert::BAD_RECORD_MAC)),
        },
        Error::PeerSentOversizedRecord => TlsError::Misbehaved {
            detail: "a record holds more than 16384 bytes".into(),
            alert: sent.or(Some(Alert::RECORD_OVERFLOW)),
        },
        Error::PeerMisbehaved(reason) => {
            TlsError::Misbehaved { detail: format!("{reason:?}"), alert: sent }
        }
        other => TlsError::Local(other.to_string()),
    }
}

fn certificate(reason: &CertificateError) -> String {
    match reason {
        CertificateError::UnknownIssuer => "it leads to no trust anchor".into(),
        CertificateError::Other(other) => other.to_string(),
        other => other.to_string(),
    }
}

fn incompatible(reason: &PeerIncompatible) -> String {
    match reason {
        PeerIncompatible::NoCipherSuitesInCommon => "no cipher suite in common".into(),
        PeerIncompatible::NoKxGroupsInCommon => "no key exchange group in common".into(),
        PeerIncompatible::NoSignatureSchemesInCommon => "no signature scheme in common".into(),
        PeerIncompatible::ServerDoesNotSupportTls12Or13
        | PeerIncompatible::SupportedVersionsExtensionRequired
        | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
        | PeerIncompatible::Tls12NotOffered
        | PeerIncompatible::Tls12NotOfferedOrEnabled => "no protocol version in common".into(),
        other => format!("{other:?}"),
    }
}
