//! Asking a server.

use super::{Answer, Inquiry, MAX_POLICY_FILE, REQUEST, Ruling};
use crate::socket::{Dial, Sandbox};
use std::{io, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::timeout,
};

/// How long a port has to answer.
const ANSWER_TIME: Duration = Duration::from_secs(3);

/// Whether the host consents to a connection to its port from this sandbox; if not, why.
pub(in crate::socket) async fn inquire(
    sandbox: Sandbox,
    host: &str,
    port: u16,
    dialer: &dyn Dial,
) -> Result<(), String> {
    let mut inquiry = Inquiry::new(sandbox, host, port);
    loop {
        match inquiry.ruling() {
            Ruling::Granted => return Ok(()),
            Ruling::Refused(why) => return Err(why),
            Ruling::Ask(port) => {
                let answer = match timeout(ANSWER_TIME, ask(host, port, dialer)).await {
                    Ok(Ok(bytes)) => Answer::of(&bytes),
                    Ok(Err(error)) => Answer::Nothing(error.to_string()),
                    Err(_) => Answer::Nothing("no answer in time".into()),
                };
                inquiry.answered(answer);
            }
        }
    }
}

/// Everything up to a zero byte or the end, and one byte more than is allowed if there is more.
async fn ask(host: &str, port: u16, dialer: &dyn Dial) -> io::Result<Vec<u8>> {
    let mut stream = dialer.dial(host, port).await?.stream;
    stream.write_all(REQUEST).await?;
    stream.flush().await?;
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    while answer.len() <= MAX_POLICY_FILE {
        let count = stream.read(&mut piece).await?;
        let piece = &piece[..count];
        let end = piece.iter().position(|byte| *byte == 0);
        answer.extend_from_slice(&piece[..end.unwrap_or(count)]);
        if end.is_some() || count == 0 {
            break;
        }
    }
    answer.truncate(MAX_POLICY_FILE + 1);
    Ok(answer)
}
