//! The reader held to account: by itself in pieces, by other readers, by the W3C's conformance suite, by hostile documents.

mod chunks;
mod corpus;
mod doctype;
mod events;
mod hostile;
mod peers;
mod roxml;
mod vectors;
mod w3c;
mod xmllint;
