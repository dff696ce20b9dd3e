//! What came of a connection, for programs.

use super::dial::{Fault, Outcome};
use crate::commands::judgement;
use ravelin_tls::{Alert, HandshakeKind};
use serde::Serialize;

/// The answer. Its keys stand in this order.
#[derive(Debug, Serialize)]
struct Answer<'a> {
    schema: u8,
    status: Option<&'static str>,
    code: Option<&'static str>,
    handshake: Option<Handshake<'a>>,
    alert_sent: Option<String>,
    certificate: Option<judgement::Answer<'a>>,
    error: Option<&'a Fault>,
}

#[derive(Debug, Serialize)]
struct Handshake<'a> {
    version: &'static str,
    cipher: &'static str,
    group: Option<&'static str>,
    alpn: Option<std::borrow::Cow<'a, str>>,
    resumed: bool,
    ocsp_stapled: bool,
}

/// The answer as one line.
pub fn line(outcome: &Outcome) -> String {
    let (judged, agreed, alert, error) = match outcome {
        Outcome::Connected(one) => (one.judged.as_ref(), Some(&one.handshake), None, None),
        Outcome::Refused(one) => (Some(&one.judged), one.handshake.as_ref(), one.alert, None),
        Outcome::Failed(one) => (None, None, one.alert, Some(&one.fault)),
    };
    let answer = Answer {
        schema: 1,
        status: judged.map(|judged| judged.status().word()),
        code: judged.and_then(judgement::Judged::code),
        handshake: agreed.map(Handshake::new),
        alert_sent: alert.filter(|alert| *alert != Alert::CLOSE_NOTIFY).map(|one| one.to_string()),
        certificate: judged.map(|judged| judgement::Answer::new(judged, None)),
        error,
    };
    // Only maps with keys that are no strings, and faulty implementations, cannot be written.
    serde_json::to_string(&answer).expect("plain structs can be written as JSON") + "\n"
}

impl<'a> Handshake<'a> {
    fn new(agreed: &'a ravelin_tls::Handshake) -> Handshake<'a> {
        Handshake {
            version: agreed.version.name(),
            cipher: agreed.suite.name(),
            group: agreed.group.map(ravelin_tls::Group::name),
            alpn: agreed.alpn.as_deref().map(String::from_utf8_lossy),
            resumed: agreed.kind == HandshakeKind::Resumed,
            ocsp_stapled: agreed.stapled_ocsp.is_some(),
        }
    }
}
