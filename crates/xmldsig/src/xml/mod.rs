//! A strict streaming reader of XML 1.0 with namespaces.
