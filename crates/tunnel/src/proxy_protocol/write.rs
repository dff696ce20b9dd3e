use crate::service::ProxyVersion;
use proxy_header::{ProxiedAddress, ProxyHeader, SslInfo, Tlv};
use std::{
    fmt::Write as _,
    net::{IpAddr, SocketAddr},
};

/// Longest value of one extension that is written, in bytes. A longer one, which only a strange certificate or a caller
/// can bring about, is left out.
pub const MAX_VALUE: usize = 255;

/// What a header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent<'a> {
    /// Where the client's connection came from.
    pub source: SocketAddr,
    /// What the client connected to.
    pub destination: SocketAddr,
    /// What is known of its TLS (version 2).
    pub tls: Option<TlsFacts<'a>>,
    /// Identifies the connection (version 2).
    pub unique_id: Option<[u8; 16]>,
    /// Whether a checksum is added (version 2).
    pub crc32c: bool,
}

impl Sent<'_> {
    /// A header with addresses alone.
    pub fn new(source: SocketAddr, destination: SocketAddr) -> Self {
        Sent { source, destination, tls: None, unique_id: None, crc32c: false }
    }
}

/// What is known of the client's TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TlsFacts<'a> {
    /// The version as OpenSSL writes it: `TLSv1.3`.
    pub version: &'a str,
    /// The cipher suite's name.
    pub cipher: &'a str,
    /// The protocol agreed by ALPN.
    pub alpn: Option<&'a [u8]>,
    /// The name the client asked for (SNI).
    pub authority: Option<&'a str>,
    /// The common name in the client's *verified* certificate; empty when the certificate has none. None when no
    /// certificate was verified.
    pub client_common_name: Option<&'a str>,
    /// Whether the session was resumed: its certificate was then given over an earlier connection.
    pub resumed: bool,
}

/// Appends a header to `out`.
///
/// Addresses of two families become IPv6, the IPv4 one mapped; a mapped pair becomes IPv4. Scope and flow label have
/// no place in the protocol. Values over [`MAX_VALUE`] are left out, so that the header always fits.
pub fn write(version: ProxyVersion, header: &Sent<'_>, out: &mut Vec<u8>) {
    let (source, destination) = one_family(header.source, header.destination);
    match version {
        ProxyVersion::V1 => write_text(source, destination, out),
        ProxyVersion::V2 => write_binary(header, ProxiedAddress::stream(source, destination), out),
    }
}

fn one_family(source: SocketAddr, destination: SocketAddr) -> (SocketAddr, SocketAddr) {
    let (from, to) = match (source.ip().to_canonical(), destination.ip().to_canonical()) {
        (IpAddr::V4(from), IpAddr::V6(to)) => (from.to_ipv6_mapped().into(), to.into()),
        (IpAddr::V6(from), IpAddr::V4(to)) => (from.into(), to.to_ipv6_mapped().into()),
        same => same,
    };
    (SocketAddr::new(from, source.port()), SocketAddr::new(to, destination.port()))
}

fn write_text(source: SocketAddr, destination: SocketAddr, out: &mut Vec<u8>) {
    let family = if source.is_ipv4() { "TCP4" } else { "TCP6" };
    let mut line = String::with_capacity(super::MAX_TEXT);
    // Writing to a String cannot fail.
    let _ = write!(
        line,
        "PROXY {family} {} {} {} {}\r\n",
        text_address(source.ip()),
        text_address(destination.ip()),
        source.port(),
        destination.port()
    );
    out.extend_from_slice(line.as_bytes());
}

/// Section 2.1 has IPv6 in groups of hexadecimal digits only, where the usual form of a mapped address has dots.
fn text_address(address: IpAddr) -> String {
    match address {
        IpAddr::V6(address) if address.to_ipv4_mapped().is_some() => {
            let [.., high, low] = address.segments();
            format!("::ffff:{high:x}:{low:x}")
        }
        address => address.to_string(),
    }
}

fn write_binary(header: &Sent<'_>, addresses: ProxiedAddress, out: &mut Vec<u8>) {
    let mut built = ProxyHeader::with_address(addresses);
    let mut append = |tlv: Tlv<'_>| built.append_tlv(tlv);
    if let Some(tls) = &header.tls {
        if let Some(protocol) = tls.alpn.filter(|protocol| protocol.len() <= MAX_VALUE) {
            append(Tlv::Alpn(protocol.into()));
        }
        if let Some(name) = tls.authority.and_then(fitting) {
            append(Tlv::Authority(name.into()));
        }
        append(Tlv::Ssl(ssl(tls)));
    }
    if let Some(id) = &header.unique_id {
        append(Tlv::UniqueId(id.as_slice().into()));
    }
    if header.crc32c {
        append(Tlv::Crc32c(0));
    }
    let start = out.len();
    built.encode_v2(out).expect("addresses of one family and bounded values always fit");
    if header.crc32c {
        // The checksum is the last thing in the header, and was zero while it was computed.
        let sum = crc32c::crc32c(&out[start..]);
        let place = out.len() - 4;
        out[place..].copy_from_slice(&sum.to_be_bytes());
    }
}

fn ssl(tls: &TlsFacts<'_>) -> SslInfo<'static> {
    let certificate = tls.client_common_name.is_some();
    // "zero if the client presented a certificate and it was successfully verified, and non-zero otherwise".
    let on_connection = certificate && !tls.resumed;
    let mut info = SslInfo::new(true, on_connection, certificate, u32::from(!certificate));
    if let Some(version) = fitting(tls.version) {
        info.append_tlv(Tlv::SslVersion(version.into()));
    }
    if let Some(cipher) = fitting(tls.cipher) {
        info.append_tlv(Tlv::SslCipher(cipher.into()));
    }
    if let Some(name) = tls.client_common_name.and_then(fitting) {
        info.append_tlv(Tlv::SslCn(name.into()));
    }
    info
}

fn fitting(value: &str) -> Option<&str> {
    (1..=MAX_VALUE).contains(&value.len()).then_some(value)
}
