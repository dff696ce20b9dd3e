//! Servers, and what certificates need.

use ravelin_net::{
    fetch::{FetchConfig, FetchLimits, Fetcher},
    socket::{Event, EventKind, Protocol, Sandbox, SecureSocket, TypedSocket},
};
use ravelin_test::{Authority, Issued, Request, der, pki};
use ravelin_trust::Certificate;
use rustls_pki_types::{PrivatePkcs8KeyDer, pem::PemObject as _};
use std::{
    fmt::Write as _,
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpListener,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};
use tempfile::TempDir;

/// A key in a form that OpenSSL 3.0 reads: it does not know PKCS#8 with the public key inside (RFC 8410, section 7).
fn readable(pem: &str) -> String {
    /// PKCS#8 of an Ed25519 key, up to its 32 bytes.
    const FRONT: &[u8] = b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20";
    let key = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).unwrap();
    let der = key.secret_pkcs8_der();
    match der.windows(12).position(|window| window[..11] == FRONT[5..]) {
        Some(place) => {
            let seed = &der[place + 11..][..32];
            pki::to_pem("PRIVATE KEY", &[FRONT, seed].concat())
        }
        None => pem.to_owned(),
    }
}

/// A program that serves; it ends with the test.
pub struct Server {
    child: Child,
    lines: BufReader<std::process::ChildStdout>,
    pub ports: Vec<u16>,
    _folder: TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    pub fn spawn(mut command: Command, folder: TempDir) -> Server {
        let mut child = command
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Server { child, lines, ports: Vec::new(), _folder: folder }
    }

    pub fn port(&self) -> i32 {
        self.ports[0].into()
    }

    /// The next line that it says and that begins so; the rest of it.
    pub fn said(&mut self, front: &str) -> String {
        loop {
            let mut line = String::new();
            let count = self.lines.read_line(&mut line).unwrap();
            assert!(count > 0, "the server ended before it said `{front}`");
            if let Some(rest) = line.trim_end().strip_prefix(front) {
                return rest.trim().to_owned();
            }
        }
    }
}

/// `openssl s_server` with this certificate, and a staple if there is one.
pub fn openssl(issued: &Issued, staple: Option<&[u8]>, options: &str) -> Server {
    openssl_with(&issued.chain_pem(), issued.key_pem(), staple, options)
}

/// The same with a chain and a key in PEM.
pub fn openssl_with(chain: &str, key: &str, staple: Option<&[u8]>, options: &str) -> Server {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    write("chain.pem", chain.as_bytes());
    write("leaf.key", readable(key).as_bytes());
    let mut command = Command::new("openssl");
    command
        .args(["s_server", "-accept", "127.0.0.1:0", "-key", "leaf.key"])
        .args(["-cert", "chain.pem", "-cert_chain", "chain.pem"])
        .args(options.split_whitespace());
    if let Some(staple) = staple {
        write("staple", staple);
        command.args(["-status_file", "staple"]);
    }
    let mut server = Server::spawn(command, folder);
    let address = server.said("ACCEPT ");
    server.ports = vec![address.rsplit(':').next().unwrap().parse().unwrap()];
    server
}

/// What Node serves at a port of its own.
pub struct Served<'a> {
    /// None for plain TCP.
    pub issued: Option<&'a Issued>,
    pub staple: Option<&'a [u8]>,
    /// `1.2` or `1.3`.
    pub version: &'a str,
}

