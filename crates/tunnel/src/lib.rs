//! A TLS tunnel: TLS on one side, plain TCP on the other, every end told apart.

#![deny(unsafe_code)]

mod active;
pub mod admin;
pub mod certificates;
pub mod limits;
pub mod proxy_protocol;
pub mod reason;
pub mod rtmp;
pub mod service;
pub mod sys;
pub mod timers;
pub mod transparent;
