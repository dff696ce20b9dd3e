//! `ravelin cert verify`: may this certificate be trusted, and why or why not?
//!
//! - `question`: what is asked; `line`: the same as a line of a batch.
//! - `judge`: from a question to a verdict.
//! - `batch`: many questions.

mod batch;
mod judge;
mod line;
mod question;

use crate::{
    args::cert::judge::VerifyArgs,
    commands::judgement::{self, Answer, Files, Online},
    exit::{Exit, Failure},
    output,
};
use judge::judge;
use question::Question;

/// Judges a certificate, or every line of a batch.
///
/// # Errors
/// When an input cannot be read, or the answer cannot be written.
pub fn run(args: &VerifyArgs, json: bool) -> Result<Exit, Failure> {
    if let Some(file) = &args.batch {
        return batch::run(file, &args.fetching);
    }
    let certificate = args.evidence.certificate.clone().unwrap_or_default();
    let question = Question::typed(args, certificate).map_err(Failure::Input)?;
    let online = if args.online { Some(Online::new(&args.fetching)?) } else { None };
    let judged = judge(question, &Files::default(), online.as_ref());
    if let Some(online) = online {
        online.end();
    }
    let judged = judged?;
    judged.exit().told(output::print(&if json {
        Answer::new(&judged, None).line()
    } else {
        judgement::text(&judged, output::is_colored())
    }))
}
