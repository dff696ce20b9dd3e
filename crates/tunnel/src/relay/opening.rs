//! From accept to the first byte for the backend: PROXY header, handshake, dialling.

use super::{
    Over, Phase, Ready, Relay, Socket, Thread, deadlines::after, role::Role, stream::Stream,
};
use crate::{
    clients,
    metrics::{NO_CERTIFICATE, handshake_failure},
    proxy_protocol::{self, Sent, TlsFacts},
    reason::CloseReason,
    service::{ClientAddress, Termination, TlsSide},
    worker::token_of,
};
use ravelin_tls::{
    Alert, Connection, End, HandshakeKind, TlsError,
    hello::{Foreign, HelloError},
};
use std::{
    io::{self, ErrorKind},
    sync::Arc,
    time::Duration,
};

impl Relay {
    /// Reads what the peer sent and goes on with the handshake as far as that reaches.
    pub(super) fn handshake(&mut self, thread: &mut Thread, index: usize) -> Result<(), Over> {
        while matches!(self.phase, Phase::Header | Phase::Handshake) && self.secure_ready.readable {
            self.tls.restore(&mut thread.open);
            let space = thread.open.space();
            let room = space.len();
            match self.secure.read(space) {
                Ok(0) => {
                    thread.open.skip(thread.open.pending().len());
                    return Err(self.role.aborted(None));
                }
                Ok(count) => {
                    thread.open.filled(count);
                    if count < room && !self.secure_ready.read_closed {
                        self.secure_ready.readable = false;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.secure_ready.readable = false;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    thread.open.skip(thread.open.pending().len());
                    let over = self.role.secure().lost(&error);
                    return Err(match over.reason {
                        CloseReason::ClientReset => self.role.aborted(over.detail),
                        _ => over,
                    });
                }
            }
            let step = self.take_step(thread);
            self.tls.keep(&mut thread.open);
            if step? {
                return self.established(thread, index);
            }
        }
        Ok(())
    }

    /// Works on what stands in the thread's buffer. True when the handshake is done.
    fn take_step(&mut self, thread: &mut Thread) -> Result<bool, Over> {
        if self.phase == Phase::Header && !self.read_header(thread)? {
            return Ok(false);
        }
        loop {
            let opened = self.tls.open(&mut thread.open);
            let (asking, established, end) = (opened.asking, opened.established, opened.end);
            match end {
                Some(End::Failed(error)) => {
                    self.fail(&error, thread)?;
                    return Ok(false);
                }
                Some(_) => return Err(self.role.aborted(None)),
                None if asking => {
                    let hello = self.tls.hello();
                    self.server_name = hello.and_then(|hello| hello.server_name.clone());
                    let TlsSide::Client(termination) = &self.service.settings.tls else {
                        return Err(internal("a backend said hello"));
                    };
                    let context = termination.certificates.choose(self.server_name.as_deref());
                    if let Err(error) = self.tls.answer(context, thread.since_epoch()) {
                        self.fail(&error, thread)?;
                        return Ok(false);
                    }
                }
                None => {
                    if !self.tls.may_hold() {
                        self.flush_secure()?;
                    }
                    return Ok(established);
                }
            }
        }
    }

    fn fail(&mut self, error: &TlsError, thread: &Thread) -> Result<(), Over> {
        self.service.metrics.handshake_failed(handshake_failure(error));
        match self.tls.verdict() {
            Some(verdict) => self.count_verdict(verdict.status().word()),
            None if error.alert_sent() == Some(Alert::CERTIFICATE_REQUIRED) => {
                self.count_verdict(NO_CERTIFICATE);
            }
            None => {}
        }
        let reason = match error {
            TlsError::AlertReceived(Alert::CLOSE_NOTIFY) if self.role == Role::Server => {
                CloseReason::HandshakeAborted
            }
            TlsError::Hello(HelloError::Foreign(Foreign::ProxyHeader)) => {
                CloseReason::ProxyHeaderInvalid
            }
            _ => CloseReason::HandshakeFailed,
        };
        self.refuse(reason, error.to_string(), thread)
    }

    fn count_verdict(&self, word: &'static str) {
        match self.role {
            Role::Server => self.service.metrics.client_verdict(word),
            Role::Client => self.service.metrics.server_verdict(word),
        }
    }

    /// Looks whether a peer that proved itself is one that is wanted. False when it was refused.
    fn admit(&mut self, thread: &Thread) -> Result<bool, Over> {
        let verdict = self.tls.verdict().map(Arc::as_ref);
        let (admitted, reason) = match &self.service.settings.tls {
            TlsSide::Client(Termination { client_auth: None, .. }) => return Ok(true),
            TlsSide::Client(Termination { client_auth: Some(auth), .. }) => {
                (auth.admits(verdict), CloseReason::ClientNotAllowed)
            }
            TlsSide::Backend(origination) => {
                (origination.admits(verdict), CloseReason::ServerNotAllowed)
            }
        };
        self.count_verdict(verdict.map_or(NO_CERTIFICATE, |verdict| verdict.status().word()));
        let Err(why) = admitted else { return Ok(true) };
        self.service.metrics.handshake_failed(reason.word());
        self.tls.abort(Alert::ACCESS_DENIED);
        self.refuse(reason, why.to_string(), thread)?;
        Ok(false)
    }

    /// Reads the PROXY header at the front. False while it is incomplete.
    fn read_header(&mut self, thread: &mut Thread) -> Result<bool, Over> {
        let invalid = |detail| Over::lost(CloseReason::ProxyHeaderInvalid, Some(detail));
        let read = proxy_protocol::read(thread.open.pending());
        let Some((header, length)) = read.map_err(|error| invalid(error.to_string()))? else {
            return Ok(false);
        };
        thread.open.skip(length);
        if let Some(source) = header.source {
            self.proxy = Some(self.source);
            self.source = source;
        }
        self.destination = header.destination;
        self.enter(Phase::Handshake, thread.now);
        Ok(true)
    }

    /// The handshake is done: tells the metrics, dials the backend.
    fn established(&mut self, thread: &mut Thread, index: usize) -> Result<(), Over> {
        if !self.admit(thread)? {
            return Ok(());
        }
        let resumed = self.tls.handshake().is_some_and(|done| done.kind == HandshakeKind::Resumed);
        let took = thread.now.saturating_sub(self.times.accepted);
        self.service.metrics.handshake(Duration::from_millis(took), resumed);
        self.left_over = self.tls.has_kept();
        match self.role {
            Role::Server => {
                self.to_plain = self.proxy_header(thread);
                self.dial(0, None, thread, index)
            }
            Role::Client => {
                self.begin(thread);
                Ok(())
            }
        }
    }

    /// Both sides are there: bytes may flow.
    fn begin(&mut self, thread: &Thread) {
        self.enter(Phase::Relaying, thread.now);
        self.times.moved = thread.now;
    }

    /// The backend has accepted and is to be spoken to in TLS.
    fn greet(&mut self, thread: &mut Thread, index: usize) -> Result<(), Over> {
        let TlsSide::Backend(origination) = &self.service.settings.tls else {
            return Err(internal("a plain backend was greeted"));
        };
        let (context, name) = (&origination.context, &origination.name);
        self.tls = Connection::client(context, name, thread.since_epoch()).map_err(internal)?;
        self.server_name = Some(name.clone());
        self.enter(Phase::Handshake, thread.now);
        self.flush_secure()?;
        self.handshake(thread, index)
    }

    /// What tells the backend who the client is, if it wants to know.
    fn proxy_header(&self, thread: &Thread) -> Vec<u8> {
        let ClientAddress::Proxy(version) = self.service.settings.client_address else {
            return Vec::new();
        };
        let local = self.destination.or_else(|| self.secure.local_addr());
        let handshake = self.tls.handshake();
        let trusted = self.tls.verdict().and_then(|verdict| verdict.trusted());
        let common_name =
            trusted.map(|trusted| clients::common_name(trusted.certificate()).unwrap_or_default());
        let mut header = Vec::new();
        proxy_protocol::write(
            version,
            &Sent {
                source: self.source,
                destination: local.unwrap_or(self.source),
                tls: handshake.map(|done| TlsFacts {
                    version: done.version.name(),
                    cipher: done.suite.openssl_name(),
                    alpn: done.alpn.as_deref(),
                    authority: self.server_name.as_deref(),
                    client_common_name: common_name.as_deref(),
                    resumed: done.kind == HandshakeKind::Resumed,
                }),
                unique_id: Some(self.unique_id(thread)),
                crc32c: true,
            },
            &mut header,
        );
        header
    }

    /// A name for this connection that no other one of this host has: when it was accepted, and its number.
    fn unique_id(&self, thread: &Thread) -> [u8; 16] {
        let lived = thread.now.saturating_sub(self.times.accepted);
        let began = thread.since_epoch().saturating_sub(Duration::from_millis(lived));
        let began = u64::try_from(began.as_millis()).unwrap_or(u64::MAX);
        let mut id = [0; 16];
        id[..8].copy_from_slice(&began.to_be_bytes());
        id[8..].copy_from_slice(&self.id.to_be_bytes());
        id
    }

    /// Dials the target's addresses from this one on, until one is on its way. `failed` is why the last one was not.
    pub(super) fn dial(
        &mut self,
        mut address: usize,
        mut failed: Option<io::Error>,
        thread: &mut Thread,
        index: usize,
    ) -> Result<(), Over> {
        let settings = &self.service.settings;
        let source = match settings.client_address {
            ClientAddress::Transparent => Some(self.source),
            ClientAddress::None | ClientAddress::Proxy(_) => None,
        };
        loop {
            match Stream::dial(&settings.target, address, source, &settings.timeouts) {
                None => {
                    let (reason, why) = match failed {
                        Some(error) if error.kind() == ErrorKind::TimedOut => {
                            (CloseReason::BackendTimeout, "it did not accept in time".to_owned())
                        }
                        Some(error) => (CloseReason::BackendUnreachable, error.to_string()),
                        None => (CloseReason::BackendUnreachable, "it has no address".to_owned()),
                    };
                    let detail = format!("{}: {why}", settings.target);
                    return Err(Over::lost(reason, Some(detail)));
                }
                Some(Err(error)) if error.kind() == ErrorKind::WouldBlock => {
                    let until = match self.phase {
                        Phase::Queuing { address: same, until } if same == address => until,
                        _ => after(thread.now, settings.timeouts.connect),
                    };
                    self.enter(Phase::Queuing { address, until }, thread.now);
                    return Ok(());
                }
                Some(Err(error)) => failed = Some(error),
                Some(Ok(mut backend)) => {
                    let registered =
                        backend.register(&thread.registry, token_of(index, Socket::Backend));
                    registered.map_err(internal)?;
                    *self.dialled() = backend;
                    self.backend_address = Some(address);
                    self.enter(Phase::Connecting { address }, thread.now);
                    // A backend on this machine has often accepted by now.
                    return self.finish_connecting(address, thread, index);
                }
            }
            address += 1;
        }
    }

    /// Looks whether the backend has accepted.
    pub(super) fn finish_connecting(
        &mut self,
        address: usize,
        thread: &mut Thread,
        index: usize,
    ) -> Result<(), Over> {
        match self.dialled().is_connected() {
            Ok(true) => {
                self.ready(Socket::Backend).writable = true;
                match self.role {
                    Role::Server => self.begin(thread),
                    Role::Client => self.greet(thread, index)?,
                }
                Ok(())
            }
            Ok(false) => Ok(()),
            Err(error) => {
                self.hang_up();
                self.dial(address + 1, Some(error), thread, index)
            }
        }
    }

    /// The backend's socket.
    fn dialled(&mut self) -> &mut Stream {
        match self.role {
            Role::Server => &mut self.plain,
            Role::Client => &mut self.secure,
        }
    }

    fn hang_up(&mut self) {
        *self.dialled() = Stream::Undialled;
        *self.ready(Socket::Backend) = Ready::default();
    }

    /// Dials the backend whose queue was full once more.
    pub(super) fn dial_again(
        &mut self,
        address: usize,
        thread: &mut Thread,
        index: usize,
    ) -> Result<(), Over> {
        self.dial(address, None, thread, index)
    }

    /// The backend did not accept in time: tries its next address, if it has one.
    pub(super) fn give_up_connecting(
        &mut self,
        address: usize,
        thread: &mut Thread,
        index: usize,
    ) -> Result<(), Over> {
        self.hang_up();
        self.dial(address + 1, Some(ErrorKind::TimedOut.into()), thread, index)
    }
}

fn internal(error: impl std::fmt::Display) -> Over {
    Over::lost(CloseReason::InternalError, Some(error.to_string()))
}
