//! What carries a socket's bytes, once the connection stands.

use super::Stream;
use crate::{StreamError, TlsStream};
use std::{
    io,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf},
    runtime::Handle,
    time::timeout,
};

/// How long what was flushed has to get away after a socket was closed.
const LINGER: Duration = Duration::from_secs(5);

pub(super) enum Transport {
    Plain(Box<dyn Stream>),
    Secure(Box<TlsStream<Box<dyn Stream>>>),
}

impl Transport {
    /// Bytes that were taken, and that the network did not take yet.
    pub(super) fn unsent(&self) -> usize {
        match self {
            Transport::Plain(_) => 0,
            Transport::Secure(stream) => stream.unsent(),
        }
    }

    /// Sends the rest and says goodbye: at once as far as that is possible, and behind the back of the caller as far as it
    /// is not.
    pub(super) fn finish(self, rest: Vec<u8>) {
        let mut finishing = Box::pin(self.finished(rest));
        if finishing.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending()
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(async move { timeout(LINGER, finishing).await });
        }
    }

    async fn finished(mut self, rest: Vec<u8>) {
        // Nobody is there any more to be told of errors.
        let sent = self.write_all(&rest).await;
        if sent.is_err() || self.shutdown().await.is_err() {
            return;
        }
        // If the last bytes of the peer are not taken, the system resets the connection, and ours may be lost.
        let mut rest = [0; 4096];
        while self.read(&mut rest).await.is_ok_and(|count| count > 0) {}
    }
}

/// Whether an error of reading is an end without close_notify.
pub(super) fn is_truncation(error: &io::Error) -> bool {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    matches!(inner, Some(StreamError::Truncated))
}

impl AsyncRead for Transport {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Transport::Plain(stream) => pin!(stream).poll_read(cx, to),
            Transport::Secure(stream) => pin!(stream).poll_read(cx, to),
        }
    }
}

impl AsyncWrite for Transport {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Transport::Plain(stream) => pin!(stream).poll_write(cx, bytes),
            Transport::Secure(stream) => pin!(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Transport::Plain(stream) => pin!(stream).poll_flush(cx),
            Transport::Secure(stream) => pin!(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Transport::Plain(stream) => pin!(stream).poll_shutdown(cx),
            Transport::Secure(stream) => pin!(stream).poll_shutdown(cx),
        }
    }
}
