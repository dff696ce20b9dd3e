//! Writing AMF 3.

use super::{
    super::{EncodeError, External, Field, Graph, Id, Instance, Object, Traits, Value},
    DYNAMIC, EXTERNALIZABLE, INLINE, INLINE_TRAITS, fields, marker, marker_of,
    u29::{self, put_u29},
};
use std::{collections::HashMap, sync::Arc};

/// Writes values of one graph, which share the tables of references.
pub(in super::super) struct Encoder<'g> {
    graph: &'g Graph,
    strings: HashMap<&'g str, usize>,
    objects: HashMap<Id, usize>,
    traits: HashMap<Class<'g>, usize>,
    open: Vec<Open>,
}

#[derive(PartialEq, Eq, Hash)]
enum Class<'g> {
    External(&'g str),
    Ordinary(&'g Traits),
}

/// An object whose first `step` values are written; the first `step` fields if it is external.
struct Open {
    id: Id,
    step: usize,
}

impl<'g> Encoder<'g> {
    pub(in super::super) fn new(graph: &'g Graph) -> Encoder<'g> {
        Encoder {
            graph,
            strings: HashMap::new(),
            objects: HashMap::new(),
            traits: HashMap::new(),
            open: Vec::new(),
        }
    }

    pub(in super::super) fn value(
        &mut self,
        value: &'g Value,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        self.begin(value, out)?;
        while let Some(open) = self.open.last_mut() {
            let next = match &self.graph[open.id] {
                Object::External(external) => fields(external, &mut open.step, out)?,
                object => {
                    let step = open.step;
                    open.step += 1;
                    self.step(object, step, out)?
                }
            };
            match next {
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
            Value::Undefined => out.push(marker::UNDEFINED),
            Value::Null => out.push(marker::NULL),
            Value::Bool(false) => out.push(marker::FALSE),
            Value::Bool(true) => out.push(marker::TRUE),
            Value::Integer(integer) if u29::INTEGERS.contains(integer) => {
                out.push(marker::INTEGER);
                put_u29(integer.cast_unsigned() & u29::MAX, out);
            }
            Value::Integer(integer) => put_number(f64::from(*integer), out),
            Value::Number(number) => put_number(*number, out),
            Value::String(text) => {
                out.push(marker::STRING);
                self.string(text, out)?;
            }
            Value::Unsupported => return Err(EncodeError::Unsupported),
            Value::Object(id) => {
                let object = self.graph.object(*id).ok_or(EncodeError::ForeignId)?;
                out.push(marker_of(object));
                if let Some(index) = self.objects.get(id) {
                    return put_head(*index, 1, 0, out);
                }
                self.objects.insert(*id, self.objects.len());
                self.object(object, out)?;
                self.open.push(Open { id: *id, step: 0 });
            }
        }
        Ok(())
    }

    /// Writes an object up to its first value.
    fn object(&mut self, object: &'g Object, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match object {
            Object::Array(array) => put_length(array.dense.len(), out),
            Object::ByteArray(bytes) => {
                put_length(bytes.len(), out)?;
                out.extend_from_slice(bytes);
                Ok(())
            }
            Object::Date(date) => {
                put_u29(INLINE, out);
                out.extend_from_slice(&date.milliseconds.to_be_bytes());
                Ok(())
            }
            Object::Dictionary(dictionary) => {
                put_length(dictionary.entries.len(), out)?;
                out.push(dictionary.weak_keys.into());
                Ok(())
            }
            Object::External(External { class, .. }) => {
                if !self.class(Class::External(class), out)? {
                    put_u29(EXTERNALIZABLE | INLINE_TRAITS | INLINE, out);
                    self.string(class, out)?;
                }
                Ok(())
            }
            Object::Instance(instance) => self.instance(instance, out),
            Object::VectorDouble(vector) => {
                put_vector(vector.fixed, &vector.values, f64::to_be_bytes, out)
            }
            Object::VectorInt(vector) => {
                put_vector(vector.fixed, &vector.values, i32::to_be_bytes, out)
            }
            Object::VectorObject(vector) => {
                put_length(vector.values.len(), out)?;
                out.push(vector.fixed.into());
                self.string(&vector.class, out)
            }
            Object::VectorUint(vector) => {
                put_vector(vector.fixed, &vector.values, u32::to_be_bytes, out)
            }
            Object::Xml(text) | Object::XmlDocument(text) => {
                put_length(text.len(), out)?;
                out.extend_from_slice(text.as_bytes());
                Ok(())
            }
        }
    }

    fn instance(&mut self, instance: &'g Instance, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let traits = &*instance.traits;
        if instance.sealed.len() != traits.sealed.len()
            || !traits.dynamic && !instance.dynamic.is_empty()
        {
            return Err(EncodeError::Traits { class: Arc::clone(&traits.class) });
        }
        if self.class(Class::Ordinary(traits), out)? {
            return Ok(());
        }
        let dynamic = if traits.dynamic { DYNAMIC } else { 0 };
        put_head(traits.sealed.len(), 4, dynamic | INLINE_TRAITS | INLINE, out)?;
        self.string(&traits.class, out)?;
        for name in &traits.sealed {
            self.string(name, out)?;
        }
        Ok(())
    }

    /// Writes a reference to the traits if they were written before; they count as written from now on.
    fn class(&mut self, class: Class<'g>, out: &mut Vec<u8>) -> Result<bool, EncodeError> {
        if let Some(index) = self.traits.get(&class) {
            put_head(*index, 2, INLINE, out)?;
            return Ok(true);
        }
        self.traits.insert(class, self.traits.len());
        Ok(false)
    }

    /// Writes an object up to the value of this step, which is returned; to its end if there is none.
    fn step(
        &mut self,
        object: &'g Object,
        step: usize,
        out: &mut Vec<u8>,
    ) -> Result<Option<&'g Value>, EncodeError> {
        match object {
            Object::Array(array) => {
                if let Some((name, value)) = array.associative.get(step) {
                    self.name(name, out)?;
                    return Ok(Some(value));
                }
                let step = step - array.associative.len();
                if step == 0 {
                    self.string("", out)?;
                }
                Ok(array.dense.get(step))
            }
            Object::Dictionary(dictionary) => {
                let entry = dictionary.entries.get(step / 2);
                Ok(entry.map(|(key, value)| if step.is_multiple_of(2) { key } else { value }))
            }
            Object::Instance(instance) => {
                if let Some(value) = instance.sealed.get(step) {
                    return Ok(Some(value));
                }
                if let Some((name, value)) = instance.dynamic.get(step - instance.sealed.len()) {
                    self.name(name, out)?;
                    return Ok(Some(value));
                }
                if instance.traits.dynamic {
                    self.string("", out)?;
                }
                Ok(None)
            }
            Object::VectorObject(vector) => Ok(vector.values.get(step)),
            _ => Ok(None),
        }
    }

    fn name(&mut self, name: &'g str, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        if name.is_empty() {
            return Err(EncodeError::NamelessMember);
        }
        self.string(name, out)
    }

    /// Writes text without a marker (UTF-8-vr).
    fn string(&mut self, text: &'g str, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        if let Some(index) = self.strings.get(text) {
            return put_head(*index, 1, 0, out);
        }
        if !text.is_empty() {
            self.strings.insert(text, self.strings.len());
        }
        put_length(text.len(), out)?;
        out.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

/// Writes fields up to the next object, which is returned.
fn fields<'g>(
    external: &'g External,
    step: &mut usize,
    out: &mut Vec<u8>,
) -> Result<Option<&'g Value>, EncodeError> {
    while let Some(field) = external.fields.get(*step) {
        *step += 1;
        match field {
            Field::Object(value) => return Ok(Some(value)),
            field => fields::write(field, out)?,
        }
    }
    Ok(None)
}

fn put_number(number: f64, out: &mut Vec<u8>) {
    out.push(marker::DOUBLE);
    out.extend_from_slice(&number.to_be_bytes());
}

fn put_vector<T: Copy, const N: usize>(
    fixed: bool,
    values: &[T],
    bytes: fn(T) -> [u8; N],
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    put_length(values.len(), out)?;
    out.push(fixed.into());
    for value in values {
        out.extend_from_slice(&bytes(*value));
    }
    Ok(())
}

/// The length of something that follows.
fn put_length(length: usize, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    put_head(length, 1, INLINE, out)
}

/// A number above some flags.
fn put_head(value: usize, shift: u32, flags: u32, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let head = u32::try_from(value).ok().filter(|value| *value <= u29::MAX >> shift);
    let head = head.ok_or(EncodeError::TooLong(value))?;
    put_u29(head << shift | flags, out);
    Ok(())
}
