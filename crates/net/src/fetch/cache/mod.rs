//! What was fetched, kept for the next time.

mod disk;
mod memory;

pub(super) use disk::Disk;
pub(super) use memory::{Bounded, is_fresh};
