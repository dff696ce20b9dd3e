use crate::args::cert::PassphraseArgs;
use clap::{ArgGroup, Args, ValueEnum};
use ravelin_xmldsig::{
    algorithm::{DigestAlgorithm, SignatureAlgorithm, Switch},
    c14n::Flavour,
    sign::{Element, Place},
    verify::Profile,
};
use std::path::PathBuf;

/// What is signed, with what, and where it goes.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch on the command line")]
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("signer").required(true).args(["key", "hmac_key"]))]
#[command(group = ArgGroup::new("what").required(true).multiple(true).args(["document", "detached"]))]
pub struct SignArgs {
    /// The document, or the content with --enveloping; `-` is standard input.
    #[arg(value_name = "DOCUMENT")]
    pub document: Option<PathBuf>,

    /// Private key, PEM or DER.
    #[arg(long, value_name = "FILE", help_heading = "Key")]
    pub key: Option<PathBuf>,
    /// Secret of an HMAC: the file's octets, nothing trimmed.
    #[arg(long, value_name = "FILE", help_heading = "Key")]
    pub hmac_key: Option<PathBuf>,
    /// Certificates that go into the signature, PEM or DER: the key's own first. May be repeated.
    #[arg(long, value_name = "FILE", requires = "key", help_heading = "Key")]
    pub cert: Vec<PathBuf>,
    /// What the signature says about the key [default: x509 with --cert, else key-value; none with --hmac-key].
    #[arg(long, value_name = "WHAT", help_heading = "Key")]
    pub key_info: Option<KeyInfo>,
    /// A name by which whoever has the key finds it.
    #[arg(long, value_name = "NAME", help_heading = "Key")]
    pub key_name: Option<String>,
    #[command(flatten)]
    pub passphrase: PassphraseArgs,

    /// Put the signature into DOCUMENT.
    #[arg(
        long,
        requires = "document",
        conflicts_with = "enveloping",
        help_heading = "What is signed"
    )]
    pub enveloped: bool,
    /// Put DOCUMENT into the signature.
    #[arg(long, requires = "document", conflicts_with_all = ["reference", "place"], help_heading = "What is signed")]
    pub enveloping: bool,
    /// Sign a file too, which is called URI in the signature. May be repeated.
    #[arg(long, value_name = "URI=FILE", value_parser = detached, help_heading = "What is signed")]
    pub detached: Vec<(String, PathBuf)>,
    /// Sign only the element with this identifier, instead of the whole document. May be repeated.
    #[arg(long, value_name = "ID", requires = "document", help_heading = "What is signed")]
    pub reference: Vec<String>,
    /// Attributes that are identifiers. May be repeated [default: Id, ID, id].
    #[arg(long, value_name = "NAME", help_heading = "What is signed")]
    pub id_attribute: Vec<String>,
    /// List the files in a Manifest, which is signed instead of them.
    #[arg(long, requires = "detached", help_heading = "What is signed")]
    pub manifest: bool,
    /// What the content of --enveloping is.
    #[arg(
        long,
        value_name = "KIND",
        default_value = "xml",
        requires = "enveloping",
        help_heading = "What is signed"
    )]
    pub content: Content,

    /// How SignedInfo is signed: rsa-sha256, rsa-pss-sha256, ecdsa-sha256, hmac-sha256, each also with sha384 and sha512;
    /// ed25519 [default: what fits the key].
    #[arg(long, value_name = "NAME", value_parser = algorithm, help_heading = "Algorithms")]
    pub algorithm: Option<SignatureAlgorithm>,
    /// How what is signed is digested: sha256, sha384, sha512, sha3-256, sha3-384 or sha3-512.
    #[arg(long, value_name = "NAME", value_parser = digest, default_value = "sha256", help_heading = "Algorithms")]
    pub digest: DigestAlgorithm,
    /// How XML is canonicalized: 1.0, 1.1 or exclusive.
    #[arg(long, value_name = "METHOD", value_parser = canonicalization, default_value = "1.0", help_heading = "Algorithms")]
    pub c14n: Flavour,
    /// Sign comments too, where the form allows it.
    #[arg(long, help_heading = "Algorithms")]
    pub comments: bool,
    /// Take what is refused else: internal-dtd, and rsa-N for keys of N bits and more. May be repeated.
    #[arg(long, value_name = "NAME", value_parser = allow, help_heading = "Algorithms")]
    pub allow: Vec<Allow>,
    /// Refuse to make what this profile would not verify: air or extended.
    #[arg(long, value_name = "PROFILE", value_parser = profile, default_value = "extended", help_heading = "Algorithms")]
    pub profile: Profile,

    /// Where the signature goes: last, first, last-in:ID, first-in:ID, before:ID or after:ID.
    #[arg(long, value_name = "PLACE", value_parser = place, requires = "document", help_heading = "Result")]
    pub place: Option<Place>,
    /// The signature's identifier.
    #[arg(long, value_name = "ID", help_heading = "Result")]
    pub id: Option<String>,
    /// Prefix of the signature's elements, such as ds.
    #[arg(
        long,
        value_name = "PREFIX",
        default_value = "",
        hide_default_value = true,
        help_heading = "Result"
    )]
    pub prefix: String,
    /// Write to this file [default: standard output].
    #[arg(long, short, value_name = "FILE", help_heading = "Result")]
    pub output: Option<PathBuf>,
    /// Replace the file if it is there already, even if it is DOCUMENT.
    #[arg(long, requires = "output", help_heading = "Result")]
    pub force: bool,
}

