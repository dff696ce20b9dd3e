//! Expressions and documents that are made to cost: they end with a named limit, soon, and without using up the stack.

use ravelin_xmldsig::{
    c14n::{C14nError, Method, canonicalize_nodes},
    document::{self, Document},
    nodeset::NodeSet,
    xml::{self, Options, Reader},
    xpath::{Budget, Evaluation, Expression, Limits, Value, XPathError, XPathFault},
};

fn document(text: &str) -> Document {
    let limits = xml::Limits { depth: 200_000, ..xml::Limits::default() };
    let reader = Reader::with(text.as_bytes(), &Options { limits, ..Options::default() }).unwrap();
    Document::read(reader, &document::Limits::default()).unwrap()
}

fn value<'a>(
    document: &'a Document,
    expression: &str,
    limits: &Limits,
) -> Result<Value<'a>, XPathError> {
    let expression = Expression::parse(expression, |_| None, limits)?;
    let mut budget = Budget::new(limits);
    Evaluation::new(&expression, document, &mut budget).value(document.node())
}

fn limit(error: XPathError) -> &'static str {
    match error.fault {
        XPathFault::Limit(name) => name,
        fault => panic!("{fault}"),
    }
}

#[test]
fn what_is_nested_too_deep_is_refused() {
    let limits = Limits { expression: 1 << 20, ..Limits::default() };
    let tree = document("<a/>");
    let deep = 50_000;
    for expression in [
        format!("{}1{}", "(".repeat(deep), ")".repeat(deep)),
        format!("{}a{}", "a[".repeat(deep), "]".repeat(deep)),
        format!("{}1{}", "not(".repeat(deep), ")".repeat(deep)),
        format!("{}1{}", "-(".repeat(deep), ")".repeat(deep)),
        format!("{}1{}", "1+(".repeat(deep), ")".repeat(deep)),
        "(".repeat(deep),
        "a[".repeat(deep),
    ] {
        assert_eq!(
            limit(value(&tree, &expression, &limits).unwrap_err()),
            "nesting",
            "{}",
            &expression[..10]
        );
    }
    let at_limit = format!("{}1{}", "(".repeat(63), ")".repeat(63));
    assert_eq!(value(&tree, &at_limit, &limits), Ok(Value::Number(1.0)));
}

#[test]
fn what_is_long_but_flat_costs_no_stack() {
    let limits = Limits { expression: 1 << 20, ..Limits::default() };
    let tree = document("<a/>");
    let long = 50_000;
    for (expression, expected) in [
        (format!("1{}", "+1".repeat(long)), Value::Number(50_001.0)),
        (format!("{}1", "-".repeat(long)), Value::Number(1.0)),
        (format!("count(/a{})", " | /a".repeat(long)), Value::Number(1.0)),
        (format!("count(/a{})", "/..".repeat(2 * 9)), Value::Number(0.0)),
        (format!("count(/a{})", "/.".repeat(long)), Value::Number(1.0)),
        (format!("count(/a{})", "[1]".repeat(long)), Value::Number(1.0)),
        (format!("0{}", " or 0".repeat(long)), Value::Boolean(false)),
        (format!("1{}", "=1".repeat(long)), Value::Boolean(true)),
        (format!("string-length(concat('a'{}))", ",'b'".repeat(long)), Value::Number(50_001.0)),
    ] {
        assert_eq!(value(&tree, &expression, &limits), Ok(expected), "{}", &expression[..10]);
    }
    let limits = Limits::default();
    assert_eq!(limit(value(&tree, &"1+".repeat(60_000), &limits).unwrap_err()), "expression");
}

#[test]
fn steps_that_meet_the_same_nodes_again_cost_once() {
    let depth = 1500;
    let tree = document(&format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth)));
    let limits = Limits { steps: 200_000, ..Limits::default() };
    for expression in [
        "count(//*//*//*//*//*//*//*//*)",
        "count(//*/ancestor::*/ancestor::*//*/ancestor-or-self::*)",
        "count(//*/descendant-or-self::node()/descendant-or-self::node()/..//*)",
        "count(//*/following::*/preceding::*)",
        "count(//*[//*[//*[//*[//*[//*]]]]])",
    ] {
        assert!(value(&tree, expression, &limits).is_ok(), "{expression}");
    }
}

