//! Any bytes, all methods: what is read has a canonical form, which is read again and is its own canonical form; pieces
//! mean what the whole does; what is written while reading is what is written from memory, of the whole and of every
//! element with an identifier; and bergshamra writes the same, but for what differences.md explains.
#![no_main]

use bergshamra_c14n::C14nMode;
use libfuzzer_sys::fuzz_target;
use ravelin_fuzz::{
    differences,
    signed::{DSIG, Honest, METHODS, SECRET, settings},
    slow::Slow,
};
use ravelin_xmldsig::{
    algorithm::{SigningKey, VerificationKey},
    base64,
    c14n::{C14nError, Flavour, Method, canonicalize, canonicalize_nodes},
    document::{self, Document, Node},
    nodeset::NodeSet,
    verify::{Choice, KeySource, Limits, Settings, verify},
    xml::{self, Doctype, Options, Reader},
    xpath::{self, Budget},
};
use std::{io::Cursor, sync::LazyLock};

/// Elements whose subtrees are looked at.
const SUBTREES: usize = 6;

fuzz_target!(|input: (bool, u8, &[u8])| {
    let (strict, piece, bytes) = input;
    let doctype = if strict { Doctype::Refuse } else { Doctype::InternalSubset };
    // Small ones, so that they are met.
    let limits =
        xml::Limits { entity_bytes: 1 << 16, default_bytes: 1 << 16, ..xml::Limits::default() };
    let options = Options { doctype, limits };
    let tree = Reader::with(bytes, &options)
        .ok()
        .and_then(|reader| Document::read(reader, &document::Limits::default()).ok());
    for method in methods() {
        let whole = of_stream(bytes, &options, &method);
        let slow = Slow::new(bytes, usize::from(piece));
        let in_pieces = Reader::with(slow, &options)
            .map_err(C14nError::from)
            .and_then(|mut reader| written(|into| canonicalize(&mut reader, &method, into)));
        assert_eq!(shown(&in_pieces), shown(&whole));
        let of_tree = tree.as_ref().map(|tree| of_nodes(tree.node(), &method));
        match (&whole, &of_tree) {
            (Ok(whole), Some(Ok(of_tree))) => assert_eq!(text(whole), text(of_tree), "{method:?}"),
            (Err(C14nError::RelativeNamespace(_)), Some(Err(C14nError::RelativeNamespace(_)))) => {}
            (Err(C14nError::Document(_) | C14nError::RelativeNamespace(_)), None) => {}
            (whole, of_tree) => panic!("{method:?}: {whole:?} and {of_tree:?}"),
        }
        let Ok(whole) = whole else { continue };
        let again = of_stream(&whole, &Options::default(), &method);
        let again = again.unwrap_or_else(|error| panic!("{error}: {}", text(&whole)));
        assert_eq!(text(&again), text(&whole), "{method:?}");
        compare(bytes, &method, &whole);
    }
    if let Some(tree) = &tree {
        subtrees(bytes, tree, &options);
    }
});

/// The six, and two with a list of prefixes.
fn methods() -> impl Iterator<Item = Method> {
    let plain = METHODS.iter().map(|uri| Method::of(uri).expect("a method"));
    let listed = [false, true].map(|comments| {
        let prefixes = ["", "p", "a", "xml"].map(str::to_owned).to_vec();
        Method { flavour: Flavour::Exclusive { prefixes }, comments }
    });
    plain.chain(listed)
}

fn of_stream(bytes: &[u8], options: &Options, method: &Method) -> Result<Vec<u8>, C14nError> {
    let mut reader = Reader::with(bytes, options)?;
    written(|into| canonicalize(&mut reader, method, into))
}

fn of_nodes(node: Node<'_>, method: &Method) -> Result<Vec<u8>, C14nError> {
    let set = NodeSet::subtree(node, true);
    let mut budget = Budget::new(&xpath::Limits::default());
    written(|into| canonicalize_nodes(&set, method, &mut budget, into))
}

fn written(
    write: impl FnOnce(&mut Vec<u8>) -> Result<u64, C14nError>,
) -> Result<Vec<u8>, C14nError> {
    let mut octets = Vec::new();
    let length = write(&mut octets)?;
    assert_eq!(length, octets.len() as u64);
    Ok(octets)
}

fn shown(result: &Result<Vec<u8>, C14nError>) -> Result<&[u8], String> {
    result.as_deref().map_err(|error| format!("{error:?}"))
}

fn text(octets: &[u8]) -> &str {
    std::str::from_utf8(octets).expect("canonical XML is UTF-8")
}

/// bergshamra's canonical form of the whole document.
fn compare(bytes: &[u8], method: &Method, ours: &[u8]) {
    let Some((text, theirs)) = differences::uppsala(bytes) else { return };
    let mode = C14nMode::from_uri(method.uri()).expect("it has the six");
    let prefixes = differences::prefixes(method);
    let theirs = bergshamra_c14n::canonicalize_doc(&theirs, mode, None, &prefixes);
    let theirs = theirs.map(|octets| String::from_utf8(octets).expect("UTF-8"));
    if differences::of_whole(text) {
        return;
    }
    assert_eq!(theirs.expect("a canonical form"), self::text(ours), "{method:?}");
}

static KEYS: LazyLock<(SigningKey, KeySource)> = LazyLock::new(|| {
    let key = VerificationKey::from_secret(SECRET).expect("a secret");
    (SigningKey::from_secret(SECRET).expect("a secret"), KeySource::Given(vec![key]))
});

