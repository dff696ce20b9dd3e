//! Py3AMF, which reads and writes.

use super::{
    describe,
    samples::{Sample, dense, members, samples},
};
use ravelin_net::data::amf::{
    Array, Date, External, Externalizables, Field, FieldKind, Graph, Instance, Limits, Object,
    ObjectEncoding, Traits, Value, decode, encode,
};
use ravelin_test::skip;
use std::{
    env,
    ffi::OsString,
    fmt::Write as _,
    io::Write as _,
    process::{Command, Stdio},
    sync::Arc,
};

const VERSIONS: [ObjectEncoding; 2] = [ObjectEncoding::Amf0, ObjectEncoding::Amf3];

const COLLECTION: &str = "flex.messaging.io.ArrayCollection";

/// A whole value.
pub fn read(bytes: &[u8], encoding: ObjectEncoding) -> Graph {
    let mut classes = Externalizables::default();
    classes.register(COLLECTION, [FieldKind::Object]);
    let (graph, length) = decode(bytes, encoding, &Limits::default(), &classes).unwrap();
    assert_eq!(length, bytes.len());
    graph
}

#[test]
fn s60_py3amf_reads_what_we_write() {
    let mut asked = String::new();
    let mut expected = Vec::new();
    for Sample { name, graph, python } in samples() {
        for (encoding, _) in VERSIONS.into_iter().zip(python).filter(|(_, able)| *able) {
            let mut bytes = Vec::new();
            encode(&graph, encoding, &mut bytes).unwrap();
            let hex = describe::bytes(&bytes);
            writeln!(asked, "read {} {hex}", digit(encoding)).unwrap();
            // Py3AMF has one kind of XML.
            let said =
                describe::graph(&read(&bytes, encoding), encoding).replace("document ", "xml ");
            expected.push((name, encoding, said));
        }
    }
    // flash-lso does not read this one.
    let mut graph = Graph::default();
    let list = graph.insert(dense(["a".into(), 1.into()]));
    let fields = vec![Field::Object(list.into())];
    graph.root =
        graph.insert(Object::External(External { class: COLLECTION.into(), fields })).into();
    let mut bytes = Vec::new();
    encode(&graph, ObjectEncoding::Amf3, &mut bytes).unwrap();
    writeln!(asked, "read 3 {}", describe::bytes(&bytes)).unwrap();
    let said = describe::graph(&graph, ObjectEncoding::Amf3);
    expected.push(("externalizable", ObjectEncoding::Amf3, said));

    let Some(answers) = ask(&asked) else { return };
    assert_eq!(answers.len(), expected.len());
    for (answer, (name, encoding, said)) in answers.iter().zip(expected) {
        assert_eq!(*answer, said, "{name} in {encoding:?}");
    }
}

#[test]
fn s60_we_read_what_py3amf_writes() {
    let written = written_by_python();
    let asked: String = written
        .iter()
        .flat_map(|(code, ..)| {
            VERSIONS.map(|encoding| format!("write {} {code}\n", digit(encoding)))
        })
        .collect();
    let Some(answers) = ask(&asked) else { return };
    assert_eq!(answers.len(), 2 * written.len());
    for (answers, (code, able, expected)) in answers.as_chunks::<2>().0.iter().zip(written) {
        for ((answer, encoding), able) in answers.iter().zip(VERSIONS).zip(able) {
            if !able {
                continue;
            }
            let bytes = unhex(answer).unwrap_or_else(|| panic!("{code} in {encoding:?}: {answer}"));
            let graph = read(&bytes, encoding);
            // In AMF 0 there are no integers.
            let mut canonical = Vec::new();
            encode(&expected, encoding, &mut canonical).unwrap();
            assert_eq!(graph, read(&canonical, encoding), "{code} in {encoding:?}: {bytes:x?}");
        }
    }
}

