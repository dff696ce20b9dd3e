//! The stream against a server that is driven by hand over a pipe.

use super::{StreamError, TlsStream};
use ravelin_test::{Authority, Request};
use ravelin_tls::{
    Alert, ClientConfig, ClientContext, Connection, End, Identity, OpenBuffer, SealBuffer,
    ServerConfig, ServerContext, TlsError, Trust, Version, VersionRange,
};
use std::{
    io,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex},
    time::timeout,
};

const PATIENCE: Duration = Duration::from_secs(20);

/// The other side: what it received, and how to make it say things.
struct Peer {
    connection: Connection,
    context: ServerContext,
    io: DuplexStream,
    open: OpenBuffer,
    received: Vec<u8>,
    end: Option<End>,
}

/// Contexts of a server for localhost and of a client that trusts it.
fn contexts(version: Version) -> (ServerContext, ClientContext) {
    let root = Authority::root("One");
    let issued = root.issue(&Request::new(["localhost"]));
    let (chain, key) = (issued.chain_pem(), issued.key_pem());
    let identity = Identity::from_bytes(chain.as_bytes(), key.as_bytes()).unwrap();
    let mut server = ServerConfig::new(vec![Arc::new(identity)]);
    server.versions = VersionRange { min: version, max: version };
    let client = ClientConfig::new(Trust::of_certificates([root.root_der()]).unwrap());
    (ServerContext::new(&server).unwrap(), ClientContext::new(&client).unwrap())
}

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap()
}

/// Both sides after the handshake, over a pipe that holds `room` bytes each way.
async fn connected(version: Version, room: usize) -> (TlsStream<DuplexStream>, Peer) {
    let (server, client) = contexts(version);
    let (near, far) = duplex(room);
    let mut peer = Peer::new(server, far);
    let (stream, ()) = tokio::join!(TlsStream::connect(&client, "localhost", now(), near), async {
        while peer.connection.is_handshaking() {
            peer.step().await.unwrap();
        }
    });
    (stream.unwrap(), peer)
}

impl Peer {
    fn new(context: ServerContext, io: DuplexStream) -> Peer {
        Peer {
            connection: Connection::server(),
            context,
            io,
            open: OpenBuffer::new(2),
            received: Vec::new(),
            end: None,
        }
    }

    /// Takes what has come, once.
    async fn step(&mut self) -> io::Result<()> {
        let count = timeout(PATIENCE, self.io.read(self.open.space())).await??;
        if count == 0 {
            self.end = Some(self.connection.receive_fin());
            return Ok(());
        }
        self.open.filled(count);
        loop {
            let opened = self.connection.open(&mut self.open);
            self.received.extend_from_slice(opened.plain);
            let (asking, again, end) = (opened.asking, opened.established, opened.end);
            if asking {
                self.connection.answer(&self.context, now()).unwrap();
            }
            self.end = end.or(self.end.take());
            self.flush().await?;
            if !asking && !again {
                return Ok(());
            }
        }
    }

    async fn flush(&mut self) -> io::Result<()> {
        let bytes = self.connection.outgoing().to_vec();
        self.io.write_all(&bytes).await?;
        self.connection.sent(bytes.len());
        Ok(())
    }

    /// Records with this data.
    fn sealed(&mut self, mut data: &[u8]) -> Vec<u8> {
        let mut seal = SealBuffer::new(4);
        let mut records = Vec::new();
        while !data.is_empty() {
            self.connection.lend(&mut seal);
            let count = seal.fill(data);
            self.connection.seal(&mut seal, count).unwrap();
            records.extend_from_slice(seal.sealed());
            data = &data[count..];
        }
        records
    }

    async fn say(&mut self, data: &[u8]) {
        let records = self.sealed(data);
        self.io.write_all(&records).await.unwrap();
    }

    async fn close(&mut self) {
        self.connection.close_notify();
        self.flush().await.unwrap();
    }
}

/// Bytes that show where they belong.
fn pattern(count: usize) -> Vec<u8> {
    (0..count).map(|at| (at % 251).to_le_bytes()[0]).collect()
}

fn cause(error: &io::Error) -> &StreamError {
    error.get_ref().unwrap().downcast_ref().unwrap()
}

