//! What a certificate may be used for: its extended key usages (RFC 5280, section 4.2.1.12).

use std::{
    fmt::{self, Display},
    str::FromStr,
};
use x509_parser::extensions::ExtendedKeyUsage;

/// Longest OID, in numbers.
const MAX_ARCS: usize = 32;

/// The purposes that have a name: as they are typed, and their OIDs.
const NAMED: [(&str, Purpose, &[u64]); 8] = [
    ("server-auth", Purpose::ServerAuth, &[1, 3, 6, 1, 5, 5, 7, 3, 1]),
    ("client-auth", Purpose::ClientAuth, &[1, 3, 6, 1, 5, 5, 7, 3, 2]),
    ("code-signing", Purpose::CodeSigning, &[1, 3, 6, 1, 5, 5, 7, 3, 3]),
    ("email", Purpose::Email, &[1, 3, 6, 1, 5, 5, 7, 3, 4]),
    ("time-stamping", Purpose::TimeStamping, &[1, 3, 6, 1, 5, 5, 7, 3, 8]),
    ("ocsp-signing", Purpose::OcspSigning, &[1, 3, 6, 1, 5, 5, 7, 3, 9]),
    // RFC 9336, section 3.1.
    ("document-signing", Purpose::DocumentSigning, &[1, 3, 6, 1, 5, 5, 7, 3, 36]),
    ("any", Purpose::Any, &[2, 5, 29, 37, 0]),
];

/// One purpose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// id-kp-serverAuth.
    ServerAuth,
    /// id-kp-clientAuth.
    ClientAuth,
    /// id-kp-codeSigning.
    CodeSigning,
    /// id-kp-emailProtection.
    Email,
    /// id-kp-timeStamping.
    TimeStamping,
    /// id-kp-OCSPSigning.
    OcspSigning,
    /// id-kp-documentSigning.
    DocumentSigning,
    /// anyExtendedKeyUsage.
    Any,
    /// Another, by its OID.
    Other(Vec<u64>),
}

impl Purpose {
    /// Its OID, in numbers.
    pub fn oid(&self) -> &[u64] {
        match self {
            Purpose::Other(oid) => oid,
            named => NAMED.iter().find(|(_, known, _)| known == named).map_or(&[], |(.., oid)| oid),
        }
    }

    /// The purposes of a certificate or request.
    pub fn of(usage: &ExtendedKeyUsage<'_>) -> Vec<Purpose> {
        let mut purposes: Vec<Purpose> = [
            (usage.server_auth, Purpose::ServerAuth),
            (usage.client_auth, Purpose::ClientAuth),
            (usage.code_signing, Purpose::CodeSigning),
            (usage.email_protection, Purpose::Email),
            (usage.time_stamping, Purpose::TimeStamping),
            (usage.ocsp_signing, Purpose::OcspSigning),
            (usage.any, Purpose::Any),
        ]
        .into_iter()
        .filter_map(|(has, purpose)| has.then_some(purpose))
        .collect();
        purposes.extend(usage.other.iter().filter_map(|oid| oid.to_id_string().parse().ok()));
        purposes
    }
}

impl Display for Purpose {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Purpose::Other(oid) = self {
            let arcs: Vec<String> = oid.iter().map(ToString::to_string).collect();
            return out.write_str(&arcs.join("."));
        }
        let name = NAMED.iter().find(|(_, known, _)| known == self).map_or("", |(name, ..)| name);
        out.write_str(name)
    }
}

impl FromStr for Purpose {
    type Err = String;

    fn from_str(text: &str) -> Result<Purpose, String> {
        if let Some((_, purpose, _)) = NAMED.iter().find(|(name, ..)| *name == text) {
            return Ok(purpose.clone());
        }
        let Some(oid) = oid(text) else {
            let names: Vec<&str> = NAMED.iter().map(|(name, ..)| *name).collect();
            return Err(format!("a purpose is one of {}, or an OID", names.join(", ")));
        };
        Ok(NAMED
            .iter()
            .find(|(.., known)| *known == oid)
            .map_or(Purpose::Other(oid), |(_, purpose, _)| purpose.clone()))
    }
}

/// The numbers of a dotted OID (X.660, section 7).
pub fn oid(text: &str) -> Option<Vec<u64>> {
    let arcs: Vec<u64> = text
        .split('.')
        .map(|arc| arc.parse::<u32>().ok().filter(|_| !arc.starts_with('+')).map(u64::from))
        .collect::<Option<_>>()?;
    let is_valid = match arcs[..] {
        [0 | 1, second, ..] => second < 40,
        [2, _, ..] => true,
        _ => false,
    };
    (is_valid && arcs.len() <= MAX_ARCS).then_some(arcs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_oids_of_purposes_are_the_same() {
        for (name, purpose, _) in NAMED {
            assert_eq!(name.parse::<Purpose>().unwrap(), purpose);
            assert_eq!(purpose.to_string(), name);
        }
        assert_eq!("1.3.6.1.5.5.7.3.1".parse(), Ok(Purpose::ServerAuth));
        assert_eq!("1.3.6.1.5.5.7.3.36".parse(), Ok(Purpose::DocumentSigning));
        assert_eq!("2.5.29.37.0".parse(), Ok(Purpose::Any));
        let other: Purpose = "1.3.6.1.4.1.311.20.2.2".parse().unwrap();
        assert_eq!(other.to_string(), "1.3.6.1.4.1.311.20.2.2");
    }

    #[test]
    fn what_is_no_purpose_is_told_the_list() {
        for text in ["serverAuth", "", "1", "3.1", "1.40", "1..2", "1.+2", "1.2.99999999999", "a.b"]
        {
            let fault = text.parse::<Purpose>().unwrap_err();
            assert!(fault.starts_with("a purpose is one of server-auth, "), "{text}: {fault}");
        }
    }
}
