//! What Ravelin's own tests share. Never published, and no part of any program.
//!
//! - [`Authority`] issues certificates: roots, intermediates and end certificates of every kind of key, in date or
//!   not, for whatever names, and impostors that carry a trusted name with another key.
//! - [`Clock`] is time that passes when a test says so.
//! - [`Link`] joins the two ends of a connection in memory, with latency, small segments and everything that may
//!   happen to a connection: ends, resets, a line that goes dead.
//! - [`der`] writes DER, for what no certificate library would make.
//! - [`pki`] makes certificates with any field and any extension, broken ones too.
//! - [`skip`], [`has_program`] and [`corpus`] skip what needs a program or files that a machine lacks: loudly, and not
//!   where nothing may be skipped.
//!
//! This crate depends on no other crate of the workspace, so that all of them may test with it.

#![forbid(unsafe_code)]

mod authority;
mod clock;
pub mod der;
mod link;
pub mod pki;
mod skip;

pub use authority::{Authority, Issued, Key, Purpose, Request, Validity};
pub use clock::Clock;
pub use link::{Closed, Link, Received, Side};
pub use skip::{corpus, has_program, skip};
