//! Socket policy files, served by Node.

use super::peers::{Server, fetcher, localhost, next};
use ravelin_net::socket::{Dial, Dialing, EventKind, Origin, Sandbox, SecureSocket, Tcp};
use ravelin_test::{Authority, Issued, has_program};
use std::{fs, process::Command};

/// The ports of a host, as they are to be, at the ports where they can be.
#[derive(Clone, Copy, Debug)]
struct Mapped {
    master: u16,
    own: u16,
}

impl Dial for Mapped {
    fn dial<'a>(&'a self, host: &'a str, port: u16) -> Dialing<'a> {
        // `a.example` is this machine, too.
        let host = if host == "a.example" { "127.0.0.1" } else { host };
        Tcp.dial(host, if port == 843 { self.master } else { self.own })
    }
}

struct Host {
    server: Server,
    root: Authority,
}

fn host(issued: &Issued, master: Option<&str>, own: Option<&str>) -> Server {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("cert", &issued.chain_pem());
    write("key", issued.key_pem());
    write("consent.js", include_str!("consent.js"));
    for (name, text) in [("master.xml", master), ("own.xml", own)] {
        if let Some(text) = text {
            write(name, text);
        }
    }
    let mut command = Command::new("node");
    command.arg("consent.js");
    let mut server = Server::spawn(command, folder);
    let ports = server.said("PORTS ");
    server.ports = ports.split(' ').map(|port| port.parse().unwrap()).collect();
    server
}

impl Host {
    fn new(master: Option<&str>, own: Option<&str>) -> Host {
        let (root, issued) = localhost();
        Host { server: host(&issued, master, own), root }
    }

    /// What happens when code of this sandbox connects to `localhost`.
    async fn events(&self, sandbox: Sandbox, port: i32) -> Vec<EventKind> {
        let dialer = Mapped { master: self.server.ports[0], own: self.server.ports[1] };
        let mut socket = SecureSocket::new(sandbox).unwrap();
        socket = socket.with_dialer(dialer).with_fetcher(fetcher());
        socket.add_trust_anchor(self.root.root_der()).unwrap();
        socket.connect("localhost", port).unwrap();
        let mut kinds = Vec::new();
        while let Some(event) = next(&mut socket).await {
            kinds.push(event.kind);
        }
        kinds
    }
}

fn allow(domain: &str, ports: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><cross-domain-policy><allow-access-from domain=\"{domain}\" to-ports=\"{ports}\"/>\
         </cross-domain-policy>"
    )
}

fn is_welcome(events: &[EventKind]) -> bool {
    let welcome = matches!(
        events,
        [EventKind::Connect, EventKind::SocketData { bytes_loaded: 7 }, EventKind::Close { .. }]
    );
    let refused = matches!(events, [EventKind::SecurityError { error_id: 2048, .. }]);
    assert!(welcome || refused, "{events:?}");
    welcome
}

fn strange() -> Sandbox {
    Sandbox::Remote(Origin::new("www.example", false))
}

#[tokio::test(flavor = "multi_thread")]
async fn s31_a_server_without_a_policy_file_is_not_connected_to() {
    if !has_program("node", &["--version"]) {
        return;
    }
    let host = Host::new(None, None);
    let events = host.events(strange(), 8443).await;
    assert!(!is_welcome(&events));
    let [EventKind::SecurityError { text, .. }] = &events[..] else { panic!("{events:?}") };
    let expected = "code from www.example may not connect to localhost:8443: there is no policy file at port 8443";
    assert!(text.starts_with(expected), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn s31_who_may_is_let_in_by_the_master_file_or_by_the_ports_own() {
    if !has_program("node", &["--version"]) {
        return;
    }
    for (master, own, port, granted) in [
        (Some(allow("*.example", "443")), None, 443, true),
        (Some(allow("*.example", "8000-9000")), None, 8443, true),
        (Some(allow("*.example", "443")), None, 8443, false),
        (Some(allow("other.example", "*")), None, 8443, false),
        (None, Some(allow("www.example", "8443")), 8443, true),
        (None, Some(allow("www.example", "*")), 443, true),
        (Some(allow("other.example", "*")), Some(allow("www.example", "8443")), 8443, true),
        (
            Some("<cross-domain-policy><site-control permitted-cross-domain-policies=\"master-only\"/></cross-domain-policy>".into()),
            Some(allow("*", "*")),
            8443,
            false,
        ),
        (Some("not xml".into()), Some(allow("*", "*")), 8443, false),
        (None, Some("<cross-domain-policy><allow-access-from".into()), 8443, false),
    ] {
        let mut host = Host::new(master.as_deref(), own.as_deref());
        let events = host.events(strange(), port).await;
        assert_eq!(is_welcome(&events), granted, "{master:?} {own:?} {port}: {events:?}");
        host.server.said("ASKED master.xml");
        if granted {
            host.server.said("CONNECTED");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s32_who_has_to_ask_and_who_has_not() {
    if !has_program("node", &["--version"]) {
        return;
    }
    let host = Host::new(None, None);
    for (sandbox, port, granted) in [
        (Sandbox::Application, 443, true),
        (Sandbox::Application, 8443, true),
        (Sandbox::Remote(Origin::new("localhost", false)), 8443, true),
        (Sandbox::Remote(Origin::new("localhost", false)), 443, false),
        (strange(), 8443, false),
        (Sandbox::LocalTrusted, 8443, false),
        (Sandbox::LocalWithNetworking, 8443, false),
    ] {
        let what = format!("{sandbox:?} {port}");
        assert_eq!(is_welcome(&host.events(sandbox, port).await), granted, "{what}");
    }
    let host = Host::new(Some(&allow("*", "443")), None);
    for sandbox in [Sandbox::LocalTrusted, Sandbox::LocalWithNetworking] {
        assert!(is_welcome(&host.events(sandbox, 443).await));
    }
}

#[tokio::test(start_paused = true)]
async fn s31_an_answer_without_end_is_not_read_without_end() {
    use ravelin_net::socket::{Dialed, Socket, policy_file::MAX_POLICY_FILE};
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    /// Whoever is asked sends spaces for ever.
    #[derive(Clone, Debug, Default)]
    struct Endless(Arc<AtomicUsize>);

    impl Dial for Endless {
        fn dial<'a>(&'a self, _: &'a str, _: u16) -> Dialing<'a> {
            let (near, mut far) = tokio::io::duplex(1000);
            let sent = Arc::clone(&self.0);
            tokio::spawn(async move {
                far.read_exact(&mut [0; 23]).await.unwrap();
                while far.write_all(&[b' '; 1000]).await.is_ok() {
                    sent.fetch_add(1000, Ordering::Relaxed);
                }
            });
            Box::pin(async { Ok(Dialed { stream: Box::new(near), local: None, remote: None }) })
        }
    }

    let dialer = Endless::default();
    let mut socket = Socket::new(strange()).unwrap().with_dialer(dialer.clone());
    socket.connect("localhost", 8443).unwrap();
    let event = next(&mut socket).await.unwrap();
    assert!(event.text().unwrap().contains("the file is too large"), "{event}");
    let sent = dialer.0.load(Ordering::Relaxed);
    assert!((MAX_POLICY_FILE..MAX_POLICY_FILE + 10_000).contains(&sent), "{sent}");
}
