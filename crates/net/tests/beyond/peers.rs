//! OpenSSL and Node as peers, and certificates for them.

use ravelin_test::{Authority, Issued, Request};
use ravelin_tls::{ClientConfig, Identity, ServerConfig, Trust};
use std::{
    fmt::Write as _,
    fs,
    io::{BufRead as _, BufReader, Read as _},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        mpsc::{Receiver, channel},
    },
    thread::{self, JoinHandle},
    time::{Duration, SystemTime},
};
use tokio::net::{TcpListener, TcpStream};

pub fn now() -> Duration {
    SystemTime::UNIX_EPOCH.elapsed().unwrap()
}

/// In lower case.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A root with one server, and a folder that has them as files: root.pem, server.pem, server.key.
pub struct House {
    pub root: Authority,
    pub issued: Issued,
    pub folder: tempfile::TempDir,
}

impl House {
    pub fn new() -> House {
        House::with(&Request::new(["localhost"]), &[])
    }

    pub fn with(request: &Request, extensions: &[(Vec<u64>, Vec<u8>)]) -> House {
        let root = Authority::root("Root");
        let issued = root.issue_with(request, extensions);
        let house = House { root, issued, folder: tempfile::tempdir().unwrap() };
        house.write("root.pem", house.root.certificate_pem());
        house.write("root.key", house.root.key_pem());
        house.write("server.pem", house.issued.chain_pem());
        house.write("server.key", house.issued.key_pem());
        house
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(name), bytes).unwrap();
    }

    pub fn client(&self) -> ClientConfig {
        ClientConfig::new(Trust::of_certificates([self.root.root_der()]).unwrap())
    }

    pub fn server(&self) -> ServerConfig {
        let (chain, key) = (self.issued.chain_pem(), self.issued.key_pem());
        let identity = Identity::from_bytes(chain.as_bytes(), key.as_bytes()).unwrap();
        ServerConfig::new(vec![Arc::new(identity)])
    }
}

/// A running program, its output line by line. It ends with the test.
pub struct Program {
    child: Child,
    lines: Receiver<String>,
    complaints: Option<JoinHandle<String>>,
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Program {
    pub fn start(folder: &Path, program: &str, words: &[&str]) -> Program {
        let mut child = Command::new(program)
            .args(words)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, lines) = channel();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || {
            let mut line = Vec::new();
            while out.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
                let _ = sender.send(String::from_utf8_lossy(&line).trim_end().to_owned());
                line.clear();
            }
        });
        let mut err = child.stderr.take().unwrap();
        let complaints = thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = err.read_to_end(&mut bytes);
            String::from_utf8_lossy(&bytes).into_owned()
        });
        Program { child, lines, complaints: Some(complaints) }
    }

    /// Waits for a line of its output.
    pub fn line(&self, is_it: impl Fn(&str) -> bool) -> String {
        loop {
            let line = self.lines.recv_timeout(Duration::from_secs(30));
            let line = line.expect("the program says what is waited for");
            if is_it(&line) {
                return line;
            }
        }
    }

    /// Ends its standard input, waits until it ends, and gives all that it said that was not heard yet.
    pub fn end(mut self) -> String {
        drop(self.child.stdin.take());
        let mut all: Vec<String> = Vec::new();
        while let Ok(line) = self.lines.recv_timeout(Duration::from_secs(30)) {
            all.push(line);
        }
        let _ = self.child.wait();
        all.push(self.complaints.take().unwrap().join().unwrap());
        all.join("\n")
    }
}

/// `openssl s_server` with the house's certificate, and where it listens.
pub fn s_server(house: &House, options: &[&str]) -> (Program, SocketAddr) {
    let words = ["s_server", "-accept", "127.0.0.1:0", "-cert", "server.pem", "-key", "server.key"];
    let words = [&words[..], options].concat();
    let program = Program::start(house.folder.path(), "openssl", &words);
    let line = program.line(|line| line.starts_with("ACCEPT "));
    let port = line.rsplit(':').next().unwrap().parse().unwrap();
    (program, SocketAddr::from(([127, 0, 0, 1], port)))
}

/// `openssl s_client` that connects to us.
pub fn s_client(house: &House, to: SocketAddr, options: &[&str]) -> Program {
    let to = to.to_string();
    let words = ["s_client", "-connect", &to, "-servername", "localhost", "-CAfile", "root.pem"];
    Program::start(house.folder.path(), "openssl", &[&words[..], options].concat())
}

pub async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

pub async fn accepted(listener: &TcpListener) -> TcpStream {
    listener.accept().await.unwrap().0
}
