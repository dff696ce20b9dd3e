//! Values, and the objects they lead to.

use super::Field;
use std::sync::Arc;

/// A value: it is one by itself, or it leads to an [`Object`] of the same [`Graph`](super::Graph).
#[derive(Clone, Debug, Default)]
pub enum Value {
    /// `true` or `false`.
    Bool(bool),
    /// `int`. AMF 3 has 29 bits, from −268,435,456 to 268,435,455; integers beyond, and all in AMF 0, are written as
    /// numbers.
    Integer(i32),
    /// `null`.
    #[default]
    Null,
    /// `Number`.
    Number(f64),
    /// Something with an identity.
    Object(Id),
    /// Text. Who holds the same text holds the same memory.
    String(Arc<str>),
    /// `undefined`.
    Undefined,
    /// What the sender could not write (AMF 0 only).
    Unsupported,
}

/// Which object of a [`Graph`](super::Graph).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(pub(super) u32);

impl Id {
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// Something with an identity: two values can lead to the same one, and it can lead to itself.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Object {
    /// `Array`.
    Array(Array),
    /// `ByteArray`.
    ByteArray(Vec<u8>),
    /// `Date`.
    Date(Date),
    /// `Dictionary`.
    Dictionary(Dictionary),
    /// An object whose class writes and reads it.
    External(External),
    /// `Object` or an instance of a class.
    Instance(Instance),
    /// `Vector.<Number>`.
    VectorDouble(Vector<f64>),
    /// `Vector.<int>`.
    VectorInt(Vector<i32>),
    /// `Vector.<T>` of any other class.
    VectorObject(VectorObject),
    /// `Vector.<uint>`.
    VectorUint(Vector<u32>),
    /// `XML` (E4X).
    Xml(Arc<str>),
    /// `flash.xml.XMLDocument`, the one of AMF 0.
    XmlDocument(Arc<str>),
}

impl Object {
    /// Calls for every value that this object holds.
    pub fn for_each_value<'o>(&'o self, mut call: impl FnMut(&'o Value)) {
        match self {
            Object::Array(Array { dense, associative }) => {
                dense.iter().chain(associative.iter().map(|(_, value)| value)).for_each(call);
            }
            Object::Dictionary(Dictionary { entries, .. }) => {
                for (key, value) in entries {
                    call(key);
                    call(value);
                }
            }
            Object::External(External { fields, .. }) => {
                for field in fields {
                    if let Field::Object(value) = field {
                        call(value);
                    }
                }
            }
            Object::Instance(Instance { sealed, dynamic, .. }) => {
                sealed.iter().chain(dynamic.iter().map(|(_, value)| value)).for_each(call);
            }
            Object::VectorObject(VectorObject { values, .. }) => values.iter().for_each(call),
            Object::ByteArray(_)
            | Object::Date(_)
            | Object::VectorDouble(_)
            | Object::VectorInt(_)
            | Object::VectorUint(_)
            | Object::Xml(_)
            | Object::XmlDocument(_) => {}
        }
    }
}

/// Named values in the order of writing. If a name comes twice, the later value is the one.
pub type Members = Vec<(Arc<str>, Value)>;

/// `Array`: the dense part counts from zero, the rest has names.
///
/// AMF 0 writes an array as a strict array if nothing has a name, and as an ECMA array otherwise. ECMA arrays name
/// everything; when they are read, the names `0`, `1` and so on at their beginning are the dense part.
#[derive(Clone, Debug, Default)]
pub struct Array {
    /// The elements from zero.
    pub dense: Vec<Value>,
    /// The elements with names.
    pub associative: Members,
}

/// `Date`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Date {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub milliseconds: f64,
    /// Reserved, zero (AMF 0, section 2.13). Nevertheless kept: some write the minutes from UTC. Not in AMF 3.
    pub time_zone: i16,
}

/// `Dictionary`.
#[derive(Clone, Debug, Default)]
pub struct Dictionary {
    /// Keys do not keep objects alive.
    pub weak_keys: bool,
    /// Keys and values, in the order of writing.
    pub entries: Vec<(Value, Value)>,
}

/// An object whose class writes and reads it (`IExternalizable`): see [`Externalizable`](super::Externalizable).
#[derive(Clone, Debug)]
pub struct External {
    /// Its class.
    pub class: Arc<str>,
    /// What was written, in order.
    pub fields: Vec<Field>,
}

/// `Object` or an instance of a class.
#[derive(Clone, Debug)]
pub struct Instance {
    /// What its class says.
    pub traits: Arc<Traits>,
    /// The values of the sealed members, in the order of [`Traits::sealed`].
    pub sealed: Vec<Value>,
    /// The other members; none unless [`Traits::dynamic`].
    pub dynamic: Members,
}

/// What a class says of its instances.
///
/// AMF 0 knows nothing but the name: there, sealed members are written like others, and what is read is dynamic.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Traits {
    /// The name of the class (its registered alias); empty for `Object`.
    pub class: Arc<str>,
    /// Whether instances can have members that are not sealed.
    pub dynamic: bool,
    /// The names of the members that every instance has.
    pub sealed: Vec<Arc<str>>,
}

impl Traits {
    /// Those of AMF 0, and of `Object` if the name is empty: nothing is sealed.
    pub fn dynamic(class: impl Into<Arc<str>>) -> Traits {
        Traits { class: class.into(), dynamic: true, sealed: Vec::new() }
    }
}

impl Instance {
    /// An `Object` with these members.
    pub fn anonymous(members: Members) -> Instance {
        Instance { traits: Arc::new(Traits::dynamic("")), sealed: Vec::new(), dynamic: members }
    }

    /// The member of this name, sealed or not.
    pub fn member(&self, name: &str) -> Option<&Value> {
        let sealed = self.traits.sealed.iter().zip(&self.sealed).rev();
        let dynamic = self.dynamic.iter().rev().map(|(name, value)| (name, value));
        dynamic.chain(sealed).find_map(|(of, value)| (**of == *name).then_some(value))
    }
}

/// `Vector` of numbers.
#[derive(Clone, Debug, Default)]
pub struct Vector<T> {
    /// Its length cannot be changed.
    pub fixed: bool,
    /// The elements.
    pub values: Vec<T>,
}

/// `Vector` of objects.
#[derive(Clone, Debug)]
pub struct VectorObject {
    /// Its length cannot be changed.
    pub fixed: bool,
    /// The class of the elements; empty for `Object` and `*`.
    pub class: Arc<str>,
    /// The elements.
    pub values: Vec<Value>,
}

impl From<bool> for Value {
    fn from(value: bool) -> Value {
        Value::Bool(value)
    }
}

impl From<i32> for Value {
    fn from(value: i32) -> Value {
        Value::Integer(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Value {
        Value::Number(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Value {
        Value::String(value.into())
    }
}

impl From<Id> for Value {
    fn from(id: Id) -> Value {
        Value::Object(id)
    }
}
