//! A client's context.

use super::{
    clock, fault, key_log,
    negotiation::{Handshaking, Judge},
    provider,
    server::certified,
    verifier::ServerVerifier,
    versions,
};
use crate::{
    ClientConfig, ConfigError, DataPath, Overrides, TlsError, Trust,
    engine::{ClientEngine, Negotiation},
};
use ravelin_trust::Name;
use rustls::{
    client::{Resumption, UnbufferedClientConnection},
    pki_types::ServerName,
    sign::SingleCertAndKey,
};
use std::{sync::Arc, time::Duration};

pub(super) struct Context {
    config: Arc<rustls::ClientConfig>,
    data_path: DataPath,
    trust: Arc<Trust>,
}

impl Context {
    pub(super) fn new(written: &ClientConfig) -> Result<Context, ConfigError> {
        let provider = provider(&written.suites, &written.groups)?;
        let versions = versions(written.versions, &provider)?;
        let trust = Arc::clone(&written.trust);
        if trust.anchors.is_empty() && !trust.dangerous_accept_untrusted {
            return Err(ConfigError::Unusable(
                "there is no trust anchor, so no server could be trusted".into(),
            ));
        }
        let verifier =
            ServerVerifier { trust: Arc::clone(&trust), provider: Arc::clone(&provider) };
        let unusable = |error: rustls::Error| ConfigError::Unusable(error.to_string());
        let builder = rustls::ClientConfig::builder_with_details(provider, Arc::new(clock::Lent))
            .with_protocol_versions(&versions)
            .map_err(unusable)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
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
        Ok(Context { config: Arc::new(config), data_path: written.data_path, trust })
    }
}

impl Context {
    /// Sessions and verifier stay those of the context: what was learned can be resumed.
    fn config_with(&self, overrides: &Overrides) -> Arc<rustls::ClientConfig> {
        let mut config = Arc::clone(&self.config);
        if let Some(alpn) = &overrides.alpn {
            Arc::make_mut(&mut config).alpn_protocols =
                alpn.iter().map(|name| name.to_vec()).collect();
        }
        if let Some(log) = &overrides.key_log {
            Arc::make_mut(&mut config).key_log = key_log(Some(log));
        }
        config
    }
}

impl ClientEngine for Context {
    fn connect(
        &self,
        name: &str,
        now: Duration,
        overrides: &Overrides,
    ) -> Result<Box<dyn Negotiation>, TlsError> {
        let server = ServerName::try_from(name.to_owned()).map_err(|_| {
            TlsError::Local(format!("`{name}` is neither a DNS name nor an IP address"))
        })?;
        let config = self.config_with(overrides);
        let connection = clock::at(now, || UnbufferedClientConnection::new(config, server))
            .map_err(|error| fault::translate(error, None))?;
        let judge = Judge { trust: Arc::clone(&self.trust), name: Name::host(name).ok() };
        Ok(Box::new(Handshaking::new(connection, now, self.data_path, false).judging(judge)))
    }
}
