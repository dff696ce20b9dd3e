use super::*;
use proptest::prelude::*;

fn vector8(bytes: &[u8]) -> Vec<u8> {
    [&[u8::try_from(bytes.len()).unwrap()], bytes].concat()
}

fn vector16(bytes: &[u8]) -> Vec<u8> {
    [&u16::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat()
}

fn extension(kind: u16, body: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &vector16(body)].concat()
}

fn server_name(name: &[u8]) -> Vec<u8> {
    extension(0, &vector16(&[&[0], &vector16(name)[..]].concat()))
}

fn body(extensions: &[Vec<u8>]) -> Vec<u8> {
    let mut body = vec![3, 3];
    body.extend([7; 32]);
    body.extend(vector8(&[9; 32]));
    body.extend(vector16(&[0x13, 0x01, 0xc0, 0x2f]));
    body.extend(vector8(&[0]));
    body.extend(vector16(&extensions.concat()));
    body
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[kind], &length[1..], body].concat()
}

fn records(message: &[u8], size: usize) -> Vec<u8> {
    message.chunks(size).flat_map(|chunk| [&[22, 3, 1][..], &vector16(chunk)].concat()).collect()
}

fn full() -> Vec<u8> {
    let psk = [vector16(&[vector16(b"ticket"), vec![0; 4]].concat()), vector16(&vector8(&[1; 32]))];
    message(
        1,
        &body(&[
            server_name(b"Host.Example."),
            extension(16, &vector16(&[vector8(b"h2"), vector8(b"http/1.1")].concat())),
            extension(43, &vector8(&[3, 4, 3, 3])),
            extension(10, &vector16(&[0, 29, 0, 23])),
            extension(13, &vector16(&[4, 3])),
            extension(5, &[1, 0, 0, 0, 0]),
            extension(35, b"old ticket"),
            extension(0xaaaa, b"grease"),
            extension(41, &psk.concat()),
        ]),
    )
}

fn error_of(extensions: &[Vec<u8>]) -> HelloError {
    ClientHello::read(&records(&message(1, &body(extensions)), 1000)).unwrap_err()
}

#[test]
fn everything_asked_for_is_read() {
    let hello = ClientHello::read(&records(&full(), 16_384)).unwrap().unwrap();
    let expected = ClientHello {
        server_name: Some("host.example".into()),
        alpn: vec![b"h2"[..].into(), b"http/1.1"[..].into()],
        legacy_version: 0x0303,
        versions: vec![0x0304, 0x0303],
        random: [7; 32],
        session_id: [9; 32].into(),
        session_ticket: Some(b"old ticket"[..].into()),
        psk_identities: vec![b"ticket"[..].into()],
        cipher_suites: vec![0x1301, 0xc02f],
        signature_schemes: vec![0x0403],
        groups: vec![29, 23],
        status_request: true,
    };
    assert_eq!(hello, expected);
}

#[test]
fn records_may_be_split_anywhere() {
    let whole = ClientHello::read(&records(&full(), 16_384));
    for size in [9, 10, 100] {
        assert_eq!(ClientHello::read(&records(&full(), size)), whole);
    }
    assert_eq!(ClientHello::read(&records(&full(), 1)), Err(HelloError::TooManyRecords));
}

#[test]
fn every_prefix_is_incomplete_and_bytes_may_come_one_by_one() {
    let wire = records(&full(), 20);
    let mut reader = HelloReader::default();
    for count in 0..wire.len() {
        assert_eq!(reader.read(&wire[..count]), Ok(None), "{count} bytes");
    }
    assert_eq!(reader.read(&wire), ClientHello::read(&wire));
    // What follows is none of our business.
    let more = [&wire[..], b"more"].concat();
    assert_eq!(ClientHello::read(&more), ClientHello::read(&wire));
}

#[test]
fn an_old_hello_has_no_extensions() {
    let mut body = body(&[]);
    body.truncate(body.len() - 2);
    let hello = ClientHello::read(&records(&message(1, &body), 1000)).unwrap().unwrap();
    assert_eq!((hello.server_name, hello.cipher_suites.len()), (None, 2));
}

#[test]
fn names_are_checked() {
    let name = |name: &[u8]| {
        let wire = records(&message(1, &body(&[server_name(name)])), 16_384);
        ClientHello::read(&wire).map(|hello| hello.unwrap().server_name)
    };
    assert_eq!(name(b"a.example"), Ok(Some("a.example".into())));
    assert_eq!(name(b"_srv.A-1.example."), Ok(Some("_srv.a-1.example".into())));
    for address in [&b"127.0.0.1"[..], b"::1"] {
        assert_eq!(name(address), Ok(None));
    }
    for bad in [
        &b""[..],
        b".",
        b"a..b",
        b".a",
        b"a b",
        b"a\0b",
        b"\xff",
        b"a:443",
        &[b'a'; 64],
        &b"abcdefgh.".repeat(30),
    ] {
        let error = name(bad).unwrap_err();
        assert_eq!(error.alert(), Some(Alert::DECODE_ERROR), "{error}");
        assert!(error.to_string().contains("host name"), "{error}");
    }
}

