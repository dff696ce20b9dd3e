//! Trust anchors and CRLs from files.

use super::{
    diagnostic::Diagnostic, file::Where, identities::read_limited, resolve::Configuration,
};
use ravelin_tls::Trust;
use ravelin_trust::{Anchor, Anchors, revocation::Crl};
use rustls_pki_types::pem::{PemObject as _, SectionKind};
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
};

/// What was read already, by the files it came from: anchors, then CRLs. Services share it.
#[derive(Default)]
pub(super) struct Trusts(HashMap<Files, Arc<Trust>>);

/// Without files of anchors, the system's.
type Files = (Option<Vec<PathBuf>>, Vec<PathBuf>);

impl Trusts {
    /// Reads anchors and CRLs. Without files of anchors, the system's are trusted.
    ///
    /// # Errors
    /// When a file cannot be read, or holds something else.
    pub(super) fn load(
        &mut self,
        configuration: &Configuration,
        anchors: Option<&[Where<PathBuf>]>,
        crls: &[Where<PathBuf>],
    ) -> Result<Arc<Trust>, Diagnostic> {
        let paths = |written: &[Where<PathBuf>]| -> Vec<PathBuf> {
            written.iter().map(|path| configuration.path(path.get_ref())).collect()
        };
        let files = (anchors.map(paths), paths(crls));
        if let Some(known) = self.0.get(&files) {
            return Ok(Arc::clone(known));
        }
        let trusted = match (anchors, &files.0) {
            (Some(written), Some(paths)) => {
                let mut trusted = Anchors::new();
                for (written, path) in written.iter().zip(paths) {
                    let read = anchors_in(path, &mut trusted);
                    read.map_err(|what| {
                        fault(configuration, written, "trust anchors", path, &what)
                    })?;
                }
                trusted
            }
            _ => configuration.system_anchors()?,
        };
        let mut lists = Vec::new();
        for (written, path) in crls.iter().zip(&files.1) {
            let read = crls_in(path, &mut lists);
            read.map_err(|what| fault(configuration, written, "revocation list", path, &what))?;
        }
        let mut trust = Trust::new(trusted);
        trust.crls = lists.into();
        let trust = Arc::new(trust);
        self.0.insert(files, Arc::clone(&trust));
        Ok(trust)
    }
}

fn fault(
    configuration: &Configuration,
    written: &Where<PathBuf>,
    kind: &str,
    path: &Path,
    what: &str,
) -> Diagnostic {
    configuration.fault(written.span(), format!("{kind} {}: {what}", path.display()))
}

fn anchors_in(path: &Path, anchors: &mut Anchors) -> Result<(), String> {
    for der in blocks(path, SectionKind::Certificate, "certificate")? {
        anchors.add_anchor(Anchor::certificate(&der).map_err(|error| error.to_string())?);
    }
    Ok(())
}

fn crls_in(path: &Path, lists: &mut Vec<Crl<'static>>) -> Result<(), String> {
    for der in blocks(path, SectionKind::Crl, "certificate revocation list")? {
        lists.push(Crl::parse(der).map_err(|error| error.to_string())?.indexed());
    }
    Ok(())
}

/// The blocks of a PEM file that are of this kind, or the whole of a DER file; at least one.
fn blocks(path: &Path, kind: SectionKind, noun: &str) -> Result<Vec<Vec<u8>>, String> {
    let bytes = read_limited(path)?;
    if bytes.first() == Some(&0x30) {
        return Ok(vec![bytes]);
    }
    let mut wanted = Vec::new();
    for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(&bytes) {
        let (found, der) = section.map_err(|error| format!("the PEM is broken: {error}"))?;
        if found == kind {
            wanted.push(der);
        }
    }
    if wanted.is_empty() {
        return Err(format!("it holds no {noun}"));
    }
    Ok(wanted)
}
