use super::*;
use ObjectEncoding::{Amf0, Amf3};
use proptest::prelude::*;
use std::sync::Arc;

/// A graph to be: what its objects are, and the values that they and the root get, in which objects go by number.
#[derive(Clone, Debug)]
struct Plan {
    root: Leaf,
    objects: Vec<(Kind, Vec<Leaf>)>,
}

#[derive(Clone, Debug)]
enum Kind {
    Array(usize),
    ByteArray(Vec<u8>),
    Date(u64),
    Dictionary(bool),
    External,
    Instance { class: String, dynamic: bool, sealed: usize },
    VectorDouble(bool, Vec<u64>),
    VectorInt(bool, Vec<i32>),
    VectorObject(bool, String),
    VectorUint(bool, Vec<u32>),
    Xml(String),
    XmlDocument(String),
}

#[derive(Clone, Debug)]
enum Leaf {
    Bool(bool),
    Integer(i32),
    Null,
    Number(u64),
    Object(usize),
    String(String),
    Undefined,
}

fn plan() -> impl Strategy<Value = Plan> {
    let leaf = prop_oneof![
        1 => any::<bool>().prop_map(Leaf::Bool),
        2 => (-(1_i32 << 28)..1 << 28).prop_map(Leaf::Integer),
        1 => Just(Leaf::Null),
        2 => any::<u64>().prop_map(Leaf::Number),
        6 => (0_usize..100).prop_map(Leaf::Object),
        2 => "[a-c]{0,2}|.{0,70}".prop_map(Leaf::String),
        1 => Just(Leaf::Undefined),
    ];
    let kind =
        prop_oneof![
            (0_usize..5).prop_map(Kind::Array),
            prop::collection::vec(any::<u8>(), 0..200).prop_map(Kind::ByteArray),
            any::<u64>().prop_map(Kind::Date),
            any::<bool>().prop_map(Kind::Dictionary),
            Just(Kind::External),
            ("[A-C]?", any::<bool>(), 0_usize..4)
                .prop_map(|(class, dynamic, sealed)| Kind::Instance { class, dynamic, sealed }),
            (any::<bool>(), prop::collection::vec(any::<u64>(), 0..5))
                .prop_map(|(fixed, values)| Kind::VectorDouble(fixed, values)),
            (any::<bool>(), prop::collection::vec(any::<i32>(), 0..70))
                .prop_map(|(fixed, values)| Kind::VectorInt(fixed, values)),
            (any::<bool>(), "[A-C]?").prop_map(|(fixed, class)| Kind::VectorObject(fixed, class)),
            (any::<bool>(), prop::collection::vec(any::<u32>(), 0..5))
                .prop_map(|(fixed, values)| Kind::VectorUint(fixed, values)),
            "<[a-c]{0,2}>".prop_map(Kind::Xml),
            "<[a-c]{0,2}>".prop_map(Kind::XmlDocument),
        ];
    let objects = prop::collection::vec((kind, prop::collection::vec(leaf.clone(), 0..8)), 0..12);
    (leaf, objects).prop_map(|(root, objects)| Plan { root, objects })
}

