//! A request from the first server to the last.

use super::{
    FetchError, FetchFault, FetchLimits, FetchRequest, Phase, Resolve,
    dial::dial,
    error::Scope,
    exchange::{Answer, exchange},
    request::Key,
    target::Target,
    within,
};
use crate::stream::{StreamError, TlsStream};
use ravelin_tls::{ClientConfig, ClientContext, Trust};
use std::{io, sync::Arc, time::Duration};
use tokio::{net::TcpStream, sync::Semaphore, time::Instant};

/// What reaches servers, with nothing remembered.
pub(super) struct Network {
    limits: FetchLimits,
    resolver: Arc<dyn Resolve>,
    tls: Option<ClientContext>,
    turns: Semaphore,
}

/// Content, and for how long it may be kept.
pub(super) struct Content {
    pub(super) bytes: Vec<u8>,
    pub(super) lifetime: Duration,
}

/// Why there is none, and for what that stands.
pub(super) struct Failure {
    pub(super) error: FetchError,
    pub(super) stands_for: Option<Key>,
}

impl Network {
    /// Also returns which roots cannot be used, by their index, with the reason.
    pub(super) fn new(
        limits: FetchLimits,
        roots: Vec<Box<[u8]>>,
        resolver: Arc<dyn Resolve>,
    ) -> (Network, Vec<(usize, String)>) {
        let (tls, unusable) = context(roots);
        let turns = Semaphore::new(limits.concurrent.clamp(1, Semaphore::MAX_PERMITS));
        (Network { limits, resolver, tls, turns }, unusable)
    }

    pub(super) fn limits(&self) -> &FetchLimits {
        &self.limits
    }

    pub(super) async fn fetch(
        &self,
        request: &FetchRequest,
        first: &Target,
        now: Duration,
    ) -> Result<Content, Failure> {
        let deadline = Instant::now() + self.limits.time;
        let failure = |at: &Target, fault: FetchFault| {
            let stands_for = match fault.scope() {
                Scope::Server if at == first => Some(server_key(first)),
                // A server far behind a redirect says nothing about the one that was asked.
                Scope::Server | Scope::Url => Some(request.url_key()),
                Scope::Request => Some(request.key()),
                Scope::Nothing => None,
            };
            Failure { error: FetchError::at(at, fault), stands_for }
        };
        let _turn = within(deadline, Phase::Queue, self.turns.acquire())
            .await
            .and_then(|turn| turn.map_err(|_| FetchFault::Interrupted))
            .map_err(|fault| failure(first, fault))?;
        let mut asked = vec![first.clone()];
        loop {
            let here = &asked[asked.len() - 1];
            let answer = self.ask(here, request, now, deadline).await;
            let location = match answer.map_err(|fault| failure(here, fault))? {
                Answer::Content { bytes, lifetime } => return Ok(Content { bytes, lifetime }),
                Answer::Redirect(location) => location,
            };
            let next = here.join(&location).map_err(|fault| Failure {
                error: FetchError::new(&location, fault),
                stands_for: Some(request.key()),
            })?;
            if here.https && !next.https {
                return Err(failure(&next, FetchFault::Downgrade));
            }
            if asked.contains(&next) {
                return Err(failure(&next, FetchFault::RedirectLoop));
            }
            if asked.len() > self.limits.redirects {
                return Err(failure(&next, FetchFault::TooManyRedirects(self.limits.redirects)));
            }
            asked.push(next);
        }
    }

    async fn ask(
        &self,
        target: &Target,
        request: &FetchRequest,
        now: Duration,
        deadline: Instant,
    ) -> Result<Answer, FetchFault> {
        if !target.https {
            let stream = dial(target, &self.limits, &*self.resolver, deadline).await?;
            return exchange(stream, target, request, &self.limits, now, deadline).await;
        }
        let context = self.tls.as_ref().ok_or(FetchFault::NoRoots)?;
        let stream = dial(target, &self.limits, &*self.resolver, deadline).await?;
        let stream = self.secure(context, target, stream, now, deadline).await?;
        exchange(stream, target, request, &self.limits, now, deadline).await
    }

    async fn secure(
        &self,
        context: &ClientContext,
        target: &Target,
        stream: TcpStream,
        now: Duration,
        deadline: Instant,
    ) -> Result<TlsStream<TcpStream>, FetchFault> {
        let deadline = deadline.min(Instant::now() + self.limits.connect);
        // A final dot is for resolvers only (RFC 6066, section 3).
        let name = target.host.strip_suffix('.').unwrap_or(&target.host);
        let handshake = TlsStream::connect(context, name, now, stream);
        let result = within(deadline, Phase::Handshake, handshake).await?;
        result.map_err(|error| match stream_error(&error) {
            Some(StreamError::Tls(error)) => FetchFault::Tls(error.clone()),
            _ => FetchFault::Unreachable(error.to_string()),
        })
    }
}

/// The name under which the faults of a whole server are kept.
pub(super) fn server_key(target: &Target) -> Key {
    let (host, port) = (target.host.as_bytes(), target.port.to_be_bytes());
    Key::of(b"server", &[&[u8::from(target.https)], host, &port])
}

fn stream_error(error: &io::Error) -> Option<&StreamError> {
    error.get_ref()?.downcast_ref()
}

/// One root that the engine cannot use is no reason to trust none of the others.
fn context(roots: Vec<Box<[u8]>>) -> (Option<ClientContext>, Vec<(usize, String)>) {
    let of = |roots| {
        let mut config = ClientConfig::new(Trust::of_certificates(roots)?);
        config.alpn = vec![Box::from(*b"http/1.1")];
        ClientContext::new(&config)
    };
    if roots.is_empty() {
        return (None, Vec::new());
    }
    if let Ok(context) = of(roots.clone()) {
        return (Some(context), Vec::new());
    }
    let mut unusable = Vec::new();
    let mut usable = Vec::new();
    for (index, root) in roots.into_iter().enumerate() {
        match of(vec![root.clone()]) {
            Ok(_) => usable.push(root),
            Err(error) => unusable.push((index, error.to_string())),
        }
    }
    (of(usable).ok(), unusable)
}
