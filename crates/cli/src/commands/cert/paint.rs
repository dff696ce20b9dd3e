//! Text for people: colours, and foreign text that cannot do harm.

use anstyle::{AnsiColor, Style};
use std::fmt::Write as _;

/// How something is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Good.
    Good,
    /// Bad.
    Bad,
    /// To be looked at.
    Doubtful,
    /// What matters most in its line.
    Strong,
    /// By the way.
    Faint,
}

impl Tone {
    fn style(self) -> Style {
        match self {
            Tone::Good => AnsiColor::Green.on_default().bold(),
            Tone::Bad => AnsiColor::Red.on_default().bold(),
            Tone::Doubtful => AnsiColor::Yellow.on_default().bold(),
            Tone::Strong => Style::new().bold(),
            Tone::Faint => Style::new().dimmed(),
        }
    }
}

/// Colours words, where colours are wanted.
#[derive(Clone, Copy, Debug)]
pub struct Paint(pub bool);

impl Paint {
    /// Words in a tone.
    pub fn words(self, tone: Tone, words: &str) -> String {
        if self.0 {
            let style = tone.style();
            format!("{style}{words}{style:#}")
        } else {
            words.to_owned()
        }
    }
}

/// Text out of certificates, with what would move a terminal's cursor or turn its letters around escaped.
pub fn harmless(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        let turns = matches!(character,
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
        if character.is_control() || turns {
            let _ = write!(shown, "\\u{{{:x}}}", u32::from(character));
        } else {
            shown.push(character);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_moves_nothing() {
        assert_eq!(harmless("CN=\u{1b}[2J\u{202e}\u{e4}\n"), "CN=\\u{1b}[2J\\u{202e}\u{e4}\\u{a}");
    }

    #[test]
    fn without_colours_words_are_left_alone() {
        assert_eq!(Paint(false).words(Tone::Bad, "no"), "no");
        assert_eq!(Paint(true).words(Tone::Strong, "no"), "\u{1b}[1mno\u{1b}[0m");
    }
}
