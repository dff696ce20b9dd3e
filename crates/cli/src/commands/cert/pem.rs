//! PEM (RFC 7468, lax): blocks with the lines they stand on, and text made from DER.

use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use std::fmt::Write as _;
use zeroize::Zeroizing;

/// Base64 as it is found in files: some tools leave the padding out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Characters of base64 on a line (RFC 7468, section 2).
const LINE: usize = 64;

/// One block.
#[derive(Debug)]
pub struct Block {
    /// What it calls itself, such as `CERTIFICATE`.
    pub label: String,
    /// The line of its BEGIN, counted from 1.
    pub line: usize,
    /// Whether its header says that the content is encrypted (RFC 1421, section 4.6.1.1).
    pub is_encrypted: bool,
    /// What is in it.
    pub der: Zeroizing<Vec<u8>>,
}

/// Where a file stops being PEM.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong there.
    pub what: String,
}

/// A block whose END has not come yet.
struct Open {
    label: String,
    line: usize,
    is_encrypted: bool,
    in_header: bool,
    base64: Zeroizing<String>,
}

/// All blocks of a file. Text around them is comment.
///
/// # Errors
/// At the first block that is broken.
pub fn blocks(text: &[u8]) -> Result<Vec<Block>, Fault> {
    let mut blocks = Vec::new();
    let mut open: Option<Open> = None;
    // Some editors begin UTF-8 with a byte order mark.
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    for (line, content) in (1..).zip(text.split(|byte| *byte == b'\n')) {
        let content = content.trim_ascii();
        let fault = |what| Fault { line, what };
        match (open.as_mut(), marker(content)) {
            (_, Some(Err(what))) => return Err(fault(what)),
            (None, Some(Ok(Marker::Begin(label)))) => {
                open = Some(Open {
                    label,
                    line,
                    is_encrypted: false,
                    in_header: false,
                    base64: Zeroizing::new(String::new()),
                });
            }
            (Some(block), Some(Ok(Marker::Begin(_)))) => {
                return Err(fault(format!(
                    "a BEGIN, but the block {} of line {} has no END yet",
                    block.label, block.line
                )));
            }
            (None, Some(Ok(Marker::End(label)))) => {
                return Err(fault(format!("END {label} without its BEGIN")));
            }
            (Some(block), Some(Ok(Marker::End(label)))) => {
                if label != block.label {
                    return Err(fault(format!(
                        "END {label} closes the BEGIN {} of line {}",
                        block.label, block.line
                    )));
                }
                blocks.extend(open.take().map(close).transpose()?);
            }
            (Some(block), None) => collect(block, content).map_err(fault)?,
            (None, None) => {}
        }
    }
    match open {
        Some(block) => Err(Fault {
            line: block.line,
            what: format!(
                "the block {} has no END line: the file seems to be cut short",
                block.label
            ),
        }),
        None => Ok(blocks),
    }
}

/// DER as a PEM block.
pub fn encode(label: &str, der: &[u8]) -> Zeroizing<String> {
    let base64 = Zeroizing::new(BASE64.encode(der));
    let mut text = Zeroizing::new(String::with_capacity(base64.len() + base64.len() / LINE + 80));
    let _ = writeln!(text, "-----BEGIN {label}-----");
    let mut rest = &base64[..];
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(LINE));
        let _ = writeln!(text, "{line}");
        rest = after;
    }
    let _ = writeln!(text, "-----END {label}-----");
    text
}

enum Marker {
    Begin(String),
    End(String),
}

/// Whether a line begins or ends a block.
fn marker(line: &[u8]) -> Option<Result<Marker, String>> {
    let (word, rest, make): (_, _, fn(String) -> Marker) =
        if let Some(rest) = line.strip_prefix(b"-----BEGIN ") {
            ("BEGIN", rest, Marker::Begin)
        } else if let Some(rest) = line.strip_prefix(b"-----END ") {
            ("END", rest, Marker::End)
        } else {
            return None;
        };
    let label = rest
        .strip_suffix(b"-----")
        .filter(|label| !label.is_empty() && label.iter().all(|byte| (b' '..=b'~').contains(byte)));
    Some(match label {
        Some(label) => Ok(make(String::from_utf8_lossy(label).into_owned())),
        None => Err(format!("this {word} line is not closed by five hyphens")),
    })
}

