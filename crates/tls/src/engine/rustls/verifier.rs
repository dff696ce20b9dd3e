//! Lets `ravelin-trust` judge certificates inside rustls's handshake.
//!
//! rustls calls a verifier that all connections of a context share, and knows no verdict but yes and no. So the verdict
//! goes through the thread to the connection that is being driven.

use crate::{
    Alert,
    config::{Peer, Trust},
};
use ravelin_trust::{CandidatePath, Level, Name, Rule, Status, Verdict};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, OtherError, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::danger::{ClientCertVerified, ClientCertVerifier},
};
use std::{cell::RefCell, fmt, sync::Arc, time::Duration};

thread_local! {
    /// What came of the call into rustls that is going on.
    static JUDGED: RefCell<Option<Judged>> = const { RefCell::new(None) };
}

/// What came of judging a peer.
pub(super) struct Judged {
    /// None where its certificates could not be read and that was to be accepted.
    pub(super) verdict: Option<Arc<Verdict>>,
    /// The OCSP response that a server stapled.
    pub(super) stapled: Option<Box<[u8]>>,
}

/// What was judged since this was last asked on this thread.
pub(super) fn take_judged() -> Option<Judged> {
    JUDGED.take()
}

/// Judges servers.
#[derive(Debug)]
pub(super) struct ServerVerifier {
    pub(super) trust: Arc<Trust>,
    pub(super) provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for ServerVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let name = Name::host(&server_name.to_str());
        let name = name.map_err(|error| Error::General(error.to_string()))?;
        let mut peer = Peer::server(chain(end_entity, intermediates), name);
        peer.stapled = Some(ocsp_response);
        decide(&self.trust, &peer, now)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if self.trust.dangerous_accept_untrusted {
            return Ok(HandshakeSignatureValid::assertion());
        }
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if self.trust.dangerous_accept_untrusted {
            return Ok(HandshakeSignatureValid::assertion());
        }
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Judges clients.
pub(super) struct ClientVerifier {
    pub(super) trust: Arc<Trust>,
    pub(super) provider: Arc<CryptoProvider>,
    pub(super) mandatory: bool,
    /// Names of the anchors, as a hint for clients with several certificates.
    pub(super) hints: Vec<DistinguishedName>,
}

impl ClientVerifier {
    pub(super) fn new(
        trust: Arc<Trust>,
        provider: Arc<CryptoProvider>,
        mandatory: bool,
    ) -> ClientVerifier {
        let names = trust.anchors.iter().map(|anchor| anchor.name().der().to_vec());
        let hints = names.map(DistinguishedName::from).collect();
        ClientVerifier { trust, provider, mandatory, hints }
    }
}

impl fmt::Debug for ClientVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientVerifier").field("trust", &self.trust).finish_non_exhaustive()
    }
}

impl ClientCertVerifier for ClientVerifier {
    fn client_auth_mandatory(&self) -> bool {
        self.mandatory
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.hints
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let peer = Peer::client(chain(end_entity, intermediates));
        decide(&self.trust, &peer, now)?;
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if self.trust.dangerous_accept_untrusted {
            return Ok(HandshakeSignatureValid::assertion());
        }
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if self.trust.dangerous_accept_untrusted {
            return Ok(HandshakeSignatureValid::assertion());
        }
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

fn chain<'a>(
    end_entity: &'a CertificateDer<'_>,
    intermediates: &'a [CertificateDer<'_>],
) -> Vec<&'a [u8]> {
    std::iter::once(end_entity).chain(intermediates).map(AsRef::as_ref).collect()
}

fn decide(trust: &Trust, peer: &Peer<'_>, now: UnixTime) -> Result<(), Error> {
    let now = Duration::from_secs(now.as_secs());
    let judged = trust.judge(peer, now);
    let stapled = peer.stapled.filter(|bytes| !bytes.is_empty()).map(Into::into);
    if judged.is_err() && trust.dangerous_accept_untrusted {
        JUDGED.set(Some(Judged { verdict: None, stapled }));
        return Ok(());
    }
    let verdict = judged.map_err(|error| {
        let error: Box<dyn std::error::Error + Send + Sync> = error.into();
        Error::InvalidCertificate(CertificateError::Other(OtherError(error.into())))
    })?;
    let verdict = Arc::new(verdict);
    JUDGED.set(Some(Judged { verdict: Some(Arc::clone(&verdict)), stapled }));
    match refusal(trust, &verdict) {
        Some(alert) => Err(Error::InvalidCertificate(reason(alert))),
        None => Ok(()),
    }
}

/// The alert that ends a connection after this verdict; none where it goes on.
pub(super) fn refusal(trust: &Trust, verdict: &Verdict) -> Option<Alert> {
    let waits = || match verdict.status() {
        Status::Unknown => true,
        Status::UntrustedSigners => verdict.paths().iter().any(lacks_an_issuer),
        _ => false,
    };
    if trust.dangerous_accept_untrusted || trust.defer_to_network && waits() {
        return None;
    }
    verdict.alert().map(Alert::from_code)
}

/// Whether a path ends where a certificate tells where its issuer can be found.
fn lacks_an_issuer(path: &CandidatePath) -> bool {
    path.findings.iter().any(|finding| finding.rule == Rule::IssuerNotFound)
        && path.certificates.last().is_some_and(|last| last.names_its_issuers_address())
}

/// What is wrong, in a sentence.
pub(super) fn describe(verdict: &Verdict) -> String {
    let code = verdict.code();
    let errors = verdict.findings().iter().filter(|finding| finding.severity == Level::Error);
    let deciding = errors.min_by_key(|finding| Some(finding.code()) != code);
    let detail = deciding.map_or("", |finding| &finding.detail);
    format!("{}: {detail} ({})", verdict.status(), code.unwrap_or_default())
}

/// The error with which rustls sends this alert.
fn reason(alert: Alert) -> CertificateError {
    match alert {
        Alert::UNSUPPORTED_CERTIFICATE => CertificateError::InvalidPurpose,
        Alert::CERTIFICATE_REVOKED => CertificateError::Revoked,
        Alert::CERTIFICATE_EXPIRED => CertificateError::Expired,
        Alert::UNKNOWN_CA => CertificateError::UnknownIssuer,
        Alert::DECRYPT_ERROR => CertificateError::BadSignature,
        _ => CertificateError::BadEncoding,
    }
}
