//! Clients that prove themselves: who comes in, who is refused and how, and what the backend and the metrics are told.

use crate::common::{Bench, Client, PATIENCE, trust};
use ravelin_tls::{
    ClientConfig, ClientContext, End, HandshakeKind, Identity, Version, VersionRange,
};
use ravelin_trust::Certificate;
use ravelin_tunnel::{clients::Pin, proxy_protocol};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DistinguishedName,
    DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose,
    RevocationReason, RevokedCertParams, SanType, SerialNumber,
};
use std::{
    fs,
    io::{Read, Write},
    os::unix::net::UnixStream,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};
use tempfile::TempDir;

const DAY: Duration = Duration::from_secs(86_400);
const VERSIONS: [Version; 2] = [Version::Tls12, Version::Tls13];

/// Vouches for clients, and takes it back.
struct Authority {
    folder: TempDir,
    params: CertificateParams,
    key: KeyPair,
}

/// A client's certificate.
struct Own {
    identity: Arc<Identity>,
    pin: Pin,
}

impl Authority {
    /// Writes its certificate to `clients.pem` in a folder of its own.
    fn new(name: &str) -> Authority {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let folder = tempfile::tempdir().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        fs::write(folder.path().join("clients.pem"), certificate.pem()).unwrap();
        Authority { folder, params, key }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn issuer(&self) -> Issuer<'_, &KeyPair> {
        Issuer::from_params(&self.params, &self.key)
    }

    fn issue(&self, name: &str, serial: u64) -> Own {
        self.issue_until(name, serial, SystemTime::now() + DAY)
    }

    fn issue_until(&self, name: &str, serial: u64, end: SystemTime) -> Own {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![format!("{name}.fleet.example")]).unwrap();
        let email = format!("{name}@fleet.example").try_into().unwrap();
        let uri = format!("spiffe://fleet.example/{name}").try_into().unwrap();
        params.subject_alt_names.extend([SanType::Rfc822Name(email), SanType::URI(uri)]);
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::OrganizationName, "Fleet");
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.serial_number = Some(SerialNumber::from(serial));
        params.not_before = (SystemTime::now() - 9 * DAY).into();
        params.not_after = end.into();
        let certificate = params.signed_by(&key, &self.issuer()).unwrap();
        let (chain, secret) = (certificate.pem(), key.serialize_pem());
        let identity = Identity::from_bytes(chain.as_bytes(), secret.as_bytes()).unwrap();
        let pin = Pin::of(&Certificate::parse(&certificate.der()[..]).unwrap());
        Own { identity: Arc::new(identity), pin }
    }

    /// Writes `clients.crl`.
    fn revoke(&self, number: u64, serials: &[u64]) {
        let now = SystemTime::now();
        let revoked = serials.iter().map(|&serial| RevokedCertParams {
            serial_number: SerialNumber::from(serial),
            revocation_time: (now - DAY).into(),
            reason_code: Some(RevocationReason::KeyCompromise),
            invalidity_date: None,
        });
        let list = CertificateRevocationListParams {
            this_update: (now - DAY).into(),
            next_update: (now + DAY).into(),
            crl_number: SerialNumber::from(number),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let list = list.signed_by(&self.issuer()).unwrap();
        fs::write(self.path("clients.crl"), list.pem().unwrap()).unwrap();
    }

    /// A service's line that trusts it; `more` are further keys.
    fn option(&self, mode: &str, more: &str) -> String {
        let anchors = self.path("clients.pem");
        let more = if more.is_empty() { String::new() } else { format!(", {more}") };
        format!(
            "client-auth = {{ mode = \"{mode}\", anchors = [\"{}\"]{more} }}\n",
            anchors.display()
        )
    }

    fn with_crl(&self) -> String {
        format!("crls = [\"{}\"]", self.path("clients.crl").display())
    }
}

/// A tunnel whose metrics can be read.
fn bench(options: &str) -> Bench {
    Bench::with(options, "[tunnel]\nworkers = 1\n[admin]\nlisten = \"unix:admin.sock\"\n")
}

