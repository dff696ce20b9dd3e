//! Sets of nodes and their canonical form, held to the digests and octets of the public suites.

use ravelin_test::corpus;
use ravelin_xmldsig::{
    algorithm::DigestAlgorithm,
    base64,
    c14n::{C14nError, Flavour, Method, canonicalize_nodes},
    document::{self, Document, Ids, Node},
    nodeset::NodeSet,
    xml::{Doctype, Options, Reader},
    xpath::{Budget, Limits},
};
use serde_json::Value;
use std::{fs, path::Path};

const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
const XPATH: &str = "http://www.w3.org/TR/1999/REC-xpath-19991116";
const FILTER2: &str = "http://www.w3.org/2002/06/xmldsig-filter2";
const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";

fn read(octets: &[u8]) -> Option<Document> {
    let options = Options { doctype: Doctype::InternalSubset, ..Options::default() };
    Document::read(Reader::with(octets, &options).ok()?, &document::Limits::default()).ok()
}

fn ids(document: &Document) -> Ids<'_> {
    document.ids(|element, name| {
        let usual = ["Id", "ID", "id", "AssertionID", "ResponseID"].contains(&name.local);
        usual
            || name.is("", "Id") && element.name().is_some_and(|element| element.namespace == DSIG)
    })
}

fn child<'a>(node: Node<'a>, name: &str) -> Option<Node<'a>> {
    node.elements().find(|child| child.name().is_some_and(|found| found.local == name))
}

/// What a reference selects in a document, with the comments that belong to it.
fn select<'a>(document: &'a Document, ids: &Ids<'a>, uri: &str) -> Option<NodeSet<'a>> {
    let quoted = |text: &str| text.trim_matches(['\'', '"']).to_owned();
    if uri.is_empty() {
        return Some(NodeSet::document(document, false));
    }
    let fragment = uri.strip_prefix('#')?;
    if fragment == "xpointer(/)" {
        return Some(NodeSet::document(document, true));
    }
    let pointed =
        fragment.strip_prefix("xpointer(id(").and_then(|rest| rest.strip_suffix("))")).map(quoted);
    let comments = pointed.is_some();
    let element = ids.element(pointed.as_deref().unwrap_or(fragment))?;
    Some(NodeSet::subtree(element, comments))
}

fn method(transform: Node<'_>, algorithm: &str) -> Option<Method> {
    let mut method = Method::of(algorithm)?;
    if let (Flavour::Exclusive { prefixes }, Some(list)) = (
        &mut method.flavour,
        transform.elements().find(|child| child.is(EXCLUSIVE, "InclusiveNamespaces")),
    ) {
        let list = list.attribute("", "PrefixList").unwrap_or_default().split_whitespace();
        *prefixes = list
            .map(|prefix| if prefix == "#default" { String::new() } else { prefix.to_owned() })
            .collect();
    }
    Some(method)
}

/// What the transforms of a reference make of a set of nodes. Nothing if a transform is not one of those of this test.
fn transformed(
    mut set: NodeSet<'_>,
    reference: Node<'_>,
    signature: Node<'_>,
    ids: &Ids<'_>,
) -> Option<Vec<u8>> {
    let limits = Limits::default();
    let mut budget = Budget::new(&limits);
    let transforms: Vec<Node<'_>> =
        child(reference, "Transforms").into_iter().flat_map(Node::elements).collect();
    let mut last = Method::inclusive();
    for (i, transform) in transforms.iter().enumerate() {
        match transform.attribute("", "Algorithm")? {
            "http://www.w3.org/2000/09/xmldsig#enveloped-signature" => {
                set = set.without_subtree(signature);
            }
            XPATH => {
                set = set.xpath_transform(*transform, Some(ids), &limits, &mut budget).unwrap();
            }
            FILTER2 => {
                set = set.filter2_transform(*transform, Some(ids), &limits, &mut budget).unwrap();
            }
            algorithm if i + 1 == transforms.len() => last = method(*transform, algorithm)?,
            _ => return None,
        }
    }
    let mut octets = Vec::new();
    match canonicalize_nodes(&set, &last, &mut budget, &mut octets) {
        // Such documents have no canonical form.
        Err(C14nError::RelativeNamespace(_)) => None,
        written => {
            assert_eq!(written.unwrap(), octets.len() as u64);
            Some(octets)
        }
    }
}

