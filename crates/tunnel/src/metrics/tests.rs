use super::*;
use crate::{reason::CloseReason, service::Target};
use std::{path::PathBuf, time::Duration};

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

fn certificate(serial: &str, not_after: i64) -> CertificateFacts {
    CertificateFacts {
        file: PathBuf::from("/etc/ravelin/chain.pem"),
        serial: serial.into(),
        not_after,
        names: vec!["media.example".into()],
    }
}

fn lines_of<'a>(text: &'a str, name: &str) -> Vec<&'a str> {
    text.lines().filter(|l| l.split(['{', ' ']).next() == Some(name)).collect()
}

#[test]
fn metrics_have_the_documented_names_and_labels() {
    let metrics = Metrics::new(at(1_700_000_000));
    let facts = [certificate("0a1b", 1_800_000_000)];
    metrics.configure([("rtmps", &facts[..])].into_iter());
    let service = metrics.service("rtmps");
    service.opened();
    service.opened();
    service.handshake(Duration::from_millis(3), false);
    service.handshake(Duration::from_micros(700), true);
    service.handshake_failed("incompatible");
    service.client_verdict("expired");
    service.bytes(1000, 20);
    service.bytes(0, 5);
    service.ghost(CloseReason::Idle);
    service.closed(CloseReason::Idle);

    let text = metrics.encode();
    for line in [
        "ravelin_connections_total{service=\"rtmps\"} 2",
        "ravelin_connections_open{service=\"rtmps\"} 1",
        "ravelin_connections_closed_total{service=\"rtmps\",reason=\"idle\"} 1",
        "ravelin_connections_closed_total{service=\"rtmps\",reason=\"drain\"} 0",
        "ravelin_handshake_duration_seconds_sum{service=\"rtmps\",resumed=\"false\"} 0.003",
        "ravelin_handshake_duration_seconds_count{service=\"rtmps\",resumed=\"true\"} 1",
        "ravelin_handshake_duration_seconds_bucket{le=\"0.0025\",service=\"rtmps\",resumed=\"false\"} 0",
        "ravelin_handshake_duration_seconds_bucket{le=\"0.005\",service=\"rtmps\",resumed=\"false\"} 1",
        "ravelin_handshake_duration_seconds_bucket{le=\"+Inf\",service=\"rtmps\",resumed=\"false\"} 1",
        "ravelin_handshake_failures_total{service=\"rtmps\",reason=\"incompatible\"} 1",
        "ravelin_client_verdicts_total{service=\"rtmps\",status=\"expired\"} 1",
        "ravelin_bytes_total{service=\"rtmps\",direction=\"to_backend\"} 1000",
        "ravelin_bytes_total{service=\"rtmps\",direction=\"to_client\"} 25",
        "ravelin_ghosts_reaped_total{service=\"rtmps\",kind=\"idle\"} 1",
        "ravelin_ghosts_reaped_total{service=\"rtmps\",kind=\"half_close_timeout\"} 0",
        "ravelin_certificate_not_after_timestamp_seconds{service=\"rtmps\",serial=\"0a1b\"} 1800000000",
        "ravelin_config_last_reload_successful 1",
        "ravelin_config_last_reload_success_timestamp_seconds 1700000000",
        concat!("ravelin_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"} 1"),
    ] {
        assert!(text.lines().any(|l| l == line), "{line} is missing in:\n{text}");
    }
    assert!(text.ends_with("# EOF\n"));
    assert_eq!(
        lines_of(&text, "ravelin_connections_closed_total").len(),
        CloseReason::ALL.len(),
        "every reason has its series from the start"
    );
}

#[test]
fn every_series_stands_once() {
    let metrics = Metrics::new(at(0));
    // The same serial number twice: two issuers, or one file given twice.
    let facts = [certificate("01", 900), certificate("01", 500)];
    metrics.configure([("a", &facts[..]), ("b", &facts[..])].into_iter());
    for name in ["a", "b", "a"] {
        metrics.service(name).handshake_failed("other");
    }
    let text = metrics.encode();
    let mut series: Vec<_> =
        text.lines().filter(|l| !l.starts_with('#')).filter_map(|l| l.rsplit_once(' ')).collect();
    series.sort_unstable();
    let all = series.len();
    series.dedup_by_key(|(name, _)| *name);
    assert_eq!(series.len(), all);
    assert!(series.contains(&(
        "ravelin_certificate_not_after_timestamp_seconds{service=\"a\",serial=\"01\"}",
        "500"
    )));
}

