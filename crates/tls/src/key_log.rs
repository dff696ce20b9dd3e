//! Handing out secrets on request, to decrypt captures (the NSS key log format).

/// Receives one line per secret, in the NSS key log format, without the line end.
pub trait KeyLog: Send + Sync + std::fmt::Debug {
    /// Takes a line.
    fn line(&self, line: &str);
}
