//! How the command ends: its exit codes, and the one line that says why.

use ravelin_tunnel::config::Diagnostic;
use std::{fmt::Display, io, process::ExitCode};

/// The exit codes of every command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Yes, or done.
    Yes = 0,
    /// No: a negative verdict.
    No = 1,
    /// Bad usage or configuration, or input that cannot be read.
    Usage = 2,
    /// It could not be decided: nobody answered.
    Undecided = 3,
}

impl Exit {
    /// This exit, once the answer is written: it stands even if nobody reads the answer, for a verdict is no less negative
    /// when the pipe to `head` is closed.
    ///
    /// # Errors
    /// When the answer cannot be written for another reason.
    pub fn told(self, written: io::Result<()>) -> Result<Exit, Failure> {
        match written {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
            _ => Ok(self),
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub enum Failure {
    /// The configuration or an input is at fault.
    Input(String),
    /// Nobody answered.
    Unanswered(String),
    /// The output cannot be written.
    Output(io::Error),
}

impl Failure {
    /// The configuration or an input is at fault.
    pub fn input(what: impl Display) -> Failure {
        Failure::Input(what.to_string())
    }

    /// The exit code it ends with. Whoever reads our output may stop at any time: that is no error.
    pub fn exit(&self) -> Exit {
        match self {
            Failure::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Yes,
            Failure::Input(_) | Failure::Output(_) => Exit::Usage,
            Failure::Unanswered(_) => Exit::Undecided,
        }
    }

    /// The line for standard error.
    pub fn line(&self) -> Option<String> {
        match self {
            Failure::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => None,
            Failure::Output(error) => Some(format!("the output cannot be written: {error}")),
            Failure::Input(what) | Failure::Unanswered(what) => Some(what.clone()),
        }
    }
}

impl From<Diagnostic> for Failure {
    fn from(fault: Diagnostic) -> Failure {
        Failure::Input(fault.to_string())
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::Output(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_stands_when_nobody_reads_it() {
        let broken = || Err(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!(Exit::No.told(broken()).unwrap(), Exit::No);
        assert_eq!(Exit::No.told(Ok(())).unwrap(), Exit::No);
        let full = Exit::No.told(Err(io::Error::from(io::ErrorKind::StorageFull)));
        assert_eq!(full.unwrap_err().exit(), Exit::Usage);
    }

    #[test]
    fn a_broken_pipe_is_no_error() {
        let failure = Failure::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!((failure.exit(), failure.line()), (Exit::Yes, None));
        let failure = Failure::from(io::Error::from(io::ErrorKind::StorageFull));
        assert_eq!(failure.exit(), Exit::Usage);
        assert!(failure.line().unwrap().starts_with("the output cannot be written: "));
    }
}
