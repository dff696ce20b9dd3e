//! XMPP (RFC 6120, section 5.4).

use super::{Script, Step, shown};

const NAMESPACE: &str = "urn:ietf:params:xml:ns:xmpp-tls";

/// XMPP. Of the server's XML, only the ends of the elements that are waited for are looked for.
#[derive(Debug)]
pub struct Xmpp {
    name: String,
    has_asked: bool,
}

impl Xmpp {
    /// A stream to the server of this name, a DNS name or an IP address.
    pub fn new(name: &str) -> Xmpp {
        Xmpp { name: name.to_owned(), has_asked: false }
    }
}

impl Script for Xmpp {
    fn opening(&mut self) -> Vec<u8> {
        format!(
            "<?xml version='1.0'?><stream:stream to='{}' xmlns='jabber:client' \
             xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>",
            self.name
        )
        .into_bytes()
    }

    fn next(&mut self, pending: &[u8]) -> Result<Option<(usize, Step)>, String> {
        // The last tag that is complete.
        let Some(end) = pending.iter().position(|byte| *byte == b'>').map(|at| at + 1) else {
            return Ok(None);
        };
        let whole = pending.iter().rposition(|byte| *byte == b'>').map_or(end, |at| at + 1);
        let text = String::from_utf8_lossy(&pending[..whole]);
        let refused = || {
            format!("the XMPP server does not begin TLS, but answers {}", shown(text.as_bytes()))
        };
        if text.contains(":error>") || text.contains("<failure") {
            return Err(refused());
        }
        if self.has_asked {
            let begins = text.trim_start().starts_with("<proceed");
            let step = Step { send: Vec::new(), begins };
            return if begins { Ok(Some((end, step))) } else { Err(refused()) };
        }
        if text.ends_with("features/>") {
            return Err("the server does not offer STARTTLS".into());
        }
        if !text.ends_with("features>") || !text.contains("</") {
            return Ok(None);
        }
        if !text.contains(NAMESPACE) {
            return Err("the server does not offer STARTTLS".into());
        }
        self.has_asked = true;
        let send = format!("<starttls xmlns='{NAMESPACE}'/>").into_bytes();
        Ok(Some((whole, Step { send, begins: false })))
    }
}
