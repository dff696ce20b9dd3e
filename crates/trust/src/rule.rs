//! Every rule that the engine judges by: its name, where it stands, and what it means when it is broken.

use std::{fmt, str::FromStr};

/// How much a broken rule matters under a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// The rule is not looked at.
    Off,
    /// It is told of, and does not change the verdict.
    Warning,
    /// What breaks it is not trusted.
    Error,
}

/// Which of the statuses a broken rule leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Revoked,
    NotYetValid,
    Expired,
    /// The certificate itself: `invalid` for the end certificate, `invalidChain` for others.
    Certificate,
    /// `invalidChain`, whichever certificate it is found at.
    Chain,
    Untrusted,
    Name,
    Undetermined,
}

macro_rules! rules {
    ($($variant:ident $name:literal $class:ident $code:ident [$rfc:ident $web:ident $interop:ident $legacy:ident] $section:literal $about:literal;)*) => {
        /// A rule. Its name is what findings, `--json` and `ravelin cert lint` call it.
        ///
        /// ```
        /// use ravelin_trust::{Level, Profile, Rule};
        ///
        /// let rule: Rule = "sha1-signature".parse().unwrap();
        /// assert_eq!(Profile::INTEROP.level(rule), Level::Error);
        /// assert_eq!(Profile::LEGACY.level(rule), Level::Warning);
        /// assert!(rule.section().contains("RFC"));
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Rule {
            $(#[doc = $about] #[doc = concat!("\n\n", $section, ".")] $variant,)*
        }

        /// In the order of their declaration.
        const TABLE: &[Entry] = &[$(Entry {
            rule: Rule::$variant,
            name: $name,
            section: $section,
            about: $about,
            class: Class::$class,
            code: stringify!($code),
            levels: [Level::$rfc, Level::$web, Level::$interop, Level::$legacy],
        },)*];
    };
}

struct Entry {
    rule: Rule,
    name: &'static str,
    section: &'static str,
    about: &'static str,
    class: Class,
    code: &'static str,
    /// Under rfc5280, webpki, interop, legacy.
    levels: [Level; 4],
}

/// How many rules there are.
pub(crate) const RULES: usize = TABLE.len();

impl Rule {
    /// Every rule.
    pub fn all() -> impl Iterator<Item = Rule> {
        TABLE.iter().map(|entry| entry.rule)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        TABLE[self as usize].name
    }

    /// The standard that makes it, with the section.
    pub fn section(self) -> &'static str {
        TABLE[self as usize].section
    }

    /// What it demands, in a sentence.
    pub fn about(self) -> &'static str {
        TABLE[self as usize].about
    }

    pub(crate) fn class(self) -> Class {
        TABLE[self as usize].class
    }

    pub(crate) fn code(self) -> &'static str {
        TABLE[self as usize].code
    }

    pub(crate) const fn levels(index: usize) -> [Level; 4] {
        TABLE[index].levels
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that no rule has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no rule `{0}`")]
pub struct UnknownRule(String);

impl FromStr for Rule {
    type Err = UnknownRule;

    fn from_str(name: &str) -> Result<Rule, UnknownRule> {
        let found = TABLE.iter().find(|entry| entry.name == name);
        found.map(|entry| entry.rule).ok_or_else(|| UnknownRule(name.to_owned()))
    }
}

rules! {
    // The path.
    IssuerNotFound "issuer-not-found" Untrusted UNABLE_TO_GET_ISSUER_CERT_LOCALLY [Error Error Error Error]
        "RFC 5280, section 6.1" "A path must end in a trust anchor.";
    SelfSignedLeaf "self-signed-leaf" Untrusted DEPTH_ZERO_SELF_SIGNED_CERT [Error Error Error Error]
        "RFC 5280, section 6.1" "A self-signed end certificate must itself be a trust anchor.";
    SelfSignedInChain "self-signed-in-chain" Untrusted SELF_SIGNED_CERT_IN_CHAIN [Error Error Error Error]
        "RFC 5280, section 6.1" "A root that a peer sends must be a trust anchor.";
    AnchorNotForPurpose "anchor-not-for-purpose" Untrusted CERT_REJECTED [Error Error Error Error]
        "RFC 5914, section 2.4" "A trust anchor counts only for the purposes it is trusted for.";
    AnchorDistrusted "anchor-distrusted" Untrusted CERT_REJECTED [Error Error Error Error]
        "Mozilla Root Store Policy, section 7.3" "A trust anchor may be trusted only for certificates from before a date.";
    BadSignature "bad-signature" Certificate CERT_SIGNATURE_FAILURE [Error Error Error Error]
        "RFC 5280, section 6.1.3 (a)(1)" "Each certificate must be signed by the key of the next.";
    UnsupportedSignature "unsupported-signature" Certificate UNSUPPORTED_SIGNATURE_ALGORITHM [Error Error Error Error]
        "RFC 5280, section 6.1.3 (a)(1)" "A signature that cannot be verified proves nothing.";
    SignatureAlgorithmMismatch "signature-algorithm-mismatch" Certificate SIGNATURE_ALGORITHM_MISMATCH [Error Error Error Error]
        "RFC 5280, section 4.1.1.2" "The algorithm within the signed part must be the one of the signature.";
    Expired "expired" Expired CERT_HAS_EXPIRED [Error Error Error Error]
        "RFC 5280, section 6.1.3 (a)(2)" "A certificate is good until the end of its validity.";
    NotYetValid "not-yet-valid" NotYetValid CERT_NOT_YET_VALID [Error Error Error Error]
        "RFC 5280, section 6.1.3 (a)(2)" "A certificate is good from the begin of its validity.";
    Revoked "revoked" Revoked CERT_REVOKED [Error Error Error Error]
        "RFC 5280, section 6.1.3 (a)(3)" "No certificate of the path may be revoked.";
    LocallyDistrusted "locally-distrusted" Revoked CERT_REVOKED [Error Error Error Error]
        "RFC 5280, section 6.2" "No certificate or key of the path may stand on the local distrust list.";
    RevocationUnknown "revocation-unknown" Undetermined UNABLE_TO_GET_CRL [Error Error Error Error]
        "RFC 5280, section 6.3" "The revocation policy in force demands that revocation is determined.";
    RevocationUndetermined "revocation-undetermined" Undetermined UNABLE_TO_GET_CRL [Warning Warning Warning Warning]
        "RFC 5280, section 6.3" "Whether the certificate is revoked could not be determined.";
    CrlForm "crl-form" Undetermined UNABLE_TO_GET_CRL [Error Error Off Off]
        "RFC 5280, sections 5.1.2.5, 5.2.1 and 5.2.3" "A CRL must have a number, name its issuer's key and say when the next one comes.";
    MustStaple "must-staple" Undetermined UNABLE_TO_GET_CRL [Error Error Error Error]
        "RFC 7633, section 4.3.3" "A server whose certificate promises a stapled OCSP response must send one.";
    PathTooLong "path-too-long" Chain PATH_LENGTH_EXCEEDED [Error Error Error Error]
        "RFC 5280, section 6.1.4 (l)" "No more intermediates may follow a CA than its path length allows.";
    MaxDepth "max-depth" Chain CERT_CHAIN_TOO_LONG [Error Error Error Error]
        "RFC 5280, section 6.2" "A path may have at most the given number of intermediates.";
    Budget "budget" Chain CERT_CHAIN_TOO_LONG [Error Error Error Error]
        "RFC 5280, section 9" "Deciding must not take unreasonable work.";
    NameMismatch "name-mismatch" Name ERR_TLS_CERT_ALTNAME_INVALID [Error Error Error Error]
        "RFC 9525, section 6" "The certificate must be for the name that was asked for.";
    CommonNameUsed "common-name-used" Name ERR_TLS_CERT_ALTNAME_INVALID [Warning Warning Warning Warning]
        "RFC 9525, section 2" "A name should stand in the subject alternative name.";
    NotPermittedName "name-not-permitted" Chain PERMITTED_VIOLATION [Error Error Error Error]
        "RFC 5280, section 6.1.3 (b)" "Names must be within the permitted name spaces of every CA above.";
    ExcludedName "name-excluded" Chain EXCLUDED_VIOLATION [Error Error Error Error]
        "RFC 5280, section 6.1.3 (c)" "No name may be within an excluded name space of a CA above.";
    NameNotComparable "name-not-comparable" Chain UNSUPPORTED_CONSTRAINT_TYPE [Error Error Error Error]
        "RFC 5280, section 4.2.1.10" "A name must be rejected where constraints on its kind cannot be applied.";
    ExplicitPolicy "explicit-policy" Chain NO_EXPLICIT_POLICY [Error Error Error Error]
        "RFC 5280, section 6.1.5 (g)" "Where an explicit policy is required, one must be valid for the whole path.";
    InvalidPolicyMapping "invalid-policy-mapping" Certificate INVALID_POLICY_EXTENSION [Error Error Error Error]
        "RFC 5280, section 6.1.4 (a)" "The wild card policy may not be mapped.";
    DuplicatePolicy "duplicate-policy" Certificate INVALID_POLICY_EXTENSION [Error Error Warning Warning]
        "RFC 5280, section 4.2.1.4" "A policy may be named only once.";

    // What a CA needs.
    NotACa "not-a-ca" Chain INVALID_CA [Error Error Error Error]
        "RFC 5280, section 6.1.4 (k)" "Only a CA may issue certificates.";
    AnchorVersion1 "anchor-version-1" Chain INVALID_CA [Warning Error Warning Warning]
        "RFC 5280, section 6.1.4 (k)" "A root of version 1 cannot say that it is a CA.";
    KeyCertSignMissing "key-cert-sign-missing" Chain INVALID_CA [Error Error Error Error]
        "RFC 5280, section 6.1.4 (n)" "A CA whose key usage is restricted needs keyCertSign.";
    BasicConstraintsNotCritical "basic-constraints-not-critical" Certificate CA_BCONS_NOT_CRITICAL [Error Error Warning Warning]
        "RFC 5280, section 4.2.1.9" "A CA's basic constraints must be critical.";
    CaKeyUsageMissing "ca-key-usage-missing" Certificate CA_CERT_MISSING_KEY_USAGE [Warning Error Warning Off]
        "RFC 5280, section 4.2.1.3; BR, section 7.1.2.5" "A CA certificate must have a key usage.";
    CaKeyUsageNotCritical "ca-key-usage-not-critical" Certificate INVALID_EXTENSION [Warning Warning Off Off]
        "BR, section 7.1.2.10.7" "A CA's key usage must be critical.";
    CaSubjectEmpty "ca-subject-empty" Certificate SUBJECT_NAME_EMPTY [Error Error Warning Warning]
        "RFC 5280, section 4.1.2.6" "A CA must have a name.";
    SubjectKeyIdMissing "subject-key-id-missing" Certificate MISSING_SUBJECT_KEY_IDENTIFIER [Error Error Off Off]
        "RFC 5280, section 4.2.1.2" "A CA certificate must identify its key.";
    RootHasExtendedKeyUsage "root-extended-key-usage" Certificate INVALID_EXTENSION [Off Error Off Off]
        "BR, section 7.1.2.1.2" "A root may not be restricted in its purposes.";

    // What the end certificate needs.
    PurposeMismatch "purpose-mismatch" Certificate INVALID_PURPOSE [Error Error Error Error]
        "RFC 5280, section 4.2.1.12" "The certificate, and every CA that restricts purposes, must allow the purpose.";
    AnyPurpose "any-purpose" Certificate INVALID_PURPOSE [Warning Error Warning Off]
        "BR, section 7.1.2.7.10" "A subscriber's certificate must name its purposes.";
    PurposeMissing "extended-key-usage-missing" Certificate INVALID_PURPOSE [Off Error Off Off]
        "BR, section 7.1.2.7.6" "A subscriber's certificate must have an extended key usage.";
    PurposeCritical "extended-key-usage-critical" Certificate INVALID_EXTENSION [Off Error Off Off]
        "BR, section 7.1.2.7.6" "A subscriber's extended key usage must not be critical.";
    PurposesEmpty "extended-key-usage-empty" Certificate INVALID_EXTENSION [Error Error Error Warning]
        "RFC 5280, section 4.2.1.12" "An extended key usage must name a purpose.";
    KeyUsageMismatch "key-usage-mismatch" Certificate INVALID_PURPOSE [Warning Error Error Warning]
        "RFC 5280, section 4.2.1.3" "The key usage must allow what the purpose needs.";
    LeafIsCa "leaf-is-ca" Certificate INVALID_PURPOSE [Off Error Off Off]
        "BR, sections 7.1.2.7.8 and 7.1.2.7.11" "A subscriber's certificate may not be a CA's.";
    SubjectAltNameMissing "subject-alt-name-missing" Certificate INVALID_EXTENSION [Off Error Off Off]
        "BR, section 7.1.2.7.12" "A subscriber's certificate must have subject alternative names.";
    CommonNameNotInSan "common-name-not-in-san" Certificate INVALID_EXTENSION [Off Error Off Off]
        "BR, section 7.1.4.3" "A common name must be one of the subject alternative names, letter by letter.";
    WildcardPublicSuffix "wildcard-public-suffix" Certificate UNSUPPORTED_NAME_SYNTAX [Off Error Warning Off]
        "BR, section 3.2.2.6" "A wild card may not stand directly below a public suffix.";
    ValidityTooLong "validity-too-long" Certificate UNSPECIFIED [Off Warning Off Off]
        "BR, section 6.3.2" "A subscriber's certificate may not be valid for too long.";

    // Any certificate.
    Encoding "encoding" Certificate UNSPECIFIED [Error Error Warning Warning]
        "RFC 5280, section 4.1; X.690, section 10" "Certificates are encoded in DER.";
    TrailingData "trailing-data" Certificate UNSPECIFIED [Error Error Warning Warning]
        "X.690, section 8.1" "Nothing may follow a certificate within its encoding.";
    ExtensionsNeedVersion3 "extensions-need-version-3" Certificate EXTENSIONS_REQUIRE_VERSION_3 [Error Error Warning Warning]
        "RFC 5280, section 4.1.2.1" "A certificate with extensions must have version 3.";
    Version3 "version-3" Certificate EXTENSIONS_REQUIRE_VERSION_3 [Off Error Off Off]
        "BR, section 7.1.1" "A certificate must have version 3.";
    SerialNegative "serial-negative" Certificate UNSPECIFIED [Error Error Warning Warning]
        "RFC 5280, section 4.1.2.2" "A serial number must be positive.";
    SerialZero "serial-zero" Certificate UNSPECIFIED [Error Error Warning Warning]
        "RFC 5280, section 4.1.2.2" "A serial number must not be zero.";
    SerialTooLong "serial-too-long" Certificate UNSPECIFIED [Error Error Warning Warning]
        "RFC 5280, section 4.1.2.2" "A serial number has at most 20 bytes.";
    UniqueIds "unique-ids" Certificate UNSPECIFIED [Error Error Warning Warning]
        "RFC 5280, section 4.1.2.8" "Certificates have no unique identifiers.";
    IssuerEmpty "issuer-empty" Certificate ISSUER_NAME_EMPTY [Error Error Warning Warning]
        "RFC 5280, section 4.1.2.4" "An issuer must have a name.";
    NameMalformed "name-malformed" Certificate UNSUPPORTED_NAME_SYNTAX [Error Error Warning Warning]
        "RFC 5280, section 4.1.2.4" "Names must be encoded as the standard says.";
    ValidityEncoding "validity-encoding" Certificate UNSPECIFIED [Error Error Warning Warning]
        "RFC 5280, section 4.1.2.5" "Times are UTCTime until 2049 and GeneralizedTime from 2050, to the second, in UTC.";
    DuplicateExtension "duplicate-extension" Certificate INVALID_EXTENSION [Error Error Error Error]
        "RFC 5280, section 4.2" "An extension may be there only once.";
    UnknownCriticalExtension "unknown-critical-extension" Certificate UNHANDLED_CRITICAL_EXTENSION [Error Error Error Error]
        "RFC 5280, section 4.2" "A certificate with a critical extension that is not understood must be rejected.";
    ExtensionMalformed "extension-malformed" Certificate INVALID_EXTENSION [Error Error Error Error]
        "RFC 5280, section 4.2.1" "An extension that decides on trust, or is critical, must be understandable.";
    InformationMalformed "information-malformed" Certificate INVALID_EXTENSION [Error Error Warning Warning]
        "RFC 5280, section 4.2" "An extension that only informs should be understandable.";
    ExtensionCriticality "extension-criticality" Certificate INVALID_EXTENSION [Error Error Warning Off]
        "RFC 5280, section 4.2" "Extensions are critical where the standard says so and nowhere else.";
    AuthorityKeyIdMissing "authority-key-id-missing" Certificate MISSING_AUTHORITY_KEY_IDENTIFIER [Error Error Off Off]
        "RFC 5280, section 4.2.1.1" "A certificate that is not self-signed must identify its issuer's key.";
    AuthorityKeyIdIssuer "authority-key-id-issuer" Certificate INVALID_EXTENSION [Warning Error Off Off]
        "BR, section 7.1.2.11.1" "An authority key identifier names no issuer and no serial number.";
    AuthorityKeyIdMismatch "authority-key-id-mismatch" Certificate AKID_SKID_MISMATCH [Warning Error Warning Off]
        "RFC 5280, section 4.2.1.1; BR, section 7.1.2.11.1" "The authority key identifier must be the issuer's key identifier.";
    KeyUsageEmpty "key-usage-empty" Certificate INVALID_EXTENSION [Error Error Warning Warning]
        "RFC 5280, section 4.2.1.3" "A key usage must allow something.";
    KeyCertSignWithoutCa "key-cert-sign-without-ca" Certificate KU_KEY_CERT_SIGN_INVALID_FOR_NON_CA [Error Error Warning Off]
        "RFC 5280, section 4.2.1.9" "Only a CA's key usage may have keyCertSign.";
    PathLengthWithoutCa "path-length-without-ca" Certificate PATHLEN_INVALID_FOR_NON_CA [Error Error Warning Warning]
        "RFC 5280, section 4.2.1.9" "Only a CA may have a path length.";
    SubjectAltNameEmpty "subject-alt-name-empty" Certificate EMPTY_SUBJECT_ALT_NAME [Error Error Warning Warning]
        "RFC 5280, section 4.2.1.6" "Subject alternative names must not be empty.";
    SubjectAltNameNotCritical "subject-alt-name-not-critical" Certificate EMPTY_SUBJECT_SAN_NOT_CRITICAL [Error Error Warning Off]
        "RFC 5280, section 4.2.1.6" "Subject alternative names must be critical where the subject is empty.";
    SubjectAltNameCritical "subject-alt-name-critical" Certificate INVALID_EXTENSION [Off Error Off Off]
        "BR, section 7.1.2.7.12" "Subject alternative names must not be critical where the subject is not empty.";
    NamesMissing "names-missing" Certificate SUBJECT_NAME_EMPTY [Error Error Warning Off]
        "RFC 5280, section 4.1.2.6" "A certificate must have a subject or subject alternative names.";
    NameSyntax "name-syntax" Certificate UNSUPPORTED_NAME_SYNTAX [Error Error Warning Off]
        "RFC 5280, section 4.2.1.6; BR, section 7.1.2.7.12" "Alternative names must have the syntax of their kind.";
    AddressLength "address-length" Certificate UNSUPPORTED_NAME_SYNTAX [Error Error Error Warning]
        "RFC 5280, section 4.2.1.6" "An IP address has 4 or 16 bytes.";
    NameConstraintsInLeaf "name-constraints-in-leaf" Certificate INVALID_EXTENSION [Error Error Warning Warning]
        "RFC 5280, section 4.2.1.10" "Only a CA may have name constraints.";
    NameConstraintsNotCritical "name-constraints-not-critical" Certificate INVALID_EXTENSION [Error Off Off Off]
        "RFC 5280, section 4.2.1.10" "Name constraints must be critical.";
    NameConstraintsEmpty "name-constraints-empty" Certificate INVALID_EXTENSION [Error Error Warning Warning]
        "RFC 5280, section 4.2.1.10; BR, section 7.1.2.5.2" "Name constraints must constrain something.";
    NameConstraintSyntax "name-constraint-syntax" Certificate UNSUPPORTED_CONSTRAINT_SYNTAX [Error Error Warning Warning]
        "RFC 5280, section 4.2.1.10" "Name constraints must have the syntax of their kind.";
    NameConstraintDistance "name-constraint-distance" Certificate SUBTREE_MINMAX [Error Error Error Error]
        "RFC 5280, section 4.2.1.10" "Name constraints have no minimum and no maximum.";
    PolicyConstraintsEmpty "policy-constraints-empty" Certificate INVALID_POLICY_EXTENSION [Error Error Warning Off]
        "RFC 5280, section 4.2.1.11" "Policy constraints must demand something.";
    InformationAccessEmpty "information-access-empty" Certificate INVALID_EXTENSION [Error Error Off Off]
        "RFC 5280, section 4.2.2.1" "Information access must describe something.";

    // Keys and algorithms.
    Sha1Signature "sha1-signature" Certificate CA_MD_TOO_WEAK [Warning Error Error Warning]
        "BR, section 7.1.3.2; RFC 9155" "SHA-1 does not bind a signer to what was signed.";
    DsaKey "dsa-key" Certificate EE_KEY_TOO_SMALL [Warning Error Error Warning]
        "BR, section 6.1.5" "DSA is not in use any more.";
    RsaKeySmall "rsa-key-small" Certificate EE_KEY_TOO_SMALL [Warning Error Error Warning]
        "BR, section 6.1.5; NIST SP 800-131A" "An RSA key needs 2048 bits.";
    RsaKeySize "rsa-key-size" Certificate EE_KEY_TOO_SMALL [Error Error Error Error]
        "RFC 8017, section 3.1" "An RSA key has between 1024 and 8192 bits here.";
    RsaKeyUneven "rsa-key-uneven" Certificate UNSPECIFIED [Off Error Off Off]
        "BR, section 6.1.5" "The bits of an RSA modulus must come in eights.";
    RsaExponent "rsa-exponent" Certificate UNSPECIFIED [Error Error Error Error]
        "RFC 8017, section 3.1; BR, section 6.1.6" "An RSA exponent must be odd and at least 3.";
    ExplicitCurve "explicit-curve" Certificate EC_KEY_EXPLICIT_PARAMS [Error Error Error Error]
        "RFC 5480, section 2.1.1" "An elliptic curve must be named.";
    KeyNotAllowed "key-not-allowed" Certificate UNSPECIFIED [Off Error Off Off]
        "BR, section 6.1.5" "A key is RSA, or ECDSA on P-256, P-384 or P-521.";
    KeyMalformed "key-malformed" Certificate UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY [Error Error Error Error]
        "RFC 5280, section 4.1.2.7" "The public key must be readable.";
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_rule_stands_where_its_number_says() {
        for (index, entry) in TABLE.iter().enumerate() {
            assert_eq!(entry.rule as usize, index);
            assert_eq!(entry.name.parse(), Ok(entry.rule));
            assert!(entry.section.chars().any(char::is_numeric) && entry.about.ends_with('.'));
        }
        let names: HashSet<_> = TABLE.iter().map(|entry| entry.name).collect();
        assert_eq!(names.len(), RULES);
    }

    #[test]
    fn interop_is_never_stricter_than_rfc5280_where_both_say_something() {
        for entry in TABLE {
            let [rfc, web, interop, legacy] = entry.levels;
            assert!(legacy <= interop.max(Level::Warning), "{}", entry.name);
            assert!(interop <= web.max(rfc), "{}", entry.name);
        }
    }
}
