//! The record layer of our own (RFC 8446, section 5; RFC 5246, section 6).
