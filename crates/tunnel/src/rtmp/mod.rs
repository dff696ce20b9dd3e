//! What the tunnel knows of RTMP.
//!
//! - `address`: the URIs that players and encoders are given.
//! - `watcher`: whether a client's bytes mean anything.

mod address;
mod watcher;

pub use address::{RtmpAddress, RtmpAddressError};
pub use watcher::{MAX_CHUNK_STREAMS, Watcher};
