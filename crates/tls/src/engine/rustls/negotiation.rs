//! Drives a rustls handshake, record by record.

use super::{
    clock, fault,
    keys::{self, ClientSchedule},
    schedule::{Fixed, Heard},
    traffic::EngineTraffic,
    verifier::{refusal, take_judged},
};
use crate::{
    Alert, CipherSuite, DataPath, Group, Handshake, HandshakeKind, Peer, TlsError, Trust, Version,
    engine::{Negotiation, Progress, Traffic},
    record::{KeySource, Side},
};
use ravelin_trust::{Name, Verdict};
use rustls::{
    Error, ExtractedSecrets, ProtocolVersion,
    client::{ClientConnectionData, UnbufferedClientConnection},
    server::{ServerConnectionData, UnbufferedServerConnection},
    unbuffered::{
        ConnectionState, EncodeError, EncodeTlsData, InsufficientSizeError,
        UnbufferedConnectionCommon, UnbufferedStatus,
    },
};
use std::{ops::DerefMut, sync::Arc, time::Duration};

/// What rustls's client and server connections have in common.
pub(super) trait Raw:
    DerefMut<Target = UnbufferedConnectionCommon<Self::Data>> + Send + Sized + 'static
{
    type Data: Send + 'static;
    const SIDE: Side;

    fn process<'c, 'i>(&'c mut self, input: &'i mut [u8]) -> UnbufferedStatus<'c, 'i, Self::Data>;
    /// Takes a finished handshake apart: what protects the records now, and where later keys come from.
    fn take_apart(
        self,
        heard: Heard,
        now: Duration,
    ) -> Result<(ExtractedSecrets, Box<dyn KeySource>), TlsError>;
}

impl Raw for UnbufferedServerConnection {
    type Data = ServerConnectionData;
    const SIDE: Side = Side::Server;

    fn process<'c, 'i>(&'c mut self, input: &'i mut [u8]) -> UnbufferedStatus<'c, 'i, Self::Data> {
        self.process_tls_records(input)
    }

    fn take_apart(
        self,
        heard: Heard,
        _: Duration,
    ) -> Result<(ExtractedSecrets, Box<dyn KeySource>), TlsError> {
        let tls13 = self.protocol_version() == Some(ProtocolVersion::TLSv1_3);
        let extracted = self.dangerous_into_kernel_connection();
        let (secrets, _) = extracted.map_err(|error| fault::translate(error, None))?;
        let keys: Box<dyn KeySource> = if tls13 {
            let schedule = heard.schedule(&secrets.tx.1);
            Box::new(schedule.ok_or_else(|| {
                TlsError::Local("the engine did not name its traffic secrets".into())
            })?)
        } else {
            Box::new(Fixed)
        };
        Ok((secrets, keys))
    }
}

impl Raw for UnbufferedClientConnection {
    type Data = ClientConnectionData;
    const SIDE: Side = Side::Client;

    fn process<'c, 'i>(&'c mut self, input: &'i mut [u8]) -> UnbufferedStatus<'c, 'i, Self::Data> {
        self.process_tls_records(input)
    }

    fn take_apart(
        self,
        _: Heard,
        now: Duration,
    ) -> Result<(ExtractedSecrets, Box<dyn KeySource>), TlsError> {
        let extracted = self.dangerous_into_kernel_connection();
        let (secrets, kernel) = extracted.map_err(|error| fault::translate(error, None))?;
        Ok((secrets, Box::new(ClientSchedule { kernel, now })))
    }
}

/// A handshake in progress.
pub(super) struct Handshaking<R: Raw> {
    connection: R,
    now: Duration,
    data_path: DataPath,
    small_first_records: bool,
    /// How much of the front of the input rustls has seen without letting go of it: a message that is split over
    /// records stays until its last piece is there.
    shown: usize,
    /// Session tickets of a TLS 1.3 server, to be sent whenever it suits.
    tickets: Vec<u8>,
    heard: Heard,
    judge: Option<Judge>,
    verdict: Option<Arc<Verdict>>,
    stapled: Option<Box<[u8]>>,
}

/// How the peer is judged once more when a session is resumed: rustls does not ask then.
pub(super) struct Judge {
    pub(super) trust: Arc<Trust>,
    /// The server's name; none for clients.
    pub(super) name: Option<Name>,
}

impl<R: Raw> Handshaking<R> {
    pub(super) fn new(
        connection: R,
        now: Duration,
        data_path: DataPath,
        small_first_records: bool,
    ) -> Handshaking<R> {
        Handshaking {
            connection,
            now,
            data_path,
            small_first_records,
            shown: 0,
            tickets: Vec::new(),
            heard: Heard::default(),
            judge: None,
            verdict: None,
            stapled: None,
        }
    }

    pub(super) fn judging(mut self, judge: Judge) -> Handshaking<R> {
        self.judge = Some(judge);
        self
    }