/// What a verification takes of the elements that have identifiers, against what is written from memory. The document
/// gets a Signature with a Reference for every element and method; only what they cover matters.
fn subtrees(bytes: &[u8], tree: &Document, options: &Options) {
    let Some(end) = tree.root().byte_range().map(|range| range.end as usize) else { return };
    let Some(at) = bytes[..end].iter().rposition(|byte| *byte == b'<') else { return };
    if std::str::from_utf8(bytes).is_err() || !bytes[at..end].starts_with(b"</") {
        return;
    }
    let ids = tree.ids(|_, name| matches!(name.local, "Id" | "ID" | "id"));
    let is_plain = |id: &&str| {
        let mut bytes = id.bytes();
        id.len() < 20
            && bytes.next().is_some_and(|first| first.is_ascii_alphabetic())
            && bytes.all(|byte| byte.is_ascii_alphanumeric())
    };
    let attributes = tree.nodes().filter(|node| {
        node.name().is_some_and(|name| {
            node.parent().is_some_and(|element| element.is_element())
                && matches!(name.local, "Id" | "ID" | "id")
        }) && !node.is_element()
    });
    let mut named: Vec<String> =
        attributes.map(|attribute| attribute.text().into_owned()).collect();
    named.retain(|id| is_plain(&id.as_str()) && ids.element(id).is_some() && !ids.is_ambiguous(id));
    named.sort_unstable();
    named.dedup();
    named.truncate(SUBTREES);
    if named.is_empty() {
        return;
    }
    let mut references = String::new();
    for id in &named {
        for method in METHODS {
            references += &format!(
                "<Reference URI=\"#xpointer(id('{id}'))\"><Transforms><Transform Algorithm=\"{method}\"></Transform></Transforms>\
                 <DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"></DigestMethod>\
                 <DigestValue>MA==</DigestValue></Reference>"
            );
        }
    }
    // It is written as its canonical form is.
    let info = format!(
        "<SignedInfo xmlns=\"{DSIG}\"><CanonicalizationMethod Algorithm=\"{}\"></CanonicalizationMethod>\
         <SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#hmac-sha256\"></SignatureMethod>{references}</SignedInfo>",
        METHODS[4]
    );
    let (signing, source) = &*KEYS;
    let value = signing.sign(signing.default_algorithm(), info.as_bytes()).expect("a signature");
    let signature = format!(
        "<Signature xmlns=\"{DSIG}\">{info}<SignatureValue>{}</SignatureValue></Signature>",
        base64::encode(&value)
    );
    let document = [&bytes[..at], signature.as_bytes(), &bytes[at..]].concat();
    let settings = Settings {
        doctype: options.doctype,
        // The document may have others.
        signature: Choice::At(at as u64),
        limits: Limits {
            xml: options.limits,
            references: 1000,
            octets: 10_000,
            ..settings().limits
        },
        ..settings()
    };
    let report = verify(Cursor::new(&document), &settings, source, &mut Honest);
    let Some(tree) = Reader::with(&document[..], options)
        .ok()
        .and_then(|reader| Document::read(reader, &document::Limits::default()).ok())
    else {
        assert!(report.is_err());
        return;
    };
    let ids = tree.ids(|_, name| matches!(name.local, "Id" | "ID" | "id"));
    let mut taken = report.as_ref().map(|report| report.references().iter()).ok();
    for id in &named {
        let element = ids.element(id).expect("it is still there");
        for uri in METHODS {
            let method = Method::of(uri).expect("a method");
            let ours = of_nodes(element, &method);
            match (&ours, taken.as_mut().map(|taken| taken.next().expect("one for each"))) {
                (Ok(octets), Some(taken)) => {
                    let taken = taken.octets.as_deref().unwrap_or_else(|| panic!("{taken:?}"));
                    assert_eq!(text(taken), text(octets), "{method:?} of {id}");
                }
                (Err(C14nError::RelativeNamespace(_)), None) => return,
                (Ok(_), None) => {}
                (ours, taken) => panic!("{ours:?} and {taken:?}"),
            }
            if let Ok(octets) = &ours {
                compare_subtree(&document, id, &method, octets);
            }
        }
    }
    if let Err(error) = report {
        // Something else of it may be refused: the Signature in an entity, the Id of another Signature.
        assert!(differences::may_refuse(&error), "{error}: {}", text(&document));
    }
}

/// bergshamra's canonical form of one element.
fn compare_subtree(bytes: &[u8], id: &str, method: &Method, ours: &[u8]) {
    let Some((text, theirs)) = differences::uppsala(bytes) else { return };
    if differences::of_subtree(text, method) {
        return;
    }
    let mut nodes = theirs.descendants(theirs.root()).into_iter();
    let found = nodes.find(|node| {
        theirs.element(*node).is_some_and(|element| {
            ["Id", "ID", "id"].iter().any(|name| element.get_attribute(name) == Some(id))
        })
    });
    let Some(found) = found else { return };
    let set = bergshamra_xml::nodeset::NodeSet::tree_with_comments(found, &theirs);
    let mode = C14nMode::from_uri(method.uri()).expect("it has the six");
    let none: [&str; 0] = [];
    let theirs = bergshamra_c14n::canonicalize_doc(&theirs, mode, Some(&set), &none);
    let theirs = String::from_utf8(theirs.expect("a canonical form")).expect("UTF-8");
    assert_eq!(theirs, self::text(ours), "{method:?} of {id}");
}
