//! Over plain http.

use crate::server::{NOW, Names, Server, Step, answer, fetcher, header, limits, ok, send};
use ravelin_net::fetch::{
    FetchConfig, FetchError, FetchFault, FetchLimits, FetchRequest, Fetcher, MAX_ISSUER, MAX_OCSP,
    Origin, Phase,
};
use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

async fn fault(fetcher: &Fetcher, url: &str) -> FetchFault {
    error(fetcher, url).await.fault().clone()
}

async fn error(fetcher: &Fetcher, url: &str) -> FetchError {
    fetcher.fetch(&FetchRequest::crl(url), NOW).await.unwrap_err()
}

/// The fault with what one server sends.
async fn fault_of(limits: FetchLimits, steps: Vec<Step>) -> FetchFault {
    let server = Server::start(move |_| steps.clone()).await;
    fault(&fetcher(limits), &server.url("/")).await
}

fn redirect(to: &str) -> Vec<Step> {
    answer("302 Found", &format!("Location: {to}\r\n"), b"")
}

#[tokio::test]
async fn a_crl_is_got_with_a_proper_request() {
    let server = Server::start(|_| ok(b"a list")).await;
    let evidence =
        fetcher(limits()).fetch(&FetchRequest::crl(server.url("/a?b")), NOW).await.unwrap();
    assert_eq!(&evidence.bytes()[..], b"a list");
    assert_eq!(evidence.origin(), Origin::Network);
    let [(head, body)] = &server.requests()[..] else { panic!("one request") };
    assert!(head.starts_with("GET /a?b HTTP/1.1\r\n"), "{head}");
    assert_eq!(header(head, "host"), Some(&*server.address.to_string()));
    assert_eq!(header(head, "accept-encoding"), Some("identity"));
    assert!(header(head, "accept").unwrap().starts_with("application/pkix-crl"));
    assert_eq!(header(head, "content-type"), None);
    assert!(body.is_empty());
}

#[tokio::test]
async fn an_ocsp_request_is_posted() {
    let server = Server::start(|_| ok(b"an answer")).await;
    let request = FetchRequest::ocsp(server.url("/"), *b"\x30\x03abc");
    let evidence = fetcher(limits()).fetch(&request, NOW).await.unwrap();
    assert_eq!(&evidence.bytes()[..], b"an answer");
    let [(head, body)] = &server.requests()[..] else { panic!("one request") };
    assert!(head.starts_with("POST / HTTP/1.1\r\n"), "{head}");
    assert_eq!(header(head, "content-type"), Some("application/ocsp-request"));
    assert_eq!(header(head, "content-length"), Some("5"));
    assert_eq!(body, b"\x30\x03abc");
}

#[tokio::test]
async fn chunks_and_an_end_by_closing_are_bodies_too() {
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: t\r\n\r\n";
    let closing = "HTTP/1.0 200 OK\r\n\r\nabcde";
    let hints = "HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde";
    for text in [chunked, closing, hints] {
        let server = Server::start(move |_| send(text)).await;
        let evidence = fetcher(limits()).fetch(&FetchRequest::crl(server.url("/")), NOW).await;
        assert_eq!(&evidence.unwrap().bytes()[..], b"abcde", "{text}");
    }
}

#[tokio::test]
async fn redirects_are_followed_and_a_post_stays_a_post() {
    let server = Server::start(|path| match path {
        "/a" => answer("301 Moved Permanently", "Location: /b/c\r\n", b"moved"),
        "/b/c" => answer("307 Temporary Redirect", "Location: d\r\n", b""),
        "/b/d" => answer("308 Permanent Redirect", "Location: ../e?f\r\n", b""),
        "/e?f" => ok(b"here"),
        "/see" => answer("303 See Other", "Location: /e?f\r\n", b""),
        _ => answer("404 Not Found", "", b""),
    })
    .await;
    let fetcher = fetcher(limits());
    let request = FetchRequest::ocsp(server.url("/a"), *b"asked");
    assert_eq!(&fetcher.fetch(&request, NOW).await.unwrap().bytes()[..], b"here");
    let requests = server.requests();
    assert_eq!(requests.len(), 4);
    assert!(requests.iter().all(|(head, body)| head.starts_with("POST") && body == b"asked"));

    let see = fetcher.fetch(&FetchRequest::crl(server.url("/see")), NOW).await.unwrap();
    assert_eq!(&see.bytes()[..], b"here");
    let see = FetchRequest::ocsp(server.url("/see"), *b"asked");
    assert_eq!(fetcher.fetch(&see, NOW).await.unwrap_err().fault(), &FetchFault::Status(303));
}

