//! The client: what each test does. One thread.

use crate::{
    Fallible, measure,
    serve::{BLOCK, Chunks},
    tls::{self, Connect, Keys, NAME, Stack},
};
use http_body_util::BodyExt;
use hyper::{Request, Response, body::Incoming, client::conn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::net::SocketAddr;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

/// A large body.
const BODY: usize = 64;

/// Prepares, says `ready`, waits for a word, does the work, says `done`, and waits for another.
pub fn run(stack: Stack, server: SocketAddr, test: &str, units: usize) -> Fallible<()> {
    let keys = Keys::from_line(&measure::told()?.ok_or("no keys")?)?;
    let alpn: &[u8] = match test {
        "h2" | "down-h2" => b"h2",
        "idle" | "idle-used" => b"bare",
        _ => b"http/1.1",
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match stack {
        Stack::Ravelin => {
            let connector = tls::ravelin::connector(&keys, alpn)?;
            runtime.block_on(spawned(work(Load { connector, server }, test.to_owned(), units)))
        }
        Stack::TokioRustls => {
            let connector = tls::tokio_rustls::connector(&keys, alpn)?;
            runtime.block_on(spawned(work(Load { connector, server }, test.to_owned(), units)))
        }
    }
}

/// As most work is: not in the future that drives the runtime, whose turns cost more.
async fn spawned(work: impl Future<Output = Fallible<()>> + Send + 'static) -> Fallible<()> {
    tokio::spawn(work).await?
}

async fn work<C: Connect>(load: Load<C>, test: String, units: usize) -> Fallible<()> {
    match &*test {
        "h1" => {
            let mut senders = Vec::new();
            for _ in 0..16 {
                let mut sender = load.http1().await?;
                all(sender.send_request(hello()).await?).await?;
                senders.push(sender);
            }
            begin()?;
            let mut tasks = JoinSet::new();
            for (index, mut sender) in senders.into_iter().enumerate() {
                tasks.spawn(async move {
                    for _ in 0..share(units, 16, index) {
                        all(sender.send_request(hello()).await?).await?;
                    }
                    Fallible::Ok(sender)
                });
            }
            // What is kept open until the clock was read costs nothing.
            let kept = joined(tasks).await?;
            finish()?;
            drop(kept);
        }
        "h2" => {
            let senders = [load.http2().await?, load.http2().await?];
            for sender in &senders {
                all(sender.clone().send_request(hello()).await?).await?;
            }
            begin()?;
            let mut tasks = JoinSet::new();
            for index in 0..32 {
                let mut sender = senders[index % 2].clone();
                tasks.spawn(async move {
                    for _ in 0..share(units, 32, index) {
                        sender.ready().await?;
                        all(sender.send_request(hello()).await?).await?;
                    }
                    Fallible::Ok(())
                });
            }
            joined(tasks).await?;
            finish()?;
        }
        "handshake" => {
            load.handshake().await?;
            begin()?;
            let mut tasks = JoinSet::new();
            for index in 0..2 {
                let load = load.clone();
                tasks.spawn(async move {
                    for _ in 0..share(units, 2, index) {
                        load.handshake().await?;
                    }
                    Fallible::Ok(())
                });
            }
            joined(tasks).await?;
            finish()?;
        }
        "down-h1" => {
            let mut sender = load.http1().await?;
            all(sender.send_request(body_down(BODY)).await?).await?;
            begin()?;
            for size in bodies(units) {
                all(sender.send_request(body_down(size)).await?).await?;
            }
            finish()?;
        }
        "down-h2" => {
            let mut sender = load.http2().await?;
            all(sender.send_request(body_down(BODY)).await?).await?;
            begin()?;
            for size in bodies(units) {
                sender.ready().await?;
                all(sender.send_request(body_down(size)).await?).await?;
            }
            finish()?;
        }
        "up-h1" => {
            let mut sender = load.http1().await?;
            all(sender.send_request(body_up(BODY)).await?).await?;
            begin()?;
            for size in bodies(units) {
                all(sender.send_request(body_up(size)).await?).await?;
            }
            finish()?;
        }
        "idle" | "idle-used" => {
            let blocks = if test == "idle" { 0 } else { 16 };
            let mut kept = vec![load.bare(blocks).await?];
            begin()?;
            for _ in 0..units {
                kept.push(load.bare(blocks).await?);
            }
            finish()?;
        }
        "idle-h1" => {
            let mut kept = Vec::new();
            for index in 0..=units {
                let mut sender = load.http1().await?;
                all(sender.send_request(hello()).await?).await?;
                kept.push(sender);
                if index == 0 {
                    begin()?;
                }
            }
            finish()?;
        }
        _ => return Err(format!("no test {test}").into()),
    }
    Ok(())
}

#[derive(Clone)]
struct Load<C> {
    connector: C,
    server: SocketAddr,
}

impl<C: Connect> Load<C> {
    async fn connect(&self) -> Fallible<C::Stream> {
        let tcp = TcpStream::connect(self.server).await?;
        tcp.set_nodelay(true)?;
        Ok(self.connector.connect(tcp).await?)
    }

    async fn http1(&self) -> Fallible<conn::http1::SendRequest<Chunks>> {
        let (sender, connection) =
            conn::http1::handshake(TokioIo::new(self.connect().await?)).await?;
        tokio::spawn(connection);
        Ok(sender)
    }

    async fn http2(&self) -> Fallible<conn::http2::SendRequest<Chunks>> {
        let io = TokioIo::new(self.connect().await?);
        let (sender, connection) = conn::http2::handshake(TokioExecutor::new(), io).await?;
        tokio::spawn(connection);
        Ok(sender)
    }

    /// A connection, a request, and an orderly end.
    async fn handshake(&self) -> Fallible<()> {
        let (mut sender, connection) =
            conn::http1::handshake(TokioIo::new(self.connect().await?)).await?;
        let done = tokio::spawn(connection);
        all(sender.send_request(hello()).await?).await?;
        drop(sender);
        Ok(done.await??)
    }

    /// A stream over which a byte went there and back, and so many blocks.
    async fn bare(&self, blocks: usize) -> Fallible<C::Stream> {
        let mut stream = self.connect().await?;
        let mut block = vec![1; BLOCK];
        for _ in 0..blocks {
            stream.write_all(&block).await?;
            stream.flush().await?;
            stream.read_exact(&mut block).await?;
        }
        stream.write_all(&[0]).await?;
        stream.flush().await?;
        stream.read_exact(&mut [9]).await?;
        Ok(stream)
    }
}

fn begin() -> Fallible<()> {
    measure::tell("ready")?;
    measure::told().map(drop)
}

fn finish() -> Fallible<()> {
    measure::tell("done")?;
    measure::told().map(drop)
}

fn hello() -> Request<Chunks> {
    request("GET", "/".to_owned(), Chunks::none())
}

fn body_down(mebibytes: usize) -> Request<Chunks> {
    request("GET", format!("/mebibytes/{mebibytes}"), Chunks::none())
}

fn body_up(mebibytes: usize) -> Request<Chunks> {
    request("POST", "/".to_owned(), Chunks::of(mebibytes))
}

fn request(method: &str, path: String, body: Chunks) -> Request<Chunks> {
    let request = Request::builder().method(method).uri(format!("https://{NAME}{path}"));
    request.header("host", NAME).body(body).expect("a good request")
}

/// The whole body, thrown away.
async fn all(response: Response<Incoming>) -> Fallible<()> {
    let mut body = response.into_body();
    while let Some(frame) = body.frame().await {
        frame?;
    }
    Ok(())
}

async fn joined<T: 'static>(mut tasks: JoinSet<Fallible<T>>) -> Fallible<Vec<T>> {
    let mut all = Vec::new();
    while let Some(task) = tasks.join_next().await {
        all.push(task??);
    }
    Ok(all)
}

/// How many of all the units one of several tasks does.
fn share(units: usize, tasks: usize, index: usize) -> usize {
    units / tasks + usize::from(index < units % tasks)
}

/// Sizes of bodies in MiB that make so many together.
fn bodies(units: usize) -> impl Iterator<Item = usize> {
    (0..units.div_ceil(BODY)).map(move |index| BODY.min(units - index * BODY))
}
