//! `--allow`: what is taken on demand only.

use ravelin_xmldsig::{
    algorithm::{Allowed, Switch},
    xml::Doctype,
};

/// What is done anyway, as the conformance suites name it.
const ALWAYS_ON: [&str; 4] = ["xpath", "xpath-filter2", "xpointer", "manifest"];

/// What is never done, and why.
const NEVER: [(&str, &str); 5] = [
    ("xslt", "a stylesheet is a program of whoever made the document, and is never run"),
    ("gost", "the GOST algorithms are not in this program's cryptography"),
    ("post-quantum", "no signature algorithm of that kind has an agreed name in XML yet"),
    ("legacy-md5-ripemd160", "MD5 and RIPEMD-160 prove nothing any more"),
    ("opc-relationship", "the relationship transform of office packages is not XML Signature"),
];

/// The bits of `hmac-truncation` without a number: the fewest there may be.
const HMAC_BITS: usize = 40;

/// What was allowed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allow {
    /// Algorithms and keys.
    pub algorithms: Allowed,
    /// Document type declarations.
    pub doctype: Doctype,
}

impl Allow {
    /// By these names.
    ///
    /// # Errors
    /// When a name stands for nothing, or for what is never done; the message says why.
    pub fn named<N: AsRef<str>>(names: &[N]) -> Result<Allow, String> {
        let mut allow = Allow::default();
        for name in names {
            let name = name.as_ref();
            if name == "internal-dtd" {
                allow.doctype = Doctype::InternalSubset;
            } else if name == "hmac-truncation" {
                allow.algorithms = allow.algorithms.with(Switch::HmacTruncation(HMAC_BITS));
            } else if let Some((_, why)) = NEVER.iter().find(|(never, _)| *never == name) {
                return Err(format!("`{name}` cannot be allowed: {why}"));
            } else if !ALWAYS_ON.contains(&name) {
                let switch: Switch = name.parse().map_err(|_| unknown(name))?;
                allow.algorithms = allow.algorithms.with(switch);
            }
        }
        Ok(allow)
    }
}

fn unknown(name: &str) -> String {
    format!(
        "there is nothing called `{name}` to allow: there are legacy-sha1, dsa, internal-dtd, hmac-truncation-N (at least \
         {HMAC_BITS} bits), rsa-N and dsa-N (at least 512 bits)"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_library_and_of_the_suites() {
        let allow =
            Allow::named(&["internal-dtd", "hmac-truncation", "xpath", "manifest"]).unwrap();
        assert_eq!(allow.doctype, Doctype::InternalSubset);
        assert_eq!(allow.algorithms, Allowed::default().with(Switch::HmacTruncation(40)));
        let allow = Allow::named(&["legacy-sha1", "dsa-512"]).unwrap();
        let both = Allowed::default().with(Switch::LegacySha1).with(Switch::DsaBits(512));
        assert_eq!((allow.algorithms, allow.doctype), (both, Doctype::Refuse));
        assert_eq!(Allow::named::<&str>(&[]), Ok(Allow::default()));
    }

    #[test]
    fn what_is_never_done_is_refused_with_a_reason() {
        for (name, why) in NEVER {
            assert!(Allow::named(&[name]).unwrap_err().ends_with(why), "{name}");
        }
        for name in ["sha1", "hmac-truncation-39", "rsa-511", "", "XPath"] {
            let error = Allow::named(&[name]).unwrap_err();
            assert!(error.starts_with("there is nothing called"), "{error}");
        }
    }
}
