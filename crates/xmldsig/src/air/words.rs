use crate::verify::ReferencesValidation;
use ravelin_trust::revocation::RevocationPolicy;
use std::{fmt, str::FromStr};

/// What must be known about revocation (AIR's `RevocationCheckSettings`). What does not suffice shows as an identity that is
/// invalid.
///
/// ```
/// use ravelin_xmldsig::air::RevocationCheck;
///
/// assert_eq!("requiredIfInfoAvailable".parse(), Ok(RevocationCheck::RequiredIfAvailable));
/// assert_eq!(RevocationCheck::default().word(), "bestEffort");
/// assert!("sometimes".parse::<RevocationCheck>().is_err());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RevocationCheck {
    /// Nothing is looked at.
    Never,
    /// It is looked at where a certificate tells how. What cannot be found out is accepted.
    #[default]
    BestEffort,
    /// It is looked at where a certificate tells how. What cannot be found out then is rejected.
    RequiredIfAvailable,
    /// It must be known. A certificate that does not tell how to find out is rejected too.
    AlwaysRequired,
}

impl RevocationCheck {
    /// Every setting.
    pub const ALL: [RevocationCheck; 4] = [
        RevocationCheck::Never,
        RevocationCheck::BestEffort,
        RevocationCheck::RequiredIfAvailable,
        RevocationCheck::AlwaysRequired,
    ];

    /// AIR's word.
    pub fn word(self) -> &'static str {
        match self {
            RevocationCheck::Never => "never",
            RevocationCheck::BestEffort => "bestEffort",
            RevocationCheck::RequiredIfAvailable => "requiredIfInfoAvailable",
            RevocationCheck::AlwaysRequired => "alwaysRequired",
        }
    }

    /// The trust engine's policy.
    pub fn policy(self) -> RevocationPolicy {
        match self {
            RevocationCheck::Never => RevocationPolicy::Never,
            RevocationCheck::BestEffort => RevocationPolicy::BestEffort,
            RevocationCheck::RequiredIfAvailable => RevocationPolicy::RequiredIfInfoAvailable,
            RevocationCheck::AlwaysRequired => RevocationPolicy::AlwaysRequired,
        }
    }
}

impl fmt::Display for RevocationCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A word that is no value of a setting: AIR's `ArgumentError`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is no value of {setting}: there are {values}")]
pub struct UnknownSetting {
    /// The word, cut off after a while.
    pub word: String,
    /// AIR's name of the setting.
    pub setting: &'static str,
    /// The values there are.
    pub values: &'static str,
}

impl UnknownSetting {
    fn new(word: &str, setting: &'static str, values: &'static str) -> UnknownSetting {
        UnknownSetting { word: word.chars().take(100).collect(), setting, values }
    }
}

impl FromStr for RevocationCheck {
    type Err = UnknownSetting;

    fn from_str(word: &str) -> Result<RevocationCheck, UnknownSetting> {
        let known = RevocationCheck::ALL.into_iter().find(|one| one.word() == word);
        known.ok_or_else(|| {
            UnknownSetting::new(
                word,
                "revocationCheckSetting",
                "never, bestEffort, requiredIfInfoAvailable and alwaysRequired",
            )
        })
    }
}

impl TryFrom<&str> for RevocationCheck {
    type Error = UnknownSetting;

    fn try_from(word: &str) -> Result<RevocationCheck, UnknownSetting> {
        word.parse()
    }
}

impl FromStr for ReferencesValidation {
    type Err = UnknownSetting;

    fn from_str(word: &str) -> Result<ReferencesValidation, UnknownSetting> {
        let known = ReferencesValidation::ALL.into_iter().find(|one| one.word() == word);
        known.ok_or_else(|| {
            UnknownSetting::new(
                word,
                "referencesValidationSetting",
                "validIdentity, validOrUnknownIdentity and never",
            )
        })
    }
}

impl TryFrom<&str> for ReferencesValidation {
    type Error = UnknownSetting;

    fn try_from(word: &str) -> Result<ReferencesValidation, UnknownSetting> {
        word.parse()
    }
}

impl fmt::Display for ReferencesValidation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
