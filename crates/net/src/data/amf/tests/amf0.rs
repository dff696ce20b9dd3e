use super::*;
use std::sync::Arc;

const AMF0: ObjectEncoding = ObjectEncoding::Amf0;

#[test]
fn s60_amf0_values_without_identity() {
    for (bytes, value) in [
        (&b"\x00\x3f\xf8\0\0\0\0\0\0"[..], Value::Number(1.5)),
        (b"\x01\x00", Value::Bool(false)),
        (b"\x01\x01", Value::Bool(true)),
        (b"\x02\0\0", Value::from("")),
        (b"\x02\0\x02\xc3\xa9", Value::from("é")),
        (b"\x05", Value::Null),
        (b"\x06", Value::Undefined),
        (b"\x0d", Value::Unsupported),
    ] {
        both_ways(bytes, AMF0, &Graph::from(value));
    }
    assert_eq!(read(b"\x01\x80", AMF0), Ok(Graph::from(true)));
    assert_eq!(write(&Graph::from(-2), AMF0), b"\x00\xc0\0\0\0\0\0\0\0");
}

#[test]
fn s60_amf0_strings_are_long_from_65536_bytes_on() {
    let long = long_text();
    let short = &long[1..];
    let bytes = write(&Graph::from(short), AMF0);
    assert_eq!(bytes[..3], *b"\x02\xff\xff");
    assert_eq!(read(&bytes, AMF0), Ok(Graph::from(short)));
    let bytes = write(&Graph::from(&*long), AMF0);
    assert_eq!(bytes[..5], *b"\x0c\0\x01\0\0");
    assert_eq!(read(&bytes, AMF0), Ok(Graph::from(&*long)));
    assert_eq!(read(b"\x0c\0\0\0\x01a", AMF0), Ok(Graph::from("a")));
}

#[test]
fn s60_amf0_objects_and_typed_objects() {
    let members = vec![("a".into(), true.into()), ("".into(), Value::Null)];
    let anonymous = Instance::anonymous(members.clone());
    both_ways(b"\x03\0\x01a\x01\x01\0\0\x05\0\0\x09", AMF0, &object(Object::Instance(anonymous)));
    let traits = Arc::new(Traits::dynamic("C"));
    let typed = Instance { traits, sealed: Vec::new(), dynamic: members };
    both_ways(
        b"\x10\0\x01C\0\x01a\x01\x01\0\0\x05\0\0\x09",
        AMF0,
        &object(Object::Instance(typed)),
    );

    let traits = Traits { class: "C".into(), dynamic: false, sealed: vec!["a".into()] };
    let sealed = vec![true.into()];
    let sealed = Instance { traits: Arc::new(traits), sealed, dynamic: Vec::new() };
    let bytes = write(&object(Object::Instance(sealed)), AMF0);
    assert_eq!(bytes, b"\x10\0\x01C\0\x01a\x01\x01\0\0\x09", "sealed members are like others");
}

#[test]
fn s60_amf0_arrays_are_strict_or_ecma() {
    both_ways(b"\x0a\0\0\0\x02\x05\x06", AMF0, &object(dense([Value::Null, Value::Undefined])));
    both_ways(b"\x0a\0\0\0\0", AMF0, &object(dense([])));
    let mixed = Array {
        dense: vec![Value::Null, Value::Undefined],
        associative: vec![("a".into(), true.into()), ("7".into(), Value::Null)],
    };
    let mixed = object(Object::Array(mixed));
    let bytes = b"\x08\0\0\0\x04\0\x010\x05\0\x011\x06\0\x01a\x01\x01\0\x017\x05\0\0\x09";
    both_ways(bytes, AMF0, &mixed);
    // The count is only a hint.
    let mut hint = bytes.to_vec();
    hint[1..5].fill(0xff);
    assert_eq!(read(&hint, AMF0), Ok(mixed));
    assert_eq!(read(b"\x08\0\0\0\x01\0\x010\x05\0\0\x09", AMF0), Ok(object(dense([Value::Null]))));
}

#[test]
fn s60_amf0_dates_and_xml_documents_are_values() {
    let date = Date { milliseconds: 1.0, time_zone: -60 };
    both_ways(b"\x0b\x3f\xf0\0\0\0\0\0\0\xff\xc4", AMF0, &object(Object::Date(date)));
    both_ways(b"\x0f\0\0\0\x03<a>", AMF0, &object(Object::XmlDocument("<a>".into())));

    // They have no place in the table: the reference is to the inner array, not to the date.
    let mut shared = Graph::default();
    let day = shared.insert(Object::Date(date));
    let inner = shared.insert(dense([]));
    shared.root = shared.insert(dense([day, inner, inner, day].map(Value::from))).into();
    let bytes = b"\x0a\0\0\0\x04\x0b\x3f\xf0\0\0\0\0\0\0\xff\xc4\x0a\0\0\0\0\x07\0\x01\
        \x0b\x3f\xf0\0\0\0\0\0\0\xff\xc4";
    assert_eq!(write(&shared, AMF0), bytes);
    assert_eq!(read(bytes, AMF0).unwrap().len(), 4, "each place has its own date");
}

