use super::{suppression::LINES_PER_SECOND, *};
use crate::reason::CloseReason;
use std::{
    io::Write,
    sync::{Condvar, Mutex},
};

const LIMIT: Duration = Duration::from_secs(20);

/// An output that can be read, and held up.
#[derive(Clone, Default)]
struct Output {
    shared: Arc<(Mutex<Held>, Condvar)>,
}

#[derive(Default)]
struct Held {
    text: String,
    blocked: bool,
    waiting: bool,
}

impl Output {
    fn text(&self) -> String {
        self.shared.0.lock().unwrap().text.clone()
    }

    fn block(&self, blocked: bool) {
        self.shared.0.lock().unwrap().blocked = blocked;
        self.shared.1.notify_all();
    }

    /// Waits until the writer is held up.
    fn wait_for_writer(&self) {
        let held = self.shared.0.lock().unwrap();
        let (_held, timeout) =
            self.shared.1.wait_timeout_while(held, LIMIT, |held| !held.waiting).unwrap();
        assert!(!timeout.timed_out());
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut held = self.shared.0.lock().unwrap();
        while held.blocked {
            held.waiting = true;
            self.shared.1.notify_all();
            held = self.shared.1.wait(held).unwrap();
        }
        held.waiting = false;
        held.text.push_str(std::str::from_utf8(bytes).unwrap());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn closed(reason: CloseReason) -> ConnectionRecord<'static> {
    ConnectionRecord {
        id: 1,
        service: "a",
        client: "192.0.2.1:5".parse().unwrap(),
        peer: None,
        sni: None,
        tls: None,
        client_certificate: None,
        server_certificate: None,
        to_backend: 0,
        to_client: 0,
        duration: Duration::ZERO,
        backend: None,
        reason,
        detail: None,
    }
}

fn count_of(text: &str, event: &str) -> u64 {
    let lines = text.lines().filter(|l| l.contains(&format!(" event={event} ")));
    lines.map(|l| l.rsplit_once("lines=").unwrap().1.parse::<u64>().unwrap()).sum()
}

#[test]
fn lines_come_out_in_order() {
    let output = Output::default();
    let log = Log::start(LogFormat::Text, output.clone()).unwrap();
    for id in 0..3000 {
        let record = ConnectionRecord { id, ..closed(CloseReason::ClientClosed) };
        log.connection(SystemTime::UNIX_EPOCH, &record);
        if id % 1000 == 0 {
            assert!(log.flush(LIMIT));
        }
    }
    log.event(SystemTime::UNIX_EPOCH, &Event::Stopped { cut: 0 });
    assert!(log.flush(LIMIT));
    let text = output.text();
    for (id, line) in text.lines().take(3000).enumerate() {
        assert!(line.contains(&format!(" id={id} ")), "{line}");
    }
    assert!(text.ends_with(" event=stopped cut=0\n"));
    assert_eq!(text.lines().count(), 3001);
}

#[test]
fn a_slow_output_holds_nobody_up_and_what_is_lost_is_counted() {
    let output = Output::default();
    let log = Log::start(LogFormat::Text, output.clone()).unwrap();
    output.block(true);
    log.event(SystemTime::UNIX_EPOCH, &Event::Stopped { cut: 0 });
    output.wait_for_writer();
    let lines = QUEUE as u64 + 100;
    for _ in 0..lines {
        log.connection(SystemTime::UNIX_EPOCH, &closed(CloseReason::Idle));
    }
    assert!(!log.flush(Duration::from_millis(20)), "nothing was written");

    output.block(false);
    assert!(log.flush(LIMIT));
    let text = output.text();
    let written = text.lines().filter(|l| l.contains("reason=idle")).count() as u64;
    assert_eq!(written, QUEUE as u64);
    assert_eq!(count_of(&text, "dropped"), lines - written);
}

#[test]
fn a_flood_of_refusals_is_told_in_a_few_lines() {
    let output = Output::default();
    let log = Log::start(LogFormat::Text, output.clone()).unwrap();
    let now = SystemTime::UNIX_EPOCH;
    for _ in 0..100_000 {
        log.connection(now, &closed(CloseReason::HandshakeFailed));
    }
    log.connection(now, &closed(CloseReason::ClientClosed));
    // The summary comes by itself, without any further line.
    let deadline = Instant::now() + LIMIT;
    while count_of(&output.text(), "suppressed") < 100_000 - LINES_PER_SECOND {
        assert!(Instant::now() < deadline, "{}", output.text());
        thread::sleep(Duration::from_millis(20));
    }
    let text = output.text();
    assert!(text.contains(" event=suppressed of=closed reason=handshake_failed lines="), "{text}");
    let written = text.lines().filter(|l| l.contains("event=closed"));
    assert_eq!(written.count() as u64, LINES_PER_SECOND + 1);
    assert_eq!(count_of(&text, "suppressed"), 100_000 - LINES_PER_SECOND);
}

#[test]
fn a_flush_tells_what_was_suppressed_at_once() {
    let output = Output::default();
    let log = Log::start(LogFormat::Text, output.clone()).unwrap();
    let client = "192.0.2.1:5".parse().unwrap();
    for _ in 0..LINES_PER_SECOND + 7 {
        let event = Event::Refused { service: "a", client, limit: "max-connections" };
        log.event(SystemTime::UNIX_EPOCH, &event);
    }
    assert!(log.flush(LIMIT));
    assert!(output.text().ends_with(" event=suppressed of=refused lines=7\n"));
}

#[test]
fn an_output_that_fails_does_no_harm() {
    struct Broken;
    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let log = Log::start(LogFormat::Json, Broken).unwrap();
    log.event(SystemTime::UNIX_EPOCH, &Event::Stopped { cut: 0 });
    assert!(log.flush(LIMIT));
    log.event(SystemTime::UNIX_EPOCH, &Event::Stopped { cut: 0 });
    assert!(log.flush(LIMIT));
}

#[test]
fn a_dead_writer_is_noticed_by_flush_only() {
    let (log, receiver) = Log::queued(LogFormat::Text, 1);
    drop(receiver);
    log.event(SystemTime::UNIX_EPOCH, &Event::Stopped { cut: 0 });
    assert!(!log.flush(LIMIT));
}
