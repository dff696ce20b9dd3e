//! What flash-lso reads. It recurses: give it nothing that nests deeply.

use super::describe::{bytes, list, number, numbers, shown, text};
use flash_lso::{
    amf0::read::AMF0Decoder,
    amf3::read::AMF3Decoder,
    types::{Attribute, Element, ObjectId, Value, VectorPrimitiveValue},
};
use ravelin_net::data::amf::ObjectEncoding;

/// What flash-lso says, and of how many bytes; `None` if it does not read this.
pub fn describe(input: &[u8], encoding: ObjectEncoding) -> Option<(String, usize)> {
    let (rest, value) = match encoding {
        ObjectEncoding::Amf0 => AMF0Decoder::default().parse_single_element(input).ok()?,
        ObjectEncoding::Amf3 => AMF3Decoder::default().parse_single_element(input).ok()?,
    };
    let mut describer =
        Describer { names: encoding == ObjectEncoding::Amf0, ..Describer::default() };
    let said = match encoding {
        ObjectEncoding::Amf0 => describer.amf0(&value),
        ObjectEncoding::Amf3 => describer.amf3(&value),
    };
    Some((said, input.len() - rest.len()))
}

#[derive(Default)]
struct Describer {
    names: bool,
    met: usize,
    /// The tables of references: which of the objects that were met.
    amf0: Vec<usize>,
    amf3: Vec<usize>,
}

impl Describer {
    fn amf0(&mut self, value: &Value) -> String {
        let number = self.met;
        if let Value::Object { .. } | Value::ECMAArray { .. } | Value::StrictArray { .. } = value {
            self.amf0.push(number);
        }
        let object = match value {
            Value::Reference(reference) => {
                // What the reference is can be seen in no other way.
                let shown = format!("{reference:?}");
                let index = shown.trim_matches(|c: char| !c.is_ascii_digit()).parse::<usize>();
                let index = index.expect("a reference shows its index");
                return match self.amf0.get(index) {
                    Some(number) => format!("#{number}"),
                    None => format!("no object {index}"),
                };
            }
            Value::AMF3(value) => return self.amf3(value),
            Value::Object { data, .. } => {
                self.met += 1;
                let class = data.class_definition.as_ref().map_or("", |class| &class.name);
                let members = self.members(&data.elements, Describer::amf0);
                format!("object {} {{}}{{{members}}}", text(class))
            }
            Value::ECMAArray { data, .. } => {
                self.met += 1;
                format!("array {{{}}}", self.members(&data.elements, Describer::amf0))
            }
            Value::StrictArray { values, .. } => {
                self.met += 1;
                format!("array {{{}}}", self.elements(values, Describer::amf0))
            }
            Value::Date { time, timezone_or_utc } => {
                self.met += 1;
                format!("date {} {}", super::describe::number(*time), timezone_or_utc.unwrap_or(0))
            }
            Value::XML { value, .. } => {
                self.met += 1;
                format!("document {}", text(value))
            }
            value => return simple(value),
        };
        format!("#{number}={object}")
    }

    fn amf3(&mut self, value: &Value) -> String {
        if let Value::Amf3ObjectReference(ObjectId(index)) = value {
            let number = usize::try_from(*index).ok().and_then(|index| self.amf3.get(index));
            return number
                .map_or_else(|| format!("no object {index}"), |number| format!("#{number}"));
        }
        let met = self.met;
        self.amf3.push(met);
        self.met += 1;
        let object = match value {
            Value::Object { data, .. } => {
                let class = data.class_definition.as_ref();
                let sealed = class.map_or(0, |class| class.static_properties.len());
                let (sealed, dynamic) = data.elements.split_at(sealed);
                let sealed = self.members(sealed, Describer::amf3);
                let dynamic = self.members(dynamic, Describer::amf3);
                let external =
                    class.is_some_and(|class| class.attributes.contains(Attribute::External));
                assert!(!external, "flash-lso reads no unknown externalizable classes");
                let class = class.map_or("", |class| &class.name);
                format!("object {} {{{sealed}}}{{{dynamic}}}", text(class))
            }
            Value::ECMAArray { data, .. } if self.names => {
                let named = self.members(&data.elements, Describer::amf3);
                let dense = self.elements(&data.dense, Describer::amf3);
                // Ours tells the dense part first, so the numbers may differ.
                format!("mixed array {{{named}}} {{{dense}}}")
            }
            Value::ECMAArray { data, .. } => {
                let named = self.members(&data.elements, Describer::amf3);
                format!("array {{{named}}} [{}]", self.values(&data.dense))
            }
            Value::StrictArray { values, .. } if self.names => {
                format!("array {{{}}}", self.elements(values, Describer::amf3))
            }
            Value::StrictArray { values, .. } => format!("array {{}} [{}]", self.values(values)),
            Value::ByteArray(value) => format!("bytes {}", bytes(value)),
            Value::Date { time, .. } => format!("date {} 0", number(*time)),
            Value::Dictionary { data, .. } => {
                let entries = list(data.elements.iter().map(|entry| {
                    let key = self.amf3(&entry.key);
                    format!("{key}:{}", self.amf3(&entry.value))
                }));
                format!("dictionary weak={} {{{entries}}}", data.weak_keys)
            }
            Value::VectorDouble(VectorPrimitiveValue { values, fixed_length }) => {
                numbers(*fixed_length, "double", values, |value| number(*value))
            }
            Value::VectorInt(VectorPrimitiveValue { values, fixed_length }) => {
                numbers(*fixed_length, "int", values, shown)
            }
            Value::VectorUInt(VectorPrimitiveValue { values, fixed_length }) => {
                numbers(*fixed_length, "uint", values, shown)
            }
            Value::VectorObject { data, .. } => {
                let values = self.values(&data.values);
                let class = text(&data.object_type_name);
                format!("vector fixed={} {class} [{values}]", data.fixed_length)
            }
            Value::XML { value, is_string: true } => format!("xml {}", text(value)),
            Value::XML { value, is_string: false } => format!("document {}", text(value)),
            value => {
                self.amf3.pop();
                self.met -= 1;
                return simple(value);
            }
        };
        format!("#{met}={object}")
    }

    fn values(&mut self, values: &[Value]) -> String {
        list(values.iter().map(|value| self.amf3(value)))
    }

    fn elements(&mut self, values: &[Value], one: fn(&mut Describer, &Value) -> String) -> String {
        let named = values.iter().enumerate();
        list(named.map(|(name, value)| format!("{}:{}", text(&name.to_string()), one(self, value))))
    }

    fn members(
        &mut self,
        members: &[Element],
        one: fn(&mut Describer, &Value) -> String,
    ) -> String {
        let named = members.iter();
        list(named.map(|member| format!("{}:{}", text(&member.name), one(self, &member.value))))
    }
}

fn simple(value: &Value) -> String {
    match value {
        Value::Bool(value) => value.to_string(),
        Value::Integer(value) => value.to_string(),
        Value::Null => "null".into(),
        Value::Number(value) => number(*value),
        Value::String(value) => text(value),
        Value::Undefined => "undefined".into(),
        Value::Unsupported => "unsupported".into(),
        other => unreachable!("unknown value {other:?}"),
    }
}
