//! Another program's configuration as `ravelin.toml`: what is carried over, and by line what is not.

mod options;
mod outward;
mod stunnel;

use super::diagnostic::{Diagnostic, Source, one_line};
use options::{Draft, Fate};
use std::{
    collections::{BTreeMap, HashSet},
    fmt::{self, Write as _},
};
use stunnel::Section;

/// A translated configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// The text of a `ravelin.toml`. The notes stand in it as comments.
    pub text: String,
    /// What was not carried over, or means something else now, in the order of the lines.
    pub notes: Vec<Note>,
    /// How many services were carried over.
    pub services: usize,
}

/// Something that was not carried over, or means something else now.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// The line in the imported file, counted from one.
    pub line: usize,
    /// What, and why.
    pub message: String,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

/// Translates a `stunnel.conf`.
///
/// A service whose meaning would change is not carried over at all: one that asks clients for certificates, one that speaks
/// another protocol before TLS, one in client mode that judges servers in a way that has no counterpart. What only becomes
/// stricter is noted.
///
/// ```
/// use ravelin_tunnel::config::{diagnostic::Source, import};
///
/// let conf = "pid = /run/stunnel.pid\n[rtmps]\naccept = 443\nconnect = 1935\ncert = /etc/rtmps.pem\n";
/// let imported = import::stunnel(&Source::new("stunnel.conf", conf))?;
/// assert_eq!(imported.services, 1);
/// assert!(imported.text.contains("target = \"localhost:1935\""));
/// assert_eq!(imported.notes[0].line, 1);
/// # Ok::<(), ravelin_tunnel::config::Diagnostic>(())
/// ```
///
/// # Errors
/// When a line is neither an option, a section nor a comment.
pub fn stunnel(source: &Source) -> Result<Imported, Diagnostic> {
    let (global, sections) = stunnel::read(source)?;
    let mut notes = Vec::new();
    let any_client = outward::is_client(&global.options)
        || sections.iter().any(|section| outward::is_client(&section.options));
    let defaults = global_notes(&global, any_client, &mut notes);
    let mut text = String::from(
        "# Made by `ravelin tunnel import`. Lines that begin with # say what was not carried over, or is different.\n",
    );
    comment(&mut text, &notes);

    let mut drafts: Vec<Draft> =
        sections.iter().map(|section| Draft::new(section, &defaults)).collect();
    join_names(&mut drafts);
    let mut names = HashSet::new();
    let mut services = 0;
    for draft in &drafts {
        if !draft.merged && draft.refusal.is_none() {
            services += 1;
        }
        text.push('\n');
        draft.write(&mut text, &mut names);
        notes.extend(draft.notes.iter().cloned());
        notes.extend(draft.refusal.iter().cloned());
    }
    notes.sort();
    notes.dedup();
    Ok(Imported { text, notes, services })
}

/// Names the global options that have no counterpart; the others are every service's defaults.
fn global_notes<'a>(global: &Section<'a>, any_client: bool, notes: &mut Vec<Note>) -> Section<'a> {
    let mut defaults = Section { options: Vec::new(), ..*global };
    for option in &global.options {
        match options::fate(option, any_client) {
            Fate::Carried => defaults.options.push(*option),
            Fate::NotNeeded => {}
            Fate::Dropped(why) => notes.push(option.note(&why)),
        }
    }
    defaults
}

/// Services that stunnel reaches by server name become identities of the service they belong to.
fn join_names(drafts: &mut [Draft]) {
    let by_name: BTreeMap<String, usize> = drafts
        .iter()
        .enumerate()
        .rev()
        .map(|(index, draft)| (draft.name.to_ascii_lowercase(), index))
        .collect();
    for index in 0..drafts.len() {
        let Some((line, service, pattern)) = drafts[index].sni.clone() else { continue };
        let primary = by_name
            .get(&service.to_ascii_lowercase())
            .filter(|&&primary| primary != index && drafts[primary].sni.is_none());
        let draft = &drafts[index];
        let refusal = match primary {
            None => {
                Some(format!("there is no service [{service}] for its sni option to belong to"))
            }
            Some(&primary) if drafts[primary].refusal.is_some() => {
                Some(format!("the service [{service}] it belongs to is not carried over"))
            }
            Some(&primary) if draft.target.is_some() && draft.target != drafts[primary].target => {
                Some(format!(
                    "the names of one listener all lead to one backend, that of [{service}]"
                ))
            }
            Some(_) if draft.identity.is_none() => Some("it has no cert".into()),
            Some(_) => None,
        };
        match (refusal, primary) {
            (None, Some(&primary)) if drafts[index].refusal.is_none() => {
                let identity = drafts[index].identity.clone();
                drafts[primary].more.extend(identity.map(|identity| (identity, pattern)));
                drafts[index].merged = true;
                let own: Vec<Note> = drafts[index].own_options.clone();
                drafts[index].notes.extend(own);
            }
            (Some(why), _) => drafts[index].refuse(line, &why),
            _ => {}
        }
    }
}

fn comment(text: &mut String, notes: &[Note]) {
    for note in notes {
        let _ = writeln!(text, "# {}", one_line(&note.to_string()));
    }
}

#[cfg(test)]
mod tests;
