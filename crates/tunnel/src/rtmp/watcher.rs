//! Whether an RTMP client is alive or only its TCP stack and library are: what its bytes carry.
//!
//! Sans-IO and without buffers: a [`Watcher`] is fed what goes from the client to the backend and follows the chunk
//! stream (RTMP 1.0, section 5) just closely enough to tell messages that mean something from pings and
//! acknowledgements, which answer themselves. It never changes or holds the bytes, and errs towards life: from the
//! first thing on that it does not understand, every byte counts.
//!
//! It is meant for publishers. A viewer whose player sends nothing but acknowledgements shows no life here.
//!
//! ```
//! use ravelin_tunnel::rtmp::Watcher;
//!
//! let mut watcher = Watcher::new();
//! assert!(watcher.is_life(&[3]), "the handshake");
//! assert!(watcher.is_life(&[0; 2 * 1536]));
//! let acknowledgement = [2, 0, 0, 0, 0, 0, 4, 3, 0, 0, 0, 0, 0, 1, 0, 0];
//! assert!(!watcher.is_life(&acknowledgement));
//! let audio = [4, 0, 0, 0, 0, 0, 2, 8, 1, 0, 0, 0, 0xaf, 1];
//! assert!(watcher.is_life(&audio));
//! ```

/// Most chunk streams followed; encoders use fewer than ten.
pub const MAX_CHUNK_STREAMS: usize = 32;

/// C0, C1 and C2 (section 5.2).
const HANDSHAKE: usize = 1 + 1536 + 1536;
const VERSION: u8 = 3;
/// Until the client sets another (section 5.4.1).
const FIRST_CHUNK_SIZE: u32 = 128;
/// Of a type 0 message header with an extended timestamp.
const MAX_MESSAGE_HEADER: usize = 11 + 4;
/// The value in the timestamp field that announces an extended one.
const EXTENDED: u32 = 0x00ff_ffff;

const SET_CHUNK_SIZE: u8 = 1;
const ABORT: u8 = 2;

/// Follows what one client sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watcher {
    state: State,
    chunk_size: u32,
    streams: Vec<ChunkStream>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// So many bytes of the handshake are still to come.
    Handshake(usize),
    /// Basic and message header of a chunk, as far as it is there. Longest: 3 + 15 bytes.
    Header { bytes: [u8; 3 + MAX_MESSAGE_HEADER], length: usize },
    /// Payload of a chunk: whose, how much is still to come, and the last four bytes of it.
    Payload { stream: usize, remaining: u32, tail: u32 },
    /// Not understood: every byte is life.
    Lost,
}

/// What later headers of a chunk stream may refer to (section 5.3.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ChunkStream {
    id: u32,
    extended_timestamp: bool,
    length: u32,
    kind: u8,
    /// Bytes of the present message still to come; none between messages.
    remaining: u32,
}

/// A header as far as it is there.
enum Header {
    Incomplete,
    Complete {
        stream: usize,
        payload: u32,
    },
    /// Not understood.
    Strange,
}

/// What a message means for the client's life.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Life,
    Silence,
    Unknown,
}

impl Watcher {
    /// A watcher for a new connection.
    pub fn new() -> Watcher {
        Watcher {
            state: State::Handshake(HANDSHAKE),
            chunk_size: FIRST_CHUNK_SIZE,
            streams: Vec::new(),
        }
    }

    /// Whether `bytes`, which follow those of earlier calls, show life: a part of the handshake, of audio, video, data,
    /// shared objects or commands, or anything that is not understood.
    pub fn is_life(&mut self, mut bytes: &[u8]) -> bool {
        let mut life = false;
        while let Some((&first, rest)) = bytes.split_first() {
            match &mut self.state {
                State::Lost => return true,
                State::Handshake(remaining) => {
                    life = true;
                    if *remaining == HANDSHAKE && first != VERSION {
                        self.state = State::Lost;
                        continue;
                    }
                    let taken = bytes.len().min(*remaining);
                    *remaining -= taken;
                    bytes = &bytes[taken..];
                    if *remaining == 0 {
                        self.state = State::between_chunks();
                    }
                }
                State::Header { bytes: header, length } => {
                    header[*length] = first;
                    *length += 1;
                    bytes = rest;
                    let (header, length) = (*header, *length);
                    match self.read_header(&header[..length]) {
                        Header::Incomplete => {}
                        Header::Complete { stream, payload } => {
                            life |= meaning(self.streams[stream].kind) == Meaning::Life;
                            self.state = State::Payload { stream, remaining: payload, tail: 0 };
                            self.end_of_chunk();
                        }
                        Header::Strange => self.state = State::Lost,
                    }
                    life |= self.state == State::Lost;
                }
                State::Payload { stream, remaining, tail } => {
                    let taken = u32::try_from(bytes.len())
                        .map_or(*remaining, |length| length.min(*remaining));
                    let (payload, rest) = bytes.split_at(taken as usize);
                    bytes = rest;
                    let stream = &mut self.streams[*stream];
                    life |= meaning(stream.kind) == Meaning::Life;
                    *remaining -= taken;
                    stream.remaining -= taken;
                    *tail = payload
                        .iter()
                        .rev()
                        .take(4)
                        .rev()
                        .fold(*tail, |tail, &byte| tail << 8 | u32::from(byte));
                    self.end_of_chunk();
                    life |= self.state == State::Lost;
                }
            }
        }
        life
    }

