use super::*;
use proptest::prelude::*;
use proxy_header::{ParseConfig, ProxyHeader};
use std::net::{IpAddr, Ipv4Addr};

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn fault(input: &[u8]) -> (Fault, usize) {
    let error = read(input).expect_err("must be refused");
    (error.fault, error.offset)
}

fn full() -> Sent<'static> {
    Sent {
        tls: Some(TlsFacts {
            version: "TLSv1.3",
            cipher: "TLS_AES_128_GCM_SHA256",
            alpn: Some(b"h2"),
            authority: Some("live.example"),
            client_common_name: Some("camera 7"),
            resumed: false,
        }),
        unique_id: Some(*b"0123456789abcdef"),
        crc32c: true,
        ..Sent::new(address("192.0.2.7:50000"), address("198.51.100.1:443"))
    }
}

fn written(version: ProxyVersion, sent: &Sent<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    write(version, sent, &mut out);
    out
}

/// A version 2 header with the given command, family and block.
fn binary(command: u8, family: u8, block: &[u8]) -> Vec<u8> {
    let mut out = binary::SIGNATURE.to_vec();
    out.extend([command, family]);
    out.extend(u16::try_from(block.len()).unwrap().to_be_bytes());
    out.extend(block);
    out
}

/// A version 2 header over IPv4 with the given extensions.
fn with_tlvs(tlvs: &[u8]) -> Vec<u8> {
    binary(0x21, 0x11, &[&[192, 0, 2, 7, 198, 51, 100, 1, 0xc3, 0x50, 1, 0xbb], tlvs].concat())
}

#[test]
fn f06_a_version_2_header_carries_addresses_and_tls() {
    let bytes = written(ProxyVersion::V2, &full());
    let (received, length) = read(&bytes).unwrap().unwrap();
    assert_eq!(length, bytes.len());
    assert_eq!(received.source, Some(address("192.0.2.7:50000")));
    assert_eq!(received.destination, Some(address("198.51.100.1:443")));
    let expected = Tlvs {
        alpn: Some(Box::from(*b"h2")),
        authority: Some("live.example".into()),
        unique_id: Some(Box::from(*b"0123456789abcdef")),
        netns: None,
        tls: Some(ReceivedTls {
            encrypted: true,
            certificate_on_connection: true,
            certificate_in_session: true,
            verified: true,
            version: Some("TLSv1.3".into()),
            cipher: Some("TLS_AES_128_GCM_SHA256".into()),
            common_name: Some("camera 7".into()),
            ..ReceivedTls::default()
        }),
        checksummed: true,
    };
    assert_eq!(received.tlvs, expected);
    // The other reader sees the same.
    let (other, other_length) = ProxyHeader::parse(&bytes, ParseConfig::default()).unwrap();
    assert_eq!(other_length, length);
    assert_eq!(other.authority(), Some("live.example"));
    assert_eq!(other.ssl().unwrap().version(), Some("TLSv1.3"));
    assert_eq!(other.ssl().unwrap().verify(), 0);
    assert_eq!(other.proxied_address().unwrap().source, address("192.0.2.7:50000"));
}

#[test]
fn f06_without_a_client_certificate_nothing_is_verified() {
    let mut sent = full();
    sent.tls.as_mut().unwrap().client_common_name = None;
    let tls = read(&written(ProxyVersion::V2, &sent)).unwrap().unwrap().0.tlvs.tls.unwrap();
    assert!(
        tls.encrypted
            && !tls.certificate_on_connection
            && !tls.certificate_in_session
            && !tls.verified
    );
    assert_eq!(tls.common_name, None);
}

#[test]
fn f06_a_resumed_sessions_certificate_is_of_an_earlier_connection() {
    let mut sent = full();
    sent.tls.as_mut().unwrap().resumed = true;
    let tls = read(&written(ProxyVersion::V2, &sent)).unwrap().unwrap().0.tlvs.tls.unwrap();
    assert!(!tls.certificate_on_connection && tls.certificate_in_session && tls.verified);
    assert_eq!(tls.common_name.as_deref(), Some("camera 7"));
}

