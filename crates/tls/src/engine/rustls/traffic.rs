//! rustls's own record layer behind our trait: the reference that [`crate::record`] is held to.

use super::{
    clock, fault,
    negotiation::{Raw, encode, send_queued},
};
use crate::{
    Alert, TlsError,
    buffers::{MAX_PLAIN, OpenBuffer, SealBuffer},
    connection::End,
    engine::{Layout, Traffic},
};
use rustls::unbuffered::{ConnectionState, EncryptError, InsufficientSizeError, WriteTraffic};
use std::time::Duration;

/// A connection whose records rustls protects.
pub(super) struct EngineTraffic<R: Raw> {
    connection: R,
    /// When the handshake began: the time that tickets are taken to have come at, so that they count as older than they
    /// are and never as younger.
    now: Duration,
    /// A copy of what the last call of `open` left in the buffer. rustls remembers where in its input the pieces of an
    /// unfinished message stand, and panics when it is shown less.
    pending: Vec<u8>,
}

impl<R: Raw> EngineTraffic<R> {
    pub(super) fn new(connection: R, now: Duration) -> EngineTraffic<R> {
        EngineTraffic { connection, now, pending: Vec::new() }
    }

    /// Calls `work` where rustls lets data be written; what it wants to send first is appended to `out`.
    fn write<T>(
        &mut self,
        out: &mut Vec<u8>,
        work: impl FnOnce(WriteTraffic<'_, R::Data>, &mut Vec<u8>) -> Result<T, TlsError>,
    ) -> Result<T, TlsError> {
        loop {
            match self.connection.process(&mut self.pending).state {
                Ok(ConnectionState::EncodeTlsData(mut data)) => {
                    encode(&mut data, out).map_err(|error| fault::translate(error, None))?;
                }
                Ok(ConnectionState::TransmitTlsData(data)) => data.done(),
                Ok(ConnectionState::PeerClosed) => {}
                Ok(ConnectionState::WriteTraffic(traffic)) => return work(traffic, out),
                Ok(_) => return Err(TlsError::Local("the engine takes no data now".into())),
                Err(error) => return Err(fault::translate(error, None)),
            }
        }
    }
}

impl<R: Raw> Traffic for EngineTraffic<R> {
    fn open(&mut self, buffer: &mut OpenBuffer, out: &mut Vec<u8>) -> Option<End> {
        loop {
            let (records, plain) = buffer.split();
            let status = clock::at(self.now, || self.connection.process(records));
            let discard = status.discard;
            let (mut count, mut end, mut again) = (0, None, true);
            match status.state {
                Ok(ConnectionState::ReadTraffic(mut traffic)) => {
                    while let Some(Ok(record)) = traffic.next_record() {
                        let payload = record.payload;
                        plain[count..count + payload.len()].copy_from_slice(payload);
                        count += payload.len();
                    }
                }
                Ok(ConnectionState::EncodeTlsData(mut data)) => {
                    if let Err(error) = encode(&mut data, out) {
                        end = Some(End::Failed(fault::translate(error, None)));
                    }
                }
                Ok(ConnectionState::TransmitTlsData(data)) => data.done(),
                Ok(ConnectionState::PeerClosed | ConnectionState::Closed) => {
                    end = Some(End::Closed);
                }
                Ok(_) => again = discard > 0,
                Err(error) => {
                    send_queued(&mut self.connection, out);
                    end = Some(End::Failed(fault::translate(error, None)));
                }
            }
            buffer.add_plain(count);
            buffer.consume(discard);
            if end.is_some() || !again {
                self.pending = buffer.pending().to_vec();
                return end;
            }
        }
    }

    fn layout(&self) -> Layout {
        Layout { header: 0, trailer: 0, max_plain: MAX_PLAIN, max_records: usize::MAX }
    }

    fn seal(
        &mut self,
        buffer: &mut SealBuffer,
        plain: usize,
        lead: &mut Vec<u8>,
    ) -> Result<(), TlsError> {
        let mut records = Vec::new();
        let data = &buffer.records_mut()[..plain];
        self.write(lead, |mut traffic, _| {
            for chunk in data.chunks(MAX_PLAIN) {
                append(&mut records, |room| traffic.encrypt(chunk, room))?;
            }
            Ok(())
        })?;
        buffer.set_spilled(&records, lead);
        Ok(())
    }

    fn alert(&mut self, fatal: bool, alert: Alert, out: &mut Vec<u8>) {
        // rustls 0.23 has no public way to send any other alert; the caller's reset must do.
        if !fatal && alert == Alert::CLOSE_NOTIFY {
            let before = out.len();
            let sealed = self.write(out, |mut traffic, out| {
                append(out, |room| traffic.queue_close_notify(room))
            });
            if sealed.is_err() {
                out.truncate(before);
            }
        }
    }

    fn update_keys(&mut self, out: &mut Vec<u8>) -> Result<(), TlsError> {
        self.write(out, |traffic, _| {
            traffic.refresh_traffic_keys().map_err(|error| fault::translate(error, None))
        })?;
        // The message that announces them is queued now.
        self.write(out, |_, _| Ok(()))
    }
}

/// Appends what `seal` makes, once it is told how much room that takes.
fn append(
    out: &mut Vec<u8>,
    mut seal: impl FnMut(&mut [u8]) -> Result<usize, EncryptError>,
) -> Result<(), TlsError> {
    let start = out.len();
    let mut room = 0;
    loop {
        out.resize(start + room, 0);
        match seal(&mut out[start..]) {
            Ok(count) => {
                out.truncate(start + count);
                return Ok(());
            }
            Err(EncryptError::InsufficientSize(InsufficientSizeError { required_size }))
                if required_size > room =>
            {
                room = required_size;
            }
            Err(EncryptError::InsufficientSize(_)) => {
                out.truncate(start);
                return Err(TlsError::Local("the engine asks for ever more room".into()));
            }
            Err(EncryptError::EncryptExhausted) => {
                out.truncate(start);
                return Err(TlsError::KeysExhausted);
            }
        }
    }
}
