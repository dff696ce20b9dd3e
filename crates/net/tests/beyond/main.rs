//! What today's users expect beyond the older designs, with peers that are not ours: OpenSSL and Node.

mod alpn;
mod authorities;
mod facts;
mod key_log;
mod peers;
mod promises;
