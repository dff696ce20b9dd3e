//! Both ends of a connection, joined in memory.

use ravelin_tls::{ClientContext, Connection, End, OpenBuffer, SealBuffer, ServerContext};
use std::time::Duration;

/// The time of all connections that have no other.
pub const NOW: Duration = Duration::from_secs(1_800_000_000);

/// One end: a connection with the buffers that its thread lends it.
pub struct Side {
    pub connection: Connection,
    pub open: OpenBuffer,
    pub seal: SealBuffer,
    pub context: Option<ServerContext>,
    pub received: Vec<u8>,
    pub end: Option<End>,
    now: Duration,
}

impl Side {
    pub fn server(context: &ServerContext, now: Duration) -> Side {
        Side::new(Connection::server(), Some(context.clone()), now)
    }

    pub fn client(context: &ClientContext, name: &str, now: Duration) -> Side {
        Side::new(Connection::client(context, name, now).unwrap(), None, now)
    }

    fn new(connection: Connection, context: Option<ServerContext>, now: Duration) -> Side {
        Side {
            connection,
            open: OpenBuffer::new(2),
            seal: SealBuffer::new(4),
            context,
            received: Vec::new(),
            end: None,
            now,
        }
    }

    /// Takes bytes from the network in pieces of `piece`.
    pub fn receive(&mut self, wire: &[u8], piece: usize) {
        for mut part in wire.chunks(piece) {
            while !part.is_empty() {
                self.connection.restore(&mut self.open);
                let space = self.open.space();
                let count = space.len().min(part.len());
                assert!(count > 0, "no room");
                space[..count].copy_from_slice(&part[..count]);
                self.open.filled(count);
                part = &part[count..];
                self.work();
                self.connection.keep(&mut self.open);
            }
        }
    }

    pub fn work(&mut self) {
        loop {
            let opened = self.connection.open(&mut self.open);
            self.received.extend_from_slice(opened.plain);
            let again = opened.asking || opened.established;
            if opened.end.is_some() {
                self.end = opened.end;
            }
            if self.connection.hello().is_some() {
                self.connection.answer(self.context.as_ref().unwrap(), self.now).unwrap();
            } else if !again {
                return;
            }
        }
    }

    pub fn take_outgoing(&mut self) -> Vec<u8> {
        let bytes = self.connection.outgoing().to_vec();
        self.connection.sent(bytes.len());
        bytes
    }

    pub fn seal(&mut self, mut data: &[u8]) -> Vec<u8> {
        let mut wire = Vec::new();
        while !data.is_empty() {
            self.connection.lend(&mut self.seal);
            let count = self.seal.fill(data);
            self.connection.seal(&mut self.seal, count).unwrap();
            wire.extend_from_slice(self.seal.sealed());
            data = &data[count..];
        }
        wire
    }
}

pub struct Pair {
    pub client: Side,
    pub server: Side,
}

impl Pair {
    pub fn new(client: &ClientContext, server: &ServerContext) -> Pair {
        Pair::at(client, server, "localhost", NOW)
    }

    pub fn at(client: &ClientContext, server: &ServerContext, name: &str, now: Duration) -> Pair {
        Pair { client: Side::client(client, name, now), server: Side::server(server, now) }
    }

    /// Carries bytes to and fro until both are silent.
    pub fn exchange(&mut self, piece: usize) {
        loop {
            let up = self.client.take_outgoing();
            let down = self.server.take_outgoing();
            if up.is_empty() && down.is_empty() {
                return;
            }
            self.server.receive(&up, piece);
            self.client.receive(&down, piece);
        }
    }

    pub fn handshake(mut self) -> Pair {
        self.exchange(65_536);
        assert_eq!((&self.client.end, &self.server.end), (&None, &None));
        assert!(
            !self.client.connection.is_handshaking() && !self.server.connection.is_handshaking()
        );
        assert_eq!(
            self.client.connection.handshake().map(|h| (h.version, h.suite, h.group, h.kind)),
            self.server.connection.handshake().map(|h| (h.version, h.suite, h.group, h.kind)),
        );
        self
    }

    pub fn check_data(&mut self, piece: usize) {
        for count in [1, 100, 16_384, 16_385, 200_000] {
            if piece < 100 && count > 1000 {
                continue;
            }
            let data: Vec<u8> = (0..253).cycle().take(count).collect();
            let wire = self.client.seal(&data);
            self.server.receive(&wire, piece);
            assert!(std::mem::take(&mut self.server.received) == data, "{count} bytes up");
            let wire = self.server.seal(&data);
            self.client.receive(&wire, piece);
            assert!(std::mem::take(&mut self.client.received) == data, "{count} bytes down");
        }
    }
}
