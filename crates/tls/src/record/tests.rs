use super::*;
use crate::buffers::MAX_RECORD;

fn secret(algorithm: Algorithm, fill: u8) -> Secret {
    Secret { algorithm, key: Zeroizing::new([fill; 32]), iv: [fill ^ 0x5a; 12] }
}

/// Two sides that renew their keys by counting.
struct Counting {
    algorithm: Algorithm,
    send: u8,
    receive: u8,
    tickets: Vec<Vec<u8>>,
}

impl KeySource for Counting {
    fn next_send(&mut self) -> Result<Secret, TlsError> {
        self.send = self.send.wrapping_add(1);
        Ok(secret(self.algorithm, self.send))
    }
    fn next_receive(&mut self) -> Result<Secret, TlsError> {
        self.receive = self.receive.wrapping_add(1);
        Ok(secret(self.algorithm, self.receive))
    }
    fn new_session_ticket(&mut self, body: &[u8]) -> Result<(), TlsError> {
        self.tickets.push(body.to_vec());
        Ok(())
    }
}

const CLIENT: u8 = 10;
const SERVER: u8 = 100;

fn layer(version: Version, algorithm: Algorithm, side: Side, limit: u64) -> RecordLayer {
    let (send, receive) = if side == Side::Client { (CLIENT, SERVER) } else { (SERVER, CLIENT) };
    RecordLayer::new(Start {
        version,
        side,
        send: (1, secret(algorithm, send)),
        receive: (1, secret(algorithm, receive)),
        confidentiality_limit: limit,
        keys: Box::new(Counting { algorithm, send, receive, tickets: Vec::new() }),
        small_first_records: false,
    })
}

fn pair(version: Version, algorithm: Algorithm) -> (RecordLayer, RecordLayer) {
    (
        layer(version, algorithm, Side::Client, 1 << 24),
        layer(version, algorithm, Side::Server, 1 << 24),
    )
}

const EVERY: [(Version, Algorithm); 6] = [
    (Version::Tls13, Algorithm::Aes128Gcm),
    (Version::Tls13, Algorithm::Aes256Gcm),
    (Version::Tls13, Algorithm::Chacha20Poly1305),
    (Version::Tls12, Algorithm::Aes128Gcm),
    (Version::Tls12, Algorithm::Aes256Gcm),
    (Version::Tls12, Algorithm::Chacha20Poly1305),
];

fn seal(from: &mut RecordLayer, data: &[u8]) -> Vec<u8> {
    let mut buffer = SealBuffer::new(4);
    let (mut out, mut lead, mut rest) = (Vec::new(), Vec::new(), data);
    loop {
        buffer.set_layout(from.layout());
        let count = buffer.fill(rest);
        from.seal(&mut buffer, count, &mut lead).unwrap();
        out.extend_from_slice(buffer.sealed());
        rest = &rest[count..];
        if rest.is_empty() {
            return out;
        }
    }
}

/// Feeds `wire` in pieces of `piece` bytes; returns the data, the answers and the end.
fn open(to: &mut RecordLayer, wire: &[u8], piece: usize) -> (Vec<u8>, Vec<u8>, Option<End>) {
    let mut buffer = OpenBuffer::new(4);
    let (mut data, mut out) = (Vec::new(), Vec::new());
    for part in wire.chunks(piece) {
        let mut part = part;
        while !part.is_empty() {
            let space = buffer.space();
            let count = space.len().min(part.len());
            space[..count].copy_from_slice(&part[..count]);
            buffer.filled(count);
            part = &part[count..];
            buffer.clear_plain();
            let end = to.open(&mut buffer, &mut out);
            data.extend_from_slice(buffer.plain());
            if end.is_some() {
                return (data, out, end);
            }
        }
    }
    (data, out, None)
}

fn control(from: &mut RecordLayer, content: u8, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    from.send.append(ContentType(content), body, &mut out).unwrap();
    out
}

fn alert_of(end: Option<End>) -> Option<Alert> {
    match end {
        Some(End::Failed(error)) => error.alert_sent(),
        other => panic!("expected a failure, got {other:?}"),
    }
}