#[test]
fn oversized_values_are_left_out() {
    let long = "x".repeat(70_000);
    let mut sent = full();
    sent.tls = Some(TlsFacts {
        version: &long,
        cipher: &long,
        alpn: Some(long.as_bytes()),
        authority: Some(&long),
        client_common_name: Some(&long),
        resumed: false,
    });
    let bytes = written(ProxyVersion::V2, &sent);
    assert!(bytes.len() <= 536, "{}", bytes.len());
    let tls = read(&bytes).unwrap().unwrap().0.tlvs.tls.unwrap();
    assert!(tls.verified && tls.common_name.is_none() && tls.version.is_none());
}

#[test]
fn families_are_made_one() {
    let line = |from, to| {
        String::from_utf8(written(ProxyVersion::V1, &Sent::new(address(from), address(to))))
            .unwrap()
    };
    assert_eq!(
        line("192.0.2.7:1", "[2001:db8::1]:2"),
        "PROXY TCP6 ::ffff:c000:207 2001:db8::1 1 2\r\n"
    );
    assert_eq!(
        line("[2001:db8::1]:2", "192.0.2.7:1"),
        "PROXY TCP6 2001:db8::1 ::ffff:c000:207 2 1\r\n"
    );
    assert_eq!(
        line("[::ffff:192.0.2.7]:1", "192.0.2.8:2"),
        "PROXY TCP4 192.0.2.7 192.0.2.8 1 2\r\n"
    );
    assert_eq!(
        line("[::ffff:192.0.2.7]:1", "[::ffff:192.0.2.8]:2"),
        "PROXY TCP4 192.0.2.7 192.0.2.8 1 2\r\n"
    );
}

#[test]
fn the_longest_line_fits() {
    let all = "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535";
    let bytes = written(ProxyVersion::V1, &Sent::new(address(all), address(all)));
    assert!(bytes.len() < MAX_TEXT);
    assert_eq!(read(&bytes).unwrap().unwrap().1, bytes.len());
}

#[test]
fn text_that_is_taken() {
    for (line, source) in [
        ("PROXY TCP4 1.2.3.4 5.6.7.8 0 65535\r\n", Some("1.2.3.4:0")),
        ("PROXY TCP6 2001:DB8::1 ::1 52953 25\r\n", Some("[2001:db8::1]:52953")),
        ("PROXY TCP6 ::ffff:1.2.3.4 ::1 1 2\r\n", Some("1.2.3.4:1")),
        ("PROXY UNKNOWN\r\n", None),
        ("PROXY UNKNOWN ffff:f...f:ffff\r any \n thing\r\n", None),
    ] {
        let bytes = [line.as_bytes(), b"\r\nwhat the client sent"].concat();
        let (received, length) = read(&bytes).unwrap().unwrap();
        assert_eq!((received.source, length), (source.map(address), line.len()), "{line}");
    }
}

