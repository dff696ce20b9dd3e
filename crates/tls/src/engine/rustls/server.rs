//! A server's context.

use super::{
    clock, fault, key_log,
    negotiation::{Handshaking, Judge},
    provider,
    schedule::Listener,
    verifier::ClientVerifier,
    versions,
};
use crate::{
    Alert, ConfigError, DataPath, Identity, KeyKind, ServerConfig, SessionStore, TicketKeys,
    TlsError, Trust,
    config::{ClientAuth, KeyEncoding, Overrides, PrivateKey},
    engine::{Negotiation, ServerEngine},
    hello::ClientHello,
};
use rustls::{
    CipherSuite as Suite,
    crypto::aws_lc_rs::sign::any_supported_type,
    pki_types::{
        CertificateDer, PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer,
    },
    server::{
        ClientHello as Offer, NoServerSessionStorage, ProducesTickets, ResolvesServerCert,
        StoresServerSessions, UnbufferedServerConnection,
    },
    sign::CertifiedKey,
};
use std::{sync::Arc, time::Duration};

/// Tickets a TLS 1.3 client gets unless it asks for more (RFC 9149).
const TICKETS: usize = 1;
/// TLS 1.2 on the wire (RFC 5246, section 6.2.1).
const TLS12: u16 = 0x0303;
/// Tickets it gets at most.
const MAX_TICKETS: usize = 4;

pub(super) struct Context {
    config: Arc<rustls::ServerConfig>,
    data_path: DataPath,
    small_first_records: bool,
    trust: Option<Arc<Trust>>,
}

impl Context {
    pub(super) fn new(written: &ServerConfig) -> Result<Context, ConfigError> {
        if written.identities.is_empty() {
            return Err(ConfigError::Unusable("a server needs a certificate".into()));
        }
        let provider = provider(&written.suites, &written.groups)?;
        let versions = versions(written.versions, &provider)?;
        let tls13 = versions.contains(&&rustls::version::TLS13);
        let identities =
            written.identities.iter().map(|one| certified(one)).collect::<Result<_, _>>()?;
        let unusable = |error: rustls::Error| ConfigError::Unusable(error.to_string());
        let verifying = Arc::clone(&provider);
        let builder = rustls::ServerConfig::builder_with_details(provider, Arc::new(clock::Lent))
            .with_protocol_versions(&versions)
            .map_err(unusable)?;
        let trust = written.client_auth.trust().cloned();
        if trust.as_ref().is_some_and(|trust| trust.anchors.is_empty()) {
            return Err(ConfigError::Unusable(
                "there is no trust anchor, so no client could be trusted".into(),
            ));
        }
        let mut config = match &trust {
            None => builder.with_no_client_auth(),
            Some(trust) => {
                let mandatory = matches!(written.client_auth, ClientAuth::Required(_));
                let trust = Arc::clone(trust);
                let verifier = ClientVerifier::new(trust, verifying, mandatory);
                builder.with_client_cert_verifier(Arc::new(verifier))
            }
        }
        .with_cert_resolver(Arc::new(Identities { identities, tls13 }));
        config.ignore_client_order = true;
        config.alpn_protocols = written.alpn.iter().map(|name| name.to_vec()).collect();
        config.key_log = listening(key_log(written.key_log.as_ref()), written.data_path);
        config.enable_secret_extraction = written.data_path == DataPath::Own;
        config.send_tls13_tickets = TICKETS;
        config.max_tls13_tickets = MAX_TICKETS;
        match &written.tickets {
            Some(keys) => config.ticketer = Arc::new(Tickets(Arc::clone(keys))),
            None if written.sessions.is_none() => config.send_tls13_tickets = 0,
            None => {}
        }
        config.session_storage = match &written.sessions {
            Some(store) => Arc::new(Sessions(Arc::clone(store))),
            None => Arc::new(NoServerSessionStorage {}),
        };
        Ok(Context {
            config: Arc::new(config),
            data_path: written.data_path,
            small_first_records: written.small_first_records,
            trust,
        })
    }
}

impl Context {
    fn config_with(&self, overrides: &Overrides) -> Arc<rustls::ServerConfig> {
        let mut config = Arc::clone(&self.config);
        if let Some(alpn) = &overrides.alpn {
            Arc::make_mut(&mut config).alpn_protocols =
                alpn.iter().map(|name| name.to_vec()).collect();
        }
        if let Some(log) = &overrides.key_log {
            Arc::make_mut(&mut config).key_log = listening(key_log(Some(log)), self.data_path);
        }
        config
    }
}

/// Our record layer must hear the secrets, whoever else does.
fn listening(key_log: Arc<dyn rustls::KeyLog>, data_path: DataPath) -> Arc<dyn rustls::KeyLog> {
    match data_path {
        DataPath::Own => Arc::new(Listener(key_log)),
        DataPath::Engine => key_log,
    }
}

