//! What the log tells: connections that ended, and what happened to the tunnel itself.

use super::{
    line::{Level, Line},
    suppression::Kind,
};
use crate::{reason::CloseReason, service::LogFormat};
use std::{
    borrow::Cow,
    fmt,
    net::SocketAddr,
    path::Path,
    time::{Duration, SystemTime},
};

/// A DNS name has at most 253 characters (RFC 1035, section 2.3.4), an ALPN protocol 255 bytes (RFC 7301, section 3.1).
const MAX_CLIENT_WORD: usize = 255;

/// One connection that ended, as its line tells it.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionRecord<'a> {
    /// The connection's number, for matching with other lines.
    pub id: u64,
    /// The service's name.
    pub service: &'a str,
    /// The client's address: the one a PROXY header told, if one was accepted.
    pub client: SocketAddr,
    /// The address the connection really came from, where a PROXY header told another.
    pub peer: Option<SocketAddr>,
    /// The name the client asked for.
    pub sni: Option<&'a str>,
    /// What was agreed, once the handshake was finished.
    pub tls: Option<TlsRecord<'a>>,
    /// What became of the client's certificate, where the service asks for one.
    pub client_certificate: Option<CertificateRecord<'a>>,
    /// What became of the backend's certificate, where it speaks TLS.
    pub server_certificate: Option<CertificateRecord<'a>>,
    /// Bytes of plain text from the client to the backend.
    pub to_backend: u64,
    /// Bytes of plain text from the backend to the client.
    pub to_client: u64,
    /// From the accepted connection to its end.
    pub duration: Duration,
    /// The backend it was connected to.
    pub backend: Option<Backend<'a>>,
    /// Why it ended.
    pub reason: CloseReason,
    /// What exactly happened, where the reason does not say it all.
    pub detail: Option<&'a str>,
}

/// What a finished handshake agreed on, by registered names.
#[derive(Clone, Copy, Debug)]
pub struct TlsRecord<'a> {
    /// Protocol version, such as `TLSv1.3`.
    pub version: &'a str,
    /// Cipher suite.
    pub cipher: &'a str,
    /// Key exchange group, if there was one.
    pub group: Option<&'a str>,
    /// Whether a session was resumed.
    pub resumed: bool,
    /// Protocol agreed by ALPN.
    pub alpn: Option<&'a [u8]>,
}

/// What became of a peer's certificate.
#[derive(Clone, Copy, Debug)]
pub struct CertificateRecord<'a> {
    /// The word for the verdict on it, or for there being none.
    pub status: &'a str,
    /// OpenSSL's name for the reason, where it is not trusted.
    pub code: Option<&'a str>,
    /// The common name in it.
    pub common_name: Option<&'a str>,
    /// The SHA-256 hash of its public key, as Base64.
    pub pin: Option<&'a str>,
}

/// The address of a backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend<'a> {
    /// TCP.
    Tcp(SocketAddr),
    /// A unix socket.
    Unix(&'a Path),
}

/// What happened to the tunnel itself.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A listener takes connections.
    Listening {
        /// The service it belongs to.
        service: &'a str,
        /// Its address, with the port the system chose if none was asked for.
        address: SocketAddr,
    },
    /// Everything is in place.
    Ready {
        /// How many services there are.
        services: usize,
        /// How many threads serve them.
        workers: usize,
    },
    /// A new configuration is in force.
    Reloaded {
        /// How many services there are.
        services: usize,
    },
    /// A new configuration was refused; that of before stays in force.
    ReloadFailed {
        /// Why.
        error: &'a str,
    },
    /// A connection was refused before anything was read from it.
    Refused {
        /// The service it wanted.
        service: &'a str,
        /// Where it came from.
        client: SocketAddr,
        /// The limit that was reached, by its name in the configuration.
        limit: &'a str,
    },
    /// A listener could not accept connections.
    ListenerFailed {
        /// The service it belongs to.
        service: &'a str,
        /// Its address.
        address: SocketAddr,
        /// Why.
        error: &'a str,
    },
    /// The tunnel was told to stop and waits for connections to end.
    Draining {
        /// How many there are.
        open: u64,
        /// How long it waits at most.
        limit: Duration,
    },
    /// The tunnel stopped.
    Stopped {
        /// How many connections were cut off because the drain limit passed.
        cut: u64,
    },
    /// Something the administrator should know.
    Warning {
        /// What.
        detail: &'a str,
    },
}

