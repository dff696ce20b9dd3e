use crate::xml::XmlError;

/// Why a document cannot be kept in memory.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// It cannot be read.
    #[error(transparent)]
    Xml(#[from] XmlError),
    /// One of the [`Limits`](super::Limits).
    #[error("more than the limit `{limit}` allows, in the element that begins at byte {offset}")]
    Limit {
        /// Its name.
        limit: &'static str,
        /// Where the element begins that was being read, in bytes from the start of the document.
        offset: u64,
    },
}
