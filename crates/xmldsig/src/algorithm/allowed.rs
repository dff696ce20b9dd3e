//! What is taken on demand only.

use super::{
    DigestAlgorithm, HmacParameters, MAX_RSA_BITS, MIN_HMAC_BITS, MIN_RSA_BITS, NotAllowed,
};
use std::{fmt, str::FromStr};

/// Bits of the shortest DSA modulus that can be allowed.
const MIN_DSA_BITS: usize = 512;
/// Bits of the longest one.
const MAX_DSA_BITS: usize = 3072;

/// What may be used: by default nothing that is known to be weak.
///
/// ```
/// use ravelin_xmldsig::algorithm::{Allowed, DigestAlgorithm, Switch};
///
/// let refusal = Allowed::default().digest(DigestAlgorithm::Sha1).unwrap_err();
/// assert_eq!(refusal.to_string(), "SHA-1 is not allowed; `legacy-sha1` allows it");
/// let allowed = Allowed::default().with(Switch::LegacySha1);
/// assert!(allowed.digest(DigestAlgorithm::Sha1).is_ok());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowed {
    sha1: bool,
    dsa: bool,
    rsa_bits: usize,
    dsa_bits: usize,
    hmac_bits: Option<usize>,
}

impl Default for Allowed {
    fn default() -> Allowed {
        Allowed {
            sha1: false,
            dsa: false,
            rsa_bits: MIN_RSA_BITS,
            dsa_bits: MIN_DSA_BITS,
            hmac_bits: None,
        }
    }
}

impl Allowed {
    /// The same, and what `switch` stands for.
    #[must_use]
    pub fn with(mut self, switch: Switch) -> Allowed {
        match switch {
            Switch::LegacySha1 => self.sha1 = true,
            Switch::Dsa => self.dsa = true,
            Switch::RsaBits(bits) => self.rsa_bits = bits.clamp(MIN_RSA_BITS, MAX_RSA_BITS),
            Switch::DsaBits(bits) => {
                self.dsa = true;
                self.dsa_bits = bits.clamp(MIN_DSA_BITS, MAX_DSA_BITS);
            }
            Switch::HmacTruncation(bits) => self.hmac_bits = Some(bits.max(MIN_HMAC_BITS)),
        }
        self
    }

    /// Whether a digest by this algorithm counts for anything.
    ///
    /// # Errors
    /// When it does not.
    pub fn digest(&self, algorithm: DigestAlgorithm) -> Result<(), NotAllowed> {
        self.hash(algorithm, || algorithm.to_string())
    }

    /// Whether such a hash may stand under what `what` names.
    pub(super) fn hash(
        &self,
        algorithm: DigestAlgorithm,
        what: impl FnOnce() -> String,
    ) -> Result<(), NotAllowed> {
        if algorithm.is_weak() && !self.sha1 {
            return Err(NotAllowed { what: what(), switch: Some(Switch::LegacySha1) });
        }
        Ok(())
    }

    pub(super) fn rsa(&self, bits: usize) -> Result<(), NotAllowed> {
        if bits < self.rsa_bits {
            let what = format!("an RSA key of {bits} bits");
            let switch = (bits >= MIN_RSA_BITS).then_some(Switch::RsaBits(bits));
            return Err(NotAllowed { what, switch });
        }
        Ok(())
    }

    pub(super) fn dsa(&self, bits: usize) -> Result<(), NotAllowed> {
        if !self.dsa {
            return Err(NotAllowed { what: "DSA".to_owned(), switch: Some(Switch::Dsa) });
        }
        if bits < self.dsa_bits {
            let what = format!("a DSA key of {bits} bits");
            let switch = (bits >= MIN_DSA_BITS).then_some(Switch::DsaBits(bits));
            return Err(NotAllowed { what, switch });
        }
        Ok(())
    }

    /// W3C XML Signature 1.1, section 6.3.1: at least 80 bits, and at least half of the hash.
    pub(super) fn hmac(&self, hmac: HmacParameters) -> Result<(), NotAllowed> {
        let bits = hmac.output_bits();
        let floor = (hmac.hash().length() * 8 / 2).max(80);
        if bits < self.hmac_bits.map_or(floor, |bits| bits.min(floor)) {
            let what = format!("an HMAC of {bits} bits");
            let switch = (bits >= MIN_HMAC_BITS).then_some(Switch::HmacTruncation(bits));
            return Err(NotAllowed { what, switch });
        }
        Ok(())
    }
}

/// A name for something that is taken on demand only, as users write it.
///
/// `legacy-sha1`, `dsa`, `rsa-1024`, `dsa-512`, `hmac-truncation-40`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Switch {
    /// SHA-1 as a digest and under RSA, ECDSA and DSA: collisions can be made. (HMAC with SHA-1 is not hurt by them.)
    LegacySha1,
    /// DSA.
    Dsa,
    /// RSA keys from so many bits on, never under 512. By default 512: whether the key of a certificate is too short is for
    /// the trust profile to say, and who names a key has chosen it.
    RsaBits(usize),
    /// DSA, with keys from so many bits on, never under 512.
    DsaBits(usize),
    /// HMACs from so many bits on; by default half of the hash and at least 80, never under 40.
    HmacTruncation(usize),
}

