//! AMF 3, of ActionScript 3.

mod decode;
mod encode;
mod fields;
mod u29;

pub(super) use decode::Decoder;
pub(super) use encode::Encoder;

/// The markers (section 3.1).
mod marker {
    pub(super) const UNDEFINED: u8 = 0x00;
    pub(super) const NULL: u8 = 0x01;
    pub(super) const FALSE: u8 = 0x02;
    pub(super) const TRUE: u8 = 0x03;
    pub(super) const INTEGER: u8 = 0x04;
    pub(super) const DOUBLE: u8 = 0x05;
    pub(super) const STRING: u8 = 0x06;
    pub(super) const XML_DOCUMENT: u8 = 0x07;
    pub(super) const DATE: u8 = 0x08;
    pub(super) const ARRAY: u8 = 0x09;
    pub(super) const OBJECT: u8 = 0x0a;
    pub(super) const XML: u8 = 0x0b;
    pub(super) const BYTE_ARRAY: u8 = 0x0c;
    pub(super) const VECTOR_INT: u8 = 0x0d;
    pub(super) const VECTOR_UINT: u8 = 0x0e;
    pub(super) const VECTOR_DOUBLE: u8 = 0x0f;
    pub(super) const VECTOR_OBJECT: u8 = 0x10;
    pub(super) const DICTIONARY: u8 = 0x11;
}

/// Marks a U29 that is no reference, but a length and the thing itself.
const INLINE: u32 = 0b1;
/// Marks the U29 of an object whose traits follow.
const INLINE_TRAITS: u32 = 0b10;
/// Marks the traits of an externalizable class.
const EXTERNALIZABLE: u32 = 0b100;
/// Marks the traits of a dynamic class.
const DYNAMIC: u32 = 0b1000;

/// Which marker an object has, and every reference to it.
fn marker_of(object: &super::Object) -> u8 {
    use super::Object;
    match object {
        Object::Array(_) => marker::ARRAY,
        Object::ByteArray(_) => marker::BYTE_ARRAY,
        Object::Date(_) => marker::DATE,
        Object::Dictionary(_) => marker::DICTIONARY,
        Object::External(_) | Object::Instance(_) => marker::OBJECT,
        Object::VectorDouble(_) => marker::VECTOR_DOUBLE,
        Object::VectorInt(_) => marker::VECTOR_INT,
        Object::VectorObject(_) => marker::VECTOR_OBJECT,
        Object::VectorUint(_) => marker::VECTOR_UINT,
        Object::Xml(_) => marker::XML,
        Object::XmlDocument(_) => marker::XML_DOCUMENT,
    }
}
