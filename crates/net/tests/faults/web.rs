//! A web server that answers as badly as it is told to.

use std::{
    future::pending,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
    time::sleep,
};

/// What a request is answered with.
pub enum Reply {
    Content(Vec<u8>),
    /// Content with this line in its head.
    Kept(Vec<u8>, &'static str),
    Redirect(String),
    Silence,
    /// An answer that comes byte by byte.
    Drip,
    /// Bytes until nobody takes them.
    Flood,
    Reset,
}

pub struct Web {
    pub address: SocketAddr,
    requests: Arc<AtomicUsize>,
    sent: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Drop for Web {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Web {
    /// Answers each request by its path and its body.
    pub async fn start(answer: impl Fn(&str, &[u8]) -> Reply + Send + Sync + 'static) -> Web {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (requests, sent) = <(Arc<AtomicUsize>, Arc<AtomicUsize>)>::default();
        let (counted, carried, answer) =
            (Arc::clone(&requests), Arc::clone(&sent), Arc::new(answer));
        let task = tokio::spawn(async move {
            let mut served = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (counted, carried) = (Arc::clone(&counted), Arc::clone(&carried));
                let answer = Arc::clone(&answer);
                served.spawn(async move {
                    // The client leaves when it has seen enough.
                    let _ = converse(stream, &*answer, &counted, &carried).await;
                });
            }
        });
        Web { address, requests, sent, task }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    /// Bytes of content that were handed to the kernel.
    pub fn sent(&self) -> usize {
        self.sent.load(Ordering::SeqCst)
    }
}

async fn converse(
    mut stream: TcpStream,
    answer: &(impl Fn(&str, &[u8]) -> Reply + Send + Sync),
    requests: &AtomicUsize,
    sent: &AtomicUsize,
) -> io::Result<()> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(());
        }
    };
    let text = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
    let length = text.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
    let length: usize = length.map_or(0, |length| length.parse().unwrap());
    while bytes.len() < head + length {
        stream.read_buf(&mut bytes).await?;
    }
    requests.fetch_add(1, Ordering::SeqCst);
    let path = text.split(' ').nth(1).unwrap_or_default();
    let begin = "HTTP/1.1 200 OK\r\n";
    let (content, more) = match answer(path, &bytes[head..]) {
        Reply::Content(content) => (content, String::new()),
        Reply::Kept(content, line) => (content, format!("{line}\r\n")),
        Reply::Redirect(to) => {
            let answer =
                format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n");
            stream.write_all(answer.as_bytes()).await?;
            return stream.shutdown().await;
        }
        Reply::Silence => pending().await,
        Reply::Drip => loop {
            for byte in format!("{begin}X-Slow: {}\r\n", "x".repeat(1000)).bytes() {
                stream.write_all(&[byte]).await?;
                sleep(Duration::from_millis(20)).await;
            }
        },
        Reply::Flood => {
            stream
                .write_all(format!("{begin}Content-Length: {}\r\n\r\n", u64::MAX >> 1).as_bytes())
                .await?;
            let bytes = vec![0x30; 1 << 16];
            loop {
                let count = stream.write(&bytes).await?;
                sent.fetch_add(count, Ordering::SeqCst);
            }
        }
        Reply::Reset => return stream.set_zero_linger(),
    };
    let head = format!("{begin}{more}Content-Length: {}\r\n\r\n", content.len());
    stream.write_all(&[head.as_bytes(), &content].concat()).await?;
    stream.shutdown().await
}