#[test]
fn names_cannot_break_the_format() {
    let metrics = Metrics::new(at(0));
    metrics.service("a\"} 1\nevil 2\\").opened();
    let text = metrics.encode();
    assert!(text.contains(r#"ravelin_connections_total{service="a\"} 1\nevil 2\\"} 1"#), "{text}");
    assert!(!text.lines().any(|l| l.starts_with("evil")));
}

#[test]
fn clones_and_later_look_ups_count_together() {
    let metrics = Metrics::new(at(0));
    let worker = metrics.service("a");
    let other = metrics.clone().service("a");
    worker.opened();
    other.opened();
    other.clone().closed(CloseReason::BackendLost);
    assert_eq!(worker.open_now(), 1);
}

#[test]
fn a_reload_replaces_certificates_and_forgets_what_nobody_holds() {
    let metrics = Metrics::new(at(0));
    let before = [certificate("01", 1), certificate("02", 2)];
    metrics.configure([("kept", &before[..]), ("gone", &before[..])].into_iter());
    metrics.service("kept").opened();
    let held = metrics.service("gone");

    let after = [certificate("03", 3)];
    metrics.configure([("kept", &after[..])].into_iter());
    let text = metrics.encode();
    assert_eq!(
        lines_of(&text, "ravelin_certificate_not_after_timestamp_seconds"),
        ["ravelin_certificate_not_after_timestamp_seconds{service=\"kept\",serial=\"03\"} 3"]
    );
    assert_eq!(lines_of(&text, "ravelin_connections_total").len(), 2, "a worker holds one still");

    drop(held);
    metrics.configure([("kept", &after[..])].into_iter());
    assert_eq!(
        lines_of(&metrics.encode(), "ravelin_connections_total"),
        ["ravelin_connections_total{service=\"kept\"} 1"]
    );
}

#[test]
fn a_failed_reload_shows_and_keeps_the_time_of_the_last_good_one() {
    let metrics = Metrics::new(at(100));
    metrics.reload_succeeded(at(200));
    metrics.reload_failed(at(300), "line 3: unknown key");
    let text = metrics.encode();
    assert!(text.contains("ravelin_config_last_reload_successful 0\n"));
    assert!(text.contains("ravelin_config_last_reload_success_timestamp_seconds 200\n"));
    metrics.reload_succeeded(at(400));
    let text = metrics.encode();
    assert!(text.contains("ravelin_config_last_reload_successful 1\n"));
    assert!(text.contains("ravelin_config_last_reload_success_timestamp_seconds 400\n"));
}

fn status_of(metrics: &Metrics, certificates: &[CertificateFacts], now: SystemTime) -> Status {
    let target = Target::Unix("/run/backend.sock".into());
    let facts = status::ServiceFacts {
        name: "rtmps",
        listen: &["[::1]:443".parse().unwrap()],
        target: &target,
        certificates,
    };
    Status::new(&metrics.state, [facts].into_iter(), now)
}

#[test]
fn status_tells_what_each_service_did() {
    let metrics = Metrics::new(at(1_000));
    let service = metrics.service("rtmps");
    service.opened();
    service.opened();
    service.closed(CloseReason::PeerVanished);
    service.ghost(CloseReason::PeerVanished);
    service.handshake(Duration::from_millis(1), true);
    service.handshake_failed("certificate");
    service.bytes(7, 9);
    metrics.reload_failed(at(1_500), "no such file");
    metrics.drain_started();

    let status = status_of(&metrics, &[], at(1_090));
    let json = serde_json::to_value(&status).unwrap();
    assert_eq!(json["schema"], 1);
    assert_eq!(json["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(json["phase"], "draining");
    assert_eq!(json["started"], "1970-01-01T00:16:40.000Z");
    assert_eq!(json["uptime_seconds"], 90);
    assert_eq!(
        json["last_reload"],
        serde_json::json!({"time": "1970-01-01T00:25:00.000Z", "ok": false, "error": "no such file"})
    );
    let service = &json["services"][0];
    assert_eq!(service["listen"][0], "[::1]:443");
    assert_eq!(service["target"], "unix:/run/backend.sock");
    assert_eq!(service["connections"]["open"], 1);
    assert_eq!(service["connections"]["total"], 2);
    assert_eq!(service["connections"]["closed"]["peer_vanished"], 1);
    assert_eq!(service["connections"]["closed"]["idle"], 0);
    assert_eq!(service["bytes"], serde_json::json!({"to_backend": 7, "to_client": 9}));
    assert_eq!(
        service["handshakes"],
        serde_json::json!({"full": 0, "resumed": 1, "failed": {"certificate": 1}})
    );
    assert_eq!(service["ghosts"]["peer_vanished"], 1);
    assert_eq!(serde_json::from_value::<Status>(json).unwrap(), status);
}

#[test]
fn days_left_are_whole_and_negative_after_the_end() {
    let metrics = Metrics::new(at(0));
    let day = 86_400;
    let facts = [certificate("01", 12 * day), certificate("02", i64::MAX)];
    let left = |now| status_of(&metrics, &facts, at(now)).services[0].certificates[0].days_left;
    assert_eq!(left(0), 12);
    assert_eq!(left(1), 11);
    assert_eq!(left(12 * 86_400), 0);
    assert_eq!(left(12 * 86_400 + 1), -1);
    let certificates = &status_of(&metrics, &facts, at(0)).services[0].certificates;
    assert_eq!(certificates[0].not_after.as_deref(), Some("1970-01-13T00:00:00Z"));
    assert_eq!(certificates[1].not_after, None, "beyond what RFC 3339 can say");
}

#[test]
fn a_clock_set_back_gives_no_uptime_rather_than_a_wrong_one() {
    let metrics = Metrics::new(at(1_000));
    let status = status_of(&metrics, &[], at(10));
    assert_eq!(status.uptime_seconds, 0);
    assert_eq!(status.last_reload, None);
    assert_eq!(status.phase, Phase::Serving);
}
