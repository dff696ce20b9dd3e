use crate::xml::PrefixId;

/// A node in the sense of XPath: one of the document's nodes, or a namespace node of one of its elements. Keys are
/// ordered as the nodes are in the document: the namespace nodes of an element come before its attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key(u64);

impl Key {
    #[inline]
    pub(crate) fn node(index: u32) -> Key {
        Key(u64::from(index) << 32)
    }

    #[inline]
    pub(crate) fn namespace(element: u32, prefix: PrefixId) -> Key {
        Key(u64::from(element) << 32 | (u64::from(prefix.0) + 1))
    }

    /// The number of the node; of a namespace node, that of its element.
    #[inline]
    pub(crate) fn index(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// The prefix, if it is a namespace node.
    #[inline]
    pub(crate) fn prefix(self) -> Option<PrefixId> {
        u32::try_from(self.0 & 0xffff_ffff).ok()?.checked_sub(1).map(PrefixId)
    }

    #[inline]
    pub(crate) fn is_namespace(self) -> bool {
        self.0 & 0xffff_ffff != 0
    }
}
