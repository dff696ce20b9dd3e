//! Who wants to hear of events: AIR's `EventDispatcher`.

use super::{Event, EventType, Protocol, TypedSocket};
use std::{
    fmt,
    sync::{Arc, Weak},
};

type Function<P> = dyn Fn(&mut Event, &mut TypedSocket<P>) + Send + Sync;

/// A function that hears of events, with the socket they happened to. Clones are the same listener; two that were made
/// apart never are.
///
/// A listener runs while [`next_event`](TypedSocket::next_event) is polled: it may read, write, flush, close, connect and
/// change listeners, but must not wait.
///
/// ```
/// use ravelin_net::socket::{EventType, Listener, Sandbox, SecureSocket};
///
/// let mut socket = SecureSocket::new(Sandbox::Application)?;
/// let listener = Listener::new(|event, socket: &mut SecureSocket| {
///     println!("{event}: {} bytes", socket.bytes_available());
/// });
/// socket.add_event_listener(EventType::SocketData, &listener, Default::default());
/// assert!(socket.has_event_listener(&EventType::SocketData));
/// # Ok::<(), ravelin_net::socket::SocketError>(())
/// ```
pub struct Listener<P: Protocol>(Arc<Function<P>>);

impl<P: Protocol> Listener<P> {
    /// Listens with this function.
    pub fn new(
        function: impl Fn(&mut Event, &mut TypedSocket<P>) + Send + Sync + 'static,
    ) -> Listener<P> {
        Listener(Arc::new(function))
    }

    pub(super) fn call(&self, event: &mut Event, socket: &mut TypedSocket<P>) {
        (self.0)(event, socket);
    }
}

impl<P: Protocol> Clone for Listener<P> {
    fn clone(&self) -> Listener<P> {
        Listener(Arc::clone(&self.0))
    }
}

impl<P: Protocol> PartialEq for Listener<P> {
    fn eq(&self, other: &Listener<P>) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl<P: Protocol> Eq for Listener<P> {}

impl<P: Protocol> fmt::Debug for Listener<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Listener({:p})", Arc::as_ptr(&self.0))
    }
}

/// How a listener is registered: the arguments of AIR's `addEventListener` beyond the first two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Registration {
    /// Listens while an event passes the parents of its target. Sockets have none: such a listener can be asked for and
    /// removed, and is never called.
    pub use_capture: bool,
    /// Higher ones are called first; equal ones in the order of adding.
    pub priority: i32,
    /// Does not keep the listener alive: it is gone when the last clone of it is.
    pub use_weak_reference: bool,
}

impl Registration {
    /// As usual, with this priority.
    pub fn priority(priority: i32) -> Registration {
        Registration { priority, ..Registration::default() }
    }
}

/// The listeners of one socket, in the order they are called.
pub(super) struct Listeners<P: Protocol> {
    entries: Vec<Entry<P>>,
}

struct Entry<P: Protocol> {
    event_type: EventType,
    use_capture: bool,
    priority: i32,
    held: Held<P>,
}

enum Held<P: Protocol> {
    Strongly(Listener<P>),
    Weakly(Weak<Function<P>>),
}

impl<P: Protocol> Held<P> {
    fn listener(&self) -> Option<Listener<P>> {
        match self {
            Held::Strongly(listener) => Some(listener.clone()),
            Held::Weakly(weak) => weak.upgrade().map(Listener),
        }
    }
}

impl<P: Protocol> Listeners<P> {
    pub(super) fn new() -> Listeners<P> {
        Listeners { entries: Vec::new() }
    }

    /// A listener that is there already keeps its place and its priority.
    pub(super) fn add(
        &mut self,
        event_type: EventType,
        listener: &Listener<P>,
        registration: Registration,
    ) {
        self.entries.retain(|entry| entry.held.listener().is_some());
        let Registration { use_capture, priority, use_weak_reference } = registration;
        if self.position(&event_type, listener, use_capture).is_some() {
            return;
        }
        let held = if use_weak_reference {
            Held::Weakly(Arc::downgrade(&listener.0))
        } else {
            Held::Strongly(listener.clone())
        };
        let behind = self.entries.partition_point(|entry| entry.priority >= priority);
        self.entries.insert(behind, Entry { event_type, use_capture, priority, held });
    }

    pub(super) fn remove(
        &mut self,
        event_type: &EventType,
        listener: &Listener<P>,
        use_capture: bool,
    ) {
        if let Some(index) = self.position(event_type, listener, use_capture) {
            self.entries.remove(index);
        }
    }

    pub(super) fn has(&self, event_type: &EventType) -> bool {
        let mut of_type = self.entries.iter().filter(|entry| entry.event_type == *event_type);
        of_type.any(|entry| entry.held.listener().is_some())
    }

    /// Who is to be called, in order. Whoever is added or removed by one of them counts from the next event on.
    pub(super) fn hearing(&self, event_type: &EventType) -> Vec<Listener<P>> {
        let at_target = self.entries.iter().filter(|entry| !entry.use_capture);
        let of_type = at_target.filter(|entry| entry.event_type == *event_type);
        of_type.filter_map(|entry| entry.held.listener()).collect()
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    fn position(
        &self,
        event_type: &EventType,
        listener: &Listener<P>,
        use_capture: bool,
    ) -> Option<usize> {
        self.entries.iter().position(|entry| {
            entry.event_type == *event_type
                && entry.use_capture == use_capture
                && entry.held.listener().as_ref() == Some(listener)
        })
    }
}