    /// Reads a chunk's header from its beginning, and remembers it when it is complete.
    fn read_header(&mut self, header: &[u8]) -> Header {
        let format = header[0] >> 6;
        let (id, basic) = match (header[0] & 0x3f, header) {
            (0, [_, low, ..]) => (64 + u32::from(*low), 2),
            (1, [_, low, high, ..]) => (64 + u32::from(*low) + 256 * u32::from(*high), 3),
            (0 | 1, _) => return Header::Incomplete,
            (id, _) => (u32::from(id), 1),
        };
        let known = self.streams.iter().position(|stream| stream.id == id);
        let mut stream = match known {
            Some(at) => self.streams[at],
            // The first header of a stream has no earlier one to refer to.
            None if format == 0 && self.streams.len() < MAX_CHUNK_STREAMS => ChunkStream::new(id),
            None => return Header::Strange,
        };
        // A message that is not complete is continued with headers of type 3 only.
        if format != 3 && stream.remaining > 0 {
            return Header::Strange;
        }
        let fields = &header[basic..];
        let size = [11, 7, 3, 0][usize::from(format)];
        if fields.len() < size {
            return Header::Incomplete;
        }
        if let (0..=2, &[a, b, c, ..]) = (format, fields) {
            stream.extended_timestamp = number([a, b, c]) == EXTENDED;
        }
        if let (0..=1, &[_, _, _, a, b, c, kind, ..]) = (format, fields) {
            (stream.length, stream.kind) = (number([a, b, c]), kind);
        }
        if fields.len() < size + if stream.extended_timestamp { 4 } else { 0 } {
            return Header::Incomplete;
        }
        if stream.remaining == 0 {
            stream.remaining = stream.length;
        }
        let payload = stream.remaining.min(self.chunk_size);
        // Messages that say how the rest is to be read must be readable in one piece.
        let in_pieces = matches!(stream.kind, SET_CHUNK_SIZE | ABORT) && payload < stream.length;
        if meaning(stream.kind) == Meaning::Unknown
            || !fits(stream.kind, stream.length)
            || in_pieces
        {
            return Header::Strange;
        }
        let at = known.unwrap_or(self.streams.len());
        if known.is_none() {
            self.streams.push(stream);
        }
        self.streams[at] = stream;
        Header::Complete { stream: at, payload }
    }

    /// Goes on to the next header if the chunk is complete, and obeys its message if that changes how to read on.
    fn end_of_chunk(&mut self) {
        let State::Payload { stream, remaining: 0, tail } = self.state else { return };
        self.state = State::between_chunks();
        match self.streams[stream].kind {
            // One bit is reserved, and no chunk can be empty (section 5.4.1).
            SET_CHUNK_SIZE if tail == 0 || tail >> 31 != 0 => self.state = State::Lost,
            SET_CHUNK_SIZE => self.chunk_size = tail,
            ABORT => {
                if let Some(aborted) = self.streams.iter_mut().find(|stream| stream.id == tail) {
                    aborted.remaining = 0;
                }
            }
            _ => {}
        }
    }
}

impl ChunkStream {
    fn new(id: u32) -> ChunkStream {
        ChunkStream { id, extended_timestamp: false, length: 0, kind: 0, remaining: 0 }
    }
}

impl Default for Watcher {
    fn default() -> Watcher {
        Watcher::new()
    }
}

impl State {
    fn between_chunks() -> State {
        State::Header { bytes: [0; 3 + MAX_MESSAGE_HEADER], length: 0 }
    }
}

/// Message types (sections 5.4, 6.2 and 7.1).
fn meaning(kind: u8) -> Meaning {
    match kind {
        // Set chunk size, abort, acknowledgement, user control (pings, buffer lengths), window size, peer bandwidth.
        1..=6 => Meaning::Silence,
        // Audio, video, data, shared objects and commands in AMF3 and AMF0, aggregates.
        8 | 9 | 15..=20 | 22 => Meaning::Life,
        _ => Meaning::Unknown,
    }
}

