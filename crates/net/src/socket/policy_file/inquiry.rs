//! Whom to ask, in which order, and what the answers come to.

use super::{MASTER_PORT, PolicyFile, SiteControl, XmlError};
use crate::socket::Sandbox;

/// Finds out whether a server consents to one connection. It does no I/O: whoever drives it asks.
///
/// ```
/// use ravelin_net::socket::{Origin, Sandbox, policy_file::{Answer, Inquiry, PolicyFile, Ruling}};
///
/// let mut inquiry = Inquiry::new(Sandbox::Remote(Origin::new("www.example", true)), "a.example", 8443);
/// let Ruling::Ask(843) = inquiry.ruling() else { panic!() };
/// inquiry.answered(Answer::Nothing("nobody listens there".into()));
/// let Ruling::Ask(8443) = inquiry.ruling() else { panic!() };
/// let file = br#"<cross-domain-policy><allow-access-from domain="*" to-ports="8443"/></cross-domain-policy>"#;
/// inquiry.answered(Answer::of(file));
/// assert_eq!(inquiry.ruling(), Ruling::Granted);
/// ```
#[derive(Clone, Debug)]
pub struct Inquiry {
    sandbox: Sandbox,
    port: u16,
    ruling: Ruling,
}

/// How an inquiry stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// Ask for the policy file at this port of the host.
    Ask(u16),
    /// The connection may be made.
    Granted,
    /// It may not, and why.
    Refused(String),
}

/// What a port answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A policy file.
    File(PolicyFile),
    /// Something else. Its server may have wanted to say no.
    Malformed(XmlError),
    /// No connection, no answer in time, or an empty one; and which.
    Nothing(String),
}

impl Answer {
    /// What these bytes are, without the zero byte at their end.
    pub fn of(bytes: &[u8]) -> Answer {
        if bytes.is_empty() {
            return Answer::Nothing("the answer is empty".into());
        }
        match PolicyFile::parse(bytes) {
            Ok(file) => Answer::File(file),
            Err(error) => Answer::Malformed(error),
        }
    }
}

impl Inquiry {
    /// May code of this sandbox connect to this port of the host?
    pub fn new(sandbox: Sandbox, host: &str, port: u16) -> Inquiry {
        let ruling = if !sandbox.may_use_sockets() {
            Ruling::Refused("its sandbox has no network".into())
        } else if sandbox.needs_policy(host, port) {
            Ruling::Ask(MASTER_PORT)
        } else {
            Ruling::Granted
        };
        Inquiry { sandbox, port, ruling }
    }

    /// How it stands.
    pub fn ruling(&self) -> Ruling {
        self.ruling.clone()
    }

    /// What the port that was to be [asked](Ruling::Ask) answered. Nothing happens if none was.
    pub fn answered(&mut self, answer: Answer) {
        let Ruling::Ask(from) = self.ruling else { return };
        let master = from == MASTER_PORT;
        let control = match &answer {
            Answer::File(file) if master => file.site_control(),
            // Who answers in a way that cannot be understood may have meant the strictest.
            Answer::Malformed(_) if master => SiteControl::Nothing,
            _ => SiteControl::All,
        };
        self.ruling = match answer {
            Answer::File(file)
                if control != SiteControl::Nothing
                    && file.grants(&self.sandbox, self.port, from) =>
            {
                Ruling::Granted
            }
            _ if master && self.port != MASTER_PORT && control == SiteControl::All => {
                Ruling::Ask(self.port)
            }
            Answer::File(_) => Ruling::Refused(format!(
                "the policy file at port {from} does not grant port {} to it",
                self.port
            )),
            Answer::Malformed(error) => Ruling::Refused(format!("at port {from}, {error}")),
            Answer::Nothing(why) => {
                Ruling::Refused(format!("there is no policy file at port {from}: {why}"))
            }
        };
    }
}
