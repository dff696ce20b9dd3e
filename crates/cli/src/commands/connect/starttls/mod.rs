//! What is said in clear text before TLS begins: dialogues without sockets, bytes in and bytes out.
//!
//! Everything that comes from the server here may be anybody's, so it is only ever taken for a yes or a no, and what comes
//! behind the yes ends the connection: it would be taken for the first of what TLS protects (CVE-2011-0411).

mod binary;
mod text;
mod xmpp;

use clap::ValueEnum;

/// Most bytes a server may send before TLS begins.
const MAX_CLEAR: usize = 64 << 10;

/// Most characters of an answer that are shown.
const MAX_SHOWN: usize = 160;

/// A protocol that begins in clear text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Protocol {
    /// Mail, on its way (RFC 3207).
    Smtp,
    /// Mail, read (RFC 9051, section 6.2.1).
    Imap,
    /// Mail, fetched (RFC 2595, section 4).
    Pop3,
    /// Directories (RFC 4511, section 4.14).
    Ldap,
    /// PostgreSQL.
    Pgsql,
    /// MySQL and MariaDB.
    Mysql,
    /// Files (RFC 4217).
    Ftp,
    /// Messages (RFC 6120, section 5.4).
    Xmpp,
}

/// A dialogue with a server, up to where TLS begins.
pub struct Dialogue {
    script: Box<dyn Script>,
    pending: Vec<u8>,
    received: usize,
}

/// What a server's bytes call for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// To be sent.
    pub send: Vec<u8>,
    /// Whether TLS begins behind it.
    pub begins: bool,
}

/// One protocol's side of a dialogue.
trait Script {
    /// What we say before the server does.
    fn opening(&mut self) -> Vec<u8>;

    /// Looks at what has come: how much of it is used, and what it calls for; none to wait for more.
    fn next(&mut self, pending: &[u8]) -> Result<Option<(usize, Step)>, String>;
}

impl Dialogue {
    /// A dialogue with the server of this name, and what is to be said first.
    pub fn new(protocol: Protocol, name: &str) -> (Dialogue, Vec<u8>) {
        let mut script: Box<dyn Script> = match protocol {
            Protocol::Smtp => Box::new(text::Text::new(text::Kind::Smtp)),
            Protocol::Ftp => Box::new(text::Text::new(text::Kind::Ftp)),
            Protocol::Imap => Box::new(text::Text::new(text::Kind::Imap)),
            Protocol::Pop3 => Box::new(text::Text::new(text::Kind::Pop3)),
            Protocol::Ldap => Box::new(binary::Ldap),
            Protocol::Pgsql => Box::new(binary::Pgsql),
            Protocol::Mysql => Box::new(binary::Mysql),
            Protocol::Xmpp => Box::new(xmpp::Xmpp::new(name)),
        };
        let opening = script.opening();
        (Dialogue { script, pending: Vec::new(), received: 0 }, opening)
    }

    /// Takes what came from the server. Once TLS begins, the dialogue is over.
    ///
    /// # Errors
    /// When the server says no, or something that does not belong here.
    pub fn receive(&mut self, bytes: &[u8]) -> Result<Step, String> {
        self.received += bytes.len();
        if self.received > MAX_CLEAR {
            return Err(format!("the server sends more than {MAX_CLEAR} bytes before TLS"));
        }
        self.pending.extend_from_slice(bytes);
        let mut all = Step::default();
        while let Some((used, step)) = self.script.next(&self.pending)? {
            self.pending.drain(..used);
            all.send.extend(step.send);
            if step.begins {
                all.begins = true;
                if !self.pending.is_empty() {
                    return Err("the server goes on in clear text where TLS should begin".into());
                }
                break;
            }
        }
        Ok(all)
    }
}

