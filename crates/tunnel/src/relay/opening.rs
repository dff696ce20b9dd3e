//! From accept to the first byte for the backend: PROXY header, handshake, dialling.

use super::{
    Over, Phase, Ready, Relay, Socket, Thread, backend::BackendStream, client_lost,
    deadlines::after,
};
use crate::{
    clients,
    metrics::{NO_CERTIFICATE, handshake_failure},
    proxy_protocol::{self, Sent, TlsFacts},
    reason::CloseReason,
    service::ClientAddress,
    worker::token_of,
};
use ravelin_tls::{
    Alert, End, HandshakeKind, TlsError,
    hello::{Foreign, HelloError},
};
use std::{
    io::{self, ErrorKind, Read as _},
    sync::Arc,
    time::Duration,
};

impl Relay {
    /// Reads what the client sent and goes on with the handshake as far as that reaches.
    pub(super) fn handshake(&mut self, thread: &mut Thread, index: usize) -> Result<(), Over> {
        while self.is_handshaking() && self.client_ready.readable {
            self.tls.restore(&mut thread.open);
            let space = thread.open.space();
            let room = space.len();
            match self.client.read(space) {
                Ok(0) => {
                    thread.open.skip(thread.open.pending().len());
                    return Err(Over::lost(CloseReason::HandshakeAborted, None));
                }
                Ok(count) => {
                    thread.open.filled(count);
                    if count < room && !self.client_ready.read_closed {
                        self.client_ready.readable = false;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.client_ready.readable = false;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    thread.open.skip(thread.open.pending().len());
                    let over = client_lost(&error);
                    return Err(match over.reason {
                        CloseReason::ClientReset => {
                            Over { reason: CloseReason::HandshakeAborted, ..over }
                        }
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
                Some(_) => return Err(Over::lost(CloseReason::HandshakeAborted, None)),
                None if asking => {
                    let hello = self.tls.hello();
                    self.server_name = hello.and_then(|hello| hello.server_name.clone());
                    let certificates = &self.service.settings.certificates;
                    let context = certificates.choose(self.server_name.as_deref());
                    if let Err(error) = self.tls.answer(context, thread.since_epoch()) {
                        self.fail(&error, thread)?;
                        return Ok(false);
                    }
                }
                None => {
                    if !self.tls.may_hold() {
                        self.flush_client()?;
                    }
                    return Ok(established);
                }
            }
        }
    }

    fn fail(&mut self, error: &TlsError, thread: &Thread) -> Result<(), Over> {
        self.service.metrics.handshake_failed(handshake_failure(error));
        match self.tls.verdict() {
            Some(verdict) => self.service.metrics.client_verdict(verdict.status().word()),
            None if error.alert_sent() == Some(Alert::CERTIFICATE_REQUIRED) => {
                self.service.metrics.client_verdict(NO_CERTIFICATE);
            }
            None => {}
        }
        let reason = match error {
            TlsError::AlertReceived(Alert::CLOSE_NOTIFY) => CloseReason::HandshakeAborted,
            TlsError::Hello(HelloError::Foreign(Foreign::ProxyHeader)) => {
                CloseReason::ProxyHeaderInvalid
            }
            _ => CloseReason::HandshakeFailed,
        };
        self.refuse(reason, error.to_string(), thread)
    }

    /// Looks whether a client that proved itself is one that may come in. False when it was refused.
    fn admit(&mut self, thread: &Thread) -> Result<bool, Over> {
        let Some(auth) = &self.service.settings.client_auth else { return Ok(true) };
        let verdict = self.tls.verdict().map(Arc::as_ref);
        let word = verdict.map_or(NO_CERTIFICATE, |verdict| verdict.status().word());
        self.service.metrics.client_verdict(word);
        let Err(why) = auth.admits(verdict) else { return Ok(true) };
        self.service.metrics.handshake_failed(CloseReason::ClientNotAllowed.word());
        self.tls.abort(Alert::ACCESS_DENIED);
        self.refuse(CloseReason::ClientNotAllowed, why.to_string(), thread)?;
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
        self.up_pending = self.proxy_header(thread);
        self.dial(0, None, thread, index)
    }

    /// What tells the backend who the client is, if it wants to know.
    fn proxy_header(&self, thread: &Thread) -> Vec<u8> {
        let ClientAddress::Proxy(version) = self.service.settings.client_address else {
            return Vec::new();
        };
        let local = self.destination.or_else(|| self.client.local_addr().ok());
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
    fn dial(
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
            match BackendStream::dial(&settings.target, address, source, &settings.timeouts) {
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
                    self.backend = Some(backend);
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
        let Some(backend) = &self.backend else { return Ok(()) };
        match backend.is_connected() {
            Ok(true) => {
                self.backend_ready.writable = true;
                self.enter(Phase::Relaying, thread.now);
                self.times.moved = thread.now;
                Ok(())
            }
            Ok(false) => Ok(()),
            Err(error) => {
                self.backend = None;
                self.backend_ready = Ready::default();
                self.dial(address + 1, Some(error), thread, index)
            }
        }
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
        self.backend = None;
        self.backend_ready = Ready::default();
        self.dial(address + 1, Some(ErrorKind::TimedOut.into()), thread, index)
    }
}

fn internal(error: impl std::fmt::Display) -> Over {
    Over::lost(CloseReason::InternalError, Some(error.to_string()))
}
