/// How much of anything a document may have. Going beyond is an [`XmlError`](super::XmlError) that names the limit.
///
/// The defaults let ordinary documents of any size through: memory follows what stands open at one place, never the
/// length of the document.
///
/// ```
/// use ravelin_xmldsig::xml::Limits;
/// let limits = Limits { depth: 64, ..Limits::default() };
/// assert!(limits.token < u64::from(u32::MAX) as usize);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Elements open at once; groups inside each other in the declaration of an element.
    pub depth: usize,
    /// Bytes of one start tag, comment or processing instruction. Character data has no limit: it comes in pieces.
    pub token: usize,
    /// Attributes of one element, namespace declarations among them.
    pub attributes: usize,
    /// Different names of elements, attributes and prefixes, and different namespace names.
    pub names: usize,
    /// Bytes of all these names together.
    pub name_bytes: usize,
    /// Bytes of the internal subset of a document type declaration, what its parameter entities stand for included.
    pub dtd_bytes: usize,
    /// Bytes that references to entities of the document may stand for, all together.
    pub entity_bytes: u64,
    /// Bytes of all attribute values that are not written, but supplied by the document type declaration.
    pub default_bytes: u64,
    /// Entities open inside each other.
    pub entity_depth: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            depth: 10_000,
            token: 16 << 20,
            attributes: 10_000,
            names: 100_000,
            name_bytes: 8 << 20,
            dtd_bytes: 1 << 20,
            entity_bytes: 8 << 20,
            default_bytes: 64 << 20,
            entity_depth: 32,
        }
    }
}
