//! Objects that write and read themselves (`IExternalizable`).

use super::Value;
use std::{collections::HashMap, fmt, sync::Arc};

/// Knows how the data of an externalizable class is laid out.
///
/// AMF 3 sends such an object as bytes that only its class understands; not even their length is told (section 3.12). So
/// the decoder asks, field by field, and does the reading itself: objects in objects in objects need no stack.
///
/// A list of [`FieldKind`]s is a layout, and so is a function.
///
/// ```
/// use ravelin_net::data::amf::{Externalizable, Field, FieldKind};
///
/// // A byte says whether an object follows.
/// let optional = |fields: &[Field]| match fields {
///     [] => Ok(Some(FieldKind::Bool)),
///     [Field::Bool(true)] => Ok(Some(FieldKind::Object)),
///     _ => Ok(None),
/// };
/// assert_eq!(optional.next_field(&[Field::Bool(false)]), Ok(None));
/// ```
pub trait Externalizable: Send + Sync {
    /// What comes after the `fields` that were read so far; `None` when this is all.
    ///
    /// # Errors
    /// Says why `fields` cannot be the data of this class.
    fn next_field(&self, fields: &[Field]) -> Result<Option<FieldKind>, String>;
}

impl<F> Externalizable for F
where
    F: Fn(&[Field]) -> Result<Option<FieldKind>, String> + Send + Sync,
{
    fn next_field(&self, fields: &[Field]) -> Result<Option<FieldKind>, String> {
        self(fields)
    }
}

impl<const N: usize> Externalizable for [FieldKind; N] {
    fn next_field(&self, fields: &[Field]) -> Result<Option<FieldKind>, String> {
        Ok(self.get(fields.len()).copied())
    }
}

/// The externalizable classes that can be read. Writing needs no such knowledge.
///
/// ```
/// use ravelin_net::data::amf::{Externalizables, FieldKind};
///
/// let mut classes = Externalizables::default();
/// classes.register("flex.messaging.io.ArrayCollection", [FieldKind::Object]);
/// ```
#[derive(Clone, Default)]
pub struct Externalizables {
    classes: HashMap<Arc<str>, Arc<dyn Externalizable>>,
}

impl Externalizables {
    /// Has objects of this class read so, and no longer as before.
    pub fn register(&mut self, class: impl Into<Arc<str>>, layout: impl Externalizable + 'static) {
        self.classes.insert(class.into(), Arc::new(layout));
    }

    pub(super) fn layout(&self, class: &str) -> Option<&Arc<dyn Externalizable>> {
        self.classes.get(class)
    }
}

impl fmt::Debug for Externalizables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.classes.keys()).finish()
    }
}

/// What a field of an externalizable object is. Numbers have the most significant byte first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FieldKind {
    /// One byte, true unless zero.
    Bool,
    /// As many bytes.
    Bytes(usize),
    /// Four bytes.
    F32,
    /// Eight bytes.
    F64,
    /// Two bytes, signed.
    I16,
    /// Four bytes, signed.
    I32,
    /// One byte, signed.
    I8,
    /// A value of AMF 3, which shares references with everything around it.
    Object,
    /// Two bytes.
    U16,
    /// Four bytes.
    U32,
    /// One byte.
    U8,
    /// UTF-8 behind its length of two bytes.
    Utf,
    /// As many bytes of UTF-8.
    UtfBytes(usize),
}

/// A field of an externalizable object. Numbers have the most significant byte first.
#[derive(Clone, Debug)]
pub enum Field {
    /// One byte, true unless zero.
    Bool(bool),
    /// Bytes as they are.
    Bytes(Vec<u8>),
    /// Four bytes.
    F32(f32),
    /// Eight bytes.
    F64(f64),
    /// Two bytes, signed.
    I16(i16),
    /// Four bytes, signed.
    I32(i32),
    /// One byte, signed.
    I8(i8),
    /// A value of AMF 3.
    Object(Value),
    /// Two bytes.
    U16(u16),
    /// Four bytes.
    U32(u32),
    /// One byte.
    U8(u8),
    /// UTF-8 behind its length of two bytes.
    Utf(Arc<str>),
    /// UTF-8 without a length.
    UtfBytes(Arc<str>),
}
