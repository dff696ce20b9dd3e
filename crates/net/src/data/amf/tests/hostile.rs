use super::*;
use ObjectEncoding::{Amf0, Amf3};

/// What opens an object inside the one before, and in which version. The objects are of one value each.
const NESTS: &[(ObjectEncoding, &[u8])] = &[
    (Amf0, b"\x0a\0\0\0\x01"),
    (Amf0, b"\x03\0\x01a"),
    (Amf0, b"\x10\0\x01C\0\x01a"),
    (Amf0, b"\x08\0\0\0\x01\0\x01a"),
    (Amf3, b"\x09\x03\x01"),
    (Amf3, b"\x09\x01\x03a"),
    (Amf3, b"\x0a\x0b\x01\x03a"),
    (Amf3, b"\x0a\x13\x01\x03a"),
    (Amf3, b"\x10\x03\x00\x01"),
    (Amf3, b"\x11\x03\x00"),
    (Amf3, b"\x0a\x07\x0dLayout\x01"),
];

/// How deep a peer would like us to go.
const DEEP: usize = 1_000_000;
/// How deep we go for whoever wants it: a stack would have less than a byte for each.
const DEEP_ENOUGH: usize = 100_000;

#[test]
fn s60_nesting_ends_in_a_limit_and_never_in_an_overflow_of_the_stack() {
    on_a_small_stack(|| {
        for (encoding, nest) in NESTS {
            let mut bytes = nest.repeat(DEEP);
            let mut limits = Limits::default();
            let limit = |position, limit| Err(DecodeError::Limit { position, limit });
            let result = decode(&bytes, *encoding, &limits, &classes());
            assert!(
                matches!(&result, Err(DecodeError::Limit { position, limit: LimitKind::Depth })
                    if (256 * nest.len()..=257 * nest.len()).contains(position)),
                "{nest:?}: {result:?}"
            );
            limits.depth = usize::MAX;
            limits.memory = 1 << 20;
            let result = decode(&bytes, *encoding, &limits, &classes());
            assert!(
                matches!(&result, Err(DecodeError::Limit { limit: LimitKind::Memory, .. })),
                "{nest:?}: {result:?}"
            );
            bytes.truncate(3);
            limits.elements = 0;
            assert_eq!(
                decode(&bytes, *encoding, &limits, &classes()),
                limit(0, LimitKind::Elements)
            );
        }
    });
}

#[test]
fn s60_whoever_lifts_the_limits_needs_no_stack_for_depth_either() {
    on_a_small_stack(|| {
        let unlimited = usize::MAX;
        let limits = Limits {
            depth: unlimited,
            elements: unlimited,
            memory: unlimited,
            ..Limits::default()
        };
        for (encoding, open, close) in [
            (Amf3, &b"\x09\x03\x01"[..], &b""[..]),
            (Amf3, b"\x11\x03\x00\x01", b""),
            (Amf0, b"\x0a\0\0\0\x01", b""),
            (Amf0, b"\x03\0\x01a", b"\0\0\x09"),
        ] {
            let null: u8 = if encoding == Amf0 { 5 } else { 1 };
            let bytes =
                [&open.repeat(DEEP_ENOUGH)[..], &[null], &close.repeat(DEEP_ENOUGH)].concat();
            let (graph, length) = decode(&bytes, encoding, &limits, &classes()).unwrap();
            assert_eq!((graph.len(), length), (DEEP_ENOUGH, bytes.len()));
            assert_eq!(write(&graph, encoding), bytes);
            assert!(graph == graph.clone());
        }
    });
}

