//! Holds our record layer to rustls's: both take the same bytes under the same keys, and must yield the same plaintext,
//! send the same answers and come to the same end.
//!
//! - `constant`: handshakes that are equal byte for byte.
//! - `subject`: one connection under test, with its buffers.
//!
//! What may differ, and why, stands in [`compare`] and nowhere else.

mod constant;
mod subject;
#[cfg(test)]
mod tests;

use super::negotiation::{Handshaking, Raw};
use crate::{
    ClientContext, Connection, DataPath, End, ServerContext, TlsError,
    engine::{Negotiation, Progress},
    record::RecordLayer,
};
use constant::{Agreement, NOW};
use std::sync::Arc;
use subject::Subject;

/// What happens to a connection once its handshake is done.
#[derive(Clone, Debug)]
pub struct Script {
    /// TLS 1.3, else TLS 1.2.
    pub tls13: bool,
    /// 0: AES-128-GCM, 1: AES-256-GCM, 2: ChaCha20-Poly1305.
    pub cipher: u8,
    /// A server is tested, else a client.
    pub server: bool,
    /// In order.
    pub steps: Vec<Step>,
    /// Applied in order to the records that the steps make.
    pub mutations: Vec<Mutation>,
    /// Sizes of the pieces that the bytes arrive in, over and over; zero or none at all: everything at once.
    pub pieces: Vec<u16>,
}

/// One thing that happens.
#[derive(Clone, Debug)]
pub enum Step {
    /// The peer sends a record of any type, in TLS 1.3 with padding.
    Record {
        /// Its content type.
        content: u8,
        /// What is in it.
        body: Vec<u8>,
        /// Zeros behind it (TLS 1.3).
        padding: u16,
    },
    /// The peer sends this much data.
    Data(u16),
    /// The peer sends a key update with this request and goes on with new keys. Nothing in TLS 1.2.
    KeyUpdate(u8),
    /// The peer sends bytes that are no protected record.
    Bytes(Vec<u8>),
    /// The subject seals this much data.
    Seal(u16),
    /// The subject renews its keys. A script with this step has no handshake records but key updates: see [`compare`].
    Refresh,
    /// The subject sends close_notify. rustls asserts in debug builds that nothing gives it cause for an alert afterwards,
    /// so nothing is mutated in a script with this step, nothing is left half said before it, and behind it come only
    /// data, key updates and the peer's own end.
    Close,
}

/// One change to what the peer sends. Records are counted round and round.
#[derive(Clone, Debug)]
pub enum Mutation {
    /// Turns one bit over.
    Flip(u16, u32),
    /// Sets a byte of the header: which record, which byte, what to.
    Header(u16, u8, u8),
    /// Cuts the end off.
    Cut(u16, u16),
    /// Sends a record twice.
    Repeat(u16),
    /// Sends a record after its successor.
    Swap(u16),
    /// Leaves a record out.
    Omit(u16),
}

const NO_RENEGOTIATION: [u8; 2] = [1, 100];
const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;
const ALERT: u8 = 21;
const KEY_UPDATE: u8 = 24;
/// Bodies are cut to this: a little more than a record may hold.
const MAX_BODY: usize = 20_000;
const MAX_STEPS: usize = 128;

/// Plays the script to both and compares.
///
/// # Errors
/// What differs.
pub fn run(script: &Script) -> Result<(), String> {
    let own = play(script, DataPath::Own)?;
    let engine = play(script, DataPath::Engine)?;
    compare(&own, &engine).map_err(|what| format!("{what}\nown: {own:?}\nengine: {engine:?}"))
}

/// What became of a subject.
struct Outcome {
    handshake: Vec<u8>,
    plain: Vec<u8>,
    end: Option<End>,
    /// What the end of the stream under the connection says in the end.
    fin: End,
    /// Whether each of the subject's commands was obeyed.
    obeyed: Vec<bool>,
    sent: Vec<u8>,
    /// The same as the peer reads it.
    answers: Vec<(u8, Vec<u8>)>,
}

