use super::*;
use std::sync::Arc;

const AMF3: ObjectEncoding = ObjectEncoding::Amf3;

#[test]
fn s60_amf3_values_without_identity() {
    for (bytes, value) in [
        (&b"\x00"[..], Value::Undefined),
        (b"\x01", Value::Null),
        (b"\x02", Value::Bool(false)),
        (b"\x03", Value::Bool(true)),
        (b"\x04\x00", Value::Integer(0)),
        (b"\x05\x3f\xf8\0\0\0\0\0\0", Value::Number(1.5)),
        (b"\x05\x7f\xf8\0\0\0\0\0\x01", Value::Number(f64::from_bits(0x7ff8_0000_0000_0001))),
        (b"\x06\x01", Value::from("")),
        (b"\x06\x05\xc3\xa9", Value::from("é")),
    ] {
        both_ways(bytes, AMF3, &Graph::from(value));
    }
}

#[test]
fn s60_amf3_integers_have_29_bits_and_are_numbers_beyond() {
    for (integer, bytes) in [
        (0x7f, &b"\x04\x7f"[..]),
        (0x80, b"\x04\x81\x00"),
        (0x3fff, b"\x04\xff\x7f"),
        (0x4000, b"\x04\x81\x80\x00"),
        (0x1f_ffff, b"\x04\xff\xff\x7f"),
        (0x20_0000, b"\x04\x80\xc0\x80\x00"),
        (0x0fff_ffff, b"\x04\xbf\xff\xff\xff"),
        (-1, b"\x04\xff\xff\xff\xff"),
        (-0x1000_0000, b"\x04\xc0\x80\x80\x00"),
    ] {
        both_ways(bytes, AMF3, &Graph::from(integer));
    }
    for integer in [0x1000_0000, -0x1000_0001, i32::MAX, i32::MIN] {
        let bytes = write(&Graph::from(integer), AMF3);
        assert_eq!(bytes.len(), 9);
        assert_eq!(read(&bytes, AMF3), Ok(Graph::from(f64::from(integer))));
    }
    // More bytes than needed are no fault.
    assert_eq!(read(b"\x04\x80\x80\x80\x01", AMF3), Ok(Graph::from(1)));
}

#[test]
fn s60_amf3_objects_that_lead_nowhere() {
    for (bytes, of) in [
        (&b"\x07\x07<a>"[..], Object::XmlDocument("<a>".into())),
        (b"\x0b\x07<b>", Object::Xml("<b>".into())),
        (b"\x08\x01\xbf\xf0\0\0\0\0\0\0", Object::Date(Date { milliseconds: -1.0, time_zone: 0 })),
        (b"\x0c\x05\x00\xff", Object::ByteArray(vec![0, 255])),
        (
            b"\x0d\x05\x01\xff\xff\xff\xff\0\0\0\x02",
            Object::VectorInt(Vector { fixed: true, values: vec![-1, 2] }),
        ),
        (
            b"\x0e\x05\x00\xff\xff\xff\xff\0\0\0\x02",
            Object::VectorUint(Vector { fixed: false, values: vec![u32::MAX, 2] }),
        ),
        (
            b"\x0f\x03\x00\x3f\xf0\0\0\0\0\0\0",
            Object::VectorDouble(Vector { fixed: false, values: vec![1.0] }),
        ),
        (b"\x0d\x01\x00", Object::VectorInt(Vector::default())),
    ] {
        both_ways(bytes, AMF3, &object(of));
    }
    // Only the lowest bit of a date's head means something.
    let date = object(Object::Date(Date { milliseconds: -1.0, time_zone: 0 }));
    assert_eq!(read(b"\x08\x7f\xbf\xf0\0\0\0\0\0\0", AMF3), Ok(date));
}