#[test]
fn text_that_is_refused() {
    for (line, expected) in [
        ("GET / HTTP/1.1\r\n", (Fault::NoHeader, 0)),
        ("PROXX", (Fault::NoHeader, 4)),
        ("PROXY\tTCP4", (Fault::NoHeader, 5)),
        ("PROXY UDP4 ", (Fault::Protocol, 6)),
        ("PROXY tcp4 ", (Fault::Protocol, 6)),
        ("PROXY UNKNOWNS\r\n", (Fault::Protocol, 6)),
        ("PROXY TCP4  1.2.3.4", (Fault::Address, 11)),
        ("PROXY TCP4 1.2.3 4", (Fault::Address, 11)),
        ("PROXY TCP4 01.2.3.4 ", (Fault::Address, 11)),
        ("PROXY TCP4 ::1 ", (Fault::Address, 11)),
        ("PROXY TCP6 1.2.3.4 ", (Fault::Address, 11)),
        ("PROXY TCP6 fe80::1%eth0 ", (Fault::Address, 18)),
        ("PROXY TCP4 1.2.3.4\r\n", (Fault::Address, 18)),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 +1 2\r\n", (Fault::Port, 27)),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 01 2\r\n", (Fault::Port, 27)),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 65536 ", (Fault::Port, 27)),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 100000", (Fault::Port, 32)),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 1  2\r\n", (Fault::Port, 29)),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 1 2 \r\n", (Fault::Port, 30)),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n", (Fault::Port, 30)),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\r", (Fault::LineEnd, 31)),
    ] {
        assert_eq!(fault(line.as_bytes()), expected, "{line}");
    }
    let endless = [b"PROXY UNKNOWN ".as_slice(), &[b'x'; 200]].concat();
    assert_eq!(fault(&endless), (Fault::TooLong, MAX_TEXT));
    assert_eq!(fault(&endless[..MAX_TEXT]), (Fault::TooLong, MAX_TEXT));
    assert_eq!(read(&endless[..MAX_TEXT - 1]), Ok(None));
    // The limit counts the line's end.
    let line =
        |filler: usize| [b"PROXY UNKNOWN ".as_slice(), &vec![b'x'; filler], b"\r\n"].concat();
    assert_eq!(read(&line(91)).unwrap().unwrap().1, MAX_TEXT);
    assert_eq!(fault(&line(92)), (Fault::TooLong, MAX_TEXT));
}

#[test]
fn commands_and_families() {
    // LOCAL discards the block whatever it holds.
    for family in [0x00, 0x11, 0xff] {
        let bytes = binary(0x20, family, b"\x03\x00\x04abcd and more");
        assert_eq!(read(&bytes), Ok(Some((Received::nothing(ProxyVersion::V2), bytes.len()))));
    }
    let unspecified = binary(0x21, 0x00, b"\x02\x00\x01a");
    let (received, _) = read(&unspecified).unwrap().unwrap();
    assert_eq!((received.source, received.tlvs.authority.as_deref()), (None, Some("a")));

    assert_eq!(fault(&binary(0x11, 0x11, &[0; 12])), (Fault::Command, 12));
    assert_eq!(fault(&binary(0x22, 0x11, &[0; 12])), (Fault::Command, 12));
    for family in [0x01, 0x10, 0x13, 0x20, 0x30, 0x33, 0x41, 0xff] {
        assert_eq!(fault(&binary(0x21, family, &[0; 216])), (Fault::Family, 13));
    }
    for (family, size) in [(0x11, 12), (0x12, 12), (0x21, 36), (0x22, 36), (0x31, 216), (0x32, 216)]
    {
        assert!(read(&binary(0x21, family, &vec![0; size])).unwrap().is_some());
        assert_eq!(
            fault(&binary(0x21, family, &vec![0; size - 1])),
            (Fault::NoRoomForAddresses, 14)
        );
    }
}

#[test]
fn unix_sockets() {
    let mut block = [0; 216];
    block[..9].copy_from_slice(b"/run/a.so");
    block[108..112].copy_from_slice(b"\0abc");
    let (received, _) =
        read(&binary(0x21, 0x31, &[&block[..], b"\x02\x00\x01a"].concat())).unwrap().unwrap();
    let unix = received.unix.unwrap();
    assert_eq!((&*unix.source, &*unix.destination), (&b"/run/a.so"[..], &b"\0abc"[..]));
    assert_eq!((received.source, received.tlvs.authority.as_deref()), (None, Some("a")));
}

