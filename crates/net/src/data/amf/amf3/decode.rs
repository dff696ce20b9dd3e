//! Reading AMF 3.

use super::{
    super::{
        Array, Date, DecodeError, Dictionary, External, Externalizable, Externalizables, Fault,
        Field, FieldKind, Graph, Id, Instance, Object, Traits, Value, Vector, VectorObject,
        source::{Source, malformed},
    },
    DYNAMIC, EXTERNALIZABLE, INLINE, INLINE_TRAITS, marker, marker_of,
};
use std::sync::Arc;

/// Reads values, which share the tables of references.
pub(in super::super) struct Decoder<'d> {
    externalizables: &'d Externalizables,
    strings: Vec<Arc<str>>,
    objects: Vec<Id>,
    traits: Vec<Class>,
    open: Vec<Open>,
}

/// A class, as traits tell of it.
#[derive(Clone)]
enum Class {
    External(Arc<str>),
    Ordinary(Arc<Traits>),
}

/// An object that is not complete yet.
struct Open {
    id: Id,
    rest: Rest,
}

/// What is still to come of an object.
enum Rest {
    /// Named elements, and then so many dense ones. The name is that of the value which is being read.
    Associative { dense: usize, name: Option<Arc<str>> },
    /// So many elements.
    Elements(usize),
    /// So many entries. The key is that of the value which is being read.
    Entries { count: usize, key: Option<Value> },
    /// Whatever the layout says.
    Fields(Arc<dyn Externalizable>),
    /// So many sealed members, then perhaps dynamic ones. The name is that of the value which is being read.
    Members { sealed: usize, dynamic: bool, name: Option<Arc<str>> },
}

