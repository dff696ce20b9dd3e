//! The window on the document: bytes are read, decoded, checked and their line ends normalised once, here.

use super::{
    chars,
    encoding::Encoding,
    error::{Position, XmlError, XmlFault},
};
use std::{
    cell::Cell,
    io::{ErrorKind, Read},
};

/// Bytes that are read at once.
const CHUNK: usize = 64 << 10;
/// Bytes that are asked for first.
const FIRST: usize = 8 << 10;

/// Text that is being read, with a place in it.
#[derive(Debug)]
pub(super) struct Input<R> {
    source: R,
    /// Characters all of which may stand in a document, line ends normalised (XML 1.0, section 2.11).
    window: String,
    /// What stands before was consumed.
    pub(super) at: usize,
    encoding: Encoding,
    /// Read, but not decoded yet: parts of a character, and a carriage return whose successor is not known.
    undecoded: Vec<u8>,
    ended: bool,
    /// What is wrong with the bytes behind the window. It is told when they are asked for, so that it makes no difference
    /// how much was read at once.
    broken: Option<XmlFault>,
    /// Whether a byte order mark stands at the beginning.
    marked: bool,
    /// Where in the window a carriage return was left out before a line feed.
    returns_removed: Vec<usize>,
    /// The position of the start of the window.
    start: Position,
    /// The place of the window whose position was last asked for, and its position: the next is seldom far from it.
    known: Cell<(usize, Position)>,
    /// What was being read when entities were entered.
    entered: Vec<Entered>,
}

/// A document that was read and fits into the window, whole.
#[derive(Debug)]
pub(super) struct Whole {
    window: String,
    encoding: Encoding,
    marked: bool,
    returns_removed: Vec<usize>,
    start: Position,
}

/// What is read on when an entity ends.
#[derive(Debug)]
struct Entered {
    window: String,
    at: usize,
    /// Where the entity is referred to, if that is in the document itself.
    reference: Option<Position>,
}

impl<R: Read> Input<R> {
    /// Reads the beginning, from which the encoding is seen.
    pub(super) fn open(source: R) -> Result<Input<R>, XmlError> {
        let start = Position { offset: 0, line: 1, column: 1 };
        let mut input = Input::before(source, Encoding::Utf8, start);
        input.read_chunk(CHUNK).map_err(|fault| input.fault_here(fault))?;
        let (encoding, mark) =
            Encoding::detect(&input.undecoded).map_err(|fault| input.fault_here(fault))?;
        input.encoding = encoding;
        input.marked = mark > 0;
        input.undecoded.drain(..mark);
        input.start.offset = mark as u64;
        input.known.set((0, input.start));
        input.decode();
        Ok(input)
    }

    /// Reads what was read before, from the beginning or from a place that is known.
    pub(super) fn reread(source: R, whole: Whole, from: Option<Position>) -> Input<R> {
        let mut input = Input::before(source, whole.encoding, whole.start);
        input.window = whole.window;
        input.marked = whole.marked;
        input.returns_removed = whole.returns_removed;
        input.ended = true;
        if let Some(position) = from {
            input.at = input.place_of(position.offset);
            input.known.set((input.at, position));
        }
        input
    }

    /// Reads on from a place that is known.
    pub(super) fn resume(
        source: R,
        encoding: Encoding,
        start: Position,
    ) -> Result<Input<R>, XmlError> {
        let mut input = Input::before(source, encoding, start);
        input.read_chunk(CHUNK).map_err(|fault| input.fault_here(fault))?;
        input.decode();
        Ok(input)
    }

    fn before(source: R, encoding: Encoding, start: Position) -> Input<R> {
        Input {
            source,
            window: String::new(),
            at: 0,
            encoding,
            undecoded: Vec::new(),
            ended: false,
            broken: None,
            marked: false,
            returns_removed: Vec::new(),
            start,
            known: Cell::new((0, start)),
            entered: Vec::new(),
        }
    }

