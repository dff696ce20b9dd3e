//! `ravelin xml verify`: does a signature hold, who signed, and is what was signed unchanged?
//!
//! - `question`: what is asked; `line`: the same as a line of a batch.
//! - `examine`: from a question to a report; `detached`: what references refer to outside the document.
//! - `answer`: the report for programs; `text`: for people; `advice`: what to do about it.
//! - `batch`: many questions.

mod advice;
mod answer;
mod batch;
mod detached;
mod examine;
mod line;
mod question;
mod text;

use super::progress::Progress;
use crate::{
    args::xml::VerifyArgs,
    commands::judgement::{Files, Online},
    exit::{Exit, Failure},
    output,
};
use examine::{Examined, examine};
use question::Question;

/// Verifies a signature, or one for every line of a batch.
///
/// # Errors
/// When an input cannot be read, it cannot be told whether the signature is good, or the answer cannot be written.
pub fn run(args: &VerifyArgs, json: bool) -> Result<Exit, Failure> {
    if let Some(file) = &args.batch {
        return batch::run(file, &args.fetching);
    }
    let document = args.inputs.document.clone().unwrap_or_default();
    let question = Question::typed(args, document).map_err(Failure::Input)?;
    let online = if args.online { Some(Online::new(&args.fetching)?) } else { None };
    let progress = if json { None } else { Progress::at_terminal() };
    let examined = examine(question, &Files::default(), online.as_ref(), progress);
    if let Some(online) = online {
        online.end();
    }
    tell(&examined?, json)
}

fn tell(examined: &Examined, json: bool) -> Result<Exit, Failure> {
    let written =
        if json { output::print(&answer::Answer::new(examined, None).line()) } else { Ok(()) };
    match &examined.outcome {
        Ok(found) if json => found.exit().told(written),
        Ok(found) => {
            found.exit().told(output::print(&text::report(examined, found, output::is_colored())))
        }
        Err(error) => {
            Exit::Usage.told(written)?;
            Err(Failure::Input(advice::fault(&examined.document, error)))
        }
    }
}
