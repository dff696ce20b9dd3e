use super::*;
use Step::{Bytes, Close, Data, KeyUpdate, Refresh, Seal};
use proptest::prelude::*;
use std::fmt::Write as _;

fn record(content: u8, body: &[u8]) -> Step {
    Step::Record { content, body: body.to_vec(), padding: 0 }
}

fn padded(content: u8, body: &[u8], padding: u16) -> Step {
    Step::Record { content, body: body.to_vec(), padding }
}

/// Plays the steps under every version and cipher, to servers and clients, in two sizes of pieces; says what differs.
fn everywhere(name: &str, steps: &[Step]) -> String {
    let mut differences = String::new();
    for (tls13, cipher, server) in (0..12).map(|n| (n & 1 == 1, n / 4, n & 2 == 2)) {
        for pieces in [vec![], vec![7, 1]] {
            let steps = steps.to_vec();
            let script = Script { tls13, cipher, server, steps, mutations: Vec::new(), pieces };
            if let Err(difference) = run(&script) {
                let which = format!("{name} (TLS 1.3: {tls13}, server: {server})");
                writeln!(differences, "{which}: {difference}").unwrap();
            }
        }
    }
    differences
}

#[test]
fn the_same_scripts_have_the_same_outcome() {
    let scripts: Vec<(&str, Vec<Step>)> = vec![
        ("nothing", vec![]),
        ("data", vec![Data(1), Data(16_384), Seal(40_000), Data(0), Data(100)]),
        ("too much data", vec![Data(5), Data(16_385)]),
        ("far too much data", vec![Data(5), Data(19_000)]),
        ("close in order", vec![Data(5), record(21, &[1, 0]), Data(5), Seal(5)]),
        ("close, fatal", vec![Data(5), record(21, &[2, 0]), Data(5)]),
        ("half closed", vec![Seal(5), Close, Data(5), KeyUpdate(1), Data(6), record(21, &[1, 0])]),
        ("fatal alert", vec![Data(5), record(21, &[2, 40]), Data(5), Seal(5)]),
        ("warning", vec![Data(5), record(21, &[1, 90]), Data(5)]),
        ("another warning", vec![Data(5), record(21, &[1, 110]), Data(5)]),
        ("six warnings", std::iter::repeat_n(record(21, &[1, 90]), 6).collect()),
        ("unknown level", vec![record(21, &[3, 40])]),
        ("unknown level of close", vec![record(21, &[9, 0])]),
        ("short alert", vec![record(21, &[2])]),
        ("long alert", vec![record(21, &[2, 40, 0])]),
        ("empty alert", vec![record(21, &[])]),
        ("unprotected alert", vec![Bytes(vec![21, 3, 3, 0, 2, 2, 40])]),
        ("key update", vec![KeyUpdate(0), Data(5), KeyUpdate(1), Data(6), Seal(7), Data(8)]),
        ("key updates", vec![KeyUpdate(1), KeyUpdate(1), Data(6), KeyUpdate(1), Seal(7), Seal(8)]),
        ("key update of unknown kind", vec![KeyUpdate(2)]),
        ("32 key updates", std::iter::repeat_n(KeyUpdate(1), 32).chain([Data(3)]).collect()),
        ("33 key updates", std::iter::repeat_n(KeyUpdate(0), 33).chain([Data(3)]).collect()),
        ("key update and alert", vec![KeyUpdate(1), record(21, &[3, 3])]),
        ("key update and close", vec![KeyUpdate(1), record(21, &[1, 0]), Seal(5)]),
        ("key update without key", vec![record(22, &[24, 0, 0, 1, 0]), Data(5)]),
        ("long key update", vec![record(22, &[24, 0, 0, 2, 0, 0])]),
        ("empty key update", vec![record(22, &[24, 0, 0, 0])]),
        ("two key updates in one record", vec![record(22, &[24, 0, 0, 1, 0, 24, 0, 0, 1, 0])]),
        ("split key update", vec![record(22, &[24, 0, 0]), record(22, &[1, 0]), Data(5)]),
        ("refreshed", vec![Refresh, Seal(5), Data(5), Refresh, Refresh, Seal(5)]),
        ("split message, then silence", vec![record(22, &[24, 0]), Seal(5)]),
        ("split message, then data", vec![record(22, &[24, 0]), Data(5)]),
        ("split message, then alert", vec![record(22, &[24, 0]), record(21, &[1, 0])]),
        ("split message, then an empty record", vec![record(22, &[24, 0]), record(23, &[])]),
        (
            "split message, then a plain record",
            vec![record(22, &[24, 0]), Bytes(vec![20, 3, 3, 0, 1, 1])],
        ),
        ("long message", vec![record(22, &[4, 1, 0, 0])]),
        ("longest message", vec![record(22, &[4, 0, 255, 255]), Data(5)]),
        ("longer than any message", vec![record(22, &[4, 255, 255, 255])]),
        ("hello", vec![record(22, &[1, 0, 0, 0]), Data(5)]),
        ("hello request", vec![record(22, &[0, 0, 0, 0]), Data(5)]),
        ("two hello requests", vec![record(22, &[0, 0, 0, 0]), record(22, &[0, 0, 0, 0])]),
        ("two hello requests in one record", vec![record(22, &[0, 0, 0, 0, 0, 0, 0, 0])]),
        ("hello request and rubbish", vec![record(22, &[0, 0, 0, 0, 99, 0, 0, 0])]),
        ("hello request with a body", vec![record(22, &[0, 0, 0, 1, 0])]),
        ("ticket", vec![record(22, &ticket()), Data(5)]),
        ("two tickets", vec![record(22, &[ticket(), ticket()].concat()), Data(5)]),
        ("cut ticket", vec![record(22, &[4, 0, 0, 3, 1, 2, 3]), Data(5)]),
        ("finished again", vec![record(22, &[20, 0, 0, 2, 1, 2])]),
        ("unknown message", vec![record(22, &[99, 0, 0, 0])]),
        ("empty handshake record", vec![record(22, &[]), Data(5)]),
        ("change of ciphers", vec![Bytes(vec![20, 3, 3, 0, 1, 1]), Data(5)]),
        ("malformed change of ciphers", vec![Bytes(vec![20, 3, 3, 0, 1, 2]), Data(5)]),
        ("long change of ciphers", vec![Bytes(vec![20, 3, 3, 0, 2, 1, 1]), Data(5)]),
        ("protected change of ciphers", vec![record(20, &[1])]),
        ("heartbeat", vec![record(24, &[1, 0, 1, 0])]),
        ("unknown record", vec![record(99, &[1, 0, 1, 0])]),
        ("record of type zero", vec![record(0, &[])]),
        ("empty records", std::iter::repeat_n(record(23, &[]), 32).chain([Data(3)]).collect()),
        ("more empty records", std::iter::repeat_n(record(23, &[]), 33).chain([Data(3)]).collect()),
        ("padding", vec![padded(23, b"padded", 300), padded(21, &[1, 0], 16_381)]),
        ("too much padding", vec![padded(23, b"padded", 16_379)]),
        ("nothing but padding", vec![padded(0, &[0, 0], 30)]),
        ("foreign bytes", vec![Data(3), Bytes(b"GET / HTTP/1.1".to_vec())]),
        ("empty plain record", vec![Data(3), Bytes(vec![23, 3, 3, 0, 0])]),
        ("empty plain handshake", vec![Data(3), Bytes(vec![22, 3, 3, 0, 0])]),
        ("short plain record", vec![Data(3), Bytes(vec![23, 3, 3, 0, 3, 1, 2, 3])]),
        ("one wrong byte", vec![Bytes(vec![0])]),
        ("a wrong version", vec![Bytes(vec![23, 4, 0])]),
        ("half a wrong version", vec![Bytes(vec![23, 4])]),
        ("half a header", vec![Data(3), Bytes(vec![23, 3])]),
    ];
    let differences: String = scripts.iter().map(|(name, steps)| everywhere(name, steps)).collect();
    assert!(differences.is_empty(), "{differences}");
}

