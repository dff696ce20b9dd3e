//! A TLS tunnel: TLS on one side, plain TCP on the other, every end told apart.

#![deny(unsafe_code)]

pub mod admin;
pub mod certificates;
pub mod log;
pub mod metrics;
pub mod reason;
pub mod service;