#[tokio::test]
async fn data_goes_both_ways_through_pipes_of_any_width() {
    let data = pattern(100_000);
    for version in [Version::Tls12, Version::Tls13] {
        for room in [7, 1000, 1 << 20] {
            let (mut stream, mut peer) = connected(version, room).await;
            let there = async {
                stream.write_all(&data).await.unwrap();
                stream.shutdown().await.unwrap();
                let mut back = Vec::new();
                stream.read_to_end(&mut back).await.unwrap();
                back
            };
            let here = async {
                while peer.end.is_none() {
                    peer.step().await.unwrap();
                }
                let received = std::mem::take(&mut peer.received);
                peer.say(&received).await;
                peer.close().await;
            };
            let both = async { tokio::join!(there, here).0 };
            let back = timeout(PATIENCE, both).await.unwrap();
            assert!(back == data, "{version} {room}");
            assert_eq!(peer.end, Some(End::Closed), "{version} {room}");
        }
    }
}

#[tokio::test]
async fn small_reads_lose_nothing() {
    let (mut stream, mut peer) = connected(Version::Tls13, 1 << 20).await;
    let data = pattern(40_000);
    peer.say(&data).await;
    peer.close().await;
    let mut read = Vec::new();
    let mut small = [0; 77];
    loop {
        let count = stream.read(&mut small).await.unwrap();
        if count == 0 {
            break;
        }
        read.extend_from_slice(&small[..count]);
    }
    assert!(read == data);
    assert_eq!(stream.read(&mut small).await.unwrap(), 0, "the end stays the end");
    assert_eq!(stream.plain.bytes.capacity() + stream.sealed.bytes.capacity(), 0);
}

#[tokio::test]
async fn data_right_behind_the_handshake_is_not_waited_for() {
    // In TLS 1.2 the server's Finished is the last of the handshake: data comes in the same breath.
    for (version, room) in [(Version::Tls12, 1 << 20), (Version::Tls12, 64), (Version::Tls13, 64)] {
        let (server, client) = contexts(version);
        let (near, far) = duplex(room);
        let mut peer = Peer::new(server, far);
        let talk = async {
            let mut stream = TlsStream::connect(&client, "localhost", now(), near).await.unwrap();
            let mut hello = [0; 5];
            stream.read_exact(&mut hello).await.unwrap();
            hello
        };
        let serve = async {
            while peer.connection.is_handshaking() {
                peer.step().await.unwrap();
            }
            peer.say(b"hello").await;
        };
        let both = async { tokio::join!(talk, serve).0 };
        assert_eq!(&timeout(PATIENCE, both).await.unwrap(), b"hello");
    }
}

#[tokio::test]
async fn an_end_without_close_notify_is_an_error_behind_the_data() {
    for version in [Version::Tls12, Version::Tls13] {
        let (mut stream, mut peer) = connected(version, 1 << 20).await;
        let mut records = peer.sealed(b"first");
        let second = peer.sealed(b"second");
        records.extend_from_slice(&second[..second.len() - 1]);
        peer.io.write_all(&records).await.unwrap();
        drop(peer);
        let mut read = Vec::new();
        let error = stream.read_to_end(&mut read).await.unwrap_err();
        assert_eq!(read, b"first");
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        assert_eq!(cause(&error), &StreamError::Truncated);
        let again = stream.read(&mut [0; 9]).await.unwrap_err();
        assert_eq!(cause(&again), &StreamError::Truncated);
    }
}

#[tokio::test]
async fn a_forged_record_is_an_error_behind_the_data_and_the_peer_is_told() {
    let (mut stream, mut peer) = connected(Version::Tls13, 1 << 20).await;
    let mut records = peer.sealed(b"first");
    let mut second = peer.sealed(b"second");
    *second.last_mut().unwrap() ^= 1;
    records.extend_from_slice(&second);
    peer.io.write_all(&records).await.unwrap();
    let mut read = Vec::new();
    let error = stream.read_to_end(&mut read).await.unwrap_err();
    assert_eq!(read, b"first");
    assert!(matches!(cause(&error), StreamError::Tls(TlsError::Misbehaved { .. })), "{error}");
    while peer.end.is_none() {
        peer.step().await.unwrap();
    }
    let told = TlsError::AlertReceived(Alert::BAD_RECORD_MAC);
    assert_eq!(peer.end, Some(End::Failed(told)));
}

