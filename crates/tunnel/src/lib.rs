//! A TLS tunnel: TLS on one side, plain TCP on the other, every end told apart.

#![deny(unsafe_code)]

mod active;
pub mod admin;
pub mod certificates;
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
#[allow(unsafe_code, reason = "the one place: what socket2 does not have")]
pub mod sys;
pub mod timers;
mod tunnel;
mod worker;

pub use listen::ListenError;
pub use tunnel::{Handle, Reload, StartError, Tunnel};