impl<'d> Decoder<'d> {
    pub(in super::super) fn new(externalizables: &'d Externalizables) -> Decoder<'d> {
        Decoder {
            externalizables,
            strings: Vec::new(),
            objects: Vec::new(),
            traits: Vec::new(),
            open: Vec::new(),
        }
    }

    /// Reads one value, which lies as deep as `above` says.
    pub(in super::super) fn value(
        &mut self,
        source: &mut Source<'_>,
        graph: &mut Graph,
        above: usize,
    ) -> Result<Value, DecodeError> {
        let mut complete = self.begin(source, graph, above)?;
        loop {
            if let Some(value) = complete {
                let Some(open) = self.open.last_mut() else { return Ok(value) };
                open.accept(graph, value);
            }
            let open = self.open.last_mut().expect("the value is complete, or an object is open");
            let id = open.id;
            let more = match &mut open.rest {
                Rest::Elements(rest) => next(rest),
                Rest::Entries { count, key } => key.is_some() || next(count),
                Rest::Associative { .. } | Rest::Members { .. } => self.name(source)?,
                Rest::Fields(layout) => fields(layout, source, &mut graph[id])?,
            };
            complete = if more {
                self.begin(source, graph, above)?
            } else {
                self.open.pop();
                Some(Value::Object(id))
            };
        }
    }

    /// Reads the name of the next member or element. False if there is none.
    fn name(&mut self, source: &mut Source<'_>) -> Result<bool, DecodeError> {
        let rest = &mut self.open.last_mut().expect("an object is open").rest;
        if let Rest::Members { sealed, dynamic, .. } = rest {
            if next(sealed) {
                return Ok(true);
            }
            if !*dynamic {
                return Ok(false);
            }
        }
        let read = self.string(source)?;
        let open = self.open.last_mut().expect("an object is open");
        match &mut open.rest {
            Rest::Associative { dense, .. } if read.is_empty() => {
                let mut dense = *dense;
                source.announced(dense)?;
                let more = next(&mut dense);
                open.rest = Rest::Elements(dense);
                Ok(more)
            }
            Rest::Associative { name, .. } | Rest::Members { name, .. } if !read.is_empty() => {
                source.element()?;
                *name = Some(read);
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// Reads a value, or opens an object.
    fn begin(
        &mut self,
        source: &mut Source<'_>,
        graph: &mut Graph,
        above: usize,
    ) -> Result<Option<Value>, DecodeError> {
        let at = source.position();
        source.element()?;
        let marker = source.u8()?;
        Ok(Some(match marker {
            marker::UNDEFINED => Value::Undefined,
            marker::NULL => Value::Null,
            marker::FALSE => Value::Bool(false),
            marker::TRUE => Value::Bool(true),
            marker::INTEGER => Value::Integer(signed(u29(source)?)),
            marker::DOUBLE => Value::Number(source.f64()?),
            marker::STRING => Value::String(self.string(source)?),
            marker::XML_DOCUMENT..=marker::DICTIONARY => {
                let head = u29(source)?;
                if head & INLINE == 0 {
                    return self.reference(head, marker, graph, at).map(Some);
                }
                source.depth(above + self.open.len() + 1)?;
                let (object, rest) = self.object(marker, head, at, source)?;
                let id = source.insert(graph, object)?;
                self.objects.push(id);
                let Some(rest) = rest else { return Ok(Some(Value::Object(id))) };
                self.open.push(Open { id, rest });
                return Ok(None);
            }
            _ => return Err(malformed(at, Fault::UnknownMarker(marker))),
        }))
    }

    fn reference(
        &self,
        head: u32,
        marker: u8,
        graph: &Graph,
        at: usize,
    ) -> Result<Value, DecodeError> {
        let index = (head >> 1) as usize;
        let Some(id) = self.objects.get(index) else {
            return Err(malformed(at, Fault::ObjectReference(index)));
        };
        if marker_of(&graph[*id]) != marker {
            return Err(malformed(at, Fault::ReferenceKind(index)));
        }
        Ok(Value::Object(*id))
    }

    /// Reads an object as far as no value comes: what there is of it, and what follows.
    fn object(
        &mut self,
        marker: u8,
        head: u32,
        at: usize,
        source: &mut Source<'_>,
    ) -> Result<(Object, Option<Rest>), DecodeError> {
        let count = (head >> 1) as usize;
        let object = match marker {
            marker::XML_DOCUMENT => Object::XmlDocument(source.utf8(count)?),
            marker::XML => Object::Xml(source.utf8(count)?),
            marker::DATE => Object::Date(Date { milliseconds: source.f64()?, time_zone: 0 }),
            marker::BYTE_ARRAY => {
                source.charge(count)?;
                Object::ByteArray(source.take(count)?.to_vec())
            }
            marker::VECTOR_INT => Object::VectorInt(vector(count, source, i32::from_be_bytes)?),
            marker::VECTOR_UINT => Object::VectorUint(vector(count, source, u32::from_be_bytes)?),
            marker::VECTOR_DOUBLE => {
                Object::VectorDouble(vector(count, source, f64::from_be_bytes)?)
            }
            marker::ARRAY => {
                let rest = Rest::Associative { dense: count, name: None };
                return Ok((Object::Array(Array::default()), Some(rest)));
            }
            marker::VECTOR_OBJECT => {
                let fixed = source.u8()? != 0;
                let class = self.string(source)?;
                source.announced(count)?;
                let vector = VectorObject { fixed, class, values: Vec::new() };
                return Ok((Object::VectorObject(vector), Some(Rest::Elements(count))));
            }
            marker::DICTIONARY => {
                let weak_keys = source.u8()? != 0;
                source.announced(count.saturating_mul(2))?;
                let dictionary = Dictionary { weak_keys, entries: Vec::new() };
                let rest = Rest::Entries { count, key: None };
                return Ok((Object::Dictionary(dictionary), Some(rest)));
            }
            _ => return self.instance(head, at, source),
        };
        Ok((object, None))
    }

    fn instance(
        &mut self,
        head: u32,
        at: usize,
        source: &mut Source<'_>,
    ) -> Result<(Object, Option<Rest>), DecodeError> {
        match self.class(head, at, source)? {
            Class::External(class) => {
                let Some(layout) = self.externalizables.layout(&class) else {
                    return Err(DecodeError::UnknownExternal {
                        position: source.position(),
                        class,
                    });
                };
                let external = External { class, fields: Vec::new() };
                Ok((Object::External(external), Some(Rest::Fields(Arc::clone(layout)))))
            }
            Class::Ordinary(traits) => {
                let (sealed, dynamic) = (traits.sealed.len(), traits.dynamic);
                source.announced(sealed)?;
                let instance = Instance { traits, sealed: Vec::new(), dynamic: Vec::new() };
                let rest = Rest::Members { sealed, dynamic, name: None };
                Ok((Object::Instance(instance), Some(rest)))
            }
        }
    }

    /// The class of an object (U29O-traits, U29O-traits-ref, U29O-traits-ext).
    fn class(
        &mut self,
        head: u32,
        at: usize,
        source: &mut Source<'_>,
    ) -> Result<Class, DecodeError> {
        if head & INLINE_TRAITS == 0 {
            let index = (head >> 2) as usize;
            let known = self.traits.get(index).cloned();
            return known.ok_or_else(|| malformed(at, Fault::TraitsReference(index)));
        }
        let external = head & EXTERNALIZABLE != 0;
        if external && head >> 3 != 0 {
            return Err(malformed(at, Fault::ExternalMembers));
        }
        let name = self.string(source)?;
        let class = if external {
            Class::External(name)
        } else {
            let count = (head >> 4) as usize;
            source.announced(count)?;
            let mut sealed = Vec::new();
            for _ in 0..count {
                source.element()?;
                sealed.push(self.string(source)?);
            }
            Class::Ordinary(Arc::new(Traits { class: name, dynamic: head & DYNAMIC != 0, sealed }))
        };
        source.charge(size_of::<Traits>())?;
        self.traits.push(class.clone());
        Ok(class)
    }

    /// Text without a marker (UTF-8-vr).
    fn string(&mut self, source: &mut Source<'_>) -> Result<Arc<str>, DecodeError> {
        let at = source.position();
        let head = u29(source)?;
        let value = (head >> 1) as usize;
        if head & INLINE == 0 {
            let known = self.strings.get(value).cloned();
            return known.ok_or_else(|| malformed(at, Fault::StringReference(value)));
        }
        let text = source.utf8(value)?;
        if !text.is_empty() {
            source.charge(size_of::<Arc<str>>())?;
            self.strings.push(Arc::clone(&text));
        }
        Ok(text)
    }
}

impl Open {
    /// The value that was being read is there.
    fn accept(&mut self, graph: &mut Graph, value: Value) {
        match (&mut graph[self.id], &mut self.rest) {
            (Object::Array(array), Rest::Associative { name, .. }) => {
                array.associative.extend(name.take().map(|name| (name, value)));
            }
            (Object::Array(array), _) => array.dense.push(value),
            (Object::VectorObject(vector), _) => vector.values.push(value),
            (Object::Dictionary(dictionary), Rest::Entries { key, .. }) => match key.take() {
                Some(key) => dictionary.entries.push((key, value)),
                None => *key = Some(value),
            },
            (Object::External(external), _) => external.fields.push(Field::Object(value)),
            (Object::Instance(instance), Rest::Members { name, .. }) => match name.take() {
                Some(name) => instance.dynamic.push((name, value)),
                None => instance.sealed.push(value),
            },
            _ => unreachable!("other objects are never open"),
        }
    }
}

/// Counts one down, if there is one.
fn next(rest: &mut usize) -> bool {
    let more = *rest > 0;
    *rest -= usize::from(more);
    more
}

/// Reads fields up to the next value. False if all are there.
fn fields(
    layout: &Arc<dyn Externalizable>,
    source: &mut Source<'_>,
    object: &mut Object,
) -> Result<bool, DecodeError> {
    let Object::External(External { class, fields }) = object else {
        unreachable!("only external objects have fields")
    };
    loop {
        let position = source.position();
        let kind = layout.next_field(fields).map_err(|reason| DecodeError::External {
            position,
            class: Arc::clone(class),
            reason,
        })?;
        let Some(kind) = kind else { return Ok(false) };
        source.element()?;
        source.charge(size_of::<Field>())?;
        fields.push(match kind {
            FieldKind::Object => return Ok(true),
            FieldKind::Bool => Field::Bool(source.u8()? != 0),
            FieldKind::Bytes(count) => {
                source.charge(count)?;
                Field::Bytes(source.take(count)?.to_vec())
            }
            FieldKind::F32 => Field::F32(source.array().map(f32::from_be_bytes)?),
            FieldKind::F64 => Field::F64(source.f64()?),
            FieldKind::I16 => Field::I16(source.array().map(i16::from_be_bytes)?),
            FieldKind::I32 => Field::I32(source.array().map(i32::from_be_bytes)?),
            FieldKind::I8 => Field::I8(source.array().map(i8::from_be_bytes)?),
            FieldKind::U16 => Field::U16(source.u16()?),
            FieldKind::U32 => Field::U32(source.u32()?),
            FieldKind::U8 => Field::U8(source.u8()?),
            FieldKind::Utf => {
                let length = usize::from(source.u16()?);
                Field::Utf(source.utf8(length)?)
            }
            FieldKind::UtfBytes(length) => Field::UtfBytes(source.utf8(length)?),
        });
    }
}

fn vector<T, const N: usize>(
    count: usize,
    source: &mut Source<'_>,
    number: fn([u8; N]) -> T,
) -> Result<Vector<T>, DecodeError> {
    let size = count.saturating_mul(N);
    source.charge(size)?;
    let fixed = source.u8()? != 0;
    let (numbers, _) = source.take(size)?.as_chunks::<N>();
    Ok(Vector { fixed, values: numbers.iter().copied().map(number).collect() })
}

/// An integer of up to 29 bits in one to four bytes (U29, section 1.3.1).
fn u29(source: &mut Source<'_>) -> Result<u32, DecodeError> {
    let mut value = 0;
    for _ in 0..3 {
        let byte = u32::from(source.u8()?);
        value = value << 7 | byte & 0x7f;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Ok(value << 8 | u32::from(source.u8()?))
}

/// The signed integer that 29 bits are.
fn signed(value: u32) -> i32 {
    (value << 3).cast_signed() >> 3
}
