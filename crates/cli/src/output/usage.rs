//! Help, and usage that was wrong.

use crate::exit::{Exit, Failure};
use clap::error::ErrorKind;

/// Prints the help or version that was asked for; anything else is wrong usage, told in one line.
///
/// # Errors
/// On wrong usage.
pub fn usage(error: &clap::Error) -> Result<Exit, Failure> {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            error.print()?;
            Ok(Exit::Yes)
        }
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            Err(Failure::input("which command? see `ravelin --help`"))
        }
        _ => Err(Failure::input(one_line(&error.render().to_string()))),
    }
}

/// clap's paragraphs before the usage as one line.
fn one_line(text: &str) -> String {
    let mut line = String::new();
    for part in text.lines().map(str::trim).take_while(|part| !part.starts_with("Usage:")) {
        if part.is_empty() || part.starts_with("For more information") {
            continue;
        }
        if !line.is_empty() {
            line.push_str(if line.ends_with(':') { " " } else { "; " });
        }
        line.push_str(part);
    }
    line.strip_prefix("error: ").map_or_else(|| line.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_become_one_line() {
        let text = "error: unexpected argument '--lisen' found\n\n  tip: a similar argument exists: '--listen'\n\n\
                    Usage: ravelin tunnel\n\nFor more information, try '--help'.\n";
        assert_eq!(
            one_line(text),
            "unexpected argument '--lisen' found; tip: a similar argument exists: '--listen'"
        );
        let text =
            "error: the following required arguments were not provided:\n  <SHELL>\n\nUsage: x\n";
        assert_eq!(one_line(text), "the following required arguments were not provided: <SHELL>");
    }
}
