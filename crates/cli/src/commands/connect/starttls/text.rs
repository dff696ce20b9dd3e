//! Dialogues in lines: SMTP, FTP, IMAP and POP3.

use super::{Script, Step, shown};

/// Which protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// RFC 5321, RFC 3207.
    Smtp,
    /// RFC 959, RFC 4217.
    Ftp,
    /// RFC 9051.
    Imap,
    /// RFC 1939, RFC 2595.
    Pop3,
}

/// A dialogue in lines.
#[derive(Debug)]
pub struct Text {
    kind: Kind,
    stage: Stage,
    /// The code of a reply that goes on over several lines.
    open: Option<[u8; 3]>,
    offers: bool,
}

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Greeting,
    /// SMTP's extensions.
    Extensions,
    /// The yes.
    Consent,
}

impl Text {
    pub fn new(kind: Kind) -> Text {
        Text { kind, stage: Stage::Greeting, open: None, offers: false }
    }

    fn line(&mut self, line: &[u8]) -> Result<Step, String> {
        match self.kind {
            Kind::Smtp | Kind::Ftp => self.coded(line),
            Kind::Imap => self.tagged(line),
            Kind::Pop3 => match self.stage {
                _ if !line.starts_with(b"+OK") => Err(refused(line)),
                Stage::Greeting => Ok(self.ask(b"STLS\r\n")),
                _ => Ok(begin()),
            },
        }
    }

    /// A line of a reply with a code (RFC 959, section 4.2; RFC 5321, section 4.2).
    fn coded(&mut self, line: &[u8]) -> Result<Step, String> {
        let code = line.first_chunk::<3>().filter(|code| code.iter().all(u8::is_ascii_digit));
        let goes_on = line.get(3) == Some(&b'-');
        if self.stage == Stage::Extensions
            && line.get(4..).is_some_and(|word| word.trim_ascii().eq_ignore_ascii_case(b"STARTTLS"))
        {
            self.offers = true;
        }
        if let Some(open) = self.open {
            if code != Some(&open) || goes_on {
                return Ok(Step::default());
            }
            self.open = None;
        }
        let code = code.ok_or_else(|| refused(line))?;
        if goes_on {
            self.open = Some(*code);
            return Ok(Step::default());
        }
        match (self.kind, self.stage, code) {
            // A positive preliminary reply: another follows.
            (Kind::Ftp, _, [b'1', ..]) => Ok(Step::default()),
            (Kind::Ftp, Stage::Greeting, b"220") => Ok(self.ask(b"AUTH TLS\r\n")),
            (Kind::Smtp, Stage::Greeting, b"220") => {
                self.stage = Stage::Extensions;
                Ok(Step { send: b"EHLO localhost\r\n".to_vec(), begins: false })
            }
            (Kind::Smtp, Stage::Extensions, b"250") if self.offers => Ok(self.ask(b"STARTTLS\r\n")),
            (Kind::Smtp, Stage::Extensions, b"250") => {
                Err("the server does not offer STARTTLS".into())
            }
            (Kind::Smtp, Stage::Consent, b"220") | (Kind::Ftp, Stage::Consent, b"234") => {
                Ok(begin())
            }
            _ => Err(refused(line)),
        }
    }

    /// A line of IMAP: with our tag, or with a star for what nobody asked (RFC 9051, section 7).
    fn tagged(&mut self, line: &[u8]) -> Result<Step, String> {
        let is = |start: &[u8]| {
            line.get(..start.len()).is_some_and(|found| found.eq_ignore_ascii_case(start))
        };
        match self.stage {
            Stage::Greeting if is(b"* OK") => Ok(self.ask(b"a STARTTLS\r\n")),
            Stage::Consent if is(b"a OK") => Ok(begin()),
            Stage::Consent if is(b"* ") && !is(b"* BYE") => Ok(Step::default()),
            _ => Err(refused(line)),
        }
    }

    fn ask(&mut self, command: &[u8]) -> Step {
        self.stage = Stage::Consent;
        Step { send: command.to_vec(), begins: false }
    }
}

impl Script for Text {
    fn opening(&mut self) -> Vec<u8> {
        Vec::new()
    }

    fn next(&mut self, pending: &[u8]) -> Result<Option<(usize, Step)>, String> {
        let Some(end) = pending.iter().position(|byte| *byte == b'\n') else { return Ok(None) };
        let line = pending[..end].strip_suffix(b"\r").unwrap_or(&pending[..end]);
        Ok(Some((end + 1, self.line(line)?)))
    }
}

fn begin() -> Step {
    Step { send: Vec::new(), begins: true }
}

fn refused(line: &[u8]) -> String {
    format!("the server does not begin TLS, but answers {}", shown(line))
}