#[test]
fn s60_amf3_arrays_are_dense_and_associative() {
    both_ways(b"\x09\x05\x01\x04\x01\x06\x03a", AMF3, &object(dense([1.into(), "a".into()])));
    both_ways(b"\x09\x01\x01", AMF3, &object(dense([])));
    let mixed = Array {
        dense: vec![Value::Null],
        associative: vec![("a".into(), "b".into()), ("b".into(), true.into())],
    };
    both_ways(b"\x09\x03\x03a\x06\x03b\x02\x03\x01\x01", AMF3, &object(Object::Array(mixed)));
}

#[test]
fn s60_amf3_vectors_of_objects_and_dictionaries() {
    let vector =
        VectorObject { fixed: true, class: "String".into(), values: vec!["a".into(), Value::Null] };
    both_ways(b"\x10\x05\x01\x0dString\x06\x03a\x01", AMF3, &object(Object::VectorObject(vector)));

    let mut graph = Graph::default();
    let key = graph.insert(Object::ByteArray(vec![7]));
    let entries = vec![(key.into(), 1.into()), ("k".into(), key.into())];
    graph.root = graph.insert(Object::Dictionary(Dictionary { weak_keys: true, entries })).into();
    both_ways(b"\x11\x05\x01\x0c\x03\x07\x04\x01\x06\x03k\x0c\x02", AMF3, &graph);
    assert_ne!(read(b"\x11\x01\x00", AMF3), read(b"\x11\x01\x01", AMF3));
}

#[test]
fn s60_amf3_classes_are_sealed_dynamic_or_both() {
    let sealed = Traits { class: "C".into(), dynamic: false, sealed: vec!["x".into()] };
    let instance =
        Instance { traits: Arc::new(sealed), sealed: vec![1.into()], dynamic: Vec::new() };
    assert!(matches!(instance.member("x"), Some(Value::Integer(1))));
    both_ways(b"\x0a\x13\x03C\x03x\x04\x01", AMF3, &object(Object::Instance(instance)));

    let both = Traits { class: "C".into(), dynamic: true, sealed: vec!["x".into()] };
    let dynamic = vec![("y".into(), 2.into())];
    let instance = Instance { traits: Arc::new(both), sealed: vec![1.into()], dynamic };
    both_ways(
        b"\x0a\x1b\x03C\x03x\x04\x01\x03y\x04\x02\x01",
        AMF3,
        &object(Object::Instance(instance)),
    );

    let anonymous = Instance::anonymous(vec![("y".into(), 2.into())]);
    both_ways(b"\x0a\x0b\x01\x03y\x04\x02\x01", AMF3, &object(Object::Instance(anonymous)));
}

#[test]
fn s60_amf3_traits_are_referred_to_by_all_of_the_class() {
    let traits =
        Arc::new(Traits { class: "C".into(), dynamic: true, sealed: vec!["x".into(), "y".into()] });
    let mut graph = Graph::default();
    let instances = [3, 5].map(|number| {
        let traits = Arc::clone(&traits);
        let sealed = vec![number.into(), Value::Null];
        let dynamic = vec![("x".into(), "C".into())];
        Value::Object(graph.insert(Object::Instance(Instance { traits, sealed, dynamic })))
    });
    let other = graph.insert(Object::Instance(Instance::anonymous(Vec::new())));
    let [first, second] = instances;
    let all = dense([first, other.into(), second, Value::Object(other)]);
    graph.root = graph.insert(all).into();
    let bytes = b"\x09\x09\x01\
        \x0a\x2b\x03C\x03x\x03y\x04\x03\x01\x02\x06\x00\x01\
        \x0a\x0b\x01\x01\
        \x0a\x01\x04\x05\x01\x02\x06\x00\x01\
        \x0a\x04";
    both_ways(bytes, AMF3, &graph);
    // The anonymous class by reference.
    let short = read(b"\x09\x05\x01\x0a\x0b\x01\x01\x0a\x01\x01", AMF3).unwrap();
    assert_eq!(write(&short, AMF3), b"\x09\x05\x01\x0a\x0b\x01\x01\x0a\x01\x01");
}