#[tokio::test]
async fn a_handshake_that_ends_too_early_fails() {
    let (_, client) = contexts(Version::Tls13);
    let (near, mut far) = duplex(1 << 20);
    let (result, ()) = tokio::join!(TlsStream::connect(&client, "localhost", now(), near), async {
        far.read_exact(&mut [0; 64]).await.unwrap();
        far.shutdown().await.unwrap();
    });
    assert_eq!(cause(&result.unwrap_err()), &StreamError::Unfinished);

    // What a server says that does not speak TLS, of any length: the third to fifth byte read as a length of 65,535.
    let (near, mut far) = duplex(1 << 20);
    far.write_all(&[b"XXX\xff\xff", &vec![b'x'; 100_000][..]].concat()).await.unwrap();
    let error = TlsStream::connect(&client, "localhost", now(), near).await.unwrap_err();
    assert!(matches!(cause(&error), StreamError::Tls(TlsError::Misbehaved { .. })), "{error}");

    let (near, _far) = duplex(64);
    let error = TlsStream::connect(&client, "not a name", now(), near).await.unwrap_err();
    assert!(matches!(cause(&error), StreamError::Tls(TlsError::Local(_))), "{error}");
}

#[tokio::test]
async fn reading_goes_on_behind_our_own_end() {
    let (mut stream, mut peer) = connected(Version::Tls13, 1 << 20).await;
    stream.write_all(b"question").await.unwrap();
    stream.shutdown().await.unwrap();
    let error = stream.write(b"more").await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    while peer.end.is_none() {
        peer.step().await.unwrap();
    }
    assert_eq!((&peer.received[..], &peer.end), (&b"question"[..], &Some(End::Closed)));
    peer.say(b"answer").await;
    peer.close().await;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert_eq!(answer, b"answer");
}

#[tokio::test]
async fn new_keys_are_answered_while_only_reading() {
    let (mut stream, mut peer) = connected(Version::Tls13, 1 << 20).await;
    for _ in 0..3 {
        peer.connection.refresh_keys().unwrap();
        peer.flush().await.unwrap();
        peer.say(b"data").await;
        let mut data = [0; 4];
        stream.read_exact(&mut data).await.unwrap();
        assert_eq!(&data, b"data");
        // The answer is a record; that it opens proves that both sides have the same keys.
        peer.step().await.unwrap();
        assert_eq!(peer.end, None);
    }
    stream.write_all(b"done").await.unwrap();
    stream.flush().await.unwrap();
    while peer.received.is_empty() {
        peer.step().await.unwrap();
    }
    assert_eq!(peer.received, b"done");
}

#[tokio::test]
async fn a_peer_that_asks_for_new_keys_and_reads_nothing_does_not_fill_our_memory() {
    let (mut stream, mut peer) = connected(Version::Tls13, 64).await;
    // The pipe back is full of data that nobody reads.
    while let Ok(result) = timeout(Duration::from_millis(20), stream.write_all(&[0; 1000])).await {
        result.unwrap();
    }
    let flood = async {
        for _ in 0..5000 {
            peer.connection.refresh_keys().unwrap();
            peer.flush().await.unwrap();
            peer.say(b"x").await;
        }
    };
    let read = async { while stream.read(&mut [0; 64]).await.unwrap() > 0 {} };
    tokio::select! {
        () = read => panic!("there is no end"),
        () = flood => {}
    }
    let waiting = stream.connection.outgoing().len() + stream.sealed.bytes.capacity();
    assert!(waiting < 100_000, "{waiting}");
}

#[tokio::test]
async fn an_answer_that_had_no_room_goes_out_while_only_reading() {
    let (mut stream, mut peer) = connected(Version::Tls13, 64).await;
    let mut written = 0;
    while let Ok(count) = timeout(Duration::from_millis(20), stream.write(&[0; 1000])).await {
        written += count.unwrap();
    }
    peer.connection.refresh_keys().unwrap();
    let update_and_data = [peer.connection.outgoing().to_vec(), {
        let count = peer.connection.outgoing().len();
        peer.connection.sent(count);
        peer.sealed(b"x")
    }]
    .concat();
    let (sent, read) = tokio::join!(peer.io.write_all(&update_and_data), stream.read_u8());
    sent.unwrap();
    assert_eq!(read.unwrap(), b'x');
    let drain = async {
        while peer.received.len() < written {
            peer.step().await.unwrap();
        }
    };
    tokio::select! {
        _ = stream.read_u8() => panic!("there is no more"),
        () = drain => {}
    }
    assert_eq!(peer.received.len(), written);
}

