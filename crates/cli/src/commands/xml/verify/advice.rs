//! What statuses and errors mean, and what to do about it.

use super::examine::Found;
use crate::commands::{
    cert::paint::harmless,
    judgement::{self, Judged},
    xml::document::place,
};
use ravelin_trust::Status;
use ravelin_xmldsig::{
    Error, ErrorKind,
    algorithm::Switch,
    verify::{ReferencesValidation, Settings, SignatureStatus},
};
use std::path::Path;

/// What the three statuses together say, in a sentence.
pub fn meaning(found: &Found) -> &'static str {
    use SignatureStatus::{Invalid, Unknown, Valid};
    let report = &found.report;
    match (report.digest_status(), report.identity_status(), report.references_status()) {
        (Valid, Valid, Valid) => {
            "the signature holds, its signer is trusted, and what was signed is unchanged"
        }
        (Invalid, ..) => "the signature does not hold",
        (_, Invalid, _) => "the signer's certificate is no good",
        (_, _, Invalid) => "what was signed was changed",
        (_, Unknown, Valid) => "what was signed is unchanged, and who signed it is not assured",
        (_, Valid, Unknown) => "the signer is trusted, and what was signed was not looked at",
        _ => "who signed is not assured, and what was signed was not looked at",
    }
}

/// Why the digest status is what it is.
pub fn of_digest(found: &Found) -> String {
    let algorithm = found.report.algorithm();
    match found.report.digest_status() {
        SignatureStatus::Valid => {
            format!("SignatureValue is a signature over SignedInfo, by {algorithm}")
        }
        SignatureStatus::Invalid => format!(
            "SignatureValue is no signature over SignedInfo, by {algorithm}, under any key that counts"
        ),
        SignatureStatus::Unknown => "it was not looked at".to_owned(),
    }
}

/// Why the identity status is what it is.
pub fn of_identity(found: &Found) -> String {
    if found.report.digest_status() != SignatureStatus::Valid {
        return "there is no signer where the signature does not hold".to_owned();
    }
    if !found.judging {
        return "a key was given instead of whom to trust, so nobody was judged".to_owned();
    }
    let status = found.judged.as_ref().map(Judged::status);
    match (found.report.identity_status(), status) {
        (SignatureStatus::Valid, _) => "the signer's certificate is trusted".to_owned(),
        // The certificate may be trusted, and may not sign.
        (SignatureStatus::Invalid, Some(Status::Trusted)) => {
            "the signer's certificate is not for signatures (keyUsage)".to_owned()
        }
        (_, Some(status)) => format!("{}: {}", status.word(), judgement::meaning(status)),
        (_, None) => "the signer's certificate was not judged".to_owned(),
    }
}

/// Why the references status is what it is.
pub fn of_references(found: &Found, settings: &Settings) -> String {
    let report = &found.report;
    let all = report.references();
    let good = all.iter().filter(|one| one.status == SignatureStatus::Valid).count();
    match report.references_status() {
        SignatureStatus::Valid => format!("{good} of {} unchanged", all.len()),
        SignatureStatus::Invalid => format!("{} of {} do not hold", all.len() - good, all.len()),
        SignatureStatus::Unknown => match (report.digest_status(), report.identity_status()) {
            (SignatureStatus::Valid, SignatureStatus::Invalid) => {
                "not looked at, because the signer's certificate is no good".to_owned()
            }
            (SignatureStatus::Valid, _) if settings.references == ReferencesValidation::Never => {
                "not looked at, as --references never says".to_owned()
            }
            (SignatureStatus::Valid, SignatureStatus::Unknown) => {
                "not looked at, because the signer is not known to be trusted".to_owned()
            }
            _ => "not looked at, because the signature does not hold".to_owned(),
        },
    }
}

/// What to do, beside what the report on the certificate says.
pub fn what_to_do(found: &Found, settings: &Settings) -> Option<&'static str> {
    let report = &found.report;
    if report.digest_status() == SignatureStatus::Invalid {
        return Some(if found.judging {
            "do not use the document: what was signed or the signature itself was changed, or somebody else's certificate \
             was put into it"
        } else {
            "do not use the document: what was signed or the signature itself was changed, or another key made it (is it \
             the right one?)"
        });
    }
    if report.references_status() == SignatureStatus::Invalid {
        return Some(
            "do not use what the references that do not hold refer to: it was changed after it was signed",
        );
    }
    match report.identity_status() {
        SignatureStatus::Unknown if !found.judging => {
            Some("to know who signed, give --trusted with a root certificate instead of a key")
        }
        SignatureStatus::Unknown if settings.references == ReferencesValidation::ValidIdentity => {
            Some(
                "if you trust the signer's root, add --trusted root.pem; to see only whether the data is unchanged, whoever signed \
             it, add --references valid-or-unknown-identity",
            )
        }
        SignatureStatus::Valid if report.references_status() == SignatureStatus::Unknown => {
            Some("leave out --references never to see whether the data is unchanged")
        }
        _ => None,
    }
}

/// An error as one line: where, what, and which option helps.
pub fn fault(document: &Path, error: &Error) -> String {
    let place = place(document, error.position.as_ref());
    let mut line = format!("{place}: {}", harmless(&error.detail));
    if let Some(option) = option(error) {
        line = format!("{line} ({option})");
    }
    line
}

fn option(error: &Error) -> Option<String> {
    match error.kind {
        ErrorKind::Policy => {
            let mut quoted = error.detail.split('`').skip(1).step_by(2);
            let switch = quoted.find(|word| word.parse::<Switch>().is_ok());
            Some(format!("--allow {}", switch.unwrap_or("internal-dtd")))
        }
        ErrorKind::Dereference if error.detail.contains("nothing is given for") => {
            Some("--detached URI=FILE says what it stands for".to_owned())
        }
        ErrorKind::Unsupported
            if error.detail.contains("there is no certificate in the signature") =>
        {
            Some(
                "--added or --key with its file; --embedded-key takes whatever it carries"
                    .to_owned(),
            )
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ravelin_xmldsig::xml::Position;

    #[test]
    fn errors_name_the_place_and_the_option_that_helps() {
        let error = |kind, detail: &str| Error {
            kind,
            detail: detail.to_owned(),
            position: Some(Position { offset: 0, line: 3, column: 7 }),
        };
        let line = |error: &Error| fault(Path::new("a.xml"), error);
        assert_eq!(
            line(&error(ErrorKind::Policy, "SHA-1 is not allowed; `legacy-sha1` allows it")),
            "a.xml:3:7: SHA-1 is not allowed; `legacy-sha1` allows it (--allow legacy-sha1)"
        );
        assert!(line(&error(ErrorKind::Policy, "refused")).ends_with("(--allow internal-dtd)"));
        assert_eq!(line(&error(ErrorKind::Malformed, "a\u{1b}b")), "a.xml:3:7: a\\u{1b}b");
        let nothing = error(ErrorKind::Dereference, "nothing is given for `a`");
        assert!(line(&nothing).contains("--detached"));
    }
}
