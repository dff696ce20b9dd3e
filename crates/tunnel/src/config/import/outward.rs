//! A service in client mode (`client = yes`): plain in, TLS out.
//!
//! stunnel verifies nobody unless it is told to; Ravelin always verifies, and always the name. So a service may become
//! stricter by being carried over, which is said, but never laxer: then it is not carried over.

use super::{
    options::{Draft, list, string},
    stunnel::Setting,
};

/// Whether a section, with the defaults before it, is in client mode.
pub(super) fn is_client<'s>(settings: impl IntoIterator<Item = &'s Setting<'s>>) -> bool {
    settings.into_iter().filter(|one| one.key() == "client").last().is_some_and(Setting::is_yes)
}

/// How the server is judged, as the service's `server` table.
pub(super) fn translate(draft: &mut Draft, settings: &[Setting<'_>]) {
    let last = |key: &str| settings.iter().rev().find(|one| one.key() == key);
    let is_on = |key: &str| last(key).filter(|one| one.is_yes());
    let level =
        last("verify").and_then(|one| one.value.parse::<u8>().ok().map(|level| (one, level)));

    let pinned = is_on("verifypeer").or(level.filter(|(_, level)| *level > 2).map(|(one, _)| one));
    if let Some(setting) = pinned {
        let why = format!(
            "it trusts the very certificates of its CAfile (`{} = {}`); write them as `server = {{ anchors = …, pins = … }}`",
            setting.option, setting.value
        );
        return draft.refuse(setting.line, &why);
    }
    for key in ["ocsp", "ocspaia"] {
        if let Some(setting) = last(key).filter(|one| !one.is_no()) {
            let why = format!(
                "it asks OCSP responders (`{} = {}`), and a tunnel asks nobody: write revocation lists as \
                 `server = {{ crls = … }}`",
                setting.option, setting.value
            );
            return draft.refuse(setting.line, &why);
        }
    }
    let verified =
        is_on("verifychain").or(level.filter(|(_, level)| *level == 2).map(|(one, _)| one));
    let mut table: Vec<String> = Vec::new();
    if let Some(name) = name(draft, settings) {
        table.push(format!("name = {}", string(&name)));
    }
    match (last("cafile"), last("capath")) {
        (Some(file), path) => {
            table.push(format!("anchors = {}", list(&[file.value])));
            if let Some(path) = path {
                let why = "anchors are files; those of CAfile alone are trusted";
                draft.notes.push(path.note(why));
            }
        }
        (None, Some(path)) if verified.is_some() => {
            let why = "its authorities are in a folder (`CApath`): name files, `server = { anchors = … }`";
            return draft.refuse(path.line, why);
        }
        (None, Some(path)) => draft.notes.push(path.note("anchors are files")),
        (None, None) => {}
    }
    if let Some(path) = last("crlpath") {
        let why =
            "its revocation lists are in a folder (`CRLpath`): name files, `server = { crls = … }`";
        return draft.refuse(path.line, why);
    }
    if let Some(file) = last("crlfile") {
        // Where stunnel has lists, every certificate of the path needs one.
        table.push(format!("crls = {}, revocation = \"always\"", list(&[file.value])));
    }
    if verified.is_none()
        && let Some(setting) = last("client")
    {
        let authorities = if last("cafile").is_some() { "CAfile's" } else { "the system's" };
        draft.notes.push(setting.remark(&format!(
            "stunnel verifies no server here, ravelin always does: by {authorities} authorities, and its name"
        )));
    }
    let table =
        if table.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", table.join(", ")) };
    draft.set("server", table);
}

/// The name that is asked for and checked, where it is not the target's host.
fn name(draft: &mut Draft, settings: &[Setting<'_>]) -> Option<String> {
    let mut checked =
        settings.iter().filter(|one| matches!(one.key().as_str(), "checkhost" | "checkip"));
    let asked = settings.iter().rev().find(|one| one.key() == "sni");
    let host = draft.target.as_deref().and_then(|target| {
        let (host, _) = target.rsplit_once(':').filter(|_| !target.starts_with("unix:"))?;
        Some(host.trim_matches(['[', ']']).to_owned())
    });
    let first = checked.next();
    for other in checked {
        draft.notes.push(other.note("one name is checked, the first one written"));
    }
    if let (Some(first), Some(asked)) = (first, asked.filter(|one| !one.value.is_empty()))
        && !asked.value.eq_ignore_ascii_case(first.value)
    {
        draft.notes.push(asked.note("the name that is asked for is the one that is checked"));
    }
    match (first, asked) {
        (Some(first), _) => Some(first.value.to_owned()),
        (None, Some(asked)) if asked.value.is_empty() => {
            draft.notes.push(asked.note("a server is always asked for the name that is checked"));
            None
        }
        (None, Some(asked)) => Some(asked.value.to_owned()),
        (None, None) => {
            if host.is_none() && draft.target.is_some() {
                draft.refuse(
                    draft.line(),
                    "a unix socket has no name that a certificate could be for: write `checkHost`",
                );
            }
            None
        }
    }
    .filter(|name| host.as_deref() != Some(name))
}
