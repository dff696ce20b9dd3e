//! Taking connections in, within limits.

use super::{LISTENERS, Listener, REST, Worker, token_of};
use crate::{
    listen::Bound,
    log::Event,
    reason::CloseReason,
    relay::{Accepted, Over, Relay, Socket},
    sys,
};
use mio::{Interest, Token, net::TcpStream};
use std::{
    io::{self, ErrorKind},
    net::SocketAddr,
    sync::Arc,
};

/// Connections taken in one go before those that exist get their turn.
const BATCH: usize = 64;

impl Worker {
    /// Takes over the listeners of a snapshot: those that stay keep their socket and whatever waits in it.
    pub(super) fn listen(&mut self, bound: Vec<Bound>) -> io::Result<()> {
        let mut old = std::mem::take(&mut self.listeners);
        for Bound { address, service, socket } in bound {
            let kept = old.iter().position(|listener| listener.address == address);
            let listener = match (kept, socket) {
                (Some(kept), None) => Listener { service, ..old.swap_remove(kept) },
                (_, Some(socket)) => Listener { socket, address, service },
                (None, None) => continue,
            };
            self.listeners.push(listener);
        }
        for mut gone in old {
            // What waits in it is refused by the kernel; nothing was promised to it.
            let _ = self.poll.registry().deregister(&mut gone.socket);
        }
        for (number, listener) in self.listeners.iter_mut().enumerate() {
            let (token, registry) = (Token(LISTENERS + number), self.poll.registry());
            let interest = Interest::READABLE;
            match registry.register(&mut listener.socket, token, interest) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                    registry.reregister(&mut listener.socket, token, interest)?;
                }
                other => other?,
            }
        }
        Ok(())
    }

    /// Accepts what waits at a listener.
    pub(super) fn accept(&mut self, number: usize) {
        for turn in 0.. {
            if self.drain.is_some() || self.resting.is_some() {
                return;
            }
            let Some(listener) = self.listeners.get(number) else { return };
            if turn == BATCH {
                // The others first; the kernel says nothing more about this one, so we come back by ourselves.
                self.resting = Some(self.thread.now);
                return;
            }
            match listener.socket.accept() {
                Ok((client, peer)) => self.admit(number, client, peer),
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => return,
                    // The client was gone before we looked.
                    ErrorKind::ConnectionAborted | ErrorKind::Interrupted => {}
                    _ => {
                        let event = Event::ListenerFailed {
                            service: &self.snapshot.services[listener.service].settings.name,
                            address: listener.address,
                            error: &error.to_string(),
                        };
                        self.thread.log.event(self.thread.wall, &event);
                        self.resting = Some(self.thread.now + REST);
                        return;
                    }
                },
            }
        }
    }

    fn admit(&mut self, number: usize, client: TcpStream, peer: SocketAddr) {
        let service = Arc::clone(&self.snapshot.services[self.listeners[number].service]);
        let id = self.next_id;
        self.next_id += self.workers as u64;
        service.metrics.opened();
        let admitted = self.admission.admit(&service.count, service.limits(), peer.ip());
        let admitted = match admitted {
            Ok(admitted) => admitted,
            Err(refused) => {
                service.metrics.closed(CloseReason::LimitReached);
                let (service, limit) = (&*service.settings.name, refused.word());
                let event = Event::Refused { service, client: peer, limit };
                return self.thread.log.event(self.thread.wall, &event);
            }
        };
        // Handed over by the kernel only once its first bytes were there, or a while after.
        let since_syn = sys::tcp_info(&client).map_or(0, |info| info.since_syn().as_millis());
        let since_syn = u64::try_from(since_syn).unwrap_or(0);
        let accepted = Accepted { id, service, client, peer, admitted, since_syn };
        let relay = Box::new(Relay::new(accepted, self.thread.now));
        self.handshaking += 1;
        let index = self.relays.insert(relay);
        self.handshakes.push_back((index, id));
        self.serve(index);
        // Most clients' first bytes are there already, so that the kernel has less to say.
        let Some(relay) = self.relays.get_mut(index).filter(|relay| relay.id == id) else {
            return;
        };
        let (deadline, token) = (relay.deadline(), token_of(index, Socket::Client));
        let registered = relay.register(&self.thread.registry, token);
        if let Err(error) = registered {
            let detail = Some(error.to_string());
            return self.end(index, &Over::lost(CloseReason::InternalError, detail));
        }
        if let Some(at) = deadline {
            self.arm(index, id, at);
        }
        self.shed();
    }

    /// Drops the oldest unfinished handshakes beyond the limit: never an established connection.
    fn shed(&mut self) {
        let limit = (self.snapshot.settings.limits.handshakes / self.workers).max(1);
        while let Some((index, id)) = self.handshakes.front().copied() {
            let handshaking = self
                .relays
                .get(index)
                .is_some_and(|relay| relay.id == id && relay.is_handshaking());
            if handshaking && self.handshaking <= limit {
                return;
            }
            self.handshakes.pop_front();
            if handshaking {
                self.end(index, &Over::lost(CloseReason::HandshakeShed, None));
            }
        }
    }
}
