//! Bytes that wait.

/// Memory that an empty buffer keeps for what comes next, in bytes.
const KEPT: usize = 64 << 10;

/// Bytes that wait: pushed at the end, consumed from the beginning, and seen in one piece.
///
/// ```
/// let mut buffer = ravelin_net::data::Buffer::default();
/// buffer.push(b"abc");
/// buffer.consume(1);
/// assert_eq!(buffer.as_slice(), b"bc");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Buffer {
    bytes: Vec<u8>,
    consumed: usize,
}

impl Buffer {
    /// Adds bytes at the end.
    pub fn push(&mut self, bytes: &[u8]) {
        self.tail().extend_from_slice(bytes);
    }

    /// Takes so many bytes away from the beginning.
    ///
    /// # Panics
    /// When there are less.
    pub fn consume(&mut self, count: usize) {
        assert!(count <= self.len(), "{count} bytes of {} cannot be consumed", self.len());
        self.consumed += count;
        if !self.is_empty() {
            return;
        }
        self.consumed = 0;
        self.bytes.clear();
        self.bytes.shrink_to(KEPT);
    }

    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        &self.bytes[self.consumed..]
    }

    /// How many bytes there are.
    pub fn len(&self) -> usize {
        self.bytes.len() - self.consumed
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where bytes can be added. Consumed ones are removed when they are as many as the others, so that each is moved
    /// once at most.
    pub(super) fn tail(&mut self) -> &mut Vec<u8> {
        if self.consumed > self.len() {
            self.bytes.drain(..self.consumed);
            self.consumed = 0;
        }
        &mut self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_out_in_order_and_memory_is_given_back() {
        let mut buffer = Buffer::default();
        let (mut pushed, mut consumed) = (0_u32, 0_u32);
        for round in 0..1000 {
            for _ in 0..round % 7 {
                buffer.push(&pushed.to_be_bytes());
                pushed += 1;
            }
            while buffer.len() > 4 * (round % 5) {
                assert_eq!(buffer.as_slice()[..4], consumed.to_be_bytes());
                buffer.consume(4);
                consumed += 1;
            }
            assert!(buffer.bytes.len() <= 200, "{}", buffer.bytes.len());
        }
        assert!(consumed > 2000);
        buffer.push(&vec![0; 1 << 20]);
        buffer.consume(buffer.len());
        assert!(buffer.bytes.capacity() <= KEPT);
    }

    #[test]
    #[should_panic(expected = "3 bytes of 2 cannot be consumed")]
    fn more_than_there_is_cannot_be_consumed() {
        let mut buffer = Buffer::default();
        buffer.push(b"ab");
        buffer.consume(3);
    }
}
