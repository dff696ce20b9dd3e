//! Evidence that is fetched while a question is answered.

use crate::{args::cert::judge::FetchingArgs, exit::Failure};
use ravelin_net::{
    fetch::{FetchConfig, FetchLimits, FetchRequest, Fetcher},
    roots,
};
use ravelin_trust::{
    Evaluation, Request, Step, Verdict,
    revocation::{Location, LocationKind},
};
use serde::Serialize;
use std::{
    env, io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::runtime::{Builder, Runtime};

/// One thing that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fetch {
    /// Where.
    pub url: String,
    /// `issuer`, `crl` or `ocsp`.
    pub kind: &'static str,
    /// Whether it came, and was what it should be.
    pub ok: bool,
    /// How much came and from where, or why it did not.
    pub detail: String,
}

/// Who fetches. Any number of threads may ask.
#[derive(Debug)]
pub struct Online {
    runtime: Runtime,
    fetcher: Fetcher,
}

impl Online {
    /// Gets ready to fetch.
    ///
    /// # Errors
    /// When the folder that was asked for cannot be made. The default one is done without then.
    pub fn new(args: &FetchingArgs) -> Result<Online, Failure> {
        let config = || {
            let mut limits = FetchLimits::default();
            limits.allow_private = args.allow_private;
            let mut config = FetchConfig::new(limits);
            config.roots = roots::platform().certificates;
            config
        };
        let with = |folder: &Path| {
            let mut config = config();
            config.cache.folder = Some(folder.into());
            Fetcher::new(config)
        };
        let unusable = |folder: &Path, error: io::Error| {
            Failure::input(format!("{}: cannot be used as a cache: {error}", folder.display()))
        };
        let fetcher = match (&args.cache, default_folder()) {
            (Some(folder), _) => with(folder).map_err(|error| unusable(folder, error))?,
            (None, Some(folder)) if !args.no_cache => {
                with(&folder).or_else(|_| Fetcher::new(config()))?
            }
            (None, _) => Fetcher::new(config())?,
        };
        let runtime = Builder::new_current_thread().enable_all().build()?;
        Ok(Online { runtime, fetcher })
    }

    /// Answers a question, fetching what would help.
    pub fn decide(&self, request: Request<'_>) -> (Verdict, Vec<Fetch>) {
        self.runtime.block_on(decide(request, &self.fetcher))
    }

    /// Leaves what still goes on behind: a look-up of a host may take long.
    pub fn end(self) {
        self.runtime.shutdown_background();
    }
}

async fn decide(request: Request<'_>, fetcher: &Fetcher) -> (Verdict, Vec<Fetch>) {
    let mut evaluation = Evaluation::new(request);
    let mut fetches = Vec::new();
    loop {
        let location = match evaluation.step() {
            Step::Done(verdict) => return (*verdict, fetches),
            Step::NeedFetch(location) => location,
        };
        let (wanted, kind) = wanted(&location);
        // What is fresh is told by the clock, whatever moment the question is about.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        let (ok, detail) = match fetcher.fetch(&wanted, now).await {
            Ok(evidence) => {
                let before = evaluation.problems().len();
                evaluation.supply(&location, evidence.bytes());
                let problem = evaluation.problems().get(before).map(|(_, why)| why.clone());
                if let Some(why) = problem {
                    fetcher.forget(&wanted).await;
                    (false, why)
                } else {
                    let length = evidence.bytes().len();
                    (true, format!("{length} bytes from the {}", evidence.origin()))
                }
            }
            Err(error) => {
                let why = error.to_string();
                evaluation.missing(&location, &why);
                (false, why)
            }
        };
        fetches.push(Fetch { url: location.url, kind, ok, detail });
    }
}

fn wanted(location: &Location) -> (FetchRequest, &'static str) {
    let url = &location.url[..];
    match location.kind {
        LocationKind::Issuer => (FetchRequest::issuer(url), "issuer"),
        LocationKind::Crl => (FetchRequest::crl(url), "crl"),
        LocationKind::Ocsp => {
            (FetchRequest::ocsp(url, location.body.clone().unwrap_or_default()), "ocsp")
        }
    }
}

/// As the XDG Base Directory Specification has it.
fn default_folder() -> Option<PathBuf> {
    let absolute = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base =
        absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")))?;
    Some(base.join("ravelin"))
}
