//! Documents in memory.

use ravelin_xmldsig::{
    document::{
        Document, DocumentError, Limits, Node,
        NodeKind::{self, Attribute, Comment, Document as Whole, Element, Instruction, Text},
    },
    xml::{self, Options, Reader},
};

fn read(text: &str) -> Document {
    Document::read(Reader::new(text.as_bytes()).unwrap(), &Limits::default()).unwrap()
}

#[test]
fn nodes_stand_in_document_order_with_their_attributes() {
    let document = read("<?p d?><a x='1'>t<!--c--><b y='2' z='3'/><![CDATA[u]]>&amp;v</a><!--e-->");
    let kinds: Vec<NodeKind> = document.nodes().map(Node::kind).collect();
    assert_eq!(
        kinds,
        [
            Whole,
            Instruction,
            Element,
            Attribute,
            Text,
            Comment,
            Element,
            Attribute,
            Attribute,
            Text,
            Comment
        ]
    );
    let root = document.root();
    assert_eq!(root.children().map(Node::kind).collect::<Vec<_>>(), [Text, Comment, Element, Text]);
    assert_eq!(root.text(), "tu&v");
    assert_eq!(document.node().children().count(), 3);
    let b = root.elements().next().unwrap();
    assert_eq!(
        b.attributes().map(|attribute| attribute.text().into_owned()).collect::<Vec<_>>(),
        ["2", "3"]
    );
    assert!(b.children().next().is_none());
    assert!(b.is_within(root) && !root.is_within(b) && root < b);
    assert_eq!(b.attributes().next().unwrap().parent(), Some(b));
    assert_eq!(b.ancestors().map(Node::kind).collect::<Vec<_>>(), [Element, Whole]);
    assert_eq!(document.nodes().nth(1).unwrap().target(), Some("p"));
    assert_eq!(document.nodes().nth(1).unwrap().text(), "d");
}

#[test]
fn text_is_one_node_however_it_was_written() {
    let document = read("<a>one<![CDATA[ two]]><![CDATA[]]> &lt;three&#33;</a>");
    assert_eq!(document.root().children().count(), 1);
    assert_eq!(document.root().text(), "one two <three!");
    let split = read("<a>one<!--x-->two<?x?>three<b/>four</a>");
    assert_eq!(split.root().children().filter(|child| child.kind() == Text).count(), 4);
}

#[test]
fn elements_know_where_they_stand_in_the_source() {
    let text = "<a>\r\n <b x='é'><c/></b >\r\n</a>";
    let document = read(text);
    for node in document.root().descendants().filter(|node| node.is_element()) {
        let range = node.byte_range().unwrap();
        let place = |offset: u64| usize::try_from(offset).unwrap();
        let source = &text[place(range.start)..place(range.end)];
        assert!(source.starts_with(&format!("<{}", node.name().unwrap())), "{source}");
        assert!(source.ends_with('>'), "{source}");
    }
    assert_eq!(document.root().byte_range(), Some(0..text.len() as u64));
}

#[test]
fn namespaces_are_those_in_force() {
    let document = read(
        "<a xmlns='urn:1' xmlns:p='urn:p'><b xmlns='' xmlns:q='urn:q'><c xmlns:p='urn:2'/></b><d xmlns='urn:3'/></a>",
    );
    let find = |name: &str| {
        document
            .root()
            .descendants()
            .find(|node| node.is_element() && node.name().unwrap().local == name)
    };
    let namespaces = |name: &str| {
        let mut all: Vec<String> = find(name)
            .unwrap()
            .namespaces()
            .map(|(prefix, uri)| format!("{prefix}={uri}"))
            .collect();
        all.sort();
        all.join(" ")
    };
    assert_eq!(namespaces("a"), "=urn:1 p=urn:p");
    assert_eq!(namespaces("b"), "p=urn:p q=urn:q");
    assert_eq!(namespaces("c"), "p=urn:2 q=urn:q");
    assert_eq!(namespaces("d"), "=urn:3 p=urn:p");
    let c = find("c").unwrap();
    assert_eq!(
        (c.namespace(""), c.namespace("p"), c.namespace("none")),
        (Some(""), Some("urn:2"), None)
    );
    assert_eq!(c.namespace("xml"), Some("http://www.w3.org/XML/1998/namespace"));
    assert!(c.is("", "c"));
}

#[test]
fn limits_are_told_by_name_and_place() {
    let read = |limits| {
        let text = format!("<a>{}</a>", "<b c='d'>text</b>".repeat(100));
        Document::read(Reader::new(text.as_bytes()).unwrap(), &limits)
    };
    let limit = |error| match error {
        DocumentError::Limit { limit, offset } => (limit, offset),
        other => panic!("{other}"),
    };
    assert!(read(Limits { nodes: 302, ..Limits::default() }).is_ok());
    assert_eq!(
        limit(read(Limits { nodes: 301, ..Limits::default() }).unwrap_err()),
        ("nodes", 3 + 99 * 17)
    );
    assert_eq!(
        limit(read(Limits { text: 499, ..Limits::default() }).unwrap_err()),
        ("text", 3 + 99 * 17)
    );
}

#[test]
fn depth_costs_no_stack() {
    let depth = 100_000;
    let text = format!("{}x{}", "<a>".repeat(depth), "</a>".repeat(depth));
    let limits = xml::Limits { depth, ..xml::Limits::default() };
    let reader = Reader::with(text.as_bytes(), &Options { limits, ..Options::default() }).unwrap();
    let document = Document::read(reader, &Limits::default()).unwrap();
    assert_eq!(document.nodes().len(), depth + 2);
    let innermost = document.nodes().last().unwrap();
    assert_eq!(innermost.ancestors().count(), depth + 1);
    assert_eq!(document.root().text(), "x");
}
