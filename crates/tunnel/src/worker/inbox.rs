//! What the control thread tells the workers.

use crate::{active::Snapshot, listen::Bound};
use std::{
    io,
    sync::{
        Arc,
        mpsc::{self, Receiver, Sender},
    },
    time::Duration,
};

/// A message to one worker.
pub(crate) enum Message {
    /// New connections obey this snapshot. The listeners replace those that the worker has; sockets that stay are
    /// not named again.
    Reload { snapshot: Arc<Snapshot>, listeners: Vec<Bound> },
    /// No new connections; those that exist may go on this long.
    Drain { limit: Duration },
    /// Everything ends now.
    Stop,
}

/// The worker's side.
pub(crate) struct Inbox(Receiver<Message>);

impl Inbox {
    pub(crate) fn next(&self) -> Option<Message> {
        self.0.try_recv().ok()
    }
}

/// The control thread's side.
pub(crate) struct Outbox {
    sender: Sender<Message>,
    waker: mio::Waker,
}

impl Outbox {
    /// An outbox with the inbox of the worker that owns `poll`.
    pub(crate) fn new(poll: &mio::Poll) -> io::Result<(Outbox, Inbox)> {
        let (sender, receiver) = mpsc::channel();
        let waker = mio::Waker::new(poll.registry(), super::WAKER)?;
        Ok((Outbox { sender, waker }, Inbox(receiver)))
    }

    /// Hands a message over. A worker that is gone does not mind.
    pub(crate) fn send(&self, message: Message) {
        if self.sender.send(message).is_ok() {
            // The worst that a failing wake-up does is to delay the message to the next event.
            let _ = self.waker.wake();
        }
    }
}
