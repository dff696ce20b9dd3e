//! The server: hyper with HTTP/1.1 or HTTP/2, or an echo, as agreed by ALPN. One thread.

use crate::{
    Fallible, measure,
    tls::{self, Accept, Keys, Stack, Stream},
};
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::{
    Request, Response,
    body::{Body, Frame, Incoming, SizeHint},
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
    thread,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

/// What a large body comes in.
const CHUNK: usize = 64 << 10;
/// What an echo sends back at once.
pub const BLOCK: usize = 4096;

/// Serves until there is no more input.
pub fn run(stack: Stack) -> Fallible<()> {
    let keys = Keys::from_line(&measure::told()?.ok_or("no keys")?)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    measure::tell(&listener.local_addr()?.to_string())?;
    thread::spawn(|| {
        while let Ok(Some(_)) = measure::told() {}
        std::process::exit(0);
    });
    match stack {
        Stack::Ravelin => runtime.block_on(serve(listener, tls::ravelin::acceptor(&keys)?)),
        Stack::TokioRustls => {
            runtime.block_on(serve(listener, tls::tokio_rustls::acceptor(&keys)?))
        }
    }
}

async fn serve<A: Accept>(listener: TcpListener, acceptor: A) -> Fallible<()> {
    loop {
        let (tcp, _) = listener.accept().await?;
        tcp.set_nodelay(true)?;
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            let stream = acceptor.accept(tcp).await?;
            match stream.alpn() {
                Some(b"h2") => {
                    hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                        .serve_connection(TokioIo::new(stream), service_fn(answer))
                        .await?;
                }
                Some(b"bare") => echo(stream).await?,
                _ => {
                    hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service_fn(answer))
                        .await?;
                }
            }
            Fallible::Ok(())
        });
    }
}

/// Sends back what comes: a byte that is zero, or else a block. There is no buffer while it waits, so that only the stream's memory
/// is measured.
async fn echo<S: Stream>(mut stream: S) -> Fallible<()> {
    loop {
        let mut first = [0; 1];
        if stream.read(&mut first).await? == 0 {
            return Ok(stream.shutdown().await?);
        }
        if first[0] == 0 {
            stream.write_all(&first).await?;
        } else {
            let mut block = vec![first[0]; BLOCK];
            stream.read_exact(&mut block[1..]).await?;
            stream.write_all(&block).await?;
        }
        stream.flush().await?;
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Chunks>, Infallible> {
    let path = request.uri().path();
    let left = path.strip_prefix("/mebibytes/").and_then(|number| number.parse().ok());
    let mut body = request.into_body();
    while let Some(Ok(_)) = body.frame().await {}
    Ok(Response::new(match left {
        Some(mebibytes) => Chunks::of(mebibytes),
        None => Chunks { chunk: Bytes::from_static(b"Hello, world!"), left: 1 },
    }))
}

/// The same bytes several times.
pub struct Chunks {
    chunk: Bytes,
    left: usize,
}

impl Chunks {
    /// This many MiB.
    pub fn of(mebibytes: usize) -> Chunks {
        static CHUNK_BYTES: [u8; CHUNK] = [0x5a; CHUNK];
        Chunks { chunk: Bytes::from_static(&CHUNK_BYTES), left: mebibytes * ((1 << 20) / CHUNK) }
    }

    pub fn none() -> Chunks {
        Chunks { chunk: Bytes::new(), left: 0 }
    }
}

impl Body for Chunks {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        self.left -= 1;
        Poll::Ready(Some(Ok(Frame::data(self.chunk.clone()))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact((self.left * self.chunk.len()) as u64)
    }
}
