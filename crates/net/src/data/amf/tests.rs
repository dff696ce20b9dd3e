//! Tests of both versions: what is common to them here, the rest in files of their own.

mod amf0;
mod amf3;
mod hostile;
mod random;

use super::*;

/// Decodes a whole value, with `Layout` registered as a class of a boolean and, if it is true, an object.
fn read(bytes: &[u8], encoding: ObjectEncoding) -> Result<Graph, DecodeError> {
    let (graph, length) = decode(bytes, encoding, &Limits::default(), &classes())?;
    assert_eq!(length, bytes.len(), "bytes are left: {graph:?}");
    Ok(graph)
}

fn write(graph: &Graph, encoding: ObjectEncoding) -> Vec<u8> {
    let mut bytes = b"before".to_vec();
    encode(graph, encoding, &mut bytes).unwrap();
    bytes.split_off(6)
}

fn classes() -> Externalizables {
    let mut classes = Externalizables::default();
    classes.register("Layout", |fields: &[Field]| match fields {
        [] => Ok(Some(FieldKind::Bool)),
        [Field::Bool(true)] => Ok(Some(FieldKind::Object)),
        [Field::Bool(_)] | [Field::Bool(_), Field::Object(_)] => Ok(None),
        _ => Err("not a layout".to_owned()),
    });
    classes
}

/// The bytes are this graph, and the graph is these bytes.
#[track_caller]
fn both_ways(bytes: &[u8], encoding: ObjectEncoding, graph: &Graph) {
    assert_eq!(read(bytes, encoding).as_ref(), Ok(graph));
    assert_eq!(write(graph, encoding), bytes, "{graph:?}");
}

/// A graph of one object.
fn object(object: Object) -> Graph {
    let mut graph = Graph::default();
    graph.root = graph.insert(object).into();
    graph
}

fn dense(values: impl Into<Vec<Value>>) -> Object {
    Object::Array(Array { dense: values.into(), associative: Vec::new() })
}

/// Long enough for AMF 0's long strings.
fn long_text() -> String {
    "x".repeat(65536)
}
