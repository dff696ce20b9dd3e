//! Examples of the recommendations, and whole documents as everything else writes them.

use proptest::{prelude::*, strategy::ValueTree};
use ravelin_test::has_program;
use ravelin_xmldsig::{
    c14n::{C14nError, Flavour, Method, canonicalize, canonicalize_nodes},
    document::{self, Document, Node},
    nodeset::{
        NodeSet,
        Operation::{self, Intersect, Subtract, Union},
        Subtrees,
    },
    xml::Reader,
    xpath::{Budget, Expression, Limits},
};
use std::{io::Write, process::Command};

fn read(text: &str) -> Document {
    Document::read(Reader::new(text.as_bytes()).unwrap(), &document::Limits::default()).unwrap()
}

fn written(set: &NodeSet<'_>, method: &Method) -> String {
    let mut octets = Vec::new();
    canonicalize_nodes(set, method, &mut Budget::new(&Limits::default()), &mut octets).unwrap();
    String::from_utf8(octets).unwrap()
}

fn parse(expression: &str) -> Expression {
    let namespaces = |prefix: &str| (prefix == "ietf").then(|| "http://www.ietf.org".to_owned());
    Expression::parse(expression, namespaces, &Limits::default()).unwrap()
}

fn filtered<'a>(document: &'a Document, expression: &str) -> NodeSet<'a> {
    let ids = document.ids(|_, name| name.is("", "id"));
    let mut budget = Budget::new(&Limits::default());
    NodeSet::document(document, true)
        .filter(&parse(expression), Some(&ids), None, &mut budget)
        .unwrap()
}

fn element<'a>(document: &'a Document, local: &str) -> Node<'a> {
    document
        .root()
        .descendants()
        .find(|node| node.name().is_some_and(|name| name.local == local))
        .unwrap()
}

fn inclusive_11() -> Method {
    Method { flavour: Flavour::Inclusive11, comments: false }
}

fn exclusive(prefixes: &[&str]) -> Method {
    let prefixes = prefixes.iter().map(|prefix| (*prefix).to_owned()).collect();
    Method { flavour: Flavour::Exclusive { prefixes }, comments: false }
}

#[test]
fn relative_namespace_names_are_a_fault_in_inclusive_canonicalization_only_in_memory_as_while_reading()
 {
    let text = "<a xmlns=\"relative\" xmlns:p=\"urn:p\"><p:b p:c=\"\"/></a>";
    let document = read(text);
    let limits = Limits::default();
    for (method, is_fault) in [
        (Method::inclusive(), true),
        (inclusive_11(), true),
        (exclusive(&[]), false),
        (exclusive(&[""]), false),
    ] {
        let (mut of_nodes, mut streamed) = (Vec::new(), Vec::new());
        let set = NodeSet::document(&document, true);
        let first = canonicalize_nodes(&set, &method, &mut Budget::new(&limits), &mut of_nodes);
        let mut reader = Reader::new(text.as_bytes()).unwrap();
        let second = canonicalize(&mut reader, &method, &mut streamed);
        for result in [first, second] {
            match result {
                Ok(_) => assert!(!is_fault, "{method:?}"),
                Err(error) => {
                    assert!(
                        is_fault && matches!(error, C14nError::RelativeNamespace(_)),
                        "{error}"
                    );
                }
            }
        }
        assert!(is_fault || of_nodes == streamed);
    }
}

/// Canonical XML 1.0, section 3.7.
#[test]
fn the_document_subset_of_the_recommendation() {
    let document = read(
        "<doc xmlns=\"http://www.ietf.org\" xmlns:w3c=\"http://www.w3.org\">\n   <e1>\n      <e2 xmlns=\"\" \
         xml:space=\"preserve\">\n         <e3 id=\"E3\"/>\n      </e2>\n   </e1>\n</doc>",
    );
    let set = filtered(
        &document,
        "self::ietf:e1 or (parent::ietf:e1 and not(self::text() or self::e2)) or \
         count(id(\"E3\")|ancestor-or-self::node()) = count(ancestor-or-self::node())",
    );
    let expected = "<e1 xmlns=\"http://www.ietf.org\" xmlns:w3c=\"http://www.w3.org\">\
                    <e3 xmlns=\"\" id=\"E3\" xml:space=\"preserve\"></e3></e1>";
    assert_eq!(written(&set, &Method::inclusive()), expected);
    assert_eq!(written(&set, &inclusive_11()), expected);
    let exclusive_form = "<e1 xmlns=\"http://www.ietf.org\"><e3 xmlns=\"\" id=\"E3\"></e3></e1>";
    assert_eq!(written(&set, &exclusive(&[])), exclusive_form);
}