/// A NewSessionTicket of TLS 1.3 (RFC 8446, section 4.6.1).
fn ticket() -> Vec<u8> {
    [&[4, 0, 0, 15, 0, 0, 1, 0, 1, 2, 3, 4, 1, 9, 0, 1, 7, 0, 0][..]].concat()
}

fn step() -> impl Strategy<Value = Step> {
    let content = prop_oneof![8 => 20u8..=24, 1 => any::<u8>()];
    let short = proptest::collection::vec(any::<u8>(), 0..20);
    let message = (
        prop_oneof![Just(0u8), Just(1), Just(4), Just(24), any::<u8>()],
        0u8..6,
        proptest::collection::vec(any::<u8>(), 0..6),
    )
        .prop_map(|(kind, length, body)| [&[kind, 0, 0, length][..], &body].concat());
    let padding = prop_oneof![5 => Just(0u16), 1 => 0u16..200, 1 => 16_300u16..17_000];
    prop_oneof![
        4 => prop_oneof![3 => 0u16..100, 1 => 16_300u16..19_000].prop_map(Data),
        2 => (content, short, padding.clone())
            .prop_map(|(content, body, padding)| Step::Record { content, body, padding }),
        3 => (message, padding.clone())
            .prop_map(|(body, padding)| Step::Record { content: 22, body, padding }),
        2 => (1u8..=3, any::<u8>(), padding)
            .prop_map(|(level, code, padding)| Step::Record { content: 21, body: vec![level, code], padding }),
        1 => Just(record(22, &ticket())),
        2 => (0u8..=2).prop_map(KeyUpdate),
        1 => proptest::collection::vec(any::<u8>(), 0..12).prop_map(Bytes),
        1 => (20u8..=24, 0u8..4, proptest::collection::vec(any::<u8>(), 0..12))
            .prop_map(|(content, length, body)| Bytes([&[content, 3, 3, 0, length][..], &body].concat())),
        2 => prop_oneof![3 => 0u16..100, 1 => 16_300u16..40_000].prop_map(Seal),
        1 => Just(Refresh),
        1 => Just(Close),
    ]
}

