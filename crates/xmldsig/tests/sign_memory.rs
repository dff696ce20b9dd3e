//! How much memory it takes to sign a long document. The only test here, as all of a process count.

use ravelin_xmldsig::{
    algorithm::SigningKey,
    sign::{Reference, Signing},
};
use std::io::{self, Read, Seek, SeekFrom};

/// A document far longer than what may be held: elements of which each is like the other.
struct Long {
    at: u64,
    items: u64,
}

const ITEM: &[u8] = b"<item n='1'>some text &amp; more</item>\n";

impl Long {
    fn length(&self) -> u64 {
        3 + self.items * ITEM.len() as u64 + 4
    }
}

fn place(at: u64) -> usize {
    usize::try_from(at).unwrap()
}

impl Read for Long {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let end = self.length();
        let mut count = 0;
        while count < into.len() && self.at < end {
            let rest: &[u8] = if self.at < 3 {
                &b"<d>"[place(self.at)..]
            } else if self.at < end - 4 {
                &ITEM[place((self.at - 3) % ITEM.len() as u64)..]
            } else {
                &b"</d>"[place(self.at + 4 - end)..]
            };
            let taken = rest.len().min(into.len() - count);
            into[count..count + taken].copy_from_slice(&rest[..taken]);
            count += taken;
            self.at += taken as u64;
        }
        Ok(count)
    }
}

impl Seek for Long {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.at = match to {
            SeekFrom::Start(at) => at,
            SeekFrom::End(by) => self.length().checked_add_signed(by).unwrap(),
            SeekFrom::Current(by) => self.at.checked_add_signed(by).unwrap(),
        };
        Ok(self.at)
    }
}

#[test]
fn memory_does_not_follow_the_length_of_the_document() {
    let peak = || {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).map(str::to_owned);
        line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok()).unwrap_or(0)
    };
    let before = peak();
    let document = Long { at: 0, items: 600_000 };
    let signed = Signing::new(SigningKey::from_secret(b"between us").unwrap())
        .reference(Reference::document().enveloped())
        .sign_enveloped(document, io::sink())
        .unwrap();
    assert!(signed.length() > 24_000_000);
    let grown = peak() - before;
    assert!(grown < 8 * 1024, "{grown} KiB more than before");
}