fn context(bench: &Bench, own: Option<&Own>, version: Version) -> ClientContext {
    let mut config = ClientConfig::new(trust(&bench.certificate));
    config.identity = own.map(|own| Arc::clone(&own.identity));
    config.versions = VersionRange { min: version, max: version };
    ClientContext::new(&config).unwrap()
}

/// The client gets through to the backend.
fn comes_in(bench: &Bench, context: &ClientContext) -> Client {
    let mut client = Client::connect(bench.address, context, "localhost").unwrap();
    client.send(b"hello").unwrap();
    let mut backend = bench.accept();
    backend.read_exact(&mut [0; 5]).unwrap();
    backend.write_all(b"answer").unwrap();
    assert_eq!(client.read(6).unwrap(), b"answer");
    client
}

/// The client is refused: how it hears of it. In TLS 1.3 that is after its own handshake.
fn refusal(bench: &Bench, context: &ClientContext) -> String {
    match Client::connect(bench.address, context, "localhost") {
        Err(error) => error.to_string(),
        Ok(mut client) => {
            let (data, end) = client.read_to_end();
            assert!(data.is_empty());
            match end {
                Ok(End::Failed(error)) => error.to_string(),
                other => format!("{other:?}"),
            }
        }
    }
}

fn is_refused(bench: &Bench, context: &ClientContext, alert: &str) {
    let heard = refusal(bench, context);
    assert!(heard.contains(&format!("peer sent alert {alert}")), "{alert}: {heard}");
}

