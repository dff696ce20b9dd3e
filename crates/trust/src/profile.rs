//! Profiles: which rules matter how much.

use crate::rule::{Level, RULES, Rule};
use std::{fmt, str::FromStr};

/// A set of rules with what each means when it is broken.
///
/// ```
/// use ravelin_trust::{Level, Profile, Rule};
///
/// let profile = Profile::INTEROP.with(Rule::RsaKeyUneven, Level::Error);
/// assert_eq!(profile.level(Rule::RsaKeyUneven), Level::Error);
/// assert_eq!(profile.to_string(), "interop");
/// assert_eq!("webpki".parse(), Ok(Profile::WEBPKI));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    name: &'static str,
    levels: [Level; RULES],
    common_name: bool,
}

impl Profile {
    /// RFC 5280's profile of certificates, whole.
    pub const RFC5280: Profile = Profile::new("rfc5280", 0, false);
    /// The CA/Browser Forum's baseline requirements for TLS servers ("BR") on top.
    pub const WEBPKI: Profile = Profile::new("webpki", 1, false);
    /// What OpenSSL and browsers accept in practice. The default.
    pub const INTEROP: Profile = Profile::new("interop", 2, false);
    /// For devices and archives of former years: names in the common name, SHA-1, RSA with 1024 bits.
    pub const LEGACY: Profile = Profile::new("legacy", 3, true);

    const fn new(name: &'static str, index: usize, common_name: bool) -> Profile {
        let mut levels = [Level::Off; RULES];
        let mut rule = 0;
        while rule < RULES {
            levels[rule] = Rule::levels(rule)[index];
            rule += 1;
        }
        Profile { name, levels, common_name }
    }

    /// What a broken rule means.
    pub fn level(&self, rule: Rule) -> Level {
        self.levels[rule as usize]
    }

    /// The same profile with another meaning for one rule.
    #[must_use]
    pub fn with(mut self, rule: Rule, level: Level) -> Profile {
        self.levels[rule as usize] = level;
        self
    }

    /// Whether a common name counts where no subject alternative name of a host is there.
    pub fn takes_common_name(&self) -> bool {
        self.common_name
    }

    /// The name of the profile that this one is, or was made from.
    pub fn name(&self) -> &'static str {
        self.name
    }
}

impl Default for Profile {
    fn default() -> Profile {
        Profile::INTEROP
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// A name that no profile has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no profile `{0}`: there are rfc5280, webpki, interop and legacy")]
pub struct UnknownProfile(String);

impl FromStr for Profile {
    type Err = UnknownProfile;

    fn from_str(name: &str) -> Result<Profile, UnknownProfile> {
        [Profile::RFC5280, Profile::WEBPKI, Profile::INTEROP, Profile::LEGACY]
            .into_iter()
            .find(|profile| profile.name == name)
            .ok_or_else(|| UnknownProfile(name.to_owned()))
    }
}
