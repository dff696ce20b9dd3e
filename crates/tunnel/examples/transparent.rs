//! Shows transparent connections at work.
//!
//! `transparent rules TARGET...` prints the script that the tunnel's host needs; `transparent missing TARGET...` what
//! stands in the way; `transparent connect SOURCE TARGET` connects as SOURCE and prints what the backend says.

#![allow(clippy::print_stdout)]

use ravelin_tunnel::{sys, transparent};
use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    os::fd::OwnedFd,
    time::Duration,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next().unwrap_or_default();
    let addresses: Vec<SocketAddr> =
        arguments.map(|address| address.parse()).collect::<Result<_, _>>()?;
    match (command.as_str(), addresses.as_slice()) {
        ("rules", targets) => print!("{}", transparent::rules(targets)),
        ("missing", targets) => {
            for line in transparent::missing_privileges(targets) {
                println!("{line}");
            }
        }
        ("connect", &[source, target]) => {
            let mut stream =
                TcpStream::from(OwnedFd::from(sys::transparent_connect(source, target)?));
            stream.set_nonblocking(false)?;
            stream.set_read_timeout(Some(Duration::from_secs(2)))?;
            stream.set_write_timeout(Some(Duration::from_secs(2)))?;
            // Waits for the connection, which is still being made.
            stream.write_all(b"hello\n")?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            println!("{answer}");
        }
        _ => return Err("say rules TARGET..., missing TARGET..., or connect SOURCE TARGET".into()),
    }
    Ok(())
}
