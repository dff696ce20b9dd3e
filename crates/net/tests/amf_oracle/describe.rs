//! A value in words, in the order of writing. Two libraries that read the same say the same. Objects have numbers in the
//! order they are met, and are told once. What was read must not nest deeply.

use ravelin_net::data::amf::{Field, Graph, Members, Object, ObjectEncoding, Value, Vector};
use std::{collections::HashMap, fmt::Display};

/// What a graph says.
pub fn graph(graph: &Graph, encoding: ObjectEncoding) -> String {
    let mut describer =
        Describer { graph, names: encoding == ObjectEncoding::Amf0, met: HashMap::new() };
    describer.value(&graph.root)
}

pub fn number(number: f64) -> String {
    format!("{:016x}", number.to_bits())
}

pub fn text(text: &str) -> String {
    format!("'{}'", bytes(text.as_bytes()))
}

pub fn bytes(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

pub fn list(items: impl IntoIterator<Item = String>) -> String {
    items.into_iter().collect::<Vec<_>>().join(",")
}

pub fn numbers<T>(fixed: bool, kind: &str, values: &[T], one: impl Fn(&T) -> String) -> String {
    format!("{kind} fixed={fixed} [{}]", list(values.iter().map(one)))
}

struct Describer<'g> {
    graph: &'g Graph,
    /// All elements of arrays have names, as in AMF 0.
    names: bool,
    met: HashMap<ravelin_net::data::amf::Id, usize>,
}

impl Describer<'_> {
    fn value(&mut self, value: &Value) -> String {
        match value {
            Value::Bool(value) => value.to_string(),
            Value::Integer(value) => value.to_string(),
            Value::Null => "null".into(),
            Value::Number(value) => number(*value),
            Value::String(value) => text(value),
            Value::Undefined => "undefined".into(),
            Value::Unsupported => "unsupported".into(),
            Value::Object(id) => {
                let next = self.met.len();
                if let Some(number) = self.met.get(id) {
                    return format!("#{number}");
                }
                self.met.insert(*id, next);
                format!("#{next}={}", self.object(&self.graph[*id]))
            }
        }
    }

    fn object(&mut self, object: &Object) -> String {
        match object {
            Object::Array(array) if self.names => {
                let dense = array.dense.iter().enumerate();
                let dense = list(dense.map(|(name, value)| self.member(&name.to_string(), value)));
                let named = self.members(&array.associative);
                let between = if dense.is_empty() || named.is_empty() { "" } else { "," };
                format!("array {{{dense}{between}{named}}}")
            }
            Object::Array(array) => {
                let named = self.members(&array.associative);
                format!("array {{{named}}} [{}]", self.values(&array.dense))
            }
            Object::ByteArray(value) => format!("bytes {}", bytes(value)),
            Object::Date(date) => {
                format!("date {} {}", number(date.milliseconds), date.time_zone.cast_unsigned())
            }
            Object::Dictionary(dictionary) => {
                let entries = dictionary.entries.iter();
                let entries = list(entries.map(|(key, value)| {
                    let key = self.value(key);
                    format!("{key}:{}", self.value(value))
                }));
                format!("dictionary weak={} {{{entries}}}", dictionary.weak_keys)
            }
            Object::External(external) => {
                let fields = external.fields.iter().map(|field| match field {
                    Field::Object(value) => self.value(value),
                    other => format!("{other:?}"),
                });
                format!("external {} ({})", text(&external.class), list(fields))
            }
            Object::Instance(instance) => {
                let sealed = instance.traits.sealed.iter().zip(&instance.sealed);
                let sealed: Members =
                    sealed.map(|(name, value)| (name.clone(), value.clone())).collect();
                let (sealed, dynamic) = (self.members(&sealed), self.members(&instance.dynamic));
                format!("object {} {{{sealed}}}{{{dynamic}}}", text(&instance.traits.class))
            }
            Object::VectorDouble(Vector { fixed, values }) => {
                numbers(*fixed, "double", values, |value| number(*value))
            }
            Object::VectorInt(Vector { fixed, values }) => numbers(*fixed, "int", values, shown),
            Object::VectorUint(Vector { fixed, values }) => numbers(*fixed, "uint", values, shown),
            Object::VectorObject(vector) => {
                let values = self.values(&vector.values);
                format!("vector fixed={} {} [{values}]", vector.fixed, text(&vector.class))
            }
            Object::Xml(value) => format!("xml {}", text(value)),
            Object::XmlDocument(value) => format!("document {}", text(value)),
            other => unreachable!("unknown object {other:?}"),
        }
    }

    fn values(&mut self, values: &[Value]) -> String {
        list(values.iter().map(|value| self.value(value)))
    }

    fn members(&mut self, members: &Members) -> String {
        list(members.iter().map(|(name, value)| self.member(name, value)))
    }

    fn member(&mut self, name: &str, value: &Value) -> String {
        format!("{}:{}", text(name), self.value(value))
    }
}

pub fn shown(value: &impl Display) -> String {
    value.to_string()
}
