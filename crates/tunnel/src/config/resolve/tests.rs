use super::*;
use std::{fs, os::unix::fs::PermissionsExt};

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Folder {
        Folder(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> &Folder {
        fs::write(self.path(name), text).unwrap();
        self
    }

    /// Writes `NAME.pem` and `NAME.key` for the server names.
    fn certificate(&self, name: &str, names: &[&str], ecdsa: bool) -> &Folder {
        let algorithm = if ecdsa { &rcgen::PKCS_ECDSA_P256_SHA256 } else { &rcgen::PKCS_ED25519 };
        let key = rcgen::KeyPair::generate_for(algorithm).unwrap();
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let certificate = rcgen::CertificateParams::new(names).unwrap().self_signed(&key).unwrap();
        self.write(&format!("{name}.pem"), &certificate.pem())
            .write(&format!("{name}.key"), &key.serialize_pem())
    }

    fn resolve(&self, text: &str) -> Result<Settings, String> {
        self.write("ravelin.toml", text);
        Configuration::read(&self.path("ravelin.toml"))
            .and_then(|configuration| configuration.resolve(Resumption::new().unwrap()))
            .map_err(|error| {
                error.to_string().replace(&format!("{}/", self.0.path().display()), "")
            })
    }

    fn fault(&self, text: &str) -> String {
        self.resolve(text).unwrap_err()
    }
}

const SERVICE: &str = "[service.a]\nlisten = [\"127.0.0.1:0\"]\ntarget = \"127.0.0.1:80\"\n\
                       identity = { cert = \"a.pem\", key = \"a.key\" }\n";

#[test]
fn the_defaults_are_those_that_are_promised() {
    let folder = Folder::new();
    folder.certificate("a", &["a.example"], true);
    let settings = folder.resolve(SERVICE).unwrap();
    let service = &settings.services[0];
    assert_eq!(service.timeouts, Timeouts::default());
    assert_eq!(service.client_address, ClientAddress::None);
    assert_eq!(service.accept_proxy, None);
    assert_eq!((service.max_connections, service.max_per_source), (None, None));
    assert_eq!(settings.limits, Limits { connections: None, handshakes: 1024 });
    assert_eq!(settings.drain, Duration::from_secs(30));
    assert_eq!(settings.admin, None);
    assert!(settings.workers >= 1);
    assert_eq!(service.certificate_facts[0].file, folder.path("a.pem"));
}

#[test]
fn services_override_the_defaults() {
    let folder = Folder::new();
    folder.certificate("a", &["a.example"], true);
    let text = format!(
        "[defaults]\nidle-timeout = \"5m\"\nmax-lifetime = \"1h\"\naccept-proxy = {{ trusted = [\"10.0.0.0/8\"] }}\n\
         keepalive = {{ every = \"7s\" }}\n{SERVICE}max-lifetime = \"off\"\nclient-address = \"proxy-v2\"\n\
         [tunnel]\nworkers = 3\nmax-connections = 5\n[admin]\nlisten = \"unix:admin.sock\"\n"
    );
    let settings = folder.resolve(&text).unwrap();
    let service = &settings.services[0];
    assert_eq!(service.timeouts.idle, Some(Duration::from_secs(300)));
    assert_eq!(service.timeouts.lifetime, None);
    assert_eq!(service.timeouts.keepalive.every, Duration::from_secs(7));
    assert_eq!(service.timeouts.keepalive.probes, 4);
    assert_eq!(service.client_address, ClientAddress::Proxy(ProxyVersion::V2));
    let proxy = service.accept_proxy.as_ref().unwrap();
    assert_eq!(proxy.timeout, Duration::from_secs(3));
    assert!(
        proxy.trusts("10.1.2.3".parse().unwrap()) && !proxy.trusts("11.1.2.3".parse().unwrap())
    );
    assert_eq!((settings.workers, settings.limits.connections), (3, Some(5)));
    assert_eq!(settings.admin, Some(AdminAddress::Unix(folder.path("admin.sock"))));
}

#[test]
fn what_keeps_sessions_resumable_is_handed_on() {
    let folder = Folder::new();
    folder.certificate("a", &["a.example"], true).write("ravelin.toml", SERVICE);
    let configuration = Configuration::read(&folder.path("ravelin.toml")).unwrap();
    let first = configuration.resolve(Resumption::new().unwrap()).unwrap();
    let second = configuration.resolve(first.resumption.clone()).unwrap();
    assert!(Arc::ptr_eq(&first.resumption.tickets, &second.resumption.tickets));
}

#[test]
fn identities_are_shared_by_content() {
    let folder = Folder::new();
    folder.certificate("a", &["a.example"], true);
    fs::copy(folder.path("a.pem"), folder.path("b.pem")).unwrap();
    fs::copy(folder.path("a.key"), folder.path("b.key")).unwrap();
    let mut loader = Loader::default();
    let mut load = |cert: &str, key: &str| {
        loader
            .load(&folder.path(cert), &folder.path(key))
            .unwrap_or_else(|_| panic!("{cert} {key}"))
    };
    let first = load("a.pem", "a.key");
    // Read once: the second time the file need not be there.
    fs::remove_file(folder.path("a.pem")).unwrap();
    assert!(Arc::ptr_eq(&first, &load("a.pem", "a.key")));
    assert!(Arc::ptr_eq(&first, &load("b.pem", "b.key")));
}

#[test]
fn several_identities_are_chosen_by_name() {
    let folder = Folder::new();
    folder.certificate("a", &["a.example"], true).certificate("b", &["b.example"], false);
    let settings = folder
        .resolve(
            "[service.a]\nlisten = [\"127.0.0.1:0\"]\ntarget = \"unix:/run/x\"\nidentities = [\n\
             { cert = \"a.pem\", key = \"a.key\", names = [\"a.example\"] },\n\
             { cert = \"b.pem\", key = \"b.key\", names = [\"*.b.example\"], default = true },\n]\n",
        )
        .unwrap();
    let service = &settings.services[0];
    assert_eq!(service.target, Target::Unix("/run/x".into()));
    assert_eq!(service.certificate_facts.len(), 2);
    let shown = format!("{:?}", service.tls);
    assert!(shown.contains("exact: 1, wildcard: 1"), "{shown}");
}

#[test]
fn f01_a_target_may_be_an_rtmp_address() {
    let folder = Folder::new();
    folder.certificate("a", &["a.example"], true);
    let target = |text: &str| {
        let settings = folder.resolve(&SERVICE.replace("127.0.0.1:80", text)).unwrap();
        settings.services[0].target.clone()
    };
    let tcp =
        |name: &str| Target::Tcp { name: name.into(), addresses: vec![name.parse().unwrap()] };
    assert_eq!(target("rtmp://127.0.0.1/live/x"), tcp("127.0.0.1:1935"));
    assert_eq!(target("rtmp://[::1]:1936/live"), tcp("[::1]:1936"));
    assert_eq!(
        folder.fault(&SERVICE.replace("127.0.0.1:80", "rtmps://127.0.0.1/live")),
        "ravelin.toml:3:10: the target `rtmps://127.0.0.1/live` speaks TLS; help: clients come in with rtmps; the server behind the tunnel speaks plain rtmp"
    );
    assert!(
        folder.fault(&SERVICE.replace("127.0.0.1:80", "http://a")).contains("is no RTMP address")
    );
}

#[test]
fn every_fault_of_ours_has_its_place_and_a_way_out() {
    let folder = Folder::new();
    folder.certificate("a", &["a.example"], true).certificate("b", &["b.example"], true);
    for (text, expected) in [
        ("", "ravelin.toml: there is no service; help: add a section [service.NAME] with listen, target and identity".to_owned()),
        (&SERVICE.replace("127.0.0.1:80", "127.0.0.1"), "ravelin.toml:3:10: target `127.0.0.1` has no port; help: write host:port".into()),
        (&SERVICE.replace("127.0.0.1:80", "127.0.0.1:0"), "ravelin.toml:3:10: target `127.0.0.1:0` has port 0; help: write a port from 1 to 65535".into()),
        (&SERVICE.replace("127.0.0.1:80", "::1:80"), "ravelin.toml:3:10: target `::1:80` is ambiguous; help: write [::1]:80".into()),
        (&SERVICE.replace("127.0.0.1:0", "443"), "ravelin.toml:2:11: listen `443` has no address; help: write 127.0.0.1:443 or [::]:443".into()),
        (&SERVICE.replace("127.0.0.1:0", "*:443"), "ravelin.toml:2:11: listen `*:443` has no address; help: write 127.0.0.1:443 or [::]:443".into()),
        (&SERVICE.replace("127.0.0.1:0", "127.0.0.1:99999"), "ravelin.toml:2:11: listen `127.0.0.1:99999` has no valid port; help: write host:port, with a port from 1 to 65535".into()),
        (&SERVICE.replace("127.0.0.1:0", "systemd:a"), "ravelin.toml:2:11: listen `systemd:a` cannot be served: sockets are not taken over from systemd; help: write address:port".into()),
        (&SERVICE.replace("[\"127.0.0.1:0\"]", "[]"), "ravelin.toml:2:10: the service listens nowhere; help: write addresses, such as [\"[::]:443\"]".into()),
        (&SERVICE.replace("a.pem", "none.pem"), "ravelin.toml:4:21: certificate none.pem cannot be read: No such file or directory (os error 2)".into()),
        (&SERVICE.replace("a.key", "none.key"), "ravelin.toml:4:36: key none.key cannot be read: No such file or directory (os error 2)".into()),
        (&SERVICE.replace("identity = {", "# {"), "ravelin.toml:1:10: service `a` has no certificate; help: add identity = { cert = \"chain.pem\", key = \"key.pem\" }".into()),
        (&SERVICE.replace("[service.a]", "[service.\"a b\"]"), "ravelin.toml:1:10: `a b` cannot name a service; help: use 1 to 64 letters, digits, `-`, `_` and `.`".into()),
        (&format!("{SERVICE}identities = []"), "ravelin.toml:1:10: service `a` has both `identity` and `identities`; help: move everything into `identities`".into()),
        (&format!("{SERVICE}min-version = \"1.3\"\nmax-version = \"1.2\""), "ravelin.toml:6:15: nothing lies between min-version TLSv1.3 and max-version TLSv1.2".into()),
        (&format!("{SERVICE}alpn = [\"\"]"), "ravelin.toml:5:9: a protocol's name has 1 to 255 bytes".into()),
        (&format!("{SERVICE}ciphers = []"), "ravelin.toml:5:11: an empty list leaves no cipher suite; help: leave the key out for the default".into()),
        (&format!("{SERVICE}accept-proxy = {{ trusted = [] }}"), "ravelin.toml:5:28: an empty list trusts nobody; help: leave `trusted` out to expect a header from everybody".into()),
        (&format!("{}client-address = \"transparent\"", SERVICE.replace("127.0.0.1:80", "unix:/x")), "ravelin.toml:5:18: a unix socket knows no client addresses, so the way to unix:/x cannot be transparent; help: write \"proxy-v2\", or a target host:port".into()),
        (&SERVICE.replace("key = \"a.key\"", "key = \"a.key\", names = [\"127.0.0.1\"]"), "ravelin.toml:4:54: no client can ask for the name `127.0.0.1`; help: write a host name such as a.example or *.a.example, in its ASCII form".into()),
        (&format!("{SERVICE}[admin]\nlisten = \"unix:\""), "ravelin.toml:6:10: `unix:` is no unix socket; help: write unix:/path, with a path of at most 107 bytes".into()),
    ] {
        assert_eq!(folder.fault(text), expected, "{text}");
    }
}

#[test]
fn the_key_must_be_the_certificates() {
    let folder = Folder::new();
    folder.certificate("a", &["a.example"], true).write("a.key", "nonsense");
    let fault = folder.fault(SERVICE);
    assert!(fault.starts_with("ravelin.toml:4:21: certificate a.pem with key a.key: "), "{fault}");
}

#[test]
fn two_services_cannot_listen_on_one_address() {
    let folder = Folder::new();
    folder.certificate("a", &["a.example"], true);
    let first = SERVICE.replace(":0", ":4430");
    let second = first.replace("[service.a]", "[service.b]");
    assert_eq!(
        folder.fault(&format!("{first}{second}")),
        "ravelin.toml:6:11: service `a` listens on 127.0.0.1:4430 already"
    );
}

#[test]
fn files_that_are_no_configuration_are_named() {
    let folder = Folder::new();
    let fault = Configuration::read(&folder.path("none.toml")).unwrap_err().to_string();
    assert!(
        fault.ends_with(
            "none.toml: the file cannot be read: No such file or directory (os error 2)"
        ),
        "{fault}"
    );
    fs::write(folder.path("latin1.toml"), b"# \xe9\n").unwrap();
    let fault = Configuration::read(&folder.path("latin1.toml")).unwrap_err().to_string();
    assert!(fault.ends_with("latin1.toml: the file is no UTF-8 at byte 2"), "{fault}");
}

#[test]
fn secrets_are_logged_for_the_owner_only() {
    let folder = Folder::new();
    folder.certificate("a", &["a.example"], true);
    folder.resolve(&format!("{SERVICE}key-log-file = \"keys.log\"\n")).unwrap();
    let mode = fs::metadata(folder.path("keys.log")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let log = KeyLogFile::open(&folder.path("keys.log")).unwrap();
    log.line("CLIENT_RANDOM 00 11");
    assert_eq!(fs::read_to_string(folder.path("keys.log")).unwrap(), "CLIENT_RANDOM 00 11\n");
}

#[test]
fn a_configuration_without_a_file_has_faults_without_a_place() {
    let configuration = Configuration::from_file(File::default());
    let fault = configuration.resolve(Resumption::new().unwrap()).unwrap_err();
    assert_eq!(fault.message(), "there is no service");
    assert_eq!((fault.position(), fault.file()), (None, None));
}

#[test]
fn names_are_looked_up() {
    let found = lookup("localhost:8443", true).unwrap();
    assert!(found.iter().all(|address| address.ip().is_loopback() && address.port() == 8443));
    assert_eq!(lookup("[::1]:443", true).unwrap(), ["[::1]:443".parse().unwrap()]);
    assert!(lookup("no such host:1", true).unwrap_err().0.contains("cannot be found"));
}

fn client_auth(service: &Service) -> Option<&ClientAuth> {
    match &service.tls {
        TlsSide::Client(termination) => termination.client_auth.as_ref(),
        TlsSide::Backend(_) => None,
    }
}

#[test]
fn client_authentication_needs_files_that_hold_what_they_should() {
    let folder = Folder::new();
    folder.certificate("a", &["a.example"], true).write("empty.pem", "nothing\n");
    let with = |line: &str| format!("{SERVICE}client-auth = {line}\n");
    let none = folder.resolve(&with("{ mode = \"none\" }")).unwrap();
    assert!(client_auth(&none.services[0]).is_none());
    let settings = folder.resolve(&with(
        "{ mode = \"optional\", anchors = [\"a.pem\"], allow-names = [\"dns:b.example\"] }",
    ));
    let settings = settings.unwrap();
    let auth = client_auth(&settings.services[0]).unwrap();
    assert!(!auth.required);
    assert_eq!((auth.trust.anchors.len(), auth.names.len(), auth.pins.len()), (1, 1, 0));
    for (line, expected) in [
        (
            "{ mode = \"required\" }",
            "ravelin.toml:5:24: there is no trust anchor, so no client could be trusted; help: write anchors = [\"clients.pem\"]",
        ),
        (
            "{ mode = \"required\", anchors = [] }",
            "ravelin.toml:5:46: there is no trust anchor, so no client could be trusted; help: write anchors = [\"clients.pem\"]",
        ),
        (
            "{ mode = \"required\", anchors = [\"a.pem\"], allow-pins = [] }",
            "ravelin.toml:5:70: an empty list allows nobody; help: leave the key out to allow every trusted certificate",
        ),
        (
            "{ mode = \"required\", anchors = [\"a.pem\", \"empty.pem\"] }",
            "ravelin.toml:5:56: trust anchors empty.pem: it holds no certificate",
        ),
        (
            "{ mode = \"required\", anchors = [\"a.pem\"], crls = [\"a.pem\"] }",
            "ravelin.toml:5:65: revocation list a.pem: it holds no certificate revocation list",
        ),
        (
            "{ mode = \"required\", anchors = [\"gone.pem\"] }",
            "ravelin.toml:5:47: trust anchors gone.pem: cannot be read: No such file or directory (os error 2)",
        ),
    ] {
        assert_eq!(folder.fault(&with(line)), expected);
    }
}

#[test]
fn services_with_the_same_trust_share_it() {
    let folder = Folder::new();
    folder.certificate("a", &["a.example"], true);
    let auth = "[defaults]\nclient-auth = { mode = \"required\", anchors = [\"a.pem\"] }\n";
    let second = SERVICE.replace("service.a", "service.b");
    let settings = folder.resolve(&format!("{auth}{SERVICE}{second}")).unwrap();
    let trust = |service: usize| &client_auth(&settings.services[service]).unwrap().trust;
    assert!(Arc::ptr_eq(trust(0), trust(1)));
}

#[test]
fn f12_what_has_no_place_where_the_backend_speaks_tls_is_refused() {
    let folder = Folder::new();
    folder.certificate("a", &["a.example"], true);
    let service = "[service.a]\nlisten = [\"127.0.0.1:0\"]\n";
    let with = |line: &str| {
        format!(
            "{service}target = \"127.0.0.1:465\"\nserver = {{ anchors = [\"a.pem\"] }}\n{line}\n"
        )
    };
    let settings = folder.resolve(&with("")).unwrap();
    let TlsSide::Backend(origination) = &settings.services[0].tls else { panic!() };
    assert_eq!(&*origination.name, "127.0.0.1");
    for (line, expected) in [
        (
            "client-auth = { mode = \"required\", anchors = [\"a.pem\"] }",
            "its clients show no certificates: leave out `client-auth`",
        ),
        ("accept-proxy = true", "no PROXY header is read: leave out `accept-proxy`"),
        ("client-address = \"proxy-v2\"", "no PROXY header is sent: leave out `client-address`"),
        ("idle-by = \"rtmp\"", "RTMP is not looked into: leave out `idle-by`"),
    ] {
        let why =
            format!("ravelin.toml:1:10: service `a` speaks TLS to its backend, so {expected}");
        assert_eq!(folder.fault(&with(line)), why);
    }
    let target = |line: &str| format!("{service}{line}\n");
    for (line, expected) in [
        (
            "target = \"unix:x.sock\"\nserver = { anchors = [\"a.pem\"] }",
            "ravelin.toml:3:10: a unix socket has no name that a certificate could be for; help: write server = { name = \"mail.example\" }",
        ),
        (
            "target = \"127.0.0.1:1\"\nserver = { anchors = [] }",
            "ravelin.toml:4:22: with an empty list nobody is trusted; help: leave the key out for the default",
        ),
        (
            "target = \"127.0.0.1:1\"\nserver = {}",
            "the system's trust anchors cannot be had: nobody knows them; help: name files of anchors",
        ),
    ] {
        assert_eq!(folder.fault(&target(line)), expected);
    }
    let secure = folder.resolve(&target(
        "target = \"rtmps://127.0.0.1/live\"\nserver = { anchors = [\"a.pem\"] }",
    ));
    assert_eq!(secure.unwrap().services[0].target.to_string(), "127.0.0.1:443");
}
