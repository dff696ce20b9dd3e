//! Sessions kept on the server, for resumption by session id (TLS 1.2) and stateful tickets.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
    time::Duration,
};
use zeroize::Zeroizing;

/// A bounded store of sessions in memory. The oldest makes room for the newest.
///
/// ```
/// use ravelin_tls::SessionStore;
/// use std::time::Duration;
///
/// let store = SessionStore::new(1000, Duration::from_secs(300));
/// store.put(b"id", b"session".to_vec());
/// assert_eq!(store.get(b"id").as_deref(), Some(&b"session"[..]));
/// ```
pub struct SessionStore {
    sessions: Mutex<Sessions>,
    capacity: usize,
    lifetime: Duration,
}

#[derive(Default)]
struct Sessions {
    by_id: HashMap<Box<[u8]>, Session>,
    /// In the order in which they came; some are gone already.
    order: VecDeque<(Box<[u8]>, u64)>,
    now: Duration,
    next: u64,
}

struct Session {
    value: Zeroizing<Vec<u8>>,
    since: Duration,
    number: u64,
}

impl SessionStore {
    /// Room for `capacity` sessions, each good for `lifetime`.
    pub fn new(capacity: usize, lifetime: Duration) -> SessionStore {
        SessionStore { sessions: Mutex::default(), capacity, lifetime }
    }

    /// Tells the time (any clock that does not go back) and forgets what is too old.
    pub fn tick(&self, now: Duration) {
        let mut sessions = self.lock();
        sessions.now = now;
        while let Some((id, number)) = sessions.order.front() {
            let known = sessions.by_id.get(id).filter(|session| session.number == *number);
            if known.is_some_and(|session| now.saturating_sub(session.since) <= self.lifetime) {
                break;
            }
            sessions.drop_oldest();
        }
    }

    /// Keeps a session. False when the store has no room at all.
    pub fn put(&self, id: &[u8], value: Vec<u8>) -> bool {
        if self.capacity == 0 {
            return false;
        }
        let mut sessions = self.lock();
        let (number, since) = (sessions.next, sessions.now);
        sessions.next += 1;
        sessions.order.push_back((id.into(), number));
        sessions.by_id.insert(id.into(), Session { value: value.into(), since, number });
        // Twice the capacity bounds what `take` leaves behind in the order.
        while sessions.by_id.len() > self.capacity || sessions.order.len() > 2 * self.capacity {
            sessions.drop_oldest();
        }
        true
    }

    /// A copy of a session that is still good.
    pub fn get(&self, id: &[u8]) -> Option<Vec<u8>> {
        let sessions = self.lock();
        let session = sessions.by_id.get(id)?;
        let age = sessions.now.saturating_sub(session.since);
        (age <= self.lifetime).then(|| session.value.to_vec())
    }

    /// A session that is still good; it cannot be had again.
    pub fn take(&self, id: &[u8]) -> Option<Vec<u8>> {
        let mut sessions = self.lock();
        let session = sessions.by_id.remove(id)?;
        let age = sessions.now.saturating_sub(session.since);
        (age <= self.lifetime).then(|| session.value.to_vec())
    }

    /// How many sessions are kept.
    pub fn len(&self) -> usize {
        self.lock().by_id.len()
    }

    /// Whether none is kept.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sessions {
    fn drop_oldest(&mut self) {
        if let Some((id, number)) = self.order.pop_front()
            && self.by_id.get(&id).is_some_and(|session| session.number == number)
        {
            self.by_id.remove(&id);
        }
    }
}

impl std::fmt::Debug for SessionStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionStore")
            .field("capacity", &self.capacity)
            .field("sessions", &self.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(second: u64) -> Duration {
        Duration::from_secs(second)
    }

    #[test]
    fn the_oldest_makes_room() {
        let store = SessionStore::new(3, second(100));
        for id in 0..10u8 {
            assert!(store.put(&[id], vec![id]));
            assert!(store.len() <= 3);
        }
        assert_eq!(store.get(&[6]), None);
        assert_eq!(store.get(&[7]), Some(vec![7]));
        assert!(!SessionStore::new(0, second(1)).put(b"id", Vec::new()));
    }

    #[test]
    fn sessions_grow_old() {
        let store = SessionStore::new(3, second(100));
        store.tick(second(1000));
        store.put(b"old", vec![1]);
        store.tick(second(1050));
        store.put(b"new", vec![2]);
        store.tick(second(1100));
        assert_eq!(store.len(), 2);
        store.tick(second(1101));
        assert_eq!((store.get(b"old"), store.get(b"new")), (None, Some(vec![2])));
        assert_eq!(store.len(), 1);
    }

    #[test]
    fn a_taken_session_is_gone_and_leaves_nothing_behind() {
        let store = SessionStore::new(3, second(100));
        for round in 0..1000u32 {
            store.put(&round.to_be_bytes(), vec![1]);
            assert_eq!(store.take(&round.to_be_bytes()), Some(vec![1]));
            assert_eq!(store.take(&round.to_be_bytes()), None);
        }
        assert!(store.is_empty());
        assert!(store.lock().order.len() <= 6);
    }

    #[test]
    fn a_replaced_session_is_not_dropped_with_its_elder() {
        let store = SessionStore::new(2, second(100));
        store.put(b"id", vec![1]);
        store.put(b"id", vec![2]);
        store.put(b"other", vec![3]);
        assert_eq!(store.get(b"id"), Some(vec![2]));
    }
}