impl ServerEngine for Context {
    fn accept(
        &self,
        hello: Box<ClientHello>,
        now: Duration,
        overrides: &Overrides,
    ) -> Result<Box<dyn Negotiation>, TlsError> {
        // rustls would miss an extension that older versions do not have, and say so instead of this.
        let highest = hello.versions.iter().copied().max().unwrap_or(hello.legacy_version);
        if highest < TLS12 {
            return Err(TlsError::Incompatible {
                detail: "the client speaks no TLS 1.2 or later".into(),
                alert: Some(Alert::PROTOCOL_VERSION),
            });
        }
        // What lives as long as the connection is allocated after what does not: see `ServerEngine::accept`.
        drop(hello);
        let connection = UnbufferedServerConnection::new(self.config_with(overrides))
            .map_err(|error| fault::translate(error, None))?;
        let handshaking =
            Handshaking::new(connection, now, self.data_path, self.small_first_records);
        Ok(Box::new(match &self.trust {
            None => handshaking,
            Some(trust) => handshaking.judging(Judge { trust: Arc::clone(trust), name: None }),
        }))
    }

    fn signature_schemes(&self) -> Vec<u16> {
        let provider = self.config.crypto_provider();
        let schemes = provider.signature_verification_algorithms.supported_schemes();
        schemes.into_iter().map(u16::from).collect()
    }
}

/// An identity in rustls's form.
pub(super) fn certified(identity: &Identity) -> Result<(KeyKind, Arc<CertifiedKey>), ConfigError> {
    let chain = identity.certificates().iter().map(|der| CertificateDer::from(der.to_vec()));
    let PrivateKey { encoding, der } = identity.key();
    let der: PrivateKeyDer<'_> = match encoding {
        KeyEncoding::Pkcs8 => PrivatePkcs8KeyDer::from(&der[..]).into(),
        KeyEncoding::Pkcs1 => PrivatePkcs1KeyDer::from(&der[..]).into(),
        KeyEncoding::Sec1 => PrivateSec1KeyDer::from(&der[..]).into(),
    };
    let key = any_supported_type(&der).map_err(|error| ConfigError::Unusable(error.to_string()))?;
    Ok((identity.key_kind(), Arc::new(CertifiedKey::new(chain.collect(), key))))
}

/// Chooses by what the client can verify, in the order of the configuration.
#[derive(Debug)]
struct Identities {
    identities: Vec<(KeyKind, Arc<CertifiedKey>)>,
    tls13: bool,
}

impl ResolvesServerCert for Identities {
    fn resolve(&self, hello: Offer<'_>) -> Option<Arc<CertifiedKey>> {
        // In TLS 1.2 the suite names the kind of key, in TLS 1.3 only the signature scheme does.
        let suites = hello.cipher_suites();
        let tls13 = self.tls13 && suites.iter().any(|suite| is_tls13(*suite));
        let usable = |kind: KeyKind, key: &CertifiedKey| {
            (tls13 || suites.iter().any(|suite| is_for(*suite, kind)))
                && key.key.choose_scheme(hello.signature_schemes()).is_some()
        };
        let found = self.identities.iter().find(|(kind, key)| usable(*kind, key));
        // With none that fits, the first one lets rustls say what is missing.
        found.or(self.identities.first()).map(|(_, key)| Arc::clone(key))
    }
}

fn is_tls13(suite: Suite) -> bool {
    u16::from(suite) >> 8 == 0x13
}

fn is_for(suite: Suite, kind: KeyKind) -> bool {
    match suite {
        Suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
        | Suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384
        | Suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 => kind == KeyKind::Rsa,
        Suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
        | Suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384
        | Suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 => kind != KeyKind::Rsa,
        _ => false,
    }
}

#[derive(Debug)]
struct Tickets(Arc<TicketKeys>);

impl ProducesTickets for Tickets {
    fn enabled(&self) -> bool {
        true
    }

    fn lifetime(&self) -> u32 {
        self.0.lifetime()
    }

    fn encrypt(&self, plain: &[u8]) -> Option<Vec<u8>> {
        self.0.seal(plain)
    }

    fn decrypt(&self, ticket: &[u8]) -> Option<Vec<u8>> {
        self.0.open(ticket)
    }
}

#[derive(Debug)]
struct Sessions(Arc<SessionStore>);

impl StoresServerSessions for Sessions {
    fn put(&self, id: Vec<u8>, session: Vec<u8>) -> bool {
        self.0.put(&id, session)
    }

    fn get(&self, id: &[u8]) -> Option<Vec<u8>> {
        self.0.get(id)
    }

    fn take(&self, id: &[u8]) -> Option<Vec<u8>> {
        self.0.take(id)
    }

    fn can_cache(&self) -> bool {
        true
    }
}
