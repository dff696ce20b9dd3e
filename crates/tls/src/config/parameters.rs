//! Versions, cipher suites and groups by their registered names.

use std::{fmt, str::FromStr};

/// A protocol version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// TLS 1.2 (RFC 5246).
    Tls12,
    /// TLS 1.3 (RFC 8446).
    Tls13,
}

impl Version {
    /// The name that OpenSSL, Node and the rest of the field use.
    ///
    /// ```
    /// assert_eq!(ravelin_tls::Version::Tls13.name(), "TLSv1.3");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Version::Tls12 => "TLSv1.2",
            Version::Tls13 => "TLSv1.3",
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Version {
    type Err = UnknownName;

    /// Reads `1.2`, `TLSv1.2`, `TLS 1.2` and the like.
    fn from_str(text: &str) -> Result<Version, UnknownName> {
        let lower = text.to_ascii_lowercase();
        let number = lower.trim_start_matches("tls").trim_start_matches(['v', ' ', '_']);
        match number {
            "1.2" | "12" => Ok(Version::Tls12),
            "1.3" | "13" => Ok(Version::Tls13),
            _ => Err(unknown("protocol version", text, &["1.2", "1.3"])),
        }
    }
}

/// The versions a context speaks: 1.2 and 1.3 by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VersionRange {
    /// The lowest.
    pub min: Version,
    /// The highest.
    pub max: Version,
}

impl VersionRange {
    /// Whether a version lies in the range.
    pub fn contains(self, version: Version) -> bool {
        (self.min..=self.max).contains(&version)
    }
}

impl Default for VersionRange {
    fn default() -> VersionRange {
        VersionRange { min: Version::Tls12, max: Version::Tls13 }
    }
}

/// A name that stands for nothing we know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown {kind} `{name}`; known are {known}")]
pub struct UnknownName {
    kind: &'static str,
    name: String,
    known: String,
}

fn unknown(kind: &'static str, name: &str, known: &[&str]) -> UnknownName {
    UnknownName { kind, name: name.chars().take(80).collect(), known: known.join(", ") }
}

/// Letters and digits only, in lower case: how names are compared.
fn bare(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

macro_rules! registry {
    (
        $(#[$doc:meta])* $type:ident, $kind:literal;
        $($constant:ident = $code:literal, $name:literal, $openssl:literal $(, $alias:literal)*;)*
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $type(u16);

        impl $type {
            $(
                #[doc = concat!("`", $name, "`")]
                pub const $constant: $type = $type($code);
            )*

            /// All that the default engine has.
            pub const ALL: &[$type] = &[$($type::$constant,)*];

            /// By its number in the IANA registry.
            pub const fn from_code(code: u16) -> $type {
                $type(code)
            }

            /// Its number in the IANA registry.
            pub const fn code(self) -> u16 {
                self.0
            }

            /// Its name in the IANA registry; `unknown` for one that we do not know.
            pub fn name(self) -> &'static str {
                match self.0 {
                    $($code => $name,)*
                    _ => "unknown",
                }
            }

            /// The name that OpenSSL uses.
            pub fn openssl_name(self) -> &'static str {
                match self.0 {
                    $($code => $openssl,)*
                    _ => "unknown",
                }
            }
        }

        impl FromStr for $type {
            type Err = UnknownName;

            /// Reads the registry's and OpenSSL's names and common spellings, in any case.
            fn from_str(text: &str) -> Result<$type, UnknownName> {
                let wanted = bare(text);
                $(
                    if [$name, $openssl $(, $alias)*].iter().any(|name| bare(name) == wanted) {
                        return Ok($type::$constant);
                    }
                )*
                Err(unknown($kind, text, &[$($name,)*]))
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self.name() {
                    "unknown" => write!(f, "0x{:04x}", self.0),
                    name => f.write_str(name),
                }
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($type))
            }
        }
    };
}

registry! {
    /// A cipher suite by its number in the IANA registry.
    ///
    /// ```
    /// use ravelin_tls::CipherSuite;
    /// let suite: CipherSuite = "ECDHE-RSA-AES128-GCM-SHA256".parse()?;
    /// assert_eq!(suite.name(), "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
    /// # Ok::<_, ravelin_tls::UnknownName>(())
    /// ```
    CipherSuite, "cipher suite";
    TLS_AES_128_GCM_SHA256 = 0x1301, "TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256", "TLS13_AES_128_GCM_SHA256";
    TLS_AES_256_GCM_SHA384 = 0x1302, "TLS_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384", "TLS13_AES_256_GCM_SHA384";
    TLS_CHACHA20_POLY1305_SHA256 = 0x1303, "TLS_CHACHA20_POLY1305_SHA256", "TLS_CHACHA20_POLY1305_SHA256", "TLS13_CHACHA20_POLY1305_SHA256";
    TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 = 0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256";
    TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 = 0xc02c, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384";
    TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 = 0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256";
    TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 = 0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384";
    TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 = 0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-CHACHA20-POLY1305";
    TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 = 0xcca9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305";
}

