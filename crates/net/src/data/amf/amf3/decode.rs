//! Reading AMF 3.

use super::{
    super::{
        Array, Date, DecodeError, Dictionary, External, Externalizable, Externalizables, Fault,
        Field, FieldKind, Graph, Id, Instance, Object, Traits, Value, Vector, VectorObject,
        source::{Source, malformed},
    },
    DYNAMIC, EXTERNALIZABLE, INLINE, INLINE_TRAITS, fields, marker, marker_of,
    u29::{self, u29},
};
use std::sync::Arc;

/// Reads values, which share the tables of references.
///
/// It goes in steps, each of which reads little. When the source ends within one, nothing of that step has happened, and it
/// is taken again when there is more.
#[derive(Clone)]
pub(in super::super) struct Decoder {
    strings: Vec<Arc<str>>,
    objects: Vec<Id>,
    traits: Vec<Class>,
    open: Vec<Open>,
    /// The next step reads a value, or the beginning of one. Otherwise it goes on with the innermost open object.
    at_value: bool,
}

impl Default for Decoder {
    fn default() -> Decoder {
        Decoder {
            strings: Vec::new(),
            objects: Vec::new(),
            traits: Vec::new(),
            open: Vec::new(),
            at_value: true,
        }
    }
}

/// A class, as traits tell of it.
#[derive(Clone)]
enum Class {
    External(Arc<str>),
    Ordinary(Arc<Traits>),
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
    /// Named elements, and then so many dense ones. The name is that of the value which is being read.
    Associative { dense: usize, name: Option<Arc<str>> },
    /// So many elements.
    Elements(usize),
    /// So many entries. The key is that of the value which is being read.
    Entries { count: usize, key: Option<Value> },
    /// Whatever the layout says.
    Fields(Arc<dyn Externalizable>),
    /// The names of so many sealed members, then what [`Rest::Members`] says.
    Names(usize),
    /// So many sealed members, then perhaps dynamic ones. The name is that of the value which is being read.
    Members { sealed: usize, dynamic: bool, name: Option<Arc<str>> },
}

/// How an object goes on.
enum Next {
    /// With another step of its own.
    Step,
    /// With a value.
    Value,
    /// It is complete.
    End,
}

impl Next {
    /// Counts one value down.
    fn of(rest: &mut usize) -> Next {
        if *rest == 0 {
            return Next::End;
        }
        *rest -= 1;
        Next::Value
    }
}

impl Decoder {
    /// Reads one value, which lies as deep as `above` says. When the source ends before it does, so much of it was taken as
    /// need not be read again.
    pub(in super::super) fn value(
        &mut self,
        source: &mut Source<'_>,
        graph: &mut Graph,
        classes: &Externalizables,
        above: usize,
    ) -> Result<Value, DecodeError> {
        loop {
            let progress = source.progress();
            let strings = self.strings.len();
            match self.step(source, graph, classes, above) {
                Ok(None) => {}
                Ok(Some(value)) => return Ok(value),
                Err(error) => {
                    source.rewind(progress);
                    self.strings.truncate(strings);
                    return Err(error);
                }
            }
        }
    }

    /// Takes a step, and tells the value if it was the last one.
    fn step(
        &mut self,
        source: &mut Source<'_>,
        graph: &mut Graph,
        classes: &Externalizables,
        above: usize,
    ) -> Result<Option<Value>, DecodeError> {
        if self.at_value {
            let value = self.begin(source, graph, classes, above)?;
            self.at_value = false;
            return Ok(value.and_then(|value| self.accept(graph, value)));
        }
        let open = self.open.last_mut().expect("an object is open unless a value comes");
        let object = &mut graph[open.id];
        let next = match &mut open.rest {
            Rest::Elements(rest)
            | Rest::Entries { count: rest, key: None }
            | Rest::Members { sealed: rest @ 1.., .. } => Next::of(rest),
            Rest::Entries { key: Some(_), .. } => Next::Value,
            Rest::Members { dynamic: false, .. } => Next::End,
            Rest::Associative { .. } | Rest::Members { .. } => self.name(source)?,
            Rest::Fields(layout) => field(layout, source, object)?,
            Rest::Names(_) => self.sealed_name(source, object)?,
        };
        match next {
            Next::Step => {}
            Next::Value => self.at_value = true,
            Next::End => {
                let complete = self.open.pop().map(|open| Value::Object(open.id));
                return Ok(complete.and_then(|value| self.accept(graph, value)));
            }
        }
        Ok(None)
    }

    /// A value is complete. It is returned if it is not part of another.
    fn accept(&mut self, graph: &mut Graph, value: Value) -> Option<Value> {
        if let Some(open) = self.open.last_mut() {
            open.accept(graph, value);
            return None;
        }
        self.at_value = true;
        Some(value)
    }

    /// Reads the name of the next member or element.
    fn name(&mut self, source: &mut Source<'_>) -> Result<Next, DecodeError> {
        let read = self.string(source)?;
        let open = self.open.last_mut().expect("an object is open");
        match &mut open.rest {
            Rest::Associative { dense, .. } if read.is_empty() => {
                source.announced(*dense)?;
                open.rest = Rest::Elements(*dense);
                Ok(Next::Step)
            }
            Rest::Associative { name, .. } | Rest::Members { name, .. } if !read.is_empty() => {
                source.element()?;
                *name = Some(read);
                Ok(Next::Value)
            }
            _ => Ok(Next::End),
        }
    }

