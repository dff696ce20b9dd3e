//! Writing AMF 0.

use super::{
    super::{EncodeError, Graph, Id, Instance, Object, Value, amf3},
    marker,
};
use std::{borrow::Cow, collections::HashMap, sync::Arc};

/// Writes the root.
pub(in super::super) fn encode(graph: &Graph, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let encoder = Encoder {
        graph,
        foreign: foreign(graph),
        objects: HashMap::new(),
        open: Vec::new(),
        amf3: amf3::Encoder::new(graph),
    };
    encoder.value(&graph.root, out)
}

struct Encoder<'g> {
    graph: &'g Graph,
    /// For each object, whether it has to be written in AMF 3; empty if none has.
    foreign: Vec<bool>,
    objects: HashMap<Id, usize>,
    open: Vec<Open>,
    amf3: amf3::Encoder<'g>,
}

/// An object whose first `step` values are written.
struct Open {
    id: Id,
    step: usize,
}

impl<'g> Encoder<'g> {
    fn value(mut self, value: &'g Value, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.begin(value, out)?;
        while let Some(open) = self.open.last_mut() {
            let step = open.step;
            open.step += 1;
            match step_of(&self.graph[open.id], step, out)? {
                Some(value) => self.begin(value, out)?,
                None => {
                    self.open.pop();
                }
            }
        }
        Ok(())
    }

    /// Writes a value, or the beginning of an object.
    fn begin(&mut self, value: &'g Value, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match value {
            Value::Bool(value) => out.extend_from_slice(&[marker::BOOLEAN, (*value).into()]),
            Value::Integer(value) => put_number(f64::from(*value), out),
            Value::Null => out.push(marker::NULL),
            Value::Number(value) => put_number(*value, out),
            Value::String(text) if u16::try_from(text.len()).is_ok() => {
                out.push(marker::STRING);
                put_short_text(text, out)?;
            }
            Value::String(text) => {
                out.push(marker::LONG_STRING);
                put_long_text(text, out)?;
            }
            Value::Undefined => out.push(marker::UNDEFINED),
            Value::Unsupported => out.push(marker::UNSUPPORTED),
            Value::Object(id) if self.foreign.get(id.index()) == Some(&true) => {
                out.push(marker::AVMPLUS);
                self.amf3.value(value, out)?;
            }
            Value::Object(id) => self.object(*id, out)?,
        }
        Ok(())
    }

    fn object(&mut self, id: Id, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match self.graph.object(id).ok_or(EncodeError::ForeignId)? {
            // Neither can be referred to (section 2.9).
            Object::Date(date) => {
                out.push(marker::DATE);
                out.extend_from_slice(&date.milliseconds.to_be_bytes());
                out.extend_from_slice(&date.time_zone.to_be_bytes());
                return Ok(());
            }
            Object::XmlDocument(text) => {
                out.push(marker::XML_DOCUMENT);
                return put_long_text(text, out);
            }
            object => {
                if let Some(index) = self.objects.get(&id) {
                    let index = u16::try_from(*index).map_err(|_| EncodeError::ManyObjects)?;
                    out.push(marker::REFERENCE);
                    out.extend_from_slice(&index.to_be_bytes());
                    return Ok(());
                }
                put_head(object, out)?;
            }
        }
        self.objects.insert(id, self.objects.len());
        self.open.push(Open { id, step: 0 });
        Ok(())
    }
}

/// Which objects have to be written in AMF 3: those that AMF 0 has no marker for, and all that they lead to. So each object
/// is written in one of the two only, and none of them loses its identity, since neither can refer to the other's objects.
fn foreign(graph: &Graph) -> Vec<bool> {
    let is_foreign = |object: &Object| {
        !matches!(
            object,
            Object::Array(_) | Object::Date(_) | Object::Instance(_) | Object::XmlDocument(_)
        )
    };
    let mut pending: Vec<_> =
        graph.ids().filter_map(|(id, object)| is_foreign(object).then_some(id)).collect();
    if pending.is_empty() {
        return Vec::new();
    }
    let mut foreign = vec![false; graph.len()];
    while let Some(id) = pending.pop() {
        let Some(mark) = foreign.get_mut(id.index()) else { continue };
        if !std::mem::replace(mark, true) {
            graph[id].for_each_value(|value| {
                if let Value::Object(id) = value {
                    pending.push(*id);
                }
            });
        }
    }
    foreign
}

/// Writes an object up to its first value.
fn put_head(object: &Object, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    match object {
        Object::Array(array) if array.associative.is_empty() => {
            out.push(marker::STRICT_ARRAY);
            put_count(array.dense.len(), out)
        }
        Object::Array(array) => {
            out.push(marker::ECMA_ARRAY);
            put_count(array.dense.len() + array.associative.len(), out)
        }
        Object::Instance(Instance { traits, sealed, .. }) => {
            if sealed.len() != traits.sealed.len() {
                return Err(EncodeError::Traits { class: Arc::clone(&traits.class) });
            }
            if traits.class.is_empty() {
                out.push(marker::OBJECT);
                return Ok(());
            }
            out.push(marker::TYPED_OBJECT);
            put_short_text(&traits.class, out)
        }
        _ => unreachable!("other objects are written elsewhere"),
    }
}

/// Writes an object up to the value of this step, which is returned; to its end if there is none.
fn step_of<'g>(
    object: &'g Object,
    step: usize,
    out: &mut Vec<u8>,
) -> Result<Option<&'g Value>, EncodeError> {
    let member: Option<(Cow<'_, str>, _)> = match object {
        Object::Array(array) if array.associative.is_empty() => return Ok(array.dense.get(step)),
        Object::Array(array) => match array.dense.get(step) {
            Some(value) => Some((step.to_string().into(), value)),
            None => named(array.associative.get(step - array.dense.len())),
        },
        Object::Instance(Instance { traits, sealed, dynamic }) => match sealed.get(step) {
            Some(value) => Some(((&*traits.sealed[step]).into(), value)),
            None => named(dynamic.get(step - sealed.len())),
        },
        _ => unreachable!("other objects are never open"),
    };
    if let Some((name, value)) = member {
        put_short_text(&name, out)?;
        return Ok(Some(value));
    }
    out.extend_from_slice(&[0, 0, marker::OBJECT_END]);
    Ok(None)
}

fn named(member: Option<&(Arc<str>, Value)>) -> Option<(Cow<'_, str>, &Value)> {
    member.map(|(name, value)| ((&**name).into(), value))
}

fn put_number(number: f64, out: &mut Vec<u8>) {
    out.push(marker::NUMBER);
    out.extend_from_slice(&number.to_be_bytes());
}

fn put_count(count: usize, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let count = u32::try_from(count).map_err(|_| EncodeError::TooLong(count))?;
    out.extend_from_slice(&count.to_be_bytes());
    Ok(())
}

fn put_short_text(text: &str, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let length = u16::try_from(text.len()).map_err(|_| EncodeError::TooLong(text.len()))?;
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(text.as_bytes());
    Ok(())
}

fn put_long_text(text: &str, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    put_count(text.len(), out)?;
    out.extend_from_slice(text.as_bytes());
    Ok(())
}