impl ConnectionRecord<'_> {
    pub(super) fn line(&self, format: LogFormat, now: SystemTime) -> String {
        let level = match self.reason {
            CloseReason::InternalError => Level::Error,
            _ => Level::Info,
        };
        let mut line = Line::begin(format, now, level, "closed");
        line.text("service", Some(self.service));
        line.number("id", Some(self.id));
        line.display("client", Some(canonical(self.client)));
        line.display("peer", self.peer.map(canonical));
        line.text_within(MAX_CLIENT_WORD, "sni", self.sni);
        line.text("version", self.tls.map(|tls| tls.version));
        line.text("cipher", self.tls.map(|tls| tls.cipher));
        line.text("group", self.tls.and_then(|tls| tls.group));
        line.flag("resumed", self.tls.map(|tls| tls.resumed));
        let alpn: Option<Cow<str>> = self.tls.and_then(|tls| tls.alpn).map(String::from_utf8_lossy);
        line.text_within(MAX_CLIENT_WORD, "alpn", alpn.as_deref());
        let certificates = [
            (["client_status", "client_code", "client_cn", "client_pin"], self.client_certificate),
            (["server_status", "server_code", "server_cn", "server_pin"], self.server_certificate),
        ];
        for ([status, code, common_name, pin], certificate) in certificates {
            line.text(status, certificate.map(|it| it.status));
            line.text(code, certificate.and_then(|it| it.code));
            let name = certificate.and_then(|it| it.common_name);
            line.text_within(MAX_CLIENT_WORD, common_name, name);
            line.text(pin, certificate.and_then(|it| it.pin));
        }
        line.number("to_backend", Some(self.to_backend));
        line.number("to_client", Some(self.to_client));
        line.number("duration_ms", Some(millis(self.duration)));
        line.display("backend", self.backend);
        line.text("reason", Some(self.reason.word()));
        line.text("detail", self.detail);
        line.end()
    }
}

impl Event<'_> {
    pub(super) fn line(&self, format: LogFormat, now: SystemTime) -> String {
        let begin = |level, event| Line::begin(format, now, level, event);
        let mut line;
        match *self {
            Event::Listening { service, address } => {
                line = begin(Level::Info, "listening");
                line.text("service", Some(service));
                line.display("address", Some(address));
            }
            Event::Ready { services, workers } => {
                line = begin(Level::Info, "ready");
                line.text("program_version", Some(env!("CARGO_PKG_VERSION")));
                line.number("services", Some(services as u64));
                line.number("workers", Some(workers as u64));
            }
            Event::Reloaded { services } => {
                line = begin(Level::Info, "reloaded");
                line.number("services", Some(services as u64));
            }
            Event::ReloadFailed { error } => {
                line = begin(Level::Error, "reload_failed");
                line.text("error", Some(error));
            }
            Event::Refused { service, client, limit } => {
                line = begin(Level::Warning, "refused");
                line.text("service", Some(service));
                line.display("client", Some(canonical(client)));
                line.text("limit", Some(limit));
            }
            Event::ListenerFailed { service, address, error } => {
                line = begin(Level::Error, "listener_failed");
                line.text("service", Some(service));
                line.display("address", Some(address));
                line.text("error", Some(error));
            }
            Event::Draining { open, limit } => {
                line = begin(Level::Info, "draining");
                line.number("open", Some(open));
                line.number("limit_ms", Some(millis(limit)));
            }
            Event::Stopped { cut } => {
                line = begin(Level::Info, "stopped");
                line.number("cut", Some(cut));
            }
            Event::Warning { detail } => {
                line = begin(Level::Warning, "warning");
                line.text("detail", Some(detail));
            }
        }
        line.end()
    }

    /// The kind of the event's line, if it is limited.
    pub(super) fn kind(&self) -> Option<Kind> {
        match self {
            Event::Refused { .. } => Some(Kind::Refused),
            Event::ListenerFailed { .. } => Some(Kind::ListenerFailed),
            _ => None,
        }
    }
}

impl fmt::Display for Backend<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Backend::Tcp(address) => canonical(*address).fmt(f),
            Backend::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// An IPv4 address that came in over an IPv6 socket is shown as what it is.