    /// Reads the name of the next sealed member. The last one completes the traits.
    fn sealed_name(
        &mut self,
        source: &mut Source<'_>,
        object: &mut Object,
    ) -> Result<Next, DecodeError> {
        let Some(Open { rest, .. }) = self.open.last() else { return Ok(Next::End) };
        let (Rest::Names(left), Object::Instance(instance)) = (rest, object) else {
            unreachable!("only the traits of instances have names")
        };
        let mut left = *left;
        if left > 0 {
            source.element()?;
            let name = self.string(source)?;
            Arc::make_mut(&mut instance.traits).sealed.push(name);
            left -= 1;
        }
        let rest = if left > 0 {
            Rest::Names(left)
        } else {
            self.traits.push(Class::Ordinary(Arc::clone(&instance.traits)));
            members_of(&instance.traits)
        };
        if let Some(open) = self.open.last_mut() {
            open.rest = rest;
        }
        Ok(Next::Step)
    }

    /// Reads a value, or opens an object.
    fn begin(
        &mut self,
        source: &mut Source<'_>,
        graph: &mut Graph,
        classes: &Externalizables,
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
            marker::INTEGER => Value::Integer(u29::signed(u29(source)?)),
            marker::DOUBLE => Value::Number(source.f64()?),
            marker::STRING => Value::String(self.string(source)?),
            marker::XML_DOCUMENT..=marker::DICTIONARY => {
                let head = u29(source)?;
                if head & INLINE == 0 {
                    return self.reference(head, marker, graph, at).map(Some);
                }
                source.depth(above + self.open.len() + 1)?;
                let (object, rest) = self.object(marker, head, at, source, classes)?;
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
        classes: &Externalizables,
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
                source.announced(count)?;
                let fixed = source.u8()? != 0;
                let class = self.string(source)?;
                let vector = VectorObject { fixed, class, values: Vec::new() };
                return Ok((Object::VectorObject(vector), Some(Rest::Elements(count))));
            }
            marker::DICTIONARY => {
                source.announced(count.saturating_mul(2))?;
                let weak_keys = source.u8()? != 0;
                let dictionary = Dictionary { weak_keys, entries: Vec::new() };
                let rest = Rest::Entries { count, key: None };
                return Ok((Object::Dictionary(dictionary), Some(rest)));
            }
            _ => return self.instance(head, at, source, classes),
        };
        Ok((object, None))
    }

    /// Reads the traits of an object (U29O-traits-ref, U29O-traits, U29O-traits-ext), but for the names of sealed members.
    fn instance(
        &mut self,
        head: u32,
        at: usize,
        source: &mut Source<'_>,
        classes: &Externalizables,
    ) -> Result<(Object, Option<Rest>), DecodeError> {
        let class = if head & INLINE_TRAITS == 0 {
            let index = (head >> 2) as usize;
            let known = self.traits.get(index).cloned();
            known.ok_or_else(|| malformed(at, Fault::TraitsReference(index)))?
        } else if head & EXTERNALIZABLE == 0 {
            let count = (head >> 4) as usize;
            let class = self.string(source)?;
            source.announced(count)?;
            source.charge(size_of::<Traits>())?;
            let traits = Traits { class, dynamic: head & DYNAMIC != 0, sealed: Vec::new() };
            return Ok((instance(Arc::new(traits)), Some(Rest::Names(count))));
        } else if head >> 3 == 0 {
            let class = Class::External(self.string(source)?);
            source.charge(size_of::<Traits>())?;
            self.traits.push(class.clone());
            class
        } else {
            return Err(malformed(at, Fault::ExternalMembers));
        };
        match class {
            Class::External(class) => {
                let Some(layout) = classes.layout(&class) else {
                    return Err(DecodeError::UnknownExternal {
                        position: source.position(),
                        class,
                    });
                };
                let external = External { class, fields: Vec::new() };
                Ok((Object::External(external), Some(Rest::Fields(Arc::clone(layout)))))
            }
            Class::Ordinary(traits) => {
                source.announced(traits.sealed.len())?;
                let rest = members_of(&traits);
                Ok((instance(traits), Some(rest)))
            }
        }
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

fn instance(traits: Arc<Traits>) -> Object {
    Object::Instance(Instance { traits, sealed: Vec::new(), dynamic: Vec::new() })
}

fn members_of(traits: &Traits) -> Rest {
    Rest::Members { sealed: traits.sealed.len(), dynamic: traits.dynamic, name: None }
}

/// Reads the next field, if there is one.
fn field(
    layout: &Arc<dyn Externalizable>,
    source: &mut Source<'_>,
    object: &mut Object,
) -> Result<Next, DecodeError> {
    let Object::External(External { class, fields }) = object else {
        unreachable!("only external objects have fields")
    };
    let position = source.position();
    let kind = layout.next_field(fields).map_err(|reason| DecodeError::External {
        position,
        class: Arc::clone(class),
        reason,
    })?;
    let Some(kind) = kind else { return Ok(Next::End) };
    source.element()?;
    source.charge(size_of::<Field>())?;
    if kind == FieldKind::Object {
        return Ok(Next::Value);
    }
    fields.push(fields::read(kind, source)?);
    Ok(Next::Step)
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