#[test]
fn s60_each_limit_ends_what_exceeds_it_at_its_place() {
    let limits = Limits { depth: 2, elements: 6, memory: 1000, string: 5 };
    for (encoding, within, beyond, position, limit) in [
        (
            Amf3,
            &b"\x09\x03\x01\x09\x01\x01"[..],
            &b"\x09\x03\x01\x09\x03\x01\x09\x01\x01"[..],
            8,
            LimitKind::Depth,
        ),
        (
            Amf0,
            b"\x0a\0\0\0\x01\x0a\0\0\0\0",
            b"\x0a\0\0\0\x01\x0a\0\0\0\x01\x11\x09\x01\x01",
            13,
            LimitKind::Depth,
        ),
        (Amf3, b"\x09\x0b\x01\x01\x01\x01\x01\x01", b"\x09\x0d\x01", 3, LimitKind::Elements),
        (
            Amf0,
            b"\x0a\0\0\0\x05\x05\x05\x05\x05\x05",
            b"\x0a\xff\xff\xff\xff",
            5,
            LimitKind::Elements,
        ),
        (
            Amf3,
            b"\x11\x05\x00\x01\x01\x01\x01",
            b"\x11\xff\xff\xff\xff\x00",
            5,
            LimitKind::Elements,
        ),
        (
            Amf3,
            b"\x10\x05\x00\x01\x01\x01",
            b"\x10\xff\xff\xff\xff\x00\x01",
            5,
            LimitKind::Elements,
        ),
        (
            Amf3,
            b"\x0a\x23\x01\x03a\x03b\x01\x01",
            b"\x0a\xff\xff\xff\xfb\x01",
            6,
            LimitKind::Elements,
        ),
        (Amf3, b"\x06\x0babcde", b"\x06\x0d", 2, LimitKind::String),
        (Amf0, b"\x02\0\x05abcde", b"\x02\0\x06", 3, LimitKind::String),
        (Amf0, b"\x0c\0\0\0\x05abcde", b"\x0c\xff\xff\xff\xff", 5, LimitKind::String),
        (Amf0, b"\x0f\0\0\0\x05abcde", b"\x0f\0\0\0\x06", 5, LimitKind::String),
        (Amf3, b"\x0c\x0babcde", b"\x0c\x9f\x43", 3, LimitKind::Memory),
        (Amf3, b"\x0f\x03\0\0\0\0\0\0\0\0\0", b"\x0f\xff\xff\xff\xff", 5, LimitKind::Memory),
    ] {
        let read = |bytes| decode(bytes, encoding, &limits, &classes());
        assert!(read(within).is_ok_and(|(_, length)| length == within.len()), "{within:x?}");
        assert_eq!(
            read(beyond).unwrap_err(),
            DecodeError::Limit { position, limit },
            "{beyond:x?}"
        );
    }
    let mut classes = Externalizables::default();
    classes.register("X", |_: &[Field]| Ok(Some(FieldKind::Bytes(0))));
    let endless = decode(b"\x0a\x07\x03X", Amf3, &limits, &classes);
    assert!(matches!(endless, Err(DecodeError::Limit { .. })), "{endless:?}");
}

#[test]
fn s60_memory_is_not_taken_for_what_is_only_announced() {
    // As long as the limits allow it, an announcement is waited for.
    for (encoding, bytes, needed) in [
        (Amf3, &b"\x0c\x81\x80\x80\x01"[..], 5 + (1 << 21)),
        (Amf3, b"\x0d\x81\x80\x01\x00", 5 + 4 * (1 << 13)),
        (Amf3, b"\x06\x81\x80\x01", 4 + (1 << 13)),
        (Amf3, b"\x09\x81\x80\x01\x01", 6),
        (Amf0, b"\x0a\0\x0f\xff\xff", 6),
        (Amf0, b"\x0c\0\xff\xff\xff", 5 + 0xff_ffff),
    ] {
        let result = decode(bytes, encoding, &Limits::default(), &classes());
        let Err(DecodeError::NotEnough { needed: said, available }) = result else {
            panic!("{bytes:x?}: {result:?}")
        };
        assert_eq!(available, bytes.len());
        assert!(said == needed, "{bytes:x?}: {said} {needed}");
    }
}

#[test]
fn s60_s63_the_work_is_in_proportion_however_small_the_pieces_are() {
    // If it was done anew for each byte, this would be 200,000 times 400,000 values.
    let amf3 = [&b"\x09\x8c\x9a\x41\x01"[..], &b"\x06\x03a".repeat(100_000)].concat();
    let traits = [&b"\x0a\xe1\xd4\x03\x01"[..], &b"\x03a".repeat(100_000)].concat();
    let amf0 = [&b"\x08\0\0\0\0"[..], &b"\0\x01a\x05".repeat(100_000)].concat();
    for (encoding, bytes) in [(Amf3, amf3), (Amf3, traits), (Amf0, amf0)] {
        let mut decoder = Decoder::new(encoding);
        let mut complete = false;
        for end in 0..=bytes.len() {
            match decoder.decode(&bytes[..end], &Limits::default(), &classes()) {
                Ok((_, length)) => complete = length == bytes.len(),
                Err(DecodeError::NotEnough { needed, .. }) => assert!(needed > end),
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(complete, bytes[0] == 9, "only the array is whole");
    }
}

/// A stack so small that recursion would be found out.
fn on_a_small_stack(run: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(64 << 10).spawn(run).unwrap();
    thread.join().unwrap();
}
