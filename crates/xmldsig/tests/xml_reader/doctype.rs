//! The internal subset: what it says is obeyed, and what is wrong with it is told.

use super::events::{self, Node};
use ravelin_xmldsig::xml::{AttributeKind, Doctype, Event, Limits, Options, Reader, XmlFault};

fn read(text: &str) -> Result<Vec<Node>, String> {
    events::read(text.as_bytes(), &events::with_doctype()).map_err(|error| error.to_string())
}

/// The text of the document element, and its attributes as `{namespace}name=value`.
fn content(text: &str) -> (String, Vec<String>) {
    let nodes = read(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let mut found = (String::new(), Vec::new());
    for node in nodes {
        match node {
            Node::Text(text) => found.0.push_str(&text),
            Node::Start { attributes, .. } => found.1.extend(
                attributes
                    .into_iter()
                    .map(|((uri, name), value)| format!("{{{uri}}}{name}={value}")),
            ),
            _ => {}
        }
    }
    found
}

fn text(document: &str) -> String {
    content(document).0
}

#[test]
fn entities_stand_for_what_they_say() {
    assert_eq!(
        text("<!DOCTYPE a [<!ENTITY e 'x&#38;y'>]><a>&e;</a>".replace("&#38;y", "y").as_str()),
        "xy"
    );
    // XML 1.0, appendix D.
    let example = "<!DOCTYPE a [<!ENTITY example \"<p>An ampersand (&#38;#38;) may be escaped\nnumerically \
                   (&#38;#38;#38;) or with a general entity\n(&amp;amp;).</p>\" >]><a>&example;</a>";
    assert_eq!(
        text(example),
        "An ampersand (&) may be escaped\nnumerically (&#38;) or with a general entity\n(&amp;)."
    );
    let tricky = "<?xml version='1.0'?>\n<!DOCTYPE test [\n<!ELEMENT test (#PCDATA) >\n<!ENTITY % xx '&#37;zz;'>\n\
                  <!ENTITY % zz '&#60;!ENTITY tricky \"error-prone\" >' >\n%xx;\n]>\n\
                  <test>This sample shows a &tricky; method.</test>";
    assert_eq!(text(tricky), "This sample shows a error-prone method.");
    // The first declaration counts.
    assert_eq!(text("<!DOCTYPE a [<!ENTITY e '1'><!ENTITY e '2'>]><a>&e;</a>"), "1");
    assert_eq!(
        text("<!DOCTYPE a [<!ENTITY e '<b>&f;</b>'><!ENTITY f 'in'>]><a>&e;&e;</a>"),
        "inin"
    );
    assert_eq!(text("<!DOCTYPE a [<!ENTITY e '&#13;'>]><a>&e;</a>"), "\r");
    assert_eq!(text("<!DOCTYPE a [<!ENTITY e '<![CDATA[&amp;]]]]>'>]><a>&e;></a>"), "&amp;]]>");
    assert_eq!(
        text(
            "<!DOCTYPE a [<!ENTITY lt '&#38;#60;'><!ENTITY gt '>'><!ENTITY amp '&#38;#x26;'>]><a>&lt;</a>"
        ),
        "<"
    );
}

#[test]
fn attributes_are_supplied_and_normalised() {
    let (_, attributes) = content(
        "<!DOCTYPE a [<!ATTLIST a t CDATA ' d\t&#10;d ' n NMTOKENS ' x\n y &e;' f CDATA #FIXED '1' r ID #REQUIRED \
         i (u|v) #IMPLIED t CDATA 'second'>]><a n='  2&#32; \t3 ' i=' v '/>"
            .replace("&e;", "")
            .as_str(),
    );
    assert_eq!(attributes, ["{}f=1", "{}i=v", "{}n=2 3", "{}t= d \nd "]);
    let (_, attributes) = content(
        "<!DOCTYPE a [<!ENTITY e ' z&#9; '><!ATTLIST a n NMTOKENS 'x  &e;y' c CDATA '&e;'>]><a/>",
    );
    assert_eq!(attributes, ["{}c= z  ", "{}n=x z y"]);
    // What replaces a reference to a character is kept, unlike the white space of an entity.
    let (_, attributes) =
        content("<!DOCTYPE a [<!ATTLIST a n NMTOKENS #IMPLIED>]><a n='&#32; x&#10;&#9;y&#32;'/>");
    assert_eq!(attributes, ["{}n=x\n\ty"]);
}

#[test]
fn namespaces_are_declared_by_defaults() {
    let (_, attributes) = content(
        "<!DOCTYPE a [<!ATTLIST a xmlns CDATA #FIXED 'urn:d' xmlns:p CDATA 'urn:p' p:b CDATA 'v'>]><a/>",
    );
    assert_eq!(attributes, ["{urn:p}b=v"]);
    let document = "<!DOCTYPE a [<!ATTLIST a xmlns:p CDATA 'urn:p'>]><a><p:b/></a>";
    assert!(read(document).is_ok());
    let twice =
        "<!DOCTYPE a [<!ATTLIST a xmlns:p CDATA 'u' xmlns:q CDATA 'u' p:b CDATA 'v'>]><a q:b='1'/>";
    assert!(read(twice).unwrap_err().contains("stands twice"));
    let unbound = "<!DOCTYPE a [<!ATTLIST a p:b CDATA 'v'>]><a/>";
    assert!(read(unbound).unwrap_err().contains("prefix \"p\""));
}

#[test]
fn the_types_of_attributes_are_told() {
    let document = "<!DOCTYPE a [<!ATTLIST a i ID #IMPLIED r IDREF #IMPLIED>]><a i=' 1 ' r='2' t='3' xml:id=' 4 '/>";
    let mut reader = Reader::with(document.as_bytes(), &events::with_doctype()).unwrap();
    let Event::Start(start) = reader.next().unwrap() else { panic!() };
    let kinds: Vec<_> =
        start.attributes().map(|attribute| (attribute.value, attribute.kind)).collect();
    // `xml:id` is what it is declared as, like every other: what is signed is what other readers see.
    assert_eq!(
        kinds,
        [
            ("1", AttributeKind::Id),
            ("2", AttributeKind::Tokens),
            ("3", AttributeKind::Text),
            (" 4 ", AttributeKind::Text)
        ]
    );
}

#[test]
fn what_stands_outside_is_never_read() {
    let unknown = read("<!DOCTYPE a SYSTEM 'a.dtd'><a>&e;</a>").unwrap_err();
    assert!(unknown.contains("outside which nothing is read"), "{unknown}");
    let external = read("<!DOCTYPE a [<!ENTITY e SYSTEM 'e.xml'>]><a>&e;</a>").unwrap_err();
    assert!(external.contains("nothing is fetched"), "{external}");
    let data = "<!DOCTYPE a [<!NOTATION n SYSTEM 'n'><!ENTITY e SYSTEM 'e' NDATA n>]><a>&e;</a>";
    assert!(read(data).unwrap_err().contains("it is not text"));
    assert!(read("<!DOCTYPE a [<!ENTITY e SYSTEM 'e.xml'>]><a b='&e;'/>").is_err());
    // Section 5.1: what follows something that was not read is not obeyed, unless the document stands alone.
    let after = "<!DOCTYPE a [<!ENTITY % x SYSTEM 'x'><!ATTLIST a b CDATA '1'>%x;<!ATTLIST a c CDATA '&u;'>]><a/>";
    assert_eq!(content(after).1, ["{}b=1"]);
    let alone = format!("<?xml version='1.0' standalone='yes'?>{}", after.replace("&u;", "2"));
    assert_eq!(content(&alone).1, ["{}b=1", "{}c=2"]);
    assert!(read(&after.replace("'&u;'", "'<'")).is_err());
    let parameter = "<!DOCTYPE a [<!ENTITY % p '<!ENTITY e \"x\">'>%p;]><a>&e;</a>";
    assert_eq!(text(parameter), "x");
    let alone = format!("<?xml version='1.0' standalone='yes'?>{parameter}");
    assert!(read(&alone).unwrap_err().contains("a standalone document"));
}

#[test]
fn declarations_are_held_to_the_grammar() {
    for good in [
        "<!ELEMENT a EMPTY>",
        "<!ELEMENT a ANY >",
        "<!ELEMENT a (#PCDATA)>",
        "<!ELEMENT a ( #PCDATA )* >",
        "<!ELEMENT a (#PCDATA| b |p:c)*>",
        "<!ELEMENT a (b)>",
        "<!ELEMENT a ( b , (c|d)* , ((e?))+ )?>",
        "<!ATTLIST a>",
        "<!ATTLIST a b (1|-x|:) '1' c NOTATION (n|m) #IMPLIED>",
        "<!ENTITY e PUBLIC \"-//x'y//\" 'y'>",
        "<!ENTITY % e SYSTEM \"'\">",
        "<!ENTITY e '&f;'>",
        "<!NOTATION n PUBLIC 'p' 's'>",
        "<!NOTATION n PUBLIC 'p' >",
        "<!ENTITY quot '&#34;'>",
        "<!ENTITY apos \"'\">",
        "<?pi ]> ?><!-- ]> <!ENTITY -->",
    ] {
        let document = format!("<!DOCTYPE a [ {good}]><a/>");
        assert!(read(&document).is_ok(), "{good}: {:?}", read(&document));
    }
    for bad in [
        "<!ELEMENT a>",
        "<!ELEMENT a ()>",
        "<!ELEMENT a (b,c|d)>",
        "<!ELEMENT a (b,)>",
        "<!ELEMENT a (b c)>",
        "<!ELEMENT a (b>",
        "<!ELEMENT a b>",
        "<!ELEMENT a (b))>",
        "<!ELEMENT a (b) *>",
        "<!ELEMENT a (#PCDATA|b)>",
        "<!ELEMENT a (#PCDATA,b)*>",
        "<!ELEMENT a (b|#PCDATA)*>",
        "<!ELEMENT a (#PCDATA)+>",
        "<!ELEMENT a (b ?)>",
        "<!ELEMENT aEMPTY>",
        "<!ELEMENT a:b:c EMPTY>",
        "<!element a EMPTY>",
        "<!ATTLIST a b>",
        "<!ATTLIST a b CDATA>",
        "<!ATTLIST a b CDATA#IMPLIED>",
        "<!ATTLIST a b WHAT #IMPLIED>",
        "<!ATTLIST a b () #IMPLIED>",
        "<!ATTLIST a b (x,y) #IMPLIED>",
        "<!ATTLIST a b NOTATION(n) #IMPLIED>",
        "<!ATTLIST a b NOTATION (1) #IMPLIED>",
        "<!ATTLIST a b CDATA '<'>",
        "<!ATTLIST a b CDATA '&'>",
        "<!ATTLIST a b CDATA '&later;'><!ENTITY later ''>",
        "<!ATTLIST a b CDATA #FIXED'x'>",
        "<!ATTLIST a b CDATA #FIXED>",
        "<!ENTITY e>",
        "<!ENTITY e '&'>",
        "<!ENTITY e '&#0;'>",
        "<!ENTITY e '&f'>",
        "<!ENTITY e '%p;'>",
        "<!ENTITY e '%'>",
        "<!ENTITY %e 'x'>",
        "<!ENTITY e 'x' NDATA n>",
        "<!ENTITY % e SYSTEM 'x' NDATA n>",
        "<!ENTITY e SYSTEM 'x'NDATA n>",
        "<!ENTITY e PUBLIC 'x'>",
        "<!ENTITY e PUBLIC 'x{' 'y'>",
        "<!ENTITY a:b 'x'>",
        "<!ENTITY lt '<'>",
        "<!ENTITY lt '&#60;'>",
        "<!ENTITY amp 'x'>",
        "<!ENTITY gt SYSTEM 'x'>",
        "<!NOTATION n>",
        "<!NOTATION n 'x'>",
        "<!NOTATION n SYSTEM>",
        "<?xml version='1.0'?>",
        "<!-- -- -->",
        "<![INCLUDE[]]>",
        "text",
        "&e;",
        "%undeclared;",
        "% p;",
        "<!ENTITY % p '%p;'>",
        "<!ENTITY % p '&#37;p;'>%p;",
        "<!ENTITY % p '&#37;q;'><!ENTITY % q '&#37;p;'>%p;",
        "<!ENTITY % p '<!ENTITY e \"x\"'>%p;>",
        "<!ENTITY % p ']'>%p;",
        "<!ENTITY % p 'ANY'><!ELEMENT a %p;>",
    ] {
        assert!(read(&format!("<!DOCTYPE a [ {bad}]><a/>")).is_err(), "{bad}");
    }
    for bad in [
        "<!DOCTYPE><a/>",
        "<!DOCTYPE a<a/>",
        "<!DOCTYPE a b><a/>",
        "<!DOCTYPE a SYSTEM><a/>",
        "<!DOCTYPE a PUBLIC 'x'><a/>",
        "<!DOCTYPE aSYSTEM 'x'><a/>",
        "<!DOCTYPE a [] 'x'><a/>",
        "<!DOCTYPE a [><a/>",
        "<!DOCTYPE a><!DOCTYPE a><a/>",
        "<a/><!DOCTYPE a>",
        "<a><!DOCTYPE a></a>",
        "<!doctype a><a/>",
        "<!DOCTYPE a>",
    ] {
        assert!(read(bad).is_err(), "{bad}");
    }
}

#[test]
fn what_an_entity_stands_for_is_whole() {
    for bad in [
        "<b>",
        "</a>",
        "<b",
        "&#60;b",
        "<!-- ",
        "&",
        "&#38;",
        "</a><a>",
        "<![CDATA[",
        "<?p",
        "<?xml version='1.0'?>",
        "]]>",
    ] {
        let document = format!("<!DOCTYPE a [<!ENTITY e \"{bad}\">]><a>&e;</a>");
        assert!(read(&document).is_err(), "{bad}");
        // It may be declared, as long as nothing refers to it.
        let unused = format!("<!DOCTYPE a [<!ENTITY e \"{bad}\">]><a/>");
        assert_eq!(read(&unused).is_ok(), bad != "&", "{bad}");
    }
    for recursive in [
        "<!DOCTYPE a [<!ENTITY e '&e;'>]><a>&e;</a>",
        "<!DOCTYPE a [<!ENTITY e '&f;'><!ENTITY f '&e;'>]><a>&e;</a>",
        "<!DOCTYPE a [<!ENTITY e '&f;'><!ENTITY f '&e;'>]><a b='&e;'/>",
    ] {
        assert!(read(recursive).unwrap_err().contains("it refers to itself"), "{recursive}");
    }
    assert!(read("<!DOCTYPE a [<!ENTITY e '<'>]><a b='&e;'/>").is_err());
    assert!(read("<!DOCTYPE a [<!ENTITY e '&#60;'>]><a b='&e;'/>").is_err());
    assert!(read("<!DOCTYPE a [<!ENTITY e '&#38;#60;'>]><a b='&e;'/>").is_ok());
}

#[test]
fn faults_are_placed_where_they_stand() {
    let place = |document: &str| read(document).unwrap_err().split(':').next().unwrap().to_owned();
    assert_eq!(place("<!DOCTYPE a [\n <!ELEMENT a (b,c|d)>]><a/>"), "line 2, column 18");
    assert_eq!(place("<!DOCTYPE a [\n<!ATTLIST a b CDATA 'é&u;'>]><a/>"), "line 2, column 23");
    assert_eq!(place("<!DOCTYPE a [\n<!ENTITY e 'é%p;'>]><a/>"), "line 2, column 14");
    // Inside what an entity stands for: behind the reference to it.
    assert_eq!(place("<!DOCTYPE a [<!ENTITY % p '<!ELEMENT'>\n %p;]><a/>"), "line 2, column 5");
    assert_eq!(place("<!DOCTYPE a [<!ENTITY e '<b></c>'>]>\n<a>&e;</a>"), "line 2, column 4");
}

#[test]
fn document_type_declarations_are_refused_unless_allowed() {
    for document in ["<!DOCTYPE a><a/>", "<a/><!DOCTYPE a>", "<!DOCTYPE"] {
        let fault = events::read(document.as_bytes(), &Options::default()).unwrap_err().fault;
        assert!(matches!(fault, XmlFault::DoctypeRefused), "{document}");
    }
}

#[test]
fn everything_has_its_limit() {
    let limits = Limits {
        dtd_bytes: 1000,
        entity_bytes: 1000,
        default_bytes: 1000,
        entity_depth: 4,
        depth: 8,
        ..Limits::default()
    };
    let limit = |document: &str| {
        let options = Options { doctype: Doctype::InternalSubset, limits };
        match events::read(document.as_bytes(), &options).map_err(|error| error.fault) {
            Err(XmlFault::Limit(name)) => name,
            other => panic!("{:?}: {document}", other.map(drop)),
        }
    };
    let x = "x".repeat(100);
    let many = |text: &str| text.repeat(10);
    assert_eq!(limit(&format!("<!DOCTYPE a [<!-- {} --> ]><a/>", many(&x))), "dtd_bytes");
    assert_eq!(limit(&format!("<!DOCTYPE a [{}", many(&format!("<!-- {x} -->")))), "dtd_bytes");
    let bomb = format!("<!ENTITY % p '<!-- {x} -->'>{}", many("%p;"));
    assert_eq!(limit(&format!("<!DOCTYPE a [{bomb}]><a/>")), "dtd_bytes");
    let entity = format!("<!DOCTYPE a [<!ENTITY e '{x}'>");
    assert_eq!(limit(&format!("{entity}]><a>{}</a>", many("&e;"))), "entity_bytes");
    assert_eq!(limit(&format!("{entity}]><a b='{}'/>", many("&e;"))), "entity_bytes");
    assert_eq!(
        limit(&format!("{entity}<!ATTLIST a b CDATA '{}'>]><a/>", many("&e;"))),
        "entity_bytes"
    );
    let nothing = "<!DOCTYPE a [<!ENTITY e ''>]>";
    assert_eq!(limit(&format!("{nothing}<a>{}</a>", "&e;".repeat(1001))), "entity_bytes");
    assert_eq!(
        limit(&format!("<!DOCTYPE a [<!ATTLIST b c CDATA '{x}'>]><a>{}</a>", many("<b/>"))),
        "default_bytes"
    );
    let deep = "<!ENTITY e1 '&e2;'><!ENTITY e2 '&e3;'><!ENTITY e3 '&e4;'><!ENTITY e4 '&e5;'><!ENTITY e5 ''>";
    assert_eq!(limit(&format!("<!DOCTYPE a [{deep}]><a>&e1;</a>")), "entity_depth");
    assert_eq!(limit(&format!("<!DOCTYPE a [{deep}]><a b='&e1;'/>")), "entity_depth");
    let deep = deep.replace("ENTITY ", "ENTITY % ").replace('&', "&#37;");
    assert_eq!(limit(&format!("<!DOCTYPE a [{deep}%e1;]><a/>")), "entity_depth");
    assert_eq!(limit(&format!("<!DOCTYPE a [<!ELEMENT a {}b", "(".repeat(9))), "depth");
}
