//! A line between two peers that stops carrying one direction after a number of bytes.

use std::{
    future::pending,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};
use tokio::{
    io::{
        AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream, ReadBuf, duplex,
    },
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// What happens where the line is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// The direction ends in order.
    Fin,
    /// The connection is reset.
    Reset,
    /// Nothing more comes.
    Silence,
}

/// Bytes that may still pass.
#[derive(Clone, Debug)]
pub struct Budget(Arc<AtomicUsize>);

impl Budget {
    pub fn new(bytes: usize) -> Budget {
        Budget(Arc::new(AtomicUsize::new(bytes)))
    }

    pub fn set(&self, bytes: usize) {
        self.0.store(bytes, Ordering::SeqCst);
    }

    fn left(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    fn spend(&self, bytes: usize) {
        let left = self.left();
        if left != usize::MAX {
            self.set(left - bytes);
        }
    }
}

/// Two ends of a TCP connection.
pub async fn tcp() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (near, far) = tokio::join!(TcpStream::connect(address), listener.accept());
    let (near, (far, _)) = (near.unwrap(), far.unwrap());
    near.set_nodelay(true).unwrap();
    far.set_nodelay(true).unwrap();
    (near, far)
}

/// A line over TCP, of which the direction towards the first end carries `budget` bytes. The third ends it when aborted.
pub async fn line(budget: &Budget, how: How) -> (TcpStream, TcpStream, JoinHandle<()>) {
    let (victim, from_line) = tcp().await;
    let (other, to_line) = tcp().await;
    let budget = budget.clone();
    let task = tokio::spawn(async move {
        let (mut from_other, mut to_other) = to_line.into_split();
        let (mut from_victim, mut to_victim) = from_line.into_split();
        let back = tokio::spawn(async move {
            let _ = tokio::io::copy(&mut from_victim, &mut to_other).await;
            from_victim
        });
        if carry(&mut from_other, &mut to_victim, &budget).await.is_err() {
            return;
        }
        match how {
            How::Fin => {
                let _ = to_victim.shutdown().await;
                let _ = back.await;
            }
            How::Reset => {
                back.abort();
                let _ = back.await;
                to_victim.as_ref().set_zero_linger().unwrap();
                to_victim.forget();
            }
            How::Silence => pending().await,
        }
    });
    (victim, other, task)
}

/// The same in memory, where only silence and an end can be had.
pub fn pipe(budget: &Budget) -> (DuplexStream, DuplexStream, JoinHandle<()>) {
    let (victim, from_line) = duplex(1 << 16);
    let (other, to_line) = duplex(1 << 16);
    let budget = budget.clone();
    let task = tokio::spawn(async move {
        let (mut from_other, mut to_other) = tokio::io::split(to_line);
        let (mut from_victim, mut to_victim) = tokio::io::split(from_line);
        let back = async {
            let _ = tokio::io::copy(&mut from_victim, &mut to_other).await;
        };
        let forth = async {
            let _ = carry(&mut from_other, &mut to_victim, &budget).await;
            pending::<()>().await;
        };
        tokio::join!(back, forth);
    });
    (victim, other, task)
}

/// Carries until the budget is spent. An end that comes earlier is an error.
async fn carry(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    budget: &Budget,
) -> io::Result<()> {
    let mut buffer = vec![0; 1 << 16];
    while budget.left() > 0 {
        let count = from.read(&mut buffer).await?;
        if count == 0 {
            to.shutdown().await?;
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let count = count.min(budget.left());
        to.write_all(&buffer[..count]).await?;
        to.flush().await?;
        budget.spend(count);
    }
    Ok(())
}

/// A stream whose direction is not ended by shutting it down: TLS says its last word, and TCP does not.
pub struct StaysOpen(pub TcpStream);

impl AsyncRead for StaysOpen {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, to)
    }
}

impl AsyncWrite for StaysOpen {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