#[tokio::test]
async fn a_reader_and_a_writer_in_two_tasks_do_not_silence_each_other() {
    let data = pattern(200_000);
    let (stream, mut peer) = connected(Version::Tls13, 50).await;
    let (mut reader, mut writer) = tokio::io::split(stream);
    let sent = data.clone();
    let writing = tokio::spawn(async move {
        writer.write_all(&sent).await.unwrap();
        writer.shutdown().await.unwrap();
    });
    let reading = tokio::spawn(async move {
        let mut read = Vec::new();
        reader.read_to_end(&mut read).await.unwrap();
        read
    });
    let serving = async {
        while peer.end.is_none() {
            peer.step().await.unwrap();
            if peer.end.is_none() && peer.received.len() % 7 == 0 {
                // The reader has an answer to send while the writer waits for room.
                peer.connection.refresh_keys().unwrap();
                peer.flush().await.unwrap();
                peer.say(b".").await;
            }
        }
        peer.say(b"all of it").await;
        peer.close().await;
    };
    timeout(PATIENCE, serving).await.unwrap();
    timeout(PATIENCE, writing).await.unwrap().unwrap();
    let read = timeout(PATIENCE, reading).await.unwrap().unwrap();
    assert!(read.starts_with(b".") && read.ends_with(b".all of it"));
    assert!(peer.received == data);
}

#[tokio::test]
async fn tls_runs_over_tls() {
    let (outer, mut peer) = connected(Version::Tls13, 1 << 20).await;
    let (server, client) = contexts(Version::Tls13);
    let (near, far) = duplex(1 << 20);
    let mut inner = Peer::new(server, far);
    let (mut from, mut to) = tokio::io::split(near);
    let serve = async {
        // The outer server hands what it opened to the inner one, and back.
        let relay = async {
            let mut bytes = [0; 4096];
            loop {
                tokio::select! {
                    result = peer.step() => {
                        result.unwrap();
                        to.write_all(&std::mem::take(&mut peer.received)).await.unwrap();
                    }
                    count = from.read(&mut bytes) => {
                        let count = count.unwrap();
                        peer.say(&bytes[..count]).await;
                    }
                }
            }
        };
        let answer = async {
            while inner.received != b"question" {
                inner.step().await.unwrap();
            }
            inner.say(b"answer").await;
            std::future::pending::<()>().await;
        };
        tokio::join!(relay, answer)
    };
    let talk = async {
        let mut stream = TlsStream::connect(&client, "localhost", now(), outer).await.unwrap();
        stream.write_all(b"question").await.unwrap();
        stream.flush().await.unwrap();
        let mut answer = [0; 6];
        stream.read_exact(&mut answer).await.unwrap();
        answer
    };
    let both = async {
        tokio::select! {
            answer = talk => answer,
            _ = serve => unreachable!(),
        }
    };
    assert_eq!(&timeout(PATIENCE, both).await.unwrap(), b"answer");
}

#[tokio::test]
async fn parts_that_are_written_together_share_a_record() {
    for version in [Version::Tls12, Version::Tls13] {
        let (mut stream, mut peer) = connected(version, 1 << 20).await;
        let parts = ["one, ", "", "two, ", "three"].map(str::as_bytes);
        assert!(tokio::io::AsyncWrite::is_write_vectored(&stream));
        let count = stream.write_vectored(&parts.map(io::IoSlice::new)).await.unwrap();
        assert_eq!(count, 15);
        let mut record = [0; 200];
        let length = peer.io.read(&mut record).await.unwrap();
        assert_eq!(usize::from(u16::from_be_bytes([record[3], record[4]])), length - 5);
        peer.open.space()[..length].copy_from_slice(&record[..length]);
        peer.open.filled(length);
        assert_eq!(peer.connection.open(&mut peer.open).plain, b"one, two, three");
    }
}

#[tokio::test]
async fn more_parts_than_fit_are_written_as_far_as_they_do() {
    let (mut stream, mut peer) = connected(Version::Tls13, 1 << 20).await;
    let data = pattern(200_000);
    let mut parts: Vec<_> = data.chunks(7_777).map(io::IoSlice::new).collect();
    let mut left = &mut parts[..];
    while !left.is_empty() {
        let count = stream.write_vectored(left).await.unwrap();
        assert!(count > 0);
        io::IoSlice::advance_slices(&mut left, count);
    }
    stream.flush().await.unwrap();
    while peer.received.len() < data.len() {
        peer.step().await.unwrap();
    }
    assert!(peer.received == data);
    stream.close().await.unwrap();
    let error = stream.write_vectored(&[io::IoSlice::new(b"late")]).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
}

#[tokio::test]
async fn who_has_room_gets_several_records_at_once() {
    let (mut stream, mut peer) = connected(Version::Tls13, 1 << 20).await;
    let data = pattern(100_000);
    peer.say(&data).await;
    let mut room = vec![0; 200_000];
    let count = stream.read(&mut room).await.unwrap();
    assert_eq!(count, data.len());
    assert!(room[..count] == data);
}
