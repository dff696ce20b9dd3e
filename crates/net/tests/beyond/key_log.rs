//! E5: the secrets of each connection, in the format that other programs write and read.

use crate::peers::{House, accepted, hex, listener, now, s_client, s_server};
use ravelin_net::{TlsAcceptor, TlsConnector};
use ravelin_test::has_program;
use ravelin_tls::{DataPath, KeyLog, Overrides, ServerContext, Version, VersionRange};
use std::{
    fs,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{io::AsyncReadExt as _, net::TcpStream};

#[derive(Debug, Default)]
struct Lines(Mutex<Vec<String>>);

impl KeyLog for Lines {
    fn line(&self, line: &str) {
        self.0.lock().unwrap().push(line.to_owned());
    }
}

impl Lines {
    fn sorted(&self) -> Vec<String> {
        let mut lines = self.0.lock().unwrap().clone();
        lines.sort();
        lines
    }
}

const VERSIONS: [(Version, &str, &[&str]); 2] = [
    (Version::Tls12, "-tls1_2", &["CLIENT_RANDOM"]),
    (
        Version::Tls13,
        "-tls1_3",
        &[
            "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
            "CLIENT_TRAFFIC_SECRET_0",
            "EXPORTER_SECRET",
            "SERVER_HANDSHAKE_TRAFFIC_SECRET",
            "SERVER_TRAFFIC_SECRET_0",
        ],
    ),
];

/// Lines of the peer's file, once it has as many as are due.
async fn peers(path: &Path, count: usize) -> Vec<String> {
    for _ in 0..1000 {
        let text = fs::read_to_string(path).unwrap_or_default();
        let mut lines: Vec<String> =
            text.lines().filter(|line| !line.starts_with('#')).map(ToOwned::to_owned).collect();
        if lines.len() >= count {
            lines.sort();
            return lines;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the peer does not log {count} secrets");
}

fn labels(lines: &[String]) -> Vec<&str> {
    lines.iter().map(|line| line.split(' ').next().unwrap()).collect()
}

#[tokio::test]
async fn e05_a_clients_secrets_are_those_that_openssls_server_logs() {
    if !has_program("openssl", &["version"]) {
        return;
    }
    for (version, option, expected) in VERSIONS {
        for data_path in [DataPath::Own, DataPath::Engine] {
            let house = House::new();
            let (_server, address) = s_server(&house, &[option, "-keylogfile", "their.log"]);
            let mut config = house.client();
            config.data_path = data_path;
            let log = Arc::new(Lines::default());
            config.key_log = Some(Arc::clone(&log) as Arc<dyn KeyLog>);
            let connector = TlsConnector::new(&config).unwrap();
            let tcp = TcpStream::connect(address).await.unwrap();
            let stream = connector.connect("localhost", tcp).await.unwrap();
            assert_eq!(stream.agreed().unwrap().version, version);
            let ours = log.sorted();
            assert_eq!(labels(&ours), expected);
            assert_eq!(ours, peers(&house.path("their.log"), expected.len()).await);
        }
    }
}

#[tokio::test]
async fn e05_a_servers_secrets_are_those_that_openssls_client_logs() {
    if !has_program("openssl", &["version"]) {
        return;
    }
    for (version, option, expected) in VERSIONS {
        for data_path in [DataPath::Own, DataPath::Engine] {
            let house = House::new();
            let mut config = house.server();
            config.data_path = data_path;
            config.versions = VersionRange { min: version, max: version };
            let log = Arc::new(Lines::default());
            config.key_log = Some(Arc::clone(&log) as Arc<dyn KeyLog>);
            let acceptor = TlsAcceptor::new(ServerContext::new(&config).unwrap());
            let (listener, address) = listener().await;
            let client = s_client(&house, address, &[option, "-keylogfile", "their.log"]);
            let mut stream = acceptor.accept(accepted(&listener).await).await.unwrap();
            let ending = tokio::task::spawn_blocking(move || client.end());
            let _ = stream.read_to_end(&mut Vec::new()).await;
            drop(stream);
            ending.await.unwrap();
            let ours = log.sorted();
            assert_eq!(labels(&ours), expected);
            assert_eq!(ours, peers(&house.path("their.log"), expected.len()).await);
        }
    }
}

#[tokio::test]
async fn e05_each_connection_may_have_a_log_of_its_own() {
    let house = House::new();
    let (shared, mut randoms) = (Arc::new(Lines::default()), Vec::new());
    let mut config = house.server();
    config.key_log = Some(Arc::clone(&shared) as Arc<dyn KeyLog>);
    let context = ServerContext::new(&config).unwrap();
    let connector = TlsConnector::new(&house.client()).unwrap();
    let (listener, address) = listener().await;
    for _ in 0..3 {
        let (near, far) = <(Arc<Lines>, Arc<Lines>)>::default();
        let (mut of_client, mut of_server) = (Overrides::default(), Overrides::default());
        of_client.key_log = Some(Arc::clone(&near) as Arc<dyn KeyLog>);
        of_server.key_log = Some(Arc::clone(&far) as Arc<dyn KeyLog>);
        let connect = async {
            let tcp = TcpStream::connect(address).await.unwrap();
            connector.connect_with("localhost", now(), &of_client, tcp).await.unwrap()
        };
        let serve = async {
            let accepting = TlsAcceptor::hello(accepted(&listener).await).await.unwrap();
            let random = accepting.client_hello().random;
            (accepting.answer_with(&context, now(), &of_server).await.unwrap(), random)
        };
        let (_near, (_far, random)) = tokio::join!(connect, serve);
        let lines = near.sorted();
        assert_eq!((lines.len(), &lines), (5, &far.sorted()));
        // Each line names the connection by the hello's random bytes.
        let hex = hex(&random);
        assert!(lines.iter().all(|line| line.split(' ').nth(1) == Some(&hex)));
        randoms.push(random);
    }
    assert!(randoms[0] != randoms[1] && randoms[1] != randoms[2]);
    assert!(shared.sorted().is_empty(), "the context's log has none of them");
}
