//! Fetching from servers on this machine that do what servers should and should not do.

mod cache;
mod http;
mod https;
mod server;
