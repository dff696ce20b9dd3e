//! scratch
use ravelin_tls::*;
use ravelin_tunnel::{Tunnel, certificates::Certificates, service::*};
use std::{sync::Arc, time::Duration};
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let get = |n: &str| a.iter().position(|x| x == n).map(|i| a[i + 1].clone());
    let id = Identity::from_bytes(
        &std::fs::read(get("--cert").unwrap()).unwrap(),
        &std::fs::read(get("--key").unwrap()).unwrap(),
    )
    .unwrap();
    let mut c = ServerConfig::new(vec![Arc::new(id)]);
    let r = Resumption {
        tickets: Arc::new(TicketKeys::new(Duration::from_secs(3600), 2).unwrap()),
        sessions: Arc::new(SessionStore::new(1000, Duration::from_secs(300))),
    };
    c.tickets = Some(r.tickets.clone());
    c.sessions = Some(r.sessions.clone());
    if std::env::var("ENGINE_PATH").is_ok() {
        c.data_path = DataPath::Engine;
    }
    let to: std::net::SocketAddr = get("--to").unwrap().parse().unwrap();
    let s = Settings {
        services: vec![Arc::new(Service {
            name: "t".into(),
            listen: vec![get("--listen").unwrap().parse().unwrap()],
            target: Target::Tcp { name: to.to_string().into(), addresses: vec![to] },
            certificates: Certificates::new(ServerContext::new(&c).unwrap()),
            certificate_facts: vec![],
            client_address: ClientAddress::None,
            accept_proxy: None,
            timeouts: Timeouts::default(),
            on_truncation: OnTruncation::Reset,
            max_connections: None,
            max_per_source: None,
            idle_by: IdleBy::Bytes,
        })],
        workers: get("--workers").map_or(2, |w| w.parse().unwrap()),
        limits: Limits::default(),
        drain: Duration::from_secs(30),
        admin: None,
        log: LogFormat::Text,
        resumption: r,
    };
    Tunnel::start(s, Box::new(|_| Err("no".into()))).unwrap().wait();
}
