//! With TLS: AIR's `SecureSocket`.

use super::{
    CertificateStatus, Sandbox, SocketError, TrustReport, TypedSocket,
    attempt::{Attempt, Judged, Plan, attempt},
    trust::{CertificateProfile, RevocationCheck, TrustSettings, certificate},
    typed::Steps,
};
use crate::{TlsConnector, fetch::Fetcher};
use ravelin_tls::Handshake;
use ravelin_trust::Certificate;
use std::sync::{Arc, OnceLock};

/// What makes a [`SecureSocket`] of a [`TypedSocket`]: TLS, and servers that are trusted.
#[derive(Debug, Default)]
pub struct Secure {
    settings: Arc<TrustSettings>,
    /// Made of the settings; gone when they change.
    connector: Option<TlsConnector>,
    judged: Judged,
    certificate: Option<Arc<Certificate<'static>>>,
    handshake: Option<Handshake>,
}

/// AIR's `SecureSocket`: typed data and events over TLS 1.2 and 1.3, with servers that are trusted and no others. Most of
/// what it does stands at [`TypedSocket`].
///
/// A server is trusted when its certificate leads to a root of the platform, or to one that was
/// [added](Self::add_trust_anchor), is for the host that was asked for, and is neither expired nor, as far as that can be
/// found out, revoked. The certificate is judged after the handshake and before `connect`; where it is not trusted, there is an
/// `ioError` instead, and [`server_certificate_status`](Self::server_certificate_status) and [`report`](Self::report) tell why.
///
/// ```no_run
/// use ravelin_net::socket::{EventKind, Sandbox, SecureSocket};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let mut socket = SecureSocket::new(Sandbox::Application)?;
/// socket.connect("server.example", 443)?;
/// while let Some(event) = socket.next_event().await {
///     match event.kind {
///         EventKind::Connect => {
///             socket.write_utf_bytes("GET / HTTP/1.0\r\n\r\n")?;
///             socket.flush()?;
///         }
///         EventKind::SocketData { bytes_loaded } => print!("{}", socket.read_utf_bytes(bytes_loaded)?),
///         EventKind::IoError { text, .. } => println!("{}: {text}", socket.server_certificate_status()),
///         _ => {}
///     }
/// }
/// # Ok(())
/// # }
/// ```
///
/// # No way around
///
/// There is no way to connect in spite of a problem with the certificate: no option, no callback, no variable of the
/// environment, no clock that could be set. To talk to a server with a certificate of its own making, add that as a trust
/// anchor: whom to trust is then said, instead of anybody.
///
/// ```
/// # use ravelin_net::socket::{Sandbox, SecureSocket};
/// # let der = ravelin_test::Authority::root("Root").certificate_der().to_vec();
/// let mut socket = SecureSocket::new(Sandbox::Application)?;
/// socket.add_trust_anchor(&der)?;
/// # Ok::<(), ravelin_net::socket::SocketError>(())
/// ```
///
/// Nothing of what [`TlsConnector`] lets applications decide gets in from outside. The same program with one line more or
/// another does not compile:
///
/// ```compile_fail
/// # use ravelin_net::socket::{Sandbox, SecureSocket};
/// # let der = ravelin_test::Authority::root("Root").certificate_der().to_vec();
/// let mut socket = SecureSocket::new(Sandbox::Application)?;
/// socket.dangerous_accept_untrusted(true);
/// socket.add_trust_anchor(&der)?;
/// # Ok::<(), ravelin_net::socket::SocketError>(())
/// ```
///
/// The settings of trust can be made, here and elsewhere,
///
/// ```
/// # use ravelin_net::socket::{Sandbox, SecureSocket};
/// let mut trust = ravelin_tls::Trust::new(ravelin_trust::Anchors::new());
/// trust.dangerous_accept_untrusted = true;
/// let socket = SecureSocket::new(Sandbox::Application)?;
/// # Ok::<(), ravelin_net::socket::SocketError>(())
/// ```
///
/// but not be handed to the socket, when it is made
///
/// ```compile_fail
/// # use ravelin_net::socket::{Sandbox, SecureSocket};
/// let mut trust = ravelin_tls::Trust::new(ravelin_trust::Anchors::new());
/// trust.dangerous_accept_untrusted = true;
/// let socket = SecureSocket::with_trust(Sandbox::Application, trust)?;
/// # Ok::<(), ravelin_net::socket::SocketError>(())
/// ```
///
/// or later;
///
/// ```compile_fail
/// # use ravelin_net::socket::{Sandbox, SecureSocket};
/// let mut trust = ravelin_tls::Trust::new(ravelin_trust::Anchors::new());
/// trust.dangerous_accept_untrusted = true;
/// let mut socket = SecureSocket::new(Sandbox::Application)?;
/// socket.set_trust(trust);
/// # Ok::<(), ravelin_net::socket::SocketError>(())
/// ```
///
/// rules can be chosen among those that have a name,
///
/// ```
/// # use ravelin_net::socket::{CertificateProfile, Sandbox, SecureSocket};
/// let mut socket = SecureSocket::new(Sandbox::Application)?;
/// socket.set_profile(CertificateProfile::WebPki);
/// # Ok::<(), ravelin_net::socket::SocketError>(())
/// ```
///
/// but none can be switched off;
///
/// ```compile_fail
/// # use ravelin_net::socket::{CertificateProfile, Sandbox, SecureSocket};
/// # use ravelin_trust::{Level, Profile, Rule};
/// let mut socket = SecureSocket::new(Sandbox::Application)?;
/// socket.set_profile(Profile::WEBPKI.with(Rule::Expired, Level::Off));
/// # Ok::<(), ravelin_net::socket::SocketError>(())
/// ```
///
/// and what is known about revocation counts always.
///
/// ```
/// # use ravelin_net::socket::{RevocationCheck, Sandbox, SecureSocket};
/// let mut socket = SecureSocket::new(Sandbox::Application)?;
/// socket.set_revocation_check(RevocationCheck::Required);
/// # Ok::<(), ravelin_net::socket::SocketError>(())
/// ```
///
/// ```compile_fail
/// # use ravelin_net::socket::{Sandbox, SecureSocket};
/// # use ravelin_trust::revocation::RevocationPolicy;
/// let mut socket = SecureSocket::new(Sandbox::Application)?;
/// socket.set_revocation_check(RevocationPolicy::Never);
/// # Ok::<(), ravelin_net::socket::SocketError>(())
/// ```
pub type SecureSocket = TypedSocket<Secure>;