fn mutation() -> impl Strategy<Value = Mutation> {
    prop_oneof![
        (any::<u16>(), any::<u32>()).prop_map(|(record, bit)| Mutation::Flip(record, bit)),
        (any::<u16>(), 0u8..5, any::<u8>()).prop_map(|(r, at, to)| Mutation::Header(r, at, to)),
        (any::<u16>(), any::<u16>()).prop_map(|(record, keep)| Mutation::Cut(record, keep)),
        any::<u16>().prop_map(Mutation::Repeat),
        any::<u16>().prop_map(Mutation::Swap),
        any::<u16>().prop_map(Mutation::Omit),
    ]
}

fn script() -> impl Strategy<Value = Script> {
    (
        (any::<bool>(), 0u8..3, any::<bool>()),
        proptest::collection::vec(step(), 0..12),
        prop_oneof![Just(Vec::new()), proptest::collection::vec(mutation(), 1..3)],
        proptest::collection::vec(prop_oneof![0u16..30, 0u16..4000], 0..4),
    )
        .prop_map(|((tls13, cipher, server), steps, mutations, pieces)| Script {
            tls13,
            cipher,
            server,
            steps,
            mutations,
            pieces,
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_script_has_the_same_outcome(script in script()) {
        prop_assert_eq!(run(&script), Ok(()));
    }
}

/// 200,000 records of random sizes between our record layer and rustls's, with keys renewed on the way.
#[test]
fn two_hundred_thousand_records_arrive() {
    for tls13 in [false, true] {
        let agreement = Agreement { tls13, cipher: 0 };
        let context = ServerContext::from_engine(Arc::new(agreement.server(DataPath::Engine)));
        let client = ClientContext::from_engine(Arc::new(agreement.client(DataPath::Own)));
        let mut server = Subject::new(Connection::server(), Some(context));
        let mut client = Subject::new(Connection::client(&client, "localhost", NOW).unwrap(), None);
        while client.connection.is_handshaking() || server.connection.is_handshaking() {
            client.receive(&[], &[]);
            server.receive(client.fresh(), &[]);
            client.receive(server.fresh(), &[]);
        }
        client.take_sent();
        server.take_sent();
        let mut random = 0x2545_f491_4f6c_dd1d_u64;
        let mut below = |limit: u64| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            random % limit
        };
        let data = pattern(16_384);
        let mut records = 0;
        while records < 100_000 {
            let back = below(2) == 1;
            let (from, to) =
                if back { (&mut server, &mut client) } else { (&mut client, &mut server) };
            let mut expected = Vec::new();
            for _ in 0..below(200) {
                let size = match below(100) {
                    0 => 1 + below(16_384),
                    1..20 => 1 + below(600),
                    _ => 1 + below(40),
                };
                let start = usize::try_from(below(16_385 - size)).unwrap();
                let part = &data[start..start + usize::try_from(size).unwrap()];
                assert!(from.seal(part));
                expected.extend_from_slice(part);
                records += 1;
            }
            if below(50) == 0 {
                assert_eq!(from.refresh(), tls13);
            }
            let pieces = [u16::try_from(1 + below(60_000)).unwrap()];
            to.receive(&from.take_sent(), &pieces);
            assert!(std::mem::take(&mut to.plain) == expected && to.end.is_none());
        }
    }
}
