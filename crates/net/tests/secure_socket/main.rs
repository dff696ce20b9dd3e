//! AIR's sockets against servers that are not ours: OpenSSL's, Node's and Python's. What they cannot do, our own acceptor
//! does.

mod amf;
mod connecting;
mod consent;
mod data;
mod ends;
mod listening;
mod peers;
mod statuses;
mod surface;
mod trusting;
