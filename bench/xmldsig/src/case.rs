//! What is verified.

use crate::Fallible;

pub struct Case {
    pub name: &'static str,
    pub shown: &'static str,
    pub shape: Shape,
}

#[derive(Clone, Copy)]
pub enum Shape {
    /// A document of about so many bytes with one reference to all of it.
    Enveloped(u64),
    /// The same, but its length follows `--scale`.
    Long(u64),
    /// A document with so many references to small elements.
    References(usize),
    /// A signature of another file of so many bytes; its length follows `--scale`.
    Blob(u64),
}

pub const CASES: &[Case] = &[
    Case { name: "5k", shown: "5 KB, enveloped", shape: Shape::Enveloped(5_000) },
    Case { name: "1m", shown: "1 MB, enveloped", shape: Shape::Enveloped(1_000_000) },
    Case { name: "100m", shown: "100 MB, enveloped", shape: Shape::Long(100_000_000) },
    Case { name: "refs-64", shown: "64 references", shape: Shape::References(64) },
    Case { name: "refs-100", shown: "100 references", shape: Shape::References(100) },
    Case { name: "refs-1k", shown: "1,000 references", shape: Shape::References(1_000) },
    Case { name: "refs-10k", shown: "10,000 references", shape: Shape::References(10_000) },
    Case { name: "blob", shown: "256 MB beside it", shape: Shape::Blob(256_000_000) },
];

impl Case {
    pub fn named(name: &str) -> Fallible<&'static Case> {
        CASES.iter().find(|case| case.name == name).ok_or_else(|| {
            let names: Vec<&str> = CASES.iter().map(|case| case.name).collect();
            format!("there is no test {name}, only {}", names.join(", ")).into()
        })
    }

    /// The file with the signature.
    pub fn document(&self) -> String {
        format!("{}.xml", self.name)
    }

    /// The file with most of the bytes that are digested.
    pub fn bulk(&self) -> String {
        match self.shape {
            Shape::Blob(_) => BLOB.to_owned(),
            _ => self.document(),
        }
    }

    pub fn is_blob(&self) -> bool {
        matches!(self.shape, Shape::Blob(_))
    }
}

/// The file beside a signature, as the signature calls it.
pub const BLOB: &str = "blob.bin";
/// The public key, as a SubjectPublicKeyInfo.
pub const PUBLIC_KEY: &str = "public.der";
/// The private key, in PKCS #8.
pub const PRIVATE_KEY: &str = "private.der";