/// A server's answer, as it is shown.
pub fn shown(answer: &[u8]) -> String {
    let text = String::from_utf8_lossy(answer);
    let cut: String = text.trim_end().chars().take(MAX_SHOWN).collect();
    format!("`{}`", crate::commands::cert::paint::harmless(&cut))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Holds a dialogue against what a server says and should hear, at once and byte by byte.
    fn plays(protocol: Protocol, opening: &[u8], exchange: &[(&[u8], &[u8])]) {
        for size in [1, usize::MAX] {
            let (mut dialogue, first) = Dialogue::new(protocol, "a.example");
            assert_eq!(first, opening, "{protocol:?}");
            for (index, (says, hears)) in exchange.iter().enumerate() {
                let mut step = Step::default();
                for bytes in says.chunks(size) {
                    assert!(!step.begins, "{protocol:?}: TLS begins before the server's last word");
                    let next = dialogue.receive(bytes).unwrap();
                    step.send.extend(next.send);
                    step.begins = next.begins;
                }
                assert_eq!(step.send, *hears, "{protocol:?}");
                assert_eq!(step.begins, index + 1 == exchange.len(), "{protocol:?}");
            }
        }
    }

    /// The error after these bytes.
    fn fails(protocol: Protocol, says: &[&[u8]]) -> String {
        let (mut dialogue, _) = Dialogue::new(protocol, "a.example");
        let (last, before) = says.split_last().unwrap();
        for bytes in before {
            assert_eq!(dialogue.receive(bytes).map(|step| step.begins), Ok(false), "{protocol:?}");
        }
        dialogue.receive(last).expect_err("this is no yes")
    }

    const MYSQL: &[u8] = b"\x4a\0\0\0\x0a8.0.36\0\x01\0\0\0abcdefgh\0\xff\xff\xff\x02\0\xff\xdf\x15\0\0\0\0\0\0\0\0\0\0\
        ijklmnopqrst\0caching_sha2_password\0";
    const XMPP: &[u8] = b"<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' \
        id='1' from='a.example' version='1.0'><stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'>\
        <required/></starttls></stream:features>";
    const XMPP_OPENING: &[u8] =
        b"<?xml version='1.0'?><stream:stream to='a.example' xmlns='jabber:client' \
        xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>";
    const XMPP_STARTTLS: &[u8] = b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
    const PROCEED: &[u8] = b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
    const LDAP: &[u8] = b"0\x1d\x02\x01\x01w\x18\x80\x161.3.6.1.4.1.1466.20037";

    #[test]
    fn every_protocol_comes_to_tls() {
        plays(
            Protocol::Smtp,
            b"",
            &[
                (b"220-hello\r\n220 a.example ESMTP\r\n", b"EHLO localhost\r\n"),
                (b"250-a.example\r\n250-starttls\r\n250 SIZE 1\r\n", b"STARTTLS\r\n"),
                (b"220 go\r\n", b""),
            ],
        );
        plays(
            Protocol::Ftp,
            b"",
            &[
                (b"220-hello\r\n 220 is no end\r\n220 a.example\r\n", b"AUTH TLS\r\n"),
                (b"234 go\r\n", b""),
            ],
        );
        plays(
            Protocol::Imap,
            b"",
            &[
                (b"* OK [CAPABILITY IMAP4rev1 STARTTLS] hello\r\n", b"a STARTTLS\r\n"),
                (b"* CAPABILITY IMAP4rev1\r\na OK go\r\n", b""),
            ],
        );
        plays(Protocol::Pop3, b"", &[(b"+OK hello\r\n", b"STLS\r\n"), (b"+OK go\r\n", b"")]);
        plays(
            Protocol::Ldap,
            LDAP,
            // As Active Directory writes lengths.
            &[(b"0\x84\0\0\0\x10\x02\x01\x01x\x84\0\0\0\x07\x0a\x01\0\x04\0\x04\0", b"")],
        );
        plays(Protocol::Ldap, LDAP, &[(b"0\x0c\x02\x01\x01x\x07\x0a\x01\0\x04\0\x04\0", b"")]);
        plays(Protocol::Pgsql, b"\0\0\0\x08\x04\xd2\x16\x2f", &[(b"S", b"")]);
        let mut request = b"\x20\0\0\x01\0\x8a\0\0\0\0\0\x01\x2d".to_vec();
        request.extend([0; 23]);
        plays(Protocol::Mysql, b"", &[(MYSQL, &request)]);
        plays(Protocol::Xmpp, XMPP_OPENING, &[(XMPP, XMPP_STARTTLS), (PROCEED, b"")]);
    }

    #[test]
    fn a_no_is_told_in_the_servers_words() {
        let ends = |protocol, says: &[&[u8]], expected: &str| {
            let error = fails(protocol, says);
            assert!(error.contains(expected), "{protocol:?}: {error}");
        };
        ends(Protocol::Smtp, &[b"554 go away\x1b\r\n"], "`554 go away\\u{1b}`");
        ends(Protocol::Smtp, &[b"220 hi\r\n", b"250 a.example\r\n"], "does not offer STARTTLS");
        ends(
            Protocol::Smtp,
            &[b"220 hi\r\n", b"250 STARTTLS\r\n", b"454 not now\r\n"],
            "`454 not now`",
        );
        ends(Protocol::Smtp, &[b"hello\r\n"], "`hello`");
        ends(Protocol::Ftp, &[b"220 hi\r\n", b"500 what?\r\n"], "`500 what?`");
        ends(Protocol::Imap, &[b"* OK hi\r\n", b"a BAD what?\r\n"], "`a BAD what?`");
        ends(Protocol::Imap, &[b"* PREAUTH hi\r\n"], "`* PREAUTH hi`");
        ends(Protocol::Pop3, &[b"+OK hi\r\n", b"-ERR no\r\n"], "`-ERR no`");
        ends(Protocol::Ldap, &[b"0\x0c\x02\x01\x01x\x07\x0a\x01\x02\x04\0\x04\0"], "result 2");
        ends(Protocol::Ldap, &[b"HTTP/1.1 400 no\r\n"], "no LDAP");
        ends(Protocol::Ldap, &[b"0\x84\xff\xff\xff\xff"], "no LDAP");
        ends(Protocol::Pgsql, &[b"N"], "without TLS");
        ends(Protocol::Pgsql, &[b"E"], "no PostgreSQL");
        ends(Protocol::Mysql, &[b"\x0c\0\0\0\xff\x10\x04#08004no!"], "`#08004no!`");
        ends(Protocol::Mysql, &[b"\x01\0\0\0\x09"], "protocol 9");
        let mut plain = MYSQL.to_vec();
        plain[4 + 1 + 7 + 4 + 8 + 1 + 1] = 0xf7;
        ends(Protocol::Mysql, &[&plain], "without TLS");
        ends(Protocol::Xmpp, &[b"<stream:stream><stream:features/>"], "does not offer STARTTLS");
        ends(Protocol::Xmpp, &[XMPP, b"<failure xmlns='x'/>"], "`<failure xmlns='x'/>`");
        ends(Protocol::Xmpp, &[b"<stream:stream><stream:error><host-unknown/>"], "host-unknown");
    }

    #[test]
    fn clear_text_behind_the_yes_is_refused() {
        let error = fails(
            Protocol::Smtp,
            &[b"220 hi\r\n", b"250 STARTTLS\r\n", b"220 go\r\n250 injected\r\n"],
        );
        assert!(error.contains("clear text"), "{error}");
        assert!(fails(Protocol::Pgsql, &[b"Sx"]).contains("clear text"));
        let more = [PROCEED, b"<x/>"].concat();
        assert!(fails(Protocol::Xmpp, &[XMPP, &more]).contains("clear text"));
    }

    #[test]
    fn nobody_talks_for_ever() {
        let babble = vec![b'x'; MAX_CLEAR];
        for protocol in [Protocol::Smtp, Protocol::Imap, Protocol::Pop3, Protocol::Ftp] {
            assert!(fails(protocol, &[&babble, b"x"]).contains("more than"));
        }
        assert!(fails(Protocol::Xmpp, &[&babble, b"x"]).contains("more than"));
    }

    #[test]
    fn hostile_bytes_are_an_answer_like_any_other() {
        let protocols = Protocol::value_variants();
        // A fixed sequence that looks like noise (xorshift).
        let mut state = 0x9e37_79b9_u32;
        for round in 0..4000_usize {
            let (mut dialogue, _) = Dialogue::new(protocols[round % protocols.len()], "a.example");
            let starts: [&[u8]; 5] = [b"", b"0", b"220 ", MYSQL, b"* OK"];
            let mut bytes = starts[round % starts.len()].to_vec();
            for _ in 0..round % 40 {
                state ^= state << 13;
                state ^= state >> 17;
                state ^= state << 5;
                bytes.extend(state.to_be_bytes());
            }
            let heard = dialogue.receive(&bytes);
            assert!(heard.is_err() || dialogue.received == bytes.len());
        }
    }
}
