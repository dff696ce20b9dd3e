//! Fields of externalizable objects that are not objects themselves.

use super::super::{DecodeError, EncodeError, Field, FieldKind, Value, source::Source};

/// Reads one; an object is not read, and null.
pub(super) fn read(kind: FieldKind, source: &mut Source<'_>) -> Result<Field, DecodeError> {
    Ok(match kind {
        FieldKind::Object => Field::Object(Value::Null),
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
    })
}

/// Writes one; an object is not written.
pub(super) fn write(field: &Field, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    match field {
        Field::Object(_) => {}
        Field::Bool(value) => out.push((*value).into()),
        Field::Bytes(bytes) => out.extend_from_slice(bytes),
        Field::F32(value) => out.extend_from_slice(&value.to_be_bytes()),
        Field::F64(value) => out.extend_from_slice(&value.to_be_bytes()),
        Field::I16(value) => out.extend_from_slice(&value.to_be_bytes()),
        Field::I32(value) => out.extend_from_slice(&value.to_be_bytes()),
        Field::I8(value) => out.extend_from_slice(&value.to_be_bytes()),
        Field::U16(value) => out.extend_from_slice(&value.to_be_bytes()),
        Field::U32(value) => out.extend_from_slice(&value.to_be_bytes()),
        Field::U8(value) => out.push(*value),
        Field::Utf(text) => {
            let length = u16::try_from(text.len()).map_err(|_| EncodeError::TooLong(text.len()))?;
            out.extend_from_slice(&length.to_be_bytes());
            out.extend_from_slice(text.as_bytes());
        }
        Field::UtfBytes(text) => out.extend_from_slice(text.as_bytes()),
    }
    Ok(())
}
