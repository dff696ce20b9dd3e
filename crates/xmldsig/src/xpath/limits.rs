/// How much of anything an expression and its evaluation may have. Going beyond is an error that names the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of an expression.
    pub expression: usize,
    /// Parentheses, predicates and arguments open inside each other.
    pub nesting: usize,
    /// Steps of evaluation: nodes that are looked at, calls, and some bytes of text each count as one.
    pub steps: u64,
    /// Nodes of one node-set in the making.
    pub nodes: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { expression: 64 << 10, nesting: 64, steps: 200_000_000, nodes: 16_000_000 }
    }
}

/// What may still be spent on evaluation. One budget may pay for many expressions.
#[derive(Clone, Debug)]
pub struct Budget {
    left: u64,
    nodes: usize,
}

/// The budget is at its end: the name of the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spent(pub(crate) &'static str);

/// Bytes of text that cost as much as a node.
const BYTES_PER_STEP: u64 = 4;

impl Budget {
    /// All that the limits allow.
    pub fn new(limits: &Limits) -> Budget {
        Budget { left: limits.steps, nodes: limits.nodes }
    }

    /// Steps that may still be done.
    pub fn left(&self) -> u64 {
        self.left
    }

    #[inline]
    pub(crate) fn spend(&mut self, steps: u64) -> Result<(), Spent> {
        if self.left < steps {
            self.left = 0;
            return Err(Spent("steps"));
        }
        self.left -= steps;
        Ok(())
    }

    pub(crate) fn spend_text(&mut self, bytes: usize) -> Result<(), Spent> {
        self.spend(1 + bytes as u64 / BYTES_PER_STEP)
    }

    /// Whether a node-set may have so many nodes.
    #[inline]
    pub(crate) fn admit(&self, nodes: usize) -> Result<(), Spent> {
        if nodes > self.nodes { Err(Spent("nodes")) } else { Ok(()) }
    }
}
