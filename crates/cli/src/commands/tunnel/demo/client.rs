//! The demo's own client: one connection, there and back.

use ravelin_net::{ConnectError, blocking::TlsStream};
use ravelin_tls::{ClientConfig, ClientContext, Trust};
use ravelin_trust::Verdict;
use std::{
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// How long each step may take.
const LIMIT: Duration = Duration::from_secs(10);

const GREETING: &[u8] = b"Is anybody behind the gate?\n";

/// What a connection showed.
#[derive(Debug)]
pub struct Proof {
    pub version: String,
    pub suite: String,
    pub group: Option<String>,
    /// What the client thinks of the tunnel's certificate.
    pub verdict: Arc<Verdict>,
    /// Bytes that went through and came back.
    pub echoed: usize,
}

/// Connects to a tunnel whose backend echoes, trusting `anchor` alone; sends a line, ends its direction, and expects the
/// same line and an orderly end.
///
/// # Errors
/// In words, when anything else happens.
pub fn attempt(address: SocketAddr, anchor: &[u8]) -> Result<Proof, String> {
    let trust = Trust::of_certificates([anchor]).map_err(|error| error.to_string())?;
    let context =
        ClientContext::new(&ClientConfig::new(trust)).map_err(|error| error.to_string())?;
    let mut stream = connect(address, &context).map_err(|error| error.to_string())?;
    let received = converse(&mut stream).map_err(|error| error.to_string())?;
    if received != GREETING {
        return Err(format!("{} bytes were sent, others came back", GREETING.len()));
    }
    let handshake = stream.agreed().ok_or("the handshake did not end")?;
    let verdict = stream.verdict().ok_or("the tunnel showed no certificate")?;
    Ok(Proof {
        version: handshake.version.to_string(),
        suite: handshake.suite.to_string(),
        group: handshake.group.map(|group| group.to_string()),
        verdict: Arc::clone(verdict),
        echoed: received.len(),
    })
}

fn connect(
    address: SocketAddr,
    context: &ClientContext,
) -> Result<TlsStream<TcpStream>, ConnectError> {
    let tcp = TcpStream::connect_timeout(&address, LIMIT)?;
    tcp.set_read_timeout(Some(LIMIT))?;
    tcp.set_write_timeout(Some(LIMIT))?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    TlsStream::connect(context, "localhost", now, tcp)
}

/// Says the greeting and that this is all; what comes back, up to an orderly end or one byte too many.
fn converse(stream: &mut TlsStream<TcpStream>) -> io::Result<Vec<u8>> {
    stream.write_all(GREETING)?;
    stream.close()?;
    let mut received = Vec::new();
    stream.take(GREETING.len() as u64 + 1).read_to_end(&mut received)?;
    Ok(received)
}
