//! The keys that protect session tickets, rotated by a clock that the caller reads.

/// Ticket keys: one that encrypts, older ones that still decrypt.
#[derive(Debug)]
pub struct TicketKeys {}