/// What a reference digests, if this test can know.
fn digested(
    file: &Path,
    document: &Document,
    signature: Node<'_>,
    reference: Node<'_>,
) -> Option<Vec<u8>> {
    let uri = reference.attribute("", "URI")?;
    let known = ids(document);
    if let Some(set) = select(document, &known, uri) {
        return transformed(set, reference, signature, &known);
    }
    if uri.contains(':') || uri.starts_with('#') {
        return None;
    }
    // Another document, its comments among its nodes. What is only digested is no matter of nodes.
    child(reference, "Transforms")?;
    let other = read(&fs::read(file.parent()?.join(uri)).ok()?)?;
    let known = ids(&other);
    transformed(NodeSet::document(&other, true), reference, signature, &known)
}

#[test]
fn references_within_documents_have_the_digests_of_the_public_suites() {
    let Some(folder) = corpus("xmldsig-vectors") else { return };
    let manifest: Value =
        serde_json::from_slice(&fs::read(folder.join("manifest.json")).unwrap()).unwrap();
    let mut wrong = Vec::new();
    let (mut right, mut right_with_expressions) = (0, 0);
    for vector in manifest["vectors"].as_array().unwrap() {
        let name = vector["file"].as_str().unwrap();
        if vector["expect"]["references"].as_str() != Some("valid") {
            continue;
        }
        let file = folder.join(name);
        let Some(document) = read(&fs::read(&file).unwrap()) else { continue };
        let signature =
            document.root().descendants().find(|node| node.is(DSIG, "Signature")).unwrap();
        let info = child(signature, "SignedInfo").unwrap();
        for reference in info.elements().filter(|element| element.is(DSIG, "Reference")) {
            let algorithm =
                child(reference, "DigestMethod").unwrap().attribute("", "Algorithm").unwrap();
            let Ok(algorithm) = DigestAlgorithm::from_uri(algorithm) else { continue };
            let Some(octets) = digested(&file, &document, signature, reference) else { continue };
            let expected = child(reference, "DigestValue").unwrap().text();
            if algorithm.digest(&octets).as_ref()
                == base64::decode(expected.as_bytes(), 1000).unwrap()
            {
                right += 1;
                let transforms =
                    child(reference, "Transforms").into_iter().flat_map(Node::elements);
                let with_expressions =
                    transforms.filter_map(|transform| transform.attribute("", "Algorithm"));
                right_with_expressions += usize::from(
                    with_expressions
                        .into_iter()
                        .any(|algorithm| [XPATH, FILTER2].contains(&algorithm)),
                );
            } else {
                wrong.push(format!("{name}: {:?}", reference.byte_range().unwrap()));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{right} are right, {right_with_expressions} with expressions, but not {wrong:#?}"
    );
    assert!(right > 300 && right_with_expressions > 120, "{right} {right_with_expressions}");
}

#[test]
fn octets_are_those_of_the_public_suites() {
    let Some(folder) = corpus("xmldsig-vectors") else { return };
    let mut wrong = Vec::new();
    let mut right = 0;
    for (signature_file, prefix) in [
        ("xmlsec/merlin-c14n-three/signature.xml", "c14n-"),
        ("xmlsec/merlin-xpath-filter2-three/sign-spec.xml", "sign-spec-c14n-"),
        ("xmlsec/merlin-xpath-filter2-three/sign-xfdl.xml", "sign-xfdl-c14n-"),
        ("santuario/interop/c14n/Y4/signature.xml", "c14n-"),
        ("santuario/interop/c14n/Y5/signatureCommented.xml", "c14n-"),
    ] {
        let file = folder.join(signature_file);
        let document = read(&fs::read(&file).unwrap()).unwrap();
        let signature =
            document.root().descendants().find(|node| node.is(DSIG, "Signature")).unwrap();
        let info = child(signature, "SignedInfo").unwrap();
        for (i, reference) in
            info.elements().filter(|element| element.is(DSIG, "Reference")).enumerate()
        {
            let Ok(expected) = fs::read(file.with_file_name(format!("{prefix}{i}.txt"))) else {
                continue;
            };
            match digested(&file, &document, signature, reference) {
                Some(octets) if octets == expected => right += 1,
                Some(octets) => wrong.push(format!(
                    "{signature_file} {i}:\n{}\nnot\n{}",
                    String::from_utf8_lossy(&octets),
                    String::from_utf8_lossy(&expected)
                )),
                None => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{right} are right, but not {} {}", wrong.len(), wrong.join("\n\n"));
    assert!(right >= 80, "{right}");
}