#[test]
fn what_breaks_the_rules_is_refused_with_its_place() {
    let malformed = |what: &str, extensions: &[Vec<u8>]| {
        let error = error_of(extensions);
        assert!(error.to_string().contains(what), "{error}");
        assert_eq!(error.alert(), Some(Alert::DECODE_ERROR));
    };
    malformed("an extension that came before", &[extension(7, b""), extension(7, b"")]);
    malformed(
        "a second host name",
        &[extension(0, &vector16(&[&[0][..], &vector16(b"a"), &[0], &vector16(b"b")].concat()))],
    );
    malformed("an empty list of server names", &[extension(0, &vector16(b""))]);
    malformed("an empty protocol name", &[extension(16, &vector16(&vector8(b"")))]);
    malformed("groups", &[extension(10, &vector16(&[1]))]);
    malformed("versions", &[extension(43, &vector8(&[3, 4, 3]))]);
    malformed("half an extension", &[vec![1]]);
    malformed("the age of an identity", &[extension(41, &vector16(&vector16(b"id")))]);
    let mut behind = body(&[]);
    behind.push(0);
    assert_eq!(
        ClientHello::read(&records(&message(1, &behind), 1000)),
        Err(HelloError::Malformed {
            what: "bytes behind the extensions",
            offset: behind.len() - 1
        })
    );
}

#[test]
fn limits_hold() {
    let mut long = vec![1, 1, 0, 0];
    long.resize(100, 0);
    assert_eq!(
        ClientHello::read(&records(&long, 1000)),
        Err(HelloError::TooLong { length: 0x1_0000 })
    );
    let header = [22, 3, 1, 0x40, 0x01];
    assert_eq!(
        ClientHello::read(&header),
        Err(HelloError::RecordTooLong { length: 16_385, offset: 0 })
    );
    assert_eq!(ClientHello::read(&[22, 3, 1, 0, 0]), Err(HelloError::EmptyRecord { offset: 0 }));
    let interrupted = [&records(&full()[..20], 20)[..], &[23, 3, 3, 0, 1, 0]].concat();
    assert_eq!(
        ClientHello::read(&interrupted),
        Err(HelloError::Interrupted { content: 23, offset: 25 })
    );
    // The first byte decides, whatever follows it.
    let strange = [&records(&full()[..20], 20)[..], &[220, 100, 4, 0, 1]].concat();
    let interrupted = Err(HelloError::Interrupted { content: 220, offset: 25 });
    assert_eq!(ClientHello::read(&strange), interrupted);
    assert_eq!(ClientHello::read(&strange[..26]), interrupted);
    let finished = records(&message(20, b""), 1000);
    assert_eq!(ClientHello::read(&finished), Err(HelloError::NotHello { kind: 20 }));
    let alert = [21, 3, 1, 0, 2, 2, 70];
    assert_eq!(ClientHello::read(&alert), Err(HelloError::Alert(Alert::PROTOCOL_VERSION)));
}

#[test]
fn other_protocols_are_recognised() {
    let words = |input: &[u8]| ClientHello::read(input).unwrap_err().to_string();
    assert!(words(b"GET /secret\x1b[31m HTTP/1.1\r\n\r\n").contains("`GET /secret?[31m HTTP/1.1`"));
    assert!(words(b"PROXY TCP4 1.2.3.4").contains("accept-proxy"));
    assert!(words(b"\r\n\r\n\0\r\nQUIT\n!").contains("PROXY protocol"));
    assert!(words(b"SSH-2.0-OpenSSH").contains("SSH"));
    for wrong in [&[0x80, 0x2e, 1, 3, 1][..], &[22, 2, 0, 0, 9], &[0, 1, 2], b"hello"] {
        assert!(words(wrong).contains("wrong version number"), "{wrong:?}");
    }
    let http = ClientHello::read(b"POST /idle HTTP/1.1").unwrap_err();
    assert_eq!(http.alert(), None);
    assert!(http.plain_answer().unwrap().starts_with(b"HTTP/1.1 400 "));
    let old = ClientHello::read(&[0x80, 0x2e, 1, 3, 1]).unwrap_err();
    assert_eq!((old.alert(), old.plain_answer()), (Some(Alert::PROTOCOL_VERSION), None));
    // While it may become one of them, it is none yet.
    for start in [&b"G"[..], b"PO", b"PROX", b"\r\n\r\n", b"SSH", &[0x80], &[0x80, 0x2e]] {
        assert_eq!(ClientHello::read(start), Ok(None), "{start:?}");
    }
}

proptest! {
    #[test]
    fn any_pieces_give_the_same(cuts in proptest::collection::vec(1usize..60, 1..20), at in 0usize..300, flip: u8) {
        let mut wire = records(&full(), 50);
        if let Some(byte) = wire.get_mut(at) {
            *byte ^= flip;
        }
        let whole = ClientHello::read(&wire);
        let (mut reader, mut end, mut result) = (HelloReader::default(), 0, Ok(None));
        for cut in cuts.iter().cycle() {
            end = (end + cut).min(wire.len());
            result = reader.read(&wire[..end]);
            if result != Ok(None) || end == wire.len() {
                break;
            }
        }
        // A longer request line may have arrived by the end.
        if !matches!(whole, Err(HelloError::Foreign(Foreign::Http { .. }))) {
            prop_assert_eq!(result, whole);
        }
    }

    #[test]
    fn anything_is_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = ClientHello::read(&bytes);
        let _ = ClientHello::read(&records(&message(1, &bytes), 16_384));
    }
}
