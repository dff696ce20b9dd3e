//! How a peer's certificates are judged.

use super::ConfigError;
use ravelin_trust::{
    Anchor, Anchors, Certificate, Name, PolicyInput, Profile, Purpose, Request, Time, Verdict,
    evaluate,
    revocation::{Crl, OcspResponse, RevocationPolicy},
};
use std::{sync::Arc, time::Duration};

/// How a peer's certificates are judged during the handshake, by `ravelin-trust`.
///
/// It asks nobody: what the network knows about revocation is for whoever drives the connection to look at, behind the
/// handshake and before the application hears of it.
///
/// ```
/// use ravelin_tls::Trust;
/// use ravelin_trust::{Anchors, Profile};
///
/// let mut trust = Trust::new(Anchors::new());
/// trust.profile = Profile::WEBPKI;
/// assert!(!trust.dangerous_accept_untrusted);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Trust {
    /// What is trusted, and intermediates that peers forget to send.
    pub anchors: Arc<Anchors>,
    /// The rules.
    pub profile: Profile,
    /// What is wanted of certificate policies.
    pub policies: PolicyInput,
    /// The most intermediates a path may have.
    pub max_depth: Option<usize>,
    /// How much must be known about revocation.
    pub revocation: RevocationPolicy,
    /// Whether what the network may still answer ends the handshake: revocation that is not known yet, an issuer that
    /// nobody sent and whose address a certificate tells. With this it does not, and whoever drives the connection must
    /// decide again with more evidence before the application hears of it.
    pub defer_to_network: bool,
    /// Whether OCSP responses count, whoever has them.
    pub use_ocsp: bool,
    /// CRLs to look into.
    pub crls: Arc<[Crl<'static>]>,
    /// OCSP responses to look into, besides those that the peer staples.
    pub ocsp: Arc<[OcspResponse<'static>]>,
    /// Names that the certificate must be for. A client that gives none means the name it connects to; a server that
    /// gives none means any.
    pub names: Option<Vec<Name>>,
    /// The time of the decision, where it is not to be the time of the handshake.
    pub time: Option<Time>,
    /// Goes on whatever the verdict: the verdict still tells. Whoever is between the two can answer in the peer's place, so
    /// nothing that is sent is secret and nothing that comes is true. Of use only to see what a server presents. A peer must
    /// have the key of its certificate all the same, unless the certificate or the key is none that can be read.
    pub dangerous_accept_untrusted: bool,
}

impl Trust {
    /// Trusts these anchors under the rules of [`Profile::INTEROP`], with as much about revocation as is known.
    pub fn new(anchors: Anchors) -> Trust {
        Trust {
            anchors: Arc::new(anchors),
            profile: Profile::INTEROP,
            policies: PolicyInput::default(),
            max_depth: None,
            revocation: RevocationPolicy::BestEffort,
            defer_to_network: false,
            use_ocsp: true,
            crls: Arc::new([]),
            ocsp: Arc::new([]),
            names: None,
            time: None,
            dangerous_accept_untrusted: false,
        }
    }

    /// Trusts these certificates, as DER, and nothing else.
    ///
    /// # Errors
    /// When one is no certificate.
    pub fn of_certificates<T: AsRef<[u8]>>(
        certificates: impl IntoIterator<Item = T>,
    ) -> Result<Trust, ConfigError> {
        let mut anchors = Anchors::new();
        for (index, der) in certificates.into_iter().enumerate() {
            let anchor = Anchor::certificate(der.as_ref());
            anchors.add_anchor(anchor.map_err(|error| {
                ConfigError::Unusable(format!("trust anchor {index} cannot be used: {error}"))
            })?);
        }
        Ok(Trust::new(anchors))
    }

    /// Judges a chain as a peer sent it, its own certificate first.
    ///
    /// # Errors
    /// When the peer's own certificate is none.
    pub fn judge(&self, peer: &Peer<'_>, now: Duration) -> Result<Verdict, String> {
        self.request(peer, now).map(|request| evaluate(&request))
    }

    /// The question that [`judge`](Self::judge) asks, for whoever wants to ask it again with more evidence.
    ///
    /// # Errors
    /// When the peer's own certificate is none.
    pub fn request<'a>(&'a self, peer: &Peer<'a>, now: Duration) -> Result<Request<'a>, String> {
        let (own, others) =
            peer.certificates.split_first().ok_or("the peer sent no certificate")?;
        let own = Certificate::parse(*own).map_err(|error| error.to_string())?;
        let time = self.time.unwrap_or_else(|| Time::since_epoch(now));
        let mut request = Request::new(own, &self.anchors, time);
        // One that cannot be read may be one that is not needed.
        let others = others.iter().filter_map(|der| Certificate::parse(*der).ok());
        request.intermediates = others.take(MAX_CHAIN).collect();
        request.names = self.names.clone().unwrap_or_else(|| peer.name.iter().cloned().collect());
        request.purpose = peer.purpose.clone();
        request.profile = self.profile.clone();
        request.policies = self.policies.clone();
        request.max_depth = self.max_depth;
        request.revocation = self.revocation;
        request.use_ocsp = self.use_ocsp;
        request.crls = self.crls.iter().map(Crl::borrowed).collect();
        request.ocsp = self.ocsp.iter().map(OcspResponse::borrowed).collect();
        let staple = peer.stapled.filter(|bytes| !bytes.is_empty());
        request.stapled =
            staple.and_then(|one| OcspResponse::parse(one).ok()).into_iter().collect();
        request.in_handshake = !peer.resumed;
        Ok(request)
    }
}

/// Certificates of a chain beyond this many are not looked at.
const MAX_CHAIN: usize = 64;

/// What a peer showed of itself.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Peer<'a> {
    /// Its certificates as DER, its own first.
    pub certificates: Vec<&'a [u8]>,
    /// The OCSP response it stapled.
    pub stapled: Option<&'a [u8]>,
    /// The name that it was asked for.
    pub name: Option<Name>,
    /// What its certificate is for.
    pub purpose: Purpose,
    /// Whether the certificates are those of a session that is resumed: nothing is stapled then.
    pub resumed: bool,
}

impl<'a> Peer<'a> {
    /// A server that was asked for by `name`.
    pub fn server(certificates: Vec<&'a [u8]>, name: Name) -> Peer<'a> {
        Peer {
            certificates,
            stapled: None,
            name: Some(name),
            purpose: Purpose::ServerAuth,
            resumed: false,
        }
    }

    /// A client.
    pub fn client(certificates: Vec<&'a [u8]>) -> Peer<'a> {
        Peer {
            certificates,
            stapled: None,
            name: None,
            purpose: Purpose::ClientAuth,
            resumed: false,
        }
    }
}
