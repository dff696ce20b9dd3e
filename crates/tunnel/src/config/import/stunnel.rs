//! The lines of a `stunnel.conf`.

use super::Note;
use crate::config::diagnostic::{Diagnostic, Source};

/// Options whose values are secrets: they are named without.
const SECRETS: &[&str] = &["ticketkeysecret", "ticketmacsecret", "protocolpassword"];

/// The options of a service, or those before the first.
pub(super) struct Section<'a> {
    pub(super) name: &'a str,
    pub(super) line: usize,
    pub(super) options: Vec<Setting<'a>>,
}

/// One line `option = value`.
#[derive(Clone, Copy)]
pub(super) struct Setting<'a> {
    pub(super) line: usize,
    pub(super) option: &'a str,
    pub(super) value: &'a str,
}

impl Setting<'_> {
    /// The option's name as it is compared.
    pub(super) fn key(&self) -> String {
        self.option.to_ascii_lowercase()
    }

    pub(super) fn is_yes(&self) -> bool {
        self.value.eq_ignore_ascii_case("yes")
    }

    pub(super) fn is_no(&self) -> bool {
        self.value.eq_ignore_ascii_case("no")
    }

    /// Says that the option is not carried over, and why.
    pub(super) fn note(&self, why: &str) -> Note {
        Note { line: self.line, message: format!("{} is not carried over: {why}", self.quoted()) }
    }

    /// Says that the option is carried over, and what is different then.
    pub(super) fn remark(&self, what: &str) -> Note {
        Note { line: self.line, message: format!("{}: {what}", self.quoted()) }
    }

    fn quoted(&self) -> String {
        if SECRETS.contains(&self.key().as_str()) {
            format!("`{}`", self.option)
        } else {
            format!("`{} = {}`", self.option, self.value)
        }
    }
}

/// Splits a file into what stands before the first section, and the sections.
pub(super) fn read(source: &Source) -> Result<(Section<'_>, Vec<Section<'_>>), Diagnostic> {
    let text = source.text();
    let mut global = Section { name: "", line: 1, options: Vec::new() };
    let mut sections: Vec<Section<'_>> = Vec::new();
    let mut start = 0;
    for (index, whole) in text.split('\n').enumerate() {
        let (line, at) = (index + 1, start);
        start += whole.len() + 1;
        let trimmed = whole.trim_start_matches('\u{feff}').trim();
        if trimmed.is_empty() || trimmed.starts_with([';', '#']) {
            continue;
        }
        if let Some(name) = trimmed.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            sections.push(Section { name: name.trim(), line, options: Vec::new() });
            continue;
        }
        let Some((option, value)) = trimmed.split_once('=') else {
            let from = at + whole.find(trimmed).unwrap_or(0);
            return Err(Diagnostic::new("this is no option")
                .at(Some(source), from..from + trimmed.len())
                .help("a line of stunnel.conf is `option = value`, `[service]` or a comment"));
        };
        let setting = Setting { line, option: option.trim(), value: value.trim() };
        sections.last_mut().unwrap_or(&mut global).options.push(setting);
    }
    Ok((global, sections))
}