/// Exclusive Canonicalization, section 2.2.
#[test]
fn exclusive_takes_only_what_is_visibly_used() {
    let document = read(
        "<n0:local xmlns:n0=\"foo:bar\" xmlns:n3=\"ftp://example.org\"><n1:elem2 xmlns:n1=\"http://example.net\" \
         xml:lang=\"en\"><n3:stuff xmlns:n3=\"ftp://example.org\"/></n1:elem2></n0:local>",
    );
    let set = NodeSet::subtree(element(&document, "elem2"), false);
    assert_eq!(
        written(&set, &Method::inclusive()),
        "<n1:elem2 xmlns:n0=\"foo:bar\" xmlns:n1=\"http://example.net\" xmlns:n3=\"ftp://example.org\" \
         xml:lang=\"en\"><n3:stuff></n3:stuff></n1:elem2>"
    );
    assert_eq!(
        written(&set, &exclusive(&[])),
        "<n1:elem2 xmlns:n1=\"http://example.net\" xml:lang=\"en\"><n3:stuff xmlns:n3=\"ftp://example.org\">\
         </n3:stuff></n1:elem2>"
    );
    assert_eq!(
        written(&set, &exclusive(&["n0", "none"])),
        "<n1:elem2 xmlns:n0=\"foo:bar\" xmlns:n1=\"http://example.net\" xml:lang=\"en\"><n3:stuff \
         xmlns:n3=\"ftp://example.org\"></n3:stuff></n1:elem2>"
    );
}

/// Canonical XML 1.0, section 2.4, and 1.1, section 2.4.
#[test]
fn attributes_of_the_xml_namespace_are_taken_over_from_what_is_left_out() {
    let document = read(
        "<a xml:base='http://x/a/' xml:lang='de' xml:id='i1'><b xml:base='b/' xml:space='preserve' xml:other='o'>\
         <c xml:lang='en'><d xml:base='d'/></c></b></a>",
    );
    let kept = filtered(&document, "ancestor-or-self::c or self::a");
    assert_eq!(
        written(&kept, &Method::inclusive()),
        "<a><c xml:base=\"b/\" xml:id=\"i1\" xml:lang=\"en\" xml:other=\"o\" xml:space=\"preserve\"><d xml:base=\"d\">\
         </d></c></a>"
    );
    // The attributes of `a` are not in the set, but neither is what is around it.
    assert_eq!(
        written(&kept, &inclusive_11()),
        "<a xml:base=\"http://x/a/\" xml:lang=\"de\"><c xml:base=\"b/\" xml:lang=\"en\" xml:space=\"preserve\">\
         <d xml:base=\"d\"></d></c></a>"
    );
    assert_eq!(
        written(&kept, &exclusive(&[])),
        "<a><c xml:lang=\"en\"><d xml:base=\"d\"></d></c></a>"
    );
    let inner = NodeSet::subtree(element(&document, "d"), false);
    assert_eq!(
        written(&inner, &Method::inclusive()),
        "<d xml:base=\"d\" xml:id=\"i1\" xml:lang=\"en\" xml:other=\"o\" xml:space=\"preserve\"></d>"
    );
    assert_eq!(
        written(&inner, &inclusive_11()),
        "<d xml:base=\"http://x/a/b/d\" xml:lang=\"en\" xml:space=\"preserve\"></d>"
    );
}

#[test]
fn what_belongs_to_an_element_that_is_left_out_stays_if_it_is_in_the_set() {
    let document = read("<a xmlns:p='urn:p'><b xmlns:q='urn:q' y='2' x='1'>t<c/></b></a>");
    // The element goes, its namespace nodes and attributes do not.
    let set = filtered(&document, "not(self::b)");
    let expected =
        "<a xmlns:p=\"urn:p\"> xmlns:q=\"urn:q\" x=\"1\" y=\"2\"t<c xmlns:q=\"urn:q\"></c></a>";
    assert_eq!(written(&set, &Method::inclusive()), expected);
    assert_eq!(written(&set, &exclusive(&[])), "<a> x=\"1\" y=\"2\"t<c></c></a>");
    // Namespace nodes that are not in the set are not declared.
    let set = filtered(&document, "self::* or self::text() or name() = 'q'");
    assert_eq!(written(&set, &Method::inclusive()), "<a><b xmlns:q=\"urn:q\">t<c></c></b></a>");
}

#[test]
fn the_default_namespace_is_taken_away_only_from_those_who_had_it() {
    let document = read("<a xmlns='urn:a'><b xmlns=''><c xmlns='urn:c'/></b></a>");
    let all = NodeSet::document(&document, true);
    let text = "<a xmlns=\"urn:a\"><b xmlns=\"\"><c xmlns=\"urn:c\"></c></b></a>";
    for method in [Method::inclusive(), exclusive(&[]), exclusive(&[""])] {
        assert_eq!(written(&all, &method), text);
    }
    let without_nodes = filtered(&document, "self::*");
    for method in [Method::inclusive(), exclusive(&[]), exclusive(&[""])] {
        assert_eq!(written(&without_nodes, &method), "<a><b><c></c></b></a>");
    }
    let inner = NodeSet::subtree(element(&document, "b"), true);
    assert_eq!(written(&inner, &Method::inclusive()), "<b><c xmlns=\"urn:c\"></c></b>");
}