impl fmt::Display for Switch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Switch::LegacySha1 => f.write_str("legacy-sha1"),
            Switch::Dsa => f.write_str("dsa"),
            Switch::RsaBits(bits) => write!(f, "rsa-{bits}"),
            Switch::DsaBits(bits) => write!(f, "dsa-{bits}"),
            Switch::HmacTruncation(bits) => write!(f, "hmac-truncation-{bits}"),
        }
    }
}

/// No switch has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "there is no `{0}`; known are legacy-sha1, dsa, rsa-N and dsa-N (N bits, at least 512), \
     hmac-truncation-N (N bits, at least 40)"
)]
pub struct UnknownSwitch(pub String);

impl FromStr for Switch {
    type Err = UnknownSwitch;

    fn from_str(name: &str) -> Result<Switch, UnknownSwitch> {
        let bits = |prefix: &str, least: usize, most: usize| {
            let bits = name.strip_prefix(prefix)?.parse().ok()?;
            (least..=most).contains(&bits).then_some(bits)
        };
        Ok(match name {
            "legacy-sha1" => Switch::LegacySha1,
            "dsa" => Switch::Dsa,
            _ => bits("rsa-", MIN_RSA_BITS, MAX_RSA_BITS)
                .map(Switch::RsaBits)
                .or_else(|| bits("dsa-", MIN_DSA_BITS, MAX_DSA_BITS).map(Switch::DsaBits))
                .or_else(|| {
                    bits("hmac-truncation-", MIN_HMAC_BITS, 512).map(Switch::HmacTruncation)
                })
                .ok_or_else(|| UnknownSwitch(name.to_owned()))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn switches_are_written_as_they_are_read() {
        for name in ["legacy-sha1", "dsa", "rsa-512", "dsa-512", "hmac-truncation-40"] {
            assert_eq!(name.parse::<Switch>().unwrap().to_string(), name);
        }
        for name in ["", "sha1", "rsa-", "rsa-511", "rsa-99999", "hmac-truncation-39", "dsa-x"] {
            assert_eq!(name.parse::<Switch>(), Err(UnknownSwitch(name.to_owned())));
        }
    }

    #[test]
    fn an_hmac_is_half_of_its_hash_and_80_bits_at_least() {
        let hmac = |hash, bits| HmacParameters::new(hash).unwrap().with_output_bits(bits).unwrap();
        let default = Allowed::default();
        for (hash, floor) in [
            (DigestAlgorithm::Sha1, 80),
            (DigestAlgorithm::Sha224, 112),
            (DigestAlgorithm::Sha256, 128),
            (DigestAlgorithm::Sha384, 192),
            (DigestAlgorithm::Sha512, 256),
        ] {
            default.hmac(hmac(hash, floor)).unwrap();
            let refusal = default.hmac(hmac(hash, floor - 8)).unwrap_err();
            let switch = refusal.switch.unwrap();
            assert_eq!(switch, Switch::HmacTruncation(floor - 8));
            default.with(switch).hmac(hmac(hash, floor - 8)).unwrap();
        }
    }

    #[test]
    fn no_switch_takes_an_hmac_under_40_bits() {
        let tiny = HmacParameters::new(DigestAlgorithm::Sha256).unwrap();
        let tiny = tiny.with_output_bits(32).unwrap();
        for allowed in [Allowed::default(), Allowed::default().with(Switch::HmacTruncation(0))] {
            let refusal = allowed.hmac(tiny).unwrap_err();
            assert_eq!(refusal.switch, None);
            assert_eq!(refusal.to_string(), "an HMAC of 32 bits is not allowed");
        }
    }

    #[test]
    fn a_floor_above_the_default_does_not_refuse_what_the_default_takes() {
        let hmac = HmacParameters::new(DigestAlgorithm::Sha1).unwrap();
        Allowed::default().with(Switch::HmacTruncation(512)).hmac(hmac).unwrap();
    }

    #[test]
    fn short_keys_are_refused_with_the_switch_that_takes_them() {
        let allowed = Allowed::default().with(Switch::RsaBits(2048));
        allowed.rsa(2048).unwrap();
        assert_eq!(allowed.rsa(1024).unwrap_err().switch, Some(Switch::RsaBits(1024)));
        allowed.with(Switch::RsaBits(1024)).rsa(1024).unwrap();
        assert_eq!(allowed.dsa(1024).unwrap_err().switch, Some(Switch::Dsa));
        allowed.with(Switch::Dsa).dsa(1024).unwrap();
        let longer = allowed.with(Switch::DsaBits(1024));
        assert_eq!(longer.dsa(512).unwrap_err().switch, Some(Switch::DsaBits(512)));
    }
}