#[test]
fn the_limit_holds_before_the_bytes_come() {
    let mut bytes = with_tlvs(&[4, 0, 0]);
    let length = u16::try_from(MAX_BINARY - 16).unwrap();
    bytes[14..16].copy_from_slice(&length.to_be_bytes());
    assert_eq!(read(&bytes[..28]), Ok(None));
    bytes[14..16].copy_from_slice(&(length + 1).to_be_bytes());
    assert_eq!(fault(&bytes[..16]), (Fault::TooLong, 14));
    bytes[14] = 0x10;
    assert_eq!(fault(&bytes[..15]), (Fault::TooLong, 14));
    // A full one is taken.
    let filler = MAX_BINARY - 16 - 12 - 3;
    let tlvs = [&[4][..], &u16::try_from(filler).unwrap().to_be_bytes(), &vec![0; filler]].concat();
    assert_eq!(read(&with_tlvs(&tlvs)).unwrap().unwrap().1, MAX_BINARY);
}

#[test]
fn extensions_that_are_refused() {
    let long_id = [&[5, 0, 129][..], &[7; 129]].concat();
    for (tlvs, expected) in [
        (&[1][..], (Fault::Overrun, 28)),
        (&[1, 0], (Fault::Overrun, 28)),
        (&[1, 0, 1], (Fault::Overrun, 28)),
        (&[4, 0, 0, 1, 0, 2, 0], (Fault::Overrun, 31)),
        (&[2, 0, 1, 0xff], (Fault::Value(2), 28)),
        (&[2, 0, 1, b'\n'], (Fault::Value(2), 28)),
        (&[1, 0, 0, 1, 0, 0], (Fault::Repeated(1), 31)),
        (&[3, 0, 3, 0, 0, 0], (Fault::Value(3), 28)),
        (&[3, 0, 4, 0, 0, 0, 0], (Fault::Checksum, 28)),
        (&[0x20, 0, 4, 0, 0, 0, 0], (Fault::Value(0x20), 28)),
        (&[0x20, 0, 6, 1, 0, 0, 0, 0, 0x21], (Fault::Overrun, 36)),
        (&[0x20, 0, 9, 1, 0, 0, 0, 0, 0x21, 0, 2, b'T'], (Fault::Overrun, 36)),
        (&[0x20, 0, 9, 1, 0, 0, 0, 0, 0x21, 0, 1, 0xff], (Fault::Value(0x21), 36)),
        (&long_id, (Fault::UniqueIdTooLong, 28)),
    ] {
        assert_eq!(fault(&with_tlvs(tlvs)), expected, "{tlvs:x?}");
    }
    assert!(read(&with_tlvs(&[&[5, 0, 128][..], &[7; 128]].concat())).unwrap().is_some());
    // Unknown types and padding may stand as often as they like.
    assert!(read(&with_tlvs(&[4, 0, 0, 4, 0, 0, 0xe0, 0, 0, 0xe0, 0, 0])).unwrap().is_some());
}

/// Deterministic noise.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap()
    }
}

/// A hundred thousand headers, each damaged: refused with a place inside the header, incomplete, or still well formed;
/// a damaged checksummed one is never taken.
#[test]
fn a_hundred_thousand_malformed_headers() {
    let checksummed = written(ProxyVersion::V2, &full());
    let samples = [
        checksummed.clone(),
        written(ProxyVersion::V2, &Sent { crc32c: false, ..full() }),
        written(ProxyVersion::V1, &full()),
        written(
            ProxyVersion::V1,
            &Sent::new(address("[2001:db8::1]:1"), address("[2001:db8::2]:2")),
        ),
        binary(0x21, 0x31, &[b'/'; 216]),
    ];
    let mut noise = Noise(0x9e37_79b9_7f4a_7c15);
    let (mut refused, mut incomplete, mut taken) = (0, 0, 0);
    for round in 0..100_000 {
        let sample = &samples[round % samples.len()];
        let mut bytes = sample.clone();
        for _ in 0..=noise.below(3) {
            let at = noise.below(bytes.len());
            bytes[at] ^= u8::try_from(1 + noise.below(255)).unwrap();
        }
        if noise.below(4) == 0 {
            bytes.truncate(noise.below(bytes.len()));
        }
        match read(&bytes) {
            Err(error) => {
                assert!(error.offset <= bytes.len().min(MAX_BINARY), "{error}");
                refused += 1;
            }
            Ok(None) => incomplete += 1,
            Ok(Some((received, length))) => {
                assert!(length <= bytes.len());
                // The flip may have hit the checksum's own type, or made the command LOCAL, or undone itself.
                assert!(!received.tlvs.checksummed || bytes == checksummed);
                taken += 1;
            }
        }
    }
    assert!(refused > 60_000, "{refused} refused, {incomplete} incomplete, {taken} taken");
}

