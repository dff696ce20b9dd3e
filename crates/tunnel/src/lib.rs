//! A TLS tunnel: TLS on one side, plain TCP on the other, every end told apart.
//!
//! [`Tunnel::start`] takes resolved [`service::Settings`] and serves until it is told to stop. Bytes flow in `worker`
//! threads, each with its own event loop, and there in one `relay` for each connection.

#![deny(unsafe_code)]

mod active;
pub mod admin;
pub mod certificates;
pub mod clients;
pub mod config;
pub mod limits;
mod listen;
pub mod log;
pub mod metrics;
pub mod proxy_protocol;
pub mod reason;
mod relay;
pub mod rtmp;
pub mod service;
pub mod sys;
pub mod timers;
pub mod transparent;
mod tunnel;
mod worker;

pub use listen::ListenError;
pub use tunnel::{Handle, Reload, StartError, Tunnel};
