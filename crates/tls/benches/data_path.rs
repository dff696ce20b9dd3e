//! What a connection costs without sockets: sealing and opening records, and handshakes.
//!
//! `cargo bench -p ravelin-tls --bench data_path`. Add words to run only the benchmarks with them in their names, and
//! `--sample-count` for steadier figures.

use divan::{
    Bencher,
    counter::{BytesCount, ItemsCount},
};
use ravelin_tls::{
    CipherSuite, ClientConfig, ClientContext, Connection, DataPath, Group, HandshakeKind, Identity,
    OpenBuffer, SealBuffer, ServerConfig, ServerContext, TicketKeys, Trust,
};
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256};
use std::{cell::RefCell, fmt, sync::Arc, time::Duration};

const NOW: Duration = Duration::from_secs(1_800_000_000);
/// Records of full size in one batch, as a tunnel's thread has them.
const RECORDS: usize = 16;
const BULK: usize = RECORDS * 16_384;
/// Short messages in one sample, each in a record of its own.
const MESSAGES: usize = 256;
const MESSAGE: usize = 64;

fn main() {
    divan::main();
}

/// One suite on one data path.
#[derive(Clone, Copy)]
struct Case(CipherSuite, DataPath);

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}", self.1, self.0.name().trim_start_matches("TLS_"))
    }
}

fn cases() -> impl Iterator<Item = Case> {
    [
        CipherSuite::TLS_AES_128_GCM_SHA256,
        CipherSuite::TLS_AES_256_GCM_SHA384,
        CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
    ]
    .into_iter()
    .flat_map(|suite| [Case(suite, DataPath::Own), Case(suite, DataPath::Engine)])
}

/// A batch of full records, sealed where the plaintext lies.
#[divan::bench(args = cases(), sample_count = 500, sample_size = 4)]
fn seal_bulk(bencher: Bencher<'_, '_>, case: Case) {
    let mut sender = Pair::established(case).server;
    let mut buffer = SealBuffer::new(RECORDS);
    sender.lend(&mut buffer);
    assert_eq!(buffer.fill(&vec![b'b'; BULK]), BULK);
    bencher.counter(BytesCount::new(BULK)).bench_local(|| {
        sender.lend(&mut buffer);
        sender.seal(&mut buffer, BULK).unwrap();
        buffer.sealed().len()
    });
}

/// A batch of full records, opened from the buffer that the network filled.
#[divan::bench(args = cases(), sample_count = 500, sample_size = 1)]
fn open_bulk(bencher: Bencher<'_, '_>, case: Case) {
    let Pair { client: mut sender, server: mut receiver } = Pair::established(case);
    let mut seal = SealBuffer::new(RECORDS);
    let buffer = RefCell::new(OpenBuffer::new(RECORDS));
    bencher
        .counter(BytesCount::new(BULK))
        // With one input to a sample, the next batch is only put into the buffer when the last one is opened.
        .with_inputs(|| {
            sender.lend(&mut seal);
            assert_eq!(seal.fill(&vec![b'b'; BULK]), BULK);
            sender.seal(&mut seal, BULK).unwrap();
            network(&mut buffer.borrow_mut(), seal.sealed());
        })
        .bench_local_values(|()| {
            let opened = receiver.open(&mut buffer.borrow_mut()).plain.len();
            assert_eq!(opened, BULK);
        });
}

/// Short messages, one at a time.
#[divan::bench(args = cases(), sample_count = 500, sample_size = 4)]
fn seal_messages(bencher: Bencher<'_, '_>, case: Case) {
    let mut sender = Pair::established(case).server;
    let mut buffer = SealBuffer::new(RECORDS);
    bencher.counter(ItemsCount::new(MESSAGES)).bench_local(|| {
        for _ in 0..MESSAGES {
            sender.lend(&mut buffer);
            let count = buffer.fill(&[b'm'; MESSAGE]);
            sender.seal(&mut buffer, count).unwrap();
            divan::black_box(buffer.sealed());
        }
    });
}

/// Short messages, one at a time, in a buffer lent for each.
#[divan::bench(args = cases(), sample_count = 500, sample_size = 1)]
fn open_messages(bencher: Bencher<'_, '_>, case: Case) {
    let Pair { client: mut sender, server: mut receiver } = Pair::established(case);
    let mut seal = SealBuffer::new(1);
    let mut buffer = OpenBuffer::new(RECORDS);
    bencher
        .counter(ItemsCount::new(MESSAGES))
        .with_inputs(|| {
            let mut wire = Vec::new();
            for _ in 0..MESSAGES {
                sender.lend(&mut seal);
                let count = seal.fill(&[b'm'; MESSAGE]);
                sender.seal(&mut seal, count).unwrap();
                wire.extend_from_slice(seal.sealed());
            }
            wire
        })
        .bench_local_refs(|wire| {
            for record in wire.chunks_exact(wire.len() / MESSAGES) {
                receiver.restore(&mut buffer);
                network(&mut buffer, record);
                assert_eq!(receiver.open(&mut buffer).plain.len(), MESSAGE);
                receiver.keep(&mut buffer);
            }
        });
}

