//! The W3C's XML conformance suite (2013-09-23). `.ci/run` fetches it; `RAVELIN_XMLCONF` names its folder `xmlconf`.

use super::events::{self, Node};
use ravelin_test::skip;
use ravelin_xmldsig::xml::{Event, Reader};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

/// Tests that we answer otherwise than the suite, each with the reason. An unexpected success fails as an unexpected
/// failure does.
const DEPARTURES: &str = include_str!("w3c-departures.txt");

#[derive(Debug)]
struct Test {
    id: String,
    file: PathBuf,
    kind: String,
    output: Option<PathBuf>,
}

#[test]
fn the_w3c_suite_is_answered_as_it_says() {
    let Some(folder) = std::env::var_os("RAVELIN_XMLCONF").map(PathBuf::from) else {
        skip("no W3C conformance suite (set RAVELIN_XMLCONF)");
        return;
    };
    let tests = tests(&folder);
    assert!(tests.len() > 1500, "only {} tests", tests.len());
    let expected: BTreeMap<&str, &str> = DEPARTURES
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split_once(": ").expect("a test and a reason"))
        .collect();
    let mut said = String::new();
    let mut departed = BTreeSet::new();
    for test in &tests {
        let Err(how) = answer(test) else { continue };
        departed.insert(test.id.as_str());
        if !expected.contains_key(test.id.as_str()) {
            writeln!(said, "{}: {how} ({})", test.id, test.file.display()).unwrap();
        }
    }
    for id in expected.keys().filter(|id| !departed.contains(*id)) {
        writeln!(said, "{id}: passes, or is no test, but is listed as a departure").unwrap();
    }
    assert!(said.is_empty(), "{} tests, {} departures\n{said}", tests.len(), departed.len());
}

fn answer(test: &Test) -> Result<(), String> {
    let bytes = fs::read(&test.file).map_err(|error| error.to_string())?;
    let result = events::read(&bytes[..], &events::with_doctype());
    match (test.kind.as_str(), result) {
        ("not-wf", Ok(_)) => Err("read, but is not well-formed".to_owned()),
        ("valid" | "invalid", Err(error)) => Err(error.to_string()),
        ("valid" | "invalid", Ok(nodes)) => {
            let Some(output) = &test.output else { return Ok(()) };
            let wanted = fs::read_to_string(output).map_err(|error| error.to_string())?;
            // Some begin with the declarations of notations, which say nothing of the content.
            let wanted = wanted.split_once("]>\n").map_or(&*wanted, |(_, after)| after);
            let found = canonical(&nodes);
            if found == wanted { Ok(()) } else { Err(format!("read as {found:?}, not {wanted:?}")) }
        }
        _ => Ok(()),
    }
}

/// Those for XML 1.0, fifth edition, with namespaces.
fn tests(folder: &Path) -> Vec<Test> {
    let all = fs::read_to_string(folder.join("xmlconf.xml")).expect("xmlconf.xml");
    let mut tests = Vec::new();
    for manifest in all.split("SYSTEM \"").skip(1).filter_map(|after| after.split('"').next()) {
        if Path::new(manifest).extension().is_none_or(|extension| extension != "xml") {
            continue;
        }
        let path = folder.join(manifest);
        let text = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        // Some are external entities with several elements at the top.
        let text = String::from_utf8_lossy(&text).into_owned();
        let body = match text.find("?>") {
            Some(end) if text.starts_with("<?xml") => &text[end + 2..],
            _ => &text,
        };
        let whole = format!("<all>{body}</all>");
        let mut reader = Reader::new(whole.as_bytes()).expect("a manifest");
        loop {
            let event = reader.next().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let start = match event {
                Event::Start(start) if start.name().local == "TEST" => start,
                Event::Finish => break,
                _ => continue,
            };
            let value = |name| start.attribute("", name);
            let recommendation = value("RECOMMENDATION").unwrap_or("XML1.0");
            let applies = value("VERSION").is_none_or(|version| version == "1.0")
                && value("EDITION").is_none_or(|editions| editions.contains('5'))
                && value("NAMESPACE").is_none_or(|value| value == "yes")
                && !matches!(recommendation, "XML1.1" | "NS1.1");
            if applies {
                let file = |name: &str| path.parent().expect("a folder").join(name);
                tests.push(Test {
                    id: value("ID").expect("an ID").to_owned(),
                    file: file(value("URI").expect("a URI")),
                    kind: value("TYPE").expect("a type").to_owned(),
                    output: value("OUTPUT").map(file),
                });
            }
        }
    }
    tests
}

/// The form in which the suite gives the content of documents.
fn canonical(nodes: &[Node]) -> String {
    let mut text = String::new();
    let mut open = Vec::new();
    for node in nodes {
        match node {
            Node::Start { prefix, name, attributes } => {
                let tag =
                    if prefix.is_empty() { name.1.clone() } else { format!("{prefix}:{}", name.1) };
                write!(text, "<{tag}").unwrap();
                for ((namespace, name), value) in attributes {
                    let prefix = if namespace.is_empty() { "" } else { "xml:" };
                    write!(text, " {prefix}{name}=\"{}\"", escape(value)).unwrap();
                }
                text.push('>');
                open.push(tag);
            }
            Node::End => write!(text, "</{}>", open.pop().unwrap()).unwrap(),
            Node::Text(data) => text.push_str(&escape(data)),
            Node::Comment(_) => {}
            Node::Instruction(target, data) => write!(text, "<?{target} {data}?>").unwrap(),
        }
    }
    text
}

fn escape(text: &str) -> String {
    let pairs = [
        ("&", "&amp;"),
        ("<", "&lt;"),
        (">", "&gt;"),
        ("\"", "&quot;"),
        ("\t", "&#9;"),
        ("\n", "&#10;"),
        ("\r", "&#13;"),
    ];
    pairs.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}