impl Plan {
    /// For AMF 0, without what it cannot tell apart: integers and numbers, sealed members and others, and the identity of
    /// dates and XML documents.
    fn graph(&self, encoding: ObjectEncoding) -> Graph {
        let mut graph = Graph::default();
        let ids: Vec<_> = self.objects.iter().map(|_| graph.insert(dense([]))).collect();
        let value = |leaf: &Leaf| match leaf {
            Leaf::Bool(value) => Value::Bool(*value),
            Leaf::Integer(value) if encoding == Amf0 => Value::Number((*value).into()),
            Leaf::Integer(value) => Value::Integer(*value),
            Leaf::Number(bits) => Value::Number(f64::from_bits(*bits)),
            Leaf::Object(number) if !ids.is_empty() => Value::Object(ids[number % ids.len()]),
            Leaf::String(text) => Value::from(&**text),
            Leaf::Null | Leaf::Object(_) => Value::Null,
            Leaf::Undefined => Value::Undefined,
        };
        let named = |leaves: &[Leaf]| -> Members {
            leaves
                .iter()
                .enumerate()
                .map(|(n, leaf)| (format!("m{}", n / 2).into(), value(leaf)))
                .collect()
        };
        for (id, (kind, leaves)) in ids.iter().zip(&self.objects) {
            let values = || leaves.iter().map(value).collect::<Vec<_>>();
            graph[*id] = match kind {
                Kind::Array(count) => {
                    let (dense, associative) = leaves.split_at((*count).min(leaves.len()));
                    let dense = dense.iter().map(value).collect();
                    Object::Array(Array { dense, associative: named(associative) })
                }
                Kind::ByteArray(bytes) => Object::ByteArray(bytes.clone()),
                Kind::Date(_) | Kind::XmlDocument(_) if encoding == Amf0 => dense([]),
                Kind::Date(bits) => {
                    Object::Date(Date { milliseconds: f64::from_bits(*bits), time_zone: 0 })
                }
                Kind::Dictionary(weak_keys) => {
                    let entries = leaves.as_chunks::<2>().0.iter();
                    let entries = entries.map(|[key, of]| (value(key), value(of))).collect();
                    Object::Dictionary(Dictionary { weak_keys: *weak_keys, entries })
                }
                Kind::External => {
                    let object = leaves.first().map(|leaf| Field::Object(value(leaf)));
                    let fields =
                        [Field::Bool(object.is_some())].into_iter().chain(object).collect();
                    Object::External(External { class: "Layout".into(), fields })
                }
                Kind::Instance { class, dynamic, sealed } => {
                    let dynamic = *dynamic || encoding == Amf0;
                    let sealed = if encoding == Amf0 { 0 } else { *sealed };
                    let (sealed, rest) = leaves.split_at(sealed.min(leaves.len()));
                    let names = (0..sealed.len()).map(|n| format!("s{n}").into()).collect();
                    let traits = Traits { class: (**class).into(), dynamic, sealed: names };
                    Object::Instance(Instance {
                        traits: Arc::new(traits),
                        sealed: sealed.iter().map(value).collect(),
                        dynamic: if dynamic { named(rest) } else { Vec::new() },
                    })
                }
                Kind::VectorDouble(fixed, bits) => {
                    let values = bits.iter().copied().map(f64::from_bits).collect();
                    Object::VectorDouble(Vector { fixed: *fixed, values })
                }
                Kind::VectorInt(fixed, values) => {
                    Object::VectorInt(Vector { fixed: *fixed, values: values.clone() })
                }
                Kind::VectorObject(fixed, class) => {
                    let class = (**class).into();
                    Object::VectorObject(VectorObject { fixed: *fixed, class, values: values() })
                }
                Kind::VectorUint(fixed, values) => {
                    Object::VectorUint(Vector { fixed: *fixed, values: values.clone() })
                }
                Kind::Xml(text) => Object::Xml((**text).into()),
                Kind::XmlDocument(text) => Object::XmlDocument((**text).into()),
            };
        }
        graph.root = value(&self.root);
        graph
    }
}

proptest! {
    #[test]
    fn s60_what_is_written_is_read_with_all_that_is_shared(plan in plan()) {
        for encoding in [Amf0, Amf3] {
            let graph = plan.graph(encoding);
            let bytes = write(&graph, encoding);
            prop_assert_eq!(read(&bytes, encoding), Ok(graph), "{:?} {:x?}", encoding, bytes);
        }
    }

    #[test]
    fn s60_s63_what_is_cut_off_is_never_taken_for_broken(plan in plan()) {
        for encoding in [Amf0, Amf3] {
            let bytes = write(&plan.graph(encoding), encoding);
            for cut in 0..bytes.len() {
                let result = decode(&bytes[..cut], encoding, &Limits::default(), &classes());
                prop_assert!(
                    matches!(result, Err(DecodeError::NotEnough { needed, available })
                        if available == cut && cut < needed && needed <= bytes.len()),
                    "{:?} {} of {:x?}: {:?}", encoding, cut, bytes, result
                );
            }
        }
    }

    #[test]
    fn s60_s63_a_value_in_pieces_is_the_same(
        plan in plan(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
        piece in 1_usize..20,
    ) {
        for encoding in [Amf0, Amf3] {
            let mut bytes = write(&plan.graph(encoding), encoding);
            for (at, byte) in &changes {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            let mut decoder = Decoder::new(encoding);
            let mut end = 0;
            let pieces = loop {
                end = (end + piece).min(bytes.len());
                let result = decoder.decode(&bytes[..end], &Limits::default(), &classes());
                if end == bytes.len() || !matches!(result, Err(DecodeError::NotEnough { .. })) {
                    break result;
                }
            };
            let whole = decode(&bytes[..end], encoding, &Limits::default(), &classes());
            prop_assert_eq!(pieces, whole);
        }
    }

    #[test]
    fn s60_changed_bytes_never_panic_and_what_is_read_can_be_written(
        plan in plan(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        for encoding in [Amf0, Amf3] {
            let mut bytes = write(&plan.graph(encoding), encoding);
            for (at, byte) in &changes {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            let Ok((graph, length)) = decode(&bytes, encoding, &Limits::default(), &classes()) else {
                continue;
            };
            prop_assert!(length <= bytes.len());
            let mut again = Vec::new();
            encode(&graph, encoding, &mut again).unwrap();
            let graph_again = read(&again, encoding).unwrap();
            if encoding == Amf3 {
                prop_assert_eq!(graph_again, graph);
            } else {
                // AMF 3 inside may have said more than AMF 0 does; from then on nothing changes.
                prop_assert_eq!(read(&write(&graph_again, encoding), encoding), Ok(graph_again));
            }
        }
    }
}
