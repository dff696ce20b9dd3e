use super::{
    out::{Came, Out, Shared},
    plan::{First, Plan},
    report::{Coverage, expanded},
};
use crate::{
    Error,
    algorithm::DigestAlgorithm,
    base64::Decoder,
    c14n::{Inherited, Place, Stream},
    xml::{End, Instruction, Start},
};
use std::io::Write;

/// Octets that all sinks together may hold back, about.
const PIECES: usize = 256 << 10;
/// Smaller pieces would cost more than they save.
const LEAST_PIECE: usize = 256;

/// Takes what one reference covers while the document goes by.
#[derive(Debug)]
pub(super) struct Sink {
    content: Content,
    enveloped: bool,
    comments: bool,
    /// Elements open inside, 0 before the first and after the last.
    depth: usize,
    covers: Option<Coverage>,
    /// Something came that is not left out.
    anything: bool,
}

#[derive(Debug)]
enum Content {
    Canonical(Stream<Out>),
    Base64 { decoder: Decoder, octets: Vec<u8>, out: Out },
}

/// What a reference covered.
pub(super) struct Taken {
    pub(super) came: Came,
    pub(super) copy: Option<Vec<u8>>,
    pub(super) covers: Option<Coverage>,
    /// Nothing was covered at all.
    pub(super) nothing: bool,
}

impl Sink {
    /// For a plan that needs no tree. `others`: sinks that take the same pieces.
    pub(super) fn new(
        plan: &Plan<'_>,
        digest: DigestAlgorithm,
        others: usize,
        shared: &Shared,
    ) -> Option<Sink> {
        let out =
            if plan.rest.is_empty() { Out::digest(digest, shared) } else { Out::memory(shared) };
        let content = match &plan.first {
            First::Canonicalize(method) => {
                let piece = (PIECES / (1 + others)).clamp(LEAST_PIECE, Stream::<Out>::PIECE);
                Content::Canonical(Stream::in_pieces(method.clone(), out, piece))
            }
            First::Base64 => Content::Base64 { decoder: Decoder::new(), octets: Vec::new(), out },
            First::Tree(_) => return None,
        };
        let comments = plan.source.comments;
        Some(Sink {
            content,
            enveloped: plan.enveloped,
            comments,
            depth: 0,
            covers: None,
            anything: false,
        })
    }

    /// Each of these is true when the element has ended with which the sink began. `in_signature`: the element is the Signature that
    /// is verified, or in it.
    pub(super) fn start(
        &mut self,
        start: &Start<'_>,
        inherited: &mut Inherited,
        in_signature: bool,
    ) -> Result<bool, Error> {
        let first = self.depth == 0;
        self.depth += 1;
        if first {
            let element = expanded(start.name());
            self.covers = Some(Coverage { element, range: start.offset()..start.offset() });
        }
        if self.leaves_out(in_signature) {
            return Ok(false);
        }
        self.anything = true;
        if let Content::Canonical(stream) = &mut self.content {
            stream.start(start, first.then_some(inherited))?;
        }
        Ok(false)
    }

    pub(super) fn end(&mut self, end: &End<'_>, in_signature: bool) -> Result<bool, Error> {
        self.depth -= 1;
        let last = self.depth == 0;
        if last && let Some(covers) = &mut self.covers {
            covers.range.end = end.end();
        }
        if !self.leaves_out(in_signature)
            && let Content::Canonical(stream) = &mut self.content
        {
            stream.end(end)?;
        }
        Ok(last)
    }

    #[inline]
    pub(super) fn text(&mut self, text: &str, in_signature: bool) -> Result<bool, Error> {
        if self.leaves_out(in_signature) {
            return Ok(false);
        }
        match &mut self.content {
            Content::Canonical(stream) => stream.text(text)?,
            Content::Base64 { decoder, octets, out } => {
                decoder
                    .push(text.as_bytes(), octets)
                    .map_err(|error| Error::malformed(error.to_string()))?;
                out.write_all(octets)?;
                octets.clear();
            }
        }
        Ok(false)
    }

    pub(super) fn comment(
        &mut self,
        text: &str,
        place: Place,
        in_signature: bool,
    ) -> Result<bool, Error> {
        if self.comments
            && !self.leaves_out(in_signature)
            && let Content::Canonical(stream) = &mut self.content
        {
            stream.comment(text, place)?;
        }
        Ok(false)
    }

    pub(super) fn instruction(
        &mut self,
        instruction: &Instruction<'_>,
        place: Place,
        in_signature: bool,
    ) -> Result<bool, Error> {
        if !self.leaves_out(in_signature)
            && let Content::Canonical(stream) = &mut self.content
        {
            stream.instruction(instruction, place)?;
        }
        Ok(false)
    }

    pub(super) fn finish(self) -> Result<Taken, Error> {
        let out = match self.content {
            Content::Canonical(stream) => stream.finish()?.0,
            Content::Base64 { decoder, out, .. } => {
                decoder.finish().map_err(|error| Error::malformed(error.to_string()))?;
                out
            }
        };
        let (came, copy) = out.finish();
        Ok(Taken { came, copy, covers: self.covers, nothing: !self.anything })
    }

    #[inline]
    fn leaves_out(&self, in_signature: bool) -> bool {
        self.enveloped && in_signature
    }
}
