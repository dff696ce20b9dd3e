//! rustls with constants in place of randomness, key exchange and signatures: every handshake under the same version
//! and cipher is the same, byte for byte, and so are its keys.

use super::super::{clock, negotiation::Handshaking, schedule::Listener};
use crate::{
    DataPath, Overrides, TlsError,
    engine::{ClientEngine, Negotiation, ServerEngine},
    hello::ClientHello,
};
use rustls::{
    DigitallySignedStruct, Error, NamedGroup, NoKeyLog, SignatureAlgorithm, SignatureScheme,
    client::{
        Resumption, UnbufferedClientConnection,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{
        ActiveKeyExchange, CryptoProvider, GetRandomFailed, SecureRandom, SharedSecret,
        SupportedKxGroup, aws_lc_rs,
    },
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::{
        ClientHello as Offer, NoServerSessionStorage, ResolvesServerCert,
        UnbufferedServerConnection,
    },
    sign::{CertifiedKey, Signer, SigningKey},
};
use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

pub(super) const NOW: Duration = Duration::from_secs(1_800_000_000);

/// A version with one cipher.
#[derive(Clone, Copy, Debug)]
pub(super) struct Agreement {
    pub(super) tls13: bool,
    /// 0: AES-128-GCM, 1: AES-256-GCM, 2: ChaCha20-Poly1305.
    pub(super) cipher: usize,
}

impl Agreement {
    fn provider(self) -> Arc<CryptoProvider> {
        static PROVIDERS: OnceLock<Vec<Arc<CryptoProvider>>> = OnceLock::new();
        let all = PROVIDERS.get_or_init(|| {
            use aws_lc_rs::cipher_suite::{
                TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
                TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, TLS13_AES_128_GCM_SHA256,
                TLS13_AES_256_GCM_SHA384, TLS13_CHACHA20_POLY1305_SHA256,
            };
            let suites = [
                TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
                TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
                TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
                TLS13_AES_128_GCM_SHA256,
                TLS13_AES_256_GCM_SHA384,
                TLS13_CHACHA20_POLY1305_SHA256,
            ];
            let with = |suite| CryptoProvider {
                cipher_suites: vec![suite],
                kx_groups: vec![&Constant],
                secure_random: &Constant,
                ..aws_lc_rs::default_provider()
            };
            suites.into_iter().map(|suite| Arc::new(with(suite))).collect()
        });
        Arc::clone(&all[usize::from(self.tls13) * 3 + self.cipher % 3])
    }

    fn versions(self) -> [&'static rustls::SupportedProtocolVersion; 1] {
        if self.tls13 { [&rustls::version::TLS13] } else { [&rustls::version::TLS12] }
    }

    pub(super) fn server(self, data_path: DataPath) -> Server {
        let config =
            rustls::ServerConfig::builder_with_details(self.provider(), Arc::new(clock::Lent))
                .with_protocol_versions(&self.versions())
                .expect("one suite for one version");
        let mut config = config.with_no_client_auth().with_cert_resolver(Arc::new(Constant));
        config.send_tls13_tickets = 0;
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.key_log = Arc::new(Listener(Arc::new(NoKeyLog)));
        config.enable_secret_extraction = data_path == DataPath::Own;
        Server { config: Arc::new(config), data_path }
    }

    pub(super) fn client(self, data_path: DataPath) -> Client {
        let config =
            rustls::ClientConfig::builder_with_details(self.provider(), Arc::new(clock::Lent))
                .with_protocol_versions(&self.versions())
                .expect("one suite for one version");
        let mut config = config
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Constant))
            .with_no_client_auth();
        config.resumption = Resumption::disabled();
        config.enable_secret_extraction = data_path == DataPath::Own;
        Client { config: Arc::new(config), data_path }
    }
}

pub(super) struct Server {
    config: Arc<rustls::ServerConfig>,
    data_path: DataPath,
}

impl Server {
    pub(super) fn begin(&self) -> Handshaking<UnbufferedServerConnection> {
        let connection = UnbufferedServerConnection::new(Arc::clone(&self.config));
        Handshaking::new(connection.expect("a configuration in order"), NOW, self.data_path, false)
    }
}

impl ServerEngine for Server {
    fn accept(
        &self,
        _: Box<ClientHello>,
        _: Duration,
        _: &Overrides,
    ) -> Result<Box<dyn Negotiation>, TlsError> {
        Ok(Box::new(self.begin()))
    }

    fn signature_schemes(&self) -> Vec<u16> {
        vec![SignatureScheme::ED25519.into()]
    }
}

pub(super) struct Client {
    config: Arc<rustls::ClientConfig>,
    data_path: DataPath,
}

impl Client {
    pub(super) fn begin(&self) -> Handshaking<UnbufferedClientConnection> {
        let name = ServerName::try_from("localhost").expect("a name");
        let connection =
            clock::at(NOW, || UnbufferedClientConnection::new(Arc::clone(&self.config), name));
        Handshaking::new(connection.expect("a configuration in order"), NOW, self.data_path, false)
    }
}

impl ClientEngine for Client {
    fn connect(
        &self,
        _: &str,
        _: Duration,
        _: &Overrides,
    ) -> Result<Box<dyn Negotiation>, TlsError> {
        Ok(Box::new(self.begin()))
    }
}

/// Everything that would be random or secret, and is not.
#[derive(Debug)]
struct Constant;

impl SecureRandom for Constant {
    fn fill(&self, room: &mut [u8]) -> Result<(), GetRandomFailed> {
        room.fill(0x5a);
        Ok(())
    }
}

impl SupportedKxGroup for Constant {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        Ok(Box::new(Constant))
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::X25519
    }
}

impl ActiveKeyExchange for Constant {
    fn complete(self: Box<Self>, _: &[u8]) -> Result<SharedSecret, Error> {
        Ok(SharedSecret::from(&[0x33; 32][..]))
    }

    fn pub_key(&self) -> &[u8] {
        &[0x44; 32]
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::X25519
    }
}

impl ResolvesServerCert for Constant {
    fn resolve(&self, _: Offer<'_>) -> Option<Arc<CertifiedKey>> {
        let certificate = CertificateDer::from(&b"a certificate that nobody reads"[..]);
        Some(Arc::new(CertifiedKey::new(vec![certificate], Arc::new(Constant))))
    }
}

impl SigningKey for Constant {
    fn choose_scheme(&self, _: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        Some(Box::new(Constant))
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::ED25519
    }
}

impl Signer for Constant {
    fn sign(&self, _: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(vec![0x66; 64])
    }

    fn scheme(&self) -> SignatureScheme {
        SignatureScheme::ED25519
    }
}

impl ServerCertVerifier for Constant {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }
}
