use super::*;
use crate::{
    reason::CloseReason,
    service::{Limits, LogFormat},
};
use std::{
    io::{Read, Write},
    net::TcpStream,
    os::unix::{fs::PermissionsExt, net::UnixListener, net::UnixStream},
    path::Path,
    sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    time::{Instant, SystemTime},
};

fn state(reload: impl Fn() -> Result<(), String> + Send + Sync + 'static) -> AdminState {
    let settings = Arc::new(Settings {
        resumption: crate::service::Resumption::new().unwrap(),
        services: Vec::new(),
        workers: 1,
        limits: Limits::default(),
        drain: Duration::from_secs(30),
        admin: None,
        log: LogFormat::Text,
    });
    AdminState {
        metrics: Metrics::new(SystemTime::now()),
        reload: Arc::new(reload),
        settings: Arc::new(move || Arc::clone(&settings)),
    }
}

fn start_tcp(state: AdminState) -> (AdminHandle, std::net::SocketAddr) {
    let handle = Admin::start(&AdminAddress::Tcp("127.0.0.1:0".parse().unwrap()), state).unwrap();
    let AdminAddress::Tcp(address) = *handle.address() else { panic!("asked for TCP") };
    (handle, address)
}

/// Sends the head of a request and reads to the end.
fn ask(mut stream: impl Read + Write, head: &str) -> String {
    stream.write_all(format!("{head}\r\nConnection: close\r\n\r\n").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn tcp(address: std::net::SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

fn body(answer: &str) -> serde_json::Value {
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

#[test]
fn metrics_status_and_health_over_tcp() {
    let state = state(|| Ok(()));
    let service = state.metrics.service("rtmps");
    service.opened();
    service.closed(CloseReason::Idle);
    let metrics = state.metrics.clone();
    let (handle, address) = start_tcp(state);
    assert!(!handle.is_exposed());

    let answer = ask(tcp(address), "GET /metrics HTTP/1.1\r\nHost: localhost");
    assert_eq!(status(&answer), 200);
    assert!(answer.contains(&format!("content-type: {}\r\n", crate::metrics::CONTENT_TYPE)));
    assert!(
        answer.contains("ravelin_connections_closed_total{service=\"rtmps\",reason=\"idle\"} 1\n")
    );

    let answer = ask(tcp(address), &format!("GET /status?pretty HTTP/1.1\r\nHost: {address}"));
    assert_eq!(status(&answer), 200);
    assert!(answer.contains("content-type: application/json\r\n"));
    assert_eq!(body(&answer)["phase"], "serving");

    let health = "GET /health HTTP/1.1\r\nHost: localhost";
    assert_eq!(body(&ask(tcp(address), health))["ok"], true);
    metrics.drain_started();
    let answer = ask(tcp(address), health);
    assert_eq!(status(&answer), 503);
    assert_eq!(body(&answer)["ok"], false);
}

#[test]
fn wrong_pages_and_methods_are_told_in_json() {
    let (_handle, address) = start_tcp(state(|| panic!("no reload was asked for")));
    for (head, expected) in [
        ("GET / HTTP/1.1\r\nHost: localhost", 404),
        ("GET /metrics/ HTTP/1.1\r\nHost: localhost", 404),
        ("POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0", 405),
        ("DELETE /status HTTP/1.1\r\nHost: localhost", 405),
        ("GET /reload HTTP/1.1\r\nHost: localhost", 405),
        ("GET /status HTTP/1.1\r\nHost: evil.example", 403),
        ("POST /reload HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example", 403),
    ] {
        let answer = ask(tcp(address), head);
        assert_eq!(status(&answer), expected, "{head}");
        assert_eq!(body(&answer)["schema"], 1);
        assert_eq!(body(&answer)["ok"], false);
        assert!(!body(&answer)["error"].as_str().unwrap().is_empty());
    }
    let answer = ask(tcp(address), "GET /reload HTTP/1.1\r\nHost: localhost");
    assert!(answer.contains("allow: POST\r\n"));
    let answer = ask(tcp(address), "HEAD /status HTTP/1.1\r\nHost: localhost");
    assert_eq!(status(&answer), 200);
    assert!(answer.ends_with("\r\n\r\n"), "a HEAD has no body: {answer}");
}

#[test]
fn a_reload_says_how_it_went() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let (_handle, address) =
        start_tcp(state(move || match counted.fetch_add(1, Ordering::SeqCst) {
            0 => Ok(()),
            1 => Err("line 3: \"lisen\" is no key".into()),
            _ => panic!("a reload that breaks (this message belongs to the test)"),
        }));
    let head = "POST /reload HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0";
    let answer = ask(tcp(address), head);
    assert_eq!(status(&answer), 200);
    assert_eq!(body(&answer), serde_json::json!({"schema": 1, "ok": true, "error": null}));
    let answer = ask(tcp(address), head);
    assert_eq!(status(&answer), 409);
    assert_eq!(
        body(&answer),
        serde_json::json!({"schema": 1, "ok": false, "error": "line 3: \"lisen\" is no key"})
    );
    let answer = ask(tcp(address), head);
    assert_eq!(status(&answer), 500);
    assert_eq!(status(&ask(tcp(address), "GET /health HTTP/1.1\r\nHost: localhost")), 200);
    assert_eq!(calls.load(Ordering::SeqCst), 3);
}

#[test]
fn a_slow_reload_holds_up_neither_other_pages_nor_the_end() {
    let (enter, entered) = mpsc::channel();
    let (leave, left) = mpsc::channel::<()>();
    let left = std::sync::Mutex::new(left);
    let (handle, address) = start_tcp(state(move || {
        enter.send(()).unwrap();
        let _ = left.lock().unwrap().recv();
        Ok(())
    }));
    let head = b"POST /reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n";
    let mut first = tcp(address);
    first.write_all(head).unwrap();
    let mut second = tcp(address);
    second.write_all(head).unwrap();
    entered.recv_timeout(Duration::from_secs(20)).unwrap();
    assert_eq!(status(&ask(tcp(address), "GET /status HTTP/1.1\r\nHost: localhost")), 200);
    assert!(entered.try_recv().is_err(), "one reload at a time");

    let before = Instant::now();
    drop(handle);
    assert!(before.elapsed() < Duration::from_secs(5));
    drop(leave);
    let mut rest = Vec::new();
    let _ = first.read_to_end(&mut rest);
    assert!(rest.is_empty(), "the connection was cut, not answered");
}

#[test]
fn connections_are_kept_for_several_requests() {
    let (_handle, address) = start_tcp(state(|| Ok(())));
    let mut stream = tcp(address);
    for _ in 0..3 {
        stream.write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"}\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            answer.push(byte[0]);
        }
        assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"));
    }
}

#[test]
fn heads_that_are_too_large_or_broken_are_refused() {
    let (_handle, address) = start_tcp(state(|| Ok(())));
    let large = format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {}", "x".repeat(HEAD_SIZE));
    assert_eq!(status(&ask(tcp(address), &large)), 431);
    let many = format!("GET / HTTP/1.1\r\nHost: localhost{}", "\r\nX: y".repeat(MAX_FIELDS));
    assert_eq!(status(&ask(tcp(address), &many)), 431);
    assert_eq!(status(&ask(tcp(address), "\x16\x03\x01")), 400);
}

#[test]
fn clients_that_say_nothing_are_sent_away_and_others_get_their_turn() {
    let (_handle, address) = start_tcp(state(|| Ok(())));
    let silent: Vec<_> = (0..MAX_CONNECTIONS).map(|_| tcp(address)).collect();
    let before = Instant::now();
    let answer = ask(tcp(address), "GET /health HTTP/1.1\r\nHost: localhost");
    assert_eq!(status(&answer), 200);
    assert!(before.elapsed() > HEAD_LIMIT / 2, "all places were taken");
    assert!(before.elapsed() < HEAD_LIMIT + Duration::from_secs(10));
    for mut stream in silent {
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();
    }
}

fn start_unix(path: &Path) -> io::Result<AdminHandle> {
    Admin::start(&AdminAddress::Unix(path.into()), state(|| Ok(())))
}

fn health(path: &Path) -> u16 {
    // Over a unix socket neither Host nor Origin matter.
    let head = "GET /health HTTP/1.1\r\nHost: ravelin\r\nOrigin: null";
    status(&ask(UnixStream::connect(path).unwrap(), head))
}

#[test]
fn a_unix_socket_is_for_its_owner_and_removed_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("admin.sock");
    let handle = start_unix(&path).unwrap();
    assert!(!handle.is_exposed());
    assert_eq!(*handle.address(), AdminAddress::Unix(path.clone()));
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(health(&path), 200);
    drop(handle);
    assert!(!path.exists());
}

#[test]
fn a_socket_nobody_answers_on_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("admin.sock");
    drop(UnixListener::bind(&path).unwrap());
    assert!(path.exists(), "left behind");
    let _handle = start_unix(&path).unwrap();
    assert_eq!(health(&path), 200);
}