impl Outcome {
    /// What the peer did wrong.
    fn failure(&self) -> Option<&str> {
        match &self.end {
            Some(End::Failed(TlsError::Misbehaved { detail, .. })) => Some(detail),
            _ => None,
        }
    }

    /// Ours: a handshake message came that has no place.
    fn is_unwanted(&self) -> bool {
        self.failure().is_some_and(|detail| {
            detail.starts_with("handshake message") || detail == "it insists on renegotiation"
        })
    }

    /// rustls: a message cannot be read.
    fn is_malformed(&self) -> bool {
        self.failure().is_some_and(|detail| detail.starts_with("malformed message"))
    }

    /// What was sent, without key updates, and without the fatal alert in the end if that is wished.
    fn told(&self, without_alert: bool) -> Vec<&(u8, Vec<u8>)> {
        let mut told: Vec<_> = self.answers.iter().filter(|one| !is_key_update(one)).collect();
        if without_alert
            && told.last().is_some_and(|(content, body)| *content == ALERT && body[0] == 2)
        {
            told.pop();
        }
        told
    }

    /// Failed, but all was well until then.
    fn is_front_of(&self, other: &Outcome) -> bool {
        self.failure().is_some()
            && other.plain.starts_with(&self.plain)
            && other.told(true).starts_with(&self.told(true))
    }
}

impl std::fmt::Debug for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let answers: Vec<_> = self
            .answers
            .iter()
            .map(|(content, body)| (content, body.len(), &body[..body.len().min(6)]))
            .collect();
        f.debug_struct("Outcome")
            .field("plain", &self.plain.len())
            .field("end", &self.end)
            .field("obeyed", &self.obeyed)
            .field("answers", &answers)
            .finish_non_exhaustive()
    }
}

/// Demands the same of both, but for these differences:
///
/// 1. *When a peer's wish for new keys is granted.* Ours answers at once, and again with the next data if more wishes came
///    meanwhile; rustls makes one answer and sends it with the next record. RFC 8446, section 4.6.3 leaves both open and
///    neither lets answers pile up. So key updates are left out, as long as both or neither sent some, or rustls had no
///    next record to send it with.
/// 2. *What an alert with an illegal level, or a warning in TLS 1.3, is called.* rustls names the alert it received, ours
///    says what the peer did wrong; both send the same alert for it.
/// 3. *Which alert answers a handshake message that is both out of place and malformed.* rustls reads messages before it
///    asks whether they are wanted and complains of their form; ours does not read what it does not want and says
///    unexpected_message.
/// 4. *Whether a malformed ClientHello on an established TLS 1.2 connection is an end.* For the same reason rustls fails
///    where ours refuses renegotiation with a warning, as it does with well-formed ones.
/// 5. *Whether a record may call itself SSL 2 or DTLS.* rustls knows their version numbers and lets them pass in records;
///    ours wants a first byte of 3 (RFC 8446, section 5.1 leaves that open).
/// 6. *Whether keys can be renewed while a message of the peer is incomplete.* rustls refuses, and sends the peer an alert
///    for it; ours does, because what is sent has nothing to do with what arrives. This is not played.
///
/// With 4 and 5 one side ends before the other: then the earlier one must have been right as far as it came.
fn compare(own: &Outcome, engine: &Outcome) -> Result<(), String> {
    let demand = |same: bool, what: &str| if same { Ok(()) } else { Err(what.to_owned()) };
    demand(own.handshake == engine.handshake, "another handshake")?;
    let refused =
        |outcome: &Outcome| outcome.answers.iter().filter(|a| a.1 == NO_RENEGOTIATION).count();
    if engine.is_malformed() && refused(own) > refused(engine) {
        return demand(engine.is_front_of(own), "neither the same nor the front of it");
    }
    if own.failure() == Some("wrong version number") && !engine.is_malformed() {
        return demand(own.is_front_of(engine), "neither the same nor the front of it");
    }
    demand(own.plain == engine.plain, "other plaintext")?;
    demand(own.obeyed == engine.obeyed, "other commands obeyed")?;
    if own.sent != engine.sent {
        let another_alert = own.is_unwanted() && engine.is_malformed();
        demand(own.told(another_alert) == engine.told(another_alert), "other answers")?;
        let updates = |outcome: &Outcome| outcome.answers.iter().any(is_key_update);
        let silenced = own.end.is_some() && !updates(engine);
        demand(updates(own) == updates(engine) || silenced, "only one changed its keys")?;
    }
    let sent_alert = own.answers.iter().any(|(content, body)| *content == ALERT && body[0] == 2);
    let manner = |end: &Option<End>| match end {
        Some(End::Failed(TlsError::AlertReceived(alert))) if !sent_alert => {
            format!("alert {}", alert.code())
        }
        Some(End::Failed(TlsError::Local(detail))) => format!("our fault: {detail}"),
        Some(End::Failed(_)) => "failure".to_owned(),
        Some(End::Closed) => "closed".to_owned(),
        Some(End::Truncated) => "truncated".to_owned(),
        None => "open".to_owned(),
    };
    demand(manner(&own.end) == manner(&engine.end) && own.fin == engine.fin, "another end")
}