#[test]
fn what_costs_more_than_the_budget_ends_with_it() {
    let depth = 1000;
    let tree = document(&format!("{}{}", "<a b='c'>".repeat(depth), "</a>".repeat(depth)));
    let limits = Limits { steps: 2_000_000, ..Limits::default() };
    for expression in [
        "//*[.//*[.//*[.//*[.//*[.//*[@x]]]]]]",
        "//*[count(ancestor::*[count(.//*[count(ancestor::*) > 5000]) > 5000]) > 5000]",
        "count(//*//*[1]//*[1]//*[1]//*[1][.//*[1]//*[last()]])",
        "//*[. = //*][. = //*[. = //*[string(..) = 'x']]]",
    ] {
        let error = value(&tree, expression, &limits).unwrap_err();
        assert!(error.position < expression.len());
        assert_eq!(limit(error), "steps", "{expression}");
    }
    let few = Limits { nodes: 500, ..Limits::default() };
    assert_eq!(limit(value(&tree, "//*", &few).unwrap_err()), "nodes");
    assert_eq!(
        limit(value(&tree, "//a/@b | //a", &Limits { nodes: 1500, ..few }).unwrap_err()),
        "nodes"
    );
}

#[test]
fn a_filter_over_a_deep_document_ends() {
    let depth = 100_000;
    let tree = document(&format!("{}x{}", "<a>".repeat(depth), "</a>".repeat(depth)));
    let limits = Limits { steps: 3_000_000, ..Limits::default() };
    let mut budget = Budget::new(&limits);
    let whole = NodeSet::document(&tree, true);
    let expression = Expression::parse("not(ancestor-or-self::b)", |_| None, &limits).unwrap();
    assert_eq!(limit(whole.filter(&expression, None, None, &mut budget).unwrap_err()), "steps");
    assert_eq!(budget.left(), 0);

    let mut budget = Budget::new(&limits);
    let expression = Expression::parse("not(self::b)", |_| None, &limits).unwrap();
    let all = whole.filter(&expression, None, None, &mut budget).unwrap();
    let mut octets = Vec::new();
    canonicalize_nodes(&all, &Method::inclusive(), &mut budget, &mut octets).unwrap();
    assert_eq!(octets.len(), depth * 7 + 1);
}

#[test]
fn namespaces_by_the_thousand_are_paid_for() {
    let depth = 2000;
    let open: Vec<String> = (0..depth).map(|i| format!("<a xmlns:n{i}='urn:{i}'>")).collect();
    let open = open.concat();
    let tree = document(&format!("{open}{}", "</a>".repeat(depth)));
    let limits = Limits { steps: 500_000, ..Limits::default() };
    let whole = NodeSet::document(&tree, true);
    for expression in [
        "name() != 'n7'",
        "string() != 'urn:8'",
        "count(namespace::*) > 0",
        "count(../namespace::*) > 5",
    ] {
        let mut budget = Budget::new(&limits);
        let expression = Expression::parse(expression, |_| None, &limits).unwrap();
        assert_eq!(limit(whole.filter(&expression, None, None, &mut budget).unwrap_err()), "steps");
    }
    // Every second element is not in the set, and every other must be compared with what is two levels up.
    let expression = Expression::parse(
        "count(ancestor-or-self::a) mod 2 = 1 or not(self::a)",
        |_| None,
        &limits,
    );
    let generous = Limits { steps: 1 << 40, ..limits };
    let half = whole.filter(&expression.unwrap(), None, None, &mut Budget::new(&generous)).unwrap();
    let enough = Limits { steps: 5_000_000, ..limits };
    assert!(
        canonicalize_nodes(&half, &Method::inclusive(), &mut Budget::new(&enough), Vec::new())
            .is_ok()
    );

    let expression = Expression::parse("self::node()[name() != 'n7']", |_| None, &limits).unwrap();
    let partial = whole.filter(&expression, None, None, &mut Budget::new(&generous)).unwrap();
    let mut budget = Budget::new(&limits);
    let error =
        canonicalize_nodes(&partial, &Method::inclusive(), &mut budget, Vec::new()).unwrap_err();
    assert!(matches!(error, C14nError::Limit("steps")), "{error}");
}