/// What the signature says about the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum KeyInfo {
    /// The certificates.
    X509,
    /// The public key; that of Ed25519 as DER.
    KeyValue,
    /// Nothing.
    None,
}

/// Something that is refused unless it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allow {
    /// The internal subset of a document type declaration.
    InternalDtd,
    /// A weak key.
    Weak(Switch),
}

/// What is enveloped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Content {
    /// An XML document, of which the document element is taken.
    Xml,
    /// Text in UTF-8.
    Text,
    /// Anything, which is written as base64.
    Base64,
}

fn detached(text: &str) -> Result<(String, PathBuf), String> {
    // URIs have signs of equality of their own.
    match text.rsplit_once('=') {
        Some((uri, file)) if !uri.is_empty() && !file.is_empty() => {
            if uri.starts_with('#') {
                return Err(
                    "a URI that begins with `#` is a part of the document: use --reference"
                        .to_owned(),
                );
            }
            Ok((uri.to_owned(), file.into()))
        }
        _ => Err("must be URI=FILE".to_owned()),
    }
}

fn algorithm(name: &str) -> Result<SignatureAlgorithm, String> {
    let uri = match name.split_once('-') {
        None if name == "ed25519" => {
            "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519".to_owned()
        }
        Some(("rsa", hash)) if hash.starts_with("pss-sha") => {
            let hash = hash.trim_start_matches("pss-");
            format!("http://www.w3.org/2007/05/xmldsig-more#{hash}-rsa-MGF1")
        }
        Some(("rsa" | "ecdsa" | "hmac", _)) => {
            format!("http://www.w3.org/2001/04/xmldsig-more#{name}")
        }
        _ => name.to_owned(),
    };
    SignatureAlgorithm::from_uri(&uri).map_err(|_| {
        "is none of rsa-sha256, rsa-pss-sha256, ecdsa-sha256, hmac-sha256 (each also with sha384 and sha512), ed25519, or \
         the URI of one"
            .to_owned()
    })
}

fn digest(name: &str) -> Result<DigestAlgorithm, String> {
    let name = name.to_ascii_lowercase();
    let known = DigestAlgorithm::ALL.into_iter().filter(|known| !known.is_weak());
    let spelled = |known: DigestAlgorithm| {
        let word = known.to_string().to_ascii_lowercase();
        word == name || (!word.starts_with("sha3") && word.replace('-', "") == name)
    };
    known
        .into_iter()
        .find(|known| spelled(*known))
        .ok_or_else(|| "is none of sha256, sha384, sha512, sha3-256, sha3-384, sha3-512".to_owned())
}

fn allow(name: &str) -> Result<Allow, String> {
    if name == "internal-dtd" {
        return Ok(Allow::InternalDtd);
    }
    match name.parse() {
        Ok(switch @ Switch::RsaBits(_)) => Ok(Allow::Weak(switch)),
        _ => Err("is neither internal-dtd nor rsa-N".to_owned()),
    }
}

fn canonicalization(name: &str) -> Result<Flavour, String> {
    match name {
        "1.0" => Ok(Flavour::Inclusive),
        "1.1" => Ok(Flavour::Inclusive11),
        "exclusive" => Ok(Flavour::Exclusive { prefixes: Vec::new() }),
        _ => Err("is none of 1.0, 1.1, exclusive".to_owned()),
    }
}

fn profile(name: &str) -> Result<Profile, String> {
    match name {
        "air" => Ok(Profile::Air),
        "extended" => Ok(Profile::Extended),
        _ => Err("is neither air nor extended".to_owned()),
    }
}

fn place(text: &str) -> Result<Place, String> {
    let in_element: fn(Element) -> Place = match text.split(':').next().unwrap_or_default() {
        "last" | "last-in" => Place::LastIn,
        "first" | "first-in" => Place::FirstIn,
        "before" => Place::Before,
        "after" => Place::After,
        _ => {
            return Err(
                "is none of last, first, last-in:ID, first-in:ID, before:ID, after:ID".to_owned()
            );
        }
    };
    match text.split_once(':') {
        None if matches!(text, "last" | "first") => Ok(in_element(Element::Root)),
        Some((word, id)) if !matches!(word, "last" | "first") && !id.is_empty() => {
            Ok(in_element(Element::id(id)))
        }
        _ => Err("is none of last, first, last-in:ID, first-in:ID, before:ID, after:ID".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_algorithms() {
        for (name, shown) in [
            ("rsa-sha256", "RSA with SHA-256"),
            ("rsa-pss-sha512", "RSA-PSS with SHA-512"),
            ("ecdsa-sha384", "ECDSA with SHA-384"),
            ("ed25519", "Ed25519"),
            ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha384", "RSA with SHA-384"),
        ] {
            assert_eq!(algorithm(name).unwrap().to_string(), shown);
        }
        for name in ["rsa", "rsa-", "rsa-pss", "sha256", "ed448", ""] {
            assert!(algorithm(name).is_err(), "{name}");
        }
        assert_eq!(digest("sha256"), Ok(DigestAlgorithm::Sha256));
        assert_eq!(digest("SHA3-512"), Ok(DigestAlgorithm::Sha3_512));
        assert!(digest("sha1").is_err());
    }

    #[test]
    fn places() {
        assert_eq!(place("last"), Ok(Place::default()));
        assert_eq!(place("before:x"), Ok(Place::Before(Element::id("x"))));
        assert_eq!(place("first-in:a"), Ok(Place::FirstIn(Element::id("a"))));
        for text in ["", "before", "before:", "last:x", "in:x"] {
            assert!(place(text).is_err(), "{text}");
        }
    }
}
