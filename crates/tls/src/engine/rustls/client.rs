//! A client's context.

use super::{
    accept_any::AcceptAny, clock, fault, key_log, negotiation::Handshaking, provider,
    server::certified, versions,
};
use crate::{
    ClientConfig, ConfigError, DataPath, TlsError,
    engine::{ClientEngine, Negotiation},
};
use rustls::{
    RootCertStore,
    client::{Resumption, UnbufferedClientConnection, WebPkiServerVerifier},
    crypto::CryptoProvider,
    pki_types::{CertificateDer, ServerName},
    sign::SingleCertAndKey,
};
use std::{sync::Arc, time::Duration};

pub(super) struct Context {
    config: Arc<rustls::ClientConfig>,
    data_path: DataPath,
}

impl Context {
    pub(super) fn new(written: &ClientConfig) -> Result<Context, ConfigError> {
        let provider = provider(&written.suites, &written.groups)?;
        let versions = versions(written.versions, &provider)?;
        let unusable = |error: rustls::Error| ConfigError::Unusable(error.to_string());
        let builder = rustls::ClientConfig::builder_with_details(
            Arc::clone(&provider),
            Arc::new(clock::Lent),
        )
        .with_protocol_versions(&versions)
        .map_err(unusable)?;
        let builder = if written.dangerous_accept_any {
            builder.dangerous().with_custom_certificate_verifier(Arc::new(AcceptAny(provider)))
        } else {
            builder.with_webpki_verifier(verifier(&written.anchors, provider)?)
        };
        let mut config = match &written.identity {
            None => builder.with_no_client_auth(),
            Some(identity) => builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(
                certified(identity)?.1,
            ))),
        };
        config.alpn_protocols = written.alpn.iter().map(|name| name.to_vec()).collect();
        config.key_log = key_log(written.key_log.as_ref());
        config.enable_secret_extraction = written.data_path == DataPath::Own;
        config.resumption = match written.sessions {
            0 => Resumption::disabled(),
            count => Resumption::in_memory_sessions(count),
        };
        Ok(Context { config: Arc::new(config), data_path: written.data_path })
    }
}

fn verifier(
    anchors: &[Box<[u8]>],
    provider: Arc<CryptoProvider>,
) -> Result<Arc<WebPkiServerVerifier>, ConfigError> {
    let mut roots = RootCertStore::empty();
    for (index, anchor) in anchors.iter().enumerate() {
        roots.add(CertificateDer::from(anchor.to_vec())).map_err(|error| {
            ConfigError::Unusable(format!("trust anchor {index} cannot be used: {error}"))
        })?;
    }
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .map_err(|error| ConfigError::Unusable(error.to_string()))
}

impl ClientEngine for Context {
    fn connect(&self, name: &str, now: Duration) -> Result<Box<dyn Negotiation>, TlsError> {
        let server = ServerName::try_from(name.to_owned()).map_err(|_| {
            TlsError::Local(format!("`{name}` is neither a DNS name nor an IP address"))
        })?;
        let config = Arc::clone(&self.config);
        let connection = clock::at(now, || UnbufferedClientConnection::new(config, server))
            .map_err(|error| fault::translate(error, None))?;
        Ok(Box::new(Handshaking::new(connection, now, self.data_path, false)))
    }
}
