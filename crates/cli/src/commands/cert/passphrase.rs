//! Passphrases: from a file, an environment variable or a terminal, never from an argument that others can see.

use super::input;
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, tcgetattr, tcsetattr};
use std::{
    env,
    io::{self, IsTerminal as _, Read, Write as _},
    path::PathBuf,
};
use zeroize::Zeroizing;

/// Longest passphrase, in bytes.
const MAX: usize = 1024;

/// Where a passphrase comes from.
#[derive(Clone, Debug, Default)]
pub struct Passphrase {
    /// The first line of this file.
    pub file: Option<PathBuf>,
    /// This environment variable.
    pub variable: Option<String>,
}

impl Passphrase {
    /// The passphrase; asked for at the terminal if nothing names it and there is one. None: it is not to be had.
    ///
    /// # Errors
    /// When what names it does not hold it; the message says which.
    pub fn ask(&self, prompt: &str) -> Result<Option<Zeroizing<String>>, String> {
        if let Some(file) = &self.file {
            let bytes = input::read(file).map_err(|error| error.to_string())?;
            let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            return checked(line)
                .map(Some)
                .map_err(|fault| format!("{}: {fault}", input::shown(file)));
        }
        if let Some(name) = &self.variable {
            let value = env::var_os(name)
                .ok_or_else(|| format!("the environment variable {name} is not set"))?;
            return checked(value.as_encoded_bytes())
                .map(Some)
                .map_err(|fault| format!("the environment variable {name}: {fault}"));
        }
        if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
            return Ok(None);
        }
        at_terminal(prompt).map(Some)
    }

    /// As [`Passphrase::ask()`], but one that is typed is typed twice, for it to protect something new.
    ///
    /// # Errors
    /// As [`Passphrase::ask()`], and when the two differ.
    pub fn choose(&self, prompt: &str) -> Result<Option<Zeroizing<String>>, String> {
        let first = self.ask(prompt)?;
        let is_typed = self.file.is_none() && self.variable.is_none();
        if is_typed && first.is_some() && self.ask(&format!("{prompt}, again"))? != first {
            return Err("the two are not the same".into());
        }
        Ok(first)
    }
}

fn checked(bytes: &[u8]) -> Result<Zeroizing<String>, String> {
    if bytes.len() > MAX {
        return Err(format!("a passphrase of more than {MAX} bytes"));
    }
    str::from_utf8(bytes)
        .map(|text| Zeroizing::new(text.to_owned()))
        .map_err(|_| "the passphrase is not UTF-8".into())
}

/// Reads a line that is not shown. Keys that would end or stop the process are read as input too: it could not put
/// the terminal back.
fn at_terminal(prompt: &str) -> Result<Zeroizing<String>, String> {
    let failed = |error: io::Error| format!("the terminal cannot be read: {error}");
    let stdin = io::stdin();
    let before = tcgetattr(&stdin).map_err(|error| failed(error.into()))?;
    let mut silent = before.clone();
    silent.local_modes -= LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG;
    silent.special_codes[SpecialCodeIndex::VMIN] = 1;
    silent.special_codes[SpecialCodeIndex::VTIME] = 0;
    let mut stderr = io::stderr().lock();
    write!(stderr, "{prompt}: ").and_then(|()| stderr.flush()).map_err(failed)?;
    tcsetattr(&stdin, OptionalActions::Flush, &silent).map_err(|error| failed(error.into()))?;
    let line = line(stdin.lock());
    let restored = tcsetattr(&stdin, OptionalActions::Now, &before);
    let _ = writeln!(stderr);
    restored.map_err(|error| failed(error.into()))?;
    match line.map_err(failed)? {
        Some(line) => checked(&line),
        None => Err("no passphrase was typed".into()),
    }
}

/// What is typed until Enter. None: it was broken off.
fn line(mut from: impl Read) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    const INTERRUPT: u8 = 3;
    const END: u8 = 4;
    const BACKSPACE: u8 = 8;
    const ERASE_LINE: u8 = 21;
    const DELETE: u8 = 127;
    let mut line = Zeroizing::new(Vec::with_capacity(MAX + 1));
    let mut key = [0];
    loop {
        if from.read(&mut key)? == 0 {
            return Ok(None);
        }
        match key[0] {
            b'\r' | b'\n' => return Ok(Some(line)),
            INTERRUPT => return Ok(None),
            END if line.is_empty() => return Ok(None),
            END => return Ok(Some(line)),
            ERASE_LINE => line.clear(),
            // One character, which may be several bytes of UTF-8.
            BACKSPACE | DELETE => while line.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {},
            byte if line.len() <= MAX => line.push(byte),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(keys: &[u8]) -> Option<String> {
        line(keys).unwrap().map(|line| String::from_utf8(line.to_vec()).unwrap())
    }

    #[test]
    fn a_typed_line_can_be_mended_and_broken_off() {
        assert_eq!(typed(b"secret\nmore").as_deref(), Some("secret"));
        assert_eq!(typed("sx\u{7f}\u{e4}\u{8}ecret\r".as_bytes()).as_deref(), Some("secret"));
        assert_eq!(typed(b"wrong\x15right\x04").as_deref(), Some("right"));
        assert_eq!(typed(b"\n").as_deref(), Some(""));
        for broken in [&b"sec\x03ret\n"[..], b"\x04", b"cut"] {
            assert_eq!(typed(broken), None);
        }
    }

    #[test]
    fn the_first_line_of_a_file_counts() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("p");
        let passphrase = Passphrase { file: Some(file.clone()), variable: None };
        for (text, expected) in
            [("secret\n", "secret"), ("secret\r\nno", "secret"), (" s ", " s "), ("\n", "")]
        {
            std::fs::write(&file, text).unwrap();
            assert_eq!(&passphrase.ask("").unwrap().unwrap()[..], expected);
        }
        std::fs::write(&file, [0xff]).unwrap();
        assert!(passphrase.ask("").unwrap_err().ends_with("p: the passphrase is not UTF-8"));
        std::fs::write(&file, "x".repeat(2000)).unwrap();
        assert!(
            passphrase.ask("").unwrap_err().ends_with("p: a passphrase of more than 1024 bytes")
        );
    }

    #[test]
    fn a_variable_that_is_not_set_is_named() {
        let passphrase = Passphrase { file: None, variable: Some("RAVELIN_NO_SUCH".into()) };
        assert_eq!(
            passphrase.ask("").unwrap_err(),
            "the environment variable RAVELIN_NO_SUCH is not set"
        );
    }
}