/// Takes in a line between BEGIN and END.
fn collect(block: &mut Open, line: &[u8]) -> Result<(), String> {
    if block.base64.is_empty() && line.contains(&b':') {
        block.in_header = true;
        block.is_encrypted |= line.starts_with(b"Proc-Type:") && line.ends_with(b"ENCRYPTED");
        return Ok(());
    }
    if line.is_empty() {
        block.in_header = false;
        return Ok(());
    }
    if block.in_header {
        return Ok(());
    }
    for byte in line {
        if !matches!(byte, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' | b'=') {
            return Err(format!("`{}` is no base64", byte.escape_ascii()));
        }
        block.base64.push(char::from(*byte));
    }
    Ok(())
}

fn close(block: Open) -> Result<Block, Fault> {
    let fault = |what| Fault { line: block.line, what };
    if block.base64.is_empty() {
        return Err(fault(format!("the block {} is empty", block.label)));
    }
    let der = BASE64
        .decode(block.base64.as_bytes())
        .map_err(|error| fault(format!("the block {} is broken base64: {error}", block.label)))?;
    Ok(Block {
        label: block.label,
        line: block.line,
        is_encrypted: block.is_encrypted,
        der: Zeroizing::new(der),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> (usize, String) {
        let fault = blocks(text.as_bytes()).unwrap_err();
        (fault.line, fault.what)
    }

    #[test]
    fn what_is_written_is_read_again() {
        for length in [1, 47, 48, 49, 1000] {
            let der: Vec<u8> = (0..length).map(|byte| u8::try_from(byte % 251).unwrap()).collect();
            let text = encode("CERTIFICATE", &der);
            assert!(text.lines().all(|line| line.len() <= 64));
            let read = blocks(text.as_bytes()).unwrap();
            assert_eq!(
                (read.len(), &read[0].label[..], &read[0].der[..]),
                (1, "CERTIFICATE", &der[..])
            );
        }
    }

    #[test]
    fn comments_line_ends_and_missing_padding_are_tolerated() {
        let text = "\u{feff}-----BEGIN A-----\r\nMDA\r\n-----END A-----\r\nsubject: CN=x\n\n  -----BEGIN B-----\n\
                    MD\n\nA=\n-----END B-----\nmore";
        let read = blocks(text.as_bytes()).unwrap();
        let read: Vec<_> =
            read.iter().map(|block| (&block.label[..], block.line, &block.der[..])).collect();
        assert_eq!(read, [("A", 1, &b"00"[..]), ("B", 6, b"00")]);
    }

    #[test]
    fn headers_tell_encrypted_content() {
        let text = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nMDA=\n\
                    -----END RSA PRIVATE KEY-----\n";
        assert!(blocks(text.as_bytes()).unwrap()[0].is_encrypted);
    }

    #[test]
    fn faults_are_told_with_their_line() {
        assert_eq!(
            fault("x\n-----BEGIN A-----\nMDA="),
            (2, "the block A has no END line: the file seems to be cut short".into())
        );
        assert_eq!(
            fault("-----BEGIN A-----\nMD!=\n-----END A-----"),
            (2, "`!` is no base64".into())
        );
        assert_eq!(fault("-----BEGIN A-----\nMD\u{e4}\n"), (2, "`\\xc3` is no base64".into()));
        assert_eq!(
            fault("-----BEGIN A-----\nMDA=\n-----END B-----"),
            (3, "END B closes the BEGIN A of line 1".into())
        );
        assert_eq!(
            fault("-----BEGIN A-----\nMDA=\n-----BEGIN A-----\n"),
            (3, "a BEGIN, but the block A of line 1 has no END yet".into())
        );
        assert_eq!(fault("\n-----END A-----"), (2, "END A without its BEGIN".into()));
        assert_eq!(
            fault("-----BEGIN A---"),
            (1, "this BEGIN line is not closed by five hyphens".into())
        );
        assert_eq!(fault("-----BEGIN A-----\n-----END A-----"), (1, "the block A is empty".into()));
        let (line, what) = fault("-----BEGIN A-----\nM=DA\n-----END A-----");
        assert!(line == 1 && what.starts_with("the block A is broken base64: "), "{what}");
    }
}