/// Waits until the metrics say so.
fn counted(bench: &Bench, line: &str) {
    let until = Instant::now() + PATIENCE;
    loop {
        let mut socket = UnixStream::connect(bench.folder.path().join("admin.sock")).unwrap();
        let request = "GET /metrics HTTP/1.1\r\nHost: tunnel\r\nConnection: close\r\n\r\n";
        socket.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        if answer.lines().any(|found| found == line) {
            return;
        }
        assert!(Instant::now() < until, "{line} is missing in:\n{answer}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Waits until so many reloads of whatever outcome have been tried; new connections then obey them.
fn reload(bench: &Bench) -> String {
    let mut socket = UnixStream::connect(bench.folder.path().join("admin.sock")).unwrap();
    let request =
        "POST /reload HTTP/1.1\r\nHost: tunnel\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    socket.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn only_trusted_clients_come_in() {
    let authority = Authority::new("Clients");
    let stranger = Authority::new("Strangers").issue("me", 7);
    let (me, revoked) = (authority.issue("me", 1), authority.issue("lost", 2));
    let old = authority.issue_until("old", 3, SystemTime::now() - DAY);
    authority.revoke(1, &[2]);
    let bench = bench(&authority.option("required", &authority.with_crl()));
    for version in VERSIONS {
        comes_in(&bench, &context(&bench, Some(&me), version));
        for (own, alert) in [
            (&old, "certificate_expired"),
            (&revoked, "certificate_revoked"),
            (&stranger, "unknown_ca"),
        ] {
            is_refused(&bench, &context(&bench, Some(own), version), alert);
        }
        is_refused(&bench, &context(&bench, None, version), "certificate_required");
    }
    for (status, count) in
        [("trusted", 2), ("expired", 2), ("revoked", 2), ("untrustedSigners", 2), ("none", 2)]
    {
        let name = "ravelin_client_verdicts_total";
        counted(&bench, &format!("{name}{{service=\"test\",status=\"{status}\"}} {count}"));
    }
    let failed = "ravelin_connections_closed_total{service=\"test\",reason=\"handshake_failed\"} 8";
    counted(&bench, failed);
}

#[test]
fn where_certificates_are_optional_none_is_better_than_a_bad_one() {
    let authority = Authority::new("Clients");
    let stranger = Authority::new("Strangers").issue("me", 7);
    let other = authority.issue("other", 1);
    let rule = "allow-names = [\"dns:me.fleet.example\"]";
    let bench = bench(&authority.option("optional", rule));
    for version in VERSIONS {
        comes_in(&bench, &context(&bench, None, version));
        is_refused(&bench, &context(&bench, Some(&stranger), version), "unknown_ca");
        is_refused(&bench, &context(&bench, Some(&other), version), "access_denied");
    }
    counted(&bench, "ravelin_client_verdicts_total{service=\"test\",status=\"none\"} 2");
}

#[test]
fn rules_choose_among_trusted_clients() {
    let authority = Authority::new("Clients");
    let (me, other) = (authority.issue("me", 1), authority.issue("other", 2));
    let rules = [
        "allow-names = [\"dns:me.fleet.example\"]".to_owned(),
        "allow-names = [\"email:nobody@fleet.example\", \"email:me@FLEET.example\"]".to_owned(),
        "allow-names = [\"uri:spiffe://fleet.example/me\"]".to_owned(),
        "allow-names = [\"dn:CN=me,O=Fleet\"]".to_owned(),
        format!("allow-pins = [\"{}\"]", me.pin),
        format!("allow-names = [\"dns:nobody\"], allow-pins = [\"{}\"]", me.pin),
    ];
    for rule in rules {
        let bench = bench(&authority.option("required", &rule));
        for version in VERSIONS {
            comes_in(&bench, &context(&bench, Some(&me), version));
            is_refused(&bench, &context(&bench, Some(&other), version), "access_denied");
        }
        for line in [
            "ravelin_connections_closed_total{service=\"test\",reason=\"client_not_allowed\"} 2",
            "ravelin_handshake_failures_total{service=\"test\",reason=\"client_not_allowed\"} 2",
            "ravelin_client_verdicts_total{service=\"test\",status=\"trusted\"} 4",
        ] {
            counted(&bench, line);
        }
    }
    let bench = bench(&authority.option("required", "allow-names = [\"dns:*.fleet.example\"]"));
    comes_in(&bench, &context(&bench, Some(&me), Version::Tls13));
    comes_in(&bench, &context(&bench, Some(&other), Version::Tls13));
}

#[test]
fn revocation_must_be_known_as_far_as_is_written() {
    let authority = Authority::new("Clients");
    let me = authority.issue("me", 1);
    for (policy, revoked, alert) in [
        ("never", Some(&[1][..]), None),
        ("best-effort", None, None),
        ("best-effort", Some(&[1]), Some("certificate_revoked")),
        // The certificate does not say that anything is published about it.
        ("required-if-available", None, None),
        ("required-if-available", Some(&[1]), Some("certificate_revoked")),
        ("always", None, Some("unknown_ca")),
        ("always", Some(&[]), None),
        ("always", Some(&[1]), Some("certificate_revoked")),
    ] {
        let lists = revoked.map(|serials| {
            authority.revoke(1, serials);
            authority.with_crl()
        });
        let more = format!("{}, revocation = \"{policy}\"", lists.unwrap_or_default());
        let more = more.trim_start_matches(", ");
        let bench = bench(&authority.option("required", more));
        let context = context(&bench, Some(&me), Version::Tls13);
        match alert {
            None => drop(comes_in(&bench, &context)),
            Some(alert) => is_refused(&bench, &context, alert),
        }
    }
}

#[test]
fn a_resumed_session_is_judged_again() {
    let authority = Authority::new("Clients");
    let me = authority.issue("me", 1);
    authority.revoke(1, &[]);
    let crls = authority.with_crl();
    let bench = bench(&(authority.option("required", &crls) + "client-address = \"proxy-v2\"\n"));
    for (round, version) in VERSIONS.into_iter().enumerate() {
        let context = context(&bench, Some(&me), version);
        for expected in [HandshakeKind::Full, HandshakeKind::Resumed] {
            let mut client = Client::connect(bench.address, &context, "localhost").unwrap();
            assert_eq!(client.handshake().kind, expected);
            let mut backend = bench.accept();
            let tls = header(&mut backend).tlvs.tls.unwrap();
            assert!(tls.verified && tls.certificate_in_session);
            assert_eq!(tls.certificate_on_connection, expected == HandshakeKind::Full);
            assert_eq!(tls.common_name.as_deref(), Some("me"));
            // The tickets come with the first answer.
            backend.write_all(b"answer").unwrap();
            client.read(6).unwrap();
        }
        authority.revoke(2, &[1]);
        assert!(reload(&bench).contains(" 200 "));
        is_refused(&bench, &context, "certificate_revoked");
        authority.revoke(3 + round as u64, &[]);
        assert!(reload(&bench).contains(" 200 "));
    }
}

fn header(backend: &mut impl Read) -> proxy_protocol::Received {
    let mut bytes = Vec::new();
    loop {
        if let Some((received, length)) = proxy_protocol::read(&bytes).unwrap() {
            assert_eq!(length, bytes.len());
            return received;
        }
        let mut one = [0];
        backend.read_exact(&mut one).unwrap();
        bytes.push(one[0]);
    }
}

#[test]
fn a_session_begun_without_a_certificate_is_not_resumed_where_one_is_needed() {
    let authority = Authority::new("Clients");
    let me = authority.issue("me", 1);
    for before in ["none", "optional"] {
        let bench = bench(&authority.option(before, ""));
        let file = bench.folder.path().join("ravelin.toml");
        for version in VERSIONS {
            let nobody = context(&bench, None, version);
            comes_in(&bench, &nobody);
            let again = comes_in(&bench, &nobody);
            assert_eq!(again.handshake().kind, HandshakeKind::Resumed);
            let written = fs::read_to_string(&file).unwrap();
            fs::write(&file, written.replace(before, "required")).unwrap();
            assert!(reload(&bench).contains(" 200 "));
            refusal(&bench, &nobody);
            comes_in(&bench, &context(&bench, Some(&me), version));
            fs::write(&file, written).unwrap();
            assert!(reload(&bench).contains(" 200 "));
        }
        let refused =
            "ravelin_connections_closed_total{service=\"test\",reason=\"handshake_failed\"} 2";
        counted(&bench, refused);
    }
}

#[test]
fn a_reload_swaps_anchors_and_crls_and_a_broken_one_keeps_the_old() {
    let authority = Authority::new("Clients");
    let (me, other) = (authority.issue("me", 1), authority.issue("other", 2));
    authority.revoke(1, &[2]);
    let bench = bench(&authority.option("required", &authority.with_crl()));
    let comes = |own: &Own| comes_in(&bench, &context(&bench, Some(own), Version::Tls13));
    let revoked = |own: &Own| {
        is_refused(&bench, &context(&bench, Some(own), Version::Tls13), "certificate_revoked");
    };
    let mut established = comes(&me);
    revoked(&other);

    authority.revoke(2, &[1]);
    assert!(reload(&bench).contains(" 200 "));
    revoked(&me);
    comes(&other);
    // Who is in stays in.
    established.send(b"still here").unwrap();

    fs::write(authority.path("clients.crl"), "no list").unwrap();
    let answer = reload(&bench);
    assert!(
        !answer.contains(" 200 ") && answer.contains("holds no certificate revocation list"),
        "{answer}"
    );
    let anchors = fs::read(authority.path("clients.pem")).unwrap();
    authority.revoke(3, &[]);
    fs::remove_file(authority.path("clients.pem")).unwrap();
    assert!(!reload(&bench).contains(" 200 "));
    revoked(&me);
    comes(&other);
    counted(&bench, "ravelin_config_last_reload_successful 0");

    fs::write(authority.path("clients.pem"), anchors).unwrap();
    assert!(reload(&bench).contains(" 200 "));
    comes(&me);
    let new = Authority::new("New");
    fs::copy(new.path("clients.pem"), authority.path("clients.pem")).unwrap();
    assert!(reload(&bench).contains(" 200 "));
    is_refused(&bench, &context(&bench, Some(&me), Version::Tls13), "unknown_ca");
    comes(&new.issue("me", 1));
}
