//! What is answered to which request.

use super::{Shared, listener::Peer};
use crate::metrics;
use http_body_util::Full;
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Body, Bytes},
    header::{self, HeaderValue},
};
use serde::Serialize;
use std::{net::IpAddr, sync::Arc, time::SystemTime};

const JSON: &str = "application/json";
const READ: &str = "GET, HEAD";
const WRITE: &str = "POST";

/// Answers one request. Its body, if it has one, is not read.
pub(super) async fn answer<B: Body>(
    request: Request<B>,
    peer: Peer,
    shared: &Shared,
) -> Response<Full<Bytes>> {
    if let Some(why) = refusal(&request, peer) {
        return outcome(StatusCode::FORBIDDEN, Some(why));
    }
    let allowed = match request.uri().path() {
        "/metrics" | "/status" | "/health" => READ,
        "/reload" => WRITE,
        _ => {
            let pages = "no such page; there are /metrics, /status, /health and /reload";
            return outcome(StatusCode::NOT_FOUND, Some(pages));
        }
    };
    let fits = match *request.method() {
        Method::GET | Method::HEAD => allowed == READ,
        Method::POST => allowed == WRITE,
        _ => false,
    };
    if !fits {
        let why = format!("method {} is not for this page; use {allowed}", request.method());
        let mut response = outcome(StatusCode::METHOD_NOT_ALLOWED, Some(&why));
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
        return response;
    }
    match request.uri().path() {
        "/metrics" => respond(StatusCode::OK, metrics::CONTENT_TYPE, shared.state.metrics.encode()),
        "/status" => {
            let settings = (shared.state.settings)();
            json(StatusCode::OK, &shared.state.metrics.status(&settings, SystemTime::now()))
        }
        "/health" if shared.state.metrics.is_draining() => {
            outcome(StatusCode::SERVICE_UNAVAILABLE, Some("the tunnel is draining"))
        }
        "/health" => outcome(StatusCode::OK, None),
        _ => reload(shared).await,
    }
}

async fn reload(shared: &Shared) -> Response<Full<Bytes>> {
    let turn = Arc::clone(&shared.reloading).lock_owned().await;
    let reload = Arc::clone(&shared.state.reload);
    let done = tokio::task::spawn_blocking(move || {
        let outcome = reload();
        // Kept to the end even when the client leaves meanwhile.
        drop(turn);
        outcome
    });
    match done.await {
        Ok(Ok(())) => outcome(StatusCode::OK, None),
        Ok(Err(error)) => outcome(StatusCode::CONFLICT, Some(&error)),
        Err(_) => outcome(
            StatusCode::INTERNAL_SERVER_ERROR,
            Some("the reload broke off; the log says more"),
        ),
    }
}

/// Why a request may not be answered, if so: see the module's documentation.
fn refusal<B>(request: &Request<B>, peer: Peer) -> Option<&'static str> {
    let Peer::Tcp { local_listener, local_client } = peer else { return None };
    if request.headers().contains_key(header::ORIGIN) {
        return Some("requests from web pages (with an Origin header) are refused");
    }
    let hosts = request.headers().get_all(header::HOST).iter().map(HeaderValue::as_bytes);
    let authority = request.uri().authority().map(|authority| authority.as_str().as_bytes());
    if local_listener && !hosts.chain(authority).all(is_local_host) {
        return Some(
            "the Host must be an IP address or localhost, as the listener is for this machine only",
        );
    }
    if request.method() == Method::POST && !local_client {
        return Some("a reload is only taken from this machine");
    }
    None
}

/// Whether a Host header (RFC 9110, section 7.2) could not come from a page under a name of its own.
fn is_local_host(host: &[u8]) -> bool {
    let Ok(host) = std::str::from_utf8(host) else { return false };
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, port),
        _ => (host, ""),
    };
    if !port.bytes().all(|digit| digit.is_ascii_digit()) {
        return false;
    }
    let literal = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    literal.parse::<IpAddr>().is_ok() || name.eq_ignore_ascii_case("localhost")
}

#[derive(Serialize)]
struct Outcome<'a> {
    schema: u32,
    ok: bool,
    error: Option<&'a str>,
}

fn outcome(status: StatusCode, error: Option<&str>) -> Response<Full<Bytes>> {
    json(status, &Outcome { schema: 1, ok: error.is_none(), error })
}

fn json(status: StatusCode, value: &impl Serialize) -> Response<Full<Bytes>> {
    let mut body = serde_json::to_string(value).expect("keys are strings and no value can fail");
    body.push('\n');
    respond(status, JSON, body)
}

fn respond(status: StatusCode, kind: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCAL: Peer = Peer::Tcp { local_listener: true, local_client: true };
    const EXPOSED: Peer = Peer::Tcp { local_listener: false, local_client: false };

    fn request(method: Method, fields: &[(header::HeaderName, &str)]) -> Request<()> {
        let mut request = Request::new(());
        *request.method_mut() = method;
        for (name, value) in fields {
            request.headers_mut().append(name, value.parse().unwrap());
        }
        request
    }

    #[test]
    fn hosts_of_this_machine() {
        for host in
            ["127.0.0.1", "127.0.0.1:9100", "[::1]", "[::1]:9100", "localhost", "LocalHost:80"]
        {
            assert!(is_local_host(host.as_bytes()), "{host}");
        }
        for host in [
            "",
            ":80",
            "evil.example",
            "evil.example:9100",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "evil.example:127.0.0.1",
            "localhost:evil",
            "[evil.example]",
        ] {
            assert!(!is_local_host(host.as_bytes()), "{host}");
        }
        assert!(!is_local_host(b"\xff"));
    }

    #[test]
    fn pages_of_other_names_are_refused() {
        let rebound = request(Method::GET, &[(header::HOST, "evil.example:9100")]);
        assert!(refusal(&rebound, LOCAL).is_some());
        assert_eq!(refusal(&rebound, EXPOSED), None, "scrapers use names");
        assert_eq!(refusal(&rebound, Peer::Unix), None);
        let smuggled =
            request(Method::GET, &[(header::HOST, "127.0.0.1"), (header::HOST, "evil.example")]);
        assert!(refusal(&smuggled, LOCAL).is_some());
        let mut absolute = request(Method::GET, &[(header::HOST, "127.0.0.1")]);
        *absolute.uri_mut() = "http://evil.example/status".parse().unwrap();
        assert!(refusal(&absolute, LOCAL).is_some());
        let plain = request(Method::GET, &[]);
        assert_eq!(refusal(&plain, LOCAL), None, "HTTP/1.0 needs no Host");
    }

    #[test]
    fn requests_from_pages_are_refused() {
        for origin in ["null", "http://127.0.0.1:9100"] {
            let fields = [(header::HOST, "127.0.0.1:9100"), (header::ORIGIN, origin)];
            assert!(refusal(&request(Method::POST, &fields), LOCAL).is_some());
            assert!(refusal(&request(Method::POST, &fields), EXPOSED).is_some());
            assert_eq!(refusal(&request(Method::POST, &fields), Peer::Unix), None);
        }
    }

    #[test]
    fn only_this_machine_may_reload() {
        let reload = request(Method::POST, &[(header::HOST, "192.0.2.1")]);
        assert!(refusal(&reload, EXPOSED).is_some());
        assert_eq!(refusal(&request(Method::GET, &[]), EXPOSED), None);
        let local_client = Peer::Tcp { local_listener: false, local_client: true };
        assert_eq!(refusal(&reload, local_client), None);
    }
}
