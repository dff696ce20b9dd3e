//! A TLS client that does the same with every tunnel: TLS 1.3, X25519, AES-128-GCM, and nothing else on offer.

use crate::{Tunnel, backend::Order};
use anyhow::{Context, anyhow, bail, ensure};
use rustls::{
    ClientConfig, ClientConnection, HandshakeKind, RootCertStore, StreamOwned,
    client::Resumption,
    crypto::aws_lc_rs::{self, cipher_suite::TLS13_AES_128_GCM_SHA256, kx_group::X25519},
    pki_types::{CertificateDer, ServerName, pem::PemObject},
    version::TLS13,
};
use std::{
    io::{
        ErrorKind::{ConnectionReset, UnexpectedEof},
        Read, Write,
    },
    net::{SocketAddr, TcpStream},
    sync::Arc,
    time::Duration,
};

/// No step of a measurement rests for as long as this.
const PATIENCE: Duration = Duration::from_secs(30);

/// Makes connections.
#[derive(Clone)]
pub(crate) struct Client {
    address: SocketAddr,
    name: ServerName<'static>,
    config: Arc<ClientConfig>,
}

impl Client {
    /// A client that never resumes.
    pub(crate) fn new(tunnel: &Tunnel) -> anyhow::Result<Client> {
        let mut anchors = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(&tunnel.anchor)
            .with_context(|| format!("cannot read {}", tunnel.anchor.display()))?
        {
            anchors.add(certificate?)?;
        }
        let mut provider = aws_lc_rs::default_provider();
        provider.cipher_suites = vec![TLS13_AES_128_GCM_SHA256];
        provider.kx_groups = vec![X25519];
        let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
            .with_protocol_versions(&[&TLS13])?
            .with_root_certificates(anchors)
            .with_no_client_auth();
        config.resumption = Resumption::disabled();
        let name = ServerName::try_from(tunnel.name.clone())
            .map_err(|_| anyhow!("{} is no server name", tunnel.name))?;
        Ok(Client { address: tunnel.connect, name, config: Arc::new(config) })
    }

    /// The same client with sessions of its own, resumed wherever the tunnel allows.
    pub(crate) fn resuming(&self) -> Client {
        let mut config = ClientConfig::clone(&self.config);
        config.resumption = Resumption::in_memory_sessions(16);
        Client { config: Arc::new(config), ..self.clone() }
    }

    /// Connects, finishes the handshake, and gives the order.
    pub(crate) fn connect(&self, order: Order) -> anyhow::Result<Connection> {
        let socket = TcpStream::connect(self.address)
            .with_context(|| format!("cannot connect to {}", self.address))?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.set_write_timeout(Some(PATIENCE))?;
        let tls = ClientConnection::new(self.config.clone(), self.name.clone())?;
        let mut stream = StreamOwned::new(tls, socket);
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock).context("the handshake failed")?;
        }
        stream.write_all(order.line().as_bytes())?;
        Ok(Connection { stream })
    }
}

/// An established connection.
pub(crate) struct Connection {
    stream: StreamOwned<ClientConnection, TcpStream>,
}

impl Connection {
    /// Whether the handshake resumed an earlier session.
    pub(crate) fn is_resumed(&self) -> bool {
        self.stream.conn.handshake_kind() == Some(HandshakeKind::Resumed)
    }

    /// Sends bytes to the echo and reads them back.
    pub(crate) fn echo(&mut self, sent: &[u8], buffer: &mut [u8]) -> anyhow::Result<()> {
        self.stream.write_all(sent)?;
        self.stream.flush()?;
        let received = &mut buffer[..sent.len()];
        self.stream.read_exact(received)?;
        ensure!(received == sent, "the echo differs from what was sent");
        Ok(())
    }

    /// Says goodbye and waits for the other side to end, however it does: ends are not what is measured here.
    ///
    /// # Errors
    /// When bytes come that nobody asked for, or no end comes.
    pub(crate) fn close(mut self) -> anyhow::Result<()> {
        self.stream.conn.send_close_notify();
        self.stream.flush()?;
        match self.stream.read(&mut [0]) {
            Ok(0) => Ok(()),
            Ok(_) => bail!("bytes that nobody asked for"),
            Err(error) if [UnexpectedEof, ConnectionReset].contains(&error.kind()) => Ok(()),
            Err(error) => Err(error).context("the end of the stream"),
        }
    }
}

impl Read for Connection {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.stream.read(buffer)
    }
}

impl Write for Connection {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.stream.flush()
    }
}