impl<'a> Served<'a> {
    pub fn new(issued: &'a Issued) -> Served<'a> {
        Served { issued: Some(issued), staple: None, version: "1.3" }
    }
}

/// One Node with a server for each of these, which obey what peer.js says.
pub fn node(served: &[Served<'_>]) -> Server {
    let folder = tempfile::tempdir().unwrap();
    for (index, one) in served.iter().enumerate() {
        let write = |name: &str, bytes: &[u8]| {
            fs::write(folder.path().join(format!("{index}.{name}")), bytes).unwrap();
        };
        if let Some(issued) = one.issued {
            write("cert", issued.chain_pem().as_bytes());
            write("key", readable(issued.key_pem()).as_bytes());
        }
        write("version", one.version.as_bytes());
        if let Some(staple) = one.staple {
            write("staple", staple);
        }
    }
    fs::write(folder.path().join("peer.js"), include_str!("peer.js")).unwrap();
    let mut command = Command::new("node");
    command.arg("peer.js").arg(served.len().to_string());
    let mut server = Server::spawn(command, folder);
    let ports = server.said("PORTS ");
    server.ports = ports.split(' ').map(|port| port.parse().unwrap()).collect();
    server
}

/// Serves bytes over plain HTTP; the URL, and where the bytes have to be put.
pub fn http() -> (String, std::sync::mpsc::Sender<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let (sender, receiver) = std::sync::mpsc::channel::<Vec<u8>>();
    thread::spawn(move || {
        let Ok(body) = receiver.recv() else { return };
        for mut stream in listener.incoming().flatten() {
            // Head and body of a request may come apart; nobody here asks for more than fits into one piece each.
            let _ = stream.set_read_timeout(Some(Duration::from_millis(50)));
            let mut request = [0; 4096];
            while stream.read(&mut request).is_ok_and(|count| count > 0) {}
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
        }
    });
    (url, sender)
}

/// The extension that says where the CRL is (RFC 5280, section 4.2.1.13).
pub fn crl_at(url: &str) -> (Vec<u64>, Vec<u8>) {
    let full_name = der::constructed(0, der::primitive(6, url.as_bytes()));
    let point = der::sequence([der::constructed(0, full_name)]);
    (vec![2, 5, 29, 31], der::sequence([point]))
}

/// The extension that says where the OCSP responder is (RFC 5280, section 4.2.2.1).
pub fn ocsp_at(url: &str) -> (Vec<u64>, Vec<u8>) {
    let description =
        der::sequence([der::oid("1.3.6.1.5.5.7.48.1"), der::primitive(6, url.as_bytes())]);
    (vec![1, 3, 6, 1, 5, 5, 7, 1, 1], der::sequence([description]))
}

/// An authority's records, as OpenSSL keeps them.
pub struct Records {
    folder: TempDir,
}

impl Records {
    /// This certificate is revoked, or not.
    pub fn new(authority: &Authority, issued: &Issued, revoked: bool) -> Records {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        let mut serial = String::new();
        for byte in Certificate::parse(issued.certificate_der()).unwrap().serial().unsigned() {
            let _ = write!(serial, "{byte:02X}");
        }
        let state = if revoked { "R\t350101000000Z\t240101000000Z" } else { "V\t350101000000Z\t" };
        write("index.txt", &format!("{state}\t{serial}\tunknown\t/CN=localhost\n"));
        write("ca.pem", authority.certificate_pem());
        write("ca.key", &readable(&authority.key_pem()));
        write("leaf.pem", issued.certificate_pem());
        write("crlnumber", "01\n");
        write(
            "ca.cnf",
            "[ca]\ndefault_ca=x\n[x]\ndatabase=index.txt\ncrlnumber=crlnumber\ndefault_md=default\n",
        );
        Records { folder }
    }

    pub fn crl(&self) -> Vec<u8> {
        self.openssl(
            "ca -config ca.cnf -gencrl -crldays 2 -keyfile ca.key -cert ca.pem -out crl.pem",
        );
        self.openssl("crl -in crl.pem -outform DER -out crl");
        fs::read(self.folder.path().join("crl")).unwrap()
    }

    pub fn ocsp(&self) -> Vec<u8> {
        self.openssl(
            "ocsp -index index.txt -rsigner ca.pem -rkey ca.key -CA ca.pem -issuer ca.pem -cert leaf.pem -ndays 2 \
             -noverify -respout ocsp",
        );
        fs::read(self.folder.path().join("ocsp")).unwrap()
    }

    fn openssl(&self, arguments: &str) {
        let output = Command::new("openssl")
            .args(arguments.split_whitespace())
            .current_dir(self.folder.path())
            .output()
            .unwrap();
        let complaints = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "openssl {arguments}: {complaints}");
    }
}

/// A fetcher that may ask this machine.
pub fn fetcher() -> Fetcher {
    let mut limits = FetchLimits::default();
    limits.allow_private = true;
    Fetcher::new(FetchConfig::new(limits)).unwrap()
}

/// A secure socket of the application that trusts this authority besides the platform's.
pub fn trusting(root: &Authority) -> SecureSocket {
    let mut socket = SecureSocket::new(Sandbox::Application).unwrap().with_fetcher(fetcher());
    socket.add_trust_anchor(root.root_der()).unwrap();
    socket
}

/// A root and a server's certificate by it, for `localhost`.
pub fn localhost() -> (Authority, Issued) {
    let root = Authority::root("Root");
    let issued = root.issue(&Request::new(["localhost"]));
    (root, issued)
}

/// The next event, before the test loses patience.
pub async fn next<P: Protocol>(socket: &mut TypedSocket<P>) -> Option<Event> {
    let event = tokio::time::timeout(Duration::from_secs(60), socket.next_event()).await;
    event.expect("an event within a minute")
}

/// Everything that happens until the socket is connected or closed.
pub async fn connected<P: Protocol>(
    socket: &mut TypedSocket<P>,
    host: &str,
    port: i32,
) -> Vec<EventKind> {
    socket.connect(host, port).unwrap();
    let mut kinds = Vec::new();
    while let Some(event) = next(socket).await {
        let end = event.kind == EventKind::Connect;
        kinds.push(event.kind);
        if end {
            break;
        }
    }
    kinds
}

/// Waits for data until there are so many bytes.
pub async fn filled<P: Protocol>(socket: &mut TypedSocket<P>, bytes: usize) {
    while socket.bytes_available() < bytes {
        let event = next(socket).await.expect("more data");
        assert!(
            matches!(event.kind, EventKind::SocketData { .. } | EventKind::OutputProgress { .. }),
            "{event}"
        );
    }
}

/// The next line that the server sends.
pub async fn line<P: Protocol>(socket: &mut TypedSocket<P>) -> String {
    let mut line = String::new();
    while !line.ends_with('\n') {
        filled(socket, 1).await;
        line.push_str(&socket.read_utf_bytes(1).unwrap());
    }
    line
}

/// Everything that happens from now on, as words.
pub async fn rest<P: Protocol>(socket: &mut TypedSocket<P>) -> Vec<String> {
    let mut words = Vec::new();
    while let Some(event) = next(socket).await {
        words.push(event.event_type().to_string());
    }
    words
}
