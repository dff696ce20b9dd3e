//! The tunnel with real sockets on the loopback.

mod common;
mod ends;
mod limits;