/// Whether a control message has the length of its type: the surest sign that the headers are still found.
fn fits(kind: u8, length: u32) -> bool {
    match kind {
        SET_CHUNK_SIZE | ABORT | 3 | 5 => length == 4,
        // An event's two bytes and its data.
        4 => (2..=64).contains(&length),
        6 => length == 5,
        _ => true,
    }
}

fn number([a, b, c]: [u8; 3]) -> u32 {
    u32::from_be_bytes([0, a, b, c])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn connected() -> Watcher {
        let mut watcher = Watcher::new();
        assert!(watcher.is_life(&[&[VERSION][..], &[9; HANDSHAKE - 1]].concat()));
        watcher
    }

    /// A chunk with a type 0 header.
    fn chunk(id: u8, kind: u8, length: usize, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(length).unwrap().to_be_bytes();
        [&[id, 0, 0, 0][..], &length[1..], &[kind, 1, 0, 0, 0], payload].concat()
    }

    fn message(kind: u8, payload: &[u8]) -> Vec<u8> {
        chunk(2, kind, payload.len(), payload)
    }

    /// Which bytes are life, one by one.
    fn map(watcher: &mut Watcher, bytes: &[u8]) -> Vec<bool> {
        bytes.iter().map(|byte| watcher.is_life(&[*byte])).collect()
    }

    fn all_control_messages() -> Vec<u8> {
        [
            message(3, &[0, 0, 1, 0]),
            message(4, &[0, 7, 0, 0, 0, 1]),
            message(5, &[0, 0x26, 0x25, 0xa0]),
            message(6, &[0, 0x26, 0x25, 0xa0, 2]),
            message(1, &[0, 0, 0x10, 0]),
            message(2, &[0, 0, 0, 9]),
        ]
        .concat()
    }

    #[test]
    fn f07_pings_and_acknowledgements_are_no_life() {
        let mut watcher = connected();
        assert!(!watcher.is_life(&all_control_messages()));
        assert_ne!(watcher.state, State::Lost);
    }

    #[test]
    fn f07_media_data_and_commands_are_life() {
        for kind in [8, 9, 15, 16, 17, 18, 19, 20, 22] {
            let mut watcher = connected();
            assert!(watcher.is_life(&chunk(4, kind, 3, b"abc")), "{kind}");
            // To the last byte, and no further.
            assert!(!watcher.is_life(&all_control_messages()), "{kind}");
        }
    }

    #[test]
    fn a_message_in_many_chunks_with_a_ping_between() {
        let mut watcher = connected();
        let mut bytes = chunk(4, 9, 300, &[9; 128]);
        bytes.extend(message(3, &[0; 4]));
        let quiet = bytes.len() - 16..bytes.len();
        bytes.extend([&[0xc4][..], &[9; 128], &[0xc4], &[9; 44]].concat());
        bytes.extend(message(3, &[0; 4]));
        let seen = map(&mut watcher, &bytes);
        assert!(seen[quiet].iter().all(|life| !life));
        assert!(seen[12..140].iter().all(|life| *life));
        assert!(seen[bytes.len() - 16..].iter().all(|life| !life));
    }

    #[test]
    fn the_client_sets_its_chunk_size() {
        let mut watcher = connected();
        assert!(!watcher.is_life(&message(1, &[0, 0, 0x10, 0])));
        assert_eq!(watcher.chunk_size, 4096);
        assert!(watcher.is_life(&chunk(4, 9, 4097, &[9; 4096])));
        assert!(watcher.is_life(&[0xc4, 1]));
        assert!(!watcher.is_life(&message(3, &[0; 4])));
    }

    #[test]
    fn headers_refer_to_earlier_ones() {
        let mut watcher = connected();
        watcher.is_life(&chunk(4, 8, 2, b"ab"));
        // Type 1, 2 and 3, each with the fields it leaves out taken from before.
        assert!(watcher.is_life(&[0x44, 0, 0, 1, 0, 0, 1, 9, 7]));
        assert!(watcher.is_life(&[0x84, 0, 0, 1, 7]));
        assert!(watcher.is_life(&[0xc4, 7]));
        assert!(!watcher.is_life(&all_control_messages()));
    }

    #[test]
    fn extended_timestamps_are_passed_over_and_repeated() {
        let mut watcher = connected();
        let first =
            [&[4, 0xff, 0xff, 0xff, 0, 0, 130, 9, 1, 0, 0, 0, 1, 2, 3, 4][..], &[9; 128]].concat();
        assert!(watcher.is_life(&first));
        assert!(watcher.is_life(&[0xc4, 1, 2, 3, 4, 9, 9]));
        assert!(!watcher.is_life(&all_control_messages()));
    }

    #[test]
    fn long_stream_ids() {
        let mut watcher = connected();
        let rest = [0, 0, 0, 0, 0, 1, 8, 1, 0, 0, 0, 7];
        assert!(watcher.is_life(&[&[0, 10][..], &rest].concat()));
        assert!(watcher.is_life(&[&[1, 10, 1][..], &rest].concat()));
        assert_eq!(watcher.streams.iter().map(|stream| stream.id).collect::<Vec<_>>(), [74, 330]);
        assert!(!watcher.is_life(&all_control_messages()));
    }

    #[test]
    fn an_aborted_message_is_forgotten() {
        let mut watcher = connected();
        watcher.is_life(&chunk(4, 9, 300, &[9; 128]));
        assert!(!watcher.is_life(&message(2, &[0, 0, 0, 4])));
        assert!(watcher.is_life(&chunk(4, 9, 1, &[9])));
        assert!(!watcher.is_life(&message(3, &[0; 4])));
    }

    #[test]
    fn empty_messages() {
        let mut watcher = connected();
        assert!(watcher.is_life(&chunk(4, 18, 0, &[])));
        assert!(!watcher.is_life(&message(3, &[0; 4])));
    }

    #[test]
    fn what_is_not_understood_is_life_for_good() {
        let too_many: Vec<u8> = (3..64).flat_map(|id| chunk(id, 8, 1, &[0])).collect();
        for (what, bytes) in
            [("another version", vec![6]), ("text", b"POST /open/1 HTTP/1.1\r\n".to_vec())]
        {
            let mut watcher = Watcher::new();
            assert!(watcher.is_life(&bytes), "{what}");
            assert_eq!(watcher.state, State::Lost, "{what}");
        }
        for (what, bytes) in [
            ("an unknown type", chunk(4, 7, 1, &[0])),
            ("an unknown chunk stream", vec![0xc4]),
            ("a chunk size of zero", message(1, &[0; 4])),
            ("a reserved bit", message(1, &[0x80, 0, 0, 0])),
            ("a control message of the wrong length", message(3, &[0; 5])),
            (
                "a new message inside another",
                [chunk(4, 9, 300, &[9; 128]), chunk(4, 9, 1, &[9])].concat(),
            ),
            ("too many chunk streams", too_many),
            (
                "control messages in pieces",
                [message(1, &[0, 0, 0, 3]), message(1, &[0, 0, 0, 9])].concat(),
            ),
        ] {
            let mut watcher = connected();
            assert!(watcher.is_life(&bytes), "{what}");
            assert_eq!(watcher.state, State::Lost, "{what}");
            assert!(watcher.is_life(&message(3, &[0; 4])), "{what}");
        }
    }

    /// Streams that are mostly well formed.
    fn stream() -> impl Strategy<Value = Vec<u8>> {
        let part = prop_oneof![
            8 => (3..9_u8, prop::sample::select(vec![8_u8, 9, 18, 20]), prop::collection::vec(any::<u8>(), 0..128))
                .prop_map(|(id, kind, payload)| chunk(id, kind, payload.len(), &payload)),
            8 => Just(message(3, &[0, 0, 1, 0])),
            4 => Just(message(4, &[0, 7, 0, 0, 0, 1])),
            2 => (1..5000_u32).prop_map(|size| message(1, &size.to_be_bytes())),
            2 => Just([chunk(9, 9, 130, &[9; 128]), vec![0xc9, 1, 2]].concat()),
            1 => prop::collection::vec(any::<u8>(), 0..20),
        ];
        prop::collection::vec(part, 0..20).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same(
            handshake in prop::bool::weighted(0.9),
            bytes in stream(),
            cuts in prop::collection::vec(1..200_usize, 1..20),
        ) {
            let mut whole = if handshake { connected() } else { Watcher::new() };
            let (mut pieces, mut single) = (whole.clone(), whole.clone());
            let by_byte = map(&mut single, &bytes);
            prop_assert_eq!(whole.is_life(&bytes), by_byte.contains(&true));
            let mut at = 0;
            for cut in cuts.iter().cycle() {
                let end = bytes.len().min(at + cut);
                prop_assert_eq!(pieces.is_life(&bytes[at..end]), by_byte[at..end].contains(&true));
                at = end;
                if at == bytes.len() {
                    break;
                }
            }
            prop_assert_eq!(&whole, &single);
            prop_assert_eq!(&whole, &pieces);
            prop_assert!(whole.streams.len() <= MAX_CHUNK_STREAMS);
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let mut watcher = connected();
            watcher.is_life(&bytes);
            prop_assert!(watcher.streams.len() <= MAX_CHUNK_STREAMS);
        }
    }
}
