//! What is to be done, from what was typed.

use super::starttls::Protocol;
use crate::{
    args::connect::{ConnectArgs, Engine},
    commands::{
        cert::{
            input::{self, InputError},
            peer::Server,
        },
        judgement::{Ders, Fetching, Files, Kind, Presented, Source, Terms, parsed, stores},
    },
    exit::Failure,
};
use ravelin_net::TlsConnector;
use ravelin_tls::{ClientConfig, Identity, Trust, VersionRange};
use ravelin_trust::{
    Anchors, Certificate, Name, Purpose,
    revocation::{Crl, OcspResponse},
};
use std::{path::PathBuf, sync::Arc, time::Duration};

/// A connection that is to be made.
#[derive(Debug)]
pub struct Plan {
    /// Where to.
    pub server: Server,
    /// The name that is asked for.
    pub name: String,
    /// What is said in front of TLS.
    pub starttls: Option<Protocol>,
    /// How long it may take until TLS stands.
    pub timeout: Duration,
    /// How the server is judged.
    pub trust: Arc<Trust>,
    /// The same for reports.
    pub terms: Terms,
    /// Who shakes hands.
    pub connector: TlsConnector,
    /// Who fetches what would help.
    pub fetching: Option<Fetching>,
}

impl Plan {
    /// Reads everything that was named.
    ///
    /// # Errors
    /// When an input cannot be read, or the options cannot be had together.
    pub fn typed(args: &ConnectArgs) -> Result<Plan, Failure> {
        if args.engine == Engine::Openssl {
            return Err(Failure::input("this build does not have the openssl engine, only rustls"));
        }
        let (server, crls) = args.server_and_crls().map_err(Failure::Input)?;
        let host = args.servername.as_ref().unwrap_or(&server.host);
        // A final dot is for the resolver: neither SNI (RFC 6066, section 3) nor certificates have it.
        let bare = host.strip_suffix('.').unwrap_or(host);
        let name = Name::host(bare).map_err(|error| Failure::input(format!("{host}: {error}")))?;
        let terms = Terms {
            names: vec![name],
            purpose: Purpose::ServerAuth,
            profile: args.profile.clone(),
            stores: stores(args.system_roots, args.bundled_roots, !args.anchors.is_empty()),
            online: args.online,
            presented: Presented::ByServer,
        };
        let trust = trust(args, crls, &terms)?;
        if trust.anchors.is_empty() && !trust.dangerous_accept_untrusted {
            return Err(Failure::input(
                "this machine has no list of trust anchors: --bundled-roots trusts Mozilla's, --anchor what you name",
            ));
        }
        let mut config = ClientConfig::new(trust);
        config.identity = identity(args)?;
        config.versions = versions(args)?;
        config.suites = args.ciphers.as_ref().map(|list| list.0.clone()).unwrap_or_default();
        config.groups = args.groups.as_ref().map(|list| list.0.clone()).unwrap_or_default();
        config.alpn = args.alpn.iter().map(|name| name.as_bytes().into()).collect();
        config.sessions = 0;
        let connector = TlsConnector::new(&config).map_err(Failure::input)?;
        Ok(Plan {
            name: bare.to_owned(),
            server,
            starttls: args.starttls,
            timeout: args.timeout.0,
            trust: config.trust,
            terms,
            connector,
            fetching: if args.online { Some(Fetching::new(&args.fetching)?) } else { None },
        })
    }
}

fn trust(args: &ConnectArgs, crls: &[PathBuf], terms: &Terms) -> Result<Trust, Failure> {
    let files = Files::default();
    let sources = |paths: &[PathBuf]| paths.iter().cloned().map(Source::File).collect::<Vec<_>>();
    let all = |paths: &[PathBuf], kind| -> Result<Vec<(Source, Ders)>, InputError> {
        sources(paths).into_iter().map(|one| Ok((one.clone(), files.read(&one, kind)?))).collect()
    };
    let anchors = files.anchors(&terms.stores, &sources(&args.anchors), &[])?;
    let intermediates = all(&args.intermediates, Kind::Certificates)?;
    let crls = all(crls, Kind::Crls)?;
    let ocsp = all(&args.ocsp, Kind::Ocsp)?;

    let mut trust = Trust::new(Anchors::new());
    trust.anchors = anchors;
    for certificate in parsed(&intermediates, "certificate", Certificate::parse)? {
        Arc::make_mut(&mut trust.anchors).add_intermediate(certificate.into_owned());
    }
    let crls = parsed(&crls, "CRL", Crl::parse)?;
    trust.crls = crls.into_iter().map(Crl::into_owned).collect();
    let ocsp = parsed(&ocsp, "OCSP response", OcspResponse::parse)?;
    trust.ocsp = ocsp.into_iter().map(OcspResponse::into_owned).collect();
    trust.profile = args.profile.clone();
    trust.revocation = args.revocation;
    trust.time = args.time;
    // The question is asked again behind the handshake, with what can be fetched.
    trust.defer_to_network = args.online;
    trust.dangerous_accept_untrusted = args.dangerous_accept_untrusted;
    Ok(trust)
}

fn identity(args: &ConnectArgs) -> Result<Option<Arc<Identity>>, Failure> {
    let (Some(cert), Some(key)) = (&args.cert, &args.key) else { return Ok(None) };
    let chain = input::read(cert)?;
    let private = input::read_key(key, &args.passphrase.passphrase())?;
    let identity =
        Identity::from_bytes(&chain, &private).map_err(|error| InputError::new(cert, error))?;
    Ok(Some(Arc::new(identity)))
}

fn versions(args: &ConnectArgs) -> Result<VersionRange, Failure> {
    let all = VersionRange::default();
    let range = VersionRange {
        min: args.min_version.unwrap_or(all.min),
        max: args.max_version.unwrap_or(all.max),
    };
    if range.min > range.max {
        return Err(Failure::input(format!(
            "no version is left: --min-version {} lies above --max-version {}",
            range.min, range.max
        )));
    }
    Ok(range)
}