#[test]
fn every_single_bit_under_the_checksum_counts() {
    let bytes = written(ProxyVersion::V2, &full());
    for bit in 0..bytes.len() * 8 {
        let mut damaged = bytes.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        if let Ok(Some((received, _))) = read(&damaged) {
            assert!(!received.tlvs.checksummed, "bit {bit}");
        }
    }
}

fn any_address() -> impl Strategy<Value = SocketAddr> {
    let ip = prop_oneof![
        any::<[u8; 4]>().prop_map(IpAddr::from),
        any::<[u8; 16]>().prop_map(IpAddr::from),
        any::<[u8; 4]>().prop_map(|octets| Ipv4Addr::from(octets).to_ipv6_mapped().into()),
    ];
    (ip, any::<u16>()).prop_map(|(ip, port)| SocketAddr::new(ip, port))
}

fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), kind in 0..4) {
        let start: &[u8] = match kind { 0 => b"PROXY TCP4 ", 1 => b"PROXY UNKNOWN", 2 => b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0", _ => b"" };
        let _ = read(&[start, &bytes].concat());
    }

    #[test]
    fn arbitrary_extensions_never_panic(tlvs in prop::collection::vec((0_u8..0x31, prop::collection::vec(any::<u8>(), 0..20)), 0..12)) {
        let tlvs: Vec<u8> = tlvs.iter().flat_map(|(kind, value)| {
            [&[*kind, 0, u8::try_from(value.len()).unwrap()], &value[..]].concat()
        }).collect();
        let bytes = with_tlvs(&tlvs);
        if let Ok(result) = read(&bytes) {
            prop_assert_eq!(result.unwrap().1, bytes.len());
        }
    }

    #[test]
    fn what_is_written_is_read(
        source in any_address(),
        destination in any_address(),
        version in prop_oneof![Just(ProxyVersion::V1), Just(ProxyVersion::V2)],
        authority in prop::option::of("[a-z.]{1,80}"),
        unique_id in any::<Option<[u8; 16]>>(),
        crc32c: bool,
        after in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        let tls = Some(TlsFacts { authority: authority.as_deref(), ..full().tls.unwrap() });
        let mut bytes = written(version, &Sent { source, destination, tls, unique_id, crc32c });
        let length = bytes.len();
        bytes.extend(after);
        let (received, read_length) = read(&bytes).unwrap().unwrap();
        prop_assert_eq!(read_length, length);
        prop_assert_eq!(received.source, Some(canonical(source)));
        prop_assert_eq!(received.destination, Some(canonical(destination)));
        if version == ProxyVersion::V2 {
            prop_assert_eq!(received.tlvs.authority.as_deref(), authority.as_deref());
            prop_assert_eq!(received.tlvs.checksummed, crc32c);
        }
        // The other reader agrees on the length and the addresses.
        let (other, other_length) = ProxyHeader::parse(&bytes, ParseConfig::default()).unwrap();
        prop_assert_eq!(other_length, length);
        prop_assert_eq!(other.proxied_address().map(|proxied| canonical(proxied.source)), received.source);
        // A header is incomplete until its last byte.
        for end in 0..length {
            prop_assert_eq!(read(&bytes[..end]), Ok(None));
        }
    }
}
