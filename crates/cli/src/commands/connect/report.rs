//! What came of a connection, for people.

use super::{dial::Outcome, plan::Plan};
use crate::commands::{
    cert::paint::{Paint, Tone, harmless},
    judgement,
};
use ravelin_tls::{Handshake, HandshakeKind};
use std::fmt::Write as _;

/// The whole report; nothing where there is no TLS connection.
pub fn text(plan: &Plan, outcome: &Outcome, is_colored: bool) -> String {
    let paint = Paint(is_colored);
    let mut out = String::new();
    match outcome {
        Outcome::Connected(one) => {
            let _ = writeln!(out, "connected to {} at {}", plan.server, one.address);
            handshake(&one.handshake, &mut out);
            match &one.judged {
                Some(judged) => out.extend(["\n", &judgement::text(judged, is_colored)]),
                None => out += "\nthe server's certificate cannot be read\n",
            }
        }
        Outcome::Refused(one) => {
            let told = match one.alert {
                Some(alert) => format!("it was sent the alert {alert}"),
                None => "it is told nothing, and the connection is closed".into(),
            };
            let refused = paint.words(Tone::Bad, "refused");
            let _ = writeln!(out, "{} is {refused} for its certificate: {told}", plan.server);
            if let Some(agreed) = &one.handshake {
                handshake(agreed, &mut out);
            }
            out.extend(["\n", &judgement::text(&one.judged, is_colored)]);
        }
        Outcome::Failed(_) => {}
    }
    out
}

fn handshake(agreed: &Handshake, out: &mut String) {
    let mut line = |word: &str, value: &str| {
        let _ = writeln!(out, "  {word:<9} {value}");
    };
    line("version", agreed.version.name());
    line("cipher", agreed.suite.name());
    line("group", agreed.group.map_or("-", |group| group.name()));
    line(
        "handshake",
        match agreed.kind {
            HandshakeKind::Full => "full",
            HandshakeKind::FullWithRetry => "full, at the second hello",
            HandshakeKind::Resumed => "resumed",
        },
    );
    let alpn = agreed.alpn.as_deref().map(|name| harmless(&String::from_utf8_lossy(name)));
    line("ALPN", alpn.as_deref().unwrap_or("-"));
    line("OCSP", if agreed.stapled_ocsp.is_some() { "stapled" } else { "not stapled" });
}
