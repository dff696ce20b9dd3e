//! Lets `ravelin-trust` judge certificates inside rustls's handshake.
//!
//! rustls calls a verifier that all connections of a context share, and knows no verdict but yes and no. So the verdict
//! goes through the thread to the connection that is being driven.

use crate::{
    Alert,
    config::{Peer, Trust},
};
use ravelin_trust::{
    CandidatePath, Certificate, Name, Rule, Status, Verdict,
    certificate::{Curve, KeyAlgorithm},
    signature::{Hash, Scheme, SignatureError, verify},
};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, OtherError, PeerMisbehaved,
    SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::CryptoProvider,
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
        verify_signature(&self.trust, message, certificate, signature, false)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_signature(&self.trust, message, certificate, signature, true)
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
        verify_signature(&self.trust, message, certificate, signature, false)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_signature(&self.trust, message, certificate, signature, true)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Whether the owner of the certificate's key signed the handshake (RFC 8446, section 4.4.3; RFC 5246, section 7.4.3).
///
/// rustls's own way reads the certificate with webpki, which knows fewer certificates than a profile may trust.
/// Where anybody is accepted, only what cannot be verified at all passes: a verdict must not speak of somebody who has not
/// proved to be there.
fn verify_signature(
    trust: &Trust,
    message: &[u8],
    certificate: &CertificateDer<'_>,
    signed: &DigitallySignedStruct,
    tls13: bool,
) -> Result<HandshakeSignatureValid, Error> {
    let unadvertised =
        Error::PeerMisbehaved(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme);
    // Of TLS 1.3's ECDSA schemes each is for one curve.
    let (scheme, curve) = match signed.scheme {
        SignatureScheme::RSA_PKCS1_SHA256 if !tls13 => (Scheme::RsaPkcs1(Hash::Sha256), None),
        SignatureScheme::RSA_PKCS1_SHA384 if !tls13 => (Scheme::RsaPkcs1(Hash::Sha384), None),
        SignatureScheme::RSA_PKCS1_SHA512 if !tls13 => (Scheme::RsaPkcs1(Hash::Sha512), None),
        SignatureScheme::RSA_PSS_SHA256 => (Scheme::RsaPss(Hash::Sha256), None),
        SignatureScheme::RSA_PSS_SHA384 => (Scheme::RsaPss(Hash::Sha384), None),
        SignatureScheme::RSA_PSS_SHA512 => (Scheme::RsaPss(Hash::Sha512), None),
        SignatureScheme::ECDSA_NISTP256_SHA256 => (Scheme::Ecdsa(Hash::Sha256), Some(Curve::P256)),
        SignatureScheme::ECDSA_NISTP384_SHA384 => (Scheme::Ecdsa(Hash::Sha384), Some(Curve::P384)),
        SignatureScheme::ECDSA_NISTP521_SHA512 => (Scheme::Ecdsa(Hash::Sha512), Some(Curve::P521)),
        SignatureScheme::ED25519 => (Scheme::Ed25519, None),
        _ => return Err(unadvertised),
    };
    let bad = || Error::InvalidCertificate(CertificateError::BadSignature);
    let readable = Certificate::parse(certificate.as_ref())
        .ok()
        .filter(|certificate| certificate.public_key().is_ok());
    let Some(certificate) = readable else {
        return if trust.dangerous_accept_untrusted {
            Ok(HandshakeSignatureValid::assertion())
        } else {
            Err(bad())
        };
    };
    let key = certificate.public_key().map_err(|_| bad())?;
    if let Some(curve) = curve
        && tls13
        && key.algorithm != KeyAlgorithm::Ec(curve)
    {
        return Err(bad());
    }
    match verify(scheme, &key, message, signed.signature()) {
        Ok(()) => Ok(HandshakeSignatureValid::assertion()),
        Err(SignatureError::Unsupported(_)) if trust.dangerous_accept_untrusted => {
            Ok(HandshakeSignatureValid::assertion())
        }
        Err(_) => Err(bad()),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ClientConfig, ClientContext, Connection, End, OpenBuffer, TlsError, Trust};
    use ravelin_test::{Authority, Issued, Key, Request};
    use rustls::{
        ServerConfig, ServerConnection,
        crypto::aws_lc_rs::{default_provider, sign::any_supported_type},
        pki_types::PrivatePkcs8KeyDer,
        sign::{CertifiedKey, SingleCertAndKey},
        version::{TLS12, TLS13},
    };
    use std::time::SystemTime;

    /// How a client of ours ends that meets a server with the certificate of `shown` and the key of `signing`.
    fn meet(root: &Authority, shown: &Issued, signing: &Issued, tls13: bool) -> Option<End> {
        let dangerous =
            [false, true].map(|dangerous| attempt(root, shown, signing, tls13, dangerous));
        assert_eq!(dangerous[0], dangerous[1], "who accepts anybody wants proof all the same");
        dangerous[0].clone()
    }

    fn attempt(
        root: &Authority,
        shown: &Issued,
        signing: &Issued,
        tls13: bool,
        dangerous: bool,
    ) -> Option<End> {
        let key = PrivatePkcs8KeyDer::from(signing.key_der().to_vec()).into();
        let chain = shown.chain_der().into_iter().map(CertificateDer::from).collect();
        let certified = CertifiedKey::new(chain, any_supported_type(&key).unwrap());
        let versions = if tls13 { [&TLS13] } else { [&TLS12] };
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(&versions)
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
        let mut server = ServerConnection::new(Arc::new(config)).unwrap();
        let mut trust = Trust::of_certificates([root.root_der()]).unwrap();
        trust.dangerous_accept_untrusted = dangerous;
        let context = ClientContext::new(&ClientConfig::new(trust)).unwrap();
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap();
        let mut client = Connection::client(&context, "localhost", now).unwrap();
        let mut open = OpenBuffer::new(2);
        while client.is_handshaking() {
            let sent = client.outgoing().to_vec();
            client.sent(sent.len());
            let mut rest = &sent[..];
            while !rest.is_empty() {
                server.read_tls(&mut rest).unwrap();
                let _ = server.process_new_packets();
            }
            let mut answer = Vec::new();
            while server.wants_write() {
                server.write_tls(&mut answer).unwrap();
            }
            client.restore(&mut open);
            open.space()[..answer.len()].copy_from_slice(&answer);
            open.filled(answer.len());
            let end = client.open(&mut open).end;
            client.keep(&mut open);
            if end.is_some() {
                return end;
            }
        }
        None
    }

    #[test]
    fn a_server_must_have_the_key_of_its_certificate() {
        let root = Authority::root("Root");
        for key in Key::ALL {
            let issue = || root.issue(&Request { key, ..Request::new(["localhost"]) });
            let (mine, others) = (issue(), issue());
            for tls13 in [false, true] {
                assert_eq!(meet(&root, &mine, &mine, tls13), None, "{key:?}");
                let end = meet(&root, &mine, &others, tls13);
                let Some(End::Failed(TlsError::Certificate { alert, .. })) = end else {
                    panic!("{key:?}: {end:?}");
                };
                assert_eq!(alert, Alert::DECRYPT_ERROR);
            }
        }
    }

    #[test]
    fn a_key_of_another_kind_than_the_signature_is_refused() {
        let root = Authority::root("Root");
        let issue = |key| root.issue(&Request { key, ..Request::new(["localhost"]) });
        let (rsa, p256, p384) = (issue(Key::Rsa2048), issue(Key::EcdsaP256), issue(Key::EcdsaP384));
        for (shown, signing) in [(&rsa, &p256), (&p256, &rsa), (&p256, &p384), (&p384, &p256)] {
            for tls13 in [false, true] {
                assert!(matches!(meet(&root, shown, signing, tls13), Some(End::Failed(_))));
            }
        }
    }
}
