//! One fetch for all who want the same at the same time.

use super::{Evidence, FetchError, request::Key};
use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, Mutex, PoisonError, Weak},
};
use tokio::{sync::watch, task::AbortHandle};

pub(super) type Outcome = Result<Evidence, FetchError>;

type Running = Mutex<HashMap<Key, Weak<Flight>>>;

/// The fetches that are going on.
#[derive(Default)]
pub(super) struct Flights {
    running: Arc<Running>,
}

/// A fetch, owned by all who wait for it: it runs as a task of its own, so it goes on whichever of them leaves, and ends
/// when the last one does.
struct Flight {
    key: Key,
    outcome: watch::Receiver<Option<Outcome>>,
    task: AbortHandle,
    among: Weak<Running>,
}

impl Flights {
    /// Joins the fetch of this key that is going on, or starts one. `None` if it was ended from outside.
    pub(super) async fn join<F>(&self, key: Key, start: impl FnOnce() -> F) -> Option<Outcome>
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        let flight = self.board(key, start);
        let mut outcome = flight.outcome.clone();
        let outcome = outcome.wait_for(Option::is_some).await.ok()?;
        outcome.clone()
    }

    fn board<F>(&self, key: Key, start: impl FnOnce() -> F) -> Arc<Flight>
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        // Declared first, so dropped last: dropping a flight locks the map as well.
        let known;
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        known = running.get(&key).and_then(Weak::upgrade);
        if let Some(flight) = known.as_ref().filter(|flight| flight.is_going_on()) {
            return Arc::clone(flight);
        }
        let (sender, outcome) = watch::channel(None);
        let fetch = start();
        let task = tokio::spawn(async move {
            // Nobody may be left to hear it.
            let _ = sender.send(Some(fetch.await));
        });
        let flight = Arc::new(Flight {
            key,
            outcome,
            task: task.abort_handle(),
            among: Arc::downgrade(&self.running),
        });
        running.insert(key, Arc::downgrade(&flight));
        flight
    }
}

impl Flight {
    fn is_going_on(&self) -> bool {
        !self.task.is_finished() && self.outcome.borrow().is_none()
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.task.abort();
        if let Some(among) = self.among.upgrade() {
            let mut among = among.lock().unwrap_or_else(PoisonError::into_inner);
            // Another flight of the same key may have begun meanwhile.
            if among.get(&self.key).is_some_and(|known| known.strong_count() == 0) {
                among.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Flights, Key, Outcome};
    use crate::fetch::{FetchError, FetchFault};
    use std::{
        future::{pending, ready},
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
        time::Duration,
    };
    use tokio::{sync::oneshot, time::timeout};

    fn outcome() -> Outcome {
        Err(FetchError::new("http://a/", FetchFault::Status(404)))
    }

    #[tokio::test]
    async fn a_fetch_ends_with_the_last_who_waits_and_leaves_nothing_behind() {
        struct Tells(Option<oneshot::Sender<()>>);
        impl Drop for Tells {
            fn drop(&mut self) {
                self.0.take().map(|sender| sender.send(()));
            }
        }
        let flights = Flights::default();
        let key = Key::of(b"test", &[]);
        let (sender, ended) = oneshot::channel();
        let tells = Tells(Some(sender));
        let fetch = async move {
            let _tells = tells;
            pending::<Outcome>().await
        };
        let short = Duration::from_millis(20);
        {
            let first = flights.join(key, || fetch);
            let mut first = Box::pin(first);
            assert!(timeout(short, &mut first).await.is_err());
            let second = flights.join(key, || -> std::future::Ready<Outcome> { unreachable!() });
            let mut second = Box::pin(second);
            assert!(timeout(short, &mut second).await.is_err());
            drop(first);
            assert!(timeout(short, &mut second).await.is_err());
            assert_eq!(flights.running.lock().unwrap().len(), 1);
        }
        assert!(flights.running.lock().unwrap().is_empty());
        timeout(Duration::from_secs(5), ended).await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn one_after_the_other_are_two_fetches() {
        let flights = Flights::default();
        let key = Key::of(b"test", &[]);
        let count = Arc::new(AtomicUsize::new(0));
        for _ in 0..2 {
            let found = flights.join(key, || {
                count.fetch_add(1, Ordering::Relaxed);
                ready(outcome())
            });
            assert!(found.await.unwrap().is_err());
        }
        assert_eq!(count.load(Ordering::Relaxed), 2);
        assert!(flights.running.lock().unwrap().is_empty());
    }
}
