use super::OCTETS;
use crate::{
    Error,
    algorithm::{Digest, DigestAlgorithm, DigestValue},
    error::Beyond,
    held::Held,
};
use std::{
    cell::Cell,
    io::{self, Write},
    rc::Rc,
};

/// Where the octets of a reference go.
#[derive(Debug)]
pub(super) struct Out {
    to: To,
    /// Octets that all references together may still have.
    budget: Rc<Cell<u64>>,
    /// A copy for the report, as long as there is room for it.
    copy: Option<Vec<u8>>,
    room: Rc<Cell<usize>>,
}

#[derive(Debug)]
enum To {
    Digest(Digest),
    /// For another transform.
    Memory(Held),
}

/// What came out.
#[derive(Debug)]
pub(super) enum Came {
    Digest(DigestValue),
    Octets(Vec<u8>),
}

/// What all references of a signature share.
#[derive(Clone, Debug)]
pub(super) struct Shared {
    pub(super) budget: Rc<Cell<u64>>,
    /// Pieces of the document that all references together may still be told of, those they leave out among them.
    visits: Rc<Cell<u64>>,
    pub(super) room: Rc<Cell<usize>>,
    /// Octets that are held for another transform.
    pub(super) held: usize,
}

impl Shared {
    pub(super) fn new(budget: u64, room: usize, held: usize) -> Shared {
        // Every piece has an octet at least.
        let visits = Rc::new(Cell::new(budget));
        Shared { budget: Rc::new(Cell::new(budget)), visits, room: Rc::new(Cell::new(room)), held }
    }

    /// So many references are told of a piece.
    #[inline]
    pub(super) fn visit(&self, count: u64) -> Result<(), Error> {
        let left = self.visits.get().checked_sub(count).ok_or_else(|| Error::limit(OCTETS))?;
        self.visits.set(left);
        Ok(())
    }

    /// For octets from outside the document: their number is the business of who gives them.
    pub(super) fn boundless(&self) -> Shared {
        Shared { budget: Rc::new(Cell::new(u64::MAX)), ..self.clone() }
    }
}

impl Out {
    /// To a digest.
    pub(super) fn digest(algorithm: DigestAlgorithm, shared: &Shared) -> Out {
        let copy = (shared.room.get() > 0).then(Vec::new);
        Out {
            to: To::Digest(Digest::new(algorithm)),
            budget: shared.budget.clone(),
            copy,
            room: shared.room.clone(),
        }
    }

    /// To memory.
    pub(super) fn memory(shared: &Shared) -> Out {
        let to = To::Memory(Held::up_to(shared.held));
        Out { to, budget: shared.budget.clone(), copy: None, room: shared.room.clone() }
    }

    /// What came out, and the copy for the report.
    pub(super) fn finish(self) -> (Came, Option<Vec<u8>>) {
        let came = match self.to {
            To::Digest(digest) => Came::Digest(digest.finish()),
            To::Memory(held) => Came::Octets(held.into_octets()),
        };
        (came, self.copy)
    }
}

impl Write for Out {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let length = octets.len() as u64;
        let Some(left) = self.budget.get().checked_sub(length) else {
            return Err(Beyond(OCTETS).into());
        };
        self.budget.set(left);
        match &mut self.to {
            To::Digest(digest) => digest.update(octets),
            To::Memory(memory) => {
                memory.write_all(octets)?;
            }
        }
        if let Some(copy) = &mut self.copy {
            if let Some(room) = self.room.get().checked_sub(octets.len()) {
                self.room.set(room);
                copy.extend_from_slice(octets);
            } else {
                self.room.set(self.room.get() + copy.len());
                self.copy = None;
            }
        }
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
