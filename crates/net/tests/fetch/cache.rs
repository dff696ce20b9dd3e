//! What is kept, for how long, and how often a server is asked.

use crate::server::{NOW, Names, Server, Step, answer, fetcher, limits, ok};
use ravelin_net::fetch::{
    FetchConfig, FetchFault, FetchRequest, Fetcher, MAX_FRESH, Origin, REMEMBER_FAILURE,
    STATUS_FRESH,
};
use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tempfile::TempDir;
use tokio::time::sleep;

const SECOND: Duration = Duration::from_secs(1);

fn with_folder(folder: &Path) -> Fetcher {
    let mut config = FetchConfig::new(limits());
    config.cache.folder = Some(folder.into());
    Fetcher::new(config).unwrap()
}

async fn origin(fetcher: &Fetcher, request: &FetchRequest, now: Duration) -> Origin {
    fetcher.fetch(request, now).await.unwrap().origin()
}

/// A server whose answer differs every time.
async fn counting(headers: &'static str) -> Server {
    let count = AtomicUsize::new(0);
    Server::start(move |path| {
        if path == "/slow" {
            return [vec![Step::Wait(Duration::from_millis(200))], ok(b"slow")].concat();
        }
        let body = count.fetch_add(1, Ordering::Relaxed).to_string();
        answer("200 OK", headers, body.as_bytes())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_callers_make_one_request() {
    let server = counting("").await;
    let fetcher = fetcher(limits());
    let request = Arc::new(FetchRequest::ocsp(server.url("/slow"), *b"asked"));
    let callers: Vec<_> = (0..100)
        .map(|_| {
            let (fetcher, request) = (fetcher.clone(), Arc::clone(&request));
            tokio::spawn(async move { fetcher.fetch(&request, NOW).await })
        })
        .collect();
    for caller in callers {
        assert_eq!(&caller.await.unwrap().unwrap().bytes()[..], b"slow");
    }
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn the_others_get_their_answer_when_the_first_caller_leaves() {
    let server = counting("Cache-Control: no-store\r\n").await;
    let fetcher = fetcher(limits());
    let request = Arc::new(FetchRequest::crl(server.url("/slow")));
    let call = || {
        let (fetcher, request) = (fetcher.clone(), Arc::clone(&request));
        tokio::spawn(async move { fetcher.fetch(&request, NOW).await })
    };
    let first = call();
    while server.count() == 0 {
        sleep(Duration::from_millis(1)).await;
    }
    let others = [call(), call()];
    sleep(Duration::from_millis(20)).await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    for other in others {
        assert_eq!(&other.await.unwrap().unwrap().bytes()[..], b"slow");
    }
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn different_requests_do_not_share() {
    let server = counting("").await;
    let fetcher = fetcher(limits());
    let requests = [
        FetchRequest::crl(server.url("/a")),
        FetchRequest::issuer(server.url("/a")),
        FetchRequest::ocsp(server.url("/a"), *b"one"),
        FetchRequest::ocsp(server.url("/a"), *b"two"),
    ];
    for (number, request) in requests.iter().enumerate() {
        let evidence = fetcher.fetch(request, NOW).await.unwrap();
        assert_eq!(&evidence.bytes()[..], number.to_string().as_bytes());
    }
    assert_eq!(server.count(), 4);
}

#[tokio::test]
async fn memory_answers_until_the_time_that_the_server_said() {
    let server = counting("Cache-Control: max-age=60\r\n").await;
    let fetcher = fetcher(limits());
    let request = FetchRequest::crl(server.url("/"));
    let first = fetcher.fetch(&request, NOW).await.unwrap();
    assert_eq!(first.fresh_until(), NOW + 60 * SECOND);
    let second = fetcher.fetch(&request, NOW + 59 * SECOND).await.unwrap();
    assert_eq!((second.origin(), second.bytes()), (Origin::Memory, first.bytes()));
    assert_eq!(server.count(), 1);
    let third = fetcher.fetch(&request, NOW + 60 * SECOND).await.unwrap();
    assert_eq!((third.origin(), &third.bytes()[..]), (Origin::Network, &b"1"[..]));
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn an_answer_that_may_not_be_stored_is_not() {
    let server = counting("Cache-Control: no-store\r\n").await;
    let folder = TempDir::new().unwrap();
    let fetcher = with_folder(folder.path());
    let request = FetchRequest::crl(server.url("/"));
    for _ in 0..2 {
        assert_eq!(origin(&fetcher, &request, NOW).await, Origin::Network);
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn the_callers_word_counts_in_place_of_the_servers() {
    let server = counting("").await;
    let folder = TempDir::new().unwrap();
    let fetcher = with_folder(folder.path());
    let request = FetchRequest::crl(server.url("/"));
    let first = fetcher.fetch(&request, NOW).await.unwrap();
    assert_eq!(first.fresh_until(), NOW + STATUS_FRESH);

    fetcher.keep_until(&request, NOW + 2 * STATUS_FRESH, NOW).await;
    let later = NOW + STATUS_FRESH + SECOND;
    assert_eq!(origin(&fetcher, &request, later).await, Origin::Memory);
    assert_eq!(origin(&with_folder(folder.path()), &request, later).await, Origin::Disk);

    fetcher.keep_until(&request, NOW + 10 * SECOND, NOW).await;
    assert_eq!(origin(&fetcher, &request, NOW + 10 * SECOND).await, Origin::Network);

    fetcher.keep_until(&request, NOW + 100 * MAX_FRESH, NOW).await;
    let kept = fetcher.fetch(&request, NOW + SECOND).await.unwrap();
    assert_eq!(kept.fresh_until(), NOW + MAX_FRESH);

    fetcher.keep_until(&request, NOW, NOW).await;
    assert_eq!(origin(&fetcher, &request, NOW).await, Origin::Network);
    fetcher.forget(&request).await;
    assert_eq!(origin(&fetcher, &request, NOW).await, Origin::Network);
    assert_eq!(origin(&fetcher, &request, NOW).await, Origin::Memory);
    assert_eq!(server.count(), 4);
}

#[tokio::test]
async fn memory_is_bounded() {
    let server = Server::start(|_| ok(&[7; 1000])).await;
    let mut config = FetchConfig::new(limits());
    config.cache.memory_bytes = 3000;
    let fetcher = Fetcher::new(config).unwrap();
    let requests: Vec<_> =
        (0..5).map(|number| FetchRequest::crl(server.url(&format!("/{number}")))).collect();
    for request in &requests {
        fetcher.fetch(request, NOW).await.unwrap();
    }
    assert_eq!(origin(&fetcher, &requests[4], NOW).await, Origin::Memory);
    assert_eq!(origin(&fetcher, &requests[3], NOW).await, Origin::Memory);
    assert_eq!(origin(&fetcher, &requests[0], NOW).await, Origin::Network);
}

#[tokio::test]
async fn the_disk_answers_after_a_restart_and_not_when_damaged() {
    let server = counting("Cache-Control: max-age=3600\r\n").await;
    let folder = TempDir::new().unwrap();
    let request = FetchRequest::ocsp(server.url("/"), *b"asked");
    let first = with_folder(folder.path()).fetch(&request, NOW).await.unwrap();

    let restarted = with_folder(folder.path());
    let second = restarted.fetch(&request, NOW + SECOND).await.unwrap();
    assert_eq!(second.origin(), Origin::Disk);
    assert_eq!((second.bytes(), second.fresh_until()), (first.bytes(), first.fresh_until()));
    assert_eq!(origin(&restarted, &request, NOW + SECOND).await, Origin::Memory);
    assert_eq!(server.count(), 1);

    let files: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path()).collect();
    let [file] = &files[..] else { panic!("one file: {files:?}") };
    let mut bytes = fs::read(file).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(file, bytes).unwrap();
    let third = with_folder(folder.path()).fetch(&request, NOW + SECOND).await.unwrap();
    assert_eq!((third.origin(), &third.bytes()[..]), (Origin::Network, &b"1"[..]));
    assert_eq!(origin(&with_folder(folder.path()), &request, NOW + SECOND).await, Origin::Disk);
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_costs_no_evidence() {
    let server = counting("").await;
    let parent = TempDir::new().unwrap();
    let folder = parent.path().join("cache");
    let fetcher = with_folder(&folder);
    fs::remove_dir(&folder).unwrap();
    let request = FetchRequest::crl(server.url("/"));
    assert_eq!(origin(&fetcher, &request, NOW).await, Origin::Network);
    assert_eq!(origin(&fetcher, &request, NOW).await, Origin::Memory);

    fs::write(&folder, b"a file").unwrap();
    let mut config = FetchConfig::new(limits());
    config.cache.folder = Some(folder);
    assert!(Fetcher::new(config).is_err());
}

#[tokio::test]
async fn a_dead_server_is_asked_once_for_all_certificates() {
    let names = Names::new([]);
    let mut config = FetchConfig::new(limits());
    config.resolver = names.clone();
    let fetcher = Fetcher::new(config).unwrap();
    let first = FetchRequest::ocsp("http://gone.example/a", *b"one");
    let error = fetcher.fetch(&first, NOW).await.unwrap_err();
    assert!(!error.is_remembered());
    for request in [
        FetchRequest::ocsp("http://gone.example/a", *b"two"),
        FetchRequest::crl("http://gone.example/b"),
        first.clone(),
    ] {
        let again = fetcher.fetch(&request, NOW + SECOND).await.unwrap_err();
        assert!(again.is_remembered() && again.to_string().ends_with("not asked again)"));
        assert_eq!(again.fault(), error.fault());
    }
    assert_eq!(names.asked().len(), 1);
    // Another port is another server.
    fetcher.fetch(&FetchRequest::crl("http://gone.example:81/"), NOW).await.unwrap_err();
    assert_eq!(names.asked().len(), 2);
    fetcher.fetch(&first, NOW + REMEMBER_FAILURE).await.unwrap_err();
    assert_eq!(names.asked().len(), 3);
    fetcher.forget(&first).await;
    fetcher.fetch(&first, NOW + REMEMBER_FAILURE).await.unwrap_err();
    assert_eq!(names.asked().len(), 4);
}

#[tokio::test]
async fn a_failure_is_remembered_for_no_more_than_it_stands_for() {
    let server = Server::start(|path| match path {
        "/down" => answer("503 Service Unavailable", "", b""),
        "/unknown" => answer("404 Not Found", "", b""),
        _ => ok(b"fine"),
    })
    .await;
    let fetcher = fetcher(limits());
    let ask = async |path: &str, body: &[u8]| {
        let request = FetchRequest::ocsp(server.url(path), body);
        fetcher.fetch(&request, NOW).await.map_err(|error| error.fault().clone())
    };
    for body in [b"one", b"two"] {
        assert_eq!(ask("/down", body).await.unwrap_err(), FetchFault::Status(503));
    }
    assert_eq!(server.count(), 1);
    for body in [b"one", b"two", b"one"] {
        assert_eq!(ask("/unknown", body).await.unwrap_err(), FetchFault::Status(404));
    }
    assert_eq!(server.count(), 3);
    assert!(ask("/", b"one").await.is_ok());
}
