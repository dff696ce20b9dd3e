//! Algorithms that are known by name only: whoever meets one shall hear that, and not that a signature is bad.

use super::AlgorithmError;

const DSIG_MORE_2001: &str = "http://www.w3.org/2001/04/xmldsig-more#";
const DSIG_MORE_2007: &str = "http://www.w3.org/2007/05/xmldsig-more#";
const DSIG_MORE_2021: &str = "http://www.w3.org/2021/04/xmldsig-more#";

/// RFC 9231, section 2.1; RFC 7091 as CryptoPro names it.
const DIGESTS: &[(&str, &str, &str)] = &[
    (DSIG_MORE_2001, "md5", "MD5"),
    ("http://www.w3.org/2001/04/xmlenc#", "ripemd160", "RIPEMD-160"),
    (DSIG_MORE_2007, "whirlpool", "Whirlpool"),
    (DSIG_MORE_2001, "gostr3411", "GOST R 34.11-94"),
    (
        "urn:ietf:params:xml:ns:cpxmlsec:algorithms:",
        "gostr34112012-256",
        "GOST R 34.11-2012 with 256 bits",
    ),
    (
        "urn:ietf:params:xml:ns:cpxmlsec:algorithms:",
        "gostr34112012-512",
        "GOST R 34.11-2012 with 512 bits",
    ),
    ("urn:ietf:params:xml:ns:cpxmlsec:algorithms:", "gostr3411", "GOST R 34.11-94"),
];

/// RFC 9231, sections 2.2 and 2.3. A name that ends in `*` stands for all that begin so.
const SIGNATURES: &[(&str, &str, &str)] = &[
    (DSIG_MORE_2001, "hmac-md5", "HMAC with MD5"),
    (DSIG_MORE_2001, "hmac-ripemd160", "HMAC with RIPEMD-160"),
    (DSIG_MORE_2021, "poly1305", "Poly1305"),
    (DSIG_MORE_2021, "siphash-2-4", "SipHash-2-4"),
    (DSIG_MORE_2001, "rsa-md5", "RSA with MD5"),
    (DSIG_MORE_2001, "rsa-ripemd160", "RSA with RIPEMD-160"),
    ("http://www.w3.org/2001/04/xmldsig-more/", "rsa-ripemd160", "RSA with RIPEMD-160"),
    (DSIG_MORE_2007, "rsa-whirlpool", "RSA with Whirlpool"),
    (DSIG_MORE_2007, "md2-rsa-MGF1", "RSA-PSS with MD2"),
    (DSIG_MORE_2007, "md5-rsa-MGF1", "RSA-PSS with MD5"),
    (DSIG_MORE_2007, "ripemd128-rsa-MGF1", "RSA-PSS with RIPEMD-128"),
    (DSIG_MORE_2007, "ripemd160-rsa-MGF1", "RSA-PSS with RIPEMD-160"),
    (DSIG_MORE_2007, "whirlpool-rsa-MGF1", "RSA-PSS with Whirlpool"),
    (DSIG_MORE_2007, "ecdsa-ripemd160", "ECDSA with RIPEMD-160"),
    (DSIG_MORE_2007, "ecdsa-whirlpool", "ECDSA with Whirlpool"),
    (DSIG_MORE_2001, "esign-*", "ESIGN"),
    (DSIG_MORE_2021, "eddsa-ed25519ph", "Ed25519ph"),
    (DSIG_MORE_2021, "eddsa-ed25519ctx", "Ed25519ctx"),
    (DSIG_MORE_2021, "eddsa-ed448ph", "Ed448ph"),
    (DSIG_MORE_2021, "eddsa-ed448", "Ed448"),
    (DSIG_MORE_2021, "xmssmt-*", "XMSS^MT"),
    (DSIG_MORE_2021, "xmss-*", "XMSS"),
    (DSIG_MORE_2021, "hss*", "HSS/LMS"),
    (DSIG_MORE_2021, "lms*", "LMS"),
    (DSIG_MORE_2001, "gostr34102001-gostr3411", "GOST R 34.10-2001"),
    (
        "urn:ietf:params:xml:ns:cpxmlsec:algorithms:",
        "gostr34102012-gostr34112012-256",
        "GOST R 34.10-2012 with 256 bits",
    ),
    (
        "urn:ietf:params:xml:ns:cpxmlsec:algorithms:",
        "gostr34102012-gostr34112012-512",
        "GOST R 34.10-2012 with 512 bits",
    ),
    ("urn:ietf:params:xml:ns:cpxmlsec:algorithms:", "gostr34102001-gostr3411", "GOST R 34.10-2001"),
    ("http://www.aleksey.com/xmlsec/2025/12/xmldsig-more#", "ml-dsa-*", "ML-DSA"),
    ("http://www.aleksey.com/xmlsec/2025/12/xmldsig-more#", "slh-dsa-*", "SLH-DSA"),
    ("http://www.aleksey.com/xmlsec/2025/12/xmldsig-more#", "mayo*", "MAYO"),
];

/// What to say of a digest's URI that leads to no algorithm.
pub(super) fn digest(uri: &str) -> AlgorithmError {
    find(DIGESTS, uri).unwrap_or_else(|| AlgorithmError::unknown("digest", uri))
}

/// What to say of a signature's URI that leads to no algorithm.
pub(super) fn signature(uri: &str) -> AlgorithmError {
    find(SIGNATURES, uri).unwrap_or_else(|| AlgorithmError::unknown("signature", uri))
}

fn find(known: &[(&str, &str, &'static str)], uri: &str) -> Option<AlgorithmError> {
    let (_, _, name) = known.iter().find(|(namespace, fragment, _)| {
        uri.strip_prefix(namespace).is_some_and(|rest| match fragment.strip_suffix('*') {
            Some(start) => rest.starts_with(start),
            None => rest == *fragment,
        })
    })?;
    Some(AlgorithmError::Unsupported(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algorithm::{DigestAlgorithm, SignatureAlgorithm};

    #[test]
    fn nothing_is_both_supported_and_not() {
        for (namespace, fragment, name) in DIGESTS {
            let error = DigestAlgorithm::from_uri(&format!("{namespace}{fragment}"));
            assert_eq!(error, Err(AlgorithmError::Unsupported(name)));
        }
        for (namespace, fragment, name) in SIGNATURES {
            let error = SignatureAlgorithm::from_uri(&format!("{namespace}{fragment}"));
            assert_eq!(error, Err(AlgorithmError::Unsupported(name)));
        }
    }

    #[test]
    fn whole_families_are_known_by_their_beginning() {
        let error = signature("http://www.aleksey.com/xmlsec/2025/12/xmldsig-more#ml-dsa-44");
        assert_eq!(error, AlgorithmError::Unsupported("ML-DSA"));
        let error = signature("http://www.w3.org/2021/04/xmldsig-more#xmss-sha2-10-256");
        assert_eq!(error, AlgorithmError::Unsupported("XMSS"));
        let error = signature("http://www.apache.org/bad-sig-algo");
        assert!(matches!(error, AlgorithmError::Unknown { kind: "signature", .. }), "{error}");
    }
}
