//! Handing over what was made: to files or standard output, with a report.

use super::{
    file::{Access, Prepared},
    key, pem,
};
use crate::{
    args::cert::{Format, OutArgs},
    exit::{Exit, Failure},
    output,
};
use rcgen::KeyPair;
use serde_json::{Value, json};
use std::path::Path;
use zeroize::Zeroizing;

/// What was made.
#[derive(Debug)]
pub struct Made<'a> {
    /// What it is.
    pub kind: Kind,
    /// It, and what is to stand after it in the same file, as DER.
    pub der: Vec<&'a [u8]>,
    /// Where it goes.
    pub out: &'a OutArgs,
    /// A key that was made with it, and where that goes.
    pub new_key: Option<(&'a Path, &'a KeyPair)>,
    /// What it says, for the report.
    pub facts: Value,
    /// The same for people.
    pub text: String,
    /// What to think about.
    pub warnings: Vec<String>,
}

/// What can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A private key.
    Key,
    /// A request.
    Request,
    /// A certificate.
    Certificate,
}

impl Kind {
    /// Its PEM label, and its word in reports.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Kind::Key => ("PRIVATE KEY", "key"),
            Kind::Request => ("CERTIFICATE REQUEST", "request"),
            Kind::Certificate => ("CERTIFICATE", "certificate"),
        }
    }
}

impl Made<'_> {
    /// Writes everything, or nothing; then reports.
    ///
    /// # Errors
    /// When a file is there already or cannot be written.
    pub fn deliver(self, json: bool) -> Result<Exit, Failure> {
        let (label, word) = self.kind.names();
        let access = if self.kind == Kind::Key { Access::Owner } else { Access::Everybody };
        let bytes = encode(label, &self.der, self.out.format);
        let mut prepared = Vec::new();
        if let Some((path, key)) = self.new_key {
            let text = pem::encode("PRIVATE KEY", &key::pkcs8(key)?);
            prepared.push(Prepared::write(path, text.as_bytes(), Access::Owner, self.out.force)?);
        }
        if let Some(path) = &self.out.out {
            prepared.push(Prepared::write(path, &bytes, access, self.out.force)?);
        }
        for file in prepared {
            file.put()?;
        }
        if json {
            let shown = |path: &Path| path.display().to_string();
            let mut written = json!({ "certificate": null, "request": null, "key": null });
            written["key"] = json!(self.new_key.map(|(path, _)| shown(path)));
            written[word] = json!(self.out.out.as_deref().map(shown));
            let mut value = self.facts;
            value["schema"] = json!(1);
            value["written"] = written;
            value["pem"] = match self.out.out {
                Some(_) => Value::Null,
                None => json!(*encode_pem(label, &self.der)),
            };
            value["warnings"] = json!(self.warnings);
            output::json(&value)?;
            return Ok(Exit::Yes);
        }
        if self.out.out.is_none() {
            output::data(&bytes)?;
        }
        if let Some((path, _)) = self.new_key {
            output::say(&format!("{}: the private key\n", path.display()));
        }
        if let Some(path) = &self.out.out {
            output::say(&format!("{}: the {word}\n", path.display()));
        }
        output::say(&self.text);
        for warning in &self.warnings {
            output::complain(&format!("warning: {warning}"));
        }
        Ok(Exit::Yes)
    }
}

fn encode(label: &str, ders: &[&[u8]], format: Format) -> Zeroizing<Vec<u8>> {
    match format {
        Format::Pem => Zeroizing::new(encode_pem(label, ders).as_bytes().to_vec()),
        Format::Der => Zeroizing::new(ders.concat()),
    }
}

/// All as PEM, one after the other.
pub fn encode_pem(label: &str, ders: &[&[u8]]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::new());
    for der in ders {
        text.push_str(&pem::encode(label, der));
    }
    text
}
