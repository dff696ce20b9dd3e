//! Hostile clients and servers: a mutated handshake ends in an error or waits for more. It never panics, never finishes
//! on what was tampered with, and never makes the other side keep more than a hello's worth.

use ravelin_tls::{
    ClientConfig, ClientContext, Connection, DataPath, End, Identity, OpenBuffer, SealBuffer,
    ServerConfig, ServerContext, Trust, Version, VersionRange, hello::MAX_HELLO,
};
use rcgen::{CertificateParams, KeyPair};
use std::{sync::Arc, time::Duration};

const NOW: Duration = Duration::from_secs(1_800_000_000);

/// A generator of numbers that are the same in every run (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }

    fn byte(&mut self) -> u8 {
        // The values at the edges find more than those between.
        [0, 1, 0x7f, 0x80, 0xfe, 0xff, self.0.to_le_bytes()[3]][self.below(7)]
    }

    /// Changes bytes in one to three places.
    fn mutate(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..=self.below(3) {
            if bytes.is_empty() {
                return;
            }
            let at = self.below(bytes.len());
            let end = (at + 1 + self.below(40)).min(bytes.len());
            match self.below(7) {
                0 => bytes[at] ^= 1 << self.below(8),
                1 => bytes[at] = self.byte(),
                2 => bytes.truncate(at),
                3 => drop(bytes.drain(at..end)),
                4 => {
                    let again = bytes[at..end].to_vec();
                    bytes.splice(at..at, again);
                }
                5 => bytes.insert(at, self.byte()),
                _ => bytes[at] = bytes[at].wrapping_add(1),
            }
        }
    }
}

struct Party {
    server: ServerContext,
    client: ClientContext,
}

fn party(version: Version, data_path: DataPath) -> Party {
    let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let mut params = CertificateParams::new(vec!["localhost".into()]).unwrap();
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(2040, 1, 1);
    let certificate = params.self_signed(&key).unwrap();
    let identity =
        Identity::from_bytes(certificate.pem().as_bytes(), key.serialize_pem().as_bytes()).unwrap();
    let versions = VersionRange { min: version, max: version };
    let mut server = ServerConfig::new(vec![Arc::new(identity)]);
    server.versions = versions;
    server.data_path = data_path;
    let mut client = ClientConfig::new(Trust::of_certificates([certificate.der()]).unwrap());
    client.versions = versions;
    client.data_path = data_path;
    Party {
        server: ServerContext::new(&server).unwrap(),
        client: ClientContext::new(&client).unwrap(),
    }
}

fn outgoing(connection: &mut Connection) -> Vec<u8> {
    let bytes = connection.outgoing().to_vec();
    connection.sent(bytes.len());
    bytes
}

/// Feeds bytes in pieces; says how the connection ended, if it did.
fn feed(
    connection: &mut Connection,
    context: Option<&ServerContext>,
    buffer: &mut OpenBuffer,
    mut wire: &[u8],
    piece: usize,
) -> Option<End> {
    let mut end = None;
    while !wire.is_empty() {
        connection.restore(buffer);
        let space = buffer.space();
        let count = space.len().min(piece).min(wire.len());
        if count == 0 {
            // A message larger than any buffer: the caller gives up here, as on a timeout.
            connection.keep(buffer);
            return end;
        }
        space[..count].copy_from_slice(&wire[..count]);
        buffer.filled(count);
        wire = &wire[count..];
        loop {
            let opened = connection.open(buffer);
            let (again, ended) = (opened.asking || opened.established, opened.end.is_some());
            if ended {
                assert!(end.is_none(), "two ends");
                end = opened.end;
            }
            if connection.hello().is_some() {
                let Some(context) = context else { break };
                if let Err(error) = connection.answer(context, NOW) {
                    assert!(!connection.outgoing().is_empty(), "the peer is told: {error}");
                    assert!(end.is_none(), "two ends");
                    end = Some(End::Failed(error));
                    break;
                }
            } else if !again {
                break;
            }
        }
        connection.keep(buffer);
    }
    end
}

#[test]
fn a_hundred_thousand_malformed_hellos() {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let parties: Vec<Party> =
        [Version::Tls12, Version::Tls13].map(|version| party(version, DataPath::Own)).into();
    let hellos: Vec<Vec<u8>> = parties
        .iter()
        .map(|party| Connection::client(&party.client, "localhost", NOW).unwrap())
        .map(|client| client.outgoing().to_vec())
        .collect();
    let mut buffer = OpenBuffer::new(8);
    let (mut refused, mut waiting, mut asked) = (0, 0, 0);
    for round in 0..100_000 {
        let mut hello = hellos[round % 2].clone();
        while hello == hellos[round % 2] {
            numbers.mutate(&mut hello);
        }
        let piece = if round % 8 == 0 { 1 + numbers.below(100) } else { usize::MAX };
        let mut server = Connection::server();
        // Every tenth goes on into the engine, where the hello was good enough for that.
        let context = (round % 10 == 0).then(|| &parties[numbers.below(2)].server);
        let end = feed(&mut server, context, &mut buffer, &hello, piece);
        assert!(server.outgoing().len() < 16_384);
        assert!(server.handshake().is_none(), "finished by a hello alone");
        match end {
            Some(End::Failed(error)) => {
                assert!(!error.to_string().is_empty());
                assert!(!server.is_handshaking());
                refused += 1;
            }
            Some(end) => panic!("no way to end a handshake: {end:?}"),
            None if server.hello().is_some() => asked += 1,
            None => waiting += 1,
        }
    }
    // All three are common, or the mutations have lost their bite.
    assert!(refused > 10_000 && waiting > 1_000 && asked > 1_000, "{refused} {waiting} {asked}");
}