fn pattern(count: usize) -> Vec<u8> {
    (0..251).map(|i: u8| i.wrapping_mul(31)).cycle().take(count).collect()
}

#[test]
fn data_arrives_unchanged_in_any_pieces() {
    for (version, algorithm) in EVERY {
        for count in
            [1, 2, 100, MAX_PLAIN - 1, MAX_PLAIN, MAX_PLAIN + 1, 3 * MAX_PLAIN + 5, 300_000]
        {
            let data = pattern(count);
            for piece in [1usize, 7, 1460, 65_536] {
                if piece < 100 && count > 20_000 {
                    continue;
                }
                let (mut client, mut server) = pair(version, algorithm);
                let wire = seal(&mut client, &data);
                assert_eq!(open(&mut server, &wire, piece), (data.clone(), Vec::new(), None));
                let wire = seal(&mut server, &data);
                assert_eq!(open(&mut client, &wire, piece).0, data);
            }
        }
    }
}

#[test]
fn close_notify_ends_in_order_and_what_follows_is_not_read() {
    for (version, algorithm) in EVERY {
        let (mut client, mut server) = pair(version, algorithm);
        let mut wire = seal(&mut client, b"last words");
        client.alert(false, Alert::CLOSE_NOTIFY, &mut wire);
        wire.extend(seal(&mut client, b"too late"));
        assert_eq!(
            open(&mut server, &wire, 65_536),
            (b"last words".to_vec(), Vec::new(), Some(End::Closed))
        );
    }
}

#[test]
fn data_before_a_bad_record_is_delivered() {
    for (version, algorithm) in EVERY {
        let (mut client, mut server) = pair(version, algorithm);
        let mut wire = seal(&mut client, b"good");
        let mut bad = seal(&mut client, b"bad");
        *bad.last_mut().unwrap() ^= 1;
        wire.extend(bad);
        let (data, out, end) = open(&mut server, &wire, 65_536);
        assert_eq!(data, b"good");
        assert_eq!(alert_of(end), Some(Alert::BAD_RECORD_MAC));
        let (_, _, end) = open(&mut client, &out, 65_536);
        assert_eq!(end, Some(End::Failed(TlsError::AlertReceived(Alert::BAD_RECORD_MAC))));
    }
}

#[test]
fn every_changed_byte_is_noticed() {
    for (version, algorithm) in EVERY {
        let (mut client, _) = pair(version, algorithm);
        let wire = seal(&mut client, b"untouched");
        // TLS 1.3 ignores the type and minor version in front of a record.
        for at in 0..wire.len() {
            let mut changed = wire.clone();
            changed[at] ^= 0x80;
            let (_, mut server) = pair(version, algorithm);
            let (data, _, end) = open(&mut server, &changed, 65_536);
            let ignored = version == Version::Tls13 && at == 2;
            assert!(ignored || data.is_empty(), "byte {at}");
            // A longer length waits for more.
            assert!(ignored || end.is_some() || at == 3 || at == 4, "byte {at}: {end:?}");
        }
    }
}

#[test]
fn keys_are_renewed_both_ways() {
    for (version, algorithm) in EVERY {
        let (mut client, mut server) = pair(version, algorithm);
        let mut wire = Vec::new();
        let asked = client.update_keys(&mut wire);
        if version == Version::Tls12 {
            assert!(asked.is_err());
            continue;
        }
        wire.extend(seal(&mut client, b"under new keys"));
        let (data, answer, end) = open(&mut server, &wire, 3);
        assert_eq!((&data[..], end), (&b"under new keys"[..], None));
        assert!(!answer.is_empty());
        let mut back = answer;
        back.extend(seal(&mut server, b"so are mine"));
        assert_eq!(open(&mut client, &back, 65_536), (b"so are mine".to_vec(), Vec::new(), None));
    }
}