    /// Makes the window longer. False when there is no more.
    pub(super) fn fill(&mut self) -> Result<bool, XmlError> {
        if !self.entered.is_empty() {
            return Ok(false);
        }
        if let Some(fault) = self.broken.take() {
            return Err(self.fault_at(self.window.len(), fault));
        }
        if self.ended {
            return Ok(false);
        }
        self.discard();
        let before = self.window.len();
        // A token that does not fit doubles the window, so that it is looked at a few times only.
        while !self.ended && self.window.len() == before {
            self.read_chunk(CHUNK.max(before)).map_err(|fault| self.fault_here(fault))?;
            self.decode();
        }
        if self.window.len() > before {
            return Ok(true);
        }
        match self.broken.take() {
            Some(fault) => Err(self.fault_at(self.window.len(), fault)),
            None => Ok(false),
        }
    }
}

impl<R> Input<R> {
    /// The document, if all of it is in the window.
    pub(super) fn into_whole(self) -> Option<Whole> {
        let start = Position { offset: self.start.offset, line: 1, column: 1 };
        let is_whole = self.start == start
            && self.ended
            && self.broken.is_none()
            && self.undecoded.is_empty()
            && self.entered.is_empty();
        is_whole.then_some(Whole {
            window: self.window,
            encoding: self.encoding,
            marked: self.marked,
            returns_removed: self.returns_removed,
            start,
        })
    }

    /// The place of the window that has so many bytes of the document before it.
    fn place_of(&self, offset: u64) -> usize {
        let (mut from, mut to) = (0, self.window.len());
        while from < to {
            let middle = usize::midpoint(from, to);
            let at = self.start.offset + self.raw_length(0, self.boundary(middle));
            if at < offset { from = middle + 1 } else { to = middle }
        }
        self.boundary(from)
    }

    /// The character that a place of the window is in.
    fn boundary(&self, at: usize) -> usize {
        (0..=at).rev().find(|at| self.window.is_char_boundary(*at)).unwrap_or(0)
    }

    /// The whole window. Only what stands from `at` on is still to be read.
    pub(super) fn window(&self) -> &str {
        &self.window
    }

    /// What is still to be read.
    pub(super) fn rest(&self) -> &[u8] {
        &self.window.as_bytes()[self.at..]
    }

    /// Reads what an entity stands for, until it is left. The reference to it has `length` bytes from here.
    pub(super) fn enter(&mut self, text: String, length: usize) {
        let reference = self.entered.is_empty().then(|| self.position(self.at));
        let window = std::mem::replace(&mut self.window, text);
        self.entered.push(Entered { window, at: self.at + length, reference });
        self.at = 0;
    }

    /// Back to where the entity is referred to. False when none is being read.
    pub(super) fn leave(&mut self) -> bool {
        let Some(entered) = self.entered.pop() else { return false };
        self.window = entered.window;
        self.at = entered.at;
        true
    }

    /// Whether what is read is what an entity stands for.
    pub(super) fn is_inside_entity(&self) -> bool {
        !self.entered.is_empty()
    }

    pub(super) fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Whether a byte order mark stands at the beginning.
    pub(super) fn marked(&self) -> bool {
        self.marked
    }

    /// The bytes of the document before the place `at` of the window. Asked in rising order this is cheap.
    #[inline]
    pub(super) fn offset(&mut self, at: usize) -> u64 {
        if self.entered.is_empty()
            && self.returns_removed.is_empty()
            && self.encoding == Encoding::Utf8
        {
            return self.start.offset + at as u64;
        }
        self.position(at).offset
    }

    /// The position of the place `at` of the window.
    pub(super) fn position(&self, at: usize) -> Position {
        if let Some(position) = self.reference() {
            return position;
        }
        let at = self.boundary(at);
        let (from, mut position) = match self.known.get() {
            known if known.0 <= at => known,
            _ => (0, self.start),
        };
        let text = &self.window[from..at];
        position.offset += self.raw_length(from, at);
        position.line += memchr::memchr_iter(b'\n', text.as_bytes()).count() as u64;
        match memchr::memrchr(b'\n', text.as_bytes()) {
            Some(newline) => position.column = 1 + count_chars(&text.as_bytes()[newline + 1..]),
            None => position.column += count_chars(text.as_bytes()),
        }
        self.known.set((at, position));
        position
    }