/// Both sides of a TLS 1.3 handshake with a P-256 certificate, X25519 and AES-128-GCM.
#[divan::bench(args = PATHS)]
fn full_handshake(bencher: Bencher<'_, '_>, path: DataPath) {
    let contexts = Contexts::new(CipherSuite::TLS_AES_128_GCM_SHA256, path, |_| {});
    let mut buffer = OpenBuffer::new(2);
    bencher.bench_local(|| {
        let pair = contexts.handshake(&mut buffer);
        assert_eq!(pair.kind(), HandshakeKind::Full);
        pair
    });
}

/// Both sides of a TLS 1.3 handshake that resumes by ticket, the new tickets included.
#[divan::bench(args = PATHS)]
fn resumed_handshake(bencher: Bencher<'_, '_>, path: DataPath) {
    let contexts = Contexts::new(CipherSuite::TLS_AES_128_GCM_SHA256, path, |server| {
        let keys = TicketKeys::new(Duration::from_secs(3600), 2).unwrap();
        server.tickets = Some(Arc::new(keys));
    });
    let mut buffer = OpenBuffer::new(2);
    contexts.handshake(&mut buffer);
    bencher.bench_local(|| {
        let pair = contexts.handshake(&mut buffer);
        assert_eq!(pair.kind(), HandshakeKind::Resumed);
        pair
    });
}

const PATHS: [DataPath; 2] = [DataPath::Own, DataPath::Engine];

struct Contexts {
    client: ClientContext,
    server: ServerContext,
}

struct Pair {
    client: Connection,
    server: Connection,
}

impl Contexts {
    fn new(
        suite: CipherSuite,
        data_path: DataPath,
        change: impl FnOnce(&mut ServerConfig),
    ) -> Contexts {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
        let mut params = CertificateParams::new(vec!["localhost".into()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2040, 1, 1);
        let certificate = params.self_signed(&key).unwrap();
        let (chain, key) = (certificate.pem(), key.serialize_pem());
        let identity = Identity::from_bytes(chain.as_bytes(), key.as_bytes()).unwrap();

        let mut client = ClientConfig::new(Trust::of_certificates([certificate.der()]).unwrap());
        client.suites = vec![suite];
        client.groups = vec![Group::X25519];
        client.data_path = data_path;
        let mut server = ServerConfig::new(vec![Arc::new(identity)]);
        server.data_path = data_path;
        change(&mut server);
        Contexts {
            client: ClientContext::new(&client).unwrap(),
            server: ServerContext::new(&server).unwrap(),
        }
    }

    /// Carries bytes to and fro until both sides are silent.
    fn handshake(&self, buffer: &mut OpenBuffer) -> Pair {
        let mut client = Connection::client(&self.client, "localhost", NOW).unwrap();
        let mut server = Connection::server();
        loop {
            let up = carry(&mut client, &mut server, buffer, Some(&self.server));
            let down = carry(&mut server, &mut client, buffer, None);
            if !up && !down {
                assert!(!client.is_handshaking() && !server.is_handshaking());
                return Pair { client, server };
            }
        }
    }
}

impl Pair {
    fn established(Case(suite, data_path): Case) -> Pair {
        let contexts = Contexts::new(suite, data_path, |_| {});
        contexts.handshake(&mut OpenBuffer::new(2))
    }

    fn kind(&self) -> HandshakeKind {
        self.server.handshake().unwrap().kind
    }
}

/// Takes what one side has to send to the other; whether there was anything.
fn carry(
    from: &mut Connection,
    to: &mut Connection,
    buffer: &mut OpenBuffer,
    answer: Option<&ServerContext>,
) -> bool {
    let count = from.outgoing().len();
    if count == 0 {
        return false;
    }
    to.restore(buffer);
    network(buffer, from.outgoing());
    from.sent(count);
    loop {
        let opened = to.open(buffer);
        assert_eq!(opened.end, None);
        let again = opened.asking || opened.established;
        if to.hello().is_some() {
            to.answer(answer.unwrap(), NOW).unwrap();
        } else if !again {
            break;
        }
    }
    to.keep(buffer);
    true
}

/// Stands for a read from a socket.
fn network(buffer: &mut OpenBuffer, bytes: &[u8]) {
    buffer.space()[..bytes.len()].copy_from_slice(bytes);
    buffer.filled(bytes.len());
}
