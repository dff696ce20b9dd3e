/// A way to canonicalize.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Method {
    /// Which recommendation.
    pub flavour: Flavour,
    /// Whether comments stay.
    pub comments: bool,
}

/// A list of prefixes is too long, or is none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TooManyPrefixes;

/// The three recommendations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Flavour {
    /// Canonical XML 1.0.
    #[default]
    Inclusive,
    /// Canonical XML 1.1.
    Inclusive11,
    /// Exclusive XML Canonicalization 1.0.
    Exclusive {
        /// Prefixes whose namespaces are treated as in Canonical XML 1.0. The empty one is the default namespace
        /// (`#default` in documents).
        prefixes: Vec<String>,
    },
}

static METHODS: [(&str, Flavour, bool); 6] = [
    ("http://www.w3.org/TR/2001/REC-xml-c14n-20010315", Flavour::Inclusive, false),
    ("http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments", Flavour::Inclusive, true),
    ("http://www.w3.org/2006/12/xml-c14n11", Flavour::Inclusive11, false),
    ("http://www.w3.org/2006/12/xml-c14n11#WithComments", Flavour::Inclusive11, true),
    ("http://www.w3.org/2001/10/xml-exc-c14n#", Flavour::Exclusive { prefixes: Vec::new() }, false),
    (
        "http://www.w3.org/2001/10/xml-exc-c14n#WithComments",
        Flavour::Exclusive { prefixes: Vec::new() },
        true,
    ),
];

impl Method {
    /// Canonical XML 1.0 without comments.
    pub fn inclusive() -> Method {
        Method::default()
    }

    /// Exclusive Canonicalization without comments and without a list of prefixes.
    pub fn exclusive() -> Method {
        Method { flavour: Flavour::Exclusive { prefixes: Vec::new() }, comments: false }
    }

    /// The method of this algorithm identifier (XML Signature 1.1, section 6.5), without a list of prefixes.
    ///
    /// ```
    /// use ravelin_xmldsig::c14n::{Flavour, Method};
    /// let method = Method::of("http://www.w3.org/2006/12/xml-c14n11#WithComments").unwrap();
    /// assert_eq!(method, Method { flavour: Flavour::Inclusive11, comments: true });
    /// assert_eq!(Method::of("urn:other"), None);
    /// ```
    pub fn of(uri: &str) -> Option<Method> {
        let (_, flavour, comments) = METHODS.iter().find(|(known, ..)| *known == uri)?;
        Some(Method { flavour: flavour.clone(), comments: *comments })
    }

    /// Adds the prefixes of a `PrefixList` (Exclusive Canonicalization, section 4).
    ///
    /// # Errors
    /// When there are too many, or the method has no such list.
    pub(crate) fn list(&mut self, list: &str) -> Result<(), TooManyPrefixes> {
        const MOST: usize = 1000;
        let Flavour::Exclusive { prefixes } = &mut self.flavour else {
            return Err(TooManyPrefixes);
        };
        for prefix in list.split_ascii_whitespace() {
            let prefix = if prefix == "#default" { "" } else { prefix };
            if let Err(place) = prefixes.binary_search_by(|known| known.as_str().cmp(prefix)) {
                prefixes.insert(place, prefix.to_owned());
            }
            if prefixes.len() > MOST {
                return Err(TooManyPrefixes);
            }
        }
        Ok(())
    }

    /// Its algorithm identifier.
    pub fn uri(&self) -> &'static str {
        let same = |flavour: &Flavour| {
            std::mem::discriminant(flavour) == std::mem::discriminant(&self.flavour)
        };
        METHODS
            .iter()
            .find(|(_, flavour, comments)| same(flavour) && *comments == self.comments)
            .map_or(METHODS[0].0, |(uri, ..)| uri)
    }
}