fn canonical(address: SocketAddr) -> SocketAddr {
    match address.ip().to_canonical() {
        ip if ip == address.ip() => address,
        ip => SocketAddr::new(ip, address.port()),
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> ConnectionRecord<'static> {
        ConnectionRecord {
            id: 7,
            service: "rtmps",
            client: "[::ffff:192.0.2.1]:40000".parse().unwrap(),
            peer: Some("192.0.2.9:9000".parse().unwrap()),
            sni: Some("media.example"),
            tls: Some(TlsRecord {
                version: "TLSv1.3",
                cipher: "TLS_AES_128_GCM_SHA256",
                group: Some("X25519"),
                resumed: false,
                alpn: Some(b"h2"),
            }),
            client_certificate: None,
            server_certificate: None,
            to_backend: 1200,
            to_client: 34,
            duration: Duration::from_micros(1_234_567),
            backend: Some(Backend::Tcp("127.0.0.1:1935".parse().unwrap())),
            reason: CloseReason::ClientClosed,
            detail: None,
        }
    }

    fn json(line: &str) -> serde_json::Value {
        serde_json::from_str(line).unwrap()
    }

    #[test]
    fn a_connection_is_one_line_of_text() {
        assert_eq!(
            record().line(LogFormat::Text, SystemTime::UNIX_EPOCH),
            "time=1970-01-01T00:00:00.000Z level=info event=closed service=rtmps id=7 \
             client=192.0.2.1:40000 peer=192.0.2.9:9000 sni=media.example version=TLSv1.3 \
             cipher=TLS_AES_128_GCM_SHA256 group=X25519 resumed=false alpn=h2 to_backend=1200 \
             to_client=34 duration_ms=1234 backend=127.0.0.1:1935 reason=client_closed\n"
        );
    }

    #[test]
    fn json_has_the_same_keys_whatever_happened() {
        let full = json(&record().line(LogFormat::Json, SystemTime::UNIX_EPOCH));
        let bare = ConnectionRecord {
            peer: None,
            sni: None,
            tls: None,
            backend: None,
            reason: CloseReason::HandshakeTimeout,
            ..record()
        };
        let bare = json(&bare.line(LogFormat::Json, SystemTime::UNIX_EPOCH));
        let keys = |value: &serde_json::Value| {
            value.as_object().unwrap().keys().cloned().collect::<Vec<_>>()
        };
        assert_eq!(keys(&full), keys(&bare));
        assert_eq!(bare["sni"], serde_json::Value::Null);
        assert_eq!(bare["resumed"], serde_json::Value::Null);
        assert_eq!(full["to_backend"], 1200);
        assert_eq!(full["resumed"], false);
    }

    #[test]
    fn what_clients_choose_stays_in_its_place_and_size() {
        let sni = format!("x\" reason=idle\r\n{}", "y".repeat(60_000));
        let alpn = [b'h', 0xff, b'\n'];
        let tls = TlsRecord { alpn: Some(&alpn), ..record().tls.unwrap() };
        let record = ConnectionRecord { sni: Some(&sni), tls: Some(tls), ..record() };
        let line = record.line(LogFormat::Text, SystemTime::UNIX_EPOCH);
        assert!(line.len() < 1000, "{}", line.len());
        assert_eq!(line.matches('\n').count(), 1);
        assert!(line.contains(r#" sni="x\" reason=idle\r\nyyy"#), "{line}");
        assert!(line.contains("alpn=\"h\u{fffd}\\n\""), "{line}");
        let line = record.line(LogFormat::Json, SystemTime::UNIX_EPOCH);
        assert_eq!(json(&line)["reason"], "client_closed");
    }

    #[test]
    fn the_clients_certificate_stands_with_its_verdict() {
        let client_certificate = Some(CertificateRecord {
            status: "expired",
            code: Some("CERT_HAS_EXPIRED"),
            common_name: Some("me reason=idle"),
            pin: Some("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="),
        });
        let record = ConnectionRecord { client_certificate, ..record() };
        let line = record.line(LogFormat::Text, SystemTime::UNIX_EPOCH);
        let expected = " client_status=expired client_code=CERT_HAS_EXPIRED client_cn=\"me reason=idle\" \
                        client_pin=\"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\" to_backend=1200 ";
        assert!(line.contains(expected), "{line}");
    }

    #[test]
    fn unix_backends_are_told_apart() {
        let backend = Some(Backend::Unix(Path::new("/run/a b.sock")));
        let line =
            ConnectionRecord { backend, ..record() }.line(LogFormat::Text, SystemTime::UNIX_EPOCH);
        assert!(line.contains(" backend=\"unix:/run/a b.sock\" "), "{line}");
    }

    #[test]
    fn events_say_what_happened() {
        let address = "[::]:443".parse().unwrap();
        let client = "192.0.2.1:5".parse().unwrap();
        let text = |event: Event| event.line(LogFormat::Text, SystemTime::UNIX_EPOCH);
        for (event, end) in [
            (
                Event::Listening { service: "a", address },
                "level=info event=listening service=a address=[::]:443",
            ),
            (Event::Reloaded { services: 2 }, "level=info event=reloaded services=2"),
            (
                Event::ReloadFailed { error: "line 3:\n  unknown key" },
                r#"level=error event=reload_failed error="line 3:\n  unknown key""#,
            ),
            (
                Event::Refused { service: "a", client, limit: "max-per-source" },
                "level=warning event=refused service=a client=192.0.2.1:5 limit=max-per-source",
            ),
            (
                Event::ListenerFailed { service: "a", address, error: "too many open files" },
                "level=error event=listener_failed service=a address=[::]:443 \
                 error=\"too many open files\"",
            ),
            (
                Event::Draining { open: 3, limit: Duration::from_secs(30) },
                "level=info event=draining open=3 limit_ms=30000",
            ),
            (Event::Stopped { cut: 0 }, "level=info event=stopped cut=0"),
            (
                Event::Warning { detail: "admin is open to all" },
                "level=warning event=warning detail=\"admin is open to all\"",
            ),
        ] {
            assert_eq!(text(event), format!("time=1970-01-01T00:00:00.000Z {end}\n"));
        }
        let ready = text(Event::Ready { services: 1, workers: 2 });
        assert!(ready.ends_with(" services=1 workers=2\n"), "{ready}");
    }
}
