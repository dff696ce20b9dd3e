//! Sees to it that what answers is TLS.

use super::starttls::shown;
use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream whose first byte must be one of TLS: whoever greets with text would have us wait for the rest of a record.
#[derive(Debug)]
pub struct Greeting<S> {
    io: S,
    has_begun: bool,
}

/// What answers is no TLS.
#[derive(Debug)]
pub struct NotTls {
    start: String,
}

impl<S> Greeting<S> {
    pub fn new(io: S) -> Greeting<S> {
        Greeting { io, has_begun: false }
    }
}

impl std::fmt::Display for NotTls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the server speaks no TLS here, but answers {}", self.start)
    }
}

impl std::error::Error for NotTls {}

impl<S: AsyncRead + Unpin> AsyncRead for Greeting<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = to.filled().len();
        ready!(Pin::new(&mut this.io).poll_read(cx, to))?;
        let read = &to.filled()[before..];
        // Record types of RFC 8446, section 5.1.
        match read.first() {
            Some(first) if !this.has_begun && !(20..=23).contains(first) => {
                let line = read.split(|byte| *byte == b'\n').next().unwrap_or(read);
                return Poll::Ready(Err(io::Error::other(NotTls { start: shown(line) })));
            }
            Some(_) => this.has_begun = true,
            None => {}
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Greeting<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().io).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_shutdown(cx)
    }
}