impl SecureSocket {
    /// Whether secure sockets work here (`isSupported`): TLS 1.2 or 1.3, and a source of random numbers. Found out once.
    pub fn is_supported() -> bool {
        static SUPPORTED: OnceLock<bool> = OnceLock::new();
        *SUPPORTED.get_or_init(super::trust::self_test)
    }

    /// A socket for code of this sandbox, not connected.
    ///
    /// # Errors
    /// [`SocketError::Unsupported`] (`IllegalOperationError`) where [`is_supported`](Self::is_supported) is false;
    /// [`SocketError::Sandbox`] (`SecurityError`) for [`Sandbox::LocalUntrusted`].
    pub fn new(sandbox: Sandbox) -> Result<SecureSocket, SocketError> {
        SecureSocket::where_supported(sandbox, SecureSocket::is_supported())
    }

    fn where_supported(sandbox: Sandbox, supported: bool) -> Result<SecureSocket, SocketError> {
        if !supported {
            return Err(SocketError::Unsupported);
        }
        TypedSocket::of(sandbox, Secure::default())
    }

    /// The same socket, asking the network about certificates with this fetcher: one whose cache is shared, or that may
    /// ask the servers of one's own network. Else each socket has one of its own, for the public Internet.
    #[must_use]
    pub fn with_fetcher(mut self, fetcher: Fetcher) -> SecureSocket {
        self.change(|settings| settings.fetcher = Some(fetcher));
        self
    }

    /// Lets paths lead through this certificate (`addBinaryChainBuildingCertificate(certificate, false)`), which is trusted
    /// no more than if the server had sent it. For this socket only, from the next connection on; nothing is stored anywhere.
    ///
    /// # Errors
    /// [`SocketError::Certificate`] (`ArgumentError`) when the bytes are anything else than one certificate in DER.
    pub fn add_chain_building_certificate(&mut self, der: &[u8]) -> Result<(), SocketError> {
        let added = certificate(der)?;
        self.change(|settings| settings.intermediates.push(added));
        Ok(())
    }

    /// Trusts this certificate (`addBinaryChainBuildingCertificate(certificate, true)`), and the servers whose certificates lead to it.
    /// For this socket only, from the next connection on; nothing is stored anywhere.
    ///
    /// # Errors
    /// [`SocketError::Certificate`] (`ArgumentError`) when the bytes are anything else than one certificate in DER.
    pub fn add_trust_anchor(&mut self, der: &[u8]) -> Result<(), SocketError> {
        let added = certificate(der)?;
        self.change(|settings| settings.anchors.push(added));
        Ok(())
    }

