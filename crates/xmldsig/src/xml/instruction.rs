//! Processing instructions (XML 1.0, section 2.6).

use super::{
    chars::{self, is_space},
    error::XmlFault,
};

/// What stands between `<?` and `?>`: the length of the target, and where the data begins.
pub(super) fn split(inner: &str) -> Result<(usize, usize), XmlFault> {
    let target = inner.bytes().position(is_space).unwrap_or(inner.len());
    // A target has no colon (Namespaces in XML 1.0, section 7).
    if !chars::is_ncname(&inner[..target]) {
        return Err(XmlFault::Name(inner[..target].chars().take(100).collect()));
    }
    if inner[..target].eq_ignore_ascii_case("xml") {
        return Err(XmlFault::Misplaced("an XML declaration"));
    }
    let space = inner[target..].bytes().take_while(|byte| is_space(*byte)).count();
    Ok((target, target + space))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_names_without_colon_that_are_not_reserved() {
        let split = |inner| split(inner).ok();
        assert_eq!(split("a"), Some((1, 1)));
        assert_eq!(split("xml-stylesheet \t b ?c "), Some((14, 17)));
        assert_eq!(split("xmlé\n"), Some((5, 6)));
        for bad in ["", " a", "a:b", "1", "a?b", "xml", "XmL a", "a/"] {
            assert_eq!(split(bad), None, "{bad:?}");
        }
    }
}
