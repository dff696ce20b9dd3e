//! Values of every type, which both libraries read as we do.

use super::{describe, flash};
use ravelin_net::data::amf::{
    Array, Date, Dictionary, Graph, Instance, Members, Object, ObjectEncoding, Traits, Value,
    Vector, VectorObject, encode,
};
use std::sync::Arc;

pub struct Sample {
    pub name: &'static str,
    pub graph: Graph,
    /// Whether Py3AMF can read it, in AMF 0 and in AMF 3.
    pub python: [bool; 2],
}

pub fn samples() -> Vec<Sample> {
    let mut samples = Vec::new();
    let mut add = |name, python, build: &dyn Fn(&mut Graph) -> Value| {
        let mut graph = Graph::default();
        graph.root = build(&mut graph);
        samples.push(Sample { name, graph, python });
    };
    let both = [true, true];
    add("null", both, &|_| Value::Null);
    add("undefined", both, &|_| Value::Undefined);
    add("true", both, &|_| true.into());
    add("false", both, &|_| false.into());
    for integer in [0, 1, 127, 128, 16383, 16384, 2_097_151, 2_097_152, 268_435_455, 268_435_456] {
        add("integer", both, &move |_| integer.into());
        add("negative integer", both, &move |_| (-integer - 1).into());
    }
    for number in [0.5, -0.1, 1e300, f64::INFINITY, f64::MIN_POSITIVE] {
        add("number", both, &move |_| number.into());
    }
    add("empty text", both, &|_| "".into());
    add("text", both, &|_| "naïve 日本 🙂".into());
    add("long text", both, &|_| Value::from(&*"x".repeat(70_000)));
    add("array", both, &|graph| {
        graph.insert(dense([1.5.into(), "a".into(), Value::Null, "a".into()])).into()
    });
    add("empty array", both, &|graph| graph.insert(dense([])).into());
    add("associative array", both, &|graph| {
        let associative = members([("a", 1.5.into()), ("b", "a".into())]);
        graph.insert(Object::Array(Array { dense: Vec::new(), associative })).into()
    });
    add("mixed array", both, &|graph| {
        let associative = members([("a", 1.5.into())]);
        let dense = vec![true.into(), "a".into()];
        graph.insert(Object::Array(Array { dense, associative })).into()
    });
    add("object", both, &|graph| {
        graph.insert(Object::Instance(Instance::anonymous(members([("a", "b".into())])))).into()
    });
    add("empty object", both, &|graph| {
        graph.insert(Object::Instance(Instance::anonymous(Vec::new()))).into()
    });
    add("typed object", both, &|graph| {
        let dynamic = members([("a", "b".into()), ("c", false.into())]);
        let traits = Arc::new(Traits::dynamic("com.example.Typed"));
        graph.insert(Object::Instance(Instance { traits, sealed: Vec::new(), dynamic })).into()
    });
    // In AMF 0, its members are no longer sealed, and Py3AMF says so in other words.
    add("sealed objects of one class", [false, true], &|graph| {
        let sealed = vec!["x".into(), "y".into()];
        let traits = Arc::new(Traits { class: "Sealed".into(), dynamic: false, sealed });
        let objects = ["a", "b"].map(|text| {
            let (traits, sealed) = (Arc::clone(&traits), vec![text.into(), "x".into()]);
            Value::from(graph.insert(Object::Instance(Instance {
                traits,
                sealed,
                dynamic: Vec::new(),
            })))
        });
        graph.insert(dense(objects)).into()
    });
    add("date", both, &|graph| {
        let date = Date { milliseconds: 1_134_567_890_123.0, time_zone: 0 };
        graph.insert(Object::Date(date)).into()
    });
    add("date with a time zone", [false, true], &|graph| {
        graph.insert(Object::Date(Date { milliseconds: -1000.0, time_zone: -60 })).into()
    });
    add("XML", both, &|graph| graph.insert(Object::Xml("<a>b</a>".into())).into());
    add("XML document", both, &|graph| graph.insert(Object::XmlDocument("<a>b</a>".into())).into());
    add("byte array", both, &|graph| graph.insert(Object::ByteArray(vec![0, 1, 254, 255])).into());
    let neither = [false, false];
    add("vector of int", neither, &|graph| {
        graph.insert(Object::VectorInt(Vector { fixed: true, values: vec![-1, i32::MAX] })).into()
    });
    add("vector of uint", neither, &|graph| {
        graph.insert(Object::VectorUint(Vector { fixed: false, values: vec![1, u32::MAX] })).into()
    });
    add("vector of double", neither, &|graph| {
        graph.insert(Object::VectorDouble(Vector { fixed: true, values: vec![0.5, -1.0] })).into()
    });
    add("vector of objects", neither, &|graph| {
        let item = graph.insert(Object::ByteArray(vec![1]));
        let values = vec![item.into(), "C".into(), item.into()];
        let vector = VectorObject { fixed: false, class: "C".into(), values };
        graph.insert(Object::VectorObject(vector)).into()
    });
    add("dictionary", both, &|graph| {
        let entries = vec![("a".into(), 1.5.into()), (2.5.into(), "a".into())];
        graph.insert(Object::Dictionary(Dictionary { weak_keys: false, entries })).into()
    });
    add("weak dictionary with objects", neither, &|graph| {
        let key = graph.insert(dense([]));
        let entries = vec![(key.into(), "a".into()), ("a".into(), key.into())];
        graph.insert(Object::Dictionary(Dictionary { weak_keys: true, entries })).into()
    });
    add("shared object", both, &|graph| {
        let leaf =
            graph.insert(Object::Instance(Instance::anonymous(members([("a", 1.5.into())]))));
        graph.insert(dense([leaf.into(), leaf.into()])).into()
    });
    add("shared byte array", both, &|graph| {
        let leaf = graph.insert(Object::ByteArray(vec![1]));
        graph.insert(dense([leaf.into(), leaf.into()])).into()
    });
    add("array within itself", both, &|graph| {
        let list = graph.insert(dense([]));
        graph[list] = dense(["a".into(), list.into()]);
        list.into()
    });
    add("object within itself", both, &|graph| {
        let instance = graph.insert(dense([]));
        graph[instance] = Object::Instance(Instance::anonymous(members([("me", instance.into())])));
        instance.into()
    });
    samples
}

#[test]
fn s60_flash_lso_reads_what_we_write() {
    for Sample { name, graph, .. } in samples() {
        for encoding in [ObjectEncoding::Amf0, ObjectEncoding::Amf3] {
            let mut bytes = Vec::new();
            encode(&graph, encoding, &mut bytes).unwrap();
            let graph = super::python::read(&bytes, encoding);
            let said = flash::describe(&bytes, encoding);
            let ours = describe::graph(&graph, encoding);
            assert_eq!(said, Some((ours, bytes.len())), "{name} in {encoding:?}");
        }
    }
}

pub fn dense(values: impl Into<Vec<Value>>) -> Object {
    Object::Array(Array { dense: values.into(), associative: Vec::new() })
}

pub fn members<const N: usize>(members: [(&str, Value); N]) -> Members {
    members.into_iter().map(|(name, value)| (name.into(), value)).collect()
}