#[test]
fn what_a_hello_makes_a_server_keep_is_bounded() {
    let mut buffer = OpenBuffer::new(8);
    // Records without end that hold one message as long as it may be, and one that may not.
    for (length, kept) in [(MAX_HELLO, true), (MAX_HELLO + 1, false)] {
        let mut server = Connection::server();
        let header = u32::try_from(length).unwrap().to_be_bytes();
        let mut message = vec![1, header[1], header[2], header[3]];
        message.resize(16_384, 0);
        let record = [&[22, 3, 1, 0x40, 0][..], &message].concat();
        let end = feed(&mut server, None, &mut buffer, &record, usize::MAX);
        assert_eq!((end.is_none(), server.has_kept()), (kept, kept));
    }
    // Many small records.
    let mut server = Connection::server();
    let mut wire = [22, 3, 1, 0, 4, 1, 0, 0xff, 0xff].to_vec();
    wire.extend(std::iter::repeat_n([22, 3, 1, 0, 1, 0], 100).flatten());
    let end = feed(&mut server, None, &mut buffer, &wire, 1);
    assert!(matches!(end, Some(End::Failed(_))));
}

/// Mutates one flight of a handshake, of either side, and then whatever comes after it.
#[test]
fn a_mutated_flight_is_refused_or_waited_out() {
    let mut numbers = Numbers(0x0123_4567_89ab_cdef);
    let (mut refused, mut waiting) = (0, 0);
    for version in [Version::Tls12, Version::Tls13] {
        for data_path in [DataPath::Own, DataPath::Engine] {
            let party = party(version, data_path);
            for round in 0..500 {
                let counter =
                    if tampered(&party, &mut numbers, round) { &mut refused } else { &mut waiting };
                *counter += 1;
            }
        }
    }
    assert!(refused > 500 && waiting > 20, "{refused} {waiting}");
}

/// Carries flights to and fro, one of them changed. Says whether the side that got it refused it.
fn tampered(party: &Party, numbers: &mut Numbers, round: usize) -> bool {
    let mut buffer = OpenBuffer::new(8);
    let mut client = Connection::client(&party.client, "localhost", NOW).unwrap();
    let mut server = Connection::server();
    // Flights one and two of each side; a client's first is the business of another test.
    let (of_client, which) = [(true, 1), (false, 0), (false, 1)][round % 3];
    let piece = if numbers.below(4) == 0 { 1 + numbers.below(50) } else { usize::MAX };
    for flight in 0..2 {
        let (mut up, whole) = (outgoing(&mut client), !(of_client && flight == which));
        if !whole {
            change(&mut up, numbers);
            let end = feed(&mut server, Some(&party.server), &mut buffer, &up, piece);
            return aftermath(&mut server, end.is_some(), &mut buffer, numbers);
        }
        assert!(feed(&mut server, Some(&party.server), &mut buffer, &up, piece).is_none());
        let mut down = outgoing(&mut server);
        if !of_client && flight == which && !down.is_empty() {
            change(&mut down, numbers);
            let end = feed(&mut client, None, &mut buffer, &down, piece);
            return aftermath(&mut client, end.is_some(), &mut buffer, numbers);
        }
        assert!(feed(&mut client, None, &mut buffer, &down, piece).is_none());
    }
    // TLS 1.3 without tickets: the server has no second flight.
    assert!(client.handshake().is_some() && server.handshake().is_some());
    true
}

fn change(flight: &mut Vec<u8>, numbers: &mut Numbers) {
    let before = flight.clone();
    while *flight == before {
        numbers.mutate(flight);
    }
}

/// After a changed flight: nothing that follows may bring the connection back, or down with a panic.
fn aftermath(
    connection: &mut Connection,
    refused: bool,
    buffer: &mut OpenBuffer,
    numbers: &mut Numbers,
) -> bool {
    for _ in 0..3 {
        let mut more: Vec<u8> = (0..numbers.below(60)).map(|_| numbers.byte()).collect();
        if numbers.below(2) == 0 {
            let length = numbers.byte();
            more.splice(0..0, [[20, 21, 22, 23][numbers.below(4)], 3, 3, 0, length]);
        }
        let later = feed(connection, None, buffer, &more, usize::MAX);
        assert!(!(refused && later.is_some()), "ended again: {later:?}");
        outgoing(connection);
        let mut seal = SealBuffer::new(1);
        connection.lend(&mut seal);
        if connection.handshake().is_none() || refused {
            let count = seal.fill(b"data");
            assert!(connection.seal(&mut seal, count).is_err(), "sealed without a handshake");
        }
    }
    connection.receive_fin();
    refused
}
