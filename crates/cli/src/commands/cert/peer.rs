//! What a TLS server presents. It is not judged, and nothing is sent but the handshake.

use crate::{args::cert::judge::ServerArgs, exit::Failure};
use ravelin_tls::{ClientConfig, ClientContext, Connection, End, OpenBuffer, Trust};
use ravelin_trust::Anchors;
use std::{
    fmt,
    io::{self, Read as _, Write as _},
    net::{Ipv6Addr, TcpStream, ToSocketAddrs as _},
    path::Path,
    str::FromStr,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// How long connecting to one address may take.
const CONNECT: Duration = Duration::from_secs(5);

/// How long connecting and the handshake may take together, without the look-up of the host.
const LIMIT: Duration = Duration::from_secs(15);

/// Most addresses of a host that are tried.
const MAX_ADDRESSES: usize = 8;

/// A server: a host and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// A DNS name or an IP address.
    pub host: String,
    /// Never 0.
    pub port: u16,
}

/// What a server presented.
#[derive(Debug)]
pub struct Presented {
    /// Its certificates as DER, its own first.
    pub certificates: Vec<Box<[u8]>>,
    /// Such as `TLSv1.3`.
    pub version: String,
    /// The cipher suite.
    pub suite: String,
}

impl Server {
    /// HOST:PORT, unless that is a file.
    pub fn parse(text: &str) -> Option<Server> {
        text.parse().ok().filter(|_| !Path::new(text).exists())
    }

    /// Asks for its certificates.
    ///
    /// # Errors
    /// When there is no TLS connection to be had.
    pub fn ask(&self, args: &ServerArgs) -> Result<Presented, Failure> {
        let name = args.servername.as_ref().unwrap_or(&self.host);
        self.converse(name).map_err(|why| Failure::Unanswered(format!("{self}: {why}")))
    }

    fn converse(&self, name: &str) -> Result<Presented, String> {
        let mut trust = Trust::new(Anchors::new());
        trust.dangerous_accept_untrusted = true;
        let config = ClientConfig::new(trust);
        let context = ClientContext::new(&config).map_err(|error| error.to_string())?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let connection =
            Connection::client(&context, name, now).map_err(|error| error.to_string())?;
        let begin = Instant::now();
        let stream = self.connect(begin + LIMIT)?;
        handshake(connection, stream, begin + LIMIT)
    }

    fn connect(&self, deadline: Instant) -> Result<TcpStream, String> {
        let addresses = (&self.host[..], self.port)
            .to_socket_addrs()
            .map_err(|error| format!("the host is not found: {error}"))?;
        let mut fault = "the host has no address".to_owned();
        for address in addresses.take(MAX_ADDRESSES) {
            let left = deadline.saturating_duration_since(Instant::now()).min(CONNECT);
            if left.is_zero() {
                break;
            }
            match TcpStream::connect_timeout(&address, left) {
                Ok(stream) => return Ok(stream),
                Err(error) => fault = format!("no connection to {address}: {error}"),
            }
        }
        Err(fault)
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

impl FromStr for Server {
    type Err = String;

    /// HOST:PORT.
    fn from_str(text: &str) -> Result<Server, String> {
        let (host, port) = text
            .rsplit_once(':')
            .ok_or_else(|| format!("`{text}` has no port: write HOST:PORT, such as {text}:443"))?;
        let port = port.parse().ok().filter(|port| *port != 0);
        let port = port.ok_or("a port is a number from 1 to 65535")?;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let is_host = match bare {
            Some(address) => address.parse::<Ipv6Addr>().is_ok(),
            None => !host.is_empty() && !host.contains(['/', ':', ' ']),
        };
        if !is_host {
            return Err(format!("`{host}` is no host: write a name, 192.0.2.1 or [2001:db8::1]"));
        }
        Ok(Server { host: bare.unwrap_or(host).to_owned(), port })
    }
}

fn handshake(
    mut connection: Connection,
    mut stream: TcpStream,
    deadline: Instant,
) -> Result<Presented, String> {
    let broken = |error: io::Error| match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
            format!("no handshake in {} s", LIMIT.as_secs())
        }
        _ => format!("the connection broke: {error}"),
    };
    // Record types of RFC 8446, section 5.1: whoever greets with text would have us wait for the rest of a record.
    let is_tls = |first: &u8| (20..=23).contains(first);
    let mut buffer = OpenBuffer::new(2);
    let mut has_answered = false;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(format!("no handshake in {} s", LIMIT.as_secs()));
        }
        stream.set_write_timeout(Some(left)).map_err(broken)?;
        stream.set_read_timeout(Some(left)).map_err(broken)?;
        let count = connection.outgoing().len();
        stream.write_all(connection.outgoing()).map_err(broken)?;
        connection.sent(count);
        if let Some(handshake) = connection.handshake() {
            let presented = Presented {
                certificates: handshake.peer_certificates.to_vec(),
                version: handshake.version.to_string(),
                suite: handshake.suite.name().to_owned(),
            };
            connection.close_notify();
            // Whoever has presented everything need not hear the end of it.
            let _ = stream.write_all(connection.outgoing());
            return Ok(presented);
        }
        let count = stream.read(buffer.space()).map_err(broken)?;
        if count == 0 {
            return Err("the server ended the connection during the handshake".into());
        }
        buffer.filled(count);
        if !has_answered && !buffer.pending().first().is_some_and(is_tls) {
            return Err("the server answers with something that is no TLS".into());
        }
        has_answered = true;
        if let Some(End::Failed(error)) = connection.open(&mut buffer).end {
            let _ = stream.write_all(connection.outgoing());
            return Err(format!("no TLS handshake: {error}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Server;

    #[test]
    fn a_server_is_a_host_and_a_port() {
        let server = |host: &str, port| Some(Server { host: host.into(), port });
        assert_eq!(Server::parse("a.example:443"), server("a.example", 443));
        assert_eq!(Server::parse("127.0.0.1:8443"), server("127.0.0.1", 8443));
        assert_eq!(Server::parse("[::1]:443"), server("::1", 443));
        for text in ["", "a.pem", ":443", "a:0", "a:65536", "a:x", "::1:443", "dir/a:1", "[a]:443"]
        {
            assert_eq!(Server::parse(text), None, "{text}");
        }
    }
}
