//! `ravelin cert verify`: may this certificate be trusted, and why or why not?
//!
//! - `question`: what is asked; `line`: the same as a line of a batch.
//! - `files`: reads what the question names, once.
//! - `judge`: from a question to a verdict; `online`: with what is fetched on the way.
//! - `answer`: the verdict for programs; `report`: for people; `advice`: what to do about it.
//! - `batch`: many questions.

mod advice;
mod answer;
mod batch;
mod files;
mod judge;
mod line;
mod online;
mod question;
mod report;

use crate::{
    args::cert::judge::VerifyArgs,
    exit::{Exit, Failure},
    output,
};
use answer::Answer;
use files::Files;
use judge::judge;
use online::Online;
use question::Question;
use ravelin_trust::Status;

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
    if json {
        output::print(&Answer::new(&judged, None).line())?;
    } else {
        output::print(&report::text(&judged, output::is_colored()))?;
    }
    Ok(match judged.status() {
        Status::Trusted => Exit::Yes,
        Status::Unknown => Exit::Undecided,
        _ => Exit::No,
    })
}
