//! What references refer to outside the document: the files that were named, and nothing else.

use ravelin_xmldsig::verify::{Body, Dereference, DereferenceError};
use std::{collections::HashMap, fs::File, path::PathBuf};

/// Characters of a URI in a message.
const SHOWN: usize = 200;

/// Files by the URIs that stand for them.
#[derive(Debug)]
pub struct Detached {
    files: HashMap<String, PathBuf>,
}

impl Detached {
    /// These files. Of a URI that is named twice, the last counts.
    pub fn new(named: Vec<(String, PathBuf)>) -> Detached {
        Detached { files: named.into_iter().collect() }
    }
}

impl Dereference for Detached {
    fn dereference(&mut self, uri: Option<&str>) -> Result<Body<'_>, DereferenceError> {
        let Some(uri) = uri else {
            return Err(DereferenceError(
                "a reference without URI, and nobody knows what it stands for".to_owned(),
            ));
        };
        if let Some(path) = self.files.get(uri) {
            let failed = |error| DereferenceError(format!("{}: {error}", path.display()));
            return Ok(Body::from_reader(File::open(path).map_err(failed)?));
        }
        if uri.is_empty() || uri.starts_with('#') {
            return Ok(Body::SameDocument);
        }
        let shown: String = uri.chars().take(SHOWN).collect();
        Err(DereferenceError(format!("nothing is given for `{shown}`")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_named_is_opened() {
        let here = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
        let uri = here.display().to_string();
        let mut detached =
            Detached::new(vec![("a".into(), here), ("b".into(), "/nonexistent".into())]);
        assert!(matches!(detached.dereference(Some("a")), Ok(Body::Octets(_))));
        assert!(matches!(detached.dereference(Some("#a")), Ok(Body::SameDocument)));
        for unknown in [&uri, "./a", "file:///etc/hosts", "http://127.0.0.1/"] {
            let error = detached.dereference(Some(unknown)).unwrap_err();
            assert_eq!(error.to_string(), format!("nothing is given for `{unknown}`"));
        }
        assert!(
            detached.dereference(Some("b")).unwrap_err().to_string().starts_with("/nonexistent: ")
        );
        assert!(detached.dereference(None).is_err());
    }
}