#[test]
fn s60_amf0_objects_are_shared_and_lead_to_themselves() {
    let mut graph = Graph::default();
    let root = graph.insert(dense([]));
    let leaf = graph.insert(Object::Instance(Instance::anonymous(Vec::new())));
    let ecma = vec![("up".into(), root.into())];
    let ecma = graph.insert(Object::Array(Array { dense: Vec::new(), associative: ecma }));
    graph[root] = dense([root, leaf, ecma, ecma, leaf].map(Value::from));
    graph.root = root.into();
    let bytes = b"\x0a\0\0\0\x05\x07\0\0\x03\0\0\x09\
        \x08\0\0\0\x01\0\x02up\x07\0\0\0\0\x09\x07\0\x02\x07\0\x01";
    both_ways(bytes, AMF0, &graph);
}

#[test]
fn s60_amf0_turns_to_amf3_for_what_it_has_no_marker_for() {
    let byte_array = object(Object::ByteArray(vec![7]));
    both_ways(b"\x11\x0c\x03\x07", AMF0, &byte_array);
    both_ways(b"\x11\x0b\x07<b>", AMF0, &object(Object::Xml("<b>".into())));
    both_ways(b"\x11\x0d\x01\x00", AMF0, &object(Object::VectorInt(Vector::default())));
    both_ways(b"\x11\x11\x01\x00", AMF0, &object(Object::Dictionary(Dictionary::default())));
    assert_eq!(read(b"\x11\x04\x05", AMF0), Ok(Graph::from(5)));

    // One table for all of AMF 3 in a value, another one for AMF 0, and no object in both.
    let mut graph = Graph::default();
    let plain = graph.insert(dense([]));
    let below = graph.insert(dense([]));
    let vector = VectorObject { fixed: false, class: "".into(), values: vec![below.into()] };
    let vector = graph.insert(Object::VectorObject(vector));
    let values = [plain, vector, below, plain, vector].map(Value::from);
    graph.root = graph.insert(dense(values)).into();
    let bytes = b"\x0a\0\0\0\x05\x0a\0\0\0\0\x11\x10\x03\x00\x01\x09\x01\x01\x11\x09\x02\x07\0\x01\x11\x10\x00";
    both_ways(bytes, AMF0, &graph);
}

#[test]
fn s60_amf0_what_breaks_the_format_is_told_with_its_place() {
    for (bytes, position, fault) in [
        (&b"\x12"[..], 0, Fault::UnknownMarker(0x12)),
        (b"\x04", 0, Fault::ReservedMarker(4)),
        (b"\x0a\0\0\0\x01\x0e", 5, Fault::ReservedMarker(14)),
        (b"\x09", 0, Fault::ObjectEnd),
        (b"\x03\0\x01a\x09", 1, Fault::ObjectEnd),
        (b"\x07\0\0", 0, Fault::ObjectReference(0)),
        (b"\x0a\0\0\0\x01\x07\0\x01", 5, Fault::ObjectReference(1)),
        (b"\x02\0\x01\xff", 3, Fault::Utf8),
        (b"\x03\0\x01\xff\x05", 3, Fault::Utf8),
        (b"\x11\x12", 1, Fault::UnknownMarker(0x12)),
        // An object of AMF 0 cannot be meant in AMF 3.
        (b"\x0a\0\0\0\x01\x11\x09\x00", 6, Fault::ObjectReference(0)),
    ] {
        assert_eq!(read(bytes, AMF0), Err(DecodeError::Malformed { position, fault }), "{bytes:?}");
    }
}

#[test]
fn s60_amf0_what_cannot_be_expressed_is_not_written() {
    let mut many = Graph::default();
    let mut values: Vec<_> = (0..65536).map(|_| Value::Object(many.insert(dense([])))).collect();
    // The array that holds all is object 0, so the last one is object 65536.
    values.push(values[65534].clone());
    let list = many.insert(dense(values.clone()));
    many.root = list.into();
    let bytes = write(&many, AMF0);
    assert_eq!(bytes[bytes.len() - 3..], *b"\x07\xff\xff");
    assert_eq!(read(&bytes, AMF0).as_ref(), Ok(&many));
    values.push(values[65535].clone());
    many[list] = dense(values);

    let name = vec![(long_text().into(), Value::Null)];
    let traits = Traits { class: "C".into(), dynamic: true, sealed: vec!["x".into()] };
    let traits = Arc::new(traits);
    let instance = Instance { traits, sealed: Vec::new(), dynamic: Vec::new() };
    let unsupported =
        VectorObject { fixed: true, class: "".into(), values: vec![Value::Unsupported] };
    for (graph, error) in [
        (many, EncodeError::ManyObjects),
        (Graph::from(object(dense([])).root), EncodeError::ForeignId),
        (object(Object::Instance(Instance::anonymous(name))), EncodeError::TooLong(65536)),
        (object(Object::Instance(instance)), EncodeError::Traits { class: "C".into() }),
        (object(Object::VectorObject(unsupported)), EncodeError::Unsupported),
    ] {
        let mut bytes = b"before".to_vec();
        assert_eq!(encode(&graph, AMF0, &mut bytes), Err(error));
        assert_eq!(bytes, b"before");
    }
}
