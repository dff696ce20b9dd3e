//! The key and the subject that were asked for.

use super::{dn::DistinguishedName, input::shown, key, name::Name, passphrase::Passphrase};
use crate::{
    args::cert::{KeyArgs, SubjectArgs},
    exit::Failure,
};
use rcgen::KeyPair;
use std::path::Path;

/// A key, and the file it is to be written to if it is new.
#[derive(Debug)]
pub struct Wanted<'a> {
    /// The key.
    pub key: KeyPair,
    /// Where it goes.
    new: Option<&'a Path>,
}

impl<'a> Wanted<'a> {
    /// Reads or makes the key.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn key(args: &'a KeyArgs, passphrase: &Passphrase) -> Result<Wanted<'a>, Failure> {
        let key = match &args.key {
            Some(file) => key::read(file, passphrase)?,
            None => key::generate(args.algorithm.unwrap_or_default())?,
        };
        Ok(Wanted { key, new: args.new_key.as_deref() })
    }

    /// The key and its file, if it is new.
    pub fn new_key(&self) -> Option<(&'a Path, &KeyPair)> {
        self.new.map(|path| (path, &self.key))
    }
}

/// The subject asked for, or else the first name as its common name.
///
/// # Errors
/// When there is neither.
pub fn subject(args: &SubjectArgs) -> Result<DistinguishedName, Failure> {
    if let Some(subject) = &args.subject {
        return Ok(subject.clone());
    }
    if args.names.is_empty() {
        return Err(Failure::input(
            "whom is it for? give --name, such as --name dns:www.example.com, or --subject",
        ));
    }
    args.names
        .iter()
        .find_map(|name| DistinguishedName::common(&name.value()))
        .ok_or_else(|| Failure::input("no name is short enough for a common name; give --subject"))
}

/// The names once each, in their order.
pub fn distinct(names: &[Name]) -> Vec<Name> {
    let mut distinct: Vec<Name> = Vec::with_capacity(names.len());
    for name in names {
        if !distinct.contains(name) {
            distinct.push(name.clone());
        }
    }
    distinct
}

/// That two outputs are not the same file.
///
/// # Errors
/// When they are.
pub fn apart(one: Option<&Path>, other: Option<&Path>) -> Result<(), Failure> {
    match (one, other) {
        (Some(one), Some(other)) if one == other => {
            Err(Failure::input(format!("{}: two things cannot be written to one file", shown(one))))
        }
        _ => Ok(()),
    }
}