fn is_key_update((content, body): &(u8, Vec<u8>)) -> bool {
    *content == HANDSHAKE && body.first() == Some(&KEY_UPDATE)
}

fn play(script: &Script, data_path: DataPath) -> Result<Outcome, String> {
    let agreement = Agreement { tls13: script.tls13, cipher: script.cipher.into() };
    let (mut subject, mut peer) = if script.server {
        let context = ServerContext::from_engine(Arc::new(agreement.server(data_path)));
        let subject = Subject::new(Connection::server(), Some(context));
        shake(subject, agreement.client(DataPath::Own).begin())
    } else {
        let context = ClientContext::from_engine(Arc::new(agreement.client(data_path)));
        let connection = Connection::client(&context, "localhost", NOW);
        let subject = Subject::new(connection.map_err(|error| error.to_string())?, None);
        shake(subject, agreement.server(DataPath::Own).begin())
    }
    .map_err(|error| format!("the handshake failed: {error}"))?;
    let handshake = subject.take_sent();
    let mut obeyed = Vec::new();
    for event in events(script, &mut peer)? {
        match event {
            Event::Arrives(wire) => subject.receive(&wire, &script.pieces),
            Event::Seal(count) => obeyed.push(subject.seal(&pattern(count))),
            Event::Refresh => obeyed.push(subject.refresh()),
            Event::Close => subject.close(),
        }
    }
    // Whatever was held back for the next data comes out now.
    obeyed.push(subject.seal(b"the end"));
    subject.close();
    let fin = subject.connection.receive_fin();
    let sent = subject.take_sent();
    let answers = peer.read_all(&sent).map_err(|error| format!("unreadable answers: {error}"))?;
    Ok(Outcome { handshake, plain: subject.plain, end: subject.end, fin, obeyed, sent, answers })
}

/// Brings the subject through its handshake and gives the peer the keys.
fn shake<R: Raw>(
    mut subject: Subject,
    mut peer: Handshaking<R>,
) -> Result<(Subject, RecordLayer), TlsError> {
    let (mut done, mut inbox) = (false, Vec::new());
    while !done || subject.connection.is_handshaking() {
        let mut wire = Vec::new();
        if !done {
            let (consumed, progress) = peer.step(&mut inbox, &mut wire);
            inbox.drain(..consumed);
            done = progress? == Progress::Done;
        }
        subject.receive(&wire, &[]);
        if let Some(End::Failed(error)) = subject.end {
            return Err(error);
        }
        inbox.extend(subject.fresh());
    }
    Ok((subject, peer.into_records()?))
}

enum Event {
    Arrives(Vec<u8>),
    Seal(usize),
    Refresh,
    Close,
}