#[test]
fn s60_amf3_objects_are_shared_and_lead_to_themselves() {
    let mut graph = Graph::default();
    let list = graph.insert(dense([]));
    let bytes = graph.insert(Object::ByteArray(vec![1]));
    let date = graph.insert(Object::Date(Date::default()));
    let values = [list, bytes, date, date, bytes, list].map(Value::from);
    graph[list] = dense(values);
    graph.root = list.into();
    both_ways(
        b"\x09\x0d\x01\x09\x00\x0c\x03\x01\x08\x01\0\0\0\0\0\0\0\0\x08\x04\x0c\x02\x09\x00",
        AMF3,
        &graph,
    );
    let decoded = read(&write(&graph, AMF3), AMF3).unwrap();
    assert_eq!(decoded.len(), 3);
}

#[test]
fn s60_amf3_strings_are_referred_to_but_the_empty_one_is_not() {
    let strings = ["a", "", "b", "b", "", "a"].map(Value::from);
    let bytes = b"\x09\x0d\x01\x06\x03a\x06\x01\x06\x03b\x06\x02\x06\x01\x06\x00";
    both_ways(bytes, AMF3, &object(dense(strings)));
    let decoded = read(bytes, AMF3).unwrap();
    let Some(Object::Array(array)) = decoded.root_object() else { panic!("{decoded:?}") };
    let [Value::String(first), .., Value::String(last)] = &*array.dense else {
        panic!("{array:?}")
    };
    assert!(Arc::ptr_eq(first, last), "the same text is the same memory");
}

#[test]
fn s60_amf3_externalizable_classes_read_and_write_themselves() {
    let mut graph = Graph::default();
    let inner = External { class: "Layout".into(), fields: vec![Field::Bool(false)] };
    let inner = graph.insert(Object::External(inner));
    let outer = External {
        class: "Layout".into(),
        fields: vec![Field::Bool(true), Field::Object(Value::Object(inner))],
    };
    let outer = graph.insert(Object::External(outer));
    graph.root = graph.insert(dense([outer.into(), inner.into(), "Layout".into()])).into();
    both_ways(b"\x09\x07\x01\x0a\x07\x0dLayout\x01\x0a\x01\x00\x0a\x04\x06\x00", AMF3, &graph);
}

#[test]
fn s60_amf3_externalizable_classes_have_fields_of_every_kind() {
    let fields = [
        (FieldKind::Bool, Field::Bool(true), &b"\x01"[..]),
        (FieldKind::Bytes(2), Field::Bytes(vec![1, 2]), b"\x01\x02"),
        (FieldKind::F32, Field::F32(1.0), b"\x3f\x80\0\0"),
        (FieldKind::F64, Field::F64(1.0), b"\x3f\xf0\0\0\0\0\0\0"),
        (FieldKind::I16, Field::I16(-2), b"\xff\xfe"),
        (FieldKind::I32, Field::I32(-2), b"\xff\xff\xff\xfe"),
        (FieldKind::I8, Field::I8(-2), b"\xfe"),
        (FieldKind::Object, Field::Object("X".into()), b"\x06\x00"),
        (FieldKind::U16, Field::U16(258), b"\x01\x02"),
        (FieldKind::U32, Field::U32(258), b"\0\0\x01\x02"),
        (FieldKind::U8, Field::U8(255), b"\xff"),
        (FieldKind::Utf, Field::Utf("é".into()), b"\0\x02\xc3\xa9"),
        (FieldKind::UtfBytes(2), Field::UtfBytes("é".into()), b"\xc3\xa9"),
    ];
    let mut classes = Externalizables::default();
    classes.register("X", fields.each_ref().map(|(kind, ..)| *kind));
    let mut bytes = b"\x0a\x07\x03X".to_vec();
    bytes.extend(fields.iter().flat_map(|(.., bytes)| *bytes));
    let fields = fields.into_iter().map(|(_, field, _)| field).collect();
    let graph = object(Object::External(External { class: "X".into(), fields }));
    assert_eq!(write(&graph, AMF3), bytes);
    let read = |bytes: &[u8]| decode(bytes, AMF3, &Limits::default(), &classes);
    assert_eq!(read(&bytes), Ok((graph, bytes.len())));
    for cut in 0..bytes.len() {
        assert!(matches!(read(&bytes[..cut]), Err(DecodeError::NotEnough { .. })), "{cut}");
    }
}