#[test]
fn what_is_in_use_or_no_socket_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("admin.sock");
    let first = start_unix(&path).unwrap();
    let error = start_unix(&path).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    assert!(error.to_string().contains("admin.sock"), "{error}");
    assert_eq!(health(&path), 200, "the first one still answers");
    drop(first);

    let file = folder.path().join("notes.txt");
    std::fs::write(&file, "precious").unwrap();
    let link = folder.path().join("link.sock");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    for path in [&file, &link] {
        assert_eq!(start_unix(path).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "precious");
    assert!(start_unix(&folder.path().join("missing/admin.sock")).is_err());
}

#[test]
fn a_successor_keeps_its_socket() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("admin.sock");
    let first = start_unix(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let _second = start_unix(&path).unwrap();
    drop(first);
    assert_eq!(health(&path), 200);
}

#[test]
fn a_port_in_use_is_an_error_that_names_it() {
    let (_handle, address) = start_tcp(state(|| Ok(())));
    let error = Admin::start(&AdminAddress::Tcp(address), state(|| Ok(()))).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    assert!(error.to_string().contains(&address.to_string()), "{error}");
}

#[test]
fn what_other_machines_reach_counts_as_exposed() {
    for (address, exposed) in [
        ("127.0.0.1:1", false),
        ("[::1]:1", false),
        ("[::ffff:127.0.0.1]:1", false),
        ("0.0.0.0:1", true),
        ("[::]:1", true),
        ("192.0.2.1:1", true),
    ] {
        let address = AdminAddress::Tcp(address.parse().unwrap());
        let handle = AdminHandle { address, stop: None, thread: None };
        assert_eq!(handle.is_exposed(), exposed, "{:?}", handle.address());
    }
}
