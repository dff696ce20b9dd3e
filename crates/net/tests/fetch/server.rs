//! Servers that say exactly what a test tells them to.

use ravelin_net::fetch::{FetchConfig, FetchLimits, Fetcher, Resolve, Resolving};
use std::{
    collections::HashMap,
    future::{Future, pending},
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// 2027-01-15, while the certificates that tests make today are not valid: for tests of http only.
pub const NOW: Duration = Duration::from_secs(1_800_000_000);

/// What a server does with a connection, in order. Behind the last step it closes.
#[derive(Clone)]
pub enum Step {
    Send(Vec<u8>),
    /// Sends this again and again, until nobody takes it.
    Flood(Vec<u8>),
    Wait(Duration),
    /// Says nothing more, and does not close.
    Hang,
}

/// Head and body of each.
type Requests = Mutex<Vec<(String, Vec<u8>)>>;

pub struct Server {
    pub address: SocketAddr,
    requests: Arc<Requests>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    /// Answers each request with the steps that `answer` gives for its path.
    pub async fn start(answer: impl Fn(&str) -> Vec<Step> + Send + Sync + 'static) -> Server {
        Server::on(Ipv4Addr::LOCALHOST, answer).await
    }

    pub async fn on(
        address: Ipv4Addr,
        answer: impl Fn(&str) -> Vec<Step> + Send + Sync + 'static,
    ) -> Server {
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (answer, seen) = (Arc::new(answer), Arc::clone(&requests));
        Server::accepting(address, requests, move |stream| {
            let (answer, seen) = (Arc::clone(&answer), Arc::clone(&seen));
            async move {
                // The client leaves when it has seen enough.
                let _ = converse(stream, &*answer, &seen).await;
            }
        })
        .await
    }

    /// Does `serve` with every connection.
    pub async fn raw<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> Server
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Server::accepting(Ipv4Addr::LOCALHOST, Arc::default(), serve).await
    }

    async fn accepting<F>(
        address: Ipv4Addr,
        requests: Arc<Requests>,
        serve: impl Fn(TcpStream) -> F + Send + 'static,
    ) -> Server
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind((address, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            let mut served = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                served.spawn(serve(stream));
            }
        });
        Server { address, requests, task }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The same under a name, which a resolver of the test must know.
    pub fn named_url(&self, name: &str, path: &str) -> String {
        format!("http://{name}:{}{path}", self.address.port())
    }

    pub fn requests(&self) -> Vec<(String, Vec<u8>)> {
        self.requests.lock().unwrap().clone()
    }

    pub fn count(&self) -> usize {
        self.requests.lock().unwrap().len()
    }
}

async fn converse(
    mut stream: TcpStream,
    answer: &(impl Fn(&str) -> Vec<Step> + Send + Sync),
    seen: &Requests,
) -> io::Result<()> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(());
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let length = header(&head, "content-length").map_or(0, |value| value.parse().unwrap());
    while bytes.len() < end + length {
        stream.read_buf(&mut bytes).await?;
    }
    seen.lock().unwrap().push((head, bytes[end..].to_vec()));
    let text = String::from_utf8_lossy(&bytes);
    let path = text.split(' ').nth(1).unwrap_or_default().to_owned();
    for step in answer(&path) {
        match step {
            Step::Send(bytes) => stream.write_all(&bytes).await?,
            Step::Flood(bytes) => loop {
                stream.write_all(&bytes).await?;
            },
            Step::Wait(time) => tokio::time::sleep(time).await,
            Step::Hang => pending().await,
        }
    }
    stream.shutdown().await?;
    // Let the client read all of it: closing with its bytes unread would reset the connection.
    while stream.read_buf(&mut bytes).await? > 0 {}
    Ok(())
}

/// The value of a header in a head.
pub fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    head.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// An answer with these lines in its head, and a body of the length that it says.
pub fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<Step> {
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n{headers}\r\n", body.len());
    vec![Step::Send([head.as_bytes(), body].concat())]
}

pub fn ok(body: &[u8]) -> Vec<Step> {
    answer("200 OK", "", body)
}

pub fn send(text: &str) -> Vec<Step> {
    vec![Step::Send(text.as_bytes().to_vec())]
}

/// Limits under which tests may ask 127.0.0.1, and it alone.
pub fn limits() -> FetchLimits {
    let mut limits = FetchLimits::default();
    limits.allowed = vec![Ipv4Addr::LOCALHOST.into()];
    limits
}

pub fn fetcher(limits: FetchLimits) -> Fetcher {
    Fetcher::new(FetchConfig::new(limits)).unwrap()
}

/// Knows some names, and counts how often it is asked.
#[derive(Debug, Default)]
pub struct Names {
    known: HashMap<String, Vec<IpAddr>>,
    asked: Mutex<Vec<String>>,
}

impl Names {
    pub fn new<'n>(names: impl IntoIterator<Item = (&'n str, &'n [&'n str])>) -> Arc<Names> {
        let known = names.into_iter().map(|(name, addresses)| {
            (name.to_owned(), addresses.iter().map(|address| address.parse().unwrap()).collect())
        });
        Arc::new(Names { known: known.collect(), asked: Mutex::default() })
    }

    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Resolve for Names {
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> Resolving<'a> {
        Box::pin(async move {
            self.asked.lock().unwrap().push(host.to_owned());
            if host == "slow.example" {
                pending::<()>().await;
            }
            let found = self.known.get(host).ok_or(io::Error::other("no such name"))?;
            Ok(found.iter().map(|address| SocketAddr::new(*address, port)).collect())
        })
    }
}
