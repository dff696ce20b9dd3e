//! `verify --batch`: many signatures.

use super::{
    answer::Answer,
    examine::{Examined, examine},
    line,
    question::Question,
};
use crate::{
    args::cert::judge::FetchingArgs,
    commands::judgement::{Answering, Fault, Files, OnDemand, run_batch, unanswered},
    exit::{Exit, Failure},
};
use std::{path::Path, sync::Arc};

/// What all lines share.
struct Shared {
    files: Files,
    online: OnDemand,
}

/// Answers every line.
///
/// # Errors
/// When the lines cannot be read, or answers cannot be written.
pub fn run(file: &Path, fetching: &FetchingArgs) -> Result<Exit, Failure> {
    let shared = Arc::new(Shared { files: Files::default(), online: OnDemand::new(fetching) });
    run_batch(file, &shared)?;
    if let Some(shared) = Arc::into_inner(shared) {
        shared.online.end();
    }
    Ok(Exit::Yes)
}

impl Answering for Shared {
    fn answer(&self, line: &[u8]) -> String {
        let (id, question) = line::read(line);
        match question.and_then(|question| self.examine(question)) {
            Ok(examined) => Answer::new(&examined, Some(&id)).line(),
            Err(fault) => unanswered(&id, fault),
        }
    }
}

impl Shared {
    fn examine(&self, question: Question) -> Result<Examined, Fault> {
        let fault = |detail| Fault { kind: "input", detail };
        let online =
            if question.online { Some(self.online.online().map_err(fault)?) } else { None };
        examine(question, &self.files, online, None).map_err(|error| fault(error.to_string()))
    }
}
