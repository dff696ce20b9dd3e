//! Verifying.
pub(crate) const OCTETS: &str = "octets";