registry! {
    /// A key exchange group by its number in the IANA registry.
    ///
    /// ```
    /// use ravelin_tls::Group;
    /// assert_eq!("P-256".parse::<Group>()?, Group::SECP256R1);
    /// # Ok::<_, ravelin_tls::UnknownName>(())
    /// ```
    Group, "group";
    SECP256R1 = 23, "secp256r1", "prime256v1", "P-256";
    SECP384R1 = 24, "secp384r1", "secp384r1", "P-384";
    X25519 = 29, "x25519", "X25519";
    MLKEM768 = 0x0201, "MLKEM768", "MLKEM768";
    MLKEM1024 = 0x0202, "MLKEM1024", "MLKEM1024";
    SECP256R1MLKEM768 = 0x11eb, "SecP256r1MLKEM768", "SecP256r1MLKEM768";
    X25519MLKEM768 = 0x11ec, "X25519MLKEM768", "X25519MLKEM768";
}

registry! {
    /// A signature scheme by its number in the IANA registry (RFC 8446, section 4.2.3). In TLS 1.2 the ECDSA ones name a
    /// hash function and any curve.
    ///
    /// ```
    /// use ravelin_tls::SignatureScheme;
    /// assert_eq!("RSA-PSS+SHA256".parse(), Ok(SignatureScheme::RSA_PSS_RSAE_SHA256));
    /// assert_eq!(SignatureScheme::from_code(0x0403).name(), "ecdsa_secp256r1_sha256");
    /// ```
    SignatureScheme, "signature scheme";
    RSA_PKCS1_SHA256 = 0x0401, "rsa_pkcs1_sha256", "RSA+SHA256";
    RSA_PKCS1_SHA384 = 0x0501, "rsa_pkcs1_sha384", "RSA+SHA384";
    RSA_PKCS1_SHA512 = 0x0601, "rsa_pkcs1_sha512", "RSA+SHA512";
    ECDSA_SECP256R1_SHA256 = 0x0403, "ecdsa_secp256r1_sha256", "ECDSA+SHA256";
    ECDSA_SECP384R1_SHA384 = 0x0503, "ecdsa_secp384r1_sha384", "ECDSA+SHA384";
    ECDSA_SECP521R1_SHA512 = 0x0603, "ecdsa_secp521r1_sha512", "ECDSA+SHA512";
    RSA_PSS_RSAE_SHA256 = 0x0804, "rsa_pss_rsae_sha256", "RSA-PSS+SHA256";
    RSA_PSS_RSAE_SHA384 = 0x0805, "rsa_pss_rsae_sha384", "RSA-PSS+SHA384";
    RSA_PSS_RSAE_SHA512 = 0x0806, "rsa_pss_rsae_sha512", "RSA-PSS+SHA512";
    ED25519 = 0x0807, "ed25519", "ed25519";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read_back() {
        for suite in CipherSuite::ALL {
            assert_eq!(suite.name().parse(), Ok(*suite));
            assert_eq!(suite.openssl_name().to_lowercase().parse(), Ok(*suite));
        }
        for group in Group::ALL {
            assert_eq!(group.name().parse(), Ok(*group));
            assert_eq!(group.openssl_name().parse(), Ok(*group));
        }
        for scheme in SignatureScheme::ALL {
            assert_eq!(scheme.name().parse(), Ok(*scheme));
            assert_eq!(scheme.openssl_name().parse(), Ok(*scheme));
        }
        assert_eq!(CipherSuite::from_code(0x0005).to_string(), "0x0005");
    }

    #[test]
    fn versions_are_read_in_common_spellings() {
        for text in ["1.2", "TLSv1.2", "tls1.2", "TLS 1.2", "tls12"] {
            assert_eq!(text.parse(), Ok(Version::Tls12), "{text}");
        }
        let error = "1.1".parse::<Version>().unwrap_err();
        assert_eq!(error.to_string(), "unknown protocol version `1.1`; known are 1.2, 1.3");
    }

    #[test]
    fn ranges_hold_their_ends() {
        let only12 = VersionRange { min: Version::Tls12, max: Version::Tls12 };
        assert!(only12.contains(Version::Tls12) && !only12.contains(Version::Tls13));
        assert!(VersionRange::default().contains(Version::Tls13));
    }
}
