//! Reading AMF 0.

use super::{
    super::{
        Array, Date, DecodeError, Externalizables, Fault, Graph, Id, Instance, Object, Traits,
        Value, amf3,
        source::{Source, malformed},
    },
    marker,
};
use std::sync::Arc;

/// Reads one value. It goes in steps, as [`amf3::Decoder`] does.
#[derive(Clone, Default)]
pub(in super::super) struct Decoder {
    objects: Vec<Id>,
    open: Vec<Open>,
    /// What is written in AMF 3 shares its tables within the value.
    amf3: amf3::Decoder,
    next: Next,
}

/// What the next step reads.
#[derive(Clone, Copy, Default)]
enum Next {
    /// A value in AMF 3.
    Amf3,
    /// The rest of the innermost open object.
    Rest,
    /// A value, or the beginning of one.
    #[default]
    Value,
}

/// An object that is not complete yet.
#[derive(Clone)]
struct Open {
    id: Id,
    rest: Rest,
}

/// What is still to come of an object.
#[derive(Clone)]
enum Rest {
    /// So many elements.
    Elements(usize),
    /// Members up to the end marker. The name is that of the value which is being read.
    Members(Option<Arc<str>>),
}

impl Decoder {
    /// Reads the value. When the source ends before it does, so much of it was taken as need not be read again.
    pub(in super::super) fn value(
        &mut self,
        source: &mut Source<'_>,
        graph: &mut Graph,
        classes: &Externalizables,
    ) -> Result<Value, DecodeError> {
        loop {
            let value = if let Next::Amf3 = self.next {
                // It has steps of its own.
                Some(self.amf3.value(source, graph, classes, self.open.len())?)
            } else {
                let progress = source.progress();
                self.step(source, graph).inspect_err(|_| source.rewind(progress))?
            };
            let Some(value) = value else { continue };
            let Some(open) = self.open.last_mut() else { return Ok(value) };
            open.accept(graph, value);
            self.next = Next::Rest;
        }
    }

    /// Takes a step, and tells the value that it completed.
    fn step(
        &mut self,
        source: &mut Source<'_>,
        graph: &mut Graph,
    ) -> Result<Option<Value>, DecodeError> {
        match (self.next, self.open.last_mut()) {
            (Next::Rest, Some(open)) => {
                if open.goes_on(source)? {
                    self.next = Next::Value;
                    return Ok(None);
                }
                Ok(self.open.pop().map(|open| Value::Object(open.id)))
            }
            _ => self.begin(source, graph),
        }
    }

    /// Reads a value, or opens an object.
    fn begin(
        &mut self,
        source: &mut Source<'_>,
        graph: &mut Graph,
    ) -> Result<Option<Value>, DecodeError> {
        let at = source.position();
        source.element()?;
        let marker = source.u8()?;
        let object = match marker {
            marker::NUMBER => return Ok(Some(Value::Number(source.f64()?))),
            marker::BOOLEAN => return Ok(Some(Value::Bool(source.u8()? != 0))),
            marker::STRING => return Ok(Some(Value::String(short_text(source)?))),
            marker::LONG_STRING => return Ok(Some(Value::String(long_text(source)?))),
            marker::NULL => return Ok(Some(Value::Null)),
            marker::UNDEFINED => return Ok(Some(Value::Undefined)),
            marker::UNSUPPORTED => return Ok(Some(Value::Unsupported)),
            marker::REFERENCE => {
                let index = usize::from(source.u16()?);
                return match self.objects.get(index) {
                    Some(id) => Ok(Some(Value::Object(*id))),
                    None => Err(malformed(at, Fault::ObjectReference(index))),
                };
            }
            marker::AVMPLUS => {
                self.next = Next::Amf3;
                return Ok(None);
            }
            // Neither can be referred to (section 2.9).
            marker::DATE => {
                let milliseconds = source.f64()?;
                let time_zone = source.u16()?.cast_signed();
                Object::Date(Date { milliseconds, time_zone })
            }
            marker::XML_DOCUMENT => Object::XmlDocument(long_text(source)?),
            marker::OBJECT | marker::TYPED_OBJECT => {
                let typed = marker == marker::TYPED_OBJECT;
                let class = if typed { short_text(source)? } else { "".into() };
                source.charge(size_of::<Traits>())?;
                let traits = Arc::new(Traits::dynamic(class));
                let (sealed, dynamic) = (Vec::new(), Vec::new());
                let instance = Object::Instance(Instance { traits, sealed, dynamic });
                return self.open(instance, Rest::Members(None), source, graph);
            }
            marker::ECMA_ARRAY => {
                // The count is only a hint (section 2.10).
                source.u32()?;
                let array = Object::Array(Array::default());
                return self.open(array, Rest::Members(None), source, graph);
            }
            marker::STRICT_ARRAY => {
                let count = source.u32()? as usize;
                source.announced(count)?;
                let array = Object::Array(Array::default());
                return self.open(array, Rest::Elements(count), source, graph);
            }
            marker::OBJECT_END => return Err(malformed(at, Fault::ObjectEnd)),
            marker::MOVIE_CLIP | marker::RECORD_SET => {
                return Err(malformed(at, Fault::ReservedMarker(marker)));
            }
            _ => return Err(malformed(at, Fault::UnknownMarker(marker))),
        };
        source.insert(graph, object).map(|id| Some(Value::Object(id)))
    }

    fn open(
        &mut self,
        object: Object,
        rest: Rest,
        source: &mut Source<'_>,
        graph: &mut Graph,
    ) -> Result<Option<Value>, DecodeError> {
        source.depth(self.open.len() + 1)?;
        let id = source.insert(graph, object)?;
        self.objects.push(id);
        self.open.push(Open { id, rest });
        self.next = Next::Rest;
        Ok(None)
    }
}

impl Open {
    /// Reads what is in front of the next value: its name. False if there is no other value.
    fn goes_on(&mut self, source: &mut Source<'_>) -> Result<bool, DecodeError> {
        match &mut self.rest {
            Rest::Elements(rest) => {
                let more = *rest > 0;
                *rest -= usize::from(more);
                Ok(more)
            }
            Rest::Members(name) => {
                let at = source.position();
                let text = short_text(source)?;
                if source.peek()? == marker::OBJECT_END {
                    if !text.is_empty() {
                        return Err(malformed(at, Fault::ObjectEnd));
                    }
                    source.u8()?;
                    return Ok(false);
                }
                source.element()?;
                *name = Some(text);
                Ok(true)
            }
        }
    }

    /// The value that was being read is there.
    fn accept(&mut self, graph: &mut Graph, value: Value) {
        match (&mut graph[self.id], &mut self.rest) {
            (Object::Array(array), Rest::Members(name)) => {
                let Some(name) = name.take() else { return };
                if array.associative.is_empty() && *name == *array.dense.len().to_string() {
                    array.dense.push(value);
                } else {
                    array.associative.push((name, value));
                }
            }
            (Object::Array(array), Rest::Elements(_)) => array.dense.push(value),
            (Object::Instance(instance), Rest::Members(name)) => {
                instance.dynamic.extend(name.take().map(|name| (name, value)));
            }
            _ => unreachable!("other objects are never open"),
        }
    }
}

/// Text behind a length of 16 bits.
fn short_text(source: &mut Source<'_>) -> Result<Arc<str>, DecodeError> {
    let length = source.u16()?;
    source.utf8(length.into())
}

/// Text behind a length of 32 bits.
fn long_text(source: &mut Source<'_>) -> Result<Arc<str>, DecodeError> {
    let length = source.u32()? as usize;
    source.utf8(length)
}