    /// Never trusts this certificate, nor any path through it, from the next connection on; its status is
    /// [`Revoked`](CertificateStatus::Revoked).
    ///
    /// # Errors
    /// [`SocketError::Certificate`] (`ArgumentError`) when the bytes are anything else than one certificate in DER.
    pub fn distrust(&mut self, der: &[u8]) -> Result<(), SocketError> {
        let distrusted = certificate(der)?;
        self.change(|settings| settings.distrusted.push(distrusted));
        Ok(())
    }

    /// Sets by which rules certificates are judged, from the next connection on. [`CertificateProfile::Interop`] if it is
    /// never set.
    pub fn set_profile(&mut self, profile: CertificateProfile) {
        self.change(|settings| settings.profile = profile);
    }

    /// Sets how much must be known about revocation, from the next connection on. [`RevocationCheck::BestEffort`] if it is
    /// never set.
    pub fn set_revocation_check(&mut self, check: RevocationCheck) {
        self.change(|settings| settings.revocation = check);
    }

    /// Sets whether OCSP is used, from the next connection on; it is if this is never set. Without it, CRLs are looked into;
    /// where a certificate names none, a revoked one may pass, as [`report`](Self::report) says.
    pub fn set_ocsp(&mut self, used: bool) {
        self.change(|settings| settings.ocsp = used);
    }

    /// What is known about the server's certificate (`serverCertificateStatus`): [`Unknown`](CertificateStatus::Unknown) until it was
    /// looked at, then what came of that, until the next [`connect`](Self::connect). Closing does not change it.
    pub fn server_certificate_status(&self) -> CertificateStatus {
        self.protocol.judged.status
    }

    /// The server's certificate (`serverCertificate`), while connected.
    pub fn server_certificate(&self) -> Option<&Certificate<'static>> {
        self.protocol.certificate.as_deref().filter(|_| self.connected())
    }

    /// How it came to the [status](Self::server_certificate_status), for as long as that stays; none before the
    /// certificate was looked at, and where it could not even be read.
    pub fn report(&self) -> Option<TrustReport> {
        TrustReport::of(&self.protocol.judged)
    }

    /// What both sides agreed on, while connected.
    pub fn handshake(&self) -> Option<&Handshake> {
        self.protocol.handshake.as_ref().filter(|_| self.connected())
    }

    fn change(&mut self, change: impl FnOnce(&mut TrustSettings)) {
        change(Arc::make_mut(&mut self.protocol.settings));
        // Sessions that were made under other rules are not resumed.
        self.protocol.connector = None;
    }
}

impl Steps for Secure {
    const NAME: &'static str = "SecureSocket";

    fn attempt(&mut self, plan: Plan) -> Attempt {
        self.judged = Judged::default();
        let (connector, settings) = (self.connector.clone(), Arc::clone(&self.settings));
        let securing = async move {
            match connector {
                Some(connector) => Ok(connector),
                None => settings.connector().await,
            }
        };
        Box::pin(attempt(plan, Some(securing)))
    }

    fn judged(&mut self, judged: Judged, connector: Option<TlsConnector>) {
        self.judged = judged;
        self.connector = connector.or(self.connector.take());
    }

    fn established(
        &mut self,
        certificate: Option<Arc<Certificate<'static>>>,
        handshake: Option<Handshake>,
    ) {
        (self.certificate, self.handshake) = (certificate, handshake);
    }

    fn closed(&mut self) {
        (self.certificate, self.handshake) = (None, None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::socket::{Origin, error_id};

    #[test]
    fn s02_construction_fails_where_no_version_of_tls_works() {
        let error = SecureSocket::where_supported(Sandbox::Application, false).unwrap_err();
        assert_eq!(error, SocketError::Unsupported);
        assert_eq!(error.class(), "IllegalOperationError");
        assert_eq!(error.error_id(), error_id::UNAVAILABLE);
        assert!(SecureSocket::where_supported(Sandbox::Application, true).is_ok());
    }

    #[test]
    fn s03_construction_fails_for_local_untrusted_code_and_no_other() {
        let error = SecureSocket::new(Sandbox::LocalUntrusted).unwrap_err();
        assert_eq!((error.class(), error.error_id()), ("SecurityError", 2010));
        for sandbox in [
            Sandbox::Application,
            Sandbox::LocalTrusted,
            Sandbox::LocalWithNetworking,
            Sandbox::Remote(Origin::new("www.example", false)),
        ] {
            assert_eq!(SecureSocket::new(sandbox.clone()).unwrap().sandbox(), &sandbox);
        }
    }
}
