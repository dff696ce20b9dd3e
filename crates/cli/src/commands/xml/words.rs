//! Words on the command line and in lines of batches.

use ravelin_xmldsig::verify::{Choice, Profile, ReferencesValidation};
use std::path::PathBuf;

/// Which Signature: `last`, `first`, or an Id, which may have a `#` before it.
///
/// # Errors
/// When there is no Id.
pub fn choice(text: &str) -> Result<Choice, String> {
    match text {
        "last" => Ok(Choice::Last),
        "first" => Ok(Choice::First),
        id => match id.strip_prefix('#').unwrap_or(id) {
            "" => Err("say last, first or the Id of the signature".into()),
            id => Ok(Choice::Id(id.to_owned())),
        },
    }
}

/// When references are looked at.
///
/// # Errors
/// When there is no such word.
pub fn references(text: &str) -> Result<ReferencesValidation, String> {
    match text {
        "valid-identity" => Ok(ReferencesValidation::ValidIdentity),
        "valid-or-unknown-identity" => Ok(ReferencesValidation::ValidOrUnknownIdentity),
        "never" => Ok(ReferencesValidation::Never),
        other => Err(format!(
            "there is no `{other}`: there are valid-identity, valid-or-unknown-identity and never"
        )),
    }
}

/// What a signature may consist of.
///
/// # Errors
/// When there is no such profile.
pub fn profile(text: &str) -> Result<Profile, String> {
    match text {
        "air" => Ok(Profile::Air),
        "extended" => Ok(Profile::Extended),
        other => Err(format!("there is no profile `{other}`: there are air and extended")),
    }
}

/// `URI=FILE`, at the last `=`: URIs have some of their own.
///
/// # Errors
/// When there is no `=`, or nothing behind it.
pub fn detached(text: &str) -> Result<(String, PathBuf), String> {
    match text.rsplit_once('=') {
        Some((uri, file)) if !file.is_empty() => Ok((uri.to_owned(), file.into())),
        _ => Err(format!("`{text}` names no file: write URI=FILE")),
    }
}

/// The name of an attribute that identifies elements.
///
/// # Errors
/// When it can be none.
pub fn id_attribute(text: &str) -> Result<String, String> {
    if text.is_empty() || text.contains([':', ' ', '=', '"', '\'', '<', '>']) {
        return Err(format!("`{text}` is no name of an attribute: write it without prefix"));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_chosen_by_place_or_id() {
        assert_eq!(choice("last"), Ok(Choice::Last));
        assert_eq!(choice("first"), Ok(Choice::First));
        assert_eq!(choice("a"), Ok(Choice::Id("a".into())));
        assert_eq!(choice("#last"), Ok(Choice::Id("last".into())));
        assert!(choice("").is_err() && choice("#").is_err());
    }

    #[test]
    fn a_uri_may_have_signs_of_equality() {
        let split = |text| detached(text).map(|(uri, file)| (uri, file.display().to_string()));
        assert_eq!(split("http://a/?b=c=d.bin"), Ok(("http://a/?b=c".into(), "d.bin".into())));
        assert_eq!(split("=d.bin"), Ok((String::new(), "d.bin".into())));
        assert!(split("a.txt").is_err() && split("a.txt=").is_err());
    }

    #[test]
    fn attributes_are_named_without_prefix() {
        assert!(id_attribute("AssertionID").is_ok());
        assert!(id_attribute("xml:id").is_err() && id_attribute("").is_err());
    }
}