    /// The record layer of a finished handshake, for whoever forges records with it.
    #[cfg(any(test, fuzzing))]
    pub(super) fn into_records(self) -> Result<crate::record::RecordLayer, TlsError> {
        let version = facts(&self.connection)?.version;
        keys::own_records(self.connection, self.heard, version, self.now, false)
    }

    /// One call into rustls. `None` when it can do nothing more with this input.
    fn drive(
        &mut self,
        input: &mut [u8],
        out: &mut Vec<u8>,
    ) -> (usize, Result<Option<Progress>, Error>) {
        let status = self.heard.listen(|| self.connection.process(input));
        if let Some(judged) = take_judged() {
            self.verdict = judged.verdict;
            self.stapled = judged.stapled;
        }
        let discard = status.discard;
        let done = match status.state {
            Err(error) => return (discard, Err(error)),
            Ok(ConnectionState::EncodeTlsData(mut data)) => {
                let start = out.len();
                if let Err(error) = encode(&mut data, out) {
                    return (discard, Err(error));
                }
                let after_handshake = R::SIDE == Side::Server
                    && !self.connection.is_handshaking()
                    && self.connection.protocol_version() == Some(ProtocolVersion::TLSv1_3);
                if after_handshake {
                    self.tickets.extend(out.drain(start..));
                }
                Some(Progress::NeedInput)
            }
            Ok(ConnectionState::TransmitTlsData(data)) => {
                data.done();
                Some(Progress::NeedInput)
            }
            Ok(ConnectionState::WriteTraffic(_)) => Some(Progress::Done),
            Ok(ConnectionState::BlockedHandshake) => None,
            Ok(ConnectionState::PeerClosed | ConnectionState::Closed) => {
                let error = Error::AlertReceived(rustls::AlertDescription::CloseNotify);
                return (discard, Err(error));
            }
            Ok(_) => {
                return (discard, Err(Error::General("unexpected state of the engine".into())));
            }
        };
        (discard, Ok(done))
    }

    /// Fetches the alert that rustls made for an error.
    fn fail(&mut self, error: Error, out: &mut Vec<u8>) -> TlsError {
        let start = out.len();
        send_queued(&mut self.connection, out);
        let sent = match out[start..] {
            [.., 21, 3, _, 0, 2, _, code] => Some(Alert::from_code(code)),
            _ => None,
        };
        match (&error, &self.verdict) {
            (Error::InvalidCertificate(_), Some(verdict)) if verdict.code().is_some() => {
                let alert = verdict.alert().map_or(Alert::BAD_CERTIFICATE, Alert::from_code);
                TlsError::Certificate {
                    detail: verdict.explanation(),
                    alert: sent.unwrap_or(alert),
                }
            }
            _ => fault::translate(error, sent),
        }
    }
}

impl<R: Raw> Negotiation for Handshaking<R> {
    fn step(&mut self, input: &mut [u8], out: &mut Vec<u8>) -> (usize, Result<Progress, TlsError>) {
        let mut start = 0;
        let mut end = self.shown.min(input.len());
        let mut hopeless = false;
        loop {
            let (discard, result) = clock::at(self.now, || self.drive(&mut input[start..end], out));
            start += discard;
            match result {
                Ok(Some(Progress::Done)) => return (start, Ok(Progress::Done)),
                Ok(Some(Progress::NeedInput)) => {}
                // One record more: what belongs to the data that follows the handshake must stay ours.
                Ok(None) => match record_length(&input[end..]) {
                    // What cannot be a record is shown at once: the rest of it may never come.
                    Some(length) if !hopeless && !is_possible(&input[end..], length) => {
                        hopeless = true;
                        end += HEADER;
                    }
                    Some(length) if !hopeless && end + length <= input.len() => end += length,
                    _ => {
                        self.shown = end - start;
                        return (start, Ok(Progress::NeedInput));
                    }
                },
                Err(error) => {
                    let error = self.fail(error, out);
                    return (start, Err(error));
                }
            }
        }
    }

    fn finish(
        self: Box<Self>,
        held: &mut Vec<u8>,
        verdict: &mut Option<Arc<Verdict>>,
    ) -> Result<(Handshake, Box<dyn Traffic>), TlsError> {
        let Handshaking {
            connection,
            now,
            data_path,
            small_first_records,
            tickets,
            heard,
            judge,
            stapled,
            ..
        } = *self;
        let mut handshake = facts(&connection)?;
        handshake.stapled_ocsp = stapled;
        let mut traffic: Box<dyn Traffic> = match data_path {
            DataPath::Own => Box::new(keys::own_records(
                connection,
                heard,
                handshake.version,
                now,
                small_first_records,
            )?),
            DataPath::Engine => Box::new(EngineTraffic::new(connection, now)),
        };
        // They are sealed already: an alert that overtook them would not authenticate.
        held.extend(tickets);
        if let Some(judge) = judge
            && let Err((alert, error)) = judge.again(&handshake, now, verdict)
        {
            traffic.alert(true, alert, held);
            return Err(error);
        }
        Ok((handshake, traffic))
    }

