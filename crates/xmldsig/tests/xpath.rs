//! Answers of XPath expressions.

use ravelin_xmldsig::{
    document::{self, Document},
    xml::Reader,
    xpath::{Budget, Evaluation, Expression, Found, Limits, Value, XPathError, XPathFault},
};

fn document(text: &str) -> Document {
    Document::read(Reader::new(text.as_bytes()).unwrap(), &document::Limits::default()).unwrap()
}

fn namespaces(prefix: &str) -> Option<String> {
    matches!(prefix, "p" | "q").then(|| format!("urn:{prefix}"))
}

/// The value as a string, nodes as a list of names or texts.
fn answer(document: &Document, expression: &str) -> Result<String, XPathError> {
    let limits = Limits::default();
    let expression = Expression::parse(expression, namespaces, &limits)?;
    let mut budget = Budget::new(&limits);
    let ids = document.ids(|_, name| name.is("", "id"));
    let value = Evaluation::new(&expression, document, &mut budget)
        .with_ids(&ids)
        .value(document.node())?;
    Ok(match value {
        Value::Boolean(boolean) => boolean.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => format!("{text:?}"),
        Value::Nodes(nodes) => nodes.iter().map(show).collect::<Vec<_>>().join(" "),
    })
}

fn show(found: &Found<'_>) -> String {
    match found {
        Found::Namespace { prefix, uri, .. } => format!("xmlns:{prefix}={uri}"),
        Found::Node(node) => match node.name() {
            Some(name) if node.is_element() => name.to_string(),
            Some(name) => format!("@{name}={}", node.text()),
            None => match node.target() {
                Some(target) => format!("?{target}"),
                None if node.parent().is_none() => "/".to_owned(),
                None => format!("{:?}", node.text()),
            },
        },
    }
}

const TREE: &str = "<?pi one?><!--c--><a xmlns='' xmlns:p='urn:p' x='1' xml:lang='en-GB'>t1<b id='b1' y='2'>two<c/><c n='3'>\
    three</c></b><!--in--><b id='b2'><p:d p:z='4'/><?q r?></b>t2<e><f><g/></f><f/></e></a><!--after-->";

