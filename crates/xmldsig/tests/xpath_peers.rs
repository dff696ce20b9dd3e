//! Answers of generated expressions, held to those of libxml2.
//!
//! Known differences, which the generator avoids: libxml2 takes the string `-` for zero (XPath 1.0, section 4.4: it is no
//! number), and leaves what is in an element out of the axis `following` of its attributes (section 2.2: they come after
//! them, and are none of their descendants).

use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use ravelin_test::has_program;
use ravelin_xmldsig::{
    document::{self, Document},
    xml::Reader,
    xpath::{Budget, Evaluation, Expression, Limits, Value},
};
use std::{io::Write, process::Command};

const DOCUMENTS: usize = 15;
const EXPRESSIONS: usize = 30;

fn content() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        prop::sample::select(vec!["1", " 2.5 ", "x", "-3", "abc"]).prop_map(str::to_owned),
        Just("<!--c-->".to_owned()),
        Just("<?t d?>".to_owned()),
    ];
    leaf.prop_recursive(6, 40, 5, |inner| {
        (
            prop::sample::select(vec!["a", "b", "c", "div"]),
            prop::sample::subsequence(vec!["x='1'", "y='2'", "z='abc'", "xml:lang='en-US'"], 0..=4),
            prop::collection::vec(inner, 0..5),
        )
            .prop_map(|(name, attributes, children)| {
                format!("<{name} {}>{}</{name}>", attributes.join(" "), children.concat())
            })
    })
}

/// The axes `following` and `preceding` are left out where libxml2 has them otherwise: of attributes.
fn step() -> impl Strategy<Value = String> {
    let axis = prop::sample::select(vec![
        "",
        "",
        "",
        "ancestor::",
        "ancestor-or-self::",
        "descendant::",
        "descendant-or-self::",
        "following-sibling::",
        "preceding-sibling::",
        "parent::",
        "self::",
        "*/following::",
        "*/preceding::",
    ]);
    let test =
        prop::sample::select(vec!["*", "a", "b", "c", "div", "node()", "text()", "comment()"]);
    let predicate = prop::sample::select(vec![
        "",
        "",
        "",
        "",
        "[1]",
        "[2]",
        "[last()]",
        "[position() > 1]",
        "[@x]",
        "[@x = 1]",
        "[. = 'x']",
        "[a]",
        "[not(b)]",
        "[count(*) > 1]",
        "[position() mod 2 = 1]",
        "[last() - 1]",
        "[lang('en')]",
        "[name() = 'c'][1]",
        "[*[2]]",
        "[string-length() > 2]",
        "[../b]",
        "[preceding-sibling::*[1][self::a]]",
        "[true()]",
        "[@x | @y]",
    ]);
    (axis, test, predicate).prop_map(|(axis, test, predicate)| format!("{axis}{test}{predicate}"))
}

fn nodes() -> impl Strategy<Value = String> {
    let begin = prop::sample::select(vec!["/", "//", "/*/", "//*/", "(//*)[3]/", "//a//"]);
    let path =
        (begin, prop::collection::vec(step(), 1..4), prop::sample::select(vec!["/", "/", "//"]))
            .prop_map(|(begin, steps, between)| format!("{begin}{}", steps.join(between)));
    let last = prop::sample::select(vec!["", "", "", "/@*", "/@x", "/..", "/@z/.."]);
    (path, last).prop_map(|(path, last)| format!("{path}{last}"))
}

fn atom() -> impl Strategy<Value = String> {
    let operator =
        prop::sample::select(vec!["=", "!=", "<", ">=", "+", "-", "*", "div", "mod", "and", "or"]);
    let operand = prop_oneof![
        nodes(),
        prop::sample::select(vec![
            "1",
            "'x'",
            "true()",
            "0",
            "-2.5",
            "1 div 0",
            "'abc'",
            "count(//*)",
            "sum(//@x)"
        ])
        .prop_map(str::to_owned),
        nodes().prop_map(|nodes| format!("string({nodes})")),
        nodes().prop_map(|nodes| format!("normalize-space({nodes})")),
        nodes().prop_map(|nodes| format!("round({nodes})")),
        nodes().prop_map(|nodes| format!("substring({nodes}, 2, 1.5)")),
        nodes().prop_map(|nodes| format!("translate({nodes}, 'abc', 'xy')")),
        nodes().prop_map(|nodes| format!("concat(name({nodes}), '+', local-name({nodes}))")),
    ];
    let operand = std::rc::Rc::new(operand.boxed());
    (operand.clone(), operator, operand)
        .prop_map(|(left, operator, right)| format!("string({left} {operator} {right})"))
}

/// An expression whose string says much of the nodes that another finds.
fn shown(nodes: &str) -> String {
    format!(
        "concat(count({nodes}), ' ', name(({nodes})[1]), ' ', string(({nodes})[2]), ' ', name(({nodes})[last()]), ' ', \
         count(({nodes})[last()]/preceding::node()), ' ', count(({nodes})[2]/ancestor::node()))"
    )
}

fn expressions() -> impl Strategy<Value = Vec<String>> {
    let one = prop_oneof![
        nodes().prop_map(|nodes| shown(&nodes)),
        (nodes(), nodes()).prop_map(|(a, b)| shown(&format!("{a} | {b}"))),
        atom()
    ];
    prop::collection::vec(one, EXPRESSIONS)
}

#[test]
fn libxml2_gives_the_same_answers() {
    if !has_program("xmllint", &["--version"]) {
        return;
    }
    let mut runner = TestRunner::deterministic();
    let mut wrong = Vec::new();
    for _ in 0..DOCUMENTS {
        let text = format!("<a>{}</a>", content().new_tree(&mut runner).unwrap().current());
        let document =
            Document::read(Reader::new(text.as_bytes()).unwrap(), &document::Limits::default())
                .unwrap();
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let expressions = expressions().new_tree(&mut runner).unwrap().current();
        let all = format!("concat({}, '')", expressions.join(", '~', "));
        let output =
            Command::new("xmllint").args(["--xpath", &all]).arg(file.path()).output().unwrap();
        assert!(output.status.success(), "{all}");
        let theirs = String::from_utf8(output.stdout).unwrap();
        let theirs: Vec<&str> = theirs.trim_end_matches('\n').split('~').collect();
        assert_eq!(theirs.len(), expressions.len());
        for (expression, theirs) in expressions.iter().zip(theirs) {
            let limits = Limits::default();
            let parsed = Expression::parse(expression, |_| None, &limits).unwrap();
            let mut budget = Budget::new(&limits);
            let ours =
                Evaluation::new(&parsed, &document, &mut budget).value(document.node()).unwrap();
            if ours != Value::String(theirs.to_owned()) {
                wrong.push(format!(
                    "{expression}\n  on {text}\n  ours {ours:?}\n  theirs {theirs:?}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{} {}", wrong.len(), wrong.join("\n"));
}
