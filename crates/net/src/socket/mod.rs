//! Sockets in the manner of Adobe AIR: [`SecureSocket`] (`flash.net.SecureSocket`) and [`Socket`] (`flash.net.Socket`).
//!
//! # A guide
//!
//! A socket is made for a [`Sandbox`], which for a Rust program is [`Sandbox::Application`]. [`connect`](TypedSocket::connect)
//! begins, and [`next_event`](TypedSocket::next_event) drives the socket and tells what happens, one [`Event`] after the
//! other. Who comes from AIR may register [`Listener`]s instead and call [`run`](TypedSocket::run); both work together, and a
//! listener hears first.
//!
//! ```no_run
//! use ravelin_net::socket::{EventKind, EventType, Listener, Registration, Sandbox, SecureSocket};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let mut socket = SecureSocket::new(Sandbox::Application)?;
//! socket.add_event_listener(
//!     EventType::Connect,
//!     &Listener::new(|_, socket: &mut SecureSocket| {
//!         let said = socket.write_utf("hello").and_then(|()| socket.flush());
//!         said.expect("who is connected can write");
//!     }),
//!     Registration::default(),
//! );
//! socket.connect("server.example", 8443)?;
//! while let Some(event) = socket.next_event().await {
//!     match event.kind {
//!         // As long as a message has not arrived whole, reading it fails and takes nothing.
//!         EventKind::SocketData { .. } => while let Ok(message) = socket.read_utf() {
//!             println!("{message}");
//!         },
//!         EventKind::IoError { text, .. } => eprintln!("{text} ({})", socket.server_certificate_status()),
//!         _ => {}
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! | AIR | here |
//! |---|---|
//! | `isSupported`, `connect`, `close`, `flush`, `timeout`, `connected`, … | the same in snake_case, at [`TypedSocket`] and [`SecureSocket`] |
//! | `connect(null, port)` | [`connect_without_host`](TypedSocket::connect_without_host) |
//! | `readByte`, `readUnsignedByte`, `readShort`, `readInt`, `readDouble`, … | [`read_i8`](TypedSocket::read_i8), [`read_u8`](TypedSocket::read_u8), [`read_i16`](TypedSocket::read_i16), … |
//! | `writeByte`, `writeShort` of any number | [`write_byte`](TypedSocket::write_byte), [`write_short`](TypedSocket::write_short); else by type |
//! | `readUTF`, `readMultiByte`, `readObject`, … | [`read_utf`](TypedSocket::read_utf), [`read_multi_byte`](TypedSocket::read_multi_byte), [`read_object`](TypedSocket::read_object) |
//! | `addBinaryChainBuildingCertificate(der, false)`, `(der, true)` | [`add_chain_building_certificate`](SecureSocket::add_chain_building_certificate), [`add_trust_anchor`](SecureSocket::add_trust_anchor) |
//! | `serverCertificateStatus`, `serverCertificate` | [`server_certificate_status`](SecureSocket::server_certificate_status), [`server_certificate`](SecureSocket::server_certificate) |
//! | `addEventListener`, … `dispatchEvent` | the same in snake_case |
//! | what is thrown | [`SocketError`], with class and number |
//! | `Event.CONNECT`, `IOErrorEvent`, … | [`EventKind`] |
//!
//! # Differences
//!
//! - TLS 1.2 and 1.3; AIR began at SSL 3.0.
//! - Written data waits for [`flush`](TypedSocket::flush) on every system.
//! - A certificate is for a host by its alternative names; its common name counts under [`CertificateProfile::Legacy`] only.
//! - More than [`DEFAULT_INPUT_LIMIT`] bytes that nobody reads end the connection.

mod attempt;
mod dial;
mod drive;
mod error;
mod event;
mod io;
mod listeners;
mod machine;
mod plain;
pub mod policy_file;
mod report;
mod sandbox;
mod secure;
mod status;
mod transport;
mod trust;
mod typed;

pub use dial::{Dial, Dialed, Dialing, Stream, Tcp};
pub use error::{SocketError, error_id};
pub use event::{Event, EventKind, EventType};
pub use listeners::{Listener, Registration};
pub use machine::DEFAULT_INPUT_LIMIT;
pub use plain::{Plain, Socket};
pub use report::TrustReport;
pub use sandbox::{FIRST_FREE_PORT, Origin, Sandbox, UnknownSandbox};
pub use secure::{Secure, SecureSocket};
pub use status::{CertificateStatus, UnknownStatus};
pub use trust::{CertificateProfile, RevocationCheck};
pub use typed::{DEFAULT_TIMEOUT, Protocol, SocketId, TypedSocket};