#[test]
fn s60_amf3_externalizable_classes_that_nobody_reads_are_named() {
    let unknown = DecodeError::UnknownExternal { position: 4, class: "X".into() };
    assert_eq!(read(b"\x0a\x07\x03X\x01", AMF3), Err(unknown));
    let mut classes = Externalizables::default();
    classes.register("X", |fields: &[Field]| match fields {
        [] => Ok(Some(FieldKind::U8)),
        _ => Err("no luck".to_owned()),
    });
    let error = decode(b"\x0a\x07\x03X\x01", AMF3, &Limits::default(), &classes).unwrap_err();
    assert_eq!(error.to_string(), "externalizable `X` at byte 5: no luck");
}

#[test]
fn s60_amf3_what_breaks_the_format_is_told_with_its_place() {
    for (bytes, position, fault) in [
        (&b"\x12"[..], 0, Fault::UnknownMarker(0x12)),
        (b"\x09\x03\x01\xff", 3, Fault::UnknownMarker(0xff)),
        (b"\x06\x00", 1, Fault::StringReference(0)),
        (b"\x09\x05\x01\x06\x03a\x06\x04", 7, Fault::StringReference(2)),
        (b"\x0a\x00", 0, Fault::ObjectReference(0)),
        (b"\x09\x03\x01\x09\x02", 3, Fault::ObjectReference(1)),
        (b"\x09\x03\x01\x0a\x00", 3, Fault::ReferenceKind(0)),
        (b"\x0a\x05", 0, Fault::TraitsReference(1)),
        (b"\x09\x03\x01\x0a\x17\x03X", 3, Fault::ExternalMembers),
        (b"\x06\x03\xff", 2, Fault::Utf8),
        (b"\x07\x05\xc3(", 2, Fault::Utf8),
    ] {
        assert_eq!(read(bytes, AMF3), Err(DecodeError::Malformed { position, fault }), "{bytes:?}");
    }
}

#[test]
fn s60_amf3_what_cannot_be_expressed_is_not_written() {
    let instance = |dynamic, sealed: &[i32], members: Members| {
        let traits = Traits { class: "C".into(), dynamic, sealed: vec!["x".into()] };
        let sealed = sealed.iter().copied().map(Value::Integer).collect();
        object(Object::Instance(Instance { traits: Arc::new(traits), sealed, dynamic: members }))
    };
    let nameless = || vec![("".into(), Value::Null)];
    let foreign = object(dense([])).root;
    let traits = EncodeError::Traits { class: "C".into() };
    for (graph, error) in [
        (Graph::from(Value::Unsupported), EncodeError::Unsupported),
        (Graph::from(foreign), EncodeError::ForeignId),
        (instance(true, &[], Vec::new()), traits.clone()),
        (instance(false, &[1], nameless()), traits),
        (instance(true, &[1], nameless()), EncodeError::NamelessMember),
        (
            object(Object::Array(Array { dense: Vec::new(), associative: nameless() })),
            EncodeError::NamelessMember,
        ),
        (
            object(Object::External(External {
                class: "X".into(),
                fields: vec![Field::Utf(long_text().into())],
            })),
            EncodeError::TooLong(65536),
        ),
    ] {
        let mut bytes = b"before".to_vec();
        assert_eq!(encode(&graph, AMF3, &mut bytes), Err(error));
        assert_eq!(bytes, b"before");
    }
}
