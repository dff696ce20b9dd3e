//! A tunnel with real sockets on the loopback, and both of its sides.

use ravelin_net::{StreamError, blocking::TlsStream};
use ravelin_tls::{ClientConfig, ClientContext, End, Handshake, ServerContext, Trust};
use ravelin_trust::Verdict;
use ravelin_tunnel::{Tunnel, config::Configuration, service::Resumption};
use socket2::SockRef;
use std::{
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tempfile::TempDir;

/// Long enough for a busy machine, short enough not to wait for ever.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A certificate for some names, written to files, its own trust anchor.
pub struct Certificate {
    pub anchor: Box<[u8]>,
}

pub fn certificate(folder: &TempDir, file: &str, names: &[&str]) -> Certificate {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(
        names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>(),
    )
    .unwrap();
    params.distinguished_name.push(rcgen::DnType::CommonName, file);
    let made = params.self_signed(&key).unwrap();
    std::fs::write(folder.path().join(format!("{file}.pem")), made.pem()).unwrap();
    std::fs::write(folder.path().join(format!("{file}.key")), key.serialize_pem()).unwrap();
    Certificate { anchor: made.der().to_vec().into() }
}

/// A tunnel with one service in front of a backend that the test plays.
pub struct Bench {
    pub folder: TempDir,
    pub certificate: Certificate,
    pub backend: TcpListener,
    pub tunnel: Tunnel,
    pub address: SocketAddr,
}

impl Bench {
    /// `options` are lines of the service's table.
    pub fn new(options: &str) -> Bench {
        Bench::with(options, "")
    }

    /// `more` is the rest of the configuration.
    pub fn with(options: &str, more: &str) -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let certificate = certificate(&folder, "main", &["localhost"]);
        let backend = TcpListener::bind("127.0.0.1:0").unwrap();
        let target = format!("target = \"{}\"", backend.local_addr().unwrap());
        let target = if options.contains("target =") { "" } else { &target };
        let text = format!(
            "[service.test]\nlisten = [\"127.0.0.1:0\"]\nidentity = {{ cert = \"main.pem\", key = \"main.key\" }}\n\
             {target}\n{options}\n{more}"
        );
        let file = folder.path().join("ravelin.toml");
        std::fs::write(&file, text).unwrap();
        let configuration = Configuration::read(&file).unwrap_or_else(|fault| panic!("{fault}"));
        let settings = configuration
            .resolve(Resumption::new().unwrap())
            .unwrap_or_else(|fault| panic!("{fault}"));
        let reload = move |old: &ravelin_tunnel::service::Settings| {
            Configuration::read(&file)
                .and_then(|configuration| configuration.resolve(old.resumption.clone()))
                .map_err(|fault| fault.to_string())
        };
        let tunnel = Tunnel::start(settings, Box::new(reload)).unwrap();
        let address = tunnel.addresses()[0].1;
        Bench { folder, certificate, backend, tunnel, address }
    }

    pub fn context(&self) -> ClientContext {
        context(&self.certificate)
    }

    /// A client through the tunnel, with the connection that the backend gets for it.
    pub fn connect(&self) -> (Client, TcpStream) {
        let client = Client::connect(self.address, &self.context(), "localhost").unwrap();
        (client, self.accept())
    }

    /// The next connection at the backend.
    pub fn accept(&self) -> TcpStream {
        let (stream, _) = self.backend.accept().unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }
}

/// Trusts this certificate's anchor and nothing else.
pub fn trust(certificate: &Certificate) -> Trust {
    Trust::of_certificates([&certificate.anchor]).unwrap()
}

pub fn context(certificate: &Certificate) -> ClientContext {
    ClientContext::new(&ClientConfig::new(trust(certificate))).unwrap()
}

/// One end of a TLS connection through a tunnel.
pub struct Client {
    tls: TlsStream<TcpStream>,
}

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap()
}

impl Client {
    pub fn connect(address: SocketAddr, context: &ClientContext, name: &str) -> io::Result<Client> {
        Client::over(TcpStream::connect(address)?, context, name)
    }

    /// Shakes hands over a stream that stands.
    pub fn over(stream: TcpStream, context: &ClientContext, name: &str) -> io::Result<Client> {
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        Ok(Client { tls: TlsStream::connect(context, name, now(), stream)? })
    }

    /// The same as a server.
    pub fn serving(stream: TcpStream, context: &ServerContext) -> io::Result<Client> {
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Client { tls: TlsStream::accept(context, now(), stream)? })
    }

    pub fn stream(&self) -> &TcpStream {
        self.tls.get_ref()
    }

    pub fn handshake(&self) -> &Handshake {
        self.tls.agreed().unwrap()
    }

    pub fn verdict(&self) -> &Verdict {
        self.tls.verdict().unwrap()
    }

    pub fn send(&mut self, data: &[u8]) -> io::Result<()> {
        self.tls.write_all(data)
    }

    /// Exactly `count` bytes.
    pub fn read(&mut self, count: usize) -> io::Result<Vec<u8>> {
        let mut data = vec![0; count];
        self.tls.read_exact(&mut data)?;
        Ok(data)
    }

    /// Everything up to the end, and how that was. An error of the socket is a reset.
    pub fn read_to_end(&mut self) -> (Vec<u8>, Result<End, io::ErrorKind>) {
        let mut data = Vec::new();
        let end = match self.tls.read_to_end(&mut data) {
            Ok(_) => Ok(End::Closed),
            Err(error) => match error.get_ref().and_then(|inner| inner.downcast_ref()) {
                Some(StreamError::Tls(error)) => Ok(End::Failed(error.clone())),
                Some(_) => Ok(End::Truncated),
                None => Err(error.kind()),
            },
        };
        (data, end)
    }

    /// close_notify, with nothing behind it.
    pub fn close(&mut self) -> io::Result<()> {
        self.tls.close()
    }

    /// The end of the stream without close_notify.
    pub fn truncate(&self) -> io::Result<()> {
        self.stream().shutdown(Shutdown::Write)
    }

    pub fn reset(self) {
        SockRef::from(self.stream()).set_linger(Some(Duration::ZERO)).unwrap();
    }
}

/// Closes a stream by a reset.
pub fn reset(stream: TcpStream) {
    SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
    drop(stream);
}

/// Everything up to the end; an error is a reset.
pub fn read_to_end(stream: &mut TcpStream) -> (Vec<u8>, Result<(), io::ErrorKind>) {
    let mut data = Vec::new();
    let end = stream.read_to_end(&mut data).map(drop).map_err(|error| error.kind());
    (data, end)
}

pub fn pattern(count: usize) -> Vec<u8> {
    (0..251).cycle().take(count).collect()
}

pub fn is_refused(result: Result<Client, io::Error>, words: &str) {
    match result {
        Ok(_) => panic!("it should have been refused"),
        Err(error) => assert!(error.to_string().contains(words), "{error}"),
    }
}