#[test]
fn filters_are_applied_in_order_to_whole_subtrees() {
    let document = read("<a><b i='1'><c>x</c><!--k--></b><b i='2'><c>y</c></b></a>");
    let apply = |input: &NodeSet<'_>, operations: &[(Operation, &str)]| {
        let operations: Vec<_> = operations
            .iter()
            .map(|(operation, expression)| Subtrees {
                operation: *operation,
                expression: parse(expression),
                here: None,
            })
            .collect();
        let set = input.filter2(&operations, None, &mut Budget::new(&Limits::default())).unwrap();
        written(&set, &Method { comments: true, ..Method::inclusive() })
    };
    let whole = NodeSet::document(&document, true);
    assert_eq!(apply(&whole, &[(Intersect, "//b[1]")]), "<b i=\"1\"><c>x</c><!--k--></b>");
    assert_eq!(apply(&whole, &[(Subtract, "//c | //@i")]), "<a><b><!--k--></b><b></b></a>");
    assert_eq!(
        apply(&whole, &[(Subtract, "//b"), (Union, "//b[2]")]),
        "<a><b i=\"2\"><c>y</c></b></a>"
    );
    assert_eq!(apply(&whole, &[(Union, "//b[2]"), (Subtract, "//b")]), "<a></a>");
    assert_eq!(apply(&whole, &[(Intersect, "//none")]), "");
    // What was not in the input does not come.
    let part = NodeSet::subtree(element(&document, "b"), false);
    assert_eq!(apply(&part, &[(Union, "/")]), "<b i=\"1\"><c>x</c></b>");
    let enveloped = whole.clone().without_subtree(element(&document, "b"));
    assert_eq!(apply(&enveloped, &[(Union, "/")]), "<a><b i=\"2\"><c>y</c></b></a>");
}

/// Elements with namespaces, attributes and everything that may stand between.
fn content() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        "[a-c \n]{0,4}".prop_map(|text| text),
        Just("<!--c-->".to_owned()),
        Just("<?t d?>".to_owned()),
        Just("<![CDATA[<>&\r]]>".to_owned()),
        Just("&#13;&gt;".to_owned()),
    ];
    leaf.prop_recursive(5, 40, 4, |inner| {
        (
            prop::sample::select(vec!["a", "b", "p:a", "q:b"]),
            prop::sample::subsequence(vec!["xmlns='urn:1'", "xmlns='urn:2'", "xmlns=''"], 0..=1),
            prop::sample::subsequence(
                vec!["xmlns:p='urn:p'", "xmlns:q='urn:1'", "xmlns:r='urn:r'", "xmlns:x='urn:x'"],
                0..=4,
            ),
            prop::sample::subsequence(
                vec!["z='&#9;&lt;'", "p:y='1'", "a=\"'\"", "q:a='2'", "xml:lang='en'"],
                0..=5,
            ),
            prop::collection::vec(inner, 0..4),
        )
            .prop_map(|(name, default, prefixes, attributes, children)| {
                let head = [default, prefixes, attributes].concat().join(" ");
                format!("<{name} {head}>{}</{name}>", children.concat())
            })
    })
}

fn whole_documents() -> impl Strategy<Value = String> {
    content().prop_map(|content| {
        format!("<?pi x?><!--before--><root xmlns:p='urn:p0' xmlns:q='urn:q0'>{content}</root><!--after-->")
    })
}

fn methods() -> [Method; 5] {
    [
        Method::inclusive(),
        inclusive_11(),
        exclusive(&[]),
        exclusive(&["", "p", "r"]),
        Method { comments: true, ..exclusive(&[]) },
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_whole_document_in_memory_is_written_as_while_it_is_read(text in whole_documents()) {
        let document = read(&text);
        let all = filtered(&document, "name() != 'no such name'");
        for method in methods() {
            let mut streamed = Vec::new();
            canonicalize(&mut Reader::new(text.as_bytes()).unwrap(), &method, &mut streamed).unwrap();
            let streamed = String::from_utf8(streamed).unwrap();
            let set = NodeSet::document(&document, method.comments);
            prop_assert_eq!(&written(&set, &method), &streamed);
            if method.comments {
                // The same nodes, one by one.
                prop_assert_eq!(&written(&all, &method), &streamed);
            }
        }
    }
}

#[test]
fn whole_documents_are_written_as_libxml2_writes_them() {
    if !has_program("xmllint", &["--version"]) {
        return;
    }
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for _ in 0..40 {
        let text = whole_documents().new_tree(&mut runner).unwrap().current();
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let document = read(&text);
        for (option, flavour) in [
            ("--c14n", Flavour::Inclusive),
            ("--c14n11", Flavour::Inclusive11),
            ("--exc-c14n", Flavour::Exclusive { prefixes: Vec::new() }),
        ] {
            let output = Command::new("xmllint").arg(option).arg(file.path()).output().unwrap();
            let theirs = String::from_utf8(output.stdout).unwrap();
            // It keeps comments.
            let ours =
                written(&NodeSet::document(&document, true), &Method { flavour, comments: true });
            assert_eq!(ours, theirs, "{option} {text}");
        }
    }
}