#[test]
fn answers_to_key_updates_do_not_pile_up() {
    let (mut client, mut server) = pair(Version::Tls13, Algorithm::Aes128Gcm);
    let mut wire = Vec::new();
    for _ in 0..1000 {
        client.update_keys(&mut wire).unwrap();
        wire.extend(seal(&mut client, b"x"));
    }
    let (data, out, end) = open(&mut server, &wire, 65_536);
    assert_eq!((data.len(), end), (1000, None));
    assert!(out.len() < 100, "{} bytes of answers", out.len());
    // The answer that is still owed goes in front of the next data.
    let mut back = out;
    back.extend(seal(&mut server, b"answer"));
    assert_eq!(open(&mut client, &back, 65_536).0, b"answer");
}

#[test]
fn key_updates_without_data_are_limited() {
    let (mut client, mut server) = pair(Version::Tls13, Algorithm::Aes128Gcm);
    let mut wire = Vec::new();
    for _ in 0..33 {
        client.update_keys(&mut wire).unwrap();
    }
    let (_, _, end) = open(&mut server, &wire, 65_536);
    assert_eq!(alert_of(end), None);
}

#[test]
fn keys_are_renewed_before_their_limit() {
    let algorithm = Algorithm::Aes256Gcm;
    let mut client = layer(Version::Tls13, algorithm, Side::Client, 10);
    let mut server = layer(Version::Tls13, algorithm, Side::Server, 10);
    for round in 0..100u8 {
        let wire = seal(&mut client, &vec![round; 20_000]);
        let (data, answer, end) = open(&mut server, &wire, 65_536);
        assert_eq!((data, end), (vec![round; 20_000], None));
        assert!(open(&mut client, &answer, 65_536).2.is_none());
        assert!(client.send.sequence() <= 10);
    }
    let mut old = layer(Version::Tls12, algorithm, Side::Client, 10);
    let mut buffer = SealBuffer::new(4);
    let mut refused = None;
    for _ in 0..20 {
        buffer.set_layout(old.layout());
        let count = buffer.fill(b"data");
        refused = old.seal(&mut buffer, count, &mut Vec::new()).err().or(refused);
    }
    assert_eq!(refused, Some(TlsError::KeysExhausted));
}

#[test]
fn empty_records_pass_up_to_a_limit() {
    for (version, algorithm) in EVERY {
        let (mut client, mut server) = pair(version, algorithm);
        let mut wire = Vec::new();
        for _ in 0..32 {
            wire.extend(control(&mut client, 23, b""));
        }
        wire.extend(seal(&mut client, b"data"));
        assert_eq!(open(&mut server, &wire, 65_536), (b"data".to_vec(), Vec::new(), None));
        let wire: Vec<u8> = (0..33).flat_map(|_| control(&mut client, 23, b"")).collect();
        assert_eq!(alert_of(open(&mut server, &wire, 65_536).2), None);
    }
}

#[test]
fn padding_is_removed() {
    let (mut client, mut server) = pair(Version::Tls13, Algorithm::Aes128Gcm);
    // An inner record built by hand: data, its type, padding. `append` puts one more type behind, so a zero is sent
    // as the type, which makes it padding too.
    let mut inner = b"padded".to_vec();
    inner.push(23);
    inner.resize(MAX_PLAIN, 0);
    let wire = control(&mut client, 0, &inner);
    assert_eq!(open(&mut server, &wire, 65_536), (b"padded".to_vec(), Vec::new(), None));
    let wire = control(&mut client, 0, &[0; 100]);
    assert_eq!(alert_of(open(&mut server, &wire, 65_536).2), None);
}

#[test]
fn oversized_records_are_refused() {
    for (version, algorithm) in EVERY {
        let (mut client, mut server) = pair(version, algorithm);
        let wire = control(&mut client, 23, &vec![7; MAX_PLAIN + 1]);
        assert_eq!(alert_of(open(&mut server, &wire, 65_536).2), Some(Alert::RECORD_OVERFLOW));
        let (_, mut server) = pair(version, algorithm);
        let header = [23, 3, 3, 0x48, 0x00];
        assert_eq!(alert_of(open(&mut server, &header, 65_536).2), Some(Alert::DECODE_ERROR));
    }
    const { assert!(MAX_RECORD < 5 + 0x4801) };
}

