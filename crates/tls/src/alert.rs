//! Alerts by their names in the standard (RFC 8446, section 6; RFC 5246, section 7.2).

use std::fmt;

/// An alert description as it stands on the wire.
///
/// ```
/// use ravelin_tls::Alert;
/// assert_eq!(Alert::BAD_CERTIFICATE.code(), 42);
/// assert_eq!(Alert::CERTIFICATE_EXPIRED.to_string(), "certificate_expired");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Alert(u8);

macro_rules! alerts {
    ($($name:ident = $code:literal, $word:literal;)*) => {
        impl Alert {
            $(
                #[doc = concat!("`", $word, "` (", $code, ")")]
                pub const $name: Alert = Alert($code);
            )*

            /// The alert's name in the standard, if it has one.
            pub fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($code => Some($word),)*
                    _ => None,
                }
            }
        }
    };
}

alerts! {
    CLOSE_NOTIFY = 0, "close_notify";
    UNEXPECTED_MESSAGE = 10, "unexpected_message";
    BAD_RECORD_MAC = 20, "bad_record_mac";
    RECORD_OVERFLOW = 22, "record_overflow";
    HANDSHAKE_FAILURE = 40, "handshake_failure";
    BAD_CERTIFICATE = 42, "bad_certificate";
    UNSUPPORTED_CERTIFICATE = 43, "unsupported_certificate";
    CERTIFICATE_REVOKED = 44, "certificate_revoked";
    CERTIFICATE_EXPIRED = 45, "certificate_expired";
    CERTIFICATE_UNKNOWN = 46, "certificate_unknown";
    ILLEGAL_PARAMETER = 47, "illegal_parameter";
    UNKNOWN_CA = 48, "unknown_ca";
    ACCESS_DENIED = 49, "access_denied";
    DECODE_ERROR = 50, "decode_error";
    DECRYPT_ERROR = 51, "decrypt_error";
    PROTOCOL_VERSION = 70, "protocol_version";
    INSUFFICIENT_SECURITY = 71, "insufficient_security";
    INTERNAL_ERROR = 80, "internal_error";
    INAPPROPRIATE_FALLBACK = 86, "inappropriate_fallback";
    USER_CANCELED = 90, "user_canceled";
    NO_RENEGOTIATION = 100, "no_renegotiation";
    MISSING_EXTENSION = 109, "missing_extension";
    UNSUPPORTED_EXTENSION = 110, "unsupported_extension";
    UNRECOGNIZED_NAME = 112, "unrecognized_name";
    BAD_CERTIFICATE_STATUS_RESPONSE = 113, "bad_certificate_status_response";
    UNKNOWN_PSK_IDENTITY = 115, "unknown_psk_identity";
    CERTIFICATE_REQUIRED = 116, "certificate_required";
    NO_APPLICATION_PROTOCOL = 120, "no_application_protocol";
    ECH_REQUIRED = 121, "ech_required";
}

impl Alert {
    /// The alert with this number.
    pub const fn from_code(code: u8) -> Alert {
        Alert(code)
    }

    /// The number on the wire.
    pub const fn code(self) -> u8 {
        self.0
    }
}

impl fmt::Display for Alert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "alert {}", self.0),
        }
    }
}

impl fmt::Debug for Alert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Alert({self})")
    }
}
