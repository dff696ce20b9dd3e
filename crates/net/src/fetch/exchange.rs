//! One HTTP request and its answer, over a connection that is there (RFC 9110, RFC 9112).

use super::{
    FetchFault, FetchLimits, FetchRequest, Phase, error::shown, freshness, target::Target, within,
};
use crate::stream::StreamError;
use http_body_util::{BodyExt as _, Full};
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Body as _, Bytes, Incoming},
    client::conn::http1,
    header::{self, HeaderMap},
};
use hyper_util::rt::TokioIo;
use std::{
    error::Error as _,
    future::{Future, poll_fn},
    io,
    pin::pin,
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::Instant,
};

/// The least that hyper can be told to take as an answer's head.
const LEAST_HEAD: usize = 8192;

/// What a server said.
#[derive(Debug)]
pub(super) enum Answer {
    Content {
        bytes: Vec<u8>,
        /// For how long it may be kept.
        lifetime: Duration,
    },
    /// Ask here instead, as it was written.
    Redirect(String),
}

/// Asks `target` for what `request` wants, over `stream`, and reads the answer within the limits.
pub(super) async fn exchange<S: AsyncRead + AsyncWrite + Unpin + Send>(
    stream: S,
    target: &Target,
    request: &FetchRequest,
    limits: &FetchLimits,
    now: Duration,
    deadline: Instant,
) -> Result<Answer, FetchFault> {
    let most_head = limits.head.max(LEAST_HEAD);
    let blame = |error| blame(&error, most_head);
    let mut builder = http1::Builder::new();
    builder.max_buf_size(most_head);
    let (mut sender, connection) = builder.handshake(TokioIo::new(stream)).await.map_err(blame)?;
    let message = message(target, request)?;
    let talk = async {
        let answer = async {
            sender.ready().await?;
            sender.send_request(message).await
        };
        let answer = within(deadline, Phase::Head, answer).await?.map_err(blame)?;
        if let Some(location) = redirect(&answer, request)? {
            return Ok(Answer::Redirect(location));
        }
        if answer.status() != StatusCode::OK {
            return Err(FetchFault::Status(answer.status().as_u16()));
        }
        refuse_encodings(answer.headers())?;
        let lifetime = freshness::lifetime(answer.headers(), request.kind(), now);
        let most = request.kind().most_bytes(limits.body);
        let body = read(answer.into_body(), most, most_head);
        let bytes = within(deadline, Phase::Body, body).await??;
        Ok(Answer::Content { bytes, lifetime })
    };
    alongside(connection, talk).await
}

fn message(target: &Target, request: &FetchRequest) -> Result<Request<Full<Bytes>>, FetchFault> {
    let body = request.body().map(Bytes::copy_from_slice);
    let mut builder = Request::builder()
        .method(if body.is_some() { Method::POST } else { Method::GET })
        .uri(&*target.path)
        .header(header::HOST, target.authority())
        .header(header::USER_AGENT, concat!("ravelin/", env!("CARGO_PKG_VERSION")))
        .header(header::ACCEPT, request.kind().accept())
        .header(header::ACCEPT_ENCODING, "identity")
        .header(header::CONNECTION, "close");
    if body.is_some() {
        builder = builder.header(header::CONTENT_TYPE, "application/ocsp-request");
    }
    builder
        .body(Full::new(body.unwrap_or_default()))
        .map_err(|_| FetchFault::Url("not fit for a request"))
}

/// Where the answer sends us, if it does (RFC 9110, section 15.4). What was posted is posted again: a GET in its place
/// would ask an OCSP responder nothing, so 303, which demands one, is no redirect for it.
fn redirect(
    answer: &Response<Incoming>,
    request: &FetchRequest,
) -> Result<Option<String>, FetchFault> {
    match answer.status().as_u16() {
        301 | 302 | 307 | 308 => {}
        303 if request.body().is_none() => {}
        _ => return Ok(None),
    }
    let location = answer.headers().get(header::LOCATION);
    match location.map(header::HeaderValue::to_str) {
        Some(Ok(location)) => Ok(Some(location.to_owned())),
        _ => Err(FetchFault::Http("redirect without a usable `Location`".into())),
    }
}

/// We asked for the bytes as they are. What comes packed all the same is refused, not unpacked: small packets that
/// unpack to gigabytes are an old trick.
fn refuse_encodings(headers: &HeaderMap) -> Result<(), FetchFault> {
    let encodings =
        [(header::CONTENT_ENCODING, "identity"), (header::TRANSFER_ENCODING, "chunked")];
    for (name, plain) in encodings {
        for value in headers.get_all(name) {
            let value = String::from_utf8_lossy(value.as_bytes());
            if !value.trim().eq_ignore_ascii_case(plain) {
                return Err(FetchFault::Encoded(shown(value.trim())));
            }
        }
    }
    Ok(())
}

async fn read(mut body: Incoming, most: usize, most_head: usize) -> Result<Vec<u8>, FetchFault> {
    // What is announced as too large is refused unread.
    if body.size_hint().lower() > most as u64 {
        return Err(FetchFault::TooLarge(most));
    }
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| blame(&error, most_head))?;
        if let Some(data) = frame.data_ref() {
            if data.len() > most - bytes.len() {
                return Err(FetchFault::TooLarge(most));
            }
            bytes.extend_from_slice(data);
        }
    }
    Ok(bytes)
}

/// Runs the connection for as long as the talk over it goes on.
async fn alongside<T>(connection: impl Future, talk: impl Future<Output = T>) -> T {
    let (mut connection, mut talk) = (pin!(connection), pin!(talk));
    let mut over = false;
    poll_fn(|cx| {
        // Its errors come out of the talk as well.
        over = over || connection.as_mut().poll(cx).is_ready();
        talk.as_mut().poll(cx)
    })
    .await
}

/// Who is at fault for an error of hyper's.
fn blame(error: &hyper::Error, most_head: usize) -> FetchFault {
    if error.is_parse_too_large() {
        return FetchFault::HeadTooLarge(most_head);
    }
    if error.is_incomplete_message() {
        return FetchFault::Truncated;
    }
    let Some(cause) = error.source() else { return FetchFault::Http(error.to_string()) };
    let Some(io) = cause.downcast_ref::<io::Error>() else {
        return FetchFault::Http(shown(&format!("{error}: {cause}")));
    };
    if let Some(stream) = io.get_ref().and_then(|inner| inner.downcast_ref::<StreamError>()) {
        return match stream {
            StreamError::Tls(error) => FetchFault::Tls(error.clone()),
            StreamError::Truncated | StreamError::Unfinished => FetchFault::Truncated,
        };
    }
    match io.kind() {
        io::ErrorKind::UnexpectedEof => FetchFault::Truncated,
        // The decoder of chunks speaks through these.
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
            FetchFault::Http(shown(&io.to_string()))
        }
        _ => FetchFault::Connection(io.to_string()),
    }
}
