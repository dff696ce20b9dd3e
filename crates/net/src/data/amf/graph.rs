//! A value together with everything it leads to.

use super::{Field, Id, Object, Value};
use std::{
    collections::HashMap,
    ops::{Index, IndexMut},
};

/// A value together with the objects it leads to, however they lead to each other.
///
/// Objects lie side by side in the graph, and values name them by [`Id`]. So an object can be shared, or be its own
/// member, without being counted or leaked; a graph can go to another thread; and neither dropping nor comparing one
/// depends on how deep it is.
///
/// Two graphs are equal if nobody who walks them from the root can tell them apart, sharing and order included. Numbers
/// are then compared bit by bit: NaN equals NaN, 0 does not equal −0.
///
/// ```
/// use ravelin_net::data::amf::{Array, Graph, Object, Value};
///
/// let mut graph = Graph::default();
/// let list = graph.insert(Object::Array(Array::default()));
/// graph.root = Value::Object(list);
/// let Object::Array(array) = &mut graph[list] else { unreachable!() };
/// array.dense = vec![Value::from("itself:"), Value::Object(list)];
/// assert_eq!(graph, graph.clone());
/// assert_ne!(graph, Graph::from("itself:"));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// Where it begins.
    pub root: Value,
    objects: Vec<Object>,
}

impl Graph {
    /// Adds an object. It is written only if the root leads to it.
    ///
    /// # Panics
    /// When there are 2³² objects already.
    pub fn insert(&mut self, object: Object) -> Id {
        let id = u32::try_from(self.objects.len()).expect("a graph has fewer than 2^32 objects");
        self.objects.push(object);
        Id(id)
    }

    /// The object, unless the id is of another graph.
    pub fn object(&self, id: Id) -> Option<&Object> {
        self.objects.get(id.index())
    }

    /// The object that the root is.
    pub fn root_object(&self) -> Option<&Object> {
        match self.root {
            Value::Object(id) => self.object(id),
            _ => None,
        }
    }

    /// How many objects there are.
    pub fn len(&self) -> usize {
        self.objects.len()
    }

    /// Whether there are no objects: the root is all.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = (Id, &Object)> {
        (0..).map(Id).zip(&self.objects)
    }
}

impl<T: Into<Value>> From<T> for Graph {
    fn from(root: T) -> Graph {
        Graph { root: root.into(), objects: Vec::new() }
    }
}

/// # Panics
/// When the id is of another graph.
impl Index<Id> for Graph {
    type Output = Object;

    fn index(&self, id: Id) -> &Object {
        &self.objects[id.index()]
    }
}

/// # Panics
/// When the id is of another graph.
impl IndexMut<Id> for Graph {
    fn index_mut(&mut self, id: Id) -> &mut Object {
        &mut self.objects[id.index()]
    }
}

impl PartialEq for Graph {
    fn eq(&self, other: &Graph) -> bool {
        let mut there = HashMap::new();
        let mut back = HashMap::new();
        let mut pending = vec![(&self.root, &other.root)];
        while let Some((left, right)) = pending.pop() {
            let same = match (left, right) {
                (Value::Object(left), Value::Object(right)) => {
                    let known = there.insert(*left, *right);
                    let other_way = back.insert(*right, *left);
                    match (known, other_way) {
                        (None, None) => match (self.object(*left), other.object(*right)) {
                            (Some(left), Some(right)) => same_object(left, right, &mut pending),
                            (left, right) => left.is_none() && right.is_none(),
                        },
                        known => known == (Some(*right), Some(*left)),
                    }
                }
                (Value::Bool(left), Value::Bool(right)) => left == right,
                (Value::Integer(left), Value::Integer(right)) => left == right,
                (Value::Number(left), Value::Number(right)) => left.to_bits() == right.to_bits(),
                (Value::String(left), Value::String(right)) => left == right,
                (Value::Null, Value::Null)
                | (Value::Undefined, Value::Undefined)
                | (Value::Unsupported, Value::Unsupported) => true,
                _ => false,
            };
            if !same {
                return false;
            }
        }
        true
    }
}

/// The values that have still to be compared.
type Pending<'a> = Vec<(&'a Value, &'a Value)>;

