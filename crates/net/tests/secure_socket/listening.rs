//! Events and who hears of them.

use super::{
    ends::InMemory,
    peers::{Served, connected, filled, localhost, next, node, rest, trusting},
};
use ravelin_net::socket::{
    Event, EventKind, EventType, Listener, Protocol, Registration, Sandbox, SecureSocket, Socket,
    SocketId, TypedSocket,
};
use ravelin_test::has_program;
use std::sync::{Arc, Mutex};
use tokio::io::AsyncWriteExt as _;

/// What listeners have to say.
#[derive(Clone, Default)]
struct Journal(Arc<Mutex<Vec<String>>>);

impl Journal {
    fn note(&self, text: impl Into<String>) {
        self.0.lock().unwrap().push(text.into());
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    fn listener<P: Protocol>(&self, name: &'static str) -> Listener<P> {
        let journal = self.clone();
        Listener::new(move |event: &mut Event, _: &mut TypedSocket<P>| {
            journal.note(format!("{name}:{}", event.event_type()));
        })
    }
}

fn socket() -> Socket {
    Socket::new(Sandbox::Application).unwrap()
}

#[test]
fn s43_higher_priority_is_first_then_the_order_of_adding() {
    let (mut socket, journal) = (socket(), Journal::default());
    for (name, priority) in
        [("a", 0), ("b", 5), ("c", 0), ("d", -5), ("e", 5), ("f", i32::MAX), ("g", i32::MIN)]
    {
        let listener = journal.listener(name);
        socket.add_event_listener(EventType::Connect, &listener, Registration::priority(priority));
    }
    assert!(socket.dispatch_event(EventKind::Connect));
    let order = ["f", "b", "e", "a", "c", "d", "g"].map(|name| format!("{name}:connect"));
    assert_eq!(journal.take(), order);
}

#[test]
fn s43_a_listener_is_registered_once_for_each_kind_and_keeps_its_priority() {
    let (mut socket, journal) = (socket(), Journal::default());
    let (one, other) = (journal.listener("one"), journal.listener("other"));
    socket.add_event_listener(EventType::Close, &one, Registration::priority(1));
    socket.add_event_listener(EventType::Close, &other, Registration::priority(2));
    socket.add_event_listener(EventType::Close, &one.clone(), Registration::priority(3));
    socket.add_event_listener(EventType::Activate, &one, Registration::default());
    socket.dispatch_event(EventKind::Close { truncated: false });
    assert_eq!(journal.take(), ["other:close", "one:close"]);
    socket.remove_event_listener(&EventType::Close, &one, false);
    socket.add_event_listener(EventType::Close, &one, Registration::priority(3));
    socket.dispatch_event(EventKind::Close { truncated: false });
    assert_eq!(journal.take(), ["one:close", "other:close"]);
    socket.dispatch_event(EventKind::Activate);
    assert_eq!(journal.take(), ["one:activate"]);
}

#[test]
fn s43_listeners_are_removed_and_can_be_asked_for() {
    let (mut socket, journal) = (socket(), Journal::default());
    let (one, other) = (journal.listener("one"), journal.listener("other"));
    let asked = |socket: &Socket| {
        assert_eq!(
            socket.has_event_listener(&EventType::SocketData),
            socket.will_trigger(&EventType::SocketData)
        );
        socket.has_event_listener(&EventType::SocketData)
    };
    assert!(!asked(&socket));
    socket.add_event_listener(EventType::SocketData, &one, Registration::default());
    assert!(asked(&socket) && !socket.has_event_listener(&EventType::Connect));
    socket.remove_event_listener(&EventType::SocketData, &other, false);
    socket.remove_event_listener(&EventType::SocketData, &one, true);
    socket.remove_event_listener(&EventType::Connect, &one, false);
    assert!(asked(&socket), "another listener, phase or kind is another registration");
    socket.remove_event_listener(&EventType::SocketData, &one, false);
    assert!(!asked(&socket));
    socket.dispatch_event(EventKind::SocketData { bytes_loaded: 0 });
    assert_eq!(journal.take(), [""; 0]);
}

#[test]
fn s43_listeners_of_the_capture_phase_are_never_called_on_what_has_no_parents() {
    let (mut socket, journal) = (socket(), Journal::default());
    let listener = journal.listener("capturing");
    let capture = Registration { use_capture: true, ..Registration::default() };
    socket.add_event_listener(EventType::Connect, &listener, capture);
    assert!(socket.has_event_listener(&EventType::Connect));
    socket.dispatch_event(EventKind::Connect);
    assert_eq!(journal.take(), [""; 0]);
    socket.remove_event_listener(&EventType::Connect, &listener, true);
    assert!(!socket.has_event_listener(&EventType::Connect));
}

#[test]
fn s43_a_weak_listener_goes_with_its_owner() {
    let (mut socket, journal) = (socket(), Journal::default());
    let listener = journal.listener("weak");
    let weak = Registration { use_weak_reference: true, ..Registration::default() };
    socket.add_event_listener(EventType::Connect, &listener, weak);
    socket.dispatch_event(EventKind::Connect);
    assert_eq!(journal.take(), ["weak:connect"]);
    drop(listener);
    assert!(!socket.has_event_listener(&EventType::Connect));
    socket.dispatch_event(EventKind::Connect);
    assert_eq!(journal.take(), [""; 0]);
}

#[test]
fn s43_whoever_is_added_or_removed_meanwhile_counts_from_the_next_event_on() {
    let (mut socket, journal) = (socket(), Journal::default());
    let (late, gone) = (journal.listener("late"), journal.listener("gone"));
    let change = {
        let (late, gone) = (late.clone(), gone.clone());
        Listener::new(move |_: &mut Event, socket: &mut Socket| {
            socket.add_event_listener(EventType::Connect, &late, Registration::default());
            socket.remove_event_listener(&EventType::Connect, &gone, false);
        })
    };
    socket.add_event_listener(EventType::Connect, &change, Registration::priority(1));
    socket.add_event_listener(EventType::Connect, &gone, Registration::default());
    socket.dispatch_event(EventKind::Connect);
    assert_eq!(journal.take(), ["gone:connect"]);
    socket.dispatch_event(EventKind::Connect);
    assert_eq!(journal.take(), ["late:connect"]);
}

#[test]
fn s43_dispatching_says_whether_somebody_cancelled() {
    let mut socket = socket();
    let cancel = Listener::new(|event: &mut Event, _: &mut Socket| event.prevent_default());
    let mine = EventType::Other("mine".into());
    assert!(socket.dispatch_event(Event::cancelable_other("mine")));
    socket.add_event_listener(mine, &cancel, Registration::default());
    socket.add_event_listener(EventType::Close, &cancel, Registration::default());
    assert!(!socket.dispatch_event(Event::cancelable_other("mine")));
    assert!(socket.dispatch_event(EventKind::Other("mine".into())));
    assert!(socket.dispatch_event(EventKind::Close { truncated: false }), "cannot be cancelled");
}

#[test]
fn s43_a_listener_can_keep_the_others_from_hearing() {
    let (mut socket, journal) = (socket(), Journal::default());
    let stop =
        Listener::new(|event: &mut Event, _: &mut Socket| event.stop_immediate_propagation());
    let behind = journal.listener("behind");
    socket.add_event_listener(EventType::Connect, &behind, Registration::default());
    socket.add_event_listener(EventType::Connect, &stop, Registration::priority(1));
    assert!(socket.dispatch_event(EventKind::Connect));
    assert_eq!(journal.take(), [""; 0]);
}

#[tokio::test]
async fn s42_focus_is_for_the_application_to_tell_and_no_socket_raises_it() {
    let (mut socket, journal) = (socket(), Journal::default());
    let listener = journal.listener("window");
    for kind in [EventType::Activate, EventType::Deactivate] {
        socket.add_event_listener(kind, &listener, Registration::default());
    }
    assert!(socket.dispatch_event(EventKind::Activate));
    assert!(socket.dispatch_event(EventKind::Deactivate));
    assert_eq!(journal.take(), ["window:activate", "window:deactivate"]);
    assert_eq!(next(&mut socket).await, None, "what is dispatched is not what happened");
}

/// All that an event says of itself.
fn described(event: &Event, socket: SocketId) {
    assert!(!event.bubbles() && !event.cancelable() && !event.is_default_prevented(), "{event}");
    assert_eq!(event.target(), Some(socket));
    assert_eq!(event.current_target(), Some(socket));
}

#[tokio::test(flavor = "multi_thread")]
async fn s36_s39_s40_s41_events_in_their_order_with_what_they_say() {
    if !has_program("node", &["--version"]) {
        return;
    }
    let (root, issued) = localhost();
    let server = node(&[Served::new(&issued)]);
    let mut socket = trusting(&root);
    let id = socket.id();
    assert_ne!(id, trusting(&root).id());
    let journal = Journal::default();
    let heard = journal.clone();
    let listener = Listener::new(move |event: &mut Event, socket: &mut SecureSocket| {
        described(event, socket.id());
        heard.note(event.event_type().to_string());
    });
    for kind in ["connect", "socketData", "outputProgress", "close", "ioError", "securityError"] {
        socket.add_event_listener(kind.parse().unwrap(), &listener, Registration::default());
    }
    socket.connect("localhost", server.port()).unwrap();
    let event = next(&mut socket).await.unwrap();
    assert_eq!(event.kind, EventKind::Connect);
    described(&event, id);
    assert!(event.text().is_none() && event.error_id().is_none());

    socket.write_utf_bytes("hello\n").unwrap();
    assert_eq!(socket.bytes_pending(), 6);
    socket.flush().unwrap();
    let event = next(&mut socket).await.unwrap();
    assert_eq!(event.kind, EventKind::OutputProgress { bytes_pending: 0, bytes_total: 6 });
    assert_eq!((event.bytes_pending(), event.bytes_total()), (Some(0), Some(6)));
    assert_eq!(socket.bytes_pending(), 0);
    described(&event, id);

    let event = next(&mut socket).await.unwrap();
    assert_eq!(event.kind, EventKind::SocketData { bytes_loaded: 6 });
    assert_eq!((event.bytes_loaded(), event.bytes_total()), (Some(6), Some(0)));
    described(&event, id);
    socket.write_utf_bytes("close\n").unwrap();
    socket.flush().unwrap();
    assert_eq!(rest(&mut socket).await, ["outputProgress", "close"]);
    assert_eq!(
        journal.take(),
        ["connect", "outputProgress", "socketData", "outputProgress", "close"],
        "listeners hear the same"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn s39_a_late_listener_is_told_what_is_there_when_it_is_called() {
    if !has_program("node", &["--version"]) {
        return;
    }
    let (root, issued) = localhost();
    let server = node(&[Served::new(&issued)]);
    let mut socket = trusting(&root);
    connected(&mut socket, "localhost", server.port()).await;
    let journal = Journal::default();
    for (name, priority) in [("early", 2), ("middle", 1), ("late", 0)] {
        let journal = journal.clone();
        let reads = Listener::new(move |event: &mut Event, socket: &mut SecureSocket| {
            journal.note(format!(
                "{name}:{}:{}",
                event.bytes_loaded().unwrap(),
                event.bytes_total().unwrap()
            ));
            assert_eq!(event.bytes_loaded(), Some(socket.bytes_available()));
            socket.read_bytes(2).unwrap();
        });
        socket.add_event_listener(EventType::SocketData, &reads, Registration::priority(priority));
    }
    socket.write_utf_bytes("1234567\n").unwrap();
    socket.flush().unwrap();
    assert!(matches!(next(&mut socket).await.unwrap().kind, EventKind::OutputProgress { .. }));
    let event = next(&mut socket).await.unwrap();
    assert_eq!(journal.take(), ["early:8:0", "middle:6:0", "late:4:0"]);
    assert_eq!(event.bytes_loaded(), Some(2), "and so is whoever asked for the event");
}

#[tokio::test]
async fn s38_s41_a_refused_consent_is_told_with_its_text() {
    let dialer = InMemory { size: 1000, ..InMemory::default() };
    let mut socket = Socket::new(Sandbox::LocalTrusted).unwrap().with_dialer(dialer.clone());
    tokio::time::pause();
    socket.connect("server.example", 8443).unwrap();
    let event = socket.next_event().await.unwrap();
    described(&event, socket.id());
    assert_eq!(event.event_type().word(), "securityError");
    assert_eq!(event.error_id(), Some(2048));
    assert_eq!(
        event.text(),
        Some(
            "code in the sandbox `localTrusted` may not connect to server.example:8443: there is no policy file at \
             port 8443: no answer in time"
        )
    );
    assert_eq!(socket.next_event().await, None);
    assert_eq!(dialer.far.lock().unwrap().len(), 2, "port 843 and its own were asked");
}

#[tokio::test]
async fn s43_listeners_may_use_the_socket_that_they_hear_of() {
    let dialer = InMemory { size: 1000, ..InMemory::default() };
    let mut socket = Socket::new(Sandbox::Application).unwrap().with_dialer(dialer.clone());
    let greets = Listener::new(|_: &mut Event, socket: &mut Socket| {
        socket.write_utf("hello").unwrap();
        socket.flush().unwrap();
    });
    let closes = Listener::new(|_: &mut Event, socket: &mut Socket| {
        assert_eq!(socket.read_utf().unwrap(), "bye");
        socket.close().unwrap();
    });
    socket.add_event_listener(EventType::Connect, &greets, Registration::default());
    socket.add_event_listener(EventType::SocketData, &closes, Registration::default());
    socket.connect("server.example", 7).unwrap();
    filled(&mut socket, 0).await;
    let serve = tokio::spawn(async move {
        let mut far = loop {
            if let Some(far) = dialer.far.lock().unwrap().pop() {
                break far;
            }
            tokio::task::yield_now().await;
        };
        let mut greeting = [0; 7];
        tokio::io::AsyncReadExt::read_exact(&mut far, &mut greeting).await.unwrap();
        assert_eq!(&greeting, b"\0\x05hello");
        far.write_all(b"\0\x03bye").await.unwrap();
    });
    socket.run().await;
    assert!(!socket.connected());
    serve.await.unwrap();
}