#[test]
fn every_axis_leads_where_it_should() {
    let tree = document(TREE);
    let mut wrong = Vec::new();
    for (expression, nodes) in [
        ("/", "/"),
        ("/node()", "?pi \"c\" a \"after\""),
        ("/*", "a"),
        ("/a/node()", "\"t1\" b \"in\" b \"t2\" e"),
        ("/a/child::b/c", "c c"),
        ("//c", "c c"),
        ("//@*", "@x=1 @xml:lang=en-GB @id=b1 @y=2 @n=3 @id=b2 @p:z=4"),
        ("//@p:*", "@p:z=4"),
        ("//p:d", "p:d"),
        ("//p:*", "p:d"),
        ("//q:*", ""),
        ("//g/ancestor::*", "a e f"),
        ("//g/ancestor::node()", "/ a e f"),
        ("//g/ancestor-or-self::*[1]", "g"),
        ("//g/ancestor::*[1]", "f"),
        ("//g/ancestor::*[last()]", "a"),
        ("(//g/ancestor::*)[1]", "a"),
        ("//p:d/preceding::*", "b c c"),
        ("//p:d/preceding::*[1]", "c"),
        ("//p:d/preceding::*[last()]", "b"),
        ("//p:d/following::node()", "?q \"t2\" e f g f \"after\""),
        ("//b[1]/following-sibling::*", "b e"),
        ("//e/preceding-sibling::node()", "\"t1\" b \"in\" b \"t2\""),
        ("//e/preceding-sibling::node()[1]", "\"t2\""),
        ("//e/preceding-sibling::*[2]", "b"),
        ("//b/c[2]", "c"),
        ("//b[c]/@id", "@id=b1"),
        ("//c/..", "b"),
        ("//c/../@y/..", "b"),
        ("/a/namespace::*", "xmlns:xml=http://www.w3.org/XML/1998/namespace xmlns:p=urn:p"),
        ("//g/namespace::p", "xmlns:p=urn:p"),
        ("//g/namespace::p/..", "g"),
        ("//g/namespace::p/ancestor::*", "a e f g"),
        ("/a/@x/following::node()[1]", "\"t1\""),
        ("/a/b/@y/following::*[1]", "c"),
        ("/a/b/@y/preceding::node()", "?pi \"c\" \"t1\""),
        ("/a/b/@y/self::node()", "@y=2"),
        ("/a/b/@y/self::*", ""),
        ("/a/b/@y/descendant-or-self::node()", "@y=2"),
        ("/a/b/@y/following-sibling::node()", ""),
        ("//processing-instruction()", "?pi ?q"),
        ("//processing-instruction('q')", "?q"),
        ("//comment()", "\"c\" \"in\" \"after\""),
        ("//text()", "\"t1\" \"two\" \"three\" \"t2\""),
        ("//f[last()] | //f[1] | //b", "b b f f"),
        ("id('b2')", "b"),
        ("id('b2 b1 none')", "b b"),
        ("id(//@id)/c", "c c"),
        ("//*[@n > 2]", "c"),
        ("//*[lang('en')][not(*)]", "c c p:d g f"),
        ("//*[lang('e')]", ""),
        ("//b/descendant-or-self::node()/self::c", "c c"),
        ("//b[position() = 2 and p:d]/@id", "@id=b2"),
        ("/descendant::b[2]/@id", "@id=b2"),
        ("//e//f", "f f"),
        ("//e/descendant::*/ancestor-or-self::f", "f f"),
        ("/a/b[2]/preceding-sibling::b[1]/c[2]/text()", "\"three\""),
        ("//*[count(ancestor::*) = 3]", "g"),
        ("//self::g", "g"),
    ] {
        let got = answer(&tree, expression).unwrap();
        if got != nodes {
            wrong.push(format!("{expression}: {got}, not {nodes}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn operators_and_functions_give_what_the_recommendation_says() {
    let tree = document(TREE);
    let mut wrong = Vec::new();
    for (expression, value) in [
        ("1 + 2 * 3 - 4 div 2", "5"),
        ("2 * (3 + 4)", "14"),
        ("7 mod 2", "1"),
        ("-7 mod 2", "-1"),
        ("5 mod -2", "1"),
        ("1.5 mod .5", "0"),
        ("1 div 0", "inf"),
        ("-1 div 0", "-inf"),
        ("0 div 0 = 0 div 0", "false"),
        ("0 div 0 != 0 div 0", "true"),
        ("- - 1", "1"),
        ("---1", "-1"),
        ("3 > 2 > 1", "false"),
        ("1 < 2 < 3", "true"),
        ("1 = 1 = true()", "true"),
        ("'a' = 'a' and not('a' = 'b')", "true"),
        ("true() or 1 div 0", "true"),
        ("'1' = 1.0", "true"),
        ("true() = 'x'", "true"),
        ("//b = 'twothree'", "true"),
        ("//b != 'twothree'", "true"),
        ("//none = //none", "false"),
        ("//none != 'x'", "false"),
        ("//none = false()", "true"),
        ("//@x < //@y", "true"),
        ("//@y < //@x", "false"),
        ("//@n = 3", "true"),
        ("4 > //@n", "true"),
        ("string(/a/b)", "\"twothree\""),
        ("string(1 div 3)", "\"0.3333333333333333\""),
        ("string(-0)", "\"0\""),
        ("string(1000000 * 1000000 * 1000000 * 1000)", "\"1000000000000000000000\""),
        ("string(//none)", "\"\""),
        ("number('x')", "NaN"),
        ("number(' 12.50 ')", "12.5"),
        ("number(true())", "1"),
        ("concat('a', 1, true(), //@x)", "\"a1true1\""),
        ("starts-with('abc', 'ab')", "true"),
        ("contains('abc', '')", "true"),
        ("substring-before('1999/04/01', '/')", "\"1999\""),
        ("substring-after('1999/04/01', '/')", "\"04/01\""),
        ("substring('12345', 1.5, 2.6)", "\"234\""),
        ("string-length('é\u{1f600}')", "2"),
        ("normalize-space('  a \t b\n')", "\"a b\""),
        ("translate('bar', 'abc', 'ABC')", "\"BAr\""),
        ("count(//* | //@*)", "17"),
        ("sum(//@x | //@y | //@n)", "6"),
        ("floor(-1.5) + ceiling(1.2) + round(2.5) + round(-2.5)", "1"),
        ("name(//p:d)", "\"p:d\""),
        ("local-name(//@p:z)", "\"z\""),
        ("namespace-uri(//p:d)", "\"urn:p\""),
        ("name(//processing-instruction('q'))", "\"q\""),
        ("name(//none)", "\"\""),
        ("boolean(0 div 0)", "false"),
        ("boolean('false')", "true"),
        ("position() + last()", "2"),
        ("* * *", "NaN"),
        ("count(//b[c]) * count(//*)", "10"),
        ("div div div", "NaN"),
        ("/* = //f", "false"),
        ("count(/) - 1", "0"),
    ] {
        let got = answer(&tree, expression).unwrap();
        if got != value {
            wrong.push(format!("{expression}: {got}, not {value}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_wrong_expression_is_refused_where_it_is_wrong() {
    let tree = document("<a/>");
    for (expression, position, fault) in [
        ("", 0, XPathFault::Expected("a step")),
        ("a b", 2, XPathFault::Expected("an operator")),
        ("(a", 2, XPathFault::Expected("`)`")),
        ("a[", 2, XPathFault::Expected("a step")),
        ("a]", 1, XPathFault::Expected("an operator or the end")),
        ("'a", 0, XPathFault::LiteralOpen),
        ("$a", 0, XPathFault::Variable),
        ("a/", 2, XPathFault::Expected("a step")),
        ("//", 2, XPathFault::Expected("a step")),
        ("up::a", 0, XPathFault::AxisUnknown("up".to_owned())),
        ("x:a", 0, XPathFault::PrefixUnknown("x".to_owned())),
        ("f()", 0, XPathFault::FunctionUnknown("f".to_owned())),
        ("p:f()", 0, XPathFault::FunctionUnknown("p:f".to_owned())),
        ("not()", 0, XPathFault::Arguments { function: "not", given: 0 }),
        ("true(1)", 0, XPathFault::Arguments { function: "true", given: 1 }),
        ("1/a", 0, XPathFault::NotNodes),
        ("a | 'b'", 4, XPathFault::NotNodes),
        ("sum(1)", 4, XPathFault::NotNodes),
        ("'a'[1]", 0, XPathFault::NotNodes),
        ("a # b", 2, XPathFault::Character('#')),
        ("..[1]", 2, XPathFault::Expected("an operator or the end")),
        ("here()", 0, XPathFault::Here),
        ("1 = here()", 4, XPathFault::Here),
        ("p:-", 0, XPathFault::Name("-".to_owned())),
    ] {
        assert_eq!(answer(&tree, expression), Err(XPathError { position, fault }), "{expression}");
    }
}
