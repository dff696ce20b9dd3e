//! Files and anchors, each read once in a run.

use super::{Source, Store};
use crate::commands::cert::input::{self, InputError};
use ravelin_net::roots::{self, Roots};
use ravelin_trust::{Anchor, Anchors, Certificate, certificate::PublicKey, der::Reader};
use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

/// What is kept of files, in bytes. Beyond that everything is read anew.
const MAX_KEPT: usize = 256 << 20;

/// The values of one file, as DER.
pub type Ders = Arc<Vec<Vec<u8>>>;

/// What is looked for in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Certificates.
    Certificates,
    /// CRLs.
    Crls,
    /// OCSP responses.
    Ocsp,
    /// Certificates and public keys.
    Distrusted,
}

/// Files and anchors, each read once.
#[derive(Debug, Default)]
pub struct Files {
    kept: Mutex<Kept>,
    system: OnceLock<Arc<Anchors>>,
    bundled: OnceLock<Arc<Anchors>>,
}

#[derive(Debug, Default)]
struct Kept {
    files: HashMap<(Kind, PathBuf), Ders>,
    bytes: usize,
}

impl Files {
    /// What a source holds of the kind; at least one.
    ///
    /// # Errors
    /// When it cannot be read, or holds none.
    pub fn read(&self, source: &Source, kind: Kind) -> Result<Ders, InputError> {
        let path = match source {
            Source::Text { pem, .. } if pem.len() as u64 > input::MAX_FILE => {
                return Err(InputError::new(source.name(), "is larger than 16 MiB"));
            }
            Source::Text { pem, .. } => {
                return Ok(Arc::new(parse(pem.as_bytes(), source, kind)?));
            }
            Source::File(path) => path,
        };
        let key = (kind, path.clone());
        let lock = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().files.get(&key) {
            return Ok(Arc::clone(known));
        }
        let ders = Arc::new(parse(&input::read(path)?, source, kind)?);
        let bytes: usize = ders.iter().map(Vec::len).sum();
        let mut kept = lock();
        if kept.bytes + bytes > MAX_KEPT {
            *kept = Kept::default();
        }
        kept.bytes += bytes;
        kept.files.insert(key, Arc::clone(&ders));
        Ok(ders)
    }

    /// What is trusted: these stores, and the certificates of these sources; and what is not, whoever says so.
    ///
    /// # Errors
    /// When a source cannot be read. What cannot be read of a store is left out.
    pub fn anchors(
        &self,
        stores: &[Store],
        sources: &[Source],
        distrust: &[Source],
    ) -> Result<Arc<Anchors>, InputError> {
        let mut stored = stores.iter().map(|store| match store {
            Store::System => self.system.get_or_init(|| Arc::new(anchors_of(&roots::platform()))),
            Store::Bundled => self.bundled.get_or_init(|| Arc::new(anchors_of(&roots::bundled()))),
        });
        let first = stored.next();
        if sources.is_empty() && distrust.is_empty() && stores.len() < 2 {
            return Ok(first.map(Arc::clone).unwrap_or_default());
        }
        let mut anchors = first.map(|first| Anchors::clone(first)).unwrap_or_default();
        for store in stored {
            store.iter().for_each(|anchor| anchors.add_anchor(anchor.clone()));
        }
        for source in sources {
            for (index, der) in self.read(source, Kind::Certificates)?.iter().enumerate() {
                let anchor = Anchor::certificate(der)
                    .map_err(|error| fault(source, "certificate", index, &error))?;
                anchors.add_anchor(anchor);
            }
        }
        // Certificates are distrusted themselves, public keys with every certificate that has them.
        for source in distrust {
            for (index, der) in self.read(source, Kind::Distrusted)?.iter().enumerate() {
                match Certificate::parse(&der[..]) {
                    Ok(certificate) => anchors.distrust_certificate(&certificate),
                    Err(_) if PublicKey::read(Reader::new(der)).is_ok() => {
                        anchors.distrust_key(der);
                    }
                    Err(error) => return Err(fault(source, "certificate", index, &error)),
                }
            }
        }
        Ok(Arc::new(anchors))
    }
}

/// A value of a file that cannot be understood.
pub fn fault(
    source: &Source,
    noun: &str,
    index: usize,
    error: &dyn std::fmt::Display,
) -> InputError {
    InputError::new(source.name(), format!("{noun} {}: {error}", index + 1))
}

fn parse(bytes: &[u8], source: &Source, kind: Kind) -> Result<Vec<Vec<u8>>, InputError> {
    match kind {
        Kind::Certificates => input::certificates_in(bytes, source.name()),
        Kind::Crls => input::crls_in(bytes, source.name()),
        Kind::Ocsp => input::ocsp_in(bytes, source.name()),
        Kind::Distrusted => {
            let mut ders = input::public_keys_in(bytes, source.name())?;
            match input::certificates_in(bytes, source.name()) {
                Err(_) if !ders.is_empty() => {}
                certificates => ders.extend(certificates?),
            }
            Ok(ders)
        }
    }
}

fn anchors_of(roots: &Roots) -> Anchors {
    let mut anchors = Anchors::new();
    roots
        .certificates
        .iter()
        .filter_map(|der| Anchor::certificate(der).ok())
        .for_each(|anchor| anchors.add_anchor(anchor));
    anchors
}
