//! A record layer in the hands of somebody who keeps no rules: what the differential tests attack with.

use super::{
    RecordLayer,
    control::KEY_UPDATE,
    protection::{ContentType, Header},
};
use crate::TlsError;

impl RecordLayer {
    /// Appends a record with any content type and body. In TLS 1.3 a body that ends with a content type and zeros,
    /// under the content type zero, is a padded record.
    pub(crate) fn forge(&mut self, content: u8, body: &[u8], out: &mut Vec<u8>) {
        self.send.append(ContentType(content), body, out).expect("the cipher seals");
    }

    /// Goes on with the next keys for sending, without a word.
    pub(crate) fn renew_sending(&mut self) -> Result<(), TlsError> {
        self.send.renew(self.version, &self.keys.next_send()?);
        Ok(())
    }

    /// Reads everything a peer sent, following its changes of keys: content types and bodies.
    pub(crate) fn read_all(&mut self, mut wire: &[u8]) -> Result<Vec<(u8, Vec<u8>)>, TlsError> {
        let mut records = Vec::new();
        while let Some(header) = Header::read(wire)? {
            let Some((record, rest)) = wire.split_at_checked(header.record_length()) else { break };
            let mut plain = vec![0; record.len()];
            let (content, count) = self.receive.open(header, record, &mut plain)?;
            plain.truncate(count);
            if content == ContentType::HANDSHAKE && plain.first() == Some(&KEY_UPDATE) {
                let secret = self.keys.next_receive()?;
                self.receive.renew(self.version, &secret);
            }
            records.push((content.0, plain));
            wire = rest;
        }
        if wire.is_empty() { Ok(records) } else { Err(TlsError::Local("half a record".into())) }
    }
}
