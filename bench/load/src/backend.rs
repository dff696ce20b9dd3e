//! The plain service behind the tunnel: a line of text from the client says what a connection is for.
//!
//! - `echo`: everything that follows comes back.
//! - `give N`: the service sends N bytes and ends.
//! - `take N`: the service reads N bytes, then answers `done` and ends.

use anyhow::{Context, bail, ensure};
use std::{
    io::{ErrorKind, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    thread,
};

/// Small, since thousands of connections may be open.
const STACK: usize = 192 << 10;
const PIECE: usize = 64 << 10;
const LONGEST_LINE: usize = 64;

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Echo,
    Give(u64),
    Take(u64),
}

impl Order {
    /// The line that asks for it.
    pub(crate) fn line(self) -> String {
        match self {
            Order::Echo => "echo\n".into(),
            Order::Give(bytes) => format!("give {bytes}\n"),
            Order::Take(bytes) => format!("take {bytes}\n"),
        }
    }

    fn parse(line: &str) -> anyhow::Result<Order> {
        let mut words = line.split(' ');
        let order = match (words.next(), words.next()) {
            (Some("echo"), None) => Order::Echo,
            (Some("give"), Some(bytes)) => Order::Give(bytes.parse()?),
            (Some("take"), Some(bytes)) => Order::Take(bytes.parse()?),
            _ => bail!("no such order: {line:?}"),
        };
        ensure!(words.next().is_none(), "more words than an order has: {line:?}");
        Ok(order)
    }
}

/// Serves until the process is ended.
pub(crate) fn serve(listen: SocketAddr) -> anyhow::Result<()> {
    let listener =
        TcpListener::bind(listen).with_context(|| format!("cannot listen on {listen}"))?;
    for connection in listener.incoming() {
        let Ok(connection) = connection else { continue };
        // A connection that breaks is the client's to report.
        thread::Builder::new().stack_size(STACK).spawn(move || drop(handle(connection)))?;
    }
    Ok(())
}

fn handle(mut connection: TcpStream) -> anyhow::Result<()> {
    connection.set_nodelay(true)?;
    match Order::parse(&read_line(&mut connection)?)? {
        Order::Echo => {
            let mut piece = vec![0; 4 << 10];
            loop {
                match connection.read(&mut piece) {
                    Ok(0) => break,
                    Ok(count) => connection.write_all(&piece[..count])?,
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Order::Give(bytes) => give(&mut connection, bytes)?,
        Order::Take(bytes) => {
            take(&mut connection, bytes)?;
            connection.write_all(b"done")?;
        }
    }
    connection.shutdown(Shutdown::Write)?;
    Ok(())
}

/// One byte at a time: what follows the line belongs to the order.
fn read_line(connection: &mut TcpStream) -> anyhow::Result<String> {
    let mut line = Vec::new();
    let mut byte = [0];
    loop {
        connection.read_exact(&mut byte)?;
        if byte == *b"\n" {
            return Ok(String::from_utf8(line)?);
        }
        ensure!(line.len() < LONGEST_LINE, "an order has at most {LONGEST_LINE} bytes");
        line.push(byte[0]);
    }
}

/// Writes `bytes` bytes.
pub(crate) fn give(to: &mut impl Write, mut bytes: u64) -> anyhow::Result<()> {
    let piece = vec![0x5a; PIECE];
    while bytes > 0 {
        let count = piece.len().min(usize::try_from(bytes).unwrap_or(usize::MAX));
        to.write_all(&piece[..count])?;
        bytes -= count as u64;
    }
    Ok(())
}

/// Reads exactly `bytes` bytes and drops them.
pub(crate) fn take(from: &mut impl Read, mut bytes: u64) -> anyhow::Result<()> {
    let mut piece = vec![0; PIECE];
    while bytes > 0 {
        let room = piece.len().min(usize::try_from(bytes).unwrap_or(usize::MAX));
        match from.read(&mut piece[..room])? {
            0 => bail!("the stream ended {bytes} bytes early"),
            count => bytes -= count as u64,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_survive_their_line() {
        for order in [Order::Echo, Order::Give(0), Order::Take(1 << 40)] {
            assert_eq!(Order::parse(order.line().trim_end()).unwrap(), order);
        }
        for line in ["", "give", "give x", "take 1 2", "echo 1"] {
            assert!(Order::parse(line).is_err(), "{line}");
        }
    }
}
