//! The demo's own client: one connection, there and back.

use ravelin_tls::{ClientConfig, ClientContext, Connection, End, OpenBuffer, SealBuffer, Trust};
use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// How long each step may take.
const LIMIT: Duration = Duration::from_secs(10);

const GREETING: &[u8] = b"Is anybody behind the gate?\n";

/// What a connection showed.
#[derive(Debug, PartialEq, Eq)]
pub struct Proof {
    pub version: String,
    pub suite: String,
    pub group: Option<String>,
    /// Bytes that went through and came back.
    pub echoed: usize,
}

/// Connects to a tunnel whose backend echoes, trusting `anchor` alone; sends a line, ends its direction, and expects the
/// same line and an orderly end.
///
/// # Errors
/// In words, when anything else happens.
pub fn attempt(address: SocketAddr, anchor: &[u8]) -> Result<Proof, String> {
    let config =
        ClientConfig::new(Trust::of_certificates([anchor]).map_err(|error| error.to_string())?);
    let context = ClientContext::new(&config).map_err(|error| error.to_string())?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let stream = TcpStream::connect_timeout(&address, LIMIT).map_err(|error| error.to_string())?;
    let mut client = Client {
        connection: Connection::client(&context, "localhost", now)
            .map_err(|error| error.to_string())?,
        stream,
        open: OpenBuffer::new(2),
        received: Vec::new(),
        end: None,
    };
    client.run().map_err(|error| error.to_string())?;
    let handshake = client.connection.handshake().ok_or("the handshake did not end")?;
    if client.received != GREETING {
        return Err(format!("{} bytes were sent, others came back", GREETING.len()));
    }
    Ok(Proof {
        version: handshake.version.to_string(),
        suite: handshake.suite.to_string(),
        group: handshake.group.map(|group| group.to_string()),
        echoed: client.received.len(),
    })
}

struct Client {
    connection: Connection,
    stream: TcpStream,
    open: OpenBuffer,
    received: Vec<u8>,
    end: Option<End>,
}

impl Client {
    fn run(&mut self) -> Result<(), Box<dyn std::error::Error>> {
        self.stream.set_read_timeout(Some(LIMIT))?;
        self.stream.set_write_timeout(Some(LIMIT))?;
        self.flush()?;
        while self.connection.is_handshaking() {
            self.step()?;
        }
        let mut seal = SealBuffer::new(1);
        self.connection.lend(&mut seal);
        let count = seal.fill(GREETING);
        self.connection.seal(&mut seal, count)?;
        self.stream.write_all(seal.sealed())?;
        self.connection.close_notify();
        self.flush()?;
        while self.end.is_none() && self.received.len() <= GREETING.len() {
            self.step()?;
        }
        match self.end.take() {
            Some(End::Closed) => Ok(()),
            Some(End::Failed(error)) => Err(error.into()),
            Some(End::Truncated) => Err("the connection ended without close_notify".into()),
            None => Err("more came back than was sent".into()),
        }
    }

    /// Takes what the network has, once.
    fn step(&mut self) -> Result<(), Box<dyn std::error::Error>> {
        let count = self.stream.read(self.open.space())?;
        if count == 0 {
            self.end = Some(self.connection.receive_fin());
            if self.connection.is_handshaking() {
                return Err("the connection ended during the handshake".into());
            }
            return Ok(());
        }
        self.open.filled(count);
        loop {
            let opened = self.connection.open(&mut self.open);
            self.received.extend_from_slice(opened.plain);
            let again = opened.established;
            let end = opened.end;
            // An alert tells the other side why.
            self.flush()?;
            match end {
                Some(End::Failed(error)) => return Err(error.into()),
                Some(end) => self.end = Some(end),
                None => {}
            }
            if !again {
                return Ok(());
            }
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        let bytes = self.connection.outgoing().to_vec();
        self.stream.write_all(&bytes)?;
        self.connection.sent(bytes.len());
        Ok(())
    }
}
