//! Plain in, TLS out: the backend is a TLS server that the test plays, and is judged.

use crate::common::{Client, PATIENCE, pattern, read_to_end, reset};
use ravelin_test::{Authority, Issued, Purpose, Request, Validity};
use ravelin_tls::{
    ClientAuth, End, HandshakeKind, Identity, ServerConfig, ServerContext, TicketKeys, Trust,
    Version, VersionRange,
};
use ravelin_trust::Certificate;
use ravelin_tunnel::{Tunnel, clients::Pin, config::Configuration, service::Resumption};
use std::{
    fs,
    io::{self, ErrorKind, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    os::unix::net::UnixStream,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// A tunnel in front of a TLS server.
struct Bench {
    folder: TempDir,
    listener: TcpListener,
    address: SocketAddr,
    _tunnel: Tunnel,
}

impl Bench {
    /// `server` are keys of the table that says how the backend is judged, `options` lines of the service.
    fn new(authority: &Authority, server: &str, options: &str) -> Bench {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("ca.pem"), authority.certificate_pem()).unwrap();
        let mine =
            authority.issue(&Request { purpose: Purpose::Client, ..Request::new(["tunnel"]) });
        fs::write(folder.path().join("mine.pem"), mine.chain_pem()).unwrap();
        fs::write(folder.path().join("mine.key"), mine.key_pem()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let target = listener.local_addr().unwrap();
        let text = format!(
            "[service.test]\nlisten = [\"127.0.0.1:0\"]\ntarget = \"{target}\"\n\
             server = {{ name = \"localhost\", anchors = [\"ca.pem\"]{server} }}\n{options}\n\
             [tunnel]\nworkers = 1\n[admin]\nlisten = \"unix:admin.sock\"\n"
        );
        let file = folder.path().join("ravelin.toml");
        fs::write(&file, text).unwrap();
        let configuration = Configuration::read(&file).unwrap_or_else(|fault| panic!("{fault}"));
        let settings = configuration.resolve(Resumption::new().unwrap());
        let settings = settings.unwrap_or_else(|fault| panic!("{fault}"));
        let tunnel = Tunnel::start(settings, Box::new(|_| Err("not here".into()))).unwrap();
        let address = tunnel.addresses()[0].1;
        Bench { folder, listener, address, _tunnel: tunnel }
    }

    fn client(&self) -> TcpStream {
        let client = TcpStream::connect(self.address).unwrap();
        client.set_read_timeout(Some(PATIENCE)).unwrap();
        client
    }

    /// A plain client, and the server's side of the connection that the tunnel makes for it.
    fn connect(&self, context: &ServerContext) -> (TcpStream, io::Result<Client>) {
        let client = self.client();
        let (stream, _) = self.listener.accept().unwrap();
        (client, Client::serving(stream, context))
    }

    /// Waits until the metrics say so.
    fn counted(&self, line: &str) {
        let until = Instant::now() + PATIENCE;
        loop {
            let mut socket = UnixStream::connect(self.folder.path().join("admin.sock")).unwrap();
            let request = "GET /metrics HTTP/1.1\r\nHost: tunnel\r\nConnection: close\r\n\r\n";
            socket.write_all(request.as_bytes()).unwrap();
            let mut answer = String::new();
            socket.read_to_string(&mut answer).unwrap();
            if answer.lines().any(|found| found == line) {
                return;
            }
            assert!(Instant::now() < until, "{line} is missing in:\n{answer}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn closed(&self, reason: &str, count: u32) {
        let name = "ravelin_connections_closed_total{service=\"test\"";
        self.counted(&format!("{name},reason=\"{reason}\"}} {count}"));
    }
}

fn config(issued: &Issued) -> ServerConfig {
    let (chain, key) = (issued.chain_pem(), issued.key_pem());
    let identity = Identity::from_bytes(chain.as_bytes(), key.as_bytes()).unwrap();
    ServerConfig::new(vec![Arc::new(identity)])
}

fn server(issued: &Issued) -> ServerContext {
    ServerContext::new(&config(issued)).unwrap()
}

fn local(authority: &Authority) -> Issued {
    authority.issue(&Request::new(["localhost"]))
}

/// The client sees a reset, and nothing else.
fn is_cut(client: &mut TcpStream) {
    let (data, end) = read_to_end(client);
    assert_eq!((data, end), (Vec::new(), Err(ErrorKind::ConnectionReset)));
}

#[test]
fn f12_plain_bytes_go_out_in_tls_and_half_close_is_carried() {
    let authority = Authority::root("Root");
    let bench = Bench::new(&authority, "", "");
    let data = pattern(300_000);
    for version in [Version::Tls12, Version::Tls13] {
        let mut config = config(&local(&authority));
        config.versions = VersionRange { min: version, max: version };
        let context = ServerContext::new(&config).unwrap();

        let (mut client, server) = bench.connect(&context);
        let mut server = server.unwrap();
        assert_eq!(server.handshake().version, version);
        client.write_all(&data).unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        let (received, end) = server.read_to_end();
        assert!(received == data);
        assert_eq!(end, Ok(End::Closed));
        // The answer still flows.
        server.send(&data).unwrap();
        server.close().unwrap();
        server.truncate().unwrap();
        let (received, end) = read_to_end(&mut client);
        assert!(received == data && end.is_ok());

        let (mut client, server) = bench.connect(&context);
        let mut server = server.unwrap();
        server.send(b"answer").unwrap();
        server.close().unwrap();
        let (received, end) = read_to_end(&mut client);
        assert!(received == b"answer" && end.is_ok());
        client.write_all(&data).unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        let (received, end) = server.read_to_end();
        assert!(received == data && end == Ok(End::Closed));
    }
    bench.closed("client_closed", 2);
    bench.closed("backend_closed", 2);
    bench.counted("ravelin_server_verdicts_total{service=\"test\",status=\"trusted\"} 4");
    let bytes = "ravelin_bytes_total{service=\"test\",direction";
    bench.counted(&format!("{bytes}=\"to_backend\"}} {}", 4 * data.len()));
    bench.counted(&format!("{bytes}=\"to_client\"}} {}", 2 * (data.len() + 6)));
}

#[test]
fn f12_the_server_may_speak_first_and_a_slow_reader_gets_every_byte() {
    let authority = Authority::root("Root");
    let bench = Bench::new(&authority, "", "");
    let context = server(&local(&authority));
    let data = pattern(20_000_000);
    let began = Instant::now();
    let (mut client, server) = bench.connect(&context);
    let mut server = server.unwrap();
    server.send(b"220 ready\r\n").unwrap();
    client.read_exact(&mut [0; 11]).unwrap();
    assert!(began.elapsed() < Duration::from_secs(2), "it was held back");
    thread::scope(|scope| {
        let sender = scope.spawn(|| {
            server.send(&data).unwrap();
            server.close().unwrap();
            server
        });
        thread::sleep(Duration::from_millis(300));
        let (received, end) = read_to_end(&mut client);
        assert!(received == data && end.is_ok());
        let mut server = sender.join().unwrap();
        let mut writer = client.try_clone().unwrap();
        scope.spawn(move || {
            writer.write_all(&pattern(20_000_000)).unwrap();
            writer.shutdown(Shutdown::Write).unwrap();
        });
        thread::sleep(Duration::from_millis(300));
        let (received, end) = server.read_to_end();
        assert!(received == data && end == Ok(End::Closed));
    });
}

#[test]
fn f12_a_truncated_answer_is_delivered_and_then_reset() {
    let authority = Authority::root("Root");
    let context = server(&local(&authority));
    let bench = Bench::new(&authority, "", "");
    let (mut client, server) = bench.connect(&context);
    let mut server = server.unwrap();
    server.send(b"half an ans").unwrap();
    server.truncate().unwrap();
    let mut answer = [0; 11];
    client.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"half an ans");
    is_cut(&mut client);
    bench.closed("backend_truncated", 1);

    let sloppy = Bench::new(&authority, "", "on-truncation = \"fin\"");
    let (mut client, server) = sloppy.connect(&context);
    let mut server = server.unwrap();
    server.send(b"answer").unwrap();
    server.truncate().unwrap();
    assert_eq!(read_to_end(&mut client), (b"answer".to_vec(), Ok(())));
}

#[test]
fn f12_resets_pass_both_ways() {
    let authority = Authority::root("Root");
    let context = server(&local(&authority));
    let bench = Bench::new(&authority, "", "");
    let (mut client, server) = bench.connect(&context);
    client.write_all(b"x").unwrap();
    let mut server = server.unwrap();
    server.read(1).unwrap();
    server.reset();
    is_cut(&mut client);
    bench.closed("backend_lost", 1);

    let (mut client, server) = bench.connect(&context);
    client.write_all(b"x").unwrap();
    let mut server = server.unwrap();
    server.read(1).unwrap();
    reset(client);
    assert_eq!(server.read_to_end().1, Err(ErrorKind::ConnectionReset));
    bench.closed("client_reset", 1);
}

#[test]
fn f12_a_server_that_is_not_trusted_gets_nothing_and_the_client_a_reset() {
    let authority = Authority::root("Root");
    let bench = Bench::new(&authority, "", "");
    let expired = Request { validity: Validity::expired(), ..Request::new(["localhost"]) };
    let cases = [
        (authority.issue(&Request::new(["other.example"])), "principalMismatch", "bad_certificate"),
        (authority.issue(&expired), "expired", "certificate_expired"),
        (local(&Authority::root("Stranger")), "untrustedSigners", "unknown_ca"),
    ];
    for (issued, status, alert) in &cases {
        let context = server(issued);
        let mut client = bench.client();
        client.write_all(b"secret").unwrap();
        let (stream, _) = bench.listener.accept().unwrap();
        let heard = Client::serving(stream, &context).map(drop).unwrap_err().to_string();
        assert!(heard.contains(alert), "{heard}");
        is_cut(&mut client);
        let verdicts = "ravelin_server_verdicts_total{service=\"test\"";
        bench.counted(&format!("{verdicts},status=\"{status}\"}} 1"));
    }
    bench.closed("handshake_failed", 3);
    bench.counted("ravelin_bytes_total{service=\"test\",direction=\"to_backend\"} 0");
}

/// A list of revoked serial numbers, by the authority, as a file.
fn list(authority: &Authority, folder: &TempDir, revoked: &[&[u8]]) -> String {
    let key = rcgen::KeyPair::from_pem(&authority.key_pem()).unwrap();
    let issuer = rcgen::Issuer::from_ca_cert_pem(authority.certificate_pem(), key).unwrap();
    let revoked = revoked.iter().map(|serial| rcgen::RevokedCertParams {
        serial_number: rcgen::SerialNumber::from_slice(serial),
        revocation_time: rcgen::date_time_ymd(2026, 1, 1),
        reason_code: Some(rcgen::RevocationReason::KeyCompromise),
        invalidity_date: None,
    });
    let list = rcgen::CertificateRevocationListParams {
        this_update: rcgen::date_time_ymd(2026, 1, 1),
        next_update: rcgen::date_time_ymd(2096, 1, 1),
        crl_number: rcgen::SerialNumber::from(1),
        issuing_distribution_point: None,
        revoked_certs: revoked.collect(),
        key_identifier_method: rcgen::KeyIdMethod::Sha256,
    };
    let path = folder.path().join("list.crl");
    fs::write(&path, list.signed_by(&issuer).unwrap().der()).unwrap();
    format!(", crls = [\"{}\"]", path.display())
}

#[test]
fn f12_a_servers_revocation_must_be_known_as_far_as_is_written() {
    let authority = Authority::root("Root");
    let issued = local(&authority);
    let serial = Certificate::parse(issued.certificate_der()).unwrap().serial().unsigned().to_vec();
    let folder = tempfile::tempdir().unwrap();
    for (policy, revoked, alert) in [
        ("never", Some(&[&serial[..]][..]), None),
        ("best-effort", None, None),
        ("best-effort", Some(&[&serial]), Some("certificate_revoked")),
        ("required-if-available", None, None),
        ("always", None, Some("unknown_ca")),
        ("always", Some(&[]), None),
        ("always", Some(&[&serial]), Some("certificate_revoked")),
    ] {
        let lists = revoked.map(|serials| list(&authority, &folder, serials)).unwrap_or_default();
        let bench = Bench::new(&authority, &format!("{lists}, revocation = \"{policy}\""), "");
        let (mut client, through) = bench.connect(&server(&issued));
        match (through, alert) {
            (Ok(mut through), None) => {
                client.write_all(b"x").unwrap();
                assert_eq!(through.read(1).unwrap(), b"x");
            }
            (Err(error), Some(alert)) => {
                assert!(error.to_string().contains(alert), "{policy}: {error}");
                is_cut(&mut client);
            }
            (through, _) => panic!("{policy}: {:?}", through.map(drop)),
        }
    }
}

#[test]
fn f12_a_resumed_session_is_judged_again() {
    let authority = Authority::root("Root");
    let issued = local(&authority);
    let pin = Pin::of(&Certificate::parse(issued.certificate_der()).unwrap());
    let bench = Bench::new(&authority, &format!(", pins = [\"{pin}\"]"), "");
    for version in [Version::Tls12, Version::Tls13] {
        let mut config = config(&issued);
        config.versions = VersionRange { min: version, max: version };
        config.tickets = Some(Arc::new(TicketKeys::new(Duration::from_secs(3600), 2).unwrap()));
        let context = ServerContext::new(&config).unwrap();
        for expected in [HandshakeKind::Full, HandshakeKind::Resumed] {
            let (mut client, through) = bench.connect(&context);
            let mut through = through.unwrap();
            assert_eq!(through.handshake().kind, expected, "{version:?}");
            through.send(b"answer").unwrap();
            client.read_exact(&mut [0; 6]).unwrap();
        }
    }
    bench.counted("ravelin_server_verdicts_total{service=\"test\",status=\"trusted\"} 4");
}

#[test]
fn f12_a_pin_chooses_among_trusted_servers() {
    let authority = Authority::root("Root");
    let (pinned, other) = (local(&authority), local(&authority));
    let pin = Pin::of(&Certificate::parse(pinned.certificate_der()).unwrap());
    let bench = Bench::new(&authority, &format!(", pins = [\"{pin}\"]"), "");
    let (mut client, through) = bench.connect(&server(&pinned));
    client.write_all(b"x").unwrap();
    assert_eq!(through.unwrap().read(1).unwrap(), b"x");
    let mut client = bench.client();
    client.write_all(b"secret").unwrap();
    let (stream, _) = bench.listener.accept().unwrap();
    if let Ok(mut through) = Client::serving(stream, &server(&other)) {
        let (data, end) = through.read_to_end();
        assert!(data.is_empty() && format!("{end:?}").contains("access_denied"), "{end:?}");
    }
    is_cut(&mut client);
    bench.closed("server_not_allowed", 1);
}

#[test]
fn f12_the_tunnel_proves_itself_where_it_is_asked_to() {
    let authority = Authority::root("Root");
    let mut config = config(&local(&authority));
    let trust = Trust::of_certificates([authority.root_der()]).unwrap();
    config.client_auth = ClientAuth::Required(Arc::new(trust));
    let context = ServerContext::new(&config).unwrap();
    let own = "identity = { cert = \"mine.pem\", key = \"mine.key\" }";
    let bench = Bench::new(&authority, "", own);
    let (mut client, through) = bench.connect(&context);
    client.write_all(b"x").unwrap();
    let mut through = through.unwrap();
    assert_eq!(through.read(1).unwrap(), b"x");
    assert!(through.verdict().trusted().is_some());

    let nobody = Bench::new(&authority, "", "");
    let (mut client, through) = nobody.connect(&context);
    assert!(through.is_err());
    is_cut(&mut client);
}

#[test]
fn f12_a_server_that_is_absent_or_silent_is_no_clean_end() {
    let authority = Authority::root("Root");
    let bench = Bench::new(&authority, "", "handshake-timeout = \"1s\"");
    let mut client = bench.client();
    let (silent, _) = bench.listener.accept().unwrap();
    is_cut(&mut client);
    drop(silent);
    bench.closed("handshake_timeout", 1);

    let mut client = bench.client();
    let (stream, _) = bench.listener.accept().unwrap();
    drop(stream);
    is_cut(&mut client);
    let Bench { listener, address, _tunnel, folder: _folder } = bench;
    drop(listener);
    is_cut(&mut TcpStream::connect(address).unwrap());
}