/// Turns the script into bytes that arrive and commands, mutations applied.
fn events(script: &Script, peer: &mut RecordLayer) -> Result<Vec<Event>, String> {
    let (mut events, mut closed) = (Vec::new(), false);
    let gentle = script.steps.iter().any(|step| matches!(step, Step::Close));
    let refreshes = script.steps.iter().any(|step| matches!(step, Step::Refresh));
    for step in script.steps.iter().take(MAX_STEPS) {
        let mut wire = Vec::new();
        match step {
            Step::Seal(count) => events.push(Event::Seal((*count).into())),
            Step::Refresh => events.push(Event::Refresh),
            Step::Close => {
                closed = true;
                events.push(Event::Close);
            }
            Step::Data(count) => peer.forge(
                APPLICATION_DATA,
                &pattern(usize::from(*count).min(if closed { 16_384 } else { MAX_BODY })),
                &mut wire,
            ),
            Step::KeyUpdate(_) if !script.tls13 => {}
            Step::KeyUpdate(request) => {
                let request = if closed { request & 1 } else { *request };
                peer.forge(HANDSHAKE, &[KEY_UPDATE, 0, 0, 1, request], &mut wire);
                peer.renew_sending().map_err(|error| error.to_string())?;
            }
            Step::Record { content, body, padding } => {
                let end = *content == ALERT && body == &[1, 0] && *padding == 0;
                let whole = !(gentle || refreshes) || *content != HANDSHAKE;
                if end || (!closed && whole) {
                    forge(peer, script.tls13, *content, body, (*padding).into(), &mut wire);
                }
            }
            Step::Bytes(_) if gentle => {}
            Step::Bytes(bytes) => wire.extend_from_slice(bytes),
        }
        if !wire.is_empty() {
            events.push(Event::Arrives(wire));
        }
    }
    if !gentle {
        for mutation in &script.mutations {
            mutate(&mut events, mutation);
        }
    }
    // What arrives without a command in between arrives as one stream.
    let mut joined: Vec<Event> = Vec::new();
    for event in events {
        match (joined.last_mut(), event) {
            (Some(Event::Arrives(before)), Event::Arrives(wire)) => before.extend(wire),
            (_, event) => joined.push(event),
        }
    }
    Ok(joined)
}

fn forge(
    peer: &mut RecordLayer,
    tls13: bool,
    content: u8,
    body: &[u8],
    padding: usize,
    wire: &mut Vec<u8>,
) {
    let body = &body[..body.len().min(MAX_BODY)];
    if tls13 && padding > 0 {
        let mut inner = body.to_vec();
        inner.push(content);
        inner.resize(inner.len() + padding - 1, 0);
        inner.truncate(MAX_BODY);
        peer.forge(0, &inner, wire);
    } else {
        peer.forge(content, body, wire);
    }
}

fn mutate(events: &mut Vec<Event>, mutation: &Mutation) {
    let arrivals: Vec<usize> =
        (0..events.len()).filter(|index| matches!(events[*index], Event::Arrives(_))).collect();
    let (Mutation::Flip(record, _)
    | Mutation::Header(record, ..)
    | Mutation::Cut(record, _)
    | Mutation::Repeat(record)
    | Mutation::Swap(record)
    | Mutation::Omit(record)) = *mutation;
    let Some(which) = usize::from(record).checked_rem(arrivals.len()) else { return };
    let at = arrivals[which];
    let Event::Arrives(wire) = &mut events[at] else { return };
    let length = wire.len();
    match *mutation {
        _ if length == 0 => {}
        Mutation::Flip(_, bit) => {
            let bit = bit as usize % (length * 8);
            wire[bit / 8] ^= 1 << (bit % 8);
        }
        Mutation::Header(_, byte, value) => wire[usize::from(byte) % length.min(5)] = value,
        Mutation::Cut(_, keep) => wire.truncate(usize::from(keep) % length),
        Mutation::Repeat(_) => {
            let again = wire.clone();
            events.insert(at + 1, Event::Arrives(again));
        }
        Mutation::Swap(_) => {
            if let Some(&next) = arrivals.get(which + 1) {
                events.swap(at, next);
            }
        }
        Mutation::Omit(_) => {
            events.remove(at);
        }
    }
}

fn pattern(count: usize) -> Vec<u8> {
    (0..=250).cycle().take(count).collect()
}
