//! What is wrong with a configuration, where, and what to write instead.

use super::identities::read_limited;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use std::{
    fmt,
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Lines longer than this are cut where they are shown: a hostile file is no reason to fill a terminal.
const MAX_SHOWN: usize = 400;

/// A text with the name of the file it was read from.
#[derive(Clone, Debug)]
pub struct Source {
    path: PathBuf,
    text: Arc<str>,
}

impl Source {
    /// A text from the file of that name.
    pub fn new(path: impl Into<PathBuf>, text: impl Into<Arc<str>>) -> Source {
        Source { path: path.into(), text: text.into() }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read, is larger than [`MAX_FILE`](super::MAX_FILE) or no UTF-8.
    pub fn read(path: &Path) -> Result<Source, Diagnostic> {
        let fault = |what: String| Diagnostic::of_file(path, what);
        let bytes = read_limited(path).map_err(|error| fault(format!("the file {error}")))?;
        let text = String::from_utf8(bytes).map_err(|error| {
            fault(format!("the file is no UTF-8 at byte {}", error.utf8_error().valid_up_to()))
        })?;
        Ok(Source::new(path, text))
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The file's name as it was given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Line and column of a byte; the end of the text for one behind it.
    fn position(&self, at: usize) -> Position {
        let before = self.text.get(..at).unwrap_or(&self.text);
        let line = before.matches('\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        Position { line, column: before[start..].chars().count() + 1 }
    }
}

/// A place in a text, counted from one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The character in the line.
    pub column: usize,
}

/// One fault in a configuration.
///
/// Displayed it is one line, `file:line:column: message; help: …`; [`render`](Self::render) shows the line of the file
/// too.
///
/// ```
/// use ravelin_tunnel::config::{File, diagnostic::Source};
///
/// let source = Source::new("ravelin.toml", "[log]\nformt = \"json\"\n");
/// let fault = File::parse(&source).unwrap_err();
/// assert_eq!(fault.to_string(), "ravelin.toml:2:1: unknown key `formt`; help: did you mean `format`?");
/// ```
#[derive(Clone, Debug)]
pub struct Diagnostic(Box<Fault>);

#[derive(Clone, Debug)]
struct Fault {
    message: String,
    help: Option<String>,
    file: Option<PathBuf>,
    place: Option<(Source, Range<usize>)>,
}

impl std::error::Error for Diagnostic {}

impl Diagnostic {
    /// A fault without a place.
    pub fn new(message: impl Into<String>) -> Diagnostic {
        Diagnostic(Box::new(Fault { message: message.into(), help: None, file: None, place: None }))
    }

    /// A fault of a whole file.
    pub(crate) fn of_file(path: &Path, message: impl Into<String>) -> Diagnostic {
        let mut fault = Diagnostic::new(message);
        fault.0.file = Some(path.into());
        fault
    }

    /// Points at a part of a text, if there is one.
    #[must_use]
    pub(crate) fn at(mut self, source: Option<&Source>, span: Range<usize>) -> Diagnostic {
        self.0.place = source.map(|source| (source.clone(), span));
        self
    }

    /// Says what to do.
    #[must_use]
    pub(crate) fn help(mut self, help: impl Into<String>) -> Diagnostic {
        self.0.help = Some(help.into());
        self
    }

    /// What the TOML parser found, in our words.
    pub(crate) fn from_toml(error: &toml::de::Error, source: &Source) -> Diagnostic {
        let (message, help) = reword(error.message());
        let place = Some((source.clone(), error.span().unwrap_or(0..0)));
        Diagnostic(Box::new(Fault { message, help, file: None, place }))
    }

    /// What is wrong, without the place.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What to do, if it is known.
    pub fn suggestion(&self) -> Option<&str> {
        self.0.help.as_deref()
    }

    /// The file that is at fault.
    pub fn file(&self) -> Option<&Path> {
        self.0.place.as_ref().map(|(source, _)| source.path()).or(self.0.file.as_deref())
    }

    /// Where in the file.
    pub fn position(&self) -> Option<Position> {
        self.0.place.as_ref().map(|(source, span)| source.position(span.start))
    }

    /// Several lines for people: the fault, the line of the file with the fault marked, and what to do.
    pub fn render(&self, color: bool) -> String {
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        let mut group = Group::with_title(Level::ERROR.primary_title(self.0.message.as_str()));
        let path = self.file().map(|path| path.display().to_string());
        if let Some((source, span)) = &self.0.place {
            let (start, line, marked) = excerpt(source.text(), span.clone());
            group = group.element(
                Snippet::source(line)
                    .line_start(start)
                    .path(path)
                    .annotation(AnnotationKind::Primary.span(marked)),
            );
        } else if let Some(path) = path {
            group = group.element(annotate_snippets::Origin::path(path));
        }
        if let Some(help) = &self.0.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        renderer.render(&[group])
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = self.file() {
            write!(f, "{}:", one_line(&file.display().to_string()))?;
            if let Some(Position { line, column }) = self.position() {
                write!(f, "{line}:{column}:")?;
            }
            f.write_str(" ")?;
        }
        f.write_str(&one_line(&self.0.message))?;
        match &self.0.help {
            Some(help) => write!(f, "; help: {}", one_line(help)),
            None => Ok(()),
        }
    }
}

/// Without line ends and other control characters, so that a log line stays one.
pub(super) fn one_line(text: &str) -> String {
    let text: Vec<&str> = text.split(char::is_control).filter(|part| !part.is_empty()).collect();
    text.join(" ")
}

/// The number of the line a span begins in, the line, and what to mark in it.
fn excerpt(text: &str, span: Range<usize>) -> (usize, &str, Range<usize>) {
    let at = floor(text, span.start);
    let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let end = text[at..].find('\n').map_or(text.len(), |length| at + length);
    let number = text[..start].matches('\n').count() + 1;
    // A window around the fault in a line that is too long to show.
    let (start, end) = if end - start > MAX_SHOWN {
        let from = floor(text, at.saturating_sub(MAX_SHOWN / 4).max(start));
        (from, floor(text, end.min(from + MAX_SHOWN)))
    } else {
        (start, end)
    };
    let line = text[start..end].trim_end_matches('\r');
    // What is trimmed cannot be marked.
    let within = |at: usize| (at - start).min(line.len());
    let marked = within(at)..within(floor(text, span.end.clamp(at, end)));
    (number, line, marked)
}

/// The nearest boundary of a character at or before a byte.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// A message of serde's or ours as message and help.
fn reword(message: &str) -> (String, Option<String>) {
    let message = message.trim();
    for (theirs, ours) in
        [("unknown field ", "unknown key "), ("unknown variant ", "unknown value ")]
    {
        if let Some(rest) = message.strip_prefix(theirs) {
            let Some((name, known)) = rest.split_once(", ") else {
                return (format!("{ours}{rest}"), None);
            };
            let known: Vec<&str> = quoted(known).collect();
            return (format!("{ours}{name}"), suggest(name.trim_matches('`'), &known));
        }
    }
    if let Some(rest) = message.strip_prefix("missing field ") {
        return (format!("missing key {rest}"), None);
    }
    let Some((what, then)) = message.split_once("; ") else { return (message.into(), None) };
    match then.strip_prefix("known are ") {
        Some(known) => {
            let name = quoted(what).next().unwrap_or_default();
            (what.into(), suggest(name, &known.split(", ").collect::<Vec<_>>()))
        }
        None => (what.into(), Some(then.into())),
    }
}

/// The words in backquotes.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The known word that was meant, or else all of them.
pub(crate) fn suggest(name: &str, known: &[&str]) -> Option<String> {
    let nearest = known
        .iter()
        .map(|known| (distance(name, known), known))
        .filter(|(distance, known)| *distance <= known.chars().count().max(3) / 3)
        .min();
    match (nearest, known) {
        (Some((_, nearest)), _) => Some(format!("did you mean `{nearest}`?")),
        (None, []) => None,
        (None, [only]) => Some(format!("the only one is `{only}`")),
        (None, known) => {
            let known: Vec<String> = known.iter().map(|known| format!("`{known}`")).collect();
            Some(format!("known are {}", known.join(", ")))
        }
    }
}

/// How many letters must be added, removed, changed or swapped with their neighbour (optimal string alignment).
fn distance(from: &str, to: &str) -> usize {
    let from: Vec<char> = from.chars().take(64).map(|c| c.to_ascii_lowercase()).collect();
    let to: Vec<char> = to.chars().take(64).map(|c| c.to_ascii_lowercase()).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=to.len()).collect();
    for (row, a) in from.iter().enumerate() {
        let mut this = vec![row + 1];
        for (column, b) in to.iter().enumerate() {
            let mut least = (above[column] + usize::from(a != b))
                .min(above[column + 1] + 1)
                .min(this[column] + 1);
            if row > 0 && column > 0 && *a == to[column - 1] && from[row - 1] == *b {
                least = least.min(before[column - 1] + 1);
            }
            this.push(least);
        }
        before = std::mem::replace(&mut above, this);
    }
    above[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_shown_with_the_fault_marked() {
        let text = "[service.a]\nlisten = [\"[::]:443\"]\ntarget = \"nowhere\"\n";
        let at = text.find("\"nowhere\"").unwrap();
        let source = Source::new("ravelin.toml", text);
        let fault = Diagnostic::new("target has no port")
            .at(Some(&source), at..at + 9)
            .help("write host:port");
        assert_eq!(fault.position(), Some(Position { line: 3, column: 10 }));
        assert_eq!(
            fault.render(false),
            "error: target has no port\n --> ravelin.toml:3:10\n  |\n3 | target = \"nowhere\"\n  |          ^^^^^^^^^\n  \
             |\n  = help: write host:port"
        );
        assert!(fault.render(true).contains("\u{1b}["));
        assert!(!fault.to_string().contains('\n'));
    }

    #[test]
    fn without_a_place_the_file_is_named() {
        let fault = Diagnostic::of_file(Path::new("/etc/x.toml"), "no such file");
        assert_eq!(fault.to_string(), "/etc/x.toml: no such file");
        assert_eq!(fault.render(false), "error: no such file\n--> /etc/x.toml");
        assert_eq!(Diagnostic::new("alone\nin the dark").to_string(), "alone in the dark");
    }

    #[test]
    fn columns_are_characters_and_spans_may_lie_anywhere() {
        let source = Source::new("f", "é = \"ü\"\r\r\r\nzweite");
        let fault = |span| Diagnostic::new("x").at(Some(&source), span);
        assert_eq!(fault(5..8).position(), Some(Position { line: 1, column: 5 }));
        for start in 0..30 {
            for end in start..30 {
                assert!(fault(start..end).render(false).contains("f:"));
                assert!(fault(start..end).to_string().starts_with("f:"));
            }
        }
    }

    #[test]
    fn long_lines_are_cut_where_they_are_shown() {
        let text = format!("a = \"{}\"\n", "ä".repeat(100_000));
        for at in [0, 5, 50_001, 200_000] {
            let source = Source::new("f", text.as_str());
            let shown = Diagnostic::new("x").at(Some(&source), at..200_005).render(false);
            assert!(shown.len() < 2_000, "{at}: {}", shown.len());
        }
    }

    #[test]
    fn the_nearest_known_word_is_suggested() {
        assert_eq!(distance("idle-timout", "idle-timeout"), 1);
        assert_eq!(distance("fromat", "format"), 1);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(suggest("listne", &["listen", "target"]).unwrap(), "did you mean `listen`?");
        assert_eq!(suggest("port", &["listen", "target"]).unwrap(), "known are `listen`, `target`");
        assert_eq!(suggest("x", &[]), None);
    }
}
