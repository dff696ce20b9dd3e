use super::*;
use crate::{
    data::{Endian, amf::ObjectEncoding},
    socket::{Event, SocketId},
};

/// Whatever can be told to a machine, in any state in which it can be told.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    Connect,
    Established,
    Failed,
    Refused,
    Received,
    Sent,
    Ended,
    Broke,
    Close,
    /// The application hears of the next event.
    Hear,
}

const STEPS: [Step; 10] = [
    Step::Connect,
    Step::Established,
    Step::Failed,
    Step::Refused,
    Step::Received,
    Step::Sent,
    Step::Ended,
    Step::Broke,
    Step::Close,
    Step::Hear,
];

/// The connection as the network knows it, which the driver sees to.
#[derive(Clone, Copy, PartialEq)]
enum Network {
    Nothing,
    Attempt,
    Open,
}

struct World {
    machine: Machine,
    network: Network,
    heard: String,
}

impl World {
    fn new() -> World {
        World { machine: Machine::new(), network: Network::Nothing, heard: String::new() }
    }

    /// False where it cannot happen.
    fn step(&mut self, step: Step) -> bool {
        let machine = &mut self.machine;
        match (step, self.network) {
            (Step::Connect, _) => {
                machine.close();
                machine.begin();
                self.network = Network::Attempt;
                self.heard.push('(');
            }
            (Step::Established, Network::Attempt) => {
                machine.established();
                self.network = Network::Open;
            }
            (Step::Failed, Network::Attempt) => {
                machine.failed(Failure::Io("no".into()));
                self.network = Network::Nothing;
            }
            (Step::Refused, Network::Attempt) => {
                machine.failed(Failure::Security("no".into()));
                self.network = Network::Nothing;
            }
            (Step::Received, Network::Open) => machine.received(b"x"),
            (Step::Sent, Network::Open) => {
                if machine.flush().is_err() {
                    return false;
                }
                machine.writer.write_u8(1);
                machine.flush().unwrap();
                let before = machine.bytes_pending();
                machine.moved(machine.to_send().len());
                machine.progressed(0, before);
            }
            (Step::Ended, Network::Open) => {
                machine.ended(false);
                self.network = Network::Nothing;
            }
            (Step::Broke, Network::Open) => {
                machine.broke("no".into());
                self.network = Network::Nothing;
            }
            (Step::Close, _) if machine.phase() != Phase::Closed => {
                machine.close();
                self.network = Network::Nothing;
                self.heard.push(')');
            }
            (Step::Hear, _) => match machine.next_event() {
                None => return false,
                Some(event) => {
                    let (letter, phase) = match event {
                        EventKind::Connect => ('C', Phase::Connected),
                        EventKind::SocketData { .. } => ('d', Phase::Connected),
                        EventKind::OutputProgress { .. } => ('o', Phase::Connected),
                        EventKind::Close { .. } => ('E', Phase::Closed),
                        EventKind::IoError { .. } => ('I', Phase::Closed),
                        EventKind::SecurityError { .. } => ('S', Phase::Closed),
                        other => panic!("{other:?} comes from a socket"),
                    };
                    self.heard.push(letter);
                    assert_eq!(machine.phase(), phase, "{}", self.heard);
                }
            },
            _ => return false,
        }
        true
    }
}

/// Whether what was heard of one attempt is as it has to be: one connect, then data and progress, then one end; or one
/// error; or the beginning of that.
fn is_in_order(heard: &str) -> bool {
    let mut letters = heard.chars().peekable();
    match letters.next() {
        None => return true,
        Some('I' | 'S' | ')') => return letters.next().is_none(),
        Some('C') => {}
        Some(_) => return false,
    }
    while letters.next_if(|letter| "do".contains(*letter)).is_some() {}
    matches!(letters.next(), None | Some('E' | 'I' | ')')) && letters.next().is_none()
}

fn search(steps: &mut Vec<Step>, depth: usize, count: &mut usize) {
    let mut world = World::new();
    for step in steps.iter() {
        if !world.step(*step) {
            return;
        }
    }
    *count += 1;
    for attempt in world.heard.split('(').skip(1) {
        assert!(is_in_order(attempt), "{attempt} after {steps:?}");
    }
    assert!(!world.heard.contains("))"));
    if depth > 0 {
        for step in STEPS {
            steps.push(step);
            search(steps, depth - 1, count);
            steps.pop();
        }
    }
}

#[test]
fn s27_s35_s36_whatever_happens_the_order_of_events_is_kept() {
    let mut count = 0;
    search(&mut Vec::new(), 9, &mut count);
    assert!(count > 50_000, "{count} orders");
}

#[test]
fn s28_a_new_connection_knows_nothing_of_the_old_one() {
    let mut world = World::new();
    for step in [Step::Connect, Step::Established, Step::Hear, Step::Received, Step::Connect] {
        assert!(world.step(step));
    }
    assert_eq!(world.machine.bytes_available(), 0);
    assert!(!world.step(Step::Hear), "what the old one had to tell is not told");
}

#[test]
fn s45_s61_only_what_was_flushed_goes_and_what_the_transport_holds_still_waits() {
    let mut machine = Machine::new();
    machine.begin();
    machine.established();
    machine.next_event().unwrap();
    machine.writer.write_utf_bytes("abcdef");
    assert_eq!((machine.bytes_pending(), machine.to_send()), (6, &b""[..]));
    machine.flush().unwrap();
    machine.writer.write_utf_bytes("gh");
    assert_eq!((machine.bytes_pending(), machine.to_send()), (8, &b"abcdef"[..]));
    // The transport takes four bytes, makes ten of them, and the network takes none yet.
    machine.moved(4);
    machine.progressed(10, 8);
    assert_eq!((machine.bytes_pending(), machine.to_send()), (14, &b"ef"[..]));
    assert_eq!(machine.next_event(), None, "nothing left");
    machine.progressed(3, 14);
    machine.progressed(2, 7);
    let mut event = Event::new(machine.next_event().unwrap());
    assert_eq!(machine.next_event(), None, "it is told once, with what holds then");
    event.arrive(SocketId::unique(), &machine);
    assert_eq!(event.kind, EventKind::OutputProgress { bytes_pending: 6, bytes_total: 8 });
    assert_eq!(machine.close().as_slice(), b"efgh");
    assert_eq!(machine.bytes_pending(), 0);
}

#[test]
fn s46_s47_how_a_socket_reads_and_writes_outlives_its_connections() {
    let mut machine = Machine::new();
    machine.reader.endian = Endian::Little;
    machine.reader.object_encoding = ObjectEncoding::Amf0;
    machine.reader.limits.depth = 3;
    machine.writer.endian = Endian::Little;
    machine.begin();
    machine.reader.push(b"x");
    machine.close();
    assert_eq!(machine.reader.endian, Endian::Little);
    assert_eq!(machine.reader.object_encoding, ObjectEncoding::Amf0);
    assert_eq!(machine.reader.limits.depth, 3);
    assert_eq!(machine.writer.endian, Endian::Little);
    assert_eq!(machine.reader.available(), 0);
}
