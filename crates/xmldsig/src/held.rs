use crate::error::Beyond;
use std::io::{self, Write};

/// The name of the limit of what is held.
const NAME: &str = "held";

/// Octets in memory, as many as a limit allows.
#[derive(Debug)]
pub(crate) struct Held {
    octets: Vec<u8>,
    limit: usize,
}

impl Held {
    pub(crate) fn up_to(limit: usize) -> Held {
        Held { octets: Vec::new(), limit }
    }

    pub(crate) fn into_octets(self) -> Vec<u8> {
        self.octets
    }
}

impl Write for Held {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        if octets.len() > self.limit - self.octets.len() {
            return Err(Beyond(NAME).into());
        }
        self.octets.extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
