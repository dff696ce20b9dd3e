//! Evidence that is fetched while a question is answered.

use crate::{args::cert::judge::FetchingArgs, exit::Failure};
use ravelin_net::{
    fetch::{FetchConfig, FetchFault, FetchLimits, FetchRequest, Fetcher},
    roots,
};
use ravelin_trust::{
    Evaluation, Request, Step, Time, Verdict, Wanted, WantedKind,
    revocation::{Crl, OcspResponse},
};
use serde::Serialize;
use std::{
    env, io,
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use tokio::runtime::{Builder, Runtime};

/// How long a question may wait for all that is fetched for it. Whoever made the certificates chose the servers.
const LIMIT: Duration = Duration::from_secs(60);

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

/// Who fetches, for whoever has no runtime of its own. Any number of threads may ask.
#[derive(Debug)]
pub struct Online {
    runtime: Runtime,
    fetching: Fetching,
}

/// Who fetches.
#[derive(Clone, Debug)]
pub struct Fetching {
    fetcher: Fetcher,
}

impl Online {
    /// Gets ready to fetch.
    ///
    /// # Errors
    /// When the folder that was asked for cannot be made. The default one is done without then.
    pub fn new(args: &FetchingArgs) -> Result<Online, Failure> {
        let fetching = Fetching::new(args)?;
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| impossible(&error))?;
        Ok(Online { runtime, fetching })
    }

    /// Answers a question, fetching what would help.
    pub fn decide(&self, request: Request<'_>) -> (Verdict, Vec<Fetch>) {
        self.runtime.block_on(self.fetching.decide(request))
    }

    /// Leaves what still goes on behind: a look-up of a host may take long.
    pub fn end(self) {
        self.runtime.shutdown_background();
    }
}

impl Fetching {
    /// Gets ready to fetch.
    ///
    /// # Errors
    /// When the folder that was asked for cannot be made. The default one is done without then.
    pub fn new(args: &FetchingArgs) -> Result<Fetching, Failure> {
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
            (Some(folder), _) => Ok(with(folder).map_err(|error| unusable(folder, error))?),
            (None, Some(folder)) if !args.no_cache => {
                with(&folder).or_else(|_| Fetcher::new(config()))
            }
            (None, _) => Fetcher::new(config()),
        }
        .map_err(|error| impossible(&error))?;
        Ok(Fetching { fetcher })
    }

    /// Answers a question, fetching what would help.
    pub async fn decide(&self, request: Request<'_>) -> (Verdict, Vec<Fetch>) {
        decide(request, &self.fetcher).await
    }
}

fn impossible(error: &io::Error) -> Failure {
    Failure::Unanswered(format!("nothing can be fetched: {error}"))
}

async fn decide(request: Request<'_>, fetcher: &Fetcher) -> (Verdict, Vec<Fetch>) {
    let mut evaluation = Evaluation::new(request);
    let mut fetches = Vec::new();
    let begin = Instant::now();
    loop {
        let wanted = match evaluation.step() {
            Step::Done(verdict) => return (*verdict, fetches),
            Step::NeedFetch(wanted) => wanted,
        };
        let (request, kind) = request_for(&wanted);
        if begin.elapsed() >= LIMIT {
            let why = format!("not asked: {} s for fetching are over", LIMIT.as_secs());
            evaluation.missing(&wanted, &why);
            fetches.push(Fetch { url: wanted.url, kind, ok: false, detail: why });
            continue;
        }
        // What is fresh is told by the clock, whatever moment the question is about.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        let (ok, detail) = match fetcher.fetch(&request, now).await {
            Ok(evidence) => {
                let before = evaluation.problems().len();
                evaluation.supply(&wanted, evidence.bytes());
                let problem = evaluation.problems().get(before).map(|(_, why)| why.clone());
                if let Some(why) = problem {
                    fetcher.forget(&request).await;
                    (false, why)
                } else {
                    if let Some(until) = next_update(wanted.kind, evidence.bytes()) {
                        let until = u64::try_from(until.unix()).unwrap_or_default();
                        fetcher.keep_until(&request, Duration::from_secs(until), now).await;
                    }
                    let length = evidence.bytes().len();
                    (true, format!("{length} bytes from the {}", evidence.origin()))
                }
            }
            Err(error) => {
                let mut why = error.to_string();
                if matches!(error.fault(), FetchFault::Address { .. }) {
                    why.push_str("; --allow-private has it asked");
                }
                evaluation.missing(&wanted, &why);
                (false, why)
            }
        };
        fetches.push(Fetch { url: wanted.url, kind, ok, detail });
    }
}

fn request_for(wanted: &Wanted) -> (FetchRequest, &'static str) {
    let url = &wanted.url[..];
    match wanted.kind {
        WantedKind::Issuer => (FetchRequest::issuer(url), "issuer"),
        WantedKind::Crl => (FetchRequest::crl(url), "crl"),
        WantedKind::Ocsp => {
            (FetchRequest::ocsp(url, wanted.body.clone().unwrap_or_default()), "ocsp")
        }
    }
}

/// When, at the latest, more will be known.
fn next_update(kind: WantedKind, bytes: &[u8]) -> Option<Time> {
    match kind {
        WantedKind::Issuer => None,
        WantedKind::Crl => Crl::parse(bytes).ok()?.next_update(),
        WantedKind::Ocsp => {
            let response = OcspResponse::parse(bytes).ok()?;
            response.responses().filter_map(|one| one.next_update).min()
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