/// Expressions in Python, in which versions they can be written, and what they are.
fn written_by_python() -> Vec<(&'static str, [bool; 2], Graph)> {
    let mut written = Vec::new();
    let mut add = |code, able, build: &dyn Fn(&mut Graph) -> Value| {
        let mut graph = Graph::default();
        graph.root = build(&mut graph);
        written.push((code, able, graph));
    };
    let both = [true, true];
    let only_3 = [false, true];
    add("None", both, &|_| Value::Null);
    add("pyamf.Undefined", both, &|_| Value::Undefined);
    add("True", both, &|_| true.into());
    add("False", both, &|_| false.into());
    add("127", both, &|_| 127.into());
    add("128", both, &|_| 128.into());
    add("-1", both, &|_| (-1).into());
    add("268435455", both, &|_| 268_435_455.into());
    add("268435456", both, &|_| 268_435_456.0.into());
    add("-268435456", both, &|_| (-268_435_456).into());
    add("-268435457", both, &|_| (-268_435_457.0).into());
    add("1.5", both, &|_| 1.5.into());
    add("float('inf')", both, &|_| f64::INFINITY.into());
    add("'na\\u00efve \\U0001f642'", both, &|_| "naïve 🙂".into());
    add("''", both, &|_| "".into());
    add("'x' * 70000", both, &|_| Value::from(&*"x".repeat(70_000)));
    add("[]", both, &|graph| graph.insert(dense([])).into());
    add("[1, 'a', None, 'a']", both, &|graph| {
        graph.insert(dense([1.into(), "a".into(), Value::Null, "a".into()])).into()
    });
    add("pyamf.MixedArray(a='b')", both, &|graph| {
        let associative = members([("a", "b".into())]);
        graph.insert(Object::Array(Array { dense: Vec::new(), associative })).into()
    });
    add("{'a': 'b'}", both, &|graph| {
        graph.insert(Object::Instance(Instance::anonymous(members([("a", "b".into())])))).into()
    });
    add("opened(a='b', c=2)", both, &|graph| {
        let traits = Arc::new(Traits::dynamic("Open"));
        let dynamic = members([("a", "b".into()), ("c", 2.into())]);
        graph.insert(Object::Instance(Instance { traits, sealed: Vec::new(), dynamic })).into()
    });
    add("[Sealed('a', 1), Sealed('y', 2)]", both, &|graph| {
        let sealed = vec!["x".into(), "y".into()];
        let traits = Arc::new(Traits { class: "Sealed".into(), dynamic: false, sealed });
        let objects = [("a", 1), ("y", 2)].map(|(x, y)| {
            let (traits, sealed) = (Arc::clone(&traits), vec![x.into(), y.into()]);
            let dynamic = Vec::new();
            Value::from(graph.insert(Object::Instance(Instance { traits, sealed, dynamic })))
        });
        graph.insert(dense(objects)).into()
    });
    add("datetime.datetime(2005, 12, 14, 13, 44, 50, 123000)", both, &|graph| {
        let date = Date { milliseconds: 1_134_567_890_123.0, time_zone: 0 };
        graph.insert(Object::Date(date)).into()
    });
    add("ElementTree.fromstring('<a>b</a>')", [true, false], &|graph| {
        graph.insert(Object::XmlDocument("<a>b</a>".into())).into()
    });
    add("ElementTree.fromstring('<a>b</a>')", only_3, &|graph| {
        graph.insert(Object::Xml("<a>b</a>".into())).into()
    });
    add("amf3.ByteArray(bytes([0, 255]))", only_3, &|graph| {
        graph.insert(Object::ByteArray(vec![0, 255])).into()
    });
    add("pyamf.flex.ArrayCollection(['a', 1])", only_3, &|graph| {
        let list = graph.insert(dense(["a".into(), 1.into()]));
        let fields = vec![Field::Object(list.into())];
        graph.insert(Object::External(External { class: COLLECTION.into(), fields })).into()
    });
    add("shared({'a': 1})", both, &|graph| {
        let leaf = graph.insert(Object::Instance(Instance::anonymous(members([("a", 1.into())]))));
        graph.insert(dense([leaf.into(), leaf.into()])).into()
    });
    add("shared(amf3.ByteArray(b'x'))", only_3, &|graph| {
        let leaf = graph.insert(Object::ByteArray(vec![b'x']));
        graph.insert(dense([leaf.into(), leaf.into()])).into()
    });
    add("cyclic()", both, &|graph| {
        let list = graph.insert(dense([]));
        graph[list] = dense([list.into()]);
        list.into()
    });
    written
}

/// What Py3AMF answers, line by line. `None` if it is not there, which is told.
fn ask(lines: &str) -> Option<Vec<String>> {
    let python = env::var_os("RAVELIN_PYTHON").unwrap_or_else(|| OsString::from("python3"));
    let known = Command::new(&python).args(["-c", "import pyamf"]).stderr(Stdio::null()).status();
    if !known.is_ok_and(|status| status.success()) {
        skip(&format!("there is no Py3AMF in {} (set RAVELIN_PYTHON)", python.display()));
        return None;
    }
    let mut child = Command::new(&python)
        .args(["-X", "utf8", "-W", "ignore", "-c", include_str!("peer.py")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let lines = lines.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    Some(String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect())
}

fn digit(encoding: ObjectEncoding) -> u8 {
    if encoding == ObjectEncoding::Amf0 { 0 } else { 3 }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let pair = |at: usize| u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok();
    (0..text.len() / 2).map(pair).collect()
}
