//! Between the server and standard input and output.
//!
//! Standard input and output are blocking, so each has a thread, and a bounded queue to or from whoever talks to the
//! server: a reader of our output that takes its time holds up what comes, and not what goes.

use super::dial::{Stream, farewell};
use crate::{
    exit::{Exit, Failure},
    output,
};
use ravelin_net::StreamError;
use std::{
    future::{Future as _, poll_fn},
    io::{self, Read as _, Write as _},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
    thread,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf},
    runtime::Runtime,
    sync::mpsc::{Receiver, Sender, channel},
};

/// Bytes that are read at once.
const CHUNK: usize = 64 << 10;

/// Chunks that wait in a queue at most.
const QUEUE: usize = 4;

/// How the server's data ended.
enum End {
    /// In order.
    Closed,
    /// Nobody reads it any more.
    Unread,
    /// In the middle.
    Broken(io::Error),
}

/// Carries bytes until the server has said that there are no more. The end of standard input is told to the server.
///
/// # Errors
/// When standard output cannot be written.
pub fn run(runtime: &Runtime, stream: Stream) -> Result<Exit, Failure> {
    let unsent = Arc::new(AtomicUsize::new(0));
    let (typed, input) = channel(QUEUE);
    let (received, shown) = channel(QUEUE);
    let counted = Arc::clone(&unsent);
    // It ends with the process: nothing interrupts a read that waits for a key.
    thread::spawn(move || read(&typed, &counted));
    let writer = thread::spawn(move || write(shown));
    let (end, sent) = runtime.block_on(carry(stream, input, received, &unsent));
    let written = writer.join().unwrap_or_else(|_| Err(io::Error::other("its thread failed")));
    if let Err(error) = written {
        return Exit::Yes.told(Err(error));
    }
    match (end, sent) {
        (End::Broken(error), _) => {
            output::complain(&told(&error));
            Ok(Exit::No)
        }
        (_, Err(error)) => {
            output::complain(&format!("not everything of standard input was sent: {error}"));
            Ok(Exit::No)
        }
        (End::Closed, Ok(())) if unsent.load(Ordering::Acquire) > 0 => {
            output::complain("the server ended before everything of standard input was sent");
            Ok(Exit::No)
        }
        (End::Closed | End::Unread, Ok(())) => Ok(Exit::Yes),
    }
}

/// Both directions, until the server's ends. Also tells whether sending failed before.
async fn carry(
    stream: Stream,
    input: Receiver<Vec<u8>>,
    output: Sender<Vec<u8>>,
    unsent: &AtomicUsize,
) -> (End, io::Result<()>) {
    let (mut server, mut to_server) = tokio::io::split(stream);
    let mut sent = None;
    let end = {
        let mut sending = pin!(send(&mut to_server, input, unsent));
        let mut receiving = pin!(receive(&mut server, output));
        poll_fn(|cx| {
            if sent.is_none() {
                sent = match sending.as_mut().poll(cx) {
                    Poll::Ready(result) => Some(result),
                    Poll::Pending => None,
                };
            }
            receiving.as_mut().poll(cx)
        })
        .await
    };
    farewell(&mut server.unsplit(to_server)).await;
    (end, sent.unwrap_or(Ok(())))
}

async fn receive(server: &mut ReadHalf<Stream>, output: Sender<Vec<u8>>) -> End {
    let mut buffer = vec![0; CHUNK];
    loop {
        match server.read(&mut buffer).await {
            Ok(0) => return End::Closed,
            Ok(count) => {
                if output.send(buffer[..count].to_vec()).await.is_err() {
                    return End::Unread;
                }
            }
            Err(error) => return End::Broken(error),
        }
    }
}

async fn send(
    to_server: &mut WriteHalf<Stream>,
    mut input: Receiver<Vec<u8>>,
    unsent: &AtomicUsize,
) -> io::Result<()> {
    while let Some(chunk) = input.recv().await {
        to_server.write_all(&chunk).await?;
        to_server.flush().await?;
        unsent.fetch_sub(chunk.len(), Ordering::AcqRel);
    }
    to_server.shutdown().await
}

/// Standard input, chunk by chunk. One that cannot be read any further is one that ended, which is said.
fn read(typed: &Sender<Vec<u8>>, unsent: &AtomicUsize) {
    let mut input = io::stdin().lock();
    let mut buffer = vec![0; CHUNK];
    loop {
        match input.read(&mut buffer) {
            Ok(0) => return,
            Ok(count) => {
                unsent.fetch_add(count, Ordering::AcqRel);
                if typed.blocking_send(buffer[..count].to_vec()).is_err() {
                    return;
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                output::complain(&format!("standard input cannot be read: {error}"));
                return;
            }
        }
    }
}

fn write(mut shown: Receiver<Vec<u8>>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    while let Some(chunk) = shown.blocking_recv() {
        out.write_all(&chunk)?;
        out.flush()?;
    }
    Ok(())
}

fn told(error: &io::Error) -> String {
    let is_tls = matches!(error.get_ref(), Some(inner) if inner.is::<StreamError>());
    if is_tls {
        format!("the server's data ended before its end: {error}")
    } else {
        format!("the connection broke, data may be missing: {error}")
    }
}
