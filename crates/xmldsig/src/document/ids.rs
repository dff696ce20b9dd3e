use super::{Document, Node, NodeKind};
use crate::xml::QName;
use std::collections::{HashMap, HashSet};

/// The elements of a document by their identifiers.
///
/// Which attributes are identifiers the document seldom says, so the caller does. Those that its document type
/// declaration names are always among them.
///
/// ```
/// use ravelin_xmldsig::{document::{Document, Limits}, xml::Reader};
/// let reader = Reader::new(&b"<a><b Id='x'/><c Id='y'/><d Id='y'/></a>"[..])?;
/// let document = Document::read(reader, &Limits::default())?;
/// let ids = document.ids(|_, attribute| attribute.is("", "Id"));
/// assert_eq!(ids.element("x").unwrap().name().unwrap().local, "b");
/// assert!(ids.is_ambiguous("y"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Ids<'a> {
    first: HashMap<&'a str, Node<'a>>,
    ambiguous: HashSet<&'a str>,
}

impl<'a> Ids<'a> {
    /// The first element with this identifier.
    pub fn element(&self, id: &str) -> Option<Node<'a>> {
        self.first.get(id).copied()
    }

    /// Whether more than one element has it.
    pub fn is_ambiguous(&self, id: &str) -> bool {
        self.ambiguous.contains(id)
    }
}

impl Document {
    /// Looks for identifiers: `is_id` is asked with every element and the name of each of its attributes.
    pub fn ids(&self, is_id: impl Fn(Node<'_>, QName<'_>) -> bool) -> Ids<'_> {
        let mut ids = Ids { first: HashMap::new(), ambiguous: HashSet::new() };
        for node in self.nodes().filter(|node| node.kind() == NodeKind::Attribute) {
            let (Some(name), Some(element)) = (node.name(), node.parent()) else { continue };
            if !self.record(node.index()).declared_id && !is_id(element, name) {
                continue;
            }
            let value = self.text_of(node.index());
            if *ids.first.entry(value).or_insert(element) != element {
                ids.ambiguous.insert(value);
            }
        }
        ids
    }
}
