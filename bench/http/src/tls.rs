//! The two stacks, set up to do the same: TLS 1.3, X25519, AES-128-GCM, a certificate with P-256, no resumption.

use crate::Fallible;
use ravelin_test::{Authority, Request};
use ravelin_tls::{Group, Identity, Trust, Version, VersionRange};
use rustls::{
    RootCertStore,
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
};
use std::{io, sync::Arc};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};

pub const NAME: &str = "localhost";

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stack {
    Ravelin,
    TokioRustls,
}

impl Stack {
    pub fn named(name: &str) -> Fallible<Stack> {
        let all = [Stack::Ravelin, Stack::TokioRustls];
        all.into_iter()
            .find(|one| one.name() == name)
            .ok_or_else(|| format!("no stack {name}").into())
    }

    pub fn name(self) -> &'static str {
        match self {
            Stack::Ravelin => "ravelin",
            Stack::TokioRustls => "tokio-rustls",
        }
    }
}

/// What server and client need to trust each other.
pub struct Keys {
    root: String,
    chain: String,
    key: String,
}

impl Keys {
    pub fn new() -> Keys {
        let authority = Authority::root("Benchmark");
        let issued = authority.issue(&Request::new([NAME]));
        let (root, chain) = (authority.certificate_pem().to_owned(), issued.chain_pem());
        Keys { root, chain, key: issued.key_pem().to_owned() }
    }

    pub fn to_line(&self) -> String {
        let text = format!("{}\x1e{}\x1e{}", self.root, self.chain, self.key);
        text.replace('\n', "\x1f") + "\n"
    }

    pub fn from_line(line: &str) -> Fallible<Keys> {
        let text = line.replace('\x1f', "\n");
        let mut parts = text.split('\x1e').map(str::to_owned);
        let mut next = || parts.next().ok_or("too few parts");
        Ok(Keys { root: next()?, chain: next()?, key: next()? })
    }
}

/// A stream of either stack.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    fn alpn(&self) -> Option<&[u8]>;
}

/// Accepts clients.
pub trait Accept: Clone + Send + Sync + 'static {
    type Stream: Stream;
    fn accept(&self, tcp: TcpStream) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

/// Connects to the server.
pub trait Connect: Clone + Send + Sync + 'static {
    type Stream: Stream;
    fn connect(&self, tcp: TcpStream) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

const ALPN: [&[u8]; 3] = [b"h2", b"http/1.1", b"bare"];

pub mod ravelin {
    use super::*;

    impl Stream for ravelin_net::TlsStream<TcpStream> {
        fn alpn(&self) -> Option<&[u8]> {
            self.agreed()?.alpn.as_deref()
        }
    }

    impl Accept for ravelin_net::TlsAcceptor {
        type Stream = ravelin_net::TlsStream<TcpStream>;

        async fn accept(&self, tcp: TcpStream) -> io::Result<Self::Stream> {
            Ok(ravelin_net::TlsAcceptor::accept(self, tcp).await?)
        }
    }

    impl Connect for ravelin_net::TlsConnector {
        type Stream = ravelin_net::TlsStream<TcpStream>;

        async fn connect(&self, tcp: TcpStream) -> io::Result<Self::Stream> {
            Ok(ravelin_net::TlsConnector::connect(self, NAME, tcp).await?)
        }
    }

    pub fn acceptor(keys: &Keys) -> Fallible<ravelin_net::TlsAcceptor> {
        let identity = Identity::from_bytes(keys.chain.as_bytes(), keys.key.as_bytes())?;
        let mut config = ravelin_tls::ServerConfig::new(vec![Arc::new(identity)]);
        (config.versions, config.suites, config.groups) = parameters()?;
        config.alpn = ALPN.into_iter().map(Into::into).collect();
        Ok(ravelin_net::TlsAcceptor::new(ravelin_tls::ServerContext::new(&config)?))
    }

    pub fn connector(keys: &Keys, alpn: &[u8]) -> Fallible<ravelin_net::TlsConnector> {
        let root = CertificateDer::from_pem_slice(keys.root.as_bytes())?;
        let mut config = ravelin_tls::ClientConfig::new(Trust::of_certificates([root])?);
        (config.versions, config.suites, config.groups) = parameters()?;
        config.alpn = vec![alpn.into()];
        config.sessions = 0;
        Ok(ravelin_net::TlsConnector::new(&config)?)
    }

    fn parameters() -> Fallible<(VersionRange, Vec<ravelin_tls::CipherSuite>, Vec<Group>)> {
        let versions = VersionRange { min: Version::Tls13, max: Version::Tls13 };
        Ok((versions, vec!["TLS_AES_128_GCM_SHA256".parse()?], vec!["X25519".parse()?]))
    }
}

pub mod tokio_rustls {
    use super::*;
    use ::tokio_rustls::{TlsAcceptor, TlsConnector, client, server};

    impl Stream for server::TlsStream<TcpStream> {
        fn alpn(&self) -> Option<&[u8]> {
            self.get_ref().1.alpn_protocol()
        }
    }

    impl Stream for client::TlsStream<TcpStream> {
        fn alpn(&self) -> Option<&[u8]> {
            self.get_ref().1.alpn_protocol()
        }
    }

    impl Accept for TlsAcceptor {
        type Stream = server::TlsStream<TcpStream>;

        async fn accept(&self, tcp: TcpStream) -> io::Result<Self::Stream> {
            TlsAcceptor::accept(self, tcp).await
        }
    }

    impl Connect for TlsConnector {
        type Stream = client::TlsStream<TcpStream>;

        async fn connect(&self, tcp: TcpStream) -> io::Result<Self::Stream> {
            let name = ServerName::try_from(NAME).map_err(io::Error::other)?;
            TlsConnector::connect(self, name, tcp).await
        }
    }

    pub fn acceptor(keys: &Keys) -> Fallible<TlsAcceptor> {
        let chain: Result<Vec<_>, _> =
            CertificateDer::pem_slice_iter(keys.chain.as_bytes()).collect();
        let key = PrivateKeyDer::from_pem_slice(keys.key.as_bytes())?;
        let mut config = rustls::ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_no_client_auth()
            .with_single_cert(chain?, key)?;
        config.alpn_protocols = ALPN.into_iter().map(Into::into).collect();
        config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Arc::new(config).into())
    }

    pub fn connector(keys: &Keys, alpn: &[u8]) -> Fallible<TlsConnector> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(keys.root.as_bytes())?)?;
        let mut config = rustls::ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![alpn.into()];
        config.resumption = rustls::client::Resumption::disabled();
        Ok(Arc::new(config).into())
    }

    fn provider() -> Arc<CryptoProvider> {
        let mut provider = aws_lc_rs::default_provider();
        provider.cipher_suites = vec![aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256];
        provider.kx_groups = vec![aws_lc_rs::kx_group::X25519];
        Arc::new(provider)
    }
}