#[test]
fn alerts_are_told_apart() {
    use Version::{Tls12, Tls13};
    let failed = |error| Some(End::Failed(error));
    for (version, algorithm) in EVERY {
        let check = |body: &[u8]| {
            let (mut client, mut server) = pair(version, algorithm);
            let wire = control(&mut client, 21, body);
            open(&mut server, &wire, 65_536).2
        };
        assert_eq!(check(&[2, 45]), failed(TlsError::AlertReceived(Alert::CERTIFICATE_EXPIRED)));
        assert_eq!(check(&[2, 0]), Some(End::Closed));
        assert_eq!(check(&[1, 90]), None);
        assert_eq!(alert_of(check(&[3, 10])), Some(Alert::ILLEGAL_PARAMETER));
        assert_eq!(alert_of(check(&[1])), Some(Alert::DECODE_ERROR));
        assert_eq!(alert_of(check(&[1, 0, 0])), Some(Alert::DECODE_ERROR));
        match version {
            Tls12 => assert_eq!(check(&[1, 100]), None),
            Tls13 => assert_eq!(alert_of(check(&[1, 100])), Some(Alert::DECODE_ERROR)),
        }
    }
}

#[test]
fn renegotiation_is_refused_once_politely() {
    let (mut client, mut server) = pair(Version::Tls12, Algorithm::Aes128Gcm);
    let hello = control(&mut client, 22, &[1, 0, 0, 0]);
    let (_, out, end) = open(&mut server, &hello, 65_536);
    assert_eq!(end, None);
    assert_eq!(open(&mut client, &out, 65_536).2, None, "a warning is no end");
    let hello = control(&mut client, 22, &[1, 0, 0, 0]);
    assert_eq!(alert_of(open(&mut server, &hello, 65_536).2), None);
}

#[test]
fn handshake_messages_are_collected_and_bounded() {
    let (mut client, mut server) = pair(Version::Tls13, Algorithm::Aes128Gcm);
    // A ticket in three pieces reaches the client's key source.
    let mut wire = control(&mut server, 22, &[4, 0]);
    wire.extend(control(&mut server, 22, &[0, 3, b'a']));
    wire.extend(control(&mut server, 22, b"bc"));
    wire.extend(seal(&mut server, b"data"));
    assert_eq!(open(&mut client, &wire, 65_536), (b"data".to_vec(), Vec::new(), None));
    // A server wants no tickets.
    let wire = control(&mut client, 22, &[4, 0, 0, 0]);
    assert_eq!(alert_of(open(&mut server, &wire, 65_536).2), Some(Alert::UNEXPECTED_MESSAGE));
    // Data inside a message, a message that is too long, a message over a key change.
    let attempts: [(&[u8], &[u8], Option<Alert>); 3] = [
        (&[4, 0], b"data", None),
        (&[4, 1, 0, 0], b"", None),
        (&[24, 0, 0, 1, 0, 24], b"", Some(Alert::UNEXPECTED_MESSAGE)),
    ];
    for (message, data, alert) in attempts {
        let (mut client, mut server) = pair(Version::Tls13, Algorithm::Aes128Gcm);
        let mut wire = control(&mut server, 22, message);
        wire.extend(seal(&mut server, data));
        assert_eq!(alert_of(open(&mut client, &wire, 65_536).2), alert, "{message:?}");
    }
}

#[test]
fn small_first_records_grow_to_full_size() {
    let algorithm = Algorithm::Aes128Gcm;
    let (send, receive) = (secret(algorithm, CLIENT), secret(algorithm, SERVER));
    let mut client = RecordLayer::new(Start {
        version: Version::Tls13,
        side: Side::Client,
        send: (1, send),
        receive: (1, receive),
        confidentiality_limit: 1 << 24,
        keys: Box::new(Counting { algorithm, send: CLIENT, receive: SERVER, tickets: Vec::new() }),
        small_first_records: true,
    });
    let (_, mut server) = pair(Version::Tls13, algorithm);
    let data = pattern(200_000);
    let wire = seal(&mut client, &data);
    assert_eq!(usize::from(u16::from_be_bytes([wire[3], wire[4]])), SMALL_PLAIN + 17);
    assert_eq!(client.layout().max_plain, MAX_PLAIN);
    assert_eq!(open(&mut server, &wire, 1460).0, data);
}
