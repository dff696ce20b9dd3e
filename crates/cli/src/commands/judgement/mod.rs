//! What came of judging certificates, and how it is told: shared by all commands that judge.
//!
//! - `source`: where evidence comes from; `files`: reads it, once; `online`: fetches more.
//! - `batch`: many questions in one process.
//! - `answer`: the verdict for programs; `report`: for people; `advice`: what to do about it.

mod advice;
mod answer;
mod batch;
mod files;
mod online;
mod report;
mod source;

pub use advice::meaning;
pub use answer::{Answer, Fault, unanswered};
pub use batch::{Answering, apart, each, one, run as run_batch};
pub use files::{Ders, Files, Kind, fault};
pub use online::{Fetch, Fetching, OnDemand, Online};
pub use report::text;
pub use source::{Source, Store, stores};

use crate::{commands::cert::input::InputError, exit::Exit};
use ravelin_trust::{Name, Profile, Purpose, Status, Time, Verdict};
use std::{fmt::Display, sync::Arc};

/// What was asked about a certificate, as far as reports tell of it.
#[derive(Clone, Debug)]
pub struct Terms {
    /// Names it must be for.
    pub names: Vec<Name>,
    /// What it is to be used for.
    pub purpose: Purpose,
    /// The rules.
    pub profile: Profile,
    /// The public lists that are trusted.
    pub stores: Vec<Store>,
    /// Whether more may be fetched.
    pub online: bool,
    /// Where it came from.
    pub presented: Presented,
}

/// Where a certificate came from, and so how advice has to speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presented {
    /// From a file.
    InFile,
    /// From a server that was connected to, which leaves no choice of purpose.
    ByServer,
    /// From an XML signature.
    InSignature,
}

impl Presented {
    /// The option that trusts a certificate.
    pub fn anchor_option(self) -> &'static str {
        match self {
            Presented::InSignature => "--trusted",
            _ => "--anchor",
        }
    }

    /// The option that paths may lead through.
    pub fn intermediate_option(self) -> &'static str {
        match self {
            Presented::InSignature => "--added",
            _ => "--intermediate",
        }
    }

    /// The option that chooses the rules.
    pub fn profile_option(self) -> &'static str {
        match self {
            Presented::InSignature => "--trust-profile",
            _ => "--profile",
        }
    }
}

/// A certificate that was judged.
#[derive(Clone, Debug)]
pub struct Judged {
    /// What was asked.
    pub terms: Terms,
    /// The moment it was judged for.
    pub time: Time,
    /// The answer.
    pub verdict: Arc<Verdict>,
    /// How many anchors were trusted.
    pub anchors: usize,
    /// What was fetched on the way.
    pub fetches: Vec<Fetch>,
}

impl Judged {
    /// Whether it may be trusted. Nothing is without the engine's proof.
    pub fn status(&self) -> Status {
        match self.verdict.status() {
            Status::Trusted if self.verdict.trusted().is_none() => Status::UntrustedSigners,
            status => status,
        }
    }

    /// OpenSSL's name for the reason; none when trusted.
    pub fn code(&self) -> Option<&'static str> {
        if self.status() == Status::Trusted { None } else { self.verdict.code() }
    }

    /// The exit code that tells it.
    pub fn exit(&self) -> Exit {
        match self.status() {
            Status::Trusted => Exit::Yes,
            Status::Unknown => Exit::Undecided,
            _ => Exit::No,
        }
    }
}

/// Everything that sources hold, understood.
///
/// # Errors
/// When something cannot be; the message says which.
pub fn parsed<'d, T, E: Display>(
    loaded: &'d [(Source, Ders)],
    noun: &str,
    parse: impl Fn(&'d [u8]) -> Result<T, E>,
) -> Result<Vec<T>, InputError> {
    let mut all = Vec::new();
    for (source, ders) in loaded {
        for (index, der) in ders.iter().enumerate() {
            all.push(parse(der).map_err(|error| fault(source, noun, index, &error))?);
        }
    }
    Ok(all)
}