    fn take_verdict(&mut self) -> Option<Arc<Verdict>> {
        self.verdict.take()
    }
}

impl Judge {
    /// Judges the peer of a resumed session by the certificates it showed when the session began.
    fn again(
        &self,
        handshake: &Handshake,
        now: Duration,
        verdict: &mut Option<Arc<Verdict>>,
    ) -> Result<(), (Alert, TlsError)> {
        if handshake.kind != HandshakeKind::Resumed || handshake.peer_certificates.is_empty() {
            return Ok(());
        }
        let chain = handshake.peer_certificates.iter().map(|der| &**der).collect();
        let mut peer = match &self.name {
            Some(name) => Peer::server(chain, name.clone()),
            None => Peer::client(chain),
        };
        peer.resumed = true;
        let refused = |alert, detail| (alert, TlsError::Certificate { detail, alert });
        let judged = self.trust.judge(&peer, now);
        let judged = Arc::new(judged.map_err(|error| refused(Alert::BAD_CERTIFICATE, error))?);
        *verdict = Some(Arc::clone(&judged));
        match refusal(&self.trust, &judged) {
            Some(alert) => Err(refused(alert, judged.explanation())),
            None => Ok(()),
        }
    }
}

/// Bytes of a record's header.
const HEADER: usize = 5;
/// Bytes of the longest record's content (RFC 5246, section 6.2.3).
const MAX_CONTENT: usize = 16_384 + 2_048;

/// Length of the record at the front, header included; none while its header is incomplete.
fn record_length(bytes: &[u8]) -> Option<usize> {
    let &[_, _, _, high, low] = bytes.first_chunk()?;
    Some(HEADER + usize::from(u16::from_be_bytes([high, low])))
}

/// Whether a record of this length may begin like this: change_cipher_spec to application_data, TLS (RFC 8446, 5.1).
fn is_possible(bytes: &[u8], length: usize) -> bool {
    matches!(bytes, [20..=23, 3, ..]) && length <= HEADER + MAX_CONTENT
}

/// Appends what a connection that failed still has to say, and shows rustls no more of the input: it would go on with the
/// next record as if nothing had happened.
pub(super) fn send_queued<R: Raw>(connection: &mut R, out: &mut Vec<u8>) {
    while connection.wants_write() {
        // Whatever is queued comes before anything is read, so no input is needed.
        match connection.process(&mut []).state {
            Ok(ConnectionState::EncodeTlsData(mut data)) => {
                if encode(&mut data, out).is_err() {
                    return;
                }
            }
            _ => return,
        }
    }
}

/// Appends a record that rustls has ready.
pub(super) fn encode<D>(data: &mut EncodeTlsData<'_, D>, out: &mut Vec<u8>) -> Result<(), Error> {
    let start = out.len();
    let needed = match data.encode(&mut []) {
        Err(EncodeError::InsufficientSize(InsufficientSizeError { required_size })) => {
            required_size
        }
        Ok(count) => count,
        Err(error @ EncodeError::AlreadyEncoded) => return Err(Error::General(error.to_string())),
    };
    out.resize(start + needed, 0);
    data.encode(&mut out[start..]).map_err(|error| Error::General(error.to_string()))?;
    Ok(())
}

fn facts<R: Raw>(connection: &R) -> Result<Handshake, TlsError> {
    let missing = |what: &str| TlsError::Local(format!("the engine agreed on no {what}"));
    let version = match connection.protocol_version() {
        Some(ProtocolVersion::TLSv1_3) => Version::Tls13,
        Some(ProtocolVersion::TLSv1_2) => Version::Tls12,
        _ => return Err(missing("version")),
    };
    let suite = connection.negotiated_cipher_suite().ok_or_else(|| missing("cipher suite"))?;
    let certificates = connection.peer_certificates().unwrap_or_default();
    Ok(Handshake {
        version,
        suite: CipherSuite::from_code(u16::from(suite.suite())),
        group: connection
            .negotiated_key_exchange_group()
            .map(|group| Group::from_code(u16::from(group.name()))),
        kind: match connection.handshake_kind() {
            Some(rustls::HandshakeKind::Resumed) => HandshakeKind::Resumed,
            Some(rustls::HandshakeKind::FullWithHelloRetryRequest) => HandshakeKind::FullWithRetry,
            _ => HandshakeKind::Full,
        },
        alpn: connection.alpn_protocol().map(Into::into),
        peer_certificates: certificates.iter().map(|der| der.as_ref().into()).collect(),
        stapled_ocsp: None,
    })
}
