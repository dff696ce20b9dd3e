use std::{fmt, io::Read};

/// Finds what references refer to. It alone interprets their URIs; the validator never opens a file or a connection.
///
/// A dereferencer is asked once for every Reference of SignedInfo, in their order, once the signature itself and the
/// signer have been found good enough. [`SameDocument`] knows the document that holds the signature and nothing else.
///
/// ```
/// use ravelin_xmldsig::verify::{Body, Dereference, DereferenceError};
///
/// struct Memory(Vec<(String, Vec<u8>)>);
///
/// impl Dereference for Memory {
///     fn dereference(&mut self, uri: Option<&str>) -> Result<Body<'_>, DereferenceError> {
///         let uri = uri.unwrap_or_default();
///         if uri.is_empty() || uri.starts_with('#') {
///             return Ok(Body::SameDocument);
///         }
///         let found = self.0.iter().find(|(name, _)| name == uri);
///         found.map(|(_, octets)| Body::from_bytes(octets)).ok_or_else(|| DereferenceError::not_found(uri))
///     }
/// }
/// ```
pub trait Dereference {
    /// What `uri` stands for, exactly as it is written in the Reference; `None` when the Reference has none.
    ///
    /// # Errors
    /// When it cannot be had. The verification ends with that.
    fn dereference(&mut self, uri: Option<&str>) -> Result<Body<'_>, DereferenceError>;
}

/// What a URI stands for.
pub enum Body<'a> {
    /// The document with the signature, or the part of it that the URI's fragment names.
    SameDocument,
    /// Octets, of any number: they are read once and never held.
    Octets(Box<dyn Read + 'a>),
}

impl<'a> Body<'a> {
    /// Octets that a reader gives.
    pub fn from_reader(reader: impl Read + 'a) -> Body<'a> {
        Body::Octets(Box::new(reader))
    }

    /// Octets in memory.
    pub fn from_bytes(bytes: &'a [u8]) -> Body<'a> {
        Body::Octets(Box::new(bytes))
    }

    /// Octets `start..start + length` of a file.
    ///
    /// # Errors
    /// When the file cannot go there.
    pub fn from_file_region(
        mut file: std::fs::File,
        start: u64,
        length: u64,
    ) -> std::io::Result<Body<'a>> {
        use std::io::Seek;
        file.seek(std::io::SeekFrom::Start(start))?;
        Ok(Body::Octets(Box::new(file.take(length))))
    }
}

impl fmt::Debug for Body<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Body::SameDocument => "SameDocument",
            Body::Octets(_) => "Octets",
        })
    }
}

/// Why a reference leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DereferenceError(pub String);

impl DereferenceError {
    /// Nothing is known of this URI.
    pub fn not_found(uri: &str) -> DereferenceError {
        DereferenceError(format!(
            "nothing is given for `{}`",
            uri.chars().take(200).collect::<String>()
        ))
    }
}

impl From<std::io::Error> for DereferenceError {
    fn from(error: std::io::Error) -> DereferenceError {
        DereferenceError(error.to_string())
    }
}

/// Only the document with the signature.
#[derive(Clone, Copy, Debug, Default)]
pub struct SameDocument;

impl Dereference for SameDocument {
    fn dereference(&mut self, uri: Option<&str>) -> Result<Body<'_>, DereferenceError> {
        match uri {
            Some(uri) if uri.is_empty() || uri.starts_with('#') => Ok(Body::SameDocument),
            Some(uri) => Err(DereferenceError::not_found(uri)),
            None => Err(DereferenceError(
                "a reference without URI, and nobody knows what it stands for".to_owned(),
            )),
        }
    }
}
