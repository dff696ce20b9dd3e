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
    sync::OnceLock,
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

    /// Begins to fetch for one question.
    pub fn round(&self) -> Round<'_> {
        self.fetching.round()
    }

    /// Fetches one thing in such a round.
    ///
    /// # Errors
    /// As [`Round::fetch`].
    pub fn fetch(&self, round: &mut Round<'_>, wanted: &Wanted) -> Result<Vec<u8>, String> {
        self.runtime.block_on(round.fetch(wanted))
    }

    /// Leaves what still goes on behind: a look-up of a host may take long.
    pub fn end(self) {
        self.runtime.shutdown_background();
    }
}

/// Who fetches for many questions; made when the first asks for it.
#[derive(Debug)]
pub struct OnDemand {
    fetching: FetchingArgs,
    online: OnceLock<Result<Online, String>>,
}

impl OnDemand {
    /// Nobody yet.
    pub fn new(fetching: &FetchingArgs) -> OnDemand {
        OnDemand { fetching: fetching.clone(), online: OnceLock::new() }
    }

    /// Who fetches.
    ///
    /// # Errors
    /// As [`Online::new`].
    pub fn online(&self) -> Result<&Online, String> {
        let online = self.online.get_or_init(|| {
            Online::new(&self.fetching).map_err(|failure| failure.line().unwrap_or_default())
        });
        online.as_ref().map_err(Clone::clone)
    }

    /// As [`Online::end`].
    pub fn end(self) {
        if let Some(Ok(online)) = self.online.into_inner() {
            online.end();
        }
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
        let mut evaluation = Evaluation::new(request);
        let mut round = self.round();
        loop {
            match evaluation.step() {
                Step::Done(verdict) => return (*verdict, round.fetches),
                Step::NeedFetch(wanted) => match round.fetch(&wanted).await {
                    Ok(bytes) => {
                        let before = evaluation.problems().len();
                        evaluation.supply(&wanted, &bytes);
                        if let Some((_, why)) = evaluation.problems().get(before) {
                            round.spoiled(&wanted, why).await;
                        }
                    }
                    Err(why) => evaluation.missing(&wanted, &why),
                },
            }
        }
    }

    /// Begins to fetch for one question.
    pub fn round(&self) -> Round<'_> {
        Round { fetcher: &self.fetcher, begin: Instant::now(), fetches: Vec::new() }
    }
}

/// What is fetched for one question.
#[derive(Debug)]
pub struct Round<'f> {
    fetcher: &'f Fetcher,
    begin: Instant,
    fetches: Vec<Fetch>,
}

impl Round<'_> {
    /// Fetches one thing.
    ///
    /// # Errors
    /// When it cannot be had or is not what it should be; the message says why.
    pub async fn fetch(&mut self, wanted: &Wanted) -> Result<Vec<u8>, String> {
        let (request, kind) = request_for(wanted);
        let fetched = if self.begin.elapsed() >= LIMIT {
            Err(format!("not asked: {} s for fetching are over", LIMIT.as_secs()))
        } else {
            had(self.fetcher, &request, wanted).await
        };
        let (bytes, detail) = match fetched {
            Ok((bytes, detail)) => (Ok(bytes), detail),
            Err(why) => (Err(why.clone()), why),
        };
        self.fetches.push(Fetch { url: wanted.url.clone(), kind, ok: bytes.is_ok(), detail });
        bytes
    }

    /// Says that what was fetched last is not what it should be.
    async fn spoiled(&mut self, wanted: &Wanted, why: &str) {
        self.fetcher.forget(&request_for(wanted).0).await;
        if let Some(fetch) = self.fetches.last_mut() {
            fetch.ok = false;
            why.clone_into(&mut fetch.detail);
        }
    }

    /// What was fetched.
    pub fn into_fetches(self) -> Vec<Fetch> {
        self.fetches
    }
}

fn impossible(error: &io::Error) -> Failure {
    Failure::Unanswered(format!("nothing can be fetched: {error}"))
}

/// What came, and how much of it from where.
async fn had(
    fetcher: &Fetcher,
    request: &FetchRequest,
    wanted: &Wanted,
) -> Result<(Vec<u8>, String), String> {
    // What is fresh is told by the clock, whatever moment the question is about.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let evidence = fetcher.fetch(request, now).await.map_err(|error| {
        let hint = match error.fault() {
            FetchFault::Address { .. } => "; --allow-private has it asked",
            _ => "",
        };
        format!("{error}{hint}")
    })?;
    let bytes = evidence.bytes();
    if let Err(why) = understood(wanted.kind, bytes) {
        fetcher.forget(request).await;
        return Err(why);
    }
    if let Some(until) = next_update(wanted.kind, bytes) {
        let until = u64::try_from(until.unix()).unwrap_or_default();
        fetcher.keep_until(request, Duration::from_secs(until), now).await;
    }
    Ok((bytes.to_vec(), format!("{} bytes from the {}", bytes.len(), evidence.origin())))
}

/// Whether bytes are what was asked for.
fn understood(kind: WantedKind, bytes: &[u8]) -> Result<(), String> {
    match kind {
        // A certificate, or a message that holds some: the evaluation tells.
        WantedKind::Issuer => Ok(()),
        WantedKind::Crl => Crl::parse(bytes).map(|_| ()).map_err(|error| error.to_string()),
        WantedKind::Ocsp => {
            OcspResponse::parse(bytes).map(|_| ()).map_err(|error| error.to_string())
        }
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