    /// A fault at the place that is being read.
    pub(super) fn fault_here(&self, fault: impl Into<XmlFault>) -> XmlError {
        self.fault_at(self.at, fault)
    }

    pub(super) fn fault_at(&self, at: usize, fault: impl Into<XmlFault>) -> XmlError {
        XmlError { position: self.position(at.min(self.window.len())), fault: fault.into() }
    }

    fn reference(&self) -> Option<Position> {
        self.entered.first().and_then(|entered| entered.reference)
    }

    fn raw_length(&self, from: usize, to: usize) -> u64 {
        let text = &self.window.as_bytes()[from..to];
        let removed = if self.returns_removed.is_empty() {
            0
        } else {
            let before = |place: usize| self.returns_removed.partition_point(|at| *at < place);
            before(to) - before(from)
        };
        self.encoding.length_of(text) + self.encoding.unit() * removed as u64
    }

    /// Forgets what was consumed.
    fn discard(&mut self) {
        if self.at == 0 {
            return;
        }
        self.start = self.position(self.at);
        self.known.set((0, self.start));
        self.window.drain(..self.at);
        let at = self.at;
        self.returns_removed.retain_mut(|place| {
            let kept = *place >= at;
            *place = place.wrapping_sub(at);
            kept
        });
        self.at = 0;
    }

    /// Decodes what was read and puts it at the end of the window, as far as there is nothing wrong with it.
    fn decode(&mut self) {
        let old = self.window.len();
        let mut bytes = std::mem::take(&mut self.window).into_bytes();
        let decoded = self.encoding.decode(&mut self.undecoded, &mut bytes, self.ended);
        if !self.ended && bytes.len() > old && bytes.last() == Some(&b'\r') {
            // A line feed may follow, with which it is one line end.
            bytes.pop();
            self.encoding.put_back_return(&mut self.undecoded);
        }
        normalise_line_ends(&mut bytes, old, &mut self.returns_removed);
        self.broken = decoded.err();
        self.window = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let valid = error.utf8_error().valid_up_to();
                let mut bytes = error.into_bytes();
                bytes.truncate(valid);
                self.broken = Some(XmlFault::Encoding(self.encoding.name()));
                String::from_utf8(bytes).unwrap_or_default()
            }
        };
        if let Some(place) = chars::first_forbidden(&self.window.as_bytes()[old..]) {
            let c = self.window[old + place..].chars().next().map_or(0, u32::from);
            self.broken = Some(XmlFault::Character(c));
            self.window.truncate(old + place);
        }
        if self.broken.is_some() {
            self.ended = true;
            self.undecoded.clear();
            let end = self.window.len();
            self.returns_removed.retain(|place| *place < end);
        }
    }
}