fn same_object<'a>(left: &'a Object, right: &'a Object, pending: &mut Pending<'a>) -> bool {
    match (left, right) {
        (Object::Array(left), Object::Array(right)) => {
            same_values(&left.dense, &right.dense, pending)
                && same_members(&left.associative, &right.associative, pending)
        }
        (Object::ByteArray(left), Object::ByteArray(right)) => left == right,
        (Object::Date(left), Object::Date(right)) => {
            left.milliseconds.to_bits() == right.milliseconds.to_bits()
                && left.time_zone == right.time_zone
        }
        (Object::Dictionary(left), Object::Dictionary(right)) => {
            for (left, right) in left.entries.iter().zip(&right.entries) {
                pending.push((&left.0, &right.0));
                pending.push((&left.1, &right.1));
            }
            left.weak_keys == right.weak_keys && left.entries.len() == right.entries.len()
        }
        (Object::External(left), Object::External(right)) => {
            left.class == right.class
                && left.fields.len() == right.fields.len()
                && left
                    .fields
                    .iter()
                    .zip(&right.fields)
                    .all(|(left, right)| same_field(left, right, pending))
        }
        (Object::Instance(left), Object::Instance(right)) => {
            left.traits == right.traits
                && same_values(&left.sealed, &right.sealed, pending)
                && same_members(&left.dynamic, &right.dynamic, pending)
        }
        (Object::VectorDouble(left), Object::VectorDouble(right)) => {
            left.fixed == right.fixed
                && left.values.len() == right.values.len()
                && left.values.iter().zip(&right.values).all(|(l, r)| l.to_bits() == r.to_bits())
        }
        (Object::VectorInt(left), Object::VectorInt(right)) => {
            left.fixed == right.fixed && left.values == right.values
        }
        (Object::VectorObject(left), Object::VectorObject(right)) => {
            left.fixed == right.fixed
                && left.class == right.class
                && same_values(&left.values, &right.values, pending)
        }
        (Object::VectorUint(left), Object::VectorUint(right)) => {
            left.fixed == right.fixed && left.values == right.values
        }
        (Object::Xml(left), Object::Xml(right))
        | (Object::XmlDocument(left), Object::XmlDocument(right)) => left == right,
        _ => false,
    }
}

fn same_values<'a>(left: &'a [Value], right: &'a [Value], pending: &mut Pending<'a>) -> bool {
    pending.extend(left.iter().zip(right));
    left.len() == right.len()
}

fn same_members<'a, N: PartialEq>(
    left: &'a [(N, Value)],
    right: &'a [(N, Value)],
    pending: &mut Pending<'a>,
) -> bool {
    pending.extend(left.iter().zip(right).map(|(left, right)| (&left.1, &right.1)));
    left.len() == right.len() && left.iter().zip(right).all(|(left, right)| left.0 == right.0)
}

fn same_field<'a>(left: &'a Field, right: &'a Field, pending: &mut Pending<'a>) -> bool {
    match (left, right) {
        (Field::Bool(left), Field::Bool(right)) => left == right,
        (Field::Bytes(left), Field::Bytes(right)) => left == right,
        (Field::F32(left), Field::F32(right)) => left.to_bits() == right.to_bits(),
        (Field::F64(left), Field::F64(right)) => left.to_bits() == right.to_bits(),
        (Field::I16(left), Field::I16(right)) => left == right,
        (Field::I32(left), Field::I32(right)) => left == right,
        (Field::I8(left), Field::I8(right)) => left == right,
        (Field::Object(left), Field::Object(right)) => {
            pending.push((left, right));
            true
        }
        (Field::U16(left), Field::U16(right)) => left == right,
        (Field::U32(left), Field::U32(right)) => left == right,
        (Field::U8(left), Field::U8(right)) => left == right,
        (Field::Utf(left), Field::Utf(right)) | (Field::UtfBytes(left), Field::UtfBytes(right)) => {
            left == right
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Array;
    use super::*;

    fn pair(first: Value, second: Value) -> Object {
        Object::Array(Array { dense: vec![first, second], associative: Vec::new() })
    }

    #[test]
    fn sharing_is_seen() {
        let mut shared = Graph::default();
        let leaf = shared.insert(Object::ByteArray(vec![1]));
        shared.root = shared.insert(pair(leaf.into(), leaf.into())).into();
        let mut apart = Graph::default();
        let leaves = [(); 2].map(|()| apart.insert(Object::ByteArray(vec![1])));
        apart.root = apart.insert(pair(leaves[0].into(), leaves[1].into())).into();
        assert_ne!(shared, apart);
        assert_ne!(apart, shared);
        assert_eq!(apart, apart.clone());
    }

    #[test]
    fn the_place_in_memory_is_not_seen() {
        let mut one = Graph::default();
        let leaf = one.insert(Object::ByteArray(vec![1]));
        one.root = one.insert(pair(leaf.into(), 1.into())).into();
        let mut other = Graph::default();
        other.root = other.insert(pair(Value::Null, 1.into())).into();
        let Value::Object(list) = other.root else { unreachable!() };
        let leaf = other.insert(Object::ByteArray(vec![1]));
        other[list] = pair(leaf.into(), 1.into());
        assert_eq!(one, other);
        other[leaf] = Object::ByteArray(vec![2]);
        assert_ne!(one, other);
    }
}
