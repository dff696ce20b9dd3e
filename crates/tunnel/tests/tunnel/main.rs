//! The tunnel with real sockets on the loopback.

mod clients;
mod common;
mod ends;
mod limits;
mod outward;