impl<R: Read> Input<R> {
    /// Reads up to `wanted` bytes more, fewer only at the end.
    fn read_chunk(&mut self, wanted: usize) -> Result<(), XmlFault> {
        let mut filled = self.undecoded.len();
        let end = filled + wanted;
        // Most documents are small, and need no more room than they fill.
        let mut room = FIRST;
        while filled < end && !self.ended {
            if filled == self.undecoded.len() {
                self.undecoded.resize(end.min(filled + room), 0);
                room = wanted;
            }
            match self.source.read(&mut self.undecoded[filled..]) {
                Ok(0) => self.ended = true,
                Ok(count) => filled = (filled + count).min(self.undecoded.len()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.undecoded.truncate(filled);
        Ok(())
    }
}

fn count_chars(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count() as u64
}

/// From `start` on every CR LF and every CR becomes LF. Of the former the places are kept.
fn normalise_line_ends(bytes: &mut Vec<u8>, start: usize, removed: &mut Vec<usize>) {
    let Some(first) = memchr::memchr(b'\r', &bytes[start..]) else { return };
    let mut to = start + first;
    let mut from = to;
    while from < bytes.len() {
        let next = memchr::memchr(b'\r', &bytes[from..]).map_or(bytes.len(), |found| from + found);
        bytes.copy_within(from..next, to);
        to += next - from;
        from = next;
        if from < bytes.len() {
            from += 1;
            if bytes.get(from) == Some(&b'\n') {
                removed.push(to);
                from += 1;
            }
            bytes[to] = b'\n';
            to += 1;
        }
    }
    bytes.truncate(to);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives a few bytes at a time.
    struct Dribble<'a>(&'a [u8], usize);

    impl Read for Dribble<'_> {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            let count = self.1.min(self.0.len()).min(into.len());
            into[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    fn all(bytes: &[u8]) -> Result<(String, Vec<u64>), XmlError> {
        let mut input = Input::open(Dribble(bytes, 3))?;
        let mut text = String::new();
        let mut offsets = Vec::new();
        loop {
            let window = input.window().to_owned();
            for (at, c) in window.char_indices() {
                offsets.push(input.offset(at));
                if bytes.len() < 100 {
                    assert_eq!(input.position(at).offset, *offsets.last().unwrap());
                }
                text.push(c);
            }
            input.at = window.len();
            if !input.fill()? {
                return Ok((text, offsets));
            }
        }
    }

    #[test]
    fn line_ends_become_one_character_and_offsets_stay_those_of_the_file() {
        let (text, offsets) = all(b"a\r\nb\rc\n\r\r\nd").unwrap();
        assert_eq!(text, "a\nb\nc\n\n\nd");
        assert_eq!(offsets, [0, 1, 3, 4, 5, 6, 7, 8, 10]);
    }

    #[test]
    fn utf_16_of_both_orders_is_read() {
        let text = "<a>é\r\n\u{1f600}x</a>";
        for big in [true, false] {
            let mut bytes = vec![];
            for unit in "\u{feff}".encode_utf16().chain(text.encode_utf16()) {
                bytes.extend(if big { unit.to_be_bytes() } else { unit.to_le_bytes() });
            }
            let (read, offsets) = all(&bytes).unwrap();
            assert_eq!(read, "<a>é\n\u{1f600}x</a>");
            assert_eq!(offsets[..7], [2, 4, 6, 8, 10, 14, 18]);
        }
    }

    #[test]
    fn a_carriage_return_at_the_end_of_a_chunk_waits_for_its_line_feed() {
        let mut bytes = vec![b' '; CHUNK - 1];
        bytes.extend_from_slice(b"\r\nx");
        let (text, offsets) = all(&bytes).unwrap();
        assert_eq!(text.len(), CHUNK + 1);
        assert!(text.ends_with(" \nx"));
        assert_eq!(offsets[CHUNK], CHUNK as u64 + 1);
    }

    #[test]
    fn what_was_read_whole_is_read_again_from_anywhere() {
        let text = "\u{feff}<a>\r\n\u{e9}\r<b/>\n\r\n\u{1f600}</a>";
        let utf_16 = text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
        for bytes in [text.as_bytes(), &text.as_bytes()[3..], &utf_16] {
            let read = || {
                let mut input = Input::open(Dribble(bytes, 3)).unwrap();
                input.at = input.window().len();
                assert!(!input.fill().unwrap());
                input
            };
            let window = read().window().to_owned();
            for (at, _) in window.char_indices() {
                let position = read().position(at);
                let whole = read().into_whole().unwrap();
                let again = Input::reread(Dribble(b"", 1), whole, Some(position));
                assert_eq!((again.at, again.window()), (at, &window[..]));
                for (other, _) in window.char_indices() {
                    assert_eq!(again.position(other), read().position(other));
                }
            }
            let mut more = Input::open(Dribble(bytes, 3)).unwrap();
            more.at = 4;
            more.discard();
            assert!(more.into_whole().is_none());
        }
    }

    #[test]
    fn faults_are_placed_in_the_file() {
        let error = all(b"ab\r\n\xc3\xa9\x01").unwrap_err();
        assert_eq!(error.position, Position { offset: 6, line: 2, column: 2 });
        assert!(matches!(error.fault, XmlFault::Character(1)));
        let error = all(b"a\xff").unwrap_err();
        assert_eq!(error.to_string(), "line 1, column 2: these bytes are not UTF-8");
        assert!(matches!(all(b"a\xc3").unwrap_err().fault, XmlFault::Encoding("UTF-8")));
    }
}