#[tokio::test]
async fn redirects_end_when_they_go_in_a_circle_or_on_and_on() {
    let server = Server::start(|path| match path {
        "/circle" => redirect("/back"),
        "/back" => redirect("/circle"),
        "/self" => redirect("#here"),
        "/nowhere" => answer("302 Found", "", b""),
        other => redirect(&format!("{other}x")),
    })
    .await;
    let fetcher = fetcher(limits());
    let circle = error(&fetcher, &server.url("/circle")).await;
    assert_eq!(circle.fault(), &FetchFault::RedirectLoop);
    assert_eq!(circle.url(), server.url("/circle"));
    assert_eq!(server.count(), 2);
    assert_eq!(fault(&fetcher, &server.url("/self")).await, FetchFault::RedirectLoop);
    assert_eq!(server.count(), 3);
    assert_eq!(fault(&fetcher, &server.url("/on")).await, FetchFault::TooManyRedirects(3));
    assert_eq!(server.count(), 7);
    assert!(matches!(fault(&fetcher, &server.url("/nowhere")).await, FetchFault::Http(_)));
}

#[tokio::test]
async fn a_redirect_leads_to_no_private_address_and_no_other_scheme() {
    let inner = Server::on([127, 0, 0, 2].into(), |_| ok(b"secret")).await;
    let (direct, named) = (inner.url("/"), inner.named_url("inner.example", "/"));
    let other = inner.address.port();
    let server = Server::start(move |path| match path {
        "/direct" => redirect(&direct),
        "/named" => redirect(&named),
        "/mapped" => redirect(&format!("http://[::ffff:127.0.0.2]:{other}/")),
        "/odd" => redirect(&format!("http://2130706434:{other}/")),
        "/file" => redirect("file:///etc/passwd"),
        _ => redirect("http://user@a.example/"),
    })
    .await;
    let mut config = FetchConfig::new(limits());
    let inner_address: IpAddr = [127, 0, 0, 2].into();
    // As the system's resolver does, this one takes a number for an address.
    config.resolver =
        Names::new([("inner.example", &["127.0.0.2"][..]), ("2130706434", &["127.0.0.2"])]);
    let fetcher = Fetcher::new(config).unwrap();
    let refused = FetchFault::Address { address: inner_address, range: "loopback" };
    for path in ["/direct", "/named", "/mapped", "/odd"] {
        assert_eq!(fault(&fetcher, &server.url(path)).await, refused, "{path}");
    }
    assert_eq!(inner.count(), 0);
    assert_eq!(fault(&fetcher, &server.url("/file")).await, FetchFault::Scheme("file".into()));
    assert!(matches!(fault(&fetcher, &server.url("/user")).await, FetchFault::Url(_)));
}

#[tokio::test]
async fn private_addresses_are_asked_only_when_allowed() {
    let server = Server::start(|_| ok(b"a list")).await;
    let error = error(&fetcher(FetchLimits::default()), &server.url("/")).await;
    assert_eq!(
        error.to_string(),
        format!("{}: 127.0.0.1 is not asked, it is no public address (loopback)", server.url("/"))
    );
    assert_eq!(server.count(), 0);
    let mut open = FetchLimits::default();
    open.allow_private = true;
    fetcher(open).fetch(&FetchRequest::crl(server.url("/")), NOW).await.unwrap();
}

