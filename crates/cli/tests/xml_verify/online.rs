//! What is fetched about the signer, and only when it may be.

use crate::signing::{Folder, TIME, enveloped, text};
use serde_json::{Value, json};
use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    thread,
};

/// Serves a file to whoever asks, in a thread that lasts as long as the test.
fn serve(listener: TcpListener, body: Vec<u8>) {
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
        }
    });
}

#[test]
fn a_missing_issuer_is_fetched_with_online_and_never_without() {
    let folder = Folder::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/sub.der", listener.local_addr().unwrap());
    folder.cert("new-key --out sub.key");
    folder.cert(
        "issue --ca root.pem --ca-key root.key --key sub.key --is-ca --subject CN=Sub --format der --out sub.der \
         --not-before 2026-01-01T00:00:00Z --not-after 2030-01-01T00:00:00Z",
    );
    folder.cert(&format!(
        "issue --ca sub.der --ca-key sub.key --key signer.key --subject CN=Below --out below.pem --issuer-url {url} \
         --not-before 2026-06-01T00:00:00Z --not-after 2026-12-04T00:00:00Z --time 2026-06-01T00:00:00Z"
    ));
    folder.write("below.xml", enveloped(|references| folder.signature("below.pem", references)));
    serve(listener, std::fs::read(folder.path("sub.der")).unwrap());

    let answer = |words: &str| -> Value {
        let output =
            folder.verify(&format!("--json --trusted root.pem --no-cache {words} -- below.xml"));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let value = answer("");
    assert_eq!(
        (&value["identity"], &value["certificate"]["fetches"]),
        (&json!("unknown"), &json!([]))
    );
    let value = answer("--online");
    assert_eq!(value["identity"], "unknown", "loopback is asked only where that is allowed");
    assert_eq!(value["certificate"]["fetches"][0]["ok"], false);
    let value = answer("--online --allow-private");
    assert_eq!((&value["identity"], &value["validity"]), (&json!("valid"), &json!("valid")));
    let fetch = &value["certificate"]["fetches"][0];
    assert_eq!(
        (&fetch["url"], &fetch["kind"], &fetch["ok"]),
        (&json!(url), &json!("issuer"), &json!(true))
    );

    let line =
        json!({"document": "below.xml", "trusted": ["root.pem"], "time": TIME, "online": true});
    folder.write("lines", line.to_string());
    let output =
        folder.command("xml verify --batch lines --allow-private --no-cache").output().unwrap();
    let value: Value = serde_json::from_str(&text(&output.stdout)).unwrap();
    assert_eq!(value["validity"], "valid", "{value}");
}