#[tokio::test]
async fn the_address_that_was_judged_is_the_one_connected_to() {
    let server = Server::start(|_| ok(b"a list")).await;
    let names = Names::new([
        ("good.example", &["10.0.0.1", "127.0.0.1"][..]),
        ("bad.example", &["10.0.0.1", "::ffff:169.254.169.254"]),
        ("none.example", &[]),
    ]);
    let mut config = FetchConfig::new(limits());
    config.resolver = names.clone();
    let fetcher = Fetcher::new(config).unwrap();
    let good = FetchRequest::crl(server.named_url("good.example", "/"));
    fetcher.fetch(&good, NOW).await.unwrap();
    assert_eq!(names.asked(), ["good.example"], "looked up once");
    let host = format!("good.example:{}", server.address.port());
    assert_eq!(header(&server.requests()[0].0, "host"), Some(&*host));

    let bad = fault(&fetcher, "http://bad.example/").await;
    assert_eq!(bad, FetchFault::Address { address: [10, 0, 0, 1].into(), range: "private" });
    for host in ["none.example", "unknown.example"] {
        let fault = fault(&fetcher, &format!("http://{host}/")).await;
        assert!(matches!(fault, FetchFault::Resolver(_)), "{host}: {fault}");
    }
}

#[tokio::test]
async fn a_server_that_hangs_is_left_and_the_phase_is_named() {
    let mut short = limits();
    short.time = Duration::from_millis(500);
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n";
    let drip = |text: &str| {
        let steps = text
            .bytes()
            .flat_map(|byte| [Step::Send(vec![byte]), Step::Wait(Duration::from_millis(50))]);
        steps.collect::<Vec<_>>()
    };
    let body = format!("{head}\r\nabc");
    for (steps, phase) in [
        (vec![Step::Hang], Phase::Head),
        ([send(head), vec![Step::Hang]].concat(), Phase::Head),
        (drip(head), Phase::Head),
        ([send(&body), vec![Step::Hang]].concat(), Phase::Body),
        ([send(&format!("{head}\r\n")), drip(&"x".repeat(40))].concat(), Phase::Body),
    ] {
        let begun = Instant::now();
        assert_eq!(fault_of(short.clone(), steps).await, FetchFault::Timeout(phase));
        assert!(begun.elapsed() < Duration::from_secs(5));
    }

    let mut config = FetchConfig::new(short);
    config.resolver = Names::new([]);
    let slow = fault(&Fetcher::new(config).unwrap(), "http://slow.example/").await;
    assert_eq!(slow, FetchFault::Timeout(Phase::Resolve));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_server_that_does_not_accept_is_left() {
    // A full queue: its one place is taken, so the kernel answers no more.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut queued = Vec::new();
    for _ in 0..4 {
        let connect = tokio::net::TcpStream::connect(address);
        if let Ok(stream) = tokio::time::timeout(Duration::from_millis(200), connect).await {
            queued.push(stream.unwrap());
        }
    }
    let mut short = limits();
    short.connect = Duration::from_millis(200);
    let begun = Instant::now();
    let fault = fault(&fetcher(short), &format!("http://{address}/")).await;
    assert_eq!(fault, FetchFault::Timeout(Phase::Connect));
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn no_more_fetches_than_allowed_run_at_once() {
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (now, peak) = (Arc::clone(&running), Arc::clone(&most));
    let server = Server::raw(move |mut stream| {
        let (now, peak) = (Arc::clone(&now), Arc::clone(&peak));
        async move {
            peak.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            let _ = stream.read(&mut [0; 4096]).await;
            tokio::time::sleep(Duration::from_millis(50)).await;
            now.fetch_sub(1, Ordering::SeqCst);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
        }
    })
    .await;
    let mut two = limits();
    two.concurrent = 2;
    let fetcher = fetcher(two);
    let mut fetches = tokio::task::JoinSet::new();
    for number in 0..6 {
        let request = FetchRequest::crl(server.url(&format!("/{number}")));
        let fetcher = fetcher.clone();
        fetches.spawn(async move { fetcher.fetch(&request, NOW).await });
    }
    assert!(fetches.join_all().await.iter().all(Result::is_ok));
    assert_eq!(most.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn waiting_for_a_turn_counts_as_time() {
    let server = Server::start(|_| vec![Step::Hang]).await;
    let mut one = limits();
    one.concurrent = 1;
    one.time = Duration::from_millis(300);
    let fetcher = fetcher(one);
    let begun = Instant::now();
    let urls = [server.url("/a"), server.url("/b"), server.url("/c"), server.url("/d")];
    let (a, b, c, d) = tokio::join!(
        fault(&fetcher, &urls[0]),
        fault(&fetcher, &urls[1]),
        fault(&fetcher, &urls[2]),
        fault(&fetcher, &urls[3]),
    );
    assert_eq!(a, FetchFault::Timeout(Phase::Head));
    for fault in [b, c, d] {
        assert!(matches!(fault, FetchFault::Timeout(_)), "{fault}");
    }
    assert!(begun.elapsed() < Duration::from_millis(900), "one after the other is 1.2 s");
}

#[tokio::test]
async fn bodies_are_bounded_however_they_come() {
    let mut small = limits();
    small.body = 1000;
    let head = |more: &str| send(&format!("HTTP/1.1 200 OK\r\n{more}\r\n"));
    let endless = vec![Step::Flood(vec![b'x'; 100])];
    let chunks =
        vec![Step::Flood(b"64\r\n".iter().copied().chain([b'x'; 100]).chain(*b"\r\n").collect())];
    let tiny = vec![Step::Flood(b"1\r\nx\r\n".to_vec())];
    for steps in [
        [head("Content-Length: 1001\r\n"), vec![Step::Hang]].concat(),
        [head("Content-Length: 9223372036854775807\r\n"), endless.clone()].concat(),
        [head("Transfer-Encoding: chunked\r\n"), chunks].concat(),
        [head("Transfer-Encoding: chunked\r\n"), tiny].concat(),
        [head(""), endless].concat(),
    ] {
        assert_eq!(fault_of(small.clone(), steps).await, FetchFault::TooLarge(1000));
    }
    let server = Server::start(|_| ok(&[7; 1000])).await;
    let evidence = fetcher(small).fetch(&FetchRequest::crl(server.url("/")), NOW).await.unwrap();
    assert_eq!(evidence.bytes().len(), 1000, "exactly the limit is allowed");
}

#[tokio::test]
async fn issuers_and_ocsp_responses_have_lower_limits() {
    let server = Server::start(|_| ok(&vec![0; MAX_ISSUER + 1])).await;
    let fetcher = fetcher(limits());
    let url = server.url("/");
    let issuer = fetcher.fetch(&FetchRequest::issuer(&*url), NOW).await.unwrap_err();
    assert_eq!(issuer.fault(), &FetchFault::TooLarge(MAX_ISSUER));
    let ocsp = fetcher.fetch(&FetchRequest::ocsp(&*url, *b""), NOW).await.unwrap_err();
    assert_eq!(ocsp.fault(), &FetchFault::TooLarge(MAX_OCSP));
    assert!(fetcher.fetch(&FetchRequest::crl(&*url), NOW).await.is_ok());
}

#[tokio::test]
async fn heads_are_bounded() {
    let begin = send("HTTP/1.1 200 OK\r\n");
    let long = vec![Step::Flood(b"X".to_vec())];
    let many = vec![Step::Flood(format!("X-Flood: {}\r\n", "y".repeat(1000)).into_bytes())];
    for flood in [long, many] {
        let fault = fault_of(limits(), [begin.clone(), flood].concat()).await;
        assert_eq!(fault, FetchFault::HeadTooLarge(16 << 10));
    }
    let small = vec![Step::Flood(b"a:\r\n".to_vec())];
    let fault = fault_of(limits(), [begin, small].concat()).await;
    assert!(matches!(fault, FetchFault::Http(_) | FetchFault::HeadTooLarge(_)), "{fault}");
}

#[tokio::test]
async fn a_body_that_is_cut_short_is_no_evidence() {
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for text in [
        "",
        "HTTP/1.1 200 OK\r\nContent-Le",
        "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabcde",
        "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n",
        &format!("{chunked}5\r\nabc"),
        &format!("{chunked}3\r\nabc\r\n"),
        &format!("{chunked}3\r\nabc\r\n0\r\n"),
    ] {
        assert_eq!(fault_of(limits(), send(text)).await, FetchFault::Truncated, "{text}");
    }
}

#[tokio::test]
async fn only_what_content_length_announces_is_the_body() {
    let server = Server::start(|_| send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcde")).await;
    let evidence = fetcher(limits()).fetch(&FetchRequest::crl(server.url("/")), NOW).await;
    assert_eq!(&evidence.unwrap().bytes()[..], b"abc");
}

#[tokio::test]
async fn broken_http_is_the_servers_fault() {
    for text in [
        "SSH-2.0-OpenSSH_9.2\r\n",
        "\u{16}\u{3}\u{1}\0\u{2}\u{2}(",
        "HTTP/1.1 2x0 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nabcde",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
    ] {
        let fault = fault_of(limits(), send(text)).await;
        assert!(matches!(fault, FetchFault::Http(_)), "{text:?}: {fault:?}");
    }
    // Servers of other protocols speak first.
    let server = Server::raw(|mut stream| async move {
        let _ = stream.write_all(b"220 mail.example ESMTP\r\n").await;
        while stream.read(&mut [0; 1024]).await.is_ok_and(|count| count > 0) {}
    })
    .await;
    let fault = fault(&fetcher(limits()), &server.url("/")).await;
    assert!(matches!(fault, FetchFault::Http(_)), "{fault:?}");
}

#[tokio::test]
async fn packed_bodies_are_refused() {
    let packed = [0x1f, 0x8b, 8, 0];
    for encoding in ["gzip", "br", "identity, gzip", "x-unheard-of"] {
        let steps = answer("200 OK", &format!("Content-Encoding: {encoding}\r\n"), &packed);
        let fault = fault_of(limits(), steps).await;
        assert_eq!(fault, FetchFault::Encoded(encoding.into()));
    }
    let text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n";
    let fault = fault_of(limits(), send(text)).await;
    assert_eq!(fault, FetchFault::Encoded("gzip, chunked".into()));
    let server =
        Server::start(|_| answer("200 OK", "Content-Encoding: identity\r\n", b"plain")).await;
    assert!(fetcher(limits()).fetch(&FetchRequest::crl(server.url("/")), NOW).await.is_ok());
}

#[tokio::test]
async fn only_status_200_is_success() {
    for status in [201, 204, 206, 300, 304, 400, 401, 404, 407, 410, 500, 503, 599] {
        let fault = fault_of(limits(), answer(&format!("{status} X"), "", b"")).await;
        assert_eq!(fault, FetchFault::Status(status));
    }
}

#[tokio::test]
async fn a_closed_port_is_named() {
    let address = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    let error = error(&fetcher(limits()), &format!("http://{address}/crl")).await;
    assert!(matches!(error.fault(), FetchFault::Unreachable(_)), "{error}");
    assert!(error.to_string().starts_with(&format!("http://{address}/crl: no connection: ")));
}

#[tokio::test]
async fn unusable_urls_fail_before_anybody_is_asked() {
    let names = Names::new([]);
    let mut config = FetchConfig::new(limits());
    config.resolver = names.clone();
    let fetcher = Fetcher::new(config).unwrap();
    for (url, scheme) in [("ldap://a/cn=x", "ldap"), ("ftp://a/x", "ftp"), ("file:///x", "file")] {
        assert_eq!(fault(&fetcher, url).await, FetchFault::Scheme(scheme.into()));
    }
    for url in ["http://user:secret@a.example/", "http://a.example/\r\nX: y", "nonsense"] {
        let error = error(&fetcher, url).await;
        assert!(matches!(error.fault(), FetchFault::Url(_)), "{url:?}");
        assert!(!error.to_string().contains('\n'));
    }
    assert_eq!(fault(&fetcher, "https://a.example/").await, FetchFault::NoRoots);
    assert!(names.asked().is_empty());
}
